/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a QEMU binary can do, asked of the binary itself over QMP (query-machines,
 * qom-list-types, query-qmp-schema, query-cpu-definitions, device-list-properties ...), never
 * derived from its version. The answers are kept in memory and in CACHE/qemu/caps/, valid for
 * that path, size, time stamp and accessibility of /dev/kvm. A probe is a child process and an
 * exchange on the loop: nobody waits. */
#pragma once

#include "conf/domain.h"
#include "drivers/driver.h"

typedef struct QemuMachine {
        char *name, *alias; /* "pc-i440fx-7.2", "pc" */
        char *default_cpu;
        bool is_default, hotplug_cpus, deprecated;
        uint32_t max_cpus;
} QemuMachine;

typedef struct QemuCpuModel {
        char *name;
        char *usable; /* "yes", "no", "unknown": with the accelerator that was probed */
        char *vendor; /* "AMD", "Intel", "Hygon", "unknown" */
        char *features; /* of TCG's: what it has, a name of libvirt's a line; "": unknown */
        bool deprecated;
} QemuCpuModel;

typedef struct QemuCaps {
        unsigned references;
        char *binary, *arch;  /* "/usr/bin/qemu-system-x86_64", "x86_64" (libvirt's words) */
        bool assumed;         /* no binary was asked: what a definition is completed for */
        uint64_t version;     /* major * 1000000 + minor * 1000 + micro */
        char *package;        /* "Debian 1:7.2+dfsg-7" */
        bool kvm;             /* accelerator present and /dev/kvm usable */
        uint32_t kvm_max_vcpus; /* of the host's KVM; 0: unknown */
        QemuMachine *machines;
        size_t n_machines;
        QemuCpuModel *cpus_kvm, *cpus_tcg;
        size_t n_cpus_kvm, n_cpus_tcg;
        /* the named model next to the host's CPU, NULL: none; and what differs, "+x" or "-x" */
        char *host_model, *host_vendor, **host_features;
        size_t n_host_features;
        char **types;         /* QOM types, sorted: devices, objects, backends */
        size_t n_types;
        char **commands;      /* QMP commands, sorted */
        size_t n_commands;
        char **features; /* sorted: "device.property" ("virtio-blk-pci.write-cache"),
                          * "command/argument", "command/argument=value" of enums
                          * ("netdev_add/type=vhost-vdpa"), "option.parameter" of
                          * query-command-line-options ("sandbox.spawn"),
                          * "query-display-options/type=dbus" of what comes back from that one,
                          * "query-gic-capabilities/kernel=3" likewise ("emulated" for TCG).
                          * Of devices and objects only those in the table of probe.c */
        size_t n_features;
} QemuCaps;

QemuCaps *qemu_caps_ref(QemuCaps *caps);
QemuCaps *qemu_caps_unref(QemuCaps *caps);
DEFINE_CLEANUP(QemuCaps *, qemu_caps_unref);

bool qemu_caps_has_type(const QemuCaps *caps, const char *type);       /* "virtio-blk-pci" */
bool qemu_caps_has_command(const QemuCaps *caps, const char *command); /* "query-jobs" */
bool qemu_caps_has(const QemuCaps *caps, const char *feature);         /* see features above */
/* By name or alias; NULL: the default machine. NULL when there is none. */
const QemuMachine *qemu_caps_machine(const QemuCaps *caps, const char *name);

/* Whether a CPU model is one that definitions name: not "host", "max", "base", not a version of
 * another ("EPYC-v2"). */
bool qemu_cpu_is_named(const char *name);

typedef struct QemuCapsCache QemuCapsCache;
typedef void (*QemuCapsReady)(QemuCaps *caps, Error *error,
                              void *userdata); /* caps borrowed, NULL on failure */

QemuCapsCache *qemu_caps_cache_new(Connection *connection); /* NULL without memory */
QemuCapsCache *
qemu_caps_cache_free(QemuCapsCache *cache); /* waiting callers are told ERROR_OPERATION_ABORTED */

/* DONE: *ret is borrowed from the cache and ready() isn't called. PENDING: ready() comes later,
 * once. Several callers share one probe. A binary that isn't there or doesn't answer: error with
 * its words. */
int qemu_caps_get(QemuCapsCache *cache, const char *binary, QemuCapsReady ready, void *userdata,
                  QemuCaps **ret, Error *error);

/* The binary for an architecture: /usr/bin/qemu-system-ARCH from PATH; for the host's own also
 * qemu-kvm and /usr/libexec/qemu-kvm. Newly allocated; -ENOENT when there is none. */
int qemu_find_binary(const char *arch, char **ret, Error *error);

/* Architectures whose binary is on this host, libvirt's words, the host's first; ends with NULL. */
char **qemu_installed_archs(void);

/* The document of virConnectGetCapabilities: host and one <guest> for each architecture and os
 * type. */
int qemu_capabilities_xml(QemuCaps *const *caps, size_t n, char **ret, Error *error);

/* The document of virConnectGetDomainCapabilities. arch, machine NULL and type VIRT_UNSET: the
 * binary's own, its default, KVM where it can be used. It says what a definition may ask for:
 * what this QEMU has and the service makes use of. */
int qemu_domain_capabilities_xml(const QemuCaps *caps, const char *arch, const char *machine,
                                 VirtType type, char **ret, Error *error);

/* All of the above asynchronously, as driver operations. */
extern const HypervisorOps qemu_hypervisor;
