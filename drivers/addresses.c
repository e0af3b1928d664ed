/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a guest, as its networks gave them out or as the host's kernel knows them. */
#include "drivers/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "conf/api-domain.h"

enum { FAMILY_IPV4 = 0, FAMILY_IPV6 = 1 }; /* libvirt's numbers */

#if HAVE_NETWORK
#include "conf/network.h"
#include "drivers/network/leases.h"
#include "drivers/network/link.h"

typedef struct Search {
        const DomainNet *net;
        Values *values;
        size_t all, head; /* of the array of interfaces; of its addresses, begun with the first */
        bool any;
} Search;

/* An interface is listed when it has an address. */
static void append(Search *search, bool v6, const char *text, unsigned prefix) {
        char mac[MAC_TEXT_MAX];

        if (!search->any) {
                values_element(search->values, search->all);
                values_string(search->values, search->net->target ?: "");
                values_string(search->values, mac_format(search->net->mac, mac));
                search->head = values_array(search->values);
                search->any = true;
        }
        values_element(search->values, search->head);
        values_int(search->values, v6 ? FAMILY_IPV6 : FAMILY_IPV4);
        values_string(search->values, text);
        values_uint(search->values, prefix);
}

static unsigned prefix_in(const NetworkConf *conf, const char *text) {
        IpAddress address, own;

        if (ip_parse(text, &address) < 0)
                return 0;
        for (size_t i = 0; i < conf->ips.n; i++) {
                const NetworkIp *ip = conf->ips.items[i];
                int prefix = network_ip_prefix(ip);

                if (prefix >= 0 && ip->address && ip_parse(ip->address, &own) >= 0 &&
                    own.family == address.family && ip_same_net(&own, &address, (unsigned) prefix))
                        return (unsigned) prefix;
        }
        return ip_bits(address.family);
}

typedef struct LeaseSearch {
        Search search;
        NetworkConf *conf;
} LeaseSearch;

static void found_lease(Lease *lease, void *userdata) {
        LeaseSearch *leases = userdata;
        MacAddress mac;

        if (mac_parse(lease->mac, &mac) >= 0 &&
            memcmp(&mac, &leases->search.net->mac, sizeof(mac)) == 0)
                append(&leases->search, lease->v6, lease->ip, prefix_in(leases->conf, lease->ip));
}

/* The active network that an interface is on; NULL: none. */
static Network *network_of_net(const Domain *domain, const DomainNet *net) {
        const ResourceSet *set = connection_set(domain->resource.connection, RESOURCE_NETWORK);
        Resource *resource = net->type == NET_NETWORK && net->network
                                     ? resource_set_by_name(set, net->network) : NULL;

        return resource && network_of(resource)->defined.active ? network_of(resource) : NULL;
}

static int append_leases(Domain *domain, Search *search, Error *error) {
        Network *network = network_of_net(domain, search->net);
        LeaseSearch leases = { .search = *search };
        int r;

        if (!network)
                return 0;
        r = network_conf_of(network, true, &leases.conf, error);
        if (r >= 0)
                r = leases_each(network, found_lease, &leases, error);
        network_conf_free(leases.conf);
        return r;
}

static void found_neighbour(const Neighbour *neighbour, void *userdata) {
        Search *search = userdata;
        char text[INET6_ADDRSTRLEN];

        if (memcmp(&neighbour->mac, &search->net->mac, sizeof(neighbour->mac)) == 0 &&
            inet_ntop(neighbour->address.family, neighbour->address.bytes, text, sizeof(text)))
                append(search, neighbour->address.family == AF_INET6, text, 0);
}

/* Neighbours are those of the bridge, or of the tap itself. */
static int append_neighbours(Search *search, Error *error) {
        const char *name = search->net->bridge ?: search->net->target;
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;
        int r;

        if (!name)
                return 0;
        r = rtnl_open(&rtnl, error);
        if (r >= 0)
                r = rtnl_find(&rtnl, name, &link, error);
        if (r == -ENODEV)
                return 0;
        return r < 0 ? r : rtnl_each_neighbour(&rtnl, link.index, found_neighbour, search, error);
}

static int append_net(Domain *domain, const DomainNet *net, uint32_t source, Values *values,
                      size_t head, Error *error) {
        Search search = { .net = net, .values = values, .all = head };

        return source == ADDRESSES_SRC_LEASE ? append_leases(domain, &search, error)
                                             : append_neighbours(&search, error);
}

typedef struct NameSearch {
        const DomainNet *net;
        char **name;
        bool no_memory;
} NameSearch;

static void found_name(Lease *lease, void *userdata) {
        NameSearch *names = userdata;
        MacAddress mac;

        if (*names->name || !*lease->hostname || mac_parse(lease->mac, &mac) < 0 ||
            memcmp(&mac, &names->net->mac, sizeof(mac)) != 0)
                return;
        *names->name = strdup(lease->hostname);
        names->no_memory = !*names->name;
}

static int find_name(Domain *domain, const DomainNet *net, char **ret, Error *error) {
        Network *network = network_of_net(domain, net);
        NameSearch names = { .net = net, .name = ret };
        int r = network ? leases_each(network, found_name, &names, error) : 0;

        return names.no_memory ? fail_memory(error) : r;
}
#else
static int find_name(Domain *domain, const DomainNet *net, char **ret, Error *error) {
        return 0;
}

static int append_net(Domain *domain, const DomainNet *net, uint32_t source, Values *values,
                      size_t head, Error *error) {
        return 0;
}
#endif

int addresses_lease_hostname(Domain *domain, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        for (size_t i = 0; r >= 0 && !job->result.text && i < conf->nets.n; i++)
                r = find_name(domain, conf->nets.items[i], &job->result.text, error);
        if (r < 0)
                return r;
        if (!job->result.text)
                return fail(error, ERROR_OPERATION_FAILED,
                            "no hostname found for domain %s: it gave none with a lease",
                            domain->resource.name);
        return DONE;
}

int addresses_of_domain(Domain *domain, uint32_t source, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Values *values = &job->result.values;
        size_t head;
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (source != ADDRESSES_SRC_LEASE && source != ADDRESSES_SRC_ARP)
                return fail(error, ERROR_INVALID_ARG, "Unknown IP address data source %u", source);
        r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        head = r >= 0 ? values_array(values) : 0;
        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++)
                r = append_net(domain, conf->nets.items[i], source, values, head, error);
        return MIN(r, DONE);
}
