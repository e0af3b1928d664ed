/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <serial>, <parallel>, <console>, <channel>: one struct, four tables that differ in <target>.
 *
 * The first <console> of type serial is no device of its own but the first <serial> under another
 * name: each is made from the other where only one is given, so that clients find both. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

const char *const char_types[] = {
        "null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix", "spicevmc",
        "spiceport", "nmdm", "qemu-vdagent", "dbus", NULL,
};

const MapElement char_source_rows = { "source", sizeof(CharSource), (const MapField[]) {
        STRING("@mode",          CharSource, mode),
        STRING("@path",          CharSource, path),
        STRING("@host",          CharSource, host),
        STRING("@service",       CharSource, service),
        STRING("@channel",       CharSource, channel),
        STRING("@master",        CharSource, master),
        STRING("@slave",         CharSource, slave),
        ON_OFF("@append",        CharSource, append),
        STRING("@tls",           CharSource, tls),
        STRING("@tlsFromConfig", CharSource, tls_from_config, LIVE),
        YES_NO("reconnect/@enabled", CharSource, reconnect),
        MAYBE ("reconnect/@timeout", CharSource, reconnect_timeout),
        LIST  ("seclabel",       CharSource, labels, SecurityLabel, &label_element),
        WORD  ("clipboard/@copypaste", CharSource, clipboard, yes_no_words),
        WORD  ("mouse/@mode",    CharSource, mouse, WORDS("server", "client")),
        {}
} };

#define SOURCE_ROWS                                                          \
        ENUM  ("@type", DomainChar, type, char_types, WRITTEN),              \
        LIST  ("source", DomainChar, sources, CharSource, &char_source_rows),  \
        WORD  ("protocol/@type", DomainChar, protocol, char_protocol_words), \
        STRING("log/@file", DomainChar, log_file),                           \
        ON_OFF("log/@append", DomainChar, log_append)

const MapElement serial_element = { "serial", sizeof(DomainChar), (const MapField[]) {
        SOURCE_ROWS,
        WORD  ("target/@type",       DomainChar, target_type,
               WORDS("none", "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial",
                     "system-serial", "sclp-serial", "isa-debug")),
        MAYBE ("target/@port",       DomainChar, target_port),
        STRING("target/model/@name", DomainChar, target_model),
        DEVICE_ROWS(DomainChar),
        {}
} };

const MapElement parallel_element = { "parallel", sizeof(DomainChar), (const MapField[]) {
        SOURCE_ROWS,
        STRING("target/@type",       DomainChar, target_type),
        MAYBE ("target/@port",       DomainChar, target_port),
        STRING("target/model/@name", DomainChar, target_model),
        DEVICE_ROWS(DomainChar),
        {}
} };

const MapElement console_element = { "console", sizeof(DomainChar), (const MapField[]) {
        STRING("@tty",               DomainChar, tty, LIVE),
        SOURCE_ROWS,
        WORD  ("target/@type",       DomainChar, target_type,
               WORDS("none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm")),
        MAYBE ("target/@port",       DomainChar, target_port),
        STRING("target/model/@name", DomainChar, target_model),
        DEVICE_ROWS(DomainChar),
        {}
} };

const MapElement channel_element = { "channel", sizeof(DomainChar), (const MapField[]) {
        SOURCE_ROWS,
        WORD  ("target/@type",       DomainChar, target_type, WORDS("guestfwd", "virtio", "xen")),
        STRING("target/@name",       DomainChar, target_name),
        STRING("target/@state",      DomainChar, target_state, LIVE),
        STRING("target/@address",    DomainChar, target_address),
        MAYBE ("target/@port",       DomainChar, target_port),
        DEVICE_ROWS(DomainChar),
        {}
} };

/* ---- defaults ---- */

static int complete_source(DomainChar *chr) {
        xmlNode *node = chr->device.item.node;

        if (node && !xmlHasProp(node, (const xmlChar *) "type")) {
                if (!xmlNewProp(node, (const xmlChar *) "type", (const xmlChar *) "pty"))
                        return -ENOMEM;
                chr->type = CHAR_PTY;
        }
        if (chr->type != CHAR_TCP || chr->protocol)
                return 0;
        return set_string(&chr->protocol, "raw");
}

/* A device without a port gets the number after those before it, or the next one that nobody has.
 */
static bool port_is_taken(const MapAnyList *list, uint32_t port) {
        for (size_t i = 0; i < list->n; i++) {
                const DomainChar *chr = (const DomainChar *) list->items[i];

                if (chr->target_port.set && chr->target_port.value == port)
                        return true;
        }
        return false;
}

static void number_ports(MapAnyList *list) {
        uint32_t next = 0;

        for (size_t i = 0; i < list->n; i++) {
                DomainChar *chr = (DomainChar *) list->items[i];

                if (!chr->target_port.set) {
                        while (port_is_taken(list, next))
                                next++;
                        chr->target_port = (MaybeU32) { true, next };
                }
                if (chr->target_port.value >= next && chr->target_port.value < UINT32_MAX)
                        next = chr->target_port.value + 1;
        }
}

