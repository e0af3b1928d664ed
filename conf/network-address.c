/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IP addresses, and what in a network is found by them. */
#include "conf/network-rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int ip_parse(const char *text, IpAddress *ret) {
        IpAddress ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

        if (inet_pton(ip.family, text, ip.bytes) != 1)
                return -EINVAL;
        *ret = ip;
        return 0;
}

unsigned ip_bits(int family) {
        return family == AF_INET6 ? 128 : 32;
}

int ip_compare(const IpAddress *a, const IpAddress *b) {
        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_same_net(const IpAddress *a, const IpAddress *b, unsigned prefix) {
        unsigned whole = prefix / 8, rest = prefix % 8;

        if (a->family != b->family || prefix > ip_bits(a->family) ||
            memcmp(a->bytes, b->bytes, whole) != 0)
                return false;
        return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

int ip_mask_prefix(const IpAddress *mask) {
        unsigned prefix = 0;

        while (prefix < ip_bits(mask->family) && mask->bytes[prefix / 8] & 0x80 >> prefix % 8)
                prefix++;
        for (unsigned bit = prefix; bit < ip_bits(mask->family); bit++)
                if (mask->bytes[bit / 8] & 0x80 >> bit % 8)
                        return -EINVAL;
        return (int) prefix;
}

bool network_ip_is_v6(const NetworkIp *ip) {
        return is_text(ip->family, "ipv6");
}

/* Without netmask and prefix libvirt takes the class of an IPv4 address, and 64 for IPv6. */
int network_ip_prefix(const NetworkIp *ip) {
        IpAddress address, mask;

        if (ip->prefix.set)
                return (int) ip->prefix.value;
        if (ip->netmask)
                return ip_parse(ip->netmask, &mask) < 0 ? -EINVAL : ip_mask_prefix(&mask);
        if (!ip->address || ip_parse(ip->address, &address) < 0)
                return -EINVAL;
        if (address.family == AF_INET6)
                return 64;
        return address.bytes[0] < 128 ? 8 : address.bytes[0] < 192 ? 16 : 24;
}

const NetworkIp *network_dhcp_ip(const NetworkConf *conf, bool v6) {
        for (size_t i = 0; i < conf->ips.n; i++) {
                const NetworkIp *ip = conf->ips.items[i];

                if (network_ip_is_v6(ip) == v6 && ip->ranges.n + ip->hosts.n > 0)
                        return ip;
        }
        return NULL;
}

const NetworkPortGroup *network_portgroup(const NetworkConf *conf, const char *name) {
        for (size_t i = 0; i < conf->portgroups.n; i++) {
                const NetworkPortGroup *group = conf->portgroups.items[i];

                if (name ? is_text(group->name, name) : group->is_default == TRISTATE_YES)
                        return group;
        }
        return NULL;
}
