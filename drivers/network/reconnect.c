/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a restart of the service: every runtime file names a network. One that was active is taken
 * over as it is, its dnsmasq with the same pid; what it lacks by now is made again. One that was on
 * its way there or back is undone, since nobody was told that it is there. */
#include <errno.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/network/files.h"
#include "drivers/network/host.h"
#include "drivers/network/rules.h"

/* ---- one of them ---- */

static int take_names(HostNetwork *host, HostState *state) {
        host->bridge = TAKE(state->bridge);
        host->table = TAKE(state->table);
        host->mac = state->mac;
        host->mark = state->mark;
        host->stage = MIN(state->stage, (uint32_t) HOST_STOPPING);
        return 0;
}

static bool has_its_bridge(const HostNetwork *host) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;

        return rtnl_open(&rtnl, NULL) >= 0 && rtnl_find(&rtnl, host->bridge, &link, NULL) >= 0 &&
               link.is_bridge && memcmp(&link.mac, &host->mac, sizeof(host->mac)) == 0;
}

static void stray_exited(Process *process, int code, int status, void *userdata) {
}

static void kill_stray(const HostNetwork *host, const HostState *state) {
        _cleanup_(process_freep) Process *process = NULL;

        if (state->pid > 0 && process_adopt(host_connection(host)->event, state->pid, state->start,
                                            stray_exited, NULL, &process, NULL) >= 0)
                (void) process_signal(process, SIGKILL);
        if (state->unit)
                dnsmasq_stop_unit(host);
}

static void undo(HostNetwork *host, const HostState *state, const char *why) {
        Defined *defined = &host->network->defined;

        log_resource(LOG_NOTICE, &defined->resource, "%s: removed what is left of it", why);
        kill_stray(host, state);
        host_undo(host);
        host_drop(host);
        defined_start_failed(defined);
}

/* Its rules are as they were, or are made again. */
static void check_rules(HostNetwork *host, const NetworkConf *conf) {
        _cleanup_(error_clear) Error error = {};

        if (!host->table || (host->mark != 0 && rules_mark(host->table) == host->mark))
                return;
        if (host_set_rules(host, conf, &error) >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_resource(LOG_ERR, &host->network->defined.resource, "its rules are gone: %s",
                     text ?: "out of memory");
}

static void adopt(HostNetwork *host, const NetworkConf *conf, const HostState *state) {
        int r = dnsmasq_adopt(host, state->pid, state->start, state->unit, NULL);

        check_rules(host, conf);
        if (r < 0 && files_are_needed(conf)) {
                log_resource(LOG_WARNING, &host->network->defined.resource,
                             "its dnsmasq ended while the service was away");
                dnsmasq_revive(host);
        }
        host_remember_told(host, conf);
        host->network->defined.active = true;
        host->network->defined.announced = true;
        (void) host_save(host, NULL);
}

static int reconnect(Connection *connection, const char *uuid, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(host_state_clear) HostState state = {};
        _cleanup_(freep) char *text = NULL;
        HostNetwork *host;
        Defined *defined;
        int r = host_load(connection, uuid, &state, &text, error);

        if (r >= 0)
                r = network_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);
        if (r < 0)
                return r;
        const DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = defined_create(connection, &network_kind_defined, &who, text, &defined, error);
        if (r < 0)
                return r;
        host = host_new(network_of(&defined->resource));
        if (!host)
                return fail_memory(error);
        (void) take_names(host, &state);
        if (host->stage != HOST_RUNNING)
                undo(host, &state, "was being started or stopped when the service ended");
        else if (host->bridge && !has_its_bridge(host))
                undo(host, &state, "its bridge is gone");
        else
                adopt(host, conf, &state);
        return 0;
}

static int found(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        int r = reconnect(userdata, name, &error);

        if (r < 0) {
                _cleanup_(freep) char *text = error_text(&error);

                log_message(LOG_ERR, "cannot take over network %s: %s", name,
                            text ?: "out of memory");
        }
        return 0;
}

/* ---- all of them ---- */

int host_networks_open(Connection *connection, Error *error) {
        _cleanup_(freep) char *folder = connection_file(connection, "networks");
        int r;

        connection->networks = calloc(1, sizeof(HostNetworks));
        if (!connection->networks || !folder)
                return fail_memory(error);
        r = network_define_default(connection, error);
        if (r >= 0)
                r = store_list(connection->store, STORE_RUNTIME, folder, ".xml", found, connection,
                               error);
        if (r >= 0)
                rules_watch(connection);
        return r;
}

void host_networks_close(Connection *connection) {
        const ResourceSet *set = &connection->sets[RESOURCE_NETWORK];

        for (size_t i = 0; i < set->n; i++) {
                HostNetwork *host = host_of(network_of(set->items[i]));

                if (host)
                        host_drop(host);
        }
        if (connection->networks)
                rules_watch_free(host_networks_of(connection)->watch);
        free(connection->networks);
        connection->networks = NULL;
}
