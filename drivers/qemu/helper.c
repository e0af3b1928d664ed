/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a guest's helpers, in its order: held, let go, watched, ended. */
#include "drivers/qemu/helper.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drivers/log.h"
#include "drivers/qemu/guest.h"

#define END_PATIENCE (3 * UINT64_C(1000000)) /* us between SIGTERM and SIGKILL */

static QemuHelper *helper_free(QemuHelper *helper) {
        if (!helper)
                return NULL;
        qemu_helper_forget_plan(helper);
        process_free(helper->process);
        free(helper->name);
        free(helper);
        return NULL;
}

static int helper_add(QemuGuest *guest, QemuHelper *helper) {
        QemuHelpers *helpers = &guest->helpers;
        QemuHelper **items = reallocarray(helpers->items, helpers->n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        helpers->items = items;
        items[helpers->n++] = helper;
        return 0;
}

static QemuHelper *helper_new(QemuGuest *guest, const char *device, const char *kind) {
        QemuHelper *helper = calloc(1, sizeof(*helper));

        if (!helper)
                return NULL;
        helper->guest = guest;
        if (asprintf(&helper->name, "%s%s%s", device ?: "", device ? "-" : "", kind) < 0) {
                free(helper);
                return NULL;
        }
        return helper;
}

static void helper_take_out(QemuHelper *helper) {
        QemuHelpers *helpers = &helper->guest->helpers;

        for (size_t i = 0; i < helpers->n; i++)
                if (helpers->items[i] == helper) {
                        helpers->items[i] = helpers->items[--helpers->n];
                        return;
                }
}

/* ---- sockets and programs ---- */

int qemu_helper_listen(int folder, const char *name, Error *error) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) unlinkat(folder, name, 0);
        /* by descriptor: the folder's path may be longer than an address can hold */
        if ((size_t) snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
                              folder, name) >= sizeof(address.sun_path))
                return fail(error, ERROR_INTERNAL, "the name of socket '%s' is too long", name);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            listen(fd, 1) < 0)
                return fail_errno(error, -errno, "cannot make the socket '%s'", name);
        return TAKE_FD(fd);
}

void arguments_add(Arguments *arguments, const char *format, ...) {
        char **items = reallocarray(arguments->items, arguments->n + 2, sizeof(*items));
        va_list ap;

        if (!items) {
                arguments->failed = true;
                return;
        }
        arguments->items = items;
        va_start(ap, format);
        if (vasprintf(&items[arguments->n], format, ap) < 0)
                arguments->failed = true;
        else
                arguments->n++;
        items[arguments->n] = NULL;
        va_end(ap);
}

void arguments_clear(Arguments *arguments) {
        for (size_t i = 0; i < arguments->n; i++)
                free(arguments->items[i]);
        free(arguments->items);
        *arguments = (Arguments) {};
}

char *qemu_helper_find(const char *program) {
        const char *path = getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin";

        if (program[0] == '/')
                return strdup(program);
        while (*path) {
                size_t n = strcspn(path, ":");
                char *file;

                if (asprintf(&file, "%.*s/%s", (int) n, path, program) < 0)
                        return NULL;
                if (n > 0 && access(file, X_OK) >= 0)
                        return file;
                free(file);
                path += n + (path[n] == ':');
        }
        return strdup(program);
}

/* ---- starting ---- */

static void helper_exited(Process *process, int code, int status, void *userdata);

static void write_command(int log, const char *const *argv) {
        for (size_t i = 0; argv[i]; i++)
                (void) !dprintf(log, "%s%s", i ? " " : "", argv[i]);
        (void) !write(log, "\n", 1);
}

int qemu_helper_launch(QemuHelper *helper, const HelperSpec *spec, int log, Error *error) {
        const ProcessSpec process = {
                .argv = spec->argv,
                .out = log,
                .err = log,
                .fds = spec->fds,
                .n_fds = spec->n_fds,
                .listens = spec->listens,
                .hold = true,
                .outlives = true,
        };

        return process_new(helper->guest->domain->resource.connection->event, &process,
                           helper_exited, helper, &helper->process, error);
}

