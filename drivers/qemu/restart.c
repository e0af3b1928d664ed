/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that lives again in a new QEMU after its lifecycle rules ended it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/qemu/guest.h"

#define NAMES_MAX 10000

typedef struct Again {
        Job job;
        Domain *domain;   /* a reference */
        DomainConf *conf; /* of a transient domain */
} Again;

static void again_done(Job *job, int result, Error *error) {
        Again *again = container_of(job, Again, job);

        if (result < 0) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, &again->domain->resource, "cannot start it again: %s",
                             text ?: "out of memory");
        }
        resource_unref(&again->domain->resource);
        conf_free(again->conf);
        free(again);
}

static int again_run(Job *job, Error *error) {
        Again *again = container_of(job, Again, job);

        if (!again->domain->resource.attached || again->domain->id > 0)
                return DONE;
        return again->conf ? qemu_start_conf(again->domain, TAKE(again->conf), 0, job, error)
                           : qemu_start(again->domain, 0, job, error);
}

/* "guest" becomes "guest-1", "guest-1" becomes "guest-2". */
static char *next_name(Connection *connection, const char *name) {
        const char *dash = strrchr(name, '-');
        char *end = NULL;
        unsigned long n = dash && dash[1] ? strtoul(dash + 1, &end, 10) : 0;
        int stem = n > 0 && *end == 0 ? dash - name : (int) strlen(name);

        if (stem == (int) strlen(name))
                n = 0;
        for (unsigned long i = n + 1; i < n + NAMES_MAX; i++) {
                char *next;

                if (asprintf(&next, "%.*s-%lu", stem, name, i) < 0)
                        return NULL;
                if (!resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], next))
                        return next;
                free(next);
        }
        return NULL;
}

static int rename_again(Domain *domain, DomainConf *conf, Error *error) {
        char *name = next_name(domain->resource.connection, domain->resource.name);
        int r;

        if (!name)
                return fail_memory(error);
        if (!conf) {
                r = domain_rename(domain, name, error);
                free(name);
                return r;
        }
        free(conf->name);
        conf->name = name;
        return conf_sync(conf, error);
}

void qemu_start_again(Connection *connection, Domain *domain, DomainConf *conf, QemuAfter after) {
        Again *again = calloc(1, sizeof(*again));
        _cleanup_(error_clear) Error error = {};
        int r = again ? 0 : fail_memory(&error);

        if (r >= 0 && after == AFTER_RENAME_RESTART)
                r = rename_again(domain, conf, &error);
        if (r >= 0 && conf) /* a transient domain went when its guest did: it comes anew */
                r = domain_create(connection, conf, &domain, &error);
        if (r < 0) {
                _cleanup_(freep) char *text = error_text(&error);

                log_resource(LOG_ERR, &domain->resource, "cannot start it again: %s",
                             text ?: "out of memory");
                conf_free(conf);
                free(again);
                return;
        }
        *again = (Again) { .job.done = again_done, .domain = domain, .conf = conf };
        resource_ref(&domain->resource);
        job_start(&domain->resource.queue, &again->job, "restart", again_run);
}
