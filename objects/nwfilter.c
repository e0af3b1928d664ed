/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.NWFilter: its kind, rows and handlers. */
#include "drivers/nwfilter.h"

#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define NWFILTERS(op) { true, offsetof(Driver, nwfilters), offsetof(NwfilterOps, op) }

/* ---- on a connection ---- */

int connect_list_nwfilters(Request *request, Error *error) {
        return reply_list(request, &nwfilter_objects, NULL, NULL, error);
}

int connect_nwfilter_by_name(Request *request, Error *error) {
        return reply_by_name(request, &nwfilter_objects, NULL, error);
}

int connect_nwfilter_by_uuid(Request *request, Error *error) {
        return reply_by_uuid(request, &nwfilter_objects, error);
}

/* ---- rows ---- */

DEFINE_CALL(call_plain, Defined, defined_of);
DEFINE_GET_XML(get_xml, defined_of, nwfilter_xml);

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virNWFilterGetXMLDesc", MAY("nwfilter:read"),
          NO_OP, 0, get_xml },
        { "Undefine", "", "", "", "virNWFilterUndefine", MAY("nwfilter:delete"),
          NWFILTERS(undefine), 0, call_plain, CHANGES },
        {}
};

static const Property properties[] = {
        { "Name", "s", MAY("nwfilter:getattr"), get_name, .constant = true },
        { "UUID", "s", MAY("nwfilter:getattr"), get_uuid, .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.NWFilter",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        return append_name_and_uuid(call, "nwfilter_name", "nwfilter_uuid", resource);
}

const Kind nwfilter_objects = {
        .folder = "nwfilter",
        .resource = RESOURCE_NWFILTER,
        .noun = "nwfilter",
        .rights = "nwfilter",
        .group = offsetof(Driver, nwfilters),
        .interfaces = interfaces,
        .find = find_by_uuid,
        .leaf = leaf_of_uuid,
        .listed = defined_listed,
        .details = details,
};
