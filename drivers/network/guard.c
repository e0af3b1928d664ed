/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for the packets of one tap: limits of what a guest sends, and filters against forged
 * senders. Each tap has its own tables of nftables, made and replaced in one transaction, and
 * removed when its interface goes.
 *
 * The filters are those that libvirt ships, by their names and in their sense. Where one needs the
 * address of the guest and the definition names none (<parameter name='IP'>), the first address
 * that the guest sends from is its own from then on: the set that remembers it has room for one. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/guard.h"
#include "drivers/network/link.h"
#include "drivers/network/rules.h"

/* nftables adds what passes in a second to the burst: so much more comes through at once. */
#define BURST_MIN UINT64_C(256) /* KiB: segments that are still to be cut up come as one packet */

/* ---- filters ---- */

/* Each line is a rule for what the guest sends; $mac is its address, @own4 and @own6 those it may
 * send from. What passes all chains is let through. */
typedef struct Filter {
        const char *name;
        const char *rules; /* lines */
        const char *parts; /* names, each ends with a 0: of which it consists */
} Filter;

static const Filter filters[] = {
        { "no-mac-spoofing", "ether saddr != $mac drop\n", NULL },
        { "no-arp-mac-spoofing", "arp saddr ether != $mac drop\n", NULL },
        { "no-arp-ip-spoofing",
          "ether type != arp return\narp saddr ip 0.0.0.0 return\narp saddr ip @own4 return\n"
          "$learn_arp\ndrop\n", NULL },
        { "no-arp-spoofing", NULL, "no-arp-mac-spoofing\0no-arp-ip-spoofing\0" },
        { "no-ip-spoofing",
          "ether type != ip return\nip saddr 0.0.0.0 udp dport 67 return\nip saddr @own4 return\n"
          "$learn_ip\ndrop\n", NULL },
        { "no-ipv6-spoofing",
          "ether type != ip6 return\nip6 saddr { ::, fe80::/10 } return\nip6 saddr @own6 return\n"
          "$learn_ip6\ndrop\n", NULL },
        { "no-ip-multicast", "ip daddr 224.0.0.0/4 drop\n", NULL },
        { "no-ipv6-multicast", "ip6 daddr ff00::/8 drop\n", NULL },
        { "no-mac-broadcast", "ether daddr ff:ff:ff:ff:ff:ff drop\n", NULL },
        { "no-other-l2-traffic", "ether type != { ip, arp, 0x8035 } drop\n", NULL },
        { "no-other-rarp-traffic", "ether type 0x8035 ether daddr != ff:ff:ff:ff:ff:ff drop\n",
          NULL },
        { "allow-arp", "ether type arp accept\n", NULL },
        { "allow-ipv4", "ether type ip accept\n", NULL },
        { "allow-ipv6", "ether type ip6 accept\n", NULL },
        { "allow-incoming-ipv4", "", NULL },
        { "allow-incoming-ipv6", "", NULL },
        { "allow-dhcp", "udp sport 68 udp dport 67 accept\n", NULL },
        { "allow-dhcpv6", "udp sport 546 udp dport 547 accept\n", NULL },
        { "qemu-announce-self", "", NULL },
        { "clean-traffic", NULL,
          "no-mac-spoofing\0no-ip-spoofing\0no-arp-spoofing\0no-other-l2-traffic\0" },
};

static const Filter *find_filter(const char *name) {
        for (size_t i = 0; i < ELEMENTS(filters); i++)
                if (strcmp(filters[i].name, name) == 0)
                        return &filters[i];
        return NULL;
}

/* The rules are for those of a bridge; its name and address can't do harm in a text of commands. */
int guard_check(const DomainNet *net, Error *error) {
        if (net->filterref && !find_filter(net->filterref->filter))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref: nwfilter '%s' is none of those that are applied to "
                            "interfaces (clean-traffic, no-mac-spoofing, no-ip-spoofing, "
                            "no-arp-spoofing ...)",
                            net->filterref->filter);
        if (net->filterref && net->type == NET_ETHERNET)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref: only an interface on a bridge is filtered");
        for (size_t i = 0; net->filterref && i < net->filterref->parameters.n; i++) {
                const NamedText *parameter = net->filterref->parameters.items[i];
                bool v4 = strcmp(parameter->name, "IP") == 0;
                IpAddress address;

                if (!v4 && strcmp(parameter->name, "IPV6") != 0)
                        continue;
                if (ip_parse(parameter->text, &address) < 0 ||
                    (address.family == AF_INET) != v4)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "filterref: parameter %s='%.64s' is no address",
                                    parameter->name, parameter->text);
        }
        return 0;
}

/* ---- the text ---- */

static void print_addresses(FILE *out, const DomainNet *net, const char *name, const char *set,
                            const char *type) {
        const NetFilterRef *ref = net->filterref;
        bool any = false;

        for (size_t i = 0; i < ref->parameters.n; i++)
                any = any || strcmp(ref->parameters.items[i]->name, name) == 0;
        (void) fprintf(out, "  set %s {\n    type %s\n    size %zu\n%s", set, type,
                       any ? ref->parameters.n : 1, any ? "    elements = {" : "");
        if (!any)
                (void) fputs("    flags dynamic\n", out);
        for (size_t i = 0; i < ref->parameters.n; i++)
                if (strcmp(ref->parameters.items[i]->name, name) == 0)
                        (void) fprintf(out, " %s,", ref->parameters.items[i]->text);
        (void) fputs(any ? " }\n  }\n" : "  }\n", out);
}

