/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a guest as a core file: paused for it unless it is to be dumped live, written by a
 * child, and then the guest goes on, or ends, or is reset. */
#include <errno.h>
#include <fcntl.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/xen/away.h"

/* ---- afterwards ---- */

static void unpaused(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest;

        if (!away)
                return;
        away->call = NULL;
        guest = xen_away_guest(away);
        if (guest && rc == 0)
                xen_guest_running(guest, DOMAIN_RUNNING_UNPAUSED);
        else if (rc != 0 && away->result >= 0)
                away->result = xen_fail(&away->failure, rc, &call->lines,
                                        "cannot let the guest run again");
        if (away->result < 0) {
                error_move(&error, &away->failure);
                xen_away_fail(away, away->result, &error);
        } else
                xen_away_done(away);
}

static int ask_unpause(XenAway *away) {
        int rc;

        away->call = xen_call_new(away->core, away->domid, unpaused, away);
        if (!away->call)
                return ERROR_NOMEM;
        rc = XEN_CALL(away->core, libxl_domain_unpause(away->core->ctx, away->domid,
                                                       &away->call->how));
        if (rc != 0)
                xen_call_drop(TAKE(away->call));
        return rc;
}

/* The guest runs as it did before, and the job ends with what was said of it. */
static void go_on(XenAway *away, int r, Error *error) {
        if (away->stopped && xen_away_guest(away)) {
                away->result = r;
                error_move(&away->failure, error);
                if (ask_unpause(away) == 0)
                        return;
                error_move(error, &away->failure);
                log_resource(LOG_ERR, &away->domain->resource, "stays paused after its dump");
        }
        if (r < 0)
                xen_away_fail(away, r, error);
        else
                xen_away_done(away);
}

static void was_reset(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        int r = 0;

        if (!away)
                return;
        away->call = NULL;
        if (rc != 0)
                r = xen_fail(&error, rc, &call->lines,
                             "the dump was made, but the guest cannot be reset");
        go_on(away, r, &error);
}

static int ask_reset(XenAway *away, Error *error) {
        XenCore *core = away->core;
        int rc, r;

        away->call = xen_call_new(core, away->domid, was_reset, away);
        if (!away->call)
                return fail_memory(error);
        rc = XEN_CALL(core, libxl_send_trigger(core->ctx, away->domid, LIBXL_TRIGGER_RESET, 0,
                                               &away->call->how));
        if (rc == 0)
                return PENDING;
        r = xen_fail(error, rc, &away->call->lines,
                     "the dump was made, but the guest cannot be reset");
        xen_call_drop(TAKE(away->call));
        return r;
}

void xen_dump_recover(XenGuest *guest) {
        _cleanup_(error_clear) Error error = {};
        XenAway *away;
        int r = xen_away_new(guest, XEN_AWAY_DUMPING, NULL, &away, &error);

        if (r < 0)
                return;
        away->stopped = true;
        r = fail(&error, ERROR_OPERATION_ABORTED, "the dump was cut short");
        go_on(away, r, &error);
}

/* ---- the dump ---- */

static void dumped(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        bool there = xen_away_guest(away);
        int r = 0;

        away->child = NULL;
        if (rc != 0 || !there)
                r = xen_away_why(away, rc, lines, "cannot dump the guest's memory", &error);
        if (r >= 0 && there && (away->flags & DUMP_CRASH)) {
                xen_away_end(away, DOMAIN_SHUTOFF_CRASHED, STOPPED_CRASHED);
                return;
        }
        if (r >= 0 && there && (away->flags & DUMP_RESET))
                r = ask_reset(away, &error);
        if (r != PENDING)
                go_on(away, r, &error);
}

/* In the child. libxl writes into what has the name. */
static int dump(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        const XenAway *away = argument;
        int rc = libxl_domain_core_dump(ctx, *domid, away->partial, NULL);

        return rc != 0 ? rc : xen_away_settle(away, XEN_CHILD_FD);
}

static int dump_now(XenAway *away, Error *error) {
        return xen_child_new_with(away->core, away->domid, away->fd, dump, away, dumped, away,
                                  &away->child, error);
}

static void paused(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest;
        int r;

        if (!away)
                return;
        away->call = NULL;
        guest = xen_away_guest(away);
        if (rc != 0 || !guest || away->aborted) {
                away->stopped = rc == 0;
                r = xen_away_why(away, rc, &call->lines, "cannot pause the guest", &error);
        } else {
                away->stopped = true;
                xen_guest_paused(guest, DOMAIN_PAUSED_DUMP, SUSPENDED_PAUSED);
                r = dump_now(away, &error);
        }
        if (r < 0)
                go_on(away, r, &error);
}

static int begin(XenAway *away, const char *to, Error *error) {
        XenCore *core = away->core;
        int rc, r = xen_away_open(away, to, error);

        if (r < 0)
                return r;
        if ((away->flags & DUMP_LIVE) || away->domain->state != DOMAIN_RUNNING)
                return dump_now(away, error);
        away->call = xen_call_new(core, away->domid, paused, away);
        if (!away->call)
                return fail_memory(error);
        rc = XEN_CALL(core, libxl_domain_pause(core->ctx, away->domid, &away->call->how));
        if (rc == 0)
                return 0;
        r = xen_fail(error, rc, &away->call->lines, "cannot pause the guest");
        xen_call_drop(TAKE(away->call));
        return r;
}

int xen_core_dump(Domain *domain, const char *to, uint32_t format, uint32_t flags, Job *job,
                  Error *error) {
        XenGuest *guest;
        XenAway *away;
        int r;

        if (format >= _DUMP_FORMAT_MAX)
                return fail(error, ERROR_INVALID_ARG, "there is no format %u of dumps", format);
        if (format != DUMP_FORMAT_RAW)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "Xen writes dumps as ELF only (format %d)", DUMP_FORMAT_RAW);
        if (flags & DUMP_BYPASS_CACHE)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "libxl writes through the host's cache: flag %d (bypass-cache) can't "
                            "be honoured", DUMP_BYPASS_CACHE);
        r = xen_guest_get(domain, &guest, error);
        if (r >= 0)
                r = xen_away_new(guest, XEN_AWAY_DUMPING, job, &away, error);
        if (r < 0)
                return r;
        away->flags = flags;
        r = begin(away, to, error);
        if (r >= 0)
                return PENDING;
        xen_away_drop(away);
        xen_guest_save(guest);
        return r;
}
