/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as a whole goes somewhere: into a file, or to another host.
 *
 * Such work takes minutes, and meanwhile anything may happen to the guest. So it has a state of its
 * own, which holds the domain and not the guest: whoever comes back from libxl looks whether the
 * guest that it began with is still there. The work ends in one of three ways: it failed and the
 * guest goes on (libxl leaves it suspended: it is resumed first), it is done and the guest goes on,
 * or it is done and the guest goes.
 *
 * A guest is suspended by its own kernel, which a paused one can't do: it is let run until then,
 * and is paused again when it has to go on. Nobody is told, since it was to be paused all the time.
 *
 * A file is written under another name and gets its own when it is whole and on the disk. The
 * runtime file says which it is and how far the work got; "saved" is noted before the file gets its
 * name and before the guest goes, so that there is never neither a guest nor an image. */
#include "drivers/xen/away.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/xen/image.h"
#include "drivers/xen/migrate.h"

/* What a child that settles returns, beside what libxl does. */
#define SETTLE_FAILED(number) (-2000 - (number))

/* ---- coming and going ---- */

int xen_away_new(XenGuest *guest, XenAwayKind kind, Job *job, XenAway **ret, Error *error) {
        XenAway *away;

        if (guest->away)
                return fail(error, ERROR_RESOURCE_BUSY,
                            "domain '%s' is being saved, dumped or migrated already",
                            guest->domain->resource.name);
        away = calloc(1, sizeof(*away));
        if (!away)
                return fail_memory(error);
        *away = (XenAway) {
                .domain = guest->domain, .core = guest->core, .domid = guest->domid, .kind = kind,
                .job = job, .fd = -1, .began = xen_clock(),
        };
        resource_ref(&guest->domain->resource);
        guest->away = away;
        guest->cut_short = false;
        *ret = away;
        return 0;
}

static XenGuest *guest_of(const XenAway *away) {
        XenGuest *guest = xen_guest_of(away->domain);

        return guest && guest->away == away ? guest : NULL;
}

XenGuest *xen_away_guest(const XenAway *away) {
        XenGuest *guest = guest_of(away);

        return guest && guest->domid == away->domid && !guest->stopping ? guest : NULL;
}

static void away_free(XenAway *away) {
        XenGuest *guest = guest_of(away);

        if (guest)
                guest->away = NULL;
        xen_child_free(away->child);
        xen_journey_free(away->journey);
        closep(&away->fd);
        free(away->path);
        free(away->partial);
        error_clear(&away->failure);
        resource_unref(&away->domain->resource);
        free(away);
}

static void remove_partial(XenAway *away) {
        if (away->partial && unlink(away->partial) < 0 && errno != ENOENT)
                log_resource(LOG_WARNING, &away->domain->resource, "cannot remove %s: %s",
                             away->partial, strerror(errno));
}

XenAway *xen_away_drop(XenAway *away) {
        remove_partial(away);
        away_free(away);
        return NULL;
}

/* What libxl was asked for can't be taken back: its context isn't freed then, either. */
void xen_away_close(XenAway *away) {
        if (away->call)
                away->call->userdata = NULL;
        away_free(away);
}

/* ---- files ---- */

