/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the time since the last call, and asks everybody whether something is still held. */
#include "service/idle.h"

#include <errno.h>

#include "drivers/defined.h"

/* A connection whose driver keeps no files: what was changed there is gone with the process. */
typedef struct Memory {
        Idle *idle;
        EventHub *hub;
        EventWatch *watch;
        bool changed;
} Memory;

struct Idle {
        Tree *tree;
        Gate *gate;
        uint64_t patience;
        bool called; /* since the timer was set */
        void (*bored)(void *userdata);
        void *userdata;
        sd_bus_slot *filter;
        sd_event_source *timer;
        Memory *memories;
        size_t n_memories;
};

/* Guests, and networks, whose dnsmasq and rules are looked after. */
static bool has_work(const Connection *connection) {
        const ResourceSet *domains = &connection->sets[RESOURCE_DOMAIN];
        const ResourceSet *networks = &connection->sets[RESOURCE_NETWORK];

        for (size_t i = 0; i < domains->n; i++)
                if (domain_of(domains->items[i])->id > 0)
                        return true;
        for (size_t i = 0; i < networks->n; i++)
                if (defined_of(networks->items[i])->active)
                        return true;
        return false;
}

bool idle_now(const Idle *idle) {
        const Tree *tree = idle->tree;

        if (tree->requests > 0 || !gate_is_idle(idle->gate) || clients_hold(tree->clients))
                return false;
        for (size_t i = 0; i < idle->n_memories; i++)
                if (idle->memories[i].changed)
                        return false;
        for (size_t i = 0; i < tree->n_branches; i++) {
                const Connection *connection = tree->branches[i]->connection;

                if (connection->driver->keeps_files && has_work(connection))
                        return false;
        }
        return true;
}

static int look(sd_event_source *timer, uint64_t usec, void *userdata) {
        Idle *idle = userdata;

        if (!idle->called && idle_now(idle)) {
                idle->bored(idle->userdata); /* may have freed it */
                return 0;
        }
        idle->called = false;
        (void) sd_event_source_set_time_relative(timer, idle->patience);
        (void) sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
        return 0;
}

static int note_call(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        Idle *idle = userdata;
        uint8_t type;

        if (sd_bus_message_get_type(message, &type) >= 0 && type == SD_BUS_MESSAGE_METHOD_CALL)
                idle->called = true;
        return 0;
}

static void note_change(const Event *event, void *userdata) {
        Memory *memory = userdata;

        memory->changed = true;
}

static int watch_memories(Idle *idle) {
        const Tree *tree = idle->tree;
        int r = 0;

        idle->memories = calloc(tree->n_branches + 1, sizeof(*idle->memories));
        if (!idle->memories)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < tree->n_branches; i++) {
                Connection *connection = tree->branches[i]->connection;
                Memory *memory = &idle->memories[idle->n_memories];

                if (connection->driver->keeps_files)
                        continue;
                *memory = (Memory) { .idle = idle, .hub = &connection->hub };
                r = event_watch(memory->hub, note_change, memory, &memory->watch);
                if (r >= 0)
                        idle->n_memories++;
        }
        return r;
}

int idle_new(Tree *tree, Gate *gate, uint64_t patience, void (*bored)(void *userdata),
             void *userdata, Idle **ret) {
        Idle *idle = calloc(1, sizeof(*idle));
        int r;

        if (!idle)
                return -ENOMEM;
        *idle = (Idle) { .tree = tree, .gate = gate, .patience = patience, .bored = bored,
                         .userdata = userdata };
        r = watch_memories(idle);
        if (r >= 0)
                r = sd_bus_add_filter(tree->bus, &idle->filter, note_call, idle);
        if (r >= 0)
                r = sd_event_add_time_relative(sd_bus_get_event(tree->bus), &idle->timer,
                                               CLOCK_MONOTONIC, patience, 0, look, idle);
        if (r < 0) {
                idle_free(idle);
                return r;
        }
        *ret = idle;
        return 0;
}

Idle *idle_free(Idle *idle) {
        if (!idle)
                return NULL;
        for (size_t i = 0; i < idle->n_memories; i++)
                event_unwatch(idle->memories[i].hub, idle->memories[i].watch);
        free(idle->memories);
        sd_event_source_disable_unref(idle->timer);
        sd_bus_slot_unref(idle->filter);
        free(idle);
        return NULL;
}
