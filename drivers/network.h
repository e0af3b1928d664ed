/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual network as a live resource. */
#pragma once

#include "conf/network.h"
#include "drivers/defined.h"

typedef struct Network {
        Defined defined;
        char *bridge; /* "": it has none */
} Network;

extern const DefinedKind network_kind_defined;

static inline Network *network_of(Resource *resource) {
        return container_of(resource, Network, defined.resource);
}

/* Tree and view of what is in force, or of the persistent definition. */
int network_conf_of(const Network *network, bool live, NetworkConf **ret, Error *error);

/* The text that GetXMLDesc(flags) answers (virNetworkXMLFlags). Newly allocated. */
int network_xml(const Network *network, uint32_t flags, char **ret, Error *error);
