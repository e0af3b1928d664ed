/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <filter>: what each protocol's element may say, and the rules.
 *
 * The attributes of protocols are no rows: 24 elements with some 40 attributes each would be a
 * thousand of them, and who builds a firewall takes them by name. A table says what the text of
 * each may be; a variable may stand anywhere but in a few. */
#include "conf/nwfilter-rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/network.h"

#define PRIORITY_MAX 1000
#define RULE_PRIORITY 500 /* where none is given */

/* ---- what a text may be ---- */

typedef struct FilterType FilterType;

struct FilterType {
        const char *name; /* for messages */
        bool (*matches)(const FilterType *type, const char *text);
        /* What libvirt writes for it, newly allocated; NULL: the text as it is. */
        char *(*canonical)(const char *text);
        uint32_t min, max;
        const char *const *words; /* besides numbers; in any case */
        bool constant;            /* no variable may stand for it */
};

static bool is_word(const char *const *words, const char *text, size_t length) {
        for (; words && *words; words++)
                if (strlen(*words) == length && strncasecmp(*words, text, length) == 0)
                        return true;
        return false;
}

static bool is_number(const FilterType *type, const char *text) {
        bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
        const char *digits = text + (hex ? 2 : 0);
        unsigned long long n = strtoull(digits, NULL, hex ? 16 : 10);

        if (is_word(type->words, text, strlen(text)))
                return true;
        if (!*digits || digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
                return false;
        return n >= type->min && n <= type->max;
}

static bool is_mac(const FilterType *type, const char *text) {
        MacAddress mac;

        return mac_parse(text, &mac) >= 0;
}

static char *canonical_mac(const char *text) {
        char spelled[MAC_TEXT_MAX];
        MacAddress mac;

        return mac_parse(text, &mac) < 0 ? NULL : strdup(mac_format(mac, spelled));
}

/* min is the family, max its bits. */
static bool is_ip(const FilterType *type, const char *text) {
        IpAddress ip;

        return ip_parse(text, &ip) >= 0 && ip.family == (int) type->min;
}

static bool is_mask(const FilterType *type, const char *text) {
        const FilterType bits = { .max = type->max };
        IpAddress mask;

        if (is_number(&bits, text))
                return true;
        return ip_parse(text, &mask) >= 0 && mask.family == (int) type->min &&
               ip_mask_prefix(&mask) >= 0;
}

static char *canonical_mask(const char *text) {
        IpAddress mask;
        char *spelled;

        if (ip_parse(text, &mask) < 0 || asprintf(&spelled, "%d", ip_mask_prefix(&mask)) < 0)
                return NULL;
        return spelled;
}

/* Words with commas between; max is how many there may be. */
static bool is_list(const FilterType *type, const char *text) {
        size_t n = 1;

        for (;; text++, n++) {
                size_t length = strcspn(text, ",");

                if (!is_word(type->words, text, length))
                        return false;
                text += length;
                if (!*text)
                        return n <= type->max;
        }
}

static char *lower_case(const char *text) {
        char *lower = strdup(text);

        for (char *c = lower; c && *c; c++)
                *c = tolower((unsigned char) *c);
        return lower;
}

static const char *const state_words[] = {
        "NEW", "ESTABLISHED", "RELATED", "INVALID", NULL,
};
static const char *const tcp_flag_words[] = { "SYN", "ACK", "URG", "PSH", "FIN", "RST", NULL };

static bool is_state(const FilterType *type, const char *text) {
        return strcmp(text, "NONE") == 0 || is_list(type, text);
}

/* "SYN,ACK/ALL": which are set, of which. */
static bool is_tcp_flags(const FilterType *type, const char *text) {
        const char *slash = strchr(text, '/');
        _cleanup_(freep) char *set = slash ? strndup(text, slash - text) : NULL;
        const char *const halves[] = { set, slash ? slash + 1 : NULL };

        for (size_t i = 0; i < ELEMENTS(halves); i++)
                if (!halves[i] || (strcmp(halves[i], "ALL") != 0 &&
                                   strcmp(halves[i], "NONE") != 0 && !is_list(type, halves[i])))
                        return false;
        return true;
}

static bool is_set_name(const FilterType *type, const char *text) {
        size_t n = strlen(text);

        return n > 0 && n <= 31 &&
               n == strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_.:-+ ");
}

static bool is_anything(const FilterType *type, const char *text) {
        return true;
}

static const FilterType mac = { "MAC address", is_mac, canonical_mac };
static const FilterType ip4 = { "IPv4 address", is_ip, .min = AF_INET };
static const FilterType ip6 = { "IPv6 address", is_ip, .min = AF_INET6 };
static const FilterType mask4 = { "IPv4 mask", is_mask, canonical_mask, AF_INET, 32 };
static const FilterType mask6 = { "IPv6 mask", is_mask, canonical_mask, AF_INET6, 128 };
static const FilterType u8 = { "number up to 255", is_number, .max = 255 };
static const FilterType u16 = { "number up to 65535", is_number, .max = 65535 };
static const FilterType u32 = { "number", is_number, .max = UINT32_MAX };
static const FilterType dscp = { "number up to 63", is_number, .max = 63 };
static const FilterType vlan_id = { "number up to 4095", is_number, .max = 4095 };
static const FilterType protocol_id = {
        "ethernet protocol", is_number, .min = 1536, .max = 65535,
        .words = WORDS("arp", "rarp", "ipv4", "ipv6", "vlan"),
};
static const FilterType opcode = {
        "ARP operation", is_number, .max = 65535,
        .words = WORDS("Reply", "Request", "Request_Reverse", "Reply_Reverse", "DRARP_Request",
                       "DRARP_Reply", "DRARP_Error", "InARP_Request", "ARP_NAK"),
};
static const FilterType ip_protocol = {
        "IP protocol", is_number, .max = 255,
        .words = WORDS("tcp", "udp", "udplite", "esp", "ah", "icmp", "igmp", "sctp", "icmpv6"),
};
static const FilterType boolean = {
        "yes or no", is_number, .max = 1, .words = WORDS("yes", "no", "true", "false"),
        .constant = true,
};
static const FilterType state = {
        "connection state", is_state, .words = state_words, .max = 64, .constant = true,
};
static const FilterType tcp_flags = {
        "TCP flags", is_tcp_flags, .words = tcp_flag_words, .max = 64, .constant = true,
};
static const FilterType set_name = { "name of an ipset", is_set_name };
static const FilterType set_flags = {
        "src and dst", is_list, lower_case, .words = WORDS("src", "dst"), .max = 6,
        .constant = true,
};
static const FilterType text_type = { "text", is_anything, .constant = true };

/* ---- which attributes a protocol has ---- */

struct FilterAttribute {
        const char *name;
        const FilterType *type;
};

#define ATTRIBUTES(name) static const FilterAttribute name[]
#define FROM_TO(name, type) { "src" name, &type }, { "dst" name, &type }
#define WITH_HIGH(name, type) { name, &type }, { name "-hi", &type }

ATTRIBUTES(any) = { { "match", &boolean }, { "comment", &text_type }, {} };
ATTRIBUTES(macs) = { FROM_TO("macaddr", mac), FROM_TO("macmask", mac), {} };
ATTRIBUTES(ports) = { FROM_TO("portstart", u16), FROM_TO("portend", u16), {} };
ATTRIBUTES(ips4) = { FROM_TO("ipaddr", ip4), FROM_TO("ipmask", mask4), {} };
ATTRIBUTES(ips6) = { FROM_TO("ipaddr", ip6), FROM_TO("ipmask", mask6), {} };
ATTRIBUTES(ranges4) = { FROM_TO("ipfrom", ip4), FROM_TO("ipto", ip4), {} };
ATTRIBUTES(ranges6) = { FROM_TO("ipfrom", ip6), FROM_TO("ipto", ip6), {} };
ATTRIBUTES(layer3) = {
        { "dscp", &dscp },     { "connlimit-above", &u16 }, { "state", &state },
        { "ipset", &set_name }, { "ipsetflags", &set_flags }, {},
};
ATTRIBUTES(flags) = { { "flags", &tcp_flags }, {} };
ATTRIBUTES(icmp) = { { "type", &u8 }, { "code", &u8 }, {} };
ATTRIBUTES(icmp_ends) = { { "typeend", &u8 }, { "codeend", &u8 }, {} };
ATTRIBUTES(header) = { { "protocol", &ip_protocol }, { "dscp", &dscp }, {} };
ATTRIBUTES(frame) = { { "protocolid", &protocol_id }, {} };
ATTRIBUTES(tagged) = { { "vlanid", &vlan_id }, { "encap-protocol", &protocol_id }, {} };
ATTRIBUTES(arp) = {
        { "hwtype", &u16 },        { "protocoltype", &u16 },  { "opcode", &opcode },
        { "arpsrcmacaddr", &mac }, { "arpdstmacaddr", &mac }, { "arpsrcipaddr", &ip4 },
        { "arpdstipaddr", &ip4 },  { "arpsrcipmask", &mask4 }, { "arpdstipmask", &mask4 },
        { "gratuitous", &boolean }, {},
};
ATTRIBUTES(stp) = {
        { "type", &u8 },
        { "flags", &u8 },
        WITH_HIGH("root-priority", u16),
        { "root-address", &mac },
        { "root-address-mask", &mac },
        WITH_HIGH("root-cost", u32),
        WITH_HIGH("sender-priority", u16),
        { "sender-address", &mac },
        { "sender-address-mask", &mac },
        WITH_HIGH("port", u16),
        WITH_HIGH("age", u16),
        WITH_HIGH("max-age", u16),
        WITH_HIGH("hello-time", u16),
        WITH_HIGH("forward-delay", u16),
        {},
};

#define SETS(...) (const FilterAttribute *const[]) { any, macs, __VA_ARGS__, NULL }
#define OVER4(...) SETS(ips4, ranges4, layer3, ##__VA_ARGS__)
#define OVER6(...) SETS(ips6, ranges6, layer3, ##__VA_ARGS__)

/* In the order of the rows of <rule>. */
const FilterProtocol nwfilter_protocols[NWFILTER_PROTOCOLS] = {
        { "arp", SETS(arp) },
        { "rarp", SETS(arp) },
        { "mac", SETS(frame) },
        { "vlan", SETS(tagged) },
        { "stp", SETS(stp) },
        { "ip", SETS(ips4, ports, header) },
        { "ipv6", SETS(ips6, ports, header, icmp, icmp_ends) },
        { "tcp", OVER4(ports, flags) },
        { "udp", OVER4(ports) },
        { "udplite", OVER4() },
        { "esp", OVER4() },
        { "ah", OVER4() },
        { "sctp", OVER4(ports) },
        { "icmp", OVER4(icmp) },
        { "all", OVER4() },
        { "igmp", OVER4() },
        { "tcp-ipv6", OVER6(ports, flags) },
        { "udp-ipv6", OVER6(ports) },
        { "udplite-ipv6", OVER6() },
        { "esp-ipv6", OVER6() },
        { "ah-ipv6", OVER6() },
        { "sctp-ipv6", OVER6(ports) },
        { "icmpv6", OVER6(icmp) },
        { "all-ipv6", OVER6() },
};

static const FilterType *find_type(const FilterProtocol *protocol, const char *attribute) {
        for (const FilterAttribute *const *set = protocol->sets; *set; set++)
                for (const FilterAttribute *a = *set; a->name; a++)
                        if (strcmp(a->name, attribute) == 0)
                                return a->type;
        return NULL;
}

const char *nwfilter_value_wanted(const char *protocol, const char *attribute, const char *text) {
        const FilterType *type = NULL;

        for (size_t i = 0; i < NWFILTER_PROTOCOLS; i++)
                if (strcmp(nwfilter_protocols[i].name, protocol) == 0)
                        type = find_type(&nwfilter_protocols[i], attribute);
        if (!type)
                return "attribute of this protocol";
        return type->matches(type, text) ? NULL : type->name;
}

/* "$NAME", "$NAME[3]", "$NAME[@3]", with blanks anywhere between. */
static bool is_variable(const char *text) {
        if (*text++ != '$')
                return false;
        text += strspn(text, " ");

        size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (n == 0)
                return false;
        text += n;
        if (*text == '[') {
                text++;
                text += strspn(text, " ");
                text += *text == '@';
                n = strspn(text, "0123456789");
                text += n + strspn(text + n, " ");
                if (n == 0 || *text++ != ']')
                        return false;
        }
        return text[strspn(text, " ")] == 0;
}

/* Calls a function for each attribute of the rule's protocol that the table knows. */
static int visit_attributes(const NwfilterRule *rule,
                            int (*visit)(xmlAttr *attribute, const char *text,
                                         const FilterType *type, Error *error),
                            Error *error) {
        const FilterProtocol *protocol = nwfilter_rule_row(rule);
        int r = 0;

        for (xmlNode *c = rule->item.node->children; protocol && c && r >= 0; c = c->next)
                for (xmlAttr *a = is_named(c, protocol->name) ? c->properties : NULL; a && r >= 0;
                     a = a->next) {
                        const FilterType *type = find_type(protocol, (const char *) a->name);
                        _cleanup_(freep) char *text = attribute_of(c, (const char *) a->name);

                        if (type && text && !a->ns)
                                r = visit(a, text, type, error);
                }
        return r;
}

/* An element below a protocol's, or an attribute that the table doesn't know. */
static xmlNode *find_unknown_below(const FilterProtocol *protocol, const xmlNode *node) {
        for (xmlAttr *a = node->properties; a; a = a->next)
                if (!a->ns && !find_type(protocol, (const char *) a->name))
                        return (xmlNode *) a;
        for (xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE && !c->ns)
                        return c;
        return NULL;
}

xmlNode *nwfilter_find_unknown(const void *object) {
        const NwfilterConf *conf = object;
        xmlNode *unknown = NULL;

        for (size_t i = 0; i < conf->rules.n && !unknown; i++) {
                const FilterProtocol *protocol = nwfilter_rule_row(conf->rules.items[i]);
                const xmlNode *c = conf->rules.items[i]->item.node->children;

                for (; protocol && c && !unknown; c = c->next)
                        if (is_named(c, protocol->name))
                                unknown = find_unknown_below(protocol, c);
        }
        return unknown;
}

/* ---- chains ---- */

/* Where a chain stands among its like when nothing is said; the prefix of its name counts. */
static const struct {
        const char *prefix;
        int priority;
} chains[] = {
        { "root", 0 },    { "stp", -810 }, { "mac", -800 },  { "vlan", -750 },
        { "ipv4", -700 }, { "ipv6", -600 }, { "arp", -500 }, { "rarp", -400 },
};

#define CHAIN_NAME_MAX 12

static int find_chain(const char *name) {
        for (size_t i = 0; i < ELEMENTS(chains); i++)
                if (strncmp(name, chains[i].prefix, strlen(chains[i].prefix)) == 0 &&
                    (i > 0 || strcmp(name, "root") == 0))
                        return (int) i;
        return -EINVAL;
}

int nwfilter_chain_priority(const NwfilterConf *conf) {
        int chain = find_chain(conf->chain);

        if (conf->priority.set)
                return (int) conf->priority.value;
        return chain < 0 ? 0 : chains[chain].priority;
}

const char *nwfilter_chain_kind(const NwfilterConf *conf) {
        int chain = find_chain(conf->chain);

        return chains[MAX(chain, 0)].prefix;
}

/* ---- what is filled in ---- */

/* Without blanks, and without the index that is meant anyhow. */
static char *spell_variable(const char *text) {
        char *spelled = strdup(text), *to = spelled;

        for (; spelled && *text; text++)
                if (*text != ' ')
                        *to++ = *text;
        if (spelled)
                *to = 0;
        if (spelled && to - spelled > 4 && strcmp(to - 4, "[@0]") == 0)
                to[-4] = 0;
        return spelled;
}

static int spell_attribute(xmlAttr *attribute, const char *text, const FilterType *type,
                           Error *error) {
        _cleanup_(freep) char *spelled = NULL;

        if (*text == '$' && !type->constant && is_variable(text))
                spelled = spell_variable(text);
        else if (type->canonical && type->matches(type, text))
                spelled = type->canonical(text);
        if (spelled && !xmlSetProp(attribute->parent, attribute->name, (const xmlChar *) spelled))
                return fail_memory(error);
        return 0;
}

int nwfilter_complete(void *object, Error *error) {
        NwfilterConf *conf = object;
        int r = 0;

        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        if (!conf->chain && set_string(&conf->chain, "root") < 0)
                return fail_memory(error);
        if (!conf->priority.set && nwfilter_chain_priority(conf) != 0)
                conf->priority = (MaybeU32) { true, nwfilter_chain_priority(conf) };
        for (size_t i = 0; i < conf->rules.n && r >= 0; i++) {
                NwfilterRule *rule = conf->rules.items[i];

                if (!rule->priority.set)
                        rule->priority = (MaybeU32) { true, RULE_PRIORITY };
                r = visit_attributes(rule, spell_attribute, error);
        }
        return r;
}

/* ---- rules ---- */

static bool is_priority(MaybeU32 priority) {
        int n = (int) priority.value;

        return !priority.set || (n >= -PRIORITY_MAX && n <= PRIORITY_MAX);
}

static int check_attribute(xmlAttr *attribute, const char *text, const FilterType *type,
                           Error *error) {
        if ((!type->constant && is_variable(text)) || type->matches(type, text))
                return 0;
        return fail_at(error, ERROR_XML, attribute->parent, "%s='%s' is no %s",
                       (const char *) attribute->name, text, type->name);
}

/* Ports are of a protocol that has some. */
static int check_ports(const NwfilterRule *rule, Error *error) {
        static const char *const names[] = { "srcportstart", "srcportend", "dstportstart",
                                             "dstportend" };
        static const char *const having[] = { "tcp", "udp", "sctp", "6", "17", "33", "132", NULL };
        const char *protocol = nwfilter_rule_protocol(rule);
        _cleanup_(freep) char *carried = nwfilter_rule_value(rule, "protocol");

        if (!is_text(protocol, "ip") && !is_text(protocol, "ipv6"))
                return 0;
        if (carried && (*carried == '$' || strncasecmp(carried, "0x", 2) == 0 ||
                        is_word(having, carried, strlen(carried))))
                return 0;
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_(freep) char *port = nwfilter_rule_value(rule, names[i]);

                if (port)
                        return fail_at(error, ERROR_XML, rule->item.node,
                                       "%s needs a protocol that has ports", names[i]);
        }
        return 0;
}

