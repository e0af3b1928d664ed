/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces as libxl is asked for them. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OVS_SCRIPT "vif-openvswitch"
#define RATE_INTERVAL 50000 /* us, in which netback counts */

static int refuse_net(XenConfig *xen, const DomainNet *net, const char *what) {
        char mac[MAC_TEXT_MAX];

        return config_refuse(xen, "devices/interface '%s': %s", mac_format(net->mac, mac), what);
}

static int check_net(XenConfig *xen, const DomainNet *net) {
        bool joined = net->type == NET_BRIDGE || net->type == NET_ETHERNET ||
                      net->type == NET_NETWORK;
        bool ovs = net->virtualport && config_is(net->virtualport->type, "openvswitch");
        const struct {
                bool there;
                const char *what;
        } rules[] = {
                { !joined, "Xen joins bridges, networks and what a script makes (ethernet)" },
                { net->type == NET_NETWORK && !net->bridge, "its network has no bridge yet" },
                { net->virtualport && !ovs, "of virtual ports Xen knows openvswitch" },
                { net->vlan && net->vlan->tags.n > 0 && !ovs, "tags need openvswitch" },
                { config_is(net->link, "down"), "Xen pulls no cable (link)" },
                { net->queues > 1, "Xen chooses the number of queues itself" },
                { net->coalesce, "Xen has no coalesce" },
                { net->teaming_type != NULL, "Xen has no teaming" },
                { net->rom_file != NULL, "Xen chooses ROMs itself" },
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if (rules[i].there)
                        return refuse_net(xen, net, rules[i].what);
        return 0;
}

/* A guest with hardware gets a card and a vif, and chooses; "netfront" is the vif alone. */
static int config_model(XenConfig *xen, const DomainNet *net, libxl_device_nic *ret) {
        bool front = config_is(net->model, "netfront");

        if (net->model && !front && xen->guest != GUEST_HVM)
                return refuse_net(xen, net, "guests without hardware have the model 'netfront'");
        config_text(xen, &ret->model, net->model);
        ret->nictype = front || xen->guest != GUEST_HVM ? LIBXL_NIC_TYPE_VIF
                                                        : LIBXL_NIC_TYPE_VIF_IOEMU;
        return 0;
}

/* Tags are said with the bridge: "ovsbr0.42", or "ovsbr0:42:43" for a trunk. */
static int config_bridge(XenConfig *xen, const DomainNet *net, libxl_device_nic *ret) {
        bool trunk = net->vlan && (net->vlan->trunk == TRISTATE_YES || net->vlan->tags.n > 1);
        size_t size;
        FILE *out;

        if (net->type == NET_ETHERNET)
                return 0;
        if (!(out = open_memstream(&ret->bridge, &size)))
                return fail_memory(xen->error);
        fputs(net->bridge ?: "", out);
        for (size_t i = 0; net->vlan && i < net->vlan->tags.n; i++)
                fprintf(out, "%c%u", trunk ? ':' : '.', net->vlan->tags.items[i]->id.value);
        if (fclose(out) != 0)
                return fail_memory(xen->error);
        return *ret->bridge ? 0 : refuse_net(xen, net, "no bridge is named");
}

static void config_ips(XenConfig *xen, const DomainNet *net, libxl_device_nic *ret) {
        for (size_t i = 0; i < net->ips.n; i++) {
                const char *address = net->ips.items[i]->address ?: "";
                _cleanup_(freep) char *before = TAKE(ret->ip);

                if (before)
                        config_format(xen, &ret->ip, "%s %s", before, address);
                else
                        config_text(xen, &ret->ip, address);
        }
}

static int config_rate(XenConfig *xen, const DomainNet *net, libxl_device_nic *ret) {
        uint64_t bytes;

        if (!net->outbound || net->outbound->average == 0)
                return 0;
        if (__builtin_mul_overflow(net->outbound->average, UINT64_C(1024) * RATE_INTERVAL, &bytes))
                return refuse_net(xen, net, "more than Xen can count (bandwidth/outbound)");
        ret->rate_bytes_per_interval = bytes / 1000000;
        ret->rate_interval_usecs = RATE_INTERVAL;
        return 0;
}

static int config_nic(XenConfig *xen, const DomainNet *net, int devid, libxl_device_nic *ret) {
        bool ovs = net->virtualport && config_is(net->virtualport->type, "openvswitch");
        int r;

        libxl_device_nic_init(ret);
        if ((r = check_net(xen, net)) < 0 || (r = config_model(xen, net, ret)) < 0 ||
            (r = config_bridge(xen, net, ret)) < 0 || (r = config_rate(xen, net, ret)) < 0)
                return r;
        if (devid >= 0)
                ret->devid = devid;
        if (net->mtu > 0)
                ret->mtu = (int) net->mtu;
        memcpy(ret->mac, net->mac.bytes, sizeof(ret->mac));
        config_text(xen, &ret->ifname, net->target);
        config_text(xen, &ret->script, net->script ?: ovs ? OVS_SCRIPT : NULL);
        config_text(xen, &ret->backend_domname, net->backend_domain);
        config_ips(xen, net, ret);
        return 0;
}

/* Cards of the host that are interfaces are given as PCI devices: config-device.c */
int config_nics(XenConfig *xen) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < xen->conf->nets.n; i++) {
                const DomainNet *net = xen->conf->nets.items[i];
                libxl_device_nic *item;

                if (net->type == NET_HOSTDEV)
                        continue;
                item = config_add(xen, &xen->config->nics, &xen->config->num_nics, sizeof(*item));
                r = item ? config_nic(xen, net, xen->config->num_nics - 1, item)
                         : fail_memory(xen->error);
        }
        return r;
}

int xen_config_nic(const DomainConf *conf, const DomainNet *net, int devid, libxl_device_nic *ret,
                   Error *error) {
        XenConfig xen = { .conf = conf, .guest = xen_guest_type(conf), .error = error };
        int r = config_nic(&xen, net, devid, ret);

        return r < 0 ? r : xen.failed ? fail_memory(error) : 0;
}
