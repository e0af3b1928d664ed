/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Domain: its rows. */
#include "conf/api-snapshot.h"
#include "objects/domain.h"
#include "objects/kinds.h"

#define LIFECYCLE(op) { true, offsetof(Driver, lifecycle), offsetof(DomainLifecycle, op) }
#define DEFINITIONS(op) { true, offsetof(Driver, definitions), offsetof(DomainDefinitions, op) }
#define ACCESS(op) { true, offsetof(Driver, access), offsetof(DomainAccess, op) }
#define SNAPSHOTS(op) { true, offsetof(Driver, snapshots), offsetof(SnapshotOps, op) }

/* The flags that each API knows; whether the driver can is the operation's business. */
enum {
        AFFECT = DOMAIN_AFFECT_LIVE | DOMAIN_AFFECT_CONFIG,
        START = DOMAIN_START_PAUSED | DOMAIN_START_AUTODESTROY | DOMAIN_START_BYPASS_CACHE |
                DOMAIN_START_FORCE_BOOT | DOMAIN_START_VALIDATE | DOMAIN_START_RESET_NVRAM,
        DESTROY = DOMAIN_DESTROY_GRACEFUL | DOMAIN_DESTROY_REMOVE_LOGS,
        SHUTDOWN = DOMAIN_SHUTDOWN_ACPI_POWER_BTN | DOMAIN_SHUTDOWN_GUEST_AGENT |
                   DOMAIN_SHUTDOWN_INITCTL | DOMAIN_SHUTDOWN_SIGNAL | DOMAIN_SHUTDOWN_PARAVIRT,
        UNDEFINE = DOMAIN_UNDEFINE_MANAGED_SAVE | DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                   DOMAIN_UNDEFINE_NVRAM | DOMAIN_UNDEFINE_KEEP_NVRAM |
                   DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | DOMAIN_UNDEFINE_TPM |
                   DOMAIN_UNDEFINE_KEEP_TPM,
        CREATE_SNAPSHOT = DOMAIN_SNAPSHOT_CREATE_VALIDATE * 2 - 1, /* all bits up to it */
        XML = DOMAIN_XML_SECURE | DOMAIN_XML_INACTIVE | DOMAIN_XML_UPDATE_CPU |
              DOMAIN_XML_MIGRATABLE,
};

/* Changing a device or a limit; also the persistent definition, unless only the live one is
 * meant. */
#define WRITE_AND_SAVE_LIST                                                                       \
        { "domain:write" }, { "domain:save", WITH_NONE, AFFECT },                                 \
        { "domain:save", WITH_ANY, DOMAIN_AFFECT_CONFIG }
#define WRITE_AND_SAVE NEEDS(WRITE_AND_SAVE_LIST)

