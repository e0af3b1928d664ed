/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <interface> of a host: its rows and rules. */
#include "conf/interface.h"

#include <stdio.h>

#include "conf/rows.h"

const char *const interface_types[] = { "ethernet", "bridge", "bond", "vlan", NULL };

static const MapElement ip_element = { "ip", sizeof(InterfaceIp), (const MapField[]) {
        STRING("@address", InterfaceIp, address, REQUIRED),
        MAYBE ("@prefix",  InterfaceIp, prefix),
        {}
} };

static const MapElement route_element = { "route", sizeof(InterfaceRoute), (const MapField[]) {
        STRING("@gateway", InterfaceRoute, gateway),
        {}
} };

static const MapElement protocol_element = { "protocol", sizeof(InterfaceProtocol),
                                             (const MapField[]) {
        WORD  ("@family",       InterfaceProtocol, family, WORDS("ipv4", "ipv6"), REQUIRED),
        FLAG  ("autoconf",      InterfaceProtocol, autoconf),
        FLAG  ("dhcp",          InterfaceProtocol, dhcp),
        YES_NO("dhcp/@peerdns", InterfaceProtocol, dhcp_peerdns),
        LIST  ("ip",            InterfaceProtocol, ips, InterfaceIp, &ip_element),
        LIST  ("route",         InterfaceProtocol, routes, InterfaceRoute, &route_element),
        {}
} };

static const MapElement member_element;

#define BRIDGE WHEN(InterfacePart, type, BIT(INTERFACE_BRIDGE))
#define BOND   WHEN(InterfacePart, type, BIT(INTERFACE_BOND))
#define VLAN   WHEN(InterfacePart, type, BIT(INTERFACE_VLAN))

static const MapElement part_element = { "interface", sizeof(InterfacePart), (const MapField[]) {
        ENUM  ("@type",         InterfacePart, type, interface_types, EXPLICIT),
        STRING("@name",         InterfacePart, name),
        WORD  ("start/@mode",   InterfacePart, start_mode, WORDS("onboot", "none", "hotplug")),
        STRING("mac/@address",  InterfacePart, mac),
        U64   ("link/@speed",   InterfacePart, link_speed),
        WORD  ("link/@state",   InterfacePart, link_state,
               WORDS("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant",
                     "up")),
        U32   ("mtu/@size",     InterfacePart, mtu),
        LIST  ("protocol",      InterfacePart, protocols, InterfaceProtocol, &protocol_element),
        ON_OFF("bridge/@stp",   InterfacePart, bridge.stp, BRIDGE),
        STRING("bridge/@delay", InterfacePart, bridge.delay, BRIDGE),
        LIST  ("bridge/interface", InterfacePart, bridge.members, InterfaceMember,
               &member_element, BRIDGE),
        WORD  ("bond/@mode",    InterfacePart, bond.mode,
               WORDS("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad",
                     "balance-tlb", "balance-alb"), BOND),
        FLAG  ("bond/miimon",   InterfacePart, bond.miimon, BOND),
        U32   ("bond/miimon/@freq", InterfacePart, bond.miimon_freq, BOND),
        U32   ("bond/miimon/@downdelay", InterfacePart, bond.miimon_downdelay, BOND),
        U32   ("bond/miimon/@updelay", InterfacePart, bond.miimon_updelay, BOND),
        WORD  ("bond/miimon/@carrier", InterfacePart, bond.miimon_carrier,
               WORDS("ioctl", "netif"), BOND),
        FLAG  ("bond/arpmon",   InterfacePart, bond.arpmon, BOND),
        U32   ("bond/arpmon/@interval", InterfacePart, bond.arpmon_interval, BOND),
        STRING("bond/arpmon/@target", InterfacePart, bond.arpmon_target, BOND),
        WORD  ("bond/arpmon/@validate", InterfacePart, bond.arpmon_validate,
               WORDS("none", "active", "backup", "all"), BOND),
        LIST  ("bond/interface", InterfacePart, bond.members, InterfaceMember, &member_element,
               BOND),
        MAYBE ("vlan/@tag",     InterfacePart, vlan.tag, VLAN),
        STRING("vlan/interface/@name", InterfacePart, vlan.device, VLAN),
        {}
} };

static const MapElement member_element = { "interface", sizeof(InterfaceMember),
                                           (const MapField[]) {
        STRUCT(".", InterfaceMember, part, InterfacePart, &part_element),
        {}
} };

static const MapElement interface_element = { "interface", sizeof(InterfaceConf),
                                              (const MapField[]) {
        STRUCT(".", InterfaceConf, top, InterfacePart, &part_element),
        {}
} };

/* ---- rules ---- */

/* What may stand inside of what. */
static const uint64_t inside[] = {
        [INTERFACE_ETHERNET] = 0,
        [INTERFACE_BRIDGE] = BIT(INTERFACE_ETHERNET) | BIT(INTERFACE_BOND) | BIT(INTERFACE_VLAN),
        [INTERFACE_BOND] = BIT(INTERFACE_ETHERNET),
        [INTERFACE_VLAN] = 0,
};

