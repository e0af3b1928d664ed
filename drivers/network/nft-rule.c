/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule, from its words to the steps that the kernel takes for each packet: a value is loaded
 * into a register, compared there, and what matched so far goes on to the next step. */
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
#include "drivers/network/nft-message.h"

#define KBYTE 1024

static void put_number(struct nlmsghdr *header, uint16_t type, uint32_t number) {
        mnl_attr_put_u32(header, type, htonl(number));
}

static void put_wide(struct nlmsghdr *header, uint16_t type, uint64_t number) {
        mnl_attr_put_u64(header, type, __builtin_bswap64(number));
}

/* ---- what a rule does, each a step ---- */

typedef struct Step {
        struct nlattr *element, *data;
} Step;

static Step step_begin(struct nlmsghdr *header, const char *name) {
        Step step = { .element = mnl_attr_nest_start(header, NFTA_LIST_ELEM) };

        mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
        step.data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
        return step;
}

static void step_end(struct nlmsghdr *header, Step step) {
        mnl_attr_nest_end(header, step.data);
        mnl_attr_nest_end(header, step.element);
}

static void put_value(struct nlmsghdr *header, uint16_t type, const void *bytes, size_t size) {
        struct nlattr *nest = mnl_attr_nest_start(header, type);

        mnl_attr_put(header, NFTA_DATA_VALUE, size, bytes);
        mnl_attr_nest_end(header, nest);
}

static void load_meta(struct nlmsghdr *header, uint32_t key) {
        Step step = step_begin(header, "meta");

        put_number(header, NFTA_META_KEY, key);
        put_number(header, NFTA_META_DREG, NFT_REG_1);
        step_end(header, step);
}

static void load_payload(struct nlmsghdr *header, uint32_t base, uint32_t offset, uint32_t size) {
        Step step = step_begin(header, "payload");

        put_number(header, NFTA_PAYLOAD_DREG, NFT_REG_1);
        put_number(header, NFTA_PAYLOAD_BASE, base);
        put_number(header, NFTA_PAYLOAD_OFFSET, offset);
        put_number(header, NFTA_PAYLOAD_LEN, size);
        step_end(header, step);
}

static void load_value(struct nlmsghdr *header, uint32_t reg, const void *bytes, size_t size) {
        Step step = step_begin(header, "immediate");

        put_number(header, NFTA_IMMEDIATE_DREG, reg);
        put_value(header, NFTA_IMMEDIATE_DATA, bytes, size);
        step_end(header, step);
}

static void mask(struct nlmsghdr *header, const void *bytes, size_t size) {
        static const uint8_t nothing[16];
        Step step = step_begin(header, "bitwise");

        put_number(header, NFTA_BITWISE_SREG, NFT_REG_1);
        put_number(header, NFTA_BITWISE_DREG, NFT_REG_1);
        put_number(header, NFTA_BITWISE_LEN, size);
        put_value(header, NFTA_BITWISE_MASK, bytes, size);
        put_value(header, NFTA_BITWISE_XOR, nothing, size);
        step_end(header, step);
}

static void compare(struct nlmsghdr *header, uint32_t how, const void *bytes, size_t size) {
        Step step = step_begin(header, "cmp");

        put_number(header, NFTA_CMP_SREG, NFT_REG_1);
        put_number(header, NFTA_CMP_OP, how);
        put_value(header, NFTA_CMP_DATA, bytes, size);
        step_end(header, step);
}

