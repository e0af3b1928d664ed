/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits and shares of Xen guests. What Xen's schedulers share can be changed at any time; the rate
 * of an interface and the place of memory are given to a guest when it is built. Xen limits
 * nothing else: those operations aren't there. */
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/tune.h"
#include "drivers/xen/tuning.h"

/* ---- interfaces ---- */

static int get_interface(Domain *domain, const char *device, uint32_t flags, Job *job,
                         Error *error) {
        return domain_get_tune(&tune_interface, domain, device, flags, &job->result.values, error);
}

/* libxl has a word for one of them. */
static int set_interface(Domain *domain, const char *device, Values *values, uint32_t flags,
                         Job *job, Error *error) {
        int r = tune_check(&tune_interface, values, error);

        for (size_t i = 0; r >= 0 && i < values->n; i++) {
                const Value *value = &values->items[i];

                if (value->u > 0 && strcmp(value->name, "outbound.average") != 0)
                        r = fail(error, ERROR_OPERATION_UNSUPPORTED,
                                 "Xen limits how much a guest sends on average "
                                 "('outbound.average'), and has no '%s'", value->name);
        }
        if (r >= 0)
                r = xen_need_config(domain, flags, "the rate of an interface", error);
        return r < 0 ? r : domain_set_tune(&tune_interface, domain, device, values, flags, error);
}

/* ---- NUMA ---- */

enum { MODE_STRICT, MODE_PREFERRED };

static int get_numa(Domain *domain, const char *device, uint32_t flags, Job *job, Error *error) {
        return domain_get_tune(&tune_numa, domain, device, flags, &job->result.values, error);
}

static int set_numa(Domain *domain, const char *device, Values *values, uint32_t flags, Job *job,
                    Error *error) {
        int r = tune_check(&tune_numa, values, error);
        const Value *mode = r < 0 ? NULL : values_find(values, "numa_mode");

        if (mode && mode->i > MODE_PREFERRED)
                r = fail(error, ERROR_OPERATION_UNSUPPORTED,
                         "Xen takes memory from the cells that are named ('numa_mode' %d or %d), "
                         "and knows no other way",
                         MODE_STRICT, MODE_PREFERRED);
        if (r >= 0)
                r = xen_need_config(domain, flags, "the place of the memory", error);
        return r < 0 ? r : domain_set_tune(&tune_numa, domain, device, values, flags, error);
}

const DomainTuning xen_tuning = {
        .scheduler_type = xen_scheduler_type,
        .get_scheduler = xen_get_scheduler, .set_scheduler = xen_set_scheduler,
        .get_interface = get_interface, .set_interface = set_interface,
        .get_numa = get_numa, .set_numa = set_numa,
};
