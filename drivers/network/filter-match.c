/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one rule asks of a packet, in nftables' words.
 *
 * A row says where in a packet an attribute's value is, by the header that it is in and its place
 * there in bits; where it is in an answer, in which sender and receiver changed places; and which
 * attribute makes it a range or says what of it counts. nftables would have names for most of these
 * places, but adds conditions of its own to them, some of which never hold for what leaves by an
 * interface. Each protocol begins with what tells its packets from others'. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/network.h"
#include "drivers/network/filter-private.h"

typedef enum FieldKind { FIELD_NUMBER, FIELD_MAC, FIELD_IP4, FIELD_IP6 } FieldKind;

typedef struct Field {
        const char *name, *second;
        bool masked; /* the second one says what counts; else where the range ends */
        FieldKind kind;
        const char *base;               /* "ll", "nh", "th" */
        unsigned offset, bits, reverse; /* reverse: offset in an answer */
        unsigned shift, counts;         /* of numbers that fill a part: mask; 0: all */
        const char *own, *reverse_own;  /* its name, for addresses that can be learnt */
} Field;

/* ---- where things are ---- */

#define FIELDS(name) static const Field name[]
#define NUMBER(name, base, offset, bits) \
        { name, NULL, false, FIELD_NUMBER, base, offset, bits, offset }
#define RANGE(name, second, base, offset, bits, reverse) \
        { name, second, false, FIELD_NUMBER, base, offset, bits, reverse }
#define PART(name, base, offset, bits, shift, counts) \
        { name, NULL, false, FIELD_NUMBER, base, offset, bits, offset, shift, counts }
