/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processor: model, features, and the words hypervisors have for each other's guests. */
#include "drivers/qemu/command-private.h"

#include <string.h>

/* A feature that is a switch of QEMU's CPU: on or off when the definition says so. */
typedef struct Switch {
        size_t offset; /* of a Tristate in DomainFeatures */
        const char *on, *off; /* NULL: nothing to say */
} Switch;

#define SWITCH(member, on_, off_) { offsetof(DomainFeatures, member), on_, off_ }

static const Switch switches[] = {
        SWITCH(apic_eoi,                "kvm-pv-eoi=on",          "kvm-pv-eoi=off"),
        SWITCH(pvspinlock,              "kvm-pv-unhalt=on",       "kvm-pv-unhalt=off"),
        SWITCH(pmu,                     "pmu=on",                 "pmu=off"),
        SWITCH(hyperv_relaxed,          "hv-relaxed=on",          NULL),
        SWITCH(hyperv_vapic,            "hv-vapic=on",            NULL),
        SWITCH(hyperv_vpindex,          "hv-vpindex=on",          NULL),
        SWITCH(hyperv_runtime,          "hv-runtime=on",          NULL),
        SWITCH(hyperv_synic,            "hv-synic=on",            NULL),
        SWITCH(hyperv_stimer,           "hv-stimer=on",           NULL),
        SWITCH(hyperv_stimer_direct,    "hv-stimer-direct=on",    NULL),
        SWITCH(hyperv_reset,            "hv-reset=on",            NULL),
        SWITCH(hyperv_frequencies,      "hv-frequencies=on",      NULL),
        SWITCH(hyperv_reenlightenment,  "hv-reenlightenment=on",  NULL),
        SWITCH(hyperv_tlbflush,         "hv-tlbflush=on",         NULL),
        SWITCH(hyperv_ipi,              "hv-ipi=on",              NULL),
        SWITCH(hyperv_evmcs,            "hv-evmcs=on",            NULL),
        SWITCH(hyperv_avic,             "hv-avic=on",             NULL),
        SWITCH(hyperv_emsr_bitmap,      "hv-emsr-bitmap=on",      NULL),
        SWITCH(hyperv_xmm_input,        "hv-xmm-input=on",        NULL),
        SWITCH(kvm_hidden,              "kvm=off",                NULL),
        SWITCH(kvm_hint_dedicated,      "kvm-hint-dedicated=on",  NULL),
        SWITCH(kvm_poll_control,        "kvm-poll-control=on",    NULL),
        SWITCH(kvm_pv_ipi,              NULL,                     "kvm-pv-ipi=off"),
};

static void add_switches(Builder *builder, Option *option) {
        const DomainFeatures *features = &builder->conf->features;

        if (text_is(features->hyperv_mode, "passthrough"))
                option_add(option, ",hv-passthrough=on");
        for (size_t i = 0; i < ELEMENTS(switches); i++) {
                Tristate state = *(const Tristate *) ((const char *) features + switches[i].offset);
                const char *text = state == TRISTATE_YES ? switches[i].on :
                                   state == TRISTATE_NO ? switches[i].off : NULL;

                if (text)
                        option_add(option, ",%s", text);
        }
        if (features->hyperv_spinlocks == TRISTATE_YES)
                option_add(option, ",hv-spinlocks=0x%x", features->hyperv_spinlocks_retries);
        if (features->hyperv_vendor_id == TRISTATE_YES)
                option_add_text(option, "hv-vendor-id", features->hyperv_vendor);
        for (size_t i = 0; i < builder->conf->panics.n; i++)
                if (text_is(builder->conf->panics.items[i]->model, "hyperv"))
                        option_add(option, ",hv-crash=on");
}

