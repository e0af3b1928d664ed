/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests as units of systemd, registered with systemd-machined. */
#pragma once

#include <systemd/sd-bus.h>

#include "drivers/unit.h"

/* Uses the service's own connection to the bus, which must be set by units_set_bus() before the
 * first guest starts. Without systemd on this host every place() answers that there is none. */
int units_new(bool session, UnitManager **ret);
void units_set_bus(UnitManager *manager, sd_bus *bus); /* borrowed; NULL: gone */
UnitManager *units_free(UnitManager *manager); /* NULL does nothing */
