/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of clients: found by name, the idle ones dropped oldest first. */
#include "objects/client.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "conf/macro.h"

struct Clients {
        sd_bus *bus;
        void *by_name;
        Client *oldest, *newest;
        unsigned n;
        sd_bus_slot *vanished;
};

static int compare_names(const void *a, const void *b) {
        return strcmp(((const Client *) a)->name, ((const Client *) b)->name);
}

static Client *find(Clients *clients, const char *name) {
        const Client key = { .name = (char *) name };
        void *node = tfind(&key, &clients->by_name, compare_names);

        return node ? *(Client **) node : NULL;
}

static bool is_idle(const Client *client) {
        return !client->watches && !client->details && client->identity != IDENTITY_ASKED;
}

bool clients_hold(const Clients *clients) {
        for (const Client *c = clients->oldest; c; c = c->newer)
                if (!is_idle(c))
                        return true;
        return false;
}

static void client_free(Client *client) {
        Clients *clients = client->clients;

        tdelete(client, &clients->by_name, compare_names);
        *(client->older ? &client->older->newer : &clients->oldest) = client->newer;
        *(client->newer ? &client->newer->older : &clients->newest) = client->older;
        clients->n--;
        sd_bus_slot_unref(client->question);
        free(client->name);
        free(client);
}

/* Drops what is idle, oldest first. Records in use are limited by the bus's own limits. */
static void sweep(Clients *clients) {
        Client *next;

        for (Client *c = clients->oldest; c && clients->n >= CLIENTS_IDLE_MAX; c = next) {
                next = c->newer;
                if (is_idle(c))
                        client_free(c);
        }
}

static Client *client_new(Clients *clients, const char *name) {
        Client *client;

        sweep(clients);
        client = calloc(1, sizeof(*client));
        if (!client)
                return NULL;
        *client = (Client) { .clients = clients, .name = strdup(name), .older = clients->newest };
        if (!client->name || !tsearch(client, &clients->by_name, compare_names)) {
                free(client->name);
                free(client);
                return NULL;
        }
        *(clients->newest ? &clients->newest->newer : &clients->oldest) = client;
        clients->newest = client;
        clients->n++;
        return client;
}

static const char *sender_of(sd_bus_message *message) {
        return sd_bus_message_get_sender(message) ?: "";
}

Client *client_of(Clients *clients, sd_bus_message *message) {
        return find(clients, sender_of(message)) ?: client_new(clients, sender_of(message));
}

Client *client_known(Clients *clients, sd_bus_message *message) {
        return find(clients, sender_of(message));
}

/* ---- watches ---- */

void client_watch(Client *client, ClientWatch *watch) {
        ClientWatch *last = client->last_watch;

        watch->client = client;
        watch->previous = last;
        watch->next = NULL;
        *(last ? &last->next : &client->watches) = watch;
        client->last_watch = watch;
        client->watched++;
}

void client_unwatch(ClientWatch *watch) {
        Client *client = watch->client;

        if (!client)
                return;
        *(watch->previous ? &watch->previous->next : &client->watches) = watch->next;
        *(watch->next ? &watch->next->previous : &client->last_watch) = watch->previous;
        client->watched--;
        watch->client = NULL;
        watch->previous = watch->next = NULL;
}

/* ---- who is it? ---- */

/* Callbacks may end watches, also others than their own: each round begins at the head of what
 * has not been told, which is moved to the end as it is told. */
static void tell_known(Client *client) {
        for (unsigned n = client->watched; n > 0 && client->watches; n--) {
                ClientWatch *watch = client->watches;

                client_unwatch(watch);
                client_watch(client, watch);
                if (watch->known)
                        watch->known(watch);
        }
}

static int identified(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Client *client = userdata;
        uint32_t uid;

        client->question = sd_bus_slot_unref(client->question);
        client->identity = IDENTITY_FAILED;
        if (!sd_bus_message_is_method_error(reply, NULL) &&
            sd_bus_message_read(reply, "u", &uid) > 0) {
                client->uid = uid;
                client->identity = IDENTITY_KNOWN;
        }
        tell_known(client);
        return 0;
}

/* Without a bus the other end of our socket is the client, and the kernel says who that is. */
static void identify_peer(Client *client) {
        sd_bus_creds *creds = NULL;

        client->identity = IDENTITY_FAILED;
        if (sd_bus_get_owner_creds(client->clients->bus, SD_BUS_CREDS_EUID, &creds) >= 0 &&
            sd_bus_creds_get_euid(creds, &client->uid) >= 0)
                client->identity = IDENTITY_KNOWN;
        sd_bus_creds_unref(creds);
}

void client_identify(Client *client) {
        int r;

        if (client->identity != IDENTITY_UNASKED)
                return;
        if (!*client->name) {
                identify_peer(client);
                return;
        }
        client->identity = IDENTITY_ASKED;
        r = sd_bus_call_method_async(client->clients->bus, &client->question,
                                     "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetConnectionUnixUser", identified,
                                     client, "s", client->name);
        if (r < 0)
                client->identity = IDENTITY_FAILED;
}

/* ---- the end of a client ---- */

/* The newest watch first: what waits is told before what it waits for, and doesn't get its turn. */
static void client_gone(Client *client) {
        while (client->last_watch) {
                ClientWatch *watch = client->last_watch;

                client_unwatch(watch);
                watch->gone(watch);
        }
        client_free(client);
}

static int vanished(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        Clients *clients = userdata;
        const char *name;
        Client *client;

        if (sd_bus_message_read(signal, "sss", &name, NULL, NULL) <= 0)
                return 0;
        client = find(clients, name);
        if (client)
                client_gone(client);
        return 0;
}

int clients_new(sd_bus *bus, Clients **ret) {
        Clients *clients = calloc(1, sizeof(*clients));
        int r = 0;

        if (!clients)
                return -ENOMEM;
        clients->bus = bus;
        if (sd_bus_is_bus_client(bus) > 0)
                r = sd_bus_add_match_async(bus, &clients->vanished,
                                           "type='signal',sender='org.freedesktop.DBus',"
                                           "interface='org.freedesktop.DBus',"
                                           "member='NameOwnerChanged',arg2=''",
                                           vanished, NULL, clients);
        if (r < 0) {
                free(clients);
                return r;
        }
        *ret = clients;
        return 0;
}

static void close_watch(ClientWatch *watch) {
        client_unwatch(watch);
        if (watch->closed)
                watch->closed(watch);
}

Clients *clients_free(Clients *clients) {
        if (!clients)
                return NULL;
        while (clients->oldest) {
                while (clients->oldest->watches)
                        close_watch(clients->oldest->watches);
                client_free(clients->oldest);
        }
        sd_bus_slot_unref(clients->vanished);
        free(clients);
        return NULL;
}
