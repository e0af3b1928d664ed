/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How Xen shares its CPUs among guests: a weight against others', and a cap that holds also while
 * nobody else wants them, in percent of one CPU. A definition says them as <shares>, and as
 * <global_quota> of <global_period>, which a guest is built with (config-cpu.c). */
#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/tune.h"
#include "drivers/xen/tuning.h"

enum {
        USUAL_WEIGHT = 256,
        WEIGHT_MAX = 65535,
        CAP_PERIOD = 100000, /* us */
};

/* ---- in a definition ---- */

static int get_weight(const TuneRow *row, const void *object, Value *ret) {
        const DomainConf *conf = object;

        ret->u = (uint32_t) MIN(conf->cputune.shares ?: USUAL_WEIGHT, (uint64_t) UINT32_MAX);
        return 0;
}

static int set_weight(const TuneRow *row, void *object, const Value *value, Error *error) {
        ((DomainConf *) object)->cputune.shares = value->u;
        return 0;
}

/* As config-cpu.c has it. */
static uint32_t percent(int64_t quota, uint64_t period, uint32_t times) {
        double cap = quota > 0 && period > 0 ? 100.0 * (double) quota / (double) period * times : 0;

        return cap < UINT32_MAX ? (uint32_t) cap : UINT32_MAX;
}

static int get_cap(const TuneRow *row, const void *object, Value *ret) {
        const DomainConf *conf = object;
        const CpuTune *tune = &conf->cputune;

        ret->u = percent(tune->global_quota, tune->global_period, 1)
                         ?: percent(tune->quota, tune->period, conf->vcpus);
        return 0;
}

static int set_cap(const TuneRow *row, void *object, const Value *value, Error *error) {
        CpuTune *tune = &((DomainConf *) object)->cputune;

        tune->quota = 0;
        tune->period = 0;
        tune->global_quota = (int64_t) value->u * (CAP_PERIOD / 100);
        tune->global_period = value->u > 0 ? CAP_PERIOD : 0;
        return 0;
}

static int find_whole(DomainConf *conf, const char *device, void **ret, Error *error) {
        *ret = conf;
        return 0;
}

static const TuneCodec weight_codec = { get_weight, set_weight };
static const TuneCodec cap_codec = { get_cap, set_cap };

static const TuneGroup credit = {
        .find = find_whole,
        .rows = (const TuneRow[]) {
                { { "weight", VALUE_UINT }, &weight_codec, .min = 1, .max = WEIGHT_MAX },
                { { "cap", VALUE_UINT }, &cap_codec, .min = 1, .max = UINT16_MAX },
                {},
        },
};

/* ---- which ---- */

static const struct {
        libxl_scheduler id;
        const char *name;
        bool weighs;
} schedulers[] = {
        { LIBXL_SCHEDULER_SEDF,     "sedf" },
        { LIBXL_SCHEDULER_CREDIT,   "credit", true },
        { LIBXL_SCHEDULER_CREDIT2,  "credit2", true },
        { LIBXL_SCHEDULER_ARINC653, "arinc653" },
        { LIBXL_SCHEDULER_RTDS,     "rtds" },
        { LIBXL_SCHEDULER_NULL,     "null" },
};

/* That of the host: asked once, since it is chosen when Xen boots. */
const char *xen_scheduler_type(Domain *domain, int *ret_n) {
        XenDriver *driver = xen_driver_of(domain->resource.connection);
        XenCore *core = driver->core;

        *ret_n = 0;
        if (core && driver->scheduler == 0)
                driver->scheduler = XEN_CALL(core, libxl_get_scheduler(core->ctx));
        for (size_t i = 0; i < ELEMENTS(schedulers); i++)
                if ((int) schedulers[i].id == driver->scheduler) {
                        *ret_n = schedulers[i].weighs ? (int) tune_count(&credit) : 0;
                        return schedulers[i].name;
                }
        return "";
}

/* ---- of a running guest ---- */

static int read_live(const XenTarget *target, libxl_domain_sched_params *ret, Error *error) {
        XenCore *core = target->core;
        XenCall *call = xen_call_new(core, target->domid, NULL, NULL);
        int r;

        if (!call)
                return fail_memory(error);
        libxl_domain_sched_params_init(ret);
        r = xen_call_over(call, XEN_CALL(core, libxl_domain_sched_params_get(
                                  core->ctx, target->domid, ret)),
                          "cannot read the guest's share of the CPUs", error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(schedulers); i++)
                if (schedulers[i].id == ret->sched && schedulers[i].weighs)
                        return 0;
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "the guest is scheduled by '%s', which knows neither weights nor caps",
                    libxl_scheduler_to_string(ret->sched) ?: "?");
}

static int write_live(const XenTarget *target, const libxl_domain_sched_params *params,
                      Error *error) {
        XenCore *core = target->core;
        XenCall *call = xen_call_new(core, target->domid, NULL, NULL);

        if (!call)
                return fail_memory(error);
        return xen_call_over(call, XEN_CALL(core, libxl_domain_sched_params_set(
                                     core->ctx, target->domid, params)),
                             "cannot set the guest's share of the CPUs", error);
}

int xen_get_scheduler(Domain *domain, const char *device, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Values *values = &job->result.values;
        libxl_domain_sched_params params;
        XenTarget target;
        bool live = false;
        int r = edit_read(domain, flags, &conf, &live, error);

        if (r < 0 || !live)
                return r < 0 ? r : tune_get(&credit, conf, device, values, error);
        r = xen_target(domain, &target, error);
        if (r >= 0)
                r = read_live(&target, &params, error);
        if (r < 0)
                return r;
        size_t head = values_array(values);
        values_named(values, head, NAMED_UINT((uint32_t) MAX(params.weight, 0)), "weight");
        values_named(values, head, NAMED_UINT((uint32_t) MAX(params.cap, 0)), "cap");
        libxl_domain_sched_params_dispose(&params);
        return values->failed ? fail_memory(error) : DONE;
}

typedef struct Setting {
        const Values *values;
} Setting;

static int change(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Setting *setting = userdata;

        return tune_set(&credit, *conf, NULL, setting->values, live, error);
}

/* Only what was given: others may have changed the rest. */
static int set_live(DomainEdit *edit, const Values *values, Error *error) {
        const Value *weight = values_find(values, "weight"), *cap = values_find(values, "cap");
        libxl_domain_sched_params params, before;
        XenTarget target;
        int r = xen_target(edit->domain, &target, error);

        if (r >= 0)
                r = read_live(&target, &params, error);
        if (r < 0)
                return r;
        before = params;
        if (weight)
                params.weight = weight->u > 0 ? (int) weight->u : USUAL_WEIGHT;
        if (cap)
                params.cap = (int) cap->u;
        r = write_live(&target, &params, error);
        if (r < 0)
                return r;
        r = edit_commit(edit, error);
        if (r < 0)
                (void) write_live(&target, &before, NULL);
        return r;
}

int xen_set_scheduler(Domain *domain, const char *device, Values *values, uint32_t flags, Job *job,
                      Error *error) {
        _cleanup_(edit_done) DomainEdit edit = {};
        Setting setting = { values };
        int r = tune_check(&credit, values, error);

        if (r >= 0)
                r = edit_plan(domain, flags, change, &setting, &edit, error);
        if (r < 0)
                return r;
        return edit.live ? set_live(&edit, values, error) : edit_commit(&edit, error);
}
