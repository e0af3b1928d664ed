/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What changes and questions about figures of Xen guests share. */
#pragma once

#include "drivers/xen/guest.h"

/* Whom a figure of a running domain is about: Domain-0 has figures, too. ERROR_OPERATION_INVALID as
 * xen_guest_get(). */
typedef struct XenTarget {
        XenCore *core;
        uint32_t domid;
} XenTarget;

int xen_target(Domain *domain, XenTarget *ret, Error *error);

/* Whether the domain still is what it was when a target was made of it. */
bool xen_target_is(Domain *domain, const XenTarget *target);

/* Of a call that was made for what libxl says of a domain meanwhile, and didn't need to wait. */
static inline int xen_call_over(XenCall *call, int rc, const char *what, Error *error) {
        int r = rc == 0 ? 0 : xen_fail(error, rc, &call->lines, what);

        xen_call_drop(call);
        return r;
}

/* Of changes that Xen makes only when a guest is built. ERROR_OPERATION_UNSUPPORTED unless flags
 * aim at the definition alone. */
int xen_need_config(const Domain *domain, uint32_t flags, const char *what, Error *error);

/* ---- node.c ---- */

/* How many CPUs of the host a map of them has. */
size_t xen_cpus(Connection *connection);

/* ---- memory.c ---- */

int xen_set_memory(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error);

/* Xenstore says that somebody, we or others, gave a domain another size. */
void xen_memory_changed(XenCore *core, const char *path);

/* ---- scheduler.c ---- */

const char *xen_scheduler_type(Domain *domain, int *ret_n);
int xen_get_scheduler(Domain *domain, const char *device, uint32_t flags, Job *job, Error *error);
int xen_set_scheduler(Domain *domain, const char *device, Values *values, uint32_t flags, Job *job,
                      Error *error);

/* ---- console-log.c ---- */

/* What a guest wrote last to its console goes to the log, where xenconsoled keeps it. */
void xen_console_log(const Domain *domain);

/* ---- capabilities.c, domain-capabilities.c, cpu.c ---- */

int xen_capabilities(Connection *connection, Job *job, Error *error);
int xen_domain_capabilities(Connection *connection, const char *emulator, const char *arch,
                            const char *machine, const char *type, uint32_t flags, Job *job,
                            Error *error);
int xen_cpu_models(Connection *connection, const char *arch, uint32_t flags, Job *job,
                   Error *error);
int xen_compare_cpu(Connection *connection, const char *xml, uint32_t flags, Job *job,
                    Error *error);
int xen_baseline_cpu(Connection *connection, const char *const *xmls, size_t n, uint32_t flags,
                     Job *job, Error *error);
