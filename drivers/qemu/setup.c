/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is run before a guest: a list of programs, each started when the one before has ended. What
 * they make gets its name only when it is whole.
 *
 * Each has a session of its own: swtpm_setup has children that it ends itself, so it must either
 * be let to its own end, which comes soon, or be killed together with them. */
#include "drivers/qemu/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/guest.h"

#define STEP_PATIENCE (60 * UINT64_C(1000000)) /* us for one program */

typedef struct Step {
        char *kind, **argv, *from, *to;
        int fd;
} Step;

struct QemuSetup {
        Domain *domain; /* borrowed: the start holds it */
        QemuSetupDone done;
        void *userdata;
        Step *steps;
        size_t n, at;
        Process *process;
        sd_event_source *deadline;
        off_t log_start;
};

QemuSetup *qemu_setup_new(Domain *domain, QemuSetupDone done, void *userdata) {
        QemuSetup *setup = calloc(1, sizeof(*setup));

        if (setup)
                *setup = (QemuSetup) { .domain = domain, .done = done, .userdata = userdata };
        return setup;
}

static void step_clear(Step *step) {
        for (char **arg = step->argv; arg && *arg; arg++)
                free(*arg);
        free(step->argv);
        free(step->kind);
        free(step->from);
        free(step->to);
        closep(&step->fd);
        *step = (Step) { .fd = -1 };
}

QemuSetup *qemu_setup_free(QemuSetup *setup) {
        if (!setup)
                return NULL;
        qemu_setup_stop(setup);
        process_free(setup->process);
        sd_event_source_disable_unref(setup->deadline);
        for (size_t i = 0; i < setup->n; i++)
                step_clear(&setup->steps[i]);
        free(setup->steps);
        free(setup);
        return NULL;
}

static char **copy_list(const char *const *list) {
        size_t n = 0;

        while (list[n])
                n++;
        char **copy = calloc(n + 1, sizeof(*copy));
        for (size_t i = 0; copy && i < n; i++)
                if (!(copy[i] = strdup(list[i]))) {
                        while (i > 0)
                                free(copy[--i]);
                        free(copy);
                        return NULL;
                }
        return copy;
}

int qemu_setup_add(QemuSetup *setup, const SetupSpec *spec, Error *error) {
        _cleanup_(step_clear) Step step = { .fd = spec->fd };
        Step *steps = reallocarray(setup->steps, setup->n + 1, sizeof(*steps));

        if (!steps)
                return fail_memory(error);
        setup->steps = steps;
        step.kind = strdup(spec->kind);
        step.argv = copy_list(spec->argv);
        step.from = spec->from ? strdup(spec->from) : NULL;
        step.to = spec->to ? strdup(spec->to) : NULL;
        if (!step.kind || !step.argv || (spec->from && !step.from) || (spec->to && !step.to))
                return fail_memory(error);
        steps[setup->n++] = step;
        step = (Step) { .fd = -1 };
        return 0;
}

/* ---- one after the other ---- */

static void step_exited(Process *process, int code, int status, void *userdata);

static int step_late(sd_event_source *source, uint64_t usec, void *userdata) {
        qemu_setup_stop(userdata);
        return 0;
}

static int step_start(QemuSetup *setup, Error *error) {
        sd_event *event = setup->domain->resource.connection->event;
        const Step *step = &setup->steps[setup->at];
        _cleanup_(closep) int log = qemu_log_open(setup->domain, step->kind, error);

        if (log < 0)
                return log;
        setup->log_start = lseek(log, 0, SEEK_END);

        const ProcessSpec spec = {
                .argv = (const char *const *) step->argv,
                .out = log,
                .err = log,
                .fds = &step->fd,
                .n_fds = step->fd >= 0,
                .outlives = true,
        };
        setup->deadline = sd_event_source_disable_unref(setup->deadline);
        if (sd_event_add_time_relative(event, &setup->deadline, CLOCK_MONOTONIC, STEP_PATIENCE, 0,
                                       step_late, setup) < 0)
                return fail_memory(error);
        return process_new(event, &spec, step_exited, setup, &setup->process, error);
}

static int step_result(QemuSetup *setup, int code, int status, Error *error) {
        const Step *step = &setup->steps[setup->at];
        _cleanup_(freep) char *words = NULL;

        if (code == CLD_EXITED && status == 0) {
                if (step->from && rename(step->from, step->to) < 0)
                        return fail_errno(error, -errno, "cannot rename '%s'", step->from);
                return 0;
        }
        words = qemu_log_tail(setup->domain, step->kind, setup->log_start);
        return fail(error, ERROR_OPERATION_FAILED, "%s failed (%s %d): %s", step->kind,
                    code == CLD_EXITED ? "exit status" : "signal", status,
                    words ?: "it said nothing");
}

static void step_exited(Process *process, int code, int status, void *userdata) {
        QemuSetup *setup = userdata;
        _cleanup_(error_clear) Error error = {};
        int r = step_result(setup, code, status, &error);

        setup->process = process_free(process);
        if (r >= 0 && ++setup->at < setup->n) {
                r = step_start(setup, &error);
                if (r >= 0)
                        return;
        }
        setup->done(setup, r, &error, setup->userdata);
}

int qemu_setup_run(QemuSetup *setup, Error *error) {
        if (setup->n == 0)
                return DONE;
        int r = step_start(setup, error);
        return r < 0 ? r : PENDING;
}

void qemu_setup_stop(QemuSetup *setup) {
        if (setup->process) /* not reaped yet, so the number is still its session's */
                (void) kill(-process_pid(setup->process), SIGKILL);
}
