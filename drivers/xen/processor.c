/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processors of a guest: how many, and on which of the host's they run.
 *
 * Switching them on and off is asked of the guest (through xenstore, or its device model), and is
 * over when libxl says so. Where they run is the hypervisor's own business and changes at once. */
#include <errno.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/processors.h"
#include "drivers/xen/tuning.h"

/* ---- how many ---- */

static int get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r;

        if (flags & DOMAIN_VCPU_GUEST)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "which processors the guest uses only an agent in it knows, and Xen's "
                            "guests are asked by none");
        r = edit_read(domain, flags, &conf, NULL, error);
        if (r >= 0)
                values_uint(&job->result.values, vcpus_count(conf, flags));
        return MIN(r, DONE);
}

typedef struct Count {
        uint32_t n, flags;
} Count;

static int change_count(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Count *count = userdata;

        return vcpus_set(*conf, count->n, count->flags, error);
}

/* A change whose end libxl tells of. Until then it looks at the set that it was given. */
typedef struct Switching {
        DomainEdit edit;
        XenTarget target;
        libxl_bitmap online;
        Job *job;
} Switching;

static void switching_free(Switching *switching) {
        libxl_bitmap_dispose(&switching->online);
        edit_done(&switching->edit);
        free(switching);
}

static void switched(XenCall *call, int rc, void *userdata) {
        Switching *switching = userdata;
        _cleanup_(error_clear) Error error = {};
        Job *job = switching->job;
        int r;

        if (rc != 0)
                r = xen_fail(&error, rc, &call->lines, "cannot switch processors of the guest");
        else if (!xen_target_is(switching->edit.domain, &switching->target))
                r = fail(&error, ERROR_OPERATION_ABORTED, "the guest ended meanwhile");
        else
                r = edit_commit(&switching->edit, &error);
        switching_free(switching);
        job_done(job, r, &error);
}

static int ask_online(Switching *switching, Error *error) {
        XenCore *core = switching->target.core;
        XenCall *call = xen_call_new(core, switching->target.domid, switched, switching);

        if (!call)
                return fail_memory(error);
        int rc = XEN_CALL(core, libxl_set_vcpuonline(core->ctx, switching->target.domid,
                                                     &switching->online, &call->how));
        if (rc == 0)
                return PENDING;
        return xen_call_over(call, rc, "cannot switch processors of the guest", error);
}

/* As many as the edit says are to be on. */
static int switch_live(Switching *switching, Error *error) {
        const DomainConf *conf = switching->edit.live;
        libxl_bitmap *online = &switching->online;
        int r = xen_target(switching->edit.domain, &switching->target, error);

        if (r < 0)
                return r;
        if (libxl_cpu_bitmap_alloc(switching->target.core->ctx, online, (int) conf->vcpus) != 0)
                return fail_memory(error);
        for (uint32_t i = 0; i < conf->vcpus; i++)
                if (vcpu_is_online(conf, i))
                        libxl_bitmap_set(online, (int) i);
        return ask_online(switching, error);
}

static int set_vcpus(Domain *domain, uint32_t n, uint32_t flags, Job *job, Error *error) {
        Count count = { n, flags };
        Switching *switching;
        int r = vcpus_check(n, flags, error);

        if (r >= 0 && (flags & DOMAIN_VCPU_GUEST))
                r = fail(error, ERROR_OPERATION_UNSUPPORTED,
                         "only an agent in the guest could switch its processors on and off, and "
                         "Xen's guests are asked by none");
        if (r < 0)
                return r;
        switching = calloc(1, sizeof(*switching));
        if (!switching)
                return fail_memory(error);
        switching->job = job;
        r = edit_plan(domain, flags, change_count, &count, &switching->edit, error);
        if (r >= 0)
                r = switching->edit.live ? switch_live(switching, error)
                                         : edit_commit(&switching->edit, error);
        if (r != PENDING)
                switching_free(switching);
        return r;
}

/* ---- where they run ---- */

/* What Xen has of the processors of a running domain. */
typedef struct Places {
        libxl_vcpuinfo *list;
        int n, cpus;
} Places;

static void places_done(Places *places) {
        if (places->list)
                libxl_vcpuinfo_list_free(places->list, places->n);
}

static int places_read(const XenTarget *target, Places *ret, Error *error) {
        *ret = (Places) {};
        ret->list = XEN_CALL(target->core, libxl_list_vcpu(target->core->ctx, target->domid,
                                                           &ret->n, &ret->cpus));
        return ret->list ? 0 : fail(error, ERROR_OPERATION_FAILED,
                                    "cannot read where the processors of the guest run");
}

