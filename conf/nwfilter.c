/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <filter> and <filterbinding>: their rows, and what is filled in. */
#include "conf/nwfilter-rows.h"

#include <string.h>

const char *const nwfilter_actions[] = { "drop", "accept", "reject", "return", "continue", NULL };
const char *const nwfilter_directions[] = { "in", "out", "inout", NULL };

static const MapElement parameter_element = { "parameter", sizeof(NwfilterParameter),
                                              (const MapField[]) {
        STRING("@name",  NwfilterParameter, name),
        STRING("@value", NwfilterParameter, value),
        {}
} };

static const MapElement ref_element = { "filterref", sizeof(NwfilterRef), (const MapField[]) {
        STRING("@filter",   NwfilterRef, filter, REQUIRED),
        LIST  ("parameter", NwfilterRef, parameters, NwfilterParameter, &parameter_element),
        {}
} };

#define PROTOCOL(name, index) KEPT(name, NwfilterRule, protocols[index])

/* The names are those of nwfilter_protocols[], in its order. */
static const MapElement rule_element = { "rule", sizeof(NwfilterRule), (const MapField[]) {
        ENUM     ("@action",     NwfilterRule, action, nwfilter_actions, REQUIRED),
        ENUM     ("@direction",  NwfilterRule, direction, nwfilter_directions, REQUIRED),
        MAYBE_I32("@priority",   NwfilterRule, priority, CANONICAL),
        STRING   ("@statematch", NwfilterRule, statematch),
        PROTOCOL("arp", 0),        PROTOCOL("rarp", 1),        PROTOCOL("mac", 2),
        PROTOCOL("vlan", 3),       PROTOCOL("stp", 4),         PROTOCOL("ip", 5),
        PROTOCOL("ipv6", 6),       PROTOCOL("tcp", 7),         PROTOCOL("udp", 8),
        PROTOCOL("udplite", 9),    PROTOCOL("esp", 10),        PROTOCOL("ah", 11),
        PROTOCOL("sctp", 12),      PROTOCOL("icmp", 13),       PROTOCOL("all", 14),
        PROTOCOL("igmp", 15),      PROTOCOL("tcp-ipv6", 16),   PROTOCOL("udp-ipv6", 17),
        PROTOCOL("udplite-ipv6", 18), PROTOCOL("esp-ipv6", 19), PROTOCOL("ah-ipv6", 20),
        PROTOCOL("sctp-ipv6", 21), PROTOCOL("icmpv6", 22),     PROTOCOL("all-ipv6", 23),
        {}
} };

static const MapElement nwfilter_element = { "filter", sizeof(NwfilterConf), (const MapField[]) {
        STRING   ("@name",     NwfilterConf, name, REQUIRED),
        STRING   ("@chain",    NwfilterConf, chain, WRITTEN),
        MAYBE_I32("@priority", NwfilterConf, priority, CANONICAL),
        UUID     ("uuid",      NwfilterConf, uuid, CANONICAL),
        LIST     ("filterref", NwfilterConf, refs, NwfilterRef, &ref_element),
        LIST     ("rule",      NwfilterConf, rules, NwfilterRule, &rule_element),
        {}
} };

static const MapElement binding_element = { "filterbinding", sizeof(NwfilterBindingConf),
                                            (const MapField[]) {
        STRING("owner/name",    NwfilterBindingConf, owner_name, REQUIRED),
        UUID  ("owner/uuid",    NwfilterBindingConf, owner_uuid, REQUIRED),
        STRING("portdev/@name", NwfilterBindingConf, portdev, REQUIRED),
        STRING("linkdev/@name", NwfilterBindingConf, linkdev),
        MAC   ("mac/@address",  NwfilterBindingConf, mac, REQUIRED),
        STRUCT("filterref",     NwfilterBindingConf, filterref, NwfilterRef, &ref_element,
               REQUIRED),
        {}
} };

/* The first in the document counts. */
const FilterProtocol *nwfilter_rule_row(const NwfilterRule *rule) {
        for (const xmlNode *c = rule->item.node->children; c; c = c->next)
                for (size_t i = 0; i < NWFILTER_PROTOCOLS; i++)
                        if (rule->protocols[i] && is_named(c, nwfilter_protocols[i].name))
                                return &nwfilter_protocols[i];
        return NULL;
}

const char *nwfilter_rule_protocol(const NwfilterRule *rule) {
        const FilterProtocol *protocol = nwfilter_rule_row(rule);

        return protocol ? protocol->name : NULL;
}

char *nwfilter_rule_value(const NwfilterRule *rule, const char *attribute) {
        const char *protocol = nwfilter_rule_protocol(rule);

        for (const xmlNode *c = rule->item.node->children; protocol && c; c = c->next) {
                char *text = is_named(c, protocol) ? attribute_of(c, attribute) : NULL;

                if (text)
                        return text;
        }
        return NULL;
}

const DocumentKind nwfilter_kind = {
        &nwfilter_element, nwfilter_complete, nwfilter_check, NULL, nwfilter_find_unknown,
};
const DocumentKind nwfilterbinding_kind = { &binding_element, NULL, nwfilterbinding_check, NULL };
