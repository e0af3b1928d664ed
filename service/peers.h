/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services of other hosts, over their buses. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/peer.h"

int peers_new(sd_event *event, PeerManager **ret);
PeerManager *peers_free(PeerManager *manager); /* NULL does nothing */

/* What sd-bus connects to for a URI of a connection, and the host that it names (NULL: this one);
 * both newly allocated. */
int peer_address(const char *uri, char **ret_address, char **ret_host, Error *error);
