/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device of a definition: read, found, put in, taken out, replaced. */
#include "drivers/device-edit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

static bool is_element(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && !node->ns &&
               strcmp((const char *) node->name, name) == 0;
}

static xmlNode *child_named(const xmlNode *parent, const char *name) {
        for (xmlNode *child = parent ? parent->children : NULL; child; child = child->next)
                if (is_element(child, name))
                        return child;
        return NULL;
}

static xmlNode *devices_node(xmlDoc *document) {
        xmlNode *root = xmlDocGetRootElement(document), *devices = child_named(root, "devices");

        return devices ?: xmlNewChild(root, NULL, (const xmlChar *) "devices", NULL);
}

/* ---- a device's own XML ---- */

static int find_kind(const xmlNode *node, DeviceKind *ret, Error *error) {
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++)
                if (is_element(node, device_kinds[kind].name)) {
                        *ret = kind;
                        return 0;
                }
        return fail(error, ERROR_XML, "unknown device type '%s'", (const char *) node->name);
}

static void drop_devices(xmlNode *devices) {
        for (xmlNode *child = devices->children, *next; child; child = next) {
                next = child->next;
                if (child->type == XML_ELEMENT_NODE && !is_element(child, "emulator")) {
                        xmlUnlinkNode(child);
                        xmlFreeNode(child);
                }
        }
}

static int read_again(xmlDoc *document, ConfFlags flags, DomainConf **ret, Error *error) {
        _cleanup_(freep) char *text = NULL;

        if (xml_print_doc(document, &text) < 0)
                return fail_memory(error);
        return conf_parse(text, flags, ret, error);
}

static int parse_alone(DomainConf *context, const xmlNode *given, DomainConf **ret, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *copy = NULL;
        xmlNode *devices, *node;
        int r = conf_sync(context, error);

        if (r < 0)
                return r;
        copy = xmlCopyDoc(context->document, 1);
        devices = copy ? devices_node(copy) : NULL;
        node = devices ? xmlDocCopyNode((xmlNode *) given, copy, 1) : NULL;
        if (!node)
                return fail_memory(error);
        drop_devices(devices);
        xmlAddChild(devices, node);
        r = read_again(copy, CONF_TRUSTED | CONF_LIVE, ret, error);
        return r < 0 ? r : conf_sync(*ret, error); /* in its standard form */
}

int device_parse(DomainConf *context, const char *xml, DeviceSpec *ret, Error *error) {
        const xmlNode *root;
        MapAnyList *list;
        int r;

        *ret = (DeviceSpec) {};
        r = xml_parse(xml, NULL, &ret->given, error);
        if (r < 0)
                return r;
        root = xmlDocGetRootElement(ret->given);
        r = find_kind(root, &ret->kind, error);
        if (r >= 0)
                r = parse_alone(context, root, &ret->alone, error);
        if (r < 0)
                return r;
        list = conf_devices(ret->alone, ret->kind);
        if (list->n == 0)
                return fail(error, ERROR_XML, "<%s> is no device",
                            device_kinds[ret->kind].name);
        ret->device = (Device *) list->items[0];
        return 0;
}

void device_spec_done(DeviceSpec *spec) {
        conf_free(spec->alone);
        xml_doc_freep(&spec->given);
        *spec = (DeviceSpec) {};
}

/* ---- by name ---- */

DomainDisk *device_find_disk(DomainConf *conf, const char *name) {
        for (size_t i = 0; name && i < conf->disks.n; i++) {
                DomainDisk *disk = conf->disks.items[i];

                if ((disk->target && strcmp(disk->target, name) == 0) ||
                    (disk->source && strcmp(disk->source, name) == 0))
                        return disk;
        }
        return NULL;
}

DomainNet *device_find_net(DomainConf *conf, const char *name) {
        MacAddress mac;
        bool is_mac = name && mac_parse(name, &mac) >= 0;

        for (size_t i = 0; name && i < conf->nets.n; i++) {
                DomainNet *net = conf->nets.items[i];

                if (is_mac ? memcmp(&net->mac, &mac, sizeof(mac)) == 0
                           : net->target && strcmp(net->target, name) == 0)
                        return net;
        }
        return NULL;
}

