/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Free ports for displays. */
#pragma once

#include "conf/domain.h"

const char *display_address(const DomainGraphics *graphics); /* where it is to listen */

/* Ports for the graphics that leave the choice to us: each is bound once, from 5900 up, on the
 * address it will listen on, and written into live. Another program may still be faster; who
 * serves the display then says so. */
int display_choose_ports(DomainConf *live, Error *error);
