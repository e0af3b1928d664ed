/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule, from its words to the steps that the kernel takes for each packet. Here are the words
 * of networks' rules; those of filters are in nft-field.c. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "conf/network.h"
#include "drivers/network/nft-private.h"

#define KBYTE 1024

/* ---- words; each function takes those that follow, and returns how many it took, or -1 ---- */

void nft_match_byte(struct nlmsghdr *header, uint32_t key, uint8_t byte) {
        nft_load_meta_to(header, NFT_REG_1, key);
        nft_compare(header, NFT_CMP_EQ, &byte, 1);
}

static int take_link(NftRule *rule, char **words, uint32_t key) {
        char name[IFNAMSIZ] = {};
        size_t n = words[0] ? strlen(words[0]) : 0;

        if (n < 3 || n - 2 >= sizeof(name) || words[0][0] != '"' || words[0][n - 1] != '"')
                return -1;
        memcpy(name, words[0] + 1, n - 2);
        nft_load_meta_to(rule->header, NFT_REG_1, key);
        nft_compare(rule->header, NFT_CMP_EQ, name, sizeof(name));
        return 1;
}

int nft_take_number(const char *word, uint32_t *ret) {
        char *rest;

        if (!word || !isdigit((unsigned char) *word))
                return -1;
        errno = 0;
        unsigned long number = strtoul(word, &rest, 10);
        *ret = number;
        return errno != 0 || *rest || number > UINT32_MAX ? -1 : 0;
}

/* key: the protocol's number */
static int take_port(NftRule *rule, char **words, uint32_t key) {
        uint32_t number;

        if (!words[0] || strcmp(words[0], "dport") != 0 || nft_take_number(words[1], &number) < 0 ||
            number > UINT16_MAX)
                return -1;
        uint16_t port = htons(number);
        nft_match_byte(rule->header, NFT_META_L4PROTO, key);
        nft_load_payload_to(rule->header, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(port));
        nft_compare(rule->header, NFT_CMP_EQ, &port, sizeof(port));
        return 2;
}

