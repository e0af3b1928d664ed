/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.DomainSnapshot: its kind, rows and handlers, and those of a domain that are about its
 * snapshots. Lists come in the order in which the snapshots did, unless another is asked for. */
#include "drivers/snapshot.h"

#include <string.h>

#include "conf/api-snapshot.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define SNAPSHOTS(op) { true, offsetof(Driver, snapshots), offsetof(SnapshotOps, op) }

static const Snapshot *snapshot_at(const Resource *resource) {
        return container_of(resource, Snapshot, resource);
}

/* ---- lists ---- */

static bool is_leaf(const Resource *resource) {
        return !snapshot_has_children(snapshot_at(resource));
}

/* What is known of a snapshot is its metadata. */
static bool has_metadata(const Resource *resource) {
        return true;
}

static uint32_t state_bit(const Resource *resource) {
        const Snapshot *snapshot = snapshot_at(resource);

        if (snapshot->disk_only)
                return SNAPSHOT_LIST_DISK_ONLY;
        return snapshot->state == DOMAIN_SHUTOFF ? SNAPSHOT_LIST_INACTIVE : SNAPSHOT_LIST_ACTIVE;
}

static bool is_external(const Resource *resource) {
        return snapshot_at(resource)->external;
}

static const Filter filters[] = {
        { SNAPSHOT_LIST_METADATA, SNAPSHOT_LIST_NO_METADATA, has_metadata },
        { SNAPSHOT_LIST_LEAVES, SNAPSHOT_LIST_NO_LEAVES, is_leaf },
        { SNAPSHOT_LIST_INACTIVE | SNAPSHOT_LIST_ACTIVE | SNAPSHOT_LIST_DISK_ONLY,
          .bits = state_bit },
        { SNAPSHOT_LIST_EXTERNAL, SNAPSHOT_LIST_INTERNAL, is_external },
        {}
};

static size_t depth(const Snapshot *snapshot) {
        size_t n = 0;

        while ((snapshot = snapshot->base))
                n++;
        return n;
}

/* What no child may stand before: its parent's rank is lower. */
typedef struct Ranked {
        Resource *resource;
        size_t depth, place;
} Ranked;

static int compare_ranks(const void *a, const void *b) {
        const Ranked *x = a, *y = b;

        if (x->depth != y->depth)
                return x->depth < y->depth ? -1 : 1;
        return x->place < y->place ? -1 : 1;
}

/* Those of the domain for which wanted() says so and that pass the filters. */
static int reply_snapshots(Request *request, const Resource *domain, const Snapshot *from,
                           bool (*wanted)(const Snapshot *snapshot, const Snapshot *from),
                           Error *error) {
        const ResourceSet *set = kind_set(&snapshot_objects, request->object.connection);
        _cleanup_(freep) Ranked *ranked = calloc(set->n + 1, sizeof(*ranked));
        _cleanup_(freep) Resource **found = calloc(set->n + 1, sizeof(*found));
        bool sorted = request->flags & SNAPSHOT_LIST_TOPOLOGICAL;
        size_t n = 0;

        if (!ranked || !found)
                return fail_memory(error);
        for (size_t i = 0; i < set->n; i++) {
                Resource *resource = set->items[i];
                const Snapshot *snapshot = snapshot_at(resource);

                if (resource->parent != domain || !snapshot->announced ||
                    !wanted(snapshot, from) || !filters_pass(filters, resource, request->flags))
                        continue;
                ranked[n] = (Ranked) { resource, sorted ? depth(snapshot) : 0, n };
                n++;
        }
        qsort(ranked, n, sizeof(*ranked), compare_ranks);
        for (size_t i = 0; i < n; i++)
                found[i] = ranked[i].resource;
        return reply_paths(request, found, n);
}

/* ---- on a domain ---- */

static bool is_any(const Snapshot *snapshot, const Snapshot *from) {
        return true;
}

static bool is_root(const Snapshot *snapshot, const Snapshot *from) {
        return !snapshot->base;
}

int domain_list_snapshots(Request *request, Error *error) {
        bool roots = request->flags & SNAPSHOT_LIST_ROOTS;
        int r = need_kind(request, &snapshot_objects, error);

        return r < 0 ? r : reply_snapshots(request, request->object.resource, NULL,
                                           roots ? is_root : is_any, error);
}

int domain_snapshot_by_name(Request *request, Error *error) {
        return reply_by_name(request, &snapshot_objects, request->object.resource, error);
}

int domain_current_snapshot(Request *request, Error *error) {
        const Snapshot *current;
        int r = need_kind(request, &snapshot_objects, error);

        if (r < 0)
                return r;
        current = snapshot_current(domain_of(request->object.resource));
        if (!current)
                return fail(error, ERROR_NO_SNAPSHOT,
                            "the domain does not have a current snapshot");
        return reply_resource(request, &current->resource);
}

