/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains of a connection: listed, looked up, made, brought back from files. */
#include "objects/connect.h"

#include <stdio.h>

/* ---- lists ---- */

static const Domain *domain_at(const Resource *resource) {
        return container_of(resource, Domain, resource);
}

static bool is_active(const Resource *resource) {
        return domain_is_active(domain_at(resource));
}

static bool is_persistent(const Resource *resource) {
        return domain_is_persistent(domain_at(resource));
}

static bool is_autostarted(const Resource *resource) {
        return domain_at(resource)->autostart;
}

static bool is_saved(const Resource *resource) {
        const DomainSaving *saving = resource->connection->driver->saving;

        return saving && saving->has_managed_save &&
               saving->has_managed_save(domain_at(resource));
}

static bool has_snapshot(const Resource *resource) {
        const ResourceSet *set = &resource->connection->sets[RESOURCE_SNAPSHOT];

        for (size_t i = 0; i < set->n; i++)
                if (set->items[i]->parent == resource)
                        return true;
        return false;
}

/* No driver keeps checkpoints. */
static bool has_checkpoint(const Resource *resource) {
        return false;
}

static uint32_t state_bit(const Resource *resource) {
        switch (domain_at(resource)->state) {
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

const Filter domain_filters[] = {
        { LIST_DOMAINS_ACTIVE, LIST_DOMAINS_INACTIVE, is_active },
        { LIST_DOMAINS_PERSISTENT, LIST_DOMAINS_TRANSIENT, is_persistent },
        { LIST_DOMAINS_RUNNING | LIST_DOMAINS_PAUSED | LIST_DOMAINS_SHUTOFF | LIST_DOMAINS_OTHER,
          .bits = state_bit },
        { LIST_DOMAINS_MANAGEDSAVE, LIST_DOMAINS_NO_MANAGEDSAVE, is_saved },
        { LIST_DOMAINS_AUTOSTART, LIST_DOMAINS_NO_AUTOSTART, is_autostarted },
        { LIST_DOMAINS_HAS_SNAPSHOT, LIST_DOMAINS_NO_SNAPSHOT, has_snapshot },
        { LIST_DOMAINS_HAS_CHECKPOINT, LIST_DOMAINS_NO_CHECKPOINT, has_checkpoint },
        {}
};

int connect_list_domains(Request *request, Error *error) {
        return reply_list(request, &domain_kind, NULL, domain_filters, error);
}

/* ---- lookups ---- */

int connect_domain_by_id(Request *request, Error *error) {
        const Domain *domain = NULL;
        char text[16];
        int32_t id;
        int r;

        r = request_read(request, error, &id);
        if (r < 0)
                return r;
        if (id > 0)
                domain = connection_domain_by_id(request->object.connection, id);
        snprintf(text, sizeof(text), "%d", id);
        return reply_found(request, &domain_kind, domain ? &domain->resource : NULL, "id", text,
                           error);
}

int connect_domain_by_name(Request *request, Error *error) {
        return reply_by_name(request, &domain_kind, NULL, error);
}

int connect_domain_by_uuid(Request *request, Error *error) {
        return reply_by_uuid(request, &domain_kind, error);
}

/* ---- new domains ---- */

/* xml [flags]: for any row whose operation takes the connection, a text and flags. */
int connect_call_text(Request *request, Error *error) {
        int (*operation)(Connection *, const char *, uint32_t, Job *, Error *);
        const char *text;
        int r;

        operation = request_operation(request);
        r = request_read_first(request, error, "s", &text);
        if (r < 0)
                return r;
        return operation(request->object.connection, text, request->flags, &request->job, error);
}

int connect_create_domain_with_files(Request *request, Error *error) {
        int (*create)(Connection *, const char *, const int *, size_t, uint32_t, Job *, Error *);
        const int *files;
        const char *xml;
        size_t n;
        int r;

        create = request_operation(request);
        r = request_read_first(request, error, "s", &xml);
        if (r >= 0)
                r = request_read_descriptors(request, &files, &n, error);
        if (r < 0)
                return r;
        return create(request->object.connection, xml, files, n, request->flags, &request->job,
                      error);
}

/* ---- files that hold a guest ---- */

typedef int (*CallImage)(Connection *connection, const char *file, const char *xml, uint32_t flags,
                         Job *job, Error *error);

static int call_image(Request *request, bool xml_needed, Error *error) {
        CallImage operation = request_operation(request);
        const char *file, *xml;
        int r;

        r = request_read(request, error, &file, &xml, NULL);
        if (r >= 0)
                r = need_text(request, "file", file, error);
        if (r >= 0 && xml_needed)
                r = need_text(request, "xml", xml, error);
        if (r < 0)
                return r;
        return operation(request->object.connection, file, given(xml), request->flags,
                         &request->job, error);
}

int connect_restore_domain(Request *request, Error *error) {
        return call_image(request, false, error);
}

int connect_define_image(Request *request, Error *error) {
        return call_image(request, true, error);
}