static int take_meta(NftRule *rule, char **words, uint32_t unused) {
        if (!words[0] || !words[1] || strcmp(words[0], "l4proto") != 0 ||
            (strcmp(words[1], "tcp") != 0 && strcmp(words[1], "udp") != 0))
                return nft_take_meta(rule, words);
        nft_match_byte(rule->header, NFT_META_L4PROTO,
                   strcmp(words[1], "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP);
        return 2;
}

/* An address with the length of its prefix, which is all of it unless said. */
static int take_subnet(const char *word, IpAddress *ret, uint32_t *ret_prefix) {
        size_t n = word ? strcspn(word, "/") : 0;
        char text[INET6_ADDRSTRLEN];

        if (n == 0 || n >= sizeof(text))
                return -1;
        (void) snprintf(text, sizeof(text), "%.*s", (int) n, word);
        if (ip_parse(text, ret) < 0)
                return -1;
        *ret_prefix = ip_bits(ret->family);
        if (word[n] && nft_take_number(word + n + 1, ret_prefix) < 0)
                return -1;
        return *ret_prefix <= ip_bits(ret->family) ? 0 : -1;
}

static void mask_prefix(struct nlmsghdr *header, uint32_t prefix, size_t size) {
        uint8_t bits[16] = {};

        for (uint32_t bit = 0; bit < prefix; bit++)
                bits[bit / 8] |= 0x80 >> bit % 8;
        nft_mask(header, bits, size);
}

/* Of a prefix that ends with a byte only that much is loaded. key: the protocol's family */
static int take_address(NftRule *rule, char **words, uint32_t key) {
        bool source = words[0] && strcmp(words[0], "saddr") == 0;
        bool differs = words[0] && words[1] && strcmp(words[1], "!=") == 0;
        uint32_t size = key == NFPROTO_IPV6 ? 16 : 4, prefix;
        uint32_t offset = (key == NFPROTO_IPV6 ? 8 : 12) + (source ? 0 : size);
        int r = nft_take_key(rule, words - 1);
        IpAddress address;

        if (r != 0)
                return r < 0 ? r : r - 1;

        if (!words[0] || (!source && strcmp(words[0], "daddr") != 0) ||
            take_subnet(words[1 + differs], &address, &prefix) < 0 ||
            ip_bits(address.family) / 8 != size)
                return -1;
        bool masked = prefix == 0 || prefix % 8 != 0;
        if (!masked)
                size = prefix / 8;
        if (rule->family != key)
                nft_match_byte(rule->header, NFT_META_NFPROTO, key);
        rule->family = key;
        nft_load_payload_to(rule->header, NFT_REG_1, NFT_PAYLOAD_NETWORK_HEADER, offset, size);
        if (masked)
                mask_prefix(rule->header, prefix, size);
        nft_compare(rule->header, differs ? NFT_CMP_NEQ : NFT_CMP_EQ, address.bytes, size);
        return 2 + differs;
}

static int take_state(NftRule *rule, char **words, uint32_t unused) {
        const uint32_t bits = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
        const uint32_t none = 0;

        if (!words[0] || !words[1] || strcmp(words[0], "state") != 0 ||
            strcmp(words[1], "established,related") != 0)
                return -1;
        NftStep step = nft_step_begin(rule->header, "ct");
        nft_put_number(rule->header, NFTA_CT_KEY, NFT_CT_STATE);
        nft_put_number(rule->header, NFTA_CT_DREG, NFT_REG_1);
        nft_step_end(rule->header, step);
        nft_mask(rule->header, &bits, sizeof(bits));
        nft_compare(rule->header, NFT_CMP_NEQ, &none, sizeof(none));
        return 2;
}

/* "over N kbytes/second burst N kbytes" after "limit rate" */
static int take_limit(NftRule *rule, char **words, uint32_t unused) {
        static const char *const fixed[] = { "rate", "over", NULL, "kbytes/second", "burst", NULL,
                                             "kbytes" };
        uint32_t rate, burst;

        for (size_t i = 0; i < ELEMENTS(fixed); i++)
                if (!words[i] || (fixed[i] && strcmp(words[i], fixed[i]) != 0))
                        return -1;
        if (nft_take_number(words[2], &rate) < 0 || nft_take_number(words[5], &burst) < 0 ||
            burst > UINT32_MAX / KBYTE)
                return -1;
        NftStep step = nft_step_begin(rule->header, "limit");
        nft_put_wide(rule->header, NFTA_LIMIT_RATE, (uint64_t) rate * KBYTE);
        nft_put_wide(rule->header, NFTA_LIMIT_UNIT, 1);
        nft_put_number(rule->header, NFTA_LIMIT_BURST, burst * KBYTE);
        nft_put_number(rule->header, NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
        nft_put_number(rule->header, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
        nft_step_end(rule->header, step);
        return ELEMENTS(fixed);
}

/* "1024-65535" into this register and the next */
static int take_ports(struct nlmsghdr *header, const char *word, uint32_t reg) {
        unsigned start, last;
        int n = 0;

        if (sscanf(word, "%5u-%5u%n", &start, &last, &n) != 2 || word[n] || start > UINT16_MAX ||
            last > UINT16_MAX)
                return -1;
        const uint16_t ports[] = { htons(start), htons(last) };
        nft_load_value(header, reg, &ports[0], sizeof(ports[0]));
        nft_load_value(header, reg + 1, &ports[1], sizeof(ports[1]));
        return 0;
}

/* "masquerade", or "masquerade to :1024-65535" */
static int take_masquerade(NftRule *rule, char **words, uint32_t unused) {
        bool ports = words[0] && strcmp(words[0], "to") == 0;

        if (ports && (!words[1] || words[1][0] != ':' ||
                      take_ports(rule->header, words[1] + 1, NFT_REG_1) < 0))
                return -1;
        NftStep step = nft_step_begin(rule->header, "masq");
        if (ports) {
                nft_put_number(rule->header, NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
                nft_put_number(rule->header, NFTA_MASQ_REG_PROTO_MIN, NFT_REG_1);
                nft_put_number(rule->header, NFTA_MASQ_REG_PROTO_MAX, NFT_REG_2);
        }
        nft_step_end(rule->header, step);
        return ports ? 2 : 0;
}

/* "ip to 192.0.2.1", with "-192.0.2.9" and ":1024-65535" if need be */
static int take_snat(NftRule *rule, char **words, uint32_t unused) {
        struct in_addr first, last;
        uint32_t reg = NFT_REG_1;

        if (!words[0] || !words[1] || !words[2] || strcmp(words[0], "ip") != 0 ||
            strcmp(words[1], "to") != 0)
                return -1;
        char *ports = strchr(words[2], ':');
        if (ports)
                *ports++ = 0;
        char *dash = strchr(words[2], '-');
        if (dash)
                *dash++ = 0;
        if (inet_pton(AF_INET, words[2], &first) != 1 ||
            (dash && inet_pton(AF_INET, dash, &last) != 1))
                return -1;
        nft_load_value(rule->header, reg, &first, sizeof(first));
        if (dash)
                nft_load_value(rule->header, ++reg, &last, sizeof(last));
        if (ports && take_ports(rule->header, ports, reg + 1) < 0)
                return -1;
        NftStep step = nft_step_begin(rule->header, "nat");
        nft_put_number(rule->header, NFTA_NAT_TYPE, NFT_NAT_SNAT);
        nft_put_number(rule->header, NFTA_NAT_FAMILY, NFPROTO_IPV4);
        nft_put_number(rule->header, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
        nft_put_number(rule->header, NFTA_NAT_REG_ADDR_MAX, reg);
        if (ports) {
                nft_put_number(rule->header, NFTA_NAT_REG_PROTO_MIN, reg + 1);
                nft_put_number(rule->header, NFTA_NAT_REG_PROTO_MAX, reg + 2);
        }
        nft_step_end(rule->header, step);
        return 3;
}

static int take_arp(NftRule *rule, char **words, uint32_t unused) {
        int r = nft_take_key(rule, words - 1);

        return r > 0 ? r - 1 : -1;
}

static int take_reject(NftRule *rule, char **words, uint32_t unused) {
        bool port = words[0] && words[1] && words[2] && strcmp(words[2], "port-unreachable") == 0;

        if (!words[0] || !words[1] || !words[2] || strcmp(words[0], "with") != 0 ||
            strcmp(words[1], "icmpx") != 0 ||
            (!port && strcmp(words[2], "admin-prohibited") != 0))
                return -1;
        NftStep step = nft_step_begin(rule->header, "reject");
        nft_put_number(rule->header, NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
        mnl_attr_put_u8(rule->header, NFTA_REJECT_ICMP_CODE,
                       port ? NFT_REJECT_ICMPX_PORT_UNREACH : NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
        nft_step_end(rule->header, step);
        return 3;
}

static int take_jump(NftRule *rule, char **words, uint32_t verdict) {
        if (!words[0])
                return -1;
        nft_decide(rule->header, (int) verdict, words[0]);
        return 1;
}

static int take_verdict(NftRule *rule, char **words, uint32_t key) {
        nft_decide(rule->header, (int) key, NULL);
        return 0;
}

static const struct {
        const char *word;
        int (*take)(NftRule *rule, char **words, uint32_t key);
        uint32_t key;
} vocabulary[] = {
        { "iifname",    take_link,       NFT_META_IIFNAME },
        { "oifname",    take_link,       NFT_META_OIFNAME },
        { "ip",         take_address,    NFPROTO_IPV4 },
        { "ip6",        take_address,    NFPROTO_IPV6 },
        { "meta",       take_meta,       0 },
        { "arp",        take_arp,        0 },
        { "add",        nft_take_set,    NFT_DYNSET_OP_ADD },
        { "update",     nft_take_set,    NFT_DYNSET_OP_UPDATE },
        { "tcp",        take_port,       IPPROTO_TCP },
        { "udp",        take_port,       IPPROTO_UDP },
        { "ct",         take_state,      0 },
        { "limit",      take_limit,      0 },
        { "masquerade", take_masquerade, 0 },
        { "snat",       take_snat,       0 },
        { "reject",     take_reject,     0 },
        { "jump",       take_jump,       (uint32_t) NFT_JUMP },
        { "goto",       take_jump,       (uint32_t) NFT_GOTO },
        { "accept",     take_verdict,    NF_ACCEPT },
        { "drop",       take_verdict,    NF_DROP },
        { "return",     take_verdict,    (uint32_t) NFT_RETURN },
};

int nft_write_words(struct nlmsghdr *header, char **words) {
        NftRule rule = { .header = header };

        while (*words) {
                size_t i = 0;

                while (i < ELEMENTS(vocabulary) && strcmp(vocabulary[i].word, *words) != 0)
                        i++;
                int taken = **words == '@' ? nft_take_raw(&rule, *words, words + 1)
                            : i < ELEMENTS(vocabulary)
                                    ? vocabulary[i].take(&rule, words + 1, vocabulary[i].key) : -1;
                if (taken < 0)
                        return -1;
                words += 1 + taken;
        }
        return 0;
}
