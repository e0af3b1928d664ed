/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notices when somebody else removes the tap of a guest. QEMU says nothing then, and the guest only
 * finds that nobody answers; a tap can't be put back under a running guest, so what is left is to
 * say so.
 *
 * The kernel tells that an interface went before it tells that its guest did: so the question waits
 * a while, and an interface whose guest is gone by then, or which left, went the usual way. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>

#include "drivers/log.h"
#include "drivers/network/link.h"
#include "drivers/qemu/join-private.h"

#define PAUSE (2 * UINT64_C(1000000)) /* us */

typedef struct Gone {
        struct Gone *next;
        char name[IFNAMSIZ];
} Gone;

struct LinkWatch {
        Connection *connection;
        Rtnl rtnl;
        sd_event_source *source, *timer;
        Gone *gone;
};

LinkWatch *link_watch_free(LinkWatch *watch) {
        if (!watch)
                return NULL;
        while (watch->gone) {
                Gone *next = watch->gone->next;

                free(watch->gone);
                watch->gone = next;
        }
        sd_event_source_disable_unref(watch->source);
        sd_event_source_disable_unref(watch->timer);
        rtnl_close(&watch->rtnl);
        free(watch);
        return NULL;
}

/* ---- heard ---- */

static int name_of(const struct nlattr *attribute, void *userdata) {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
                *(const char **) userdata = mnl_attr_get_str(attribute);
        return MNL_CB_OK;
}

/* A bridge tells of ports that leave it with the same message, for its own family. */
static int heard(const struct nlmsghdr *header, void *userdata) {
        const struct ifinfomsg *message = mnl_nlmsg_get_payload(header);
        LinkWatch *watch = userdata;
        const char *name = NULL;
        Gone *gone;

        if (header->nlmsg_type != RTM_DELLINK || message->ifi_family != AF_UNSPEC)
                return MNL_CB_OK;
        (void) mnl_attr_parse(header, sizeof(*message), name_of, &name);
        gone = name && strlen(name) < IFNAMSIZ ? calloc(1, sizeof(*gone)) : NULL;
        if (!gone)
                return MNL_CB_OK;
        strcpy(gone->name, name);
        gone->next = watch->gone;
        watch->gone = gone;
        return MNL_CB_OK;
}

static int listen_on(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        LinkWatch *watch = userdata;
        char text[32768];
        ssize_t n;

        while ((n = recv(fd, text, sizeof(text), MSG_DONTWAIT)) > 0)
                (void) mnl_cb_run(text, (size_t) n, 0, 0, heard, watch);
        if (watch->gone && sd_event_source_set_time_relative(watch->timer, PAUSE) >= 0)
                (void) sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
        return 0;
}

/* ---- looked at, a while later ---- */

static void look_at(Domain *domain, const char *name) {
        const QemuGuest *guest = qemu_guest_of(domain);
        const DomainConf *conf = guest && guest->joined && !guest->stopping ? domain_view(domain)
                                                                            : NULL;

        for (size_t i = 0; conf && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];
                char mac[MAC_TEXT_MAX];

                if (qemu_net_needs_tap(net) && net->target && strcmp(net->target, name) == 0)
                        log_resource(LOG_WARNING, &domain->resource,
                                     "somebody removed '%s', the host's side of its interface %s "
                                     "(%s), which reaches nobody any more; detached and attached "
                                     "again it has a new one",
                                     name, net->device.alias ?: "", mac_format(net->mac, mac));
        }
}

static int look(sd_event_source *source, uint64_t usec, void *userdata) {
        LinkWatch *watch = userdata;
        const ResourceSet *domains = &watch->connection->sets[RESOURCE_DOMAIN];

        while (watch->gone) {
                Gone *gone = watch->gone;

                for (size_t i = 0; i < domains->n && if_nametoindex(gone->name) == 0; i++)
                        look_at(domain_of(domains->items[i]), gone->name);
                watch->gone = gone->next;
                free(gone);
        }
        return 0;
}

/* ---- begun ---- */

static int watch_begin(LinkWatch *watch, Error *error) {
        sd_event *event = watch->connection->event;
        unsigned group = RTNLGRP_LINK;
        int r = rtnl_open(&watch->rtnl, error);

        if (r < 0)
                return r;
        if (mnl_socket_setsockopt(watch->rtnl.socket, NETLINK_ADD_MEMBERSHIP, &group,
                                  sizeof(group)) < 0)
                return fail_errno(error, -errno, "cannot hear of interfaces");
        r = sd_event_add_io(event, &watch->source, mnl_socket_get_fd(watch->rtnl.socket), EPOLLIN,
                            listen_on, watch);
        if (r >= 0)
                r = sd_event_add_time(event, &watch->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, look,
                                      watch);
        return r < 0 ? fail_errno(error, r, "cannot hear of interfaces") : 0;
}

void link_watch_need(Connection *connection) {
        QemuDriver *driver = qemu_driver_of(connection);
        _cleanup_(error_clear) Error error = {};

        if (driver->links)
                return;
        driver->links = calloc(1, sizeof(*driver->links));
        if (!driver->links)
                return;
        driver->links->connection = connection;
        if (watch_begin(driver->links, &error) >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_message(LOG_WARNING, "%s", text ?: "out of memory");
        driver->links = link_watch_free(driver->links);
}
