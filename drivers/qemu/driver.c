/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QEMU driver: what it offers, and its life with a connection. */
#include <errno.h>

#include "config.h"
#include "drivers/host.h"
#include "drivers/log.h"
#include "drivers/network/ops.h"
#include "drivers/nwfilter.h"
#include "drivers/qemu/driver.h"
#include "drivers/qemu/guest.h"
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

static void driver_close(Connection *connection) {
        QemuDriver *driver = qemu_driver_of(connection);

        for (size_t i = 0; i < connection->sets[RESOURCE_DOMAIN].n; i++) {
                Domain *domain = domain_of(connection->sets[RESOURCE_DOMAIN].items[i]);

                qemu_guest_free(qemu_guest_of(domain));
        }
        sd_event_source_disable_unref(driver->probe);
        qemu_caps_cache_free(driver->caps);
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
        if (!driver->caps)
                return fail_memory(error);
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
        .keep_live = qemu_keep_live,
        .open = driver_open,
        .close = driver_close,
        .definitions = &qemu_definitions,
        .lifecycle = &qemu_lifecycle,
        .access = &qemu_access,
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
