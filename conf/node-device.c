/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <device> of the host: its rows and rules. */
#include "conf/node-device.h"

#include <string.h>

#include "conf/rows.h"

const char *const node_capabilities[] = {
        "system", "pci", "usb_device", "usb", "net", "scsi_host", "scsi_target", "scsi", "storage",
        "fc_host", "vport_ops", "scsi_generic", "drm", "mdev_types", "mdev", "ccw", "css", "vdpa",
        "ap_card", "ap_queue", "ap_matrix", "vpd", "phys_function", "virt_functions", "pci-bridge",
        "cardbus-bridge", "fc_remote_port", "80203", "80211", "removable", "hotpluggable", NULL,
};

static const MapElement address_element = { "address", sizeof(NodePciAddress),
                                             (const MapField[]) {
        HEX4("@domain",   NodePciAddress, domain, EXPLICIT),
        HEX ("@bus",      NodePciAddress, bus, EXPLICIT),
        HEX ("@slot",     NodePciAddress, slot, EXPLICIT),
        HEX1("@function", NodePciAddress, function, EXPLICIT),
        {}
} };

static const MapElement mdev_type_element = { "type", sizeof(NodeMdevType), (const MapField[]) {
        STRING("@id",                NodeMdevType, id, REQUIRED),
        STRING("name",               NodeMdevType, name),
        STRING("deviceAPI",          NodeMdevType, device_api, REQUIRED),
        U32   ("availableInstances", NodeMdevType, available_instances, EXPLICIT),
        {}
} };

static const MapElement named_element = { "feature", sizeof(NodeNamed), (const MapField[]) {
        STRING("@name",  NodeNamed, name, REQUIRED),
        STRING("@value", NodeNamed, value),
        {}
} };

static const MapElement link_element = { "link", sizeof(NodePciLink), (const MapField[]) {
        WORD  ("@validity", NodePciLink, validity, WORDS("cap", "sta"), REQUIRED),
        MAYBE ("@port",     NodePciLink, port),
        STRING("@speed",    NodePciLink, speed),
        MAYBE ("@width",    NodePciLink, width),
        {}
} };

/* ---- a capability inside another ---- */

#define SUB(types) WHEN(NodeSubCapability, type, types)

static const MapElement sub_element = { "capability", sizeof(NodeSubCapability),
                                        (const MapField[]) {
        ENUM  ("@type",     NodeSubCapability, type, node_capabilities, REQUIRED),
        MAYBE ("@maxCount", NodeSubCapability, max_count, SUB(BIT(NODE_VIRT_FUNCTIONS))),
        LIST  ("address",   NodeSubCapability, addresses, NodePciAddress, &address_element,
               SUB(BIT(NODE_PHYS_FUNCTION) | BIT(NODE_VIRT_FUNCTIONS))),
        LIST  ("type",      NodeSubCapability, mdev_types, NodeMdevType, &mdev_type_element,
               SUB(BIT(NODE_MDEV_TYPES))),
        STRING("rport",     NodeSubCapability, rport, SUB(BIT(NODE_FC_REMOTE_PORT))),
        STRING("wwnn",      NodeSubCapability, wwnn, SUB(BIT(NODE_FC_HOST))),
        STRING("wwpn",      NodeSubCapability, wwpn,
               SUB(BIT(NODE_FC_HOST) | BIT(NODE_FC_REMOTE_PORT))),
        STRING("fabric_wwn", NodeSubCapability, fabric_wwn, SUB(BIT(NODE_FC_HOST))),
        MAYBE ("max_vports", NodeSubCapability, max_vports, SUB(BIT(NODE_VPORT_OPS))),
        MAYBE ("vports",    NodeSubCapability, vports, SUB(BIT(NODE_VPORT_OPS))),
        MAYBE ("media_available", NodeSubCapability, media_available, SUB(BIT(NODE_REMOVABLE))),
        U64   ("media_size", NodeSubCapability, media_size, SUB(BIT(NODE_REMOVABLE))),
        STRING("media_label", NodeSubCapability, media_label, SUB(BIT(NODE_REMOVABLE))),
        U64   ("logical_block_size", NodeSubCapability, logical_block_size,
               SUB(BIT(NODE_REMOVABLE))),
        U64   ("num_blocks", NodeSubCapability, num_blocks, SUB(BIT(NODE_REMOVABLE))),
        STRING("name",      NodeSubCapability, vpd_name, SUB(BIT(NODE_VPD))),
        KEPT  ("fields",    NodeSubCapability, vpd_fields, SUB(BIT(NODE_VPD))),
        {}
} };

