/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <interface>: its rows. */
#include "conf/domain-rows.h"

const char *const net_types[] = {
        "user", "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge",
        "internal", "direct", "hostdev", "udp", "vdpa", "null", "vds", NULL,
};

#define TYPE(types) .when_offset = offsetof(DomainNet, type), .when = (types)
#define SOCKET      TYPE(BIT(NET_SERVER) | BIT(NET_CLIENT) | BIT(NET_MCAST) | BIT(NET_UDP))
#define DEV                                                                           \
        TYPE(BIT(NET_DIRECT) | BIT(NET_VDPA) | BIT(NET_USER) | BIT(NET_ETHERNET) |    \
             BIT(NET_HOSTDEV) | BIT(NET_NETWORK))
#define UNIX        TYPE(BIT(NET_VHOSTUSER))

const MapElement ip_element = { "ip", sizeof(NetIp), (const MapField[]) {
        STRING("@address", NetIp, address, REQUIRED),
        WORD  ("@family",  NetIp, family, WORDS("ipv4", "ipv6")),
        MAYBE ("@prefix",  NetIp, prefix),
        STRING("@peer",    NetIp, peer),
        {}
} };

const MapElement route_element = { "route", sizeof(NetRoute), (const MapField[]) {
        WORD  ("@family",  NetRoute, family, WORDS("ipv4", "ipv6")),
        STRING("@address", NetRoute, address),
        STRING("@netmask", NetRoute, netmask),
        MAYBE ("@prefix",  NetRoute, prefix),
        STRING("@gateway", NetRoute, gateway),
        MAYBE ("@metric",  NetRoute, metric),
        {}
} };

const MapElement reconnect_element = { "reconnect", sizeof(Reconnect), (const MapField[]) {
        YES_NO("@enabled", Reconnect, enabled),
        MAYBE ("@timeout", Reconnect, timeout),
        MAYBE ("@delay",   Reconnect, delay),
        {}
} };

static const MapElement virtualport_element = { "virtualport", sizeof(VirtualPort),
                                                (const MapField[]) {
        WORD  ("@type",                     VirtualPort, type,
               WORDS("802.1Qbg", "802.1Qbh", "openvswitch", "midonet")),
        MAYBE ("parameters/@managerid",     VirtualPort, manager),
        MAYBE ("parameters/@typeid",        VirtualPort, type_id),
        MAYBE ("parameters/@typeidversion", VirtualPort, type_version),
        STRING("parameters/@instanceid",    VirtualPort, instance),
        STRING("parameters/@profileid",     VirtualPort, profile),
        STRING("parameters/@interfaceid",   VirtualPort, interface),
        {}
} };

static const MapElement limit_element = { "inbound", sizeof(NetLimit), (const MapField[]) {
        U64   ("@average", NetLimit, average),
        U64   ("@peak",    NetLimit, peak),
        U64   ("@floor",   NetLimit, floor),
        U64   ("@burst",   NetLimit, burst),
        {}
} };

const MapElement vlan_tag_element = { "tag", sizeof(VlanTag), (const MapField[]) {
        MAYBE ("@id",         VlanTag, id, REQUIRED),
        WORD  ("@nativeMode", VlanTag, native_mode, WORDS("default", "tagged", "untagged")),
        {}
} };

static const MapElement vlan_element = { "vlan", sizeof(NetVlan), (const MapField[]) {
        YES_NO("@trunk", NetVlan, trunk),
        LIST  ("tag",    NetVlan, tags, VlanTag, &vlan_tag_element),
        {}
} };

static const MapElement parameter_element = { "parameter", sizeof(NamedText), (const MapField[]) {
        STRING("@name",  NamedText, name, REQUIRED),
        STRING("@value", NamedText, text, REQUIRED),
        {}
} };

