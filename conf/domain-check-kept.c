/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for elements that are kept whole and have no struct: they are read from the document. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

char *attribute_of(const xmlNode *node, const char *name) {
        return node ? (char *) xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name) : NULL;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *expected) {
        _cleanup_(freep) char *text = attribute_of(node, name);

        return is_text(text, expected);
}

/* ---- devices ---- */

static int check_shmem(const DomainConf *conf, const xmlNode *node, Error *error) {
        if (child_of(node, "msi") && !child_of(node, "server"))
                return fail_at(error, ERROR_XML, node,
                               "msi option is only supported with a server");
        return 0;
}

static int check_smartcard(const DomainConf *conf, const xmlNode *node, Error *error) {
        _cleanup_(freep) char *path = attribute_of(child_of(node, "source"), "path");

        if (attribute_is(node, "mode", "passthrough") && attribute_is(node, "type", "unix") &&
            !path)
                return fail_at(error, ERROR_XML, node,
                               "Missing source path attribute for unix smartcard");
        return 0;
}

static int check_audio(const DomainConf *conf, const xmlNode *node, Error *error) {
        _cleanup_(freep) char *id = attribute_of(node, "id");

        for (const xmlNode *other = node->next; other; other = other->next)
                if (is_named(other, "audio") && id && attribute_is(other, "id", id))
                        return fail_at(error, ERROR_XML, other, "audio id '%s' is used twice", id);
        return 0;
}

/* Devices that plug into USB, where there is none. */
static int check_usb(const DomainConf *conf, const xmlNode *node, Error *error) {
        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->type == CONTROLLER_USB &&
                    is_text(conf->controllers.items[i]->model, "none"))
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                                       "Device configuration is not compatible: Domain has USB bus "
                                       "disabled");
        return 0;
}

static int check_filesystem(const DomainConf *conf, const xmlNode *node, Error *error) {
        if (attribute_is(child_of(node, "driver"), "type", "virtiofs") && child_of(node, "readonl"
                                                                                         "y"))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "virtiofs does not yet support read-only "
                               "mode");
        return 0;
}

static int check_iommu(const DomainConf *conf, const xmlNode *node, Error *error) {
        const xmlNode *address = child_of(node, "address");

        if (!attribute_is(node, "model", "virtio"))
                return 0;
        if (address && !attribute_is(address, "type", "pci"))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "IOMMU device: 'virtio' needs a PCI "
                               "address");
        if (!conf->features.acpi)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "IOMMU device: 'virtio' requires ACPI; "
                               "add <acpi/> to <features>");
        return 0;
}

static int check_hostdev(const DomainConf *conf, const xmlNode *node, Error *error) {
        size_t ramfbs = 0;

        for (const xmlNode *other = node->parent->children; other; other = other->next)
                if (is_named(other, "hostdev") && attribute_is(other, "ramfb", "on") &&
                    ++ramfbs > 1)
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, other,
                                       "Only one vgpu device can have "
                                       "'ramfb' enabled");
        if (attribute_is(node, "type", "mdev") &&
            !xmlHasProp((xmlNode *) node, (const xmlChar *) "model"))
                return fail_at(error, ERROR_XML, node,
                               "missing attribute 'model' of a mediated device");
        return attribute_is(node, "type", "usb") ? check_usb(conf, node, error) : 0;
}

static int check_auth(const xmlNode *auth, const char *protocol, Error *error) {
        const xmlNode *secret = child_of(auth, "secret");
        _cleanup_(freep) char *type = attribute_of(secret, "type");
        const char *expected = is_text(protocol, "iscsi") ? "iscsi"
                               : is_text(protocol, "rbd") ? "ceph"
                                                          : NULL;

        if (!secret)
                return auth ? fail_at(error, ERROR_XML, auth, "<auth> needs a <secret>") : 0;
        if (!type)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, secret, "unknown secret type");
        if (expected && strcmp(type, expected) != 0)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, secret,
                               "invalid secret type '%s', expected "
                               "'%s' for protocol %s",
                               type, expected, protocol);
        return 0;
}

/* A label belongs to a security model; which one may be left open only if there is no other. */
static int check_labels(const xmlNode *parent, Error *error) {
        size_t n = 0;

        for (const xmlNode *a = parent ? parent->children : NULL; a; a = a->next) {
                if (!is_named(a, "seclabel"))
                        continue;
                if (attribute_is(a, "type", "static") && !attribute_is(a, "model", "none") &&
                    !child_of(a, "label"))
                        return fail_at(error, ERROR_XML, a, "security label is missing");
                n++;
        }
        for (const xmlNode *a = parent ? parent->children : NULL; a && n > 1; a = a->next)
                if (is_named(a, "seclabel") && !attribute_is(a, "type", "none") &&
                    !xmlHasProp((xmlNode *) a, (const xmlChar *) "model"))
                        return fail_at(error, ERROR_XML, a,
                                       "missing security model when using multiple labels");
        for (const xmlNode *a = parent ? parent->children : NULL; a; a = a->next) {
                if (!is_named(a, "seclabel"))
                        continue;

                _cleanup_(freep) char *model = attribute_of(a, "model");
                for (const xmlNode *b = a->next; b; b = b->next)
                        if (is_named(b, "seclabel") && model && attribute_is(b, "model", model))
                                return fail_at(error, ERROR_XML, b,
                                               "security model '%s' is labelled twice", model);
        }
        return 0;
}

