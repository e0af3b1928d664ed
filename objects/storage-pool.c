/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.StoragePool: its kind, rows and handlers; those about its volumes are in
 * storage-volume.c. */
#include "conf/api-storage.h"
#include "drivers/storage.h"
#include "objects/defined.h"
#include "objects/domain.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define STORAGE(op) { true, offsetof(Driver, storage), offsetof(StorageOps, op) }

/* ---- on a connection ---- */

static uint32_t type_bit(const Resource *resource) {
        return container_of(resource, Pool, defined.resource)->list_type;
}

static const Filter filters[] = {
        { LIST_POOLS_ACTIVE, LIST_POOLS_INACTIVE, is_active },
        { LIST_POOLS_PERSISTENT, LIST_POOLS_TRANSIENT, is_persistent },
        { LIST_POOLS_AUTOSTART, LIST_POOLS_NO_AUTOSTART, is_autostarted },
        { LIST_POOLS_TYPES, .bits = type_bit },
        {}
};

int connect_list_pools(Request *request, Error *error) {
        return reply_list(request, &pool_objects, NULL, filters, error);
}

int connect_pool_by_name(Request *request, Error *error) {
        return reply_by_name(request, &pool_objects, NULL, error);
}

int connect_pool_by_uuid(Request *request, Error *error) {
        return reply_by_uuid(request, &pool_objects, error);
}

int connect_find_pool_sources(Request *request, Error *error) {
        int (*find)(Connection *, const char *, const char *, uint32_t, Job *, Error *);
        const char *type, *source;
        int r = request_read(request, error, &type, &source, NULL);

        if (r < 0)
                return r;
        find = request_operation(request);
        return find(request->object.connection, type, *source ? source : NULL, request->flags,
                    &request->job, error);
}

/* ---- methods ---- */

DEFINE_CALL(call_plain, Pool, pool_of);
DEFINE_CALL_FLAGS(call_flags, Pool, pool_of);
DEFINE_GET_XML(get_xml, pool_of, pool_xml);

static int get_info(Request *request, Error *error) {
        const Pool *pool = pool_of(request->object.resource);

        return request_reply(request, (int) pool->state, pool->capacity, pool->allocation,
                             pool->available);
}

/* ---- rows ---- */

enum {
        CREATE = POOL_CREATE_WITH_BUILD | POOL_CREATE_WITH_BUILD_OVERWRITE |
                 POOL_CREATE_WITH_BUILD_NO_OVERWRITE,
        BUILD = POOL_BUILD_REPAIR | POOL_BUILD_RESIZE | POOL_BUILD_NO_OVERWRITE |
                POOL_BUILD_OVERWRITE,
        CREATE_VOLUME = VOLUME_CREATE_PREALLOC_METADATA | VOLUME_CREATE_REFLINK |
                        VOLUME_CREATE_VALIDATE,
};

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Build", "u", "", "flags\0", "virStoragePoolBuild", MAY("storage_pool:format"),
          STORAGE(build), BUILD, call_flags, CHANGES,
          .exclusive = POOL_BUILD_OVERWRITE | POOL_BUILD_NO_OVERWRITE },
        { "Create", "u", "", "flags\0", "virStoragePoolCreate", MAY("storage_pool:start"),
          STORAGE(start), CREATE, call_flags, CHANGES,
          .exclusive = CREATE & ~POOL_CREATE_WITH_BUILD },
        { "Delete", "u", "", "flags\0", "virStoragePoolDelete", MAY("storage_pool:format"),
          STORAGE(delete), POOL_DELETE_ZEROED, call_flags, CHANGES },
        { "Destroy", "", "", "", "virStoragePoolDestroy", MAY("storage_pool:stop"),
          STORAGE(destroy), 0, call_plain, CHANGES },
        { "GetInfo", "", "(ittt)", "info\0", "virStoragePoolGetInfo", MAY("storage_pool:read"),
          NO_OP, 0, get_info },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virStoragePoolGetXMLDesc",
          MAY("storage_pool:read"), NO_OP, XML_INACTIVE, get_xml },
        { "ListStorageVolumes", "u", "ao", "flags\0storageVols\0", "virStoragePoolListAllVolumes",
          MAY("storage_pool:search_storage_vols"), NO_OP, 0, pool_list_volumes },
        { "Refresh", "u", "", "flags\0", "virStoragePoolRefresh", MAY("storage_pool:refresh"),
          STORAGE(refresh), 0, call_flags, CHANGES },
        { "StorageVolCreateXML", "su", "o", "xml\0flags\0storageVol\0", "virStorageVolCreateXML",
          MAY("storage_vol:create"), STORAGE(create_volume), CREATE_VOLUME, pool_create_volume,
          CHANGES },
        { "StorageVolCreateXMLFrom", "ssu", "o", "xml\0key\0flags\0storageVol\0",
          "virStorageVolCreateXMLFrom", MAY("storage_vol:create"), STORAGE(clone_volume),
          CREATE_VOLUME, pool_clone_volume, CHANGES },
        { "StorageVolLookupByName", "s", "o", "name\0storageVol\0", "virStorageVolLookupByName",
          MAY("storage_vol:getattr"), NO_OP, 0, pool_volume_by_name },
        { "Undefine", "", "", "", "virStoragePoolUndefine", MAY("storage_pool:delete"),
          STORAGE(undefine), 0, call_plain, CHANGES },
        {}
};

static const Property properties[] = {
        { "Active",     "b", MAY("storage_pool:read"),    get_active,     PROPERTY_ACTIVE },
        { "Autostart",  "b", MAY("storage_pool:read"),    get_autostart,  PROPERTY_AUTOSTART,
          .set = set_autostart, .set_permissions = MAY("storage_pool:write") },
        { "Name",       "s", MAY("storage_pool:getattr"), get_name,       .constant = true },
        { "Persistent", "b", MAY("storage_pool:read"),    get_persistent, PROPERTY_PERSISTENT },
        { "UUID",       "s", MAY("storage_pool:getattr"), get_uuid,       .constant = true },
        {}
};

static const Signal signals[] = {
        { "Refresh", "", "", EVENT_REFRESH, fill_nothing },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.StoragePool",
        .methods = methods,
        .properties = properties,
        .signals = signals,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        return append_name_and_uuid(call, "pool_name", "pool_uuid", resource);
}

const Kind pool_objects = {
        .folder = "storagepool",
        .resource = RESOURCE_POOL,
        .noun = "storage pool",
        .rights = "storage_pool",
        .group = offsetof(Driver, storage),
        .interfaces = interfaces,
        .find = find_by_uuid,
        .leaf = leaf_of_uuid,
        .listed = defined_listed,
        .details = details,
};
