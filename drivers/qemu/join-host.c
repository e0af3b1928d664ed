/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges, addresses and macvtaps, by rtnetlink. */
#include "drivers/qemu/join-host.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/link-private.h"

static int open_link(Rtnl *rtnl, const char *name, Link *ret, Error *error) {
        int r = rtnl_open(rtnl, error);

        if (r >= 0)
                r = rtnl_find(rtnl, name, ret, error);
        return r == -ENODEV ? fail(error, ERROR_OPERATION_FAILED, "there is no interface '%s'",
                                   name) : r;
}

/* ---- bridges ---- */

int link_set_bridge(const char *name, const char *bridge, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link, master = {};
        int r = open_link(&rtnl, name, &link, error);

        if (r >= 0)
                r = rtnl_find(&rtnl, bridge, &master, error);
        if (r == -ENODEV || (r >= 0 && !master.is_bridge))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "cannot put interface '%s' on '%s', which is no bridge of the kernel",
                            name, bridge);
        return r < 0 ? r : rtnl_set_master(&rtnl, link.index, master.index, error);
}

/* ---- addresses of the host's side ---- */

static int parse(const char *text, IpAddress *ret, Error *error) {
        if (ip_parse(text ?: "", ret) >= 0)
                return 0;
        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                    "the host's side of an interface: '%.64s' is no address", text ?: "");
}

/* As libvirt: where none is given, one of the classes of old, and 64 with IPv6. */
static unsigned default_prefix(const IpAddress *address) {
        if (address->family == AF_INET6)
                return 64;
        return address->bytes[0] < 128 ? 8 : address->bytes[0] < 192 ? 16 : 24;
}

static int add_address(Rtnl *rtnl, unsigned index, const NetIp *ip, Error *error) {
        IpAddress address, peer;
        int r = parse(ip->address, &address, error);

        if (r >= 0 && ip->peer)
                r = parse(ip->peer, &peer, error);
        if (r < 0)
                return r;
        unsigned prefix = ip->prefix.set ? ip->prefix.value : default_prefix(&address);
        if (prefix > ip_bits(address.family) || (ip->peer && peer.family != address.family))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the host's side of an interface: prefix or peer of '%s' don't fit",
                            ip->address);
        return rtnl_add_address(rtnl, index, &address, ip->peer ? &peer : NULL, prefix, error);
}

static int add_route(Rtnl *rtnl, unsigned index, const NetRoute *route, Error *error) {
        RouteSpec spec = { .metric = route->metric.value };
        bool any = !route->address; /* as libvirt: the way to everywhere */
        bool six = route->family && strcmp(route->family, "ipv6") == 0;
        IpAddress mask = {};
        int prefix = 0;
        int r = parse(any ? six ? "::" : "0.0.0.0" : route->address, &spec.to, error);

        if (r >= 0)
                r = parse(route->gateway, &spec.gateway, error);
        if (r >= 0 && route->netmask)
                r = parse(route->netmask, &mask, error);
        if (r < 0)
                return r;
        if (route->prefix.set)
                prefix = (int) MIN(route->prefix.value, 255u);
        else if (route->netmask)
                prefix = ip_mask_prefix(&mask);
        else if (!any)
                prefix = (int) ip_bits(spec.to.family);
        if (prefix < 0 || prefix > (int) ip_bits(spec.to.family) ||
            spec.to.family != spec.gateway.family)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the host's side of an interface: the route over '%s' has no network",
                            route->gateway);
        spec.prefix = (unsigned) prefix;
        return rtnl_add_route(rtnl, index, &spec, error);
}

int link_set_addresses(const DomainNet *net, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;
        int r = 0;

        if (net->source_ips.n == 0 && net->source_routes.n == 0)
                return 0;
        r = open_link(&rtnl, net->target, &link, error);
        for (size_t i = 0; r >= 0 && i < net->source_ips.n; i++)
                r = add_address(&rtnl, link.index, net->source_ips.items[i], error);
        for (size_t i = 0; r >= 0 && i < net->source_routes.n; i++)
                r = add_route(&rtnl, link.index, net->source_routes.items[i], error);
        return r;
}

/* ---- macvtaps ---- */

#define NAMES_MAX 4096

static void owner_text(Uuid owner, char text[static 64]) {
        char uuid[UUID_TEXT_MAX];

        (void) snprintf(text, 64, "virtbus %s", uuid_format(owner, uuid));
}

static int mode_number(const char *mode) {
        static const struct {
                const char *name;
                int number;
        } modes[] = { { "vepa", MACVLAN_MODE_VEPA }, { "bridge", MACVLAN_MODE_BRIDGE },
                      { "private", MACVLAN_MODE_PRIVATE },
                      { "passthrough", MACVLAN_MODE_PASSTHRU } };

        for (size_t i = 0; i < ELEMENTS(modes); i++)
                if (strcmp(mode, modes[i].name) == 0)
                        return modes[i].number;
        return MACVLAN_MODE_VEPA;
}