#define READ_XML                                                                                  \
        NEEDS({ "domain:read" },                                                                  \
              { "domain:read_secure", WITH_ANY, DOMAIN_XML_SECURE | DOMAIN_XML_MIGRATABLE })

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "AbortJob", "", "", "", "virDomainAbortJob", MAY("domain:write") },
        { "AddIOThread", "uu", "", "iothreadId\0flags\0", "virDomainAddIOThread", WRITE_AND_SAVE },
        { "AttachDevice", "su", "", "xml\0flags\0", "virDomainAttachDeviceFlags", WRITE_AND_SAVE },
        { "BlockCommit", "ssstu", "", "disk\0base\0top\0bandwidth\0flags\0", "virDomainBlockCommit",
          MAY("domain:block_write") },
        { "BlockCopy", "ssa{sv}u", "", "disk\0destxml\0params\0flags\0", "virDomainBlockCopy",
          MAY("domain:block_write") },
        { "BlockJobAbort", "su", "", "disk\0flags\0", "virDomainBlockJobAbort",
          MAY("domain:write") },
        { "BlockPeek", "sttu", "ay", "disk\0offset\0size\0flags\0buffer\0", "virDomainBlockPeek",
          MAY("domain:block_read") },
        { "BlockPull", "stu", "", "disk\0bandwidth\0flags\0", "virDomainBlockPull",
          MAY("domain:block_write") },
        { "BlockRebase", "sstu", "", "disk\0base\0bandwidth\0flags\0", "virDomainBlockRebase",
          MAY("domain:block_write") },
        { "BlockResize", "stu", "", "disk\0size\0flags\0", "virDomainBlockResize",
          MAY("domain:block_write") },
        { "BlockJobSetSpeed", "stu", "", "disk\0bandwidth\0flags\0", "virDomainBlockJobSetSpeed",
          MAY("domain:write") },
        { "CoreDump", "suu", "", "to\0dumpformat\0flags\0", "virDomainCoreDumpWithFormat",
          MAY("domain:core_dump") },
        { "Create", "u", "", "flags\0", "virDomainCreateWithFlags", MAY("domain:start"),
          LIFECYCLE(start), START, domain_call_flags, CHANGES | STARTS },
        { "CreateWithFiles", "ahu", "", "files\0flags\0", "virDomainCreateWithFiles",
          MAY("domain:start") },
        { "DelIOThread", "uu", "", "iothreadId\0flags\0", "virDomainDelIOThread", WRITE_AND_SAVE },
        { "Destroy", "u", "", "flags\0", "virDomainDestroyFlags", MAY("domain:stop"),
          LIFECYCLE(destroy), DESTROY, domain_call_flags },
        { "DetachDevice", "su", "", "xml\0flags\0", "virDomainDetachDeviceFlags", WRITE_AND_SAVE },
        { "FSFreeze", "asu", "u", "mountpoints\0flags\0frozenFilesystems\0", "virDomainFSFreeze",
          MAY("domain:fs_freeze") },
        { "FSThaw", "asu", "u", "mountpoints\0flags\0thawedFilesystems\0", "virDomainFSThaw",
          MAY("domain:fs_freeze") },
        { "FSTrim", "stu", "", "mountpoint\0minimum\0flags\0", "virDomainFSTrim",
          MAY("domain:fs_trim") },
        { "GetBlockIOParameters", "u", "a{sv}", "flags\0BlkioParameters\0",
          "virDomainGetBlkioParameters", MAY("domain:read") },
        { "GetBlockIOTune", "su", "a{sv}", "disk\0flags\0blockIOTune\0", "virDomainGetBlockIoTune",
          MAY("domain:read") },
        { "GetBlockJobInfo", "su", "(ittt)", "disk\0flags\0blockJobInfo\0",
          "virDomainGetBlockJobInfo", MAY("domain:read") },
        { "GetControlInfo", "u", "(uut)", "flags\0controlInfo\0", "virDomainGetControlInfo",
          MAY("domain:read") },
        { "GetDiskErrors", "u", "a(si)", "flags\0diskErrors\0", "virDomainGetDiskErrors",
          MAY("domain:read") },
        { "GetEmulatorPinInfo", "u", "ab", "flags\0cpumap\0", "virDomainGetEmulatorPinInfo",
          MAY("domain:read") },
        { "GetFSInfo", "u", "a(sssas)", "flags\0fsInfo\0", "virDomainGetFSInfo",
          MAY("domain:fs_freeze") },
        { "GetGuestVcpus", "u", "a{sv}", "flags\0vcpus\0", "virDomainGetGuestVcpus",
          MAY("domain:write") },
        { "GetHostname", "u", "s", "flags\0hostname\0", "virDomainGetHostname",
          MAY("domain:write") },
        { "GetInterfaceParameters", "su", "a{sv}", "device\0flags\0interfaceParameters\0",
          "virDomainGetInterfaceParameters", MAY("domain:read") },
        { "GetIOThreadInfo", "u", "a(uab)", "flags\0ioThreadInfo\0", "virDomainGetIOThreadInfo",
          MAY("domain:read") },
        { "GetJobInfo", "", "(ittttttttttt)", "jobInfo\0", "virDomainGetJobInfo",
          MAY("domain:read") },
        { "GetJobStats", "u", "(ia{sv})", "flags\0stats\0", "virDomainGetJobStats",
          MAY("domain:read") },
        { "GetMemoryParameters", "u", "a{sv}", "flags\0memoryParameters\0",
          "virDomainGetMemoryParameters", MAY("domain:read") },
        { "GetMetadata", "isu", "s", "type\0uri\0flags\0metadata\0", "virDomainGetMetadata",
          MAY("domain:read"), NO_OP, AFFECT, domain_get_metadata },
        { "GetNumaParameters", "u", "a{sv}", "flags\0numaParameters\0",
          "virDomainGetNumaParameters", MAY("domain:read") },
        { "GetPerfEvents", "u", "a{sv}", "flags\0perfEvents\0", "virDomainGetPerfEvents",
          MAY("domain:read") },
        { "GetSchedulerParameters", "u", "a{sv}", "flags\0SchedulerParameters\0",
          "virDomainGetSchedulerParametersFlags", MAY("domain:read") },
        { "GetSecurityLabelList", "", "a(sb)", "securityLabels\0", "virDomainGetSecurityLabelList",
          MAY("domain:read") },
        { "GetState", "u", "(ii)", "flags\0state\0", "virDomainGetState", MAY("domain:read"), NO_OP,
          0, domain_get_state },
        { "GetStats", "uu", "a{sv}", "stats\0flags\0records\0", "virDomainListGetStats",
          MAY("domain:read") },
        { "GetTime", "u", "(tu)", "flags\0time\0", "virDomainGetTime", MAY("domain:write") },
        { "GetVcpuPinInfo", "u", "aab", "flags\0vcpuPinInfo\0", "virDomainGetVcpuPinInfo",
          MAY("domain:read") },
        { "GetVcpus", "u", "u", "flags\0vcpus\0", "virDomainGetVcpusFlags",
          NEEDS({ "domain:read" }, { "domain:write", WITH_ANY, DOMAIN_VCPU_GUEST }) },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virDomainGetXMLDesc",
          READ_XML,
          NO_OP, XML, domain_get_xml },
        { "HasManagedSaveImage", "u", "b", "flags\0managedSaveImage\0",
          "virDomainHasManagedSaveImage", MAY("domain:read") },
        { "InjectNMI", "u", "", "flags\0", "virDomainInjectNMI", MAY("domain:inject_nmi") },
        { "InterfaceAddresses", "uu", "a(ssa(isu))", "source\0flags\0ifaces\0",
          "virDomainInterfaceAddresses",
          NEEDS({ "domain:read" },
                { "domain:write", WITH_VALUE, DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, "source" }) },
        { "ListDomainSnapshots", "u", "ao", "flags\0domainSnapshots\0", "virDomainListAllSnapshots",
          MAY("domain:read"), NO_OP, SNAPSHOT_LIST_ALL, domain_list_snapshots },
        { "ManagedSave", "u", "", "flags\0", "virDomainManagedSave", MAY("domain:hibernate") },
        { "ManagedSaveRemove", "u", "", "flags\0", "virDomainManagedSaveRemove",
          MAY("domain:hibernate") },
        { "MemoryPeek", "ttu", "ay", "offset\0size\0flags\0buffer\0", "virDomainMemoryPeek",
          MAY("domain:mem_read") },
        { "MemoryStats", "u", "a{it}", "flags\0stats\0", "virDomainMemoryStats",
          MAY("domain:read") },
        { "MigrateGetCompressionCache", "u", "t", "flags\0cacheSize\0",
          "virDomainMigrateGetCompressionCache", MAY("domain:migrate") },
        { "MigrateGetMaxSpeed", "u", "t", "flags\0bandwidth\0", "virDomainMigrateGetMaxSpeed",
          MAY("domain:migrate") },
        { "MigrateSetCompressionCache", "tu", "", "cacheSize\0flags\0",
          "virDomainMigrateSetCompressionCache", MAY("domain:migrate") },
        { "MigrateSetMaxDowntime", "tu", "", "downtime\0flags\0", "virDomainMigrateSetMaxDowntime",
          MAY("domain:migrate") },
        { "MigrateSetMaxSpeed", "tu", "", "bandwidth\0flags\0", "virDomainMigrateSetMaxSpeed",
          MAY("domain:migrate") },
        { "MigrateStartPostCopy", "u", "", "flags\0", "virDomainMigrateStartPostCopy",
          MAY("domain:migrate") },
        { "MigrateToURI3", "sa{sv}u", "", "dconuri\0params\0flags\0", "virDomainMigrateToURI3",
          MAY("domain:migrate") },
        { "OpenGraphicsFD", "uu", "h", "idx\0flags\0fd\0", "virDomainOpenGraphicsFD",
          MAY("domain:open_graphics"), ACCESS(open_graphics), DOMAIN_OPEN_GRAPHICS_SKIPAUTH,
          domain_open_graphics },
        { "PinEmulator", "abu", "", "cpumap\0flags\0", "virDomainPinEmulator", WRITE_AND_SAVE },
        { "PinIOThread", "uabu", "", "iothreadId\0cpumap\0flags\0", "virDomainPinIOThread",
          WRITE_AND_SAVE },
        { "PinVcpu", "uabu", "", "vcpu\0cpumap\0flags\0", "virDomainPinVcpuFlags", WRITE_AND_SAVE },
        { "PMWakeup", "u", "", "flags\0", "virDomainPMWakeup", MAY("domain:pm_control") },
        { "Reboot", "u", "", "flags\0", "virDomainReboot",
          NEEDS({ "domain:init_control" },
                { "domain:write", WITH_ANY, DOMAIN_SHUTDOWN_GUEST_AGENT }),
          LIFECYCLE(reboot), SHUTDOWN, domain_call_flags, CHANGES },
        { "Rename", "su", "", "name\0flags\0", "virDomainRename",
          NEEDS({ "domain:write" }, { "domain:save" }), DEFINITIONS(rename), 0, domain_call_rename,
          CHANGES },
        { "Reset", "u", "", "flags\0", "virDomainReset", MAY("domain:reset"), LIFECYCLE(reset), 0,
          domain_call_flags, CHANGES },
        { "Resume", "", "", "", "virDomainResume", MAY("domain:suspend"), LIFECYCLE(resume), 0,
          domain_call_plain, CHANGES },
        { "Save", "ssu", "", "to\0xml\0flags\0", "virDomainSaveFlags", MAY("domain:hibernate") },
        { "SendKey", "uuauu", "", "codeset\0holdtime\0keycodes\0flags\0", "virDomainSendKey",
          MAY("domain:send_input") },
        { "SendProcessSignal", "xuu", "", "pidValue\0sigNum\0flags\0", "virDomainSendProcessSignal",
          MAY("domain:send_signal") },
        { "SetBlockIOParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetBlkioParameters",
          WRITE_AND_SAVE },
        { "SetBlockIOTune", "sa{sv}u", "", "disk\0params\0flags\0", "virDomainSetBlockIoTune",
          WRITE_AND_SAVE },
        { "SetBlockThreshold", "stu", "", "dev\0threshold\0flags\0", "virDomainSetBlockThreshold",
          MAY("domain:write") },
        { "SetGuestVcpus", "abiu", "", "vcpumap\0state\0flags\0", "virDomainSetGuestVcpus",
          MAY("domain:write") },
        { "SetInterfaceParameters", "sa{sv}u", "", "device\0params\0flags\0",
          "virDomainSetInterfaceParameters", WRITE_AND_SAVE },
        { "SetMemory", "tu", "", "memory\0flags\0", "virDomainSetMemoryFlags", WRITE_AND_SAVE },
        { "SetMemoryParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetMemoryParameters",
          WRITE_AND_SAVE },
        { "SetMemoryStatsPeriod", "iu", "", "period\0flags\0", "virDomainSetMemoryStatsPeriod",
          WRITE_AND_SAVE },
        { "SetMetadata", "isssu", "", "type\0metadata\0key\0uri\0flags\0", "virDomainSetMetadata",
          WRITE_AND_SAVE },
        { "SetNumaParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetNumaParameters",
          WRITE_AND_SAVE },
        { "SetPerfEvents", "a{sv}u", "", "params\0flags\0", "virDomainSetPerfEvents",
          MAY("domain:write") },
        { "SetSchedulerParameters", "a{sv}u", "", "params\0flags\0",
          "virDomainSetSchedulerParametersFlags", WRITE_AND_SAVE },
        { "SetUserPassword", "ssu", "", "user\0password\0flags\0", "virDomainSetUserPassword",
          MAY("domain:set_password") },
        { "SetTime", "tuu", "", "seconds\0nseconds\0flags\0", "virDomainSetTime",
          MAY("domain:set_time") },
        { "SetVcpus", "uu", "", "vcpus\0flags\0", "virDomainSetVcpusFlags",
          NEEDS(WRITE_AND_SAVE_LIST,
                { "domain:write", WITH_ANY, DOMAIN_VCPU_GUEST }) },
        { "Shutdown", "u", "", "flags\0", "virDomainShutdownFlags",
          NEEDS({ "domain:init_control" },
                { "domain:write", WITH_ANY, DOMAIN_SHUTDOWN_GUEST_AGENT }),
          LIFECYCLE(shutdown), SHUTDOWN, domain_call_flags, CHANGES },
        { "SnapshotCurrent", "u", "o", "flags\0domainSnapshot\0", "virDomainSnapshotCurrent",
          MAY("domain:read"), NO_OP, 0, domain_current_snapshot },
        { "SnapshotCreateXML", "su", "o", "xml\0flags\0domainSnapshot\0",
          "virDomainSnapshotCreateXML",
          NEEDS({ "domain:snapshot" },
                { "domain:fs_freeze", WITH_ANY, DOMAIN_SNAPSHOT_CREATE_QUIESCE }),
          SNAPSHOTS(create), CREATE_SNAPSHOT, domain_create_snapshot, CHANGES },
        { "SnapshotLookupByName", "su", "o", "name\0flags\0domainSnapshot\0",
          "virDomainSnapshotLookupByName", MAY("domain:read"), NO_OP, 0,
          domain_snapshot_by_name },
        { "Suspend", "", "", "", "virDomainSuspend", MAY("domain:suspend"), LIFECYCLE(suspend), 0,
          domain_call_plain, CHANGES },
        { "Undefine", "u", "", "flags\0", "virDomainUndefineFlags", MAY("domain:delete"),
          DEFINITIONS(undefine), UNDEFINE, domain_call_flags, CHANGES },
        { "UpdateDevice", "su", "", "xml\0flags\0", "virDomainUpdateDeviceFlags", WRITE_AND_SAVE },
        {}
};
/* clang-format on */

