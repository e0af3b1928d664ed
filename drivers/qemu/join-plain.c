/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joining without what virtual networks are made of (libmnl, libnftables): taps, on bridges that
 * are there, and no rules. */
#include "drivers/qemu/join.h"

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
        if (net->filterref || net->inbound || net->outbound || net->virtualport || net->vlan ||
            net->isolated)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filters, limits, vlans and isolation of interfaces: this service was "
                            "built without networks");
        return qemu_tap_open(conf, net, &place, ret, error);
}

void qemu_net_leave(Domain *domain, const DomainNet *net) {}

void qemu_net_found(Domain *domain, const DomainNet *net) {}

void qemu_net_drop_rules(const DomainNet *old, const DomainNet *new) {}

int qemu_net_set_rules(Domain *domain, const DomainNet *net, Error *error) {
        return 0;
}
