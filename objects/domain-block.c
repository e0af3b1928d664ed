/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's disks, its memory and its state as files on the bus: rows whose arguments no other row
 * has. */
#include "objects/domain.h"

#include <inttypes.h>

#define PEEK_MAX (UINT64_C(4) << 20) /* bytes of one answer, as in libvirt's protocol */

/* ---- jobs on disks ---- */

int domain_block_commit(Request *request, Error *error) {
        int (*commit)(Domain *, const char *, const char *, const char *, uint64_t, uint32_t, Job *,
                      Error *);
        const char *disk, *base, *top;
        uint64_t bandwidth;
        int r = request_read(request, error, &disk, &base, &top, &bandwidth, NULL);

        commit = request_operation(request);
        if (r >= 0)
                r = need_text(request, "disk", disk, error);
        if (r < 0)
                return r;
        return commit(request_domain(request), disk, given(base), given(top), bandwidth,
                      request->flags, &request->job, error);
}

int domain_block_copy(Request *request, Error *error) {
        int (*copy)(Domain *, const char *, const char *, Values *, uint32_t, Job *, Error *);
        const char *disk, *xml;
        int r = request_read_first(request, error, "ss", &disk, &xml);

        copy = request_operation(request);
        if (r >= 0)
                r = need_text(request, "disk", disk, error);
        if (r >= 0)
                r = need_text(request, "destxml", xml, error);
        if (r >= 0)
                r = request_read_parameters(request, error);
        if (r < 0)
                return r;
        return copy(request_domain(request), disk, xml, &request->parameters, request->flags,
                    &request->job, error);
}

/* Without COPY it is a pull that ends at base. */
static int check_rebase(const Request *request, const char *base, Error *error) {
        const uint32_t copying = BLOCK_REBASE_SHALLOW | BLOCK_REBASE_REUSE_EXT |
                                 BLOCK_REBASE_COPY_RAW | BLOCK_REBASE_COPY_DEV;

        if (request->flags & BLOCK_REBASE_COPY)
                return need_text(request, "base", base, error);
        if (request->flags & copying)
                return fail(error, ERROR_INVALID_ARG, "flags 0x%x in %s are for a copy",
                            request->flags & copying, request->method->api);
        return 0;
}

int domain_block_rebase(Request *request, Error *error) {
        int (*rebase)(Domain *, const char *, const char *, uint64_t, uint32_t, Job *, Error *);
        const char *disk, *base;
        uint64_t bandwidth;
        int r = request_read(request, error, &disk, &base, &bandwidth, NULL);

        rebase = request_operation(request);
        if (r >= 0)
                r = need_text(request, "disk", disk, error);
        if (r >= 0)
                r = check_rebase(request, base, error);
        if (r < 0)
                return r;
        return rebase(request_domain(request), disk, given(base), bandwidth, request->flags,
                      &request->job, error);
}

/* ---- looking inside ---- */

static int check_peek(const Request *request, uint64_t start, uint64_t size, Error *error) {
        if (size > PEEK_MAX)
                return fail(error, ERROR_INVALID_ARG,
                            "size in %s must not be greater than %" PRIu64, request->method->api,
                            PEEK_MAX);
        if (start > UINT64_MAX - size)
                return fail(error, ERROR_INVALID_ARG, "offset in %s is too large",
                            request->method->api);
        return need_positive(request, "size", size, error);
}

int domain_peek_block(Request *request, Error *error) {
        int (*peek)(Domain *, const char *, uint64_t, uint64_t, uint32_t, Job *, Error *);
        uint64_t start, size;
        const char *disk;
        int r = request_read(request, error, &disk, &start, &size, NULL);

        peek = request_operation(request);
        if (r >= 0)
                r = need_text(request, "disk", disk, error);
        if (r >= 0)
                r = check_peek(request, start, size, error);
        if (r < 0)
                return r;
        return peek(request_domain(request), disk, start, size, request->flags, &request->job,
                    error);
}

int domain_peek_memory(Request *request, Error *error) {
        int (*peek)(Domain *, uint64_t, uint64_t, uint32_t, Job *, Error *);
        uint64_t start, size;
        int r = request_read(request, error, &start, &size, NULL);

        peek = request_operation(request);
        if (r >= 0 && !request->flags)
                r = fail(error, ERROR_INVALID_ARG,
                         "flags in %s must say whether addresses are virtual or physical",
                         request->method->api);
        if (r >= 0)
                r = check_peek(request, start, size, error);
        if (r < 0)
                return r;
        return peek(request_domain(request), start, size, request->flags, &request->job, error);
}

/* ---- a guest as a file ---- */

int domain_core_dump(Request *request, Error *error) {
        int (*dump)(Domain *, const char *, uint32_t, uint32_t, Job *, Error *);
        const char *to;
        uint32_t format;
        int r = request_read(request, error, &to, &format, NULL);

        dump = request_operation(request);
        if (r >= 0)
                r = need_text(request, "to", to, error);
        if (r >= 0 && format >= _DUMP_FORMAT_MAX)
                r = fail(error, ERROR_INVALID_ARG, "there is no format %u of a dump", format);
        if (r < 0)
                return r;
        return dump(request_domain(request), to, format, request->flags, &request->job, error);
}

int domain_save_to(Request *request, Error *error) {
        int (*save)(Domain *, const char *, const char *, uint32_t, Job *, Error *);
        const char *to, *xml;
        int r = request_read(request, error, &to, &xml, NULL);

        save = request_operation(request);
        if (r >= 0)
                r = need_text(request, "to", to, error);
        if (r < 0)
                return r;
        return save(request_domain(request), to, given(xml), request->flags, &request->job, error);
}

int domain_has_saved_image(Request *request, Error *error) {
        bool (*has)(const Domain *) = request_operation(request);

        return request_reply(request, (int) has(request_domain(request)));
}

int domain_migrate(Request *request, Error *error) {
        int (*migrate)(Domain *, const char *, Values *, uint32_t, Job *, Error *);
        const char *uri;
        int r = request_read_first(request, error, "s", &uri);

        migrate = request_operation(request);
        if (r >= 0)
                r = request_read_parameters(request, error);
        if (r < 0)
                return r;
        return migrate(request_domain(request), given(uri), &request->parameters, request->flags,
                       &request->job, error);
}
