/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <interface> of a host: its rows and rules. */
#include "conf/interface.h"

#include <string.h>

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

const DocumentKind interface_kind = { &interface_element, NULL, NULL, NULL };
