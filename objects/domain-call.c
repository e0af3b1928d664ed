/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers by the shape of a row's arguments, which is that of its operation, too: the domain, what
 * the call brought, its flags. Each checks what can be known without the driver. */
#include "objects/domain.h"

/* The first argument's name, for messages. */
static const char *first(const Request *request) {
        return request->method->names;
}

/* ---- nothing, flags ---- */

int domain_call_plain(Request *request, Error *error) {
        int (*operation)(Domain *, Job *, Error *) = request_operation(request);

        return operation(request_domain(request), &request->job, error);
}

int domain_call_flags(Request *request, Error *error) {
        int (*operation)(Domain *, uint32_t, Job *, Error *) = request_operation(request);

        return operation(request_domain(request), request->flags, &request->job, error);
}

/* ---- texts and numbers ---- */

int domain_call_text(Request *request, Error *error) {
        int (*operation)(Domain *, const char *, uint32_t, Job *, Error *);
        const char *text;
        int r = request_read_first(request, error, "s", &text);

        operation = request_operation(request);
        if (r >= 0)
                r = need_text(request, first(request), text, error);
        if (r < 0)
                return r;
        return operation(request_domain(request), text, request->flags, &request->job, error);
}

int domain_call_number(Request *request, Error *error) {
        int (*operation)(Domain *, uint32_t, uint32_t, Job *, Error *);
        uint32_t number;
        int r = request_read_first(request, error, "u", &number);

        operation = request_operation(request);
        if (r >= 0)
                r = need_positive(request, first(request), number, error);
        if (r < 0)
                return r;
        return operation(request_domain(request), number, request->flags, &request->job, error);
}

int domain_call_size(Request *request, Error *error) {
        int (*operation)(Domain *, uint64_t, uint32_t, Job *, Error *);
        uint64_t size;
        int r = request_read_first(request, error, "t", &size);

        operation = request_operation(request);
        if (r >= 0)
                r = need_positive(request, first(request), size, error);
        if (r < 0)
                return r;
        return operation(request_domain(request), size, request->flags, &request->job, error);
}

int domain_call_text_size(Request *request, Error *error) {
        int (*operation)(Domain *, const char *, uint64_t, uint32_t, Job *, Error *);
        const char *text;
        uint64_t size;
        int r = request_read_first(request, error, "st", &text, &size);

        operation = request_operation(request);
        if (r >= 0)
                r = need_text(request, first(request), text, error);
        if (r < 0)
                return r;
        return operation(request_domain(request), text, size, request->flags, &request->job, error);
}

/* ---- typed parameters ---- */

/* Of what: a disk or an interface, for rows that have one. */
static int read_device(Request *request, const char **ret, Error *error) {
        int r;

        *ret = NULL;
        if (*request->method->in != 's')
                return 0;
        r = request_read_first(request, error, "s", ret);
        return r < 0 ? r : need_text(request, first(request), *ret, error);
}

int domain_get_parameters(Request *request, Error *error) {
        DomainGetParameters get = request_operation(request);
        uint32_t flags = request->flags & ~TYPED_PARAM_STRING_OKAY;
        const char *device;
        int r = read_device(request, &device, error);

        if (r < 0)
                return r;
        return get(request_domain(request), device, flags, &request->job, error);
}

int domain_set_parameters(Request *request, Error *error) {
        DomainSetParameters set = request_operation(request);
        const char *device;
        int r = read_device(request, &device, error);

        if (r >= 0)
                r = request_read_parameters(request, error);
        if (r >= 0)
                r = need_some(request, "params", request->parameters.n, error);
        if (r < 0)
                return r;
        return set(request_domain(request), device, &request->parameters, request->flags,
                   &request->job, error);
}

/* ---- maps of CPUs ---- */

static int read_map(Request *request, const bool **ret, size_t *ret_n, Error *error) {
        size_t set = 0;
        int r = request_read_booleans(request, ret, ret_n, error);

        for (size_t i = 0; r >= 0 && i < *ret_n; i++)
                set += (*ret)[i];
        if (r < 0 || set > 0)
                return r;
        return fail(error, ERROR_INVALID_ARG, "the map in %s has no CPU", request->method->api);
}

int domain_call_map(Request *request, Error *error) {
        int (*operation)(Domain *, const bool *, size_t, uint32_t, Job *, Error *);
        const bool *map;
        size_t n;
        int r = read_map(request, &map, &n, error);

        operation = request_operation(request);
        if (r < 0)
                return r;
        return operation(request_domain(request), map, n, request->flags, &request->job, error);
}

int domain_call_number_map(Request *request, Error *error) {
        int (*operation)(Domain *, uint32_t, const bool *, size_t, uint32_t, Job *, Error *);
        uint32_t number;
        const bool *map;
        size_t n;
        int r = request_read_first(request, error, "u", &number);

        operation = request_operation(request);
        if (r >= 0)
                r = need_positive(request, first(request), number, error);
        if (r >= 0)
                r = read_map(request, &map, &n, error);
        if (r < 0)
                return r;
        return operation(request_domain(request), number, map, n, request->flags, &request->job,
                         error);
}

int domain_set_guest_vcpus(Request *request, Error *error) {
        int (*set)(Domain *, const bool *, size_t, int32_t, uint32_t, Job *, Error *);
        const bool *map;
        int32_t state;
        size_t n;
        int r = read_map(request, &map, &n, error);

        set = request_operation(request);
        if (r >= 0)
                r = request_read_first(request, error, "i", &state);
        if (r >= 0 && state != 0 && state != 1)
                r = fail(error, ERROR_INVALID_ARG, "state in %s must be 0 or 1, and not %d",
                         request->method->api, state);
        if (r < 0)
                return r;
        return set(request_domain(request), map, n, state, request->flags, &request->job, error);
}

/* ---- lists ---- */

int domain_call_texts(Request *request, Error *error) {
        int (*operation)(Domain *, const char *const *, size_t, uint32_t, Job *, Error *);
        const char *const *texts;
        size_t n;
        int r = request_read_strings(request, &texts, &n, error);

        operation = request_operation(request);
        if (r < 0)
                return r;
        return operation(request_domain(request), texts, n, request->flags, &request->job, error);
}

int domain_start_with_files(Request *request, Error *error) {
        int (*start)(Domain *, const int *, size_t, uint32_t, Job *, Error *);
        const int *files;
        size_t n;
        int r = request_read_descriptors(request, &files, &n, error);

        start = request_operation(request);
        if (r < 0)
                return r;
        return start(request_domain(request), files, n, request->flags, &request->job, error);
}
