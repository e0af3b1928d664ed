/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of filters' rules: places in a packet by header, offset and length in bits
 * ("@nh,96,32"), keys, which are such places by name, and the sets that they are looked up in or
 * put into. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/nft-private.h"

#define VALUE_MAX 16 /* bytes */

/* ---- values ---- */

static int digit_of(char c) {
        static const char digits[] = "0123456789abcdef";
        const char *at = c ? strchr(digits, c) : NULL;

        return at ? (int) (at - digits) : -1;
}

/* "0x0800" with as many digits as fit, or a decimal number; what follows is in *ret_rest. */
static int read_value(const char *word, size_t size, uint8_t *ret, const char **ret_rest) {
        unsigned number;
        int n = 0;

        if (strncmp(word, "0x", 2) == 0) {
                for (size_t i = 0; i < size; i++) {
                        int high = digit_of(word[2 + 2 * i]);
                        int low = high < 0 ? -1 : digit_of(word[3 + 2 * i]);

                        if (low < 0)
                                return -1;
                        ret[i] = (uint8_t) (high << 4 | low);
                }
                *ret_rest = word + 2 + 2 * size;
                return 0;
        }
        if (sscanf(word, "%9u%n", &number, &n) != 1 || (size < 4 && number >> 8 * size))
                return -1;
        for (size_t i = 0; i < size; i++)
                ret[size - 1 - i] = i < 4 ? (uint8_t) (number >> 8 * i) : 0;
        *ret_rest = word + n;
        return 0;
}

static int read_whole(const char *word, size_t size, uint8_t *ret) {
        const char *rest;

        return !word || read_value(word, size, ret, &rest) < 0 || *rest ? -1 : 0;
}

static void compare_range(struct nlmsghdr *header, bool differs, const uint8_t *first,
                          const uint8_t *last, size_t size) {
        if (!differs) {
                nft_compare(header, NFT_CMP_GTE, first, size);
                nft_compare(header, NFT_CMP_LTE, last, size);
                return;
        }
        NftStep step = nft_step_begin(header, "range");
        nft_put_number(header, NFTA_RANGE_SREG, NFT_REG_1);
        nft_put_number(header, NFTA_RANGE_OP, NFT_RANGE_NEQ);
        nft_put_value(header, NFTA_RANGE_FROM_DATA, first, size);
        nft_put_value(header, NFTA_RANGE_TO_DATA, last, size);
        nft_step_end(header, step);
}

/* ---- places ---- */

typedef struct Place {
        uint32_t base, offset, size; /* bytes */
} Place;

static int read_place(const char *word, Place *ret) {
        static const struct {
                const char *name;
                uint32_t base;
        } bases[] = {
                { "ll", NFT_PAYLOAD_LL_HEADER },
                { "nh", NFT_PAYLOAD_NETWORK_HEADER },
                { "th", NFT_PAYLOAD_TRANSPORT_HEADER },
        };
        unsigned offset, bits;
        char name[3];
        int n = 0;

        if (sscanf(word, "@%2[a-z],%4u,%3u%n", name, &offset, &bits, &n) != 3 || word[n] ||
            offset % 8 != 0 || bits % 8 != 0 || bits == 0 || bits > 8 * VALUE_MAX)
                return -1;
        for (size_t i = 0; i < ELEMENTS(bases); i++)
                if (strcmp(bases[i].name, name) == 0) {
                        *ret = (Place) { bases[i].base, offset / 8, bits / 8 };
                        return 0;
                }
        return -1;
}

/* "& 0x05 != 0x00" */
static int take_masked(NftRule *rule, size_t size, char **words) {
        uint8_t bits[VALUE_MAX], value[VALUE_MAX];
        bool differs;

        if (read_whole(words[1], size, bits) < 0 || !words[2] ||
            read_whole(words[3], size, value) < 0)
                return -1;
        differs = strcmp(words[2], "!=") == 0;
        if (!differs && strcmp(words[2], "==") != 0)
                return -1;
        nft_mask(rule->header, bits, size);
        nft_compare(rule->header, differs ? NFT_CMP_NEQ : NFT_CMP_EQ, value, size);
        return 4;
}

int nft_take_raw(NftRule *rule, const char *word, char **words) {
        bool differs = words[0] && strcmp(words[0], "!=") == 0;
        uint8_t first[VALUE_MAX], last[VALUE_MAX];
        const char *rest;
        Place place;

        if (read_place(word, &place) < 0 || !words[differs])
                return -1;
        nft_load_payload_to(rule->header, NFT_REG_1, place.base, place.offset, place.size);
        if (strcmp(words[0], "&") == 0)
                return take_masked(rule, place.size, words);
        if (read_value(words[differs], place.size, first, &rest) < 0)
                return -1;
        if (*rest == '-') {
                if (read_whole(rest + 1, place.size, last) < 0)
                        return -1;
                compare_range(rule->header, differs, first, last, place.size);
        } else if (*rest)
                return -1;
        else
                nft_compare(rule->header, differs ? NFT_CMP_NEQ : NFT_CMP_EQ, first, place.size);
        return 1 + differs;
}

