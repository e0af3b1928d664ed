/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tap devices for interfaces on bridges and plain ethernet: made here, handed to QEMU as
 * descriptors, gone with the last of them. QEMU never needs the right to make one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

#include "drivers/qemu/guest.h"

void qemu_taps_clear(QemuTaps *taps) {
        for (size_t i = 0; i < taps->n; i++) {
                closep(&taps->items[i].fd);
                closep(&taps->items[i].vhost_fd);
                for (size_t k = 0; k < taps->items[i].n_further; k++) {
                        closep(&taps->items[i].further[k].fd);
                        closep(&taps->items[i].further[k].vhost_fd);
                }
                free(taps->items[i].further);
        }
        free(taps->items);
        *taps = (QemuTaps) {};
}

static int interface_set(int control, struct ifreq *request, unsigned long what, const char *doing,
                         Error *error) {
        if (ioctl(control, what, request) >= 0)
                return 0;
        return fail_errno(error, -errno, "cannot %s interface '%s'", doing, request->ifr_name);
}

/* The tap's own address differs from the guest's in its first byte, high enough that a bridge never
 * takes it for its own. */
static int tap_configure(int control, const DomainNet *net, const char *name, Error *error) {
        struct ifreq request = {};
        int r = 0;

        snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
        request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
        memcpy(request.ifr_hwaddr.sa_data, net->mac.bytes, sizeof(net->mac.bytes));
        request.ifr_hwaddr.sa_data[0] = (char) 0xfe;
        r = interface_set(control, &request, SIOCSIFHWADDR, "set the address of", error);
        if (r >= 0 && net->mtu > 0) {
                request.ifr_mtu = net->mtu;
                r = interface_set(control, &request, SIOCSIFMTU, "set the mtu of", error);
        }
        if (r >= 0 && net->type == NET_BRIDGE) {
                struct ifreq bridge = { .ifr_ifindex = if_nametoindex(name) };

                snprintf(bridge.ifr_name, IFNAMSIZ, "%s", net->bridge ?: "");
                if (ioctl(control, SIOCBRADDIF, &bridge) < 0)
                        return fail_errno(error, -errno, "cannot put interface '%s' on bridge '%s'",
                                          name, net->bridge ?: "");
        }
        if (r >= 0) {
                request.ifr_flags = IFF_UP | IFF_BROADCAST | IFF_MULTICAST;
                r = interface_set(control, &request, SIOCSIFFLAGS, "bring up", error);
        }
        return r;
}

/* A name that we chose once is chosen anew. */
static bool is_own_name(const char *target) {
        return !target || strncmp(target, "vnet", 4) == 0;
}

/* One queue of an interface, which the first makes. vhost: -1 is no failure. */
static int queue_open(struct ifreq *request, bool vhost, int *ret, int *ret_vhost, Error *error) {
        *ret = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (*ret < 0)
                return fail_errno(error, -errno, "cannot open /dev/net/tun");
        if (ioctl(*ret, TUNSETIFF, request) < 0)
                return fail_errno(error, -errno, "cannot make tap interface '%s'",
                                  request->ifr_name);
        if (vhost)
                *ret_vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
        return 0;
}

static int further_open(struct ifreq *request, uint32_t n, bool vhost, QemuTap *tap,
                        Error *error) {
        if (!(tap->further = calloc(n, sizeof(*tap->further))))
                return fail_memory(error);
        for (uint32_t i = 0; i < n; i++) {
                QemuQueue *queue = &tap->further[tap->n_further++];
                int r;

                *queue = (QemuQueue) { -1, -1 };
                if ((r = queue_open(request, vhost, &queue->fd, &queue->vhost_fd, error)) < 0)
                        return r;
        }
        return 0;
}

static int tap_open(int control, const DomainConf *conf, DomainNet *net, QemuTap *ret,
                    Error *error) {
        bool is_virtio = net->model && strncmp(net->model, "virtio", 6) == 0;
        bool vhost = qemu_net_wants_vhost(conf, net);
        struct ifreq request = {
                .ifr_flags = IFF_TAP | IFF_NO_PI | (is_virtio ? IFF_VNET_HDR : 0) |
                             (net->queues > 1 ? IFF_MULTI_QUEUE : 0),
        };
        const short flags = request.ifr_flags;
        int r;

        if (net->script)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "interface script '%s': scripts are not run", net->script);
        snprintf(request.ifr_name, IFNAMSIZ, "%s",
                 is_own_name(net->target) ? "vnet%d" : net->target);
        if ((r = queue_open(&request, vhost, &ret->fd, &ret->vhost_fd, error)) < 0)
                return r;
        request.ifr_flags = flags;
        if (net->queues > 1 &&
            (r = further_open(&request, net->queues - 1, vhost, ret, error)) < 0)
                return r;
        if (net->target_managed != TRISTATE_NO &&
            (r = tap_configure(control, net, request.ifr_name, error)) < 0)
                return r;
        free(net->target);
        net->target = strdup(request.ifr_name);
        return net->target ? 0 : fail_memory(error);
}

int qemu_taps_open(DomainConf *conf, QemuTaps *ret, Error *error) {
        _cleanup_(closep) int control = -1;

        if (conf->nets.n == 0)
                return 0;
        ret->items = calloc(conf->nets.n, sizeof(*ret->items));
        if (!ret->items)
                return fail_memory(error);
        for (; ret->n < conf->nets.n; ret->n++)
                ret->items[ret->n] = (QemuTap) { .fd = -1, .vhost_fd = -1 };

        for (size_t i = 0; i < conf->nets.n; i++) {
                DomainNet *net = conf->nets.items[i];
                int r;

                if (!qemu_net_needs_tap(net))
                        continue;
                if (control < 0)
                        control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                if (control < 0)
                        return fail_errno(error, -errno, "cannot open a socket");
                r = tap_open(control, conf, net, &ret->items[i], error);
                if (r < 0)
                        return r;
        }
        return 0;
}
