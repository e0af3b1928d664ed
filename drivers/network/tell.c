/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others on the host are told of a network's bridge, when it is there and serves: firewalld
 * the zone, without which its own rules drop DHCP and DNS, and systemd-resolved the domain with
 * register='yes'. A zone that the definition names has to be there; "libvirt" and "libvirt-routed",
 * which libvirt brings along, are used where they are. */
#include <string.h>

#include "drivers/host-links.h"
#include "drivers/network/host.h"

static HostLinks *links_of(const HostNetwork *host) {
        return host_connection(host)->settings->links;
}

static void host_link(const HostNetwork *host, const NetworkConf *conf, const char **zone,
                      HostLink *ret) {
        static const char *const routed[] = { "libvirt-routed", "libvirt", NULL };

        *ret = (HostLink) { .name = host->bridge, .zone_needed = conf->bridge_zone };
        *zone = conf->bridge_zone;
        if (conf->bridge_zone)
                ret->zones = zone;
        else if (conf->forward != FORWARD_OPEN)
                ret->zones = conf->forward == FORWARD_ROUTE ? routed : routed + 1;
        if (!conf->domain || conf->domain_register != TRISTATE_YES)
                return;
        for (size_t i = 0; i < conf->ips.n && !ret->domain; i++)
                if (conf->ips.items[i]->address &&
                    ip_parse(conf->ips.items[i]->address, &ret->dns) >= 0)
                        ret->domain = conf->domain;
}

static void told(int result, Error *error, void *userdata) {
        HostNetwork *host = userdata;

        host->telling = NULL;
        host->in_zone = result > 0;
        host_told(host, error);
}

int host_tell(HostNetwork *host, const NetworkConf *conf, Error *error) {
        const char *zone[] = { NULL, NULL };
        HostLink link;

        host->in_zone = false;
        if (!host->bridge)
                return DONE;
        host_link(host, conf, zone, &link);
        if (links_of(host))
                return links_of(host)->tell(links_of(host), &link, told, host, &host->telling,
                                            error);
        return !link.zone_needed && !link.domain
                       ? DONE : fail(error, ERROR_OPERATION_UNSUPPORTED,
                                     "nobody can be told of interface '%s'", host->bridge);
}

void host_remember_told(const HostNetwork *host, const NetworkConf *conf) {
        const char *zone[] = { NULL, NULL };
        HostLink link;

        if (!host->bridge || !links_of(host))
                return;
        host_link(host, conf, zone, &link);
        links_of(host)->remember(links_of(host), &link);
}

void host_forget_telling(HostNetwork *host) {
        if (links_of(host))
                links_of(host)->forget(links_of(host), TAKE(host->telling));
}

void host_tell_gone(const HostNetwork *host) {
        if (host->bridge && links_of(host))
                links_of(host)->remove(links_of(host), host->bridge);
}
