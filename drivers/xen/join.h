/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How interfaces of a Xen guest join networks of this host, and leave them again.
 *
 * A vif is made by netback and put on its bridge by libxl's script, so a guest of Xen joins in two
 * steps. Before it is built, what its network says is found out and written into the live
 * definition, which is what libxl is told. Before it runs for the first time, what libxl has no
 * word for is set on the vif that is there by then: limits of what the guest gets, isolation,
 * filters. What isn't gone with the vif has a name that follows from target/@dev, so that the live
 * definition is enough to take it away. */
#pragma once

#include "drivers/xen/guest.h"

/* Finds out what an interface is on, and writes it into net; refuses what can't be had. Nothing of
 * the host is changed. */
int xen_net_plan(Domain *domain, DomainNet *net, Error *error);

/* Its vif is there, by the name in target. On failure all of it is undone. */
int xen_net_join(Domain *domain, const DomainNet *net, Error *error);
void xen_net_leave(Domain *domain, const DomainNet *net);

/* One that is on becomes another: limits of what the guest gets, isolation, filter. */
int xen_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error);

/* The filter alone, which is known by the name: for an interface that comes to a running guest,
 * before it does. */
int xen_net_guard(const Connection *connection, const DomainNet *net, Error *error);
void xen_net_unguard(const DomainNet *net);

/* For all interfaces of a guest; those of somebody else's guest are his. */
int xen_nets_plan(Domain *domain, DomainConf *conf, Error *error);
int xen_nets_join(XenGuest *guest, Error *error);
void xen_nets_leave(XenGuest *guest);
void xen_nets_found(XenGuest *guest); /* after a restart of the service: they are on by now */
