/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces of Xen guests in networks of this host. */
#include "drivers/xen/join.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/net-note.h"
#include "drivers/network/attach.h"
#include "drivers/network/guard.h"
#include "drivers/network/port.h"

/* Behind the name of a vif, that of the tap with the same card that a device model emulates. */
#define EMULATED "-emu"

/* ---- what its network says ---- */

static int note_port(DomainNet *net, const NetworkVirtualPort *port) {
        if (net->virtualport || !port)
                return 0;
        net->virtualport = calloc(1, sizeof(*net->virtualport));
        return net->virtualport ? net_note_text(&net->virtualport->type, port->type) : -ENOMEM;
}

static int note(DomainNet *net, const NetworkPlug *plug, Error *error) {
        const NetworkBandwidth *bandwidth = plug->bandwidth;

        if (net_note_text(&net->bridge, plug->bridge) < 0 ||
            note_port(net, plug->virtualport) < 0 || net_note_vlan(net, plug->vlan) < 0 ||
            (bandwidth && net_note_limit(&net->inbound, &bandwidth->inbound) < 0) ||
            (bandwidth && net_note_limit(&net->outbound, &bandwidth->outbound) < 0) ||
            (plug->isolated && !net->isolated && net_note_text(&net->isolated, "yes") < 0))
                return fail_memory(error);
        if (net->mtu == 0)
                net->mtu = plug->mtu;
        return 0;
}

static int check_plug(const DomainNet *net, const NetworkPlug *plug, Error *error) {
        if (plug->kind != PLUG_BRIDGE || !plug->bridge)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s' has no bridge, and Xen guests join bridges",
                            net->network);
        return 0;
}

static int plan_network(Domain *domain, DomainNet *net, Error *error) {
        NetworkPlug plug = {};
        int r = network_plug(domain->resource.connection, net->network ?: "", net->portgroup,
                             &plug, error);

        if (r < 0)
                return r;
        r = check_plug(net, &plug, error);
        if (r >= 0)
                r = note(net, &plug, error);
        network_plug_clear(&plug);
        return r;
}

/* ---- what can't be had ---- */

static bool is_switched(const DomainNet *net) {
        return net->virtualport && net->virtualport->type &&
               strcmp(net->virtualport->type, "openvswitch") == 0;
}

static bool is_isolated(const DomainNet *net) {
        return net->isolated && strcmp(net->isolated, "yes") == 0;
}

static bool is_limited(const DomainNet *net) {
        return net->inbound && net->inbound->average > 0;
}

/* Whether anything is to be set on its vif. */
static bool is_ruled(const DomainNet *net) {
        return net->filterref || is_isolated(net) || is_limited(net);
}

static int check(const Connection *connection, const DomainNet *net, Error *error) {
        if (is_ruled(net) && net->backend_domain)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface whose backend is in domain '%s' takes no filterref, "
                            "isolation and inbound bandwidth from here", net->backend_domain);
        if (is_isolated(net) && (net->type == NET_ETHERNET || is_switched(net)))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "only a port of a bridge of the kernel can be isolated");
        if (net->filterref && is_switched(net))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref: ports of Open vSwitch take none, its bridges aren't the "
                            "kernel's");
        return guard_check(connection, net, error);
}

int xen_net_plan(Domain *domain, DomainNet *net, Error *error) {
        int r = net->type == NET_NETWORK ? plan_network(domain, net, error) : 0;

        return r < 0 || net->type == NET_HOSTDEV ? r
                                                 : check(domain->resource.connection, net, error);
}

int xen_nets_plan(Domain *domain, DomainConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++)
                r = xen_net_plan(domain, conf->nets.items[i], error);
        return r;
}

/* ---- its vif ---- */

/* The interfaces of this host behind one of a guest: the vif, and the tap of a device model where
 * there is one. True while there is a next one. */
static bool next_name(const DomainNet *net, unsigned i, char name[static LINK_NAME_MAX + 1]) {
        static const char *const endings[] = { "", EMULATED };
        Link link;
        _cleanup_(rtnl_close) Rtnl rtnl = {};

        if (i >= ELEMENTS(endings) ||
            snprintf(name, LINK_NAME_MAX + 1, "%s%s", net->target, endings[i]) > LINK_NAME_MAX)
                return false;
        return i == 0 || (rtnl_open(&rtnl, NULL) >= 0 && rtnl_find(&rtnl, name, &link, NULL) >= 0);
}

static int set_port(Rtnl *rtnl, const DomainNet *net, const char *name, bool learns_nothing,
                    Error *error) {
        const PortSettings settings = { .isolated = is_isolated(net),
                                        .learns_nothing = learns_nothing,
                                        .mac = net->mac };

        return settings.isolated || learns_nothing ? port_set(rtnl, name, &settings, error) : 0;
}

static NetworkRate inbound_of(const DomainNet *net) {
        const NetLimit *limit = net->inbound;

        return limit ? (NetworkRate) { .average = limit->average, .peak = limit->peak,
                                       .floor = limit->floor, .burst = limit->burst }
                     : (NetworkRate) {};
}

static int set_rate(const DomainNet *net, const char *name, Error *error) {
        const NetworkRate rate = inbound_of(net);

        return is_limited(net) ? port_set_rate(name, &rate, error) : 0;
}

