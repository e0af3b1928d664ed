/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's life on the bus: how it is found, its kind, and the handlers of its lifecycle. */
#include "objects/domain.h"

#include "objects/path.h"

/* ---- the kind ---- */

/* A transient domain that is being started is there, but nobody was told yet. */
static bool domain_listed(const Resource *resource) {
        return container_of(resource, Domain, resource)->announced;
}

static int domain_details(const Resource *resource, sd_bus_message *call) {
        char uuid[UUID_TEXT_MAX];

        return sd_bus_message_append(call, "{ss}{ss}", "domain_name", resource->name,
                                     "domain_uuid", uuid_format(resource->uuid, uuid));
}

static const Interface *const domain_interfaces[] = {
        &domain_interface,
        &virtbus_domain_interface,
        NULL,
};

const Kind domain_kind = {
        .folder = "domain",
        .resource = RESOURCE_DOMAIN,
        .group = offsetof(Driver, definitions),
        .noun = "domain",
        .rights = "domain",
        .interfaces = domain_interfaces,
        .find = find_by_uuid,
        .leaf = leaf_of_uuid,
        .listed = domain_listed,
        .details = domain_details,
};

/* ---- lifecycle ---- */

int domain_call_rename(Request *request, Error *error) {
        int (*rename)(Domain *, const char *, Job *, Error *) = request_operation(request);
        const char *name;
        int r = request_read(request, error, &name, NULL);

        return r < 0 ? r : rename(request_domain(request), name, &request->job, error);
}

int domain_get_state(Request *request, Error *error) {
        Domain *domain = request_domain(request);
        const DomainLifecycle *lifecycle = domain->resource.connection->driver->lifecycle;

        if (lifecycle && lifecycle->look)
                lifecycle->look(domain);
        return request_reply(request, (int) domain->state, domain->reason);
}
