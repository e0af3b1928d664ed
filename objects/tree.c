/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From paths to objects and back; registers the tables with sd-bus. */
#include "objects/tree.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "objects/announce.h"
#include "objects/properties.h"

/* The connection, then each kind of resource behind its number. */
static const Kind *const kinds[1 + _RESOURCE_KIND_MAX] = {
        &connect_kind,
        [1 + RESOURCE_DOMAIN] = &domain_kind,
        [1 + RESOURCE_SNAPSHOT] = &snapshot_objects,
        [1 + RESOURCE_NETWORK] = &network_objects,
        [1 + RESOURCE_POOL] = &pool_objects,
        [1 + RESOURCE_VOLUME] = &volume_objects,
        [1 + RESOURCE_INTERFACE] = &interface_objects,
        [1 + RESOURCE_NODE_DEVICE] = &node_device_objects,
        [1 + RESOURCE_NWFILTER] = &nwfilter_objects,
        [1 + RESOURCE_SECRET] = &secret_objects,
};

/* ---- paths ---- */

static const char *after(const char *path, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

static Connection *find_connection(const Tree *tree, const char *path, const char **ret_rest) {
        const char *rest;

        path = after(path, TREE_ROOT "/");
        for (size_t i = 0; path && i < tree->n_branches; i++) {
                rest = after(path, tree->branches[i]->connection->driver->name);
                if (rest && (*rest == 0 || *rest == '/')) {
                        *ret_rest = rest;
                        return tree->branches[i]->connection;
                }
        }
        return NULL;
}

Connection *tree_connection(const Tree *tree, const char *path) {
        const char *rest;

        return find_connection(tree, path, &rest);
}

bool tree_find(Tree *tree, const char *path, Object *ret) {
        const char *rest, *leaf;
        Connection *connection;

        connection = find_connection(tree, path, &rest);
        if (!connection)
                return false;
        *ret = (Object) { .tree = tree, .connection = connection, .through = connection,
                          .kind = &connect_kind };
        if (*rest == 0)
                return true;

        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                leaf = kinds[i]->folder ? after(rest + 1, kinds[i]->folder) : NULL;
                if (!leaf || *leaf != '/')
                        continue;
                ret->kind = kinds[i];
                ret->connection = connection_keeper(connection, kinds[i]->resource);
                ret->resource = kinds[i]->find(connection, kinds[i]->resource, leaf + 1);
                return ret->resource;
        }
        return false;
}

bool kind_offered(const Kind *kind, const Connection *connection) {
        const char *driver = (const char *) connection_keeper(connection, kind->resource)->driver;
        const void *group;

        if (!kind->folder)
                return true;
        memcpy(&group, driver + kind->group, sizeof(group));
        return group;
}

Connection *operation_connection(Connection *connection, const Operation *operation) {
        for (size_t i = 0; connection->keeper && i < ELEMENTS(kinds); i++)
                if (operation->set && kinds[i]->group == operation->group)
                        return connection_keeper(connection, kinds[i]->resource);
        return connection;
}

const Kind *kind_of(const Resource *resource) {
        return kinds[1 + resource->kind];
}

char *object_path(const Connection *through, const Resource *resource,
                  char path[static OBJECT_PATH_MAX]) {
        const Kind *kind = resource ? kind_of(resource) : NULL;
        const char *slash = kind ? "/" : "", *folder = kind ? kind->folder : "";
        int n;

        n = snprintf(path, OBJECT_PATH_MAX, TREE_ROOT "/%s%s%s%s", through->driver->name, slash,
                     folder, slash);
        assert(n > 0 && n < OBJECT_PATH_MAX);
        if (kind)
                n += kind->leaf(resource, path + n, OBJECT_PATH_MAX - n);
        assert(n < OBJECT_PATH_MAX);
        return path;
}

const Face *tree_face(const Tree *tree, const Kind *kind, const char *interface) {
        for (size_t i = 0; i < tree->n_faces; i++)
                if (tree->faces[i].kind == kind &&
                    strcmp(tree->faces[i].interface->name, interface) == 0)
                        return &tree->faces[i];
        return NULL;
}

/* ---- what sd-bus asks ---- */

/* Whether an object is there; the callbacks look it up again and don't use what is found here. */
static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata,
                       void **ret_found, sd_bus_error *error) {
        Object object;

        if (!tree_find(userdata, path, &object) || !object.resource)
                return 0;
        *ret_found = userdata;
        return 1;
}

/* The children of a folder. sd-bus asks this for each path below the folder, too: a leaf has none,
 * and costs nothing. */
static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                     sd_bus_error *error) {
        Tree *tree = userdata;
        const char *rest;
        char path[OBJECT_PATH_MAX];
        Connection *connection = find_connection(tree, prefix, &rest);
        const Kind *kind = NULL;
        size_t n = 0;

        for (size_t i = 0; connection && *rest == '/' && i < ELEMENTS(kinds); i++)
                if (kinds[i]->folder && strcmp(kinds[i]->folder, rest + 1) == 0)
                        kind = kinds[i];
        if (!kind)
                return 0;

        const ResourceSet *set = kind_set(kind, connection);
        char **children = calloc(set->n + 1, sizeof(char *));
        if (!children)
                return -ENOMEM;
        for (size_t i = 0; i < set->n; i++) {
                if (!kind->listed(set->items[i]))
                        continue;
                children[n] = strdup(object_path(connection, set->items[i], path));
                if (!children[n++])
                        break; /* the list ends here; sd-bus frees it */
        }
        *ret = children;
        return 0;
}

/* ---- registration ---- */

