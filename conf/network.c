/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <network> and <networkport>: their rows. */
#include "conf/network-rows.h"

const char *const network_forwards[] = {
        "none", "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev", NULL,
};
static const char *const family_words[] = { "ipv4", "ipv6", NULL };
static const char *const table_manager_words[] = { "kernel", "libvirt", NULL };
static const char *const driver_words[] = { "kvm", "vfio", NULL };

/* ---- shared ---- */

#define PARAMETER(name) "parameters/@" name

static const MapElement virtualport_element = { "virtualport", sizeof(NetworkVirtualPort),
                                                (const MapField[]) {
        WORD  ("@type",                    NetworkVirtualPort, type,
               WORDS("none", "802.1Qbg", "802.1Qbh", "openvswitch", "midonet")),
        MAYBE (PARAMETER("managerid"),     NetworkVirtualPort, manager_id),
        MAYBE (PARAMETER("typeid"),        NetworkVirtualPort, type_id),
        MAYBE (PARAMETER("typeidversion"), NetworkVirtualPort, type_id_version),
        STRING(PARAMETER("instanceid"),    NetworkVirtualPort, instance_id),
        STRING(PARAMETER("profileid"),     NetworkVirtualPort, profile_id),
        STRING(PARAMETER("interfaceid"),   NetworkVirtualPort, interface_id),
        {}
} };

static const MapElement rate_element = { "inbound", sizeof(NetworkRate), (const MapField[]) {
        U64("@average", NetworkRate, average),
        U64("@peak",    NetworkRate, peak),
        U64("@floor",   NetworkRate, floor),
        U64("@burst",   NetworkRate, burst),
        {}
} };

static const MapElement bandwidth_element = { "bandwidth", sizeof(NetworkBandwidth),
                                              (const MapField[]) {
        MAYBE ("@classID", NetworkBandwidth, class_id),
        STRUCT("inbound",  NetworkBandwidth, inbound, NetworkRate, &rate_element),
        STRUCT("outbound", NetworkBandwidth, outbound, NetworkRate, &rate_element),
        {}
} };

static const MapElement tag_element = { "tag", sizeof(NetworkVlanTag), (const MapField[]) {
        MAYBE("@id",         NetworkVlanTag, id, REQUIRED),
        WORD ("@nativeMode", NetworkVlanTag, native_mode, WORDS("default", "tagged", "untagged")),
        {}
} };

static const MapElement vlan_element = { "vlan", sizeof(NetworkVlan), (const MapField[]) {
        YES_NO("@trunk", NetworkVlan, trunk),
        LIST  ("tag",    NetworkVlan, tags, NetworkVlanTag, &tag_element),
        {}
} };

#define SHARED_ROWS(S)                                                                     \
        OPTIONAL("virtualport", S, virtualport, NetworkVirtualPort, &virtualport_element), \
        OPTIONAL("bandwidth", S, bandwidth, NetworkBandwidth, &bandwidth_element),         \
        OPTIONAL("vlan", S, vlan, NetworkVlan, &vlan_element)

/* ---- ip ---- */

static const MapElement route_element = { "route", sizeof(NetworkRoute), (const MapField[]) {
        WORD  ("@family",  NetworkRoute, family, family_words),
        STRING("@address", NetworkRoute, address, REQUIRED),
        STRING("@netmask", NetworkRoute, netmask),
        MAYBE ("@prefix",  NetworkRoute, prefix),
        STRING("@gateway", NetworkRoute, gateway, REQUIRED),
        MAYBE ("@metric",  NetworkRoute, metric),
        {}
} };

static const MapElement lease_element = { "lease", sizeof(NetworkLease), (const MapField[]) {
        MAYBE("@expiry", NetworkLease, expiry),
        WORD ("@unit",   NetworkLease, unit, WORDS("seconds", "minutes", "hours")),
        {}
} };

const MapElement network_range_element = { "range", sizeof(NetworkRange), (const MapField[]) {
        STRING  ("@start", NetworkRange, start, REQUIRED),
        STRING  ("@end",   NetworkRange, end, REQUIRED),
        OPTIONAL("lease",  NetworkRange, lease, NetworkLease, &lease_element),
        {}
} };

const MapElement network_host_element = { "host", sizeof(NetworkHost), (const MapField[]) {
        STRING  ("@mac",  NetworkHost, mac),
        STRING  ("@id",   NetworkHost, id),
        STRING  ("@name", NetworkHost, name),
        STRING  ("@ip",   NetworkHost, ip),
        OPTIONAL("lease", NetworkHost, lease, NetworkLease, &lease_element),
        {}
} };

