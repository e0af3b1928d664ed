/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <network>: the rules for addresses, DHCP, routes and DNS. */
#include "conf/network-rows.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define IPS_MAX 512 /* each route is compared with each address */
#define NAMES_MAX 256 /* of a host to be found by them */
#define SERVICE_NAME_MAX 482 /* of libvirt's 512 for a whole record */

/* An address of a given family. */
static int read_ip(const char *text, int family, const xmlNode *node, IpAddress *ret,
                   Error *error) {
        if (ip_parse(text, ret) < 0 || (family && ret->family != family))
                return fail_at(error, ERROR_XML, node, "'%s' is no %s address", text,
                               family == AF_INET6  ? "IPv6"
                               : family == AF_INET ? "IPv4" : "IP");
        return 0;
}

static int family_of(const char *family) {
        return is_text(family, "ipv6") ? AF_INET6 : AF_INET;
}

/* ---- dhcp ---- */

static int check_lease(const NetworkLease *lease, const xmlNode *node, Error *error) {
        uint64_t unit = !lease || is_text(lease->unit, "seconds") ? 1
                        : is_text(lease->unit, "hours") ? 3600 : 60;

        if (!lease)
                return 0;
        if (!lease->expiry.set)
                return fail_at(error, ERROR_XML, node, "a lease lacks its expiry");
        if (lease->expiry.value > 0 && lease->expiry.value * unit < 120)
                return fail_at(error, ERROR_XML, node, "a lease lasts 2 minutes at least");
        return 0;
}

int network_check_host(const NetworkHost *host, bool v6, bool partial, Error *error) {
        const xmlNode *node = host->item.node;
        MacAddress mac;
        IpAddress ip;

        if (host->mac && v6)
                return fail_at(error, ERROR_XML, node, "hosts of IPv6 have no mac");
        if (host->mac && mac_parse(host->mac, &mac) < 0)
                return fail_at(error, ERROR_XML, node, "'%s' is no MAC address", host->mac);
        if (host->mac && mac_is_multicast(mac))
                return fail_at(error, ERROR_XML, node, "'%s' is a multicast address", host->mac);
        if (host->id && host->id[strspn(host->id, "0123456789abcdefABCDEF:")])
                return fail_at(error, ERROR_XML, node, "'%s' is no DUID", host->id);
        if (host->name && !isalpha((unsigned char) *host->name))
                return fail_at(error, ERROR_XML, node, "'%s' is no host name", host->name);
        if (host->ip && ip_parse(host->ip, &ip) < 0)
                return fail_at(error, ERROR_XML, node, "'%s' is no IP address", host->ip);
        if (partial && !host->mac && !host->name && !host->ip && !host->id)
                return fail_at(error, ERROR_XML, node, "a host needs mac, id, name or ip");
        if (!partial && !host->ip)
                return fail_at(error, ERROR_XML, node, "a host lacks its ip");
        if (!partial && !host->name && !(v6 ? host->id : host->mac))
                return fail_at(error, ERROR_XML, node, "a host needs name or %s",
                               v6 ? "id" : "mac");
        return check_lease(host->lease, node, error);
}

/* Whether the rest of the bits behind a prefix are all 0 (the network) or all 1 (broadcast). */
static bool rest_is(const IpAddress *ip, unsigned prefix, bool ones) {
        for (unsigned bit = prefix; bit < ip_bits(ip->family); bit++)
                if (!!(ip->bytes[bit / 8] & 0x80 >> bit % 8) != ones)
                        return false;
        return true;
}

int network_check_range(const NetworkIp *ip, const NetworkRange *range, Error *error) {
        const xmlNode *node = range->item.node;
        int prefix = network_ip_prefix(ip), family = family_of(ip->family), r;
        IpAddress start, end, address;

        if ((r = read_ip(range->start, family, node, &start, error)) < 0 ||
            (r = read_ip(range->end, family, node, &end, error)) < 0)
                return r;
        if (!ip->address || prefix < 0)
                return fail_at(error, ERROR_XML, node, "a range needs the network's address");
        (void) ip_parse(ip->address, &address);
        if (!ip_same_net(&start, &address, prefix) || !ip_same_net(&end, &address, prefix))
                return fail_at(error, ERROR_XML, node,
                               "range %s - %s is not entirely within network %s/%d", range->start,
                               range->end, ip->address, prefix);
        if (family == AF_INET && (rest_is(&start, prefix, false) || rest_is(&end, prefix, true)))
                return fail_at(error, ERROR_XML, node,
                               "range %s - %s holds the network's or the broadcast address",
                               range->start, range->end);
        if (!ip_same_net(&start, &end, ip_bits(family) - 16))
                return fail_at(error, ERROR_XML, node, "range %s - %s has over 65535 addresses",
                               range->start, range->end);
        if (ip_compare(&start, &end) > 0)
                return fail_at(error, ERROR_XML, node, "range %s - %s is reversed", range->start,
                               range->end);
        return check_lease(range->lease, node, error);
}