static int check_bond(const InterfacePart *part, const xmlNode *node, Error *error) {
        const xmlNode *bond = child_of(node, "bond");

        if (part->bond.members.n == 0)
                return fail_at(error, ERROR_XML, bond, "a bond has interfaces in it");
        if (part->bond.miimon && part->bond.arpmon)
                return fail_at(error, ERROR_XML, bond, "a bond has miimon or arpmon, not both");
        if (part->bond.miimon && part->bond.miimon_freq == 0)
                return fail_at(error, ERROR_XML, bond, "miimon lacks its freq");
        if (part->bond.arpmon && (part->bond.arpmon_interval == 0 || !part->bond.arpmon_target))
                return fail_at(error, ERROR_XML, bond, "arpmon lacks interval or target");
        return 0;
}

static int check_vlan(const InterfacePart *part, const xmlNode *node, Error *error) {
        const xmlNode *vlan = child_of(node, "vlan");

        if (!part->vlan.tag.set || part->vlan.tag.value > 4095)
                return fail_at(error, ERROR_XML, vlan, "a vlan has a tag up to 4095");
        if (!part->vlan.device)
                return fail_at(error, ERROR_XML, vlan, "a vlan lacks its interface");
        return 0;
}

static int check_protocol(const InterfaceProtocol *protocol, Error *error) {
        bool v6 = is_text(protocol->family, "ipv6");

        if (protocol->autoconf && !v6)
                return fail_at(error, ERROR_XML, protocol->item.node, "autoconf is for IPv6");
        for (size_t i = 0; i < protocol->ips.n; i++)
                if (protocol->ips.items[i]->prefix.value > (v6 ? 128 : 32))
                        return fail_at(error, ERROR_XML, protocol->ips.items[i]->item.node,
                                       "prefix %u is too long",
                                       protocol->ips.items[i]->prefix.value);
        return 0;
}

static int check_protocols(const InterfacePart *part, Error *error) {
        int r = CHECK_UNIQUE(&part->protocols, InterfaceProtocol, family, "protocol", error);

        for (size_t i = 0; i < part->protocols.n && r >= 0; i++)
                r = check_protocol(part->protocols.items[i], error);
        return r;
}

static int check_part(const InterfacePart *part, const xmlNode *node, bool inner, Error *error) {
        const char *type = interface_types[part->type];
        int r = 0;

        if (!xmlHasProp(node, (const xmlChar *) "type"))
                return fail_at(error, ERROR_XML, node, "an interface lacks its type");
        if (!part->name && part->type != INTERFACE_VLAN)
                return fail_at(error, ERROR_XML, node, "an interface lacks its name");
        if (inner && (part->start_mode || part->protocols.n > 0 || part->mtu > 0))
                return fail_at(error, ERROR_XML, node,
                               "an interface inside another has no start, protocol or mtu");
        if (part->type != INTERFACE_ETHERNET && !child_of(node, type))
                return fail_at(error, ERROR_XML, node, "an interface of type '%s' lacks its <%s>",
                               type, type);
        if (part->type == INTERFACE_BOND)
                r = check_bond(part, node, error);
        else if (part->type == INTERFACE_VLAN)
                r = check_vlan(part, node, error);
        return r < 0 ? r : check_protocols(part, error);
}

static int check_members(const InterfacePart *part, Error *error) {
        size_t n = part->bridge.members.n + part->bond.members.n;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                const InterfaceMember *member =
                        part->type == INTERFACE_BRIDGE ? part->bridge.members.items[i]
                                                       : part->bond.members.items[i];

                if (!(inside[part->type] >> member->part.type & 1))
                        return fail_at(error, ERROR_XML, member->item.node,
                                       "a %s has no interface of type '%s' in it",
                                       interface_types[part->type],
                                       interface_types[member->part.type]);
                r = check_part(&member->part, member->item.node, true, error);
                if (r >= 0)
                        r = check_members(&member->part, error);
        }
        return r;
}

static int check(const void *object, Error *error) {
        const InterfaceConf *conf = object;
        int r = check_part(&conf->top, xmlDocGetRootElement(conf->document), false, error);

        return r < 0 ? r : check_members(&conf->top, error);
}

/* A vlan without a name is named after what it is. */
static int complete(void *object, Error *error) {
        InterfacePart *top = &((InterfaceConf *) object)->top;

        if (top->type == INTERFACE_VLAN && !top->name && top->vlan.device && top->vlan.tag.set &&
            asprintf(&top->name, "%s.%u", top->vlan.device, top->vlan.tag.value) < 0) {
                top->name = NULL;
                return fail_memory(error);
        }
        return 0;
}

const DocumentKind interface_kind = { &interface_element, complete, check, NULL };
