/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces: the way out of QEMU, and the card the guest sees. */
#include "drivers/qemu/command-private.h"
#include "drivers/qemu/passt.h"

#include <stdio.h>
#include <string.h>

bool qemu_net_needs_tap(const DomainNet *net) {
        return net->type == NET_BRIDGE || net->type == NET_ETHERNET || net->type == NET_NETWORK ||
               net->type == NET_DIRECT;
}

static bool is_virtio(const DomainNet *net) {
        return text_is(net->model, "virtio") || text_starts(net->model, "virtio-");
}

/* The host's kernel moves the packets of KVM guests, unless it is told otherwise. */
bool qemu_net_wants_vhost(const DomainConf *conf, const DomainNet *net) {
        if (!is_virtio(net) || text_is(net->driver_name, "qemu"))
                return false;
        return conf->type == VIRT_KVM || text_is(net->driver_name, "vhost");
}

static int refuse(Builder *builder, const DomainNet *net, const char *what) {
        char mac[MAC_TEXT_MAX];

        return unsupported(builder,
                           "devices/interface '%s': %s is not supported for QEMU guests yet",
                           mac_format(net->mac, mac), what);
}

/* ---- the way out ---- */

/* "9", or "9:10:11" of several queues. */
static void put_fds(Builder *builder, json_object *netdev, const QemuTap *tap, bool vhost) {
        _cleanup_(option_clear) Option text = { builder, NULL };
        const char *prefix = builder->places->fd_prefix ?: "";
        bool several = tap->n_further > 0;

        option_add(&text, "%s%d", prefix, vhost ? tap->vhost_fd : tap->fd);
        for (size_t i = 0; i < tap->n_further; i++)
                option_add(&text, ":%s%d", prefix,
                           vhost ? tap->further[i].vhost_fd : tap->further[i].fd);
        json_put_text(builder, netdev,
                      vhost ? several ? "vhostfds" : "vhostfd" : several ? "fds" : "fd",
                      text.text);
}

static int tap(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        const QemuTap *taps = builder->places->taps;

        if (!taps || index >= builder->places->n_taps || taps[index].fd < 0)
                return refuse(builder, net, "an interface whose tap wasn't opened");
        json_put_text(builder, netdev, "type", "tap");
        put_fds(builder, netdev, &taps[index], false);
        if (taps[index].vhost_fd >= 0) {
                json_put_bool(builder, netdev, "vhost", true);
                put_fds(builder, netdev, &taps[index], true);
        } else if (text_is(net->driver_name, "vhost"))
                return refuse(builder, net, "driver/@name 'vhost' without /dev/vhost-net");
        if (net->sndbuf.set)
                json_put_number(builder, netdev, "sndbuf", net->sndbuf.value);
        return 0;
}

static void put_ip(Builder *builder, json_object *netdev, const NetIp *ip) {
        if (text_is(ip->family, "ipv6")) {
                json_put_text(builder, netdev, "ipv6-prefix", ip->address);
                json_put_some(builder, netdev, "ipv6-prefixlen", ip->prefix.value);
        } else
                json_putf(builder, netdev, "net", "%s/%u", ip->address,
                          ip->prefix.set ? ip->prefix.value : 24);
}

/* Its socket is joined to a passt that was made before. "socket" and "stream" speak the same there,
 * but only the former knows a descriptor by the name that a monitor gave it: the latter connects in
 * a thread, where no monitor is known. */
static int passt(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        const QemuTap *taps = builder->places->taps;
        int fd = taps && index < builder->places->n_taps ? taps[index].fd : -1;
        json_object *address;

        if (!qemu_caps_has(builder->caps, "netdev_add/type=stream"))
                return refuse(builder, net, "backend type 'passt' with a QEMU before 7.2");
        if (builder->places->fd_prefix) {
                json_put_text(builder, netdev, "type", "socket");
                json_putf(builder, netdev, "fd", "%s%d", builder->places->fd_prefix, fd);
                return 0;
        }
        address = json_new(builder);
        json_put_text(builder, netdev, "type", "stream");
        json_put_text(builder, address, "type", "fd");
        json_putf(builder, address, "str", "%d", fd);
        json_put(builder, netdev, "addr", address);
        json_put_bool(builder, netdev, "server", false);
        return 0;
}

