/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests have used. Times and memory are the hypervisor's own, one call each; bytes are what
 * dom0's backends counted, in sysfs, seen from the guest's side: what its vif received, it sent. A
 * disk that its device model serves itself (qdisk) is counted nowhere. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/host-private.h"
#include "drivers/processors.h"
#include "drivers/xen/away.h"
#include "drivers/xen/statistics.h"
#include "drivers/xen/tuning.h"

enum { VCPU_OFFLINE, VCPU_RUNNING, VCPU_BLOCKED };
enum { SECTOR = 512 };

typedef struct Stats {
        const DomainConf *conf;
        const Domain *domain;
        const XenTarget *target; /* NULL: not running */
        const libxl_dominfo *info; /* the same */
        Values *values;
        size_t head;
} Stats;

#define PUT(stats, type, value, ...) \
        values_named((stats)->values, (stats)->head, NAMED_##type(value), __VA_ARGS__)

/* ---- processors and memory ---- */

static void put_state(const Stats *s) {
        PUT(s, INT, s->domain->state, "state.state");
        PUT(s, INT, s->domain->reason, "state.reason");
}

static void put_cpu(const Stats *s) {
        if (s->info)
                PUT(s, ULLONG, s->info->cpu_time, "cpu.time");
}

static uint64_t memory_now(const libxl_dominfo *info) {
        return info->current_memkb + info->outstanding_memkb;
}

static void put_balloon(const Stats *s) {
        PUT(s, ULLONG, s->info ? memory_now(s->info) : s->conf->current_memory,
            "balloon.current");
        PUT(s, ULLONG, s->conf->memory, "balloon.maximum");
}

static void put_vcpu(const Stats *s, const libxl_vcpuinfo *vcpu) {
        int state = vcpu->running ? VCPU_RUNNING : vcpu->blocked ? VCPU_BLOCKED : VCPU_RUNNING;

        PUT(s, INT, vcpu->online ? state : VCPU_OFFLINE, "vcpu.%u.state", vcpu->vcpuid);
        if (vcpu->online)
                PUT(s, ULLONG, vcpu->vcpu_time, "vcpu.%u.time", vcpu->vcpuid);
}

static void put_vcpus(const Stats *s) {
        int n = 0, cpus;
        libxl_vcpuinfo *list = NULL;

        PUT(s, UINT, vcpus_count(s->conf, 0), "vcpu.current");
        PUT(s, UINT, vcpus_count(s->conf, DOMAIN_VCPU_MAXIMUM), "vcpu.maximum");
        if (!s->target)
                return;
        list = XEN_CALL(s->target->core, libxl_list_vcpu(s->target->core->ctx, s->target->domid,
                                                         &n, &cpus));
        for (int i = 0; list && i < n; i++)
                put_vcpu(s, &list[i]);
        if (list)
                libxl_vcpuinfo_list_free(list, n);
}

/* ---- interfaces ---- */

static void put_interface(const Stats *s, const DomainNet *net, unsigned devid, size_t i) {
        static const struct {
                const char *name, *vif;
        } counters[] = {
                { "rx.bytes", "tx_bytes" },  { "rx.pkts", "tx_packets" },
                { "rx.errs", "tx_errors" },  { "rx.drop", "tx_dropped" },
                { "tx.bytes", "rx_bytes" },  { "tx.pkts", "rx_packets" },
                { "tx.errs", "rx_errors" },  { "tx.drop", "rx_dropped" },
        };
        char name[32];
        uint64_t n;

        (void) snprintf(name, sizeof(name), "vif%" PRIu32 ".%u", s->target->domid, devid);
        PUT(s, STRING, net->target ?: name, "net.%zu.name", i);
        for (size_t k = 0; k < ELEMENTS(counters); k++)
                if (host_read_number(&n, "/sys/class/net/%s/statistics/%s", net->target ?: name,
                                     counters[k].vif) >= 0)
                        PUT(s, ULLONG, n, "net.%zu.%s", i, counters[k].name);
}

static void put_interfaces(const Stats *s) {
        unsigned devid = 0;

        if (!s->target)
                return;
        PUT(s, UINT, (uint32_t) s->conf->nets.n, "net.count");
        for (size_t i = 0; i < s->conf->nets.n; i++)
                if (s->conf->nets.items[i]->type != NET_HOSTDEV)
                        put_interface(s, s->conf->nets.items[i], devid++, i);
}

/* ---- disks ---- */

/* "b" of "xvdb3": 1, the rest to *ret_rest. */
static int disk_letters(const char *text, uint32_t *ret, const char **ret_rest) {
        uint32_t n = 0;

        for (; *text >= 'a' && *text <= 'z' && n < UINT16_MAX; text++)
                n = n * 26 + (uint32_t) (*text - 'a') + 1;
        *ret = n - 1;
        *ret_rest = text;
        return n == 0 ? -EINVAL : 0;
}

int xen_disk_number(const char *target, uint32_t *ret) {
        enum { IDE_FIRST = 3 << 8, IDE_SECOND = 22 << 8, SCSI = 8 << 8, XEN = 202 << 8 };
        const char *rest;
        uint32_t disk, part = 0;
        bool xen = target && strncmp(target, "xvd", 3) == 0;
        int used = 0;

        if (!target || (!xen && strncmp(target, "hd", 2) != 0 && strncmp(target, "sd", 2) != 0) ||
            disk_letters(target + (xen ? 3 : 2), &disk, &rest) < 0)
                return -EINVAL;
        if (*rest && (sscanf(rest, "%3" SCNu32 "%n", &part, &used) != 1 || rest[used] ||
                      part > 255))
                return -EINVAL;
        if (!xen && target[0] == 'h') {
                if (disk > 3 || part > 63)
                        return -EINVAL;
                *ret = (disk < 2 ? IDE_FIRST : IDE_SECOND) | (disk & 1) << 6 | part;
        } else if (!xen) {
                if (disk > 15 || part > 15)
                        return -EINVAL;
                *ret = SCSI | disk << 4 | part;
        } else
                *ret = disk > 15 || part > 15 ? UINT32_C(1) << 28 | disk << 8 | part
                                              : XEN | disk << 4 | part;
        return 0;
}

/* Of the device of dom0 behind it: a loop device's is that of its file. */
static int backend_size(uint32_t domid, uint32_t number, uint64_t *ret) {
        _cleanup_(freep) char *text = NULL;
        unsigned major, minor;
        int r = host_read(&text,
                          "/sys/bus/xen-backend/devices/vbd-%" PRIu32 "-%" PRIu32
                          "/physical_device", domid, number);

        if (r < 0)
                return r;
        if (sscanf(text, "%x:%x", &major, &minor) != 2)
                return -EINVAL;
        r = host_read_number(ret, "/sys/dev/block/%u:%u/size", major, minor);
        *ret *= SECTOR;
        return r;
}

static void put_backend(const Stats *s, uint32_t number, size_t i) {
        static const struct {
                const char *name, *file;
                uint64_t unit;
        } counters[] = {
                { "rd.reqs", "rd_req", 1 },   { "rd.bytes", "rd_sect", SECTOR },
                { "wr.reqs", "wr_req", 1 },   { "wr.bytes", "wr_sect", SECTOR },
                { "fl.reqs", "f_req", 1 },    { "errors", "oo_req", 1 },
        };
        uint64_t n;

        for (size_t k = 0; k < ELEMENTS(counters); k++)
                if (host_read_number(&n,
                                     "/sys/bus/xen-backend/devices/vbd-%" PRIu32 "-%" PRIu32
                                     "/statistics/%s",
                                     s->target->domid, number, counters[k].file) >= 0)
                        PUT(s, ULLONG, n * counters[k].unit, "block.%zu.%s", i, counters[k].name);
        if (backend_size(s->target->domid, number, &n) >= 0) {
                PUT(s, ULLONG, n, "block.%zu.capacity", i);
                PUT(s, ULLONG, n, "block.%zu.physical", i);
        }
}

static void put_blocks(const Stats *s) {
        PUT(s, UINT, (uint32_t) s->conf->disks.n, "block.count");
        for (size_t i = 0; i < s->conf->disks.n; i++) {
                const DomainDisk *disk = s->conf->disks.items[i];
                uint32_t number;

                PUT(s, STRING, disk->target, "block.%zu.name", i);
                if (disk->source)
                        PUT(s, STRING, disk->source, "block.%zu.path", i);
                if (s->target && xen_disk_number(disk->target, &number) >= 0)
                        put_backend(s, number, i);
        }
}

/* ---- all of them ---- */

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
};

