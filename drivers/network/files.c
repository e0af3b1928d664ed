/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dnsmasq reads, made of a network. Texts of the definition are put into lines as they are, so
 * none of them may hold the end of a line. */
#include "drivers/network/files.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/network/host.h"

typedef struct Lines {
        FILE *file;
        char *text;
        size_t size;
} Lines;

static int lines_open(Lines *lines, Error *error) {
        lines->file = open_memstream(&lines->text, &lines->size);
        return lines->file ? 0 : fail_memory(error);
}

static int lines_close(Lines *lines, char **ret, Error *error) {
        if (fclose(TAKE(lines->file)) != 0)
                return fail_memory(error);
        *ret = TAKE(lines->text);
        return 0;
}

static void lines_clear(Lines *lines) {
        if (lines->file)
                (void) fclose(lines->file);
        free(lines->text);
}

static void _printf_(2, 3) add(Lines *lines, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vfprintf(lines->file, format, ap);
        va_end(ap);
}

/* ---- what may stand in a line ---- */

static int check_text(const char *what, const char *text, Error *error) {
        for (const char *c = text; c && *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "%s '%.*s' holds a control character", what, xml_clip(text),
                                    text);
        return 0;
}

static int check_hosts(const NetworkIp *ip, Error *error) {
        int r = check_text("tftp root", ip->tftp_root, error);

        if (r >= 0)
                r = check_text("bootp file", ip->bootp_file, error);
        if (r >= 0)
                r = check_text("bootp server", ip->bootp_server, error);
        for (size_t i = 0; r >= 0 && i < ip->hosts.n; i++) {
                const NetworkHost *host = ip->hosts.items[i];
                const char *const texts[] = { host->mac, host->id, host->name, host->ip };

                for (size_t k = 0; r >= 0 && k < ELEMENTS(texts); k++)
                        r = check_text("in a DHCP host,", texts[k], error);
        }
        return r;
}

static int check_dns(const NetworkConf *conf, Error *error) {
        int r = check_text("domain", conf->domain, error);

        for (size_t i = 0; r >= 0 && i < conf->dns_forwarders.n; i++)
                r = check_text("forwarder", conf->dns_forwarders.items[i]->domain, error);
        for (size_t i = 0; r >= 0 && i < conf->dns_texts.n; i++) {
                r = check_text("TXT record", conf->dns_texts.items[i]->name, error);
                if (r >= 0)
                        r = check_text("TXT record", conf->dns_texts.items[i]->value, error);
        }
        for (size_t i = 0; r >= 0 && i < conf->dns_services.n; i++) {
                const DnsService *service = conf->dns_services.items[i];
                const char *const texts[] = { service->service, service->protocol, service->domain,
                                              service->target };

                for (size_t k = 0; r >= 0 && k < ELEMENTS(texts); k++)
                        r = check_text("SRV record", texts[k], error);
        }
        for (size_t i = 0; r >= 0 && i < conf->dns_hosts.n; i++)
                for (size_t k = 0; r >= 0 && k < conf->dns_hosts.items[i]->names.n; k++)
                        r = check_text("hostname", conf->dns_hosts.items[i]->names.items[k]->name,
                                       error);
        return r;
}

static int check_texts(const NetworkConf *conf, Error *error) {
        int r = check_dns(conf, error);

        for (size_t i = 0; r >= 0 && i < conf->ips.n; i++)
                r = check_hosts(conf->ips.items[i], error);
        for (size_t i = 0; r >= 0 && i < conf->dnsmasq_options.n; i++)
                r = check_text("dnsmasq option", conf->dnsmasq_options.items[i]->value, error);
        return r;
}

/* An address in the one form that has no others: RFC 5952's for IPv6. */
static const char *short_form(const char *text, char room[static INET6_ADDRSTRLEN]) {
        IpAddress ip;

        if (ip_parse(text, &ip) < 0 || !inet_ntop(ip.family, ip.bytes, room, INET6_ADDRSTRLEN))
                return text;
        return room;
}

/* ---- DNS ---- */

