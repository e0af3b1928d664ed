/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders of the host that a virtiofsd beside QEMU shares with the guest. */
#pragma once

#include "drivers/qemu/guest.h"

/* Whether we run the virtiofsd; one whose socket the definition names is somebody else's. */
bool qemu_filesystem_has_daemon(const DomainFilesystem *filesystem);

/* The name of its socket in the guest's folder; newly allocated, NULL without memory. */
char *qemu_filesystem_socket(const DomainFilesystem *filesystem);

int qemu_filesystems_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error);
