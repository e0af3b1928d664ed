/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists and lookups: they answer from memory, at once. */
#include "objects/lookup.h"

int need_kind(const Request *request, const Kind *kind, Error *error) {
        if (kind_offered(kind, request->object.through))
                return 0;
        return fail(error, ERROR_NO_SUPPORT, "%s", request->method->api);
}

/* ---- lists ---- */

static bool filter_passes(const Filter *filter, const Resource *resource, uint32_t flags) {
        if (!(flags & (filter->yes | filter->no)))
                return true;
        if (filter->bits)
                return flags & filter->bits(resource);
        return flags & (filter->is(resource) ? filter->yes : filter->no);
}

bool filters_pass(const Filter *filters, const Resource *resource, uint32_t flags) {
        for (; filters && (filters->is || filters->bits); filters++)
                if (!filter_passes(filters, resource, flags))
                        return false;
        return true;
}

static int append_path(const Request *request, sd_bus_message *reply, const Resource *resource) {
        char path[OBJECT_PATH_MAX];

        return sd_bus_message_append_basic(reply, 'o',
                                           object_path(request->object.through, resource, path));
}

int reply_list(Request *request, const Kind *kind, const Resource *parent, const Filter *filters,
               Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const ResourceSet *set = kind_set(kind, request->object.connection);
        int r = need_kind(request, kind, error);

        if (r >= 0)
                r = request_reply_begin(request, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "o");
        for (size_t i = 0; r >= 0 && i < set->n; i++) {
                const Resource *resource = set->items[i];

                if ((!parent || resource->parent == parent) && kind->listed(resource) &&
                    filters_pass(filters, resource, request->flags))
                        r = append_path(request, reply, resource);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

int reply_paths(Request *request, Resource *const *resources, size_t n) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = request_reply_begin(request, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "o");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_path(request, reply, resources[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

/* ---- lookups ---- */

int fail_missing(const Kind *kind, const char *what, const char *text, Error *error) {
        return fail(error, resource_missing(kind->resource), "no %s with matching %s '%s'",
                    kind->noun, what, text);
}

int reply_resource(Request *request, const Resource *resource) {
        char path[OBJECT_PATH_MAX];

        return request_reply(request, object_path(request->object.through, resource, path));
}

int reply_found(Request *request, const Kind *kind, const Resource *found, const char *what,
                const char *text, Error *error) {
        return found ? reply_resource(request, found) : fail_missing(kind, what, text, error);
}

/* The first argument of what may have others. */
static int read_text(Request *request, const Kind *kind, const char **ret, Error *error) {
        int r = need_kind(request, kind, error);

        return r < 0 ? r : request_read(request, error, ret, NULL, NULL);
}

int reply_by_name(Request *request, const Kind *kind, const Resource *parent, Error *error) {
        const ResourceSet *set = kind_set(kind, request->object.connection);
        const char *name;
        int r = read_text(request, kind, &name, error);

        if (r < 0)
                return r;
        return reply_found(request, kind, resource_set_child(set, parent, name), "name", name,
                           error);
}

int reply_by_uuid(Request *request, const Kind *kind, Error *error) {
        const ResourceSet *set = kind_set(kind, request->object.connection);
        const char *text;
        Uuid uuid;
        int r = read_text(request, kind, &text, error);

        if (r < 0)
                return r;
        if (uuid_parse(text, &uuid) < 0)
                return fail(error, ERROR_INVALID_ARG, "uuidstr in %s must be a valid UUID",
                            request->method->api);
        return reply_found(request, kind, resource_set_by_uuid(set, uuid), "uuid", text, error);
}

int reply_by_key(Request *request, const Kind *kind, Error *error) {
        const ResourceSet *set = kind_set(kind, request->object.connection);
        const char *key;
        int r = read_text(request, kind, &key, error);

        if (r < 0)
                return r;
        return reply_found(request, kind, resource_set_by_key(set, key), "key", key, error);
}