static int add_timers(Builder *builder, Option *option) {
        const DomainClock *clock = &builder->conf->clock;

        for (size_t i = 0; i < clock->timers.n; i++) {
                const ClockTimer *timer = clock->timers.items[i];

                if (text_is(timer->name, "kvmclock"))
                        option_add_state(option, "kvmclock", timer->present);
                else if (text_is(timer->name, "hypervclock")) {
                        if (timer->present == TRISTATE_YES)
                                option_add(option, ",hv-time=on");
                } else if (text_is(timer->name, "tsc")) {
                        if (timer->frequency)
                                option_add(option, ",tsc-frequency=%llu",
                                           (unsigned long long) timer->frequency);
                } else if (!text_in(timer->name, (const char *const []) {
                                   "rtc", "pit", "hpet", "platform", "armvtimer", NULL }))
                        return unsupported(builder, "clock/timer/@name '%s'", timer->name);
        }
        return 0;
}

/* QEMU says "sse4-1" where others say "sse4_1" or "sse4.1". */
static void feature_name(const char *name, char text[static 64]) {
        (void) snprintf(text, 64, "%s", name);
        for (char *c = text; *c; c++)
                if (*c == '_' || *c == '.')
                        *c = '-';
}

/* Whether this QEMU has a switch of that name. */
static bool knows_feature(const Builder *builder, const char *name) {
        const char *arch = builder->conf->os.arch;
        char feature[128];

        if (!qemu_is_x86(builder->conf))
                return true;
        (void) snprintf(feature, sizeof(feature), "max-%s-cpu.%s",
                        text_is(builder->caps->arch, "i686") ? "i386"
                                                             : builder->caps->arch ?: arch, name);
        return qemu_caps_has(builder->caps, feature);
}

/* Policies say what the host must have; for the guest there is on and off. What QEMU doesn't know
 * is off already. */
static int add_features(Builder *builder, const DomainCpu *cpu, Option *option) {
        for (size_t i = 0; i < cpu->features.n; i++) {
                const CpuFeature *feature = cpu->features.items[i];
                bool off = text_is(feature->policy, "disable") ||
                           text_is(feature->policy, "forbid");
                char name[64];

                feature_name(feature->name, name);
                if (!knows_feature(builder, name) && !knows_feature(builder, feature->name)) {
                        if (off || text_is(feature->policy, "optional"))
                                continue;
                        return unsupported(builder, "cpu/feature/@name '%s' is not known to %s",
                                           feature->name, builder->caps->binary);
                }
                option_add(option, ",%s=%s",
                           knows_feature(builder, name) ? name : feature->name,
                           off ? "off" : "on");
        }
        return 0;
}

/* Of the host's processor QEMU knows the caches, so these have to be told to stay away. */
static int add_cache(Builder *builder, const DomainCpu *cpu, Option *option) {
        bool host = text_is(cpu->mode, "host-passthrough") || text_is(cpu->mode, "maximum");

        if (!cpu->cache_mode)
                return 0;
        if (text_is(cpu->cache_mode, "emulate") &&
            (!cpu->cache_level.set || cpu->cache_level.value == 3))
                option_add(option, ",l3-cache=on%s", host ? ",host-cache-info=off" : "");
        else if (text_is(cpu->cache_mode, "passthrough") && !cpu->cache_level.set)
                option_add(option, ",host-cache-info=on,l3-cache=off");
        else if (text_is(cpu->cache_mode, "disable") && !cpu->cache_level.set)
                option_add(option, "%s,l3-cache=off", host ? ",host-cache-info=off" : "");
        else
                return unsupported(builder, "cpu/cache: mode '%s' with level %u", cpu->cache_mode,
                                   cpu->cache_level.value);
        return 0;
}

static void add_address_width(const DomainCpu *cpu, Option *option) {
        if (text_is(cpu->maxphysaddr_mode, "passthrough")) {
                option_add(option, ",host-phys-bits=on");
                if (cpu->maxphysaddr_limit.set)
                        option_add(option, ",host-phys-bits-limit=%u",
                                   cpu->maxphysaddr_limit.value);
        } else if (text_is(cpu->maxphysaddr_mode, "emulate") && cpu->maxphysaddr_bits.set)
                option_add(option, ",phys-bits=%u", cpu->maxphysaddr_bits.value);
}

