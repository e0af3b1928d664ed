/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks as libxl is asked for them. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- who serves it, and what is in it ---- */

static const struct {
        const char *word;
        libxl_disk_format format;
        bool tapped; /* blktap reads it */
} formats[] = {
        { "raw", LIBXL_DISK_FORMAT_RAW, true },    { "qcow", LIBXL_DISK_FORMAT_QCOW, false },
        { "qcow2", LIBXL_DISK_FORMAT_QCOW2, false }, { "vhd", LIBXL_DISK_FORMAT_VHD, true },
        { "vpc", LIBXL_DISK_FORMAT_VHD, true },    { "qed", LIBXL_DISK_FORMAT_QED, false },
};

static const struct {
        const char *driver;
        libxl_disk_backend backend;
        bool raw_only;
} disk_drivers[] = {
        { "phy", LIBXL_DISK_BACKEND_PHY, true },   { "file", LIBXL_DISK_BACKEND_QDISK, true },
        { "qemu", LIBXL_DISK_BACKEND_QDISK, false }, { "tap", LIBXL_DISK_BACKEND_TAP, false },
        { "tap2", LIBXL_DISK_BACKEND_TAP, false },
};

static int refuse_disk(XenConfig *xen, const DomainDisk *disk, const char *what) {
        return config_refuse(xen, "devices/disk '%s': %s", disk->target ?: "", what);
}

/* Where a definition leaves it open, libxl chooses by what it finds; but it finds nothing where
 * there is no path. */
static int config_backend(XenConfig *xen, const DomainDisk *disk, libxl_device_disk *ret) {
        const char *format = disk->format ?: "raw";
        bool tapped = false;

        for (size_t i = 0; i < ELEMENTS(formats); i++)
                if (config_is(format, formats[i].word)) {
                        ret->format = formats[i].format;
                        tapped = formats[i].tapped;
                }
        if (ret->format == LIBXL_DISK_FORMAT_UNKNOWN)
                return config_refuse(xen, "devices/disk '%s': Xen reads no image of format '%s'",
                                     disk->target ?: "", format);
        ret->backend = disk->type == DISK_NETWORK ? LIBXL_DISK_BACKEND_QDISK
                                                  : LIBXL_DISK_BACKEND_UNKNOWN;
        for (size_t i = 0; i < ELEMENTS(disk_drivers); i++) {
                if (!config_is(disk->driver_name, disk_drivers[i].driver))
                        continue;
                if (disk_drivers[i].raw_only && ret->format != LIBXL_DISK_FORMAT_RAW)
                        return config_refuse(xen, "devices/disk '%s': the driver '%s' reads no "
                                             "'%s'", disk->target ?: "", disk->driver_name,
                                             format);
                ret->backend = disk_drivers[i].backend == LIBXL_DISK_BACKEND_TAP && !tapped
                                       ? LIBXL_DISK_BACKEND_QDISK : disk_drivers[i].backend;
                if (disk->type == DISK_NETWORK && ret->backend != LIBXL_DISK_BACKEND_QDISK)
                        return refuse_disk(xen, disk, "only the device model (driver 'qemu') "
                                           "reaches the network");
                return 0;
        }
        return disk->driver_name ? config_refuse(xen, "devices/disk '%s': Xen has no driver '%s'",
                                                 disk->target ?: "", disk->driver_name) : 0;
}

/* ---- what can't be ---- */

static bool is_limited(const IoTune *tune) {
        static const IoTune none;

        return tune && memcmp(tune, &none, sizeof(none)) != 0;
}

