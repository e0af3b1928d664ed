/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices on PCI, in the order in which libvirt gives them places, and what each connects to.
 */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- what a device connects to; 0: it isn't on PCI ---- */

static Connect pci_device(const Pci *pci) {
        return CONNECT_PCI | CONNECT_HOTPLUG;
}

static Connect pcie_device(const Pci *pci) {
        return pci->pcie ? CONNECT_PCIE | CONNECT_HOTPLUG : pci_device(pci);
}

/* Virtio devices are what the bus is, unless their model says that they must speak the old
 * protocol. */
static Connect virtio_device(const Pci *pci, const char *model) {
        return text_is(model, "virtio-transitional") ? pci_device(pci) : pcie_device(pci);
}

static Connect pci_controller(const Pci *pci, const Device *device) {
        const DomainController *controller = (const DomainController *) device;
        const BusModel *model;

        if (controller->type != CONTROLLER_PCI)
                return 0;
        model = bus_model(controller->model);
        return model ? model->connects : 0;
}

static Connect usb_controller(const Pci *pci, const DomainController *controller) {
        if (text_is(controller->model, "none"))
                return 0;
        return text_is(controller->model, "qemu-xhci") || text_is(controller->model, "nec-xhci") ?
               pcie_device(pci) : pci_device(pci);
}

static Connect other_controller(const Pci *pci, const Device *device) {
        const DomainController *controller = (const DomainController *) device;

        switch (controller->type) {
        case CONTROLLER_USB:
                return usb_controller(pci, controller);
        case CONTROLLER_SCSI:
                if (text_is(controller->model, "ibmvscsi"))
                        return 0;
                return text_starts(controller->model, "virtio")
                               ? virtio_device(pci, controller->model)
                               : pci_device(pci);
        case CONTROLLER_VIRTIO_SERIAL:
                return virtio_device(pci, controller->model);
        case CONTROLLER_SATA: case CONTROLLER_IDE:
                return pci_device(pci);
        case CONTROLLER_PCI: case CONTROLLER_FDC: case CONTROLLER_CCID: case CONTROLLER_XENBUS:
        case CONTROLLER_ISA: case CONTROLLER_NVME:
                return 0;
        }
        return 0;
}

static Connect net(const Pci *pci, const Device *device) {
        const DomainNet *card = (const DomainNet *) device;

        if (card->type == NET_HOSTDEV ||
            text_in(card->model,
                    (const char *const[]){ "usb-net", "spapr-vlan", "smc91c111", "lan9118", NULL }))
                return 0;
        if (text_starts(card->model, "virtio"))
                return virtio_device(pci, card->model);
        return text_is(card->model, "e1000e") || text_is(card->model, "igb") ? pcie_device(pci) :
                                                                               pci_device(pci);
}

static Connect hostdev_net(const Pci *pci, const Device *device) {
        return ((const DomainNet *) device)->type == NET_HOSTDEV ? pcie_device(pci) : 0;
}

static Connect sound(const Pci *pci, const Device *device) {
        return text_in(((const DomainSound *) device)->model, (const char *const []) {
                       "sb16", "pcspk", "usb", NULL }) ? 0 : pci_device(pci);
}

static Connect disk(const Pci *pci, const Device *device) {
        const DomainDisk *drive = (const DomainDisk *) device;

        return drive->bus == DISK_BUS_VIRTIO ? virtio_device(pci, drive->model) : 0;
}

static Connect balloon(const Pci *pci, const Device *device) {
        const char *model = ((const DomainMemballoon *) device)->model;

        return text_starts(model, "virtio") ? virtio_device(pci, model) : 0;
}

static Connect rng(const Pci *pci, const Device *device) {
        return virtio_device(pci, ((const DomainRng *) device)->model);
}

static Connect watchdog(const Pci *pci, const Device *device) {
        return text_is(((const DomainWatchdog *) device)->model, "i6300esb") ? pci_device(pci) : 0;
}

static Connect video(const Pci *pci, const Device *device) {
        const char *model = ((const DomainVideo *) device)->model;

        if (!model || text_in(model, (const char *const[]){ "none", "ramfb", "xen", "vbox", NULL }))
                return 0;
        if (text_is(model, "virtio"))
                return virtio_device(pci, model);
        return text_is(model, "bochs") ? pcie_device(pci) : pci_device(pci);
}

static Connect input(const Pci *pci, const Device *device) {
        const DomainInput *source = (const DomainInput *) device;

        return text_is(source->bus, "virtio") ? virtio_device(pci, source->model) : 0;
}

static Connect serial(const Pci *pci, const Device *device) {
        return text_is(((const DomainChar *) device)->target_type, "pci-serial") ? pci_device(pci)
                                                                                 : 0;
}

