/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processors that a guest uses, as its agent switches them on and off. */
#include <errno.h>
#include <string.h>

#include "drivers/processors.h"
#include "drivers/qemu/guest.h"

#define VCPUS_MAX 4096 /* QEMU has no more */

typedef struct GuestVcpus {
        bool there[VCPUS_MAX], online[VCPUS_MAX], may_go[VCPUS_MAX];
} GuestVcpus;

static int read_vcpus(json_object *value, GuestVcpus *ret, Error *error) {
        bool is_list = json_object_is_type(value, json_type_array);
        size_t n = is_list ? json_object_array_length(value) : 0;

        if (n == 0)
                return fail(error, ERROR_AGENT_UNRESPONSIVE,
                            "the guest agent's answer is no list of processors");
        for (size_t i = 0; i < n; i++) {
                json_object *vcpu = json_object_array_get_idx(value, i);
                int64_t id = json_number(vcpu, "logical-id", -1);

                if (id < 0 || id >= VCPUS_MAX)
                        return fail(error, ERROR_AGENT_UNRESPONSIVE,
                                    "the guest agent tells of a processor without a number of use");
                ret->there[id] = true;
                ret->online[id] = json_truth(vcpu, "online");
                ret->may_go[id] = json_truth(vcpu, "can-offline");
        }
        return 0;
}

static uint32_t count_online(const GuestVcpus *vcpus) {
        uint32_t n = 0;

        for (size_t i = 0; i < VCPUS_MAX; i++)
                n += vcpus->online[i];
        return n;
}

/* ---- which there are ---- */

static void put_set(Values *values, size_t head, const char *name, const bool *map) {
        _cleanup_(freep) char *set = cpuset_format(map, VCPUS_MAX);

        if (set)
                values_named(values, head, NAMED_STRING(set), "%s", name);
        else
                values->failed = true;
}

static int take_sets(Domain *domain, json_object *value, Job *job, Error *error) {
        Values *values = &job->result.values;
        GuestVcpus vcpus = {};
        size_t head;
        int r = read_vcpus(value, &vcpus, error);

        if (r < 0)
                return r;
        head = values_array(values);
        put_set(values, head, "vcpus", vcpus.there);
        put_set(values, head, "online", vcpus.online);
        put_set(values, head, "offlinable", vcpus.may_go);
        return DONE;
}

int qemu_agent_get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return qemu_agent_ask(domain, "guest-get-vcpus", NULL, AGENT_ANSWERS, take_sets, job,
                              error);
}

static int take_number(Domain *domain, json_object *value, Job *job, Error *error) {
        GuestVcpus vcpus = {};
        int r = read_vcpus(value, &vcpus, error);

        if (r < 0)
                return r;
        values_uint(&job->result.values, count_online(&vcpus));
        return DONE;
}

int qemu_agent_count_vcpus(Domain *domain, Job *job, Error *error) {
        return qemu_agent_ask(domain, "guest-get-vcpus", NULL, AGENT_ANSWERS, take_number, job,
                              error);
}

/* ---- switching ---- */

/* What is to be switched, kept with the job until the guest said which there are. */
typedef struct Switches {
        int32_t state; /* of those that are meant: 0, 1 */
        uint32_t wanted; /* how many shall be online; 0: those that are meant are named */
        size_t sent;
        bool meant[VCPUS_MAX];
} Switches;

/* It says how many it did; the first one that it couldn't is an error of its own. */
static int take_done(Domain *domain, json_object *value, Job *job, Error *error) {
        const Switches *switches = job->result.baggage;
        int64_t n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

        if (n >= 0 && (uint64_t) n >= switches->sent)
                return DONE;
        return fail(error, ERROR_OPERATION_FAILED,
                    "the guest switched only %lld of %zu processors", (long long) n,
                    switches->sent);
}

static int send_switches(Domain *domain, const bool *online, Job *job, Error *error) {
        Switches *switches = job->result.baggage;
        json_object *list = json_object_new_array();

        for (size_t i = 0; list && i < VCPUS_MAX; i++) {
                json_object *one;

                if (!switches->meant[i])
                        continue;
                one = qmp_arguments("i", "logical-id", (int64_t) i, "b", "online",
                                    (int) online[i], NULL);
                if (!one || json_object_array_add(list, one) < 0) {
                        json_object_put(one);
                        json_object_put(list);
                        return fail_memory(error);
                }
                switches->sent++;
        }
        if (!list)
                return fail_memory(error);
        return qemu_agent_ask(domain, "guest-set-vcpus", qmp_arguments("o", "vcpus", list, NULL),
                              AGENT_ANSWERS, take_done, job, error);
}

