/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resources and the sets that find them. */
#include "drivers/resource.h"

#include <errno.h>
#include <search.h>
#include <string.h>

Resource *resource_ref(Resource *resource) {
        resource->references++;
        return resource;
}

Resource *resource_unref(Resource *resource) {
        if (resource && --resource->references == 0)
                resource->free(resource);
        return NULL;
}

static int compare_uuid(const void *a, const void *b) {
        return uuid_compare(((const Resource *) a)->uuid, ((const Resource *) b)->uuid);
}

static int compare_name(const void *a, const void *b) {
        return strcmp(((const Resource *) a)->name, ((const Resource *) b)->name);
}

static Resource *found(void *node) {
        return node ? *(Resource **) node : NULL;
}

Resource *resource_set_by_uuid(const ResourceSet *set, Uuid uuid) {
        const Resource key = { .uuid = uuid };

        return found(tfind(&key, &set->by_uuid, compare_uuid));
}

Resource *resource_set_by_name(const ResourceSet *set, const char *name) {
        const Resource key = { .name = (char *) name };

        return found(tfind(&key, &set->by_name, compare_name));
}

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

int resource_set_attach(ResourceSet *set, Resource *resource) {
        if (resource_set_by_uuid(set, resource->uuid) || resource_set_by_name(set, resource->name))
                return -EEXIST;
        if (resource_set_grow(set) < 0)
                return -ENOMEM;
        if (!tsearch(resource, &set->by_uuid, compare_uuid))
                return -ENOMEM;
        if (!tsearch(resource, &set->by_name, compare_name)) {
                tdelete(resource, &set->by_uuid, compare_uuid);
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
        tdelete(resource, &set->by_uuid, compare_uuid);
        tdelete(resource, &set->by_name, compare_name);
        for (size_t i = 0; i < set->n; i++)
                if (set->items[i] == resource) {
                        memmove(set->items + i, set->items + i + 1,
                                (set->n - i - 1) * sizeof(*set->items));
                        set->n--;
                        break;
                }
        job_queue_flush(&resource->queue, ERROR_NO_DOMAIN, "it went away meanwhile");
        resource_unref(resource);
}

int resource_set_rename(ResourceSet *set, Resource *resource, const char *name) {
        _cleanup_(freep) char *copy = strdup(name);

        if (!copy)
                return -ENOMEM;
        if (resource_set_by_name(set, name))
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
