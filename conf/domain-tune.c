/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of what a domain is given of its host, is told about itself, and is protected by. */
#include "conf/domain-rows.h"

#define ELEMENT(variable, name, T, ...) \
        const MapElement variable = { name, sizeof(T), (const MapField[]) { __VA_ARGS__, {} } }

#define SCHEDULERS WORDS("batch", "idle", "fifo", "rr")
#define NUMA_MODES WORDS("strict", "preferred", "interleave", "restrictive")

/* ---- processors ---- */

ELEMENT(vcpu_state_element, "vcpu", VcpuState,
        MAYBE ("@id",           VcpuState, id, REQUIRED),
        YES_NO("@enabled",      VcpuState, enabled),
        YES_NO("@hotpluggable", VcpuState, hotpluggable),
        MAYBE ("@order",        VcpuState, order));

ELEMENT(iothread_element, "iothread", IoThread,
        MAYBE ("@id",              IoThread, id, REQUIRED),
        MAYBE ("@thread_pool_min", IoThread, pool_min),
        MAYBE ("@thread_pool_max", IoThread, pool_max),
        U32   ("poll/@max",        IoThread, poll_max),
        U32   ("poll/@grow",       IoThread, poll_grow),
        U32   ("poll/@shrink",     IoThread, poll_shrink));

static ELEMENT(vcpu_pin_element, "vcpupin", CpuPin,
               MAYBE ("@vcpu",   CpuPin, id, REQUIRED),
               STRING("@cpuset", CpuPin, cpuset, REQUIRED));

static ELEMENT(iothread_pin_element, "iothreadpin", CpuPin,
               MAYBE ("@iothread", CpuPin, id, REQUIRED),
               STRING("@cpuset",   CpuPin, cpuset, REQUIRED));

#define SCHEDULE_ROWS                                                        \
        WORD  ("@scheduler", CpuSchedule, scheduler, SCHEDULERS, REQUIRED),  \
        MAYBE ("@priority",  CpuSchedule, priority)

static ELEMENT(vcpu_schedule_element, "vcpusched", CpuSchedule,
               STRING("@vcpus", CpuSchedule, ids, REQUIRED), SCHEDULE_ROWS);
static ELEMENT(iothread_schedule_element, "iothreadsched", CpuSchedule,
               STRING("@iothreads", CpuSchedule, ids, REQUIRED), SCHEDULE_ROWS);
static ELEMENT(emulator_schedule_element, "emulatorsched", CpuSchedule, SCHEDULE_ROWS);

static ELEMENT(cache_element, "cache", CacheShare,
               MAYBE ("@id",    CacheShare, id, REQUIRED),
               MAYBE ("@level", CacheShare, level, REQUIRED),
               WORD  ("@type",  CacheShare, type, WORDS("both", "code", "data"), REQUIRED),
               KIB   ("@size",  CacheShare, size, REQUIRED));

static ELEMENT(monitor_element, "monitor", ResourceMonitor,
               MAYBE ("@level", ResourceMonitor, level),
               STRING("@vcpus", ResourceMonitor, vcpus, REQUIRED));

static ELEMENT(bandwidth_element, "node", BandwidthShare,
               MAYBE ("@id",        BandwidthShare, id, REQUIRED),
               MAYBE ("@bandwidth", BandwidthShare, bandwidth, REQUIRED));

static ELEMENT(resource_group_element, "cachetune", ResourceGroup,
               STRING("@vcpus",  ResourceGroup, vcpus, REQUIRED),
               STRING("@id",     ResourceGroup, id, LIVE),
               LIST  ("cache",   ResourceGroup, caches, CacheShare, &cache_element),
               LIST  ("node",    ResourceGroup, nodes, BandwidthShare, &bandwidth_element),
               LIST  ("monitor", ResourceGroup, monitors, ResourceMonitor, &monitor_element));