static int check_disk(XenConfig *xen, const DomainDisk *disk) {
        const struct {
                bool there;
                const char *what;
        } rules[] = {
                { !disk->target, "has no target" },
                { disk->kind == DISK_DEVICE_LUN, "Xen passes no commands to LUNs" },
                { disk->bus == DISK_BUS_VIRTIO || disk->bus == DISK_BUS_USB ||
                  disk->bus == DISK_BUS_SD || disk->bus == DISK_BUS_UML,
                  "not on such a bus: xen, ide, sata and scsi are Xen's" },
                { disk->transient, "Xen has no transient disks" },
                { disk->encryption || disk->source_encryption, "Xen decrypts nothing" },
                { is_limited(disk->iotune) || disk->throttle_groups.n > 0,
                  "Xen limits no disks (iotune)" },
                { disk->copy_on_read == TRISTATE_YES, "Xen has no copy_on_read" },
                { config_is(disk->cache, "writethrough") || config_is(disk->cache, "directsync"),
                  "libxl has no such mode of the cache" },
                { disk->geometry.cylinders > 0, "Xen sets no geometry" },
                { disk->logical_block_size > 0 || disk->physical_block_size > 0,
                  "Xen sets no size of blocks" },
                { disk->wwn || disk->serial || disk->vendor || disk->product,
                  "Xen gives disks no serial number, vendor or product" },
                { disk->slices.n > 0, "Xen has no slices of images" },
                { disk->reservations != NULL, "Xen has no reservations" },
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if (rules[i].there)
                        return refuse_disk(xen, disk, rules[i].what);
        return 0;
}

static int config_source(XenConfig *xen, const DomainDisk *disk, char **ret) {
        switch (disk->type) {
        case DISK_FILE:
        case DISK_BLOCK:
                break;
        case DISK_VOLUME:
                if (!disk->source)
                        return refuse_disk(xen, disk, "its volume has no path yet");
                break;
        case DISK_NETWORK:
                return config_disk_source(xen, disk, ret);
        case DISK_DIR:
        case DISK_NVME:
        case DISK_VHOST_USER:
        case DISK_VHOST_VDPA:
                return config_refuse(xen, "devices/disk '%s': Xen has no disks of type '%s'",
                                     disk->target ?: "", disk_types[disk->type]);
        }
        config_text(xen, ret, disk->source);
        return 0;
}

/* ---- one, and all ---- */

/* Every disk is "removable" as far as libxl is concerned: it can be detached. */
static int config_disk(XenConfig *xen, const DomainDisk *disk, libxl_device_disk *ret) {
        bool cdrom = disk->kind == DISK_DEVICE_CDROM;
        int r;

        libxl_device_disk_init(ret);
        if ((r = check_disk(xen, disk)) < 0 || (r = config_backend(xen, disk, ret)) < 0 ||
            (r = config_source(xen, disk, &ret->pdev_path)) < 0)
                return r;
        config_text(xen, &ret->vdev, disk->target);
        config_text(xen, &ret->backend_domname, disk->backend_domain);
        ret->removable = 1;
        ret->readwrite = !disk->readonly && !cdrom;
        ret->is_cdrom = cdrom;
        ret->direct_io_safe = config_is(disk->cache, "none");
        if (disk->discard)
                libxl_defbool_set(&ret->discard_enable, config_is(disk->discard, "unmap"));
        if (!ret->pdev_path && !cdrom)
                return refuse_disk(xen, disk, "has no source, and only a cdrom may be empty");
        if (!ret->pdev_path)
                ret->format = LIBXL_DISK_FORMAT_EMPTY;
        return 0;
}

/* libxl has no floppies, but its device model does. */
static int config_floppy(XenConfig *xen, const DomainDisk *disk) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out;

        if (xen->guest != GUEST_HVM || !disk->target || strncmp(disk->target, "fd", 2) != 0 ||
            disk->target[2] < 'a' || disk->target[2] > 'b' || disk->target[3])
                return refuse_disk(xen, disk, "floppies are fda and fdb of hvm guests");
        if (disk->type != DISK_FILE && disk->type != DISK_BLOCK)
                return refuse_disk(xen, disk, "a floppy is a file or block device");
        if (!disk->source)
                return 0;
        if (!(out = open_memstream(&text, &size)))
                return fail_memory(xen->error);
        fprintf(out, "if=floppy,index=%d,format=raw,readonly=%s,file=", disk->target[2] - 'a',
                disk->readonly ? "on" : "off");
        for (const char *p = disk->source; *p; p++)
                fprintf(out, *p == ',' ? ",," : "%c", *p);
        if (fclose(out) != 0)
                return fail_memory(xen->error);
        config_word(xen, &xen->config->b_info.extra_hvm, "-drive");
        config_word(xen, &xen->config->b_info.extra_hvm, text);
        return 0;
}

/* What is hda to hdd is on one controller, of either kind. */
static int config_hd_type(XenConfig *xen) {
        bool sata = false, ide = false;

        for (size_t i = 0; i < xen->conf->disks.n; i++) {
                const DomainDisk *disk = xen->conf->disks.items[i];
                bool hd = disk->target && strncmp(disk->target, "hd", 2) == 0;

                if (disk->bus == DISK_BUS_SATA && (!hd || xen->guest != GUEST_HVM))
                        return refuse_disk(xen, disk, "on sata are hda to hdd of hvm guests");
                sata = sata || disk->bus == DISK_BUS_SATA;
                ide = ide || (hd && disk->bus != DISK_BUS_SATA && disk->kind != DISK_DEVICE_CDROM);
        }
        if (sata && ide)
                return config_refuse(xen, "devices/disk: disks are on ide or on sata, not on both");
        if (sata)
                xen->config->b_info.u.hvm.hdtype = LIBXL_HDTYPE_AHCI;
        return 0;
}

int config_disks(XenConfig *xen) {
        int r = config_hd_type(xen);

        for (size_t i = 0; r >= 0 && i < xen->conf->disks.n; i++) {
                const DomainDisk *disk = xen->conf->disks.items[i];
                libxl_device_disk *item;

                if (disk->kind == DISK_DEVICE_FLOPPY) {
                        r = config_floppy(xen, disk);
                        continue;
                }
                item = config_add(xen, &xen->config->disks, &xen->config->num_disks,
                                  sizeof(*item));
                r = item ? config_disk(xen, disk, item) : fail_memory(xen->error);
        }
        return r;
}

int xen_config_disk(const DomainConf *conf, const DomainDisk *disk, libxl_device_disk *ret,
                    Error *error) {
        XenConfig xen = { .conf = conf, .guest = xen_guest_type(conf), .error = error };
        int r;

        libxl_device_disk_init(ret);
        if (disk->kind == DISK_DEVICE_FLOPPY)
                return refuse_disk(&xen, disk, "floppies are there from the start");
        r = config_disk(&xen, disk, ret);
        return r < 0 ? r : xen.failed ? fail_memory(error) : 0;
}
