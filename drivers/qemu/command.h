/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a domain's definition to the QEMU that it describes. Pure: nothing is opened or started
 * here, so that what would be run can be shown and tested.
 *
 * qemu_complete() is applied when a definition comes in: it makes explicit what libvirt makes
 * explicit (machine, emulator, implicit controllers, default models, addresses), so that a later
 * QEMU gives the guest the same machine. qemu_assign_aliases() is applied when a guest starts. */
#pragma once

#include "conf/domain.h"
#include "drivers/qemu/caps.h"

/* The architecture and emulator a definition asks for, before its capabilities are at hand. ret:
 * newly allocated path. */
int qemu_emulator_of(const DomainConf *conf, char **ret, Error *error);

/* Defaults, implicit devices, PCI and other addresses, and the rules that depend on QEMU. conf is
 * changed in its struct; conf_sync() brings it into the document. Idempotent. */
int qemu_complete(DomainConf *conf, const QemuCaps *caps, Error *error);

/* Addresses only: keeps those that are there, gives each other device the next free place in
 * libvirt's order (PCI, drive, virtio-serial, USB ports, ISA), adds the controllers that are needed
 * for it. */
int qemu_assign_addresses(DomainConf *conf, const QemuCaps *caps, Error *error);

/* At a start: a processor like the host's becomes the named model next to it, and what differs, so
 * that the guest can be told apart from its host. Where QEMU names none it stays as it is. */
int qemu_settle_cpu(DomainConf *conf, const QemuCaps *caps, Error *error);

/* "virtio-disk0", "net0", "serial0", "pci.1" ...: as libvirt names them; user aliases are kept. */
int qemu_assign_aliases(DomainConf *conf, Error *error);

/* One interface's way out, opened by the driver; -1 where there is none. */
typedef struct QemuQueue {
        int fd, vhost_fd;
} QemuQueue;

typedef struct QemuTap {
        int fd;       /* of the tap device */
        int vhost_fd; /* of /dev/vhost-net */
        QemuQueue *further; /* of an interface with several queues; owned */
        size_t n_further;
} QemuTap;

/* Whether packets of this interface go through /dev/vhost-net, which the driver must open. */
bool qemu_net_wants_vhost(const DomainConf *conf, const DomainNet *net);

/* Whether an interface of this type is connected through a tap that the driver must open. */
bool qemu_net_needs_tap(const DomainNet *net);

/* Where a start has put things. Descriptors are passed to the process and named by their number
 * there. */
typedef struct QemuPlaces {
        int monitor_fd;          /* as QEMU sees it: a listening socket for QMP */
        const char *folder;      /* of this guest in STORE_RUNTIME: agent sockets and the like */
        const char *state_folder; /* of this connection in STORE_STATE: channel sockets, nvram */
        const QemuTap *taps;     /* indexed like conf->nets; NULL when no interface needs one */
        size_t n_taps;
        const char *fd_prefix;   /* QEMU knows the descriptors of taps by names that begin so and
                                  * end with the number; NULL: by numbers */
        int vsock_fd; /* of /dev/vhost-vsock, with its address; 0: none */
        int free_fd; /* the first number that stands for nothing yet: for secrets */
        const char *const *hostdevs; /* indexed like conf->hostdevs: "/dev/sg3" of a SCSI unit of
                                      * the host; NULL: none was looked for */
} QemuPlaces;

/* Whether a display is on a bus of the guest's own, which is at this name in places->folder. */
#define QEMU_BUS_SOCKET "dbus.sock"
bool qemu_display_has_bus(const DomainGraphics *graphics);

/* Sockets of channels and displays whose path is left to us get one in places->folder; written into
 * live. */
int qemu_choose_paths(DomainConf *live, const QemuPlaces *places, Error *error);

/* What QEMU reads from a descriptor because nobody else may see it: the value of a secret, or
 * text of the definition. */
typedef struct QemuCommandSecret {
        SecretRef ref; /* strings are owned */
        char *text;    /* instead */
} QemuCommandSecret;

typedef struct QemuCommand {
        char **argv; /* ends with NULL */
        size_t n;
        char **environment; /* "NAME=VALUE" beside what the process inherits; NULL: nothing */
        size_t n_environment;
        QemuCommandSecret *secrets; /* for the descriptors places->free_fd, the next ... */
        size_t n_secrets;
} QemuCommand;

/* live has aliases and addresses. ERROR_CONFIG_UNSUPPORTED names the element and what this QEMU or
 * the service lacks. */
int qemu_command_build(const DomainConf *live, const QemuCaps *caps, const QemuPlaces *places,
                       QemuCommand *ret, Error *error);
void qemu_command_clear(QemuCommand *command);

/* The options for one device of live alone, in the order in which a running QEMU must be told. */
int qemu_command_build_device(const DomainConf *live, const QemuCaps *caps,
                              const QemuPlaces *places, DeviceKind kind, const Device *device,
                              QemuCommand *ret, Error *error);

/* One line as a shell takes it, for the log. NULL without memory. */
char *qemu_command_text(const QemuCommand *command);
