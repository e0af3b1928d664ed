/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tie between a guest and its client. It begins before the start, so that a client that goes
 * while its guest is being started is not missed, and ends with the first of the two, or when a
 * guest that was sent by the client has arrived. */
#include "objects/autodestroy.h"

#include "drivers/log.h"

struct Autodestroy {
        ClientWatch client;
        Domain *domain; /* a reference, once bound */
        EventWatch *events;
        bool gone, closed; /* the client; the service */
        bool ending; /* job is the driver's */
        Job job;
};

Autodestroy *autodestroy_free(Autodestroy *autodestroy) {
        if (!autodestroy)
                return NULL;
        client_unwatch(&autodestroy->client);
        if (autodestroy->domain) {
                event_unwatch(&autodestroy->domain->resource.connection->hub, autodestroy->events);
                resource_unref(&autodestroy->domain->resource);
        }
        job_result_clear(&autodestroy->job.result);
        free(autodestroy);
        return NULL;
}

static void destroyed(Job *job, int result, Error *error) {
        Autodestroy *autodestroy = container_of(job, Autodestroy, job);

        if (result < 0) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, &autodestroy->domain->resource,
                             "its client is gone, but it cannot be destroyed: %s", text ?: "?");
        }
        autodestroy_free(autodestroy);
}

static int destroy(Job *job, Error *error) {
        Domain *domain = container_of(job, Autodestroy, job)->domain;

        return domain->resource.connection->driver->lifecycle->destroy(domain, 0, job, error);
}

static void autodestroy_end(Autodestroy *autodestroy) {
        log_resource(LOG_INFO, &autodestroy->domain->resource, "its client is gone: destroying it");
        autodestroy->ending = true;
        autodestroy->job.done = destroyed;
        job_start(NULL, &autodestroy->job, "autodestroy", destroy);
}

static void client_gone(ClientWatch *watch) {
        Autodestroy *autodestroy = container_of(watch, Autodestroy, client);

        autodestroy->gone = true;
        if (autodestroy->domain)
                autodestroy_end(autodestroy);
}

/* We end, the guest doesn't: the next life of the service ends it, as its driver noted. */
static void clients_closed(ClientWatch *watch) {
        Autodestroy *autodestroy = container_of(watch, Autodestroy, client);

        autodestroy->closed = true;
        if (autodestroy->domain && !autodestroy->ending)
                autodestroy_free(autodestroy);
}

static void domain_event(const Event *event, void *userdata) {
        Autodestroy *autodestroy = userdata;

        if (event->resource != &autodestroy->domain->resource || autodestroy->ending)
                return;
        /* Whoever sent a guest that has arrived isn't its client any more. */
        if (event->kind == EVENT_DETACHED ||
            (event->kind == EVENT_LIFECYCLE && event->type == DOMAIN_EVENT_STARTED &&
             event->detail == STARTED_MIGRATED) ||
            (event->kind == EVENT_LIFECYCLE && event->type == DOMAIN_EVENT_STOPPED))
                autodestroy_free(autodestroy);
}

Autodestroy *autodestroy_new(Client *client) {
        Autodestroy *autodestroy = calloc(1, sizeof(*autodestroy));

        if (!autodestroy)
                return NULL;
        autodestroy->client.gone = client_gone;
        autodestroy->client.closed = clients_closed;
        client_watch(client, &autodestroy->client);
        return autodestroy;
}

void autodestroy_bind(Autodestroy *autodestroy, Domain *domain) {
        if (autodestroy->closed) {
                autodestroy_free(autodestroy);
                return;
        }
        resource_ref(&domain->resource);
        autodestroy->domain = domain;
        if (event_watch(&domain->resource.connection->hub, domain_event, autodestroy,
                        &autodestroy->events) < 0)
                autodestroy->gone = true; /* better no guest than one that nobody ends */
        if (autodestroy->gone)
                autodestroy_end(autodestroy);
}
