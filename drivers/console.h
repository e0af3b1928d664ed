/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's character device as a file descriptor: the service stands between the device and the
 * one client that holds it, so that it can be taken away again. */
#pragma once

#include <systemd/sd-event.h>

#include "conf/error.h"

typedef struct Console Console;

/* Pumps between device (a pty, taken over unless this fails) and a socket whose other end goes to
 * *ret_fd. Ends by itself when either side does; closed() is told once, from the loop, and may free
 * it. */
int console_new(sd_event *event, int device, void (*closed)(Console *console, void *userdata),
                void *userdata, int *ret_fd, Console **ret, Error *error);

/* The holder reads end of file. */
Console *console_free(Console *console);
