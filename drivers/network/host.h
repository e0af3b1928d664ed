/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual network of this host while it is active, or on its way there and back. */
#pragma once

#include "drivers/driver.h"
#include "drivers/network.h"
#include "drivers/network/dnsmasq.h"
#include "drivers/network/link.h"
#include "drivers/network/removal.h"

typedef enum HostStage {
        HOST_STARTING, /* nobody was told of it: after a crash it is undone */
        HOST_RUNNING,
        HOST_STOPPING, /* after a crash this goes on */
        _HOST_STAGE_MAX,
} HostStage;

/* Its Network's data; while there is one, the network is active or becomes so or ceases to be. */
typedef struct HostNetwork {
        Network *network; /* borrowed: it owns us */
        HostStage stage;
        char *bridge;     /* that we made; NULL: none */
        MacAddress mac;   /* of that bridge, and of no other */
        char *table;      /* of nftables; NULL: it has no rules */
        uint64_t mark;    /* of that table (rules_mark()) */
        Dnsmasq dnsmasq;
        Removal *removal; /* of the bridge, while it is under way */
        HostLinkRequest *telling; /* others of the bridge, while that is under way */
        bool in_zone;             /* of firewalld's */
        Job *job;         /* the one that waits: a start, a stop or an update */
        struct HostUpdate *update;
} HostNetwork;

static inline HostNetwork *host_of(const Network *network) {
        return network->defined.data;
}

static inline Connection *host_connection(const HostNetwork *host) {
        return host->network->defined.resource.connection;
}

static inline bool network_has_family(const NetworkConf *conf, bool v6) {
        for (size_t i = 0; i < conf->ips.n; i++)
                if (conf->ips.items[i]->address && network_ip_is_v6(conf->ips.items[i]) == v6)
                        return true;
        return false;
}

static inline bool network_owns_bridge(const NetworkConf *conf) {
        return FORWARD_OWN_BRIDGE & BIT(conf->forward);
}

HostNetwork *host_new(Network *network); /* becomes the network's data; NULL without memory */
void host_drop(HostNetwork *host);       /* the network has no data any more */

/* ---- definitions (define.c) ---- */

/* What is filled in before a definition is kept: the name and the address of its bridge. Refuses a
 * bridge that is another's. */
int network_fill_in(Connection *connection, NetworkConf *conf, Error *error);

/* Defines the network "default", the first time a system service looks. */
int network_define_default(Connection *connection, Error *error);

/* Refuses subnets that the host or another network uses (subnet.c). */
int subnets_check(Rtnl *rtnl, Connection *connection, const NetworkConf *conf, Error *error);

/* ---- life (life.c) ---- */

/* Starts what conf says, as a live definition of that name and uuid. As an operation; with *ret the
 * network. */
int host_start(Connection *connection, NetworkConf *conf, Job *job, Network **ret, Error *error);
int host_stop(HostNetwork *host, Job *job, Error *error);

/* Takes away all that was made for it, the runtime file last. What can't be is logged. */
void host_undo(HostNetwork *host);

/* Rules as conf has them, and what they look like then. */
int host_set_rules(HostNetwork *host, const NetworkConf *conf, Error *error);

/* Tells others of the host about the bridge (tell.c); as an operation: after PENDING, host_told()
 * is called once. What an earlier life of the service told is only remembered. */
int host_tell(HostNetwork *host, const NetworkConf *conf, Error *error);
void host_told(HostNetwork *host, Error *error);
void host_remember_told(const HostNetwork *host, const NetworkConf *conf);
void host_forget_telling(HostNetwork *host);
void host_tell_gone(const HostNetwork *host);

/* dnsmasq answers from now on, or error says why not. Called once after dnsmasq_release(). */
void host_served(HostNetwork *host, Error *error);
/* dnsmasq is gone, after dnsmasq_end(). */
void host_unserved(HostNetwork *host);

/* ---- changes (update.c) ---- */

int host_update(Network *network, const NetworkUpdate *update, uint32_t flags, Job *job,
                Error *error);
void host_update_served(HostNetwork *host, Error *error);
void host_update_unserved(HostNetwork *host);

/* ---- files (state.c) ---- */

/* The names of this network's files in STORE_STATE, as paths. NULL without memory. */
char *host_file(const Network *network, const char *suffix);

/* Makes one of them anew, readable for dnsmasq. */
int host_write_file(const Network *network, const char *suffix, const char *text, Error *error);
int host_write_files(const Network *network, const NetworkConf *conf, Error *error);
void host_remove_files(const Network *network, bool leases);

/* The runtime file, which names what must be undone; conf is the live definition. */
int host_save(const HostNetwork *host, Error *error);
void host_forget(const Network *network);

typedef struct HostState {
        uint32_t stage, pid, unit; /* unit: dnsmasq is or was to be in one */
        uint64_t start, mark;
        char *bridge, *table;
        MacAddress mac;
} HostState;

int host_load(Connection *connection, const char *uuid, HostState *ret, char **ret_text,
              Error *error);
void host_state_clear(HostState *state);

/* ---- a connection's networks (reconnect.c, watch.c) ---- */

int host_networks_open(Connection *connection, Error *error);
void host_networks_close(Connection *connection);

/* Looks after the rules of this connection's networks while there are any. */
void rules_watch(Connection *connection);
typedef struct RulesWatch RulesWatch;
RulesWatch *rules_watch_free(RulesWatch *watch);

/* What a connection keeps of its networks: the one way to it. */
typedef struct HostNetworks {
        RulesWatch *watch;
} HostNetworks;

static inline HostNetworks *host_networks_of(const Connection *connection) {
        return connection->networks;
}
