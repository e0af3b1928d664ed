/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces of the host by rtnetlink: one request, one answer. */
#include "drivers/network/link.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "drivers/network/link-private.h"

bool link_name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > LINK_NAME_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isgraph((unsigned char) name[i]) || strchr("/:\"\\*%<>&'", name[i]))
                        return false;
        return true;
}

/* ---- conversations ---- */

int rtnl_open(Rtnl *ret, Error *error) {
        *ret = (Rtnl) { .socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC) };
        if (!ret->socket)
                return fail_errno(error, -errno, "cannot talk to the kernel about interfaces");
        if (mnl_socket_bind(ret->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
                int r = -errno;

                rtnl_close(ret);
                return fail_errno(error, r, "cannot talk to the kernel about interfaces");
        }
        ret->port = mnl_socket_get_portid(ret->socket);
        return 0;
}

void rtnl_close(Rtnl *rtnl) {
        if (rtnl->socket)
                mnl_socket_close(rtnl->socket);
        rtnl->socket = NULL;
}

void request_begin(RtnlRequest *request, uint16_t type, uint16_t flags) {
        *request = (RtnlRequest) {};
        request->header = mnl_nlmsg_put_header(request->bytes);
        request->header->nlmsg_type = type;
        request->header->nlmsg_flags = NLM_F_REQUEST | flags;
}

int rtnl_talk(Rtnl *rtnl, RtnlRequest *request, mnl_cb_t found, void *userdata) {
        char answer[32768];
        ssize_t n;
        int r = MNL_CB_OK;

        request->header->nlmsg_seq = ++rtnl->sequence;
        if ((request->header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) /* EXCL is one of its bits */
                request->header->nlmsg_flags |= NLM_F_ACK;
        if (mnl_socket_sendto(rtnl->socket, request->header, request->header->nlmsg_len) < 0)
                return -errno;
        while (r > MNL_CB_STOP) {
                n = mnl_socket_recvfrom(rtnl->socket, answer, sizeof(answer));
                if (n < 0)
                        return -errno;
                r = mnl_cb_run(answer, n, rtnl->sequence, rtnl->port, found, userdata);
        }
        return r < 0 ? -errno : 0;
}

/* ---- interfaces ---- */

static int kind_of(const struct nlattr *attribute, void *userdata) {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
                *(bool *) userdata = strcmp(mnl_attr_get_str(attribute), "bridge") == 0;
        return MNL_CB_OK;
}

static int attribute_of_link(const struct nlattr *attribute, void *userdata) {
        Link *link = userdata;

        switch (mnl_attr_get_type(attribute)) {
        case IFLA_ADDRESS:
                if (mnl_attr_get_payload_len(attribute) == sizeof(link->mac.bytes))
                        memcpy(link->mac.bytes, mnl_attr_get_payload(attribute),
                               sizeof(link->mac.bytes));
                break;
        case IFLA_MTU:
                link->mtu = mnl_attr_get_u32(attribute);
                break;
        case IFLA_LINKINFO:
                (void) mnl_attr_parse_nested(attribute, kind_of, &link->is_bridge);
                break;
        }
        return MNL_CB_OK;
}

static int found_link(const struct nlmsghdr *header, void *userdata) {
        const struct ifinfomsg *message = mnl_nlmsg_get_payload(header);
        Link *link = userdata;

        link->index = message->ifi_index;
        return mnl_attr_parse(header, sizeof(*message), attribute_of_link, link);
}

int rtnl_find(Rtnl *rtnl, const char *name, Link *ret, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_GETLINK, 0);
        (void) request_extra(&request, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
        *ret = (Link) {};
        r = rtnl_talk(rtnl, &request, found_link, ret);
        return r < 0 && r != -ENODEV
                       ? fail_errno(error, r, "cannot look for interface '%s'", name) : r;
}

#define BRIDGE_MTU 1500 /* of one that nobody gave another */

/* A bridge takes over the smallest of its ports, unless its own was changed since it was made. */
static int set_mtu(Rtnl *rtnl, const BridgeSpec *spec, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWLINK, 0);
        (void) request_extra(&request, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(request.header, IFLA_IFNAME, spec->name);
        mnl_attr_put_u32(request.header, IFLA_MTU, spec->mtu);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot give bridge '%s' an MTU of %u", spec->name,
                                  spec->mtu) : 0;
}

