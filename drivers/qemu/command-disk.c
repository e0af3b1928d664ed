/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: the drive that the guest sees, on its bus. What is in it is a graph of block nodes
 * (block-graph.c). */
#include "drivers/qemu/block.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/reservations.h"

static int check_disk(Builder *builder, const DomainDisk *disk) {
        const char *what = disk->driver_name && !text_is(disk->driver_name, "qemu")
                                   ? "a driver/@name other than 'qemu'"
                           : text_is(disk->sgio, "unfiltered") ? "@sgio 'unfiltered'"
                           : disk->backend_domain              ? "backenddomain"
                                                               : NULL;

        if (!what)
                return 0;
        return unsupported(builder, "devices/disk '%s': %s is not supported for QEMU guests",
                           disk->target, what);
}

/* ---- objects that disks share ---- */

static void put_limits(Builder *builder, const IoTune *tune, json_object *limits) {
        const struct {
                const char *name;
                uint64_t value;
        } values[] = {
                { "bps-total", tune->total_bytes },
                { "bps-read", tune->read_bytes },
                { "bps-write", tune->write_bytes },
                { "iops-total", tune->total_iops },
                { "iops-read", tune->read_iops },
                { "iops-write", tune->write_iops },
                { "bps-total-max", tune->total_bytes_max },
                { "bps-read-max", tune->read_bytes_max },
                { "bps-write-max", tune->write_bytes_max },
                { "iops-total-max", tune->total_iops_max },
                { "iops-read-max", tune->read_iops_max },
                { "iops-write-max", tune->write_iops_max },
                { "bps-total-max-length", tune->total_bytes_max_length },
                { "bps-read-max-length", tune->read_bytes_max_length },
                { "bps-write-max-length", tune->write_bytes_max_length },
                { "iops-total-max-length", tune->total_iops_max_length },
                { "iops-read-max-length", tune->read_iops_max_length },
                { "iops-write-max-length", tune->write_iops_max_length },
                { "iops-size", tune->size_iops },
        };

        for (size_t i = 0; i < ELEMENTS(values); i++)
                json_put_some(builder, limits, values[i].name, (int64_t) values[i].value);
}

static void add_throttle_groups(Builder *builder) {
        const DomainConf *conf = builder->conf;

        for (size_t i = 0; i < conf->throttle_groups.n; i++) {
                const IoTune *tune = &conf->throttle_groups.items[i]->limits;
                json_object *group = json_new(builder), *limits = json_new(builder);

                json_put_text(builder, group, "qom-type", "throttle-group");
                json_putf(builder, group, "id", "throttle-%s", tune->group ?: "");
                put_limits(builder, tune, limits);
                json_put(builder, group, "limits", limits);
                argument_json(builder, "object", group);
        }
}

static void add_reservations(Builder *builder) {
        const DomainConf *conf = builder->conf;
        bool wanted = false;

        for (size_t i = 0; i < conf->disks.n; i++)
                for (const DomainDisk *image = conf->disks.items[i]; image; image = image->backing)
                        wanted = wanted || qemu_reservations_managed(image->reservations);
        if (!wanted)
                return;
        json_object *object = json_new(builder);
        json_put_text(builder, object, "qom-type", "pr-manager-helper");
        json_put_text(builder, object, "id", "pr-helper0");
        json_putf(builder, object, "path", "%s/" QEMU_PR_SOCKET, builder->places->folder);
        argument_json(builder, "object", object);
}

/* ---- drives ---- */

/* Properties of every drive; floppies know none of them. */
static void put_common(Builder *builder, const DomainDisk *disk, json_object *device) {
        bool lun = disk->kind == DISK_DEVICE_LUN;
        Tristate writeback = block_writeback(disk);

        json_put_some(builder, device, "bootindex",
                      boot_index(builder, DEVICE_DISK, &disk->device));
        json_put_text(builder, device, "loadparm", disk->device.boot_loadparm);
        json_put_some(builder, device, "cyls", disk->geometry.cylinders);
        json_put_some(builder, device, "heads", disk->geometry.heads);
        json_put_some(builder, device, "secs", disk->geometry.sectors);
        json_put_text(builder, device, "bios-chs-trans", disk->geometry.translation);
        json_put_some(builder, device, "logical_block_size", disk->logical_block_size);
        json_put_some(builder, device, "physical_block_size", disk->physical_block_size);
        json_put_some(builder, device, "discard_granularity", disk->discard_granularity);
        if (writeback != TRISTATE_UNSET && !lun)
                json_put_text(builder, device, "write-cache",
                              writeback == TRISTATE_YES ? "on" : "off");
        if (disk->shareable)
                json_put_bool(builder, device, "share-rw", true);
        json_put_text(builder, device, "werror",
                      text_is(disk->error_policy, "stop")       ? "stop"
                      : text_is(disk->error_policy, "ignore")   ? "ignore"
                      : text_is(disk->error_policy, "enospace") ? "enospc"
                      : text_is(disk->error_policy, "report")   ? "report"
                                                                : NULL);
        const char *rerror = disk->rerror_policy ?: disk->error_policy;
        if (text_in(rerror, (const char *const []) { "stop", "ignore", "report", NULL }))
                json_put_text(builder, device, "rerror", rerror);
}