static int check_meant(const Switches *switches, const GuestVcpus *vcpus, Error *error) {
        for (size_t i = 0; i < VCPUS_MAX; i++) {
                if (!switches->meant[i])
                        continue;
                if (!vcpus->there[i])
                        return fail(error, ERROR_INVALID_ARG,
                                    "vcpu '%zu' is not present in the guest", i);
                if (switches->state == 0 && !vcpus->may_go[i])
                        return fail(error, ERROR_INVALID_ARG, "vcpu '%zu' can't be offlined", i);
        }
        return 0;
}

static int take_for_named(Domain *domain, json_object *value, Job *job, Error *error) {
        const Switches *switches = job->result.baggage;
        GuestVcpus vcpus = {};
        int r = read_vcpus(value, &vcpus, error);

        if (r >= 0)
                r = check_meant(switches, &vcpus, error);
        for (size_t i = 0; i < VCPUS_MAX; i++)
                vcpus.online[i] = switches->state;
        return r < 0 ? r : send_switches(domain, vcpus.online, job, error);
}

static int begin(Domain *domain, Switches switches, AgentTake take, Job *job, Error *error) {
        Switches *kept = malloc(sizeof(*kept));

        if (!kept)
                return fail_memory(error);
        *kept = switches;
        job->result.baggage = kept;
        job->result.baggage_free = free;
        return qemu_agent_ask(domain, "guest-get-vcpus", NULL, AGENT_ANSWERS, take, job, error);
}

int qemu_agent_set_vcpus(Domain *domain, const bool *map, size_t n, int32_t state, uint32_t flags,
                         Job *job, Error *error) {
        Switches switches = { .state = state };
        bool any = false;

        if (state != 0 && state != 1)
                return fail(error, ERROR_INVALID_ARG, "unsupported cpu state value %d", state);
        for (size_t i = 0; i < n; i++) {
                if (map[i] && i >= VCPUS_MAX)
                        return fail(error, ERROR_INVALID_ARG,
                                    "vcpu '%zu' is not present in the guest", i);
                if (map[i])
                        any = switches.meant[i] = true;
        }
        if (!any)
                return fail(error, ERROR_INVALID_ARG, "No vcpus selected for modification");
        return begin(domain, switches, take_for_named, job, error);
}

/* The lowest that are off are switched on, the highest that may be are switched off. */
static void choose(Switches *switches, GuestVcpus *vcpus) {
        uint32_t online = count_online(vcpus);

        for (size_t i = 0; i < VCPUS_MAX && online < switches->wanted; i++)
                if (vcpus->there[i] && !vcpus->online[i]) {
                        vcpus->online[i] = switches->meant[i] = true;
                        online++;
                }
        for (size_t i = VCPUS_MAX; i > 0 && online > switches->wanted; i--)
                if (vcpus->online[i - 1] && vcpus->may_go[i - 1]) {
                        vcpus->online[i - 1] = false;
                        switches->meant[i - 1] = true;
                        online--;
                }
}

static int take_for_number(Domain *domain, json_object *value, Job *job, Error *error) {
        Switches *switches = job->result.baggage;
        GuestVcpus vcpus = {};
        int r = read_vcpus(value, &vcpus, error);

        if (r < 0)
                return r;
        if (count_online(&vcpus) == switches->wanted)
                return DONE;
        choose(switches, &vcpus);
        if (count_online(&vcpus) != switches->wanted)
                return fail(error, ERROR_OPERATION_INVALID,
                            "the guest can't be made to use %u processors: %u is as near as it "
                            "gets", switches->wanted, count_online(&vcpus));
        return send_switches(domain, vcpus.online, job, error);
}

int qemu_agent_use_vcpus(Domain *domain, uint32_t n, Job *job, Error *error) {
        return begin(domain, (Switches) { .wanted = n }, take_for_number, job, error);
}
