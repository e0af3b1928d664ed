/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One interface joins a network of this host: what is asked for is found out first, then its tap is
 * made and put in its place, then what holds for it there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/attach.h"
#include "drivers/network/port.h"
#include "drivers/qemu/join-host.h"

/* What its definition and its network make of it. */
typedef struct Join {
        NetworkPlug plug; /* its network NULL: it is on none of ours */
        const char *bridge, *dev, *mode;
        uint32_t mtu;
        bool isolated, learns_nothing, tagged;
        const char *virtualport;
        NetworkRate inbound, outbound;
} Join;

static void join_done(Join *join) {
        if (join->plug.network)
                network_plug_clear(&join->plug);
}

static NetworkRate rate_of(const NetLimit *limit) {
        return (NetworkRate) { .average = limit->average, .peak = limit->peak,
                               .floor = limit->floor, .burst = limit->burst };
}

static int plan_network(Domain *domain, const DomainNet *net, Join *join, Error *error) {
        NetworkPlug *plug = &join->plug;
        int r = network_plug(domain->resource.connection, net->network ?: "", net->portgroup, plug,
                             error);

        if (r < 0)
                return r;
        join->bridge = plug->kind == PLUG_BRIDGE ? plug->bridge : NULL;
        join->dev = plug->dev;
        join->mode = plug->mode;
        join->mtu = plug->mtu;
        join->isolated = plug->isolated;
        join->learns_nothing = plug->learns_nothing;
        join->tagged = plug->vlan;
        join->virtualport = plug->virtualport ? plug->virtualport->type : NULL;
        if (plug->bandwidth) {
                join->inbound = plug->bandwidth->inbound;
                join->outbound = plug->bandwidth->outbound;
        }
        if (plug->kind == PLUG_HOSTDEV)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s' gives out devices of the host (forward mode 'hostdev'); "
                            "name one in an <interface type='hostdev'> instead", net->network);
        return 0;
}

static int check(const DomainNet *net, const Join *join, Error *error) {
        bool is_tap = !join->dev;

        if (join->virtualport)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport type '%s' of an interface is not supported",
                            join->virtualport);
        if (join->tagged)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "vlan tags are for Open vSwitch bridges, which are not supported");
        if (!is_tap && (net->filterref || net->isolated || join->isolated))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface on a device of the host (macvtap) takes no filterref "
                            "and no isolation");
        if (!is_tap && (join->inbound.average || join->outbound.average))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface on a device of the host (macvtap) takes no bandwidth");
        if ((join->isolated || join->learns_nothing) && !join->bridge)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "only a port of a bridge can be isolated");
        return guard_check(net, error);
}

static int plan(Domain *domain, const DomainNet *net, Join *join, Error *error) {
        int r = 0;

        if (net->type == NET_NETWORK)
                r = plan_network(domain, net, join, error);
        else if (net->type == NET_BRIDGE)
                join->bridge = net->bridge ?: "";
        else if (net->type == NET_DIRECT) {
                join->dev = net->source_dev ?: "";
                join->mode = net->source_mode ?: "vepa";
        }
        if (r < 0)
                return r;
        if (net->mtu)
                join->mtu = net->mtu;
        if (net->isolated)
                join->isolated = strcmp(net->isolated, "yes") == 0;
        if (net->virtualport)
                join->virtualport = net->virtualport->type ?: "";
        if (net->vlan)
                join->tagged = true;
        if (net->inbound)
                join->inbound = rate_of(net->inbound);
        if (net->outbound)
                join->outbound = rate_of(net->outbound);
        return check(net, join, error);
}

/* ---- joining ---- */

static int note_bridge(DomainNet *net, const char *bridge, Error *error) {
        if (net->type != NET_NETWORK || !bridge)
                return 0;
        free(net->bridge);
        net->bridge = strdup(bridge);
        return net->bridge ? 0 : fail_memory(error);
}