int rtnl_make_bridge(Rtnl *rtnl, const BridgeSpec *spec, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        (void) request_extra(&request, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(request.header, IFLA_IFNAME, spec->name);
        mnl_attr_put(request.header, IFLA_ADDRESS, sizeof(spec->mac.bytes), spec->mac.bytes);
        if (spec->mtu == BRIDGE_MTU) /* so that it can be changed */
                mnl_attr_put_u32(request.header, IFLA_MTU, BRIDGE_MTU - 1);
        struct nlattr *info = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
        mnl_attr_put_strz(request.header, IFLA_INFO_KIND, "bridge");
        struct nlattr *data = mnl_attr_nest_start(request.header, IFLA_INFO_DATA);
        mnl_attr_put_u32(request.header, IFLA_BR_FORWARD_DELAY, spec->delay * 100);
        mnl_attr_put_u32(request.header, IFLA_BR_STP_STATE, spec->stp);
        if (spec->filters_vlans)
                mnl_attr_put_u8(request.header, IFLA_BR_VLAN_FILTERING, 1);
        mnl_attr_nest_end(request.header, data);
        mnl_attr_nest_end(request.header, info);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        if (r == -EOPNOTSUPP && spec->filters_vlans)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "this kernel's bridges filter no VLANs, which a macTableManager of "
                            "'libvirt' needs");
        if (r < 0)
                return fail_errno(error, r, "cannot make bridge '%s'", spec->name);
        return spec->mtu > 0 ? set_mtu(rtnl, spec, error) : 0;
}

int rtnl_set_up(Rtnl *rtnl, unsigned index, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = index;
        message->ifi_flags = message->ifi_change = IFF_UP;
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot bring up an interface") : 0;
}

int rtnl_set_master(Rtnl *rtnl, unsigned index, unsigned master, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = index;
        mnl_attr_put_u32(request.header, IFLA_MASTER, master);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot put an interface on a bridge") : 0;
}

int rtnl_remove(Rtnl *rtnl, unsigned index, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_DELLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = index;
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 && r != -ENODEV ? fail_errno(error, r, "cannot remove an interface") : 0;
}

/* ---- addresses and routes ---- */

static size_t size_of(const IpAddress *address) {
        return ip_bits(address->family) / 8;
}

/* An IPv6 address of a bridge isn't looked for among its neighbours first: that would wait for the
 * first guest, and nobody could use it till then. */
int rtnl_add_address(Rtnl *rtnl, unsigned index, const IpAddress *address, const IpAddress *peer,
                     unsigned prefix, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        struct ifaddrmsg *message = request_extra(&request, sizeof(*message));
        *message = (struct ifaddrmsg) {
                .ifa_family = address->family, .ifa_prefixlen = prefix, .ifa_index = index,
                .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
        };
        mnl_attr_put(request.header, IFA_LOCAL, size_of(address), address->bytes);
        mnl_attr_put(request.header, IFA_ADDRESS, size_of(address), (peer ?: address)->bytes);
        if (!peer && address->family == AF_INET && prefix < 31) {
                uint8_t broadcast[4];

                for (unsigned i = 0; i < 4; i++) {
                        unsigned kept = prefix > i * 8 ? MIN(prefix - i * 8, 8) : 0;

                        broadcast[i] = address->bytes[i] | (uint8_t) (0xff >> kept);
                }
                mnl_attr_put(request.header, IFA_BROADCAST, sizeof(broadcast), broadcast);
        }
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot give an address to an interface") : 0;
}

int rtnl_add_route(Rtnl *rtnl, unsigned index, const RouteSpec *route, Error *error) {
        RtnlRequest request;
        int r;

        request_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
        struct rtmsg *message = request_extra(&request, sizeof(*message));
        *message = (struct rtmsg) {
                .rtm_family = route->to.family, .rtm_dst_len = route->prefix,
                .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
        };
        mnl_attr_put(request.header, RTA_DST, size_of(&route->to), route->to.bytes);
        mnl_attr_put(request.header, RTA_GATEWAY, size_of(&route->gateway), route->gateway.bytes);
        mnl_attr_put_u32(request.header, RTA_OIF, index);
        if (route->metric > 0)
                mnl_attr_put_u32(request.header, RTA_PRIORITY, route->metric);
        r = rtnl_talk(rtnl, &request, NULL, NULL);
        return r < 0 ? fail_errno(error, r, "cannot add a static route") : 0;
}

/* ---- what the host uses ---- */

#define LOOPBACK_INDEX 1 /* of "lo" in every network namespace */

typedef struct Look {
        int (*found)(const Subnet *subnet, void *userdata);
        void (*neighbour)(const Neighbour *neighbour, void *userdata);
        void *userdata;
        unsigned index;
        int result;
} Look;

typedef struct Bytes {
        const struct nlattr *items[RTA_MAX + 1];
} Bytes;

static int collect(const struct nlattr *attribute, void *userdata) {
        uint16_t type = mnl_attr_get_type(attribute);

        if (type <= RTA_MAX)
                ((Bytes *) userdata)->items[type] = attribute;
        return MNL_CB_OK;
}