int domain_create_snapshot(Request *request, Error *error) {
        int (*create)(Domain *, const char *, uint32_t, Job *, Error *);
        const char *xml;
        int r = request_read(request, error, &xml, NULL);

        if (r < 0)
                return r;
        create = request_operation(request);
        return create(domain_of(request->object.resource), xml, request->flags, &request->job,
                      error);
}

/* ---- methods ---- */

DEFINE_CALL_FLAGS(call_flags, Snapshot, snapshot_of);
DEFINE_GET_XML(get_xml, snapshot_of, snapshot_xml);

static int reply_parent(Request *request, Error *error) {
        const Snapshot *snapshot = snapshot_of(request->object.resource);

        if (!snapshot->base)
                return fail(error, ERROR_NO_SNAPSHOT, "snapshot '%s' does not have a parent",
                            snapshot->resource.name);
        return reply_resource(request, &snapshot->base->resource);
}

static int is_current(Request *request, Error *error) {
        return request_reply(request, (int) snapshot_of(request->object.resource)->current);
}

static bool is_child(const Snapshot *snapshot, const Snapshot *from) {
        return snapshot->base == from;
}

static int list_children(Request *request, Error *error) {
        const Snapshot *snapshot = snapshot_of(request->object.resource);
        bool all = request->flags & SNAPSHOT_LIST_DESCENDANTS;

        return reply_snapshots(request, snapshot->resource.parent, snapshot,
                               all ? snapshot_descends : is_child, error);
}

/* ---- rows ---- */

enum {
        DELETE = DOMAIN_SNAPSHOT_DELETE_CHILDREN | DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY |
                 DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY,
        REVERT = DOMAIN_SNAPSHOT_REVERT_RUNNING | DOMAIN_SNAPSHOT_REVERT_PAUSED |
                 DOMAIN_SNAPSHOT_REVERT_FORCE | DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM,
};

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Delete", "u", "", "flags\0", "virDomainSnapshotDelete", MAY("domain:snapshot"),
          SNAPSHOTS(delete), DELETE, call_flags, CHANGES,
          .exclusive = DELETE & ~DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY },
        { "GetParent", "u", "o", "flags\0domainSnapshot\0", "virDomainSnapshotGetParent",
          MAY("domain:read"), NO_OP, 0, reply_parent },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virDomainSnapshotGetXMLDesc",
          NEEDS({ "domain:read" }, { "domain:read_secure", WITH_ANY, DOMAIN_SNAPSHOT_XML_SECURE }),
          NO_OP, DOMAIN_SNAPSHOT_XML_SECURE, get_xml },
        { "IsCurrent", "u", "b", "flags\0domainSnapshot\0", "virDomainSnapshotIsCurrent",
          MAY("domain:read"), NO_OP, 0, is_current },
        { "ListChildren", "u", "ao", "flags\0domainSnapshots\0",
          "virDomainSnapshotListAllChildren", MAY("domain:read"), NO_OP, SNAPSHOT_LIST_ALL,
          list_children },
        { "Revert", "u", "", "flags\0", "virDomainRevertToSnapshot", MAY("domain:snapshot"),
          SNAPSHOTS(revert), REVERT, call_flags, CHANGES,
          .exclusive = DOMAIN_SNAPSHOT_REVERT_RUNNING | DOMAIN_SNAPSHOT_REVERT_PAUSED },
        {}
};
/* clang-format on */

static const Interface interface = { .name = "org.libvirt.DomainSnapshot", .methods = methods,
                                     .nested = true };

static const Interface *const interfaces[] = { &interface, NULL };

/* ---- the kind ---- */

static int leaf(const Resource *resource, char *to, size_t size) {
        size_t n = path_uuid_format(resource->parent->uuid, to, size);

        if (n + 1 < size)
                memcpy(to + n, "_", 2);
        n++;
        return n + path_encode(resource->name, to + MIN(n, size), size - MIN(n, size));
}

static Resource *find(Connection *connection, ResourceKind kind, const char *text) {
        _cleanup_(freep) char *name = NULL;
        const Resource *domain;
        const char *rest;
        Uuid uuid;

        if (path_uuid_parse(text, &uuid, &rest) < 0 || *rest != '_')
                return NULL;
        domain = resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], uuid);
        name = domain ? path_decode(rest + 1) : NULL;
        return name ? resource_set_child(&connection->sets[kind], domain, name) : NULL;
}

static bool listed(const Resource *resource) {
        return snapshot_at(resource)->announced;
}

static int details(const Resource *resource, sd_bus_message *call) {
        return domain_kind.details(resource->parent, call);
}

const Kind snapshot_objects = {
        .folder = "domainsnapshot",
        .resource = RESOURCE_SNAPSHOT,
        .noun = "domain snapshot",
        .rights = "domain",
        .group = offsetof(Driver, snapshots),
        .interfaces = interfaces,
        .find = find,
        .leaf = leaf,
        .listed = listed,
        .details = details,
};
