/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCSI reservations: qemu-pr-helper has the rights that QEMU lacks. One serves all disks of a guest
 * that don't name another. */
#pragma once

#include "drivers/qemu/guest.h"

#define QEMU_PR_SOCKET "pr-helper" /* in the guest's folder */

/* NULL: none asked for. */
const Reservations *qemu_disk_reservations(const DomainDisk *disk);
bool qemu_reservations_managed(const Reservations *reservations);

int qemu_reservations_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error);