/* ---- the first console and the first serial ---- */

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_source(const CharSource *a, const CharSource *b) {
        return same_text(a->mode, b->mode) && same_text(a->path, b->path) &&
               same_text(a->host, b->host) && same_text(a->service, b->service) &&
               same_text(a->channel, b->channel) && same_text(a->master, b->master) &&
               same_text(a->slave, b->slave);
}

static bool is_twin(const DomainChar *console, const DomainChar *serial) {
        if (console->type != serial->type || console->sources.n != serial->sources.n)
                return false;
        for (size_t i = 0; i < console->sources.n; i++)
                if (!same_source(console->sources.items[i], serial->sources.items[i]))
                        return false;
        return true;
}

static void drop_child(xmlNode *node, const char *name) {
        for (xmlNode *child = node->children, *next; child; child = next) {
                next = child->next;
                if (child->type != XML_ELEMENT_NODE ||
                    strcmp((const char *) child->name, name) != 0)
                        continue;
                xmlUnlinkNode(child);
                xmlFreeNode(child);
        }
}

/* A copy of a device's node under another name, without its target; put after (or before) a node.
 */
static xmlNode *copy_node(xmlNode *from, const char *name, xmlNode *where, bool before) {
        xmlNode *copy = xmlCopyNode(from, 1);

        if (!copy)
                return NULL;
        xmlNodeSetName(copy, (const xmlChar *) name);
        drop_child(copy, "target");
        xmlUnsetProp(copy, (const xmlChar *) "tty");
        if (before ? xmlAddPrevSibling(where, copy) : xmlAddNextSibling(where, copy))
                return copy;
        xmlFreeNode(copy);
        return NULL;
}

static int fill_from_node(const MapElement *element, DomainChar *chr, xmlNode *node, Error *error) {
        map_clear(element, chr);
        chr->device.item.node = node;

        int r = map_load(element, node, chr, error);
        if (r >= 0)
                address_complete(&chr->device.address);
        return r;
}

static int make_serial(DomainConf *conf, Error *error) {
        xmlNode *from = conf->consoles.items[0]->device.item.node;
        xmlNode *node = from ? copy_node(from, "serial", from, true) : NULL;
        DomainChar *serial = node ? map_list_add(&serial_element, &conf->serials) : NULL;

        if (!serial)
                return fail_memory(error);
        return fill_from_node(&serial_element, serial, node, error);
}

static int copy_serial(DomainConf *conf, DomainChar *console, xmlNode *where, Error *error) {
        xmlNode *from = conf->serials.items[0]->device.item.node;
        xmlNode *node = from ? copy_node(from, "console", where, false) : NULL;

        if (!node)
                return fail_memory(error);
        return fill_from_node(&console_element, console, node, error);
}

static int make_console(DomainConf *conf, Error *error) {
        xmlNode *last = conf->serials.items[conf->serials.n - 1]->device.item.node;
        DomainChar *console = map_list_add(&console_element, &conf->consoles);

        return console ? copy_serial(conf, console, last, error) : fail_memory(error);
}

/* A console that says something else than the serial it stands for is rewritten. */
static int remake_console(DomainConf *conf, DomainChar *console, Error *error) {
        xmlNode *old = console->device.item.node;
        int r = copy_serial(conf, console, old, error);

        if (r < 0)
                return r;
        xmlUnlinkNode(old);
        xmlFreeNode(old);
        return 0;
}

static bool console_is_serial(const DomainChar *console) {
        return !console->target_type || strcmp(console->target_type, "serial") == 0;
}

/* Serial ports on an expansion bus are no console of the machine. */
static bool serial_is_console(const DomainChar *serial) {
        static const char *const others[] = { "pci-serial", "usb-serial", "isa-debug" };

        for (size_t i = 0; serial->target_type && i < ELEMENTS(others); i++)
                if (strcmp(serial->target_type, others[i]) == 0)
                        return false;
        return true;
}

static int couple_console(DomainConf *conf, Error *error) {
        DomainChar *console = conf->consoles.n > 0 ? conf->consoles.items[0] : NULL;
        int r = 0;

        if (!conf->os.type || strcmp(conf->os.type, "hvm") != 0)
                return 0;
        if (console && !console_is_serial(console))
                return 0;
        if (!console && (conf->serials.n == 0 || !serial_is_console(conf->serials.items[0])))
                return 0;

        if (!console)
                r = make_console(conf, error);
        else if (conf->serials.n == 0)
                r = make_serial(conf, error);
        else if (!is_twin(console, conf->serials.items[0]))
                r = remake_console(conf, console, error);
        if (r < 0)
                return r;
        if (set_string(&conf->consoles.items[0]->target_type, "serial") < 0)
                return fail_memory(error);
        return 0;
}

static int complete_sources(MapAnyList *const *lists, size_t n) {
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < lists[i]->n; k++)
                        if (complete_source((DomainChar *) lists[i]->items[k]) < 0)
                                return -ENOMEM;
        return 0;
}

