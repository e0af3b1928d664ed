/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joining without what virtual networks are made of (libmnl): taps, on bridges that
 * are there, and no rules. */
#include "drivers/qemu/join-settle.h"
#include "drivers/qemu/join.h"

#include <string.h>

static bool asks_for_more(const DomainNet *net) {
        return net->filterref || net->inbound || net->outbound || net->virtualport || net->vlan ||
               net->isolated || net->source_ips.n > 0 || net->source_routes.n > 0;
}

static int refuse(Error *error) {
        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                    "other bridges for running guests, filters, limits, vlans, isolation and the "
                    "host's addresses of interfaces: this service was built without networks");
}

int qemu_net_join(Domain *domain, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                  Error *error) {
        const TapPlace place = {
                .bridge = net->type == NET_BRIDGE ? net->bridge ?: "" : NULL,
                .mtu = net->mtu,
        };

        *ret = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        if (!qemu_net_needs_tap(net))
                return 0;
        if (net->type != NET_BRIDGE && net->type != NET_ETHERNET)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface of type '%s': this service was built without networks",
                            net_types[net->type]);
        if (asks_for_more(net))
                return refuse(error);
        return qemu_tap_open(conf, net, &place, ret, error);
}

void qemu_net_leave(Domain *domain, const DomainNet *net) {
        qemu_net_unsettle(domain, net);
}

int qemu_nets_allot(Domain *domain, DomainConf *conf, Error *error) {
        return 0;
}

void qemu_nets_give_back(Domain *domain, const DomainConf *conf) {}

void link_watch_need(Connection *connection) {}

LinkWatch *link_watch_free(LinkWatch *watch) {
        return NULL;
}

void qemu_net_filter_changed(QemuGuest *guest, const char *alias) {}

void qemu_net_filters_ask(QemuGuest *guest) {}

void qemu_net_found(Domain *domain, const DomainNet *net) {}

/* What could change is refused where it is asked for. */
int qemu_net_plan_change(Domain *domain, const DomainNet *old, DomainNet *new, Error *error) {
        bool moves = old->bridge && new->bridge && strcmp(old->bridge, new->bridge) != 0;

        if (qemu_net_needs_tap(new) && (moves || asks_for_more(new)))
                return refuse(error);
        return 0;
}

int qemu_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error) {
        return 0;
}
