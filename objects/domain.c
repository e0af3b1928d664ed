/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's life on the bus: how it is found, its kind, and the handlers of its lifecycle. */
#include "objects/domain.h"

#include "objects/wire.h"

/* ---- the kind ---- */

static ResourceSet *domain_set(Connection *connection) {
        return &connection->sets[RESOURCE_DOMAIN];
}

static Resource *domain_find(Connection *connection, const char *leaf) {
        Uuid uuid;

        if (path_uuid_parse(leaf, &uuid) < 0)
                return NULL;
        return resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], uuid);
}

static int domain_leaf(const Resource *resource, char *to, size_t size) {
        return path_uuid_format(resource->uuid, to, size);
}

/* A transient domain that is being started is there, but nobody was told yet. */
static bool domain_listed(const Resource *resource) {
        return container_of(resource, Domain, resource)->announced;
}

static const Interface *const domain_interfaces[] = {
        &domain_interface,
        &virtbus_domain_interface,
        NULL,
};

const Kind domain_kind = {
        .folder = "domain",
        .interfaces = domain_interfaces,
        .set = domain_set,
        .find = domain_find,
        .leaf = domain_leaf,
        .listed = domain_listed,
};

/* ---- lifecycle ---- */

int domain_call_flags(Request *request, Error *error) {
        int (*operation)(Domain *, uint32_t, Job *, Error *) = request_operation(request);

        return operation(request_domain(request), request->flags, &request->job, error);
}

int domain_call_plain(Request *request, Error *error) {
        int (*operation)(Domain *, Job *, Error *) = request_operation(request);

        return operation(request_domain(request), &request->job, error);
}

int domain_call_rename(Request *request, Error *error) {
        int (*rename)(Domain *, const char *, Job *, Error *) = request_operation(request);
        const char *name;
        int r = request_read(request, error, &name, NULL);

        return r < 0 ? r : rename(request_domain(request), name, &request->job, error);
}

int domain_get_state(Request *request, Error *error) {
        const Domain *domain = request_domain(request);

        return request_reply(request, (int) domain->state, domain->reason);
}

int domain_open_graphics(Request *request, Error *error) {
        int (*open)(Domain *, uint32_t, uint32_t, Job *, Error *) = request_operation(request);
        uint32_t index;
        int r = request_read(request, error, &index, NULL);

        if (r < 0)
                return r;
        return open(request_domain(request), index, request->flags, &request->job, error);
}
