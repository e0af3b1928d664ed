/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resources and the sets that find them. */
#include "drivers/resource.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "drivers/connection.h"

Resource *resource_ref(Resource *resource) {
        resource->references++;
        return resource;
}

Resource *resource_unref(Resource *resource) {
        if (resource && --resource->references == 0)
                resource->free(resource);
        return NULL;
}

ErrorCode resource_missing(ResourceKind kind) {
        switch (kind) {
        case RESOURCE_DOMAIN:
                return ERROR_NO_DOMAIN;
        case RESOURCE_SNAPSHOT:
                return ERROR_NO_SNAPSHOT;
        case RESOURCE_NETWORK:
                return ERROR_NO_NETWORK;
        case RESOURCE_POOL:
                return ERROR_NO_POOL;
        case RESOURCE_VOLUME:
                return ERROR_NO_VOLUME;
        case RESOURCE_INTERFACE:
                return ERROR_NO_INTERFACE;
        case RESOURCE_NODE_DEVICE:
                return ERROR_NO_NODE_DEVICE;
        case RESOURCE_NWFILTER:
                return ERROR_NO_NWFILTER;
        case RESOURCE_SECRET:
                return ERROR_NO_SECRET;
        case _RESOURCE_KIND_MAX:
                break;
        }
        return ERROR_INTERNAL;
}

/* ---- for the kinds ---- */

static int check_name(const char *name, const char *what, Error *error) {
        if (!*name)
                return fail(error, ERROR_INVALID_ARG, "the %s is empty", what);
        if (strlen(name) > RESOURCE_NAME_MAX)
                return fail(error, ERROR_INVALID_ARG, "the %s '%.32s...' has more than %d bytes",
                            what, name, RESOURCE_NAME_MAX);
        return 0;
}

int resource_init(Resource *resource, Connection *connection, ResourceKind kind, const char *name,
                  const char *key, Resource *parent, void (*free)(Resource *resource),
                  Error *error) {
        int r = check_name(name, "name", error);

        if (r >= 0 && key)
                r = check_name(key, "key", error);
        if (r < 0)
                return r;
        *resource = (Resource) {
                .references = 1, .kind = kind, .connection = connection, .free = free,
                .name = strdup(name), .key = key ? strdup(key) : NULL,
                .queue = { .event = connection->event,
                           .patience = connection->settings->patience },
        };
        if (!resource->name || (key && !resource->key)) {
                resource_done(resource);
                return fail_memory(error);
        }
        resource->queue.owner = resource->name;
        resource->parent = parent ? resource_ref(parent) : NULL;
        return 0;
}

void resource_done(Resource *resource) {
        resource_unref(resource->parent);
        free(resource->name);
        free(resource->key);
}

/* ---- the indexes of a set ---- */

static int compare_uuid(const void *a, const void *b) {
        return uuid_compare(((const Resource *) a)->uuid, ((const Resource *) b)->uuid);
}

static int compare_key(const void *a, const void *b) {
        return strcmp(((const Resource *) a)->key, ((const Resource *) b)->key);
}

static int compare_name(const void *a, const void *b) {
        const Resource *x = a, *y = b;

        if (x->parent != y->parent)
                return (uintptr_t) x->parent < (uintptr_t) y->parent ? -1 : 1;
        return strcmp(x->name, y->name);
}

static bool has_uuid(const Resource *resource) {
        return resource->kind == RESOURCE_DOMAIN || !uuid_is_null(resource->uuid);
}

static bool has_key(const Resource *resource) {
        return resource->key;
}

static bool has_name(const Resource *resource) {
        return true;
}

/* What a resource is found by, if it has it. */
static const struct {
        size_t root; /* in a ResourceSet */
        bool (*has)(const Resource *resource);
        int (*compare)(const void *a, const void *b);
} indexes[] = {
        { offsetof(ResourceSet, by_uuid), has_uuid, compare_uuid },
        { offsetof(ResourceSet, by_key), has_key, compare_key },
        { offsetof(ResourceSet, by_name), has_name, compare_name },
};