/* A plain server replaces those of the host; one for a domain stands beside them. */
static void add_forwarders(Lines *lines, const NetworkConf *conf) {
        bool replaces = false;

        for (size_t i = 0; i < conf->dns_forwarders.n; i++)
                replaces = replaces || !conf->dns_forwarders.items[i]->domain;
        if (replaces)
                add(lines, "no-resolv\n");
        for (size_t i = 0; i < conf->dns_forwarders.n; i++) {
                const DnsForwarder *forwarder = conf->dns_forwarders.items[i];
                char address[INET6_ADDRSTRLEN];

                add(lines, "server=");
                if (forwarder->domain)
                        add(lines, "/%s/", forwarder->domain);
                add(lines, "%s\n", forwarder->address ? short_form(forwarder->address, address)
                                                      : "#");
        }
}

/* "122.168.192.in-addr.arpa", by whole bytes, or "...ip6.arpa", by half bytes. */
static int add_local_pointer(Lines *lines, const NetworkIp *ip, Error *error) {
        int prefix = network_ip_prefix(ip);
        IpAddress address;

        if (prefix < 0 || ip_parse(ip->address, &address) < 0)
                return 0;
        int step = address.family == AF_INET ? 8 : 4;
        if (prefix == 0 || prefix % step != 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "localPtr needs a prefix that %d divides, and %d isn't one", step,
                            prefix);
        add(lines, "local=/");
        for (int bit = prefix - step; bit >= 0; bit -= step) {
                uint8_t byte = address.bytes[bit / 8];

                if (step == 8)
                        add(lines, "%u.", byte);
                else
                        add(lines, "%x.", bit % 8 == 0 ? byte >> 4 : byte & 15);
        }
        add(lines, "%s.arpa/\n", step == 8 ? "in-addr" : "ip6");
        return 0;
}

static int add_dns(Lines *lines, const NetworkConf *conf, Error *error) {
        int r = 0;

        if (conf->dns_enable == TRISTATE_NO)
                add(lines, "port=0\n");
        add_forwarders(lines, conf);
        if (conf->domain) {
                if (conf->domain_local_only == TRISTATE_YES)
                        add(lines, "local=/%s/\n", conf->domain);
                add(lines, "domain=%s\nexpand-hosts\n", conf->domain);
        }
        if (conf->dns_forward_plain_names == TRISTATE_NO)
                add(lines, "domain-needed\nlocal=//\n");
        for (size_t i = 0; r >= 0 && i < conf->ips.n; i++)
                if (conf->ips.items[i]->local_ptr == TRISTATE_YES)
                        r = add_local_pointer(lines, conf->ips.items[i], error);
        return r;
}

/* What isn't said at the end isn't written; in between the protocol's defaults stand for it. The
 * target "." says that the service isn't there (RFC 2782), as none does. */
static void add_service(Lines *lines, const DnsService *service) {
        bool placed = service->target && strcmp(service->target, ".") != 0;
        uint32_t port = service->port.value, priority = service->priority.value;
        uint32_t weight = service->weight.value;

        add(lines, "srv-host=_%s._%s", service->service, service->protocol);
        if (service->domain)
                add(lines, ".%s", service->domain);
        if (placed)
                add(lines, ",%s", service->target);
        if (placed && (port > 0 || priority > 0 || weight > 0))
                add(lines, ",%u", port > 0 ? port : 1);
        if (placed && (priority > 0 || weight > 0))
                add(lines, ",%u", priority);
        if (placed && weight > 0)
                add(lines, ",%u", weight);
        add(lines, "\n");
}

static void add_records(Lines *lines, const NetworkConf *conf) {
        for (size_t i = 0; i < conf->dns_texts.n; i++)
                add(lines, "txt-record=%s,%s\n", conf->dns_texts.items[i]->name,
                    conf->dns_texts.items[i]->value);
        for (size_t i = 0; i < conf->dns_services.n; i++)
                if (conf->dns_services.items[i]->service && conf->dns_services.items[i]->protocol)
                        add_service(lines, conf->dns_services.items[i]);
}

/* ---- DHCP and router advertisement ---- */

/* dnsmasq counts seconds in 32 bits; what has more of them is as good as without an end. */
static void add_lease(Lines *lines, const NetworkLease *lease) {
        char unit = lease && lease->unit ? lease->unit[0] : 'm';
        uint64_t seconds = unit == 's' ? 1 : unit == 'h' ? 3600 : 60;

        if (!lease || !lease->expiry.set)
                return;
        if (lease->expiry.value == 0 || lease->expiry.value * seconds > UINT32_MAX)
                add(lines, ",infinite");
        else
                add(lines, ",%u%c", lease->expiry.value, unit);
}

