/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network that is started anew has a new bridge. The taps of running guests that were on the old
 * one are put on it, as the network is now; macvtaps and what is on nobody's bridge stay where they
 * are. Taps that were handed out to others are the network's own business. */
#include <string.h>

#include "drivers/log.h"
#include "drivers/network/port.h"
#include "drivers/qemu/join-host.h"
#include "drivers/qemu/join-private.h"

static int join_again(Domain *domain, const DomainNet *net, Error *error) {
        _cleanup_(join_done) Join join = {};
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        PortSettings settings = { .mac = net->mac };
        int r = join_plan(domain, net, &join, error);

        if (r < 0 || join.dev || !join.bridge || join_is_switched(&join))
                return r;
        settings.isolated = join.isolated;
        settings.learns_nothing = join.learns_nothing;
        r = link_set_bridge(net->target, join.bridge, error);
        if (r >= 0)
                r = rtnl_open(&rtnl, error);
        return r < 0 ? r : port_set(&rtnl, net->target, &settings, error);
}

static void look_at(Domain *domain, const char *network) {
        const QemuGuest *guest = qemu_guest_of(domain);
        const DomainConf *conf = guest && guest->joined && !guest->stopping ? domain_view(domain)
                                                                            : NULL;

        for (size_t i = 0; conf && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];
                _cleanup_(error_clear) Error error = {};

                if (net->type != NET_NETWORK || !net->network || !net->target ||
                    strcmp(net->network, network) != 0 || join_again(domain, net, &error) >= 0)
                        continue;
                _cleanup_(freep) char *text = error_text(&error);
                log_resource(LOG_WARNING, &domain->resource,
                             "its interface '%s' isn't on network '%s' again: %s", net->target,
                             network, text ?: "out of memory");
        }
}

static void heard(const Event *event, void *userdata) {
        Connection *connection = userdata;
        const ResourceSet *domains = &connection->sets[RESOURCE_DOMAIN];

        if (event->kind != EVENT_LIFECYCLE || event->resource->kind != RESOURCE_NETWORK ||
            event->type != EVENT_STARTED)
                return;
        for (size_t i = 0; i < domains->n; i++)
                look_at(domain_of(domains->items[i]), event->resource->name);
}

int qemu_nets_follow(Connection *connection, EventWatch **ret, Error *error) {
        return event_watch(&connection->hub, heard, connection, ret) < 0 ? fail_memory(error) : 0;
}
