/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB devices of the host that a definition names by what they are. */
#pragma once

#include "conf/domain.h"

#define HOST_SYSFS "/sys"

/* Those named by vendor and product get their bus and device number, written into live; those that
 * are missing and optional leave it. sysfs: HOST_SYSFS, or a folder that stands for it. */
int host_usb_find(DomainConf *live, const char *sysfs, Error *error);
