/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that end with the client that started them (DOMAIN_START_AUTODESTROY). */
#pragma once

#include "objects/client.h"
#include "drivers/driver.h"

typedef struct Autodestroy Autodestroy;

/* Before the start: watches the client from now on. NULL without memory. */
Autodestroy *autodestroy_new(Client *client);

/* After the start: takes over; destroys the domain when the client goes, or at once if it has gone
 * already. Ends by itself when the domain stops. */
void autodestroy_bind(Autodestroy *autodestroy, Domain *domain);

/* The start failed. NULL does nothing. Not after autodestroy_bind(). */
Autodestroy *autodestroy_free(Autodestroy *autodestroy);
