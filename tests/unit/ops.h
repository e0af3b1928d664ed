/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations that end at once, called as dispatch calls them. */
#pragma once

#include "check.h"
#include "drivers/driver.h"

static Job job; /* of the last operation */
static Error problem;

static inline Job *fresh(void) {
        job_result_clear(&job.result);
        job = (Job) {};
        error_clear(&problem);
        return &job;
}

static inline void ops_done(void) {
        (void) fresh();
}

static inline void must_at(const char *file, int line, int r) {
        if (r != DONE) {
                fprintf(stderr, "%s:%d: %s\n", file, line, problem.message ?: "no message");
                exit(1);
        }
}

static inline void refused_at(const char *file, int line, int r, ErrorCode code,
                              const char *words) {
        if (r >= 0 || problem.code != code || !strstr(problem.message ?: "", words)) {
                fprintf(stderr, "%s:%d: result %d, code %d, %s\n", file, line, r, problem.code,
                        problem.message ?: "no message");
                exit(1);
        }
}

/* The last arguments of the operation, its job and its error, are added. */
#define MUST(operation, ...) \
        must_at(__FILE__, __LINE__, operation(__VA_ARGS__, fresh(), &problem))
#define REFUSED(code, words, operation, ...) \
        refused_at(__FILE__, __LINE__, operation(__VA_ARGS__, fresh(), &problem), code, words)
