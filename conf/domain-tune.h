/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is given of its host: processors, memory, storage and their shares; and how it is
 * told who it is and kept from others. */
#pragma once

#include "conf/domain-device.h"

/* ---- processors ---- */

typedef struct VcpuState {
        MapItem item;
        MaybeU32 id, order;
        Tristate enabled, hotpluggable;
} VcpuState;

typedef struct IoThread {
        MapItem item;
        MaybeU32 id, pool_min, pool_max;
        uint32_t poll_max, poll_grow, poll_shrink; /* ns; factor; divisor */
} IoThread;

/* One thread of the guest, and where it may run. */
typedef struct CpuPin {
        MapItem item;
        MaybeU32 id;  /* of the vcpu or iothread */
        char *cpuset; /* "0-3,^2" */
} CpuPin;

typedef struct CpuSchedule {
        MapItem item;
        char *ids; /* "0-3,^2": vcpus or iothreads */
        char *scheduler; /* "batch", "idle", "fifo", "rr" */
        MaybeU32 priority;
} CpuSchedule;

typedef struct CacheShare {
        MapItem item;
        MaybeU32 id, level;
        char *type;    /* "both", "code", "data" */
        uint64_t size; /* KiB */
} CacheShare;

typedef struct ResourceMonitor {
        MapItem item;
        MaybeU32 level;
        char *vcpus;
} ResourceMonitor;

typedef struct BandwidthShare {
        MapItem item;
        MaybeU32 id, bandwidth; /* % */
} BandwidthShare;

/* <cachetune> and <memorytune>: of the second only nodes and monitors count. */
typedef struct ResourceGroup {
        MapItem item;
        char *vcpus, *id; /* id: live */
        MAP_LIST(CacheShare) caches;
        MAP_LIST(BandwidthShare) nodes;
        MAP_LIST(ResourceMonitor) monitors;
} ResourceGroup;

typedef struct CpuTune {
        uint64_t shares, period, global_period, emulator_period, iothread_period; /* us */
        int64_t quota, global_quota, emulator_quota, iothread_quota; /* us; negative: no limit */
        MAP_LIST(CpuPin) vcpus, iothreads;
        char *emulator_cpuset;
        MAP_LIST(CpuSchedule) vcpu_schedules, iothread_schedules, emulator_schedules;
        MAP_LIST(ResourceGroup) caches, memories;
} CpuTune;

/* ---- memory ---- */

typedef struct NumaNode {
        MapItem item;
        MaybeU32 cell; /* of the guest */
        char *mode, *nodeset;
} NumaNode;

typedef struct NumaTune {
        char *mode, *nodeset, *placement; /* "strict", "0-3", "auto" */
        MAP_LIST(NumaNode) nodes;
} NumaTune;

typedef struct HugePage {
        MapItem item;
        uint64_t size; /* KiB */
        char *nodeset; /* of the guest; NULL: all that no other names */
} HugePage;

typedef struct MemoryBacking {
        bool huge_pages, no_share_pages, locked, discard;
        MAP_LIST(HugePage) pages;
        char *source, *access, *allocation; /* "memfd", "shared", "immediate" */
        uint32_t threads;
} MemoryBacking;

/* ---- storage ---- */

typedef struct BlkioDevice {
        MapItem item;
        char *path;
        uint32_t weight, read_iops, write_iops;
        uint64_t read_bytes, write_bytes; /* a second */
} BlkioDevice;

typedef struct BlkioTune {
        uint32_t weight;
        MAP_LIST(BlkioDevice) devices;
} BlkioTune;

typedef struct ThrottleGroup {
        MapItem item;
        IoTune limits; /* group: its name */
} ThrottleGroup;

/* ---- what the guest is told ---- */

typedef struct BaseBoard {
        MapItem item;
        MAP_LIST(NamedText) entries;
} BaseBoard;

typedef struct DomainSysinfo {
        MapItem item;
        char *type; /* "smbios", "fwcfg" */
        MAP_LIST(NamedText) bios, system, chassis, oem_strings;
        MAP_LIST(BaseBoard) boards;
        MAP_LIST(NamedText) entries; /* fwcfg */
} DomainSysinfo;

/* ---- what keeps it from others ---- */

typedef enum LaunchType {
        LAUNCH_UNSET, LAUNCH_SEV, LAUNCH_SEV_SNP, LAUNCH_S390_PV, LAUNCH_TDX,
} LaunchType;

typedef struct LaunchSecurity {
        LaunchType type;
        Tristate kernel_hashes;
        MaybeU32 cbitpos, reduced_phys_bits, policy;
        char *session, *dh_cert;
} LaunchSecurity;

typedef struct NamedState {
        MapItem item;
        char *name;
        Tristate state; /* on, off; yes, no */
} NamedState;
