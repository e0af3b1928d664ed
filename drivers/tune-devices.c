/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters of single devices, and of the events of a processor that are counted. */
#include <errno.h>
#include <string.h>

#include "drivers/device-edit.h"
#include "drivers/edit.h"
#include "drivers/tune.h"

/* ---- limits of a disk ---- */

#define IOTUNE_MAX UINT64_C(1000000000000000)

static int get_number(const TuneRow *row, const void *object, Value *ret) {
        ret->t = *(const uint64_t *) ((const char *) object + row->offset);
        return 0;
}

static int set_number(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(uint64_t *) ((char *) object + row->offset) = value->t;
        return 0;
}

static int get_group(const TuneRow *row, const void *object, Value *ret) {
        ret->s = strdup(((const IoTune *) object)->group ?: "");
        return ret->s ? 0 : -ENOMEM;
}

static int set_group(const TuneRow *row, void *object, const Value *value, Error *error) {
        IoTune *tune = object;
        char *copy = value->s && *value->s ? strdup(value->s) : NULL;

        if (value->s && *value->s && !copy)
                return fail_memory(error);
        free(tune->group);
        tune->group = copy;
        return 0;
}

static const TuneCodec number = { get_number, set_number };
static const TuneCodec group = { get_group, set_group };

static int find_iotune(DomainConf *conf, const char *device, void **ret, Error *error) {
        DomainDisk *disk = device_find_disk(conf, device);

        if (!disk)
                return fail(error, ERROR_INVALID_ARG,
                            "disk '%s' was not found in the domain config", device);
        if (!disk->iotune && !(disk->iotune = calloc(1, sizeof(*disk->iotune))))
                return fail_memory(error);
        *ret = disk->iotune;
        return 0;
}

typedef struct Limits {
        const char *name;
        uint64_t total, read, write;
} Limits;

static int check_total(const Limits *limits, Error *error) {
        if (limits->total && (limits->read || limits->write))
                return fail(error, ERROR_INVALID_ARG,
                            "total and read/write of %s cannot be set at the same time",
                            limits->name);
        return 0;
}

static int check_burst(const Limits *usual, const Limits *most, Error *error) {
        const struct {
                const char *of;
                uint64_t usual, most;
        } pairs[] = {
                { "total", usual->total, most->total },
                { "read", usual->read, most->read },
                { "write", usual->write, most->write },
        };

        for (size_t i = 0; i < ELEMENTS(pairs); i++)
                if (pairs[i].most && pairs[i].usual > pairs[i].most)
                        return fail(error, ERROR_INVALID_ARG,
                                    "%s_%s cannot be set higher than %s_%s", pairs[i].of,
                                    usual->name, pairs[i].of, most->name);
        return 0;
}

static bool is_nothing(const IoTune *tune) {
        static const IoTune nothing;

        return memcmp(tune, &nothing, sizeof(nothing)) == 0;
}

static int settle_iotune(DomainConf *conf, void *object, const Values *values, Error *error) {
        const IoTune *t = object;
        const Limits limits[] = {
                { "bytes_sec", t->total_bytes, t->read_bytes, t->write_bytes },
                { "iops_sec", t->total_iops, t->read_iops, t->write_iops },
                { "bytes_sec_max", t->total_bytes_max, t->read_bytes_max, t->write_bytes_max },
                { "iops_sec_max", t->total_iops_max, t->read_iops_max, t->write_iops_max },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(limits); i++)
                r = check_total(&limits[i], error);
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = check_burst(&limits[i], &limits[i + 2], error);
        if (r < 0 || !is_nothing(t))
                return r;
        for (size_t i = 0; i < conf->disks.n; i++)
                if (conf->disks.items[i]->iotune == t) {
                        free(TAKE(conf->disks.items[i]->iotune));
                        break;
                }
        return 0;
}

enum { NO_PART, BYTES_PART, IOPS_PART, BYTES_MAX_PART, IOPS_MAX_PART };

#define IOTUNE(name, m, of) \
        { { name, VALUE_ULLONG }, &number, offsetof(IoTune, m), .max = IOTUNE_MAX, .part = of, \
          .leads = true }

const TuneGroup tune_iotune = {
        .tunable = "blkdeviotune.",
        .find = find_iotune,
        .settle = settle_iotune,
        .rows = (const TuneRow[]) {
                IOTUNE("total_bytes_sec", total_bytes, BYTES_PART),
                IOTUNE("read_bytes_sec", read_bytes, BYTES_PART),
                IOTUNE("write_bytes_sec", write_bytes, BYTES_PART),
                IOTUNE("total_iops_sec", total_iops, IOPS_PART),
                IOTUNE("read_iops_sec", read_iops, IOPS_PART),
                IOTUNE("write_iops_sec", write_iops, IOPS_PART),
                IOTUNE("total_bytes_sec_max", total_bytes_max, BYTES_MAX_PART),
                IOTUNE("read_bytes_sec_max", read_bytes_max, BYTES_MAX_PART),
                IOTUNE("write_bytes_sec_max", write_bytes_max, BYTES_MAX_PART),
                IOTUNE("total_iops_sec_max", total_iops_max, IOPS_MAX_PART),
                IOTUNE("read_iops_sec_max", read_iops_max, IOPS_MAX_PART),
                IOTUNE("write_iops_sec_max", write_iops_max, IOPS_MAX_PART),
                IOTUNE("size_iops_sec", size_iops, NO_PART),
                { { "group_name", VALUE_STRING }, &group },
                IOTUNE("total_bytes_sec_max_length", total_bytes_max_length, NO_PART),
                IOTUNE("read_bytes_sec_max_length", read_bytes_max_length, NO_PART),
                IOTUNE("write_bytes_sec_max_length", write_bytes_max_length, NO_PART),
                IOTUNE("total_iops_sec_max_length", total_iops_max_length, NO_PART),
                IOTUNE("read_iops_sec_max_length", read_iops_max_length, NO_PART),
                IOTUNE("write_iops_sec_max_length", write_iops_max_length, NO_PART),
                {},
        },
};

