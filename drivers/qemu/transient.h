/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <transient/>: what the guest writes to such a disk goes to an overlay that is thrown away. */
#pragma once

#include "drivers/qemu/guest.h"
#include "drivers/qemu/setup.h"

bool qemu_disk_is_transient(const DomainDisk *disk);

/* Where the overlay is. state_folder: of the connection. Newly allocated; NULL without memory. */
char *qemu_transient_path(const char *state_folder, const DomainConf *conf, const DomainDisk *disk);

/* The overlays are made anew by qemu-img before each start. */
int qemu_transient_set_up(Domain *domain, const DomainConf *conf, QemuSetup *setup, Error *error);
void qemu_transient_remove(Domain *domain);
