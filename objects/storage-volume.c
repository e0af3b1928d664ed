/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.StorageVol: its kind, rows and handlers, and how pools and connections find and make
 * volumes. */
#include <string.h>

#include "conf/api-storage.h"
#include "drivers/storage.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define STORAGE(op) { true, offsetof(Driver, storage), offsetof(StorageOps, op) }

/* ---- on a connection ---- */

int connect_volume_by_key(Request *request, Error *error) {
        return reply_by_key(request, &volume_objects, error);
}

/* One '/' where several follow one another or stand at the end. */
static char *clean_path(const char *path) {
        char *clean = strdup(path), *to = clean;

        for (const char *c = path; clean && *c; c++)
                if (*c != '/' || (c[1] != '/' && (c[1] || c == path)))
                        *to++ = *c;
        if (clean)
                *to = 0;
        return clean;
}

/* Keys are paths where volumes are files; what no key is may still be a path. */
static const Volume *find_path(Connection *connection, const char *path) {
        Resource *keyed = resource_set_by_key(kind_set(&volume_objects, connection), path);
        const Volume *volume = keyed ? volume_of(keyed) : NULL;

        if (volume && volume->path && strcmp(volume->path, path) == 0)
                return volume;
        return volume_by_path(connection, path);
}

int connect_volume_by_path(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        _cleanup_(freep) char *clean = NULL;
        const Volume *volume;
        const char *path;
        int r = need_kind(request, &volume_objects, error);

        if (r >= 0)
                r = request_read(request, error, &path);
        if (r < 0)
                return r;
        clean = clean_path(path);
        if (!clean)
                return fail_memory(error);
        volume = find_path(connection, path) ?: find_path(connection, clean);
        return reply_found(request, &volume_objects, volume ? &volume->defined.resource : NULL,
                           "path", path, error);
}

/* ---- on a pool ---- */

int pool_list_volumes(Request *request, Error *error) {
        Resource *pool = request->object.resource;
        int r = defined_need_active(defined_of(pool), error);

        return r < 0 ? r : reply_list(request, &volume_objects, pool, NULL, error);
}

int pool_volume_by_name(Request *request, Error *error) {
        Resource *pool = request->object.resource;
        int r = defined_need_active(defined_of(pool), error);

        return r < 0 ? r : reply_by_name(request, &volume_objects, pool, error);
}

int pool_create_volume(Request *request, Error *error) {
        int (*create)(Pool *, const char *, uint32_t, Job *, Error *) = request_operation(request);
        const char *xml;
        int r = request_read(request, error, &xml, NULL);

        if (r < 0)
                return r;
        return create(pool_of(request->object.resource), xml, request->flags, &request->job, error);
}

/* The source may be in any pool. */
int pool_clone_volume(Request *request, Error *error) {
        int (*clone)(Pool *, const char *, Volume *, uint32_t, Job *, Error *);
        const ResourceSet *set = kind_set(&volume_objects, request->object.connection);
        const char *xml, *key;
        Resource *from;
        int r = request_read(request, error, &xml, &key, NULL);

        if (r < 0)
                return r;
        from = resource_set_by_key(set, key);
        if (!from)
                return fail_missing(&volume_objects, "key", key, error);
        clone = request_operation(request);
        return clone(pool_of(request->object.resource), xml, volume_of(from), request->flags,
                     &request->job, error);
}

/* ---- methods ---- */

DEFINE_CALL_FLAGS(call_flags, Volume, volume_of);
DEFINE_GET_XML(get_xml, volume_of, volume_xml);

static int get_info(Request *request, Error *error) {
        const Volume *volume = volume_of(request->object.resource);
        bool physical = request->flags & VOLUME_GET_PHYSICAL;

        return request_reply(request, volume->type, volume->capacity,
                             physical ? volume->physical : volume->allocation);
}

static int resize(Request *request, Error *error) {
        int (*operation)(Volume *, uint64_t, uint32_t, Job *, Error *);
        uint64_t capacity;
        int r = request_read(request, error, &capacity, NULL);

        if (r < 0)
                return r;
        operation = request_operation(request);
        return operation(volume_of(request->object.resource), capacity, request->flags,
                         &request->job, error);
}

static int wipe(Request *request, Error *error) {
        int (*operation)(Volume *, uint32_t, uint32_t, Job *, Error *);
        uint32_t pattern;
        int r = request_read(request, error, &pattern, NULL);

        if (r < 0)
                return r;
        if (pattern >= VOLUME_WIPE_ALGORITHMS)
                return fail(error, ERROR_INVALID_ARG, "there is no wiping algorithm %u", pattern);
        operation = request_operation(request);
        return operation(volume_of(request->object.resource), pattern, request->flags,
                         &request->job, error);
}

/* ---- properties ---- */

static int get_key(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", object->resource->key);
}

static int get_path(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", volume_of(object->resource)->path ?: "");
}

/* ---- rows ---- */

enum {
        DELETE = VOLUME_DELETE_ZEROED | VOLUME_DELETE_WITH_SNAPSHOTS,
        RESIZE = VOLUME_RESIZE_ALLOCATE | VOLUME_RESIZE_DELTA | VOLUME_RESIZE_SHRINK,
};

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Delete", "u", "", "flags\0", "virStorageVolDelete", MAY("storage_vol:delete"),
          STORAGE(delete_volume), DELETE, call_flags, CHANGES },
        { "GetInfo", "u", "(itt)", "flags\0info\0", "virStorageVolGetInfoFlags",
          MAY("storage_vol:read"), NO_OP, VOLUME_GET_PHYSICAL, get_info },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virStorageVolGetXMLDesc",
          MAY("storage_vol:read"), NO_OP, 0, get_xml },
        { "Resize", "tu", "", "capacity\0flags\0", "virStorageVolResize",
          MAY("storage_vol:resize"), STORAGE(resize_volume), RESIZE, resize, CHANGES },
        { "Wipe", "uu", "", "pattern\0flags\0", "virStorageVolWipePattern",
          MAY("storage_vol:format"), STORAGE(wipe_volume), 0, wipe, CHANGES },
        {}
};

static const Property properties[] = {
        { "Name", "s", MAY("storage_vol:getattr"), get_name, .constant = true },
        { "Key",  "s", MAY("storage_vol:getattr"), get_key,  .constant = true },
        { "Path", "s", MAY("storage_vol:read"),    get_path, .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.StorageVol",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        int r = pool_objects.details(resource->parent, call);

        return r < 0 ? r : sd_bus_message_append(call, "{ss}{ss}", "vol_name", resource->name,
                                                 "vol_key", resource->key);
}

const Kind volume_objects = {
        .folder = "storagevol",
        .resource = RESOURCE_VOLUME,
        .noun = "storage vol",
        .rights = "storage_vol",
        .group = offsetof(Driver, storage),
        .interfaces = interfaces,
        .find = find_by_key,
        .leaf = leaf_of_key,
        .listed = defined_listed,
        .details = details,
};
