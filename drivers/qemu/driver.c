/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QEMU driver: what it offers, and its life with a connection. */
#include <errno.h>

#include "config.h"
#include "drivers/host.h"
#include "drivers/log.h"
#include "drivers/network/ops.h"
#include "drivers/nwfilter.h"
#include "drivers/qemu/driver.h"
#include "drivers/qemu/errand.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/start-private.h"
#include "drivers/secret.h"

/* ---- the host's own QEMU is asked who it is when there is nothing better to do ---- */

static void probed(QemuCaps *caps, Error *error, void *userdata) {
        if (caps || error->code == ERROR_OPERATION_ABORTED)
                return; /* the cache noted its version */
        _cleanup_(freep) char *text = error_text(error);
        log_message(LOG_WARNING, "QEMU of this host: %s", text ?: "out of memory");
}

static int probe(sd_event_source *source, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *binary = NULL;
        QemuDriver *driver = userdata;
        QemuCaps *caps = NULL;
        int r = qemu_find_binary(host_arch(), &binary, &error);

        if (r >= 0)
                r = qemu_caps_get(driver->caps, binary, probed, NULL, &caps, &error);
        if (r != PENDING)
                probed(caps, &error, NULL);
        return 0;
}

static void end_job(Job *job) {
        _cleanup_(error_clear) Error error = {};

        if (job)
                job_done(job, fail(&error, ERROR_OPERATION_ABORTED, "the service ends"), &error);
}

/* Who waits for a start or an end is told that we go. Its process stays what it is: a held one
 * ends, one that was let go is found again, and ended if its start never was. */
static void leave(Domain *domain) {
        QemuGuest *guest = qemu_guest_of(domain);
        Job *start = guest->start ? guest->start->job : NULL;
        Job *ending = TAKE(guest->ending);
        Agent *agent = TAKE(guest->agent);

        qemu_guest_free(guest);
        agent_free(agent);
        end_job(start);
        end_job(ending);
}

/* First what waits for its turn, so that no end of a job begins another. Starts that wait for
 * capabilities are undone by the end of their cache; a transient domain goes with its start. */
static void driver_close(Connection *connection) {
        QemuDriver *driver = qemu_driver_of(connection);
        const ResourceSet *domains = &connection->sets[RESOURCE_DOMAIN];

        for (size_t i = 0; i < domains->n; i++)
                job_queue_flush(&domains->items[i]->queue, ERROR_OPERATION_ABORTED,
                                "the service ends");
        sd_event_source_disable_unref(driver->probe);
        driver->caps = qemu_caps_cache_free(driver->caps);
        for (size_t i = 0; i < domains->n; i++)
                if (qemu_guest_of(domain_of(domains->items[i])))
                        leave(domain_of(domains->items[i]));
        driver->errands = errands_free(driver->errands);
        driver->links = link_watch_free(driver->links);
        if (driver->networks)
                event_unwatch(&connection->hub, driver->networks);
        free(driver);
        connection->data = NULL;
}

static int driver_open(Connection *connection, Error *error) {
        QemuDriver *driver = calloc(1, sizeof(*driver));
        int r;

        if (!driver)
                return fail_memory(error);
        connection->data = driver;
        driver->connection = connection;
        driver->caps = qemu_caps_cache_new(connection);
        driver->errands = errands_new(connection->event);
        if (!driver->caps || !driver->errands)
                return fail_memory(error);
#if HAVE_NETWORK
        r = qemu_nets_follow(connection, &driver->networks, error);
        if (r < 0)
                return r;
#endif
        r = sd_event_add_defer(connection->event, &driver->probe, probe, driver);
        if (r >= 0)
                r = sd_event_source_set_priority(driver->probe, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return fail_errno(error, r, "cannot plan the probe of QEMU");
        return qemu_reconnect_all(connection, error);
}

const Driver qemu_driver = {
        .name = "QEMU",
        .id = "qemu",
        .origin = ORIGIN_QEMU,
        .keeps_files = true,
        .of_host = true,
        .keep_live = qemu_keep_live,
        .open = driver_open,
        .close = driver_close,
        .definitions = &qemu_definitions,
        .lifecycle = &qemu_lifecycle,
        .access = &qemu_access,
        .agent = &qemu_agent,
        .devices = &qemu_devices,
        .processors = &qemu_processors,
        .tuning = &qemu_tuning,
#if HAVE_NETWORK
        .networks = &host_networks,
#endif
        .nwfilters = &nwfilter_ops,
        .secrets = &secret_ops,
        .hypervisor = &qemu_hypervisor,
        .node = &host_node,
};
