/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <cpu> and <features>: what the guest's processors and machine offer. */
#include "conf/domain-rows.h"

static const MapElement feature_element = { "feature", sizeof(CpuFeature), (const MapField[]) {
        WORD  ("@policy", CpuFeature, policy,
               WORDS("force", "require", "optional", "disable", "forbid")),
        STRING("@name",   CpuFeature, name, REQUIRED),
        {}
} };

CpuFeature *cpu_add_feature(DomainCpu *cpu, const char *policy, const char *name) {
        CpuFeature *feature = map_list_add(&feature_element, &cpu->features);

        if (!feature || !(feature->policy = strdup(policy)) || !(feature->name = strdup(name)))
                return NULL;
        return feature;
}

static const MapElement distance_element = { "sibling", sizeof(NumaDistance), (const MapField[]) {
        MAYBE ("@id",    NumaDistance, cell, REQUIRED),
        MAYBE ("@value", NumaDistance, distance, REQUIRED),
        {}
} };

static const MapElement numa_cache_element = { "cache", sizeof(NumaCache), (const MapField[]) {
        MAYBE ("@level",         NumaCache, level, REQUIRED),
        WORD  ("@associativity", NumaCache, associativity, WORDS("none", "direct", "full"),
               REQUIRED),
        WORD  ("@policy",        NumaCache, policy, WORDS("none", "writeback", "writethrough"),
               REQUIRED),
        KIB   ("size/@value",    NumaCache, size, REQUIRED),
        BYTES ("line/@value",    NumaCache, line, REQUIRED),
        {}
} };

#define LINK_ROWS                                                                         \
        MAYBE ("@initiator", NumaLink, initiator, REQUIRED),                              \
        MAYBE ("@target",    NumaLink, target, REQUIRED),                                 \
        MAYBE ("@cache",     NumaLink, cache),                                            \
        WORD  ("@type",      NumaLink, type, WORDS("access", "read", "write"), REQUIRED)

static const MapElement latency_element = { "latency", sizeof(NumaLink), (const MapField[]) {
        LINK_ROWS,
        U64   ("@value", NumaLink, value, REQUIRED),
        {}
} };

static const MapElement bandwidth_element = { "bandwidth", sizeof(NumaLink), (const MapField[]) {
        LINK_ROWS,
        KIB   ("@value", NumaLink, value, REQUIRED),
        {}
} };

static const MapElement cell_element = { "cell", sizeof(NumaCell), (const MapField[]) {
        MAYBE ("@id",        NumaCell, id),
        STRING("@cpus",      NumaCell, cpus),
        KIB   ("@memory",    NumaCell, memory, .flags = MAP_REQUIRED | MAP_CANONICAL),
        WORD  ("@memAccess", NumaCell, mem_access, memory_access_words),
        WORD  ("@discard",   NumaCell, discard, yes_no_words),
        LIST  ("distances/sibling", NumaCell, distances, NumaDistance, &distance_element),
        LIST  ("cache",      NumaCell, caches, NumaCache, &numa_cache_element),
        {}
} };

const MapElement cpu_element = { "cpu", sizeof(DomainCpu), (const MapField[]) {
        WORD  ("@mode",                DomainCpu, mode,
               WORDS("custom", "host-model", "host-passthrough", "maximum")),
        WORD  ("@match",               DomainCpu, match, WORDS("minimum", "exact", "strict")),
        WORD  ("@check",               DomainCpu, check, WORDS("none", "partial", "full")),
        WORD  ("@migratable",          DomainCpu, migratable, on_off_words),
        STRING("@deprecated_features", DomainCpu, deprecated_features),
        STRING("model",                DomainCpu, model),
        WORD  ("model/@fallback",      DomainCpu, model_fallback, WORDS("allow", "forbid")),
        STRING("model/@vendor_id",     DomainCpu, model_vendor_id),
        STRING("vendor",               DomainCpu, vendor),
        U32   ("topology/@sockets",    DomainCpu, sockets),
        U32   ("topology/@dies",       DomainCpu, dies),
        U32   ("topology/@clusters",   DomainCpu, clusters),
        U32   ("topology/@cores",      DomainCpu, cores),
        U32   ("topology/@threads",    DomainCpu, threads),
        MAYBE ("cache/@level",         DomainCpu, cache_level),
        WORD  ("cache/@mode",          DomainCpu, cache_mode,
               WORDS("emulate", "passthrough", "disable")),
        WORD  ("maxphysaddr/@mode",    DomainCpu, maxphysaddr_mode,
               WORDS("emulate", "passthrough")),
        MAYBE ("maxphysaddr/@bits",    DomainCpu, maxphysaddr_bits),
        MAYBE ("maxphysaddr/@limit",   DomainCpu, maxphysaddr_limit),
        LIST  ("feature",              DomainCpu, features, CpuFeature, &feature_element),
        LIST  ("numa/cell",            DomainCpu, cells, NumaCell, &cell_element),
        LIST  ("numa/interconnects/latency", DomainCpu, latencies, NumaLink, &latency_element),
        LIST  ("numa/interconnects/bandwidth", DomainCpu, bandwidths, NumaLink,
               &bandwidth_element),
        {}
} };

#define HYPERV(name, m) ON_OFF("hyperv/" name "/@state", DomainFeatures, hyperv_##m)
#define KVM(name, m)    ON_OFF("kvm/" name "/@state", DomainFeatures, kvm_##m)

