/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a virtual network is: libvirt's <network> and <networkport>, and changes to a part of it. */
#pragma once

#include "conf/document.h"

/* ---- what networks, portgroups and ports share ---- */

typedef struct NetworkVirtualPort {
        char *type; /* "802.1Qbg", "802.1Qbh", "openvswitch", "midonet"; NULL: any */
        MaybeU32 manager_id, type_id, type_id_version;
        char *instance_id, *profile_id, *interface_id;
} NetworkVirtualPort;

typedef struct NetworkRate {
        uint64_t average, peak, floor; /* KiB/s, 0: not given */
        uint64_t burst;                /* KiB */
} NetworkRate;

typedef struct NetworkBandwidth {
        MaybeU32 class_id;
        NetworkRate inbound, outbound;
} NetworkBandwidth;

typedef struct NetworkVlanTag {
        MapItem item;
        MaybeU32 id;
        char *native_mode; /* "tagged", "untagged" */
} NetworkVlanTag;

typedef struct NetworkVlan {
        Tristate trunk;
        MAP_LIST(NetworkVlanTag) tags;
} NetworkVlan;

/* ---- addresses ---- */

typedef struct IpAddress {
        int family; /* AF_INET, AF_INET6 */
        uint8_t bytes[16];
} IpAddress;

int ip_parse(const char *text, IpAddress *ret); /* -EINVAL */
int ip_compare(const IpAddress *a, const IpAddress *b);
unsigned ip_bits(int family); /* 32 or 128 */
bool ip_same_net(const IpAddress *a, const IpAddress *b, unsigned prefix);
int ip_mask_prefix(const IpAddress *mask); /* -EINVAL when its ones don't come first */

typedef struct NetworkRoute {
        MapItem item;
        char *family, *address, *netmask, *gateway; /* family: "ipv4", "ipv6" or NULL */
        MaybeU32 prefix, metric;
} NetworkRoute;

typedef struct NetworkLease {
        MaybeU32 expiry; /* 0: never ends */
        char *unit;      /* "seconds", "minutes" (without one), "hours" */
} NetworkLease;

typedef struct NetworkRange {
        MapItem item;
        char *start, *end;
        NetworkLease *lease;
} NetworkRange;

typedef struct NetworkHost {
        MapItem item;
        char *mac, *id, *name, *ip; /* IPv4 has mac or name, IPv6 id or name */
        NetworkLease *lease;
} NetworkHost;

typedef struct NetworkIp {
        MapItem item;
        char *family, *address, *netmask;
        MaybeU32 prefix;
        Tristate local_ptr;
        char *tftp_root;
        MAP_LIST(NetworkRange) ranges;
        MAP_LIST(NetworkHost) hosts;
        char *bootp_file, *bootp_server;
} NetworkIp;

/* The length of the prefix from prefix, netmask or what the class of the address says; -EINVAL. */
int network_ip_prefix(const NetworkIp *ip);
bool network_ip_is_v6(const NetworkIp *ip);

/* ---- the network ---- */

typedef enum NetworkForward {
        FORWARD_NONE, /* isolated */
        FORWARD_NAT,
        FORWARD_ROUTE,
        FORWARD_OPEN,
        FORWARD_BRIDGE,
        FORWARD_PRIVATE,
        FORWARD_VEPA,
        FORWARD_PASSTHROUGH,
        FORWARD_HOSTDEV,
} NetworkForward;

extern const char *const network_forwards[];

/* Networks with a bridge of our own; the others lean on what the host has. */
#define FORWARD_OWN_BRIDGE \
        (BIT(FORWARD_NONE) | BIT(FORWARD_NAT) | BIT(FORWARD_ROUTE) | BIT(FORWARD_OPEN))

typedef struct NetworkForwardDev {
        MapItem item;
        char *dev;
        MaybeU32 connections; /* live */
} NetworkForwardDev;

typedef struct NetworkForwardAddress {
        MapItem item;
        char *type; /* "pci" */
        uint32_t domain, bus, slot, function;
        Tristate multifunction; /* means nothing here; libvirt's addresses have it everywhere */
        MaybeU32 connections;   /* live */
} NetworkForwardAddress;

typedef struct NetworkPortGroup {
        MapItem item;
        char *name;
        Tristate is_default, trust_rx_filters;
        NetworkVirtualPort *virtualport;
        NetworkBandwidth *bandwidth;
        NetworkVlan *vlan;
} NetworkPortGroup;

typedef struct DnsForwarder {
        MapItem item;
        char *domain, *address; /* one of them or both */
} DnsForwarder;

typedef struct DnsText {
        MapItem item;
        char *name, *value;
} DnsText;

