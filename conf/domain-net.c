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
             BIT(NET_HOSTDEV))
#define UNIX        TYPE(BIT(NET_VHOSTUSER))

const MapElement net_element = { "interface", sizeof(DomainNet), (const MapField[]) {
        ENUM  ("@type",                     DomainNet, type, net_types, WRITTEN),
        WORD  ("@managed",                  DomainNet, managed, yes_no_words),
        WORD  ("@trustGuestRxFilters",      DomainNet, trust_rx_filters, yes_no_words),
        MAC   ("mac/@address",              DomainNet, mac, .flags = MAP_CANONICAL),
        WORD  ("mac/@type",                 DomainNet, mac_type, mac_type_words),
        WORD  ("mac/@check",                DomainNet, mac_check, yes_no_words),
        STRING("source/@bridge",            DomainNet, bridge,
               TYPE(BIT(NET_BRIDGE) | BIT(NET_NETWORK))),
        STRING("source/@network",           DomainNet, network, TYPE(BIT(NET_NETWORK))),
        STRING("source/@portgroup",         DomainNet, portgroup, TYPE(BIT(NET_NETWORK))),
        STRING("source/@portid",            DomainNet, source_portid, LIVE),
        STRING("source/@name",              DomainNet, source_name, TYPE(BIT(NET_INTERNAL))),
        STRING("source/@dev",               DomainNet, source_dev, DEV),
        WORD  ("source/@mode",              DomainNet, source_mode, net_mode_words,
               TYPE(BIT(NET_DIRECT) | BIT(NET_VHOSTUSER))),
        STRING("source/@type",              DomainNet, source_type, UNIX),
        STRING("source/@path",              DomainNet, source_path, UNIX),
        STRING("source/@address",           DomainNet, source_address, SOCKET),
        MAYBE ("source/@port",              DomainNet, source_port, SOCKET),
        KEPT  ("source/reconnect",          DomainNet, source_reconnect),
        KEPT  ("source/address",            DomainNet, source_pci),
        KEPT  ("source/local",              DomainNet, source_local),
        KEPT  ("source/ip",                 DomainNet, source_ips),
        KEPT  ("source/route",              DomainNet, source_routes),
        KEPT  ("virtualport",               DomainNet, has.virtualport),
        KEPT  ("portForward",               DomainNet, has.port_forward),
        STRING("script/@path",              DomainNet, script),
        STRING("downscript/@path",          DomainNet, downscript),
        STRING("backenddomain/@name",       DomainNet, backend_domain),
        STRING("target/@dev",               DomainNet, target),
        YES_NO("target/@managed",           DomainNet, target_managed),
        STRING("guest/@dev",                DomainNet, guest_dev),
        STRING("model/@type",               DomainNet, model),
        STRING("driver/@name",              DomainNet, driver_name),
        WORD  ("driver/@txmode",            DomainNet, tx_mode, tx_mode_words),
        ON_OFF("driver/@ioeventfd",         DomainNet, ioeventfd),
        ON_OFF("driver/@event_idx",         DomainNet, event_idx),
        U32   ("driver/@queues",            DomainNet, queues),
        U32   ("driver/@rx_queue_size",     DomainNet, rx_queue_size),
        U32   ("driver/@tx_queue_size",     DomainNet, tx_queue_size),
        WORD  ("driver/@rss",               DomainNet, rss, on_off_words),
        WORD  ("driver/@rss_hash_report",   DomainNet, rss_hash_report, on_off_words),
        VIRTIO_ROWS(DomainNet),
        KEPT  ("driver/host",               DomainNet, has.host),
        KEPT  ("driver/guest",              DomainNet, has.guest_offloads),
        WORD  ("backend/@type",             DomainNet, backend_type, net_backend_words),
        STRING("backend/@tap",              DomainNet, backend_tap),
        STRING("backend/@vhost",            DomainNet, backend_vhost),
        STRING("backend/@logFile",          DomainNet, backend_log),
        STRING("backend/@upstream",         DomainNet, backend_upstream),
        KEPT  ("filterref",                 DomainNet, has.filterref),
        KEPT  ("ip",                        DomainNet, has.ips),
        KEPT  ("route",                     DomainNet, has.routes),
        KEPT  ("bandwidth",                 DomainNet, has.bandwidth),
        KEPT  ("vlan",                      DomainNet, has.vlan),
        WORD  ("port/@isolated",            DomainNet, isolated, yes_no_words),
        WORD  ("link/@state",               DomainNet, link, link_state_words),
        U32   ("mtu/@size",                 DomainNet, mtu),
        KEPT  ("tune",                      DomainNet, has.tune),
        KEPT  ("coalesce",                  DomainNet, has.coalesce),
        WORD  ("teaming/@type",             DomainNet, teaming_type, teaming_words),
        STRING("teaming/@persistent",       DomainNet, teaming_persistent),
        YES_NO("rom/@enabled",              DomainNet, rom_enabled),
        ON_OFF("rom/@bar",                  DomainNet, rom_bar),
        STRING("rom/@file",                 DomainNet, rom_file),
        DEVICE_ROWS(DomainNet),
        {}
} };
