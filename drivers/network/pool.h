/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which device of a pool an interface gets: of forward/interface, address or pf. */
#pragma once

#include "drivers/network/attach.h"

/* The device with the fewest users into plug->dev; in mode passthrough it must have none. */
int pool_choose_dev(NetworkPlug *plug, Error *error);

/* The first function that nobody uses into plug->address. sysfs: "/sys", or a folder that stands
 * for it. */
int pool_choose_address(NetworkPlug *plug, const char *sysfs, Error *error);
