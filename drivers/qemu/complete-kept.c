/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defaults of devices that no struct describes: written into the document, where they are kept. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <stdio.h>

static int set(xmlNode *node, const char *name, const char *value) {
        return xmlSetProp(node, (const xmlChar *) name, (const xmlChar *) value) ? 0 : -ENOMEM;
}

static int set_default(xmlNode *node, const char *name, const char *value) {
        return !node || xmlHasProp(node, (const xmlChar *) name) ? 0 : set(node, name, value);
}

static xmlNode *add_address(xmlNode *node, const char *type) {
        xmlNode *address = xmlNewChild(node, NULL, (const xmlChar *) "address", NULL);

        return address && set(address, "type", type) >= 0 ? address : NULL;
}

static int filesystem(const DomainConf *conf, xmlNode *node) {
        if (!node_attribute_is(node, "type", "mount") ||
            node_attribute_is(node_child(node, "driver"), "type", "virtiofs"))
                return 0;
        return set_default(node, "accessmode", "passthrough");
}

static int hostdev(const DomainConf *conf, xmlNode *node) {
        return node_attribute_is(node, "mode", "capabilities") ? 0
                                                               : set_default(node, "managed", "no");
}

static int smartcard(const DomainConf *conf, xmlNode *node) {
        xmlNode *address;

        if (node_child(node, "address"))
                return 0;
        address = add_address(node, "ccid");
        return address && set(address, "controller", "0") >= 0 ? set(address, "slot", "0")
                                                               : -ENOMEM;
}

/* A TPM of one version keeps nothing of use to the other, so the version is fixed once. */
static int tpm(const DomainConf *conf, xmlNode *node) {
        xmlNode *backend = node_child(node, "backend");
        bool pseries = qemu_platform(conf) == PLATFORM_PSERIES;
        int r = set_default(node, "model", pseries ? "tpm-spapr" : "tpm-tis");

        if (r < 0 || !node_attribute_is(backend, "type", "emulator"))
                return r;
        return set_default(
                backend, "version",
                node_attribute_is(node, "model", "tpm-tis") && qemu_is_x86(conf) ? "1.2" : "2.0");
}

static bool slot_is_taken(const xmlNode *devices, unsigned slot) {
        char text[16];

        (void) snprintf(text, sizeof(text), "%u", slot);
        for (const xmlNode *node = node_child(devices, "memory"); node; node = node_next(node))
                if (node_attribute_is(node_child(node, "address"), "slot", text))
                        return true;
        return false;
}

static int memory(const DomainConf *conf, xmlNode *node) {
        xmlNode *address = node_child(node, "address");
        unsigned slot = 0;
        char text[16];

        if (!node_attribute_is(node, "model", "dimm") &&
            !node_attribute_is(node, "model", "nvdimm"))
                return 0;
        if (address && (!node_attribute_is(address, "type", "dimm") ||
                        xmlHasProp(address, (const xmlChar *) "slot")))
                return 0;
        while (slot_is_taken(node->parent, slot))
                slot++;
        if (!address && !(address = add_address(node, "dimm")))
                return -ENOMEM;
        (void) snprintf(text, sizeof(text), "%u", slot);
        return set(address, "slot", text);
}

static const struct {
        const char *element;
        int (*complete)(const DomainConf *conf, xmlNode *node);
} kept[] = {
        { "filesystem", filesystem },
        { "hostdev", hostdev },
        { "smartcard", smartcard },
        { "tpm", tpm },
        { "memory", memory },
};

void qemu_notice_addresses(DomainConf *conf) {
        for (size_t i = 0; i < conf->memories.n; i++) {
                MemoryDevice *device = conf->memories.items[i];

                device->address = device->address || node_child(device->item.node, "address");
        }
}

int qemu_complete_kept(DomainConf *conf) {
        const xmlNode *devices = devices_node(conf);

        for (size_t i = 0; i < ELEMENTS(kept); i++)
                for (xmlNode *node = node_child(devices, kept[i].element); node;
                     node = node_next(node))
                        if (kept[i].complete(conf, node) < 0)
                                return -ENOMEM;
        qemu_notice_addresses(conf);
        return 0;
}