int xen_away_open(XenAway *away, const char *path, Error *error) {
        int r = xen_image_check_path(path, error);

        if (r < 0)
                return r;
        away->path = strdup(path);
        if (!away->path || asprintf(&away->partial, "%s.partial", path) < 0) {
                away->partial = NULL;
                return fail_memory(error);
        }
        /* The runtime file names it before it is there; whatever has that name is not ours. */
        r = xen_status_save(xen_guest_of(away->domain), error);
        if (r < 0)
                return r;
        (void) unlink(away->partial);
        away->fd = open(away->partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (away->fd >= 0)
                return 0;
        r = fail_errno(error, -errno, "cannot make '%s'", away->partial);
        away->partial = NULL;
        return r;
}

static int sync_folder_of(const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        _cleanup_(closep) int folder = copy ? open(dirname(copy), O_DIRECTORY | O_CLOEXEC) : -1;

        return folder < 0 || fsync(folder) < 0 ? -errno : 0;
}

int xen_away_settle(const XenAway *away, int fd) {
        int r;

        if (fsync(fd) < 0)
                return SETTLE_FAILED(errno);
        if (rename(away->partial, away->path) < 0)
                return SETTLE_FAILED(errno);
        r = sync_folder_of(away->path);
        if (r >= 0)
                return 0;
        (void) rename(away->path, away->partial);
        return SETTLE_FAILED(-r);
}

int xen_away_why(const XenAway *away, int rc, const XenLines *lines, const char *what,
                 Error *error) {
        if (away->aborted)
                return fail(error, ERROR_OPERATION_ABORTED, "%s: it was aborted", what);
        if (rc == XEN_CHILD_LOST)
                return fail(error, ERROR_OPERATION_FAILED, "%s: the process that did it died",
                            what);
        if (rc <= SETTLE_FAILED(0))
                return fail_errno(error, rc - SETTLE_FAILED(0), "%s", what);
        return xen_fail(error, rc, lines, what);
}

/* ---- libxl suspends it, and writes it ---- */

static int suspend(XenAway *away, Error *error) {
        static const char what[] = "cannot suspend the guest";
        XenCore *core = away->core;
        int rc, r;

        away->call = xen_call_new(core, away->domid, away->written, away);
        if (!away->call)
                return fail_memory(error);
        rc = XEN_CALL(core, libxl_domain_suspend(core->ctx, away->domid, away->fd, away->how,
                                                 &away->call->how));
        if (rc == 0)
                return 0;
        r = xen_fail(error, rc, &away->call->lines, what);
        xen_call_drop(TAKE(away->call));
        return r;
}

static void woken(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        int r;

        if (!away)
                return;
        away->call = NULL;
        away->woken = rc == 0;
        if (rc != 0 || away->aborted || !xen_away_guest(away))
                r = xen_away_why(away, rc, &call->lines,
                                 "cannot let the guest run so that it suspends itself", &error);
        else
                r = suspend(away, &error);
        if (r < 0)
                xen_away_fail(away, r, &error);
}

/* Whether there is a kernel in it that has to do it, libxl doesn't say: HVM may be without. */
int xen_away_suspend(XenAway *away, int how, XenCalled written, Error *error) {
        XenCore *core = away->core;
        int rc, r;

        away->written = written;
        away->how = how;
        if (away->domain->state != DOMAIN_PAUSED)
                return suspend(away, error);
        away->how &= ~LIBXL_SUSPEND_LIVE; /* it isn't to run meanwhile */
        away->call = xen_call_new(core, away->domid, woken, away);
        if (!away->call)
                return fail_memory(error);
        rc = XEN_CALL(core, libxl_domain_unpause(core->ctx, away->domid, &away->call->how));
        if (rc == 0)
                return 0;
        r = xen_fail(error, rc, &away->call->lines,
                     "cannot let the guest run so that it suspends itself");
        xen_call_drop(TAKE(away->call));
        return r;
}

/* ---- it is done ---- */

/* virDomainJobOperation */
static int operation_of(XenAwayKind kind) {
        enum { JOB_OPERATION_SAVE = 2, JOB_OPERATION_MIGRATION_OUT = 5, JOB_OPERATION_DUMP = 8 };

        switch (kind) {
        case XEN_AWAY_SAVING:
        case XEN_AWAY_SAVED:
                return JOB_OPERATION_SAVE;
        case XEN_AWAY_DUMPING:
                return JOB_OPERATION_DUMP;
        case XEN_AWAY_SENDING:
        case XEN_AWAY_SENT:
                return JOB_OPERATION_MIGRATION_OUT;
        case XEN_AWAY_NOT:
        case _XEN_AWAY_MAX:
                break;
        }
        return 0;
}

static void report_completed(const XenAway *away, bool success) {
        Values values = {};
        size_t head = values_array(&values);

        values_named(&values, head, NAMED_INT(operation_of(away->kind)), "operation");
        values_named(&values, head, NAMED_ULLONG((xen_clock() - away->began) / 1000),
                     "time_elapsed");
        values_named(&values, head, NAMED_BOOLEAN(success), "success");
        if (!values.failed)
                event_report(&away->core->connection->hub,
                             &(Event) { .kind = EVENT_JOB_COMPLETED,
                                        .resource = &away->domain->resource, .values = &values });
        values_clear(&values);
}

/* The last thing done with it. */
static void away_finish(XenAway *away) {
        XenGuest *guest = guest_of(away);
        Job *job = away->job;
        int r = away->result;
        _cleanup_(error_clear) Error error = {};

        error_move(&error, &away->failure);
        if (guest) {
                guest->away = NULL;
                xen_guest_save(guest);
        }
        report_completed(away, r >= 0);
        away_free(away);
        if (job)
                job_done(job, r, &error);
}

void xen_away_leave(XenAway *away, int r, Error *error) {
        away->result = r;
        error_move(&away->failure, error);
        away_finish(away);
}

void xen_away_done(XenAway *away) {
        away->result = 0;
        away_finish(away);
}

void xen_away_end(XenAway *away, LifecycleAction then, int reason, int detail) {
        XenGuest *guest = xen_away_guest(away);

        guest->away = NULL;
        if (then == ACTION_RESTART)
                guest->starting = away->job;
        else
                guest->ending = away->job;
        guest->after = then;
        report_completed(away, away->result >= 0);
        xen_guest_end(guest, reason, detail);
        away_free(away);
}

/* ---- it failed: the guest goes on ---- */

static void resumed(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        XenGuest *guest;
        _cleanup_(error_clear) Error error = {};

        if (!away)
                return;
        away->call = NULL;
        guest = xen_away_guest(away);
        if (!guest) {
                away_finish(away);
                return;
        }
        if (rc != 0) {
                xen_fail(&error, rc, &call->lines, "the guest stays suspended");
                log_resource(LOG_ERR, &guest->domain->resource, "%s",
                             error.message ?: "out of memory");
                xen_guest_paused(guest, DOMAIN_PAUSED_UNKNOWN, SUSPENDED_API_ERROR);
        } else if (xen_guest_watch_again(guest, &error) < 0)
                log_resource(LOG_ERR, &guest->domain->resource, "%s",
                             error.message ?: "out of memory");
        if (guest->foreign)
                log_resource(LOG_WARNING, &guest->domain->resource,
                             "if xl made it, that took it for gone and doesn't look after it any "
                             "more");
        away_finish(away);
}

bool xen_is_suspended(XenCore *core, uint32_t domid) {
        libxl_dominfo info;
        bool suspended;

        libxl_dominfo_init(&info);
        suspended = XEN_CALL(core, libxl_domain_info(core->ctx, &info, domid)) == 0 &&
                    info.shutdown && info.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
        libxl_dominfo_dispose(&info);
        return suspended;
}

static void away_resume(XenAway *away) {
        XenLines lines = {};
        int rc;

        away->call = xen_call_new(away->core, away->domid, resumed, away);
        rc = away->call ? XEN_CALL(away->core, libxl_domain_resume(away->core->ctx, away->domid, 1,
                                                                   &away->call->how)) : ERROR_NOMEM;
        if (rc == 0)
                return;
        if (away->call)
                xen_call_drop(TAKE(away->call));
        xen_fail(&away->failure, rc, &lines, "the guest stays suspended");
        away_finish(away);
}

/* A guest that didn't get as far as being suspended runs already. */
static void go_on(XenAway *away) {
        if (xen_away_guest(away) && xen_is_suspended(away->core, away->domid))
                away_resume(away);
        else
                away_finish(away);
}

static void lulled(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;

        if (!away)
                return;
        away->call = NULL;
        if (rc != 0)
                log_resource(LOG_ERR, &away->domain->resource, "cannot be paused again: %s",
                             call->lines.text);
        go_on(away);
}

/* One that was paused is again before it is resumed. */
static void go_on_paused(XenAway *away) {
        XenCore *core = away->core;

        away->call = xen_call_new(core, away->domid, lulled, away);
        if (away->call && XEN_CALL(core, libxl_domain_pause(core->ctx, away->domid,
                                                            &away->call->how)) == 0)
                return;
        if (away->call)
                xen_call_drop(TAKE(away->call));
        log_resource(LOG_ERR, &away->domain->resource, "cannot be paused again");
        go_on(away);
}

void xen_away_fail(XenAway *away, int r, Error *error) {
        XenGuest *guest = xen_away_guest(away);

        remove_partial(away);
        if (!guest) {
                error_clear(error);
                r = fail(error, ERROR_OPERATION_ABORTED, "the domain was destroyed meanwhile");
        }
        away->result = r;
        error_move(&away->failure, error);
        if (guest && away->woken)
                go_on_paused(away);
        else
                go_on(away);
}

/* ---- abort ---- */

bool xen_away_abort(XenAway *away) {
        if (away->kind == XEN_AWAY_SENT || away->result < 0)
                return false;
        away->aborted = true;
        if (away->child)
                xen_child_kill(away->child);
        else if (away->call)
                (void) XEN_CALL(away->core,
                                libxl_ao_abort(away->core->ctx, &away->call->how));
        else if (away->journey)
                xen_journey_abort(away);
        return true;
}

/* ---- after a death of the service ---- */

static XenAway *away_for_going_on(XenGuest *guest) {
        _cleanup_(error_clear) Error error = {};
        XenAway *away;

        if (xen_away_new(guest, XEN_AWAY_SAVING, NULL, &away, &error) < 0)
                return NULL;
        log_resource(LOG_NOTICE, &guest->domain->resource,
                     "was being saved or sent, which was cut short: it goes on");
        away->result = -ECANCELED;
        return away;
}

/* As it was: paused, if it was let run in order to be suspended. */
static void as_before(XenGuest *guest, const XenStatus *status) {
        Domain *domain = guest->domain;
        const bool lives = domain->state == DOMAIN_RUNNING || domain->state == DOMAIN_PAUSED;
        XenAway *away = away_for_going_on(guest);

        if (!away)
                return;
        guest->cut_short = !xen_is_suspended(guest->core, guest->domid);
        if (status->state != DOMAIN_PAUSED || !lives) {
                go_on(away);
                return;
        }
        domain->state = DOMAIN_PAUSED;
        domain->reason = status->reason;
        go_on_paused(away);
}

void xen_away_suspended(XenGuest *guest) {
        XenAway *away;

        if (guest->away || !guest->cut_short)
                return;
        guest->cut_short = false;
        away = away_for_going_on(guest);
        if (away)
                go_on(away);
}

static void settle_late(const char *partial, const char *path) {
        if (rename(partial, path) < 0 && errno != ENOENT)
                log_message(LOG_ERR, "the image stays under the name of %s: %s", partial,
                            strerror(errno));
}

/* A whole image that got its name before the note of it is found there. */
static void saved_already(XenGuest *guest, const char *partial, const char *path) {
        _cleanup_(freep) char *managed = xen_managed_path(guest->domain);

        settle_late(partial, path);
        if (managed && strcmp(managed, path) == 0 && domain_is_persistent(guest->domain))
                domain_set_managed_save(guest->domain, true, NULL);
        if (guest->domid != XEN_NO_DOMAIN)
                xen_guest_end(guest, DOMAIN_SHUTOFF_SAVED, STOPPED_SAVED);
}

void xen_away_recover(XenGuest *guest, const XenStatus *status, const libxl_dominfo *info) {
        const XenAwayKind kind = status->away < _XEN_AWAY_MAX ? status->away : XEN_AWAY_NOT;
        _cleanup_(freep) char *partial = NULL;

        if (status->image && asprintf(&partial, "%s.partial", status->image) < 0)
                partial = NULL;
        switch (kind) {
        case XEN_AWAY_NOT:
        case _XEN_AWAY_MAX:
                return;
        case XEN_AWAY_SAVED:
                if (partial)
                        saved_already(guest, partial, status->image);
                return;
        case XEN_AWAY_DUMPING:
                if (partial)
                        (void) unlink(partial);
                if (info && info->paused && guest->domain->reason == DOMAIN_PAUSED_DUMP)
                        xen_dump_recover(guest);
                return;
        case XEN_AWAY_SENT:
                xen_journey_recover(guest, kind, info);
                return;
        case XEN_AWAY_SAVING:
                if (partial)
                        (void) unlink(partial);
                break;
        case XEN_AWAY_SENDING:
                break;
        }
        if (info)
                as_before(guest, status);
}

/* ---- what is told of it ---- */

static XenAway *away_of(Domain *domain) {
        XenGuest *guest = xen_guest_of(domain);

        return guest ? guest->away : NULL;
}

static uint64_t bytes_written(const XenAway *away) {
        struct stat info;

        return away->partial && stat(away->partial, &info) == 0 ? info.st_size : 0;
}

/* virDomainJobInfo: how much there will be, libxl doesn't say. */
int xen_job_info(Domain *domain, Job *job, Error *error) {
        enum { JOB_NONE, JOB_BOUNDED, JOB_UNBOUNDED };
        enum { ELAPSED = 0, DATA_PROCESSED = 3, FILE_PROCESSED = 9, NUMBERS = 11 };
        uint64_t numbers[NUMBERS] = {};
        XenAway *away;
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        away = away_of(domain);
        if (away) {
                numbers[ELAPSED] = (xen_clock() - away->began) / 1000;
                numbers[DATA_PROCESSED] = numbers[FILE_PROCESSED] = bytes_written(away);
        }
        values_int(&job->result.values, away ? JOB_UNBOUNDED : JOB_NONE);
        for (int i = 0; i < NUMBERS; i++)
                values_ullong(&job->result.values, numbers[i]);
        return DONE;
}

int xen_job_stats(Domain *domain, uint32_t flags, Job *job, Error *error) {
        Values *values = &job->result.values;
        XenAway *away = away_of(domain);
        size_t head;
        int r;

        if (flags != 0)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "what jobs that are over did isn't kept (flags %d and %d)",
                            JOB_STATS_COMPLETED, JOB_STATS_KEEP_COMPLETED);
        r = domain_need_active(domain, error);
        if (r < 0)
                return r;
        values_int(values, away ? 2 : 0);
        head = values_array(values);
        if (!away)
                return DONE;
        values_named(values, head, NAMED_INT(operation_of(away->kind)), "operation");
        values_named(values, head, NAMED_ULLONG((xen_clock() - away->began) / 1000),
                     "time_elapsed");
        if (away->partial)
                values_named(values, head, NAMED_ULLONG(bytes_written(away)), "data_processed");
        return DONE;
}

int xen_abort_job(Domain *domain, Job *job, Error *error) {
        XenAway *away = away_of(domain);
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (!away)
                return fail(error, ERROR_OPERATION_INVALID, "no job is active on the domain");
        if (!xen_away_abort(away))
                return fail(error, ERROR_OPERATION_INVALID, "the job is too far to be aborted");
        return DONE;
}
