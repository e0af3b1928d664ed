/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface of a guest needs to know of the network it joins. */
#pragma once

#include "drivers/network.h"

typedef enum NetworkPlugKind {
        PLUG_BRIDGE,  /* a tap on bridge */
        PLUG_DIRECT,  /* macvtap on dev, in mode */
        PLUG_HOSTDEV, /* a PCI function of the host, at address */
} NetworkPlugKind;

typedef struct NetworkPlug {
        Network *network;  /* borrowed */
        NetworkConf *conf; /* the live definition */
        NetworkPlugKind kind;
        const char *bridge; /* borrowed of conf, like all below; NULL: none */
        const char *dev;    /* the one that the fewest guests use */
        const char *mode;   /* "bridge", "private", "vepa", "passthrough" */
        NetworkForwardAddress address;
        const NetworkPortGroup *group; /* that was asked for, or the default one; NULL: none */
        const NetworkVirtualPort *virtualport; /* the group's, else the network's; or NULL */
        const NetworkBandwidth *bandwidth;     /* the group's; or NULL */
        const NetworkVlan *vlan;               /* the group's, else the network's; or NULL */
        uint32_t mtu;                          /* 0: the kernel's */
        bool isolated;                         /* from the other isolated ports of its bridge */
        bool learns_nothing; /* macTableManager='libvirt': no learning, no flooding */
        Tristate trust_rx_filters;
} NetworkPlug;

/* Resolves a network by name for an interface that asks for this portgroup (NULL: the default one).
 * Refused: one that isn't there or isn't active, or a portgroup that it doesn't have. Cleared by
 * network_plug_clear(). */
int network_plug(Connection *connection, const char *network, const char *portgroup,
                 NetworkPlug *ret, Error *error);
void network_plug_clear(NetworkPlug *plug);

/* How many interfaces of running guests are on it; whoever plugs in adds one, also when it finds a
 * running guest again, and drops it at the end. Not kept in files. device: of a pool of devices the
 * one that is used, or NULL. */
void network_user_add_on(Network *network, const char *device);
void network_user_drop_on(Network *network, const char *device);
void network_user_add(Network *network);
void network_user_drop(Network *network);
unsigned network_users(const Network *network);
