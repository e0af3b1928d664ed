/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device of the host is: libvirt's <device> of the node device API. */
#pragma once

#include "conf/document.h"

/* virNodeDevCapType; those without a place of their own in a document stand inside others. */
typedef enum NodeCapability {
        NODE_SYSTEM,
        NODE_PCI,
        NODE_USB_DEVICE,
        NODE_USB,
        NODE_NET,
        NODE_SCSI_HOST,
        NODE_SCSI_TARGET,
        NODE_SCSI,
        NODE_STORAGE,
        NODE_FC_HOST,
        NODE_VPORT_OPS,
        NODE_SCSI_GENERIC,
        NODE_DRM,
        NODE_MDEV_TYPES,
        NODE_MDEV,
        NODE_CCW,
        NODE_CSS,
        NODE_VDPA,
        NODE_AP_CARD,
        NODE_AP_QUEUE,
        NODE_AP_MATRIX,
        NODE_VPD,
        /* only inside others, and never listed */
        NODE_PHYS_FUNCTION,
        NODE_VIRT_FUNCTIONS,
        NODE_PCI_BRIDGE,
        NODE_CARDBUS_BRIDGE,
        NODE_FC_REMOTE_PORT,
        NODE_80203,
        NODE_80211,
        NODE_REMOVABLE,
        NODE_HOTPLUGGABLE,
        _NODE_CAPABILITY_MAX,
} NodeCapability;

extern const char *const node_capabilities[];

typedef struct NodePciAddress {
        MapItem item;
        uint32_t domain, bus, slot, function;
} NodePciAddress;

typedef struct NodeMdevType {
        MapItem item;
        char *id, *name, *device_api;
        uint32_t available_instances;
} NodeMdevType;

/* A number or flag in its text's words where nobody computes with it. */
typedef struct NodeNamed {
        MapItem item;
        char *name, *value;
} NodeNamed;

typedef struct NodePciLink {
        MapItem item;
        char *validity; /* "cap", "sta" */
        MaybeU32 port;
        char *speed; /* GT/s */
        MaybeU32 width;
} NodePciLink;

/* A capability inside a capability. */
typedef struct NodeSubCapability {
        MapItem item;
        NodeCapability type;
        MaybeU32 max_count; /* virt_functions */
        MAP_LIST(NodePciAddress) addresses; /* phys_function, virt_functions */
        MAP_LIST(NodeMdevType) mdev_types;
        char *wwnn, *wwpn, *fabric_wwn, *rport; /* fc_host, fc_remote_port */
        MaybeU32 max_vports, vports;            /* vport_ops */
        MaybeU32 media_available;               /* removable */
        char *media_label;
        uint64_t media_size, logical_block_size, num_blocks;
        char *vpd_name;
        bool vpd_fields;
} NodeSubCapability;

typedef struct NodeCap {
        MapItem item;
        NodeCapability type;
        /* pci; usb_device and scsi have a bus too */
        char *class;
        MaybeU32 domain, bus, slot, function;
        char *product, *vendor; /* also system, usb_device, storage */
        uint32_t product_id, vendor_id;
        MaybeU32 iommu_group;
        MAP_LIST(NodePciAddress) iommu_addresses;
        MaybeU32 numa_node; /* int */
        bool pci_express;
        MAP_LIST(NodePciLink) pci_links;
        /* usb_device, usb */
        MaybeU32 device;
        MaybeU32 number, usb_class, subclass, protocol;
        char *description;
        /* net */
        char *interface, *address;
        char *link_state;
        uint64_t link_speed;
        MAP_LIST(NodeNamed) features;
        /* scsi_host, scsi, scsi_target, scsi_generic */
        MaybeU32 host, target, lun;
        MaybeU32 unique_id;
        char *target_name, *char_device;
        /* storage */
        char *block, *bus_name, *drive_type, *model, *serial;
        uint64_t size, logical_block_size, num_blocks;
        /* system */
        char *hardware_vendor, *hardware_version, *hardware_serial;
        Uuid hardware_uuid;
        char *firmware_vendor, *firmware_version, *firmware_release_date;
        /* mdev; type also of scsi and drm; chardev of vdpa */
        char *kind, *kind_id, *parent_address, *chardev;
        Uuid uuid;
        MAP_LIST(NodeNamed) attributes;
        /* ccw, css, ap: hexadecimal */
        MaybeU32 cssid, ssid, devno;
        struct {
                MaybeU32 cssid, ssid, devno;
        } channel;
        MaybeU32 ap_adapter, ap_domain;
        MAP_LIST(NodeSubCapability) inner;
} NodeCap;

typedef struct NodeDevnode {
        MapItem item;
        char *type, *path; /* "dev", "link" */
} NodeDevnode;

typedef struct NodeDeviceConf {
        xmlDoc *document;
        char *name, *path;
        MAP_LIST(NodeDevnode) devnodes;
        char *parent, *parent_wwnn, *parent_wwpn, *parent_fabric_wwn; /* one way of the three */
        char *driver;
        MAP_LIST(NodeCap) caps; /* at least one */
} NodeDeviceConf;

DECLARE_CONF(NodeDeviceConf, node_device);

/* The names that ListCaps and the flags of ListNodeDevices go by, those inside others included,
 * each once: how many there are; the first max are stored. */
size_t node_device_capabilities(const NodeDeviceConf *conf, NodeCapability *ret, size_t max);

/* The names of a vport to be made; NULL when the device isn't a scsi_host with fc_host inside. */
const NodeSubCapability *node_device_fc_host(const NodeDeviceConf *conf);
