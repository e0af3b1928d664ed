/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of Xen guests: start, destroy, shutdown, reboot, reset, suspend, resume. */
#include <errno.h>

#include "drivers/log.h"
#include "drivers/xen/away.h"

/* ---- start ---- */

static int xen_start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        DomainConf *conf;
        int r = xen_need(domain->resource.connection, error);

        if (r >= 0)
                r = domain_need_inactive(domain, error);
        if (r >= 0 && domain->managed_save && !(flags & DOMAIN_START_FORCE_BOOT))
                return xen_start_saved(domain, flags, job, error);
        if (r >= 0)
                r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);
        return r < 0 ? r : xen_start_conf(domain, conf, flags, job, error);
}

/* ---- destroy: over when Xen has nothing of it any more ---- */

static int xen_destroy(Domain *domain, uint32_t flags, Job *job, Error *error) {
        XenGuest *guest = xen_guest_of(domain);
        int r = xen_need(domain->resource.connection, error);

        if (r < 0)
                return r;
        if (!guest)
                return xen_is_domain_zero(domain) ? xen_guest_get(domain, &guest, error)
                                                  : domain_need_active(domain, error);
        if (guest->ending)
                return fail(error, ERROR_RESOURCE_BUSY, "domain '%s' is being destroyed already",
                            domain->resource.name);
        guest->ending = job;
        guest->after = ACTION_DESTROY;
        if (guest->stopping)
                return PENDING; /* it ends anyway */
        if (guest->child && guest->domid == XEN_NO_DOMAIN)
                xen_child_kill(guest->child);
        else if (guest->domid == XEN_NO_DOMAIN) /* it was expected, and nothing came */
                xen_guest_over(guest, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        else
                xen_guest_end(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        return PENDING;
}

/* ---- one call of libxl each ---- */

typedef struct Asked {
        Domain *domain; /* borrowed: the job's caller holds it */
        Job *job;
        const char *what; /* for the error */
        void (*then)(XenGuest *guest);
} Asked;

static void answered(XenCall *call, int rc, void *userdata) {
        Asked asked = *(Asked *) userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest = xen_guest_of(asked.domain);
        int r = 0;

        free(userdata);
        if (rc != 0)
                r = xen_fail(&error, rc, &call->lines, asked.what);
        else if (asked.then && guest && guest->domid == call->domid)
                asked.then(guest);
        job_done(asked.job, r, &error);
}

int xen_ask(Domain *domain, XenQuestion question, const char *what,
            void (*then)(XenGuest *guest), Job *job, Error *error) {
        XenGuest *guest;
        Asked *asked;
        XenCall *call;
        int r = xen_guest_get(domain, &guest, error);

        if (r < 0)
                return r;
        asked = calloc(1, sizeof(*asked));
        call = asked ? xen_call_new(guest->core, guest->domid, answered, asked) : NULL;
        if (!call) {
                free(asked);
                return fail_memory(error);
        }
        *asked = (Asked) { .domain = domain, .job = job, .what = what, .then = then };
        int rc = XEN_CALL(guest->core, question(guest->core->ctx, guest->domid, &call->how));
        if (rc == 0)
                return PENDING;
        r = xen_fail(error, rc, &call->lines, what);
        xen_call_drop(call);
        free(asked);
        return r;
}

/* A guest without drivers for Xen listens to its power button. */
static int ask_control_or_button(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how) {
        int rc = libxl_domain_shutdown(ctx, domid, how);

        return rc == ERROR_NOPARAVIRT
                       ? libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_POWER, 0, how) : rc;
}

static int press_button(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how) {
        return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_POWER, 0, how);
}

static int xen_shutdown(Domain *domain, uint32_t flags, Job *job, Error *error) {
        const uint32_t known = DOMAIN_SHUTDOWN_ACPI_POWER_BTN | DOMAIN_SHUTDOWN_PARAVIRT;
        XenQuestion question = ask_control_or_button;

        if (flags & ~known)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "Xen guests are asked by their drivers (flag %d) or by the ACPI power "
                            "button (flag %d)",
                            DOMAIN_SHUTDOWN_PARAVIRT, DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
        if (flags == DOMAIN_SHUTDOWN_PARAVIRT)
                question = libxl_domain_shutdown;
        else if (flags == DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
                question = press_button;
        if (question == press_button) {
                int r = xen_need_hvm(domain, "have an ACPI power button", error);

                if (r < 0)
                        return r;
        }
        return xen_ask(domain, question, "cannot ask the guest to shut down", NULL, job, error);
}

static int xen_reboot(Domain *domain, uint32_t flags, Job *job, Error *error) {
        if (flags & ~DOMAIN_SHUTDOWN_PARAVIRT)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "Xen guests are asked to reboot by their drivers only (flag %d)",
                            DOMAIN_SHUTDOWN_PARAVIRT);
        return xen_ask(domain, libxl_domain_reboot, "cannot ask the guest to reboot", NULL, job,
                   error);
}

/* Xen knows a trigger for it and refuses it on x86: as for a reboot, the guest is built anew. */
static int xen_reset(Domain *domain, uint32_t flags, Job *job, Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r >= 0)
                r = xen_need_own(guest, error);
        if (r < 0)
                return r;
        xen_guest_reset(guest, job);
        return PENDING;
}

/* ---- suspend and resume ---- */

static void suspended(XenGuest *guest) {
        xen_guest_paused(guest, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
}

/* One that is left suspended (a migration that nobody knows the end of) has to be resumed by Xen
 * first. */
static int ask_run(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how) {
        libxl_dominfo info;
        bool suspended;

        libxl_dominfo_init(&info);
        suspended = libxl_domain_info(ctx, &info, domid) == 0 && info.shutdown &&
                    info.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
        libxl_dominfo_dispose(&info);
        return suspended ? libxl_domain_resume(ctx, domid, 1, how)
                         : libxl_domain_unpause(ctx, domid, how);
}

static void resumed(XenGuest *guest) {
        _cleanup_(error_clear) Error error = {};

        if (xen_guest_watch_again(guest, &error) < 0)
                log_resource(LOG_ERR, &guest->domain->resource, "%s",
                             error.message ?: "out of memory");
        xen_guest_running(guest, DOMAIN_RUNNING_UNPAUSED);
}

static int xen_suspend(Domain *domain, Job *job, Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r < 0)
                return r;
        xen_look(domain);
        if (domain->state == DOMAIN_PAUSED)
                return DONE;
        if (domain->state != DOMAIN_RUNNING)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain is shutting down or has crashed");
        return xen_ask(domain, libxl_domain_pause, "cannot pause the guest", suspended, job,
                       error);
}

static int xen_resume(Domain *domain, Job *job, Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r < 0)
                return r;
        xen_look(domain);
        if (domain->state == DOMAIN_RUNNING)
                return fail(error, ERROR_OPERATION_INVALID, "domain is already running");
        if (domain->state != DOMAIN_PAUSED)
                return fail(error, ERROR_OPERATION_INVALID, "domain is being shut down");
        return xen_ask(domain, ask_run, "cannot let the guest run", resumed, job, error);
}

const DomainLifecycle xen_lifecycle = {
        .start = xen_start,
        .destroy = xen_destroy,
        .shutdown = xen_shutdown,
        .reboot = xen_reboot,
        .reset = xen_reset,
        .suspend = xen_suspend,
        .resume = xen_resume,
        .look = xen_look,
};