/* ---- what isn't in the packet ---- */

/* "protocol 0x0800", "l4proto 6", "l4proto != 6", "skuid != 4294967295" */
int nft_take_meta(NftRule *rule, char **words) {
        bool differs = words[0] && words[1] && strcmp(words[1], "!=") == 0;
        uint32_t how = differs ? NFT_CMP_NEQ : NFT_CMP_EQ;
        const char *value = words[0] && words[1] ? words[1 + differs] : NULL;
        static const uint8_t everybody[4] = { 255, 255, 255, 255 };
        uint8_t bytes[2];

        if (!value)
                return -1;
        if (strcmp(words[0], "protocol") == 0 && read_whole(value, 2, bytes) >= 0) {
                nft_load_meta_to(rule->header, NFT_REG_1, NFT_META_PROTOCOL);
                nft_compare(rule->header, how, bytes, 2);
                rule->family = bytes[0] == 0x86 ? NFPROTO_IPV6 : NFPROTO_IPV4;
        } else if (strcmp(words[0], "l4proto") == 0 && read_whole(value, 1, bytes) >= 0) {
                nft_load_meta_to(rule->header, NFT_REG_1, NFT_META_L4PROTO);
                nft_compare(rule->header, how, bytes, 1);
        } else if (strcmp(words[0], "skuid") == 0 && strcmp(value, "4294967295") == 0) {
                nft_load_meta_to(rule->header, NFT_REG_1, NFT_META_SKUID);
                nft_compare(rule->header, how, everybody, sizeof(everybody));
        } else
                return -1;
        return 2 + differs;
}

/* ---- keys ---- */

static const struct {
        const char *words[3];
        Place place; /* no size: the protocol that is carried */
} parts[] = {
        { { "ip", "saddr" },       { NFT_PAYLOAD_NETWORK_HEADER, 12, 4 } },
        { { "ip", "daddr" },       { NFT_PAYLOAD_NETWORK_HEADER, 16, 4 } },
        { { "ip6", "saddr" },      { NFT_PAYLOAD_NETWORK_HEADER, 8, 16 } },
        { { "ip6", "daddr" },      { NFT_PAYLOAD_NETWORK_HEADER, 24, 16 } },
        { { "arp", "saddr", "ip" }, { NFT_PAYLOAD_NETWORK_HEADER, 14, 4 } },
        { { "arp", "daddr", "ip" }, { NFT_PAYLOAD_NETWORK_HEADER, 24, 4 } },
        { { "th", "sport" },       { NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2 } },
        { { "th", "dport" },       { NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2 } },
        { { "meta", "l4proto" },   { 0, 0, 0 } },
};

/* One part of a key; the number of its words. */
static int read_part(char **words, Place *ret) {
        if (words[0] && words[0][0] == '@')
                return read_place(words[0], ret) < 0 ? -1 : 1;
        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                int n = 0;

                while (n < 3 && parts[i].words[n] && words[n] &&
                       strcmp(parts[i].words[n], words[n]) == 0)
                        n++;
                if (n == 3 || !parts[i].words[n]) {
                        *ret = parts[i].place;
                        return n;
                }
        }
        return -1;
}

/* All parts, each in the registers behind those of the one before; the number of words. */
static int load_key(NftRule *rule, char **words) {
        uint32_t reg = NFT_REG32_00;
        int n = 0;

        for (;;) {
                Place place;
                int taken = read_part(words + n, &place);

                if (taken < 0 || reg > NFT_REG32_15)
                        return -1;
                if (place.size == 0)
                        nft_load_meta_to(rule->header, reg, NFT_META_L4PROTO);
                else
                        nft_load_payload_to(rule->header, reg, place.base, place.offset,
                                            place.size);
                reg += MAX(1u, (place.size + 3) / 4);
                n += taken;
                if (!words[n] || strcmp(words[n], ".") != 0)
                        return n;
                n++;
        }
}

/* How many words a key has before anything is written. */
static int measure_key(char **words, bool *ret_single) {
        Place place;
        int n = read_part(words, &place);

        *ret_single = true;
        while (n > 0 && words[n] && strcmp(words[n], ".") == 0) {
                int more = read_part(words + n + 1, &place);

                if (more < 0)
                        return -1;
                n += 1 + more;
                *ret_single = false;
        }
        return n;
}

