/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tap devices for interfaces on bridges and plain ethernet: made here, handed to QEMU as
 * descriptors, gone with the last of them. QEMU never needs the right to make one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

#include "drivers/qemu/join.h"

void qemu_tap_close(QemuTap *tap) {
        closep(&tap->fd);
        closep(&tap->vhost_fd);
        for (size_t k = 0; k < tap->n_further; k++) {
                closep(&tap->further[k].fd);
                closep(&tap->further[k].vhost_fd);
        }
        free(tap->further);
        *tap = (QemuTap) { .fd = -1, .vhost_fd = -1 };
}

void qemu_taps_clear(QemuTaps *taps) {
        for (size_t i = 0; i < taps->n; i++)
                qemu_tap_close(&taps->items[i]);
        free(taps->items);
        *taps = (QemuTaps) {};
}

static int interface_set(int control, struct ifreq *request, unsigned long what, const char *doing,
                         Error *error) {
        if (ioctl(control, what, request) >= 0)
                return 0;
        return fail_errno(error, -errno, "cannot %s interface '%s'", doing, request->ifr_name);
}

static int refuse_bridge(const char *name, const char *bridge, int number, Error *error) {
        if (number == -EOPNOTSUPP || number == -EINVAL)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "cannot put interface '%s' on '%s', which is no bridge of the kernel; "
                            "one of Open vSwitch takes <virtualport type='openvswitch'/>",
                            name, bridge);
        return fail_errno(error, number, "cannot put interface '%s' on bridge '%s'", name, bridge);
}

/* What else is set of how packets come stays as the kernel has it. */
static int set_coalesce(int control, const char *name, uint32_t frames, Error *error) {
        struct ethtool_coalesce settings = { .cmd = ETHTOOL_GCOALESCE };
        struct ifreq request = { .ifr_data = (char *) &settings };
        int r;

        (void) snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
        r = ioctl(control, SIOCETHTOOL, &request);
        settings.cmd = ETHTOOL_SCOALESCE;
        settings.rx_max_coalesced_frames = frames;
        if (r >= 0)
                r = ioctl(control, SIOCETHTOOL, &request);
        return r < 0 ? fail_errno(error, -errno, "cannot coalesce packets of interface '%s'", name)
                     : 0;
}

int qemu_tap_set_coalesce(const DomainNet *net, Error *error) {
        _cleanup_(closep) int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (control < 0)
                return fail_errno(error, -errno, "cannot open a socket");
        return set_coalesce(control, net->target, net->coalesce ? net->coalesce_rx.value : 0,
                            error);
}

/* The tap's own address differs from the guest's in its first byte, high enough that a bridge never
 * takes it for its own. */
static int tap_configure(int control, const DomainNet *net, const TapPlace *place, const char *name,
                         Error *error) {
        struct ifreq request = {};
        int r = 0;

        snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
        request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
        memcpy(request.ifr_hwaddr.sa_data, net->mac.bytes, sizeof(net->mac.bytes));
        request.ifr_hwaddr.sa_data[0] = (char) 0xfe;
        r = interface_set(control, &request, SIOCSIFHWADDR, "set the address of", error);
        if (r >= 0 && place->mtu > 0) {
                request.ifr_mtu = (int) place->mtu;
                r = interface_set(control, &request, SIOCSIFMTU, "set the mtu of", error);
        }
        if (r >= 0 && place->bridge) {
                struct ifreq bridge = { .ifr_ifindex = if_nametoindex(name) };

                snprintf(bridge.ifr_name, IFNAMSIZ, "%s", place->bridge);
                if (ioctl(control, SIOCBRADDIF, &bridge) < 0)
                        return refuse_bridge(name, place->bridge, -errno, error);
        }
        if (r >= 0 && net->coalesce)
                r = set_coalesce(control, name, net->coalesce_rx.value, error);
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
static int queue_open(const char *path, struct ifreq *request, bool vhost, int *ret, int *ret_vhost,
                      Error *error) {
        *ret = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (*ret < 0)
                return fail_errno(error, -errno, "cannot open %s", path);
        int r = ioctl(*ret, TUNSETIFF, request) < 0 ? -errno : 0;
        if (r == -EPERM)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "a tap interface takes privileges that this service lacks: in a "
                            "session interfaces of type 'user', 'mcast', 'server', 'client' and "
                            "'udp' work, and those on networks of the system");
        if (r < 0)
                return fail_errno(error, r, "cannot make tap interface '%s'", request->ifr_name);
        if (vhost)
                *ret_vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
        return 0;
}