static void decide(struct nlmsghdr *header, int verdict, const char *chain) {
        Step step = step_begin(header, "immediate");
        struct nlattr *data, *nest;

        put_number(header, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        data = mnl_attr_nest_start(header, NFTA_IMMEDIATE_DATA);
        nest = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
        put_number(header, NFTA_VERDICT_CODE, verdict);
        if (chain)
                mnl_attr_put_strz(header, NFTA_VERDICT_CHAIN, chain);
        mnl_attr_nest_end(header, nest);
        mnl_attr_nest_end(header, data);
        step_end(header, step);
}

/* ---- words; each function takes those that follow, and returns how many it took, or -1 ---- */

typedef struct Rule {
        struct nlmsghdr *header;
        uint32_t family; /* that its packets are known to be of; 0: any */
} Rule;

static void match_byte(struct nlmsghdr *header, uint32_t key, uint8_t byte) {
        load_meta(header, key);
        compare(header, NFT_CMP_EQ, &byte, 1);
}

static int take_link(Rule *rule, char **words, uint32_t key) {
        char name[IFNAMSIZ] = {};
        size_t n = words[0] ? strlen(words[0]) : 0;

        if (n < 3 || n - 2 >= sizeof(name) || words[0][0] != '"' || words[0][n - 1] != '"')
                return -1;
        memcpy(name, words[0] + 1, n - 2);
        load_meta(rule->header, key);
        compare(rule->header, NFT_CMP_EQ, name, sizeof(name));
        return 1;
}

static int take_number(const char *word, uint32_t *ret) {
        char *rest;

        if (!word || !isdigit((unsigned char) *word))
                return -1;
        errno = 0;
        unsigned long number = strtoul(word, &rest, 10);
        *ret = number;
        return errno != 0 || *rest || number > UINT32_MAX ? -1 : 0;
}

/* key: the protocol's number */
static int take_port(Rule *rule, char **words, uint32_t key) {
        uint32_t number;

        if (!words[0] || strcmp(words[0], "dport") != 0 || take_number(words[1], &number) < 0 ||
            number > UINT16_MAX)
                return -1;
        uint16_t port = htons(number);
        match_byte(rule->header, NFT_META_L4PROTO, key);
        load_payload(rule->header, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(port));
        compare(rule->header, NFT_CMP_EQ, &port, sizeof(port));
        return 2;
}

static int take_protocol(Rule *rule, char **words, uint32_t unused) {
        if (!words[0] || !words[1] || strcmp(words[0], "l4proto") != 0)
                return -1;
        if (strcmp(words[1], "tcp") != 0 && strcmp(words[1], "udp") != 0)
                return -1;
        match_byte(rule->header, NFT_META_L4PROTO,
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
        if (word[n] && take_number(word + n + 1, ret_prefix) < 0)
                return -1;
        return *ret_prefix <= ip_bits(ret->family) ? 0 : -1;
}

static void mask_prefix(struct nlmsghdr *header, uint32_t prefix, size_t size) {
        uint8_t bits[16] = {};

        for (uint32_t bit = 0; bit < prefix; bit++)
                bits[bit / 8] |= 0x80 >> bit % 8;
        mask(header, bits, size);
}

/* Of a prefix that ends with a byte only that much is loaded. key: the protocol's family */
static int take_address(Rule *rule, char **words, uint32_t key) {
        bool source = words[0] && strcmp(words[0], "saddr") == 0;
        bool differs = words[0] && words[1] && strcmp(words[1], "!=") == 0;
        uint32_t size = key == NFPROTO_IPV6 ? 16 : 4, prefix;
        uint32_t offset = (key == NFPROTO_IPV6 ? 8 : 12) + (source ? 0 : size);
        IpAddress address;

        if (!words[0] || (!source && strcmp(words[0], "daddr") != 0) ||
            take_subnet(words[1 + differs], &address, &prefix) < 0 ||
            ip_bits(address.family) / 8 != size)
                return -1;
        bool masked = prefix == 0 || prefix % 8 != 0;
        if (!masked)
                size = prefix / 8;
        if (rule->family != key)
                match_byte(rule->header, NFT_META_NFPROTO, key);
        rule->family = key;
        load_payload(rule->header, NFT_PAYLOAD_NETWORK_HEADER, offset, size);
        if (masked)
                mask_prefix(rule->header, prefix, size);
        compare(rule->header, differs ? NFT_CMP_NEQ : NFT_CMP_EQ, address.bytes, size);
        return 2 + differs;
}

static int take_state(Rule *rule, char **words, uint32_t unused) {
        const uint32_t bits = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
        const uint32_t none = 0;

        if (!words[0] || !words[1] || strcmp(words[0], "state") != 0 ||
            strcmp(words[1], "established,related") != 0)
                return -1;
        Step step = step_begin(rule->header, "ct");
        put_number(rule->header, NFTA_CT_KEY, NFT_CT_STATE);
        put_number(rule->header, NFTA_CT_DREG, NFT_REG_1);
        step_end(rule->header, step);
        mask(rule->header, &bits, sizeof(bits));
        compare(rule->header, NFT_CMP_NEQ, &none, sizeof(none));
        return 2;
}

/* "over N kbytes/second burst N kbytes" after "limit rate" */
static int take_limit(Rule *rule, char **words, uint32_t unused) {
        static const char *const fixed[] = { "rate", "over", NULL, "kbytes/second", "burst", NULL,
                                             "kbytes" };
        uint32_t rate, burst;

        for (size_t i = 0; i < ELEMENTS(fixed); i++)
                if (!words[i] || (fixed[i] && strcmp(words[i], fixed[i]) != 0))
                        return -1;
        if (take_number(words[2], &rate) < 0 || take_number(words[5], &burst) < 0 ||
            burst > UINT32_MAX / KBYTE)
                return -1;
        Step step = step_begin(rule->header, "limit");
        put_wide(rule->header, NFTA_LIMIT_RATE, (uint64_t) rate * KBYTE);
        put_wide(rule->header, NFTA_LIMIT_UNIT, 1);
        put_number(rule->header, NFTA_LIMIT_BURST, burst * KBYTE);
        put_number(rule->header, NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
        put_number(rule->header, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
        step_end(rule->header, step);
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
        load_value(header, reg, &ports[0], sizeof(ports[0]));
        load_value(header, reg + 1, &ports[1], sizeof(ports[1]));
        return 0;
}

/* "masquerade", or "masquerade to :1024-65535" */
static int take_masquerade(Rule *rule, char **words, uint32_t unused) {
        bool ports = words[0] && strcmp(words[0], "to") == 0;

        if (ports && (!words[1] || words[1][0] != ':' ||
                      take_ports(rule->header, words[1] + 1, NFT_REG_1) < 0))
                return -1;
        Step step = step_begin(rule->header, "masq");
        if (ports) {
                put_number(rule->header, NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
                put_number(rule->header, NFTA_MASQ_REG_PROTO_MIN, NFT_REG_1);
                put_number(rule->header, NFTA_MASQ_REG_PROTO_MAX, NFT_REG_2);
        }
        step_end(rule->header, step);
        return ports ? 2 : 0;
}

/* "ip to 192.0.2.1", with "-192.0.2.9" and ":1024-65535" if need be */
static int take_snat(Rule *rule, char **words, uint32_t unused) {
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
        load_value(rule->header, reg, &first, sizeof(first));
        if (dash)
                load_value(rule->header, ++reg, &last, sizeof(last));
        if (ports && take_ports(rule->header, ports, reg + 1) < 0)
                return -1;
        Step step = step_begin(rule->header, "nat");
        put_number(rule->header, NFTA_NAT_TYPE, NFT_NAT_SNAT);
        put_number(rule->header, NFTA_NAT_FAMILY, NFPROTO_IPV4);
        put_number(rule->header, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
        put_number(rule->header, NFTA_NAT_REG_ADDR_MAX, reg);
        if (ports) {
                put_number(rule->header, NFTA_NAT_REG_PROTO_MIN, reg + 1);
                put_number(rule->header, NFTA_NAT_REG_PROTO_MAX, reg + 2);
        }
        step_end(rule->header, step);
        return 3;
}

static int take_reject(Rule *rule, char **words, uint32_t unused) {
        if (!words[0] || !words[1] || !words[2] || strcmp(words[0], "with") != 0 ||
            strcmp(words[1], "icmpx") != 0 || strcmp(words[2], "admin-prohibited") != 0)
                return -1;
        Step step = step_begin(rule->header, "reject");
        put_number(rule->header, NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
        mnl_attr_put_u8(rule->header, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
        step_end(rule->header, step);
        return 3;
}

static int take_jump(Rule *rule, char **words, uint32_t unused) {
        if (!words[0])
                return -1;
        decide(rule->header, NFT_JUMP, words[0]);
        return 1;
}

static int take_verdict(Rule *rule, char **words, uint32_t key) {
        decide(rule->header, (int) key, NULL);
        return 0;
}

static const struct {
        const char *word;
        int (*take)(Rule *rule, char **words, uint32_t key);
        uint32_t key;
} vocabulary[] = {
        { "iifname",    take_link,       NFT_META_IIFNAME },
        { "oifname",    take_link,       NFT_META_OIFNAME },
        { "ip",         take_address,    NFPROTO_IPV4 },
        { "ip6",        take_address,    NFPROTO_IPV6 },
        { "meta",       take_protocol,   0 },
        { "tcp",        take_port,       IPPROTO_TCP },
        { "udp",        take_port,       IPPROTO_UDP },
        { "ct",         take_state,      0 },
        { "limit",      take_limit,      0 },
        { "masquerade", take_masquerade, 0 },
        { "snat",       take_snat,       0 },
        { "reject",     take_reject,     0 },
        { "jump",       take_jump,       0 },
        { "accept",     take_verdict,    NF_ACCEPT },
        { "drop",       take_verdict,    NF_DROP },
        { "return",     take_verdict,    (uint32_t) NFT_RETURN },
};

int nft_write_words(struct nlmsghdr *header, char **words) {
        Rule rule = { .header = header };

        while (*words) {
                size_t i = 0;

                while (i < ELEMENTS(vocabulary) && strcmp(vocabulary[i].word, *words) != 0)
                        i++;
                int taken = i < ELEMENTS(vocabulary)
                                    ? vocabulary[i].take(&rule, words + 1, vocabulary[i].key) : -1;
                if (taken < 0)
                        return -1;
                words += 1 + taken;
        }
        return 0;
}