static int virtio_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("virtio-blk", disk->model, &disk->device);
        int r;

        if (disk->kind == DISK_DEVICE_CDROM || disk->kind == DISK_DEVICE_FLOPPY)
                return unsupported(builder,
                                   "devices/disk '%s': disk type '%s' of '%s' does not support "
                                   "ejectable media",
                                   disk->target, "virtio", disk->target);
        r = device_begin(builder, driver, &disk->device, ret, "devices/disk bus 'virtio'");
        if (r < 0)
                return r;
        json_put_some(builder, *ret, "num-queues", disk->queues);
        json_put_some(builder, *ret, "queue-size", disk->queue_size);
        json_put_state(builder, *ret, "ioeventfd", disk->ioeventfd);
        json_put_state(builder, *ret, "event_idx", disk->event_idx);
        if (disk->iothread)
                json_putf(builder, *ret, "iothread", "iothread%u", disk->iothread);
        json_put_text(builder, *ret, "serial", disk->serial);
        return 0;
}

static const char *ide_driver(const DomainDisk *disk) {
        return disk->kind == DISK_DEVICE_CDROM ? "ide-cd" : "ide-hd";
}

static void put_wwn(Builder *builder, const DomainDisk *disk, json_object *device) {
        if (disk->wwn)
                json_put(builder, device, "wwn",
                         json_object_new_uint64(strtoull(disk->wwn, NULL, 16)));
}

static void put_ide_identity(Builder *builder, const DomainDisk *disk, json_object *device) {
        json_put_text(builder, device, "serial", disk->serial);
        json_put_text(builder, device, "model", disk->product);
        put_wwn(builder, disk, device);
        if (disk->rotation_rate.set)
                json_put_number(builder, device, "rotation_rate", disk->rotation_rate.value);
}

static int ide_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        const DeviceAddress *at = &disk->device.address;
        const DomainController *controller = qemu_find_controller(
                builder->conf, disk->bus == DISK_BUS_SATA ? CONTROLLER_SATA : CONTROLLER_IDE,
                at->controller);
        int r;

        if (!controller || !controller->device.alias)
                return unsupported(builder, "devices/disk '%s': its controller isn't there",
                                   disk->target);
        r = device_begin(builder, ide_driver(disk), &disk->device, ret, "devices/disk bus '%s'",
                         map_enum_name(disk_buses, disk->bus));
        if (r < 0)
                return r;
        /* The built-in controllers name their buses "ide.N" whatever the definition calls them. */
        const char *name = at->controller == 0 && (disk->bus == DISK_BUS_IDE ||
                                                   qemu_platform(builder->conf) == PLATFORM_Q35)
                                   ? "ide"
                                   : controller->device.alias;
        if (disk->bus == DISK_BUS_SATA)
                json_putf(builder, *ret, "bus", "%s.%u", name, at->unit);
        else {
                json_putf(builder, *ret, "bus", "%s.%u", name, at->bus);
                json_put_number(builder, *ret, "unit", at->unit);
        }
        put_ide_identity(builder, disk, *ret);
        return 0;
}

int put_scsi_place(Builder *builder, const DeviceAddress *at, json_object *device,
                   const char *what) {
        const DomainController *controller =
                qemu_find_controller(builder->conf, CONTROLLER_SCSI, at->controller);

        if (!controller || !controller->device.alias)
                return unsupported(builder, "%s: its SCSI controller %u isn't there", what,
                                   at->controller);
        json_putf(builder, device, "bus", "%s.0", controller->device.alias);
        if (text_is(controller->model, "lsilogic")) {
                json_put_number(builder, device, "scsi-id", at->unit);
                return 0;
        }
        json_put_number(builder, device, "channel", at->bus);
        json_put_number(builder, device, "scsi-id", at->target);
        json_put_number(builder, device, "lun", at->unit);
        return 0;
}

static int scsi_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        const char *driver = disk->kind == DISK_DEVICE_CDROM ? "scsi-cd" :
                             disk->kind == DISK_DEVICE_LUN ? "scsi-block" : "scsi-hd";
        int r = device_begin(builder, driver, &disk->device, ret, "devices/disk bus 'scsi'");

        if (r < 0)
                return r;
        if ((r = put_scsi_place(builder, &disk->device.address, *ret, disk->target)) < 0) {
                json_object_put(*ret);
                return r;
        }
        if (disk->kind == DISK_DEVICE_LUN)
                return 0;
        if (disk->serial)
                json_put_text(builder, *ret, "serial", disk->serial);
        else
                json_putf(builder, *ret, "device_id", "drive-%s", disk->device.alias);
        json_put_text(builder, *ret, "vendor", disk->vendor);
        json_put_text(builder, *ret, "product", disk->product);
        put_wwn(builder, disk, *ret);
        if (disk->rotation_rate.set)
                json_put_number(builder, *ret, "rotation_rate", disk->rotation_rate.value);
        return 0;
}