static const MapElement filterref_element = { "filterref", sizeof(NetFilterRef),
                                              (const MapField[]) {
        STRING("@filter",   NetFilterRef, filter, REQUIRED),
        LIST  ("parameter", NetFilterRef, parameters, NamedText, &parameter_element),
        {}
} };

static const MapElement range_element = { "range", sizeof(PortRange), (const MapField[]) {
        U32   ("@start",   PortRange, start),
        U32   ("@end",     PortRange, end),
        U32   ("@to",      PortRange, to),
        WORD  ("@exclude", PortRange, exclude, yes_no_words),
        {}
} };

static const MapElement forward_element = { "portForward", sizeof(PortForward),
                                            (const MapField[]) {
        WORD  ("@proto",   PortForward, proto, WORDS("tcp", "udp"), REQUIRED),
        STRING("@address", PortForward, address),
        STRING("@dev",     PortForward, dev),
        LIST  ("range",    PortForward, ranges, PortRange, &range_element),
        {}
} };

static const MapElement offloads_element = { "host", sizeof(NetOffloads), (const MapField[]) {
        ON_OFF("@csum",      NetOffloads, csum),
        ON_OFF("@gso",       NetOffloads, gso),
        ON_OFF("@tso4",      NetOffloads, tso4),
        ON_OFF("@tso6",      NetOffloads, tso6),
        ON_OFF("@ecn",       NetOffloads, ecn),
        ON_OFF("@ufo",       NetOffloads, ufo),
        ON_OFF("@mrg_rxbuf", NetOffloads, mrg_rxbuf),
        {}
} };

