/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of object paths. Nothing is registered per domain: a path is looked up in the
 * connection's sets each time, so there is no second list to keep in step.
 *
 *         /org/libvirt                        ObjectManager
 *         /org/libvirt/QEMU                   a connection; ObjectManager of what is below
 *         /org/libvirt/QEMU/domain/_UUID      a resource, '-' written as '_'
 * / */
#pragma once

#include "objects/client.h"
#include "objects/interface.h"

#define TREE_ROOT "/org/libvirt"
#define OBJECT_PATH_MAX 256

/* What stands below a connection in one folder, or (no folder) the connection itself. */
struct Kind {
        const char *folder;                 /* "domain" */
        const Interface *const *interfaces; /* ends with NULL */
        ResourceSet *(*set)(Connection *connection);
        Resource *(*find)(Connection *connection, const char *leaf); /* borrowed or NULL */
        int (*leaf)(const Resource *resource, char *to, size_t size); /* snprintf's result */
        bool (*listed)(const Resource *resource); /* in lists; findable it is anyway */
};

extern const Kind connect_kind, domain_kind;

/* An open connection on the bus. */
typedef struct Branch {
        Tree *tree;
        Connection *connection;
        EventWatch *watch;
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
};

int tree_new(sd_bus *bus, Tree **ret);

/* Before connections are freed: nothing is announced any more, and who waited for a client stops
 * doing so. Calls that end while a connection is being freed are still answered. */
void tree_close(Tree *tree);
Tree *tree_free(Tree *tree); /* closes; then after its connections */
DEFINE_CLEANUP(Tree *, tree_free);

/* Shows a connection on the bus. Borrowed; it must outlive the tree. */
int tree_add(Tree *tree, Connection *connection);

/* What a path names, or false. */
bool tree_find(Tree *tree, const char *path, Object *ret);

/* The face of a kind by the interface's name, or NULL. */
const Face *tree_face(const Tree *tree, const Kind *kind, const char *interface);

/* The kind of a resource. */
const Kind *kind_of(const Resource *resource);

/* The paths of things. NULL: of the connection itself. Returns its argument. */
char *object_path(const Connection *connection, const Resource *resource,
                  char path[static OBJECT_PATH_MAX]);

static inline Domain *object_domain(const Object *object) {
        return domain_of(object->resource);
}
