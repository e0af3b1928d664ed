/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage pools and their volumes as live resources. */
#include "drivers/storage.h"

#include <string.h>

#include "conf/api.h"

/* ---- pools ---- */

static int identify_pool(const char *text, DefinedIdentity *ret, char **ret_name, Error *error) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        int r = pool_conf_parse(text, 0, &conf, error);

        if (r < 0)
                return r;
        *ret_name = TAKE(conf->name);
        *ret = (DefinedIdentity) { .name = *ret_name, .uuid = conf->uuid };
        return 0;
}

/* virConnectListAllStoragePoolsFlags, where iSCSI without a kernel came last. */
static uint32_t list_type(PoolType type) {
        static const uint8_t bits[_POOL_TYPE_MAX] = {
                [POOL_DIR] = 6,      [POOL_FS] = 7,        [POOL_NETFS] = 8,
                [POOL_LOGICAL] = 9,  [POOL_DISK] = 10,     [POOL_ISCSI] = 11,
                [POOL_SCSI] = 12,    [POOL_MPATH] = 13,    [POOL_RBD] = 14,
                [POOL_SHEEPDOG] = 15, [POOL_GLUSTER] = 16, [POOL_ZFS] = 17,
                [POOL_VSTORAGE] = 18, [POOL_ISCSI_DIRECT] = 19,
        };

        return BIT(bits[type]);
}

static int note_pool(Defined *defined, const char *text, Error *error) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        int r = pool_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r >= 0)
                pool_of(&defined->resource)->list_type = list_type(conf->type);
        return r;
}

const DefinedKind pool_kind_defined = {
        .kind = RESOURCE_POOL, .noun = "storage pool", .folder = "storage", .size = sizeof(Pool),
        .identify = identify_pool, .note = note_pool,
};

int pool_conf_of(const Pool *pool, PoolConf **ret, Error *error) {
        return pool_conf_parse(defined_text(&pool->defined, false), CONF_TRUSTED | CONF_LIVE, ret,
                               error);
}

int pool_xml(const Pool *pool, uint32_t flags, char **ret, Error *error) {
        const char *text = defined_text(&pool->defined, flags & XML_INACTIVE);
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        int r = pool_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        conf->capacity = pool->capacity;
        conf->allocation = pool->allocation;
        conf->available = pool->available;
        return pool_conf_print(conf, 0, ret, error);
}

/* ---- volumes ---- */

static int note_volume(Defined *defined, const char *text, Error *error) {
        Volume *volume = volume_of(&defined->resource);
        _cleanup_(volume_conf_freep) VolumeConf *conf = NULL;
        int r = volume_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        free(volume->path);
        volume->path = TAKE(conf->target.path);
        volume->type = conf->type;
        volume->capacity = conf->capacity;
        volume->allocation = conf->allocation;
        volume->physical = conf->physical;
        return 0;
}

static void done_volume(Defined *defined) {
        free(volume_of(&defined->resource)->path);
}

const DefinedKind volume_kind_defined = {
        .kind = RESOURCE_VOLUME, .noun = "storage volume", .size = sizeof(Volume),
        .note = note_volume, .done = done_volume,
};

Volume *volume_by_path(Connection *connection, const char *path) {
        const ResourceSet *set = connection_set(connection, RESOURCE_VOLUME);

        for (size_t i = 0; i < set->n; i++) {
                Volume *volume = volume_of(set->items[i]);

                if (volume->path && strcmp(volume->path, path) == 0)
                        return volume;
        }
        return NULL;
}

int volume_conf_of(const Volume *volume, VolumeConf **ret, Error *error) {
        return volume_conf_parse(volume->defined.live, CONF_TRUSTED | CONF_LIVE, ret, error);
}

int volume_xml(const Volume *volume, uint32_t flags, char **ret, Error *error) {
        *ret = strdup(volume->defined.live);
        return *ret ? 0 : fail_memory(error);
}

int volume_add(Pool *pool, VolumeConf *conf, Volume **ret, Error *error) {
        Resource *parent = &pool->defined.resource;
        Connection *connection = parent->connection;
        DefinedIdentity who = { .name = conf->name, .key = conf->key, .parent = parent };
        _cleanup_(freep) char *text = NULL;
        Defined *defined;
        int r;

        if (resource_set_child(connection_set(connection, RESOURCE_VOLUME), parent, conf->name))
                return fail(error, ERROR_VOLUME_EXISTS, "'%s' in storage pool '%s'", conf->name,
                            parent->name);
        r = volume_conf_print(conf, 0, &text, error);
        if (r >= 0)
                r = defined_create(connection, &volume_kind_defined, &who, text, &defined, error);
        if (r < 0)
                return r;
        defined->active = true;
        defined_announce(defined);
        if (ret)
                *ret = volume_of(&defined->resource);
        return 0;
}

void pool_forget_volumes(Pool *pool) {
        const ResourceSet *set = &pool->defined.resource.connection->sets[RESOURCE_VOLUME];

        for (size_t i = set->n; i > 0; i--)
                if (set->items[i - 1]->parent == &pool->defined.resource)
                        defined_detach(defined_of(set->items[i - 1]));
}
