/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Interface, an interface of the host: its kind, rows and handlers. */
#include "drivers/interface.h"

#include <string.h>

#include "conf/api-network.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define INTERFACES(op) { true, offsetof(Driver, interfaces), offsetof(InterfaceOps, op) }

/* ---- on a connection ---- */

static const Filter filters[] = {
        { LIST_INTERFACES_ACTIVE, LIST_INTERFACES_INACTIVE, is_active },
        {}
};

int connect_list_interfaces(Request *request, Error *error) {
        return reply_list(request, &interface_objects, NULL, filters, error);
}

int connect_interface_by_name(Request *request, Error *error) {
        return reply_by_name(request, &interface_objects, NULL, error);
}

/* A bridge and the port whose address it took have the same one: then only names tell. */
int connect_interface_by_mac(Request *request, Error *error) {
        const HostInterface *found;
        const char *mac;
        size_t n;
        int r = need_kind(request, &interface_objects, error);

        if (r >= 0)
                r = request_read(request, error, &mac);
        if (r < 0)
                return r;
        found = host_interface_by_mac(request->object.connection, mac, &n);
        if (n > 1)
                return fail(error, ERROR_MULTIPLE_INTERFACES, "%zu have the address '%s'", n, mac);
        return reply_found(request, &interface_objects, found ? &found->defined.resource : NULL,
                           "mac", mac, error);
}

/* ---- rows ---- */

DEFINE_CALL(call_plain, HostInterface, host_interface_of);
DEFINE_CALL_FLAGS(call_flags, HostInterface, host_interface_of);
DEFINE_GET_XML(get_xml, host_interface_of, host_interface_xml);

static int get_mac(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", host_interface_of(object->resource)->mac);
}

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "Create", "u", "", "flags\0", "virInterfaceCreate", MAY("interface:start"),
          INTERFACES(start), 0, call_flags, CHANGES },
        { "Destroy", "u", "", "flags\0", "virInterfaceDestroy", MAY("interface:stop"),
          INTERFACES(destroy), 0, call_flags, CHANGES },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virInterfaceGetXMLDesc", MAY("interface:read"),
          NO_OP, XML_INACTIVE, get_xml },
        { "Undefine", "", "", "", "virInterfaceUndefine", MAY("interface:delete"),
          INTERFACES(undefine), 0, call_plain, CHANGES },
        {}
};

static const Property properties[] = {
        { "Active", "b", MAY("interface:read"),    get_active, PROPERTY_ACTIVE },
        { "MAC",    "s", MAY("interface:getattr"), get_mac,    .constant = true },
        { "Name",   "s", MAY("interface:getattr"), get_name,   .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.Interface",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

/* ---- the kind ---- */

/* Its MAC address where that isn't another's already. */
static const char *leaf_text(const Resource *resource) {
        return resource->key ?: resource->name;
}

static int leaf(const Resource *resource, char *to, size_t size) {
        return path_encode(leaf_text(resource), to, size);
}

static Resource *find(Connection *connection, ResourceKind kind, const char *encoded) {
        const ResourceSet *set = connection_set(connection, kind);
        _cleanup_(freep) char *text = path_decode(encoded);
        Resource *found;

        if (!text)
                return NULL;
        found = resource_set_by_key(set, text) ?: resource_set_by_name(set, text);
        return found && strcmp(leaf_text(found), text) == 0 ? found : NULL;
}

static int details(const Resource *resource, sd_bus_message *call) {
        const char *mac = container_of(resource, HostInterface, defined.resource)->mac;

        return sd_bus_message_append(call, "{ss}{ss}", "interface_name", resource->name,
                                     "interface_macaddr", mac);
}

const Kind interface_objects = {
        .folder = "interface",
        .resource = RESOURCE_INTERFACE,
        .noun = "interface",
        .rights = "interface",
        .group = offsetof(Driver, interfaces),
        .interfaces = interfaces,
        .find = find,
        .leaf = leaf,
        .listed = defined_listed,
        .details = details,
};
