/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors and memory as a definition has them. */
#include "drivers/processors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"

#define CPU_MAX 16384

/* ---- sets of CPUs ---- */

static const char *skip_blanks(const char *text) {
        return text + strspn(text, " ");
}

static int parse_number(const char **text, unsigned long *ret) {
        char *end;

        if (**text < '0' || **text > '9')
                return -EINVAL;
        errno = 0;
        *ret = strtoul(*text, &end, 10);
        *text = skip_blanks(end);
        return errno || *ret >= CPU_MAX ? -EINVAL : 0;
}

int cpuset_parse(const char *text, bool *map, size_t n) {
        memset(map, 0, n * sizeof(*map));
        for (text = skip_blanks(text); *text;) {
                bool value = *text != '^';
                unsigned long first, last;

                text = skip_blanks(text + !value);
                if (parse_number(&text, &first) < 0)
                        return -EINVAL;
                last = first;
                if (*text == '-' && value) {
                        text = skip_blanks(text + 1);
                        if (parse_number(&text, &last) < 0)
                                return -EINVAL;
                }
                if (last < first || (*text && *text != ','))
                        return -EINVAL;
                for (; first <= last && first < n; first++)
                        map[first] = value;
                if (*text == ',' && !*(text = skip_blanks(text + 1)))
                        return -EINVAL;
        }
        return 0;
}

