/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of the host as a live resource: found by its name, has no uuid, is always active. */
#pragma once

#include "conf/node-device.h"
#include "drivers/defined.h"

typedef struct NodeDevice {
        Defined defined;
        char *parent;       /* its name; NULL: none */
        char *wwnn, *wwpn;  /* of a fibre channel host bus adapter; NULL: none */
        const char **caps;       /* names of its capabilities' types, ends with NULL; not copied */
        uint32_t list_caps; /* their bits in virConnectListAllNodeDeviceFlags */
} NodeDevice;

extern const DefinedKind node_device_kind_defined;

static inline NodeDevice *node_device_of(Resource *resource) {
        return container_of(resource, NodeDevice, defined.resource);
}

/* virNodeDeviceEventLifecycleType: type of EVENT_LIFECYCLE */
typedef enum NodeDeviceEvent {
        NODE_DEVICE_CREATED,
        NODE_DEVICE_DELETED,
        NODE_DEVICE_DEFINED,
        NODE_DEVICE_UNDEFINED,
} NodeDeviceEvent;

/* A device that is there, and one that went away: attached and detached with their events. */
int node_device_add(Connection *connection, NodeDeviceConf *conf, NodeDevice **ret, Error *error);
void node_device_remove(NodeDevice *device);

/* The adapter with these names, in upper or lower case; borrowed or NULL. */
NodeDevice *node_device_by_wwn(Connection *connection, const char *wwnn, const char *wwpn);

int node_device_conf_of(const NodeDevice *device, NodeDeviceConf **ret, Error *error);

/* The text that GetXMLDesc(flags) answers. Newly allocated. */
int node_device_xml(const NodeDevice *device, uint32_t flags, char **ret, Error *error);