/* ---- by what is given ---- */

/* What tells devices of a kind apart; each counts where it is given. */
static const char *const identities[_DEVICE_KIND_MAX] = {
        [DEVICE_DISK]       = "target/@dev\0",
        [DEVICE_CONTROLLER] = "@type\0@index\0",
        [DEVICE_NET]        = "mac/@address\0",
        [DEVICE_INPUT]      = "@type\0@bus\0source\0",
        [DEVICE_SERIAL]     = "target/@port\0target/@type\0",
        [DEVICE_PARALLEL]   = "target/@port\0",
        [DEVICE_CONSOLE]    = "target/@port\0target/@type\0",
        [DEVICE_CHANNEL]    = "target/@type\0target/@name\0target/@address\0target/@port\0",
        [DEVICE_GRAPHICS]   = "@type\0",
        [DEVICE_SOUND]      = "@model\0",
        [DEVICE_VIDEO]      = "model/@type\0",
        [DEVICE_HUB]        = "@type\0",
        [DEVICE_WATCHDOG]   = "@model\0",
        [DEVICE_MEMBALLOON] = "@model\0",
        [DEVICE_RNG]        = "@model\0backend\0",
        [DEVICE_PANIC]      = "@model\0",
        [DEVICE_FILESYSTEM] = "target/@dir\0",
        [DEVICE_HOSTDEV]    = "@type\0source\0",
        [DEVICE_REDIRDEV]   = "@type\0@bus\0source\0",
        [DEVICE_SMARTCARD]  = "@mode\0@type\0",
        [DEVICE_TPM]        = "@model\0backend/@type\0",
        [DEVICE_SHMEM]      = "@name\0",
        [DEVICE_MEMORY]     = "@model\0source\0target/size\0target/node\0uuid\0",
        [DEVICE_IOMMU]      = "@model\0",
        [DEVICE_VSOCK]      = "@model\0cid/@address\0",
        [DEVICE_CRYPTO]     = "@model\0backend/@model\0",
        [DEVICE_NVRAM]      = "",
};

/* The element or attribute that a path leads to, or NULL. */
static const xmlNode *node_at(const xmlNode *node, const char *path) {
        while (node && *path) {
                char name[32];
                size_t n = strcspn(path, "/");

                snprintf(name, sizeof(name), "%.*s", (int) n, path);
                node = *name == '@' ? (const xmlNode *) xmlHasProp((xmlNode *) node,
                                                                   (xmlChar *) name + 1)
                                    : child_named(node, name);
                path += n + (path[n] == '/');
        }
        return node;
}

static bool same_text(const xmlNode *a, const xmlNode *b) {
        _cleanup_(xml_freep) xmlChar *x = xmlNodeGetContent(a), *y = xmlNodeGetContent(b);

        return x && y && xmlStrEqual(x, y);
}

/* Whether one element says all that another does. */
static bool says_all(const xmlNode *whole, const xmlNode *part) {
        bool inner = false;

        for (const xmlAttr *a = part->properties; a; a = a->next) {
                const xmlAttr *b = xmlHasProp((xmlNode *) whole, a->name);

                if (!b || !same_text((const xmlNode *) a, (const xmlNode *) b))
                        return false;
        }
        for (const xmlNode *child = part->children; child; child = child->next) {
                const xmlNode *other = whole->children;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                inner = true;
                while (other && (other->type != XML_ELEMENT_NODE ||
                                 !xmlStrEqual(other->name, child->name) || !says_all(other, child)))
                        other = other->next;
                if (!other)
                        return false;
        }
        return inner || same_text(whole, part);
}

