/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph of a disk: chains of images, slices, formats, and what may stand on top. */
#include "drivers/qemu/block.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/transient.h"

/* ---- caches ---- */

/* What a mode means: for the host's page cache, and whether the guest sees a write cache. */
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

const char *block_cache(const DomainDisk *disk) {
        if (disk->cache && !text_is(disk->cache, "default"))
                return disk->cache;
        return disk->shareable && !disk->readonly ? "none" : NULL;
}

static int find_cache(const DomainDisk *disk) {
        const char *cache = block_cache(disk);

        for (size_t i = 0; i < ELEMENTS(caches); i++)
                if (text_is(cache, caches[i].mode))
                        return i;
        return -1;
}

Tristate block_writeback(const DomainDisk *disk) {
        int cache = find_cache(disk);

        if (cache < 0)
                return TRISTATE_UNSET;
        return caches[cache].writeback ? TRISTATE_YES : TRISTATE_NO;
}

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

/* ---- one image ---- */

static const char *format_of(const DomainDisk *image) {
        static const struct {
                const char *format, *driver;
        } formats[] = { { "fat", "raw" }, { "iso", "raw" }, { "vhd", "vhdx" } };

        for (size_t i = 0; i < ELEMENTS(formats); i++)
                if (text_is(image->format, formats[i].format))
                        return formats[i].driver;
        return image->format ?: "raw";
}

static bool has_backing(const char *format) {
        return text_in(format, (const char *const []) { "qcow", "qcow2", "qed", "vmdk", NULL });
}

static int check_format(Builder *builder, const DomainDisk *disk, const DomainDisk *image) {
        const char *format = format_of(image);
        char feature[64];

        (void) snprintf(feature, sizeof(feature), "blockdev-add/driver=%s", format);
        if (!qemu_caps_has(builder->caps, feature))
                return unsupported(builder, "devices/disk '%s': %s has no image format '%s'",
                                   disk->target, builder->caps->binary, format);
        if (disk->discard_no_unref != TRISTATE_UNSET &&
            !qemu_caps_has(builder->caps, "blockdev-add/discard-no-unref"))
                return unsupported(builder, "devices/disk '%s': %s has no discard_no_unref",
                                   disk->target, builder->caps->binary);
        if (image->metadata_cache && !text_is(format, "qcow2"))
                return unsupported(builder,
                                   "devices/disk '%s': metadata_cache is a matter of qcow2, "
                                   "not of '%s'",
                                   disk->target, format);
        return 0;
}

static int add_storage(Builder *builder, const DomainDisk *disk, const DomainDisk *image) {
        json_object *node = json_new(builder);
        int r = block_put_storage(builder, disk, image, node);

        if (r < 0) {
                json_object_put(node);
                return r;
        }
        json_putf(builder, node, "node-name", "libvirt-%u-storage", image->source_index.value);
        put_cache(builder, disk, node);
        json_put_bool(builder, node, "auto-read-only", true);
        json_put_text(builder, node, "discard", "unmap");
        argument_json(builder, "blockdev", node);
        return 0;
}

/* The part of the storage that is meant. */
static const ImageSlice *slice_of(const DomainDisk *image) {
        for (size_t i = 0; i < image->slices.n; i++)
                if (text_is(image->slices.items[i]->type, "storage"))
                        return image->slices.items[i];
        return NULL;
}

static void add_slice(Builder *builder, const DomainDisk *image) {
        const ImageSlice *slice = slice_of(image);
        json_object *node;

        if (!slice)
                return;
        node = json_new(builder);
        json_put_text(builder, node, "driver", "raw");
        json_putf(builder, node, "node-name", "libvirt-%u-slice", image->source_index.value);
        json_put_number(builder, node, "offset", (int64_t) slice->offset);
        json_put_number(builder, node, "size", (int64_t) slice->size);
        json_putf(builder, node, "file", "libvirt-%u-storage", image->source_index.value);
        json_put_bool(builder, node, "auto-read-only", true);
        json_put_text(builder, node, "discard", "unmap");
        argument_json(builder, "blockdev", node);
}

static const ImageEncryption *encryption_of(const DomainDisk *image) {
        return image->source_encryption ?: image->encryption;
}