/* ---- bandwidth of an interface ---- */

static uint64_t *limit_at(const TuneRow *row, const void *object) {
        NetLimit *limit = *(NetLimit *const *) ((const char *) object + row->offset);

        return (uint64_t *) ((char *) limit + row->inner);
}

static int get_bandwidth(const TuneRow *row, const void *object, Value *ret) {
        ret->u = MIN(*limit_at(row, object), (uint64_t) UINT32_MAX);
        return 0;
}

static int set_bandwidth(const TuneRow *row, void *object, const Value *value, Error *error) {
        *limit_at(row, object) = value->u;
        return 0;
}

static const TuneCodec bandwidth = { get_bandwidth, set_bandwidth };

static int find_bandwidth(DomainConf *conf, const char *device, void **ret, Error *error) {
        DomainNet *net = device_find_net(conf, device);

        if (!net)
                return fail(error, ERROR_INVALID_ARG, "'%s' is not a known interface", device);
        if (!net->inbound && !(net->inbound = calloc(1, sizeof(*net->inbound))))
                return fail_memory(error);
        if (!net->outbound && !(net->outbound = calloc(1, sizeof(*net->outbound))))
                return fail_memory(error);
        *ret = net;
        return 0;
}

/* Without an average (or a floor, for what comes in) there is no limit. */
static int settle_bandwidth(DomainConf *conf, void *object, const Values *values, Error *error) {
        DomainNet *net = object;

        if (net->inbound->average == 0 && net->inbound->floor == 0)
                free(TAKE(net->inbound));
        if (net->outbound->average == 0)
                free(TAKE(net->outbound));
        return 0;
}

#define BANDWIDTH(side, m, of, lead) \
        { { #side "." #m, VALUE_UINT }, &bandwidth, offsetof(DomainNet, side), \
          offsetof(NetLimit, m), .part = of, .leads = lead }

const TuneGroup tune_interface = {
        .find = find_bandwidth,
        .settle = settle_bandwidth,
        .rows = (const TuneRow[]) {
                BANDWIDTH(inbound, average, 1, true), BANDWIDTH(inbound, peak, 1, false),
                BANDWIDTH(inbound, burst, 1, false), BANDWIDTH(inbound, floor, 1, true),
                BANDWIDTH(outbound, average, 2, true), BANDWIDTH(outbound, peak, 2, false),
                BANDWIDTH(outbound, burst, 2, false), {},
        },
};

/* ---- events of the processor ---- */

static int get_event(const TuneRow *row, const void *object, Value *ret) {
        const DomainConf *conf = object;

        for (size_t i = 0; i < conf->perf_events.n; i++)
                if (strcmp(conf->perf_events.items[i]->name, row->parameter.name) == 0)
                        ret->b = conf->perf_events.items[i]->state == TRISTATE_YES;
        return 0;
}

static int set_event(const TuneRow *row, void *object, const Value *value, Error *error) {
        DomainConf *conf = object;
        NamedState *event = NULL;

        for (size_t i = 0; i < conf->perf_events.n; i++)
                if (strcmp(conf->perf_events.items[i]->name, row->parameter.name) == 0)
                        event = conf->perf_events.items[i];
        if (!event) {
                event = map_list_add(edit_element("perf/event"), &conf->perf_events);
                if (!event || !(event->name = strdup(row->parameter.name)))
                        return fail_memory(error);
        }
        event->state = value->b ? TRISTATE_YES : TRISTATE_NO;
        return 0;
}

static const TuneCodec event_codec = { get_event, set_event };

static int find_events(DomainConf *conf, const char *device, void **ret, Error *error) {
        *ret = conf;
        return 0;
}

#define PERF(name) { { name, VALUE_BOOLEAN }, &event_codec }

const TuneGroup tune_perf = {
        .find = find_events,
        .rows = (const TuneRow[]) {
                PERF("cmt"), PERF("mbmt"), PERF("mbml"), PERF("cache_misses"),
                PERF("cache_references"), PERF("instructions"), PERF("cpu_cycles"),
                PERF("branch_instructions"), PERF("branch_misses"), PERF("bus_cycles"),
                PERF("stalled_cycles_frontend"), PERF("stalled_cycles_backend"),
                PERF("ref_cpu_cycles"), PERF("cpu_clock"), PERF("task_clock"),
                PERF("page_faults"), PERF("context_switches"), PERF("cpu_migrations"),
                PERF("page_faults_min"), PERF("page_faults_maj"), PERF("alignment_faults"),
                PERF("emulation_faults"), {},
        },
};
