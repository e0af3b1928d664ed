/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <volume>: its rows, what is filled in, and its rules. */
#include "conf/volume.h"

#include <errno.h>
#include <string.h>

#include "conf/storage-rows.h"

const char *const volume_types[] = {
        "file", "block", "dir", "network", "netdir", "ploop", NULL,
};

static const MapElement device_element = { "device", sizeof(VolumeDevice), (const MapField[]) {
        STRING("@path",  VolumeDevice, path),
        LIST  ("extent", VolumeDevice, extents, PoolExtent, &storage_extent_element),
        {}
} };

static const MapElement target_element = { "target", sizeof(VolumeTarget), (const MapField[]) {
        STRING("path",                    VolumeTarget, path),
        STRING("format/@type",            VolumeTarget, format),
        STRUCT("permissions",             VolumeTarget, permissions, StoragePermissions,
               &storage_permissions_element),
        STRING("timestamps/atime",        VolumeTarget, timestamps.atime),
        STRING("timestamps/btime",        VolumeTarget, timestamps.btime),
        STRING("timestamps/mtime",        VolumeTarget, timestamps.mtime),
        STRING("timestamps/ctime",        VolumeTarget, timestamps.ctime),
        OPTIONAL("encryption",            VolumeTarget, encryption, StorageEncryption,
                 &storage_encryption_element),
        STRING("compat",                  VolumeTarget, compat),
        FLAG  ("nocow",                   VolumeTarget, nocow),
        BYTES ("clusterSize",             VolumeTarget, cluster_size, CANONICAL),
        FLAG  ("features/lazy_refcounts", VolumeTarget, lazy_refcounts),
        FLAG  ("features/extended_l2",    VolumeTarget, extended_l2),
        {}
} };

static const MapElement volume_element = { "volume", sizeof(VolumeConf), (const MapField[]) {
        ENUM  ("@type",         VolumeConf, type, volume_types, WRITTEN),
        STRING("name",          VolumeConf, name),
        STRING("key",           VolumeConf, key),
        LIST  ("source/device", VolumeConf, source_devices, VolumeDevice, &device_element),
        BYTES ("capacity",      VolumeConf, capacity, WRITTEN),
        BYTES ("allocation",    VolumeConf, allocation, WRITTEN),
        BYTES ("physical",      VolumeConf, physical, CANONICAL),
        STRUCT("target",        VolumeConf, target, VolumeTarget, &target_element),
        OPTIONAL("backingStore", VolumeConf, backing, VolumeTarget, &target_element),
        {}
} };

/* ---- what is filled in ---- */

static int complete(void *object, Error *error) {
        VolumeConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        const xmlNode *target = child_of(root, "target");

        conf->has_capacity |= child_of(root, "capacity") != NULL;
        conf->has_allocation |= child_of(root, "allocation") != NULL;
        if (!conf->has_allocation)
                conf->allocation = conf->capacity;
        if (!conf->target.compat && child_of(target, "features") &&
            set_string(&conf->target.compat, "1.1") < 0)
                return fail_memory(error);
        return 0;
}

/* ---- rules ---- */

/* "0.10", "1.1" */
static bool is_version(const char *text) {
        size_t major = strspn(text, "0123456789");
        const char *minor = text + major + (text[major] == '.');

        return major > 0 && text[major] == '.' && *minor &&
               minor[strspn(minor, "0123456789")] == 0;
}

static int check_target(const VolumeTarget *target, const xmlNode *node, Error *error) {
        int r = encryption_check(target->encryption, node, error);

        if (r < 0)
                return r;
        if (target->compat && !is_version(target->compat))
                return fail_at(error, ERROR_XML, node, "compat '%s' is no version",
                               target->compat);
        return 0;
}

static int check(const void *object, Error *error) {
        const VolumeConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        int r;

        if (!conf->name)
                return fail_at(error, ERROR_XML, root, "a volume lacks its name");
        if (strchr(conf->name, '/') && conf->type != VOLUME_NETWORK && conf->type != VOLUME_NETDIR)
                return fail_at(error, ERROR_XML, root, "a volume's name has no '/' in it");
        if ((r = check_target(&conf->target, child_of(root, "target"), error)) < 0)
                return r;
        return conf->backing ? check_target(conf->backing, child_of(root, "backingStore"), error)
                             : 0;
}

static int settle_format(VolumeTarget *target, const char *const *formats, const char *otherwise,
                         const xmlNode *node, Error *error) {
        if (!target->format)
                return set_string(&target->format, otherwise) < 0 ? fail_memory(error) : 0;
        if (map_enum_value(formats, target->format) < 0)
                return fail_at(error, ERROR_XML, node, "a volume of this pool has no format '%s'",
                               target->format);
        return 0;
}

int volume_conf_settle(VolumeConf *conf, PoolType pool, bool need_capacity, Error *error) {
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        const char *const *formats = pool_volume_formats(pool);
        int r = 0;
        bool backed = conf->backing && conf->backing->path; /* <backingStore/> means none */

        if (need_capacity && !conf->has_capacity && !backed)
                return fail_at(error, ERROR_XML, root, "a volume lacks its capacity");
        if (formats)
                r = settle_format(&conf->target, formats, *formats, root, error);
        if (formats && backed && r >= 0)
                r = settle_format(conf->backing, formats, "raw", root, error);
        return r;
}

const DocumentKind volume_kind = { &volume_element, complete, check, NULL };