/* The secret, and driver or options that use it. */
static int put_encryption(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                          json_object *node) {
        const ImageEncryption *encryption = encryption_of(image);
        const char *format = format_of(image);
        json_object *options;
        char id[64];
        int r;

        if (!encryption || text_is(encryption->engine, "librbd")) {
                json_put_text(builder, node, "driver", format);
                return 0;
        }
        if (encryption->secrets.n != 1)
                return unsupported(builder, "devices/disk '%s': <encryption> takes one <secret>",
                                   disk->target);
        (void) snprintf(id, sizeof(id), "libvirt-%u-format-encryption-secret0",
                        image->source_index.value);
        r = secret_object(builder, encryption->secrets.items[0], "volume", id);
        if (r < 0)
                return r;
        if (text_in(format, (const char *const []) { "raw", "luks", NULL }) &&
            text_is(encryption->format, "luks")) {
                json_put_text(builder, node, "driver", "luks");
                json_put_text(builder, node, "key-secret", id);
                return 0;
        }
        if (!text_in(format, (const char *const []) { "qcow", "qcow2", NULL }) ||
            !text_in(encryption->format, (const char *const []) { "luks", "qcow", NULL }))
                return unsupported(builder,
                                   "devices/disk '%s': encryption of format '%s' in an image of "
                                   "format '%s'",
                                   disk->target, encryption->format ?: "", format);
        json_put_text(builder, node, "driver", format);
        options = json_new(builder);
        json_put_text(builder, options, "format",
                      text_is(encryption->format, "qcow") ? "aes" : encryption->format);
        json_put_text(builder, options, "key-secret", id);
        json_put(builder, node, "encrypt", options);
        return 0;
}

static void put_null(Builder *builder, json_object *object, const char *name) {
        if (!object || json_object_object_add(object, name, NULL) < 0)
                builder->no_memory = true;
}

/* An image that the definition ends the chain with has no backing, whatever it says of itself. */
static int put_backing(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                       json_object *node) {
        const DomainDisk *backing = image->backing;

        if (!backing)
                return 0;
        if (!has_backing(format_of(image))) {
                if (!qemu_disk_has_medium(backing))
                        return 0;
                return unsupported(builder,
                                   "devices/disk '%s': storage format '%s' does not support "
                                   "backing store",
                                   disk->target, format_of(image));
        }
        if (qemu_disk_has_medium(backing))
                json_putf(builder, node, "backing", "libvirt-%u-format",
                          backing->source_index.value);
        else
                put_null(builder, node, "backing");
        return 0;
}

static const char *discard_of(const DomainDisk *disk) {
        return text_is(disk->discard, "default") ? NULL : disk->discard;
}

static const char *detect_zeroes(const DomainDisk *disk) {
        if (text_is(disk->detect_zeroes, "default"))
                return NULL;
        if (text_is(disk->detect_zeroes, "unmap") && !text_is(disk->discard, "unmap"))
                return "on"; /* what isn't discarded can't be unmapped */
        return disk->detect_zeroes;
}

static int fill_format(Builder *builder, const DomainDisk *disk, const DomainDisk *image,
                       json_object *node) {
        bool top = disk == image;
        int r;

        json_putf(builder, node, "node-name", "libvirt-%u-format", image->source_index.value);
        json_put_bool(builder, node, "read-only",
                      !top || disk->readonly || disk->kind == DISK_DEVICE_CDROM ||
                              qemu_disk_is_transient(disk));
        put_cache(builder, disk, node);
        json_put_text(builder, node, "discard", discard_of(disk));
        if (top)
                json_put_text(builder, node, "detect-zeroes", detect_zeroes(disk));
        r = put_encryption(builder, disk, image, node);
        if (r < 0)
                return r;
        json_put_some(builder, node, "cache-size", (int64_t) image->metadata_cache);
        if (text_is(format_of(image), "qcow2"))
                json_put_state(builder, node, "discard-no-unref", disk->discard_no_unref);
        json_putf(builder, node, "file", "libvirt-%u-%s", image->source_index.value,
                  slice_of(image) ? "slice" : "storage");
        return put_backing(builder, disk, image, node);
}

static int add_image(Builder *builder, const DomainDisk *disk, const DomainDisk *image) {
        json_object *node;
        int r = check_format(builder, disk, image);

        if (r >= 0)
                r = add_storage(builder, disk, image);
        if (r < 0)
                return r;
        add_slice(builder, image);
        node = json_new(builder);
        r = fill_format(builder, disk, image, node);
        if (r < 0)
                json_object_put(node);
        else
                argument_json(builder, "blockdev", node);
        return r;
}