static int helper_start(QemuHelper *helper, const HelperSpec *spec, Error *error) {
        _cleanup_(closep) int log = qemu_log_open(helper->guest->domain, helper->name, error);

        if (log < 0)
                return log;
        write_command(log, spec->argv);
        helper->log_start = lseek(log, 0, SEEK_END);
        if (qemu_helper_plans(helper->guest, spec))
                return qemu_helper_plan(helper, spec, log, error);
        return qemu_helper_launch(helper, spec, log, error);
}

int qemu_helper_spawn(QemuGuest *guest, const HelperSpec *spec, Error *error) {
        QemuHelper *helper = helper_new(guest, spec->device, spec->kind);
        int r = helper ? helper_start(helper, spec, error) : fail_memory(error);

        if (r >= 0 && helper_add(guest, helper) < 0)
                r = fail_memory(error);
        if (r < 0) {
                helper_free(helper);
                error_prefix(error, "%s", spec->kind);
        }
        return r;
}

static void helper_drop(QemuHelper *helper) {
        helper_take_out(helper);
        helper_free(helper);
}

static bool is_held(const QemuHelper *helper) {
        return !helper->unit && helper->process && process_is_held(helper->process);
}

/* The rest of those that are still held. */
static void drop_held(QemuHelpers *helpers) {
        for (size_t i = helpers->n; i-- > 0;)
                if (is_held(helpers->items[i]))
                        helper_drop(helpers->items[i]);
}

int qemu_helpers_release(QemuGuest *guest, Error *error) {
        QemuHelpers *helpers = &guest->helpers;

        for (size_t i = 0; i < helpers->n; i++) {
                QemuHelper *helper = helpers->items[i];
                int r = is_held(helper) ? process_release(helper->process, error) : 0;

                if (r >= 0)
                        continue;
                error_prefix(error, "%s", helper->name);
                helper_drop(helper);
                drop_held(helpers);
                return r;
        }
        return 0;
}

int qemu_helper_watch(QemuHelper *helper, pid_t pid, uint64_t start, Error *error) {
        return process_adopt(helper->guest->domain->resource.connection->event, pid, start,
                             helper_exited, helper, &helper->process, error);
}

void qemu_helper_adopt(QemuGuest *guest, const HelperStatus *status) {
        _cleanup_(error_clear) Error error = {};
        Domain *domain = guest->domain;
        QemuHelper *helper;
        int r;

        if (status->pid == 0) {
                qemu_helper_kill_stray(domain, process_pid(guest->process), status);
                return;
        }
        helper = helper_new(guest, NULL, status->name);
        r = helper ? qemu_helper_watch(helper, status->pid, status->start, &error) : -ENOMEM;
        if (r >= 0)
                r = helper_add(guest, helper);
        if (r >= 0) {
                helper->unit = status->unit == TRISTATE_YES;
                return;
        }
        log_resource(LOG_WARNING, &domain->resource, "its %s %s", status->name,
                     r == -ESRCH ? "ended while the service was away" : "cannot be watched");
        helper_free(helper);
}

/* ---- ending ---- */

static void report_death(QemuHelper *helper, int code, int status) {
        QemuGuest *guest = helper->guest;
        _cleanup_(freep) char *words =
                qemu_log_tail(guest->domain, helper->name, helper->log_start);
        char how[32] = "";

        if (code != 0)
                (void) snprintf(how, sizeof(how), " (%s %d)",
                                code == CLD_EXITED ? "status" : "signal", status);
        if (guest->start) {
                _cleanup_(freep) char *text = NULL;

                if (asprintf(&text, "%s ended while the guest was being started%s: %s",
                             helper->name, how, words ?: "it said nothing") < 0)
                        text = NULL;
                qemu_start_abort(guest, ERROR_INTERNAL, text ?: "a helper ended");
                return;
        }
        log_resource(LOG_ERR, &guest->domain->resource,
                     "%s ended unexpectedly%s%s%s; the guest runs on without it", helper->name,
                     how, words ? ": " : "", words ?: "");
        (void) qemu_status_save(guest, NULL); /* else a later life reports it again */
}

/* Some end by themselves when QEMU hangs up, which may be seen before QEMU's own end. */
static bool is_expected(const QemuGuest *guest, int code, int status) {
        return guest->helpers.ending || guest->stopping || !guest->qmp ||
               (code == CLD_EXITED && status == 0);
}

