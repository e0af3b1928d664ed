/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which parameters there are, by libvirt's names, and where a definition keeps them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/tune.h"

/* ---- plain members ---- */

static void *member(const TuneRow *row, const void *object) {
        return (char *) object + row->offset;
}

static int get_u64(const TuneRow *row, const void *object, Value *ret) {
        ret->t = *(uint64_t *) member(row, object);
        return 0;
}

static int set_u64(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(uint64_t *) member(row, object) = value->t;
        return 0;
}

static int get_i64(const TuneRow *row, const void *object, Value *ret) {
        ret->x = *(int64_t *) member(row, object);
        return 0;
}

static int set_i64(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(int64_t *) member(row, object) = value->x;
        return 0;
}

static int get_u32(const TuneRow *row, const void *object, Value *ret) {
        ret->u = *(uint32_t *) member(row, object);
        return 0;
}

static int set_u32(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(uint32_t *) member(row, object) = value->u;
        return 0;
}

static int get_text(const TuneRow *row, const void *object, Value *ret) {
        ret->s = strdup(*(char **) member(row, object) ?: "");
        return ret->s ? 0 : -ENOMEM;
}

static int set_text(const TuneRow *row, void *object, const Value *value, Error *error) {
        char **text = member(row, object), *copy = NULL;

        if (value->s && *value->s && !(copy = strdup(value->s)))
                return fail_memory(error);
        free(*text);
        *text = copy;
        return 0;
}

/* A limit that isn't there is one that nobody reaches. */
static int get_limit(const TuneRow *row, const void *object, Value *ret) {
        ret->t = *(uint64_t *) member(row, object) ?: MEMORY_UNLIMITED;
        return 0;
}

static int set_limit(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(uint64_t *) member(row, object) = value->t >= MEMORY_UNLIMITED ? 0 : value->t;
        return 0;
}

static const TuneCodec u64 = { get_u64, set_u64 };
static const TuneCodec i64 = { get_i64, set_i64 };
static const TuneCodec u32 = { get_u32, set_u32 };
static const TuneCodec limit = { get_limit, set_limit };

/* A group about the definition as a whole. */
static int find_whole(DomainConf *conf, const char *device, void **ret, Error *error) {
        *ret = conf;
        return 0;
}

#define AT(m) offsetof(DomainConf, m)

/* ---- memory ---- */

static int settle_memory(DomainConf *conf, void *object, const Values *values, Error *error) {
        uint64_t memory = conf->memtune.hard_limit ?: MEMORY_UNLIMITED;
        uint64_t swap = conf->memtune.swap_hard_limit ?: MEMORY_UNLIMITED;

        if (memory > swap && (values_find(values, "hard_limit") ||
                              values_find(values, "swap_hard_limit")))
                return fail(error, ERROR_INVALID_ARG,
                            "memory hard_limit tunable value must be lower than or equal to "
                            "swap_hard_limit");
        return 0;
}

const TuneGroup tune_memory = {
        .find = find_whole,
        .settle = settle_memory,
        .rows = (const TuneRow[]) {
                { { "hard_limit", VALUE_ULLONG }, &limit, AT(memtune.hard_limit) },
                { { "soft_limit", VALUE_ULLONG }, &limit, AT(memtune.soft_limit) },
                { { "swap_hard_limit", VALUE_ULLONG }, &limit, AT(memtune.swap_hard_limit) },
                { { "min_guarantee", VALUE_ULLONG }, &u64, AT(memtune.min_guarantee) },
                {},
        },
};

/* ---- NUMA ---- */

static const char *const numa_modes[] = { "strict", "preferred", "interleave", "restrictive" };

static int get_mode(const TuneRow *row, const void *object, Value *ret) {
        const char *mode = *(char **) member(row, object);

        for (size_t i = 0; mode && i < ELEMENTS(numa_modes); i++)
                if (strcmp(mode, numa_modes[i]) == 0)
                        ret->i = i;
        return 0;
}

static int set_mode(const TuneRow *row, void *object, const Value *value, Error *error) {
        if (value->i < 0 || (size_t) value->i >= ELEMENTS(numa_modes))
                return fail(error, ERROR_INVALID_ARG, "unsupported numatune mode: '%d'", value->i);
        const Value name = { .type = VALUE_STRING, .s = (char *) numa_modes[value->i] };
        return set_text(row, object, &name, error);
}

