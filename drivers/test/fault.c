/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slowness and failure on demand. */
#include "drivers/test/fault.h"

#include <string.h>

#include "drivers/test/driver.h"

/* A call that is late. */
typedef struct Late {
        TestFaults *faults;
        Job *job;
        int (*then)(Job *job, Error *error);
        sd_event_source *timer;
        struct Late *next;
} Late;

struct TestFaults {
        sd_event *event;
        uint64_t delay; /* us */
        char *method;   /* "": any */
        char *message;
        uint32_t failures; /* so many still fail */
        Late *late;
};

/* ---- late calls ---- */

static void late_free(Late *late) {
        Late **link = &late->faults->late;

        while (*link != late)
                link = &(*link)->next;
        *link = late->next;
        sd_event_source_disable_unref(late->timer);
        free(late);
}

static int fault_now(TestFaults *faults, Job *job, int (*then)(Job *job, Error *error),
                     Error *error) {
        if (faults->failures == 0 || (*faults->method && strcmp(faults->method, job->what) != 0))
                return then(job, error);
        faults->failures--;
        return fail(error, ERROR_OPERATION_FAILED, "%s", faults->message);
}

static int late_due(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        Late *late = userdata;
        TestFaults *faults = late->faults;
        Job *job = late->job;
        int (*then)(Job *, Error *) = late->then;

        late_free(late);
        int r = fault_now(faults, job, then, &error);
        if (r != PENDING)
                job_done(job, r, &error);
        return 0;
}

static int fault_later(TestFaults *faults, Job *job, int (*then)(Job *job, Error *error),
                       Error *error) {
        Late *late = calloc(1, sizeof(*late)), **end = &faults->late;
        int r;

        if (!late)
                return fail_memory(error);
        *late = (Late) { .faults = faults, .job = job, .then = then };
        while (*end)
                end = &(*end)->next;
        *end = late;
        r = sd_event_add_time_relative(faults->event, &late->timer, CLOCK_MONOTONIC, faults->delay,
                                       1, late_due, late);
        if (r >= 0)
                return PENDING;
        late_free(late);
        return fail_errno(error, r, "cannot wait");
}

/* ---- the operations ---- */

static int fault_pass(Connection *connection, Job *job, bool changes,
                      int (*then)(Job *job, Error *error), Error *error) {
        TestFaults *faults = test_driver_of(connection)->faults;

        return faults->delay > 0 && changes ? fault_later(faults, job, then, error)
                                            : fault_now(faults, job, then, error);
}

static int fault_set_delay(Connection *connection, uint64_t delay, Error *error) {
        test_driver_of(connection)->faults->delay = delay;
        return 0;
}

static int fault_set_failure(Connection *connection, const char *method, uint32_t count,
                             const char *message, Error *error) {
        TestFaults *faults = test_driver_of(connection)->faults;
        char *method_copy = strdup(method), *message_copy = strdup(message);

        if (!method_copy || !message_copy) {
                free(method_copy);
                free(message_copy);
                return fail_memory(error);
        }
        free(faults->method);
        free(faults->message);
        faults->method = method_copy;
        faults->message = message_copy;
        faults->failures = count;
        return 0;
}

const FaultOps test_fault_ops = {
        .pass = fault_pass,
        .set_delay = fault_set_delay,
        .set_failure = fault_set_failure,
        .reset = test_reset,
};

/* ---- life ---- */

int test_faults_new(sd_event *event, TestFaults **ret, Error *error) {
        TestFaults *faults = calloc(1, sizeof(*faults));

        if (!faults)
                return fail_memory(error);
        faults->event = event;
        *ret = faults;
        return 0;
}

void test_faults_reset(TestFaults *faults) {
        faults->delay = 0;
        faults->failures = 0;
        for (Late *late = faults->late; late; late = late->next)
                (void) sd_event_source_set_time_relative(late->timer, 0);
}

TestFaults *test_faults_free(TestFaults *faults) {
        if (!faults)
                return NULL;
        while (faults->late) {
                _cleanup_(error_clear) Error error = {};
                Job *job = faults->late->job;

                late_free(faults->late);
                job_done(job, fail(&error, ERROR_OPERATION_ABORTED, "the connection is closed"),
                         &error);
        }
        free(faults->method);
        free(faults->message);
        free(faults);
        return NULL;
}