/* ---- ip ---- */

static int check_address(const NetworkIp *ip, Error *error) {
        const xmlNode *node = ip->item.node;
        int family = family_of(ip->family), r;
        IpAddress address, mask;

        if (ip->address && (r = read_ip(ip->address, family, node, &address, error)) < 0)
                return r;
        if (ip->prefix.value > ip_bits(family))
                return fail_at(error, ERROR_XML, node, "prefix %u is too long", ip->prefix.value);
        if (!ip->netmask)
                return 0;
        if (!ip->address || family != AF_INET)
                return fail_at(error, ERROR_XML, node, "a netmask belongs to an IPv4 address");
        if (ip->prefix.value > 0)
                return fail_at(error, ERROR_XML, node, "a prefix or a netmask, not both");
        if ((r = read_ip(ip->netmask, AF_INET, node, &mask, error)) < 0)
                return r;
        if (ip_mask_prefix(&mask) < 0)
                return fail_at(error, ERROR_XML, node, "'%s' is no netmask", ip->netmask);
        return 0;
}

static int check_ip(const NetworkIp *ip, Error *error) {
        int r = check_address(ip, error);

        for (size_t i = 0; i < ip->ranges.n && r >= 0; i++)
                r = network_check_range(ip, ip->ranges.items[i], error);
        for (size_t i = 0; i < ip->hosts.n && r >= 0; i++)
                r = network_check_host(ip->hosts.items[i], network_ip_is_v6(ip), false, error);
        return r;
}

/* A route's address is a network's, and its gateway is one of ours to reach. */
static int check_route(const NetworkConf *conf, const NetworkRoute *route, Error *error) {
        const xmlNode *node = route->item.node;
        int family = family_of(route->family), r;
        NetworkIp ip = { .address = route->address, .netmask = route->netmask,
                         .prefix = route->prefix, .family = route->family,
                         .item.node = route->item.node };
        IpAddress address, gateway, own;

        if ((r = check_address(&ip, error)) < 0 ||
            (r = read_ip(route->gateway, family, node, &gateway, error)) < 0)
                return r;
        if (route->metric.set && route->metric.value == 0)
                return fail_at(error, ERROR_XML, node, "a metric is over 0");
        (void) ip_parse(route->address, &address);
        if ((route->netmask || route->prefix.set) &&
            !rest_is(&address, network_ip_prefix(&ip), false))
                return fail_at(error, ERROR_XML, node, "'%s' is no network's address",
                               route->address);
        for (size_t i = 0; i < conf->ips.n; i++)
                if (conf->ips.items[i]->address &&
                    ip_parse(conf->ips.items[i]->address, &own) >= 0 &&
                    ip_same_net(&own, &gateway, network_ip_prefix(conf->ips.items[i])))
                        return 0;
        return fail_at(error, ERROR_XML, node, "gateway '%s' is not reachable", route->gateway);
}

/* TFTP is for one IPv4 address, boot files for IPv4. */
static int check_boot(const NetworkIp *ip, size_t *roots, Error *error) {
        if (network_ip_is_v6(ip) && (ip->tftp_root || ip->bootp_file))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, ip->item.node,
                               "an IPv6 address has no <%s>", ip->tftp_root ? "tftp" : "bootp");
        if (ip->tftp_root && (*roots)++ > 0)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, ip->item.node,
                               "a network has one <tftp> at most");
        return 0;
}

int network_check_ips(const NetworkConf *conf, Error *error) {
        size_t served[2] = {}, roots = 0;
        int r = 0;

        if (conf->ips.n > IPS_MAX || conf->routes.n > IPS_MAX)
                return fail_at(error, ERROR_XML, xmlDocGetRootElement(conf->document),
                               "a network has up to %d addresses and routes", IPS_MAX);

        for (size_t i = 0; i < conf->ips.n && r >= 0; i++) {
                const NetworkIp *ip = conf->ips.items[i];

                r = check_ip(ip, error);
                if (r >= 0)
                        r = check_boot(ip, &roots, error);
                if (ip->ranges.n + ip->hosts.n > 0 && served[network_ip_is_v6(ip)]++ > 0 && r >= 0)
                        r = fail_at(error, ERROR_CONFIG_UNSUPPORTED, ip->item.node,
                                    "DHCP is possible for one %s address of a network",
                                    ip->family ? ip->family : "ipv4");
        }
        for (size_t i = 0; i < conf->routes.n && r >= 0; i++)
                r = check_route(conf, conf->routes.items[i], error);
        return r;
}