static int user(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        if (qemu_net_is_passt(net))
                return passt(builder, net, index, netdev);
        if (net->backend_type && !text_is(net->backend_type, "default"))
                return refuse(builder, net, "its backend/@type");
        json_put_text(builder, netdev, "type", "user");
        for (size_t i = 0; i < net->ips.n; i++)
                if (net->ips.items[i]->address)
                        put_ip(builder, netdev, net->ips.items[i]);
        return 0;
}

static int stream_socket(Builder *builder, const DomainNet *net, size_t index,
                         json_object *netdev) {
        static const struct {
                NetType type;
                const char *option;
        } options[] = { { NET_CLIENT, "connect" }, { NET_SERVER, "listen" }, { NET_MCAST, "mcast" },
                        { NET_UDP, "udp" } };

        json_put_text(builder, netdev, "type", "socket");
        for (size_t i = 0; i < ELEMENTS(options); i++)
                if (options[i].type == net->type)
                        json_putf(builder, netdev, options[i].option, "%s:%u",
                                  net->source_address ?: "", net->source_port.value);
        if (net->type == NET_UDP)
                json_putf(builder, netdev, "localaddr", "%s:%u", net->local_address ?: "",
                          net->local_port.value);
        return 0;
}

/* A switch in another process: it is at the other end of a socket. */
static int vhost_user(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        if (!net->source_path || (net->source_type && !text_is(net->source_type, "unix")))
                return refuse(builder, net, "a source without the @path of a unix socket");
        option_add(&option, "socket,id=char%s", net->device.alias);
        option_add_text(&option, "path", net->source_path);
        if (text_is(net->source_mode, "server"))
                option_add(&option, ",server=on");
        else if (net->reconnect.enabled != TRISTATE_UNSET)
                put_reconnect(&option, net->reconnect.enabled == TRISTATE_YES
                                               ? net->reconnect.timeout.value : 0);
        option_done(&option, "chardev");
        json_put_text(builder, netdev, "type", "vhost-user");
        json_putf(builder, netdev, "chardev", "char%s", net->device.alias);
        json_put_some(builder, netdev, "queues", net->queues > 1 ? net->queues : 0);
        return 0;
}

static int vdpa(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        if (!qemu_caps_has(builder->caps, "netdev_add/type=vhost-vdpa"))
                return refuse(builder, net, "@type 'vdpa', which this QEMU lacks,");
        if (!net->source_dev)
                return refuse(builder, net, "a source without a @dev");
        json_put_text(builder, netdev, "type", "vhost-vdpa");
        json_put_text(builder, netdev, "vhostdev", net->source_dev);
        json_put_some(builder, netdev, "queues", net->queues > 1 ? net->queues : 0);
        return 0;
}

static int null(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        json_put_text(builder, netdev, "type", "hubport");
        json_put_number(builder, netdev, "hubid", (int64_t) index);
        return 0;
}

/* NULL: not done. */
static int (*const ways[])(Builder *builder, const DomainNet *net, size_t index,
                           json_object *netdev) = {
        [NET_USER] = user,
        [NET_ETHERNET] = tap,
        [NET_VHOSTUSER] = vhost_user,
        [NET_SERVER] = stream_socket,
        [NET_CLIENT] = stream_socket,
        [NET_MCAST] = stream_socket,
        [NET_NETWORK] = tap,
        [NET_BRIDGE] = tap,
        [NET_INTERNAL] = NULL,
        [NET_DIRECT] = tap,
        [NET_HOSTDEV] = NULL,
        [NET_UDP] = stream_socket,
        [NET_VDPA] = vdpa,
        [NET_NULL] = null,
        [NET_VDS] = NULL,
};

/* What holds for a tap is seen to where it is made. */
static int check_net(Builder *builder, const DomainNet *net) {
        bool on_host = qemu_net_needs_tap(net);
        const struct {
                bool asked;
                const char *what;
        } refused[] = {
                { (size_t) net->type >= ELEMENTS(ways) || !ways[net->type], "its @type" },
                { net->filterref && !on_host, "filterref" },
                { net->virtualport && !on_host, "virtualport" },
                { net->vlan && !on_host, "vlan" },
                { net->queues > 1 && !is_virtio(net), "driver/@queues with this model" },
        };

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (refused[i].asked)
                        return refuse(builder, net, refused[i].what);
        return 0;
}

