/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of one device each that hold for QEMU alone, whichever version and machine: refused when it
 * is defined. */
#include "drivers/qemu/address-private.h"

#include <string.h>

#define IN(text, ...) text_in(text, (const char *const []) { __VA_ARGS__, NULL })

static int check_disk(const DomainConf *conf, const Device *device, Error *error) {
        const DomainDisk *disk = (const DomainDisk *) device;

        return RULES(device->item.node, error,
                     { disk->driver_name && !text_is(disk->driver_name, "qemu"),
                       "unsupported driver name for a disk" },
                     { disk->transient && disk->kind != DISK_DEVICE_DISK,
                       "transient disks are supported only as device='disk'" },
                     { disk->type == DISK_VHOST_USER && !qemu_shares_memory(conf),
                       "'vhostuser' requires shared memory" });
}

static int check_filesystem(const DomainConf *conf, const Device *device, Error *error) {
        const DomainFilesystem *fs = (const DomainFilesystem *) device;

        return RULES(device->item.node, error,
                     { fs->type != FILESYSTEM_MOUNT, "only supports mount filesystem type" },
                     { text_is(fs->driver, "virtiofs") && !qemu_shares_memory(conf) &&
                               qemu_platform(conf) != PLATFORM_S390,
                       "'virtiofs' requires shared memory" });
}

/* ---- controllers ---- */

static int check_scsi(const DomainConf *conf, const DomainController *scsi, Error *error) {
        bool virtio = !scsi->model || text_starts(scsi->model, "virtio") ||
                      text_is(scsi->model, "auto");

        return RULES(scsi->device.item.node, error,
                     { !virtio && (scsi->queues || scsi->cmd_per_lun || scsi->max_sectors ||
                                   scsi->ioeventfd || scsi->iothread),
                       "queues, cmd_per_lun, max_sectors, ioeventfd and iothread are only "
                       "supported by the virtio-scsi controller" },
                     { scsi->iothread && !conf_has_iothread(conf, scsi->iothread),
                       "controller iothread is not defined in iothreadids" });
}

static bool is_out(MaybeU32 value, bool allowed, uint32_t first, uint32_t last) {
        return value.set && (!allowed || value.value < first || value.value > last);
}

static int check_pci(const DomainController *pci, Error *error) {
        const char *model = pci->model, *name = pci->model_name;
        const BusModel *bus = bus_model(model);
        bool bridge = text_is(model, "pci-bridge"), root_port = text_is(model, "pcie-root-port");
        bool port = root_port || text_is(model, "pcie-switch-downstream-port");
        bool expander = IN(model, "pci-expander-bus", "pcie-expander-bus");
        bool root = IN(model, "pci-root", "pcie-root");

        return RULES(pci->device.item.node, error,
                     { is_out(pci->chassis_nr, bridge, 1, 255),
                       "chassisNr is for a pci-bridge, and 1-255" },
                     { is_out(pci->chassis, port, 0, 255) || is_out(pci->port, port, 0, 255),
                       "chassis and port are for a port, and 0-255" },
                     { is_out(pci->bus_nr, expander, 1, 254),
                       "busNr is for an expander bus, and 1-254" },
                     { is_out(pci->node, expander || root, 0, UINT32_MAX),
                       "a NUMA node is for an expander bus or pci-root" },
                     { is_out(pci->target_index, text_is(model, "pci-root"), 0, 30),
                       "a target index is for pci-root, and 0-30" },
                     { pci->target_index.set &&
                               !pci->index.value != !pci->target_index.value,
                       "Only the PCI controller with index 0 can have target index 0, and vice "
                       "versa" },
                     { pci->hotplug && !port && !root, "hotplug is an option of roots and ports" },
                     { pci->pcihole64 && !root, "pcihole64 is for a root" },
                     { name && bus && bus->name && !text_is(name, bus->name) &&
                               !(root_port && IN(name, "ioh3420", "pcie-root-port")),
                       "this model name is not valid for a PCI controller of this model" });
}

static int check_controller(const DomainConf *conf, const Device *device, Error *error) {
        const DomainController *given = (const DomainController *) device;
        bool usb = given->type == CONTROLLER_USB;
        bool xhci = usb && IN(given->model, "nec-xhci", "qemu-xhci");

        if (given->type == CONTROLLER_SCSI)
                return check_scsi(conf, given, error);
        if (given->type == CONTROLLER_PCI)
                return check_pci(given, error);
        return RULES(device->item.node, error,
                     { given->type == CONTROLLER_IDE && given->index.value > 0,
                       "Only a single IDE controller is supported" },
                     { usb && given->ports && !xhci && !IN(given->model, "qusb1", "qusb2"),
                       "this USB controller doesn't support 'ports'" },
                     { xhci && given->ports > 15,
                       "this USB controller only supports up to 15 ports" });
}