/* How many addresses a range has; as many as leases may be given. */
static uint64_t range_size(const NetworkRange *range) {
        IpAddress start, end;
        uint64_t size = 0;

        if (ip_parse(range->start, &start) < 0 || ip_parse(range->end, &end) < 0)
                return 0;
        for (unsigned i = 0; i < ip_bits(start.family) / 8; i++)
                size = (size << 8) + (uint64_t) end.bytes[i] - start.bytes[i];
        return size + 1;
}

/* dnsmasq takes the length of an IPv6 prefix where IPv4 has a mask. */
static void add_mask(Lines *lines, const NetworkIp *ip, bool v6) {
        int prefix = network_ip_prefix(ip);

        if (v6)
                add(lines, ",%d", prefix);
        else {
                uint32_t mask = prefix > 0 ? UINT32_MAX << (32 - prefix) : 0;

                add(lines, ",%u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255,
                    mask & 255);
        }
}

static uint64_t add_dhcp(Lines *lines, const NetworkConf *conf, const NetworkIp *ip, bool v6) {
        char start[INET6_ADDRSTRLEN], end[INET6_ADDRSTRLEN];
        uint64_t leases = 0;

        for (size_t i = 0; i < ip->ranges.n; i++) {
                const NetworkRange *range = ip->ranges.items[i];

                add(lines, "dhcp-range=%s,%s", short_form(range->start, start),
                    short_form(range->end, end));
                add_mask(lines, ip, v6);
                add_lease(lines, range->lease);
                add(lines, "\n");
                leases += range_size(range);
        }
        if (ip->ranges.n == 0) {
                add(lines, "dhcp-range=%s,static", short_form(ip->address, start));
                if (v6)
                        add(lines, ",%d", network_ip_prefix(ip));
                add(lines, "\n");
        }
        if (!v6)
                add(lines, "dhcp-no-override\ndhcp-authoritative\n");
        return leases;
}

static void add_boot(Lines *lines, const NetworkConf *conf) {
        for (size_t i = 0; i < conf->ips.n; i++) {
                const NetworkIp *ip = conf->ips.items[i];
                char server[INET6_ADDRSTRLEN];

                if (network_ip_is_v6(ip))
                        continue;
                if (ip->tftp_root)
                        add(lines, "enable-tftp\ntftp-root=%s\n", ip->tftp_root);
                if (ip->bootp_file && ip->bootp_server)
                        add(lines, "dhcp-boot=%s,,%s\n", ip->bootp_file,
                            short_form(ip->bootp_server, server));
                else if (ip->bootp_file)
                        add(lines, "dhcp-boot=%s\n", ip->bootp_file);
        }
}

static void add_addresses(Lines *lines, const NetworkConf *conf, const char *hosts_path,
                          const char *names_path) {
        const NetworkIp *v4 = network_dhcp_ip(conf, false), *v6 = network_dhcp_ip(conf, true);
        uint64_t leases = 0;

        /* Guests of an isolated network have no way out to be told of. */
        if (conf->forward == FORWARD_NONE)
                add(lines, "dhcp-option=3\nno-resolv\nra-param=*,0,0\n");
        if (v4)
                leases += add_dhcp(lines, conf, v4, false);
        add_boot(lines, conf);
        if (v6)
                leases += add_dhcp(lines, conf, v6, true);
        if (leases > 0)
                add(lines, "dhcp-lease-max=%" PRIu64 "\n", MIN(leases, (uint64_t) INT32_MAX));
        if (v4 || v6)
                add(lines, "dhcp-hostsfile=%s\n", hosts_path);
        if (conf->dns_enable != TRISTATE_NO)
                add(lines, "addn-hosts=%s\n", names_path);
        if (conf->mtu > 0)
                add(lines, "dhcp-option=option:mtu,%u\n", conf->mtu);
        if (v6)
                add(lines, "enable-ra\n");
        for (size_t i = 0; !v6 && i < conf->ips.n; i++) {
                char prefix[INET6_ADDRSTRLEN];

                if (network_ip_is_v6(conf->ips.items[i]) && conf->ips.items[i]->address)
                        add(lines, "dhcp-range=%s,ra-only\n",
                            short_form(conf->ips.items[i]->address, prefix));
        }
}