/* ---- dns ---- */

int network_check_dns_host(const DnsHost *host, bool partial, Error *error) {
        const xmlNode *node = host->item.node;
        IpAddress ip;

        if (host->ip && ip_parse(host->ip, &ip) < 0)
                return fail_at(error, ERROR_XML, node, "'%s' is no IP address", host->ip);
        if (!host->ip && (!partial || host->names.n == 0))
                return fail_at(error, ERROR_XML, node, "a host lacks its ip");
        if (host->names.n == 0 && !partial)
                return fail_at(error, ERROR_XML, node, "a host lacks its hostname");
        if (partial && host->names.n > NAMES_MAX)
                return fail_at(error, ERROR_XML, node, "a host has over %d names", NAMES_MAX);
        for (size_t i = 0; i < host->names.n; i++)
                if (!host->names.items[i]->name)
                        return fail_at(error, ERROR_XML, node, "a hostname is empty");
        return 0;
}

int network_check_dns_text(const DnsText *text, bool partial, Error *error) {
        if (!text->name)
                return fail_at(error, ERROR_XML, text->item.node, "a TXT record lacks its name");
        if (strpbrk(text->name, " ,"))
                return fail_at(error, ERROR_XML, text->item.node,
                               "the name of a TXT record has no space and no comma in it");
        if (!text->value && !partial)
                return fail_at(error, ERROR_XML, text->item.node, "a TXT record lacks its value");
        return 0;
}

int network_check_dns_service(const DnsService *service, bool partial, Error *error) {
        const xmlNode *node = service->item.node;

        if (!service->service && !partial)
                return fail_at(error, ERROR_XML, node, "a SRV record lacks its service");
        if (service->service && strlen(service->service) > SERVICE_NAME_MAX)
                return fail_at(error, ERROR_XML, node, "the name of a service is over %d bytes",
                               SERVICE_NAME_MAX);
        if (!service->protocol && !partial)
                return fail_at(error, ERROR_XML, node, "a SRV record lacks its protocol");
        if (service->protocol && !is_text(service->protocol, "tcp") &&
            !is_text(service->protocol, "udp"))
                return fail_at(error, ERROR_XML, node, "protocol '%s' is neither tcp nor udp",
                               service->protocol);
        if (!service->target &&
            (service->port.set || service->priority.set || service->weight.set))
                return fail_at(error, ERROR_XML, node,
                               "port, priority and weight need a target");
        if ((service->port.set && service->port.value == 0) || service->port.value > 65535 ||
            service->priority.value > 65535 || service->weight.value > 65535)
                return fail_at(error, ERROR_XML, node, "a number of the SRV record is too large");
        return 0;
}

int network_check_dns(const NetworkConf *conf, Error *error) {
        const xmlNode *dns = child_of(xmlDocGetRootElement(conf->document), "dns");
        size_t n = conf->dns_forwarders.n + conf->dns_hosts.n + conf->dns_texts.n +
                   conf->dns_services.n;
        IpAddress ip;
        int r = 0;

        if (conf->dns_enable == TRISTATE_NO && n > 0)
                return fail_at(error, ERROR_XML, dns, "DNS that is off has nothing in it");
        for (size_t i = 0; i < conf->dns_forwarders.n; i++) {
                const DnsForwarder *forwarder = conf->dns_forwarders.items[i];

                if (forwarder->address && ip_parse(forwarder->address, &ip) < 0)
                        return fail_at(error, ERROR_XML, forwarder->item.node,
                                       "'%s' is no IP address", forwarder->address);
                if (!forwarder->address && !forwarder->domain)
                        return fail_at(error, ERROR_XML, forwarder->item.node,
                                       "a forwarder needs addr or domain");
        }
        for (size_t i = 0; i < conf->dns_hosts.n && r >= 0; i++)
                r = network_check_dns_host(conf->dns_hosts.items[i], false, error);
        for (size_t i = 0; i < conf->dns_texts.n && r >= 0; i++)
                r = network_check_dns_text(conf->dns_texts.items[i], false, error);
        for (size_t i = 0; i < conf->dns_services.n && r >= 0; i++)
                r = network_check_dns_service(conf->dns_services.items[i], false, error);
        return r;
}
