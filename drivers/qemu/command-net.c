/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces: the way out of QEMU, and the card the guest sees. */
#include "drivers/qemu/command-private.h"
#include "drivers/qemu/passt.h"

#include <stdio.h>
#include <string.h>

bool qemu_net_needs_tap(const DomainNet *net) {
        return net->type == NET_BRIDGE || net->type == NET_ETHERNET || net->type == NET_NETWORK;
}

static int refuse(Builder *builder, const DomainNet *net, const char *what) {
        char mac[MAC_TEXT_MAX];

        return unsupported(builder,
                           "devices/interface '%s': %s is not supported for QEMU guests yet",
                           mac_format(net->mac, mac), what);
}

/* ---- the way out ---- */

static int tap(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        const QemuTap *taps = builder->places->taps;

        if (!taps || index >= builder->places->n_taps || taps[index].fd < 0)
                return refuse(builder, net, "an interface whose tap wasn't opened");
        json_put_text(builder, netdev, "type", "tap");
        json_putf(builder, netdev, "fd", "%d", taps[index].fd);
        if (taps[index].vhost_fd >= 0) {
                json_put_bool(builder, netdev, "vhost", true);
                json_putf(builder, netdev, "vhostfd", "%d", taps[index].vhost_fd);
        }
        return 0;
}

static void put_family(Builder *builder, json_object *netdev, const char *family,
                       const char *address, const char *prefix) {
        bool six = text_is(family, "ipv6");

        if (six) {
                json_put_text(builder, netdev, "ipv6-prefix", address);
                json_put_some(builder, netdev, "ipv6-prefixlen",
                              prefix ? strtol(prefix, NULL, 10) : 0);
        } else
                json_putf(builder, netdev, "net", "%s/%s", address, prefix ?: "24");
}

/* Its socket is joined to a passt that the start has made. */
static int passt(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        const QemuTap *taps = builder->places->taps;
        json_object *address = json_new(builder);

        if (!qemu_caps_has(builder->caps, "netdev_add/type=stream")) {
                json_object_put(address);
                return refuse(builder, net, "backend type 'passt' with a QEMU before 7.2");
        }
        json_put_text(builder, netdev, "type", "stream");
        json_put_text(builder, address, "type", "fd");
        json_putf(builder, address, "str", "%d", taps && index < builder->places->n_taps
                                                         ? taps[index].fd : -1);
        json_put(builder, netdev, "addr", address);
        json_put_bool(builder, netdev, "server", false);
        return 0;
}

static int user(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        if (qemu_net_is_passt(net))
                return passt(builder, net, index, netdev);
        if (net->backend_type && !text_is(net->backend_type, "default"))
                return refuse(builder, net, "its backend/@type");
        if (net->forwards.n > 0)
                return refuse(builder, net, "portForward");
        json_put_text(builder, netdev, "type", "user");
        for (xmlNode *ip = node_child(net->device.item.node, "ip"); ip; ip = node_next(ip)) {
                _cleanup_(xml_freep) xmlChar *family = node_attribute(ip, "family");
                _cleanup_(xml_freep) xmlChar *address = node_attribute(ip, "address");
                _cleanup_(xml_freep) xmlChar *prefix = node_attribute(ip, "prefix");

                if (address)
                        put_family(builder, netdev, (const char *) family, (const char *) address,
                                   (const char *) prefix);
        }
        return 0;
}

static int stream_socket(Builder *builder, const DomainNet *net, size_t index,
                         json_object *netdev) {
        static const struct {
                NetType type;
                const char *option;
        } options[] = { { NET_CLIENT, "connect" }, { NET_SERVER, "listen" }, { NET_MCAST, "mcast" },
                        { NET_UDP, "udp" } };

        if (net->local_address || net->type == NET_UDP)
                return refuse(builder, net, "@type 'udp'");
        json_put_text(builder, netdev, "type", "socket");
        for (size_t i = 0; i < ELEMENTS(options); i++)
                if (options[i].type == net->type)
                        json_putf(builder, netdev, options[i].option, "%s:%u",
                                  net->source_address ?: "", net->source_port.value);
        return 0;
}

static int null(Builder *builder, const DomainNet *net, size_t index, json_object *netdev) {
        json_put_text(builder, netdev, "type", "hubport");
        json_put_number(builder, netdev, "hubid", (int64_t) index);
        return 0;
}

/* NULL: not done yet. */
static int (*const ways[])(Builder *builder, const DomainNet *net, size_t index,
                           json_object *netdev) = {
        [NET_USER] = user,
        [NET_ETHERNET] = tap,
        [NET_VHOSTUSER] = NULL,
        [NET_SERVER] = stream_socket,
        [NET_CLIENT] = stream_socket,
        [NET_MCAST] = stream_socket,
        [NET_NETWORK] = tap,
        [NET_BRIDGE] = tap,
        [NET_INTERNAL] = NULL,
        [NET_DIRECT] = NULL,
        [NET_HOSTDEV] = NULL,
        [NET_UDP] = stream_socket,
        [NET_VDPA] = NULL,
        [NET_NULL] = null,
        [NET_VDS] = NULL,
};

static int check_net(Builder *builder, const DomainNet *net) {
        const struct {
                bool asked;
                const char *what;
        } refused[] = {
                { (size_t) net->type >= ELEMENTS(ways) || !ways[net->type], "its @type" },
                { net->filterref, "filterref" },
                { net->virtualport, "virtualport" },
                { net->vlan && net->type != NET_NETWORK, "vlan" },
                { net->queues > 1, "driver/@queues" },
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

static bool is_virtio(const DomainNet *net) {
        return text_is(net->model, "virtio") || text_starts(net->model, "virtio-");
}

static void put_virtio(Builder *builder, const DomainNet *net, json_object *object) {
        json_put_some(builder, object, "rx_queue_size", net->rx_queue_size);
        json_put_some(builder, object, "tx_queue_size", net->tx_queue_size);
        json_put_state(builder, object, "ioeventfd", net->ioeventfd);
        json_put_state(builder, object, "event_idx", net->event_idx);
        json_put_some(builder, object, "host_mtu", net->mtu);
        if (text_is(net->tx_mode, "timer") || text_is(net->tx_mode, "iothread"))
                json_put_text(builder, object, "tx",
                              text_is(net->tx_mode, "timer") ? "timer" : "bh");
        if (net->rss)
                json_put_bool(builder, object, "rss", text_is(net->rss, "on"));
        if (net->rss_hash_report)
                json_put_bool(builder, object, "hash", text_is(net->rss_hash_report, "on"));
}

static void put_offload(Builder *builder, const DomainNet *net, const char *side,
                        const char *prefix, json_object *object) {
        static const char *const names[] = { "csum", "gso", "tso4",      "tso6",
                                             "ecn",  "ufo", "mrg_rxbuf", NULL };
        const xmlNode *node = node_child(node_child(net->device.item.node, "driver"), side);

        for (const char *const *name = names; node && *name; name++) {
                _cleanup_(xml_freep) xmlChar *state = node_attribute(node, *name);
                char property[32];

                if (!state)
                        continue;
                (void) snprintf(property, sizeof(property), "%s%s",
                                text_is(*name, "mrg_rxbuf") ||
                                (text_is(*name, "csum") && text_is(side, "host")) ||
                                (text_is(*name, "gso")) ? "" : prefix, *name);
                json_put_bool(builder, object, property, text_is((const char *) state, "on"));
        }
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
                put_offload(builder, net, "host", "host_", object);
                put_offload(builder, net, "guest", "guest_", object);
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
