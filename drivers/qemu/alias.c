/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names under which clients and QEMU speak of a guest's devices. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool alias_taken(DomainConf *conf, const char *alias) {
        return conf_find_alias(conf, alias, NULL) != NULL;
}

/* The first free number after a prefix: hot-plugged devices keep theirs when others go. */
static int number(DomainConf *conf, Device *device, const char *prefix) {
        _cleanup_(freep) char *alias = NULL;
        unsigned n = 0;

        /* A first console that is a serial port counts, although it has that one's name. */
        if (text_is(prefix, "console") && qemu_console_is_serial(conf, 0))
                n = 1;
        for (;; n++) {
                freep(&alias);
                alias = NULL;
                if (asprintf(&alias, "%s%u", prefix, n) < 0) {
                        alias = NULL;
                        return -ENOMEM;
                }
                if (!alias_taken(conf, alias))
                        break;
        }
        device->alias = TAKE(alias);
        return 0;
}

static bool is_lsilogic(DomainConf *conf, const DomainDisk *disk) {
        const DomainController *controller =
                qemu_find_controller(conf, CONTROLLER_SCSI, disk->device.address.controller);

        return controller && text_is(controller->model, "lsilogic");
}

static int disk_alias(DomainConf *conf, Device *device) {
        DomainDisk *disk = (DomainDisk *) device;
        const DeviceAddress *at = &device->address;
        const char *bus = map_enum_name(disk_buses, disk->bus) ?: "disk";
        int r;

        if (at->type != ADDRESS_DRIVE)
                r = asprintf(&device->alias, "%s-disk%d", bus,
                             MAX(qemu_disk_index(disk->target), 0));
        else if (disk->bus == DISK_BUS_SCSI && !is_lsilogic(conf, disk))
                r = asprintf(&device->alias, "%s%u-%u-%u-%u", bus, at->controller, at->bus,
                             at->target, at->unit);
        else
                r = asprintf(&device->alias, "%s%u-%u-%u", bus, at->controller, at->bus, at->unit);
        return r < 0 ? -ENOMEM : 0;
}

/* What is part of the machine has the name that QEMU gave to its bus. USB companions share the name
 * of their master, which alone is known to QEMU by it. */
static int controller_alias(DomainConf *conf, Device *device) {
        const DomainController *controller = (const DomainController *) device;
        uint32_t index = controller->index.value;
        Platform platform = qemu_platform(conf);
        const char *name = map_enum_name(controller_types, controller->type) ?: "controller";
        int r;

        if (controller->type == CONTROLLER_PCI)
                r = asprintf(&device->alias, "%s.%u",
                             text_is(controller->model, "pcie-root") ? "pcie" : "pci", index);
        else if (index == 0 && ((controller->type == CONTROLLER_IDE &&
                                 (platform == PLATFORM_I440FX || platform == PLATFORM_ISAPC)) ||
                                (controller->type == CONTROLLER_SATA && platform == PLATFORM_Q35)))
                r = asprintf(&device->alias, "ide");
        else if (index == 0 && controller->type == CONTROLLER_USB)
                r = asprintf(&device->alias, "usb");
        else
                r = asprintf(&device->alias, "%s%u", name, index);
        return r < 0 ? -ENOMEM : 0;
}

static int net_alias(DomainConf *conf, Device *device) {
        return number(conf, device,
                      ((DomainNet *) device)->type == NET_HOSTDEV ? "hostdev" : "net");
}

/* A module is named by its slot, so that it is found again where it was. */
static int memory_alias(DomainConf *conf, Device *device) {
        const char *model = ((const MemoryDevice *) device)->model;
        bool slotted = text_is(model, "dimm") || text_is(model, "nvdimm");

        if (!slotted || device->address.type != ADDRESS_DIMM)
                return number(conf, device, text_is(model, "virtio-mem")    ? "virtiomem"
                                            : text_is(model, "virtio-pmem") ? "virtiopmem"
                                            : text_is(model, "sgx-epc")     ? "epc"
                                                                            : model);
        return asprintf(&device->alias, "%s%u", model, device->address.slot_number) < 0 ? -ENOMEM
                                                                                        : 0;
}

