/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage pools and their volumes as live resources. Sizes in bytes. */
#pragma once

#include "conf/pool.h"
#include "conf/volume.h"
#include "drivers/defined.h"

/* virStoragePoolState */
typedef enum PoolState {
        POOL_INACTIVE,
        POOL_BUILDING,
        POOL_RUNNING,
        POOL_DEGRADED,
        POOL_INACCESSIBLE,
} PoolState;

/* capacity, allocation and available are 0 while it is inactive, as libvirt shows them. */
typedef struct Pool {
        Defined defined;
        PoolState state;
        uint32_t list_type; /* its bit in virConnectListAllStoragePoolsFlags */
        uint64_t capacity, allocation, available;
} Pool;

/* A volume lives as long as its pool is active; resource.key is its key, resource.parent the
 * pool. */
typedef struct Volume {
        Defined defined; /* live is its text */
        char *path;
        int type; /* virStorageVolType */
        uint64_t capacity, allocation, physical;
} Volume;

extern const DefinedKind pool_kind_defined, volume_kind_defined;

static inline Pool *pool_of(Resource *resource) {
        return container_of(resource, Pool, defined.resource);
}

static inline Volume *volume_of(Resource *resource) {
        return container_of(resource, Volume, defined.resource);
}

static inline Pool *volume_pool(const Volume *volume) {
        return pool_of(volume->defined.resource.parent);
}

/* Tree and view of what is in force. */
int pool_conf_of(const Pool *pool, PoolConf **ret, Error *error);
int volume_conf_of(const Volume *volume, VolumeConf **ret, Error *error);

/* The texts that GetXMLDesc(flags) answers, with the sizes of now. Newly allocated. */
int pool_xml(const Pool *pool, uint32_t flags, char **ret, Error *error);
int volume_xml(const Volume *volume, uint32_t flags, char **ret, Error *error);

/* The volume of a path, the first pool's that has it; borrowed or NULL. */
Volume *volume_by_path(Connection *connection, const char *path);

/* Makes one and tells of it; conf has its sizes, key and target path. The pool's own sizes are the
 * driver's business. ERROR_VOLUME_EXISTS when its name is taken. */
int volume_add(Pool *pool, VolumeConf *conf, Volume **ret, Error *error);

/* Detaches all volumes of a pool that stops. */
void pool_forget_volumes(Pool *pool);
