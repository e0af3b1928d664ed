/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a service that nobody needs: the bus starts it again with the next call. */
#pragma once

#include "service/gate.h"

typedef struct Idle Idle;

/* Watches what happens on a bus. When for this long (us) no call came, and nothing is under way and
 * nothing held (no guest runs, no client has anything that ends with the service, no driver that
 * keeps no files was changed), bored() is called. */
int idle_new(Tree *tree, Gate *gate, uint64_t patience, void (*bored)(void *userdata),
             void *userdata, Idle **ret);
Idle *idle_free(Idle *idle); /* NULL does nothing; before its tree */

/* Whether it could end right now, however long ago the last call was. */
bool idle_now(const Idle *idle);
