/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a storage volume is: libvirt's <volume>. */
#pragma once

#include "conf/document.h"
#include "conf/pool.h"

typedef enum VolumeType {
        VOLUME_FILE,
        VOLUME_BLOCK,
        VOLUME_DIR,
        VOLUME_NETWORK,
        VOLUME_NETDIR,
        VOLUME_PLOOP,
} VolumeType;

extern const char *const volume_types[];

typedef struct VolumeTimestamps {
        char *atime, *btime, *mtime, *ctime; /* "seconds" or "seconds.nanoseconds" */
} VolumeTimestamps;

typedef struct VolumeDevice {
        MapItem item;
        char *path;
        MAP_LIST(PoolExtent) extents;
} VolumeDevice;

/* target and backingStore */
typedef struct VolumeTarget {
        char *path, *format; /* format: one of pool_volume_formats() */
        StoragePermissions permissions;
        VolumeTimestamps timestamps;
        StorageEncryption *encryption;
        char *compat; /* "0.10", "1.1" */
        bool nocow;
        uint64_t cluster_size; /* bytes, 0: not given */
        bool lazy_refcounts, extended_l2;
} VolumeTarget;

typedef struct VolumeConf {
        xmlDoc *document;
        VolumeType type;
        char *name, *key;
        uint64_t capacity; /* bytes */
        uint64_t allocation, physical;
        bool has_capacity, has_allocation; /* given; without it allocation is capacity */
        MAP_LIST(VolumeDevice) source_devices; /* where its extents are: what the driver found */
        VolumeTarget target;
        VolumeTarget *backing; /* NULL: none */
} VolumeConf;

DECLARE_CONF(VolumeConf, volume);

/* What depends on the pool it is in: formats that are possible, the one that is meant when none is
 * given, and whether a capacity is needed (not for a copy of another, nor with a backing store).
 * Follows volume_conf_parse(). */
int volume_conf_settle(VolumeConf *conf, PoolType pool, bool need_capacity, Error *error);
