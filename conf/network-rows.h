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
