/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.NodeDevice: its kind, rows and handlers. */
#include "drivers/node-device.h"

#include "conf/api-network.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define NODE_DEVICES(op) { true, offsetof(Driver, node_devices), offsetof(NodeDeviceOps, op) }

/* ---- on a connection ---- */

static uint32_t capabilities(const Resource *resource) {
        return container_of(resource, NodeDevice, defined.resource)->list_caps;
}

static const Filter filters[] = {
        { LIST_NODE_DEVICES_CAPS, .bits = capabilities },
        { LIST_NODE_DEVICES_ACTIVE, LIST_NODE_DEVICES_INACTIVE, is_active },
        {}
};

int connect_list_node_devices(Request *request, Error *error) {
        return reply_list(request, &node_device_objects, NULL, filters, error);
}

int connect_node_device_by_name(Request *request, Error *error) {
        return reply_by_name(request, &node_device_objects, NULL, error);
}

int connect_node_device_by_wwn(Request *request, Error *error) {
        const NodeDevice *device;
        const char *wwnn, *wwpn;
        int r = need_kind(request, &node_device_objects, error);

        if (r >= 0)
                r = request_read(request, error, &wwnn, &wwpn, NULL);
        if (r < 0)
                return r;
        device = node_device_by_wwn(request->object.connection, wwnn, wwpn);
        if (!device)
                return fail(error, ERROR_NO_NODE_DEVICE,
                            "no scsi_host with matching wwnn '%s' and wwpn '%s'", wwnn, wwpn);
        return reply_resource(request, &device->defined.resource);
}

/* ---- methods ---- */

DEFINE_CALL(call_plain, NodeDevice, node_device_of);
DEFINE_GET_XML(get_xml, node_device_of, node_device_xml);

static int detach(Request *request, Error *error) {
        int (*operation)(NodeDevice *, const char *, uint32_t, Job *, Error *);
        const char *driver;
        int r = request_read(request, error, &driver, NULL);

        if (r < 0)
                return r;
        operation = request_operation(request);
        return operation(node_device_of(request->object.resource), *driver ? driver : NULL,
                         request->flags, &request->job, error);
}

static int list_capabilities(Request *request, Error *error) {
        const NodeDevice *device = node_device_of(request->object.resource);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = request_reply_begin(request, &reply);

        if (r >= 0)
                r = sd_bus_message_append_strv(reply, (char **) device->caps);
        return r < 0 ? r : request_reply_send(request, reply);
}

static int get_parent(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", node_device_of(object->resource)->parent ?: "");
}

/* ---- rows ---- */

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Destroy", "", "", "", "virNodeDeviceDestroy", MAY("node_device:stop"),
          NODE_DEVICES(destroy), 0, call_plain, CHANGES },
        { "Detach", "su", "", "driverName\0flags\0", "virNodeDeviceDetachFlags",
          MAY("node_device:detach"), NODE_DEVICES(detach), 0, detach, CHANGES },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virNodeDeviceGetXMLDesc",
          MAY("node_device:read"), NO_OP, 0, get_xml },
        { "ListCaps", "", "as", "names\0", "virNodeDeviceListCaps", MAY("node_device:read"), NO_OP,
          0, list_capabilities },
        { "ReAttach", "", "", "", "virNodeDeviceReAttach", MAY("node_device:detach"),
          NODE_DEVICES(reattach), 0, call_plain, CHANGES },
        { "Reset", "", "", "", "virNodeDeviceReset", MAY("node_device:detach"),
          NODE_DEVICES(reset), 0, call_plain, CHANGES },
        {}
};

static const Property properties[] = {
        { "Name",   "s", MAY("node_device:getattr"), get_name,   .constant = true },
        { "Parent", "s", MAY("node_device:read"),    get_parent, .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.NodeDevice",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        return sd_bus_message_append(call, "{ss}", "node_device_name", resource->name);
}

const Kind node_device_objects = {
        .folder = "nodedev",
        .resource = RESOURCE_NODE_DEVICE,
        .noun = "node device",
        .rights = "node_device",
        .group = offsetof(Driver, node_devices),
        .interfaces = interfaces,
        .find = find_by_name,
        .leaf = leaf_of_name,
        .listed = defined_listed,
        .details = details,
};
