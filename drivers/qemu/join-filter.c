/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver in a guest wants to receive, for interfaces with trustGuestRxFilters: a macvtap
 * takes over the guest's address and the kinds of packets, a bridge that doesn't learn is told the
 * address. QEMU says that something changed, once until it is asked what.
 *
 * Packets to groups are let through as soon as the guest wants any group, not group by group. */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/network/link-private.h"
#include "drivers/network/port.h"
#include "drivers/qemu/join-private.h"

static const DomainNet *find_trusted(QemuGuest *guest, const char *alias) {
        const DomainConf *conf = guest->joined ? domain_view(guest->domain) : NULL;

        for (size_t i = 0; conf && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];

                if (net->device.alias && strcmp(net->device.alias, alias) == 0)
                        return net->target && net->trust_rx_filters &&
                                               strcmp(net->trust_rx_filters, "yes") == 0
                                       ? net : NULL;
        }
        return NULL;
}

/* ---- following ---- */

static bool wants_groups(json_object *filter) {
        json_object *table = json_member(filter, "multicast-table");
        const char *state = json_text(filter, "multicast");

        if (state && strcmp(state, "all") == 0)
                return true;
        return state && strcmp(state, "normal") == 0 &&
               (json_truth(filter, "multicast-overflow") ||
                (table && json_object_is_type(table, json_type_array) &&
                 json_object_array_length(table) > 0));
}

static int follow_macvtap(const DomainNet *net, MacAddress mac, json_object *filter, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        RtnlRequest request;
        Link link;
        int r = rtnl_open(&rtnl, error);

        if (r >= 0)
                r = rtnl_find(&rtnl, net->target, &link, error);
        if (r < 0)
                return r;
        request_begin(&request, RTM_NEWLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) link.index;
        message->ifi_change = IFF_PROMISC | IFF_ALLMULTI;
        message->ifi_flags = (json_truth(filter, "promiscuous") ? IFF_PROMISC : 0) |
                             (wants_groups(filter) ? IFF_ALLMULTI : 0);
        if (memcmp(&link.mac, &mac, sizeof(mac)) != 0)
                mnl_attr_put(request.header, IFLA_ADDRESS, sizeof(mac.bytes), mac.bytes);
        r = rtnl_talk(&rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot let '%s' receive what its guest wants",
                                  net->target) : 0;
}

/* It is told nothing if it learns. */
static int follow_bridge(QemuGuest *guest, const DomainNet *net, MacAddress mac, Error *error) {
        _cleanup_(join_done) Join join = {};
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        int r = join_plan(guest->domain, net, &join, error);

        if (r < 0 || !join.learns_nothing)
                return r;
        r = rtnl_open(&rtnl, error);
        return r < 0 ? r : port_set_mac(&rtnl, net->target, mac, true, error);
}

static int follow(QemuGuest *guest, const DomainNet *net, json_object *filter, Error *error) {
        bool direct = net->type == NET_DIRECT || (net->type == NET_NETWORK && net->source_dev);
        const char *text = json_text(filter, "main-mac");
        MacAddress mac;

        if (!text || mac_parse(text, &mac) < 0)
                return 0;
        return direct ? follow_macvtap(net, mac, filter, error)
                      : follow_bridge(guest, net, mac, error);
}

static void told(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuGuest *guest = userdata; /* it ends its conversation before it goes */
        bool some = value && json_object_is_type(value, json_type_array) &&
                    json_object_array_length(value) > 0;
        json_object *filter = some ? json_object_array_get_idx(value, 0) : NULL;
        const char *alias = filter ? json_text(filter, "name") : NULL;
        const DomainNet *net = alias ? find_trusted(guest, alias) : NULL;
        _cleanup_(error_clear) Error cause = {};

        if (!net || follow(guest, net, filter, &cause) >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&cause);
        log_resource(LOG_WARNING, &guest->domain->resource, "%s", text ?: "out of memory");
}

/* ---- asking ---- */

void qemu_net_filter_changed(QemuGuest *guest, const char *alias) {
        if (guest->qmp && find_trusted(guest, alias))
                (void) qmp_call(guest->qmp, "query-rx-filter",
                                qmp_arguments("s", "name", alias, NULL), told, guest, NULL);
}

void qemu_net_filters_ask(QemuGuest *guest) {
        const DomainConf *conf = domain_view(guest->domain);

        for (size_t i = 0; conf && i < conf->nets.n; i++)
                if (conf->nets.items[i]->device.alias)
                        qemu_net_filter_changed(guest, conf->nets.items[i]->device.alias);
}