static void put_groups(const Stats *s, uint32_t stats) {
        for (size_t i = 0; i < ELEMENTS(groups); i++)
                if (stats & groups[i].bit)
                        groups[i].put(s);
}

/* A running guest is asked, in query(), for all but its state, unless nothing may be waited for. */
static void append(Domain *domain, uint32_t stats, uint32_t flags, Values *values, size_t head) {
        Stats s = { .domain = domain, .values = values, .head = head };

        if (domain_is_active(domain) && !(flags & STATS_NOWAIT))
                stats &= DOMAIN_STATS_STATE;
        s.conf = domain_view(domain);
        if (!s.conf) {
                values->failed = true; /* our own text can always be read, if there is memory */
                return;
        }
        put_groups(&s, stats);
}

/* One that is between two lives has only what its definition says. */
static int query(Domain *domain, uint32_t stats, uint32_t flags, Job *job, Error *error) {
        Values *values = &job->result.values;
        Stats s = { .domain = domain, .values = values, .head = values_array(values) };
        libxl_dominfo info;
        XenTarget target;

        s.conf = domain_view(domain);
        if (!s.conf)
                return fail_memory(error);
        stats &= ~(uint32_t) DOMAIN_STATS_STATE;
        if (xen_target(domain, &target, NULL) < 0) {
                put_groups(&s, stats);
                return values->failed ? fail_memory(error) : DONE;
        }
        libxl_dominfo_init(&info);
        if (XEN_CALL(target.core, libxl_domain_info(target.core->ctx, &info, target.domid)) == 0) {
                s.target = &target;
                s.info = &info;
        }
        put_groups(&s, stats);
        libxl_dominfo_dispose(&info);
        return values->failed ? fail_memory(error) : DONE;
}

