/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of an interface that joins a network of this host: join-plan.c finds it out,
 * join-network.c does it. */
#pragma once

#include "drivers/network/attach.h"
#include "drivers/qemu/join.h"

/* What its definition and its network make of it. Borrowed of both. */
typedef struct Join {
        NetworkPlug plug; /* its network NULL: it is on none of ours */
        const char *bridge, *dev, *mode;
        uint32_t mtu;
        bool isolated, learns_nothing, trusted;
        struct {
                const char *type, *profile, *interface;
        } port;                  /* virtualport */
        const NetworkVlan *vlan; /* of the network; its own is in the definition */
        NetworkRate inbound, outbound;
} Join;

void join_done(Join *join);
/* A port of a bridge of Open vSwitch. */
bool join_is_switched(const Join *join);

/* Finds out, and refuses what can't be had. Nothing is changed. */
int join_plan(Domain *domain, const DomainNet *net, Join *ret, Error *error);

/* Counts it among those of its network, or no longer. */
void join_count(Domain *domain, const DomainNet *net, bool there);

/* ---- join-pool.c ---- */

/* The virtual function of a card gets the interface's address and vlan, its own or else this. */
int function_take(const DomainNet *net, const NetworkVlan *vlan, Error *error);
void function_give_back(const DomainNet *net);

/* What the network adds is written into the definition: it is shown there, and found again when it
 * is to be taken away. old: as it was before a change, or NULL. */
int join_note(DomainNet *net, const Join *join, const DomainNet *old, Error *error);
