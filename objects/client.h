/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is on the other end: one record for each sender that something is known of.
 *
 * sd_bus_track and sd_bus_query_sender_creds answer the same questions by waiting for the bus;
 * here one match on names that vanish and one asynchronous question for each client do it,
 * shared by everybody who cares: the gate, clients that want details with their errors, guests
 * that end with their client.
 *
 * A unique name is never given out twice in the life of a bus, so what is known of one stays
 * true. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef struct Client Client;
typedef struct Clients Clients;
typedef struct ClientWatch ClientWatch;

/* Embedded by who waits for news of a client. Either callback may end this watch or others. */
struct ClientWatch {
        void (*gone)(ClientWatch *watch);  /* it left the bus; the watch is over */
        void (*known)(ClientWatch *watch); /* its uid is known or can't be known; may be NULL */
        void (*closed)(ClientWatch *watch); /* the service ends; the watch is over; may be NULL */

        Client *client; /* NULL: not watching */
        ClientWatch *previous, *next;
};

typedef enum Identity {
        IDENTITY_UNASKED,
        IDENTITY_ASKED,
        IDENTITY_KNOWN,
        IDENTITY_FAILED,
} Identity;

struct Client {
        Clients *clients;
        char *name; /* unique name; "" when there is no bus between us */
        Identity identity;
        uid_t uid;
        bool details;     /* wants data with its errors */
        unsigned asking;  /* the gate's: calls that polkit is asked about */

        ClientWatch *watches, *last_watch;
        unsigned watched; /* number of watches */
        sd_bus_slot *question;
        Client *older, *newer;
};

#define CLIENTS_IDLE_MAX 256 /* records that nobody watches, kept for their uid */

int clients_new(sd_bus *bus, Clients **ret);
Clients *clients_free(Clients *clients); /* watches are told closed() */

/* Whether some client has what would be lost with the service: a watch, its wish for details. */
bool clients_hold(const Clients *clients);

/* The record of a message's sender, made if need be. Borrowed: without a watch it lasts until
 * control goes back to the loop. NULL without memory. */
Client *client_of(Clients *clients, sd_bus_message *message);

/* Only if there is one: costs nothing for strangers. */
Client *client_known(Clients *clients, sd_bus_message *message);

void client_watch(Client *client, ClientWatch *watch);
void client_unwatch(ClientWatch *watch);

/* Asks the bus for the uid unless that is under way or done: identity says which. */
void client_identify(Client *client);
