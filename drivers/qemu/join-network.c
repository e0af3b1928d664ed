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

static int set_rules(const DomainNet *net, const Join *join, Error *error) {
        const GuardLimit outbound = { join->outbound.average, join->outbound.burst };
        int r = join_is_switched(join) ? 0 : port_set_rate(net->target, &join->inbound, error);

        return r < 0 ? r : guard_set(net, &outbound, error);
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

static int join_tap(const DomainConf *conf, DomainNet *net, const Join *join, QemuTap *ret,
                    Error *error) {
        const TapPlace place = { .bridge = join_is_switched(join) ? NULL : join->bridge,
                                 .mtu = join->mtu };
        int r = qemu_tap_open(conf, net, &place, ret, error);

        if (r < 0 || net->target_managed == TRISTATE_NO)
                return r;
        r = set_port(net, join, error);
        if (r >= 0)
                r = link_set_addresses(net, error);
        if (r >= 0)
                r = set_rules(net, join, error);
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

/* What of a pool it uses, or NULL. */
static const char *pool_device(const DomainNet *net) {
        return net->type == NET_NETWORK ? net->source_dev : NULL;
}

int qemu_net_join(Domain *domain, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                  Error *error) {
        _cleanup_(join_done) Join join = {};
        int r;

        *ret = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        if (!qemu_net_needs_tap(net))
                return 0;
        r = join_plan(domain, net, &join, error);
        if (r >= 0)
                r = join_note(net, &join, NULL, error);
        if (r >= 0)
                r = join.dev ? join_direct(conf, net, &join, ret, error)
                             : join_tap(conf, net, &join, ret, error);
        if (r < 0) {
                qemu_tap_close(ret);
                return r;
        }
        if (join.plug.network)
                network_user_add_on(join.plug.network, pool_device(net));
        return 0;
}

/* ---- changing ---- */

static Network *network_named(const Domain *domain, const DomainNet *net) {
        const Connection *connection = domain->resource.connection;
        Resource *resource = net->type == NET_NETWORK && net->network
                                     ? resource_set_by_name(&connection->sets[RESOURCE_NETWORK],
                                                            net->network)
                                     : NULL;

        return resource ? network_of(resource) : NULL;
}

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
        r = join_plan(domain, new, &join, error);
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
        Network *from = network_named(domain, old), *to = network_named(domain, new);
        int r;

        if (!qemu_net_needs_tap(new) || !new->target ||
            qemu_net_is_borrowed(domain->resource.connection, new))
                return 0;
        r = join_plan(domain, new, &join, error);
        if (r >= 0 && !join.dev)
                r = change(old, new, &join, error);
        if (r < 0)
                return r;
        drop_rules(old, new);
        if (!join.dev && (is_ruled(old) || is_ruled(new)))
                r = set_rules(new, &join, error);
        if (from != to && from)
                network_user_drop_on(from, pool_device(old));
        if (from != to && to)
                network_user_add_on(to, pool_device(new));
        return r;
}

/* ---- leaving ---- */

void qemu_net_leave(Domain *domain, const DomainNet *net) {
        Network *network = network_named(domain, net);

        if (!qemu_net_needs_tap(net) || !net->target ||
            qemu_net_is_borrowed(domain->resource.connection, net))
                return;
        guard_remove(net);
        if (net->type == NET_DIRECT || (net->type == NET_NETWORK && !net->bridge))
                macvtap_remove(net->target, domain->resource.uuid);
        qemu_net_unsettle(domain, net);
        if (network)
                network_user_drop_on(network, pool_device(net));
}

void qemu_net_found(Domain *domain, const DomainNet *net) {
        Network *network = network_named(domain, net);

        if (network)
                network_user_add_on(network, pool_device(net));
}
