/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors and memory of the test driver's guests. */
#include <errno.h>
#include <stdio.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/processors.h"
#include "drivers/test/driver.h"

/* ---- questions ---- */

/* With DOMAIN_VCPU_GUEST: what the guest has not switched off by itself. */
static int get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r;

        if (flags & DOMAIN_VCPU_GUEST) {
                r = domain_need_active(domain, error);
                if (r < 0)
                        return r;
        }
        r = edit_read(domain, flags, &conf, NULL, error);
        if (r < 0)
                return r;
        values_uint(&job->result.values, flags & DOMAIN_VCPU_GUEST
                                                 ? test_guest_vcpus(domain, conf)
                                                 : vcpus_count(conf, flags));
        return DONE;
}

/* One of the questions about where threads may run. */
static int get_pins(Domain *domain, uint32_t flags, Job *job,
                    int (*pins)(const DomainConf *conf, size_t cpus, Values *ret, Error *error),
                    Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = edit_read(domain, flags, &conf, NULL, error);

        return r < 0 ? r : pins(conf, TEST_CPUS, &job->result.values, error);
}

static int get_vcpu_pins(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, vcpu_pins, error);
}

static int get_emulator_pin(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, emulator_pins, error);
}

static int get_iothreads(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, iothread_pins, error);
}

/* ---- changes ---- */

typedef struct Wish {
        int (*apply)(const struct Wish *wish, DomainConf *conf, bool live, Error *error);
        uint32_t id, flags;
        int64_t number;
        const bool *map;
        size_t n;
} Wish;

static int grant(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Wish *wish = userdata;

        return wish->apply(wish, *conf, live, error);
}

static int apply_vcpus(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return vcpus_set(conf, wish->number, wish->flags, error);
}

static int set_vcpus(Domain *domain, uint32_t n, uint32_t flags, Job *job, Error *error) {
        Wish wish = { apply_vcpus, .flags = flags, .number = n };
        int r = vcpus_check(n, flags, error);

        if (r >= 0 && n > TEST_VCPUS_MAX)
                r = fail(error, ERROR_INVALID_ARG,
                         "requested cpu amount exceeds maximum supported amount (%u > %d)", n,
                         TEST_VCPUS_MAX);
        if (r < 0)
                return r;
        if (flags & DOMAIN_VCPU_GUEST)
                return test_guest_use_vcpus(domain, n, error);
        return domain_edit(domain, flags, grant, &wish, error);
}

static int apply_vcpu_pin(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return vcpu_pin(conf, wish->id, wish->map, wish->n, live, error);
}

static int pin_vcpu(Domain *domain, uint32_t vcpu, const bool *map, size_t n, uint32_t flags,
                    Job *job, Error *error) {
        Wish wish = { apply_vcpu_pin, .id = vcpu, .map = map, .n = MIN(n, TEST_CPUS) };

        return domain_edit(domain, flags, grant, &wish, error);
}

static int apply_emulator_pin(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return emulator_pin(conf, wish->map, wish->n, error);
}

static int pin_emulator(Domain *domain, const bool *map, size_t n, uint32_t flags, Job *job,
                        Error *error) {
        Wish wish = { apply_emulator_pin, .map = map, .n = MIN(n, TEST_CPUS) };

        return domain_edit(domain, flags, grant, &wish, error);
}

static int apply_add_iothread(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return iothread_add(conf, wish->id, error);
}

static int add_iothread(Domain *domain, uint32_t id, uint32_t flags, Job *job, Error *error) {
        Wish wish = { apply_add_iothread, .id = id };

        return domain_edit(domain, flags, grant, &wish, error);
}

static int apply_del_iothread(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return iothread_del(conf, wish->id, error);
}

static int del_iothread(Domain *domain, uint32_t id, uint32_t flags, Job *job, Error *error) {
        Wish wish = { apply_del_iothread, .id = id };

        return domain_edit(domain, flags, grant, &wish, error);
}

static int apply_iothread_pin(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return iothread_pin(conf, wish->id, wish->map, wish->n, error);
}

static int pin_iothread(Domain *domain, uint32_t id, const bool *map, size_t n, uint32_t flags,
                        Job *job, Error *error) {
        Wish wish = { apply_iothread_pin, .id = id, .map = map, .n = MIN(n, TEST_CPUS) };

        return domain_edit(domain, flags, grant, &wish, error);
}

/* ---- memory ---- */

static int apply_memory(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return memory_set(conf, wish->number, wish->flags, live, error);
}

static int set_memory(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error) {
        Wish wish = { apply_memory, .flags = flags, .number = MIN(size, (uint64_t) INT64_MAX) };
        _cleanup_(edit_done) DomainEdit edit = {};
        int r = edit_plan(domain, flags, grant, &wish, &edit, error);

        if (r >= 0)
                r = edit_commit(&edit, error);
        if (r >= 0 && edit.live)
                event_report(&domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_BALLOON, .resource = &domain->resource,
                                        .number = edit.live->current_memory });
        return r;
}

static int apply_period(const Wish *wish, DomainConf *conf, bool live, Error *error) {
        return memory_set_period(conf, wish->number, error);
}

static int set_memory_period(Domain *domain, int32_t period, uint32_t flags, Job *job,
                             Error *error) {
        Wish wish = { apply_period, .number = period };

        return domain_edit(domain, flags, grant, &wish, error);
}

const DomainProcessors test_processors = {
        .get_vcpus = get_vcpus,
        .set_vcpus = set_vcpus,
        .get_vcpu_pins = get_vcpu_pins,
        .pin_vcpu = pin_vcpu,
        .get_emulator_pin = get_emulator_pin,
        .pin_emulator = pin_emulator,
        .get_iothreads = get_iothreads,
        .add_iothread = add_iothread,
        .del_iothread = del_iothread,
        .pin_iothread = pin_iothread,
        .set_memory = set_memory,
        .set_memory_period = set_memory_period,
};
