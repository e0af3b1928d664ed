/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual networks of this host, for every driver that runs real guests. */
#include "drivers/network/host.h"

#include "drivers/network/leases.h"
#include "drivers/network/ops.h"
#include "drivers/network/port.h"

static int define(Connection *connection, const char *xml, Job *job, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        Defined *defined;
        int r = network_conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = network_fill_in(connection, conf, error);
        if (r >= 0)
                r = network_conf_print(conf, MAP_LIVE, &text, error);
        if (r < 0)
                return r;
        const DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        r = defined_define(connection, &network_kind_defined, &who, text, &defined, error);
        if (r >= 0)
                job->result.resource = resource_ref(&defined->resource);
        return r;
}

static int create(Connection *connection, const char *xml, Job *job, Error *error) {
        const ResourceSet *set = &connection->sets[RESOURCE_NETWORK];
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = network_conf_parse(xml, 0, &conf, error);
        Network *network;

        if (r < 0)
                return r;
        Resource *same = resource_set_by_uuid(set, conf->uuid);
        if (same && host_of(network_of(same)))
                return fail(error, ERROR_OPERATION_INVALID, "network is already active as '%s'",
                            same->name);
        r = host_start(connection, conf, job, &network, error);
        if (r >= 0)
                job->result.resource = resource_ref(&network->defined.resource);
        return r;
}

static int undefine(Network *network, Job *job, Error *error) {
        bool active = network->defined.active;
        int r;

        resource_ref(&network->defined.resource);
        r = defined_undefine(&network->defined, error);
        if (r >= 0 && !active)
                host_remove_files(network, true);
        resource_unref(&network->defined.resource);
        return r;
}

static int start(Network *network, Job *job, Error *error) {
        Connection *connection = network->defined.resource.connection;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = defined_need_inactive(&network->defined, error);

        if (r >= 0 && host_of(network))
                r = fail(error, ERROR_OPERATION_INVALID, "network '%s' is being started",
                         network->defined.resource.name);
        if (r >= 0)
                r = network_conf_of(network, false, &conf, error);
        return r < 0 ? r : host_start(connection, conf, job, &network, error);
}

static int destroy(Network *network, Job *job, Error *error) {
        int r = defined_need_active(&network->defined, error);

        return r < 0 ? r : host_stop(host_of(network), job, error);
}

static int update(Network *network, uint32_t command, uint32_t section, int32_t parent_index,
                  const char *xml, uint32_t flags, Job *job, Error *error) {
        const NetworkUpdate change = { command, section, parent_index, xml };

        return host_update(network, &change, flags, job, error);
}

static int leases(Network *network, const char *mac, uint32_t flags, Job *job, Error *error) {
        int r = defined_need_active(&network->defined, error);

        return r < 0 ? r : leases_read(network, mac, &job->result.values, error);
}

const NetworkOps host_networks = {
        .open = host_networks_open,
        .close = host_networks_close,
        .define = define,
        .create = create,
        .undefine = undefine,
        .start = start,
        .destroy = destroy,
        .update = update,
        .leases = leases,
        .open_tap = port_open_tap,
};
