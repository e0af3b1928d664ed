/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest from its first domid to its end.
 *
 * A Xen domain that shuts down stays as a shell, with the reason why; whoever made it looks and
 * destroys it, or starts it again. For our guests that is us (on_poweroff, on_reboot, on_crash),
 * for others' it is them, and we only tell what happened. A reboot is a new domain under a new
 * number; on the bus it is the same guest, which never stopped being active. */
#include "drivers/xen/guest.h"

#include "drivers/log.h"
#include "drivers/xen/away.h"
#include "drivers/xen/device.h"
#include "drivers/xen/join.h"
#include "drivers/xen/migrate.h"
#include "drivers/xen/tuning.h"

/* As Xen numbers them (SHUTDOWN_*). */
typedef enum Why {
        WHY_POWEROFF,
        WHY_REBOOT,
        WHY_SUSPEND,
        WHY_CRASH,
        WHY_WATCHDOG,
        WHY_SOFT_RESET,
} Why;

/* ---- coming and going ---- */

XenGuest *xen_guest_new(XenCore *core, Domain *domain) {
        XenGuest *guest = calloc(1, sizeof(*guest));

        if (!guest)
                return NULL;
        *guest = (XenGuest) {
                .core = core, .domain = domain, .domid = XEN_NO_DOMAIN, .after = ACTION_DESTROY,
        };
        domain->data = guest;
        return guest;
}

static void guest_unwatch(XenGuest *guest) {
        xen_model_unwatch(guest);
        if (!guest->death)
                return;
        uint64_t began = xen_clock();

        xen_watch_domain(guest->core, guest->domid, false);
        libxl_evdisable_domain_death(guest->core->ctx, TAKE(guest->death));
        xen_times_add(&guest->core->times, "libxl_evdisable_domain_death", began);
}

XenGuest *xen_guest_free(XenGuest *guest) {
        if (!guest)
                return NULL;
        xen_child_free(guest->child);
        xen_plug_free(guest->plug);
        console_ports_close(&guest->consoles);
        xen_child_free(guest->learner);
        guest_unwatch(guest);
        guest->domain->data = NULL;
        xen_incoming_free(guest->incoming);
        error_clear(&guest->failure);
        free(guest);
        return NULL;
}

int xen_guest_watch(XenGuest *guest, Error *error) {
        XenLines lines = {};
        int rc = XEN_CALL(guest->core,
                          libxl_evenable_domain_death(guest->core->ctx, guest->domid, 0,
                                                      &guest->death));

        if (rc != 0)
                return xen_fail(error, rc, &lines, "cannot watch the guest");
        xen_watch_domain(guest->core, guest->domid, true);
        xen_live_ttys(guest);
        guest->unheard = XEN_RECORDED;
        xen_model_watch(guest);
        return 0;
}

int xen_guest_watch_again(XenGuest *guest, Error *error) {
        guest_unwatch(guest);
        return xen_guest_watch(guest, error);
}

int xen_guest_has_domid(XenGuest *guest, uint32_t domid, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, error);

        if (r < 0)
                return r;
        conf->id = (MaybeU32) { true, domid };
        r = guest->foreign ? 0 : xen_live_vifs(conf, domid, error);
        if (r < 0)
                return r;
        r = domain_set_live(guest->domain, conf, error);
        if (r < 0)
                return r;
        guest->domid = domid;
        guest->domain->id = domid;
        return 0;
}

void xen_guest_save(XenGuest *guest) {
        _cleanup_(error_clear) Error error = {};

        if (xen_status_save(guest, &error) >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_resource(LOG_ERR, &guest->domain->resource, "cannot save its state: %s",
                     text ?: "out of memory");
}

int xen_guest_get(Domain *domain, XenGuest **ret, Error *error) {
        int r = xen_need(domain->resource.connection, error);

        if (r >= 0)
                r = domain_need_active(domain, error);
        if (r < 0)
                return r;
        if (xen_is_domain_zero(domain))
                return fail(error, ERROR_OPERATION_INVALID,
                            "Domain-0 does not support requested operation");
        *ret = xen_guest_of(domain);
        if (!*ret || (*ret)->restarting || (*ret)->stopping)
                return fail(error, ERROR_RESOURCE_BUSY, "domain '%s' is being %s",
                            domain->resource.name,
                            *ret && (*ret)->restarting ? "restarted" : "destroyed");
        return 0;
}

int xen_need_own(const XenGuest *guest, Error *error) {
        if (!guest->foreign)
                return 0;
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "domain '%s' was made by another tool: it cannot be built anew here",
                    guest->domain->resource.name);
}

