/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of a network as nftables reads them.
 *
 * A table of family inet holds IPv4 and IPv6. Its chains:
 *
 *   police   what guests send is dropped above the rate of <outbound>
 *   input    the service's own DHCP, DNS and TFTP may be asked
 *   forward  guests of one bridge talk to each other; what else passes is for out and in to say
 *   out      from guests: accepted from the network's own addresses, else rejected
 *   in       to guests: under NAT what belongs to a conversation that a guest began, under route
 *            whatever is for the network's own addresses; else rejected
 *   nat      addresses are replaced on the way out
 *
 * An accept here ends this chain, but no other chain of the same hook: each of them has to let a
 * packet through. So two networks of ours protect each other, and a chain of somebody else's whose
 * policy is drop drops what we accept. Nothing in a table of ours can change that; it is said in
 * the log (rules_find_others()). */
#include "drivers/network/rules.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/host.h"

#define PREFIX "virtbus_"
#define CIDR_MAX (INET6_ADDRSTRLEN + 16)

char *rules_table_name(const NetworkConf *conf) {
        char uuid[UUID_TEXT_MAX], *name;
        bool is_plain = true;

        for (const char *c = conf->bridge; *c; c++)
                is_plain = is_plain && ((isascii(*c) && isalnum((unsigned char) *c)) ||
                                        strchr("-_.", *c));
        if (asprintf(&name, PREFIX "%s", is_plain ? conf->bridge
                                                  : uuid_format(conf->uuid, uuid)) < 0)
                return NULL;
        return name;
}

const char *const rules_chains[] = { "police", "input", "forward", "in", "out", "nat", NULL };

/* ---- addresses ---- */

/* "192.168.122.0/24" */
static int write_subnet(const NetworkIp *ip, char text[static CIDR_MAX]) {
        int prefix = network_ip_prefix(ip);
        IpAddress address;

        if (prefix < 0 || ip_parse(ip->address, &address) < 0)
                return -1;
        for (int bit = prefix; bit < (int) ip_bits(address.family); bit++)
                address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        if (!inet_ntop(address.family, address.bytes, text, CIDR_MAX))
                return -1;
        size_t n = strlen(text);
        (void) snprintf(text + n, CIDR_MAX - n, "/%d", prefix);
        return 0;
}

/* One of the network's subnets, on its way into a rule. */
typedef struct Net {
        const NetworkConf *conf;
        const char *family; /* "ip" or "ip6" */
        char subnet[CIDR_MAX];
        bool is_v6, translated; /* its addresses are hidden behind the host's */
} Net;

static void each_net(FILE *out, const NetworkConf *conf, void (*write)(FILE *out, const Net *net)) {
        for (size_t i = 0; i < conf->ips.n; i++) {
                const NetworkIp *ip = conf->ips.items[i];
                Net net = { .conf = conf, .is_v6 = network_ip_is_v6(ip) };

                if (!ip->address || write_subnet(ip, net.subnet) < 0)
                        continue;
                net.is_v6 = strchr(net.subnet, ':');
                net.family = net.is_v6 ? "ip6" : "ip";
                net.translated = conf->forward == FORWARD_NAT &&
                                 (!net.is_v6 || conf->nat_ipv6 == TRISTATE_YES);
                write(out, &net);
        }
}

/* What is reached through a guest is routed like the network itself. */
static void write_routes(FILE *out, const NetworkConf *conf, const char *direction) {
        for (size_t i = 0; i < conf->routes.n; i++) {
                const NetworkRoute *route = conf->routes.items[i];
                NetworkIp ip = { .address = route->address, .netmask = route->netmask,
                                 .prefix = route->prefix, .family = route->family };
                char subnet[CIDR_MAX];

                if (write_subnet(&ip, subnet) >= 0)
                        (void) fprintf(out, "\t\t%s %s %s accept\n",
                                       strchr(subnet, ':') ? "ip6" : "ip", direction, subnet);
        }
}

/* ---- chains ---- */

static void write_out(FILE *out, const Net *net) {
        const char *dev = net->conf->forward_dev;

        (void) fprintf(out, "\t\t%s saddr %s", net->family, net->subnet);
        if (dev)
                (void) fprintf(out, " oifname \"%s\"", dev);
        (void) fputs(" accept\n", out);
}

static void write_in(FILE *out, const Net *net) {
        const char *dev = net->conf->forward_dev;

        (void) fprintf(out, "\t\t%s daddr %s", net->family, net->subnet);
        if (dev)
                (void) fprintf(out, " iifname \"%s\"", dev);
        if (net->translated)
                (void) fputs(" ct state established,related", out);
        (void) fputs(" accept\n", out);
}

/* "masquerade to :1024-65535", "snat ip to 192.0.2.1-192.0.2.7:1024-65535" */
static void write_target(FILE *out, const Net *net, bool ports) {
        const NetworkConf *conf = net->conf;
        uint32_t start = conf->nat_port_start ?: 1024, end = conf->nat_port_end ?: 65535;

        if (conf->nat_start && !net->is_v6) {
                (void) fprintf(out, " snat ip to %s", conf->nat_start);
                if (conf->nat_end && strcmp(conf->nat_start, conf->nat_end) != 0)
                        (void) fprintf(out, "-%s", conf->nat_end);
        } else
                (void) fprintf(out, " masquerade%s", ports ? " to " : "");
        if (ports)
                (void) fprintf(out, ":%u-%u", start, end);
        (void) fputc('\n', out);
}

