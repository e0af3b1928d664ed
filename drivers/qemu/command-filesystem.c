/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders of the host in the guest: 9p, which QEMU serves itself, and virtiofs, which a process
 * beside it serves. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/filesystem.h"

static int refuse(Builder *builder, const DomainFilesystem *filesystem, const char *what) {
        return unsupported(builder, "devices/filesystem '%s': %s", filesystem->target ?: "", what);
}

/* ---- 9p ---- */

static const char *security_model(const DomainFilesystem *filesystem) {
        if (text_is(filesystem->access_mode, "mapped"))
                return "mapped";
        return text_is(filesystem->access_mode, "squash") ? "none" : "passthrough";
}

static int add_fsdev(Builder *builder, const DomainFilesystem *filesystem) {
        _cleanup_(option_clear) Option fsdev = { .builder = builder };

        if (filesystem->driver && !text_is(filesystem->driver, "path"))
                return refuse(builder, filesystem, "QEMU has no such driver/@type (any more)");
        if ((filesystem->fmode || filesystem->dmode) &&
            !text_is(filesystem->access_mode, "mapped"))
                return refuse(builder, filesystem,
                              "fmode and dmode are a matter of accessmode 'mapped'");
        option_add(&fsdev, "local,security_model=%s", security_model(filesystem));
        option_add_text(&fsdev, "multidevs",
                        text_is(filesystem->multidevs, "default") ? NULL : filesystem->multidevs);
        option_add_text(&fsdev, "fmode", filesystem->fmode);
        option_add_text(&fsdev, "dmode", filesystem->dmode);
        option_add_text(&fsdev, "writeout", filesystem->wrpolicy);
        option_add(&fsdev, ",id=fsdev-%s", filesystem->device.alias);
        option_add_text(&fsdev, "path", filesystem->source);
        if (filesystem->readonly)
                option_add(&fsdev, ",readonly=on");
        option_done(&fsdev, "fsdev");
        return 0;
}

static int build_9p(Builder *builder, const DomainFilesystem *filesystem) {
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("virtio-9p", filesystem->model, &filesystem->device);
        json_object *object = NULL;
        int r = add_fsdev(builder, filesystem);

        if (r >= 0)
                r = device_begin(builder, driver, &filesystem->device, &object,
                                 "devices/filesystem '%s'", filesystem->target ?: "");
        if (r < 0)
                return r;
        json_putf(builder, object, "fsdev", "fsdev-%s", filesystem->device.alias);
        json_put_text(builder, object, "mount_tag", filesystem->target);
        device_end(builder, object);
        return 0;
}

/* ---- virtiofs ---- */

/* The other process sees the guest's memory only if QEMU shares it. */
bool qemu_shares_memory(const DomainConf *conf) {
        bool shared = text_is(conf->backing.access, "shared");

        if (!conf->cpu || conf->cpu->cells.n == 0)
                return shared;
        for (size_t i = 0; i < conf->cpu->cells.n; i++) {
                const char *access = conf->cpu->cells.items[i]->mem_access;

                if (access ? !text_is(access, "shared") : !shared)
                        return false;
        }
        return true;
}

static void add_chardev(Builder *builder, const DomainFilesystem *filesystem) {
        _cleanup_(option_clear) Option chardev = { .builder = builder };
        _cleanup_(freep) char *name = qemu_filesystem_socket(filesystem), *path = NULL;

        if (!name || asprintf(&path, "%s/%s", builder->places->folder, name) < 0) {
                path = NULL;
                builder->no_memory = true;
        }
        option_add(&chardev, "socket,id=chr-vu-%s", filesystem->device.alias);
        option_add_text(&chardev, "path", filesystem->socket ?: path);
        option_done(&chardev, "chardev");
}

static int check_virtiofs(Builder *builder, const DomainFilesystem *filesystem) {
        if (filesystem->access_mode && !text_is(filesystem->access_mode, "passthrough"))
                return refuse(builder, filesystem,
                              "virtiofs only supports passthrough accessmode");
        if (filesystem->wrpolicy)
                return refuse(builder, filesystem, "virtiofs does not support wrpolicy");
        if (filesystem->idmap)
                return refuse(builder, filesystem, "virtiofsd is not told of idmap");
        if (!filesystem->socket && !filesystem->source)
                return refuse(builder, filesystem, "a <source dir='...'> is missing");
        if (!qemu_shares_memory(builder->conf) && qemu_platform(builder->conf) != PLATFORM_S390)
                return refuse(builder, filesystem,
                              "virtiofs requires shared memory: <memoryBacking> needs "
                              "<access mode='shared'/>");
        return 0;
}

static int build_virtiofs(Builder *builder, const DomainFilesystem *filesystem) {
        _cleanup_(freep) char *driver = virtio_driver("vhost-user-fs", &filesystem->device);
        json_object *object = NULL;
        int r = check_virtiofs(builder, filesystem);

        if (r < 0)
                return r;
        add_chardev(builder, filesystem);
        r = device_begin(builder, driver, &filesystem->device, &object, "devices/filesystem '%s'",
                         filesystem->target ?: "");
        if (r < 0)
                return r;
        json_putf(builder, object, "chardev", "chr-vu-%s", filesystem->device.alias);
        json_put_some(builder, object, "queue-size", filesystem->queue_size);
        json_put_text(builder, object, "tag", filesystem->target);
        json_put_some(builder, object, "bootindex",
                      boot_index(builder, DEVICE_FILESYSTEM, &filesystem->device));
        device_end(builder, object);
        return 0;
}

int build_filesystem(Builder *builder, const Device *device, size_t index) {
        const DomainFilesystem *filesystem = (const DomainFilesystem *) device;

        if (filesystem->type != FILESYSTEM_MOUNT)
                return refuse(builder, filesystem,
                              "only supports mount filesystem type for QEMU guests");
        if (text_is(filesystem->driver, "virtiofs"))
                return build_virtiofs(builder, filesystem);
        return build_9p(builder, filesystem);
}
