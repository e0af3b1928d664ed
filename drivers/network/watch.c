/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules that somebody else removes are put back: `nft flush ruleset` is what a firewall's script
 * does first. The kernel tells of every change; a while after one, the tables of active networks
 * are compared with what they looked like when we made them, and those that differ are made
 * again.
 *
 * Our own changes are told too: then nothing differs. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "drivers/log.h"
#include "drivers/network/host.h"
#include "drivers/network/rules.h"

#define CALM (100 * UINT64_C(1000)) /* us after a change: its author may not be ready */

struct RulesWatch {
        Connection *connection;
        struct mnl_socket *socket;
        sd_event_source *news, *look;
};

/* ---- looking ---- */

static bool has_rules(const Connection *connection) {
        const ResourceSet *set = &connection->sets[RESOURCE_NETWORK];

        for (size_t i = 0; i < set->n; i++) {
                const HostNetwork *host = host_of(network_of(set->items[i]));

                if (host && host->stage == HOST_RUNNING && host->table)
                        return true;
        }
        return false;
}

typedef struct Found {
        const Connection *connection;
        bool *intact; /* of each network */
} Found;

static void compare(const char *table, uint64_t mark, void *userdata) {
        Found *found = userdata;
        const ResourceSet *set = &found->connection->sets[RESOURCE_NETWORK];

        for (size_t i = 0; i < set->n; i++) {
                const HostNetwork *host = host_of(network_of(set->items[i]));

                if (host && host->table && strcmp(host->table, table) == 0)
                        found->intact[i] = host->mark == mark;
        }
}

static void mend(HostNetwork *host) {
        const Resource *resource = &host->network->defined.resource;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        int r = network_conf_of(host->network, true, &conf, &error);

        if (r >= 0)
                r = host_set_rules(host, conf, &error);
        if (r >= 0)
                (void) host_save(host, &error);
        else
                text = error_text(&error);
        log_resource(r < 0 ? LOG_ERR : LOG_WARNING, resource, "somebody changed its table '%s' of "
                     "nftables: %s", host->table, r >= 0 ? "made again" : text ?: "out of memory");
}

static int look(sd_event_source *source, uint64_t usec, void *userdata) {
        RulesWatch *watch = userdata;
        const ResourceSet *set = &watch->connection->sets[RESOURCE_NETWORK];
        _cleanup_(freep) bool *intact = calloc(MAX(set->n, 1u), sizeof(*intact));
        Found found = { watch->connection, intact };

        watch->look = sd_event_source_disable_unref(watch->look);
        if (!intact || rules_look(compare, &found, NULL) < 0)
                return 0;
        for (size_t i = 0; i < set->n; i++) {
                HostNetwork *host = host_of(network_of(set->items[i]));

                if (host && host->stage == HOST_RUNNING && host->table && !host->update &&
                    !intact[i])
                        mend(host);
        }
        if (!has_rules(watch->connection)) {
                host_networks_of(watch->connection)->watch = rules_watch_free(watch);
                rules_rest();
        }
        return 0;
}

/* ---- news ---- */

/* What is told doesn't matter, nor that some of it was lost. */
static int told(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        RulesWatch *watch = userdata;
        char bytes[8192];

        while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
               errno == EINTR)
                ;
        if (!watch->look)
                (void) sd_event_add_time_relative(watch->connection->event, &watch->look,
                                                  CLOCK_MONOTONIC, CALM, 0, look, watch);
        return 0;
}

static int listen_to(RulesWatch *watch) {
        int group = NFNLGRP_NFTABLES;

        watch->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (!watch->socket || mnl_socket_bind(watch->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
            mnl_socket_setsockopt(watch->socket, NETLINK_ADD_MEMBERSHIP, &group,
                                  sizeof(group)) < 0)
                return -errno;
        return sd_event_add_io(watch->connection->event, &watch->news,
                               mnl_socket_get_fd(watch->socket), EPOLLIN, told, watch);
}

RulesWatch *rules_watch_free(RulesWatch *watch) {
        if (!watch)
                return NULL;
        sd_event_source_disable_unref(watch->news);
        sd_event_source_disable_unref(watch->look);
        if (watch->socket)
                mnl_socket_close(watch->socket);
        free(watch);
        return NULL;
}

void rules_watch(Connection *connection) {
        HostNetworks *networks = host_networks_of(connection);
        RulesWatch *watch;

        if (networks->watch || !has_rules(connection))
                return;
        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return;
        watch->connection = connection;
        if (listen_to(watch) >= 0) {
                networks->watch = watch;
                return;
        }
        log_message(LOG_WARNING, "cannot watch nftables: rules of networks that somebody removes "
                    "stay away");
        rules_watch_free(watch);
}
