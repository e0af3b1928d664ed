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

/* Definitions. All mandatory. */
typedef struct DomainDefinitions {
        /* virDomainDefineXMLFlags: result.resource is the domain. */
        int (*define)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
        /* virDomainCreateXML: the same, transient and running (or paused, by flags). files:
         * passed on to the guest's process, may be NULL. */
        int (*create)(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error);
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
} NodeOps;

struct Driver {
        const char *name; /* "QEMU": the object path below /org/libvirt */
        const char
                *id; /* "qemu": folders, polkit's connect_driver upper-cased by whoever needs it */
        int (*open)(Connection *connection,
                    Error *error); /* must not wait; sets connection->data */
        void (*close)(Connection *connection);             /* guests keep running */
        bool keeps_files; /* definitions live in the store; otherwise only in memory */

        const DomainDefinitions *definitions;
        const DomainLifecycle *lifecycle;
        const DomainAccess *access;
        const HypervisorOps *hypervisor;
        const NodeOps *node;
};

/* The drivers that were built in, ended by NULL. */
extern const Driver *const drivers[];

/* Asserts the contract above. */
void driver_check(const Driver *driver);