static const MapElement ip_element = { "ip", sizeof(NetworkIp), (const MapField[]) {
        WORD  ("@family",   NetworkIp, family, family_words),
        STRING("@address",  NetworkIp, address),
        STRING("@netmask",  NetworkIp, netmask),
        MAYBE ("@prefix",   NetworkIp, prefix),
        YES_NO("@localPtr", NetworkIp, local_ptr),
        STRING("tftp/@root", NetworkIp, tftp_root),
        LIST  ("dhcp/range", NetworkIp, ranges, NetworkRange, &network_range_element),
        LIST  ("dhcp/host", NetworkIp, hosts, NetworkHost, &network_host_element),
        STRING("dhcp/bootp/@file", NetworkIp, bootp_file),
        STRING("dhcp/bootp/@server", NetworkIp, bootp_server),
        {}
} };

/* ---- dns ---- */

static const MapElement forwarder_element = { "forwarder", sizeof(DnsForwarder),
                                              (const MapField[]) {
        STRING("@domain", DnsForwarder, domain),
        STRING("@addr",   DnsForwarder, address),
        {}
} };

const MapElement network_txt_element = { "txt", sizeof(DnsText), (const MapField[]) {
        STRING("@name",  DnsText, name),
        STRING("@value", DnsText, value),
        {}
} };

const MapElement network_srv_element = { "srv", sizeof(DnsService), (const MapField[]) {
        STRING("@service",  DnsService, service),
        STRING("@protocol", DnsService, protocol),
        STRING("@domain",   DnsService, domain),
        STRING("@target",   DnsService, target),
        MAYBE ("@port",     DnsService, port),
        MAYBE ("@priority", DnsService, priority),
        MAYBE ("@weight",   DnsService, weight),
        {}
} };

static const MapElement hostname_element = { "hostname", sizeof(DnsName), (const MapField[]) {
        STRING(".", DnsName, name),
        {}
} };

const MapElement network_dns_host_element = { "host", sizeof(DnsHost), (const MapField[]) {
        STRING("@ip",      DnsHost, ip),
        LIST  ("hostname", DnsHost, names, DnsName, &hostname_element),
        {}
} };

/* ---- forward, portgroup ---- */

const MapElement network_forward_dev_element = { "interface", sizeof(NetworkForwardDev),
                                         (const MapField[]) {
        STRING("@dev",         NetworkForwardDev, dev, REQUIRED),
        MAYBE ("@connections", NetworkForwardDev, connections, LIVE),
        {}
} };

static const MapElement forward_address_element = { "address", sizeof(NetworkForwardAddress),
                                                    (const MapField[]) {
        WORD ("@type",        NetworkForwardAddress, type, WORDS("pci"), REQUIRED),
        HEX4 ("@domain",      NetworkForwardAddress, domain, EXPLICIT),
        HEX  ("@bus",         NetworkForwardAddress, bus, EXPLICIT),
        HEX  ("@slot",        NetworkForwardAddress, slot, EXPLICIT),
        HEX1 ("@function",    NetworkForwardAddress, function, EXPLICIT),
        ON_OFF("@multifunction", NetworkForwardAddress, multifunction),
        MAYBE("@connections", NetworkForwardAddress, connections, LIVE),
        {}
} };

const MapElement network_portgroup_element = { "portgroup", sizeof(NetworkPortGroup),
                                       (const MapField[]) {
        STRING("@name",                NetworkPortGroup, name, REQUIRED),
        YES_NO("@default",             NetworkPortGroup, is_default),
        YES_NO("@trustGuestRxFilters", NetworkPortGroup, trust_rx_filters),
        SHARED_ROWS(NetworkPortGroup),
        {}
} };

static const MapElement option_element = { "option", sizeof(NetworkOption), (const MapField[]) {
        STRING("@value", NetworkOption, value, REQUIRED),
        {}
} };

/* ---- network ---- */

#define FORWARD_LIST(name, m, T, element) LIST("forward/" name, NetworkConf, m, T, &element)
#define DNS_LIST(name, m, T, element) LIST("dns/" name, NetworkConf, m, T, &element)

