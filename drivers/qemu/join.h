/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an interface of a guest joins a network of this host, and leaves it again.
 *
 * Which tap is made, where it is put and what holds for it comes from the definition and, for
 * type='network', from the network (drivers/network/attach.h). The tap goes with QEMU, which has
 * its descriptor; what stays behind (rules, a macvtap, a port of Open vSwitch) has names that
 * follow from target/@dev, so that it is found again from the live definition alone. What others do
 * for it comes behind: join-settle.h. */
#pragma once

#include "drivers/network/guard.h"
#include "drivers/qemu/borrow.h"
#include "drivers/qemu/guest.h"

/* Descriptors, -1 where there is none. Its name is written into target, a network's bridge into
 * bridge. On failure all of it is undone; ret is for qemu_tap_close() in every case. */
int qemu_net_join(Domain *domain, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                  Error *error);
void qemu_net_leave(Domain *domain, const DomainNet *net);
/* A guest was found running: counts its interface. */
void qemu_net_found(Domain *domain, const DomainNet *net);
/* What old, which is there, becomes: finds out what new is then, as for one that joins, and writes
 * it into new. Nothing of the host is changed. */
int qemu_net_plan_change(Domain *domain, const DomainNet *old, DomainNet *new, Error *error);
/* Bridge, limits, filter and the like as new has them. On failure it is on its bridge as before. */
int qemu_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error);

/* Interfaces of networks that hand out PCI functions get theirs, and become interfaces of type
 * 'hostdev'; before addresses are given to devices. On failure nothing is taken. */
int qemu_nets_allot(Domain *domain, DomainConf *conf, Error *error);
/* Instead of qemu_nets_leave() for a guest whose interfaces didn't come to join. */
void qemu_nets_give_back(Domain *domain, const DomainConf *conf);

/* A tap that somebody else removes is noticed while there are guests with one. */
typedef struct LinkWatch LinkWatch;
void link_watch_need(Connection *connection);
LinkWatch *link_watch_free(LinkWatch *watch);

/* From now on guests are on their networks again that are started anew. */
int qemu_nets_follow(Connection *connection, EventWatch **ret, Error *error);

/* The guest's driver says what it wants to receive: followed where its interface is trusted. */
void qemu_net_filter_changed(QemuGuest *guest, const char *alias);
/* QEMU tells of a change once until it is asked: so it is asked for all that are trusted. */
void qemu_net_filters_ask(QemuGuest *guest);

/* For all of a guest. */
/* borrow: has the taps that aren't made here; or NULL. */
int qemu_nets_join(QemuGuest *guest, DomainConf *conf, QemuBorrow *borrow, QemuTaps *ret,
                   Error *error);
void qemu_nets_leave(Domain *domain, const DomainConf *conf);

/* ---- tap.c ---- */

typedef struct TapPlace {
        const char *bridge; /* NULL: none */
        uint32_t mtu;       /* 0: the kernel's */
} TapPlace;

/* As the definition says how many packets are to come at once; 0: each by itself. */
int qemu_tap_set_coalesce(const DomainNet *net, Error *error);
int qemu_tap_open(const DomainConf *conf, DomainNet *net, const TapPlace *place, QemuTap *ret,
                  Error *error);
/* The queues of a device that another way leads to: each opens path. */
int qemu_tap_open_at(const DomainConf *conf, const DomainNet *net, const char *path, QemuTap *ret,
                     Error *error);
