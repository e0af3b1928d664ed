/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface of a guest needs to know of the network it joins. */
#include "drivers/network/attach.h"

#include <string.h>

#include "drivers/network/host.h"
#include "drivers/network/pool.h"

static const char *const modes[] = {
        [FORWARD_BRIDGE] = "bridge",
        [FORWARD_PRIVATE] = "private",
        [FORWARD_VEPA] = "vepa",
        [FORWARD_PASSTHROUGH] = "passthrough",
};

static int choose_group(NetworkPlug *plug, const char *name, Error *error) {
        plug->group = network_portgroup(plug->conf, name);
        if (plug->group || !name)
                return 0;
        return fail(error, ERROR_OPERATION_FAILED, "network '%s' has no portgroup '%s'",
                    plug->conf->name, name);
}

static int choose_dev(NetworkPlug *plug, Error *error) {
        plug->kind = PLUG_DIRECT;
        plug->mode = modes[plug->conf->forward];
        return pool_choose_dev(plug, error);
}

static int choose_kind(NetworkPlug *plug, Error *error) {
        const NetworkConf *conf = plug->conf;

        switch (conf->forward) {
        case FORWARD_NONE:
        case FORWARD_NAT:
        case FORWARD_ROUTE:
        case FORWARD_OPEN:
                plug->bridge = conf->bridge;
                return 0;
        case FORWARD_BRIDGE:
                plug->bridge = conf->bridge;
                if (conf->bridge)
                        return 0;
                return choose_dev(plug, error);
        case FORWARD_PRIVATE:
        case FORWARD_VEPA:
        case FORWARD_PASSTHROUGH:
                return choose_dev(plug, error);
        case FORWARD_HOSTDEV:
                plug->kind = PLUG_HOSTDEV;
                return pool_choose_address(plug, "/sys", error);
        }
        return fail(error, ERROR_INTERNAL, "unknown forward mode %d", conf->forward);
}

static void choose_rest(NetworkPlug *plug) {
        const NetworkConf *conf = plug->conf;
        const NetworkPortGroup *group = plug->group;

        plug->virtualport = group && group->virtualport ? group->virtualport : conf->virtualport;
        plug->bandwidth = group ? group->bandwidth : NULL;
        plug->vlan = group && group->vlan ? group->vlan : conf->vlan;
        plug->mtu = conf->mtu;
        plug->isolated = conf->port_isolated == TRISTATE_YES;
        plug->learns_nothing = conf->mac_table_manager &&
                               strcmp(conf->mac_table_manager, "libvirt") == 0;
        plug->trust_rx_filters = group && group->trust_rx_filters != TRISTATE_UNSET
                                         ? group->trust_rx_filters : conf->trust_rx_filters;
}

int network_plug(Connection *connection, const char *network, const char *portgroup,
                 NetworkPlug *ret, Error *error) {
        Resource *resource =
                resource_set_by_name(connection_set(connection, RESOURCE_NETWORK), network);
        NetworkPlug plug = {};
        int r;

        if (!resource)
                return fail(error, ERROR_NO_NETWORK, "no network with matching name '%s'", network);
        plug.network = network_of(resource);
        r = defined_need_active(&plug.network->defined, error);
        if (r >= 0)
                r = network_conf_of(plug.network, true, &plug.conf, error);
        if (r >= 0)
                r = choose_group(&plug, portgroup, error);
        if (r >= 0)
                r = choose_kind(&plug, error);
        if (r < 0) {
                network_plug_clear(&plug);
                return r;
        }
        choose_rest(&plug);
        *ret = plug;
        return 0;
}

void network_plug_clear(NetworkPlug *plug) {
        network_conf_free(plug->conf);
        *plug = (NetworkPlug) {};
}

void network_user_add_on(Network *network, const char *device) {
        network_use_add(network, device);
}

void network_user_drop_on(Network *network, const char *device) {
        network_use_drop(network, device);
}

void network_user_add(Network *network) {
        network_use_add(network, NULL);
}

void network_user_drop(Network *network) {
        network_use_drop(network, NULL);
}

unsigned network_users(const Network *network) {
        return (unsigned) network->n_uses;
}
