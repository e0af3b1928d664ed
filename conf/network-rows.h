/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the network model share among themselves. */
#pragma once

#include "conf/network.h"
#include "conf/rows.h"

extern const MapElement network_element, ip_element, host_element, range_element,
        forward_dev_element, portgroup_element, dns_host_element, txt_element, srv_element,
        route_element;

int network_complete(void *object, Error *error);
int network_check(const void *object, Error *error);
int networkport_complete(void *object, Error *error);
int networkport_check(const void *object, Error *error);
