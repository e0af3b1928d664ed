/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network interface of the host is: libvirt's <interface>. Bridges, bonds and vlans hold
 * interfaces in turn. */
#pragma once

#include "conf/document.h"

typedef enum InterfaceType {
        INTERFACE_ETHERNET,
        INTERFACE_BRIDGE,
        INTERFACE_BOND,
        INTERFACE_VLAN,
} InterfaceType;

extern const char *const interface_types[];

typedef struct InterfaceIp {
        MapItem item;
        char *address;
        MaybeU32 prefix;
} InterfaceIp;

typedef struct InterfaceRoute {
        MapItem item;
        char *gateway;
} InterfaceRoute;

typedef struct InterfaceProtocol {
        MapItem item;
        char *family; /* "ipv4", "ipv6" */
        bool autoconf, dhcp;
        Tristate dhcp_peerdns;
        MAP_LIST(InterfaceIp) ips;
        MAP_LIST(InterfaceRoute) routes;
} InterfaceProtocol;

typedef struct InterfaceMember InterfaceMember;

/* What the interface itself and those inside have in common. */
typedef struct InterfacePart {
        InterfaceType type;
        char *name;       /* a vlan's may be absent: device.tag */
        char *start_mode; /* "onboot", "none", "hotplug"; only on the outside */
        char *mac;
        uint32_t mtu;
        uint64_t link_speed; /* Mbit/s, as the host says */
        char *link_state;    /* "up", "down" ... */
        MAP_LIST(InterfaceProtocol) protocols; /* at most one of each family */
        struct {
                Tristate stp;
                char *delay; /* seconds */
                MAP_LIST(InterfaceMember) members;
        } bridge;
        struct {
                char *mode;
                bool miimon, arpmon; /* at most one */
                uint32_t miimon_freq, miimon_downdelay, miimon_updelay; /* ms */
                char *miimon_carrier; /* "ioctl", "netif" */
                uint32_t arpmon_interval;
                char *arpmon_target, *arpmon_validate;
                MAP_LIST(InterfaceMember) members;
        } bond;
        struct {
                MaybeU32 tag;
                char *device;
        } vlan;
} InterfacePart;

struct InterfaceMember {
        MapItem item;
        InterfacePart part;
};

typedef struct InterfaceConf {
        xmlDoc *document;
        InterfacePart top;
} InterfaceConf;

DECLARE_CONF(InterfaceConf, interface);