char *cpuset_format(const bool *map, size_t n) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                size_t first = i;

                if (!map[i])
                        continue;
                while (i + 1 < n && map[i + 1])
                        i++;
                fprintf(out, "%s%zu", ftell(out) > 0 ? "," : "", first);
                if (i > first)
                        fprintf(out, "-%zu", i);
        }
        if (fclose(out) < 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int make_set(const bool *map, size_t n, char **ret, Error *error) {
        char *set = cpuset_format(map, n);

        if (!set)
                return fail_memory(error);
        if (!*set) {
                free(set);
                return fail(error, ERROR_INVALID_ARG, "Empty cpu list for pinning");
        }
        free(*ret);
        *ret = set;
        return 0;
}

/* The map of one thread: its own set, that of the domain, or all. */
static int append_map(const DomainConf *conf, const char *own, size_t cpus, Values *ret,
                      Error *error) {
        _cleanup_(freep) bool *map = calloc(MAX(cpus, 1u), sizeof(*map));
        const char *set = own ?: conf->vcpu_cpuset;

        if (!map)
                return fail_memory(error);
        if (!set)
                memset(map, true, cpus * sizeof(*map));
        else if (cpuset_parse(set, map, cpus) < 0)
                return fail(error, ERROR_INTERNAL, "cpuset '%s' is no list of CPUs", set);
        values_booleans(ret, map, cpus);
        return ret->failed ? fail_memory(error) : 0;
}

/* list: of CpuPins, or of what else begins with a MapItem and an id as they do. */
static CpuPin *find_pin(const void *list, uint32_t id) {
        const MapAnyList *pins = list;

        for (size_t i = 0; i < pins->n; i++) {
                CpuPin *pin = (CpuPin *) pins->items[i];

                if (pin->id.value == id)
                        return pin;
        }
        return NULL;
}

/* Those with ids from the first to the last. */
static void remove_pins(void *list, const char *path, uint32_t first, uint32_t last) {
        MapAnyList *pins = list;

        for (size_t i = pins->n; i > 0; i--) {
                uint32_t id = ((CpuPin *) pins->items[i - 1])->id.value;

                if (id >= first && id <= last)
                        map_list_remove(edit_element(path), list, i - 1);
        }
}

_Static_assert(offsetof(VcpuState, id) == offsetof(CpuPin, id) &&
                       offsetof(IoThread, id) == offsetof(CpuPin, id),
               "lists of what has an id");

/* ---- how many processors ---- */

static VcpuState *vcpu_state(const DomainConf *conf, uint32_t vcpu) {
        return (VcpuState *) find_pin(&conf->vcpu_states, vcpu);
}

uint32_t vcpus_count(const DomainConf *conf, uint32_t flags) {
        return (flags & DOMAIN_VCPU_MAXIMUM) || conf->current_vcpus == 0 ? conf->vcpus
                                                                        : conf->current_vcpus;
}

bool vcpu_is_online(const DomainConf *conf, uint32_t vcpu) {
        const VcpuState *state = vcpu_state(conf, vcpu);

        if (vcpu >= conf->vcpus)
                return false;
        return state ? state->enabled != TRISTATE_NO : vcpu < vcpus_count(conf, 0);
}

int vcpus_check(uint32_t n, uint32_t flags, Error *error) {
        if (n == 0)
                return fail(error, ERROR_INVALID_ARG, "the number of vcpus must not be zero");
        if ((flags & DOMAIN_VCPU_MAXIMUM) && !(flags & DOMAIN_AFFECT_CONFIG))
                return fail(error, ERROR_INVALID_ARG,
                            "the maximum number of vcpus is changed for the next start only: flag "
                            "%d needs flag %d",
                            DOMAIN_VCPU_MAXIMUM, DOMAIN_AFFECT_CONFIG);
        if ((flags & DOMAIN_VCPU_MAXIMUM) && (flags & DOMAIN_AFFECT_LIVE))
                return fail(error, ERROR_INVALID_ARG,
                            "cannot change the maximum number of vcpus of a running domain");
        if ((flags & DOMAIN_VCPU_GUEST) && (flags & (DOMAIN_AFFECT_CONFIG | DOMAIN_VCPU_MAXIMUM)))
                return fail(error, ERROR_INVALID_ARG,
                            "what a guest uses (flag %d) is neither kept nor a maximum",
                            DOMAIN_VCPU_GUEST);
        return 0;
}

static int set_maximum(DomainConf *conf, uint32_t n, Error *error) {
        const DomainCpu *cpu = conf->cpu;

        if (cpu && cpu->sockets > 0) {
                uint64_t product = (uint64_t) cpu->sockets * MAX(cpu->dies, 1u) *
                                   MAX(cpu->clusters, 1u) * cpu->cores * cpu->threads;

                if (product != n)
                        return fail(error, ERROR_INVALID_ARG,
                                    "CPU topology doesn't match the desired vcpu count");
        }
        remove_pins(&conf->cputune.vcpus, "cputune/vcpupin", n, UINT32_MAX);
        remove_pins(&conf->vcpu_states, "vcpus/vcpu", n, UINT32_MAX);
        if (conf->current_vcpus == 0)
                conf->current_vcpus = conf->vcpus;
        conf->vcpus = n;
        if (conf->current_vcpus >= n)
                conf->current_vcpus = 0;
        return 0;
}

/* Each processor gets a state of its own. */
static int make_states(DomainConf *conf, Error *error) {
        for (uint32_t i = 0; i < conf->vcpus; i++) {
                bool online = vcpu_is_online(conf, i);
                VcpuState *state = vcpu_state(conf, i);

                if (state)
                        continue;
                state = map_list_add(edit_element("vcpus/vcpu"), &conf->vcpu_states);
                if (!state)
                        return fail_memory(error);
                state->id = (MaybeU32) { true, i };
                state->enabled = online ? TRISTATE_YES : TRISTATE_NO;
                state->hotpluggable = online ? TRISTATE_NO : TRISTATE_YES;
        }
        return 0;
}

/* The lowest that are off are switched on, the highest that are on are switched off. */
static void switch_states(DomainConf *conf, uint32_t n, bool hotpluggable) {
        uint32_t online = 0;

        for (uint32_t i = 0; i < conf->vcpus; i++)
                online += vcpu_is_online(conf, i);
        for (uint32_t i = 0; i < conf->vcpus && online < n; i++) {
                VcpuState *state = vcpu_state(conf, i);

                if (vcpu_is_online(conf, i))
                        continue;
                state->enabled = TRISTATE_YES;
                if (hotpluggable)
                        state->hotpluggable = TRISTATE_YES;
                online++;
        }
        for (uint32_t i = conf->vcpus; i > 1 && online > n; i--) {
                VcpuState *state = vcpu_state(conf, i - 1);

                if (!vcpu_is_online(conf, i - 1))
                        continue;
                state->enabled = TRISTATE_NO;
                state->hotpluggable = TRISTATE_YES; /* what is off can only be plugged in */
                state->order.set = false;
                online--;
        }
}

int vcpus_set(DomainConf *conf, uint32_t n, uint32_t flags, Error *error) {
        int r;

        if (flags & DOMAIN_VCPU_MAXIMUM)
                return set_maximum(conf, n, error);
        if (n > conf->vcpus)
                return fail(error, ERROR_INVALID_ARG,
                            "requested vcpus is greater than max allowable vcpus for the domain: "
                            "%u > %u",
                            n, conf->vcpus);
        if (conf->vcpu_states.n > 0 || (flags & DOMAIN_VCPU_HOTPLUGGABLE)) {
                r = make_states(conf, error);
                if (r < 0)
                        return r;
                switch_states(conf, n, flags & DOMAIN_VCPU_HOTPLUGGABLE);
        }
        conf->current_vcpus = n == conf->vcpus ? 0 : n;
        return 0;
}

/* ---- where they run ---- */

static int set_pin(void *list, const char *path, uint32_t id, const bool *map, size_t n,
                   Error *error) {
        CpuPin *pin = find_pin(list, id);

        if (!pin) {
                pin = map_list_add(edit_element(path), list);
                if (!pin)
                        return fail_memory(error);
                pin->id = (MaybeU32) { true, id };
        }
        return make_set(map, n, &pin->cpuset, error);
}

int vcpu_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error) {
        size_t head = values_array(ret);
        int r = 0;

        for (uint32_t i = 0; r >= 0 && i < conf->vcpus; i++) {
                const CpuPin *pin = find_pin(&conf->cputune.vcpus, i);

                if (!vcpu_is_online(conf, i))
                        continue;
                values_element(ret, head);
                r = append_map(conf, pin ? pin->cpuset : NULL, cpus, ret, error);
        }
        return r;
}