static void **root(const ResourceSet *set, size_t index) {
        return (void **) ((char *) set + indexes[index].root);
}

static Resource *found(void *node) {
        return node ? *(Resource **) node : NULL;
}

Resource *resource_set_by_uuid(const ResourceSet *set, Uuid uuid) {
        const Resource key = { .uuid = uuid };

        return found(tfind(&key, &set->by_uuid, compare_uuid));
}

Resource *resource_set_by_key(const ResourceSet *set, const char *key) {
        const Resource wanted = { .key = (char *) key };

        return found(tfind(&wanted, &set->by_key, compare_key));
}

Resource *resource_set_child(const ResourceSet *set, const Resource *parent, const char *name) {
        const Resource key = { .name = (char *) name, .parent = (Resource *) parent };

        return found(tfind(&key, &set->by_name, compare_name));
}

Resource *resource_set_by_name(const ResourceSet *set, const char *name) {
        return resource_set_child(set, NULL, name);
}

/* ---- a set ---- */

static int resource_set_grow(ResourceSet *set) {
        size_t wanted = MAX(set->allocated * 2, 16u);
        Resource **items;

        if (set->n < set->allocated)
                return 0;
        items = reallocarray(set->items, wanted, sizeof(*items));
        if (!items)
                return -ENOMEM;
        set->items = items;
        set->allocated = wanted;
        return 0;
}

static void leave_indexes(ResourceSet *set, Resource *resource, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (indexes[i].has(resource))
                        tdelete(resource, root(set, i), indexes[i].compare);
}

int resource_set_attach(ResourceSet *set, Resource *resource) {
        for (size_t i = 0; i < ELEMENTS(indexes); i++)
                if (indexes[i].has(resource) &&
                    tfind(resource, root(set, i), indexes[i].compare))
                        return -EEXIST;
        if (resource_set_grow(set) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS(indexes); i++)
                if (indexes[i].has(resource) &&
                    !tsearch(resource, root(set, i), indexes[i].compare)) {
                        leave_indexes(set, resource, i);
                        return -ENOMEM;
                }
        set->items[set->n++] = resource_ref(resource);
        resource->attached = true;
        return 0;
}

void resource_set_detach(ResourceSet *set, Resource *resource) {
        if (!resource->attached)
                return;
        resource->attached = false;
        leave_indexes(set, resource, ELEMENTS(indexes));
        for (size_t i = 0; i < set->n; i++)
                if (set->items[i] == resource) {
                        memmove(set->items + i, set->items + i + 1,
                                (set->n - i - 1) * sizeof(*set->items));
                        set->n--;
                        break;
                }
        job_queue_flush(&resource->queue, resource_missing(resource->kind),
                        "it went away meanwhile");
        resource_unref(resource);
}

int resource_set_rename(ResourceSet *set, Resource *resource, const char *name) {
        _cleanup_(freep) char *copy = strdup(name);

        if (!copy)
                return -ENOMEM;
        if (resource_set_child(set, resource->parent, name))
                return -EEXIST;

        /* The node of the old name is freed first: that makes room for the new one, so that the
         * second step can only fail where the first step's way back fails too. */
        tdelete(resource, &set->by_name, compare_name);
        char *old = resource->name;
        resource->name = TAKE(copy);
        if (!tsearch(resource, &set->by_name, compare_name)) {
                free(resource->name);
                resource->name = old;
                (void) tsearch(resource, &set->by_name, compare_name);
                return -ENOMEM;
        }
        free(old);
        resource->queue.owner = resource->name;
        return 0;
}

void resource_set_clear(ResourceSet *set) {
        while (set->n > 0)
                resource_set_detach(set, set->items[set->n - 1]);
        free(set->items);
        *set = (ResourceSet) {};
}
