/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are run for interfaces of the host, each to its end or to the end of our patience.
 *
 * What one says goes into a file without a name: its last words explain a failure. It has a session
 * of its own, so that it goes on when we end, and so that it is killed with all that it started. */
#include "drivers/qemu/errand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/log.h"

#define PATIENCE (60 * UINT64_C(1000000)) /* us for one program */
#define WORDS_MAX 512

struct Errand {
        Errands *errands;
        Errand *next;
        char *interface, *what, **argv;
        Process *process; /* NULL: it waits */
        int said;
        bool late;
        sd_event_source *patience;
        ErrandDone done;
        void *userdata;
};

struct Errands {
        sd_event *event; /* borrowed */
        Errand *first;
};

Errands *errands_new(sd_event *event) {
        Errands *errands = calloc(1, sizeof(*errands));

        if (errands)
                errands->event = event;
        return errands;
}

static Errand *errand_free(Errand *errand) {
        if (!errand)
                return NULL;
        sd_event_source_disable_unref(errand->patience);
        process_free(errand->process);
        closep(&errand->said);
        for (char **arg = errand->argv; arg && *arg; arg++)
                free(*arg);
        free(errand->argv);
        free(errand->interface);
        free(errand->what);
        free(errand);
        return NULL;
}

DEFINE_CLEANUP(Errand *, errand_free);

static int copy_arguments(Errand *errand, const char *const *argv) {
        size_t n = 0;

        while (argv[n])
                n++;
        errand->argv = calloc(n + 1, sizeof(char *));
        for (size_t i = 0; errand->argv && i < n; i++)
                if (!(errand->argv[i] = strdup(argv[i])))
                        return -ENOMEM;
        return errand->argv ? 0 : -ENOMEM;
}

static void take_out(Errand *errand) {
        Errand **at = &errand->errands->first;

        while (*at != errand)
                at = &(*at)->next;
        *at = errand->next;
}

/* ---- one of them ---- */

static void errand_exited(Process *process, int code, int status, void *userdata);

static int out_of_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        Errand *errand = userdata;

        errand->late = true; /* not reaped yet, so the number is still its session's */
        (void) kill(-process_pid(errand->process), SIGKILL);
        return 0;
}

static int errand_start(Errand *errand, Error *error) {
        sd_event *event = errand->errands->event;
        int r;

        errand->said = memfd_create("errand", MFD_CLOEXEC);
        if (errand->said < 0)
                return fail_errno(error, -errno, "cannot run %s", errand->what);

        const ProcessSpec spec = {
                .argv = (const char *const *) errand->argv,
                .out = errand->said,
                .err = errand->said,
                .outlives = true,
        };
        r = process_new(event, &spec, errand_exited, errand, &errand->process, error);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &errand->patience, CLOCK_MONOTONIC, PATIENCE, 0,
                                       out_of_patience, errand);
        if (r < 0)
                log_message(LOG_WARNING, "%s may take its time: %s", errand->what, strerror(-r));
        return 0;
}

/* The end of what it said, as one line. */
static const char *last_words(const Errand *errand, char text[static WORDS_MAX]) {
        off_t size = lseek(errand->said, 0, SEEK_END);
        off_t from = MAX(size - (WORDS_MAX - 1), 0);
        ssize_t n = pread(errand->said, text, WORDS_MAX - 1, from);

        while (n > 0 && text[n - 1] == '\n')
                n--;
        if (n <= 0)
                return "it said nothing";
        text[n] = '\0';
        for (char *c = text; *c; c++)
                if ((unsigned char) *c < ' ')
                        *c = ' ';
        return text;
}

static int errand_result(const Errand *errand, int code, int status, Error *error) {
        char text[WORDS_MAX];

        if (errand->late)
                return fail(error, ERROR_OPERATION_TIMEOUT, "%s for interface '%s' didn't end",
                            errand->what, errand->interface);
        if (code == CLD_EXITED && status == 0)
                return 0;
        return fail(error, ERROR_OPERATION_FAILED, "%s for interface '%s' failed (%s %d): %s",
                    errand->what, errand->interface, code == CLD_EXITED ? "exit status" : "signal",
                    status, last_words(errand, text));
}

static void errand_tell(Errand *errand, int r, Error *error) {
        if (errand->done) {
                errand->done(errand, r, error, errand->userdata);
                return;
        }
        if (r >= 0)
                return;
        _cleanup_(freep) char *text = error_text(error);
        log_message(LOG_WARNING, "%s", text ?: "out of memory");
}

static Errand *find_next(const Errands *errands, const char *interface) {
        Errand *errand = errands->first;

        while (errand && strcmp(errand->interface, interface) != 0)
                errand = errand->next;
        return errand;
}

/* One that can't be started is over, and another is the next. */
static void start_next(Errands *errands, const char *interface) {
        Errand *errand;

        while ((errand = find_next(errands, interface)) && !errand->process) {
                _cleanup_(error_clear) Error error = {};
                int r = errand_start(errand, &error);

                if (r >= 0)
                        return;
                take_out(errand);
                errand_tell(errand, r, &error);
                errand_free(errand);
        }
}

/* Who is told may ask for another one: the list is whole by then. */
static void errand_exited(Process *process, int code, int status, void *userdata) {
        _cleanup_(errand_freep) Errand *errand = userdata;
        _cleanup_(error_clear) Error error = {};
        int r = errand_result(errand, code, status, &error);

        take_out(errand);
        start_next(errand->errands, errand->interface);
        errand_tell(errand, r, &error);
}

/* ---- asked for ---- */

int errand_new(Errands *errands, const ErrandSpec *spec, ErrandDone done, void *userdata,
               Errand **ret, Error *error) {
        _cleanup_(errand_freep) Errand *errand = calloc(1, sizeof(*errand));
        Errand **at = &errands->first;
        int r;

        if (!errand)
                return fail_memory(error);
        *errand = (Errand) {
                .errands = errands, .said = -1, .done = done, .userdata = userdata,
                .interface = strdup(spec->interface), .what = strdup(spec->what),
        };
        if (!errand->interface || !errand->what || copy_arguments(errand, spec->argv) < 0)
                return fail_memory(error);
        r = find_next(errands, spec->interface) ? 0 : errand_start(errand, error);
        if (r < 0)
                return r;
        while (*at)
                at = &(*at)->next;
        *at = errand;
        if (ret)
                *ret = errand;
        (void) TAKE(errand);
        return 0;
}

void errand_forget(Errand *errand) {
        errand->done = NULL;
}

/* A process that runs outlives us. */
Errands *errands_free(Errands *errands) {
        if (!errands)
                return NULL;
        while (errands->first) {
                _cleanup_(errand_freep) Errand *errand = errands->first;
                _cleanup_(error_clear) Error error = {};

                errands->first = errand->next;
                if (!errand->process)
                        (void) errand_start(errand, NULL);
                if (errand->done)
                        errand_tell(errand, fail(&error, ERROR_OPERATION_ABORTED,
                                                 "the service ends"), &error);
        }
        free(errands);
        return NULL;
}