/* wanted is completed and in its standard form; given says what of it was meant. */
static bool agrees(const xmlNode *node, const xmlNode *wanted, const xmlNode *given,
                   const char *path) {
        const xmlNode *a, *b;

        if (!node_at(given, path))
                return true;
        a = node_at(node, path);
        b = node_at(wanted, path);
        if (!a || !b)
                return a == b;
        return a->type == XML_ELEMENT_NODE ? says_all(a, b) : same_text(a, b);
}

/* 0: it isn't what is meant; 1: it could be; 2: all that is given is true of it; 3: it is nothing
 * more than that. */
static int likeness(const DeviceSpec *spec, const Device *device) {
        const xmlNode *given = xmlDocGetRootElement(spec->given);
        const xmlNode *wanted = spec->device->item.node, *node = device->item.node;

        for (const char *path = identities[spec->kind]; *path; path += strlen(path) + 1)
                if (!agrees(node, wanted, given, path))
                        return 0;
        if (!agrees(node, wanted, given, "address") || !agrees(node, wanted, given, "alias"))
                return 0;
        return !says_all(node, wanted) ? 1 : !says_all(wanted, node) ? 2 : 3;
}

static int fail_missing(const DeviceSpec *spec, Error *error) {
        char mac[MAC_TEXT_MAX];

        if (spec->kind == DEVICE_DISK)
                return fail(error, ERROR_DEVICE_MISSING, "no target device %s",
                            ((DomainDisk *) spec->device)->target);
        if (spec->kind == DEVICE_NET)
                return fail(error, ERROR_DEVICE_MISSING, "no device matching MAC address %s found",
                            mac_format(((DomainNet *) spec->device)->mac, mac));
        return fail(error, ERROR_DEVICE_MISSING, "matching %s device not found",
                    device_kinds[spec->kind].name);
}

int device_find(DomainConf *conf, const DeviceSpec *spec, Device **ret, Error *error) {
        MapAnyList *list = conf_devices(conf, spec->kind);
        size_t alike = 0; /* so many are as likely as the one that was found */
        int best = 0, r = conf_sync(conf, error); /* every device has its element */
        Device *found = NULL;

        if (r < 0)
                return r;
        for (size_t i = 0; i < list->n; i++) {
                int like = likeness(spec, (Device *) list->items[i]);

                alike = like > best ? 1 : alike + (like > 0 && like == best);
                if (like > best)
                        found = (Device *) list->items[i];
                best = MAX(best, like);
        }
        if (!found)
                return fail_missing(spec, error);
        if (spec->kind == DEVICE_NET && alike > 1)
                return fail(error, ERROR_OPERATION_FAILED,
                            "multiple devices matching this interface found");
        *ret = found;
        return 0;
}

/* ---- changes of the document ---- */

/* Read as a definition that a user gave: completed and checked as a whole. */
static int replace_conf(DomainConf **conf, bool live, Error *error) {
        DomainConf *changed = NULL;
        int r = read_again((*conf)->document, live ? CONF_LIVE : 0, &changed, error);

        if (r < 0)
                return r;
        conf_free(*conf);
        *conf = changed;
        return 0;
}

static size_t index_of(const MapAnyList *list, const Device *device) {
        size_t i = 0;

        while (i < list->n && (const Device *) list->items[i] != device)
                i++;
        return i;
}

static void note_device(DomainConf *conf, DeviceKind kind, size_t index, Device **ret) {
        const MapAnyList *list = conf_devices(conf, kind);

        if (ret)
                *ret = index < list->n ? (Device *) list->items[index] : NULL;
}

/* Behind the last of its kind. */
static void place(xmlNode *devices, xmlNode *node) {
        xmlNode *last = devices->last;

        while (last && !is_element(last, (const char *) node->name))
                last = last->prev;
        if (last)
                xmlAddNextSibling(last, node);
        else
                xmlAddChild(devices, node);
}