/* ---- running and not ---- */

void xen_guest_paused(XenGuest *guest, int reason, int detail) {
        if (guest->domain->state == DOMAIN_PAUSED)
                return;
        domain_set_state(guest->domain, DOMAIN_PAUSED, reason);
        xen_guest_save(guest);
        domain_report(guest->domain, DOMAIN_EVENT_SUSPENDED, detail);
}

void xen_guest_running(XenGuest *guest, int reason) {
        if (guest->domain->state == DOMAIN_RUNNING)
                return;
        domain_set_state(guest->domain, DOMAIN_RUNNING, reason);
        xen_guest_save(guest);
        domain_report(guest->domain, DOMAIN_EVENT_RESUMED, RESUMED_UNPAUSED);
}

/* ---- the end ---- */

/* Nothing of it is left in Xen. */
void xen_guest_over(XenGuest *guest, int reason, int detail) {
        Domain *domain = guest->domain;
        Job *ending = TAKE(guest->ending), *starting = TAKE(guest->starting);
        XenPlug *plug = TAKE(guest->plug);
        _cleanup_(error_clear) Error error = {};

        resource_ref(&domain->resource);
        if (guest->away)
                (void) xen_away_abort(guest->away);
        xen_nets_leave(guest);
        xen_guest_free(guest);
        xen_status_remove(domain);
        domain_stopped(domain, reason, detail);
        if (ending)
                job_done(ending, 0, NULL);
        if (starting)
                job_done(starting, fail(&error, ERROR_OPERATION_ABORTED,
                                        "the domain was destroyed meanwhile"), &error);
        xen_plug_abort(plug);
        resource_unref(&domain->resource);
}

/* Built anew from its live definition, still active. */
static void guest_again(XenGuest *guest) {
        guest_unwatch(guest);
        console_ports_close(&guest->consoles);
        xen_nets_leave(guest);
        guest->learner = xen_child_free(guest->learner);
        guest->restarting = true;
        guest->stopping = false;
        guest->domid = XEN_NO_DOMAIN;
        guest->origin = XEN_BOOTED;
        guest->away = NULL; /* it was about the one before */
        xen_guest_save(guest);
        xen_guest_build_again(guest);
}

static bool guest_is_gone(XenCore *core, uint32_t domid) {
        return XEN_CALL(core, libxl_domain_info(core->ctx, NULL, domid)) == ERROR_DOMAIN_NOTFOUND;
}

static void guest_stays(XenGuest *guest, int rc, const XenLines *lines) {
        _cleanup_(error_clear) Error error = {}, same = {};
        _cleanup_(freep) char *text = NULL;
        Job *ending = TAKE(guest->ending), *starting = TAKE(guest->starting);
        int r = xen_fail(&error, rc, lines, "cannot destroy the guest");

        guest->stopping = false;
        xen_guest_save(guest);
        text = error_text(&error);
        log_resource(LOG_ERR, &guest->domain->resource, "%s", text ?: "out of memory");
        if (starting) /* it was to begin anew */
                job_done(starting, xen_fail(&same, rc, lines, "cannot destroy the guest"), &same);
        if (ending)
                job_done(ending, r, &error);
}

static void destroyed(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenGuest *guest = userdata;

        guest->child = NULL;
        if (rc != 0 && !guest_is_gone(guest->core, domid))
                guest_stays(guest, rc, lines);
        else if (guest->after == ACTION_RESTART)
                guest_again(guest);
        else
                xen_guest_over(guest, guest->stop_reason, guest->stop_detail);
}

void xen_guest_gone(XenGuest *guest, int reason, int detail) {
        _cleanup_(conf_freep) DomainConf *taken = xen_pci_taken(guest);

        guest->child = xen_child_free(guest->child);
        guest->after = ACTION_DESTROY;
        guest->stop_reason = reason;
        guest->stop_detail = detail;
        if (taken && xen_guest_remove(guest, XEN_NO_DOMAIN, taken, destroyed, NULL) >= 0)
                guest->stopping = true;
        else
                xen_guest_over(guest, reason, detail);
}

