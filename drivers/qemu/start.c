/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of a guest, in the order in which it happens:
 *
 *   capabilities (may have to be asked for) -> live definition -> files, programs that must have
 *   run before -> taps of the system, for a session's guest -> sockets, taps, helpers, command
 *   line -> processes, held before their exec -> runtime file -> a unit of their own, with limits
 *   -> what others do for interfaces (scripts, Open vSwitch) -> helpers that need units of theirs
 *   -> devices taken from the host -> other helpers let go, then QEMU -> what QEMU alone knows (pty
 *   names) and is told (passwords, balloon, links), asked all at once -> cont -> events -> the job
 *   ends
 *
 * Until a process was let go, a failure is undone at once. From then on it is noted, the processes
 * are ended, and qemu_start_exited() ends the job: the guest is gone when the caller hears of
 * it. */
#include <errno.h>
#include <string.h>

#include "drivers/host-usb.h"
#include "drivers/ports.h"
#include "drivers/qemu/firmware.h"
#include "drivers/qemu/join-settle.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/start-private.h"
#include "drivers/qemu/threads.h"
#include "drivers/qemu/tpm.h"
#include "drivers/qemu/transient.h"

#define EXIT_PATIENCE (500 * UINT64_C(1000)) /* us for a QEMU that hung up to end by itself */

static void start_forget_unit(QemuStart *start) {
        UnitManager *units = start->guest->domain->resource.connection->settings->units;

        if (start->unit)
                units->forget(units, TAKE(start->unit));
}

QemuStart *qemu_start_free(QemuStart *start) {
        if (!start)
                return NULL;
        start_forget_unit(start);
        qemu_setup_free(start->setup);
        qemu_settling_free(start->settling);
        qemu_borrow_free(start->borrow);
        qemu_caps_unref(start->caps);
        conf_free(start->conf);
        error_clear(&start->error);
        free(start);
        return NULL;
}