/* ---- single questions ---- */

static int read_info(Domain *domain, libxl_dominfo *ret, Error *error) {
        XenTarget target;
        int r = xen_target(domain, &target, error);

        if (r < 0)
                return r;
        libxl_dominfo_init(ret);
        int rc = XEN_CALL(target.core, libxl_domain_info(target.core->ctx, ret, target.domid));
        return rc == 0 ? 0 : xen_fail(error, rc, NULL, "cannot ask Xen for the guest's memory");
}

static int memory(Domain *domain, uint32_t flags, Job *job, Error *error) {
        Values *values = &job->result.values;
        libxl_dominfo info;
        int r = read_info(domain, &info, error);

        if (r < 0)
                return r;
        const struct {
                int tag;
                uint64_t value; /* KiB */
        } stats[] = {
                { MEMORY_STAT_ACTUAL_BALLOON, memory_now(&info) },
                { MEMORY_STAT_RSS, info.current_memkb },
        };
        libxl_dominfo_dispose(&info);
        size_t head = values_array(values);
        for (size_t i = 0; i < ELEMENTS(stats); i++) {
                values_element(values, head);
                values_int(values, stats[i].tag);
                values_ullong(values, stats[i].value);
        }
        return values->failed ? fail_memory(error) : DONE;
}

const DomainStatistics xen_statistics = {
        .append = append,
        .query = query,
        .groups = DOMAIN_STATS_STATE | DOMAIN_STATS_CPU_TOTAL | DOMAIN_STATS_BALLOON |
                  DOMAIN_STATS_VCPU | DOMAIN_STATS_INTERFACE | DOMAIN_STATS_BLOCK,
        .memory = memory,
        .job_info = xen_job_info,
        .job_stats = xen_job_stats,
        .abort_job = xen_abort_job,
};
