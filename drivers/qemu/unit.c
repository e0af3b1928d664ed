/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's unit: which limits of its definition the host's manager of units is to keep.
 *
 * They hold for the guest as a whole, including helpers but for those with units of their own. What
 * <cputune> gives each vcpu is added up, since the threads of one process share a unit. */
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/qemu/guest.h"

#define SHARES_DEFAULT 1024  /* what every guest has that says nothing */
#define PERIOD_DEFAULT 100000 /* us */
#define WEIGHT_DEFAULT 100
#define WEIGHT_MAX 10000
#define SECOND UINT64_C(1000000) /* us */

static bool is_limited(uint64_t size) {
        return size > 0 && size < MEMORY_UNLIMITED;
}

static void limit_memory(const DomainConf *conf, UnitSpec *spec) {
        uint64_t hard = conf->memtune.hard_limit, soft = conf->memtune.soft_limit;
        uint64_t both = conf->memtune.swap_hard_limit, least = conf->memtune.min_guarantee;

        if (is_limited(hard))
                spec->memory_max = hard * 1024;
        if (is_limited(soft))
                spec->memory_high = soft * 1024;
        if (is_limited(least))
                spec->memory_min = least * 1024;
        if (is_limited(both) && is_limited(hard) && both >= hard)
                spec->swap_max = MAX((both - hard) * 1024, UINT64_C(1)); /* rounded down to none */
}

/* us of CPU time in a second; 0: no limit */
static uint64_t quota(int64_t quota_us, uint64_t period) {
        return quota_us > 0 ? (uint64_t) quota_us * SECOND / (period ?: PERIOD_DEFAULT) : 0;
}

static void limit_cpu(const DomainConf *conf, UnitSpec *spec) {
        const CpuTune *tune = &conf->cputune;
        uint64_t vcpu = quota(tune->quota, tune->period);
        uint64_t rest = quota(tune->emulator_quota, tune->emulator_period);

        if (tune->shares > 0)
                spec->cpu_weight = MIN(MAX(tune->shares * WEIGHT_DEFAULT / SHARES_DEFAULT,
                                           UINT64_C(1)), (uint64_t) WEIGHT_MAX);
        if (tune->global_quota > 0) {
                spec->cpu_quota = quota(tune->global_quota, tune->global_period);
                spec->cpu_period = tune->global_period;
        } else if (vcpu > 0) {
                spec->cpu_quota = vcpu * conf->vcpus + (rest ?: SECOND);
                spec->cpu_period = tune->period;
        }
}

static void limit(const DomainConf *conf, UnitSpec *spec) {
        limit_memory(conf, spec);
        limit_cpu(conf, spec);
        spec->io_weight = conf->blkiotune.weight;
}

void qemu_unit_missing(const QemuGuest *guest, const DomainConf *conf) {
        UnitSpec spec = {};

        limit(conf, &spec);
        if (spec.cpu_weight || spec.cpu_quota || spec.memory_max || spec.memory_high ||
            spec.memory_min || spec.swap_max || spec.io_weight)
                log_resource(LOG_WARNING, &guest->domain->resource,
                             "its limits are not kept: there is no manager of units");
}

/* "/machine/production" -> "machine-production.slice"; NULL without memory. */
static char *slice_of(const char *partition) {
        char *slice = NULL;

        while (*partition == '/')
                partition++;
        if (asprintf(&slice, "%s.slice", partition) < 0)
                return NULL;
        for (char *c = slice; *c; c++)
                if (*c == '/')
                        *c = '-';
        return slice;
}

int qemu_unit_place(QemuGuest *guest, const DomainConf *conf, UnitPlaced placed, void *userdata,
                    UnitRequest **ret, Error *error) {
        const Connection *connection = guest->domain->resource.connection;
        UnitManager *units = connection->settings->units;
        _cleanup_(freep) char *slice = NULL;
        _cleanup_(freep) pid_t *pids = NULL;
        UnitSpec spec = {
                .driver = connection->driver->id,
                .name = guest->domain->resource.name,
                .uuid = guest->domain->resource.uuid,
                .id = guest->domain->id,
        };

        if (!units)
                return DONE;
        if (conf->partition && !(slice = slice_of(conf->partition)))
                return fail_memory(error);
        pids = calloc(1 + guest->helpers.n, sizeof(*pids));
        if (!pids)
                return fail_memory(error);
        pids[spec.n_pids++] = process_pid(guest->process);
        for (size_t i = 0; i < guest->helpers.n; i++)
                if (guest->helpers.items[i]->process) /* else it gets a unit of its own */
                        pids[spec.n_pids++] = process_pid(guest->helpers.items[i]->process);
        spec.pids = pids;
        spec.slice = slice;
        limit(conf, &spec);
        return units->place(units, &spec, placed, userdata, ret, error);
}
