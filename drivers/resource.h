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
        RESOURCE_SNAPSHOT, /* its parent is the domain */
        RESOURCE_NETWORK,  /* from here on: the host's, see connection_keeper() */
        RESOURCE_POOL,
        RESOURCE_VOLUME, /* its parent is the pool */
        RESOURCE_INTERFACE,
        RESOURCE_NODE_DEVICE,
        RESOURCE_NWFILTER,
        RESOURCE_SECRET,
        _RESOURCE_KIND_MAX,
} ResourceKind;

/* What is said when one isn't there: ERROR_NO_DOMAIN and its like. */
ErrorCode resource_missing(ResourceKind kind);

#define RESOURCE_NAME_MAX 4095 /* bytes of a name or key */

struct Resource {
        unsigned references;
        ResourceKind kind;
        bool attached;
        Connection *connection; /* borrowed; outlives its resources */
        char *name;       /* no two have the same within one kind and parent */
        Uuid uuid;        /* zero: its kind has none */
        char *key;        /* what else tells it from others: a volume's key; or NULL */
        Resource *parent; /* a reference, or NULL */
        JobQueue queue;
        void (*free)(Resource *resource); /* of the kind, after the last unref */
};

/* For the kinds: begins with one reference, attached to nothing. name and key are copied.
 * ERROR_INVALID_ARG when one is empty or too long. */
int resource_init(Resource *resource, Connection *connection, ResourceKind kind, const char *name,
                  const char *key, Resource *parent, void (*free)(Resource *resource),
                  Error *error);
void resource_done(Resource *resource); /* what resource_init() filled in */

Resource *resource_ref(Resource *resource);
Resource *resource_unref(Resource *resource); /* NULL does nothing; returns NULL */
DEFINE_CLEANUP(Resource *, resource_unref);

/* All resources of one kind of one connection, by uuid, by key and by name, in the order in which
 * they came. */
typedef struct ResourceSet {
        Resource **items; /* references */
        size_t n, allocated;
        void *by_uuid, *by_key, *by_name;
} ResourceSet;

int resource_set_attach(ResourceSet *set,
                        Resource *resource); /* -EEXIST, -ENOMEM; takes a reference */
void resource_set_detach(ResourceSet *set, Resource *resource); /* drops it; waiting jobs end */
int resource_set_rename(ResourceSet *set, Resource *resource,
                        const char *name);                         /* -EEXIST, -ENOMEM */
Resource *resource_set_by_uuid(const ResourceSet *set, Uuid uuid); /* borrowed or NULL */
Resource *resource_set_by_key(const ResourceSet *set, const char *key);
Resource *resource_set_by_name(const ResourceSet *set, const char *name); /* without a parent */
Resource *resource_set_child(const ResourceSet *set, const Resource *parent, const char *name);
void resource_set_clear(ResourceSet *set);