/* There is one at most. */
static int iommu_alias(DomainConf *conf, Device *device) {
        device->alias = strdup("iommu0");
        return device->alias ? 0 : -ENOMEM;
}

/* A kind is numbered after its prefix or has its own rule; neither: no alias. */
static const struct {
        const char *prefix;
        int (*make)(DomainConf *conf, Device *device);
} rules[_DEVICE_KIND_MAX] = {
        [DEVICE_DISK]       = { .make = disk_alias },
        [DEVICE_CONTROLLER] = { .make = controller_alias },
        [DEVICE_NET]        = { .make = net_alias },
        [DEVICE_INPUT]      = { "input" },
        [DEVICE_SERIAL]     = { "serial" },
        [DEVICE_PARALLEL]   = { "parallel" },
        [DEVICE_CONSOLE]    = { "console" },
        [DEVICE_CHANNEL]    = { "channel" },
        [DEVICE_GRAPHICS]   = {},
        [DEVICE_SOUND]      = { "sound" },
        [DEVICE_VIDEO]      = { "video" },
        [DEVICE_HUB]        = { "hub" },
        [DEVICE_WATCHDOG]   = { "watchdog" },
        [DEVICE_MEMBALLOON] = { "balloon" },
        [DEVICE_RNG]        = { "rng" },
        [DEVICE_PANIC]      = { "panic" },
        [DEVICE_FILESYSTEM] = { "fs" },
        [DEVICE_HOSTDEV]    = { "hostdev" },
        [DEVICE_REDIRDEV]   = { "redir" },
        [DEVICE_SMARTCARD]  = { "smartcard" },
        [DEVICE_TPM]        = { "tpm" },
        [DEVICE_SHMEM]      = { "shmem" },
        [DEVICE_MEMORY]     = { .make = memory_alias },
        [DEVICE_IOMMU]      = { .make = iommu_alias },
        [DEVICE_VSOCK]      = { "vsock" },
        [DEVICE_CRYPTO]     = { "crypto" },
        [DEVICE_NVRAM]      = { "nvram" },
};

static int name_device(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        if (device->alias)
                return 0;
        if (kind == DEVICE_CONSOLE && (void *) device == conf->consoles.items[0] &&
            qemu_console_is_serial(conf, 0) && conf->serials.items[0]->device.alias) {
                device->alias = strdup(conf->serials.items[0]->device.alias);
                return device->alias ? 0 : -ENOMEM;
        }
        if (rules[kind].make)
                return rules[kind].make(conf, device);
        return rules[kind].prefix ? number(conf, device, rules[kind].prefix) : 0;
}

static bool number_is_taken(const DomainConf *conf, uint32_t index) {
        for (size_t i = 0; i < conf->disks.n; i++)
                for (const DomainDisk *image = conf->disks.items[i]; image; image = image->backing)
                        if (image->source_index.set && image->source_index.value == index)
                                return true;
        return false;
}

/* Each image gets the number of its block nodes: the last disk the first, an image before those
 * behind it, and what comes later one that is free. */
static int number_sources(DomainConf *conf) {
        _cleanup_(freep) DomainDisk **disks = qemu_sorted_disks(conf);
        uint32_t next = 1;
        size_t n = 0;

        if (!disks)
                return -ENOMEM;
        while (disks[n])
                n++;
        while (n-- > 0)
                for (DomainDisk *image = disks[n]; image; image = image->backing) {
                        if (image->source_index.set || !qemu_disk_has_medium(image))
                                continue;
                        while (number_is_taken(conf, next))
                                next++;
                        image->source_index = (MaybeU32) { true, next };
                }
        return 0;
}

int qemu_assign_aliases(DomainConf *conf, Error *error) {
        int r = conf_visit_devices(conf, name_device, NULL);

        if (r >= 0)
                r = number_sources(conf);
        return r == -ENOMEM ? fail_memory(error) : r;
}
