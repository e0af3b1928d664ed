/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's public API that go over the wire: flags, states, events. The names are
 * libvirt's without VIR_; the comment above each group says which enum it is. */
#pragma once

#include "conf/macro.h"

/* virDomainState */
typedef enum DomainState {
        DOMAIN_NOSTATE,
        DOMAIN_RUNNING,
        DOMAIN_BLOCKED,
        DOMAIN_PAUSED,
        DOMAIN_SHUTDOWN, /* being shut down */
        DOMAIN_SHUTOFF,
        DOMAIN_CRASHED,
        DOMAIN_PMSUSPENDED,
        _DOMAIN_STATE_MAX,
} DomainState;

/* virDomainRunningReason */
enum {
        DOMAIN_RUNNING_UNKNOWN,
        DOMAIN_RUNNING_BOOTED,
        DOMAIN_RUNNING_MIGRATED,
        DOMAIN_RUNNING_RESTORED,
        DOMAIN_RUNNING_FROM_SNAPSHOT,
        DOMAIN_RUNNING_UNPAUSED,
        DOMAIN_RUNNING_MIGRATION_CANCELED,
        DOMAIN_RUNNING_SAVE_CANCELED,
        DOMAIN_RUNNING_WAKEUP,
        DOMAIN_RUNNING_CRASHED,
        DOMAIN_RUNNING_POSTCOPY,
};

/* virDomainPausedReason */
enum {
        DOMAIN_PAUSED_UNKNOWN,
        DOMAIN_PAUSED_USER,
        DOMAIN_PAUSED_MIGRATION,
        DOMAIN_PAUSED_SAVE,
        DOMAIN_PAUSED_DUMP,
        DOMAIN_PAUSED_IOERROR,
        DOMAIN_PAUSED_WATCHDOG,
        DOMAIN_PAUSED_FROM_SNAPSHOT,
        DOMAIN_PAUSED_SHUTTING_DOWN,
        DOMAIN_PAUSED_SNAPSHOT,
        DOMAIN_PAUSED_CRASHED,
        DOMAIN_PAUSED_STARTING_UP,
};

/* virDomainShutdownReason */
enum { DOMAIN_SHUTDOWN_UNKNOWN, DOMAIN_SHUTDOWN_USER };

/* virDomainShutoffReason */
enum {
        DOMAIN_SHUTOFF_UNKNOWN,
        DOMAIN_SHUTOFF_SHUTDOWN,
        DOMAIN_SHUTOFF_DESTROYED,
        DOMAIN_SHUTOFF_CRASHED,
        DOMAIN_SHUTOFF_MIGRATED,
        DOMAIN_SHUTOFF_SAVED,
        DOMAIN_SHUTOFF_FAILED,
        DOMAIN_SHUTOFF_FROM_SNAPSHOT,
        DOMAIN_SHUTOFF_DAEMON,
};

/* virDomainCrashedReason, virDomainPMSuspendedReason */
enum { DOMAIN_CRASHED_UNKNOWN, DOMAIN_CRASHED_PANICKED };
enum { DOMAIN_PMSUSPENDED_UNKNOWN };

/* virDomainEventType */
typedef enum DomainEventType {
        DOMAIN_EVENT_DEFINED,
        DOMAIN_EVENT_UNDEFINED,
        DOMAIN_EVENT_STARTED,
        DOMAIN_EVENT_SUSPENDED,
        DOMAIN_EVENT_RESUMED,
        DOMAIN_EVENT_STOPPED,
        DOMAIN_EVENT_SHUTDOWN,
        DOMAIN_EVENT_PMSUSPENDED,
        DOMAIN_EVENT_CRASHED,
} DomainEventType;