static int usb_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        int r = device_begin(builder, "usb-storage", &disk->device, ret, "devices/disk bus 'usb'");

        if (r < 0)
                return r;
        json_put_bool(builder, *ret, "removable", text_is(disk->removable, "on"));
        json_put_text(builder, *ret, "serial", disk->serial);
        return 0;
}

/* Its place in the boot order is a property of the controller, drive A's or B's. */
static void add_floppy_boot(Builder *builder, const DomainDisk *disk) {
        unsigned order = boot_index(builder, DEVICE_DISK, &disk->device);

        if (order)
                argument(builder, "global", "isa-fdc.bootindex%c=%u",
                         disk->device.address.unit ? 'B' : 'A', order);
}

static int floppy_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        int r = device_begin(builder, "floppy", &disk->device, ret, "devices/disk bus 'fdc'");

        if (r >= 0)
                json_put_number(builder, *ret, "unit", disk->device.address.unit);
        return r;
}

static int (*const drives[])(Builder *builder, const DomainDisk *disk, json_object **ret) = {
        [DISK_BUS_UNSET] = NULL,
        [DISK_BUS_IDE] = ide_disk,
        [DISK_BUS_FDC] = floppy_disk,
        [DISK_BUS_SCSI] = scsi_disk,
        [DISK_BUS_VIRTIO] = virtio_disk,
        [DISK_BUS_XEN] = NULL,
        [DISK_BUS_USB] = usb_disk,
        [DISK_BUS_UML] = NULL,
        [DISK_BUS_SATA] = ide_disk,
        [DISK_BUS_SD] = NULL,
};

/* A drive of another process, on the other side of a socket. */
static int vhost_user_disk(Builder *builder, const DomainDisk *disk) {
        _cleanup_(option_clear) Option chardev = { .builder = builder };
        _cleanup_(freep) char *driver = virtio_driver("vhost-user-blk", &disk->device);
        const Reconnect *reconnect = &disk->reconnect;
        json_object *device = NULL;
        int r = device_begin(builder, driver, &disk->device, &device,
                             "devices/disk '%s' of type 'vhostuser'", disk->target);

        if (r < 0)
                return r;
        option_add(&chardev, "socket,id=chr-vu-%s", disk->device.alias);
        option_add_text(&chardev, "path", disk->source_path);
        if (reconnect->enabled == TRISTATE_YES && reconnect->timeout.set)
                option_add(&chardev, ",reconnect=%u", reconnect->timeout.value);
        option_done(&chardev, "chardev");
        json_putf(builder, device, "chardev", "chr-vu-%s", disk->device.alias);
        json_put_some(builder, device, "num-queues", disk->queues);
        json_put_some(builder, device, "queue-size", disk->queue_size);
        json_put_some(builder, device, "bootindex",
                      boot_index(builder, DEVICE_DISK, &disk->device));
        device_end(builder, device);
        return 0;
}

/* Built into the machine, which knows no -device for it. */
static int sd_disk(Builder *builder, const DomainDisk *disk) {
        _cleanup_(option_clear) Option drive = { .builder = builder };

        if (disk->type != DISK_FILE && disk->type != DISK_BLOCK)
                return unsupported(builder, "devices/disk '%s': bus 'sd' takes files and devices",
                                   disk->target);
        option_add(&drive, "if=sd,index=%d", MAX(qemu_disk_index(disk->target), 0));
        option_add_text(&drive, "file", disk->source);
        option_add_text(&drive, "format", disk->format ?: "raw");
        if (disk->readonly)
                option_add(&drive, ",readonly=on");
        option_add_text(&drive, "cache", block_cache(disk));
        option_done(&drive, "drive");
        return 0;
}

static int drive(Builder *builder, const DomainDisk *disk) {
        json_object *object = NULL;
        bool medium = qemu_disk_has_medium(disk);
        int r = medium ? block_add(builder, disk) : 0;

        if (r >= 0)
                r = drives[disk->bus](builder, disk, &object);
        if (r < 0)
                return r;
        if (medium) {
                _cleanup_(freep) char *top = block_top(disk);

                if (!top)
                        builder->no_memory = true;
                json_put_text(builder, object, "drive", top);
        }
        if (disk->bus == DISK_BUS_FDC)
                add_floppy_boot(builder, disk);
        else
                put_common(builder, disk, object);
        device_end(builder, object);
        return 0;
}

int build_disk(Builder *builder, const Device *device, size_t index) {
        const DomainDisk *disk = (const DomainDisk *) device;
        int r = check_disk(builder, disk);

        if (r < 0)
                return r;
        if (disk == builder->conf->disks.items[0]) {
                add_throttle_groups(builder);
                add_reservations(builder);
        }
        if (disk->type == DISK_VHOST_USER)
                return vhost_user_disk(builder, disk);
        if (disk->bus == DISK_BUS_SD)
                return sd_disk(builder, disk);
        if ((size_t) disk->bus >= ELEMENTS(drives) || !drives[disk->bus])
                return unsupported(builder,
                                   "devices/disk '%s': bus '%s' is not supported for QEMU guests",
                                   disk->target, map_enum_name(disk_buses, disk->bus) ?: "");
        return drive(builder, disk);
}