static int set_nodes(const TuneRow *row, void *object, const Value *value, Error *error) {
        if (!value->s || !value->s[strspn(value->s, " ")])
                return fail(error, ERROR_OPERATION_INVALID, "Invalid nodeset of 'numatune': %s",
                            value->s ?: "");
        return set_text(row, object, value, error);
}

static const TuneCodec mode = { get_mode, set_mode };
static const TuneCodec nodes = { get_text, set_nodes };

static int find_numa(DomainConf *conf, const char *device, void **ret, Error *error) {
        *ret = &conf->numatune;
        return 0;
}

/* Where memory is can be changed while a guest runs; how strictly can't. */
static int allow_numa(const void *object, const Values *values, bool live, Error *error) {
        const Value *given = values_find(values, "numa_mode");
        Value now = { .type = VALUE_INT };

        (void) get_mode(&tune_numa.rows[0], object, &now);
        if (live && given && ((const NumaTune *) object)->mode && now.i != given->i)
                return fail(error, ERROR_OPERATION_INVALID,
                            "can't change numatune mode for running domain");
        return 0;
}

static int settle_numa(DomainConf *conf, void *object, const Values *values, Error *error) {
        NumaTune *tune = object;

        if (tune->nodeset && !tune->mode && !(tune->mode = strdup(numa_modes[0])))
                return fail_memory(error);
        if (tune->mode && !tune->nodeset &&
            (!tune->placement || strcmp(tune->placement, "auto") != 0))
                return fail(error, ERROR_INVALID_ARG,
                            "nodeset for NUMA memory tuning must be set if 'placement' is "
                            "'static'");
        return 0;
}

const TuneGroup tune_numa = {
        .find = find_numa,
        .allow = allow_numa,
        .settle = settle_numa,
        .rows = (const TuneRow[]) {
                { { "numa_mode", VALUE_INT }, &mode, offsetof(NumaTune, mode) },
                { { "numa_nodeset", VALUE_STRING }, &nodes, offsetof(NumaTune, nodeset) },
                {},
        },
};

/* ---- scheduler ---- */

#define PERIOD_MIN 1000
#define PERIOD_MAX 1000000
#define QUOTA_MAX UINT64_C(18446744073709551)

#define PERIOD(name, m) \
        { { name, VALUE_ULLONG }, &u64, AT(cputune.m), .min = PERIOD_MIN, .max = PERIOD_MAX }
#define QUOTA(name, m) \
        { { name, VALUE_LLONG }, &i64, AT(cputune.m), .min = PERIOD_MIN, .max = QUOTA_MAX }

const TuneGroup tune_scheduler = {
        .tunable = "cputune.",
        .find = find_whole,
        .rows = (const TuneRow[]) {
                { { "cpu_shares", VALUE_ULLONG }, &u64, AT(cputune.shares), .min = 2,
                  .max = 262144 },
                PERIOD("vcpu_period", period), QUOTA("vcpu_quota", quota),
                PERIOD("emulator_period", emulator_period),
                QUOTA("emulator_quota", emulator_quota),
                PERIOD("global_period", global_period), QUOTA("global_quota", global_quota),
                PERIOD("iothread_period", iothread_period),
                QUOTA("iothread_quota", iothread_quota),
                {},
        },
};

/* The weight of a domain that doesn't say one is the usual one. */
#define USUAL_WEIGHT 50

static int get_weight(const TuneRow *row, const void *object, Value *ret) {
        ret->u = *(uint64_t *) member(row, object) ?: USUAL_WEIGHT;
        return 0;
}

static int set_weight(const TuneRow *row, void *object, const Value *value, Error *error) {
        *(uint64_t *) member(row, object) = value->u;
        return 0;
}

static const TuneCodec weight = { get_weight, set_weight };

const TuneGroup tune_weight = {
        .find = find_whole,
        .rows = (const TuneRow[]) {
                { { "weight", VALUE_UINT }, &weight, AT(cputune.shares), .min = 2,
                  .max = 262144 },
                {},
        },
};

/* ---- disks of the host: "/dev/sda,100,/dev/sdb,200" ---- */

