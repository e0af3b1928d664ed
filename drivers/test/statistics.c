/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the test driver's guests have done: numbers that are made up as libvirt makes them up, from
 * a clock that stands still, so that they are the same each time. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/processors.h"
#include "drivers/test/driver.h"

#define CLOCK UINT64_C(627319920000000) /* us */

enum { CPU_TIME_USER = 5540, CPU_TIME_SYSTEM = 6460 }; /* ms */
#define CPU_TIME_TOTAL UINT64_C(48772617035) /* ns */
#define DISK_CAPACITY UINT64_C(1099506450432)
#define DISK_ALLOCATION UINT64_C(1099511627776)
enum { VCPU_OFFLINE, VCPU_RUNNING };

typedef struct Stats {
        const Domain *domain;
        const DomainConf *conf;
        bool active;
        Values *values;
        size_t head;
} Stats;

#define PUT(stats, type, value, ...) \
        values_named((stats)->values, (stats)->head, NAMED_##type(value), __VA_ARGS__)

/* ---- groups ---- */

static void put_state(const Stats *s) {
        PUT(s, INT, s->domain->state, "state.state");
        PUT(s, INT, s->domain->reason, "state.reason");
}

static void put_cpu(const Stats *s) {
        if (!s->active)
                return;
        PUT(s, ULLONG, CPU_TIME_TOTAL, "cpu.time");
        PUT(s, ULLONG, CPU_TIME_USER * UINT64_C(1000000), "cpu.user");
        PUT(s, ULLONG, CPU_TIME_SYSTEM * UINT64_C(1000000), "cpu.system");
}

/* The same numbers for MemoryStats and for the group "balloon". */
typedef struct MemoryStat {
        int tag;
        const char *name; /* NULL: not in the group */
        uint64_t value;
} MemoryStat;

#define MEMORY_STATS 13

static void memory_stats(uint64_t now, MemoryStat ret[static MEMORY_STATS]) {
        const MemoryStat stats[MEMORY_STATS] = {
                { MEMORY_STAT_ACTUAL_BALLOON, NULL, now },
                { MEMORY_STAT_SWAP_IN, "swap_in", 0 },
                { MEMORY_STAT_SWAP_OUT, "swap_out", 0 },
                { MEMORY_STAT_MAJOR_FAULT, "major_fault", 0 },
                { MEMORY_STAT_MINOR_FAULT, "minor_fault", 0 },
                { MEMORY_STAT_UNUSED, "unused", now / 2 },
                { MEMORY_STAT_AVAILABLE, "available", now },
                { MEMORY_STAT_USABLE, "usable", now / 2 },
                { MEMORY_STAT_LAST_UPDATE, "last-update", CLOCK / 1000000 },
                { MEMORY_STAT_DISK_CACHES, "disk_caches", now / 8 },
                { MEMORY_STAT_HUGETLB_PGALLOC, "hugetlb_pgalloc", 0 },
                { MEMORY_STAT_HUGETLB_PGFAIL, "hugetlb_pgfail", 0 },
                { MEMORY_STAT_RSS, "rss", now / 2 },
        };

        memcpy(ret, stats, sizeof(stats));
}

static bool has_balloon(const DomainConf *conf) {
        const char *model = conf->memballoons.n > 0 ? conf->memballoons.items[0]->model : "none";

        return !model || strcmp(model, "none") != 0;
}

static void put_balloon(const Stats *s) {
        MemoryStat stats[MEMORY_STATS];

        PUT(s, ULLONG, s->conf->current_memory, "balloon.current");
        PUT(s, ULLONG, s->conf->memory, "balloon.maximum");
        if (!s->active || !has_balloon(s->conf))
                return;
        memory_stats(s->conf->current_memory, stats);
        for (size_t i = 0; i < MEMORY_STATS; i++)
                if (stats[i].name)
                        PUT(s, ULLONG, stats[i].value, "balloon.%s", stats[i].name);
}

static void put_vcpus(const Stats *s) {
        PUT(s, UINT, vcpus_count(s->conf, 0), "vcpu.current");
        PUT(s, UINT, vcpus_count(s->conf, DOMAIN_VCPU_MAXIMUM), "vcpu.maximum");
        for (uint32_t i = 0; s->active && i < s->conf->vcpus; i++) {
                bool online = vcpu_is_online(s->conf, i);

                PUT(s, INT, online ? VCPU_RUNNING : VCPU_OFFLINE, "vcpu.%u.state", i);
                if (online)
                        PUT(s, ULLONG, CPU_TIME_TOTAL / s->conf->vcpus, "vcpu.%u.time", i);
        }
}

static void put_interfaces(const Stats *s) {
        const struct {
                const char *name;
                uint64_t value;
        } counters[] = {
                { "rx.bytes", CLOCK / 10 },      { "rx.pkts", CLOCK / 100 },
                { "rx.errs", CLOCK / 1000000 },  { "rx.drop", CLOCK / 2000000 },
                { "tx.bytes", CLOCK / 20 },      { "tx.pkts", CLOCK / 110 },
                { "tx.errs", CLOCK / 3000000 },  { "tx.drop", CLOCK / 4000000 },
        };

        if (!s->active)
                return;
        PUT(s, UINT, s->conf->nets.n, "net.count");
        for (size_t i = 0; i < s->conf->nets.n; i++) {
                if (s->conf->nets.items[i]->target)
                        PUT(s, STRING, s->conf->nets.items[i]->target, "net.%zu.name", i);
                for (size_t k = 0; k < ELEMENTS(counters); k++)
                        PUT(s, ULLONG, counters[k].value, "net.%zu.%s", i, counters[k].name);
        }
}

static void put_disk(const Stats *s, const DomainDisk *disk, size_t i) {
        const struct {
                const char *name;
                uint64_t value;
        } counters[] = {
                { "rd.reqs", CLOCK / 10 }, { "rd.bytes", CLOCK / 20 },
                { "wr.reqs", CLOCK / 30 }, { "wr.bytes", CLOCK / 40 },
                { "errors", CLOCK / 2000000 },
        };

        PUT(s, STRING, disk->target, "block.%zu.name", i);
        if (disk->source)
                PUT(s, STRING, disk->source, "block.%zu.path", i);
        for (size_t k = 0; s->active && k < ELEMENTS(counters); k++)
                PUT(s, ULLONG, counters[k].value, "block.%zu.%s", i, counters[k].name);
        if (!disk->source)
                return;
        PUT(s, ULLONG, DISK_ALLOCATION, "block.%zu.allocation", i);
        PUT(s, ULLONG, DISK_CAPACITY, "block.%zu.capacity", i);
        PUT(s, ULLONG, DISK_ALLOCATION, "block.%zu.physical", i);
}

static void put_blocks(const Stats *s) {
        PUT(s, UINT, s->conf->disks.n, "block.count");
        for (size_t i = 0; i < s->conf->disks.n; i++)
                put_disk(s, s->conf->disks.items[i], i);
}

static void put_iothreads(const Stats *s) {
        if (!s->active || s->conf->iothreads == 0)
                return;
        PUT(s, UINT, s->conf->iothreads, "iothread.count");
        for (size_t i = 0; i < s->conf->iothread_ids.n; i++) {
                const IoThread *thread = s->conf->iothread_ids.items[i];
                unsigned id = thread->id.value;

                PUT(s, ULLONG, thread->poll_max, "iothread.%u.poll-max-ns", id);
                PUT(s, UINT, thread->poll_grow, "iothread.%u.poll-grow", id);
                PUT(s, UINT, thread->poll_shrink, "iothread.%u.poll-shrink", id);
        }
}

static const struct {
        uint32_t bit;
        void (*put)(const Stats *stats);
} groups[] = {
        { DOMAIN_STATS_STATE, put_state },
        { DOMAIN_STATS_CPU_TOTAL, put_cpu },
        { DOMAIN_STATS_BALLOON, put_balloon },
        { DOMAIN_STATS_VCPU, put_vcpus },
        { DOMAIN_STATS_INTERFACE, put_interfaces },
        { DOMAIN_STATS_BLOCK, put_blocks },
        { DOMAIN_STATS_IOTHREAD, put_iothreads },
};

static void test_append(Domain *domain, uint32_t stats, uint32_t flags, Values *values,
                        size_t head) {
        const DomainConf *conf = domain_view(domain);

        if (!conf) {
                values->failed = true; /* our own text can always be read, if there is memory */
                return;
        }
        const Stats s = { domain, conf, domain_is_active(domain), values, head };
        for (size_t i = 0; i < ELEMENTS(groups); i++)
                if (stats & groups[i].bit)
                        groups[i].put(&s);
}

/* ---- single questions ---- */

static int test_memory(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        MemoryStat stats[MEMORY_STATS];
        Values *values = &job->result.values;
        size_t head;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r < 0)
                return r;
        head = values_array(values);
        memory_stats(conf->current_memory, stats);
        for (size_t i = 0; has_balloon(conf) && i < MEMORY_STATS; i++) {
                values_element(values, head);
                values_int(values, stats[i].tag);
                values_ullong(values, stats[i].value);
        }
        return DONE;
}

