/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage pools of the test driver: each is a disk of 100 GiB that keeps its volumes while the pool
 * is stopped, as real disks do. */
#include <stdio.h>
#include <string.h>

#include "conf/api.h"
#include "drivers/log.h"
#include "drivers/test/storage.h"

#define CAPACITY (UINT64_C(100) << 30)

/* ---- the disk: texts of volumes that no pool shows ---- */

typedef struct Disk {
        char **volumes;
        size_t n;
        bool owns_adapter; /* while the pool runs */
} Disk;

static void disk_clear(Disk *disk) {
        for (size_t i = 0; i < disk->n; i++)
                free(disk->volumes[i]);
        free(disk->volumes);
        disk->volumes = NULL;
        disk->n = 0;
}

static void disk_free(void *data) {
        disk_clear(data);
        free(data);
}

static int disk_of(Pool *pool, Disk **ret, Error *error) {
        if (!pool->defined.data)
                pool->defined.data = calloc(1, sizeof(Disk));
        if (pool->defined.data)
                pool->defined.data_free = disk_free;
        *ret = pool->defined.data;
        return *ret ? 0 : fail_memory(error);
}

static bool is_in(const Resource *volume, const Pool *pool) {
        return volume->parent == &pool->defined.resource;
}

static int disk_put(Pool *pool, Disk *disk, Error *error) {
        const ResourceSet *set = &pool->defined.resource.connection->sets[RESOURCE_VOLUME];

        disk_clear(disk);
        disk->volumes = calloc(set->n + 1, sizeof(*disk->volumes));
        if (!disk->volumes)
                return fail_memory(error);
        for (size_t i = 0; i < set->n; i++) {
                if (!is_in(set->items[i], pool))
                        continue;
                disk->volumes[disk->n] = strdup(defined_of(set->items[i])->live);
                if (!disk->volumes[disk->n++])
                        return fail_memory(error);
        }
        return 0;
}

static int disk_show(Pool *pool, const Disk *disk, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < disk->n; i++) {
                _cleanup_(volume_conf_freep) VolumeConf *conf = NULL;

                r = volume_conf_parse(disk->volumes[i], CONF_TRUSTED | CONF_LIVE, &conf, error);
                if (r >= 0)
                        r = volume_add(pool, conf, NULL, error);
                if (r >= 0)
                        test_pool_allocate(pool, conf->allocation);
        }
        return r;
}

void test_pool_allocate(Pool *pool, int64_t bytes) {
        pool->allocation += bytes;
        pool->available = pool->capacity > pool->allocation ? pool->capacity - pool->allocation : 0;
}

/* ---- definitions ---- */

typedef int (*Keep)(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                    const char *text, Defined **ret, Error *error);

static int take(Connection *connection, const char *xml, bool validate, Keep keep, Pool **ret,
                Error *error) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        Defined *defined;
        int r = pool_conf_parse(xml, validate ? CONF_VALIDATE : 0, &conf, error);

        if (r < 0)
                return r;
        conf->capacity = conf->allocation = conf->available = 0;
        r = pool_conf_print(conf, MAP_LIVE, &text, error);
        if (r < 0)
                return r;
        DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = keep(connection, &pool_kind_defined, &who, text, &defined, error);
        if (r >= 0)
                *ret = pool_of(&defined->resource);
        return r;
}

static int define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                  Error *error) {
        Pool *pool;
        int r = take(connection, xml, flags & DEFINE_VALIDATE, defined_define, &pool, error);

        if (r >= 0)
                job->result.resource = resource_ref(&pool->defined.resource);
        return r;
}

static int undefine(Pool *pool, Job *job, Error *error) {
        int r = defined_need_inactive(&pool->defined, error);

        return r < 0 ? r : defined_undefine(&pool->defined, error);
}

/* ---- active or not ---- */

