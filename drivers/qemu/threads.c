/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel is told thread by thread. */
#include "drivers/qemu/threads.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "drivers/processors.h"
#include "drivers/qemu/findings.h"

/* ---- one thread ---- */

/* cpuset NULL: all there are. */
static int pin(pid_t thread, const char *what, uint32_t id, const char *cpuset, Error *error) {
        bool map[CPU_SETSIZE] = {};
        cpu_set_t set;

        CPU_ZERO(&set);
        if (cpuset && cpuset_parse(cpuset, map, CPU_SETSIZE) < 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "'%s' is no set of CPUs", cpuset);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (!cpuset || map[i])
                        CPU_SET(i, &set);
        if (sched_setaffinity(thread, sizeof(set), &set) < 0)
                return fail_errno(error, -errno, "cannot pin %s %u to the CPUs '%s'", what, id,
                                  cpuset ?: "all");
        return 0;
}

static int schedule(pid_t thread, const char *what, uint32_t id, const CpuSchedule *schedule,
                    Error *error) {
        static const struct {
                const char *name;
                int policy;
        } policies[] = {
                { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE },
                { "fifo", SCHED_FIFO },   { "rr", SCHED_RR },
        };
        const struct sched_param param = { .sched_priority = (int) schedule->priority.value };

        for (size_t i = 0; i < ELEMENTS(policies); i++)
                if (schedule->scheduler && strcmp(schedule->scheduler, policies[i].name) == 0 &&
                    sched_setscheduler(thread, policies[i].policy, &param) < 0)
                        return fail_errno(error, -errno, "cannot give %s %u the scheduler '%s'",
                                          what, id, schedule->scheduler);
        return 0;
}

/* ---- what the definition says of it ---- */

typedef struct Kind {
        const char *what;
        CpuPin *const *pins;
        size_t n_pins;
        CpuSchedule *const *schedules;
        size_t n_schedules;
} Kind;

static const char *pin_of(const Kind *kind, uint32_t id) {
        for (size_t i = 0; i < kind->n_pins; i++)
                if (kind->pins[i]->id.value == id)
                        return kind->pins[i]->cpuset;
        return NULL;
}

static const CpuSchedule *schedule_of(const Kind *kind, uint32_t id) {
        for (size_t i = 0; i < kind->n_schedules; i++) {
                bool map[CPU_SETSIZE] = {};
                const char *ids = kind->schedules[i]->ids;

                if (id < CPU_SETSIZE && ids && cpuset_parse(ids, map, CPU_SETSIZE) >= 0 && map[id])
                        return kind->schedules[i];
        }
        return NULL;
}

/* Who is told nothing of runs where all do; and where the emulator was told something, anywhere. */
static int place(const DomainConf *conf, const Kind *kind, uint32_t id, pid_t thread,
                 Error *error) {
        const char *cpuset = pin_of(kind, id) ?: conf->vcpu_cpuset;
        const CpuSchedule *how = schedule_of(kind, id);
        int r = 0;

        if (cpuset || conf->cputune.emulator_cpuset)
                r = pin(thread, kind->what, id, cpuset, error);
        return r < 0 || !how ? r : schedule(thread, kind->what, id, how, error);
}

/* ---- all of them ---- */

int qemu_threads_begin(const DomainConf *conf, pid_t pid, Error *error) {
        const char *cpuset = conf->cputune.emulator_cpuset ?: conf->vcpu_cpuset;

        return cpuset ? pin(pid, "emulator", 0, cpuset, error) : 0;
}

static Kind vcpus_of(const DomainConf *conf) {
        const CpuTune *tune = &conf->cputune;

        return (Kind) { "vcpu", tune->vcpus.items, tune->vcpus.n, tune->vcpu_schedules.items,
                        tune->vcpu_schedules.n };
}

static Kind iothreads_of(const DomainConf *conf) {
        const CpuTune *tune = &conf->cputune;

        return (Kind) { "I/O thread", tune->iothreads.items, tune->iothreads.n,
                        tune->iothread_schedules.items, tune->iothread_schedules.n };
}

static bool is_wanted(const DomainConf *conf, const Kind *kind) {
        return kind->n_pins > 0 || kind->n_schedules > 0 || conf->cputune.emulator_cpuset;
}

bool qemu_threads_want_vcpus(const DomainConf *conf) {
        const Kind kind = vcpus_of(conf);

        return is_wanted(conf, &kind) || conf->cputune.emulator_schedules.n > 0;
}

bool qemu_threads_want_iothreads(const DomainConf *conf) {
        const Kind kind = iothreads_of(conf);

        return is_wanted(conf, &kind);
}

int qemu_threads_place_vcpus(const DomainConf *conf, pid_t pid, json_object *answer, Error *error) {
        const Kind kind = vcpus_of(conf);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                json_object *cpu = json_object_array_get_idx(answer, i);
                int64_t thread = json_number(cpu, "thread-id", 0);

                if (thread > 0)
                        r = place(conf, &kind, json_number(cpu, "cpu-index", 0), thread, error);
        }
        if (r >= 0 && conf->cputune.emulator_schedules.n > 0)
                r = schedule(pid, "emulator", 0, conf->cputune.emulator_schedules.items[0], error);
        return r;
}

int qemu_threads_place_iothreads(const DomainConf *conf, json_object *answer, Error *error) {
        const Kind kind = iothreads_of(conf);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_length(answer); i++) {
                json_object *thread = json_object_array_get_idx(answer, i);
                const char *name = json_text(thread, "id");
                unsigned id;

                if (name && sscanf(name, "iothread%u", &id) == 1)
                        r = place(conf, &kind, id, json_number(thread, "thread-id", 0), error);
        }
        return r;
}
