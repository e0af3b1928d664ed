/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of systemd-machined and of the manager of units, as messages; and the names of
 * units. All return a negative errno on failure. */
#pragma once

#include <systemd/sd-bus.h>

#include "drivers/unit.h"

/* "qemu-3-web" of a guest, "qemu-4711-web-fs0-virtiofsd" of a program beside the guest of that pid.
 * It is a machine's name, too: letters, digits and single dashes, and without a helper less than 64
 * bytes. NULL without memory. */
char *unit_name(const char *driver, uint32_t number, const char *name, const char *helper);

/* What may stand in a unit's name stays, but for backslashes; else "\\x2f". NULL without memory. */
char *unit_escape(const char *text);

/* CreateMachine: name is the machine's. */
int unit_machine_message(sd_bus *bus, const char *name, const UnitSpec *spec, sd_bus_message **ret);

/* StartTransientUnit: of a scope, or of a service. */
int unit_scope_message(sd_bus *bus, const char *unit, const UnitSpec *spec, sd_bus_message **ret);
int unit_service_message(sd_bus *bus, const char *unit, const UnitProgram *program,
                         sd_bus_message **ret);