static int get_active(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", domain_is_active(object_domain(object)));
}

static int get_autostart(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", object_domain(object)->autostart);
}

static int set_autostart(const Object *object, sd_bus_message *value, Error *error) {
        int autostart, r = sd_bus_message_read(value, "b", &autostart);

        return r < 0 ? r : domain_set_autostart(object_domain(object), autostart, error);
}

static int get_id(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "u", domain_shown_id(object_domain(object)));
}

static int get_name(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", object->resource->name);
}

static int get_os_type(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", object_domain(object)->os_type ?: "");
}

static int get_persistent(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", domain_is_persistent(object_domain(object)));
}

/* As libvirt answers where a guest's share of the CPU can't be set: no scheduler, no parameters. */
static int get_scheduler_type(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "(si)", "", 0);
}

static int get_updated(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", object_domain(object)->updated);
}

static int get_uuid(const Object *object, sd_bus_message *reply) {
        char text[UUID_TEXT_MAX];

        return sd_bus_message_append(reply, "s", uuid_format(object->resource->uuid, text));
}

/* clang-format off */
static const Property properties[] = {
        { "Active",        "b",    MAY("domain:read"),    get_active,     PROPERTY_ACTIVE },
        { "Autostart",     "b",    MAY("domain:read"),    get_autostart,  PROPERTY_AUTOSTART,
          .set = set_autostart, .set_permissions = MAY("domain:write") },
        { "Id",            "u",    MAY("domain:getattr"), get_id,         PROPERTY_ID },
        { "Name",          "s",    MAY("domain:getattr"), get_name,       PROPERTY_NAME },
        { "OSType",        "s",    MAY("domain:read"),    get_os_type },
        { "Persistent",    "b",    MAY("domain:read"),    get_persistent, PROPERTY_PERSISTENT },
        { "SchedulerType", "(si)", MAY("domain:read"),    get_scheduler_type },
        { "Updated",       "b",    MAY("domain:read"),    get_updated,    PROPERTY_UPDATED },
        { "UUID",          "s",    MAY("domain:getattr"), get_uuid,       .constant = true },
        {}
};