ELEMENT(cputune_element, "cputune", CpuTune,
        U64   ("shares",              CpuTune, shares),
        U64   ("period",              CpuTune, period),
        I64   ("quota",               CpuTune, quota),
        U64   ("global_period",       CpuTune, global_period),
        I64   ("global_quota",        CpuTune, global_quota),
        U64   ("emulator_period",     CpuTune, emulator_period),
        I64   ("emulator_quota",      CpuTune, emulator_quota),
        U64   ("iothread_period",     CpuTune, iothread_period),
        I64   ("iothread_quota",      CpuTune, iothread_quota),
        LIST  ("vcpupin",             CpuTune, vcpus, CpuPin, &vcpu_pin_element),
        STRING("emulatorpin/@cpuset", CpuTune, emulator_cpuset),
        LIST  ("iothreadpin",         CpuTune, iothreads, CpuPin, &iothread_pin_element),
        LIST  ("vcpusched",           CpuTune, vcpu_schedules, CpuSchedule,
               &vcpu_schedule_element),
        LIST  ("emulatorsched",       CpuTune, emulator_schedules, CpuSchedule,
               &emulator_schedule_element),
        LIST  ("iothreadsched",       CpuTune, iothread_schedules, CpuSchedule,
               &iothread_schedule_element),
        LIST  ("cachetune",           CpuTune, caches, ResourceGroup, &resource_group_element),
        LIST  ("memorytune",          CpuTune, memories, ResourceGroup, &resource_group_element));

/* ---- memory ---- */

static ELEMENT(numa_node_element, "memnode", NumaNode,
               MAYBE ("@cellid",  NumaNode, cell, REQUIRED),
               WORD  ("@mode",    NumaNode, mode, NUMA_MODES),
               STRING("@nodeset", NumaNode, nodeset, REQUIRED));

ELEMENT(numatune_element, "numatune", NumaTune,
        WORD  ("memory/@mode",      NumaTune, mode, NUMA_MODES),
        STRING("memory/@nodeset",   NumaTune, nodeset),
        WORD  ("memory/@placement", NumaTune, placement, WORDS("default", "static", "auto")),
        LIST  ("memnode",           NumaTune, nodes, NumaNode, &numa_node_element));

static ELEMENT(huge_page_element, "page", HugePage,
               KIB   ("@size",    HugePage, size, .flags = MAP_REQUIRED | MAP_CANONICAL),
               STRING("@nodeset", HugePage, nodeset));

ELEMENT(backing_element, "memoryBacking", MemoryBacking,
        FLAG  ("hugepages",           MemoryBacking, huge_pages),
        LIST  ("hugepages/page",      MemoryBacking, pages, HugePage, &huge_page_element),
        FLAG  ("nosharepages",        MemoryBacking, no_share_pages),
        FLAG  ("locked",              MemoryBacking, locked),
        WORD  ("source/@type",        MemoryBacking, source, WORDS("file", "anonymous", "memfd")),
        WORD  ("access/@mode",        MemoryBacking, access, memory_access_words),
        WORD  ("allocation/@mode",    MemoryBacking, allocation, WORDS("immediate", "ondemand")),
        U32   ("allocation/@threads", MemoryBacking, threads),
        FLAG  ("discard",             MemoryBacking, discard));

/* ---- storage ---- */

static ELEMENT(blkio_device_element, "device", BlkioDevice,
               STRING("path",            BlkioDevice, path, REQUIRED),
               U32   ("weight",          BlkioDevice, weight),
               U32   ("read_iops_sec",   BlkioDevice, read_iops),
               U32   ("write_iops_sec",  BlkioDevice, write_iops),
               U64   ("read_bytes_sec",  BlkioDevice, read_bytes),
               U64   ("write_bytes_sec", BlkioDevice, write_bytes));

ELEMENT(blkiotune_element, "blkiotune", BlkioTune,
        U32   ("weight", BlkioTune, weight),
        LIST  ("device", BlkioTune, devices, BlkioDevice, &blkio_device_element));