static int add_netdev(Builder *builder, const DomainNet *net, size_t index) {
        json_object *netdev = json_new(builder);
        int r = ways[net->type](builder, net, index, netdev);

        if (r < 0) {
                json_object_put(netdev);
                return r;
        }
        json_putf(builder, netdev, "id", "host%s", net->device.alias);
        argument_json(builder, "netdev", netdev);
        return 0;
}

/* ---- the card ---- */

static void put_virtio(Builder *builder, const DomainNet *net, json_object *object) {
        if (net->queues > 1) {
                json_put_bool(builder, object, "mq", true);
                json_put_number(builder, object, "vectors", 2 * (int64_t) net->queues + 2);
        }
        json_put_some(builder, object, "rx_queue_size", net->rx_queue_size);
        json_put_some(builder, object, "tx_queue_size", net->tx_queue_size);
        json_put_state(builder, object, "ioeventfd", net->ioeventfd);
        json_put_state(builder, object, "event_idx", net->event_idx);
        json_put_some(builder, object, "host_mtu", net->mtu);
        if (text_is(net->tx_mode, "timer") || text_is(net->tx_mode, "iothread"))
                json_put_text(builder, object, "tx",
                              text_is(net->tx_mode, "timer") ? "timer" : "bh");
        if (text_is(net->teaming_type, "persistent"))
                json_put_bool(builder, object, "failover", true);
        if (net->rss)
                json_put_bool(builder, object, "rss", text_is(net->rss, "on"));
        if (net->rss_hash_report)
                json_put_bool(builder, object, "hash", text_is(net->rss_hash_report, "on"));
}

static void put_offloads(Builder *builder, const DomainNet *net, json_object *object) {
        const NetOffloads *host = &net->host, *guest = &net->guest;
        const struct {
                const char *name;
                Tristate state;
        } offloads[] = {
                { "csum", host->csum },          { "gso", host->gso },
                { "host_tso4", host->tso4 },     { "host_tso6", host->tso6 },
                { "host_ecn", host->ecn },       { "host_ufo", host->ufo },
                { "mrg_rxbuf", host->mrg_rxbuf }, { "guest_csum", guest->csum },
                { "guest_tso4", guest->tso4 },   { "guest_tso6", guest->tso6 },
                { "guest_ecn", guest->ecn },     { "guest_ufo", guest->ufo },
        };

        for (size_t i = 0; i < ELEMENTS(offloads); i++)
                json_put_state(builder, object, offloads[i].name, offloads[i].state);
}

static int begin_card(Builder *builder, const DomainNet *net, json_object **ret) {
        static const struct {
                const char *model, *driver;
        } names[] = { { "usb-net", "usb-net" },
                      { "spapr-vlan", "spapr-vlan" },
                      { "netfront", NULL } };
        const char *driver = net->model;

        if (is_virtio(net)) {
                _cleanup_(freep) char *virtio =
                        virtio_driver_of_model("virtio-net", net->model, &net->device);

                return device_begin(builder, virtio, &net->device, ret,
                                    "devices/interface model '%s'", net->model);
        }
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (text_is(net->model, names[i].model))
                        driver = names[i].driver;
        if (!driver)
                return refuse(builder, net, "its model");
        return device_begin(builder, driver, &net->device, ret, "devices/interface model '%s'",
                            net->model);
}

int build_net(Builder *builder, const Device *device, size_t index) {
        const DomainNet *net = (const DomainNet *) device;
        char mac[MAC_TEXT_MAX];
        json_object *object = NULL;
        int r;

        if (net->type == NET_HOSTDEV)
                return build_hostdev_net(builder, net);
        if ((r = check_net(builder, net)) < 0 || (r = add_netdev(builder, net, index)) < 0 ||
            (r = begin_card(builder, net, &object)) < 0)
                return r;
        json_putf(builder, object, "netdev", "host%s", device->alias);
        json_put_text(builder, object, "mac", mac_format(net->mac, mac));
        json_put_some(builder, object, "bootindex", boot_index(builder, DEVICE_NET, device));
        if (is_virtio(net)) {
                put_virtio(builder, net, object);
                put_offloads(builder, net, object);
        }
        if (net->rom_enabled == TRISTATE_NO)
                json_put_text(builder, object, "romfile", "");
        else
                json_put_text(builder, object, "romfile", net->rom_file);
        if (net->rom_bar != TRISTATE_UNSET)
                json_put_number(builder, object, "rombar", net->rom_bar == TRISTATE_YES);
        device_end(builder, object);
        return 0;
}