/* virDomainEventDefinedDetailType ... virDomainEventCrashedDetailType */
enum { DEFINED_ADDED, DEFINED_UPDATED, DEFINED_RENAMED, DEFINED_FROM_SNAPSHOT };
enum { UNDEFINED_REMOVED, UNDEFINED_RENAMED };
enum { STARTED_BOOTED, STARTED_MIGRATED, STARTED_RESTORED, STARTED_FROM_SNAPSHOT, STARTED_WAKEUP };
enum {
        SUSPENDED_PAUSED,
        SUSPENDED_MIGRATED,
        SUSPENDED_IOERROR,
        SUSPENDED_WATCHDOG,
        SUSPENDED_RESTORED,
        SUSPENDED_FROM_SNAPSHOT,
        SUSPENDED_API_ERROR,
};
enum { RESUMED_UNPAUSED, RESUMED_MIGRATED, RESUMED_FROM_SNAPSHOT };
enum {
        STOPPED_SHUTDOWN,
        STOPPED_DESTROYED,
        STOPPED_CRASHED,
        STOPPED_MIGRATED,
        STOPPED_SAVED,
        STOPPED_FAILED,
        STOPPED_FROM_SNAPSHOT,
};
enum { SHUTDOWN_FINISHED, SHUTDOWN_GUEST, SHUTDOWN_HOST };
enum { PMSUSPENDED_MEMORY, PMSUSPENDED_DISK };
enum { CRASHED_PANICKED, CRASHED_CRASHLOADED };

/* virDomainXMLFlags */
enum {
        DOMAIN_XML_SECURE = 1 << 0,
        DOMAIN_XML_INACTIVE = 1 << 1,
        DOMAIN_XML_UPDATE_CPU = 1 << 2,
        DOMAIN_XML_MIGRATABLE = 1 << 3,
};

/* virDomainCreateFlags */
enum {
        DOMAIN_START_PAUSED = 1 << 0,
        DOMAIN_START_AUTODESTROY = 1 << 1,
        DOMAIN_START_BYPASS_CACHE = 1 << 2,
        DOMAIN_START_FORCE_BOOT = 1 << 3,
        DOMAIN_START_VALIDATE = 1 << 4,
        DOMAIN_START_RESET_NVRAM = 1 << 5,
};

/* virDomainDefineFlags */
enum { DOMAIN_DEFINE_VALIDATE = 1 << 0 };

/* virDomainUndefineFlagsValues */
enum {
        DOMAIN_UNDEFINE_MANAGED_SAVE = 1 << 0,
        DOMAIN_UNDEFINE_SNAPSHOTS_METADATA = 1 << 1,
        DOMAIN_UNDEFINE_NVRAM = 1 << 2,
        DOMAIN_UNDEFINE_KEEP_NVRAM = 1 << 3,
        DOMAIN_UNDEFINE_CHECKPOINTS_METADATA = 1 << 4,
        DOMAIN_UNDEFINE_TPM = 1 << 5,
        DOMAIN_UNDEFINE_KEEP_TPM = 1 << 6,
};

/* virDomainDestroyFlagsValues */
enum { DOMAIN_DESTROY_GRACEFUL = 1 << 0, DOMAIN_DESTROY_REMOVE_LOGS = 1 << 1 };

/* virDomainShutdownFlagValues; virDomainRebootFlagValues has the same numbers */
enum {
        DOMAIN_SHUTDOWN_ACPI_POWER_BTN = 1 << 0,
        DOMAIN_SHUTDOWN_GUEST_AGENT = 1 << 1,
        DOMAIN_SHUTDOWN_INITCTL = 1 << 2,
        DOMAIN_SHUTDOWN_SIGNAL = 1 << 3,
        DOMAIN_SHUTDOWN_PARAVIRT = 1 << 4,
};

/* virDomainModificationImpact */
enum { DOMAIN_AFFECT_CURRENT = 0, DOMAIN_AFFECT_LIVE = 1 << 0, DOMAIN_AFFECT_CONFIG = 1 << 1 };

/* virConnectListAllDomainsFlags: groups of bits; a domain must match one bit of every group that is
 * not empty */
