/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest on its way from one host to another: the side that sends, and the one that expects. */
#pragma once

#include <sys/socket.h>

#include "drivers/peer.h"
#include "drivers/xen/away.h"

#define XEN_TOKEN_SIZE 32 /* hex digits */

/* Both are there at once when a guest moves within one host: no two may have the same name. */
#define XEN_NAME_INCOMING "--incoming"
#define XEN_NAME_AWAY "--migratedaway"

/* "tcp://ADDRESS:PORT", the address as a number, in brackets if it is of IPv6; *ret_rest: what
 * follows. */
int xen_tcp_parse(const char *uri, struct sockaddr_storage *ret, socklen_t *ret_size,
                  const char **ret_rest, Error *error);

/* A stream whose other end is gone without a word fails within a minute, rather than in TCP's
 * quarter of an hour: a guest that was suspended for its last pages waits for it. */
void xen_tcp_watch(int fd);

/* ---- migrate.c: the side that sends ---- */

XenJourney *xen_journey_free(XenJourney *journey);

/* It waits for the other side: the job ends, and away with it. */
void xen_journey_abort(XenAway *away);

/* The service died with the guest on its way. */
void xen_journey_recover(XenGuest *guest, XenAwayKind kind, const libxl_dominfo *info);

/* ---- migrate-in.c: the side that expects ---- */

XenIncoming *xen_incoming_free(XenIncoming *incoming);
const char *xen_incoming_name(const XenIncoming *incoming); /* until it is its own */

/* All of it is there, and it doesn't run yet. */
int xen_incoming_built(XenGuest *guest, Error *error);

int xen_migrate_prepare(Connection *connection, const char *xml, const char *listen,
                        uint32_t flags, Job *job, Error *error);
int xen_migrate_finish(Connection *connection, const char *uuid, uint32_t flags, Job *job,
                       Error *error);
