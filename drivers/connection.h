/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open driver and everything it holds: what /org/libvirt/QEMU is on the bus. */
#pragma once

#include <systemd/sd-event.h>

#include "conf/store.h"
#include "drivers/event.h"
#include "drivers/host-links.h"
#include "drivers/peer.h"
#include "drivers/resource.h"
#include "drivers/taps.h"
#include "drivers/unit.h"

typedef struct Driver Driver;
typedef struct Domain Domain;

/* What the process was told at its start; borrowed by every connection. */
typedef struct Settings {
        bool session;
        uint64_t patience; /* us to wait for a hypervisor's answer or for a turn in a queue */
        UnitManager *units; /* NULL: guests are plain children */
        TapBroker *taps;    /* NULL: whoever wants a tap makes it */
        HostLinks *links;   /* NULL: nobody else is told of interfaces */
        PeerManager *peers; /* NULL: there is no way to other hosts */
} Settings;

struct Connection {
        const Driver *driver;
        const Settings *settings;
        sd_event *event; /* borrowed, like the store */
        Store *store;
        EventHub hub;
        ResourceSet sets[_RESOURCE_KIND_MAX]; /* by connection_set() */
        Connection *keeper;  /* of what is the host's; borrowed; NULL: it keeps its own */
        Connection *sharing; /* the next that shares what is the host's; behind the keeper */
        uint32_t last_id; /* of domains, given out at start; starts at 1, never reused in a life */
        unsigned autostarting; /* networks and pools that marked domains wait for; 0: none */
        bool autostart_waits; /* marked domains wait for those of the keeper */
        void *data;       /* the driver's */
        void *networks;   /* of the operations of networks, if they keep anything */
        sd_event_source *views; /* forgets domain_view()s; NULL: there are none */
        bool views_used;
};

/* Opens: reads definitions, finds running guests again. What can't be read is logged and left
 * alone. keeper: whose networks, pools ... secrets are to be its own, too; it outlives this one.
 * NULL: it keeps its own. */
int connection_new(const Driver *driver, const Settings *settings, sd_event *event, Store *store,
                   Connection *keeper, Connection **ret, Error *error);

/* Who has the resources of this kind that belong to a connection: what is the host's (all but
 * domains and their snapshots) may be another's, by whose driver it is handled, too. */
static inline Connection *connection_keeper(const Connection *connection, ResourceKind kind) {
        return kind >= RESOURCE_NETWORK && connection->keeper ? connection->keeper
                                                              : (Connection *) connection;
}

static inline ResourceSet *connection_set(const Connection *connection, ResourceKind kind) {
        return &connection_keeper(connection, kind)->sets[kind];
}

/* Starts the networks, pools and domains that are marked for it, in the background; once per boot
 * of the host, so that what was shut down stays so when the service is started anew. */
void connection_autostart(Connection *connection);

/* Stops watching; guests keep running. */
Connection *connection_free(Connection *connection);
DEFINE_CLEANUP(Connection *, connection_free);

Domain *connection_domain_by_id(Connection *connection, uint32_t id); /* borrowed or NULL */

/* The names of a file or folder of this connection in its store: "qemu/NAME". NULL without
 * memory. */
char *connection_file(Connection *connection, const char *format, ...) _printf_(2, 3);
