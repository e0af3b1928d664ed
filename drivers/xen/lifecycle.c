/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a Xen guest. */
#include "drivers/xen/driver.h"

/* One answer for all that needs a guest that runs, or one to be made. */
static int need_guest(Domain *domain, Error *error) {
        int r = xen_need(domain->resource.connection, error);

        return r < 0 ? r : fail(error, ERROR_NO_SUPPORT, "running Xen guests");
}

static int with_flags(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return need_guest(domain, error);
}

static int without_flags(Domain *domain, Job *job, Error *error) {
        return need_guest(domain, error);
}

const DomainLifecycle xen_lifecycle = {
        .start = with_flags,
        .destroy = with_flags,
        .shutdown = with_flags,
        .reboot = with_flags,
        .suspend = without_flags,
        .resume = without_flags,
};
