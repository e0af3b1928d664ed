/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on definitions that are the same for every driver. */
#include "drivers/domain-ops.h"

#include <stdlib.h>

int domain_op_define(Connection *connection, DomainConf *conf, Job *job, Error *error) {
        Domain *domain;
        int r = domain_define(connection, conf, &domain, error);

        if (r < 0)
                return r;
        job->result.resource = resource_ref(&domain->resource);
        return DONE;
}

/* ---- create ---- */

/* What is to be started waits with the job. */
typedef struct Creation {
        DomainConf *conf;
        uint32_t flags;
        DomainStart start;
} Creation;

static void creation_free(void *baggage) {
        Creation *creation = baggage;

        conf_free(creation->conf);
        free(creation);
}

static int create_now(Job *job, Error *error) {
        Domain *domain = domain_of(job->result.resource);
        Creation *creation = job->result.baggage;
        int r = domain_need_inactive(domain, error);

        return r < 0 ? r : creation->start(domain, TAKE(creation->conf), creation->flags, job,
                                           error);
}

int domain_op_create(Connection *connection, DomainConf *conf, uint32_t flags, DomainStart start,
                     Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *owned = conf;
        Creation *creation;
        Domain *domain;
        int r = domain_create(connection, owned, &domain, error);

        if (r < 0)
                return r;
        job->result.resource = resource_ref(&domain->resource);
        creation = calloc(1, sizeof(*creation));
        if (!creation)
                return fail_memory(error);
        *creation = (Creation) { .conf = TAKE(owned), .flags = flags, .start = start };
        job->result.baggage = creation;
        job->result.baggage_free = creation_free;
        job_start(&domain->resource.queue, job, "create", create_now);
        return PENDING;
}

/* ---- undefine, rename ---- */

int domain_op_undefine(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return domain_undefine(domain, flags, error);
}

int domain_op_rename(Domain *domain, const char *name, Job *job, Error *error) {
        return domain_rename(domain, name, error);
}
