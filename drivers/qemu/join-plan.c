/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an interface asks for, out of its definition, its portgroup and its network. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/net-note.h"
#include "drivers/qemu/join-private.h"

void join_done(Join *join) {
        if (join->plug.network)
                network_plug_clear(&join->plug);
}

bool join_is_switched(const Join *join) {
        return join->port.type && strcmp(join->port.type, "openvswitch") == 0;
}

static NetworkRate rate_of(const NetLimit *limit) {
        return (NetworkRate) { .average = limit->average, .peak = limit->peak,
                               .floor = limit->floor, .burst = limit->burst };
}

/* ---- virtualport: each says what the one before leaves open ---- */

static int merge_port(Join *join, const char *type, const char *profile, const char *interface,
                      Error *error) {
        if (join->port.type && type && strcmp(join->port.type, type) != 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport: an interface of type '%s' in a network of type '%s'",
                            join->port.type, type);
        join->port.type = join->port.type ?: type;
        join->port.profile = join->port.profile ?: profile;
        join->port.interface = join->port.interface ?: interface;
        return 0;
}

static int merge_network_port(Join *join, const NetworkVirtualPort *port, Error *error) {
        return port ? merge_port(join, port->type, port->profile_id, port->interface_id, error) : 0;
}

static int plan_port(const DomainNet *net, Join *join, Error *error) {
        const NetworkPlug *plug = &join->plug;
        const VirtualPort *own = net->virtualport;
        int r = own ? merge_port(join, own->type, own->profile, own->interface, error) : 0;

        if (r >= 0 && plug->group)
                r = merge_network_port(join, plug->group->virtualport, error);
        if (r >= 0 && plug->network)
                r = merge_network_port(join, plug->conf->virtualport, error);
        if (r >= 0 && own && !join->port.type)
                r = fail(error, ERROR_CONFIG_UNSUPPORTED,
                         "virtualport: neither the interface nor a network gives its type");
        return r;
}

/* ---- what is asked for ---- */

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
        join->trusted = plug->trust_rx_filters == TRISTATE_YES;
        join->vlan = plug->vlan;
        if (plug->bandwidth) {
                join->inbound = plug->bandwidth->inbound;
                join->outbound = plug->bandwidth->outbound;
        }
        if (plug->kind == PLUG_HOSTDEV)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s' gives out devices of the host (forward mode 'hostdev'), "
                            "which a guest gets when it starts", net->network);
        return 0;
}

static void plan_own(const DomainNet *net, Join *join) {
        if (net->mtu)
                join->mtu = net->mtu;
        if (net->isolated)
                join->isolated = strcmp(net->isolated, "yes") == 0;
        if (net->trust_rx_filters)
                join->trusted = strcmp(net->trust_rx_filters, "yes") == 0;
        if (net->inbound)
                join->inbound = rate_of(net->inbound);
        if (net->outbound)
                join->outbound = rate_of(net->outbound);
}

/* ---- what can't be had ---- */

static int check_switch(const DomainNet *net, const Join *join, Error *error) {
        _cleanup_(freep) char *program = NULL;
        Uuid uuid;

        if (!join->bridge)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport type 'openvswitch' is for an interface on a bridge");
        if (net->filterref)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref: ports of Open vSwitch take none, its bridges aren't the "
                            "kernel's");
        if (join->learns_nothing)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "macTableManager 'libvirt' is for bridges of the kernel, not of Open "
                            "vSwitch");
        if (join->port.interface && uuid_parse(join->port.interface, &uuid) < 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport: interfaceid '%.64s' is no uuid", join->port.interface);
        program = qemu_helper_find("ovs-vsctl");
        if (!program)
                return fail_memory(error);
        if (!strchr(program, '/'))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport type 'openvswitch': there is no program 'ovs-vsctl', is "
                            "Open vSwitch installed?");
        return 0;
}

static int check_direct(const DomainNet *net, const Join *join, Error *error) {
        if (net->filterref || join->isolated)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface on a device of the host (macvtap) takes no filterref "
                            "and no isolation");
        if (join->inbound.average || join->outbound.average)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface on a device of the host (macvtap) takes no bandwidth");
        if (net->coalesce)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface on a device of the host (macvtap) takes no coalesce");
        return 0;
}

