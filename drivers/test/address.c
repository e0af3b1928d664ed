/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses that guests say they have: of the network they are in, others for each guest. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/network.h"
#include "drivers/test/driver.h"

#define PREFIX_USUAL 24
#define NETS_PER_GUEST 20

static void append(Values *values, int type, const char *address, uint32_t prefix) {
        size_t head = values_array(values);

        values_element(values, head);
        values_int(values, type);
        values_string(values, address);
        values_uint(values, prefix);
}

/* An address that lies so far behind another. */
static void move_address(const char *from, unsigned by, char *to, size_t size) {
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, from, &four) == 1) {
                four.s_addr = htonl(ntohl(four.s_addr) + by);
                inet_ntop(AF_INET, &four, to, size);
        } else if (inet_pton(AF_INET6, from, &six) == 1) {
                six.s6_addr[15] += by;
                inet_ntop(AF_INET6, &six, to, size);
        }
}

void test_address(const Domain *domain, const NetworkIp *ip, size_t index,
                  char text[static INET6_ADDRSTRLEN]) {
        *text = 0;
        move_address(ip->ranges.n > 0 ? ip->ranges.items[0]->start : ip->address,
                     NETS_PER_GUEST * (domain->id - 1) + index + 1, text, INET6_ADDRSTRLEN);
}

static int find_network(Connection *connection, const char *name, NetworkConf **ret,
                        Error *error) {
        Resource *resource = resource_set_by_name(&connection->sets[RESOURCE_NETWORK], name ?: "");

        if (!resource)
                return fail(error, ERROR_NO_NETWORK, "no network with matching name '%s'",
                            name ?: "");
        return network_conf_parse(defined_text(&network_of(resource)->defined, false), CONF_TRUSTED,
                                  ret, error);
}

int test_append_addresses(Domain *domain, const DomainNet *net, size_t index, Values *values,
                          Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        char address[INET6_ADDRSTRLEN] = "";
        const NetworkIp *ip;
        int r;

        if (net->type != NET_NETWORK) {
                move_address("192.168.0.1", index, address, sizeof(address));
                append(values, IP_ADDR_IPV4, address, PREFIX_USUAL);
                return 0;
        }
        r = find_network(domain->resource.connection, net->network, &conf, error);
        if (r < 0)
                return r;
        if (conf->ips.n == 0) {
                (void) values_array(values);
                return 0;
        }
        ip = conf->ips.items[0];
        test_address(domain, ip, index, address);
        append(values, network_ip_is_v6(ip) ? IP_ADDR_IPV6 : IP_ADDR_IPV4, address,
               MAX(network_ip_prefix(ip), 0));
        return 0;
}
