/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One interface joins a network of this host: what is asked for is found out first (join-plan.c),
 * then its tap is made and put in its place, then what holds for it there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/port.h"
#include "drivers/qemu/join-host.h"
#include "drivers/qemu/join-private.h"
#include "drivers/qemu/join-settle.h"

static int set_rules(const Connection *connection, const DomainNet *net, const Join *join,
                     Error *error) {
        const GuardLimit outbound = { join->outbound.average, join->outbound.burst };
        int r = join_is_switched(join) ? 0 : port_set_rate(net->target, &join->inbound, error);

        return r < 0 ? r : guard_set(connection, net, &outbound, error);
}

static int set_port(const DomainNet *net, const Join *join, Error *error) {
        const PortSettings settings = { .isolated = join->isolated,
                                        .learns_nothing = join->learns_nothing,
                                        .mac = net->mac };
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        int r;

        if (join_is_switched(join) || !join->bridge)
                return 0;
        r = rtnl_open(&rtnl, error);
        return r < 0 ? r : port_set(&rtnl, net->target, &settings, error);
}

static int join_tap(const Connection *connection, const DomainConf *conf, DomainNet *net,
                    const Join *join, QemuTap *ret, Error *error) {
        const TapPlace place = { .bridge = join_is_switched(join) ? NULL : join->bridge,
                                 .mtu = join->mtu };
        int r = qemu_tap_open(conf, net, &place, ret, error);

        if (r < 0 || net->target_managed == TRISTATE_NO)
                return r;
        r = set_port(net, join, error);
        if (r >= 0)
                r = link_set_addresses(net, error);
        if (r >= 0)
                r = set_rules(connection, net, join, error);
        if (r < 0)
                guard_remove(net);
        return r;
}

static int join_direct(const DomainConf *conf, DomainNet *net, const Join *join, QemuTap *ret,
                       Error *error) {
        _cleanup_(freep) char *path = NULL;
        int r = macvtap_make(conf, net, join->dev, join->mode, join->mtu, &path, error);

        if (r < 0)
                return r;
        r = qemu_tap_open_at(conf, net, path, ret, error);
        if (r < 0)
                macvtap_remove(net->target, conf->uuid);
        return r;
}

static int join_function(Domain *domain, const DomainNet *net, Error *error) {
        const Connection *connection = domain->resource.connection;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        const NetworkPortGroup *group;
        Resource *resource = net->network ? resource_set_by_name(
                                                    &connection->sets[RESOURCE_NETWORK],
                                                    net->network)
                                          : NULL;
        int r = resource ? network_conf_of(network_of(resource), true, &conf, error) : 0;

        if (r < 0)
                return r;
        group = conf ? network_portgroup(conf, net->portgroup) : NULL;
        return function_take(net, group && group->vlan ? group->vlan : conf ? conf->vlan : NULL,
                             error);
}

/* ---- counting ---- */

static Network *network_named(const Domain *domain, const DomainNet *net) {
        const Connection *connection = domain->resource.connection;
        bool joins = net->type == NET_NETWORK || net->type == NET_HOSTDEV;
        Resource *resource = joins && net->network
                                     ? resource_set_by_name(&connection->sets[RESOURCE_NETWORK],
                                                            net->network)
                                     : NULL;

        return resource ? network_of(resource) : NULL;
}

void join_count(Domain *domain, const DomainNet *net, bool there) {
        const NetworkForwardAddress function = {
                .domain = net->source_pci.domain, .bus = net->source_pci.bus,
                .slot = net->source_pci.slot, .function = net->source_pci.function,
        };
        Network *network = network_named(domain, net);
        char name[PCI_TEXT_MAX];
        const char *device = net->type == NET_HOSTDEV ? network_pci_text(&function, name)
                                                      : net->source_dev;

        if (network && there)
                network_user_add_on(network, device);
        else if (network)
                network_user_drop_on(network, device);
}

/* ---- joining ---- */

int qemu_net_join(Domain *domain, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                  Error *error) {
        _cleanup_(join_done) Join join = {};
        int r;

        *ret = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        if (net->type == NET_HOSTDEV)
                return join_function(domain, net, error);
        if (!qemu_net_needs_tap(net))
                return 0;
        link_watch_need(domain->resource.connection);
        r = join_plan(domain, net, &join, error);
        if (r >= 0)
                r = join_note(net, &join, NULL, error);
        if (r >= 0)
                r = join.dev ? join_direct(conf, net, &join, ret, error)
                             : join_tap(domain->resource.connection, conf, net, &join, ret,
                                        error);
        if (r < 0) {
                qemu_tap_close(ret);
                return r;
        }
        join_count(domain, net, true);
        return 0;
}