/* What only an interface of type 'ethernet' has, and what one without a tap of ours hasn't. */
static int check_ethernet(const DomainNet *net, const Join *join, Error *error) {
        bool addresses = net->source_ips.n > 0 || net->source_routes.n > 0;
        bool ethernet = net->type == NET_ETHERNET, managed = net->target_managed != TRISTATE_NO;

        if (!ethernet && (net->script || net->downscript))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "scripts are run for interfaces of type 'ethernet', not '%s'",
                            net_types[net->type]);
        if (!ethernet && addresses)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the host's side of an interface of type '%s' takes no <ip> and "
                            "<route> in <source>, that of type 'ethernet' does",
                            net_types[net->type]);
        if (managed)
                return 0;
        if (!ethernet)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target managed='no' is for interfaces of type 'ethernet'");
        if (!net->target)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target managed='no' needs the name of the device that is there");
        if (addresses || join->mtu || join->inbound.average || join->outbound.average ||
            net->coalesce)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target managed='no': device '%s' is used as it is, without addresses, "
                            "mtu, coalesce or bandwidth from here", net->target);
        return 0;
}

static int check(const Connection *connection, const DomainNet *net, const Join *join,
                 Error *error) {
        bool switched = join_is_switched(join);
        int r = 0;

        if (join->port.type && !switched)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "virtualport type '%s' of an interface is not supported",
                            join->port.type);
        if ((net->vlan || join->vlan) && !switched)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "vlan tags are for bridges of Open vSwitch (virtualport type "
                            "'openvswitch')");
        if (switched)
                r = check_switch(net, join, error);
        else if (join->dev)
                r = check_direct(net, join, error);
        if (r >= 0)
                r = check_ethernet(net, join, error);
        if (r < 0)
                return r;
        if ((join->isolated || join->learns_nothing) && !join->bridge)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "only a port of a bridge can be isolated");
        return guard_check(connection, net, error);
}

int join_plan(Domain *domain, const DomainNet *net, Join *ret, Error *error) {
        int r = 0;

        if (net->type == NET_NETWORK)
                r = plan_network(domain, net, ret, error);
        else if (net->type == NET_BRIDGE)
                ret->bridge = net->bridge ?: "";
        else if (net->type == NET_DIRECT) {
                ret->dev = net->source_dev ?: "";
                ret->mode = net->source_mode ?: "vepa";
        }
        if (r < 0)
                return r;
        plan_own(net, ret);
        r = plan_port(net, ret, error);
        return r < 0 ? r : check(domain->resource.connection, net, ret, error);
}

/* ---- writing down ---- */

/* By its uuid the switch's own managers know a port, also after a change. */
static int note_port(DomainNet *net, const Join *join, const DomainNet *old) {
        const char *before = old && old->virtualport ? old->virtualport->interface : NULL;
        char text[UUID_TEXT_MAX];
        VirtualPort *port;
        Uuid uuid;

        if (!join->port.type)
                return 0;
        if (uuid_generate(&uuid) < 0)
                return -EIO;
        if (!net->virtualport)
                net->virtualport = calloc(1, sizeof(*net->virtualport));
        port = net->virtualport;
        if (!port || net_note_text(&port->type, join->port.type) < 0 ||
            net_note_text(&port->profile, join->port.profile) < 0)
                return -ENOMEM;
        return net_note_text(&port->interface,
                             join->port.interface ?: before ?: uuid_format(uuid, text));
}

int join_note(DomainNet *net, const Join *join, const DomainNet *old, Error *error) {
        bool networked = net->type == NET_NETWORK;

        if (net_note_limit(&net->inbound, &join->inbound) < 0 ||
            net_note_limit(&net->outbound, &join->outbound) < 0 || note_port(net, join, old) < 0 ||
            net_note_vlan(net, join->vlan) < 0 ||
            (join->isolated && net_note_text(&net->isolated, "yes") < 0))
                return fail_memory(error);
        net->mtu = join->mtu;
        if (join->trusted && net_note_text(&net->trust_rx_filters, "yes") < 0)
                return fail_memory(error);
        if (networked && (net_note_text(&net->bridge, join->bridge) < 0 ||
                          net_note_text(&net->source_dev, join->dev) < 0 ||
                          net_note_text(&net->source_mode, join->mode) < 0))
                return fail_memory(error);
        return 0;
}
