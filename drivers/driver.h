/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hypervisor can do, in small groups of operations by subject. A NULL operation is
 * something it cannot do; only dispatch looks.
 *
 * Every operation with a Job returns DONE, PENDING (it will call job_done() later, once) or a
 * negative errno with *error set, and then leaves the domain as it found it. Operations that
 * change a domain never run two at a time for the same domain: they are called from its queue.
 * Flags were checked for unknown bits by the caller against the row's mask; what they ask for is
 * the operation's business. */
#pragma once

#include "drivers/connection.h"
#include "drivers/domain.h"

typedef struct Defined Defined;
typedef struct HostInterface HostInterface;
typedef struct Network Network;
typedef struct NodeDevice NodeDevice;
typedef struct Pool Pool;
typedef struct Secret Secret;
typedef struct Snapshot Snapshot;
typedef struct Volume Volume;

/* Definitions. All mandatory. */
typedef struct DomainDefinitions {
        /* virDomainDefineXMLFlags: result.resource is the domain. */
        int (*define)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        /* virDomainCreateXML: the same, transient and running (or paused, by flags). */
        int (*create)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        /* The same with descriptors that the guest's process inherits; optional. They are the
         * caller's. */
        int (*create_with_files)(Connection *connection, const char *xml, const int *files,
                                 size_t n_files, uint32_t flags, Job *job, Error *error);
        /* virDomainUndefineFlags: a running domain becomes transient. */
        int (*undefine)(Domain *domain, uint32_t flags, Job *job, Error *error);
        /* virDomainRename: shut off and persistent only. */
        int (*rename)(Domain *domain, const char *name, Job *job, Error *error);
} DomainDefinitions;

/* The life of a guest. start and destroy are mandatory, suspend and resume come together. */
typedef struct DomainLifecycle {
        int (*start)(Domain *domain, uint32_t flags, Job *job, Error *error);   /* DOMAIN_START_* */
        int (*destroy)(Domain *domain, uint32_t flags, Job *job,
                       Error *error); /* DOMAIN_DESTROY_*; also
                                       * while another change hangs: not queued */
        int (*shutdown)(Domain *domain, uint32_t flags, Job *job,
                        Error *error); /* asks the guest; done when
                                        * asked, not when off */
        int (*reboot)(Domain *domain, uint32_t flags, Job *job, Error *error);
        int (*reset)(Domain *domain, uint32_t flags, Job *job, Error *error);
        int (*suspend)(Domain *domain, Job *job, Error *error);
        int (*resume)(Domain *domain, Job *job, Error *error);
        /* Optional: before the state is told. For a hypervisor that tells nobody when a guest is
         * paused: looks, which is quick, and reports what is otherwise. */
        void (*look)(Domain *domain);
        /* virDomainCreateWithFiles; optional. The descriptors are the caller's. */
        int (*start_with_files)(Domain *domain, const int *files, size_t n_files, uint32_t flags,
                                Job *job, Error *error);
} DomainLifecycle;

/* Ways into a guest. */
typedef struct DomainAccess {
        /* result.fd: a stream socket with the bytes of a serial port, console or channel. alias
         * NULL or "": the first console. DOMAIN_CONSOLE_FORCE takes over from its holder. */
        int (*open_console)(Domain *domain, const char *alias, uint32_t flags, Job *job,
                            Error *error);
        /* virDomainOpenGraphicsFD: result.fd is a socket that speaks the protocol of display
         * idx. */
        int (*open_graphics)(Domain *domain, uint32_t idx, uint32_t flags, Job *job, Error *error);
} DomainAccess;

/* Metadata, devices and limits. flags: DOMAIN_AFFECT_*, and what each API adds to them. What only
 * touches a definition is the same for every driver: drivers/edit.h. */
