/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: a graph of block nodes for the medium, and the drive it is in.
 *
 * A medium is two nodes, named libvirt-N-storage (the file, device or connection) and
 * libvirt-N-format (what is in it); N is the disk's source/@index. A drive refers to the upper one.
 * Backing files are opened by QEMU from what the images say of themselves. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* What a cache mode means: for the host's page cache, and whether the guest sees a write cache. */
static const struct {
        const char *mode;
        bool direct, no_flush, writeback;
} caches[] = {
        { "none",         true,  false, true },
        { "writethrough", false, false, false },
        { "writeback",    false, false, true },
        { "directsync",   true,  false, false },
        { "unsafe",       false, true,  true },
};

static int find_cache(const DomainDisk *disk) {
        for (size_t i = 0; i < ELEMENTS(caches); i++)
                if (text_is(disk->cache, caches[i].mode))
                        return i;
        return -1;
}

static int refuse(Builder *builder, const DomainDisk *disk, const char *what) {
        return unsupported(builder, "devices/disk '%s': %s is not supported for QEMU guests yet",
                           disk->target, what);
}

static int check_disk(Builder *builder, const DomainDisk *disk) {
        const struct {
                bool asked;
                const char *what;
        } refused[] = {
                { disk->encryption || disk->source_encryption, "encryption" },
                { disk->auth || disk->source_auth,   "auth" },
                { disk->slices.n > 0,               "source/slices" },
                { disk->reservations,         "source/reservations" },
                { disk->cookies.n > 0,              "source/cookies" },
                { disk->snapshot_name,             "source/snapshot" },
                { disk->throttle_groups.n > 0,                "throttlefilters" },
                { disk->iotune,                          "iotune" },
                { disk->metadata_cache,                  "driver/metadata_cache" },
                { disk->transient,                       "transient" },
                { disk->type == DISK_NVME,               "@type 'nvme'" },
                { disk->type == DISK_VHOST_USER,         "@type 'vhostuser'" },
                { disk->type == DISK_VHOST_VDPA,         "@type 'vhostvdpa'" },
                { disk->type == DISK_VOLUME,             "@type 'volume'" },
                { text_is(disk->format, "luks"),         "driver/@type 'luks'" },
        };

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (refused[i].asked)
                        return refuse(builder, disk, refused[i].what);
        if (disk->driver_name && !text_is(disk->driver_name, "qemu"))
                return refuse(builder, disk, "a driver/@name other than 'qemu'");
        return 0;
}

/* ---- nodes ---- */

static void put_cache(Builder *builder, const DomainDisk *disk, json_object *node) {
        int cache = find_cache(disk);
        json_object *object;

        if (cache < 0)
                return;
        object = json_new(builder);
        json_put_bool(builder, object, "direct", caches[cache].direct);
        json_put_bool(builder, object, "no-flush", caches[cache].no_flush);
        json_put(builder, node, "cache", object);
}

static void put_file(Builder *builder, const DomainDisk *disk, json_object *node) {
        bool is_cdrom = disk->kind == DISK_DEVICE_CDROM && text_starts(disk->source, "/dev/sr");

        json_put_text(builder, node, "driver", disk->type == DISK_FILE ? "file" :
                                               is_cdrom ? "host_cdrom" : "host_device");
        json_put_text(builder, node, "filename", disk->source);
        if (disk->io)
                json_put_text(builder, node, "aio", disk->io);
}

static void put_folder(Builder *builder, const DomainDisk *disk, json_object *node) {
        json_put_text(builder, node, "driver", "vvfat");
        json_put_text(builder, node, "dir", disk->source);
        json_put_bool(builder, node, "floppy", disk->kind == DISK_DEVICE_FLOPPY);
        json_put_bool(builder, node, "rw", !disk->readonly);
}

static int put_storage(Builder *builder, const DomainDisk *disk, json_object *node) {
        switch (disk->type) {
        case DISK_FILE: case DISK_BLOCK:
                put_file(builder, disk, node);
                return 0;
        case DISK_DIR:
                put_folder(builder, disk, node);
                return 0;
        case DISK_NETWORK:
                return put_network_storage(builder, disk, node);
        case DISK_VOLUME: case DISK_NVME: case DISK_VHOST_USER: case DISK_VHOST_VDPA:
                return refuse(builder, disk, "its @type");
        }
        return 0;
}

static int add_storage(Builder *builder, const DomainDisk *disk) {
        json_object *node = json_new(builder);
        int r = put_storage(builder, disk, node);

        if (r < 0) {
                json_object_put(node);
                return r;
        }
        json_putf(builder, node, "node-name", "libvirt-%u-storage", disk->source_index.value);
        put_cache(builder, disk, node);
        if (disk->type == DISK_DIR)
                json_put_bool(builder, node, "read-only", disk->readonly);
        else
                json_put_bool(builder, node, "auto-read-only", true);
        json_put_text(builder, node, "discard",
                      text_is(disk->discard, "ignore") ? "ignore" : "unmap");
        argument_json(builder, "blockdev", node);
        return 0;
}