/* Back to before, while there is no process. */
static void start_undo(QemuStart *start) {
        Domain *domain = start->guest->domain;

        Job *ending = TAKE(start->guest->ending); /* who destroys it meanwhile has what he wants */

        resource_ref(&domain->resource);
        qemu_bindings_undo(&start->guest->bindings, &domain->resource);
        if (start->guest->joined)
                qemu_nets_leave(domain, start->conf);
        else if (start->allotted)
                qemu_nets_give_back(domain, start->conf);
        qemu_guest_free(start->guest);
        qemu_status_remove(domain);
        domain_stopped(domain, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        if (ending)
                job_done(ending, 0, NULL);
        resource_unref(&domain->resource);
}

void start_give_up(QemuStart *start, Error *error) {
        error_move(&start->error, error);
        if (start->setup)
                qemu_setup_stop(start->setup);
        if (start->borrow)
                qemu_borrow_stop(start->borrow);
        if (start->guest->process)
                qemu_guest_kill(start->guest);
}

/* ---- the live definition ---- */

static int start_live_definition(QemuStart *start, const QemuCaps *caps, Error *error) {
        DomainConf *conf = start->conf;
        int r = qemu_nets_allot(start->guest->domain, conf, error);

        start->allotted = r >= 0;
        if (r >= 0)
                r = qemu_complete(conf, caps, error);
        if (r >= 0)
                r = qemu_assign_addresses(conf, caps, error);
        if (r >= 0)
                r = qemu_settle_cpu(conf, caps, error);
        if (r >= 0)
                r = qemu_firmware_choose(&conf->os, conf->os.machine, error);
        if (r >= 0)
                r = qemu_choose_nvram(start->guest->domain->resource.connection, conf, error);
        if (r >= 0)
                r = qemu_prepare_files(start->guest->domain, conf, error);
        if (r >= 0)
                r = host_usb_find(conf, HOST_SYSFS, error);
        if (r >= 0)
                r = qemu_assign_aliases(conf, error);
        if (r >= 0)
                r = display_choose_ports(conf, error);
        conf->id = (MaybeU32) { .set = true, .value = start->guest->domain->id };
        return r;
}

/* ---- from capabilities to the running processes ---- */

/* It fails while QEMU is held, with error. True: helpers ran already and must end first; the reason
 * is noted, and qemu_guest_over() follows. */
static bool start_end_helpers(QemuStart *start, Error *error) {
        QemuGuest *guest = start->guest;

        guest->process = process_free(guest->process); /* it never ran: its hold breaks */
        guest->exit_code = CLD_KILLED;
        guest->exit_status = SIGKILL;
        error_move(&start->error, error);
        if (qemu_helpers_end(guest))
                return true;
        error_move(error, &start->error);
        return false;
}

/* Lets the helpers go, then QEMU. On failure start_end_helpers() has decided: 0 if it was noted. */
static int start_release(QemuStart *start, Error *error) {
        QemuGuest *guest = start->guest;
        int r = qemu_bindings_do(&guest->bindings, error);

        if (r >= 0)
                r = qemu_threads_begin(start->conf, process_pid(guest->process), error);
        if (r >= 0)
                r = qemu_helpers_release(guest, error);
        if (r >= 0)
                r = process_release(guest->process, error);
        return r < 0 && start_end_helpers(start, error) ? 0 : r;
}

/* A failure before anything ran is returned; a later one is noted and 0 returned. */
static int start_run(QemuStart *start, Error *error) {
        QemuGuest *guest = start->guest;
        int r = start_release(start, error);

        if (r < 0 || !guest->process)
                return r;
        qemu_log_follow(guest, guest->log_start);
        if (start_conversation(start, &start->error) < 0)
                qemu_guest_kill(guest);
        return 0;
}

/* For who is called back: what fails here ends the job. */
static void start_go_on(QemuStart *start, int (*step)(QemuStart *start, Error *error),
                        Error *error) {
        _cleanup_(error_clear) Error cause = {};
        Job *job = start->job;
        int r;

        if (start->error.code != ERROR_NONE) /* given up meanwhile */
                error_move(&cause, &start->error);
        else if (error && error->code != ERROR_NONE)
                error_move(&cause, error);
        r = cause.code == ERROR_NONE ? step(start, &cause) : -error_number(cause.code);
        if (r < 0) {
                start_undo(start);
                job_done(job, r, &cause);
        }
}

static void start_helped(Error *error, void *userdata) {
        QemuStart *start = userdata;

        if (start->error.code != ERROR_NONE)
                return; /* given up meanwhile: QEMU was killed, and its end is on its way */
        if (error->code == ERROR_NONE || !start_end_helpers(start, error))
                start_go_on(start, start_run, error);
}

static int start_help(QemuStart *start, Error *error) {
        int r = qemu_helpers_run(start->guest, start_helped, start, error);

        if (r < 0 || r == PENDING)
                return r < 0 ? r : 0;
        return start_run(start, error);
}

static void start_settled(int r, Error *error, void *userdata) {
        _cleanup_(error_clear) Error cause = {};
        QemuStart *start = userdata;

        error_move(&cause, error); /* it is the settling's */
        start->settling = qemu_settling_free(start->settling);
        start_go_on(start, start_help, &cause);
}

static int start_settle(QemuStart *start, Error *error) {
        int r = qemu_nets_settle(start->guest->domain, start->conf, start_settled, start,
                                 &start->settling, error);

        if (r < 0 || r == PENDING)
                return r < 0 ? r : 0;
        return start_help(start, error);
}

static void start_placed(int result, Error *error, void *userdata) {
        QemuStart *start = userdata;

        start->unit = NULL;
        if (result == 0)
                qemu_unit_missing(start->guest, start->conf);
        start_go_on(start, start_settle, error);
}

static int start_launch(QemuStart *start, Error *error) {
        Domain *domain = start->guest->domain;
        QemuGuest *guest = start->guest;
        int r = qemu_bindings_plan(start->conf, QEMU_SYSFS, &guest->bindings, error);

        if (r >= 0)
                r = start_spawn_all(start, error);
        if (r >= 0)
                r = domain_set_live(domain, start->conf, error);
        if (r >= 0)
                r = qemu_status_save(guest, error);
        if (r >= 0)
                r = qemu_unit_place(guest, start->conf, start_placed, start, &start->unit, error);
        if (r < 0) {
                guest->process = process_free(guest->process);
                return r;
        }
        if (r == PENDING)
                return 0;
        qemu_unit_missing(guest, start->conf);
        return start_settle(start, error);
}

static void start_borrowed(Error *error, void *userdata) {
        start_go_on(userdata, start_launch, error);
}

/* Whom it may keep waiting is the system's service and whoever types a password for it. */
static int start_borrow(QemuStart *start, Error *error) {
        int r = qemu_borrow(start->guest->domain, start->conf, NULL, start->job->interactive,
                            start_borrowed, start, &start->borrow, error);

        if (r < 0 || r == PENDING)
                return r < 0 ? r : 0;
        return start_launch(start, error);
}

static void start_set_up(QemuSetup *setup, int r, Error *error, void *userdata) {
        QemuStart *start = userdata;

        start->setup = qemu_setup_free(setup);
        start_go_on(start, start_borrow, error);
}

static int start_prepare(QemuStart *start, Error *error) {
        Domain *domain = start->guest->domain;
        int r = start_live_definition(start, start->caps, error);

        if (r < 0)
                return r;
        start->setup = qemu_setup_new(domain, start_set_up, start);
        if (!start->setup)
                return fail_memory(error);
        r = qemu_tpm_set_up(domain, start->conf, start->setup, error);
        if (r >= 0)
                r = qemu_transient_set_up(domain, start->conf, start->setup, error);
        if (r >= 0)
                r = qemu_setup_run(start->setup, error);
        if (r != DONE)
                return r;
        start->setup = qemu_setup_free(start->setup);
        return start_borrow(start, error);
}

static void start_with_caps(QemuCaps *caps, Error *error, void *userdata) {
        QemuStart *start = userdata;

        if (caps)
                start->caps = qemu_caps_ref(caps);
        start_go_on(start, start_prepare, error);
}

static void start_note_rules(QemuGuest *guest, const DomainConf *conf, uint32_t flags) {
        guest->on_poweroff = conf->on_poweroff;
        guest->on_reboot = conf->on_reboot;
        guest->on_crash = conf->on_crash;
        guest->domain->autodestroy = flags & DOMAIN_START_AUTODESTROY;
}

int qemu_start_conf(Domain *domain, DomainConf *conf, uint32_t flags, Job *job, Error *error) {
        QemuDriver *driver = qemu_driver_of(domain->resource.connection);
        QemuStart *start = calloc(1, sizeof(*start));
        QemuGuest *guest = start ? qemu_guest_new(domain) : NULL;
        QemuCaps *caps;
        int r;

        if (!guest) {
                free(start);
                conf_free(conf);
                return fail_memory(error);
        }
        *start = (QemuStart) { .guest = guest, .job = job, .flags = flags, .conf = conf };
        guest->start = start;
        start_note_rules(guest, conf, flags);
        domain_starting(domain, 0);

        _cleanup_(freep) char *emulator = NULL;
        r = qemu_emulator_of(conf, &emulator, error);
        if (r >= 0)
                r = qemu_caps_get(driver->caps, emulator, start_with_caps, start, &caps, error);
        if (r == DONE) {
                start->caps = qemu_caps_ref(caps);
                r = start_prepare(start, error);
        }
        if (r < 0) {
                start_undo(start);
                return r;
        }
        return PENDING;
}

int qemu_start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        DomainConf *conf = NULL;
        int r = domain_need_inactive(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);
        return r < 0 ? r : qemu_start_conf(domain, conf, flags, job, error);
}

