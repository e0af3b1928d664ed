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
#define TRIES_MAX 20  /* to see all interfaces while some come and go */

/* "virtbus: handed to :1.7 for 52:54:00:00:00:01 on network default" */
#define HANDED "virtbus: handed to "
#define FOR    " for "
#define ON     " on network "

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
        if (r >= 0 && (plug->isolated || plug->learns_nothing))
                r = port_set(rtnl, name,
                             &(PortSettings) { plug->isolated, plug->learns_nothing, wish->mac },
                             error);
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

/* Who has it, for whoever lists the host's interfaces, and for us when its network is started
 * again. It goes with the tap, which goes with its last descriptor: there is nothing that we would
 * have to keep. */
static int note_holder(Rtnl *rtnl, const char *name, const NetworkPlug *plug, MacAddress mac,
                       const char *caller, Error *error) {
        _cleanup_(freep) char *text = NULL;
        char address[MAC_TEXT_MAX];
        RtnlRequest request;
        Link tap;
        int r = find(rtnl, name, &tap, error);

        if (r < 0)
                return r;
        if (asprintf(&text, HANDED "%s" FOR "%s" ON "%s", caller ?: "us",
                     mac_is_null(mac) ? "anybody" : mac_format(mac, address),
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
        if (r >= 0)
                r = note_holder(&rtnl, name, plug, wish->mac, job->caller, error);
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

/* ---- taps whose network was gone meanwhile ---- */

typedef struct Handed {
        char name[IFNAMSIZ];
        MacAddress mac;
} Handed;

typedef struct Search {
        const char *network;
        Handed *found;
        size_t n;
} Search;

/* Whether it was handed out of this network; a name that the kernel has cut isn't known again. */
static bool read_alias(const char *alias, const char *network, MacAddress *ret_mac) {
        const char *whom = strstr(alias, FOR), *on = strstr(alias, ON);
        char mac[MAC_TEXT_MAX] = "";

        if (strncmp(alias, HANDED, strlen(HANDED)) != 0 || !on ||
            strcmp(on + strlen(ON), network) != 0)
                return false;
        if (whom && whom < on)
                (void) snprintf(mac, sizeof(mac), "%s", whom + strlen(FOR));
        if (mac_parse(mac, ret_mac) < 0)
                *ret_mac = (MacAddress) {};
        return true;
}

typedef struct Told {
        const char *name, *alias;
        bool has_master;
} Told;

static int read_link(const struct nlattr *attribute, void *userdata) {
        Told *told = userdata;

        switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME:
                told->name = mnl_attr_get_str(attribute);
                break;
        case IFLA_IFALIAS:
                told->alias = mnl_attr_get_str(attribute);
                break;
        case IFLA_MASTER:
                told->has_master = true;
                break;
        }
        return MNL_CB_OK;
}

static int found_link(const struct nlmsghdr *header, void *userdata) {
        Search *search = userdata;
        Told told = {};
        MacAddress mac;
        Handed *found;

        (void) mnl_attr_parse(header, sizeof(struct ifinfomsg), read_link, &told);
        if (!told.name || !told.alias || told.has_master ||
            !read_alias(told.alias, search->network, &mac))
                return MNL_CB_OK;
        found = reallocarray(search->found, search->n + 1, sizeof(*found));
        if (!found)
                return MNL_CB_OK;
        search->found = found;
        found[search->n] = (Handed) { .mac = mac };
        (void) snprintf(found[search->n++].name, IFNAMSIZ, "%s", told.name);
        return MNL_CB_OK;
}

static int search_links(Search *search, Error *error) {
        int r = -EINTR;

        for (int i = 0; r == -EINTR && i < TRIES_MAX; i++) {
                _cleanup_(rtnl_close) Rtnl rtnl = {};
                RtnlRequest request;

                search->n = 0;
                r = rtnl_open(&rtnl, error);
                if (r < 0)
                        return r;
                request_begin(&request, RTM_GETLINK, NLM_F_DUMP);
                (void) request_extra(&request, sizeof(struct ifinfomsg));
                r = rtnl_talk(&rtnl, &request, found_link, search);
        }
        return r < 0 ? fail_errno(error, r, "cannot look at the host's interfaces") : 0;
}

static int put_all_back(const Search *search, const NetworkPlug *plug, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        int r = search->n > 0 ? rtnl_open(&rtnl, error) : 0;

        for (size_t i = 0; r >= 0 && i < search->n; i++) {
                const TapWish wish = { .mac = search->found[i].mac };

                r = put_on_bridge(&rtnl, search->found[i].name, &wish, plug, error);
                if (r >= 0)
                        log_message(LOG_INFO, "network '%s': tap %s is on it again",
                                    plug->conf->name, search->found[i].name);
        }
        return r;
}

void port_put_back(Network *network) {
        const Resource *resource = &network->defined.resource;
        _cleanup_(error_clear) Error error = {};
        Search search = { .network = resource->name };
        NetworkPlug plug = {};
        int r = network_plug(resource->connection, resource->name, NULL, &plug, &error);

        if (r >= 0 && plug.kind == PLUG_BRIDGE && plug.bridge)
                r = search_links(&search, &error);
        if (r >= 0)
                r = put_all_back(&search, &plug, &error);
        network_plug_clear(&plug);
        free(search.found);
        if (r >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_resource(LOG_WARNING, resource, "not all taps are on it again: %s",
                     text ?: "out of memory");
}