static int note_limit(NetLimit **limit, const NetworkRate *rate) {
        if (*limit || rate->average == 0)
                return 0;
        *limit = calloc(1, sizeof(**limit));
        if (!*limit)
                return -ENOMEM;
        **limit = (NetLimit) { .average = rate->average, .peak = rate->peak, .burst = rate->burst,
                               .floor = rate->floor };
        return 0;
}

/* What the network adds is shown, and found again when it is to be taken away. */
static int note(DomainNet *net, const Join *join, Error *error) {
        if (note_limit(&net->inbound, &join->inbound) < 0 ||
            note_limit(&net->outbound, &join->outbound) < 0)
                return fail_memory(error);
        return note_bridge(net, join->bridge, error);
}

static int set_rules(const DomainNet *net, const Join *join, Error *error) {
        const GuardLimit outbound = { join->outbound.average, join->outbound.burst };
        int r = port_set_rate(net->target, &join->inbound, error);

        return r < 0 ? r : guard_set(net, &outbound, error);
}

static int settle(const DomainNet *net, const Join *join, Error *error) {
        const PortSettings settings = { .isolated = join->isolated,
                                        .learns_nothing = join->learns_nothing };
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        int r = 0;

        if (join->isolated || join->learns_nothing)
                r = rtnl_open(&rtnl, error);
        if (r >= 0 && rtnl.socket)
                r = port_set(&rtnl, net->target, &settings, error);
        return r < 0 ? r : set_rules(net, join, error);
}

static int join_tap(const DomainConf *conf, DomainNet *net, const Join *join, QemuTap *ret,
                    Error *error) {
        const TapPlace place = { .bridge = join->bridge, .mtu = join->mtu };
        int r = qemu_tap_open(conf, net, &place, ret, error);

        if (r < 0)
                return r;
        r = net->target_managed == TRISTATE_NO ? 0 : settle(net, join, error);
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

int qemu_net_join(Domain *domain, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                  Error *error) {
        _cleanup_(join_done) Join join = {};
        int r;

        *ret = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        if (!qemu_net_needs_tap(net))
                return 0;
        r = plan(domain, net, &join, error);
        if (r >= 0)
                r = note(net, &join, error);
        if (r >= 0)
                r = join.dev ? join_direct(conf, net, &join, ret, error)
                             : join_tap(conf, net, &join, ret, error);
        if (r < 0) {
                qemu_tap_close(ret);
                return r;
        }
        if (join.plug.network)
                network_user_add(join.plug.network);
        return 0;
}

void qemu_net_drop_rules(const DomainNet *old, const DomainNet *new) {
        if ((old->filterref && !new->filterref) || (old->outbound && !new->outbound))
                guard_remove(old);
}

int qemu_net_set_rules(Domain *domain, const DomainNet *net, Error *error) {
        _cleanup_(join_done) Join join = {};
        int r = net->target && qemu_net_needs_tap(net) ? plan(domain, net, &join, error) : 0;

        return r < 0 || !net->target || join.dev ? r : set_rules(net, &join, error);
}

/* ---- leaving ---- */

static Network *network_named(const Domain *domain, const DomainNet *net) {
        const Connection *connection = domain->resource.connection;
        Resource *resource = net->type == NET_NETWORK && net->network
                                     ? resource_set_by_name(&connection->sets[RESOURCE_NETWORK],
                                                            net->network)
                                     : NULL;

        return resource ? network_of(resource) : NULL;
}

void qemu_net_leave(Domain *domain, const DomainNet *net) {
        Network *network = network_named(domain, net);

        if (!qemu_net_needs_tap(net) || !net->target)
                return;
        guard_remove(net);
        if (net->type == NET_DIRECT || (net->type == NET_NETWORK && !net->bridge))
                macvtap_remove(net->target, domain->resource.uuid);
        if (network)
                network_user_drop(network);
}

void qemu_net_found(Domain *domain, const DomainNet *net) {
        Network *network = network_named(domain, net);

        if (network)
                network_user_add(network);
}