const MapElement net_element = { "interface", sizeof(DomainNet), (const MapField[]) {
        ENUM  ("@type",                     DomainNet, type, net_types, WRITTEN),
        WORD  ("@managed",                  DomainNet, managed, yes_no_words),
        WORD  ("@trustGuestRxFilters",      DomainNet, trust_rx_filters, yes_no_words),
        MAC   ("mac/@address",              DomainNet, mac, .flags = MAP_CANONICAL),
        WORD  ("mac/@type",                 DomainNet, mac_type, WORDS("generated", "static")),
        WORD  ("mac/@check",                DomainNet, mac_check, yes_no_words),
        STRING("source/@bridge",            DomainNet, bridge,
               TYPE(BIT(NET_BRIDGE) | BIT(NET_NETWORK))),
        STRING("source/@network",           DomainNet, network,
               TYPE(BIT(NET_NETWORK) | BIT(NET_HOSTDEV))),
        STRING("source/@portgroup",         DomainNet, portgroup,
               TYPE(BIT(NET_NETWORK) | BIT(NET_HOSTDEV))),
        STRING("source/@portid",            DomainNet, source_portid, LIVE),
        STRING("source/@switchid",          DomainNet, switch_id),
        STRING("source/@portgroupid",       DomainNet, portgroup, TYPE(BIT(NET_VDS))),
        STRING("source/@connectionid",      DomainNet, connection_id),
        STRING("source/@macTableManager",   DomainNet, mac_table),
        STRING("source/@name",              DomainNet, source_name, TYPE(BIT(NET_INTERNAL))),
        STRING("source/@dev",               DomainNet, source_dev, DEV),
        WORD  ("source/@mode",              DomainNet, source_mode,
               WORDS("vepa", "private", "bridge", "passthrough", "client", "server"),
                     TYPE(BIT(NET_DIRECT) | BIT(NET_VHOSTUSER) | BIT(NET_NETWORK))),
        STRING("source/@type",              DomainNet, source_type, UNIX),
        STRING("source/@path",              DomainNet, source_path, UNIX),
        STRING("source/@address",           DomainNet, source_address, SOCKET),
        MAYBE ("source/@port",              DomainNet, source_port, SOCKET),
        STRUCT("source/reconnect",          DomainNet, reconnect, Reconnect, &reconnect_element,
               UNIX),
        STRUCT("source/address",            DomainNet, source_pci, HostAddress,
               &pci_source_element, TYPE(BIT(NET_HOSTDEV))),
        STRING("source/local/@address",     DomainNet, local_address),
        MAYBE ("source/local/@port",        DomainNet, local_port),
        LIST  ("source/ip",                 DomainNet, source_ips, NetIp, &ip_element),
        LIST  ("source/route",              DomainNet, source_routes, NetRoute, &route_element),
        OPTIONAL("virtualport",             DomainNet, virtualport, VirtualPort,
                 &virtualport_element),
        LIST  ("portForward",               DomainNet, forwards, PortForward, &forward_element),
        STRING("script/@path",              DomainNet, script),
        STRING("downscript/@path",          DomainNet, downscript),
        STRING("backenddomain/@name",       DomainNet, backend_domain),
        STRING("target/@dev",               DomainNet, target),
        YES_NO("target/@managed",           DomainNet, target_managed),
        STRING("guest/@dev",                DomainNet, guest_dev),
        STRING("model/@type",               DomainNet, model),
        STRING("driver/@name",              DomainNet, driver_name),
        WORD  ("driver/@txmode",            DomainNet, tx_mode,
               WORDS("default", "iothread", "timer")),
        ON_OFF("driver/@ioeventfd",         DomainNet, ioeventfd),
        ON_OFF("driver/@event_idx",         DomainNet, event_idx),
        U32   ("driver/@queues",            DomainNet, queues),
        U32   ("driver/@rx_queue_size",     DomainNet, rx_queue_size),
        U32   ("driver/@tx_queue_size",     DomainNet, tx_queue_size),
        WORD  ("driver/@rss",               DomainNet, rss, on_off_words),
        WORD  ("driver/@rss_hash_report",   DomainNet, rss_hash_report, on_off_words),
        VIRTIO_ROWS(DomainNet),
        STRUCT("driver/host",               DomainNet, host, NetOffloads, &offloads_element),
        STRUCT("driver/guest",              DomainNet, guest, NetOffloads, &offloads_element),
        WORD  ("backend/@type",             DomainNet, backend_type, WORDS("default", "passt")),
        STRING("backend/@tap",              DomainNet, backend_tap),
        STRING("backend/@vhost",            DomainNet, backend_vhost),
        STRING("backend/@logFile",          DomainNet, backend_log),
        STRING("backend/@upstream",         DomainNet, backend_upstream),
        OPTIONAL("filterref",               DomainNet, filterref, NetFilterRef,
                 &filterref_element),
        LIST  ("ip",                        DomainNet, ips, NetIp, &ip_element),
        LIST  ("route",                     DomainNet, routes, NetRoute, &route_element),
        OPTIONAL("bandwidth/inbound",       DomainNet, inbound, NetLimit, &limit_element),
        OPTIONAL("bandwidth/outbound",      DomainNet, outbound, NetLimit, &limit_element),
        OPTIONAL("vlan",                    DomainNet, vlan, NetVlan, &vlan_element),
        WORD  ("port/@isolated",            DomainNet, isolated, yes_no_words),
        WORD  ("link/@state",               DomainNet, link, WORDS("up", "down", "default")),
        U32   ("mtu/@size",                 DomainNet, mtu),
        MAYBE ("tune/sndbuf",               DomainNet, sndbuf),
        FLAG  ("coalesce",                  DomainNet, coalesce),
        MAYBE ("coalesce/rx/frames/@max",   DomainNet, coalesce_rx),
        WORD  ("teaming/@type",             DomainNet, teaming_type, teaming_words),
        STRING("teaming/@persistent",       DomainNet, teaming_persistent),
        YES_NO("rom/@enabled",              DomainNet, rom_enabled),
        ON_OFF("rom/@bar",                  DomainNet, rom_bar),
        STRING("rom/@file",                 DomainNet, rom_file),
        DEVICE_ROWS(DomainNet),
        {}
} };
