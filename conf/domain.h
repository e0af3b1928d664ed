/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is: libvirt's <domain> document and a view of it.
 *
 * A DomainConf owns its document. At rest a definition is kept as text; conf_parse() and
 * conf_print() go back and forth, and printing a parsed definition again changes no byte.
 * Cross-field rules and defaults that don't depend on a hypervisor stand here; what does, in its
 * driver. */
#pragma once

#include "conf/api.h"
#include "conf/document.h"
#include "conf/domain-device.h"
#include "conf/domain-tune.h"
#include "conf/map.h"

typedef enum VirtType {
        VIRT_UNSET,
        VIRT_QEMU,
        VIRT_KVM,
        VIRT_XEN,
        VIRT_TEST,
        VIRT_LXC,
        VIRT_HVF,
        VIRT_VMWARE,
        VIRT_HYPERV,
        VIRT_VBOX,
        VIRT_PHYP,
        VIRT_PARALLELS,
        VIRT_BHYVE,
        VIRT_VZ,
        VIRT_KQEMU,
        VIRT_UML,
        VIRT_OPENVZ,
} VirtType;

/* What is done when the guest powers off, reboots or crashes. */
typedef enum LifecycleAction {
        ACTION_UNSET,
        ACTION_DESTROY,
        ACTION_RESTART,
        ACTION_RENAME_RESTART,
        ACTION_PRESERVE,
        ACTION_COREDUMP_DESTROY,
        ACTION_COREDUMP_RESTART,
} LifecycleAction;

extern const char *const virt_types[], *const lifecycle_actions[];

/* ---- os ---- */

typedef struct OsBoot {
        MapItem item;
        char *dev; /* "fd", "hd", "cdrom", "network" */
} OsBoot;

typedef struct AcpiTable {
        MapItem item;
        char *type, *path; /* "slic" */
} AcpiTable;

typedef struct DomainOs {
        char *type, *arch, *machine; /* "hvm", "x86_64", "pc-q35-7.2" */
        char *firmware;              /* "efi", "bios": to be chosen from QEMU's descriptors */
        char *loader, *loader_type, *loader_format; /* path; "rom" or "pflash" */
        Tristate loader_readonly, loader_secure, loader_stateless;
        char *nvram, *nvram_template, *nvram_template_format, *nvram_type, *nvram_format;
        char *kernel, *initrd, *cmdline, *dtb;
        MAP_LIST(OsBoot) boots;
        Tristate bootmenu;
        uint32_t bootmenu_timeout; /* ms */
        Tristate bios_useserial;
        MaybeU32 bios_reboot_timeout; /* ms */
        char *smbios_mode, *bootloader, *bootloader_args;
        DomainDisk *nvram_image;              /* with a type: <nvram> has a <source> */
        MAP_LIST(NamedState) firmware_features; /* "secure-boot" */
        MAP_LIST(AcpiTable) acpi_tables;
        struct { /* of containers; there or not */
                bool init, initarg, initenv, initdir, inituser, initgroup, idmap, shim;
        } has;
} DomainOs;

/* ---- cpu ---- */

typedef struct CpuFeature {
        MapItem item;
        char *policy, *name; /* "force", "require", "optional", "disable", "forbid" */
} CpuFeature;

typedef struct NumaDistance {
        MapItem item;
        MaybeU32 cell, distance;
} NumaDistance;

typedef struct NumaCache {
        MapItem item;
        MaybeU32 level;
        char *associativity, *policy; /* "direct", "writeback" */
        uint64_t size, line; /* KiB, bytes */
} NumaCache;

typedef struct NumaCell {
        MapItem item;
        MaybeU32 id;
        char *cpus;
        uint64_t memory; /* KiB */
        char *mem_access, *discard;
        MAP_LIST(NumaDistance) distances;
        MAP_LIST(NumaCache) caches;
} NumaCell;

/* From processors to memory, in the terms of ACPI's HMAT. */
typedef struct NumaLink {
        MapItem item;
        MaybeU32 initiator, target, cache;
        char *type; /* "access", "read", "write" */
        uint64_t value; /* latency: ns; bandwidth: KiB/s */
} NumaLink;

typedef struct DomainCpu {
        char *mode; /* "custom", "host-model", "host-passthrough", "maximum" */
        char *match, *check, *migratable;
        char *model, *model_fallback, *model_vendor_id, *vendor;
        uint32_t sockets, dies, cores, threads; /* topology; all set or none */
        char *cache_mode;
        MaybeU32 cache_level;
        MAP_LIST(CpuFeature) features;
        uint32_t clusters;
        char *deprecated_features, *maxphysaddr_mode;
        MaybeU32 maxphysaddr_bits, maxphysaddr_limit;
        MAP_LIST(NumaCell) cells;
        MAP_LIST(NumaLink) latencies, bandwidths;
} DomainCpu;

