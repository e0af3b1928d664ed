/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection on the bus: its kind, and its domains: listed, looked up, defined, created. */
#include "objects/connect.h"

#include "objects/wire.h"

static const Interface *const connect_interfaces[] = {
        &connect_interface,
        &virtbus_connect_interface,
        NULL,
};

const Kind connect_kind = { .interfaces = connect_interfaces };

/* ---- lists ---- */

/* One group of filter bits: a domain must match one that was asked for, if any was. */
typedef struct Filter {
        uint32_t yes, no;
        bool (*is)(const Domain *domain);
} Filter;

static bool is_autostarted(const Domain *domain) {
        return domain->autostart;
}

/* What no driver keeps: no domain has one. */
static bool has_none(const Domain *domain) {
        return false;
}

static const Filter filters[] = {
        { LIST_DOMAINS_ACTIVE, LIST_DOMAINS_INACTIVE, domain_is_active },
        { LIST_DOMAINS_PERSISTENT, LIST_DOMAINS_TRANSIENT, domain_is_persistent },
        { LIST_DOMAINS_AUTOSTART, LIST_DOMAINS_NO_AUTOSTART, is_autostarted },
        { LIST_DOMAINS_MANAGEDSAVE, LIST_DOMAINS_NO_MANAGEDSAVE, has_none },
        { LIST_DOMAINS_HAS_SNAPSHOT, LIST_DOMAINS_NO_SNAPSHOT, has_none },
        { LIST_DOMAINS_HAS_CHECKPOINT, LIST_DOMAINS_NO_CHECKPOINT, has_none },
};

#define STATES \
        (LIST_DOMAINS_RUNNING | LIST_DOMAINS_PAUSED | LIST_DOMAINS_SHUTOFF | LIST_DOMAINS_OTHER)

static uint32_t state_bit(const Domain *domain) {
        switch (domain->state) {
        case DOMAIN_RUNNING:
                return LIST_DOMAINS_RUNNING;
        case DOMAIN_PAUSED:
                return LIST_DOMAINS_PAUSED;
        case DOMAIN_SHUTOFF:
                return LIST_DOMAINS_SHUTOFF;
        case DOMAIN_NOSTATE:
        case DOMAIN_BLOCKED:
        case DOMAIN_SHUTDOWN:
        case DOMAIN_CRASHED:
        case DOMAIN_PMSUSPENDED:
        case _DOMAIN_STATE_MAX:
                return LIST_DOMAINS_OTHER;
        }
        return LIST_DOMAINS_OTHER;
}

static bool matches(const Domain *domain, uint32_t flags) {
        if ((flags & STATES) && !(flags & state_bit(domain)))
                return false;
        for (size_t i = 0; i < ELEMENTS(filters); i++) {
                const Filter *filter = &filters[i];

                if ((flags & (filter->yes | filter->no)) &&
                    !(flags & (filter->is(domain) ? filter->yes : filter->no)))
                        return false;
        }
        return true;
}

int connect_list_domains(Request *request, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const ResourceSet *set = &request->object.connection->sets[RESOURCE_DOMAIN];
        char path[OBJECT_PATH_MAX];
        int r;

        r = request_reply_begin(request, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "o");
        for (size_t i = 0; r >= 0 && i < set->n; i++) {
                const Domain *domain = domain_of(set->items[i]);

                if (!domain->announced || !matches(domain, request->flags))
                        continue;
                r = sd_bus_message_append_basic(reply, 'o', object_path(request->object.connection,
                                                                        &domain->resource, path));
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

/* ---- lookups ---- */

static int reply_resource(Request *request, const Resource *resource) {
        char path[OBJECT_PATH_MAX];

        return request_reply(request, object_path(request->object.connection, resource, path));
}

int connect_domain_by_id(Request *request, Error *error) {
        const Domain *domain = NULL;
        int32_t id;
        int r;

        r = request_read(request, error, &id);
        if (r < 0)
                return r;
        if (id > 0)
                domain = connection_domain_by_id(request->object.connection, id);
        if (!domain)
                return fail(error, ERROR_NO_DOMAIN, "no domain with matching id '%d'", id);
        return reply_resource(request, &domain->resource);
}

int connect_domain_by_name(Request *request, Error *error) {
        const Resource *resource;
        const char *name;
        int r;

        r = request_read(request, error, &name);
        if (r < 0)
                return r;
        resource = resource_set_by_name(&request->object.connection->sets[RESOURCE_DOMAIN], name);
        if (!resource)
                return fail(error, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
        return reply_resource(request, resource);
}

int connect_domain_by_uuid(Request *request, Error *error) {
        const Resource *resource;
        const char *text;
        Uuid uuid;
        int r;

        r = request_read(request, error, &text);
        if (r < 0)
                return r;
        if (uuid_parse(text, &uuid) < 0)
                return fail(error, ERROR_INVALID_ARG, "uuidstr in %s must be a valid UUID",
                            request->method->api);
        resource = resource_set_by_uuid(&request->object.connection->sets[RESOURCE_DOMAIN], uuid);
        if (!resource)
                return fail(error, ERROR_NO_DOMAIN, "no domain with matching uuid '%s'", text);
        return reply_resource(request, resource);
}

/* ---- new domains ---- */

int connect_define_domain(Request *request, Error *error) {
        int (*define)(Connection *, const char *, uint32_t, Job *, Error *);
        const char *xml;
        int r;

        define = request_operation(request);
        r = request_read(request, error, &xml);
        return r < 0 ? r : define(request->object.connection, xml, 0, &request->job, error);
}

int connect_create_domain(Request *request, Error *error) {
        int (*create)(Connection *, const char *, uint32_t, Job *, Error *);
        const char *xml;
        int r;

        create = request_operation(request);
        r = request_read(request, error, &xml, NULL);
        if (r < 0)
                return r;
        return create(request->object.connection, xml, request->flags, &request->job, error);
}

int fill_domain_event(const Event *event, sd_bus_message *signal) {
        char path[OBJECT_PATH_MAX];

        object_path(event->resource->connection, event->resource, path);
        return sd_bus_message_append(signal, "oii", path, event->type, event->detail);
}