int vcpu_pin(DomainConf *conf, uint32_t vcpu, const bool *map, size_t n, bool live, Error *error) {
        if (live ? !vcpu_is_online(conf, vcpu) : vcpu >= conf->vcpus)
                return fail(error, ERROR_INVALID_ARG,
                            "requested vcpu '%u' is not present in the domain", vcpu);
        return set_pin(&conf->cputune.vcpus, "cputune/vcpupin", vcpu, map, n, error);
}

int emulator_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error) {
        return append_map(conf, conf->cputune.emulator_cpuset, cpus, ret, error);
}

int emulator_pin(DomainConf *conf, const bool *map, size_t n, Error *error) {
        return make_set(map, n, &conf->cputune.emulator_cpuset, error);
}

/* ---- I/O threads ---- */

static bool has_iothread(const DomainConf *conf, uint32_t id) {
        return find_pin(&conf->iothread_ids, id);
}

static int new_iothread(DomainConf *conf, uint32_t id, Error *error) {
        IoThread *thread = map_list_add(edit_element("iothreadids/iothread"), &conf->iothread_ids);

        if (!thread)
                return fail_memory(error);
        thread->id = (MaybeU32) { true, id };
        return 0;
}

/* Threads that are only counted have the lowest numbers that are free. */
static int number_iothreads(DomainConf *conf, Error *error) {
        uint32_t id = 1;
        int r = 0;

        while (r >= 0 && conf->iothread_ids.n < conf->iothreads) {
                while (has_iothread(conf, id))
                        id++;
                r = new_iothread(conf, id, error);
        }
        return r;
}

int iothread_pins(const DomainConf *conf, size_t cpus, Values *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *copy = NULL;
        size_t head = values_array(ret);
        int r = conf_clone((DomainConf *) conf, &copy, error);

        if (r >= 0)
                r = number_iothreads(copy, error);
        for (size_t i = 0; r >= 0 && i < copy->iothread_ids.n; i++) {
                uint32_t id = copy->iothread_ids.items[i]->id.value;
                const CpuPin *pin = find_pin(&copy->cputune.iothreads, id);

                values_element(ret, head);
                values_uint(ret, id);
                r = append_map(copy, pin ? pin->cpuset : NULL, cpus, ret, error);
        }
        return r;
}

