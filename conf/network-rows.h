/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the network model share among themselves. */
#pragma once

#include "conf/network.h"
#include "conf/rows.h"

extern const MapElement network_element, network_host_element, network_range_element,
        network_forward_dev_element, network_portgroup_element, network_dns_host_element,
        network_txt_element, network_srv_element;

int network_complete(void *object, Error *error);
int network_check(const void *object, Error *error);
int networkport_complete(void *object, Error *error);
int networkport_check(const void *object, Error *error);

int network_check_ips(const NetworkConf *conf, Error *error);
int network_check_dns(const NetworkConf *conf, Error *error);

/* One element each; partial: enough to find another like it. */
int network_check_host(const NetworkHost *host, bool v6, bool partial, Error *error);
int network_check_range(const NetworkIp *ip, const NetworkRange *range, Error *error);
int network_check_dns_host(const DnsHost *host, bool partial, Error *error);
int network_check_dns_text(const DnsText *text, bool partial, Error *error);
int network_check_dns_service(const DnsService *service, bool partial, Error *error);

int network_check_portgroup(const NetworkConf *conf, const NetworkPortGroup *group, Error *error);

static inline bool mac_is_multicast(MacAddress mac) {
        return mac.bytes[0] & 1;
}
