/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for the packets of one interface of a guest: limits, and filters against forged
 * senders. It is known by target/@dev. */
#pragma once

#include "conf/domain.h"

typedef struct GuardLimit {
        uint64_t average, burst; /* KiB/s, KiB; 0: none */
} GuardLimit;

/* Whether the filter is one that we know. */
int guard_check(const DomainNet *net, Error *error);

/* Tells nftables, where there is anything to tell: what the guest may send, by the definition's
 * filter, and how much of it. */
int guard_set(const DomainNet *net, const GuardLimit *outbound, Error *error);
void guard_remove(const DomainNet *net);