static bool take_address(const struct nlattr *attribute, int family, IpAddress *ret) {
        *ret = (IpAddress) { .family = family };
        if (!attribute || mnl_attr_get_payload_len(attribute) != size_of(ret))
                return false;
        memcpy(ret->bytes, mnl_attr_get_payload(attribute), size_of(ret));
        return true;
}

static bool is_counted(const IpAddress *address) {
        return address->family == AF_INET
                       ? address->bytes[0] != 127
                       : address->bytes[0] != 0xff &&
                         (address->bytes[0] != 0xfe || (address->bytes[1] & 0xc0) != 0x80);
}

/* Whose it is is for found() to ask, if it wants to know: that takes a call for each. */
static int tell(Look *look, Subnet *subnet, unsigned index) {
        if (!is_counted(&subnet->address) || index == LOOPBACK_INDEX)
                return MNL_CB_OK;
        subnet->index = index;
        look->result = look->found(subnet, look->userdata);
        return look->result < 0 ? MNL_CB_STOP : MNL_CB_OK;
}

static int found_address(const struct nlmsghdr *header, void *userdata) {
        const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
        Subnet subnet = { .prefix = message->ifa_prefixlen };
        Bytes bytes = {};

        (void) mnl_attr_parse(header, sizeof(*message), collect, &bytes);
        if (!take_address(bytes.items[IFA_LOCAL] ?: bytes.items[IFA_ADDRESS], message->ifa_family,
                          &subnet.address))
                return MNL_CB_OK;
        return tell(userdata, &subnet, message->ifa_index);
}

static int found_route(const struct nlmsghdr *header, void *userdata) {
        const struct rtmsg *message = mnl_nlmsg_get_payload(header);
        Subnet subnet = { .prefix = message->rtm_dst_len, .is_route = true };
        Bytes bytes = {};

        (void) mnl_attr_parse(header, sizeof(*message), collect, &bytes);
        if (message->rtm_type != RTN_UNICAST || message->rtm_table != RT_TABLE_MAIN ||
            message->rtm_dst_len == 0 || !bytes.items[RTA_OIF] ||
            !take_address(bytes.items[RTA_DST], message->rtm_family, &subnet.address))
                return MNL_CB_OK;
        return tell(userdata, &subnet, mnl_attr_get_u32(bytes.items[RTA_OIF]));
}

#define TRIES_MAX 20

/* The kernel says when something changed while it told; then all of it is told again. */
static int dump(Rtnl *rtnl, uint16_t type, size_t size, int family, mnl_cb_t found, Look *look,
                Error *error) {
        RtnlRequest request;
        int r = -EINTR;

        for (int i = 0; r == -EINTR && i < TRIES_MAX; i++) {
                if (i > 0) {
                        rtnl_close(rtnl);
                        if ((r = rtnl_open(rtnl, error)) < 0)
                                return r;
                }
                request_begin(&request, type, NLM_F_DUMP);
                *(uint8_t *) request_extra(&request, size) = family; /* the first member of each */
                r = rtnl_talk(rtnl, &request, found, look);
        }
        return r < 0 ? fail_errno(error, r, "cannot look at the host's addresses") : look->result;
}

int rtnl_each_subnet(Rtnl *rtnl, int (*found)(const Subnet *subnet, void *userdata),
                     void *userdata, Error *error) {
        Look look = { .found = found, .userdata = userdata };
        int r = dump(rtnl, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, found_address, &look,
                     error);

        return r < 0 ? r : dump(rtnl, RTM_GETROUTE, sizeof(struct rtmsg), AF_UNSPEC, found_route,
                                &look, error);
}

/* ---- neighbours ---- */

static int found_neighbour(const struct nlmsghdr *header, void *userdata) {
        const struct ndmsg *message = mnl_nlmsg_get_payload(header);
        Look *look = userdata;
        Neighbour neighbour = {};
        Bytes bytes = {};

        (void) mnl_attr_parse(header, sizeof(*message), collect, &bytes);
        if (message->ndm_ifindex == (int) look->index && bytes.items[NDA_LLADDR] &&
            mnl_attr_get_payload_len(bytes.items[NDA_LLADDR]) == sizeof(neighbour.mac.bytes) &&
            take_address(bytes.items[NDA_DST], message->ndm_family, &neighbour.address)) {
                memcpy(neighbour.mac.bytes, mnl_attr_get_payload(bytes.items[NDA_LLADDR]),
                       sizeof(neighbour.mac.bytes));
                look->neighbour(&neighbour, look->userdata);
        }
        return MNL_CB_OK;
}

int rtnl_each_neighbour(Rtnl *rtnl, unsigned index,
                        void (*found)(const Neighbour *neighbour, void *userdata), void *userdata,
                        Error *error) {
        Look look = { .neighbour = found, .userdata = userdata, .index = index };

        return dump(rtnl, RTM_GETNEIGH, sizeof(struct ndmsg), AF_UNSPEC, found_neighbour, &look,
                    error);
}
