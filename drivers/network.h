/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual network as a live resource. */
#pragma once

#include "conf/network.h"
#include "drivers/defined.h"

typedef struct Network {
        Defined defined;
        char *bridge; /* "": it has none */
        char **uses;  /* one for each interface of a running guest: the device of the host that it
                       * is on, "" where that doesn't matter */
        size_t n_uses;
} Network;

extern const DefinedKind network_kind_defined;

static inline Network *network_of(Resource *resource) {
        return container_of(resource, Network, defined.resource);
}

#define PCI_TEXT_MAX 32
/* "0000:01:00.1": a device of a pool; returns its argument. */
char *network_pci_text(const NetworkForwardAddress *address, char text[static PCI_TEXT_MAX]);

/* An interface of a running guest is on it from now on, or no longer; device may be NULL. They are
 * the connections that the live definition tells of. */
void network_use_add(Network *network, const char *device);
void network_use_drop(Network *network, const char *device);

/* Tree and view of what is in force, or of the persistent definition. */
int network_conf_of(const Network *network, bool live, NetworkConf **ret, Error *error);

/* virNetworkUpdate: the texts as they would be, NULL where they aren't touched. flags:
 * NETWORK_UPDATE_AFFECT_*; the state is checked. network_updated() puts them in force. */
typedef struct NetworkUpdate {
        uint32_t command, section;
        int32_t parent_index;
        const char *xml;
} NetworkUpdate;

int network_update(const Network *network, const NetworkUpdate *update, uint32_t flags,
                   char **ret_live, char **ret_persistent, Error *error);
int network_updated(Network *network, const char *live, const char *persistent, Error *error);

/* The text that GetXMLDesc(flags) answers (virNetworkXMLFlags). Newly allocated. */
int network_xml(const Network *network, uint32_t flags, char **ret, Error *error);