#define LIMIT(name, m)                                                      \
        U64   (name "_sec", IoTune, m),                                     \
        U64   (name "_sec_max", IoTune, m##_max),                           \
        U64   (name "_sec_max_length", IoTune, m##_max_length)

#define LIMIT_ROWS                                                          \
        LIMIT("total_bytes", total_bytes), LIMIT("read_bytes", read_bytes), \
        LIMIT("write_bytes", write_bytes), LIMIT("total_iops", total_iops), \
        LIMIT("read_iops", read_iops), LIMIT("write_iops", write_iops),     \
        U64   ("size_iops_sec", IoTune, size_iops)

ELEMENT(iotune_element, "iotune", IoTune, LIMIT_ROWS, STRING("group_name", IoTune, group));

static ELEMENT(limits_element, "throttlegroup", IoTune,
               STRING("throttle_group_name", IoTune, group), LIMIT_ROWS);

ELEMENT(throttle_group_element, "throttlegroup", ThrottleGroup,
        STRUCT(".", ThrottleGroup, limits, IoTune, &limits_element));

/* ---- what the guest is told ---- */

static ELEMENT(entry_element, "entry", NamedText,
               STRING("@name", NamedText, name),
               STRING("@file", NamedText, file),
               STRING(".",     NamedText, text));

static ELEMENT(board_element, "baseBoard", BaseBoard,
               LIST  ("entry", BaseBoard, entries, NamedText, &entry_element));

#define ENTRIES(path, m) LIST(path, DomainSysinfo, m, NamedText, &entry_element)

ELEMENT(sysinfo_element, "sysinfo", DomainSysinfo,
        WORD  ("@type",     DomainSysinfo, type, WORDS("smbios", "fwcfg"), REQUIRED),
        ENTRIES("bios/entry",       bios),
        ENTRIES("system/entry",     system),
        LIST  ("baseBoard", DomainSysinfo, boards, BaseBoard, &board_element),
        ENTRIES("chassis/entry",    chassis),
        ENTRIES("oemStrings/entry", oem_strings),
        ENTRIES("entry",            entries));

/* ---- what keeps it from others ---- */

static const char *const launch_types[] = { NULL, "sev", "sev-snp", "s390-pv", "tdx", NULL };

ELEMENT(launch_element, "launchSecurity", LaunchSecurity,
        ENUM  ("@type",           LaunchSecurity, type, launch_types, REQUIRED),
        YES_NO("@kernelHashes",   LaunchSecurity, kernel_hashes),
        MAYBE ("cbitpos",         LaunchSecurity, cbitpos),
        MAYBE ("reducedPhysBits", LaunchSecurity, reduced_phys_bits),
        HEX_MAYBE("policy",       LaunchSecurity, policy, map_maybe_hex4),
        STRING("dhCert",          LaunchSecurity, dh_cert),
        STRING("session",         LaunchSecurity, session));

ELEMENT(key_wrap_element, "cipher", NamedState,
        WORD  ("@name",  NamedState, name, WORDS("aes", "dea"), REQUIRED),
        ON_OFF("@state", NamedState, state, REQUIRED));

ELEMENT(perf_element, "event", NamedState,
        WORD  ("@name", NamedState, name,
               WORDS("cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references",
                     "cache_misses", "branch_instructions", "branch_misses", "bus_cycles",
                     "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles",
                     "cpu_clock", "task_clock", "page_faults", "context_switches",
                     "cpu_migrations", "page_faults_min", "page_faults_maj",
                     "alignment_faults", "emulation_faults"), REQUIRED),
        YES_NO("@enabled", NamedState, state, REQUIRED));

ELEMENT(label_element, "seclabel", SecurityLabel,
        WORD  ("@type",      SecurityLabel, type, WORDS("none", "dynamic", "static")),
        STRING("@model",     SecurityLabel, model),
        WORD  ("@relabel",   SecurityLabel, relabel, yes_no_words),
        WORD  ("@labelskip", SecurityLabel, labelskip, yes_no_words),
        STRING("label",      SecurityLabel, label),
        STRING("imagelabel", SecurityLabel, image, LIVE),
        STRING("baselabel",  SecurityLabel, base));