/* libxl offers to do it asynchronously, and takes half a second before it returns. */
void xen_guest_end(XenGuest *guest, int reason, int detail) {
        _cleanup_(conf_freep) DomainConf *taken = NULL;
        _cleanup_(error_clear) Error error = {};
        XenLines lines = {};

        if (guest->after != ACTION_RESTART)
                taken = xen_pci_taken(guest);
        guest->stopping = true;
        guest->stop_reason = reason;
        guest->stop_detail = detail;
        xen_plug_abort(TAKE(guest->plug));
        xen_guest_save(guest);
        if (guest->away)
                (void) xen_away_abort(guest->away);
        guest->child = xen_child_free(guest->child);
        if (xen_guest_remove(guest, guest->domid, taken, destroyed, &error) >= 0)
                return;
        xen_lines_add(&lines, error.message ?: "out of memory");
        guest_stays(guest, ERROR_FAIL, &lines);
}

void xen_guest_reset(XenGuest *guest, Job *job) {
        guest->starting = job;
        guest->after = ACTION_RESTART;
        xen_guest_end(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
}

/* ---- it shut down: what follows ---- */

static void guest_follow(XenGuest *guest, LifecycleAction action, int reason, int detail) {
        switch (action) {
        case ACTION_PRESERVE:
                return;
        case ACTION_COREDUMP_DESTROY:
                xen_dump_crashed(guest, ACTION_DESTROY, reason, detail);
                return;
        case ACTION_COREDUMP_RESTART:
                xen_dump_crashed(guest, ACTION_RESTART, reason, detail);
                return;
        case ACTION_RESTART:
        case ACTION_RENAME_RESTART: /* the shell isn't kept, so the name is free */
                guest->after = ACTION_RESTART;
                break;
        case ACTION_UNSET:
        case ACTION_DESTROY:
                guest->after = ACTION_DESTROY;
                break;
        }
        xen_guest_end(guest, reason, detail);
}

static void powered_off(XenGuest *guest, LifecycleAction action) {
        domain_set_state(guest->domain, DOMAIN_SHUTDOWN, DOMAIN_SHUTDOWN_UNKNOWN);
        xen_guest_save(guest);
        domain_report(guest->domain, DOMAIN_EVENT_SHUTDOWN, SHUTDOWN_FINISHED);
        if (!guest->foreign)
                guest_follow(guest, action, DOMAIN_SHUTOFF_SHUTDOWN, STOPPED_SHUTDOWN);
}

static void crashed(XenGuest *guest, LifecycleAction action) {
        domain_set_state(guest->domain, DOMAIN_CRASHED, DOMAIN_CRASHED_PANICKED);
        xen_guest_save(guest);
        xen_console_log(guest->domain);
        domain_report(guest->domain, DOMAIN_EVENT_CRASHED, CRASHED_PANICKED);
        if (!guest->foreign)
                guest_follow(guest, action, DOMAIN_SHUTOFF_CRASHED, STOPPED_CRASHED);
}

void xen_guest_shut_down(XenGuest *guest, unsigned reason) {
        const Why why = reason;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        LifecycleAction off = ACTION_DESTROY, reboot = ACTION_RESTART, crash = ACTION_DESTROY;

        if (guest->domain->starting || guest->restarting) { /* nobody was told of it yet */
                guest->early = true;
                guest->early_reason = reason;
                return;
        }
        if (domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) >= 0) {
                off = conf->on_poweroff;
                reboot = conf->on_reboot;
                crash = conf->on_crash;
        }
        switch (why) {
        case WHY_POWEROFF:
                powered_off(guest, off);
                return;
        case WHY_REBOOT:
        case WHY_SOFT_RESET:
                if (reboot != ACTION_RESTART)
                        powered_off(guest, reboot);
                else if (!guest->foreign)
                        guest_follow(guest, reboot, DOMAIN_SHUTOFF_SHUTDOWN, STOPPED_SHUTDOWN);
                return;
        case WHY_CRASH:
        case WHY_WATCHDOG:
                crashed(guest, crash);
                return;
        case WHY_SUSPEND:
                xen_away_suspended(guest);
                return;
        }
}

/* ---- what libxl tells ---- */

static XenGuest *guest_by_domid(XenCore *core, uint32_t domid) {
        const ResourceSet *set = &core->connection->sets[RESOURCE_DOMAIN];

        for (size_t i = 0; i < set->n; i++) {
                XenGuest *guest = xen_guest_of(domain_of(set->items[i]));

                if (guest && guest->domid == domid)
                        return guest;
        }
        return NULL;
}

void xen_event(XenCore *core, const libxl_event *event) {
        XenGuest *guest = guest_by_domid(core, event->domid);

        if (!guest || guest->stopping)
                return;
        if (event->type == LIBXL_EVENT_TYPE_DOMAIN_DEATH)
                xen_guest_gone(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        else if (event->type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN)
                xen_guest_shut_down(guest, event->u.domain_shutdown.shutdown_reason);
}
