/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others do for an interface whose tap is there: a switch takes it as a port, a script runs.
 *
 * Done after the runtime file names the interface, since it outlives its tap, and before the guest
 * runs. Undone when the interface leaves (join.h), without anybody waiting for it. */
#pragma once

#include "drivers/qemu/errand.h"
#include "drivers/qemu/guest.h"

typedef struct QemuSettling QemuSettling;

/* Once, from the loop, when all of it is done; r is of the first that failed. */
typedef void (*QemuSettled)(int r, Error *error, void *userdata);

/* DONE: there is nothing to do. PENDING: settled() is called, unless *ret is freed before. */
int qemu_nets_settle(Domain *domain, const DomainConf *conf, QemuSettled settled, void *userdata,
                     QemuSettling **ret, Error *error);
int qemu_net_settle(Domain *domain, const DomainNet *net, QemuSettled settled, void *userdata,
                    QemuSettling **ret, Error *error);
QemuSettling *qemu_settling_free(QemuSettling *settling); /* what began goes on */
DEFINE_CLEANUP(QemuSettling *, qemu_settling_free);

/* What is there changes: settled as old, it is settled as new. */
int qemu_net_resettle(Domain *domain, const DomainNet *old, const DomainNet *new,
                      QemuSettled settled, void *userdata, QemuSettling **ret, Error *error);

/* What is there already, once more, without waiting for it. */
void qemu_net_settle_again(Domain *domain, const DomainNet *net);

/* The opposite; failures are logged. */
void qemu_net_unsettle(Domain *domain, const DomainNet *net);

/* ---- join-ovs.c ---- */

/* Whether it is a port of Open vSwitch. */
bool ovs_is_port(const DomainNet *net);
void ovs_add_arguments(Arguments *arguments, const DomainNet *net, Uuid owner);
void ovs_remove_arguments(Arguments *arguments, const DomainNet *net);
/* Before either of them: what removes the rows of its limit. False: it has none. */
bool ovs_limit_arguments(Arguments *arguments, const DomainNet *net);
