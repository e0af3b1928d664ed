/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network whose addresses the host knows already would cut off whoever has them. An interface's
 * subnet may not meet ours at all; a route only is in the way when it leads to just our subnet:
 * a wider one gives way to ours, as routes do. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/host.h"

typedef struct Check {
        const Connection *connection;
        const NetworkConf *conf;
        Error *error;
} Check;

/* "network 'default'" or "interface 'eth0'" */
static int refuse(const Check *check, const NetworkIp *ip, const Subnet *subnet) {
        const ResourceSet *set = &check->connection->sets[RESOURCE_NETWORK];
        char link[IF_NAMESIZE] = "";

        if (!if_indextoname(subnet->index, link))
                return 0; /* it went meanwhile */
        for (size_t i = 0; i < set->n; i++) {
                const Network *network = network_of(set->items[i]);

                if (network->defined.active && strcmp(network->bridge, link) == 0)
                        return fail(check->error, ERROR_OPERATION_FAILED,
                                    "network '%s' cannot have %s/%d: that is already in use by "
                                    "network '%s'", check->conf->name, ip->address,
                                    network_ip_prefix(ip), network->defined.resource.name);
        }
        return fail(check->error, ERROR_OPERATION_FAILED,
                    "network '%s' cannot have %s/%d: that is already in use by interface '%s'",
                    check->conf->name, ip->address, network_ip_prefix(ip), link);
}

static int compare(const Subnet *subnet, void *userdata) {
        const Check *check = userdata;

        for (size_t i = 0; i < check->conf->ips.n; i++) {
                const NetworkIp *ip = check->conf->ips.items[i];
                int prefix = network_ip_prefix(ip);
                IpAddress address;

                if (!ip->address || prefix < 0 || ip_parse(ip->address, &address) < 0)
                        continue;
                if (subnet->is_route && subnet->prefix != prefix)
                        continue;
                if (ip_same_net(&address, &subnet->address, MIN(prefix, (int) subnet->prefix)))
                        return refuse(check, ip, subnet);
        }
        return 0;
}

int subnets_check(Rtnl *rtnl, Connection *connection, const NetworkConf *conf, Error *error) {
        Check check = { connection, conf, error };

        return rtnl_each_subnet(rtnl, compare, &check, error);
}
