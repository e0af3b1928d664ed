/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of the host as a live resource: found by its name, has no uuid, is always active. */
#pragma once

#include "conf/node-device.h"
#include "drivers/defined.h"

typedef struct NodeDevice {
        Defined defined;
        char *parent;       /* its name; NULL: none */
        char *wwnn, *wwpn;  /* of a virtual host bus adapter; NULL: none */
        char **caps;        /* names of its capabilities' types, ends with NULL */
        uint32_t list_caps; /* their bits in virConnectListAllNodeDeviceFlags */
} NodeDevice;

extern const DefinedKind node_device_kind_defined;

static inline NodeDevice *node_device_of(Resource *resource) {
        return container_of(resource, NodeDevice, defined.resource);
}

int node_device_xml(const NodeDevice *device, uint32_t flags, char **ret, Error *error);