/* ---- character devices ---- */

/* Targets of serial ports, what may stand for them, and where they are. */
static const struct {
        const char *type, *models[4];
        AddressType at;
} targets[] = {
        { "isa-serial", { "isa-serial" }, ADDRESS_ISA },
        { "usb-serial", { "usb-serial" }, ADDRESS_USB },
        { "pci-serial", { "pci-serial" }, ADDRESS_PCI },
        { "spapr-vio-serial", { "spapr-vty" }, ADDRESS_SPAPR_VIO },
        { "system-serial", { "pl011", "16550a" }, ADDRESS_NONE },
        { "sclp-serial", { "sclpconsole", "sclplmconsole" }, ADDRESS_NONE },
        { "isa-debug", { "isa-debugcon" }, ADDRESS_ISA },
};

static int check_serial(const DomainConf *conf, const Device *device, Error *error) {
        const DomainChar *serial = (const DomainChar *) device;
        AddressType at = device->address.type == ADDRESS_PCI_ANY ? ADDRESS_PCI
                                                                 : device->address.type;
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(targets) && r >= 0; i++)
                if (text_is(serial->target_type, targets[i].type))
                        r = RULES(device->item.node, error,
                                  { serial->target_model &&
                                            !text_in(serial->target_model, targets[i].models),
                                    "this target model requires another target type" },
                                  { at != ADDRESS_NONE && at != targets[i].at,
                                    "this target type requires another type of address" });
        return r;
}

static int check_console(const DomainConf *conf, const Device *device, Error *error) {
        const DomainChar *console = (const DomainChar *) device;

        return RULES(device->item.node, error,
                     { text_is(console->target_type, "serial") &&
                               conf->consoles.items[0] != console,
                       "Only the first console can be a serial port" });
}

/* ---- displays ---- */

static int check_graphics(const DomainConf *conf, const Device *device, Error *error) {
        const DomainGraphics *graphics = (const DomainGraphics *) device;

        return RULES(device->item.node, error,
                     { graphics->type == GRAPHICS_VNC && graphics->passwd &&
                               strlen(graphics->passwd) > 8,
                       "a VNC password has 8 characters at most" });
}

static int check_video(const DomainConf *conf, const Device *device, Error *error) {
        const DomainVideo *video = (const DomainVideo *) device;

        return RULES(device->item.node, error,
                     { IN(video->model, "vga", "vmvga") && video->vram && video->vram < 1024,
                       "value for 'vram' must be at least 1 MiB" });
}

/* ---- what is given, and memory ---- */

static int check_hostdev(const DomainConf *conf, const Device *device, Error *error) {
        const DomainHostdev *given = (const DomainHostdev *) device;

        return RULES(device->item.node, error,
                     { given->mode == HOSTDEV_CAPABILITIES,
                       "hostdev mode 'capabilities' is not supported" },
                     { given->display == TRISTATE_YES && conf->graphics.n == 0,
                       "graphics device is needed for display='on' of a <hostdev>" });
}

static int check_memory(const DomainConf *conf, const Device *device, Error *error) {
        const MemoryDevice *memory = (const MemoryDevice *) device;

        return RULES(device->item.node, error,
                     { IN(memory->model, "dimm", "nvdimm", "virtio-mem") && conf->cpu &&
                               conf->cpu->cells.n > 0 && !memory->node.set,
                       "target NUMA node needs to be specified for memory device" });
}

static int (*const rules[_DEVICE_KIND_MAX])(const DomainConf *, const Device *, Error *) = {
        [DEVICE_DISK] = check_disk,       [DEVICE_FILESYSTEM] = check_filesystem,
        [DEVICE_SERIAL] = check_serial,   [DEVICE_CONTROLLER] = check_controller,
        [DEVICE_CONSOLE] = check_console, [DEVICE_GRAPHICS] = check_graphics,
        [DEVICE_VIDEO] = check_video,     [DEVICE_HOSTDEV] = check_hostdev,
        [DEVICE_MEMORY] = check_memory,
};

int qemu_check_device(const DomainConf *conf, DeviceKind kind, const Device *device, Error *error) {
        return rules[kind] ? rules[kind](conf, device, error) : 0;
}