static int check_ipset(const NwfilterRule *rule, Error *error) {
        _cleanup_(freep) char *name = nwfilter_rule_value(rule, "ipset");
        _cleanup_(freep) char *directions = nwfilter_rule_value(rule, "ipsetflags");

        if (!name != !directions)
                return fail_at(error, ERROR_XML, rule->item.node,
                               "ipset and ipsetflags are given together");
        return 0;
}

static int check_rule(const NwfilterRule *rule, Error *error) {
        int r;

        if (!is_priority(rule->priority))
                return fail_at(error, ERROR_XML, rule->item.node,
                               "a priority is between -1000 and 1000");
        if ((r = visit_attributes(rule, check_attribute, error)) < 0 ||
            (r = check_ipset(rule, error)) < 0)
                return r;
        return check_ports(rule, error);
}

static int check_ref(const NwfilterRef *ref, Error *error) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.:";

        for (size_t i = 0; i < ref->parameters.n; i++) {
                const NwfilterParameter *parameter = ref->parameters.items[i];
                const char *name = parameter->name ?: "", *value = parameter->value ?: "";
                size_t n = strspn(name, letters), m = strspn(value, letters);

                if (n == 0 || m == 0 || name[n] || value[m] || strpbrk(name, ".:"))
                        return fail_at(error, ERROR_XML, parameter->item.node,
                                       "name or value of a parameter has signs it can't have");
        }
        return 0;
}

int nwfilter_check(const void *object, Error *error) {
        const NwfilterConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document);
        int r = 0;

        if (strchr(conf->name, '/'))
                return fail_at(error, ERROR_XML, root, "a filter's name has no '/' in it");
        if (find_chain(conf->chain) < 0 || strlen(conf->chain) > CHAIN_NAME_MAX ||
            conf->chain[strspn(conf->chain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_.:-")])
                return fail_at(error, ERROR_XML, root, "there is no chain '%s'", conf->chain);
        if (!is_priority(conf->priority))
                return fail_at(error, ERROR_XML, root, "a priority is between -1000 and 1000");
        for (size_t i = 0; i < conf->refs.n && r >= 0; i++)
                r = check_ref(conf->refs.items[i], error);
        for (size_t i = 0; i < conf->rules.n && r >= 0; i++)
                r = check_rule(conf->rules.items[i], error);
        return r;
}

int nwfilterbinding_check(const void *object, Error *error) {
        const NwfilterBindingConf *conf = object;

        return check_ref(&conf->filterref, error);
}
