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

/* virTypedParameterFlags: the caller takes strings, too; every caller on a bus does */
enum { TYPED_PARAM_STRING_OKAY = 1 << 2 };

/* virConnectGetAllDomainStatsFlags: LIST_DOMAINS_ACTIVE to LIST_DOMAINS_OTHER, and these */
#define STATS_NOWAIT (UINT32_C(1) << 29)  /* what would have to be waited for is left out */
#define STATS_BACKING (UINT32_C(1) << 30) /* of disks: the whole backing chain */
#define STATS_ENFORCE (UINT32_C(1) << 31) /* a group that isn't there is an error */

/* virDomainBlockCommitFlags */
enum {
        BLOCK_COMMIT_SHALLOW = 1 << 0,
        BLOCK_COMMIT_DELETE = 1 << 1,
        BLOCK_COMMIT_ACTIVE = 1 << 2,
        BLOCK_COMMIT_RELATIVE = 1 << 3,
        BLOCK_COMMIT_BANDWIDTH_BYTES = 1 << 4,
};

/* virDomainBlockCopyFlags */
enum {
        BLOCK_COPY_SHALLOW = 1 << 0,
        BLOCK_COPY_REUSE_EXT = 1 << 1,
        BLOCK_COPY_TRANSIENT_JOB = 1 << 2,
        BLOCK_COPY_SYNCHRONOUS_WRITES = 1 << 3,
};

/* virDomainBlockRebaseFlags; virDomainBlockPullFlags has the last one */
enum {
        BLOCK_REBASE_SHALLOW = 1 << 0,
        BLOCK_REBASE_REUSE_EXT = 1 << 1,
        BLOCK_REBASE_COPY_RAW = 1 << 2,
        BLOCK_REBASE_COPY = 1 << 3,
        BLOCK_REBASE_RELATIVE = 1 << 4,
        BLOCK_REBASE_COPY_DEV = 1 << 5,
        BLOCK_REBASE_BANDWIDTH_BYTES = 1 << 6,
        BLOCK_PULL_BANDWIDTH_BYTES = 1 << 6,
};

/* virDomainBlockJobAbortFlags, virDomainBlockJobInfoFlags, virDomainBlockJobSetSpeedFlags,
 * virDomainBlockResizeFlags */
enum { BLOCK_JOB_ABORT_ASYNC = 1 << 0, BLOCK_JOB_ABORT_PIVOT = 1 << 1 };
enum { BLOCK_JOB_INFO_BANDWIDTH_BYTES = 1 << 0 };
enum { BLOCK_JOB_SPEED_BANDWIDTH_BYTES = 1 << 0 };
enum { BLOCK_RESIZE_BYTES = 1 << 0 };

/* virDomainBlockJobType, virConnectDomainEventBlockJobStatus */
enum {
        BLOCK_JOB_TYPE_UNKNOWN,
        BLOCK_JOB_TYPE_PULL,
        BLOCK_JOB_TYPE_COPY,
        BLOCK_JOB_TYPE_COMMIT,
        BLOCK_JOB_TYPE_ACTIVE_COMMIT,
        BLOCK_JOB_TYPE_BACKUP,
};
enum { BLOCK_JOB_COMPLETED, BLOCK_JOB_FAILED, BLOCK_JOB_CANCELED, BLOCK_JOB_READY };

/* virDomainGetJobStatsFlags */
enum { JOB_STATS_COMPLETED = 1 << 0, JOB_STATS_KEEP_COMPLETED = 1 << 1 };

/* virDomainMigrateFlags */
enum {
        MIGRATE_LIVE = 1 << 0,
        MIGRATE_PEER2PEER = 1 << 1,
        MIGRATE_TUNNELLED = 1 << 2,
        MIGRATE_PERSIST_DEST = 1 << 3,
        MIGRATE_UNDEFINE_SOURCE = 1 << 4,
        MIGRATE_PAUSED = 1 << 5,
        MIGRATE_NON_SHARED_DISK = 1 << 6,
        MIGRATE_NON_SHARED_INC = 1 << 7,
        MIGRATE_CHANGE_PROTECTION = 1 << 8,
        MIGRATE_UNSAFE = 1 << 9,
        MIGRATE_OFFLINE = 1 << 10,
        MIGRATE_COMPRESSED = 1 << 11,
        MIGRATE_ABORT_ON_ERROR = 1 << 12,
        MIGRATE_AUTO_CONVERGE = 1 << 13,
        MIGRATE_RDMA_PIN_ALL = 1 << 14,
        MIGRATE_POSTCOPY = 1 << 15,
        MIGRATE_TLS = 1 << 16,
        MIGRATE_PARALLEL = 1 << 17,
        MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES = 1 << 18,
        MIGRATE_POSTCOPY_RESUME = 1 << 19,
        MIGRATE_ZEROCOPY = 1 << 20,
};

/* virDomainMigrateMaxSpeedFlags */
enum { MIGRATE_MAX_SPEED_POSTCOPY = 1 << 0 };

/* virDomainGetHostnameFlags */
enum { GET_HOSTNAME_LEASE = 1 << 0, GET_HOSTNAME_AGENT = 1 << 1 };

/* virConnectCompareCPUFlags, virConnectBaselineCPUFlags */
enum { COMPARE_CPU_FAIL_INCOMPATIBLE = 1 << 0, COMPARE_CPU_VALIDATE_XML = 1 << 1 };
enum { BASELINE_CPU_EXPAND_FEATURES = 1 << 0, BASELINE_CPU_MIGRATABLE = 1 << 1 };