static int check_id(uint32_t id, Error *error) {
        return id > 0 ? 0
                      : fail(error, ERROR_INVALID_ARG, "invalid value of 0 for iothread_id");
}

int iothread_add(DomainConf *conf, uint32_t id, Error *error) {
        int r = check_id(id, error);

        if (r >= 0)
                r = number_iothreads(conf, error);
        if (r < 0)
                return r;
        if (has_iothread(conf, id))
                return fail(error, ERROR_INVALID_ARG,
                            "an IOThread is already using iothread_id '%u'", id);
        r = new_iothread(conf, id, error);
        conf->iothreads = conf->iothread_ids.n;
        return r;
}

static int check_unused(const DomainConf *conf, uint32_t id, Error *error) {
        for (size_t i = 0; i < conf->disks.n; i++)
                if (conf->disks.items[i]->iothread == id)
                        return fail(error, ERROR_INVALID_ARG,
                                    "cannot remove IOThread %u since it is being used by disk "
                                    "'%s'",
                                    id, conf->disks.items[i]->target);
        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->iothread == id)
                        return fail(error, ERROR_INVALID_ARG,
                                    "cannot remove IOThread '%u' since it is being used by "
                                    "controller",
                                    id);
        return 0;
}

int iothread_del(DomainConf *conf, uint32_t id, Error *error) {
        int r = check_id(id, error);

        if (r >= 0)
                r = number_iothreads(conf, error);
        if (r >= 0 && !has_iothread(conf, id))
                r = fail(error, ERROR_INVALID_ARG,
                         "cannot find IOThread '%u' in iothreadids list", id);
        if (r >= 0)
                r = check_unused(conf, id, error);
        if (r < 0)
                return r;
        remove_pins(&conf->iothread_ids, "iothreadids/iothread", id, id);
        remove_pins(&conf->cputune.iothreads, "cputune/iothreadpin", id, id);
        conf->iothreads = conf->iothread_ids.n;
        return 0;
}

int iothread_pin(DomainConf *conf, uint32_t id, const bool *map, size_t n, Error *error) {
        int r = check_id(id, error);

        if (r >= 0)
                r = number_iothreads(conf, error);
        if (r < 0)
                return r;
        if (!has_iothread(conf, id))
                return fail(error, ERROR_INVALID_ARG, "iothreadid %u not found", id);
        return set_pin(&conf->cputune.iothreads, "cputune/iothreadpin", id, map, n, error);
}

/* ---- memory ---- */

static int set_maximum_memory(DomainConf *conf, uint64_t size, bool live, Error *error) {
        if (live)
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot resize the maximum memory on an active domain");
        if (conf->cpu && conf->cpu->cells.n > 0)
                return fail(error, ERROR_OPERATION_INVALID,
                            "initial memory size of a domain with NUMA nodes cannot be modified "
                            "with this API");
        if (conf->max_memory > 0 && conf->max_memory < size)
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot set initial memory size greater than the maximum memory size");
        conf->memory = size;
        conf->current_memory = MIN(conf->current_memory, size);
        return 0;
}

int memory_set(DomainConf *conf, uint64_t size, uint32_t flags, bool live, Error *error) {
        if (size == 0)
                return fail(error, ERROR_INVALID_ARG, "the size of memory must not be zero");
        if (flags & DOMAIN_MEM_MAXIMUM)
                return set_maximum_memory(conf, size, live, error);
        if (size > conf->memory)
                return fail(error, ERROR_INVALID_ARG, "cannot set memory higher than max memory");
        conf->current_memory = size;
        return 0;
}

int memory_set_period(DomainConf *conf, int32_t period, Error *error) {
        DomainMemballoon *balloon = conf->memballoons.n > 0 ? conf->memballoons.items[0] : NULL;

        if (period < 0)
                return fail(error, ERROR_INVALID_ARG, "the period must not be negative");
        if (!balloon || (balloon->model && strcmp(balloon->model, "none") == 0))
                return fail(error, ERROR_OPERATION_INVALID,
                            "No memory balloon device configured, can not set the collection "
                            "period");
        balloon->stats_period = period;
        return 0;
}