enum {
        LIST_DOMAINS_ACTIVE = 1 << 0,
        LIST_DOMAINS_INACTIVE = 1 << 1,
        LIST_DOMAINS_PERSISTENT = 1 << 2,
        LIST_DOMAINS_TRANSIENT = 1 << 3,
        LIST_DOMAINS_RUNNING = 1 << 4,
        LIST_DOMAINS_PAUSED = 1 << 5,
        LIST_DOMAINS_SHUTOFF = 1 << 6,
        LIST_DOMAINS_OTHER = 1 << 7,
        LIST_DOMAINS_MANAGEDSAVE = 1 << 8,
        LIST_DOMAINS_NO_MANAGEDSAVE = 1 << 9,
        LIST_DOMAINS_AUTOSTART = 1 << 10,
        LIST_DOMAINS_NO_AUTOSTART = 1 << 11,
        LIST_DOMAINS_HAS_SNAPSHOT = 1 << 12,
        LIST_DOMAINS_NO_SNAPSHOT = 1 << 13,
        LIST_DOMAINS_HAS_CHECKPOINT = 1 << 14,
        LIST_DOMAINS_NO_CHECKPOINT = 1 << 15,
};

/* virDomainOpenGraphicsFlags */
enum { DOMAIN_OPEN_GRAPHICS_SKIPAUTH = 1 << 0 };

/* virDomainConsoleFlags */
enum { DOMAIN_CONSOLE_FORCE = 1 << 0, DOMAIN_CONSOLE_SAFE = 1 << 1 };

/* virDomainMetadataType */
typedef enum DomainMetadataType {
        DOMAIN_METADATA_DESCRIPTION,
        DOMAIN_METADATA_TITLE,
        DOMAIN_METADATA_ELEMENT,
} DomainMetadataType;

/* virDomainVcpuFlags, virDomainSnapshotCreateFlags, virDomainInterfaceAddressesSource: the ones
 * that permissions depend on */
enum { DOMAIN_VCPU_GUEST = 1 << 3 };
enum { DOMAIN_SNAPSHOT_CREATE_QUIESCE = 1 << 6 };
enum { DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT = 1 };

/* virNetworkXMLFlags, virInterfaceXMLFlags, virStorageXMLFlags: one bit, one meaning */
enum { XML_INACTIVE = 1 << 0 };

/* vir{Network,StoragePool,Interface,NWFilter,Secret}DefineFlags, virNodeDeviceCreateXMLFlags */
enum { DEFINE_VALIDATE = 1 << 0 };

/* virNetworkUpdateFlags; neither: what is in force */
enum { NETWORK_UPDATE_AFFECT_LIVE = 1 << 0, NETWORK_UPDATE_AFFECT_CONFIG = 1 << 1 };

/* virStoragePoolCreateFlags */
enum {
        POOL_CREATE_WITH_BUILD = 1 << 0,
        POOL_CREATE_WITH_BUILD_OVERWRITE = 1 << 1,
        POOL_CREATE_WITH_BUILD_NO_OVERWRITE = 1 << 2,
};

/* virStoragePoolBuildFlags */
enum {
        POOL_BUILD_REPAIR = 1 << 0,
        POOL_BUILD_RESIZE = 1 << 1,
        POOL_BUILD_NO_OVERWRITE = 1 << 2,
        POOL_BUILD_OVERWRITE = 1 << 3,
};

/* virStorageVolCreateFlags, virStorageVolResizeFlags, virStorageVolInfoFlags */
enum {
        VOLUME_CREATE_PREALLOC_METADATA = 1 << 0,
        VOLUME_CREATE_REFLINK = 1 << 1,
        VOLUME_CREATE_VALIDATE = 1 << 2,
};
enum {
        VOLUME_RESIZE_ALLOCATE = 1 << 0,
        VOLUME_RESIZE_DELTA = 1 << 1,
        VOLUME_RESIZE_SHRINK = 1 << 2,
};
enum { VOLUME_GET_PHYSICAL = 1 << 0 };
enum { VOLUME_WIPE_ALGORITHMS = 10 }; /* virStorageVolWipeAlgorithm: 0 to 9 */