/* ---- the three files ---- */

static int make_conf(const NetworkConf *conf, const char *hosts_path, const char *names_path,
                     char **ret, Error *error) {
        _cleanup_(lines_clear) Lines lines = {};
        int r = lines_open(&lines, error);

        if (r < 0)
                return r;
        add(&lines, "# Made from the definition of a network; changes here are lost.\n"
                    "strict-order\n");
        r = add_dns(&lines, conf, error);
        if (r < 0)
                return r;
        add(&lines, "except-interface=lo\nbind-dynamic\ninterface=%s\n", conf->bridge);
        add_records(&lines, conf);
        add_addresses(&lines, conf, hosts_path, names_path);
        for (size_t i = 0; i < conf->dnsmasq_options.n; i++)
                add(&lines, "%s\n", conf->dnsmasq_options.items[i]->value);
        return lines_close(&lines, ret, error);
}

static void add_host(Lines *lines, const NetworkHost *host, bool v6) {
        char ip[INET6_ADDRSTRLEN];

        if (v6) {
                add(lines, "%s%s", host->id ? "id:" : "", host->id ?: host->name ?: "");
                if (host->id && host->name)
                        add(lines, ",%s", host->name);
                if (host->ip)
                        add(lines, ",[%s]", short_form(host->ip, ip));
        } else {
                add(lines, "%s", host->mac ?: host->name ?: "");
                if (host->ip)
                        add(lines, ",%s", short_form(host->ip, ip));
                if (host->mac && host->name)
                        add(lines, ",%s", host->name);
        }
        add_lease(lines, host->lease);
        add(lines, "\n");
}

static int make_hosts(const NetworkConf *conf, char **ret, Error *error) {
        _cleanup_(lines_clear) Lines lines = {};
        int r = lines_open(&lines, error);

        if (r < 0)
                return r;
        for (int v6 = 0; v6 <= 1; v6++) {
                const NetworkIp *ip = network_dhcp_ip(conf, v6);

                for (size_t i = 0; ip && i < ip->hosts.n; i++)
                        add_host(&lines, ip->hosts.items[i], v6);
        }
        return lines_close(&lines, ret, error);
}

static int make_names(const NetworkConf *conf, char **ret, Error *error) {
        _cleanup_(lines_clear) Lines lines = {};
        int r = lines_open(&lines, error);

        if (r < 0)
                return r;
        for (size_t i = 0; i < conf->dns_hosts.n; i++) {
                const DnsHost *host = conf->dns_hosts.items[i];
                char ip[INET6_ADDRSTRLEN];

                add(&lines, "%s", short_form(host->ip, ip));
                for (size_t k = 0; k < host->names.n; k++)
                        add(&lines, "\t%s", host->names.items[k]->name);
                add(&lines, "\n");
        }
        return lines_close(&lines, ret, error);
}

int files_of_network(const NetworkConf *conf, const char *hosts_path, const char *names_path,
                     NetworkFiles *ret, Error *error) {
        NetworkFiles files = {};
        int r = check_texts(conf, error);

        if (r >= 0)
                r = make_conf(conf, hosts_path, names_path, &files.conf, error);
        if (r >= 0)
                r = make_hosts(conf, &files.hosts, error);
        if (r >= 0)
                r = make_names(conf, &files.names, error);
        if (r >= 0)
                *ret = files;
        else
                files_clear(&files);
        return r;
}

void files_clear(NetworkFiles *files) {
        free(files->conf);
        free(files->hosts);
        free(files->names);
        *files = (NetworkFiles) {};
}

bool files_are_needed(const NetworkConf *conf) {
        if (!(FORWARD_OWN_BRIDGE & BIT(conf->forward)) || conf->ips.n == 0)
                return false;
        if (conf->dns_enable != TRISTATE_NO || network_dhcp_ip(conf, false) ||
            network_has_family(conf, true))
                return true;
        for (size_t i = 0; i < conf->ips.n; i++)
                if (conf->ips.items[i]->tftp_root)
                        return true;
        return false;
}
