/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of a network that is active. Rules are replaced at once. dnsmasq reads its files of hosts
 * anew when told; a change of its configuration takes another dnsmasq, since it reads that once.
 * Only when all of it is in force the texts change; what fails is put back, and the old
 * configuration gets its dnsmasq again. */
#include <string.h>

#include "conf/api-network.h"
#include "drivers/log.h"
#include "drivers/network/files.h"
#include "drivers/network/host.h"
#include "drivers/network/rules.h"

typedef struct HostUpdate {
        char *live, *persistent; /* texts to be */
        NetworkConf *before, *after;
        bool going_back;
        Error error; /* why */
} HostUpdate;

static void update_free(HostUpdate *update) {
        free(update->live);
        free(update->persistent);
        network_conf_free(update->before);
        network_conf_free(update->after);
        error_clear(&update->error);
        free(update);
}

DEFINE_CLEANUP(HostUpdate *, update_free);

/* ---- rules ---- */

static int set_rules(HostNetwork *host, const NetworkConf *from, const NetworkConf *to,
                     Error *error) {
        _cleanup_(freep) char *old = NULL, *new = NULL;
        int r = 0;

        if (!host->table)
                return 0;
        r = rules_of_network(from, host->table, &old, error);
        if (r >= 0)
                r = rules_of_network(to, host->table, &new, error);
        if (r < 0 || (old && new && strcmp(old, new) == 0))
                return r;
        return host_set_rules(host, to, error);
}

/* ---- dnsmasq ---- */

enum { SAME, HOSTS_DIFFER, ALL_DIFFERS };

static int compare_files(const HostNetwork *host, const HostUpdate *update, Error *error) {
        _cleanup_(freep) char *hosts = host_file(host->network, ".hosts");
        _cleanup_(freep) char *names = host_file(host->network, ".names");
        _cleanup_(files_clear) NetworkFiles before = {}, after = {};
        int r = hosts && names ? files_of_network(update->before, hosts, names, &before, error)
                               : fail_memory(error);

        if (r >= 0)
                r = files_of_network(update->after, hosts, names, &after, error);
        if (r < 0)
                return r;
        if (strcmp(before.conf, after.conf) != 0)
                return ALL_DIFFERS;
        return strcmp(before.hosts, after.hosts) != 0 || strcmp(before.names, after.names) != 0
                       ? HOSTS_DIFFER : SAME;
}

static int launch(HostNetwork *host, const NetworkConf *conf, Error *error) {
        int r = files_are_needed(conf) ? host_write_files(host->network, conf, error) : DONE;

        if (r < 0 || !files_are_needed(conf))
                return r;
        r = dnsmasq_spawn(host, error);
        if (r >= 0)
                r = host_save(host, error);
        if (r >= 0)
                r = dnsmasq_release(host, error);
        if (r < 0)
                host->dnsmasq.process = process_free(host->dnsmasq.process);
        return r < 0 ? r : PENDING;
}

/* ---- the end of it ---- */

static int update_finish(HostNetwork *host, HostUpdate *update, Error *error) {
        int r = network_updated(host->network, update->live, update->persistent, error);

        return r < 0 ? r : host_save(host, error);
}

static void update_over(HostNetwork *host) {
        _cleanup_(update_freep) HostUpdate *update = TAKE(host->update);
        Job *job = TAKE(host->job);
        int r = update->error.code != ERROR_NONE ? -error_number(update->error.code) : 0;

        if (r >= 0)
                r = update_finish(host, update, &update->error);
        job_done(job, r, r < 0 ? &update->error : NULL);
}

/* ---- in the order in which it happens ---- */

static int update_begin(HostNetwork *host, Error *error) {
        HostUpdate *update = host->update;
        int r = set_rules(host, update->before, update->after, error), what;

        if (r < 0)
                return r;
        what = compare_files(host, update, error);
        if (what == ALL_DIFFERS)
                r = dnsmasq_end(host) ? PENDING : launch(host, update->after, error);
        else if (what == HOSTS_DIFFER) {
                r = host_write_files(host->network, update->after, error);
                if (r >= 0)
                        dnsmasq_reload(host);
        } else
                r = MIN(what, 0);
        if (r < 0)
                (void) set_rules(host, update->after, update->before, NULL);
        return r;
}

static void go_back(HostNetwork *host, Error *error) {
        HostUpdate *update = host->update;

        error_move(&update->error, error);
        update->going_back = true;
        (void) set_rules(host, update->after, update->before, NULL);
        if (launch(host, update->before, NULL) == PENDING)
                return;
        dnsmasq_revive(host);
        update_over(host);
}

/* The old dnsmasq is gone. */
void host_update_unserved(HostNetwork *host) {
        _cleanup_(error_clear) Error error = {};
        int r = launch(host, host->update->after, &error);

        if (r < 0)
                go_back(host, &error);
        else if (r == DONE)
                update_over(host);
}

/* The new one serves, or it doesn't; or the old one does again. */
void host_update_served(HostNetwork *host, Error *error) {
        if (!error || error->code == ERROR_NONE) {
                update_over(host);
                return;
        }
        if (!host->update->going_back) {
                go_back(host, error);
                return;
        }
        dnsmasq_revive(host);
        update_over(host);
}

/* A network without an active part changes its texts alone. */
static int update_texts(Network *network, HostUpdate *update, Error *error) {
        HostNetwork *host = host_of(network);
        int r = network_updated(network, update->live, update->persistent, error);

        return r >= 0 && host && network->defined.active ? host_save(host, error) : r;
}

int host_update(Network *network, const NetworkUpdate *change, uint32_t flags, Job *job,
                Error *error) {
        _cleanup_(update_freep) HostUpdate *update = calloc(1, sizeof(*update));
        HostNetwork *host = host_of(network);
        int r = update ? network_update(network, change, flags, &update->live,
                                        &update->persistent, error)
                       : fail_memory(error);

        if (r >= 0 && update->live && host->bridge) {
                r = network_conf_of(network, true, &update->before, error);
                if (r >= 0)
                        r = network_conf_parse(update->live, CONF_TRUSTED | CONF_LIVE,
                                               &update->after, error);
        }
        if (r < 0)
                return r;
        if (!update->after)
                return update_texts(network, update, error);

        host->update = TAKE(update);
        r = update_begin(host, error);
        if (r == PENDING) {
                host->job = job;
                return PENDING;
        }
        update = TAKE(host->update);
        return r < 0 ? r : update_finish(host, update, error);
}
