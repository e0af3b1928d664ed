/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's API about networks, interfaces of the host and node devices; what drivers
 * need too is in conf/api.h. */
#pragma once

#include <stdint.h>

#include "conf/api.h"

/* virConnectListAllNetworksFlags */
enum {
        LIST_NETWORKS_INACTIVE = 1 << 0,
        LIST_NETWORKS_ACTIVE = 1 << 1,
        LIST_NETWORKS_PERSISTENT = 1 << 2,
        LIST_NETWORKS_TRANSIENT = 1 << 3,
        LIST_NETWORKS_AUTOSTART = 1 << 4,
        LIST_NETWORKS_NO_AUTOSTART = 1 << 5,
};

/* virConnectListAllInterfacesFlags */
enum { LIST_INTERFACES_INACTIVE = 1 << 0, LIST_INTERFACES_ACTIVE = 1 << 1 };

/* virConnectListAllNodeDeviceFlags: a bit for each capability (NodeCapability of
 * conf/node-device.h, up to vpd), and two above all */
#define LIST_NODE_DEVICES_CAPS UINT32_C(0x003fffff)
#define LIST_NODE_DEVICES_INACTIVE (UINT32_C(1) << 30)
#define LIST_NODE_DEVICES_ACTIVE (UINT32_C(1) << 31)
