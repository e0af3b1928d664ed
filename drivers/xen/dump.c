/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a guest as a core file: paused for it unless it is to be dumped live, written by a
 * child, and then the guest goes on, or ends, or begins anew. One that crashed is dumped in the
 * same way, if its definition says so.
 *
 * libxl looks at each page up to the highest that a guest has, one by one. A guest without a list
 * of its frames (HVM, PVH) has some pages right below 4 GiB, so that there are a million to ask
 * for, whatever its size: seconds on a real host. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

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

static void say_no_dump(const XenGuest *guest, Error *error) {
        _cleanup_(freep) char *text = error_text(error);

        log_resource(LOG_ERR, &guest->domain->resource, "no core dump: %s",
                     text ?: "out of memory");
}

/* What follows a crash follows in any case. */
static void crash_dumped(XenAway *away, XenGuest *guest, int r, Error *error) {
        away->result = r;
        if (r < 0) {
                say_no_dump(guest, error);
                (void) unlink(away->partial);
        } else
                log_resource(LOG_NOTICE, &guest->domain->resource, "crashed: its memory is in %s",
                             away->path);
        xen_away_end(away, away->then, guest->stop_reason, guest->stop_detail);
}

static void dumped(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest = xen_away_guest(away);
        int r = 0;

        away->child = NULL;
        if (rc != 0 || !guest)
                r = xen_away_why(away, rc, lines, "cannot dump the guest's memory", &error);
        if (guest && away->then != ACTION_UNSET)
                crash_dumped(away, guest, r, &error);
        else if (r >= 0 && (away->flags & DUMP_CRASH))
                xen_away_end(away, ACTION_DESTROY, DOMAIN_SHUTOFF_CRASHED, STOPPED_CRASHED);
        else if (r >= 0 && (away->flags & DUMP_RESET))
                xen_away_end(away, ACTION_RESTART, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        else
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
                xen_look(domain);
        if (r >= 0 && (flags & DUMP_RESET))
                r = xen_need_own(guest, error);
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

/* ---- of one that crashed ---- */

static int crash_path(XenGuest *guest, char **ret, Error *error) {
        Connection *connection = guest->core->connection;
        _cleanup_(freep) char *folder = connection_file(connection, "dump"), *where = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        if (folder)
                where = store_path(connection->store, STORE_STATE, folder);
        if (!where || asprintf(ret, "%s/%s-%jd.core", where, guest->domain->resource.name,
                               (intmax_t) time(NULL)) < 0) {
                *ret = NULL;
                return fail_memory(error);
        }
        r = fd = store_open_folder(connection->store, STORE_STATE, folder, error);
        return r < 0 ? r : 0;
}

static int crash_begin(XenGuest *guest, LifecycleAction then, Error *error) {
        _cleanup_(freep) char *path = NULL;
        XenAway *away;
        int r = crash_path(guest, &path, error);

        if (r >= 0)
                r = xen_away_new(guest, XEN_AWAY_DUMPING, NULL, &away, error);
        if (r < 0)
                return r;
        away->then = then;
        r = xen_away_open(away, path, error);
        if (r >= 0)
                r = dump_now(away, error);
        if (r < 0)
                xen_away_drop(away);
        return r;
}

void xen_dump_crashed(XenGuest *guest, LifecycleAction then, int reason, int detail) {
        _cleanup_(error_clear) Error error = {};

        guest->stop_reason = reason;
        guest->stop_detail = detail;
        if (crash_begin(guest, then, &error) >= 0)
                return;
        say_no_dump(guest, &error);
        guest->after = then;
        xen_guest_end(guest, reason, detail);
}