static int further_open(const char *path, struct ifreq *request, uint32_t n, bool vhost,
                        QemuTap *tap, Error *error) {
        if (!(tap->further = calloc(n, sizeof(*tap->further))))
                return fail_memory(error);
        for (uint32_t i = 0; i < n; i++) {
                QemuQueue *queue = &tap->further[tap->n_further++];
                int r;

                *queue = (QemuQueue) { -1, -1 };
                r = queue_open(path, request, vhost, &queue->fd, &queue->vhost_fd, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int queues_open(const DomainConf *conf, const DomainNet *net, const char *path,
                       struct ifreq *request, QemuTap *ret, Error *error) {
        bool is_virtio = net->model && strncmp(net->model, "virtio", 6) == 0;
        bool vhost = qemu_net_wants_vhost(conf, net);
        const short flags = (short) (IFF_TAP | IFF_NO_PI | (is_virtio ? IFF_VNET_HDR : 0) |
                                     (net->queues > 1 ? IFF_MULTI_QUEUE : 0));
        int r;

        request->ifr_flags = flags;
        r = queue_open(path, request, vhost, &ret->fd, &ret->vhost_fd, error);
        request->ifr_flags = flags;
        if (r >= 0 && net->queues > 1)
                r = further_open(path, request, net->queues - 1, vhost, ret, error);
        return r;
}

int qemu_tap_open_at(const DomainConf *conf, const DomainNet *net, const char *path, QemuTap *ret,
                     Error *error) {
        struct ifreq request = {};

        snprintf(request.ifr_name, IFNAMSIZ, "%s", net->target ?: "");
        return queues_open(conf, net, path, &request, ret, error);
}

/* A device that somebody else has made, a tap or a macvtap, stays as it is. */
static int open_existing(const DomainConf *conf, const DomainNet *net, QemuTap *ret, Error *error) {
        unsigned index = if_nametoindex(net->target);
        char path[128];

        if (index == 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "target managed='no': there is no device '%s'", net->target);
        (void) snprintf(path, sizeof(path), "/sys/class/net/%s/macvtap", net->target);
        if (access(path, F_OK) < 0)
                return qemu_tap_open_at(conf, net, "/dev/net/tun", ret, error);
        (void) snprintf(path, sizeof(path), "/dev/tap%u", index);
        return qemu_tap_open_at(conf, net, path, ret, error);
}

int qemu_tap_open(const DomainConf *conf, DomainNet *net, const TapPlace *place, QemuTap *ret,
                  Error *error) {
        _cleanup_(closep) int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {};
        int r;

        if (net->target_managed == TRISTATE_NO)
                return open_existing(conf, net, ret, error);
        if (control < 0)
                return fail_errno(error, -errno, "cannot open a socket");
        snprintf(request.ifr_name, IFNAMSIZ, "%s",
                 is_own_name(net->target) ? "vnet%d" : net->target);
        r = queues_open(conf, net, "/dev/net/tun", &request, ret, error);
        if (r >= 0)
                r = tap_configure(control, net, place, request.ifr_name, error);
        if (r < 0)
                return r;
        free(net->target);
        net->target = strdup(request.ifr_name);
        return net->target ? 0 : fail_memory(error);
}