static int check_overwrite(uint32_t flags, uint32_t overwrite, uint32_t no_overwrite,
                           Error *error) {
        return flags & overwrite && flags & no_overwrite
                       ? fail(error, ERROR_INVALID_ARG,
                              "a pool cannot both be overwritten (flag %u) and not (flag %u)",
                              overwrite, no_overwrite)
                       : 0;
}

static int run(Pool *pool, Error *error) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        _cleanup_(error_clear) Error cause = {};
        _cleanup_(freep) char *told = NULL;
        Disk *disk;
        int r = disk_of(pool, &disk, error);

        if (r >= 0)
                r = pool_conf_of(pool, &conf, error);
        if (r >= 0)
                r = test_pool_adapter_start(pool, &conf->source.adapter, &disk->owns_adapter,
                                            error);
        if (r < 0)
                return r;
        pool->state = POOL_RUNNING;
        pool->capacity = CAPACITY;
        pool->allocation = 0;
        test_pool_allocate(pool, 0);
        defined_started(&pool->defined);
        if (disk_show(pool, disk, &cause) >= 0)
                return 0;
        told = error_text(&cause);
        log_resource(LOG_ERR, &pool->defined.resource, "a volume is missing: %s",
                     told ?: "out of memory");
        return 0;
}

static int create(Connection *connection, const char *xml, uint32_t flags, Job *job,
                  Error *error) {
        Pool *pool;
        int r = check_overwrite(flags, POOL_CREATE_WITH_BUILD_OVERWRITE,
                                POOL_CREATE_WITH_BUILD_NO_OVERWRITE, error);

        if (r >= 0)
                r = take(connection, xml, false, defined_create, &pool, error);
        if (r < 0)
                return r;
        job->result.resource = resource_ref(&pool->defined.resource);
        r = run(pool, error);
        if (r < 0)
                defined_start_failed(&pool->defined);
        return r;
}

static int start(Pool *pool, uint32_t flags, Job *job, Error *error) {
        int r = check_overwrite(flags, POOL_CREATE_WITH_BUILD_OVERWRITE,
                                POOL_CREATE_WITH_BUILD_NO_OVERWRITE, error);

        if (r >= 0)
                r = defined_need_inactive(&pool->defined, error);
        return r < 0 ? r : run(pool, error);
}

static int destroy(Pool *pool, Job *job, Error *error) {
        _cleanup_(pool_conf_freep) PoolConf *conf = NULL;
        Disk *disk = pool->defined.data;
        int r = defined_need_active(&pool->defined, error);

        if (r >= 0)
                r = pool_conf_of(pool, &conf, error);
        if (r >= 0)
                r = disk_put(pool, disk, error);
        if (r < 0)
                return r;
        if (disk->owns_adapter)
                test_pool_adapter_stop(pool, &conf->source.adapter);
        pool_forget_volumes(pool);
        pool->state = POOL_INACTIVE;
        pool->capacity = pool->allocation = pool->available = 0;
        defined_stopped(&pool->defined);
        return DONE;
}

/* ---- what is below ---- */

static int build(Pool *pool, uint32_t flags, Job *job, Error *error) {
        int r = check_overwrite(flags, POOL_BUILD_OVERWRITE, POOL_BUILD_NO_OVERWRITE, error);

        if (r >= 0)
                r = defined_need_inactive(&pool->defined, error);
        if (r >= 0)
                defined_report(&pool->defined, EVENT_CREATED);
        return r;
}

static int delete(Pool *pool, uint32_t flags, Job *job, Error *error) {
        int r = defined_need_inactive(&pool->defined, error);

        if (r < 0)
                return r;
        if (pool->defined.data)
                disk_clear(pool->defined.data);
        defined_report(&pool->defined, EVENT_DELETED);
        return DONE;
}

static int refresh(Pool *pool, uint32_t flags, Job *job, Error *error) {
        int r = defined_need_active(&pool->defined, error);

        if (r >= 0)
                event_report(&pool->defined.resource.connection->hub,
                             &(Event) { .kind = EVENT_REFRESH,
                                        .resource = &pool->defined.resource });
        return r;
}