static const Signal signals[] = {
        /* name, signature, arguments [, event, how it is filled] */
        { "AgentEvent", "ii", "state\0reason\0", EVENT_AGENT, fill_type_detail },
        { "BalloonChange", "t", "actual\0", EVENT_BALLOON, fill_size },
        { "BlockJob", "sii", "disk\0type\0status\0" },
        { "ControlError", "", "", EVENT_CONTROL_ERROR, fill_nothing },
        { "DeviceAdded", "s", "device\0", EVENT_DEVICE_ADDED, fill_alias },
        { "DeviceRemovalFailed", "s", "device\0", EVENT_DEVICE_REMOVAL_FAILED, fill_alias },
        { "DeviceRemoved", "s", "device\0", EVENT_DEVICE_REMOVED, fill_alias },
        { "DiskChange", "sssi", "oldSrcPath\0newSrcPath\0device\0reason\0" },
        { "Graphics", "i(iss)(iss)sa(ss)", "phase\0local\0remote\0authScheme\0identities\0",
          EVENT_GRAPHICS, fill_graphics },
        { "IOError", "ssis", "srcPath\0device\0action\0reason\0", EVENT_IO_ERROR, fill_io_error },
        { "JobCompleted", "a{sv}", "params\0" },
        { "MetadataChange", "is", "type\0nsuri\0", EVENT_METADATA, fill_type_text },
        { "MigrationIteration", "i", "iteration\0" },
        { "PMSuspend", "i", "reason\0", EVENT_PM_SUSPEND, fill_detail },
        { "PMSuspendDisk", "i", "reason\0", EVENT_PM_SUSPEND_DISK, fill_detail },
        { "PMWakeup", "i", "reason\0", EVENT_PM_WAKEUP, fill_detail },
        { "Reboot", "", "", EVENT_REBOOT, fill_nothing },
        { "RTCChange", "x", "utcoffset\0", EVENT_RTC_CHANGE, fill_offset },
        { "TrayChange", "si", "device\0reason\0", EVENT_TRAY, fill_alias_type },
        { "Tunable", "a{sv}", "params\0" },
        { "Watchdog", "i", "action\0", EVENT_WATCHDOG, fill_type },
        { "BlockThreshold", "sstt", "device\0devPath\0threshold\0excess\0" },
        {}
};
/* clang-format on */

const Interface domain_interface = {
        .name = "org.libvirt.Domain",
        .methods = methods,
        .properties = properties,
        .signals = signals,
        .nested = true,
};