static void helper_exited(Process *process, int code, int status, void *userdata) {
        QemuHelper *helper = userdata;
        QemuGuest *guest = helper->guest;

        helper_take_out(helper);
        if (helper->leaving)
                (void) qemu_status_save(guest, NULL);
        else if (!is_expected(guest, code, status))
                report_death(helper, code, status);
        else if (guest->start && !guest->helpers.ending)
                report_death(helper, code, status);
        helper_free(helper);
        if (guest->helpers.ending && guest->helpers.n == 0)
                qemu_guest_over(guest);
}

static int helpers_escalate(sd_event_source *source, uint64_t usec, void *userdata) {
        QemuGuest *guest = userdata;

        for (size_t i = 0; i < guest->helpers.n; i++) {
                QemuHelper *helper = guest->helpers.items[i];

                if (!helper->process)
                        continue;
                log_resource(LOG_WARNING, &guest->domain->resource,
                             "%s doesn't end when asked, killed", helper->name);
                (void) process_signal(helper->process, SIGKILL);
        }
        return 0;
}

/* Of a plan that was never told to anybody, nothing needs to end. */
static void drop_plans(QemuHelpers *helpers) {
        for (size_t i = helpers->n; i-- > 0;) {
                QemuHelper *helper = helpers->items[i];

                if (!helper->process && !qemu_helper_is_awaited(helper))
                        helper_drop(helper);
        }
}

/* A device that was to come waits for its helper; a start has noted by itself that it is over. */
static void tell_waiting(QemuGuest *guest) {
        HelpersRan ran = guest->helpers.coming > 0 && !guest->start ? TAKE(guest->helpers.ran)
                                                                    : NULL;
        _cleanup_(error_clear) Error error = {};

        if (!ran)
                return;
        (void) fail(&error, ERROR_OPERATION_FAILED, "the guest ended meanwhile");
        ran(&error, guest->helpers.userdata);
}

bool qemu_helpers_end(QemuGuest *guest) {
        QemuHelpers *helpers = &guest->helpers;
        sd_event *event = guest->domain->resource.connection->event;
        int signal = SIGTERM;

        tell_waiting(guest);
        drop_plans(helpers);
        if (helpers->n == 0)
                return false;
        helpers->ending = true;
        if (sd_event_add_time_relative(event, &helpers->escalation, CLOCK_MONOTONIC, END_PATIENCE,
                                       0, helpers_escalate, guest) < 0)
                signal = SIGKILL;
        for (size_t i = 0; i < helpers->n; i++)
                if (helpers->items[i]->process)
                        (void) process_signal(helpers->items[i]->process, signal);
        return true;
}

void qemu_helper_came(QemuHelper *helper, bool runs) {
        QemuGuest *guest = helper->guest;

        if (!runs)
                helper_drop(helper);
        else if (guest->helpers.ending)
                (void) process_signal(helper->process, SIGTERM);
        if (guest->helpers.ending && guest->helpers.n == 0)
                qemu_guest_over(guest);
}

void qemu_helper_leave(QemuGuest *guest, const char *device, const char *kind) {
        _cleanup_(freep) char *name = NULL;

        if (asprintf(&name, "%s-%s", device, kind) < 0) {
                name = NULL;
                return; /* it ends with the guest */
        }
        for (size_t i = guest->helpers.n; i-- > 0;) {
                QemuHelper *helper = guest->helpers.items[i];

                if (strcmp(helper->name, name) != 0 || qemu_helper_is_awaited(helper))
                        continue;
                if (!helper->process || is_held(helper))
                        helper_drop(helper);
                else {
                        helper->leaving = true;
                        (void) process_signal(helper->process, SIGTERM);
                }
        }
}

static void stray_exited(Process *process, int code, int status, void *userdata) {
}

void qemu_helper_kill_stray(Domain *domain, pid_t guest, const HelperStatus *status) {
        _cleanup_(process_freep) Process *process = NULL;

        if (status->unit == TRISTATE_YES)
                qemu_helper_stop_unit(domain, guest, status->name);
        if (process_adopt(domain->resource.connection->event, status->pid, status->start,
                          stray_exited, NULL, &process, NULL) >= 0)
                (void) process_signal(process, SIGKILL);
}

void qemu_helpers_clear(QemuHelpers *helpers) {
        for (size_t i = 0; i < helpers->n; i++)
                helper_free(helpers->items[i]);
        free(helpers->items);
        sd_event_source_disable_unref(helpers->escalation);
        error_clear(&helpers->error);
        *helpers = (QemuHelpers) {};
}