/* ---- features, clock, power management ---- */

typedef struct DomainFeatures {
        bool acpi, apic, pae, privnet, viridian_present;
        Tristate apic_eoi;
        Tristate hap, pmu, vmport, smm, pvspinlock, vmcoreinfo, htm, nested_hv, ccf_assist, ras,
                ps2;
        struct { /* <smm/> without a state says on */
                bool hap, pmu, vmport, smm, pvspinlock, vmcoreinfo, gic;
        } given;
        Tristate kvm_hidden, kvm_hint_dedicated, kvm_poll_control, kvm_pv_ipi, kvm_dirty_ring;
        uint32_t kvm_dirty_ring_size;
        char *hyperv_mode;
        Tristate hyperv_relaxed, hyperv_vapic, hyperv_spinlocks, hyperv_vpindex, hyperv_runtime,
                hyperv_synic, hyperv_stimer, hyperv_reset;
        uint32_t hyperv_spinlocks_retries;
        Tristate hyperv_stimer_direct, hyperv_vendor_id, hyperv_frequencies, hyperv_reenlightenment,
                hyperv_tlbflush, hyperv_ipi, hyperv_evmcs, hyperv_avic, hyperv_emsr_bitmap,
                hyperv_xmm_input;
        char *hyperv_vendor;
        char *ioapic_driver, *gic_version, *capabilities_policy;
        uint64_t tseg; /* KiB */
        bool capabilities; /* of containers: there or not */
        char *hpt_resizing, *cfpc, *sbbc, *ibs, *msrs_unknown; /* "required", "broken" ... */
        uint64_t hpt_max_page, tb_cache; /* KiB */
        Tristate xen_e820, xen_passthrough, async_teardown, aia;
        char *xen_passthrough_mode;
} DomainFeatures;

typedef struct ClockTimer {
        MapItem item;
        char *name, *tickpolicy, *track, *mode;
        Tristate present;
        uint64_t frequency; /* Hz */
        uint32_t catchup_threshold, catchup_slew, catchup_limit;
        bool catchup;
} ClockTimer;

typedef struct DomainClock {
        char *offset; /* "utc", "localtime", "timezone", "variable", "absolute" */
        char *adjustment; /* seconds or "reset" */
        char *basis, *timezone, *start;
        MAP_LIST(ClockTimer) timers;
} DomainClock;

/* ---- the whole ---- */

typedef struct DomainConf {
        xmlDoc *document; /* owned; struct and document agree after conf_parse() and conf_sync() */
        VirtType type;
        MaybeU32 id; /* live */
        char *name;
        Uuid uuid;
        char *title, *description;
        bool metadata;
        uint64_t memory, current_memory; /* KiB */
        uint64_t max_memory;             /* KiB; 0: no hot-plug */
        MaybeU32 memory_slots;
        struct {
                uint64_t hard_limit, soft_limit, swap_hard_limit, min_guarantee; /* KiB, 0: none */
        } memtune;
        char *dump_core, *genid, *on_lockfailure;
        uint32_t iothreads;
        MaybeU32 default_iothread_min, default_iothread_max;
        uint32_t vcpus, current_vcpus;   /* current 0: all */
        char *vcpu_placement, *vcpu_cpuset;
        DomainOs os;
        DomainFeatures features;
        DomainCpu *cpu; /* NULL: none given */
        DomainClock clock;
        LifecycleAction on_poweroff, on_reboot, on_crash;
        Tristate suspend_to_mem, suspend_to_disk;
        bool xl_secret, xm_secret; /* keys of native configurations that hold passwords */
        char *emulator;
        MAP_LIST(DomainDisk) disks;
        MAP_LIST(DomainController) controllers;
        MAP_LIST(DomainNet) nets;
        MAP_LIST(DomainChar) serials, parallels, consoles, channels;
        MAP_LIST(DomainInput) inputs;
        MAP_LIST(DomainGraphics) graphics;
        MAP_LIST(DomainSound) sounds;
        MAP_LIST(DomainVideo) videos;
        MAP_LIST(DomainHub) hubs;
        MAP_LIST(DomainWatchdog) watchdogs;
        MAP_LIST(DomainMemballoon) memballoons; /* at most one */
        MAP_LIST(DomainRng) rngs;
        MAP_LIST(DomainPanic) panics;
        MAP_LIST(MemoryDevice) memories;
        MAP_LIST(DomainFilesystem) filesystems;
        MAP_LIST(DomainHostdev) hostdevs;
        MAP_LIST(DomainRedirdev) redirdevs;
        MAP_LIST(RedirFilter) redirfilters;
        MAP_LIST(DomainSmartcard) smartcards;
        MAP_LIST(DomainTpm) tpms;
        MAP_LIST(DomainShmem) shmems;
        MAP_LIST(DomainIommu) iommus;
        MAP_LIST(DomainVsock) vsocks;
        MAP_LIST(DomainCrypto) cryptos;
        MAP_LIST(DomainNvram) nvrams;
        MAP_LIST(DomainAudio) audios;
        MAP_LIST(DomainLease) leases;
        MAP_LIST(VcpuState) vcpu_states;
        MAP_LIST(IoThread) iothread_ids;
        CpuTune cputune;
        NumaTune numatune;
        MemoryBacking backing;
        BlkioTune blkiotune;
        MAP_LIST(ThrottleGroup) throttle_groups;
        char *partition, *fibre_channel; /* resource */
        MAP_LIST(DomainSysinfo) sysinfos;
        LaunchSecurity *launch_security;
        MAP_LIST(NamedState) key_wraps, perf_events;
        MAP_LIST(SecurityLabel) labels;
        bool idmap, pstore; /* there or not; content is the user's */
} DomainConf;