const MapElement network_element = { "network", sizeof(NetworkConf), (const MapField[]) {
        MAYBE ("@connections",             NetworkConf, connections, LIVE),
        YES_NO("@ipv6",                    NetworkConf, ipv6),
        YES_NO("@trustGuestRxFilters",     NetworkConf, trust_rx_filters),
        STRING("name",                     NetworkConf, name, REQUIRED),
        UUID  ("uuid",                     NetworkConf, uuid, CANONICAL),
        OPAQUE("metadata",                 NetworkConf, metadata),
        STRING("forward/@dev",             NetworkConf, forward_dev),
        ENUM  ("forward/@mode",            NetworkConf, forward, network_forwards),
        YES_NO("forward/@managed",         NetworkConf, forward_managed),
        WORD  ("forward/driver/@name",     NetworkConf, forward_driver, driver_words),
        YES_NO("forward/nat/@ipv6",        NetworkConf, nat_ipv6),
        STRING("forward/nat/address/@start", NetworkConf, nat_start),
        STRING("forward/nat/address/@end", NetworkConf, nat_end),
        U32   ("forward/nat/port/@start",  NetworkConf, nat_port_start),
        U32   ("forward/nat/port/@end",    NetworkConf, nat_port_end),
        FORWARD_LIST("pf",                 forward_pfs, NetworkForwardDev,
                     network_forward_dev_element),
        FORWARD_LIST("interface",          forward_devs, NetworkForwardDev,
                     network_forward_dev_element),
        FORWARD_LIST("address",            forward_addresses, NetworkForwardAddress,
                     forward_address_element),
        STRING("bridge/@name",             NetworkConf, bridge),
        STRING("bridge/@zone",             NetworkConf, bridge_zone),
        ON_OFF("bridge/@stp",              NetworkConf, stp),
        MAYBE ("bridge/@delay",            NetworkConf, delay),
        WORD  ("bridge/@macTableManager",  NetworkConf, mac_table_manager, table_manager_words),
        U32   ("mtu/@size",                NetworkConf, mtu),
        MAC   ("mac/@address",             NetworkConf, mac, CANONICAL),
        STRING("domain/@name",             NetworkConf, domain),
        YES_NO("domain/@localOnly",        NetworkConf, domain_local_only),
        YES_NO("domain/@register",         NetworkConf, domain_register),
        YES_NO("dns/@enable",              NetworkConf, dns_enable),
        YES_NO("dns/@forwardPlainNames",   NetworkConf, dns_forward_plain_names),
        DNS_LIST("forwarder",              dns_forwarders, DnsForwarder, forwarder_element),
        DNS_LIST("txt",                    dns_texts, DnsText, network_txt_element),
        DNS_LIST("srv",                    dns_services, DnsService, network_srv_element),
        DNS_LIST("host",                   dns_hosts, DnsHost, network_dns_host_element),
        OPTIONAL("bandwidth",              NetworkConf, bandwidth, NetworkBandwidth,
                 &bandwidth_element),
        OPTIONAL("vlan",                   NetworkConf, vlan, NetworkVlan, &vlan_element),
        YES_NO("port/@isolated",           NetworkConf, port_isolated),
        LIST  ("ip",                       NetworkConf, ips, NetworkIp, &ip_element),
        LIST  ("route",                    NetworkConf, routes, NetworkRoute, &route_element),
        OPTIONAL("virtualport",            NetworkConf, virtualport, NetworkVirtualPort,
                 &virtualport_element),
        LIST  ("portgroup",                NetworkConf, portgroups, NetworkPortGroup,
               &network_portgroup_element),
        LIST  ("dnsmasq:options/dnsmasq:option", NetworkConf, dnsmasq_options, NetworkOption,
               &option_element),
        {}
} };

const DocumentKind network_kind = {
        &network_element, network_complete, network_check, NULL,
};

/* ---- port ---- */

static const MapElement networkport_element = { "networkport", sizeof(NetworkPortConf),
                                                (const MapField[]) {
        UUID  ("uuid",                   NetworkPortConf, uuid, CANONICAL),
        STRING("owner/name",             NetworkPortConf, owner_name, REQUIRED),
        UUID  ("owner/uuid",             NetworkPortConf, owner_uuid, REQUIRED),
        MAC   ("mac/@address",           NetworkPortConf, mac, REQUIRED),
        STRING("group",                  NetworkPortConf, group),
        SHARED_ROWS(NetworkPortConf),
        YES_NO("port/@isolated",         NetworkPortConf, isolated),
        YES_NO("rxfilters/@trustGuest",  NetworkPortConf, trust_rx_filters),
        WORD  ("plug/@type",             NetworkPortConf, plug,
               WORDS("none", "network", "bridge", "direct", "hostdev-pci")),
        STRING("plug/@bridge",           NetworkPortConf, bridge),
        WORD  ("plug/@macTableManager",  NetworkPortConf, mac_table_manager, table_manager_words),
        STRING("plug/@dev",              NetworkPortConf, dev),
        WORD  ("plug/@mode",             NetworkPortConf, mode,
               WORDS("vepa", "private", "bridge", "passthrough")),
        YES_NO("plug/@managed",          NetworkPortConf, managed),
        WORD  ("plug/driver/@name",      NetworkPortConf, driver, driver_words),
        HEX4  ("plug/address/@domain",   NetworkPortConf, address.domain),
        HEX   ("plug/address/@bus",      NetworkPortConf, address.bus),
        HEX   ("plug/address/@slot",     NetworkPortConf, address.slot),
        HEX1  ("plug/address/@function", NetworkPortConf, address.function),
        ON_OFF("plug/address/@multifunction", NetworkPortConf, address.multifunction),
        {}
} };

const DocumentKind networkport_kind = {
        &networkport_element, networkport_complete, networkport_check, NULL,
};
