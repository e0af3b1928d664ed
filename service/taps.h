/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taps of the system's networks for a session's guests, asked of the system's own service. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/taps.h"

/* Connects to the system bus with the first question. */
int taps_new(sd_event *event, TapBroker **ret);
/* Who waits for one is told that the service ends. */
void taps_close(TapBroker *broker);
TapBroker *taps_free(TapBroker *broker); /* NULL does nothing */
