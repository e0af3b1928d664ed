/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes of the test driver: they have sizes and no bytes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/api.h"
#include "drivers/test/storage.h"

/* ---- a volume to be ---- */

/* What kind of thing a volume is where a pool doesn't hold files. */
static VolumeType type_in(PoolType pool) {
        switch (pool) {
        case POOL_DIR:
        case POOL_FS:
        case POOL_NETFS:
        case POOL_VSTORAGE:
                return VOLUME_FILE;
        case POOL_LOGICAL:
        case POOL_DISK:
        case POOL_ISCSI:
        case POOL_SCSI:
        case POOL_MPATH:
        case POOL_ZFS:
                return VOLUME_BLOCK;
        case POOL_ISCSI_DIRECT:
        case POOL_RBD:
        case POOL_SHEEPDOG:
        case POOL_GLUSTER:
        case _POOL_TYPE_MAX:
                break;
        }
        return VOLUME_NETWORK;
}

/* Where it lies is the pool's business, whatever the text says; the key is the same. */
static int place(VolumeConf *conf, const PoolConf *pool, Error *error) {
        const char *folder = pool->target_path ?: pool->source.name ?: pool->name;
        char *path = NULL;
        int r = test_set_text(&conf->target.path,
                              asprintf(&path, "%s/%s", folder, conf->name) < 0 ? NULL : path,
                              error);

        if (r >= 0)
                r = test_set_text(&conf->key, strdup(conf->target.path), error);
        if (r < 0)
                return r;
        conf->type = type_in(pool->type);
        if (conf->type == VOLUME_FILE && conf->target.format &&
            strcmp(conf->target.format, "dir") == 0)
                conf->type = VOLUME_DIR;
        return 0;
}

static int take(Pool *pool, const char *xml, uint32_t flags, const Volume *from, VolumeConf **ret,
                Error *error) {
        _cleanup_(volume_conf_freep) VolumeConf *conf = NULL;
        _cleanup_(pool_conf_freep) PoolConf *pool_conf = NULL;
        int r = volume_conf_parse(xml, flags & VOLUME_CREATE_VALIDATE ? CONF_VALIDATE : 0, &conf,
                                  error);

        if (r >= 0)
                r = pool_conf_of(pool, &pool_conf, error);
        if (r >= 0)
                r = volume_conf_settle(conf, pool_conf->type, !from && !conf->backing, error);
        if (r >= 0 && (!conf->name || !*conf->name || strchr(conf->name, '/')))
                r = fail(error, ERROR_XML, "a volume's name is not empty and has no '/'");
        if (r >= 0)
                r = place(conf, pool_conf, error);
        if (r < 0)
                return r;
        if (from)
                conf->capacity = MAX(conf->capacity, from->capacity);
        if (!conf->has_allocation)
                conf->allocation = conf->capacity;
        conf->physical = conf->allocation;
        *ret = TAKE(conf);
        return 0;
}

static int check_space(const Pool *pool, uint64_t bytes, const char *name, Error *error) {
        return bytes <= pool->available
                       ? 0
                       : fail(error, ERROR_OPERATION_FAILED,
                              "not enough free space in storage pool '%s' for volume '%s': it "
                              "wants %" PRIu64 " bytes, there are %" PRIu64,
                              pool->defined.resource.name, name, bytes, pool->available);
}

static int make(Pool *pool, const char *xml, uint32_t flags, const Volume *from, Job *job,
                Error *error) {
        _cleanup_(volume_conf_freep) VolumeConf *conf = NULL;
        Volume *volume;
        int r = defined_need_active(&pool->defined, error);

        if (r >= 0)
                r = take(pool, xml, flags, from, &conf, error);
        if (r >= 0)
                r = check_space(pool, conf->allocation, conf->name, error);
        if (r >= 0)
                r = volume_add(pool, conf, &volume, error);
        if (r < 0)
                return r;
        test_pool_allocate(pool, conf->allocation);
        job->result.resource = resource_ref(&volume->defined.resource);
        return DONE;
}

/* ---- the operations ---- */

int test_volume_create(Pool *pool, const char *xml, uint32_t flags, Job *job, Error *error) {
        return make(pool, xml, flags, NULL, job, error);
}

int test_volume_clone(Pool *pool, const char *xml, Volume *from, uint32_t flags, Job *job,
                      Error *error) {
        return make(pool, xml, flags, from, job, error);
}

int test_volume_delete(Volume *volume, uint32_t flags, Job *job, Error *error) {
        test_pool_allocate(volume_pool(volume), -(int64_t) volume->allocation);
        defined_detach(&volume->defined);
        return DONE;
}

/* The capacity that is asked for. */
static int new_capacity(const Volume *volume, uint64_t capacity, uint32_t flags, uint64_t *ret,
                        Error *error) {
        bool shrink = flags & VOLUME_RESIZE_SHRINK;

        *ret = capacity;
        if (flags & VOLUME_RESIZE_DELTA && shrink)
                *ret = volume->capacity - MIN(volume->capacity, capacity);
        else if (flags & VOLUME_RESIZE_DELTA &&
                 __builtin_add_overflow(volume->capacity, capacity, ret))
                return fail(error, ERROR_INVALID_ARG, "a capacity of more than 2^64 bytes");
        if (*ret < volume->allocation)
                return fail(error, ERROR_INVALID_ARG,
                            "can't shrink capacity below existing allocation");
        if (*ret < volume->capacity && !shrink)
                return fail(error, ERROR_INVALID_ARG,
                            "can't shrink capacity below current capacity unless the shrink flag "
                            "(%d) is given", VOLUME_RESIZE_SHRINK);
        return 0;
}

int test_volume_resize(Volume *volume, uint64_t capacity, uint32_t flags, Job *job, Error *error) {
        _cleanup_(volume_conf_freep) VolumeConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        Pool *pool = volume_pool(volume);
        uint64_t wanted, more;
        int r = new_capacity(volume, capacity, flags, &wanted, error);

        if (r < 0)
                return r;
        more = wanted > volume->capacity ? wanted - volume->capacity : 0;
        r = check_space(pool, more, volume->defined.resource.name, error);
        if (r >= 0)
                r = volume_conf_of(volume, &conf, error);
        if (r < 0)
                return r;
        if (!(flags & VOLUME_RESIZE_ALLOCATE))
                more = 0;
        conf->capacity = wanted;
        conf->allocation += more;
        conf->physical = conf->allocation;
        r = volume_conf_print(conf, 0, &text, error);
        if (r >= 0)
                r = defined_replace(&volume->defined, true, text, error);
        if (r >= 0)
                test_pool_allocate(pool, more);
        return r;
}

int test_volume_wipe(Volume *volume, uint32_t pattern, uint32_t flags, Job *job, Error *error) {
        if (pattern >= VOLUME_WIPE_ALGORITHMS)
                return fail(error, ERROR_INVALID_ARG, "wiping algorithm %u not supported", pattern);
        return DONE; /* it has no bytes */
}