static bool knows_model(const Builder *builder, const char *name) {
        bool kvm = builder->conf->type == VIRT_KVM;
        const QemuCpuModel *models = kvm ? builder->caps->cpus_kvm : builder->caps->cpus_tcg;
        size_t n = kvm ? builder->caps->n_cpus_kvm : builder->caps->n_cpus_tcg;

        for (size_t i = 0; i < n; i++)
                if (text_is(models[i].name, name))
                        return true;
        return n == 0; /* this QEMU doesn't tell */
}

static int choose_model(Builder *builder, Option *option) {
        const DomainCpu *cpu = builder->conf->cpu;
        bool kvm = builder->conf->type == VIRT_KVM;
        const char *model = builder->machine->default_cpu;

        if (text_is(cpu->mode, "host-passthrough")) {
                if (!kvm)
                        return unsupported(builder, "cpu/@mode 'host-passthrough' takes "
                                           "domain/@type 'kvm'");
                model = "host";
        } else if (text_is(cpu->mode, "host-model"))
                model = kvm ? "host" : "max";
        else if (text_is(cpu->mode, "maximum"))
                model = "max";
        else if (cpu->model) {
                if (!knows_model(builder, cpu->model))
                        return unsupported(builder, "cpu/model '%s' is not known to %s", cpu->model,
                                           builder->caps->binary);
                model = cpu->model;
        }
        option_add(option, "%s", model ?: "");
        if (cpu->migratable)
                option_add(option, ",migratable=%s", cpu->migratable);
        if (cpu->model_vendor_id)
                option_add_text(option, "vendor", cpu->model_vendor_id);
        return 0;
}

static int add_model(Builder *builder, Option *option) {
        const DomainCpu *cpu = builder->conf->cpu;
        int r;

        if (!cpu) {
                option_add(option, "%s", builder->machine->default_cpu ?: "");
                return 0;
        }
        if ((r = choose_model(builder, option)) < 0 || (r = add_cache(builder, cpu, option)) < 0)
                return r;
        add_address_width(cpu, option);
        return add_features(builder, cpu, option);
}

static void add_topology(Builder *builder) {
        const DomainConf *conf = builder->conf;
        const DomainCpu *cpu = conf->cpu;
        unsigned now = conf->current_vcpus ?: conf->vcpus;
        _cleanup_(option_clear) Option option = { builder, NULL };

        option_add(&option, "%u", now);
        if (now != conf->vcpus)
                option_add(&option, ",maxcpus=%u", conf->vcpus);
        if (cpu && cpu->cores) {
                option_add(&option, ",sockets=%u", MAX(cpu->sockets, 1u));
                if (cpu->dies > 1)
                        option_add(&option, ",dies=%u", cpu->dies);
                if (cpu->clusters > 1)
                        option_add(&option, ",clusters=%u", cpu->clusters);
                option_add(&option, ",cores=%u,threads=%u", cpu->cores, MAX(cpu->threads, 1u));
        } else
                option_add(&option, ",sockets=%u,cores=1,threads=1", conf->vcpus);
        option_done(&option, "smp");
}

int build_cpu(Builder *builder) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        int r;

        if (builder->machine->max_cpus && builder->conf->vcpus > builder->machine->max_cpus)
                return unsupported(builder, "vcpu: machine '%s' has at most %u, not %u",
                                   builder->machine->name, builder->machine->max_cpus,
                                   builder->conf->vcpus);
        if ((r = add_model(builder, &option)) < 0)
                return r;
        if (qemu_is_x86(builder->conf)) {
                if ((r = add_timers(builder, &option)) < 0)
                        return r;
                add_switches(builder, &option);
        }
        if (option.text && option.text[0] && option.text[0] != ',')
                option_done(&option, "cpu");
        else if (option.text && option.text[0])
                return unsupported(builder,
                                   "cpu: machine '%s' has no default model to add features to",
                                   builder->machine->name);
        add_topology(builder);
        return 0;
}
