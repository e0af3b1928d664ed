/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen driver: what it offers, whether there is a Xen, and its life with a connection. */
#include "drivers/xen/driver.h"

#include <errno.h>
#include <unistd.h>

#include "config.h"
#include "drivers/domain-ops.h"
#include "drivers/log.h"
#include "drivers/network/ops.h"
#include "drivers/nwfilter.h"
#include "drivers/secret.h"
#include "drivers/xen/away.h"
#include "drivers/xen/device.h"
#include "drivers/xen/tuning.h"

#define PRIVCMD_DEVICE "/dev/xen/privcmd"
#define PRIVCMD_OLD "/proc/xen/privcmd"

/* ---- whether there is one ---- */

int xen_need(const Connection *connection, Error *error) {
        const XenDriver *driver = xen_driver_of(connection);

        if (driver->present && !driver->core->dead)
                return 0;
        if (driver->present)
                return fail(error, ERROR_OPERATION_FAILED,
                            XEN_STORE_GONE ", or libxl cannot go on: guests run, and nothing can "
                            "be done to them until both have been started again");
        return fail(error, ERROR_OPERATION_INVALID, "no Xen on this host");
}

/* ---- definitions, kept whether there is one or not ---- */

static int xen_define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = xen_conf_parse(xml, flags & DOMAIN_DEFINE_VALIDATE ? CONF_VALIDATE : 0, &conf,
                               error);

        return r < 0 ? r : domain_op_define(connection, conf, job, error);
}

static int xen_create(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = xen_conf_parse(xml, flags & DOMAIN_START_VALIDATE ? CONF_VALIDATE : 0, &conf,
                               error);

        if (r >= 0)
                r = xen_need(connection, error);
        return r < 0 ? r : domain_op_create(connection, TAKE(conf), flags, xen_start_conf, job,
                                            error);
}

/* The image goes with the definition, as the flags say. */
static int xen_undefine(Domain *domain, uint32_t flags, Job *job, Error *error) {
        bool saved = domain->managed_save;
        int r;

        resource_ref(&domain->resource);
        r = domain_op_undefine(domain, flags, job, error);
        if (r >= 0 && saved)
                xen_managed_remove(domain);
        resource_unref(&domain->resource);
        return r;
}

const DomainDefinitions xen_definitions = {
        .define = xen_define,
        .create = xen_create,
        .undefine = xen_undefine,
        .rename = domain_op_rename,
};

/* ---- what the hypervisor says of itself ---- */

static uint64_t version(Connection *connection) {
        XenCore *core = xen_driver_of(connection)->core;
        const libxl_version_info *info =
                core ? XEN_CALL(core, libxl_get_version_info(core->ctx)) : NULL;

        return info ? info->xen_version_major * UINT64_C(1000000) +
                              info->xen_version_minor * UINT64_C(1000) : 0;
}

const HypervisorOps xen_hypervisor = {
        .version = version,
        .capabilities = xen_capabilities,
        .domain_capabilities = xen_domain_capabilities,
        .cpu_models = xen_cpu_models,
        .compare_cpu = xen_compare_cpu,
        .baseline_cpu = xen_baseline_cpu,
};

/* ---- life ---- */

static void driver_close(Connection *connection) {
        XenDriver *driver = xen_driver_of(connection);

        for (size_t i = 0; i < connection->sets[RESOURCE_DOMAIN].n; i++) {
                XenGuest *guest = xen_guest_of(
                        domain_of(connection->sets[RESOURCE_DOMAIN].items[i]));

                if (guest && guest->away)
                        xen_away_close(guest->away);
                xen_guest_free(guest);
        }
        xen_core_free(driver->core);
        free(driver);
        connection->data = NULL;
}

/* Where Xen runs but its tools don't, what needs none of them is offered all the same. */
static void find_xen(Connection *connection, XenDriver *driver) {
        _cleanup_(error_clear) Error error = {};
        int r = xen_core_new(connection, &driver->core, &error);

        if (r >= 0)
                r = xen_watch(driver->core, &error);
        if (r >= 0)
                r = xen_find_all(driver->core, &error);
        if (r >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_message(LOG_ERR, "Xen: %s", text ?: "out of memory");
        driver->present = driver->core != NULL;
}

static int driver_open(Connection *connection, Error *error) {
        XenDriver *driver = calloc(1, sizeof(*driver));

        if (!driver)
                return fail_memory(error);
        driver->present = access(PRIVCMD_DEVICE, R_OK | W_OK) == 0 ||
                          access(PRIVCMD_OLD, R_OK | W_OK) == 0;
        connection->data = driver;
        int r = xen_managed_find(connection, error);
        if (r >= 0 && driver->present)
                find_xen(connection, driver);
        return r;
}

/* Domain-0 has no file: what is said of it holds as long as we run. */
static int keep_live(Domain *domain, Error *error) {
        XenGuest *guest = xen_guest_of(domain);

        return guest ? xen_status_save(guest, error) : 0;
}

const Driver xen_driver = {
        .name = "Xen",
        .id = "xen",
        .origin = ORIGIN_LIBXL,
        .keeps_files = true,
        .of_host = true,
        .keep_live = keep_live,
        .open = driver_open,
        .close = driver_close,
        .definitions = &xen_definitions,
        .lifecycle = &xen_lifecycle,
        .access = &xen_access,
        .devices = &xen_devices,
        .tuning = &xen_tuning,
        .processors = &xen_processors,
        .statistics = &xen_statistics,
#if HAVE_NETWORK
        .networks = &host_networks,
#endif
        .control = &xen_control,
        .migration = &xen_migration,
        .saving = &xen_saving,
        .nwfilters = &nwfilter_ops,
        .secrets = &secret_ops,
        .hypervisor = &xen_hypervisor,
        .node = &xen_node,
        .native = &xen_native,
};
