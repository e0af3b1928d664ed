/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the message bus, and our name on it. */
#pragma once

#include <systemd/sd-bus.h>

#include "conf/error.h"

#define BUS_NAME "org.libvirt"

/* Connects, without waiting for the bus's answer: address, or NULL for the system's or session's
 * bus. The loop ends with failure when the connection does. */
int bus_open(sd_event *event, bool session, const char *address, sd_bus **ret, Error *error);

/* Asks for our name. owned() is told when we have it; when somebody else has it, or takes it
 * later, the loop ends. *ret_slots: two, to be dropped by the caller. */
int bus_request_name(sd_bus *bus, void (*owned)(void *userdata), void *userdata,
                     sd_bus_slot *ret_slots[2], Error *error);

/* Gives the name back, and the slots. By the time released() is told, every call that was sent to
 * the name has been handed out; some may not be answered yet. */
int bus_release_name(sd_bus *bus, void (*released)(void *userdata), void *userdata,
                     sd_bus_slot *slots[2], Error *error);