/* ---- on top ---- */

static bool copies_on_read(const DomainDisk *disk) {
        return disk->copy_on_read == TRISTATE_YES && !disk->readonly &&
               disk->kind != DISK_DEVICE_CDROM;
}

/* The name below the limit number n, and so with all of them the name below what copies. */
static char *limited_name(const DomainDisk *disk, size_t n) {
        char *name;
        int r;

        if (n == 0)
                r = asprintf(&name, "libvirt-%u-%s", disk->source_index.value,
                             qemu_disk_is_transient(disk) ? "overlay" : "format");
        else
                r = asprintf(&name, "libvirt-%u-limit%zu", disk->source_index.value, n - 1);
        return r < 0 ? NULL : name;
}

char *block_top(const DomainDisk *disk) {
        char *name;

        if (!copies_on_read(disk))
                return limited_name(disk, disk->throttle_groups.n);
        return asprintf(&name, "libvirt-CoR-%s", disk->target) < 0 ? NULL : name;
}

/* Everything below is read only: what is written stays here. */
static void add_overlay(Builder *builder, const DomainDisk *disk) {
        _cleanup_(freep) char *path =
                qemu_transient_path(builder->places->state_folder, builder->conf, disk);
        json_object *storage = json_new(builder), *node = json_new(builder);
        unsigned index = disk->source_index.value;

        if (!path)
                builder->no_memory = true;
        json_put_text(builder, storage, "driver", "file");
        json_put_text(builder, storage, "filename", path);
        json_putf(builder, storage, "node-name", "libvirt-%u-overlay-storage", index);
        put_cache(builder, disk, storage);
        json_put_text(builder, storage, "discard", "unmap");
        argument_json(builder, "blockdev", storage);

        json_putf(builder, node, "node-name", "libvirt-%u-overlay", index);
        put_cache(builder, disk, node);
        json_put_text(builder, node, "discard", discard_of(disk));
        json_put_text(builder, node, "detect-zeroes", detect_zeroes(disk));
        json_put_text(builder, node, "driver", "qcow2");
        json_putf(builder, node, "file", "libvirt-%u-overlay-storage", index);
        json_putf(builder, node, "backing", "libvirt-%u-format", index);
        argument_json(builder, "blockdev", node);
}

static void add_limit(Builder *builder, const DomainDisk *disk, size_t n) {
        _cleanup_(freep) char *below = limited_name(disk, n), *name = limited_name(disk, n + 1);
        json_object *node = json_new(builder);

        json_put_text(builder, node, "driver", "throttle");
        json_put_text(builder, node, "node-name", name);
        json_putf(builder, node, "throttle-group", "throttle-%s",
                  disk->throttle_groups.items[n]->name);
        json_put_text(builder, node, "file", below);
        argument_json(builder, "blockdev", node);
}

static void add_copy_on_read(Builder *builder, const DomainDisk *disk) {
        _cleanup_(freep) char *below = limited_name(disk, disk->throttle_groups.n);
        json_object *node = json_new(builder);

        json_put_text(builder, node, "driver", "copy-on-read");
        json_putf(builder, node, "node-name", "libvirt-CoR-%s", disk->target);
        json_put_text(builder, node, "file", below);
        json_put_text(builder, node, "discard", "unmap");
        argument_json(builder, "blockdev", node);
}

/* ---- all of it ---- */

static int add_chain(Builder *builder, const DomainDisk *disk, const DomainDisk *image) {
        int r = 0;

        if (image->backing && qemu_disk_has_medium(image->backing))
                r = add_chain(builder, disk, image->backing);
        return r < 0 ? r : add_image(builder, disk, image);
}

int block_add(Builder *builder, const DomainDisk *disk) {
        int r = add_chain(builder, disk, disk);

        if (r < 0)
                return r;
        if (qemu_disk_is_transient(disk))
                add_overlay(builder, disk);
        for (size_t i = 0; i < disk->throttle_groups.n; i++)
                add_limit(builder, disk, i);
        if (copies_on_read(disk))
                add_copy_on_read(builder, disk);
        return 0;
}