/* row->inner: of the number in a BlkioDevice; the type of it: */
static bool is_wide(const TuneRow *row) {
        return row->inner == offsetof(BlkioDevice, read_bytes) ||
               row->inner == offsetof(BlkioDevice, write_bytes);
}

static uint64_t device_number(const TuneRow *row, const BlkioDevice *device) {
        const char *at = (const char *) device + row->inner;

        return is_wide(row) ? *(const uint64_t *) at : *(const uint32_t *) at;
}

static int get_devices(const TuneRow *row, const void *object, Value *ret) {
        const BlkioTune *tune = member(row, object);
        size_t size;
        FILE *out = open_memstream(&ret->s, &size);

        if (!out)
                return -ENOMEM;
        for (size_t i = 0; i < tune->devices.n; i++) {
                const BlkioDevice *device = tune->devices.items[i];

                if (device_number(row, device) > 0)
                        fprintf(out, "%s%s,%" PRIu64, ftell(out) > 0 ? "," : "", device->path,
                                device_number(row, device));
        }
        return fclose(out) < 0 ? -ENOMEM : 0;
}

/* Made if it isn't there. */
static BlkioDevice *device_at(BlkioTune *tune, const char *path, size_t n) {
        BlkioDevice *device;

        for (size_t i = 0; i < tune->devices.n; i++)
                if (strncmp(tune->devices.items[i]->path, path, n) == 0 &&
                    tune->devices.items[i]->path[n] == 0)
                        return tune->devices.items[i];
        device = map_list_add(edit_element("blkiotune/device"), &tune->devices);
        if (device && !(device->path = strndup(path, n)))
                return NULL;
        return device;
}

static int set_device(const TuneRow *row, BlkioTune *tune, const char *path, size_t n,
                      uint64_t number, Error *error) {
        BlkioDevice *device = device_at(tune, path, n);

        if (!device)
                return fail_memory(error);
        if (is_wide(row))
                *(uint64_t *) ((char *) device + row->inner) = number;
        else
                *(uint32_t *) ((char *) device + row->inner) = number;
        return 0;
}

static int set_devices(const TuneRow *row, void *object, const Value *value, Error *error) {
        BlkioTune *tune = member(row, object);
        const char *at = value->s ?: "";
        int r = 0;

        while (r >= 0 && *at) {
                size_t n = strcspn(at, ",");
                uint64_t most = is_wide(row) ? UINT64_MAX : UINT32_MAX;
                char *end;

                errno = 0;
                unsigned long long number = at[n] ? strtoull(at + n + 1, &end, 10) : 0;
                if (n == 0 || !at[n] || at[n + 1] < '0' || at[n + 1] > '9' ||
                    (*end && (*end != ',' || !end[1])) || errno || number > most)
                        return fail(error, ERROR_INVALID_ARG,
                                    "unable to parse blkio device '%s' '%s'", row->parameter.name,
                                    value->s);
                r = set_device(row, tune, at, n, number, error);
                at = *end ? end + 1 : end;
        }
        return r;
}

static const TuneCodec devices = { get_devices, set_devices };

static int settle_blkio(DomainConf *conf, void *object, const Values *values, Error *error) {
        BlkioTune *tune = &conf->blkiotune;

        for (size_t i = tune->devices.n; i > 0; i--) {
                const BlkioDevice *d = tune->devices.items[i - 1];

                if (!d->weight && !d->read_iops && !d->write_iops && !d->read_bytes &&
                    !d->write_bytes)
                        map_list_remove(edit_element("blkiotune/device"), &tune->devices, i - 1);
        }
        return 0;
}

#define DEVICES(name, m) \
        { { name, VALUE_STRING }, &devices, AT(blkiotune), offsetof(BlkioDevice, m) }

const TuneGroup tune_blkio = {
        .find = find_whole,
        .settle = settle_blkio,
        .rows = (const TuneRow[]) {
                { { "weight", VALUE_UINT }, &u32, AT(blkiotune.weight), .min = 10, .max = 1000 },
                DEVICES("device_weight", weight),
                DEVICES("device_read_iops_sec", read_iops),
                DEVICES("device_write_iops_sec", write_iops),
                DEVICES("device_read_bytes_sec", read_bytes),
                DEVICES("device_write_bytes_sec", write_bytes),
                {},
        },
};
