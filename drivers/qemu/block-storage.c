/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of an image are: files, devices and folders of this host. */
#include "drivers/qemu/block.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/hostdev.h"
#include "drivers/qemu/reservations.h"

/* A drive of the host, which can say that its medium was changed. Told by its name, as nothing is
 * opened here. */
static bool is_host_drive(const DomainDisk *disk, const DomainDisk *image) {
        return image->type == DISK_BLOCK && disk->kind == DISK_DEVICE_CDROM &&
               (text_starts(image->source, "/dev/sr") || text_starts(image->source, "/dev/cdrom") ||
                text_starts(image->source, "/dev/dvd"));
}

static void put_file(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                     json_object *node) {
        json_put_text(builder, node, "driver",
                      image->type == DISK_FILE         ? "file"
                      : is_host_drive(disk, image) ? "host_cdrom"
                                                       : "host_device");
        json_put_text(builder, node, "filename", image->source);
        json_put_text(builder, node, "aio", text_is(disk->io, "default") ? NULL : disk->io);
}

static void put_folder(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                       json_object *node) {
        json_put_text(builder, node, "driver", "vvfat");
        json_put_text(builder, node, "dir", image->source);
        json_put_bool(builder, node, "floppy", disk->kind == DISK_DEVICE_FLOPPY);
        json_put_bool(builder, node, "rw", disk == image && !disk->readonly);
}

static int put_nvme(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                    json_object *node) {
        _cleanup_(freep) char *device = qemu_pci_name(&image->source_address);

        if (!image->source_namespace)
                return unsupported(builder, "devices/disk '%s': an nvme source needs a @namespace",
                                   disk->target);
        json_put_text(builder, node, "driver", "nvme");
        json_put_text(builder, node, "device", device);
        json_put_number(builder, node, "namespace", strtoll(image->source_namespace, NULL, 10));
        return 0;
}

static int put_vdpa(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                    json_object *node) {
        if (!qemu_caps_has(builder->caps, "blockdev-add/driver=virtio-blk-vhost-vdpa"))
                return unsupported(builder,
                                   "devices/disk '%s': %s was built without vhost-vdpa for disks",
                                   disk->target, builder->caps->binary);
        json_put_text(builder, node, "driver", "virtio-blk-vhost-vdpa");
        json_put_text(builder, node, "path", image->source_path);
        return 0;
}

/* Who does SCSI reservations for it. */
static void put_reservations(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                             json_object *node) {
        const Reservations *reservations = image->reservations;

        if (qemu_reservations_managed(reservations))
                json_put_text(builder, node, "pr-manager", "pr-helper0");
        else if (reservations && reservations->path)
                json_putf(builder, node, "pr-manager", "pr-helper-%s-%u", disk->device.alias,
                          image->source_index.value);
}

static void add_reservations(Builder *builder, const DomainDisk *disk, const DomainDisk *image) {
        const Reservations *reservations = image->reservations;
        json_object *object;

        if (!reservations || !reservations->path || qemu_reservations_managed(reservations))
                return; /* the managed one is added once for all */
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", "pr-manager-helper");
        json_putf(builder, object, "id", "pr-helper-%s-%u", disk->device.alias,
                  image->source_index.value);
        json_put_text(builder, object, "path", reservations->path);
        argument_json(builder, "object", object);
}

int block_put_storage(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                      json_object *node) {
        char id[48];

        switch (image->type) {
        case DISK_FILE: case DISK_BLOCK:
                add_reservations(builder, disk, image);
                put_file(builder, disk, image, node);
                put_reservations(builder, disk, image, node);
                return 0;
        case DISK_DIR:
                put_folder(builder, disk, image, node);
                return 0;
        case DISK_NETWORK:
                (void) snprintf(id, sizeof(id), "libvirt-%u-storage", image->source_index.value);
                return block_put_network(builder, image, id, node);
        case DISK_NVME:
                return put_nvme(builder, disk, image, node);
        case DISK_VHOST_VDPA:
                return put_vdpa(builder, disk, image, node);
        case DISK_VOLUME:
                return unsupported(builder,
                                   "devices/disk '%s': volume '%s' of pool '%s' was not resolved",
                                   disk->target, image->volume ?: "", image->pool ?: "");
        case DISK_VHOST_USER:
                return unsupported(builder,
                                   "devices/disk '%s': a vhostuser disk is no image of another",
                                   disk->target);
        }
        return 0;
}