static int make(Rtnl *rtnl, const char *name, const DomainNet *net, unsigned lower, int mode,
                uint32_t mtu) {
        RtnlRequest request;

        request_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        (void) request_extra(&request, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
        mnl_attr_put_u32(request.header, IFLA_LINK, lower);
        mnl_attr_put(request.header, IFLA_ADDRESS, sizeof(net->mac.bytes), net->mac.bytes);
        if (mtu > 0)
                mnl_attr_put_u32(request.header, IFLA_MTU, mtu);
        struct nlattr *info = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
        mnl_attr_put_strz(request.header, IFLA_INFO_KIND, "macvtap");
        struct nlattr *data = mnl_attr_nest_start(request.header, IFLA_INFO_DATA);
        mnl_attr_put_u32(request.header, IFLA_MACVLAN_MODE, (uint32_t) mode);
        mnl_attr_nest_end(request.header, data);
        mnl_attr_nest_end(request.header, info);
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

static int set_owner(Rtnl *rtnl, unsigned index, Uuid owner) {
        RtnlRequest request;
        char text[64];

        owner_text(owner, text);
        request_begin(&request, RTM_SETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) index;
        mnl_attr_put_strz(request.header, IFLA_IFALIAS, text);
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

static bool is_own_name(const char *target) {
        return !target || strncmp(target, "macvtap", 7) == 0 || strncmp(target, "vnet", 4) == 0;
}

/* A name that we chose once is chosen anew. */
static int make_named(Rtnl *rtnl, DomainNet *net, unsigned lower, int mode, uint32_t mtu) {
        bool chosen = is_own_name(net->target);
        char name[LINK_NAME_MAX + 1];
        int r = -EEXIST;

        for (unsigned i = 0; r == -EEXIST && i < NAMES_MAX; i++) {
                if (chosen)
                        (void) snprintf(name, sizeof(name), "macvtap%u", i);
                else
                        (void) snprintf(name, sizeof(name), "%s", net->target);
                r = make(rtnl, name, net, lower, mode, mtu);
                if (!chosen)
                        break;
        }
        if (r < 0)
                return r;
        free(net->target);
        net->target = strdup(name);
        return net->target ? 0 : -ENOMEM;
}

int macvtap_make(const DomainConf *conf, DomainNet *net, const char *dev, const char *mode,
                 uint32_t mtu, char **ret_path, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link lower, made;
        int r = open_link(&rtnl, dev, &lower, error);

        if (r < 0)
                return r;
        r = make_named(&rtnl, net, lower.index, mode_number(mode), mtu);
        if (r == -EOPNOTSUPP)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface of type 'direct' needs macvtap, which this kernel lacks");
        if (r < 0)
                return fail_errno(error, r, "cannot make a macvtap on '%s'", dev);
        r = rtnl_find(&rtnl, net->target, &made, error);
        if (r >= 0)
                r = set_owner(&rtnl, made.index, conf->uuid);
        if (r >= 0)
                r = rtnl_set_up(&rtnl, made.index, error);
        if (r >= 0 && asprintf(ret_path, "/dev/tap%u", made.index) < 0) {
                *ret_path = NULL;
                r = -ENOMEM;
        }
        if (r < 0) {
                (void) rtnl_remove(&rtnl, made.index, NULL);
                return fail_errno(error, r, "cannot bring up macvtap '%s'", net->target);
        }
        return 0;
}

static int compare_owner(const struct nlattr *attribute, void *userdata) {
        const char **wanted = userdata;

        if (mnl_attr_get_type(attribute) == IFLA_IFALIAS && *wanted &&
            strcmp(mnl_attr_get_str(attribute), *wanted) == 0)
                *wanted = NULL; /* found */
        return MNL_CB_OK;
}

static int found_owner(const struct nlmsghdr *header, void *userdata) {
        return mnl_attr_parse(header, sizeof(struct ifinfomsg), compare_owner, userdata);
}

void macvtap_remove(const char *name, Uuid owner) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        RtnlRequest request;
        const char *wanted;
        char text[64];
        Link link;

        if (open_link(&rtnl, name, &link, NULL) < 0)
                return;
        owner_text(owner, text);
        wanted = text;
        request_begin(&request, RTM_GETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) link.index;
        if (rtnl_talk(&rtnl, &request, found_owner, &wanted) >= 0 && !wanted)
                (void) rtnl_remove(&rtnl, link.index, NULL);
}