static const char logical_sources[] =
        "<sources>\n"
        "  <source>\n"
        "    <device path='/dev/sda20'/>\n"
        "    <name>testvg1</name>\n"
        "    <format type='lvm2'/>\n"
        "  </source>\n"
        "  <source>\n"
        "    <device path='/dev/sda21'/>\n"
        "    <name>testvg2</name>\n"
        "    <format type='lvm2'/>\n"
        "  </source>\n"
        "</sources>\n";

/* A host's name is hostile: it goes through a tree, not through a format. */
static int netfs_sources(const char *xml, char **ret, Error *error) {
        _cleanup_(pool_source_conf_freep) PoolSourceSpec *spec = NULL;
        int r = *xml ? pool_source_conf_parse(xml, 0, &spec, error) : 0;

        if (r < 0)
                return r;
        if (!spec || !spec->host)
                return fail(error, ERROR_INVALID_ARG,
                            "hostname must be specified for netfs sources");

        _cleanup_(xml_doc_freep) xmlDoc *doc = xmlNewDoc(NULL);
        xmlNode *root = doc ? xmlNewDocNode(doc, NULL, (const xmlChar *) "sources", NULL) : NULL;
        if (!root)
                return fail_memory(error);
        xmlDocSetRootElement(doc, root);
        xmlNode *source = xmlNewChild(root, NULL, (const xmlChar *) "source", NULL);
        xmlNode *host = source ? xmlNewChild(source, NULL, (const xmlChar *) "host", NULL) : NULL;
        xmlNode *dir = host ? xmlNewChild(source, NULL, (const xmlChar *) "dir", NULL) : NULL;
        xmlNode *format = dir ? xmlNewChild(source, NULL, (const xmlChar *) "format", NULL) : NULL;
        if (!format ||
            !xmlNewProp(host, (const xmlChar *) "name", (const xmlChar *) spec->host) ||
            !xmlNewProp(dir, (const xmlChar *) "path", (const xmlChar *) "/testshare") ||
            !xmlNewProp(format, (const xmlChar *) "type", (const xmlChar *) "nfs") ||
            xml_print_doc(doc, ret) < 0)
                return fail_memory(error);
        return 0;
}

static int find_sources(Connection *connection, const char *type, const char *xml, uint32_t flags,
                        Job *job, Error *error) {
        if (strcmp(type, pool_types[POOL_NETFS]) == 0)
                return netfs_sources(xml ?: "", &job->result.text, error);
        if (strcmp(type, pool_types[POOL_LOGICAL]) == 0) {
                job->result.text = strdup(logical_sources);
                return job->result.text ? 0 : fail_memory(error);
        }
        for (size_t i = 0; pool_types[i]; i++)
                if (strcmp(type, pool_types[i]) == 0)
                        return fail(error, ERROR_NO_SUPPORT,
                                    "pool type '%s' does not support source discovery", type);
        return fail(error, ERROR_INVALID_ARG, "unknown storage pool type '%.*s'", xml_clip(type),
                    type);
}

const StorageOps test_storage = {
        .define = define,
        .create = create,
        .undefine = undefine,
        .start = start,
        .destroy = destroy,
        .build = build,
        .delete = delete,
        .refresh = refresh,
        .find_sources = find_sources,
        .create_volume = test_volume_create,
        .clone_volume = test_volume_clone,
        .delete_volume = test_volume_delete,
        .resize_volume = test_volume_resize,
        .wipe_volume = test_volume_wipe,
};

/* ---- the world at the start ---- */

int test_pools_populate(Connection *connection, Error *error) {
        static const char xml[] =
                "<pool type='dir'>"
                "  <name>default-pool</name>"
                "  <uuid>dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566</uuid>"
                "  <target><path>/default-pool</path></target>"
                "</pool>";
        Pool *pool;
        int r = take(connection, xml, false, defined_define, &pool, error);

        return r < 0 ? r : run(pool, error);
}
