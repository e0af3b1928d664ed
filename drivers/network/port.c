/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of bridges, and a tap for somebody who runs a guest without the right to make one: it is on
 * the bridge of a network as long as somebody holds its descriptor. */
#include "drivers/network/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "drivers/log.h"
#include "drivers/network/attach.h"
#include "drivers/network/link-private.h"

#define ALIAS_MAX 255 /* bytes that the kernel keeps of an alias */

static int find(Rtnl *rtnl, const char *name, Link *ret, Error *error) {
        int r = rtnl_find(rtnl, name, ret, error);

        return r == -ENODEV ? fail(error, ERROR_OPERATION_FAILED, "there is no interface '%s'",
                                   name) : r;
}

int port_set(Rtnl *rtnl, const char *name, const PortSettings *settings, Error *error) {
        RtnlRequest request;
        Link link;
        int r = find(rtnl, name, &link, error);

        if (r < 0)
                return r;
        request_begin(&request, RTM_SETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_family = AF_BRIDGE;
        message->ifi_index = (int) link.index;
        struct nlattr *port = mnl_attr_nest_start(request.header, IFLA_PROTINFO | NLA_F_NESTED);
        mnl_attr_put_u8(request.header, IFLA_BRPORT_ISOLATED, settings->isolated);
        mnl_attr_put_u8(request.header, IFLA_BRPORT_LEARNING, !settings->learns_nothing);
        mnl_attr_put_u8(request.header, IFLA_BRPORT_UNICAST_FLOOD, !settings->learns_nothing);
        mnl_attr_nest_end(request.header, port);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        if (r < 0)
                return fail_errno(error, r, "cannot isolate interface '%s' on its bridge", name);
        if (!settings->learns_nothing || mac_is_null(settings->mac))
                return 0;
        return port_set_mac(rtnl, name, settings->mac, true, error);
}

int port_set_mac(Rtnl *rtnl, const char *name, MacAddress mac, bool there, Error *error) {
        RtnlRequest request;
        Link link;
        int r = find(rtnl, name, &link, error);

        if (r < 0)
                return r;
        request_begin(&request, there ? RTM_NEWNEIGH : RTM_DELNEIGH,
                      there ? NLM_F_CREATE | NLM_F_REPLACE : 0);
        struct ndmsg *message = request_extra(&request, sizeof(*message));
        *message = (struct ndmsg) { .ndm_family = AF_BRIDGE, .ndm_ifindex = (int) link.index,
                                    .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER };
        mnl_attr_put(request.header, NDA_LLADDR, sizeof(mac.bytes), mac.bytes);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        if (r == -ENOENT && !there)
                return 0;
        return r < 0 ? fail_errno(error, r, "cannot tell the bridge which address is behind "
                                  "interface '%s'", name) : 0;
}

/* ---- taps for others ---- */

typedef struct TapWish {
        MacAddress mac; /* of the guest; null: any */
        const char *group;
        bool headers;   /* of virtio before each packet */
} TapWish;

static int read_wish(Values *options, TapWish *ret, Error *error) {
        static const Parameter known[] = {
                { "mac", VALUE_STRING }, { "portgroup", VALUE_STRING },
                { "vnet-headers", VALUE_BOOLEAN }, {},
        };
        int r = values_check(options, known, error);
        const Value *mac = values_find(options, "mac"), *group = values_find(options, "portgroup");
        const Value *headers = values_find(options, "vnet-headers");

        if (r < 0)
                return r;
        *ret = (TapWish) { .group = group ? group->s : NULL, .headers = headers && headers->b };
        if (mac && mac_parse(mac->s, &ret->mac) < 0)
                return fail(error, ERROR_INVALID_ARG, "option 'mac': '%.64s' is no address",
                            mac->s);
        return 0;
}

static int make_tap(const TapWish *wish, char name[static IFNAMSIZ], Error *error) {
        _cleanup_(closep) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        struct ifreq request = { .ifr_name = "vnet%d" };

        request.ifr_flags = (short) (IFF_TAP | IFF_NO_PI | (wish->headers ? IFF_VNET_HDR : 0));
        if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
                return fail_errno(error, -errno, "cannot make a tap interface");
        (void) snprintf(name, IFNAMSIZ, "%s", request.ifr_name);
        return TAKE_FD(fd);
}

/* The tap's own address is high enough that a bridge never takes it for its own. */
static int put_on_bridge(Rtnl *rtnl, const char *name, const TapWish *wish,
                         const NetworkPlug *plug, Error *error) {
        MacAddress mac = wish->mac;
        Link tap, bridge;
        RtnlRequest request;
        int r = find(rtnl, name, &tap, error);

        if (r >= 0)
                r = find(rtnl, plug->bridge, &bridge, error);
        if (r < 0)
                return r;
        request_begin(&request, RTM_NEWLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) tap.index;
        message->ifi_flags = message->ifi_change = IFF_UP;
        mac.bytes[0] = 0xfe;
        if (!mac_is_null(wish->mac))
                mnl_attr_put(request.header, IFLA_ADDRESS, sizeof(mac.bytes), mac.bytes);
        if (plug->mtu > 0)
                mnl_attr_put_u32(request.header, IFLA_MTU, plug->mtu);
        mnl_attr_put_u32(request.header, IFLA_MASTER, bridge.index);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        if (r < 0)
                return fail_errno(error, r, "cannot put interface '%s' on bridge '%s'", name,
                                  plug->bridge);
        if (plug->bandwidth && plug->bandwidth->inbound.average > 0)
                r = rtnl_set_rate(rtnl, tap.index, &plug->bandwidth->inbound, error);
        return r;
}

static int check_plug(const NetworkPlug *plug, Error *error) {
        if (plug->kind != PLUG_BRIDGE || !plug->bridge)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s' has no bridge on which a tap could be",
                            plug->conf->name);
        if (plug->bandwidth && plug->bandwidth->outbound.average > 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "portgroup '%s' of network '%s' limits what is sent (outbound), which "
                            "for a tap that is handed out isn't supported", plug->group->name,
                            plug->conf->name);
        if (plug->virtualport || plug->vlan)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "network '%s' asks for a virtualport or vlan, which its taps don't "
                            "have", plug->conf->name);
        return 0;
}