/* A limit is for both directions, or for each. */
static int check_iotune(const xmlNode *tune, Error *error) {
        static const char *const names[][3] = {
                { "total_bytes_sec", "read_bytes_sec", "write_bytes_sec" },
                { "total_iops_sec", "read_iops_sec", "write_iops_sec" },
                { "total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max" },
                { "total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max" },
        };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                bool set[3];

                for (size_t k = 0; k < ELEMENTS(set); k++) {
                        const xmlNode *node = child_of(tune, names[i][k]);
                        _cleanup_(xml_freep) xmlChar *text =
                                node ? xmlNodeGetContent((xmlNode *) node) : NULL;

                        set[k] = text && strtoull((const char *) text, NULL, 10) > 0;
                }
                if (set[0] && (set[1] || set[2]))
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, tune,
                                       "%s cannot be set together with %s or %s", names[i][0],
                                       names[i][1], names[i][2]);
        }
        return 0;
}

static int check_disk(const DomainConf *conf, const xmlNode *node, Error *error) {
        const xmlNode *source = child_of(node, "source");
        _cleanup_(freep) char *protocol = attribute_of(source, "protocol");
        int r;

        if (child_of(child_of(node, "encryption"), "cipher") ||
            child_of(child_of(source, "encryption"), "cipher"))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "supplying <cipher> for domain disk "
                               "definition is unnecessary");
        if ((r = check_auth(child_of(node, "auth"), protocol, error)) < 0 ||
            (r = check_auth(child_of(source, "auth"), protocol, error)) < 0)
                return r;
        if ((r = check_iotune(child_of(node, "iotune"), error)) < 0)
                return r;
        return check_labels(source, error);
}

/* ---- the system ---- */

static int check_date(const xmlNode *bios, Error *error) {

        for (const xmlNode *entry = bios ? bios->children : NULL; entry; entry = entry->next) {
                unsigned month, day, year;
                int end = 0;

                if (!is_named(entry, "entry") || !attribute_is(entry, "name", "date"))
                        continue;

                _cleanup_(xml_freep) xmlChar *text = xmlNodeGetContent((xmlNode *) entry);
                if (!text)
                        return fail_memory(error);
                if (sscanf((const char *) text, "%2u/%2u/%4u%n", &month, &day, &year, &end) < 3 ||
                    text[end] || month < 1 || month > 12 || day < 1 || day > 31 ||
                    (year >= 100 && year < 1900))
                        return fail_at(error, ERROR_XML, entry,
                                       "Invalid BIOS 'date' format; month/day/year is "
                                       "expected");
        }
        return 0;
}

/* The guest must not be told another uuid than the domain's. */
static int check_system(const DomainConf *conf, const xmlNode *system, Error *error) {
        for (const xmlNode *entry = system ? system->children : NULL; entry; entry = entry->next) {
                Uuid uuid;

                if (!is_named(entry, "entry") || !attribute_is(entry, "name", "uuid"))
                        continue;

                _cleanup_(xml_freep) xmlChar *text = xmlNodeGetContent((xmlNode *) entry);
                if (!text)
                        return fail_memory(error);
                if (uuid_parse((const char *) text, &uuid) < 0)
                        return fail_at(error, ERROR_XML, entry, "malformed uuid element");
                if (!uuid_equal(uuid, conf->uuid))
                        return fail_at(error, ERROR_XML, entry,
                                       "UUID mismatch between <uuid> and <sysinfo>");
        }
        return 0;
}

static int check_sysinfo(const DomainConf *conf, const xmlNode *node, Error *error) {
        int r = check_date(child_of(node, "bios"), error);

        return r < 0 ? r : check_system(conf, child_of(node, "system"), error);
}

static int check_tseg(const DomainConf *conf, const xmlNode *root, Error *error) {
        if (conf->features.tseg % 1024 != 0)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, root,
                               "SMM TSEG size must be divisible by 1 MiB");
        return 0;
}

static const struct {
        const char *name;
        bool device;
        int (*check)(const DomainConf *conf, const xmlNode *node, Error *error);
} elements[] = {
        { "audio", true, check_audio },           { "redirdev", true, check_usb },
        { "disk", true, check_disk },             { "filesystem", true, check_filesystem },
        { "hostdev", true, check_hostdev },       { "iommu", true, check_iommu },
        { "shmem", true, check_shmem },           { "smartcard", true, check_smartcard },
        { "sysinfo", false, check_sysinfo },      { "cputune", false, cputune_check },
        { "numatune", false, numatune_check },    { "memoryBacking", false, hugepages_check },
};

static int check_elements(const DomainConf *conf, const xmlNode *parent, bool devices,
                          Error *error) {
        for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
                for (size_t i = 0; i < ELEMENTS(elements); i++) {
                        if (elements[i].device != devices || !is_named(node, elements[i].name))
                                continue;
                        int r = elements[i].check(conf, node, error);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int kept_check(const DomainConf *conf, Error *error) {
        const xmlNode *root = conf->document ? xmlDocGetRootElement(conf->document) : NULL;
        int r;

        if (!root)
                return 0;
        if ((r = check_tseg(conf, root, error)) < 0 || (r = check_labels(root, error)) < 0 ||
            (r = check_elements(conf, root, false, error)) < 0)
                return r;
        return check_elements(conf, child_of(root, "devices"), true, error);
}
