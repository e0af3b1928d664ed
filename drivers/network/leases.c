/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases are read from the file that dnsmasq keeps them in, when somebody asks. The other way, a
 * program that dnsmasq runs for each change, would be a process per packet that a guest may send as
 * often as it likes, and a second file to keep in step with the first.
 *
 * dnsmasq writes the file anew in place: a reader may meet it half written, and then the last line
 * isn't whole. What it leaves out is known otherwise: the interface is the network's bridge. Only
 * the hardware address of an IPv6 client has to be found: in its DUID, where that is made of it, or
 * among the neighbours of the bridge. */
#include "drivers/network/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "conf/api-domain.h"
#include "drivers/network/host.h"

#define LEASES_MAX (8u << 20) /* bytes */

/* ---- the file ---- */

/* Guests choose names and ids: what isn't plain is none. */
static const char *plain(const char *text) {
        if (!text || strcmp(text, "*") == 0)
                return "";
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c > '~')
                        return "";
        return text;
}

static bool is_mac(const char *text) {
        MacAddress mac;

        return mac_parse(text, &mac) >= 0;
}

/* A DUID of type 1 (of the link, with a time) or 3 (of the link) on ethernet ends with it. */
static const char *mac_in_duid(const char *duid) {
        bool with_time = strncmp(duid, "00:01:00:01:", 12) == 0;

        if (with_time && strlen(duid) == 41)
                return duid + 24;
        return strncmp(duid, "00:03:00:01:", 12) == 0 && strlen(duid) == 29 ? duid + 12 : "";
}

static bool parse_line(char *line, bool v6, Lease *ret) {
        char *rest = line, *end, *fields[5];
        IpAddress ip;

        for (size_t i = 0; i < ELEMENTS(fields); i++) {
                fields[i] = strsep(&rest, " ");
                if (!fields[i] || !*fields[i])
                        return false;
        }
        errno = 0;
        *ret = (Lease) { .expiry = strtoll(fields[0], &end, 10), .v6 = v6, .ip = fields[2],
                         .iaid = v6 ? plain(fields[1]) : "", .hostname = plain(fields[3]),
                         .client = plain(fields[4]) };
        if (*end || errno != 0 || ret->expiry < 0 || ip_parse(fields[2], &ip) < 0 ||
            (ip.family == AF_INET6) != v6)
                return false;
        const char *mac = v6 ? mac_in_duid(ret->client) : fields[1];
        if (!v6 && !is_mac(mac))
                return false;
        if (is_mac(mac))
                (void) snprintf(ret->mac, sizeof(ret->mac), "%s", mac);
        return true;
}

void leases_parse(char *text, int64_t now, void (*found)(Lease *lease, void *userdata),
                  void *userdata) {
        char *rest = text, *end;
        bool v6 = false;
        Lease lease;

        for (char *line = rest; (end = strchr(line, '\n')); line = end + 1) {
                *end = 0;
                if (strncmp(line, "duid ", 5) == 0)
                        v6 = true;
                else if (parse_line(line, v6, &lease) &&
                         (lease.expiry == 0 || lease.expiry > now))
                        found(&lease, userdata);
        }
}

static int read_file(const Network *network, char **ret, Error *error) {
        _cleanup_(freep) char *path = host_file(network, ".leases");
        _cleanup_(closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        size_t size = 0;
        ssize_t n = 1;

        if (!path)
                return fail_memory(error);
        if (fd < 0 && errno != ENOENT)
                return fail_errno(error, -errno, "cannot read the leases of the network");
        char *text = calloc(1, 1);
        while (text && fd >= 0 && n > 0 && size < LEASES_MAX) {
                char *more = realloc(text, size + 65536 + 1);

                if (!more) {
                        free(text);
                        return fail_memory(error);
                }
                text = more;
                n = read(fd, text + size, 65536);
                size += MAX(n, 0);
                text[size] = 0;
        }
        for (size_t i = 0; i < size; i++) /* after a crash of the host, perhaps */
                if (text[i] == 0)
                        text[i] = '?';
        *ret = text;
        return text ? 0 : fail_memory(error);
}

/* ---- asked for ---- */

typedef struct Answer {
        const Network *network;
        NetworkConf *conf;
        const char *mac; /* NULL: any */
        void (*found)(Lease *lease, void *userdata);
        void *userdata;
        Values *values;
        size_t head;
        Lease *lease; /* whose neighbour is looked for */
} Answer;

static void compare_neighbour(const Neighbour *neighbour, void *userdata) {
        Answer *answer = userdata;
        IpAddress ip;

        if (ip_parse(answer->lease->ip, &ip) >= 0 && ip_compare(&ip, &neighbour->address) == 0)
                (void) mac_format(neighbour->mac, answer->lease->mac);
}

static void find_neighbour(Answer *answer, Lease *lease) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;

        answer->lease = lease;
        if (rtnl_open(&rtnl, NULL) >= 0 &&
            rtnl_find(&rtnl, answer->network->bridge, &link, NULL) >= 0)
                (void) rtnl_each_neighbour(&rtnl, link.index, compare_neighbour, answer, NULL);
}

static void complete(Lease *lease, void *userdata) {
        Answer *answer = userdata;

        if (!*lease->mac)
                find_neighbour(answer, lease);
        answer->found(lease, answer->userdata);
}

int leases_each(const Network *network, void (*found)(Lease *lease, void *userdata),
                void *userdata, Error *error) {
        Answer answer = { .network = network, .found = found, .userdata = userdata };
        _cleanup_(freep) char *text = NULL;
        int r = read_file(network, &text, error);

        if (r >= 0)
                leases_parse(text, time(NULL), complete, &answer);
        return r;
}

static uint32_t prefix_of(const NetworkConf *conf, const Lease *lease) {
        IpAddress leased, own;

        for (size_t i = 0; i < conf->ips.n && ip_parse(lease->ip, &leased) >= 0; i++) {
                const NetworkIp *ip = conf->ips.items[i];
                int prefix = network_ip_prefix(ip);

                if (prefix >= 0 && ip->address && ip_parse(ip->address, &own) >= 0 &&
                    ip_same_net(&own, &leased, prefix))
                        return prefix;
        }
        return 0;
}

/* (sxisssuss) */
static void add(Lease *lease, void *userdata) {
        Answer *answer = userdata;

        if (answer->mac && strcasecmp(answer->mac, lease->mac) != 0)
                return;
        values_element(answer->values, answer->head);
        values_string(answer->values, answer->network->bridge);
        values_llong(answer->values, lease->expiry);
        values_int(answer->values, lease->v6 ? IP_ADDR_IPV6 : IP_ADDR_IPV4);
        values_string(answer->values, lease->mac);
        values_string(answer->values, lease->iaid);
        values_string(answer->values, lease->ip);
        values_uint(answer->values, prefix_of(answer->conf, lease));
        values_string(answer->values, lease->hostname);
        values_string(answer->values, lease->client);
}

int leases_read(Network *network, const char *mac, Values *values, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = network_conf_of(network, true, &conf, error);

        if (r < 0)
                return r;
        Answer answer = { .network = network, .conf = conf, .mac = mac, .values = values,
                          .head = values_array(values) };
        r = leases_each(network, add, &answer, error);
        return r >= 0 && values->failed ? fail_memory(error) : r;
}