/* A guest's clock tells what its monitor is said to be busy with, as in libvirt. */
static int control_info(Domain *domain, uint32_t flags, Job *job, Error *error) {
        static const struct {
                int64_t from, to;
                uint32_t state;
        } spans[] = {
                { 1, 10000, CONTROL_JOB },
                { 10000, 30000, CONTROL_OCCUPIED },
                { 30000, 60000, CONTROL_ERROR },
        };
        Values *values = &job->result.values;
        uint32_t state = CONTROL_OK, details = 0;
        uint64_t since = 0;
        int64_t seconds;
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        seconds = test_guest_of(domain)->seconds;
        for (size_t i = 0; i < ELEMENTS(spans); i++) {
                if (seconds < spans[i].from || seconds >= spans[i].to)
                        continue;
                state = spans[i].state;
                since = seconds - (i == 0 ? 0 : spans[i].from);
                if (state == CONTROL_ERROR)
                        details = seconds % _CONTROL_ERROR_MAX;
        }
        values_uint(values, state);
        values_uint(values, details);
        values_ullong(values, since);
        return DONE;
}

/* Nothing here takes so long that one could ask about it. */
static int test_job_info(Domain *domain, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        values_int(&job->result.values, 0);
        for (int i = 0; i < 11; i++)
                values_ullong(&job->result.values, 0);
        return DONE;
}

