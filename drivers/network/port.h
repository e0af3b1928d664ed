/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of bridges, and taps that become one. */
#pragma once

#include "drivers/driver.h"
#include "drivers/network/link.h"

typedef struct PortSettings {
        bool isolated;       /* from the other isolated ports */
        bool learns_nothing; /* of addresses behind it but mac, and isn't flooded */
        MacAddress mac;      /* behind it; null: not known */
} PortSettings;

/* Of the port that an interface is on its bridge. */
int port_set(Rtnl *rtnl, const char *name, const PortSettings *settings, Error *error);
/* An address is behind it, or no longer: for bridges that don't learn. */
int port_set_mac(Rtnl *rtnl, const char *name, MacAddress mac, bool there, Error *error);

/* A network was started: the taps that were handed out of it before are ports of its bridge again.
 * What fails is logged. */
void port_put_back(Network *network);

/* NetworkOps.open_tap */
int port_open_tap(Network *network, Values *options, uint32_t flags, Job *job, Error *error);
