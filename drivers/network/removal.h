/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The removal of an interface, which takes the kernel some ten milliseconds, off the loop. */
#pragma once

#include <systemd/sd-event.h>

#include "conf/error.h"

typedef struct Removal Removal;

/* Called once, from the loop, when the interface is gone or couldn't be removed (r: negative). The
 * removal is freed by whoever is told. */
typedef void (*RemovalDone)(Removal *removal, int r, void *userdata);

int removal_new(sd_event *event, unsigned index, RemovalDone done, void *userdata, Removal **ret,
                Error *error);
Removal *removal_free(Removal *removal); /* it goes on, and nobody is told */
