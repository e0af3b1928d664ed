/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has which address of a network. */
#pragma once

#include "drivers/network.h"

typedef struct Lease {
        int64_t expiry; /* s since 1970; 0: never */
        bool v6;
        const char *iaid, *ip, *hostname, *client; /* "" where there is none */
        char mac[18];                              /* "" where nobody knows it */
} Lease;

/* The leases in the text of dnsmasq's file, which is written into; a line that isn't whole is
 * passed over. Those that ended before now are too. */
void leases_parse(char *text, int64_t now, void (*found)(Lease *lease, void *userdata),
                  void *userdata);

/* a(sxisssuss); mac NULL: all. */
int leases_read(Network *network, const char *mac, Values *values, Error *error);

/* Calls found() for each lease of an active network: for who looks for a guest's addresses. */
int leases_each(const Network *network, void (*found)(Lease *lease, void *userdata),
                void *userdata, Error *error);
