/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces of a session's guests on networks of the system, whose taps are asked for. */
#pragma once

#include "drivers/qemu/guest.h"

typedef struct QemuBorrow QemuBorrow;

/* Whether the tap of an interface isn't ours to make: there is somebody to ask, and no network of
 * this name here. */
bool qemu_net_is_borrowed(const Connection *connection, const DomainNet *net);
/* Whether it asks for nothing that such a tap can't have. */
int qemu_borrow_check(const DomainNet *net, Error *error);

/* Called once, from the loop; error empty: all are there. */
typedef void (*QemuBorrowed)(Error *error, void *userdata);

/* Asks for the taps of conf, which must last, one after the other; only: of this interface alone,
 * or NULL. DONE: there is nothing to ask for; PENDING; or an error. In every case *ret is for
 * qemu_borrow_free(). Names are written into target. */
int qemu_borrow(Domain *domain, DomainConf *conf, const DomainNet *only, bool interactive,
                QemuBorrowed borrowed, void *userdata, QemuBorrow **ret, Error *error);

/* borrowed() comes soon, with an error, unless it came. */
void qemu_borrow_stop(QemuBorrow *borrow);

/* Hands over the tap of one interface; false: none was asked for. */
bool qemu_borrow_take(QemuBorrow *borrow, const DomainNet *net, QemuTap *ret);

QemuBorrow *qemu_borrow_free(QemuBorrow *borrow);