typedef struct DomainDevices {
        /* One device element each. update, and detach where a guest can be overruled:
         * DOMAIN_DEVICE_MODIFY_FORCE too. */
        int (*attach)(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
        int (*detach)(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
        int (*update)(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
        /* virDomainInterfaceAddresses: result.values a(ssa(isu)) */
        int (*interface_addresses)(Domain *domain, uint32_t source, uint32_t flags, Job *job,
                                   Error *error);
        int (*disk_errors)(Domain *domain, uint32_t flags, Job *job, Error *error); /* a(si) */
        /* type: a DomainMetadataType, checked; texts "" stand for NULL: no such metadata. */
        int (*set_metadata)(Domain *domain, int type, const char *metadata, const char *key,
                            const char *uri, uint32_t flags, Job *job, Error *error);
} DomainDevices;

/* Typed parameters. get: result.values a{sv}. set: values_check() against what the driver knows is
 * its first step, and converts numbers, so values aren't const. device: of those that have one,
 * otherwise NULL. */
typedef int (*DomainGetParameters)(Domain *domain, const char *device, uint32_t flags, Job *job,
                                   Error *error);
typedef int (*DomainSetParameters)(Domain *domain, const char *device, Values *values,
                                   uint32_t flags, Job *job, Error *error);

typedef struct DomainTuning {
        const char *(*scheduler_type)(Domain *domain, int *ret_n); /* n: number of parameters */
        DomainGetParameters get_blkio, get_iotune, get_interface, get_memory, get_numa, get_perf,
                get_scheduler;
        DomainSetParameters set_blkio, set_iotune, set_interface, set_memory, set_numa, set_perf,
                set_scheduler;
} DomainTuning;

/* Processors and memory. A map has one entry for each CPU of the host. */
typedef struct DomainProcessors {
        int (*get_vcpus)(Domain *domain, uint32_t flags, Job *job, Error *error); /* u */
        int (*set_vcpus)(Domain *domain, uint32_t n, uint32_t flags, Job *job, Error *error);
        int (*get_vcpu_pins)(Domain *domain, uint32_t flags, Job *job, Error *error); /* aab */
        int (*pin_vcpu)(Domain *domain, uint32_t vcpu, const bool *map, size_t n, uint32_t flags,
                        Job *job, Error *error);
        int (*get_emulator_pin)(Domain *domain, uint32_t flags, Job *job, Error *error); /* ab */
        int (*pin_emulator)(Domain *domain, const bool *map, size_t n, uint32_t flags, Job *job,
                            Error *error);
        int (*get_iothreads)(Domain *domain, uint32_t flags, Job *job, Error *error); /* a(uab) */
        int (*add_iothread)(Domain *domain, uint32_t id, uint32_t flags, Job *job, Error *error);
        int (*del_iothread)(Domain *domain, uint32_t id, uint32_t flags, Job *job, Error *error);
        int (*pin_iothread)(Domain *domain, uint32_t id, const bool *map, size_t n, uint32_t flags,
                            Job *job, Error *error);
        int (*set_memory)(Domain *domain, uint64_t size, uint32_t flags, Job *job,
                          Error *error); /* KiB; DOMAIN_MEM_MAXIMUM too */
        int (*set_memory_period)(Domain *domain, int32_t period, uint32_t flags, Job *job,
                                 Error *error); /* s, not negative */
} DomainProcessors;

/* What is known of a running guest. Queries: not queued. */
typedef struct DomainStatistics {
        /* Appends the entries of one a{sv} to the array begun at head: the groups of stats
         * (DOMAIN_STATS_*, never 0), from memory alone. */
        void (*append)(Domain *domain, uint32_t stats, uint32_t flags, Values *values, size_t head);
        /* The same for what only the hypervisor knows; result.values a{sv}. NULL: append has it
         * all. */
        int (*query)(Domain *domain, uint32_t stats, uint32_t flags, Job *job, Error *error);
        uint32_t groups; /* those there are */
        uint32_t usual;  /* what is told when nobody says which; 0: all */
        int (*memory)(Domain *domain, uint32_t flags, Job *job, Error *error);  /* a{it} */
        int (*control)(Domain *domain, uint32_t flags, Job *job, Error *error); /* (uut) */
        int (*job_info)(Domain *domain, Job *job, Error *error);     /* (ittttttttttt) */
        int (*job_stats)(Domain *domain, uint32_t flags, Job *job, Error *error); /* (ia{sv}) */
        int (*abort_job)(Domain *domain, Job *job, Error *error);
        int (*security_labels)(Domain *domain, Job *job, Error *error); /* a(sb) */
} DomainStatistics;

/* Input and memory of a guest, from outside. */
typedef struct DomainControl {
        int (*send_key)(Domain *domain, uint32_t codeset, uint32_t hold, const uint32_t *codes,
                        size_t n, uint32_t flags, Job *job, Error *error); /* hold: ms */
        int (*send_signal)(Domain *domain, int64_t pid, uint32_t signal, uint32_t flags, Job *job,
                           Error *error);
        int (*inject_nmi)(Domain *domain, uint32_t flags, Job *job, Error *error);
        int (*pm_wakeup)(Domain *domain, uint32_t flags, Job *job, Error *error);
        int (*peek_memory)(Domain *domain, uint64_t start, uint64_t size, uint32_t flags, Job *job,
                           Error *error); /* ay */
        int (*peek_block)(Domain *domain, const char *disk, uint64_t start, uint64_t size,
                          uint32_t flags, Job *job, Error *error); /* ay */
} DomainControl;

/* By an agent in the guest. */
typedef struct DomainAgent {
        /* mountpoints: n of them, 0 for all; result: u, how many */
        int (*freeze)(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags,
                      Job *job, Error *error);
        int (*thaw)(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags,
                    Job *job, Error *error);
        int (*trim)(Domain *domain, const char *mountpoint, uint64_t minimum, uint32_t flags,
                    Job *job, Error *error); /* mountpoint NULL: all; minimum in bytes */
        int (*file_systems)(Domain *domain, uint32_t flags, Job *job, Error *error); /* a(sssas) */
        int (*get_vcpus)(Domain *domain, uint32_t flags, Job *job, Error *error);    /* a{sv} */
        int (*set_vcpus)(Domain *domain, const bool *map, size_t n, int32_t state, uint32_t flags,
                         Job *job, Error *error);
        int (*hostname)(Domain *domain, uint32_t flags, Job *job, Error *error); /* s: text */
        int (*set_password)(Domain *domain, const char *user, const char *password, uint32_t flags,
                            Job *job, Error *error);
        int (*get_time)(Domain *domain, uint32_t flags, Job *job, Error *error); /* (tu) */
        int (*set_time)(Domain *domain, int64_t seconds, uint32_t nanoseconds, uint32_t flags,
                        Job *job, Error *error);
} DomainAgent;

/* A guest's memory and state as a file. xml NULL: as it was. */
typedef struct DomainSaving {
        int (*save)(Domain *domain, const char *to, const char *xml, uint32_t flags, Job *job,
                    Error *error);
        int (*restore)(Connection *connection, const char *from, const char *xml, uint32_t flags,
                       Job *job, Error *error);
        int (*image_xml)(Connection *connection, const char *file, uint32_t flags, Job *job,
                         Error *error); /* text */
        int (*image_define)(Connection *connection, const char *file, const char *xml,
                            uint32_t flags, Job *job, Error *error);
        int (*managed_save)(Domain *domain, uint32_t flags, Job *job, Error *error);
        int (*managed_save_remove)(Domain *domain, uint32_t flags, Job *job, Error *error);
        bool (*has_managed_save)(const Domain *domain); /* from memory; also filters lists */
        int (*core_dump)(Domain *domain, const char *to, uint32_t format, uint32_t flags, Job *job,
                         Error *error);
} DomainSaving;

/* Jobs on disks. bandwidth: as libvirt has it, MiB/s unless flags say bytes. "" is NULL here. */
typedef struct DomainBlocks {
        int (*commit)(Domain *domain, const char *disk, const char *base, const char *top,
                      uint64_t bandwidth, uint32_t flags, Job *job, Error *error);
        int (*copy)(Domain *domain, const char *disk, const char *xml, Values *values,
                    uint32_t flags, Job *job, Error *error);
        int (*pull)(Domain *domain, const char *disk, uint64_t bandwidth, uint32_t flags, Job *job,
                    Error *error);
        int (*rebase)(Domain *domain, const char *disk, const char *base, uint64_t bandwidth,
                      uint32_t flags, Job *job, Error *error);
        int (*resize)(Domain *domain, const char *disk, uint64_t size, uint32_t flags, Job *job,
                      Error *error);
        int (*abort)(Domain *domain, const char *disk, uint32_t flags, Job *job, Error *error);
        int (*set_speed)(Domain *domain, const char *disk, uint64_t bandwidth, uint32_t flags,
                         Job *job, Error *error);
        int (*info)(Domain *domain, const char *disk, uint32_t flags, Job *job,
                    Error *error); /* (ittt); type 0: no job */
        int (*set_threshold)(Domain *domain, const char *device, uint64_t threshold, uint32_t flags,
                             Job *job, Error *error);
} DomainBlocks;

typedef struct DomainMigration {
        int (*to_uri)(Domain *domain, const char *uri, Values *values, uint32_t flags, Job *job,
                      Error *error);
        int (*get_cache)(Domain *domain, uint32_t flags, Job *job, Error *error); /* t: bytes */
        int (*set_cache)(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error);
        int (*get_speed)(Domain *domain, uint32_t flags, Job *job, Error *error); /* t: MiB/s */
        int (*set_speed)(Domain *domain, uint64_t speed, uint32_t flags, Job *job, Error *error);
        int (*set_downtime)(Domain *domain, uint64_t downtime, uint32_t flags, Job *job,
                            Error *error); /* ms */
        int (*start_postcopy)(Domain *domain, uint32_t flags, Job *job, Error *error);
        /* The other side, asked by the service that sends (org.virtbus.Connect; drivers/peer.h).
         * prepare: expects a guest at listen (tcp://ADDRESS:PORT, 0: any port); flags are
         * DOMAIN_START_*; text: where, and a token that comes before libxl's stream. finish: all of
         * it was sent, it shall run; done when it does. flags: MIGRATE_PERSIST_DEST. Both or
         * none. */
        int (*prepare)(Connection *connection, const char *xml, const char *listen, uint32_t flags,
                       Job *job, Error *error);
        int (*finish)(Connection *connection, const char *uuid, uint32_t flags, Job *job,
                      Error *error);
} DomainMigration;

/* What is read of snapshots comes from memory (drivers/snapshot.h). All or none. */
typedef struct SnapshotOps {
        int (*create)(Domain *domain, const char *xml, uint32_t flags, Job *job,
                      Error *error); /* result.resource */
        int (*revert)(Snapshot *snapshot, uint32_t flags, Job *job, Error *error);
        int (*delete)(Snapshot *snapshot, uint32_t flags, Job *job, Error *error);
} SnapshotOps;

/* Virtual networks. All but open, close, leases and open_tap
 * mandatory where there are networks at all. */
typedef struct NetworkOps {
        /* With the connection: before its driver is opened, so that guests that are found again
         * find their networks, and after it was closed. Optional, and then both. What runs is found
         * again, and runs on. */
        int (*open)(Connection *connection, Error *error);
        void (*close)(Connection *connection);
        int (*define)(Connection *connection, const char *xml, Job *job, Error *error);
        int (*create)(Connection *connection, const char *xml, Job *job, Error *error);
        int (*undefine)(Network *network, Job *job, Error *error);
        int (*start)(Network *network, Job *job, Error *error);
        int (*destroy)(Network *network, Job *job, Error *error);
        int (*update)(Network *network, uint32_t command, uint32_t section, int32_t parent_index,
                      const char *xml, uint32_t flags, Job *job, Error *error);
        int (*leases)(Network *network, const char *mac, uint32_t flags, Job *job,
                      Error *error); /* mac NULL: all; a(sxisssuss) */
        /* result.fd: a tap on the network's bridge, there as long as it is open; optional. options:
         * values_check() is its first step. */
        int (*open_tap)(Network *network, Values *options, uint32_t flags, Job *job, Error *error);
} NetworkOps;

typedef struct StorageOps {
        int (*define)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        int (*create)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        int (*undefine)(Pool *pool, Job *job, Error *error);
        int (*start)(Pool *pool, uint32_t flags, Job *job, Error *error);
        int (*destroy)(Pool *pool, Job *job, Error *error);
        int (*build)(Pool *pool, uint32_t flags, Job *job, Error *error);
        int (*delete)(Pool *pool, uint32_t flags, Job *job, Error *error);
        int (*refresh)(Pool *pool, uint32_t flags, Job *job, Error *error);
        int (*find_sources)(Connection *connection, const char *type, const char *xml,
                            uint32_t flags, Job *job, Error *error); /* text */
        int (*create_volume)(Pool *pool, const char *xml, uint32_t flags, Job *job, Error *error);
        int (*clone_volume)(Pool *pool, const char *xml, Volume *from, uint32_t flags, Job *job,
                            Error *error);
        int (*delete_volume)(Volume *volume, uint32_t flags, Job *job, Error *error);
        int (*resize_volume)(Volume *volume, uint64_t capacity, uint32_t flags, Job *job,
                             Error *error); /* bytes */
        int (*wipe_volume)(Volume *volume, uint32_t pattern, uint32_t flags, Job *job,
                           Error *error);
} StorageOps;

/* Interfaces of the host. */
typedef struct InterfaceOps {
        int (*define)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        int (*undefine)(HostInterface *interface, Job *job, Error *error);
        int (*start)(HostInterface *interface, uint32_t flags, Job *job, Error *error);
        int (*destroy)(HostInterface *interface, uint32_t flags, Job *job, Error *error);
        /* virInterfaceChangeBegin and its ends: all or none */
        int (*change_begin)(Connection *connection, uint32_t flags, Job *job, Error *error);
        int (*change_commit)(Connection *connection, uint32_t flags, Job *job, Error *error);
        int (*change_rollback)(Connection *connection, uint32_t flags, Job *job, Error *error);
} InterfaceOps;

/* Devices of the host. */
typedef struct NodeDeviceOps {
        int (*create)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        int (*destroy)(NodeDevice *device, Job *job, Error *error);
        int (*detach)(NodeDevice *device, const char *driver, uint32_t flags, Job *job,
                      Error *error); /* driver NULL: any */
        int (*reattach)(NodeDevice *device, Job *job, Error *error);
        int (*reset)(NodeDevice *device, Job *job, Error *error);
} NodeDeviceOps;

typedef struct NwfilterOps {
        int (*define)(Connection *connection, const char *xml, Job *job, Error *error);
        int (*undefine)(Defined *filter, Job *job, Error *error);
} NwfilterOps;

typedef struct SecretOps {
        int (*define)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        int (*undefine)(Secret *secret, Job *job, Error *error);
        int (*get_value)(Secret *secret, uint32_t flags, Job *job, Error *error); /* ay */
        int (*set_value)(Secret *secret, const void *value, size_t size, uint32_t flags, Job *job,
                         Error *error);
} SecretOps;

/* Can be told to be slow and to fail: org.virtbus.Test. */
typedef struct FaultOps {
        /* Every call of a row with an operation passes here before its arguments are read;
         * job->what is the row's name, changes whether more than reading is needed for it. Goes on
         * with then() now or later, or fails. As an operation; mandatory. */
        int (*pass)(Connection *connection, Job *job, bool changes,
                    int (*then)(Job *job, Error *error), Error *error);
        /* From now on every operation that changes something takes this long (us); 0: as usual. */
        int (*set_delay)(Connection *connection, uint64_t delay, Error *error);
        /* The next count operations whose row is this method ("" for any) fail with message; 0:
         * none. */
        int (*set_failure)(Connection *connection, const char *method, uint32_t count,
                           const char *message, Error *error);
        /* As at the start: definitions, states, faults. */
        int (*reset)(Connection *connection, Error *error);
} FaultOps;

/* What the hypervisor says of itself and of this host. version is mandatory. */
typedef struct HypervisorOps {
        uint64_t (*version)(Connection *connection); /* major * 1000000 + minor * 1000 + micro; 0:
                                                        unknown yet */
        int (*capabilities)(Connection *connection, Job *job, Error *error); /* result.text */
        int (*domain_capabilities)(Connection *connection, const char *emulator, const char *arch,
                                   const char *machine, const char *type, uint32_t flags, Job *job,
                                   Error *error); /* "" for any: NULL here; result.text */
        /* result.text: names, one a line */
        int (*cpu_models)(Connection *connection, const char *arch, uint32_t flags, Job *job,
                          Error *error);
        /* virConnectCompareCPU: result.values i, a virCPUCompareResult */
        int (*compare_cpu)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                           Error *error);
        int (*baseline_cpu)(Connection *connection, const char *const *xmls, size_t n,
                            uint32_t flags, Job *job, Error *error); /* text */
        /* org.virtbus.Connect.DomainCheckXML: what would be refused of a definition, and the
         * command line of its start, empty when there would be none: result.values asas. Nothing is
         * kept, written or started. */
        int (*check_xml)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                         Error *error);
} HypervisorOps;

/* The machine below. host_node (drivers/host.h) is the real one. None waits. */
typedef struct NodeCpuTimes {
        uint64_t kernel, user, idle, iowait; /* ns */
} NodeCpuTimes;

typedef struct NodeMemory {
        uint64_t total, free, buffers, cached; /* KiB */
} NodeMemory;

typedef struct NodeOps {
        char *(*hostname)(Connection *connection);
        /* online[i] for CPUs 0 ... n-1, newly allocated. */
        int (*cpu_map)(Connection *connection, bool **ret_online, size_t *ret_n, Error *error);
        int (*cpu_times)(Connection *connection, int cpu, NodeCpuTimes *ret,
                         Error *error); /* -1: all */
        int (*memory)(Connection *connection, int cell, NodeMemory *ret,
                      Error *error); /* -1: all */
        int (*sysinfo)(Connection *connection, char **ret, Error *error); /* virConnectGetSysinfo */
        int (*memory_parameters)(Connection *connection, Values *ret, Error *error); /* a{sv} */
        int (*set_memory_parameters)(Connection *connection, Values *values, Error *error);
        int (*security_model)(Connection *connection, const char **ret_model, const char **ret_doi,
                              Error *error);
} NodeOps;

/* Configurations in the hypervisor's own words; without it, from what the formats say. Both. */
typedef struct NativeOps {
        int (*from_native)(Connection *connection, const char *format, const char *config,
                           uint32_t flags, Job *job, Error *error); /* text: XML */
        int (*to_native)(Connection *connection, const char *format, const char *xml,
                         uint32_t flags, Job *job, Error *error); /* text */
} NativeOps;

struct Driver {
        const char *name; /* "QEMU": the object path below /org/libvirt */
        const char
                *id; /* "qemu": folders, polkit's connect_driver upper-cased by whoever needs it */
        ErrorOrigin origin; /* who speaks, when an operation fails and says nothing else */
        int (*open)(Connection *connection,
                    Error *error); /* must not wait; sets connection->data */
        void (*close)(Connection *connection);             /* guests keep running */
        bool keeps_files; /* definitions live in the store; otherwise only in memory */
        /* Its networks, pools, volumes, interfaces, node devices, filters and secrets are those of
         * this host: connections of such drivers share the set, the driver and the files of the
         * one that was opened first. Their groups are the same ones. */
        bool of_host;
        /* Writes down the live definition after a change (drivers/edit.h); NULL: nowhere. */
        int (*keep_live)(Domain *domain, Error *error);

        const DomainDefinitions *definitions;
        const DomainLifecycle *lifecycle;
        const DomainAccess *access;
        const DomainDevices *devices;
        const DomainTuning *tuning;
        const DomainProcessors *processors;
        const DomainStatistics *statistics;
        const DomainControl *control;
        const DomainAgent *agent;
        const DomainSaving *saving;
        const DomainBlocks *blocks;
        const DomainMigration *migration;
        const SnapshotOps *snapshots;
        const NetworkOps *networks;
        const StorageOps *storage;
        const InterfaceOps *interfaces;
        const NodeDeviceOps *node_devices;
        const NwfilterOps *nwfilters;
        const SecretOps *secrets;
        const FaultOps *faults;
        const HypervisorOps *hypervisor;
        const NodeOps *node;
        const NativeOps *native;
};

/* The drivers that were built in, ended by NULL. */
extern const Driver *const drivers[];

/* Asserts the contract above. */
void driver_check(const Driver *driver);