static Connect panic(const Pci *pci, const Device *device) {
        return text_is(((const DomainPanic *) device)->model, "pvpanic") ?
               pci_device(pci) & ~CONNECT_HOTPLUG : 0;
}

/* ---- the same for devices that only the document has ---- */

static Connect kept_virtio(const Pci *pci, const xmlNode *node) {
        _cleanup_(xml_freep) xmlChar *model = node_attribute(node, "model");

        return virtio_device(pci, (const char *) model);
}

static Connect kept_hostdev(const Pci *pci, const xmlNode *node) {
        if (node_attribute_is(node, "type", "pci"))
                return pcie_device(pci);
        if (node_attribute_is(node, "type", "scsi_host"))
                return kept_virtio(pci, node);
        return node_attribute_is(node, "type", "mdev") &&
                               node_attribute_is(node, "model", "vfio-pci")
                       ? pcie_device(pci)
                       : 0;
}

static Connect kept_shmem(const Pci *pci, const xmlNode *node) {
        return pci_device(pci);
}

static Connect kept_memory(const Pci *pci, const xmlNode *node) {
        return node_attribute_is(node, "model", "virtio-pmem") ||
                               node_attribute_is(node, "model", "virtio-mem")
                       ? pcie_device(pci)
                       : 0;
}

static Connect kept_iommu(const Pci *pci, const xmlNode *node) {
        return node_attribute_is(node, "model", "virtio") ? pcie_device(pci) & ~CONNECT_HOTPLUG : 0;
}

/* The order of places. A row is a kind of device, or an element of the document. */
static const struct {
        DeviceKind kind;
        Connect (*connects)(const Pci *pci, const Device *device);
        const char *element;
        Connect (*kept_connects)(const Pci *pci, const xmlNode *node);
} order[] = {
        { DEVICE_CONTROLLER,     pci_controller },
        { _DEVICE_KIND_MAX,      NULL, "filesystem", kept_virtio },
        { DEVICE_NET,            net },
        { DEVICE_SOUND,          sound },
        { DEVICE_CONTROLLER,     other_controller },
        { DEVICE_DISK,           disk },
        { DEVICE_NET,            hostdev_net },
        { _DEVICE_KIND_MAX,      NULL, "hostdev", kept_hostdev },
        { DEVICE_MEMBALLOON,     balloon },
        { DEVICE_RNG,            rng },
        { DEVICE_WATCHDOG,       watchdog },
        { DEVICE_VIDEO,          video },
        { _DEVICE_KIND_MAX,      NULL, "shmem", kept_shmem },
        { DEVICE_INPUT,          input },
        { DEVICE_SERIAL,         serial },
        { DEVICE_PANIC,          panic },
        { _DEVICE_KIND_MAX,      NULL, "vsock", kept_virtio },
        { _DEVICE_KIND_MAX,      NULL, "memory", kept_memory },
        { _DEVICE_KIND_MAX,      NULL, "iommu", kept_iommu },
        { _DEVICE_KIND_MAX,      NULL, "crypto", kept_virtio },
};

/* ---- collecting ---- */

static bool may_be_pci(const DeviceAddress *address) {
        return address->type == ADDRESS_NONE || address->type == ADDRESS_PCI ||
               address->type == ADDRESS_PCI_ANY;
}

bool place_is_wanted(const Place *place) {
        return place->address->type != ADDRESS_PCI;
}

static void add_place(Pci *pci, Place place) {
        if (place.connects && may_be_pci(place.address))
                pci->places[pci->n_places++] = place;
}

static void collect_kind(Pci *pci, size_t row, Device *const *devices) {
        for (size_t i = 0; devices[i]; i++)
                add_place(pci, (Place){
                                       .address = &devices[i]->address,
                                       .kind = order[row].kind,
                                       .device = devices[i],
                                       .connects = order[row].connects(pci, devices[i]),
                                       .node = devices[i]->item.node,
                               });
}

static uint32_t number(const xmlNode *node, const char *name) {
        _cleanup_(xml_freep) xmlChar *text = node_attribute(node, name);

        return text ? strtoul((const char *) text, NULL, 0) : 0;
}

static void read_address(KeptDevice *kept) {
        const xmlNode *node = node_child(kept->node, "address");

        if (!node)
                return;
        if (!node_attribute_is(node, "type", "pci")) {
                kept->address.type = ADDRESS_UNASSIGNED; /* somewhere else, or nowhere by will */
                return;
        }
        kept->address.domain = number(node, "domain");
        kept->address.bus = number(node, "bus");
        kept->address.slot = number(node, "slot");
        kept->address.function = number(node, "function");
        kept->given = kept->address.domain || kept->address.bus || kept->address.slot;
        kept->address.type = kept->given ? ADDRESS_PCI : ADDRESS_PCI_ANY;
}