/* ---- a capability ---- */

#define IF(types) WHEN(NodeCap, type, types)
#define PCI       IF(BIT(NODE_PCI))
#define ON_BUS    IF(BIT(NODE_PCI) | BIT(NODE_USB_DEVICE) | BIT(NODE_SCSI))
#define USB       IF(BIT(NODE_USB))
#define NET       IF(BIT(NODE_NET))
#define STORAGE   IF(BIT(NODE_STORAGE))
#define SYSTEM    IF(BIT(NODE_SYSTEM))
#define MDEV      IF(BIT(NODE_MDEV))
#define CHANNEL   IF(BIT(NODE_CCW) | BIT(NODE_CSS))
#define CSS       IF(BIT(NODE_CSS))
#define WITH_IDS  IF(BIT(NODE_PCI) | BIT(NODE_USB_DEVICE))

#define HEX_ROW(path, m, ...) \
        _MAP_ROW(path, map_maybe_hex, _MAP_AT(NodeCap, m, MaybeU32), ##__VA_ARGS__)

static const MapElement cap_element = { "capability", sizeof(NodeCap), (const MapField[]) {
        ENUM  ("@type",              NodeCap, type, node_capabilities, REQUIRED),
        STRING("block",              NodeCap, block, STORAGE, REQUIRED),
        STRING("class",              NodeCap, class, PCI),
        MAYBE ("domain",             NodeCap, domain, PCI, REQUIRED),
        MAYBE ("host",               NodeCap, host,
               IF(BIT(NODE_SCSI_HOST) | BIT(NODE_SCSI))),
        MAYBE ("unique_id",          NodeCap, unique_id, IF(BIT(NODE_SCSI_HOST))),
        MAYBE ("bus",                NodeCap, bus, ON_BUS, REQUIRED),
        STRING("bus",                NodeCap, bus_name, STORAGE),
        MAYBE ("slot",               NodeCap, slot, PCI, REQUIRED),
        MAYBE ("function",           NodeCap, function, PCI, REQUIRED),
        MAYBE ("device",             NodeCap, device, IF(BIT(NODE_USB_DEVICE)), REQUIRED),
        MAYBE ("number",             NodeCap, number, USB, REQUIRED),
        MAYBE ("class",              NodeCap, usb_class, USB, REQUIRED),
        MAYBE ("subclass",           NodeCap, subclass, USB, REQUIRED),
        MAYBE ("protocol",           NodeCap, protocol, USB, REQUIRED),
        STRING("description",        NodeCap, description, USB),
        STRING("interface",          NodeCap, interface, NET, REQUIRED),
        STRING("address",            NodeCap, address, NET),
        U64   ("link/@speed",        NodeCap, link_speed, NET),
        STRING("link/@state",        NodeCap, link_state, NET),
        LIST  ("feature",            NodeCap, features, NodeNamed, &named_element, NET),
        MAYBE ("target",             NodeCap, target, IF(BIT(NODE_SCSI)), REQUIRED),
        STRING("target",             NodeCap, target_name, IF(BIT(NODE_SCSI_TARGET)), REQUIRED),
        MAYBE ("lun",                NodeCap, lun, IF(BIT(NODE_SCSI)), REQUIRED),
        STRING("char",               NodeCap, char_device, IF(BIT(NODE_SCSI_GENERIC)), REQUIRED),
        STRING("drive_type",         NodeCap, drive_type, STORAGE),
        STRING("model",              NodeCap, model, STORAGE),
        STRING("type/@id",           NodeCap, kind_id, MDEV, REQUIRED),
        STRING("type",               NodeCap, kind, IF(BIT(NODE_SCSI) | BIT(NODE_DRM))),
        HEX4  ("product/@id",        NodeCap, product_id, WITH_IDS, REQUIRED),
        STRING("product",            NodeCap, product,
               IF(BIT(NODE_PCI) | BIT(NODE_USB_DEVICE) | BIT(NODE_SYSTEM))),
        HEX4  ("vendor/@id",         NodeCap, vendor_id, WITH_IDS, REQUIRED),
        STRING("vendor",             NodeCap, vendor,
               IF(BIT(NODE_PCI) | BIT(NODE_USB_DEVICE) | BIT(NODE_STORAGE))),
        STRING("serial",             NodeCap, serial, STORAGE),
        U64   ("size",               NodeCap, size, STORAGE),
        U64   ("logical_block_size", NodeCap, logical_block_size, STORAGE),
        U64   ("num_blocks",         NodeCap, num_blocks, STORAGE),
        STRING("hardware/vendor",    NodeCap, hardware_vendor, SYSTEM),
        STRING("hardware/version",   NodeCap, hardware_version, SYSTEM),
        STRING("hardware/serial",    NodeCap, hardware_serial, SYSTEM),
        UUID  ("hardware/uuid",      NodeCap, hardware_uuid, SYSTEM),
        STRING("firmware/vendor",    NodeCap, firmware_vendor, SYSTEM),
        STRING("firmware/version",   NodeCap, firmware_version, SYSTEM),
        STRING("firmware/release_date", NodeCap, firmware_release_date, SYSTEM),
        UUID  ("uuid",               NodeCap, uuid, MDEV),
        STRING("parent_addr",        NodeCap, parent_address, MDEV),
        MAYBE ("iommuGroup/@number", NodeCap, iommu_group, IF(BIT(NODE_PCI) | BIT(NODE_MDEV))),
        LIST  ("iommuGroup/address", NodeCap, iommu_addresses, NodePciAddress, &address_element,
               PCI),
        LIST  ("attr",               NodeCap, attributes, NodeNamed, &named_element, MDEV),
        MAYBE_I32("numa/@node",      NodeCap, numa_node, PCI),
        FLAG  ("pci-express",        NodeCap, pci_express, PCI),
        LIST  ("pci-express/link",   NodeCap, pci_links, NodePciLink, &link_element, PCI),
        STRING("chardev",            NodeCap, chardev, IF(BIT(NODE_VDPA)), REQUIRED),
        HEX_ROW("cssid",             cssid, CHANNEL, REQUIRED),
        HEX_ROW("ssid",              ssid, CHANNEL, REQUIRED),
        HEX_ROW("devno",             devno, CHANNEL, REQUIRED),
        HEX_ROW("channel_dev_addr/cssid", channel.cssid, CSS),
        HEX_ROW("channel_dev_addr/ssid", channel.ssid, CSS),
        HEX_ROW("channel_dev_addr/devno", channel.devno, CSS),
        HEX_ROW("ap-adapter",        ap_adapter, IF(BIT(NODE_AP_CARD) | BIT(NODE_AP_QUEUE)),
                REQUIRED),
        HEX_ROW("ap-domain",         ap_domain, IF(BIT(NODE_AP_QUEUE)), REQUIRED),
        LIST  ("capability",         NodeCap, inner, NodeSubCapability, &sub_element),
        {}
} };

/* ---- the device ---- */

static const MapElement devnode_element = { "devnode", sizeof(NodeDevnode), (const MapField[]) {
        WORD  ("@type", NodeDevnode, type, WORDS("dev", "link"), REQUIRED),
        STRING(".",     NodeDevnode, path),
        {}
} };

static const MapElement device_element = { "device", sizeof(NodeDeviceConf), (const MapField[]) {
        STRING("name",               NodeDeviceConf, name),
        STRING("path",               NodeDeviceConf, path),
        LIST  ("devnode",            NodeDeviceConf, devnodes, NodeDevnode, &devnode_element),
        STRING("parent",             NodeDeviceConf, parent),
        STRING("parent/@wwnn",       NodeDeviceConf, parent_wwnn),
        STRING("parent/@wwpn",       NodeDeviceConf, parent_wwpn),
        STRING("parent/@fabric_wwn", NodeDeviceConf, parent_fabric_wwn),
        STRING("driver/name",        NodeDeviceConf, driver),
        LIST  ("capability",         NodeDeviceConf, caps, NodeCap, &cap_element),
        {}
} };

/* ---- what it can do ---- */

static size_t add_capability(NodeCapability type, NodeCapability *ret, size_t n, size_t max) {
        if (type >= NODE_PHYS_FUNCTION)
                return n;
        for (size_t i = 0; i < MIN(n, max); i++)
                if (ret[i] == type)
                        return n;
        if (n < max)
                ret[n] = type;
        return n + 1;
}

size_t node_device_capabilities(const NodeDeviceConf *conf, NodeCapability *ret, size_t max) {
        size_t n = 0;

        for (size_t i = 0; i < conf->caps.n; i++) {
                const NodeCap *cap = conf->caps.items[i];

                n = add_capability(cap->type, ret, n, max);
                for (size_t k = 0; k < cap->inner.n; k++)
                        n = add_capability(cap->inner.items[k]->type, ret, n, max);
        }
        return n;
}

const NodeSubCapability *node_device_fc_host(const NodeDeviceConf *conf) {
        for (size_t i = 0; i < conf->caps.n; i++) {
                const NodeCap *cap = conf->caps.items[i];

                for (size_t k = 0; cap->type == NODE_SCSI_HOST && k < cap->inner.n; k++)
                        if (cap->inner.items[k]->type == NODE_FC_HOST)
                                return cap->inner.items[k];
        }
        return NULL;
}

/* ---- what is filled in, and rules ---- */

static int complete(void *object, Error *error) {
        NodeDeviceConf *conf = object;

        for (size_t i = 0; i < conf->caps.n; i++)
                if (conf->caps.items[i]->type == NODE_MDEV)
                        conf->caps.items[i]->iommu_group.set = true;
        return 0;
}

/* Some capabilities stand only inside of others. */
static int check_cap(const NodeCap *cap, Error *error) {
        static const uint64_t inside[_NODE_CAPABILITY_MAX] = {
                [NODE_PCI] = BIT(NODE_PHYS_FUNCTION) | BIT(NODE_VIRT_FUNCTIONS) |
                             BIT(NODE_PCI_BRIDGE) | BIT(NODE_CARDBUS_BRIDGE) |
                             BIT(NODE_MDEV_TYPES) | BIT(NODE_VPD),
                [NODE_NET] = BIT(NODE_80203) | BIT(NODE_80211),
                [NODE_SCSI_HOST] = BIT(NODE_FC_HOST) | BIT(NODE_VPORT_OPS),
                [NODE_SCSI_TARGET] = BIT(NODE_FC_REMOTE_PORT),
                [NODE_STORAGE] = BIT(NODE_REMOVABLE) | BIT(NODE_HOTPLUGGABLE),
                [NODE_CSS] = BIT(NODE_MDEV_TYPES),
                [NODE_AP_MATRIX] = BIT(NODE_MDEV_TYPES),
        };

        for (size_t i = 0; i < cap->inner.n; i++)
                if (!(inside[cap->type] >> cap->inner.items[i]->type & 1))
                        return fail_at(error, ERROR_XML, cap->inner.items[i]->item.node,
                                       "capability '%s' has no '%s' in it",
                                       node_capabilities[cap->type],
                                       node_capabilities[cap->inner.items[i]->type]);
        if (cap->ssid.value > 3 || cap->channel.ssid.value > 3 || cap->cssid.value > 0xff ||
            cap->devno.value > 0xffff || cap->ap_adapter.value > 0xff ||
            cap->ap_domain.value > 0xff)
                return fail_at(error, ERROR_XML, cap->item.node,
                               "a number in the device's address is too large");
        for (size_t i = 0; i < cap->attributes.n; i++)
                if (!cap->attributes.items[i]->value)
                        return fail_at(error, ERROR_XML, cap->attributes.items[i]->item.node,
                                       "an attribute of a mediated device lacks its value");
        if (cap->type >= NODE_PHYS_FUNCTION || cap->type == NODE_FC_HOST ||
            cap->type == NODE_VPORT_OPS || cap->type == NODE_MDEV_TYPES || cap->type == NODE_VPD)
                return fail_at(error, ERROR_XML, cap->item.node,
                               "capability '%s' stands inside of another",
                               node_capabilities[cap->type]);
        return 0;
}

static int check(const void *object, Error *error) {
        const NodeDeviceConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        int r = 0;

        if (conf->caps.n == 0)
                return fail_at(error, ERROR_XML, root, "a device lacks its capability");
        if (!conf->parent_wwnn != !conf->parent_wwpn)
                return fail_at(error, ERROR_XML, child_of(root, "parent"),
                               "a parent has both wwnn and wwpn");
        for (size_t i = 0; i < conf->caps.n && r >= 0; i++)
                r = check_cap(conf->caps.items[i], error);
        return r;
}

const DocumentKind node_device_kind = { &device_element, complete, check, NULL };
