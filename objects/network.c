/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Network: its kind, rows and handlers. */
#include "drivers/network.h"

#include "conf/api-network.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define NETWORKS(op) { true, offsetof(Driver, networks), offsetof(NetworkOps, op) }

/* ---- on a connection ---- */

static const Filter filters[] = {
        { LIST_NETWORKS_ACTIVE, LIST_NETWORKS_INACTIVE, is_active },
        { LIST_NETWORKS_PERSISTENT, LIST_NETWORKS_TRANSIENT, is_persistent },
        { LIST_NETWORKS_AUTOSTART, LIST_NETWORKS_NO_AUTOSTART, is_autostarted },
        {}
};

int connect_list_networks(Request *request, Error *error) {
        return reply_list(request, &network_objects, NULL, filters, error);
}

int connect_network_by_name(Request *request, Error *error) {
        return reply_by_name(request, &network_objects, NULL, error);
}

int connect_network_by_uuid(Request *request, Error *error) {
        return reply_by_uuid(request, &network_objects, error);
}

/* ---- methods ---- */

DEFINE_CALL(call_plain, Network, network_of);
DEFINE_GET_XML(get_xml, network_of, network_xml);

static int get_leases(Request *request, Error *error) {
        int (*leases)(Network *, const char *, uint32_t, Job *, Error *);
        const char *mac;
        int r = request_read(request, error, &mac, NULL);

        if (r < 0)
                return r;
        leases = request_operation(request);
        return leases(network_of(request->object.resource), *mac ? mac : NULL, request->flags,
                      &request->job, error);
}

static int update(Request *request, Error *error) {
        int (*operation)(Network *, uint32_t, uint32_t, int32_t, const char *, uint32_t, Job *,
                         Error *);
        uint32_t command, section;
        int32_t parent_index;
        const char *xml;
        int r = request_read(request, error, &command, &section, &parent_index, &xml, NULL);

        if (r < 0)
                return r;
        operation = request_operation(request);
        return operation(network_of(request->object.resource), command, section, parent_index, xml,
                         request->flags, &request->job, error);
}

/* ---- rows ---- */

enum { AFFECT = NETWORK_UPDATE_AFFECT_LIVE | NETWORK_UPDATE_AFFECT_CONFIG };

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Create", "", "", "", "virNetworkCreate", MAY("network:start"), NETWORKS(start), 0,
          call_plain, CHANGES },
        { "Destroy", "", "", "", "virNetworkDestroy", MAY("network:stop"), NETWORKS(destroy), 0,
          call_plain, CHANGES },
        { "GetDHCPLeases", "su", "a(sxisssuss)", "mac\0flags\0leases\0", "virNetworkGetDHCPLeases",
          MAY("network:read"), NETWORKS(leases), 0, get_leases },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virNetworkGetXMLDesc", MAY("network:read"),
          NO_OP, XML_INACTIVE, get_xml },
        { "Undefine", "", "", "", "virNetworkUndefine", MAY("network:delete"), NETWORKS(undefine),
          0, call_plain, CHANGES },
        { "Update", "uuisu", "", "command\0section\0parentIndex\0xml\0flags\0", "virNetworkUpdate",
          NEEDS({ "network:write" }, { "network:save", WITH_NONE, AFFECT },
                { "network:save", WITH_ANY, NETWORK_UPDATE_AFFECT_CONFIG }),
          NETWORKS(update), AFFECT, update, CHANGES },
        {}
};

static const Property properties[] = {
        { "Active",     "b", MAY("network:read"),    get_active,     PROPERTY_ACTIVE },
        { "Autostart",  "b", MAY("network:read"),    get_autostart,  PROPERTY_AUTOSTART,
          .set = set_autostart, .set_permissions = MAY("network:write") },
        { "Name",       "s", MAY("network:getattr"), get_name,       .constant = true },
        { "Persistent", "b", MAY("network:read"),    get_persistent, PROPERTY_PERSISTENT },
        { "UUID",       "s", MAY("network:getattr"), get_uuid,       .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.Network",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, &virtbus_network_interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        return append_name_and_uuid(call, "network_name", "network_uuid", resource);
}

const Kind network_objects = {
        .folder = "network",
        .resource = RESOURCE_NETWORK,
        .noun = "network",
        .rights = "network",
        .group = offsetof(Driver, networks),
        .interfaces = interfaces,
        .find = find_by_uuid,
        .leaf = leaf_of_uuid,
        .listed = defined_listed,
        .details = details,
};
