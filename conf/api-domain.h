/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's public API for what is done with domains, beyond those in conf/api.h. */
#pragma once

/* virDomainVcpuFlags, virDomainMemoryModFlags, virDomainDeviceModifyFlags: the bits beyond
 * DOMAIN_AFFECT_* (and DOMAIN_VCPU_GUEST, in conf/api.h) */
enum { DOMAIN_VCPU_MAXIMUM = 1 << 2, DOMAIN_VCPU_HOTPLUGGABLE = 1 << 4 };
enum { DOMAIN_MEM_MAXIMUM = 1 << 2 };
enum { DOMAIN_DEVICE_MODIFY_FORCE = 1 << 2 };

/* virDomainSaveRestoreFlags, virDomainSaveImageXMLFlags */
enum {
        DOMAIN_SAVE_BYPASS_CACHE = 1 << 0,
        DOMAIN_SAVE_RUNNING = 1 << 1,
        DOMAIN_SAVE_PAUSED = 1 << 2,
        DOMAIN_SAVE_RESET_NVRAM = 1 << 3,
};
enum { DOMAIN_SAVE_IMAGE_XML_SECURE = 1 << 0 };

/* virDomainCoreDumpFlags, virDomainCoreDumpFormat */
enum {
        DUMP_CRASH = 1 << 0,
        DUMP_LIVE = 1 << 1,
        DUMP_BYPASS_CACHE = 1 << 2,
        DUMP_RESET = 1 << 3,
        DUMP_MEMORY_ONLY = 1 << 4,
};
enum {
        DUMP_FORMAT_RAW,
        DUMP_FORMAT_KDUMP_ZLIB,
        DUMP_FORMAT_KDUMP_LZO,
        DUMP_FORMAT_KDUMP_SNAPPY,
        DUMP_FORMAT_WIN_DMP,
        _DUMP_FORMAT_MAX,
};

/* virDomainStatsTypes */
enum {
        DOMAIN_STATS_STATE = 1 << 0,
        DOMAIN_STATS_CPU_TOTAL = 1 << 1,
        DOMAIN_STATS_BALLOON = 1 << 2,
        DOMAIN_STATS_VCPU = 1 << 3,
        DOMAIN_STATS_INTERFACE = 1 << 4,
        DOMAIN_STATS_BLOCK = 1 << 5,
        DOMAIN_STATS_PERF = 1 << 6,
        DOMAIN_STATS_IOTHREAD = 1 << 7,
        DOMAIN_STATS_MEMORY = 1 << 8,
        DOMAIN_STATS_DIRTYRATE = 1 << 9,
        DOMAIN_STATS_VM = 1 << 10,
};

/* virDomainMemoryStatTags */
enum {
        MEMORY_STAT_SWAP_IN,
        MEMORY_STAT_SWAP_OUT,
        MEMORY_STAT_MAJOR_FAULT,
        MEMORY_STAT_MINOR_FAULT,
        MEMORY_STAT_UNUSED,
        MEMORY_STAT_AVAILABLE,
        MEMORY_STAT_ACTUAL_BALLOON,
        MEMORY_STAT_RSS,
        MEMORY_STAT_USABLE,
        MEMORY_STAT_LAST_UPDATE,
        MEMORY_STAT_DISK_CACHES,
        MEMORY_STAT_HUGETLB_PGALLOC,
        MEMORY_STAT_HUGETLB_PGFAIL,
};

/* virDomainControlState, virDomainControlErrorReason */
enum { CONTROL_OK, CONTROL_JOB, CONTROL_OCCUPIED, CONTROL_ERROR };
enum {
        CONTROL_ERROR_NONE,
        CONTROL_ERROR_UNKNOWN,
        CONTROL_ERROR_MONITOR,
        CONTROL_ERROR_INTERNAL,
        _CONTROL_ERROR_MAX,
};

/* virDomainInterfaceAddressesSource (AGENT is in conf/api.h), virIPAddrType */
enum { ADDRESSES_SRC_LEASE = 0, ADDRESSES_SRC_ARP = 2 };
enum { IP_ADDR_IPV4, IP_ADDR_IPV6 };

/* virDomainDiskErrorCode */
enum { DISK_ERROR_NONE, DISK_ERROR_UNSPEC, DISK_ERROR_NO_SPACE };

/* virDomainMemoryFlags, virDomainSetTimeFlags, virDomainSetUserPasswordFlags */
enum { MEMORY_VIRTUAL = 1 << 0, MEMORY_PHYSICAL = 1 << 1 };
enum { DOMAIN_TIME_SYNC = 1 << 0 };
enum { DOMAIN_PASSWORD_ENCRYPTED = 1 << 0 };

/* virKeycodeSet; virDomainProcessSignal goes up to the last real-time signal */
enum {
        KEYCODE_LINUX,
        KEYCODE_XT,
        KEYCODE_ATSET1,
        KEYCODE_ATSET2,
        KEYCODE_ATSET3,
        KEYCODE_OSX,
        KEYCODE_XT_KBD,
        KEYCODE_USB,
        KEYCODE_WIN32,
        KEYCODE_QNUM,
        _KEYCODE_MAX,
};
enum { PROCESS_SIGNAL_MAX = 64, SEND_KEY_MAX = 16 };

/* VIR_DOMAIN_MEMORY_PARAM_UNLIMITED */
#define MEMORY_UNLIMITED UINT64_C(9007199254740991)