extern const MapElement domain_element;

/* Reads a definition: parses, loads, fills in what libvirt fills in for any hypervisor (uuid, vcpu,
 * currentMemory, lifecycle actions, canonical units, mac addresses ...) and checks the cross-field
 * rules. ERROR_XML or ERROR_CONFIG_UNSUPPORTED, naming path and line. */
int conf_parse(const char *text, ConfFlags flags, DomainConf **ret, Error *error);

/* Only whether there is content that no row knows, path and line of each. */
int conf_validate(const char *text, Error *error);

/* Writes changes of the struct into its document. */
int conf_sync(DomainConf *conf, Error *error);

/* conf_sync() and then the text; without_flags: rows to leave out (MAP_LIVE, MAP_SECRET). */
int conf_print(DomainConf *conf, MapFlags without, char **ret, Error *error);

int conf_clone(DomainConf *conf, DomainConf **ret, Error *error);
DomainConf *conf_free(DomainConf *conf);
DEFINE_CLEANUP(DomainConf *, conf_free);

/* Checks that hold for any hypervisor; conf_parse() calls it, and so does who changes a struct. */
int conf_check(const DomainConf *conf, Error *error);

bool conf_has_iothread(const DomainConf *conf, uint32_t id);

/* Rules as a table: the first that is broken is told, with path and line of the node. */
typedef struct Rule {
        bool broken;
        const char *message;
} Rule;

int rules_check(const Rule *rules, size_t n, const xmlNode *node, Error *error);
#define RULES(node, error, ...)                                                              \
        rules_check((const Rule[]) { __VA_ARGS__ }, ELEMENTS(((const Rule[]) { __VA_ARGS__ })), \
                    node, error)

/* What is kept of a definition at rest without its tree; for start-up and lists. */
typedef struct ConfSummary {
        VirtType type;
        char *name;
        Uuid uuid;
        char *os_type;
        bool secret; /* as conf_has_secret() */
} ConfSummary;

int conf_summarize(const char *text, ConfSummary *ret, Error *error);
void conf_summary_clear(ConfSummary *summary);

/* Whether a printed definition may be shown as it is to who may not read secrets. */
bool conf_has_secret(const DomainConf *conf);

/* NULL without memory; the list is then still one that can be cleared. */
CpuFeature *cpu_add_feature(DomainCpu *cpu, const char *policy, const char *name);

/* ---- devices in general ---- */

/* Calls visit() for all devices, kind by kind as in device_kinds, until it returns non-zero. */
int conf_visit_devices(DomainConf *conf,
                       int (*visit)(DomainConf *conf, DeviceKind kind, Device *device,
                                    void *userdata),
                       void *userdata);
Device *conf_find_alias(DomainConf *conf, const char *alias, DeviceKind *ret_kind);
void *conf_add_device(DomainConf *conf, DeviceKind kind); /* zeroed; NULL without memory */
MapAnyList *conf_devices(DomainConf *conf, DeviceKind kind);
DomainController *conf_find_controller(DomainConf *conf, ControllerType type, uint32_t index);
