/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of a running guest: destroy, shutdown, reboot, reset, suspend, resume. */
#include <errno.h>

#include "drivers/qemu/guest.h"

/* ---- destroy: over when the process is ---- */

static int qemu_destroy(Domain *domain, uint32_t flags, Job *job, Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);

        if (!guest)
                return domain_need_active(domain, error);
        if (guest->ending)
                return fail(error, ERROR_RESOURCE_BUSY, "domain '%s' is being destroyed already",
                            domain->resource.name);
        if (flags & DOMAIN_DESTROY_REMOVE_LOGS)
                qemu_log_remove(domain);
        guest->after = AFTER_NOTHING;
        guest->ending = job;
        if (guest->start)
                qemu_start_abort(guest, ERROR_OPERATION_ABORTED,
                                 "the domain was destroyed meanwhile");
        else
                qemu_guest_end(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED,
                               flags & DOMAIN_DESTROY_GRACEFUL);
        return PENDING;
}

/* ---- one QMP command each ---- */

/* Ends the job with QEMU's answer. The guest may be gone by then: its queue's job holds the
 * domain. */
static void told(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Job *job = userdata;

        job_done(job, value ? 0 : -error_number(error->code), error);
}

static int tell(Domain *domain, const char *command, Job *job, Error *error) {
        Qmp *qmp;
        int r = qemu_guest_qmp(domain, &qmp, error);

        if (r >= 0)
                r = qmp_call(qmp, command, NULL, told, job, error);
        return r < 0 ? r : PENDING;
}

/* ---- shutdown and reboot: by the agent, the power button, or one after the other ---- */

static int press_button(Domain *domain, bool reboot, Job *job, Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        guest->rebooting = reboot;
        r = qemu_status_save(guest, error);
        return r < 0 ? r : tell(domain, "system_powerdown", job, error);
}

static int button_shutdown(Domain *domain, Job *job, Error *error) {
        return press_button(domain, false, job, error);
}

static int button_reboot(Domain *domain, Job *job, Error *error) {
        return press_button(domain, true, job, error);
}

/* Without flags the agent is asked if there is one. Where the button is allowed, too, it is pressed
 * when the agent can't or won't. */
static int go_down(Domain *domain, uint32_t flags, bool reboot, Job *job, Error *error) {
        int (*button)(Domain *, Job *, Error *) = reboot ? button_reboot : button_shutdown;
        bool agent = flags == 0 || (flags & DOMAIN_SHUTDOWN_GUEST_AGENT);
        bool acpi = flags == 0 || (flags & DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (flags & ~(DOMAIN_SHUTDOWN_ACPI_POWER_BTN | DOMAIN_SHUTDOWN_GUEST_AGENT))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "only the ACPI power button (flag %d) and the guest agent (flag %d) "
                            "are offered to QEMU guests", DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
                            DOMAIN_SHUTDOWN_GUEST_AGENT);
        if (acpi && (!agent || qemu_agent_available(domain, NULL) < 0))
                return button(domain, job, error);
        return qemu_agent_ask_or(domain, "guest-shutdown",
                                 qmp_arguments("s", "mode", reboot ? "reboot" : "powerdown", NULL),
                                 AGENT_SILENT, acpi ? button : NULL, job, error);
}

static int qemu_shutdown(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return go_down(domain, flags, false, job, error);
}

static int qemu_reboot(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return go_down(domain, flags, true, job, error);
}

static int qemu_reset(Domain *domain, uint32_t flags, Job *job, Error *error) {
        Qmp *qmp;
        int r = qemu_guest_qmp(domain, &qmp, error);

        if (r >= 0)
                r = qemu_guest_reset(qemu_guest_of(domain), told, job, error);
        return r < 0 ? r : PENDING;
}

/* ---- suspend and resume: the events usually come before the answers, but needn't ---- */

typedef struct Change {
        Job *job;
        Domain *domain; /* borrowed: the job's caller holds it */
} Change;

static void suspended(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Change change = *(Change *) userdata;

        free(userdata);
        if (value && qemu_guest_of(change.domain))
                qemu_guest_paused(qemu_guest_of(change.domain), DOMAIN_PAUSED_USER,
                                  SUSPENDED_PAUSED);
        told(qmp, value, error, change.job);
}

static void resumed(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Change change = *(Change *) userdata;

        free(userdata);
        if (value && qemu_guest_of(change.domain))
                qemu_guest_running(qemu_guest_of(change.domain), DOMAIN_RUNNING_UNPAUSED);
        told(qmp, value, error, change.job);
}

static int tell_change(Domain *domain, const char *command, QmpReply reply, Job *job,
                       Error *error) {
        Change *change;
        Qmp *qmp;
        int r = qemu_guest_qmp(domain, &qmp, error);

        if (r < 0)
                return r;
        change = calloc(1, sizeof(*change));
        if (!change)
                return fail_memory(error);
        *change = (Change) { .job = job, .domain = domain };
        r = qmp_call(qmp, command, NULL, reply, change, error);
        if (r < 0) {
                free(change);
                return r;
        }
        return PENDING;
}

static int qemu_suspend(Domain *domain, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (domain->state == DOMAIN_PAUSED)
                return DONE;
        if (domain->state != DOMAIN_RUNNING)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain is shutting down or has crashed");
        return tell_change(domain, "stop", suspended, job, error);
}

static int qemu_resume(Domain *domain, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        switch (domain->state) {
        case DOMAIN_RUNNING:
                return fail(error, ERROR_OPERATION_INVALID, "domain is already running");
        case DOMAIN_PMSUSPENDED:
                return fail(error, ERROR_OPERATION_INVALID, "domain is pmsuspended");
        case DOMAIN_PAUSED:
        case DOMAIN_CRASHED:
                return tell_change(domain, "cont", resumed, job, error);
        case DOMAIN_NOSTATE:
        case DOMAIN_BLOCKED:
        case DOMAIN_SHUTDOWN:
        case DOMAIN_SHUTOFF:
        case _DOMAIN_STATE_MAX:
                break;
        }
        return fail(error, ERROR_OPERATION_INVALID, "domain is being shut down");
}

const DomainLifecycle qemu_lifecycle = {
        .start = qemu_start,
        .destroy = qemu_destroy,
        .shutdown = qemu_shutdown,
        .reboot = qemu_reboot,
        .reset = qemu_reset,
        .suspend = qemu_suspend,
        .resume = qemu_resume,
};