/* Who has it, for whoever lists the host's interfaces, and for the log. It goes with the tap, which
 * goes with its last descriptor: there is nothing that we would have to keep. */
static int note_holder(Rtnl *rtnl, const char *name, const NetworkPlug *plug, const char *caller,
                       Error *error) {
        _cleanup_(freep) char *text = NULL;
        RtnlRequest request;
        Link tap;
        int r = find(rtnl, name, &tap, error);

        if (r < 0)
                return r;
        if (asprintf(&text, "virtbus: handed to %s on network %s", caller ?: "us",
                     plug->conf->name) < 0) {
                text = NULL;
                return fail_memory(error);
        }
        if (strlen(text) > ALIAS_MAX)
                text[ALIAS_MAX] = '\0';
        request_begin(&request, RTM_NEWLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) tap.index;
        mnl_attr_put_strz(request.header, IFLA_IFALIAS, text);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot note who has interface '%s'", name) : 0;
}

static int open_on(const NetworkPlug *plug, const TapWish *wish, Job *job, Error *error) {
        const PortSettings settings = { plug->isolated, plug->learns_nothing, wish->mac };
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        _cleanup_(closep) int fd = -1;
        char name[IFNAMSIZ];
        int r = rtnl_open(&rtnl, error);

        if (r < 0)
                return r;
        fd = make_tap(wish, name, error);
        if (fd < 0)
                return fd;
        r = put_on_bridge(&rtnl, name, wish, plug, error);
        if (r >= 0 && (settings.isolated || settings.learns_nothing))
                r = port_set(&rtnl, name, &settings, error);
        if (r >= 0)
                r = note_holder(&rtnl, name, plug, job->caller, error);
        if (r < 0)
                return r; /* with its descriptor it goes */
        log_message(LOG_INFO, "network '%s': tap %s was handed to %s", plug->conf->name, name,
                    job->caller ?: "us");
        job->result.fd = TAKE_FD(fd);
        return DONE;
}

int port_open_tap(Network *network, Values *options, uint32_t flags, Job *job, Error *error) {
        const Resource *resource = &network->defined.resource;
        NetworkPlug plug = {};
        TapWish wish;
        int r = read_wish(options, &wish, error);

        if (r < 0)
                return r;
        r = network_plug(resource->connection, resource->name, wish.group, &plug, error);
        if (r < 0)
                return r;
        r = check_plug(&plug, error);
        if (r >= 0)
                r = open_on(&plug, &wish, job, error);
        network_plug_clear(&plug);
        return r;
}
