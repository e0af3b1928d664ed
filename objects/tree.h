/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of object paths. Nothing is registered per resource: a path is looked up in the
 * connection's sets each time, so there is no second list to keep in step.
 *
 *         /org/libvirt                        ObjectManager
 *         /org/libvirt/QEMU                   a connection; ObjectManager of what is below
 *         /org/libvirt/QEMU/domain/_UUID      a resource; other leaves: objects/path.h
 * / */
#pragma once

#include "objects/client.h"
#include "objects/interface.h"

#define TREE_ROOT "/org/libvirt"

/* Room for the longest name there may be, each byte of it three letters. That is for the stack,
 * where what isn't written to costs nothing. */
#define OBJECT_PATH_MAX (128 + 3 * RESOURCE_NAME_MAX)

/* What stands below a connection in one folder, or (no folder) the connection itself. */
struct Kind {
        const char *folder;                 /* "domain" */
        ResourceKind resource;
        const char *noun;                   /* "storage pool", for messages */
        const char *rights; /* "storage_pool": begins the names of permissions that are about it */
        size_t group;                       /* in Driver: the operations */
        const Interface *const *interfaces; /* ends with NULL */
        Resource *(*find)(Connection *connection, ResourceKind kind,
                          const char *leaf); /* borrowed or NULL */
        int (*leaf)(const Resource *resource, char *to, size_t size); /* snprintf's result */
        bool (*listed)(const Resource *resource); /* in lists; findable it is anyway */
        /* What polkit is told of it: entries of a{ss}, named as libvirt does. */
        int (*details)(const Resource *resource, sd_bus_message *call);
};

extern const Kind connect_kind, domain_kind, snapshot_objects, network_objects, pool_objects,
        volume_objects, interface_objects, node_device_objects, nwfilter_objects, secret_objects;

/* Whether a connection has such resources at all. */
bool kind_offered(const Kind *kind, const Connection *connection);

static inline ResourceSet *kind_set(const Kind *kind, Connection *connection) {
        return connection_set(connection, kind->resource);
}

/* An open connection on the bus. */
typedef struct Branch {
        Tree *tree;
        Connection *connection;
        EventWatch *watch, *shared; /* of its own hub, and of its keeper's */
} Branch;

struct Tree {
        sd_bus *bus;
        Clients *clients;
        Face *faces;
        size_t n_faces;
        Branch **branches;
        size_t n_branches;
        sd_bus_slot **slots;
        size_t n_slots;
        unsigned requests; /* calls under way */
};

int tree_new(sd_bus *bus, Tree **ret);

/* Before connections are freed: nothing is announced any more, and who waited for a client stops
 * doing so. Calls that end while a connection is being freed are still answered. */
void tree_close(Tree *tree);
Tree *tree_free(Tree *tree); /* closes; then after its connections */
DEFINE_CLEANUP(Tree *, tree_free);

/* Shows a connection on the bus. Borrowed; it must outlive the tree. */
int tree_add(Tree *tree, Connection *connection);

/* Whose driver's function for a row is to be called on a connection: its own, or that of who keeps
 * the resources that the row is about. */
Connection *operation_connection(Connection *connection, const Operation *operation);

/* The connection that a path names or is below of, or NULL. */
Connection *tree_connection(const Tree *tree, const char *path);

/* What a path names, or false. */
bool tree_find(Tree *tree, const char *path, Object *ret);

/* The face of a kind by the interface's name, or NULL. */
const Face *tree_face(const Tree *tree, const Kind *kind, const char *interface);

/* The kind of a resource. */
const Kind *kind_of(const Resource *resource);

/* The paths of things, as they are seen through a connection. NULL: of the connection itself.
 * Returns its argument. */
char *object_path(const Connection *through, const Resource *resource,
                  char path[static OBJECT_PATH_MAX]);

/* Where changes of an object wait. What belongs to another resource (a volume to its pool, a
 * snapshot to its domain) waits with it. NULL: nowhere. */
static inline JobQueue *object_queue(const Object *object) {
        Resource *resource = object->resource;

        if (resource && resource->parent)
                resource = resource->parent;
        return resource ? &resource->queue : NULL;
}

static inline Domain *object_domain(const Object *object) {
        return domain_of(object->resource);
}
