/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network interface of the host as a live resource. */
#pragma once

#include "conf/interface.h"
#include "drivers/defined.h"

typedef struct HostInterface {
        Defined defined;
        char *mac; /* "": it has none */
} HostInterface;

extern const DefinedKind interface_kind_defined;

static inline HostInterface *host_interface_of(Resource *resource) {
        return container_of(resource, HostInterface, defined.resource);
}

/* The first with this MAC address, in any spelling; borrowed or NULL. *ret_n: how many have it. */
HostInterface *host_interface_by_mac(Connection *connection, const char *mac, size_t *ret_n);

/* Makes or redefines the interface of a name. The first that comes with a MAC address has that as
 * its key, for as long as it exists; those that have the same one have none. */
int host_interface_define(Connection *connection, const char *name, const char *text,
                          Defined **ret, Error *error);

/* The text that GetXMLDesc(flags) answers. Newly allocated. */
int host_interface_xml(const HostInterface *interface, uint32_t flags, char **ret, Error *error);
