/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Authorization, in front of every table. */
#pragma once

#include "objects/tree.h"

/* Limits; one call more is answered with LimitsExceeded. */
#define GATE_ASKING_MAX 64     /* questions to polkit under way; others wait for their turn */
#define GATE_TURN_MAX 1024     /* calls that polkit is or will be asked about */
#define GATE_CLIENT_MAX 128    /* those of one client */
#define GATE_STRANGERS_MAX 16384 /* calls whose client the bus was asked about */

typedef struct Gate Gate;

/* To be made after everything else that filters messages on this bus: the last filter added is the
 * first to be called. patience: us for an answer of polkit that needs no person. always: polkit is
 * asked even for what everybody has, so that its rules may take that away. */
int gate_new(Tree *tree, uint64_t patience, bool always, Gate **ret);
bool gate_is_idle(const Gate *gate); /* no call waits for an answer */
Gate *gate_free(Gate *gate); /* before its tree; waiting calls are forgotten */
DEFINE_CLEANUP(Gate *, gate_free);
