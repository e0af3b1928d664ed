/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs and their queues.
 *
 * done() may drop the last reference to the resource that holds the queue. So the next job is
 * taken off the queue before done() is called: if there is one, it holds a reference itself and
 * the queue outlives the call; if there is none, the queue isn't touched again. Jobs that end
 * within their run() are worked off in a loop, not by recursion: ten thousand of them may wait. */
#include "drivers/job.h"

#include "drivers/resource.h"

static void job_unlink(Job *job) {
        JobQueue *queue = job->queue;
        Job **link = &queue->first, *previous = NULL;

        while (*link != job) {
                previous = *link;
                link = &previous->next;
        }
        *link = job->next;
        if (queue->last == job)
                queue->last = previous;
        job->next = NULL;
        job->deadline = sd_event_source_disable_unref(job->deadline);
}

/* The job that runs from now on, if any, after this one. */
static Job *job_leave(Job *job) {
        JobQueue *queue = job->queue;
        Job *next;

        if (!queue)
                return NULL;
        next = queue->first;
        if (next)
                job_unlink(next);
        queue->running = next;
        job->queue = NULL;
        return next;
}

static void job_run(Job *job) {
        while (job) {
                _cleanup_(error_clear) Error error = {};
                int r = job->run(job, &error);

                if (r == PENDING)
                        return;
                Job *next = job_leave(job);
                job->done(job, r, &error);
                job = next;
        }
}

static int job_expired(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        Job *job = userdata;
        JobQueue *queue = job->queue;
        int r = fail(&error, ERROR_OPERATION_TIMEOUT, "cannot begin %s: '%s' is still busy with %s",
                     job->what, queue->owner,
                     queue->running ? queue->running->what : "another change");

        job_unlink(job);
        job->queue = NULL;
        job->done(job, r, &error);
        return 0;
}

void job_start(JobQueue *queue, Job *job, const char *what, int (*run)(Job *job, Error *error)) {
        job->run = run;
        job->what = what;
        job->queue = queue;
        if (!queue || !queue->running) {
                if (queue)
                        queue->running = job;
                job_run(job);
                return;
        }

        job->next = NULL;
        if (queue->last)
                queue->last->next = job;
        else
                queue->first = job;
        queue->last = job;
        if (queue->patience > 0)
                (void) sd_event_add_time_relative(queue->event, &job->deadline, CLOCK_MONOTONIC,
                                                  queue->patience, 0, job_expired, job);
}

void job_done(Job *job, int result, Error *error) {
        Error none = {};
        Job *next = job_leave(job);

        job->done(job, result, error ?: &none);
        job_run(next);
}

void job_queue_flush(JobQueue *queue, ErrorCode code, const char *message) {
        Job *waiting = queue->first;

        queue->first = queue->last = NULL;
        while (waiting) {
                _cleanup_(error_clear) Error error = {};
                Job *job = waiting;

                waiting = job->next;
                job->next = NULL;
                job->queue = NULL;
                job->deadline = sd_event_source_disable_unref(job->deadline);
                job->done(job, fail(&error, code, "%s", message), &error);
        }
}

void job_result_clear(JobResult *result) {
        resource_unref(result->resource);
        free(result->text);
        values_clear(&result->values);
        if (result->fd > 0)
                close(result->fd);
        if (result->baggage)
                result->baggage_free(result->baggage);
        *result = (JobResult) {};
}
