/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces as firewalld and systemd-resolved are told of them. */
#pragma once

#include <systemd/sd-bus.h>

#include "drivers/host-links.h"

/* Uses the service's own connection to the bus. In a session nobody is told. */
int links_new(bool session, HostLinks **ret);
void links_set_bus(HostLinks *links, sd_bus *bus); /* borrowed; NULL: gone */
HostLinks *links_free(HostLinks *links); /* NULL does nothing */
