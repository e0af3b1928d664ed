/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over tables of typed parameters. */
#include "drivers/tune.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/edit.h"

#define PARAMETERS_MAX 32

size_t tune_count(const TuneGroup *group) {
        size_t n = 0;

        while (group->rows[n].parameter.name)
                n++;
        return n;
}

/* ---- reading ---- */

int tune_get(const TuneGroup *group, DomainConf *conf, const char *device, Values *ret,
             Error *error) {
        size_t head;
        void *object;
        int r = group->find(conf, device, &object, error);

        if (r < 0)
                return r;
        head = values_array(ret);
        for (const TuneRow *row = group->rows; row->parameter.name; row++) {
                Value value = { .type = row->parameter.type };

                if (row->codec->get(row, object, &value) < 0)
                        return fail_memory(error);
                values_named(ret, head, value, "%s", row->parameter.name);
                if (value.type == VALUE_STRING)
                        free(value.s);
        }
        return ret->failed ? fail_memory(error) : 0;
}

int domain_get_tune(const TuneGroup *group, Domain *domain, const char *device, uint32_t flags,
                    Values *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = edit_read(domain, flags, &conf, NULL, error);

        return r < 0 ? r : tune_get(group, conf, device, ret, error);
}

/* ---- writing ---- */

static uint64_t magnitude(const Value *value, bool *ret_negative) {
        *ret_negative = value->type == VALUE_LLONG && value->x < 0;
        switch (value->type) {
        case VALUE_UINT:
                return value->u;
        case VALUE_ULLONG:
                return value->t;
        case VALUE_LLONG:
                return value->x < 0 ? 0 : value->x;
        case VALUE_INT:
        case VALUE_DOUBLE:
        case VALUE_BOOLEAN:
        case VALUE_STRING:
        case VALUE_BYTES:
        case VALUE_ARRAY:
                break;
        }
        return 0;
}

/* 0 takes a limit away, and so does -1 where there are signs. */
static int check_range(const TuneRow *row, const Value *value, Error *error) {
        bool negative;
        uint64_t number = magnitude(value, &negative);

        if (row->max == 0 || (!negative && number == 0) || (negative && value->x == -1))
                return 0;
        if (!negative && number >= row->min && number <= row->max)
                return 0;
        return fail(error, ERROR_INVALID_ARG,
                    "value of '%s' is out of range [%" PRIu64 ", %" PRIu64 "]",
                    row->parameter.name, row->min, row->max);
}

int tune_check(const TuneGroup *group, Values *values, Error *error) {
        Parameter known[PARAMETERS_MAX + 1] = {};
        int r;

        for (size_t i = 0; i < MIN(tune_count(group), (size_t) PARAMETERS_MAX); i++)
                known[i] = group->rows[i].parameter;
        r = values_check(values, known, error);
        for (const TuneRow *row = group->rows; r >= 0 && row->parameter.name; row++) {
                const Value *value = values_find(values, row->parameter.name);

                if (value)
                        r = check_range(row, value, error);
        }
        return r;
}

static bool part_is_led(const TuneGroup *group, int part, const Values *values) {
        for (const TuneRow *row = group->rows; row->parameter.name; row++)
                if (row->part == part && row->leads && values_find(values, row->parameter.name))
                        return true;
        return false;
}

int tune_set(const TuneGroup *group, DomainConf *conf, const char *device, const Values *values,
             bool live, Error *error) {
        void *object;
        int r = group->find(conf, device, &object, error);

        if (r >= 0 && group->allow)
                r = group->allow(object, values, live, error);
        for (const TuneRow *row = group->rows; r >= 0 && row->parameter.name; row++) {
                const Value nothing = { .type = row->parameter.type };
                const Value *value = values_find(values, row->parameter.name);

                if (!value && row->part > 0 && part_is_led(group, row->part, values))
                        value = &nothing;
                if (value)
                        r = row->codec->set(row, object, value, error);
        }
        if (r >= 0 && group->settle)
                r = group->settle(conf, object, values, error);
        return r;
}

/* ---- as operations ---- */

void tune_report(const TuneGroup *group, Domain *domain, const char *device,
                 const Values *values) {
        _cleanup_(values_clear) Values told = {};
        size_t head = values_array(&told);

        if (!group->tunable)
                return;
        if (device)
                values_named(&told, head, NAMED_STRING(device), "%sdisk", group->tunable);
        for (size_t i = 0; i < values->n; i++)
                values_named(&told, head, values->items[i], "%s%s", group->tunable,
                             values->items[i].name);
        if (!told.failed)
                event_report(&domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_TUNABLE, .resource = &domain->resource,
                                        .values = &told });
}

typedef struct Setting {
        const TuneGroup *group;
        const char *device;
        const Values *values;
} Setting;

static int apply(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Setting *setting = userdata;

        return tune_set(setting->group, *conf, setting->device, setting->values, live, error);
}

int domain_set_tune(const TuneGroup *group, Domain *domain, const char *device, Values *values,
                    uint32_t flags, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = {};
        Setting setting = { group, device, values };
        int r = tune_check(group, values, error);

        if (r >= 0)
                r = edit_plan(domain, flags, apply, &setting, &edit, error);
        if (r >= 0)
                r = edit_commit(&edit, error);
        if (r >= 0 && edit.live && values->n > 0)
                tune_report(group, domain, device, values);
        return r;
}
