/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting to the bus without waiting for it. */
#include "service/bus.h"

#include <string.h>
#include <systemd/sd-event.h>

#include "drivers/log.h"

static int open_address(const char *address, sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE(bus);
        return 0;
}

int bus_open(sd_event *event, bool session, const char *address, sd_bus **ret, Error *error) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (address)
                r = open_address(address, &bus);
        else
                r = session ? sd_bus_open_user(&bus) : sd_bus_open_system(&bus);
        if (r < 0)
                return fail_errno(error, r, "cannot connect to %s",
                                  address ?: session ? "the session bus" : "the system bus");
        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(bus, true);
        if (r < 0)
                return fail_errno(error, r, "cannot watch the bus");
        *ret = TAKE(bus);
        return 0;
}

/* ---- the name ---- */

/* Carried by both slots: who is to be told. */
typedef struct Wish {
        void (*owned)(void *userdata); /* or no longer */
        void *userdata;
} Wish;

static int name_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        enum { PRIMARY_OWNER = 1, ALREADY_OWNER = 4 };
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        sd_bus *bus = sd_bus_message_get_bus(reply);
        Wish *wish = userdata;
        uint32_t answer = 0;

        if (!error)
                (void) sd_bus_message_read(reply, "u", &answer);
        if (answer == PRIMARY_OWNER || answer == ALREADY_OWNER) {
                wish->owned(wish->userdata);
                return 0;
        }
        log_message(LOG_ERR, "cannot have the name %s: %s", BUS_NAME,
                    error ? error->message : "another service has it");
        return sd_event_exit(sd_bus_get_event(bus), EXIT_FAILURE);
}

static int name_lost(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        sd_bus *bus = sd_bus_message_get_bus(signal);
        const char *name;

        if (sd_bus_message_read(signal, "s", &name) > 0 && strcmp(name, BUS_NAME) == 0) {
                log_message(LOG_NOTICE, "the name %s was taken from us", BUS_NAME);
                return sd_event_exit(sd_bus_get_event(bus), EXIT_SUCCESS);
        }
        return 0;
}

int bus_request_name(sd_bus *bus, void (*owned)(void *userdata), void *userdata,
                     sd_bus_slot *ret_slots[2], Error *error) {
        Wish *wish = malloc(sizeof(*wish));
        int r;

        if (!wish)
                return fail_memory(error);
        *wish = (Wish) { .owned = owned, .userdata = userdata };
        r = sd_bus_match_signal_async(bus, &ret_slots[0], "org.freedesktop.DBus",
                                      "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameLost",
                                      name_lost, NULL, NULL);
        if (r >= 0)
                r = sd_bus_request_name_async(bus, &ret_slots[1], BUS_NAME, 0, name_answered, wish);
        if (r < 0) {
                free(wish);
                return fail_errno(error, r, "cannot ask for the name %s", BUS_NAME);
        }
        (void) sd_bus_slot_set_destroy_callback(ret_slots[1], free);
        return 0;
}

static int name_released(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Wish *wish = userdata;

        wish->owned(wish->userdata);
        return 0;
}

int bus_release_name(sd_bus *bus, void (*released)(void *userdata), void *userdata,
                     sd_bus_slot *slots[2], Error *error) {
        Wish *wish = malloc(sizeof(*wish));
        int r;

        if (!wish)
                return fail_memory(error);
        *wish = (Wish) { .owned = released, .userdata = userdata };
        slots[0] = sd_bus_slot_unref(slots[0]); /* that it is lost is no news */
        slots[1] = sd_bus_slot_unref(slots[1]);
        r = sd_bus_release_name_async(bus, &slots[1], BUS_NAME, name_released, wish);
        if (r < 0) {
                free(wish);
                return fail_errno(error, r, "cannot give back the name %s", BUS_NAME);
        }
        (void) sd_bus_slot_set_destroy_callback(slots[1], free);
        return 0;
}