/* ---- changing ---- */

static bool differ(const char *a, const char *b) {
        return a && b ? strcmp(a, b) != 0 : a != b;
}

/* Of a pool the one it is on, not the one that it would get now. */
static int keep_device(DomainNet *new, const DomainNet *old, Join *join, Error *error) {
        if (new->type != NET_NETWORK || old->type != NET_NETWORK || !old->source_dev ||
            differ(old->network, new->network))
                return 0;
        free(new->source_dev);
        new->source_dev = strdup(old->source_dev);
        if (!new->source_dev)
                return fail_memory(error);
        join->dev = new->source_dev;
        return 0;
}

/* A tap of the system stays where the system put it. */
static int plan_borrowed(const Connection *connection, const DomainNet *old, const DomainNet *new,
                         Error *error) {
        if (qemu_net_is_borrowed(connection, old) != qemu_net_is_borrowed(connection, new) ||
            differ(old->network, new->network) || differ(old->portgroup, new->portgroup))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "an interface of a running guest can't move to or from a network of "
                            "the system, of which this session has a tap");
        return qemu_borrow_check(new, error);
}

int qemu_net_plan_change(Domain *domain, const DomainNet *old, DomainNet *new, Error *error) {
        _cleanup_(join_done) Join join = {};
        int r;

        if (!qemu_net_needs_tap(new) || !new->target)
                return 0;
        if (qemu_net_is_borrowed(domain->resource.connection, old) ||
            qemu_net_is_borrowed(domain->resource.connection, new))
                return plan_borrowed(domain->resource.connection, old, new, error);
        join_count(domain, old, false); /* its own place is free for it */
        r = join_plan(domain, new, &join, error);
        join_count(domain, old, true);
        if (r >= 0)
                r = keep_device(new, old, &join, error);
        if (r >= 0)
                r = join_note(new, &join, old, error);
        if (r >= 0 && ovs_is_port(old) != ovs_is_port(new))
                r = fail(error, ERROR_OPERATION_UNSUPPORTED,
                         "an interface of a running guest can't move between a bridge of the "
                         "kernel and one of Open vSwitch");
        return r;
}

static void drop_rules(const DomainNet *old, const DomainNet *new) {
        if ((old->filterref && !new->filterref) || (old->outbound && !new->outbound))
                guard_remove(old);
}

static bool is_ruled(const DomainNet *net) {
        return net->filterref || net->inbound || net->outbound;
}

static int change(const DomainNet *old, const DomainNet *new, const Join *join, Error *error) {
        bool moves = differ(old->bridge, new->bridge) && !join_is_switched(join);
        int r = moves ? link_set_bridge(new->target, new->bridge, error) : 0;

        if (r >= 0 && (moves || differ(old->isolated, new->isolated)))
                r = set_port(new, join, error);
        if (r >= 0 && (old->coalesce || new->coalesce))
                r = qemu_tap_set_coalesce(new, error);
        if (r < 0 && moves)
                (void) link_set_bridge(old->target, old->bridge, NULL);
        return r;
}

int qemu_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error) {
        _cleanup_(join_done) Join join = {};
        int r;

        if (!qemu_net_needs_tap(new) || !new->target ||
            qemu_net_is_borrowed(domain->resource.connection, new))
                return 0;
        join_count(domain, old, false);
        r = join_plan(domain, new, &join, error);
        join_count(domain, old, true);
        if (r >= 0 && !join.dev)
                r = change(old, new, &join, error);
        if (r < 0)
                return r;
        drop_rules(old, new);
        if (!join.dev && (is_ruled(old) || is_ruled(new)))
                r = set_rules(domain->resource.connection, new, &join, error);
        join_count(domain, old, false);
        join_count(domain, new, true);
        return r;
}

/* ---- leaving ---- */

void qemu_net_leave(Domain *domain, const DomainNet *net) {
        if (net->type == NET_HOSTDEV) {
                function_give_back(net);
                join_count(domain, net, false);
        }
        if (!qemu_net_needs_tap(net) || !net->target ||
            qemu_net_is_borrowed(domain->resource.connection, net))
                return;
        guard_remove(net);
        if (net->type == NET_DIRECT || (net->type == NET_NETWORK && !net->bridge))
                macvtap_remove(net->target, domain->resource.uuid);
        qemu_net_unsettle(domain, net);
        join_count(domain, net, false);
}

void qemu_net_found(Domain *domain, const DomainNet *net) {
        join_count(domain, net, true);
        if (qemu_net_needs_tap(net))
                link_watch_need(domain->resource.connection);
}