int device_insert(DomainConf **conf, const DeviceSpec *spec, bool live, Device **ret,
                  Error *error) {
        size_t n = conf_devices(*conf, spec->kind)->n;
        xmlNode *devices, *node;
        int r = conf_sync(*conf, error);

        if (r < 0)
                return r;
        devices = devices_node((*conf)->document);
        node = xmlDocCopyNode(xmlDocGetRootElement(spec->given), (*conf)->document, 1);
        if (!devices || !node)
                return fail_memory(error);
        place(devices, node);
        r = replace_conf(conf, live, error);
        if (r >= 0)
                note_device(*conf, spec->kind, n, ret);
        return r;
}

/* What a device is known by stays, unless something else is given. */
static int inherit(xmlNode *node, const xmlNode *old, const char *name) {
        const xmlNode *child = child_named(old, name);
        xmlNode *copy;

        if (!child || child_named(node, name))
                return 0;
        copy = xmlDocCopyNode((xmlNode *) child, node->doc, 1);
        return copy && xmlAddChild(node, copy) ? 0 : -ENOMEM;
}

int device_replace(DomainConf **conf, Device *old, const DeviceSpec *spec, bool live, Device **ret,
                   Error *error) {
        size_t index = index_of(conf_devices(*conf, spec->kind), old);
        xmlNode *node;
        int r = conf_sync(*conf, error);

        if (r < 0)
                return r;
        node = xmlDocCopyNode(xmlDocGetRootElement(spec->given), (*conf)->document, 1);
        if (!node)
                return fail_memory(error);
        if (inherit(node, old->item.node, "alias") < 0 ||
            inherit(node, old->item.node, "address") < 0) {
                xmlFreeNode(node);
                return fail_memory(error);
        }
        xmlFreeNode(xmlReplaceNode(old->item.node, node));
        r = replace_conf(conf, live, error);
        if (r >= 0)
                note_device(*conf, spec->kind, index, ret);
        return r;
}

static void drop_element(const Device *device) {
        xmlUnlinkNode(device->item.node);
        xmlFreeNode(device->item.node);
}

static bool is_serial(const DomainChar *console) {
        return !console->target_type || strcmp(console->target_type, "serial") == 0;
}

/* The first serial port and the first console are two names of one device. */
static const Device *other_name(const DomainConf *conf, const Device *device) {
        const DomainChar *serial = conf->serials.n > 0 ? conf->serials.items[0] : NULL;
        const DomainChar *console = conf->consoles.n > 0 ? conf->consoles.items[0] : NULL;

        if (!serial || !console || !is_serial(console))
                return NULL;
        return device == &serial->device    ? &console->device
               : device == &console->device ? &serial->device
                                            : NULL;
}

int device_remove(DomainConf **conf, Device *device, bool live, Error *error) {
        const Device *other = other_name(*conf, device);
        int r = conf_sync(*conf, error);

        if (r < 0)
                return r;
        drop_element(device);
        if (other)
                drop_element(other);
        return replace_conf(conf, live, error);
}

/* ---- what comes ---- */

int device_check_new(DomainConf *conf, const DeviceSpec *spec, Error *error) {
        const char *target = spec->kind == DEVICE_DISK ? ((DomainDisk *) spec->device)->target
                                                       : NULL;

        if (target && device_find_disk(conf, target))
                return fail(error, ERROR_OPERATION_INVALID, "target %s already exists", target);
        if (spec->device->alias && conf_find_alias(conf, spec->device->alias, NULL))
                return fail(error, ERROR_OPERATION_INVALID, "alias '%s' is another device's",
                            spec->device->alias);
        return 0;
}

void device_one_mac(DomainNet *net, bool live, MacAddress *mac) {
        if (!live && !mac_is_null(*mac))
                net->mac = *mac;
        *mac = net->mac;
}

/* ---- names ---- */

int device_choose_alias(DomainConf *conf, DeviceKind kind, Device *device) {
        unsigned n = 0;
        char *alias;

        do {
                if (asprintf(&alias, "%s%u", device_kinds[kind].name, n++) < 0)
                        return -ENOMEM;
                if (!conf_find_alias(conf, alias, NULL))
                        break;
                free(alias);
        } while (true);
        free(device->alias);
        device->alias = alias;
        return 0;
}