static void look_up(NftRule *rule, const char *set, bool differs) {
        NftStep step = nft_step_begin(rule->header, "lookup");

        mnl_attr_put_strz(rule->header, NFTA_LOOKUP_SET, set);
        nft_put_number(rule->header, NFTA_LOOKUP_SREG, NFT_REG_1);
        if (differs)
                nft_put_number(rule->header, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        nft_step_end(rule->header, step);
}

int nft_take_key(NftRule *rule, char **words) {
        bool single, differs;
        int n = measure_key(words, &single);
        struct in_addr address;
        const char *value;

        if (n < 0)
                return 0;
        differs = words[n] && strcmp(words[n], "!=") == 0;
        value = words[n] ? words[n + differs] : NULL;
        if (!value)
                return -1;
        if (*value != '@' && strcmp(words[0], "arp") != 0)
                return 0;
        if (load_key(rule, words) < 0)
                return -1;
        if (*value == '@')
                look_up(rule, value + 1, differs);
        else if (single && inet_pton(AF_INET, value, &address) == 1)
                nft_compare(rule->header, differs ? NFT_CMP_NEQ : NFT_CMP_EQ, &address,
                            sizeof(address));
        else
                return -1;
        return n + 1 + differs;
}

/* ---- sets ---- */

/* "@own4 { ip saddr }", "@talks4 { ip saddr . ip daddr timeout 120s }" */
int nft_take_set(NftRule *rule, char **words, uint32_t operation) {
        uint32_t seconds = 0;
        unsigned number;
        int n, end = 0;

        if (!words[0] || words[0][0] != '@' || !words[1] || strcmp(words[1], "{") != 0)
                return -1;
        n = load_key(rule, words + 2);
        if (n < 0)
                return -1;
        n += 2;
        if (words[n] && strcmp(words[n], "timeout") == 0) {
                if (!words[n + 1] || sscanf(words[n + 1], "%8us%n", &number, &end) != 1 ||
                    end == 0 || words[n + 1][end])
                        return -1;
                seconds = number;
                n += 2;
        }
        if (!words[n] || strcmp(words[n], "}") != 0)
                return -1;
        NftStep step = nft_step_begin(rule->header, "dynset");
        mnl_attr_put_strz(rule->header, NFTA_DYNSET_SET_NAME, words[0] + 1);
        nft_put_number(rule->header, NFTA_DYNSET_OP, operation);
        nft_put_number(rule->header, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
        if (seconds > 0)
                nft_put_wide(rule->header, NFTA_DYNSET_TIMEOUT, UINT64_C(1000) * seconds);
        nft_step_end(rule->header, step);
        return n + 1;
}

static const struct {
        const char *word;
        uint32_t type, length; /* nft's number for it; bytes, in whole registers */
} types[] = {
        { "ipv4_addr", 7, 4 }, { "ipv6_addr", 8, 16 }, { "inet_proto", 12, 4 },
        { "inet_service", 13, 4 },
};

/* "type ipv4_addr . inet_service": nft shows keys by this number. */
static int read_type(NftSet *set, char *const *words) {
        for (;; words += 2) {
                size_t i = 0;

                while (i < ELEMENTS(types) && words[0] && strcmp(types[i].word, words[0]) != 0)
                        i++;
                if (i == ELEMENTS(types) || !words[0])
                        return -1;
                set->type = set->type << 6 | types[i].type;
                set->length += types[i].length;
                if (!words[1])
                        return 0;
                if (strcmp(words[1], ".") != 0)
                        return -1;
        }
}

int nft_set_read(NftSet *set, char *const *words) {
        unsigned number;
        int end = 0;

        if (strcmp(words[0], "type") == 0)
                return read_type(set, words + 1);
        if (!words[1] || words[2])
                return -1;
        if (strcmp(words[0], "size") == 0)
                return nft_take_number(words[1], &set->size);
        if (strcmp(words[0], "flags") == 0) {
                set->flags = NFT_SET_EVAL;
                if (strcmp(words[1], "dynamic,timeout") == 0)
                        set->flags |= NFT_SET_TIMEOUT;
                return set->flags & NFT_SET_TIMEOUT || strcmp(words[1], "dynamic") == 0 ? 0 : -1;
        }
        if (strcmp(words[0], "timeout") != 0 ||
            sscanf(words[1], "%8us%n", &number, &end) != 1 || end == 0 || words[1][end])
                return -1;
        set->timeout = number;
        return 0;
}

void nft_set_write(struct nlmsghdr *header, const NftSet *set) {
        struct nlattr *nest;

        mnl_attr_put_strz(header, NFTA_SET_NAME, set->name);
        nft_put_number(header, NFTA_SET_FLAGS, set->flags);
        nft_put_number(header, NFTA_SET_KEY_TYPE, set->type);
        nft_put_number(header, NFTA_SET_KEY_LEN, set->length);
        nft_put_number(header, NFTA_SET_ID, set->number);
        nest = mnl_attr_nest_start(header, NFTA_SET_DESC);
        nft_put_number(header, NFTA_SET_DESC_SIZE, set->size);
        mnl_attr_nest_end(header, nest);
        if (set->timeout > 0)
                nft_put_wide(header, NFTA_SET_TIMEOUT, UINT64_C(1000) * set->timeout);
}