/* ---- its end, good or bad ---- */

/* State and file first, then events in libvirt's order, then the reply. */
void start_finish(QemuStart *start) {
        bool paused = start->flags & DOMAIN_START_PAUSED;
        QemuGuest *guest = start->guest;
        Domain *domain = guest->domain;
        _cleanup_(error_clear) Error error = {};
        Job *job = start->job;
        int r = domain_set_live(domain, start->conf, &error);

        domain->starting = false;
        if (paused)
                domain_set_state(domain, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        else
                domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        if (r >= 0)
                r = qemu_status_save(guest, &error);
        if (r < 0) {
                domain->starting = true;
                domain->state = DOMAIN_SHUTOFF;
                start_give_up(start, &error);
                return;
        }

        guest->start = qemu_start_free(start);
        if (!paused)
                domain_report(domain, DOMAIN_EVENT_RESUMED, RESUMED_UNPAUSED);
        domain_started(domain, STARTED_BOOTED);
        if (paused)
                domain_report(domain, DOMAIN_EVENT_SUSPENDED, SUSPENDED_PAUSED);
        job_done(job, 0, NULL);
}

static int start_waited(sd_event_source *source, uint64_t usec, void *userdata) {
        qemu_guest_kill(userdata);
        return 0;
}

/* Usually the process ends as well and its own words say more; so that is waited for, but not
 * long. */
void qemu_start_closed(QemuGuest *guest, Error *error) {
        sd_event *event = guest->domain->resource.connection->event;

        error_move(&guest->start->error, error);
        if (guest->escalation)
                return;
        if (sd_event_add_time_relative(event, &guest->escalation, CLOCK_MONOTONIC, EXIT_PATIENCE, 0,
                                       start_waited, guest) < 0)
                qemu_guest_kill(guest);
}

void qemu_start_abort(QemuGuest *guest, ErrorCode code, const char *why) {
        _cleanup_(error_clear) Error error = {};

        (void) fail(&error, code, "%s", why);
        start_give_up(guest->start, &error);
}

void qemu_start_exited(QemuGuest *guest, int code, int status) {
        QemuStart *start = guest->start;
        _cleanup_(freep) char *words = qemu_log_tail(guest->domain, NULL, guest->log_start);
        _cleanup_(error_clear) Error error = {};
        Job *job = start->job;
        bool killed_by_us =
                code == CLD_KILLED && status == SIGKILL && start->error.code != ERROR_NONE;
        int r;

        if (killed_by_us)
                error_move(&error, &start->error);
        if (killed_by_us && words)
                error_prefix(&error, "QEMU said '%s'", words);
        if (!killed_by_us)
                (void) fail(&error, ERROR_INTERNAL,
                            "QEMU ended while it was being started (%s %d): %s",
                            code == CLD_EXITED ? "exit status" : "signal", status,
                            words ?: "it said nothing");
        r = -error_number(error.code);
        start_undo(start);
        job_done(job, r, &error);
}
