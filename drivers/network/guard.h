/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for the packets of one interface of a guest: limits, and what its nwfilter says. It is
 * known by target/@dev. */
#pragma once

#include "conf/domain.h"
#include "drivers/connection.h"

typedef struct GuardLimit {
        uint64_t average, burst; /* KiB/s, KiB; 0: none */
} GuardLimit;

/* Whether its filter is there and can be had. */
int guard_check(const Connection *connection, const DomainNet *net, Error *error);

/* Tells nftables, where there is anything to tell: what the guest may send and get, by the
 * definition's filter, and how much it may send. */
int guard_set(const Connection *connection, const DomainNet *net, const GuardLimit *outbound,
              Error *error);
void guard_remove(const DomainNet *net);

/* Puts a filter in force as this text has it for all running guests that use it, or for none. What
 * was learnt of their addresses stays. */
int guard_refilter(const Connection *connection, const char *filter, const char *text,
                   Error *error);