static int test_job_stats(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        values_int(&job->result.values, 0);
        (void) values_array(&job->result.values);
        return DONE;
}

static int test_abort_job(Domain *domain, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        return r < 0 ? r
                     : fail(error, ERROR_OPERATION_INVALID, "no job is active on the domain");
}

static int test_security_labels(Domain *domain, Job *job, Error *error) {
        Values *values = &job->result.values;
        size_t head = values_array(values);
        bool active = domain_is_active(domain);

        values_element(values, head);
        values_string(values, active ? "libvirt-test" : "");
        values_boolean(values, active);
        return DONE;
}

const DomainStatistics test_statistics = {
        .append = test_append,
        .groups = DOMAIN_STATS_STATE | DOMAIN_STATS_CPU_TOTAL | DOMAIN_STATS_BALLOON |
                  DOMAIN_STATS_VCPU | DOMAIN_STATS_INTERFACE | DOMAIN_STATS_BLOCK |
                  DOMAIN_STATS_IOTHREAD,
        .usual = DOMAIN_STATS_STATE, /* the others are invented, for who asks for them */
        .memory = test_memory,
        .control = control_info,
        .job_info = test_job_info,
        .job_stats = test_job_stats,
        .abort_job = test_abort_job,
        .security_labels = test_security_labels,
};
