/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Domain: its rows. */
#include "conf/api-snapshot.h"
#include "objects/domain.h"
#include "objects/kinds.h"

#define OPERATION(group, type, op) { true, offsetof(Driver, group), offsetof(type, op) }
#define ACCESS(op) OPERATION(access, DomainAccess, op)
#define AGENT(op) OPERATION(agent, DomainAgent, op)
#define BLOCKS(op) OPERATION(blocks, DomainBlocks, op)
#define CONTROL(op) OPERATION(control, DomainControl, op)
#define DEFINITIONS(op) OPERATION(definitions, DomainDefinitions, op)
#define DEVICES(op) OPERATION(devices, DomainDevices, op)
#define LIFECYCLE(op) OPERATION(lifecycle, DomainLifecycle, op)
#define MIGRATION(op) OPERATION(migration, DomainMigration, op)
#define PROCESSORS(op) OPERATION(processors, DomainProcessors, op)
#define SAVING(op) OPERATION(saving, DomainSaving, op)
#define SNAPSHOTS(op) OPERATION(snapshots, SnapshotOps, op)
#define STATISTICS(op) OPERATION(statistics, DomainStatistics, op)
#define TUNING(op) OPERATION(tuning, DomainTuning, op)

/* The flags that each API knows; whether the driver can is the operation's business. */
enum {
        AFFECT = DOMAIN_AFFECT_LIVE | DOMAIN_AFFECT_CONFIG,
        GET = AFFECT | TYPED_PARAM_STRING_OKAY,
        START = DOMAIN_START_RESET_NVRAM * 2 - 1, /* all bits up to the last, as below */
        DESTROY = DOMAIN_DESTROY_GRACEFUL | DOMAIN_DESTROY_REMOVE_LOGS,
        SHUTDOWN = DOMAIN_SHUTDOWN_PARAVIRT * 2 - 1,
        UNDEFINE = DOMAIN_UNDEFINE_KEEP_TPM * 2 - 1,
        XML = DOMAIN_XML_MIGRATABLE * 2 - 1,
        COMMIT = BLOCK_COMMIT_BANDWIDTH_BYTES * 2 - 1,
        COPY = BLOCK_COPY_SYNCHRONOUS_WRITES * 2 - 1,
        REBASE = BLOCK_REBASE_BANDWIDTH_BYTES * 2 - 1,
        DUMP = DUMP_MEMORY_ONLY * 2 - 1,
        HOSTNAME = GET_HOSTNAME_LEASE | GET_HOSTNAME_AGENT,
        MIGRATE = MIGRATE_ZEROCOPY * 2 - 1,
        SAVE_CHOICE = DOMAIN_SAVE_RUNNING | DOMAIN_SAVE_PAUSED,
        SAVE = DOMAIN_SAVE_BYPASS_CACHE | SAVE_CHOICE,
        SNAPSHOT = DOMAIN_SNAPSHOT_CREATE_VALIDATE * 2 - 1,
        VCPUS = AFFECT | DOMAIN_VCPU_MAXIMUM | DOMAIN_VCPU_GUEST,
};

