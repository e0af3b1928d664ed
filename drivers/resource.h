/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domains, networks, pools ... share: a name, a uuid, a queue of changes, and one bit.
 *
 * A resource is found through its set as long as it is attached. Whoever resumes late holds a
 * reference and looks at the bit: detached means it went away meanwhile, and there is nothing
 * more to it. */
#pragma once

#include "conf/uuid.h"
#include "drivers/job.h"

typedef struct Connection Connection;

typedef enum ResourceKind {
        RESOURCE_DOMAIN,
        _RESOURCE_KIND_MAX,
} ResourceKind;

struct Resource {
        unsigned references;
        ResourceKind kind;
        bool attached;
        Connection *connection; /* borrowed; outlives its resources */
        char *name;
        Uuid uuid;
        JobQueue queue;
        void (*free)(Resource *resource); /* of the kind, after the last unref */
};

Resource *resource_ref(Resource *resource);
Resource *resource_unref(Resource *resource); /* NULL does nothing; returns NULL */
DEFINE_CLEANUP(Resource *, resource_unref);

/* All resources of one kind of one connection, by uuid and by name, in the order in which they
 * came. */
typedef struct ResourceSet {
        Resource **items; /* references */
        size_t n, allocated;
        void *by_uuid, *by_name;
} ResourceSet;

int resource_set_attach(ResourceSet *set,
                        Resource *resource); /* -EEXIST, -ENOMEM; takes a reference */
void resource_set_detach(ResourceSet *set, Resource *resource); /* drops it; waiting jobs end */
int resource_set_rename(ResourceSet *set, Resource *resource,
                        const char *name);                         /* -EEXIST, -ENOMEM */
Resource *resource_set_by_uuid(const ResourceSet *set, Uuid uuid); /* borrowed or NULL */
Resource *resource_set_by_name(const ResourceSet *set, const char *name);
void resource_set_clear(ResourceSet *set);