static bool has_parameter(const DomainNet *net, const char *name) {
        for (size_t i = 0; i < net->filterref->parameters.n; i++)
                if (strcmp(net->filterref->parameters.items[i]->name, name) == 0)
                        return true;
        return false;
}

/* A word of a rule that stands for something of this interface. */
static const char *word(const DomainNet *net, const char *name, const char *mac) {
        bool v4 = has_parameter(net, "IP"), v6 = has_parameter(net, "IPV6");

        if (strncmp(name, "$mac", 4) == 0)
                return mac;
        if (strncmp(name, "$learn_arp", 10) == 0)
                return v4 ? "" : "add @own4 { arp saddr ip } return";
        if (strncmp(name, "$learn_ip6", 10) == 0)
                return v6 ? "" : "add @own6 { ip6 saddr } return";
        return v4 ? "" : "add @own4 { ip saddr } return";
}

static void print_rules(FILE *out, const DomainNet *net, const char *rules) {
        char mac[MAC_TEXT_MAX];

        (void) mac_format(net->mac, mac);
        for (const char *at = rules; *at;) {
                size_t n = strcspn(at, "$");

                (void) fprintf(out, "%.*s", (int) n, at);
                at += n;
                if (*at != '$')
                        continue;
                (void) fputs(word(net, at, mac), out);
                at += 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");
        }
}

/* Chains of their own, so that "return" in one lets the next decide. */
static void print_chains(FILE *out, const DomainNet *net, const Filter *filter, FILE *jumps) {
        for (const char *part = filter->parts; part && *part; part += strlen(part) + 1)
                print_chains(out, net, find_filter(part), jumps);
        if (!filter->rules || !*filter->rules)
                return;
        (void) fprintf(out, "  chain %s {\n", filter->name);
        print_rules(out, net, filter->rules);
        (void) fputs("  }\n", out);
        (void) fprintf(jumps, "    jump %s\n", filter->name);
}

/* In nftables' alphabet; two interfaces never get one name. */
static void print_table_name(FILE *out, const DomainNet *net) {
        (void) fputs("virtbus_", out);
        for (const char *c = net->target; *c; c++)
                if (isalnum((unsigned char) *c))
                        (void) fputc(*c, out);
                else
                        (void) fprintf(out, "_%02x", (unsigned char) *c);
}

static void print_header(FILE *out, const char *family, const DomainNet *net, bool only_remove) {
        for (int i = 0; i < 2; i++) {
                (void) fprintf(out, "%stable %s ", i ? "delete " : "", family);
                print_table_name(out, net);
                (void) fputs(i ? "\n" : " {\n}\n", out);
        }
        if (only_remove)
                return;
        (void) fprintf(out, "table %s ", family);
        print_table_name(out, net);
        (void) fputs(" {\n", out);
}

static void print_filter(FILE *out, const DomainNet *net) {
        _cleanup_(freep) char *jumps = NULL;
        size_t size;
        FILE *into = open_memstream(&jumps, &size);

        print_header(out, "bridge", net, !net->filterref || !into);
        if (!into)
                return;
        if (net->filterref) {
                print_addresses(out, net, "IP", "own4", "ipv4_addr");
                print_addresses(out, net, "IPV6", "own6", "ipv6_addr");
                print_chains(out, net, find_filter(net->filterref->filter), into);
        }
        (void) fclose(into);
        if (net->filterref)
                (void) fprintf(out,
                               "  chain guest {\n%s  }\n  chain packets {\n    type filter hook "
                               "prerouting priority -200; policy accept;\n    iifname \"%s\" jump "
                               "guest\n  }\n}\n",
                               jumps ?: "", net->target);
}

static void print_limit(FILE *out, const DomainNet *net, const GuardLimit *outbound) {
        uint64_t burst = MAX(outbound->burst ?: outbound->average / 100, BURST_MIN);

        print_header(out, "netdev", net, outbound->average == 0);
        if (outbound->average > 0)
                (void) fprintf(out,
                               "  chain packets {\n    type filter hook ingress device \"%s\" "
                               "priority 0; policy accept;\n    limit rate over %ju kbytes/second "
                               "burst %ju kbytes drop\n  }\n}\n",
                               net->target, (uintmax_t) outbound->average, (uintmax_t) burst);
}

/* ---- telling ---- */

static int apply(const DomainNet *net, const GuardLimit *outbound, bool filter, Error *error) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return fail_memory(error);
        if (filter)
                print_filter(out, net);
        if (outbound)
                print_limit(out, net, outbound);
        if (fclose(out) != 0)
                return fail_memory(error);
        return rules_apply(text, error);
}

/* What an interface never had needn't be taken away: a start without limits asks nothing. */
int guard_set(const DomainNet *net, const GuardLimit *outbound, Error *error) {
        bool limited = outbound->average > 0;

        if (!link_name_is_valid(net->target))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target/@dev '%s' is no name for an interface with limits or filters",
                            net->target);
        if (!net->filterref && !limited)
                return 0;
        return apply(net, limited ? outbound : NULL, net->filterref, error);
}

void guard_remove(const DomainNet *net) {
        const GuardLimit none = {};
        DomainNet bare = { .target = net->target, .mac = net->mac };

        if (!net->filterref && !net->outbound)
                return;
        if (link_name_is_valid(net->target))
                (void) apply(&bare, &none, true, NULL);
}