static const libxl_vcpuinfo *place_of(const Places *places, uint32_t vcpu) {
        for (int i = 0; i < places->n; i++)
                if (places->list[i].vcpuid == vcpu)
                        return &places->list[i];
        return NULL;
}

/* As Xen has them, whoever said so. */
static int get_live_pins(Domain *domain, const DomainConf *conf, size_t cpus, Values *ret,
                         Error *error) {
        _cleanup_(places_done) Places places = {};
        size_t head = values_array(ret);
        XenTarget target;
        int r = xen_target(domain, &target, error);

        if (r >= 0)
                r = places_read(&target, &places, error);
        for (uint32_t i = 0; r >= 0 && i < conf->vcpus; i++) {
                const libxl_vcpuinfo *place = place_of(&places, i);

                if (!place || !vcpu_is_online(conf, i))
                        continue;
                values_element(ret, head);
                size_t map = values_array(ret);
                for (size_t k = 0; k < cpus; k++) {
                        values_element(ret, map);
                        values_boolean(ret, libxl_bitmap_test(&place->cpumap, (int) k));
                }
        }
        return r < 0 ? r : ret->failed ? fail_memory(error) : DONE;
}

static int get_vcpu_pins(Domain *domain, uint32_t flags, Job *job, Error *error) {
        size_t cpus = xen_cpus(domain->resource.connection);
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        bool live = false;
        int r = edit_read(domain, flags, &conf, &live, error);

        if (r < 0)
                return r;
        return live ? get_live_pins(domain, conf, cpus, &job->result.values, error)
                    : vcpu_pins(conf, cpus, &job->result.values, error);
}

typedef struct Pin {
        uint32_t vcpu;
        const bool *map;
        size_t n;
} Pin;

static int change_pin(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Pin *pin = userdata;

        return vcpu_pin(*conf, pin->vcpu, pin->map, pin->n, live, error);
}

static int apply_pin(const XenTarget *target, uint32_t vcpu, const libxl_bitmap *map,
                     Error *error) {
        XenCall *call = xen_call_new(target->core, target->domid, NULL, NULL);

        if (!call)
                return fail_memory(error);
        return xen_call_over(call, XEN_CALL(target->core, libxl_set_vcpuaffinity(
                                     target->core->ctx, target->domid, vcpu, map, NULL)),
                             "cannot pin a processor of the guest", error);
}

/* As long as the host's own, since Xen reads that much of it. */
static int make_map(const XenTarget *target, const Pin *pin, libxl_bitmap *ret, Error *error) {
        libxl_bitmap_init(ret);
        if (libxl_cpu_bitmap_alloc(target->core->ctx, ret, 0) != 0)
                return fail(error, ERROR_OPERATION_FAILED, "cannot ask Xen for the host's CPUs");
        for (size_t i = 0; i < pin->n && i < ret->size * 8; i++)
                if (pin->map[i])
                        libxl_bitmap_set(ret, (int) i);
        return 0;
}

/* What was in force is so again when the definitions can't be written. */
static int pin_live(DomainEdit *edit, const XenTarget *target, const Pin *pin,
                    const libxl_bitmap *map, Error *error) {
        _cleanup_(places_done) Places places = {};
        int r = places_read(target, &places, error);

        if (r >= 0)
                r = apply_pin(target, pin->vcpu, map, error);
        if (r < 0)
                return r;
        r = edit_commit(edit, error);
        if (r < 0 && place_of(&places, pin->vcpu))
                (void) apply_pin(target, pin->vcpu, &place_of(&places, pin->vcpu)->cpumap, NULL);
        return r;
}

static int pin_vcpu(Domain *domain, uint32_t vcpu, const bool *map, size_t n, uint32_t flags,
                    Job *job, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = {};
        Pin pin = { vcpu, map, MIN(n, xen_cpus(domain->resource.connection)) };
        libxl_bitmap set;
        XenTarget target;
        int r = edit_plan(domain, flags, change_pin, &pin, &edit, error);

        if (r < 0 || !edit.live)
                return r < 0 ? r : edit_commit(&edit, error);
        r = xen_target(domain, &target, error);
        if (r >= 0)
                r = make_map(&target, &pin, &set, error);
        if (r < 0)
                return r;
        r = pin_live(&edit, &target, &pin, &set, error);
        libxl_bitmap_dispose(&set);
        return r;
}

/* What else QEMU has threads for, Xen's guests have none of: their device models are dom0's. */
const DomainProcessors xen_processors = {
        .get_vcpus = get_vcpus,
        .set_vcpus = set_vcpus,
        .get_vcpu_pins = get_vcpu_pins,
        .pin_vcpu = pin_vcpu,
        .set_memory = xen_set_memory,
};