/* What has ports keeps out of those of the host's own servers. */
static void write_nat(FILE *out, const Net *net) {
        static const char *const protocols[] = { "tcp", "udp", NULL };
        const char *const *spared = net->is_v6
                                            ? (const char *const[]) { "ff02::/16", NULL }
                                            : (const char *const[]) { "224.0.0.0/24",
                                                                      "255.255.255.255", NULL };

        if (!net->translated)
                return;
        for (; *spared; spared++)
                (void) fprintf(out, "\t\t%s saddr %s %s daddr %s return\n", net->family,
                               net->subnet, net->family, *spared);
        for (size_t i = 0; i < ELEMENTS(protocols); i++) {
                (void) fprintf(out, "\t\t%s saddr %s %s daddr != %s", net->family, net->subnet,
                               net->family, net->subnet);
                if (net->conf->forward_dev)
                        (void) fprintf(out, " oifname \"%s\"", net->conf->forward_dev);
                if (protocols[i])
                        (void) fprintf(out, " meta l4proto %s", protocols[i]);
                write_target(out, net, protocols[i]);
        }
}

/* DNS, DHCP and TFTP */
static void write_served(FILE *out, const char *bridge) {
        static const char *const services[] = { "tcp dport 53", "udp dport 53", "udp dport 67",
                                                "udp dport 69", "udp dport 547" };

        (void) fputs("\tchain input {\n"
                     "\t\ttype filter hook input priority filter; policy accept;\n", out);
        for (size_t i = 0; i < ELEMENTS(services); i++)
                (void) fprintf(out, "\t\tiifname \"%s\" %s accept\n", bridge, services[i]);
        (void) fputs("\t}\n", out);
}

static void write_filter(FILE *out, const NetworkConf *conf) {
        const char *bridge = conf->bridge;

        write_served(out, bridge);
        (void) fprintf(out,
                       "\tchain forward {\n"
                       "\t\ttype filter hook forward priority filter; policy accept;\n"
                       "\t\tiifname \"%s\" oifname \"%s\" accept\n"
                       "\t\toifname \"%s\" jump in\n"
                       "\t\tiifname \"%s\" jump out\n"
                       "\t}\n"
                       "\tchain in {\n",
                       bridge, bridge, bridge, bridge);
        if (conf->forward != FORWARD_NONE) {
                each_net(out, conf, write_in);
                if (conf->forward == FORWARD_ROUTE)
                        write_routes(out, conf, "daddr");
        }
        (void) fputs("\t\treject with icmpx admin-prohibited\n\t}\n\tchain out {\n", out);
        if (conf->forward != FORWARD_NONE) {
                each_net(out, conf, write_out);
                if (conf->forward == FORWARD_ROUTE)
                        write_routes(out, conf, "saddr");
        }
        (void) fputs("\t\treject with icmpx admin-prohibited\n\t}\n", out);
        if (conf->forward != FORWARD_NAT)
                return;
        (void) fputs("\tchain nat {\n"
                     "\t\ttype nat hook postrouting priority srcnat; policy accept;\n", out);
        each_net(out, conf, write_nat);
        (void) fputs("\t}\n", out);
}

/* A rate in nftables is a whole number of bytes in 32 bits. */
static void write_limit(FILE *out, const NetworkConf *conf) {
        const NetworkRate *rate = &conf->bandwidth->outbound;
        uint64_t average = MIN(rate->average, (uint64_t) UINT32_MAX);
        uint64_t burst = rate->burst > 0 ? rate->burst : MAX(average / 10, 16u);

        (void) fprintf(out,
                       "\tchain police {\n"
                       "\t\ttype filter hook prerouting priority raw; policy accept;\n"
                       "\t\tiifname \"%s\" limit rate over %" PRIu64 " kbytes/second burst %" PRIu64
                       " kbytes drop\n"
                       "\t}\n",
                       conf->bridge, average, MIN(burst, (uint64_t) UINT32_MAX / 1024));
}

const char *rules_for_new(const char *commands) {
        const char *delete = strstr(commands, "\ndelete table ");

        return delete ? strchr(delete + 1, '\n') + 1 : commands;
}

int rules_of_network(const NetworkConf *conf, const char *table, char **ret, Error *error) {
        bool filtered = conf->forward == FORWARD_NONE || conf->forward == FORWARD_NAT ||
                        conf->forward == FORWARD_ROUTE;
        bool limited = FORWARD_OWN_BRIDGE & BIT(conf->forward) && conf->bandwidth &&
                       conf->bandwidth->outbound.average > 0;
        size_t size;

        *ret = NULL;
        if (!filtered && !limited)
                return 0;
        FILE *out = open_memstream(ret, &size);
        if (!out)
                return fail_memory(error);
        (void) fprintf(out, "table inet %s {\n}\ndelete table inet %s\ntable inet %s {\n", table,
                       table, table);
        if (limited)
                write_limit(out, conf);
        if (filtered)
                write_filter(out, conf);
        (void) fputs("}\n", out);
        if (fclose(out) == 0)
                return 0;
        free(TAKE(*ret));
        return fail_memory(error);
}