#define MASKED(name, second, kind, base, offset, bits, reverse, ...) \
        { name, second, true, kind, base, offset, bits, reverse, 0, 0, ##__VA_ARGS__ }
#define SPAN(name, second, kind, offset, bits, reverse) \
        { name, second, false, kind, "nh", offset, bits, reverse }

FIELDS(macs) = {
        MASKED("srcmacaddr", "srcmacmask", FIELD_MAC, "ll", 48, 48, 0),
        MASKED("dstmacaddr", "dstmacmask", FIELD_MAC, "ll", 0, 48, 48),
        {}
};
FIELDS(frame) = { NUMBER("protocolid", "ll", 96, 16), {} };
FIELDS(tag) = {
        PART("vlanid", "ll", 112, 16, 0, 0x0fff), NUMBER("encap-protocol", "ll", 128, 16), {}
};
FIELDS(stp) = {
        NUMBER("type", "ll", 160, 8),
        NUMBER("flags", "ll", 168, 8),
        RANGE("root-priority", "root-priority-hi", "ll", 176, 16, 176),
        MASKED("root-address", "root-address-mask", FIELD_MAC, "ll", 192, 48, 192),
        RANGE("root-cost", "root-cost-hi", "ll", 240, 32, 240),
        RANGE("sender-priority", "sender-priority-hi", "ll", 272, 16, 272),
        MASKED("sender-address", "sender-address-mask", FIELD_MAC, "ll", 288, 48, 288),
        RANGE("port", "port-hi", "ll", 336, 16, 336),
        RANGE("age", "age-hi", "ll", 352, 16, 352),
        RANGE("max-age", "max-age-hi", "ll", 368, 16, 368),
        RANGE("hello-time", "hello-time-hi", "ll", 384, 16, 384),
        RANGE("forward-delay", "forward-delay-hi", "ll", 400, 16, 400),
        {}
};
FIELDS(arp) = {
        NUMBER("hwtype", "nh", 0, 16),
        NUMBER("protocoltype", "nh", 16, 16),
        NUMBER("opcode", "nh", 48, 16),
        MASKED("arpsrcmacaddr", NULL, FIELD_MAC, "nh", 64, 48, 144),
        MASKED("arpdstmacaddr", NULL, FIELD_MAC, "nh", 144, 48, 64),
        MASKED("arpsrcipaddr", "arpsrcipmask", FIELD_IP4, "nh", 112, 32, 192, "arp saddr ip",
               "arp daddr ip"),
        MASKED("arpdstipaddr", "arpdstipmask", FIELD_IP4, "nh", 192, 32, 112, "arp daddr ip",
               "arp saddr ip"),
        {}
};
FIELDS(ip4) = {
        MASKED("srcipaddr", "srcipmask", FIELD_IP4, "nh", 96, 32, 128, "ip saddr", "ip daddr"),
        MASKED("dstipaddr", "dstipmask", FIELD_IP4, "nh", 128, 32, 96, "ip daddr", "ip saddr"),
        SPAN("srcipfrom", "srcipto", FIELD_IP4, 96, 32, 128),
        SPAN("dstipfrom", "dstipto", FIELD_IP4, 128, 32, 96),
        PART("dscp", "nh", 8, 8, 2, 0xfc),
        NUMBER("protocol", NULL, 0, 8),
        {}
};
FIELDS(ip6) = {
        MASKED("srcipaddr", "srcipmask", FIELD_IP6, "nh", 64, 128, 192, "ip6 saddr", "ip6 daddr"),
        MASKED("dstipaddr", "dstipmask", FIELD_IP6, "nh", 192, 128, 64, "ip6 daddr", "ip6 saddr"),
        SPAN("srcipfrom", "srcipto", FIELD_IP6, 64, 128, 192),
        SPAN("dstipfrom", "dstipto", FIELD_IP6, 192, 128, 64),
        PART("dscp", "nh", 0, 16, 6, 0x0fc0),
        NUMBER("protocol", NULL, 0, 8),
        {}
};
FIELDS(ports) = {
        RANGE("srcportstart", "srcportend", "th", 0, 16, 16),
        RANGE("dstportstart", "dstportend", "th", 16, 16, 0),
        {}
};
FIELDS(icmp) = {
        RANGE("type", "typeend", "th", 0, 8, 0), RANGE("code", "codeend", "th", 8, 8, 8), {}
};

/* ---- protocols ---- */

#define FRAME_IS(type) "@ll,96,16 " type " meta protocol " type " "
#define LISTS(...) (const Field *const[]) { macs, __VA_ARGS__, NULL }

typedef struct Protocol {
        const char *name, *start;
        const Field *const *fields;
        unsigned family; /* of conversations; 0: frames */
} Protocol;

#define OVER4(name, number, ...) \
        { name, "meta protocol 0x0800 meta l4proto " number " ", LISTS(ip4, ##__VA_ARGS__), 4 }
#define OVER6(name, number, ...) \
        { name, "meta protocol 0x86dd meta l4proto " number " ", LISTS(ip6, ##__VA_ARGS__), 6 }

static const Protocol protocols[] = {
        { "mac", "", LISTS(frame), 0 },
        { "vlan", "@ll,96,16 0x8100 ", LISTS(tag), 0 },
        { "stp", "@ll,0,48 0x0180c2000000 ", LISTS(stp), 0 },
        { "arp", FRAME_IS("0x0806"), LISTS(arp), 0 },
        { "rarp", FRAME_IS("0x8035"), LISTS(arp), 0 },
        { "ip", FRAME_IS("0x0800"), LISTS(ip4, ports), 0 },
        { "ipv6", FRAME_IS("0x86dd"), LISTS(ip6, ports, icmp), 0 },
        { "all", "meta protocol 0x0800 ", LISTS(ip4), 4 },
        { "all-ipv6", "meta protocol 0x86dd ", LISTS(ip6), 6 },
        OVER4("tcp", "6", ports),
        OVER4("udp", "17", ports),
        OVER4("udplite", "136"),
        OVER4("esp", "50"),
        OVER4("ah", "51"),
        OVER4("sctp", "132", ports),
        OVER4("icmp", "1", icmp),
        OVER4("igmp", "2"),
        OVER6("tcp-ipv6", "6", ports),
        OVER6("udp-ipv6", "17", ports),
        OVER6("udplite-ipv6", "136"),
        OVER6("esp-ipv6", "50"),
        OVER6("ah-ipv6", "51"),
        OVER6("sctp-ipv6", "132", ports),
        OVER6("icmpv6", "58", icmp),
};

static const Protocol *find_protocol(const char *name) {
        for (size_t i = 0; name && i < ELEMENTS(protocols); i++)
                if (strcmp(protocols[i].name, name) == 0)
                        return &protocols[i];
        return NULL;
}

unsigned filter_family(const char *protocol) {
        const Protocol *row = find_protocol(protocol);

        return row ? row->family : 0;
}

/* ---- values ---- */

static uint32_t number_of(const char *text) {
        static const struct {
                const char *word;
                uint32_t number;
        } words[] = {
                { "arp", 0x0806 }, { "rarp", 0x8035 }, { "ipv4", 0x0800 }, { "ipv6", 0x86dd },
                { "vlan", 0x8100 }, { "tcp", 6 }, { "udp", 17 }, { "udplite", 136 },
                { "esp", 50 }, { "ah", 51 }, { "icmp", 1 }, { "igmp", 2 }, { "sctp", 132 },
                { "icmpv6", 58 }, { "Request", 1 }, { "Reply", 2 }, { "Request_Reverse", 3 },
                { "Reply_Reverse", 4 }, { "DRARP_Request", 5 }, { "DRARP_Reply", 6 },
                { "DRARP_Error", 7 }, { "InARP_Request", 8 }, { "ARP_NAK", 10 },
        };

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strcasecmp(words[i].word, text) == 0)
                        return words[i].number;
        return strtoul(text, NULL, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
}

typedef struct Bytes {
        uint8_t bytes[16];
} Bytes;

static Bytes bytes_of_number(uint32_t number, size_t size) {
        Bytes result = {};

        for (size_t i = 0; i < size; i++)
                result.bytes[size - 1 - i] = (uint8_t) (number >> 8 * i);
        return result;
}

/* The text was looked at: it is what the field takes. */
static Bytes bytes_of(const Field *field, const char *text) {
        Bytes result = {};
        IpAddress ip;
        MacAddress mac;

        if (field->kind == FIELD_NUMBER)
                return bytes_of_number(number_of(text) << field->shift, field->bits / 8);
        if (field->kind == FIELD_MAC && mac_parse(text, &mac) >= 0)
                memcpy(result.bytes, &mac, sizeof(mac));
        else if (ip_parse(text, &ip) >= 0)
                memcpy(result.bytes, ip.bytes, sizeof(ip.bytes));
        return result;
}

/* "24" or "255.255.255.0", or of a MAC address its bits. */
static Bytes mask_of(const Field *field, const char *text) {
        Bytes result = {};

        if (field->kind == FIELD_MAC || strpbrk(text, ".:"))
                return bytes_of(field, text);
        for (unsigned bit = 0, n = number_of(text); bit < n && bit < field->bits; bit++)
                result.bytes[bit / 8] |= (uint8_t) (0x80 >> bit % 8);
        return result;
}

static void print_bytes(FILE *out, const Field *field, Bytes value) {
        (void) fputs("0x", out);
        for (size_t i = 0; i < field->bits / 8; i++)
                (void) fprintf(out, "%02x", value.bytes[i]);
}

/* ---- fields ---- */

static void print_place(FILE *out, const Field *field, bool reversed) {
        if (field->base)
                (void) fprintf(out, "@%s,%u,%u", field->base,
                               reversed ? field->reverse : field->offset, field->bits);
        else
                (void) fputs("meta l4proto", out);
}

static void print_masked(FILE *out, const Field *field, const FilterGiven *given, Bytes mask) {
        Bytes value = bytes_of(field, given->value);

        for (size_t i = 0; i < sizeof(value.bytes); i++)
                value.bytes[i] &= mask.bytes[i];
        (void) fputs(" & ", out);
        print_bytes(out, field, mask);
        (void) fputs(given->negated ? " != " : " == ", out);
        print_bytes(out, field, value);
        (void) fputc(' ', out);
}

static void print_range(FILE *out, const Field *field, const FilterGiven *given,
                        const FilterGiven *end) {
        (void) fputs(given->negated ? " != " : " ", out);
        if (!field->base) {
                (void) fprintf(out, "%u ", number_of(given->value));
                return;
        }
        print_bytes(out, field, bytes_of(field, given->value));
        if (end && strcasecmp(end->value, given->value) != 0) {
                (void) fputc('-', out);
                print_bytes(out, field, bytes_of(field, end->value));
        }
        (void) fputc(' ', out);
}

static int note_own(const FilterCase *one, const Field *field, const FilterGiven *given,
                    bool reversed, FilterMatch *ret, Error *error) {
        const char *second = field->second && filter_given(one, field->second) ? field->second
                                                                              : NULL;

        if (!field->own || second || strcmp(one->rule->protocol, "rarp") == 0)
                return filter_refuse(one->rule, error,
                                     "%s='%s' has to be given by a parameter: %s", field->name,
                                     given->text, second ? "there is a mask, too"
                                                         : "it can't be learnt here");
        if (ret->own)
                return filter_refuse(one->rule, error, "two addresses that would be learnt");
        ret->own = reversed ? field->reverse_own : field->own;
        ret->own_negated = given->negated;
        ret->own_is_sender = strstr(ret->own, "saddr");
        ret->family = field->kind == FIELD_IP6 ? 6 : 4;
        return 0;
}

static int check_order(const FilterCase *one, const Field *field, const FilterGiven *given,
                       const FilterGiven *end, Error *error) {
        Bytes first = bytes_of(field, given->value), last = bytes_of(field, end->value);

        if (memcmp(first.bytes, last.bytes, sizeof(first.bytes)) <= 0)
                return 0;
        return filter_refuse(one->rule, error, "%s is behind %s", field->name, field->second);
}

static int write_field(FILE *out, const FilterCase *one, const Field *field, bool reversed,
                       FilterMatch *ret, Error *error) {
        const FilterGiven *given = filter_given(one, field->name);
        const FilterGiven *second = field->second ? filter_given(one, field->second) : NULL;
        int r = 0;

        if (!given && second)
                return filter_refuse(one->rule, error, "%s without %s", field->second,
                                     field->name);
        if (!given)
                return 0;
        if (!given->value)
                return note_own(one, field, given, reversed, ret, error);
        if (second && !second->value)
                return filter_refuse(one->rule, error, "%s can't be learnt", field->second);
        if (second && !field->masked)
                r = check_order(one, field, given, second, error);
        if (r < 0)
                return r;
        print_place(out, field, reversed);
        if (field->masked && second)
                print_masked(out, field, given, mask_of(field, second->value));
        else if (field->counts)
                print_masked(out, field, given, bytes_of_number(field->counts, field->bits / 8));
        else
                print_range(out, field, given, second);
        return 0;
}

/* ---- what isn't a field ---- */

/* "SYN,ACK/ALL": which are set of which */
static uint8_t tcp_flags(const char *text, size_t n) {
        static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };
        uint8_t bits = 0;

        if (strncmp(text, "ALL", n) == 0)
                return 0x3f;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                for (const char *at = text; at < text + n; at += strcspn(at, ",/") + 1)
                        if (strncasecmp(at, names[i], 3) == 0)
                                bits |= (uint8_t) BIT(i);
        return bits;
}

/* libvirt's are, as iptables', the mask first: of these, those are set. */
static void write_flags(FILE *out, const FilterGiven *given) {
        const char *slash = given ? strchr(given->value, '/') : NULL;

        if (slash)
                (void) fprintf(out, "@th,104,8 & 0x%02x %s 0x%02x ",
                               tcp_flags(given->value, (size_t) (slash - given->value)),
                               given->negated ? "!=" : "==",
                               tcp_flags(slash + 1, strlen(slash + 1)));
}

/* How long addresses are, where their places follow from that. */
static void write_lengths(FILE *out, const FilterCase *one) {
        for (size_t i = 0; i < one->n; i++)
                if (strncmp(one->given[i].name, "arpsrc", 6) == 0 ||
                    strncmp(one->given[i].name, "arpdst", 6) == 0) {
                        (void) fputs("@nh,32,16 0x0604 ", out);
                        return;
                }
}

static int check_given(const FilterCase *one, Error *error) {
        static const char *const refused[] = { "connlimit-above", "ipset", "ipsetflags" };
        const FilterGiven *given, *code = filter_given(one, "code");

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (filter_given(one, refused[i]))
                        return filter_refuse(one->rule, error, "%s can't be had here",
                                             refused[i]);
        given = filter_given(one, "gratuitous");
        if (given && strcasecmp(given->value, "no") != 0 &&
            strcasecmp(given->value, "false") != 0 && strcmp(given->value, "0") != 0)
                return filter_refuse(one->rule, error, "gratuitous='%s' can't be had here",
                                     given->value);
        given = filter_given(one, "type");
        if (given && code && given->negated)
                return filter_refuse(one->rule, error,
                                     "match='no' is for a type without a code here");
        given = filter_given(one, "protocol");
        if (strcmp(one->rule->protocol, "ipv6") == 0 && filter_given(one, "type") &&
            (!given || number_of(given->value) != 58))
                return filter_refuse(one->rule, error, "type is for protocol='icmpv6'");
        return 0;
}

/* ---- all of it ---- */

void filter_match_clear(FilterMatch *match) {
        free(match->text);
        *match = (FilterMatch) {};
}

static int write_all(FILE *out, const FilterCase *one, const Protocol *protocol, bool reversed,
                     FilterMatch *ret, Error *error) {
        int r = check_given(one, error);

        (void) fputs(protocol->start, out);
        if (protocol->fields[1] == arp)
                write_lengths(out, one);
        for (const Field *const *list = protocol->fields; *list; list++)
                for (const Field *field = *list; r >= 0 && field->name; field++)
                        r = write_field(out, one, field, reversed, ret, error);
        if (r >= 0 && protocol->family)
                write_flags(out, filter_given(one, "flags"));
        return r;
}

int filter_match(const FilterCase *one, bool reversed, FilterMatch *ret, Error *error) {
        const Protocol *protocol = find_protocol(one->rule->protocol);
        FilterMatch match = {};
        size_t size;
        FILE *out = open_memstream(&match.text, &size);
        int r;

        if (!out)
                return fail_memory(error);
        r = protocol ? write_all(out, one, protocol, reversed, &match, error) : 0;
        if (fclose(out) != 0 && r >= 0)
                r = fail_memory(error);
        if (r < 0)
                filter_match_clear(&match);
        else
                *ret = match;
        return r;
}
