/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts become signals, here and nowhere else: the signals of the rows, PropertiesChanged,
 * InterfacesAdded and InterfacesRemoved. */
#pragma once

#include "objects/tree.h"

/* An EventHandler; userdata is the Branch. */
void announce(const Event *event, void *userdata);
