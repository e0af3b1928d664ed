/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of the test driver: nothing is bridged, but guests get their addresses. */
#include "drivers/network.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "conf/api-domain.h"
#include "drivers/test/driver.h"

/* ---- definitions ---- */

typedef int (*Keep)(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                    const char *text, Defined **ret, Error *error);

static int take(Connection *connection, const char *xml, Keep keep, Defined **ret, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = network_conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = network_conf_print(conf, MAP_LIVE, &text, error);
        if (r < 0)
                return r;
        DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        return keep(connection, &network_kind_defined, &who, text, ret, error);
}

static int define(Connection *connection, const char *xml, Job *job, Error *error) {
        Defined *defined;
        int r = take(connection, xml, defined_define, &defined, error);

        if (r >= 0)
                job->result.resource = resource_ref(&defined->resource);
        return r;
}

static int create(Connection *connection, const char *xml, Job *job, Error *error) {
        Defined *defined;
        int r = take(connection, xml, defined_create, &defined, error);

        if (r < 0)
                return r;
        job->result.resource = resource_ref(&defined->resource);
        defined_started(defined);
        return DONE;
}

static int undefine(Network *network, Job *job, Error *error) {
        if (network->defined.active)
                return fail(error, ERROR_OPERATION_INVALID, "network '%s' is still running",
                            network->defined.resource.name);
        return defined_undefine(&network->defined, error);
}

/* ---- active or not ---- */

static int start(Network *network, Job *job, Error *error) {
        int r = defined_need_inactive(&network->defined, error);

        if (r >= 0)
                defined_started(&network->defined);
        return r;
}

static int destroy(Network *network, Job *job, Error *error) {
        int r = defined_need_active(&network->defined, error);

        if (r >= 0)
                defined_stopped(&network->defined);
        return r;
}

static int update(Network *network, uint32_t command, uint32_t section, int32_t parent_index,
                  const char *xml, uint32_t flags, Job *job, Error *error) {
        const NetworkUpdate change = { command, section, parent_index, xml };
        _cleanup_(freep) char *live = NULL, *persistent = NULL;
        int r = network_update(network, &change, flags, &live, &persistent, error);

        return r < 0 ? r : network_updated(network, live, persistent, error);
}

/* ---- leases: each adapter of a running guest has the one whose address it shows ---- */

typedef struct Leases {
        const Network *network;
        const NetworkIp *ip; /* the one with DHCP */
        const char *mac;     /* that is asked for; NULL: any */
        Values *values;
        size_t head;
} Leases;

static const NetworkHost *reserved_for(const NetworkIp *ip, const char *mac) {
        for (size_t i = 0; i < ip->hosts.n; i++)
                if (ip->hosts.items[i]->mac && strcasecmp(ip->hosts.items[i]->mac, mac) == 0)
                        return ip->hosts.items[i];
        return NULL;
}

/* (sxisssuss) */
static void add_lease(Leases *leases, const char *mac, const char *address) {
        const NetworkHost *host = reserved_for(leases->ip, mac);
        int prefix = network_ip_prefix(leases->ip);

        values_element(leases->values, leases->head);
        values_string(leases->values, leases->network->bridge);
        values_llong(leases->values, 0); /* it never ends */
        values_int(leases->values, network_ip_is_v6(leases->ip) ? IP_ADDR_IPV6 : IP_ADDR_IPV4);
        values_string(leases->values, mac);
        values_string(leases->values, ""); /* IAID */
        values_string(leases->values, host && host->ip ? host->ip : address);
        values_uint(leases->values, MAX(prefix, 0));
        values_string(leases->values, host ? host->name : "");
        values_string(leases->values, ""); /* client id */
}

static int add_leases_of(Leases *leases, Domain *domain, Error *error) {
        const char *network = leases->network->defined.resource.name;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_LIVE, &conf, error);

        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];
                char mac[MAC_TEXT_MAX], address[INET6_ADDRSTRLEN];

                mac_format(net->mac, mac);
                if (net->type != NET_NETWORK || !net->network ||
                    strcmp(net->network, network) != 0 ||
                    (leases->mac && strcasecmp(leases->mac, mac) != 0))
                        continue;
                test_address(domain, leases->ip, i, address);
                add_lease(leases, mac, address);
        }
        return r;
}

static int leases(Network *network, const char *mac, uint32_t flags, Job *job, Error *error) {
        const ResourceSet *domains = &network->defined.resource.connection->sets[RESOURCE_DOMAIN];
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = defined_need_active(&network->defined, error);

        if (r >= 0)
                r = network_conf_of(network, true, &conf, error);
        if (r < 0)
                return r;
        Leases all = { .network = network, .mac = mac,
                       .ip = network_dhcp_ip(conf, false) ?: network_dhcp_ip(conf, true),
                       .values = &job->result.values,
                       .head = values_array(&job->result.values) };
        for (size_t i = 0; all.ip && r >= 0 && i < domains->n; i++)
                if (domain_is_active(domain_of(domains->items[i])))
                        r = add_leases_of(&all, domain_of(domains->items[i]), error);
        return r >= 0 && job->result.values.failed ? fail_memory(error) : r;
}

const NetworkOps test_networks = {
        .define = define,
        .create = create,
        .undefine = undefine,
        .start = start,
        .destroy = destroy,
        .update = update,
        .leases = leases,
};

/* ---- the world at the start ---- */

int test_networks_populate(Connection *connection, Error *error) {
        static const char xml[] =
                "<network>"
                "  <name>default</name>"
                "  <uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid>"
                "  <bridge name='virbr0'/>"
                "  <forward/>"
                "  <ip address='192.168.122.1' netmask='255.255.255.0'>"
                "    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>"
                "  </ip>"
                "</network>";
        Defined *defined;
        int r = take(connection, xml, defined_define, &defined, error);

        if (r >= 0)
                defined_started(defined);
        return r;
}