static int keep_slot(Tree *tree, int r, sd_bus_slot *slot) {
        sd_bus_slot **slots;

        if (r < 0)
                return r;
        slots = reallocarray(tree->slots, tree->n_slots + 1, sizeof(*slots));
        if (!slots) {
                sd_bus_slot_unref(slot);
                return -ENOMEM;
        }
        tree->slots = slots;
        tree->slots[tree->n_slots++] = slot;
        return 0;
}

static void folder_path(const Kind *kind, const char *connection_path, char path[OBJECT_PATH_MAX]) {
        int n = snprintf(path, OBJECT_PATH_MAX, "%s/%s", connection_path, kind->folder);

        assert(n > 0 && n < OBJECT_PATH_MAX);
}

static int add_face(Tree *tree, const Face *face, const char *connection_path) {
        const Kind *kind = face->kind;
        const char *interface = face->interface->name;
        char path[OBJECT_PATH_MAX];
        sd_bus_slot *slot = NULL;
        int r;

        if (!kind->folder) {
                r = sd_bus_add_object_vtable(tree->bus, &slot, connection_path, interface,
                                             face->vtable, tree);
                return keep_slot(tree, r, slot);
        }
        folder_path(kind, connection_path, path);
        r = sd_bus_add_fallback_vtable(tree->bus, &slot, path, interface, face->vtable, find_object,
                                       tree);
        return keep_slot(tree, r, slot);
}

static int add_folder(Tree *tree, const Kind *kind, const char *connection_path) {
        char path[OBJECT_PATH_MAX];
        sd_bus_slot *slot = NULL;
        int r;

        if (!kind->folder)
                return 0;
        folder_path(kind, connection_path, path);
        r = sd_bus_add_node_enumerator(tree->bus, &slot, path, enumerate, tree);
        return keep_slot(tree, r, slot);
}

static int add_branch(Tree *tree, Connection *connection) {
        Branch **branches;
        Branch *branch;
        int r;

        branches = reallocarray(tree->branches, tree->n_branches + 1, sizeof(*branches));
        if (!branches)
                return -ENOMEM;
        tree->branches = branches;
        branch = calloc(1, sizeof(*branch));
        if (!branch)
                return -ENOMEM;
        *branch = (Branch) { .tree = tree, .connection = connection };
        tree->branches[tree->n_branches++] = branch;
        r = event_watch(&connection->hub, announce, branch, &branch->watch);
        if (r < 0 || !connection->keeper)
                return r;
        return event_watch(&connection->keeper->hub, announce, branch, &branch->shared);
}

int tree_add(Tree *tree, Connection *connection) {
        char path[OBJECT_PATH_MAX];
        sd_bus_slot *slot = NULL;
        int r;

        object_path(connection, NULL, path);
        r = add_branch(tree, connection);
        for (size_t i = 0; r >= 0 && i < tree->n_faces; i++)
                if (face_offered(&tree->faces[i], connection) &&
                    kind_offered(tree->faces[i].kind, connection))
                        r = add_face(tree, &tree->faces[i], path);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(kinds); i++)
                if (kind_offered(kinds[i], connection))
                        r = add_folder(tree, kinds[i], path);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(tree->bus, &slot, path);
        return keep_slot(tree, r, slot);
}

static int add_faces(Tree *tree) {
        size_t n = 0;
        int r = 0;

        for (size_t k = 0; k < ELEMENTS(kinds); k++)
                for (size_t i = 0; kinds[k]->interfaces[i]; i++)
                        n++;
        tree->faces = calloc(n, sizeof(Face));
        if (!tree->faces)
                return -ENOMEM;
        for (size_t k = 0; k < ELEMENTS(kinds); k++)
                for (size_t i = 0; r >= 0 && kinds[k]->interfaces[i]; i++)
                        r = face_init(&tree->faces[tree->n_faces++], tree, kinds[k],
                                      kinds[k]->interfaces[i]);
        return r;
}

int tree_new(sd_bus *bus, Tree **ret) {
        _cleanup_(tree_freep) Tree *tree = calloc(1, sizeof(*tree));
        sd_bus_slot *slot = NULL;
        int r;

        if (!tree)
                return -ENOMEM;
        tree->bus = sd_bus_ref(bus);
        r = clients_new(bus, &tree->clients);
        if (r < 0)
                return r;
        r = add_faces(tree);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(bus, &slot, TREE_ROOT);
        r = keep_slot(tree, r, slot);
        if (r < 0)
                return r;
        slot = NULL;
        r = sd_bus_add_filter(bus, &slot, properties_filter, tree);
        r = keep_slot(tree, r, slot);
        if (r < 0)
                return r;
        *ret = TAKE(tree);
        return 0;
}

void tree_close(Tree *tree) {
        if (!tree)
                return;
        for (size_t i = 0; i < tree->n_branches; i++) {
                Branch *branch = tree->branches[i];

                event_unwatch(&branch->connection->hub, branch->watch);
                if (branch->shared)
                        event_unwatch(&branch->connection->keeper->hub, branch->shared);
                free(branch);
        }
        free(tree->branches);
        tree->branches = NULL;
        tree->n_branches = 0;
        tree->clients = clients_free(tree->clients);
}

Tree *tree_free(Tree *tree) {
        if (!tree)
                return NULL;
        tree_close(tree);
        for (size_t i = 0; i < tree->n_slots; i++)
                sd_bus_slot_unref(tree->slots[i]);
        for (size_t i = 0; i < tree->n_faces; i++)
                face_done(&tree->faces[i]);
        free(tree->slots);
        free(tree->faces);
        sd_bus_unref(tree->bus);
        free(tree);
        return NULL;
}