typedef struct DnsService {
        MapItem item;
        char *service, *protocol, *domain, *target;
        MaybeU32 port, priority, weight;
} DnsService;

typedef struct DnsName {
        MapItem item;
        char *name;
} DnsName;

typedef struct DnsHost {
        MapItem item;
        char *ip;
        MAP_LIST(DnsName) names;
} DnsHost;

typedef struct NetworkOption {
        MapItem item;
        char *value;
} NetworkOption;

typedef struct NetworkConf {
        xmlDoc *document;
        char *name;
        Uuid uuid;
        bool metadata;
        MaybeU32 connections; /* live */
        Tristate ipv6;        /* guests may speak IPv6 to each other though the bridge has none */
        Tristate trust_rx_filters;
        NetworkForward forward;
        char *forward_dev;
        Tristate forward_managed;
        MAP_LIST(NetworkForwardDev) forward_devs, forward_pfs; /* at most one pf */
        MAP_LIST(NetworkForwardAddress) forward_addresses;
        char *forward_driver; /* "kvm", "vfio" */
        Tristate nat_ipv6;
        char *nat_start, *nat_end;
        uint32_t nat_port_start, nat_port_end; /* 0: as the host likes */
        char *bridge, *bridge_zone;
        Tristate stp;
        MaybeU32 delay; /* seconds */
        char *mac_table_manager; /* "kernel", "libvirt" */
        uint32_t mtu;
        MacAddress mac;
        char *domain;
        Tristate domain_local_only, domain_register;
        Tristate dns_enable, dns_forward_plain_names;
        MAP_LIST(DnsForwarder) dns_forwarders;
        MAP_LIST(DnsText) dns_texts;
        MAP_LIST(DnsService) dns_services;
        MAP_LIST(DnsHost) dns_hosts;
        NetworkBandwidth *bandwidth;
        NetworkVlan *vlan;
        Tristate port_isolated;
        NetworkVirtualPort *virtualport;
        MAP_LIST(NetworkIp) ips;
        MAP_LIST(NetworkRoute) routes;
        MAP_LIST(NetworkPortGroup) portgroups;
        MAP_LIST(NetworkOption) dnsmasq_options;
} NetworkConf;

DECLARE_CONF(NetworkConf, network);

/* The first ip element with DHCP of a family, or NULL. */
const NetworkIp *network_dhcp_ip(const NetworkConf *conf, bool v6);

/* The portgroup of a name; NULL: the default one. NULL if there is none. */
const NetworkPortGroup *network_portgroup(const NetworkConf *conf, const char *name);

/* virNetworkUpdateCommand, virNetworkUpdateSection */
typedef enum NetworkUpdateCommand {
        UPDATE_NONE,
        UPDATE_MODIFY,
        UPDATE_DELETE,
        UPDATE_ADD_LAST,
        UPDATE_ADD_FIRST,
} NetworkUpdateCommand;

typedef enum NetworkUpdateSection {
        SECTION_NONE,
        SECTION_BRIDGE,
        SECTION_DOMAIN,
        SECTION_IP,
        SECTION_IP_DHCP_HOST,
        SECTION_IP_DHCP_RANGE,
        SECTION_FORWARD,
        SECTION_FORWARD_INTERFACE,
        SECTION_FORWARD_PF,
        SECTION_PORTGROUP,
        SECTION_DNS_HOST,
        SECTION_DNS_TXT,
        SECTION_DNS_SRV,
} NetworkUpdateSection;

/* virNetworkUpdate: changes one element of a section, in document and struct. parent_index: which
 * ip element; -1: the one that fits. On failure the network is as it was (but for lack of memory).
 * Rules of the network as a whole are for network_conf_check(). */
int network_conf_update(NetworkConf *conf, uint32_t command, uint32_t section, int32_t parent_index,
                        const char *xml, Error *error);

/* ---- a port ---- */

typedef struct NetworkPortConf {
        xmlDoc *document;
        Uuid uuid;
        char *owner_name;
        Uuid owner_uuid;
        MacAddress mac;
        char *group;
        Tristate trust_rx_filters, isolated;
        NetworkVirtualPort *virtualport;
        NetworkBandwidth *bandwidth;
        NetworkVlan *vlan;
        char *plug; /* "network", "bridge", "direct", "hostdev-pci"; NULL: none */
        char *bridge, *mac_table_manager;
        char *dev, *mode;
        Tristate managed;
        char *driver;
        struct {
                uint32_t domain, bus, slot, function;
                Tristate multifunction;
        } address;
} NetworkPortConf;

DECLARE_CONF(NetworkPortConf, networkport);
