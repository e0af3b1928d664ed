/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* passt: the way out of an <interface type='user'> with <backend type='passt'/>. */
#pragma once

#include "drivers/qemu/guest.h"

bool qemu_net_is_passt(const DomainNet *net);

/* Starts one, held; QEMU's end of its socket becomes tap->fd. It ends by itself when that is
 * closed, or by qemu_helper_leave(). */
int qemu_passt_spawn_one(QemuGuest *guest, const DomainNet *net, QemuTap *tap, Error *error);
#define PASST "passt" /* the helper's kind */

/* Starts one for each; QEMU's end of its socket becomes the interface's "tap". */
int qemu_passt_spawn(QemuGuest *guest, const DomainConf *conf, QemuTaps *taps, Error *error);