static void collect_kept(Pci *pci, size_t row) {
        const xmlNode *devices = devices_node(pci->conf);

        for (xmlNode *node = node_child(devices, order[row].element); node;
             node = node_next(node)) {
                KeptDevice *kept = &pci->kept[pci->n_kept++];

                *kept = (KeptDevice) { .node = node };
                read_address(kept);
                add_place(pci, (Place) {
                        .address = &kept->address, .kind = _DEVICE_KIND_MAX, .node = node,
                        .connects = order[row].kept_connects(pci, node),
                });
        }
}

static size_t count_all(DomainConf *conf) {
        const xmlNode *devices = devices_node(conf);
        size_t n = 1;

        for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
                n++;
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++)
                n += 2 * conf_devices(conf, kind)->n;
        return n;
}

/* The devices of a kind in libvirt's order; ends with NULL. */
static Device **sorted(DomainConf *conf, DeviceKind kind) {
        MapAnyList *list = conf_devices(conf, kind);

        if (kind == DEVICE_CONTROLLER)
                return (Device **) qemu_sorted_controllers(conf);
        if (kind == DEVICE_DISK)
                return (Device **) qemu_sorted_disks(conf);
        Device **devices = calloc(list->n + 1, sizeof(*devices));
        if (devices && list->n > 0)
                memcpy(devices, list->items, list->n * sizeof(*devices));
        return devices;
}

int pci_collect(Pci *pci) {
        size_t n = count_all(pci->conf);

        free(pci->places);
        free(pci->kept);
        pci->places = calloc(n, sizeof(*pci->places));
        pci->kept = calloc(n, sizeof(*pci->kept));
        pci->n_places = pci->n_kept = 0;
        if (!pci->places || !pci->kept)
                return -ENOMEM;
        for (size_t row = 0; row < ELEMENTS(order); row++) {
                if (order[row].element) {
                        collect_kept(pci, row);
                        continue;
                }
                _cleanup_(freep) Device **devices = sorted(pci->conf, order[row].kind);
                if (!devices)
                        return -ENOMEM;
                collect_kind(pci, row, devices);
        }
        return 0;
}

/* ---- writing back, and messages ---- */

int kept_write(const KeptDevice *kept) {
        const DeviceAddress *at = &kept->address;
        xmlNode *node = node_child(kept->node, "address");
        const struct {
                const char *name;
                int digits;
                uint32_t value;
        } attributes[] = {
                { "domain", 4, at->domain }, { "bus", 2, at->bus }, { "slot", 2, at->slot },
                { "function", 1, at->function },
        };

        if (at->type != ADDRESS_PCI)
                return 0;
        if (kept->given && at->multifunction == TRISTATE_UNSET)
                return 0;
        if (!node && !(node = xmlNewChild(kept->node, NULL, (const xmlChar *) "address", NULL)))
                return -ENOMEM;
        if (!xmlSetProp(node, (const xmlChar *) "type", (const xmlChar *) "pci"))
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS(attributes); i++) {
                _cleanup_(freep) char *text = NULL;

                if (asprintf(&text, "0x%0*x", attributes[i].digits, attributes[i].value) < 0) {
                        text = NULL;
                        return -ENOMEM;
                }
                if (!xmlSetProp(node, (const xmlChar *) attributes[i].name, (const xmlChar *) text))
                        return -ENOMEM;
        }
        if (at->multifunction == TRISTATE_YES &&
            !xmlSetProp(node, (const xmlChar *) "multifunction", (const xmlChar *) "on"))
                return -ENOMEM;
        return 0;
}

void place_describe(const Place *place, char text[static 128]) {
        const Device *device = place ? place->device : NULL;
        char mac[MAC_TEXT_MAX];

        if (!place)
                (void) snprintf(text, 128, "a part of the machine");
        else if (!device)
                (void) snprintf(text, 128, "a %s", (const char *) place->node->name);
        else if (place->kind == DEVICE_DISK)
                (void) snprintf(text, 128, "disk '%.32s'",
                                ((const DomainDisk *) device)->target ?: "");
        else if (place->kind == DEVICE_NET)
                (void) snprintf(text, 128, "interface '%s'",
                                mac_format(((const DomainNet *) device)->mac, mac));
        else if (place->kind == DEVICE_CONTROLLER)
                (void) snprintf(text, 128, "%s controller %u", map_enum_name(controller_types,
                                ((const DomainController *) device)->type) ?: "a",
                                ((const DomainController *) device)->index.value);
        else
                (void) snprintf(text, 128, "%s", device_kinds[place->kind].name);
}