static void add_format(Builder *builder, const DomainDisk *disk) {
        json_object *node = json_new(builder);
        bool fat = text_is(disk->format, "fat");

        json_putf(builder, node, "node-name", "libvirt-%u-format", disk->source_index.value);
        json_put_bool(builder, node, "read-only",
                      disk->readonly || disk->kind == DISK_DEVICE_CDROM);
        put_cache(builder, disk, node);
        json_put_text(builder, node, "discard", disk->discard);
        json_put_text(builder, node, "detect-zeroes", disk->detect_zeroes);
        json_put_text(builder, node, "driver",
                      disk->format && !fat && !text_is(disk->format, "iso") ? disk->format : "raw");
        json_putf(builder, node, "file", "libvirt-%u-storage", disk->source_index.value);
        argument_json(builder, "blockdev", node);
}

static void add_copy_on_read(Builder *builder, const DomainDisk *disk) {
        json_object *node = json_new(builder);

        json_put_text(builder, node, "driver", "copy-on-read");
        json_putf(builder, node, "node-name", "libvirt-CoR-%s", disk->target);
        json_putf(builder, node, "file", "libvirt-%u-format", disk->source_index.value);
        json_put_text(builder, node, "discard", "unmap");
        argument_json(builder, "blockdev", node);
}

static bool copies_on_read(const DomainDisk *disk) {
        return disk->copy_on_read == TRISTATE_YES && !disk->readonly &&
               disk->kind != DISK_DEVICE_CDROM;
}

static int add_medium(Builder *builder, const DomainDisk *disk) {
        int r;

        if (!qemu_disk_has_medium(disk))
                return 0;
        if ((r = add_storage(builder, disk)) < 0)
                return r;
        add_format(builder, disk);
        if (copies_on_read(disk))
                add_copy_on_read(builder, disk);
        return 0;
}

/* ---- drives ---- */

static void put_drive(Builder *builder, const DomainDisk *disk, json_object *device) {
        if (!qemu_disk_has_medium(disk))
                return;
        if (copies_on_read(disk))
                json_putf(builder, device, "drive", "libvirt-CoR-%s", disk->target);
        else
                json_putf(builder, device, "drive", "libvirt-%u-format", disk->source_index.value);
}

/* Properties of every drive; floppies know none of them. */
static void put_common(Builder *builder, const DomainDisk *disk, json_object *device) {
        int cache = find_cache(disk);

        json_put_some(builder, device, "bootindex",
                      boot_index(builder, DEVICE_DISK, &disk->device));
        json_put_some(builder, device, "logical_block_size", disk->logical_block_size);
        json_put_some(builder, device, "physical_block_size", disk->physical_block_size);
        json_put_some(builder, device, "discard_granularity", disk->discard_granularity);
        if (cache >= 0)
                json_put_text(builder, device, "write-cache",
                              caches[cache].writeback ? "on" : "off");
        if (disk->shareable && disk->bus != DISK_BUS_IDE && disk->bus != DISK_BUS_SATA)
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

static int put_scsi_place(Builder *builder, const DomainDisk *disk, json_object *device) {
        const DeviceAddress *at = &disk->device.address;
        const DomainController *controller =
                qemu_find_controller(builder->conf, CONTROLLER_SCSI, at->controller);

        if (!controller || !controller->device.alias)
                return unsupported(builder, "devices/disk '%s': its controller isn't there",
                                   disk->target);
        json_putf(builder, device, "bus", "%s.0", controller->device.alias);
        if (text_is(controller->model, "lsilogic"))
                json_put_number(builder, device, "scsi-id", at->unit);
        else {
                json_put_number(builder, device, "channel", at->bus);
                json_put_number(builder, device, "scsi-id", at->target);
                json_put_number(builder, device, "lun", at->unit);
        }
        return 0;
}

static int scsi_disk(Builder *builder, const DomainDisk *disk, json_object **ret) {
        const char *driver = disk->kind == DISK_DEVICE_CDROM ? "scsi-cd" :
                             disk->kind == DISK_DEVICE_LUN ? "scsi-block" : "scsi-hd";
        int r = device_begin(builder, driver, &disk->device, ret, "devices/disk bus 'scsi'");

        if (r < 0)
                return r;
        if ((r = put_scsi_place(builder, disk, *ret)) < 0) {
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

int build_disk(Builder *builder, const Device *device, size_t index) {
        const DomainDisk *disk = (const DomainDisk *) device;
        json_object *object = NULL;
        int r;

        if ((size_t) disk->bus >= ELEMENTS(drives) || !drives[disk->bus])
                return unsupported(builder,
                                   "devices/disk '%s': bus '%s' is not supported for QEMU guests",
                                   disk->target, map_enum_name(disk_buses, disk->bus) ?: "");
        if ((r = check_disk(builder, disk)) < 0 || (r = add_medium(builder, disk)) < 0 ||
            (r = drives[disk->bus](builder, disk, &object)) < 0)
                return r;
        put_drive(builder, disk, object);
        if (disk->bus == DISK_BUS_FDC)
                json_put_some(builder, object, "bootindex",
                              boot_index(builder, DEVICE_DISK, device));
        else
                put_common(builder, disk, object);
        device_end(builder, object);
        return 0;
}