const MapElement features_element = { "features", sizeof(DomainFeatures), (const MapField[]) {
        FLAG  ("acpi",                     DomainFeatures, acpi),
        FLAG  ("apic",                     DomainFeatures, apic),
        ON_OFF("apic/@eoi",                DomainFeatures, apic_eoi),
        FLAG  ("pae",                      DomainFeatures, pae),
        FLAG  ("privnet",                  DomainFeatures, privnet),
        FLAG  ("viridian",                 DomainFeatures, viridian_present),
        FLAG  ("hap",                      DomainFeatures, given.hap),
        ON_OFF("hap/@state",               DomainFeatures, hap),
        FLAG  ("pmu",                      DomainFeatures, given.pmu),
        ON_OFF("pmu/@state",               DomainFeatures, pmu),
        FLAG  ("pvspinlock",               DomainFeatures, given.pvspinlock),
        ON_OFF("pvspinlock/@state",        DomainFeatures, pvspinlock),
        FLAG  ("vmport",                   DomainFeatures, given.vmport),
        ON_OFF("vmport/@state",            DomainFeatures, vmport),
        FLAG  ("smm",                      DomainFeatures, given.smm),
        ON_OFF("smm/@state",               DomainFeatures, smm),
        PRETTY("smm/tseg",                 DomainFeatures, tseg, CANONICAL),
        FLAG  ("vmcoreinfo",               DomainFeatures, given.vmcoreinfo),
        ON_OFF("vmcoreinfo/@state",        DomainFeatures, vmcoreinfo),
        ON_OFF("htm/@state",               DomainFeatures, htm),
        ON_OFF("nested-hv/@state",         DomainFeatures, nested_hv),
        ON_OFF("ccf-assist/@state",        DomainFeatures, ccf_assist),
        ON_OFF("ras/@state",               DomainFeatures, ras),
        ON_OFF("ps2/@state",               DomainFeatures, ps2),
        WORD  ("hyperv/@mode",             DomainFeatures, hyperv_mode,
               WORDS("passthrough", "custom", "host-model")),
        HYPERV("relaxed",                  relaxed),
        HYPERV("vapic",                    vapic),
        HYPERV("spinlocks",                spinlocks),
        U32   ("hyperv/spinlocks/@retries", DomainFeatures, hyperv_spinlocks_retries),
        HYPERV("vpindex",                  vpindex),
        HYPERV("runtime",                  runtime),
        HYPERV("synic",                    synic),
        HYPERV("stimer",                   stimer),
        ON_OFF("hyperv/stimer/direct/@state", DomainFeatures, hyperv_stimer_direct),
        HYPERV("reset",                    reset),
        HYPERV("vendor_id",                vendor_id),
        STRING("hyperv/vendor_id/@value",  DomainFeatures, hyperv_vendor),
        HYPERV("frequencies",              frequencies),
        HYPERV("reenlightenment",          reenlightenment),
        HYPERV("tlbflush",                 tlbflush),
        HYPERV("ipi",                      ipi),
        HYPERV("evmcs",                    evmcs),
        HYPERV("avic",                     avic),
        HYPERV("emsr_bitmap",              emsr_bitmap),
        HYPERV("xmm_input",                xmm_input),
        KVM   ("hidden",                   hidden),
        KVM   ("hint-dedicated",           hint_dedicated),
        KVM   ("poll-control",             poll_control),
        KVM   ("pv-ipi",                   pv_ipi),
        KVM   ("dirty-ring",               dirty_ring),
        U32   ("kvm/dirty-ring/@size",     DomainFeatures, kvm_dirty_ring_size),
        WORD  ("ioapic/@driver",           DomainFeatures, ioapic_driver, WORDS("kvm", "qemu")),
        FLAG  ("gic",                      DomainFeatures, given.gic),
        WORD  ("gic/@version",             DomainFeatures, gic_version, WORDS("host", "2", "3")),
        KEPT  ("capabilities",             DomainFeatures, capabilities),
        STRING("capabilities/@policy",     DomainFeatures, capabilities_policy),
        WORD  ("hpt/@resizing",            DomainFeatures, hpt_resizing,
               WORDS("enabled", "disabled", "required")),
        KIB   ("hpt/maxpagesize",          DomainFeatures, hpt_max_page, CANONICAL),
        WORD  ("cfpc/@value",              DomainFeatures, cfpc,
               WORDS("broken", "workaround", "fixed")),
        WORD  ("sbbc/@value",              DomainFeatures, sbbc,
               WORDS("broken", "workaround", "fixed")),
        WORD  ("ibs/@value",               DomainFeatures, ibs,
               WORDS("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na")),
        WORD  ("msrs/@unknown",            DomainFeatures, msrs_unknown, WORDS("ignore", "fault")),
        KIB   ("tcg/tb-cache",             DomainFeatures, tb_cache, CANONICAL),
        ON_OFF("xen/e820_host/@state",     DomainFeatures, xen_e820),
        ON_OFF("xen/passthrough/@state",   DomainFeatures, xen_passthrough),
        WORD  ("xen/passthrough/@mode",    DomainFeatures, xen_passthrough_mode,
               WORDS("sync_pt", "share_pt")),
        YES_NO("async-teardown/@enabled",  DomainFeatures, async_teardown),
        ON_OFF("aia/@state",               DomainFeatures, aia),
        {}
} };
