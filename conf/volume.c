/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <volume>: its rows, what is filled in, and its rules. */
#include "conf/volume.h"

#include <errno.h>
#include <string.h>

#include "conf/storage-rows.h"

const char *const volume_types[] = {
        "file", "block", "dir", "network", "netdir", "ploop", NULL,
};

static const MapElement extent_element = { "extent", sizeof(PoolExtent), (const MapField[]) {
        U64("@start", PoolExtent, start, EXPLICIT),
        U64("@end",   PoolExtent, end, EXPLICIT),
        {}
} };

static const MapElement device_element = { "device", sizeof(VolumeDevice), (const MapField[]) {
        STRING("@path",  VolumeDevice, path),
        LIST  ("extent", VolumeDevice, extents, PoolExtent, &extent_element),
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

const DocumentKind volume_kind = { &volume_element, NULL, NULL, NULL };
