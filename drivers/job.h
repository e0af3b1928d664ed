/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A piece of work that ends exactly once, and the queue in which changes of one resource wait.
 *
 * Whoever wants something done embeds a Job, fills in done() and hands it to a driver operation.
 * The operation returns DONE, PENDING or a negative errno with its error set. PENDING promises
 * one later call of job_done(); after DONE or a failure the operation has forgotten the job, and
 * its caller ends it. Ending a job is the last thing done with it: done() frees what it is
 * embedded in.
 *
 * A change of a resource goes through the resource's queue with job_start(): one at a time, in
 * order, and none waits longer than the queue's patience. Queries are not queued. */
#pragma once

#include <systemd/sd-event.h>

#include "conf/error.h"
#include "drivers/values.h"

typedef struct Job Job;
typedef struct JobQueue JobQueue;
typedef struct Resource Resource;

enum { DONE = 0, PENDING = 1 };

/* What an operation hands back besides success. Owned by the job, released by
 * job_result_clear(). */
typedef struct JobResult {
        Resource *resource; /* a reference */
        char *text;
        Values values; /* in the order of the row's signature */
        int fd;             /* -1 or 0: none */
        void *baggage;      /* of the operation, from one step to the next */
        void (*baggage_free)(void *baggage);
} JobResult;

struct Job {
        void (*done)(Job *job, int result,
                     Error *error); /* result: 0 or negative; error borrowed */
        JobResult result;
        bool interactive;   /* who asked may be asked for a password, and waits for that */
        const char *caller; /* name on the bus; borrowed, as long as the job; NULL: ourselves */
        /* the queue's own */
        int (*run)(Job *job, Error *error);
        const char *what; /* for messages: "Create" */
        JobQueue *queue;
        Job *next;
        sd_event_source *deadline;
};

struct JobQueue {
        sd_event *event;   /* borrowed */
        uint64_t patience; /* us a job may wait for its turn; 0: for ever */
        const char *owner; /* borrowed, for messages: the name of the domain */
        Job *running, *first, *last;
};

/* Runs the job now or, when the queue is busy, in its turn. run() returns as an operation does;
 * the result reaches done() in every case, possibly before job_start() returns. queue NULL: runs
 * at once. A job whose turn doesn't come in time ends with ERROR_OPERATION_TIMEOUT, which names
 * the owner and what it is busy with. */
void job_start(JobQueue *queue, Job *job, const char *what, int (*run)(Job *job, Error *error));

/* Ends a job that returned PENDING. error may be NULL when result is 0. */
void job_done(Job *job, int result, Error *error);

/* Ends every waiting job with this error: its resource is gone. The running one ends by itself. */
void job_queue_flush(JobQueue *queue, ErrorCode code, const char *message);

void job_result_clear(JobResult *result);
