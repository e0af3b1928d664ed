/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is marked is started with the host: networks and pools first, all at once, and when the last
 * of them is up or has failed, the domains that may lean on them, of all connections that share
 * these. */
#include "drivers/driver.h"
#include "drivers/log.h"
#include "drivers/network.h"
#include "drivers/storage.h"

typedef struct Autostart {
        Job job;
        Resource *resource; /* a reference */
} Autostart;

static bool is_marked(const Resource *resource) {
        return resource->kind == RESOURCE_DOMAIN
                       ? container_of(resource, Domain, resource)->autostart
                       : container_of(resource, Defined, resource)->autostart;
}

static bool is_active(const Resource *resource) {
        return resource->kind == RESOURCE_DOMAIN
                       ? domain_is_active(container_of(resource, Domain, resource))
                       : container_of(resource, Defined, resource)->active;
}

static int autostart_run(Job *job, Error *error) {
        Resource *resource = container_of(job, Autostart, job)->resource;
        const Driver *driver = resource->connection->driver;

        if (!resource->attached || is_active(resource))
                return DONE;
        if (resource->kind == RESOURCE_NETWORK)
                return driver->networks->start(network_of(resource), job, error);
        if (resource->kind == RESOURCE_POOL)
                return driver->storage->start(pool_of(resource), 0, job, error);
        return driver->lifecycle->start(domain_of(resource), 0, job, error);
}

static void step_done(Connection *connection);

static void autostart_done(Job *job, int result, Error *error) {
        Autostart *autostart = container_of(job, Autostart, job);
        Connection *connection = autostart->resource->connection;
        bool is_awaited = autostart->resource->kind != RESOURCE_DOMAIN;

        if (result < 0) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, autostart->resource, "cannot autostart: %s",
                             text ?: "out of memory");
        }
        job_result_clear(&job->result);
        resource_unref(autostart->resource);
        free(autostart);
        if (is_awaited)
                step_done(connection);
}

static void start_marked(Connection *connection, ResourceKind kind) {
        const ResourceSet *set = &connection->sets[kind];

        for (size_t i = 0; i < set->n; i++) {
                Resource *resource = set->items[i];
                Autostart *autostart =
                        is_marked(resource) ? calloc(1, sizeof(*autostart)) : NULL;

                if (!autostart)
                        continue;
                autostart->job.done = autostart_done;
                autostart->resource = resource_ref(resource);
                if (kind != RESOURCE_DOMAIN)
                        connection->autostarting++;
                job_start(&resource->queue, &autostart->job, "autostart", autostart_run);
        }
}

/* A connection that is being closed waits for nothing any more. */
static void step_done(Connection *connection) {
        if (connection->autostarting == 0 || --connection->autostarting > 0)
                return;
        start_marked(connection, RESOURCE_DOMAIN);
        for (Connection *other = connection->sharing; other; other = other->sharing)
                if (other->autostart_waits) {
                        other->autostart_waits = false;
                        start_marked(other, RESOURCE_DOMAIN);
                }
}

void connection_autostart(Connection *connection) {
        _cleanup_(freep) char *mark = connection_file(connection, "autostarted");

        if (!connection->driver->keeps_files)
                return; /* its marks don't outlive it */
        if (!mark || store_exists(connection->store, STORE_RUNTIME, mark))
                return;
        if (store_write(connection->store, STORE_RUNTIME, mark, "", NULL) < 0)
                log_message(LOG_WARNING, "cannot note that domains were autostarted in %s", mark);

        if (connection->keeper) {
                connection->autostart_waits = connection->keeper->autostarting > 0;
                if (!connection->autostart_waits)
                        start_marked(connection, RESOURCE_DOMAIN);
                return;
        }
        connection->autostarting = 1; /* this loop */
        if (connection->driver->networks)
                start_marked(connection, RESOURCE_NETWORK);
        if (connection->driver->storage)
                start_marked(connection, RESOURCE_POOL);
        step_done(connection);
}