int chars_complete(DomainConf *conf, Error *error) {
        MapAnyList *lists[] = {
                conf_devices(conf, DEVICE_SERIAL), conf_devices(conf, DEVICE_PARALLEL),
                conf_devices(conf, DEVICE_CONSOLE), conf_devices(conf, DEVICE_CHANNEL),
        };
        int r = complete_sources(lists, ELEMENTS(lists));

        /* The one that is made of the other is a copy of its text. */
        if (r >= 0 && (r = couple_console(conf, error)) < 0)
                return r;
        if (r < 0 || complete_sources(lists, ELEMENTS(lists)) < 0)
                return fail_memory(error);
        for (size_t i = 0; i < 3; i++) /* a channel's port is an address, not a number of ours */
                number_ports(lists[i]);
        return 0;
}

/* ---- rules ---- */

#define SPICE_NAME LETTERS DIGITS "-._"

static int source_check(const DomainChar *chr, const CharSource *source, Error *error) {
        const xmlNode *node = source->item.node ?: chr->device.item.node;
        bool connects = source->mode && strcmp(source->mode, "connect") == 0;

        if (source->mode && !connects && strcmp(source->mode, "bind") != 0)
                return fail_at(error, ERROR_XML, node,
                               "unknown source mode '%s'; there are: bind, connect", source->mode);
        if (chr->type == CHAR_TCP && !source->service)
                return fail_at(error, ERROR_XML, node,
                               "missing source service attribute for char device");
        if (chr->type == CHAR_UDP && (!source->mode || connects) && !source->service)
                return fail_at(error, ERROR_XML, node,
                               "missing source service attribute for char device");
        if (chr->type == CHAR_TCP && connects && !source->host)
                return fail_at(error, ERROR_XML, node,
                               "missing source host attribute for char device");
        if (source->reconnect == TRISTATE_YES && !source->reconnect_timeout.set)
                return fail_at(error, ERROR_XML, node,
                               "missing attribute 'timeout' of <reconnect>");
        if (chr->type == CHAR_NMDM && (!source->master || !source->slave))
                return fail_at(error, ERROR_XML, node,
                               "missing master or slave path of a nmdm device");
        if (chr->type == CHAR_SPICEPORT && source->channel &&
            !is_made_of(source->channel, SPICE_NAME))
                return fail_at(error, ERROR_XML, node,
                               "Invalid character in source channel for char device");
        return 0;
}

/* What a kind of character device can't do without. */
static const struct {
        CharType type;
        size_t max_sources;
        bool needs_source, needs_path;
} needs[] = {
        { CHAR_DEV, 1, true, true },  { CHAR_FILE, 1, true, true },  { CHAR_PIPE, 1, true, true },
        { CHAR_TCP, 1, true, false }, { CHAR_UDP, 2, true, false },  { CHAR_UNIX, 1, false, false },
};

int char_check(const DomainChar *chr, DeviceKind kind, Error *error) {
        const xmlNode *node = chr->device.item.node;
        int r;

        for (size_t i = 0; i < ELEMENTS(needs); i++) {
                if (needs[i].type != chr->type)
                        continue;
                if (chr->sources.n > needs[i].max_sources)
                        return fail_at(error, ERROR_XML, node,
                                       "only %zu source element%s allowed for a %s "
                                       "character device",
                                       needs[i].max_sources,
                                       needs[i].max_sources == 1 ? " is" : "s are",
                                       char_types[chr->type]);
                if (needs[i].needs_source && chr->sources.n == 0)
                        return fail_at(error, ERROR_XML, node,
                                       "a %s character device needs a <source>",
                                       char_types[chr->type]);
                if (needs[i].needs_path && !chr->sources.items[0]->path)
                        return fail_at(error, ERROR_XML, node,
                                       "missing source path attribute for char device");
        }
        for (size_t i = 0; i < chr->sources.n; i++)
                if ((r = source_check(chr, chr->sources.items[i], error)) < 0)
                        return r;
        if (chr->type == CHAR_SPICEPORT && (chr->sources.n == 0 || !chr->sources.items[0]->channel))
                return fail_at(error, ERROR_XML, node,
                               "missing source channel attribute for char device");
        if (kind != DEVICE_CHANNEL && chr->type == CHAR_UNIX &&
            (chr->sources.n == 0 || !chr->sources.items[0]->path))
                return fail_at(error, ERROR_XML, node,
                               "missing source path attribute for char device");
        if (kind != DEVICE_CHANNEL)
                return 0;
        if (!chr->target_type)
                return fail_at(error, ERROR_XML, node, "missing target type for channel");
        if (strcmp(chr->target_type, "guestfwd") == 0 &&
            (!chr->target_address || !chr->target_port.set))
                return fail_at(error, ERROR_XML, node,
                               "guestfwd channel needs a target address and port");
        if (strcmp(chr->target_type, "guestfwd") == 0 && strchr(chr->target_address, ':'))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "guestfwd channel only supports IPv4 addresses");
        return 0;
}

int char_set_path(DomainChar *port, const char *path) {
        CharSource *source = port->sources.n > 0 ? port->sources.items[0]
                                                 : map_list_add(&char_source_rows, &port->sources);
        char *copy = source ? strdup(path) : NULL;

        if (!copy)
                return -ENOMEM;
        free(source->path);
        source->path = copy;
        return 0;
}