/* netback limits what a guest sends by its vif; what it sends by emulated hardware, we do. */
static int set_guard(const Connection *connection, const DomainNet *net, const char *name,
                     Error *error) {
        bool emulated = strcmp(name, net->target) != 0;
        const DomainNet as = { .type = net->type, .mac = net->mac, .target = (char *) name,
                               .filterref = net->filterref };
        GuardLimit limit = {};

        if (emulated && net->outbound)
                limit = (GuardLimit) { net->outbound->average, net->outbound->burst };
        return guard_set(connection, &as, &limit, error);
}

static void remove_guard(const DomainNet *net, const char *name) {
        const DomainNet as = { .mac = net->mac, .target = (char *) name,
                               .filterref = net->filterref, .outbound = net->outbound };

        guard_remove(&as);
}

/* ---- joining and leaving ---- */

/* The network that it is on; NULL: none of ours. */
static Network *network_named(const Domain *domain, const DomainNet *net) {
        const ResourceSet *set = connection_set(domain->resource.connection, RESOURCE_NETWORK);
        Resource *resource = net->type == NET_NETWORK && net->network
                                     ? resource_set_by_name(set, net->network) : NULL;

        return resource ? network_of(resource) : NULL;
}

static bool learns_nothing(const Network *network) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;

        return network && network_conf_of(network, true, &conf, NULL) >= 0 &&
               conf->mac_table_manager && strcmp(conf->mac_table_manager, "libvirt") == 0;
}

static int settle(const Connection *connection, const DomainNet *net, bool knows_nothing,
                  Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        char name[LINK_NAME_MAX + 1];
        int r = rtnl_open(&rtnl, error);

        for (unsigned i = 0; r >= 0 && next_name(net, i, name); i++) {
                r = set_port(&rtnl, net, name, knows_nothing, error);
                if (r >= 0)
                        r = set_rate(net, name, error);
                if (r >= 0)
                        r = set_guard(connection, net, name, error);
        }
        return r;
}

int xen_net_join(Domain *domain, const DomainNet *net, Error *error) {
        Network *network = network_named(domain, net);
        bool knows_nothing = learns_nothing(network);
        int r = 0;

        if (net->type != NET_HOSTDEV && (is_ruled(net) || net->outbound || knows_nothing))
                r = net->target ? settle(domain->resource.connection, net, knows_nothing, error)
                                : fail(error, ERROR_INTERNAL, "an interface without a name");
        if (network)
                network_user_add(network);
        if (r < 0)
                xen_net_leave(domain, net);
        return r;
}

int xen_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error) {
        const NetworkRate was = inbound_of(old), is = inbound_of(new);
        const PortSettings port = { .isolated = is_isolated(new), .mac = new->mac,
                                    .learns_nothing = learns_nothing(network_named(domain, new)) };
        bool limited = memcmp(&was, &is, sizeof(was)) != 0;
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        char name[LINK_NAME_MAX + 1];
        int r = rtnl_open(&rtnl, error);

        for (unsigned i = 0; r >= 0 && next_name(new, i, name); i++) {
                if (limited)
                        r = port_set_rate(name, &is, error);
                if (r >= 0 && is_isolated(old) != is_isolated(new))
                        r = port_set(&rtnl, name, &port, error);
                if (r >= 0 && old->filterref && !new->filterref)
                        remove_guard(old, name);
                if (r >= 0 && (old->filterref || new->filterref))
                        r = set_guard(domain->resource.connection, new, name, error);
        }
        return r;
}

int xen_net_guard(const Connection *connection, const DomainNet *net, Error *error) {
        return net->filterref ? set_guard(connection, net, net->target, error) : 0;
}

void xen_net_unguard(const DomainNet *net) {
        char name[LINK_NAME_MAX + 1];

        if (!net->target || net->type == NET_HOSTDEV || (!net->filterref && !net->outbound))
                return;
        remove_guard(net, net->target);
        if (snprintf(name, sizeof(name), "%s" EMULATED, net->target) <= LINK_NAME_MAX)
                remove_guard(net, name);
}

void xen_net_leave(Domain *domain, const DomainNet *net) {
        Network *network = network_named(domain, net);

        xen_net_unguard(net);
        if (network)
                network_user_drop(network);
}

/* ---- all of a guest ---- */

int xen_nets_join(XenGuest *guest, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, error);

        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++) {
                r = xen_net_join(guest->domain, conf->nets.items[i], error);
                while (r < 0 && i-- > 0)
                        xen_net_leave(guest->domain, conf->nets.items[i]);
        }
        guest->joined = r >= 0;
        return r;
}

void xen_nets_leave(XenGuest *guest) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (!guest->joined || domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) < 0)
                return;
        guest->joined = false;
        for (size_t i = 0; i < conf->nets.n; i++)
                xen_net_leave(guest->domain, conf->nets.items[i]);
}

void xen_nets_found(XenGuest *guest) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        guest->joined = domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) >= 0;
        for (size_t i = 0; guest->joined && i < conf->nets.n; i++) {
                Network *network = network_named(guest->domain, conf->nets.items[i]);

                if (network)
                        network_user_add(network);
        }
}
