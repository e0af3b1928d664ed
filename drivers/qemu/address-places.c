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

static Connect filesystem(const Pci *pci, const Device *device) {
        return virtio_device(pci, ((const DomainFilesystem *) device)->model);
}

static Connect hostdev(const Pci *pci, const Device *device) {
        const DomainHostdev *given = (const DomainHostdev *) device;

        if (given->mode == HOSTDEV_CAPABILITIES)
                return 0;
        if (given->type == HOSTDEV_PCI ||
            (given->type == HOSTDEV_MDEV && text_is(given->model, "vfio-pci")))
                return pcie_device(pci);
        return given->type == HOSTDEV_SCSI_HOST ? virtio_device(pci, given->model) : 0;
}

static Connect shmem(const Pci *pci, const Device *device) {
        return pci_device(pci);
}

static Connect vsock(const Pci *pci, const Device *device) {
        return virtio_device(pci, ((const DomainVsock *) device)->model);
}

static Connect memory(const Pci *pci, const Device *device) {
        return text_starts(((const MemoryDevice *) device)->model, "virtio") ? pcie_device(pci) : 0;
}

static Connect iommu(const Pci *pci, const Device *device) {
        return text_is(((const DomainIommu *) device)->model, "virtio")
                       ? pcie_device(pci) & ~CONNECT_HOTPLUG : 0;
}

static Connect crypto(const Pci *pci, const Device *device) {
        return pcie_device(pci);
}

/* The order of places. */
static const struct {
        DeviceKind kind;
        Connect (*connects)(const Pci *pci, const Device *device);
} order[] = {
        { DEVICE_CONTROLLER, pci_controller }, { DEVICE_FILESYSTEM, filesystem },
        { DEVICE_NET, net },                   { DEVICE_SOUND, sound },
        { DEVICE_CONTROLLER, other_controller }, { DEVICE_DISK, disk },
        { DEVICE_NET, hostdev_net },           { DEVICE_HOSTDEV, hostdev },
        { DEVICE_MEMBALLOON, balloon },        { DEVICE_RNG, rng },
        { DEVICE_WATCHDOG, watchdog },         { DEVICE_VIDEO, video },
        { DEVICE_SHMEM, shmem },               { DEVICE_INPUT, input },
        { DEVICE_SERIAL, serial },             { DEVICE_PANIC, panic },
        { DEVICE_VSOCK, vsock },               { DEVICE_MEMORY, memory },
        { DEVICE_IOMMU, iommu },               { DEVICE_CRYPTO, crypto },
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
                               });
}

static size_t count_all(DomainConf *conf) {
        size_t n = 1;

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
        free(pci->places);
        pci->n_places = 0;
        if (!(pci->places = calloc(count_all(pci->conf), sizeof(*pci->places))))
                return -ENOMEM;
        for (size_t row = 0; row < ELEMENTS(order); row++) {
                _cleanup_(freep) Device **devices = sorted(pci->conf, order[row].kind);

                if (!devices)
                        return -ENOMEM;
                collect_kind(pci, row, devices);
        }
        return 0;
}

/* ---- messages ---- */

void place_describe(const Place *place, char text[static 128]) {
        const Device *device = place ? place->device : NULL;
        char mac[MAC_TEXT_MAX];

        if (!place)
                (void) snprintf(text, 128, "a part of the machine");
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
