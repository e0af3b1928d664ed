/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The taps that a session's guest gets of the system: one question after the other, before anything
 * else of the guest is made. What the system does with a tap is the network's business, so what an
 * interface asks for beyond its network and portgroup is refused here. */
#include "drivers/qemu/borrow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/taps.h"

struct QemuBorrow {
        Domain *domain; /* borrowed: a job holds it */
        DomainConf *conf;
        const DomainNet *only;
        bool interactive;
        size_t at;
        QemuTap *taps; /* one for each interface of conf */
        TapRequest *request;
        sd_event_source *stop;
        QemuBorrowed borrowed;
        void *userdata;
};

static TapBroker *broker_of(const Domain *domain) {
        return domain->resource.connection->settings->taps;
}

bool qemu_net_is_borrowed(const Connection *connection, const DomainNet *net) {
        return connection->settings->taps && net->type == NET_NETWORK && net->network &&
               !resource_set_by_name(&connection->sets[RESOURCE_NETWORK], net->network);
}

int qemu_borrow_check(const DomainNet *net, Error *error) {
        const struct {
                bool given;
                const char *what;
        } rules[] = {
                { net->filterref, "filterref" },
                { net->inbound || net->outbound, "bandwidth" },
                { net->isolated, "port isolation" },
                { net->virtualport, "virtualport" },
                { net->vlan, "vlan" },
                { net->mtu, "mtu" },
                { net->queues > 1, "several queues" },
                { net->script, "script" },
                { net->target_managed == TRISTATE_NO, "target managed='no'" },
                { net->target && strncmp(net->target, "vnet", 4) != 0, "a name of its target" },
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if (rules[i].given)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "an interface of a session's guest on the system's network "
                                    "'%s' can't have %s: its tap is the system's",
                                    net->network, rules[i].what);
        return 0;
}

/* ---- answers ---- */

/* Its name is the host's to know; it is told by the tap itself. */
static int note_name(DomainNet *net, int fd, Error *error) {
        struct ifreq request = {};

        if (ioctl(fd, TUNGETIFF, &request) < 0)
                return fail_errno(error, -errno, "what the system gave for a tap is none");
        free(net->target);
        net->target = strdup(request.ifr_name);
        return net->target ? 0 : fail_memory(error);
}

static int next(QemuBorrow *borrow, Error *error);

static void end(QemuBorrow *borrow, Error *error) {
        QemuBorrowed borrowed = borrow->borrowed;

        borrow->borrowed = NULL;
        if (borrowed)
                borrowed(error, borrow->userdata);
}

static void opened(int fd, Error *error, void *userdata) {
        QemuBorrow *borrow = userdata;
        _cleanup_(error_clear) Error cause = {};
        DomainNet *net = borrow->conf->nets.items[borrow->at];
        QemuTap *tap = &borrow->taps[borrow->at];
        int r = 0;

        borrow->request = NULL;
        if (fd < 0) {
                end(borrow, error);
                return;
        }
        tap->fd = fd;
        r = note_name(net, fd, &cause);
        if (r >= 0 && fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
                r = fail_errno(&cause, -errno, "cannot use tap interface '%s'", net->target);
        if (r >= 0 && qemu_net_wants_vhost(borrow->conf, net))
                tap->vhost_fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC); /* or without */
        borrow->at++;
        if (r >= 0)
                r = next(borrow, &cause);
        if (r != PENDING)
                end(borrow, &cause);
}

/* ---- questions ---- */

static int ask(QemuBorrow *borrow, const DomainNet *net, Error *error) {
        TapBroker *broker = broker_of(borrow->domain);
        const TapSpec spec = {
                .network = net->network,
                .portgroup = net->portgroup,
                .mac = net->mac,
                .headers = net->model && strncmp(net->model, "virtio", 6) == 0,
                .interactive = borrow->interactive,
        };
        int r = qemu_borrow_check(net, error);

        return r < 0 ? r : broker->open(broker, &spec, opened, borrow, &borrow->request, error);
}

static int next(QemuBorrow *borrow, Error *error) {
        for (; borrow->at < borrow->conf->nets.n; borrow->at++) {
                const DomainNet *net = borrow->conf->nets.items[borrow->at];

                if ((!borrow->only || borrow->only == net) &&
                    qemu_net_is_borrowed(borrow->domain->resource.connection, net))
                        return ask(borrow, net, error);
        }
        return DONE;
}

int qemu_borrow(Domain *domain, DomainConf *conf, const DomainNet *only, bool interactive,
                QemuBorrowed borrowed, void *userdata, QemuBorrow **ret, Error *error) {
        QemuBorrow *borrow;

        if (!broker_of(domain) || conf->nets.n == 0)
                return DONE;
        borrow = calloc(1, sizeof(*borrow));
        if (!borrow)
                return fail_memory(error);
        *borrow = (QemuBorrow) {
                .domain = domain, .conf = conf, .only = only, .interactive = interactive,
                .borrowed = borrowed, .userdata = userdata,
                .taps = calloc(conf->nets.n, sizeof(*borrow->taps)),
        };
        *ret = borrow;
        if (!borrow->taps)
                return fail_memory(error);
        for (size_t i = 0; i < conf->nets.n; i++)
                borrow->taps[i] = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        return next(borrow, error);
}

/* ---- its end ---- */

static int stopped(sd_event_source *source, void *userdata) {
        _cleanup_(error_clear) Error error = {};

        (void) fail(&error, ERROR_OPERATION_ABORTED, "given up while a tap was asked for");
        end(userdata, &error);
        return 0;
}

void qemu_borrow_stop(QemuBorrow *borrow) {
        const Connection *connection = borrow->domain->resource.connection;

        if (!borrow->request || borrow->stop)
                return;
        if (sd_event_add_defer(connection->event, &borrow->stop, stopped, borrow) >= 0)
                broker_of(borrow->domain)->forget(broker_of(borrow->domain), TAKE(borrow->request));
}

bool qemu_borrow_take(QemuBorrow *borrow, const DomainNet *net, QemuTap *ret) {
        for (size_t i = 0; borrow && i < borrow->conf->nets.n; i++) {
                if (borrow->conf->nets.items[i] != net || borrow->taps[i].fd < 0)
                        continue;
                *ret = borrow->taps[i];
                borrow->taps[i] = (QemuTap) { .fd = -1, .vhost_fd = -1 };
                return true;
        }
        return false;
}

QemuBorrow *qemu_borrow_free(QemuBorrow *borrow) {
        if (!borrow)
                return NULL;
        if (borrow->request)
                broker_of(borrow->domain)->forget(broker_of(borrow->domain), borrow->request);
        sd_event_source_disable_unref(borrow->stop);
        for (size_t i = 0; borrow->taps && i < borrow->conf->nets.n; i++)
                qemu_tap_close(&borrow->taps[i]);
        free(borrow->taps);
        free(borrow);
        return NULL;
}
