/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits and shares of the test driver's guests: nobody keeps them but the definition. */
#include "drivers/test/driver.h"
#include "drivers/tune.h"

static const char *scheduler_type(Domain *domain, int *ret_n) {
        *ret_n = tune_count(&tune_weight);
        return "fair";
}

/* One pair of operations for each table. */
#define TUNE(kind, table)                                                                        \
        static int get_##kind(Domain *domain, const char *device, uint32_t flags, Job *job,      \
                              Error *error) {                                                    \
                return domain_get_tune(&table, domain, device, flags, &job->result.values, error); \
        }                                                                                        \
        static int set_##kind(Domain *domain, const char *device, Values *values, uint32_t flags, \
                              Job *job, Error *error) {                                          \
                return domain_set_tune(&table, domain, device, values, flags, error);            \
        }

TUNE(blkio, tune_blkio)
TUNE(iotune, tune_iotune)
TUNE(interface, tune_interface)
TUNE(memory, tune_memory)
TUNE(numa, tune_numa)
TUNE(perf, tune_perf)
TUNE(scheduler, tune_weight)

const DomainTuning test_tuning = {
        .scheduler_type = scheduler_type,
        .get_blkio = get_blkio, .set_blkio = set_blkio,
        .get_iotune = get_iotune, .set_iotune = set_iotune,
        .get_interface = get_interface, .set_interface = set_interface,
        .get_memory = get_memory, .set_memory = set_memory,
        .get_numa = get_numa, .set_numa = set_numa,
        .get_perf = get_perf, .set_perf = set_perf,
        .get_scheduler = get_scheduler, .set_scheduler = set_scheduler,
};