#define STATS (STATS_NOWAIT | STATS_BACKING | STATS_ENFORCE)

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
        /* name, in, out, arguments, API, permissions, operation, flags, handler [, attributes] */
        { "AbortJob", "", "", "", "virDomainAbortJob", MAY("domain:write"), STATISTICS(abort_job),
          0, domain_call_plain },
        { "AddIOThread", "uu", "", "iothreadId\0flags\0", "virDomainAddIOThread", WRITE_AND_SAVE,
          PROCESSORS(add_iothread), AFFECT, domain_call_number, CHANGES | POSITIVE },
        { "AttachDevice", "su", "", "xml\0flags\0", "virDomainAttachDeviceFlags", WRITE_AND_SAVE,
          DEVICES(attach), AFFECT, domain_call_text, CHANGES },
        { "BlockCommit", "ssstu", "", "disk\0base\0top\0bandwidth\0flags\0", "virDomainBlockCommit",
          MAY("domain:block_write"), BLOCKS(commit), COMMIT, domain_block_commit, CHANGES },
        { "BlockCopy", "ssa{sv}u", "", "disk\0destxml\0params\0flags\0", "virDomainBlockCopy",
          MAY("domain:block_write"), BLOCKS(copy), COPY, domain_block_copy, CHANGES },
        { "BlockJobAbort", "su", "", "disk\0flags\0", "virDomainBlockJobAbort",
          MAY("domain:write"), BLOCKS(abort), BLOCK_JOB_ABORT_ASYNC | BLOCK_JOB_ABORT_PIVOT,
          domain_call_text, CHANGES },
        { "BlockPeek", "sttu", "ay", "disk\0offset\0size\0flags\0buffer\0", "virDomainBlockPeek",
          MAY("domain:block_read"), CONTROL(peek_block), 0, domain_peek_block },
        { "BlockPull", "stu", "", "disk\0bandwidth\0flags\0", "virDomainBlockPull",
          MAY("domain:block_write"), BLOCKS(pull), BLOCK_PULL_BANDWIDTH_BYTES,
          domain_call_text_size, CHANGES },
        { "BlockRebase", "sstu", "", "disk\0base\0bandwidth\0flags\0", "virDomainBlockRebase",
          MAY("domain:block_write"), BLOCKS(rebase), REBASE, domain_block_rebase, CHANGES },
        { "BlockResize", "stu", "", "disk\0size\0flags\0", "virDomainBlockResize",
          MAY("domain:block_write"), BLOCKS(resize), BLOCK_RESIZE_BYTES, domain_call_text_size,
          CHANGES },
        { "BlockJobSetSpeed", "stu", "", "disk\0bandwidth\0flags\0", "virDomainBlockJobSetSpeed",
          MAY("domain:write"), BLOCKS(set_speed), BLOCK_JOB_SPEED_BANDWIDTH_BYTES,
          domain_call_text_size, CHANGES },
        { "CoreDump", "suu", "", "to\0dumpformat\0flags\0", "virDomainCoreDumpWithFormat",
          MAY("domain:core_dump"), SAVING(core_dump), DUMP, domain_core_dump, CHANGES,
          .exclusive = DUMP_CRASH | DUMP_LIVE | DUMP_RESET },
        { "Create", "u", "", "flags\0", "virDomainCreateWithFlags", MAY("domain:start"),
          LIFECYCLE(start), START, domain_call_flags, CHANGES | STARTS },
        { "CreateWithFiles", "ahu", "", "files\0flags\0", "virDomainCreateWithFiles",
          MAY("domain:start"), LIFECYCLE(start_with_files), START, domain_start_with_files,
          CHANGES | STARTS },
        { "DelIOThread", "uu", "", "iothreadId\0flags\0", "virDomainDelIOThread", WRITE_AND_SAVE,
          PROCESSORS(del_iothread), AFFECT, domain_call_number, CHANGES | POSITIVE },
        { "Destroy", "u", "", "flags\0", "virDomainDestroyFlags", MAY("domain:stop"),
          LIFECYCLE(destroy), DESTROY, domain_call_flags },
        { "DetachDevice", "su", "", "xml\0flags\0", "virDomainDetachDeviceFlags", WRITE_AND_SAVE,
          DEVICES(detach), AFFECT | DOMAIN_DEVICE_MODIFY_FORCE, domain_call_text, CHANGES },
        { "FSFreeze", "asu", "u", "mountpoints\0flags\0frozenFilesystems\0", "virDomainFSFreeze",
          MAY("domain:fs_freeze"), AGENT(freeze), 0, domain_call_texts },
        { "FSThaw", "asu", "u", "mountpoints\0flags\0thawedFilesystems\0", "virDomainFSThaw",
          MAY("domain:fs_freeze"), AGENT(thaw), 0, domain_call_texts },
        { "FSTrim", "stu", "", "mountpoint\0minimum\0flags\0", "virDomainFSTrim",
          MAY("domain:fs_trim"), AGENT(trim), 0, domain_trim },
        { "GetBlockIOParameters", "u", "a{sv}", "flags\0BlkioParameters\0",
          "virDomainGetBlkioParameters", MAY("domain:read"), TUNING(get_blkio), GET,
          domain_get_parameters, .exclusive = AFFECT },
        { "GetBlockIOTune", "su", "a{sv}", "disk\0flags\0blockIOTune\0", "virDomainGetBlockIoTune",
          MAY("domain:read"), TUNING(get_iotune), GET, domain_get_parameters, .exclusive = AFFECT },
        { "GetBlockJobInfo", "su", "(ittt)", "disk\0flags\0blockJobInfo\0",
          "virDomainGetBlockJobInfo", MAY("domain:read"), BLOCKS(info),
          BLOCK_JOB_INFO_BANDWIDTH_BYTES, domain_call_text },
        { "GetControlInfo", "u", "(uut)", "flags\0controlInfo\0", "virDomainGetControlInfo",
          MAY("domain:read"), STATISTICS(control), 0, domain_call_flags },
        { "GetDiskErrors", "u", "a(si)", "flags\0diskErrors\0", "virDomainGetDiskErrors",
          MAY("domain:read"), DEVICES(disk_errors), 0, domain_call_flags },
        { "GetEmulatorPinInfo", "u", "ab", "flags\0cpumap\0", "virDomainGetEmulatorPinInfo",
          MAY("domain:read"), PROCESSORS(get_emulator_pin), AFFECT, domain_call_flags,
          .exclusive = AFFECT },
        { "GetFSInfo", "u", "a(sssas)", "flags\0fsInfo\0", "virDomainGetFSInfo",
          MAY("domain:fs_freeze"), AGENT(file_systems), 0, domain_call_flags },
        { "GetGuestVcpus", "u", "a{sv}", "flags\0vcpus\0", "virDomainGetGuestVcpus",
          MAY("domain:write"), AGENT(get_vcpus), 0, domain_call_flags },
        { "GetHostname", "u", "s", "flags\0hostname\0", "virDomainGetHostname",
          MAY("domain:write"), AGENT(hostname), HOSTNAME, domain_call_flags,
          .exclusive = HOSTNAME },
        { "GetInterfaceParameters", "su", "a{sv}", "device\0flags\0interfaceParameters\0",
          "virDomainGetInterfaceParameters", MAY("domain:read"), TUNING(get_interface), GET,
          domain_get_parameters, .exclusive = AFFECT },
        { "GetIOThreadInfo", "u", "a(uab)", "flags\0ioThreadInfo\0", "virDomainGetIOThreadInfo",
          MAY("domain:read"), PROCESSORS(get_iothreads), AFFECT, domain_call_flags,
          .exclusive = AFFECT },
        { "GetJobInfo", "", "(ittttttttttt)", "jobInfo\0", "virDomainGetJobInfo",
          MAY("domain:read"), STATISTICS(job_info), 0, domain_call_plain },
        { "GetJobStats", "u", "(ia{sv})", "flags\0stats\0", "virDomainGetJobStats",
          MAY("domain:read"), STATISTICS(job_stats), JOB_STATS_COMPLETED | JOB_STATS_KEEP_COMPLETED,
          domain_call_flags },
        { "GetMemoryParameters", "u", "a{sv}", "flags\0memoryParameters\0",
          "virDomainGetMemoryParameters", MAY("domain:read"), TUNING(get_memory), GET,
          domain_get_parameters, .exclusive = AFFECT },
        { "GetMetadata", "isu", "s", "type\0uri\0flags\0metadata\0", "virDomainGetMetadata",
          MAY("domain:read"), NO_OP, AFFECT, domain_get_metadata },
        { "GetNumaParameters", "u", "a{sv}", "flags\0numaParameters\0",
          "virDomainGetNumaParameters", MAY("domain:read"), TUNING(get_numa), GET,
          domain_get_parameters, .exclusive = AFFECT },
        { "GetPerfEvents", "u", "a{sv}", "flags\0perfEvents\0", "virDomainGetPerfEvents",
          MAY("domain:read"), TUNING(get_perf), GET, domain_get_parameters, .exclusive = AFFECT },
        { "GetSchedulerParameters", "u", "a{sv}", "flags\0SchedulerParameters\0",
          "virDomainGetSchedulerParametersFlags", MAY("domain:read"), TUNING(get_scheduler), GET,
          domain_get_parameters, .exclusive = AFFECT },
        { "GetSecurityLabelList", "", "a(sb)", "securityLabels\0", "virDomainGetSecurityLabelList",
          MAY("domain:read"), STATISTICS(security_labels), 0, domain_call_plain },
        { "GetState", "u", "(ii)", "flags\0state\0", "virDomainGetState", MAY("domain:read"), NO_OP,
          0, domain_get_state },
        { "GetStats", "uu", "a{sv}", "stats\0flags\0records\0", "virDomainListGetStats",
          MAY("domain:read"), STATISTICS(append), STATS, domain_get_stats },
        { "GetTime", "u", "(tu)", "flags\0time\0", "virDomainGetTime", MAY("domain:write"),
          AGENT(get_time), 0, domain_call_flags },
        { "GetVcpuPinInfo", "u", "aab", "flags\0vcpuPinInfo\0", "virDomainGetVcpuPinInfo",
          MAY("domain:read"), PROCESSORS(get_vcpu_pins), AFFECT, domain_call_flags,
          .exclusive = AFFECT },
        { "GetVcpus", "u", "u", "flags\0vcpus\0", "virDomainGetVcpusFlags",
          NEEDS({ "domain:read" }, { "domain:write", WITH_ANY, DOMAIN_VCPU_GUEST }),
          PROCESSORS(get_vcpus), VCPUS, domain_call_flags, .exclusive = AFFECT },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virDomainGetXMLDesc",
          READ_XML,
          NO_OP, XML, domain_get_xml },
        { "HasManagedSaveImage", "u", "b", "flags\0managedSaveImage\0",
          "virDomainHasManagedSaveImage", MAY("domain:read"), SAVING(has_managed_save), 0,
          domain_has_saved_image },
        { "InjectNMI", "u", "", "flags\0", "virDomainInjectNMI", MAY("domain:inject_nmi"),
          CONTROL(inject_nmi), 0, domain_call_flags },
        { "InterfaceAddresses", "uu", "a(ssa(isu))", "source\0flags\0ifaces\0",
          "virDomainInterfaceAddresses",
          NEEDS({ "domain:read" },
                { "domain:write", WITH_VALUE, DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, "source" }),
          DEVICES(interface_addresses), 0, domain_interface_addresses },
        { "ListDomainSnapshots", "u", "ao", "flags\0domainSnapshots\0", "virDomainListAllSnapshots",
          MAY("domain:read"), NO_OP, SNAPSHOT_LIST_ALL, domain_list_snapshots },
        { "ManagedSave", "u", "", "flags\0", "virDomainManagedSave", MAY("domain:hibernate"),
          SAVING(managed_save), SAVE, domain_call_flags, CHANGES, .exclusive = SAVE_CHOICE },
        { "ManagedSaveRemove", "u", "", "flags\0", "virDomainManagedSaveRemove",
          MAY("domain:hibernate"), SAVING(managed_save_remove), 0, domain_call_flags, CHANGES },
        { "MemoryPeek", "ttu", "ay", "offset\0size\0flags\0buffer\0", "virDomainMemoryPeek",
          MAY("domain:mem_read"), CONTROL(peek_memory), MEMORY_VIRTUAL | MEMORY_PHYSICAL,
          domain_peek_memory, .exclusive = MEMORY_VIRTUAL | MEMORY_PHYSICAL },
        { "MemoryStats", "u", "a{it}", "flags\0stats\0", "virDomainMemoryStats",
          MAY("domain:read"), STATISTICS(memory), 0, domain_call_flags },
        { "MigrateGetCompressionCache", "u", "t", "flags\0cacheSize\0",
          "virDomainMigrateGetCompressionCache", MAY("domain:migrate"), MIGRATION(get_cache), 0,
          domain_call_flags },
        { "MigrateGetMaxSpeed", "u", "t", "flags\0bandwidth\0", "virDomainMigrateGetMaxSpeed",
          MAY("domain:migrate"), MIGRATION(get_speed), MIGRATE_MAX_SPEED_POSTCOPY,
          domain_call_flags },
        { "MigrateSetCompressionCache", "tu", "", "cacheSize\0flags\0",
          "virDomainMigrateSetCompressionCache", MAY("domain:migrate"), MIGRATION(set_cache), 0,
          domain_call_size },
        { "MigrateSetMaxDowntime", "tu", "", "downtime\0flags\0", "virDomainMigrateSetMaxDowntime",
          MAY("domain:migrate"), MIGRATION(set_downtime), 0, domain_call_size },
        { "MigrateSetMaxSpeed", "tu", "", "bandwidth\0flags\0", "virDomainMigrateSetMaxSpeed",
          MAY("domain:migrate"), MIGRATION(set_speed), MIGRATE_MAX_SPEED_POSTCOPY,
          domain_call_size },
        { "MigrateStartPostCopy", "u", "", "flags\0", "virDomainMigrateStartPostCopy",
          MAY("domain:migrate"), MIGRATION(start_postcopy), 0, domain_call_flags },
        { "MigrateToURI3", "sa{sv}u", "", "dconuri\0params\0flags\0", "virDomainMigrateToURI3",
          MAY("domain:migrate"), MIGRATION(to_uri), MIGRATE, domain_migrate, CHANGES,
          .exclusive = MIGRATE_NON_SHARED_DISK | MIGRATE_NON_SHARED_INC },
        { "OpenGraphicsFD", "uu", "h", "idx\0flags\0fd\0", "virDomainOpenGraphicsFD",
          MAY("domain:open_graphics"), ACCESS(open_graphics), DOMAIN_OPEN_GRAPHICS_SKIPAUTH,
          domain_call_number },
        { "PinEmulator", "abu", "", "cpumap\0flags\0", "virDomainPinEmulator", WRITE_AND_SAVE,
          PROCESSORS(pin_emulator), AFFECT, domain_call_map, CHANGES },
        { "PinIOThread", "uabu", "", "iothreadId\0cpumap\0flags\0", "virDomainPinIOThread",
          WRITE_AND_SAVE, PROCESSORS(pin_iothread), AFFECT, domain_call_number_map,
          CHANGES | POSITIVE },
        { "PinVcpu", "uabu", "", "vcpu\0cpumap\0flags\0", "virDomainPinVcpuFlags", WRITE_AND_SAVE,
          PROCESSORS(pin_vcpu), AFFECT, domain_call_number_map, CHANGES },
        { "PMWakeup", "u", "", "flags\0", "virDomainPMWakeup", MAY("domain:pm_control"),
          CONTROL(pm_wakeup), 0, domain_call_flags, CHANGES },
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
        { "Save", "ssu", "", "to\0xml\0flags\0", "virDomainSaveFlags", MAY("domain:hibernate"),
          SAVING(save), SAVE, domain_save_to, CHANGES, .exclusive = SAVE_CHOICE },
        { "SendKey", "uuauu", "", "codeset\0holdtime\0keycodes\0flags\0", "virDomainSendKey",
          MAY("domain:send_input"), CONTROL(send_key), 0, domain_send_key, CHANGES },
        { "SendProcessSignal", "xuu", "", "pidValue\0sigNum\0flags\0", "virDomainSendProcessSignal",
          MAY("domain:send_signal"), CONTROL(send_signal), 0, domain_send_signal, CHANGES },
        { "SetBlockIOParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetBlkioParameters",
          WRITE_AND_SAVE, TUNING(set_blkio), AFFECT, domain_set_parameters, CHANGES },
        { "SetBlockIOTune", "sa{sv}u", "", "disk\0params\0flags\0", "virDomainSetBlockIoTune",
          WRITE_AND_SAVE, TUNING(set_iotune), AFFECT, domain_set_parameters, CHANGES },
        { "SetBlockThreshold", "stu", "", "dev\0threshold\0flags\0", "virDomainSetBlockThreshold",
          MAY("domain:write"), BLOCKS(set_threshold), 0, domain_call_text_size, CHANGES },
        { "SetGuestVcpus", "abiu", "", "vcpumap\0state\0flags\0", "virDomainSetGuestVcpus",
          MAY("domain:write"), AGENT(set_vcpus), 0, domain_set_guest_vcpus },
        { "SetInterfaceParameters", "sa{sv}u", "", "device\0params\0flags\0",
          "virDomainSetInterfaceParameters", WRITE_AND_SAVE, TUNING(set_interface), AFFECT,
          domain_set_parameters, CHANGES },
        { "SetMemory", "tu", "", "memory\0flags\0", "virDomainSetMemoryFlags", WRITE_AND_SAVE,
          PROCESSORS(set_memory), AFFECT | DOMAIN_MEM_MAXIMUM, domain_call_size,
          CHANGES | POSITIVE },
        { "SetMemoryParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetMemoryParameters",
          WRITE_AND_SAVE, TUNING(set_memory), AFFECT, domain_set_parameters, CHANGES },
        { "SetMemoryStatsPeriod", "iu", "", "period\0flags\0", "virDomainSetMemoryStatsPeriod",
          WRITE_AND_SAVE, PROCESSORS(set_memory_period), AFFECT, domain_set_memory_period,
          CHANGES },
        { "SetMetadata", "isssu", "", "type\0metadata\0key\0uri\0flags\0", "virDomainSetMetadata",
          WRITE_AND_SAVE, DEVICES(set_metadata), AFFECT, domain_set_metadata, CHANGES },
        { "SetNumaParameters", "a{sv}u", "", "params\0flags\0", "virDomainSetNumaParameters",
          WRITE_AND_SAVE, TUNING(set_numa), AFFECT, domain_set_parameters, CHANGES },
        { "SetPerfEvents", "a{sv}u", "", "params\0flags\0", "virDomainSetPerfEvents",
          MAY("domain:write"), TUNING(set_perf), AFFECT, domain_set_parameters, CHANGES },
        { "SetSchedulerParameters", "a{sv}u", "", "params\0flags\0",
          "virDomainSetSchedulerParametersFlags", WRITE_AND_SAVE, TUNING(set_scheduler), AFFECT,
          domain_set_parameters, CHANGES },
        { "SetUserPassword", "ssu", "", "user\0password\0flags\0", "virDomainSetUserPassword",
          MAY("domain:set_password"), AGENT(set_password), DOMAIN_PASSWORD_ENCRYPTED,
          domain_set_password },
        { "SetTime", "tuu", "", "seconds\0nseconds\0flags\0", "virDomainSetTime",
          MAY("domain:set_time"), AGENT(set_time), DOMAIN_TIME_SYNC, domain_set_time },
        { "SetVcpus", "uu", "", "vcpus\0flags\0", "virDomainSetVcpusFlags",
          NEEDS(WRITE_AND_SAVE_LIST,
                { "domain:write", WITH_ANY, DOMAIN_VCPU_GUEST }), PROCESSORS(set_vcpus),
          VCPUS | DOMAIN_VCPU_HOTPLUGGABLE, domain_call_number, CHANGES | POSITIVE,
          .exclusive = DOMAIN_VCPU_GUEST | DOMAIN_AFFECT_CONFIG },
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
          SNAPSHOTS(create), SNAPSHOT, domain_create_snapshot, CHANGES },
        { "SnapshotLookupByName", "su", "o", "name\0flags\0domainSnapshot\0",
          "virDomainSnapshotLookupByName", MAY("domain:read"), NO_OP, 0,
          domain_snapshot_by_name },
        { "Suspend", "", "", "", "virDomainSuspend", MAY("domain:suspend"), LIFECYCLE(suspend), 0,
          domain_call_plain, CHANGES },
        { "Undefine", "u", "", "flags\0", "virDomainUndefineFlags", MAY("domain:delete"),
          DEFINITIONS(undefine), UNDEFINE, domain_call_flags, CHANGES },
        { "UpdateDevice", "su", "", "xml\0flags\0", "virDomainUpdateDeviceFlags", WRITE_AND_SAVE,
          DEVICES(update), AFFECT | DOMAIN_DEVICE_MODIFY_FORCE, domain_call_text, CHANGES },
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
        const DomainTuning *tuning = object->connection->driver->tuning;
        const char *type = "";
        int n = 0;

        if (tuning && tuning->scheduler_type)
                type = tuning->scheduler_type(object_domain(object), &n);
        return sd_bus_message_append(reply, "(si)", type, n);
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
        /* name, signature, arguments, event, how it is filled */
        { "AgentEvent", "ii", "state\0reason\0", EVENT_AGENT, fill_type_detail },
        { "BalloonChange", "t", "actual\0", EVENT_BALLOON, fill_size },
        { "BlockJob", "sii", "disk\0type\0status\0", EVENT_BLOCK_JOB, fill_block_job },
        { "ControlError", "", "", EVENT_CONTROL_ERROR, fill_nothing },
        { "DeviceAdded", "s", "device\0", EVENT_DEVICE_ADDED, fill_alias },
        { "DeviceRemovalFailed", "s", "device\0", EVENT_DEVICE_REMOVAL_FAILED, fill_alias },
        { "DeviceRemoved", "s", "device\0", EVENT_DEVICE_REMOVED, fill_alias },
        { "DiskChange", "sssi", "oldSrcPath\0newSrcPath\0device\0reason\0", EVENT_DISK_CHANGE,
          fill_disk_change },
        { "Graphics", "i(iss)(iss)sa(ss)", "phase\0local\0remote\0authScheme\0identities\0",
          EVENT_GRAPHICS, fill_graphics },
        { "IOError", "ssis", "srcPath\0device\0action\0reason\0", EVENT_IO_ERROR, fill_io_error },
        { "JobCompleted", "a{sv}", "params\0", EVENT_JOB_COMPLETED, fill_parameters },
        { "MetadataChange", "is", "type\0nsuri\0", EVENT_METADATA, fill_type_text },
        { "MigrationIteration", "i", "iteration\0", EVENT_MIGRATION_ITERATION, fill_type },
        { "PMSuspend", "i", "reason\0", EVENT_PM_SUSPEND, fill_detail },
        { "PMSuspendDisk", "i", "reason\0", EVENT_PM_SUSPEND_DISK, fill_detail },
        { "PMWakeup", "i", "reason\0", EVENT_PM_WAKEUP, fill_detail },
        { "Reboot", "", "", EVENT_REBOOT, fill_nothing },
        { "RTCChange", "x", "utcoffset\0", EVENT_RTC_CHANGE, fill_offset },
        { "TrayChange", "si", "device\0reason\0", EVENT_TRAY, fill_alias_type },
        { "Tunable", "a{sv}", "params\0", EVENT_TUNABLE, fill_parameters },
        { "Watchdog", "i", "action\0", EVENT_WATCHDOG, fill_type },
        { "BlockThreshold", "sstt", "device\0devPath\0threshold\0excess\0", EVENT_BLOCK_THRESHOLD,
          fill_threshold },
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
