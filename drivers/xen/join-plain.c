/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces where there are no virtual networks: libxl's part is all there is. */
#include "drivers/xen/join.h"

#include <errno.h>
#include <string.h>

int xen_net_plan(Domain *domain, DomainNet *net, Error *error) {
        if (net->type == NET_NETWORK)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "this service was built without virtual networks");
        if (net->filterref || (net->isolated && strcmp(net->isolated, "yes") == 0) ||
            (net->inbound && net->inbound->average > 0))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "filterref, isolation and inbound bandwidth need what virtual networks "
                            "need, and this service was built without it");
        return 0;
}

int xen_nets_plan(Domain *domain, DomainConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++)
                r = xen_net_plan(domain, conf->nets.items[i], error);
        return r;
}

int xen_net_join(Domain *domain, const DomainNet *net, Error *error) {
        return 0;
}

void xen_net_leave(Domain *domain, const DomainNet *net) {
}

int xen_net_change(Domain *domain, const DomainNet *old, const DomainNet *new, Error *error) {
        return 0;
}

int xen_net_guard(const Connection *connection, const DomainNet *net, Error *error) {
        return 0;
}

void xen_net_unguard(const DomainNet *net) {
}

int xen_nets_join(XenGuest *guest, Error *error) {
        return 0;
}

void xen_nets_leave(XenGuest *guest) {
}

void xen_nets_found(XenGuest *guest) {
}
