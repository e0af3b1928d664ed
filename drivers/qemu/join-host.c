/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits and macvtaps, by rtnetlink. */
#include "drivers/qemu/join-host.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/link-private.h"

static int open_link(Rtnl *rtnl, const char *name, Link *ret, Error *error) {
        int r = rtnl_open(rtnl, error);

        if (r >= 0)
                r = rtnl_find(rtnl, name, ret, error);
        return r == -ENODEV ? fail(error, ERROR_OPERATION_FAILED, "there is no interface '%s'",
                                   name) : r;
}

/* ---- limits ---- */

static int drop_rate(Rtnl *rtnl, unsigned index) {
        RtnlRequest request;

        request_begin(&request, RTM_DELQDISC, 0);
        struct tcmsg *message = request_extra(&request, sizeof(*message));
        message->tcm_ifindex = (int) index;
        message->tcm_parent = TC_H_ROOT;
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

/* The bucket's class can't be made twice, so what was there goes first. */
int port_set_rate(const char *name, const NetworkRate *rate, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link link;
        int r = open_link(&rtnl, name, &link, error);

        if (r < 0)
                return r;
        (void) drop_rate(&rtnl, link.index); /* there may be none */
        return rate->average > 0 ? rtnl_set_rate(&rtnl, link.index, rate, error) : 0;
}

/* ---- macvtaps ---- */

#define NAMES_MAX 4096

static void owner_text(Uuid owner, char text[static 64]) {
        char uuid[UUID_TEXT_MAX];

        (void) snprintf(text, 64, "virtbus %s", uuid_format(owner, uuid));
}

static int mode_number(const char *mode) {
        static const struct {
                const char *name;
                int number;
        } modes[] = { { "vepa", MACVLAN_MODE_VEPA }, { "bridge", MACVLAN_MODE_BRIDGE },
                      { "private", MACVLAN_MODE_PRIVATE },
                      { "passthrough", MACVLAN_MODE_PASSTHRU } };

        for (size_t i = 0; i < ELEMENTS(modes); i++)
                if (strcmp(mode, modes[i].name) == 0)
                        return modes[i].number;
        return MACVLAN_MODE_VEPA;
}

static int make(Rtnl *rtnl, const char *name, const DomainNet *net, unsigned lower, int mode,
                uint32_t mtu) {
        RtnlRequest request;

        request_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        (void) request_extra(&request, sizeof(struct ifinfomsg));
        mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
        mnl_attr_put_u32(request.header, IFLA_LINK, lower);
        mnl_attr_put(request.header, IFLA_ADDRESS, sizeof(net->mac.bytes), net->mac.bytes);
        if (mtu > 0)
                mnl_attr_put_u32(request.header, IFLA_MTU, mtu);
        struct nlattr *info = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
        mnl_attr_put_strz(request.header, IFLA_INFO_KIND, "macvtap");
        struct nlattr *data = mnl_attr_nest_start(request.header, IFLA_INFO_DATA);
        mnl_attr_put_u32(request.header, IFLA_MACVLAN_MODE, (uint32_t) mode);
        mnl_attr_nest_end(request.header, data);
        mnl_attr_nest_end(request.header, info);
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

static int set_owner(Rtnl *rtnl, unsigned index, Uuid owner) {
        RtnlRequest request;
        char text[64];

        owner_text(owner, text);
        request_begin(&request, RTM_SETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) index;
        mnl_attr_put_strz(request.header, IFLA_IFALIAS, text);
        return rtnl_talk(rtnl, &request, NULL, NULL);
}

static bool is_own_name(const char *target) {
        return !target || strncmp(target, "macvtap", 7) == 0 || strncmp(target, "vnet", 4) == 0;
}

/* A name that we chose once is chosen anew. */
static int make_named(Rtnl *rtnl, DomainNet *net, unsigned lower, int mode, uint32_t mtu) {
        bool chosen = is_own_name(net->target);
        char name[LINK_NAME_MAX + 1];
        int r = -EEXIST;

        for (unsigned i = 0; r == -EEXIST && i < NAMES_MAX; i++) {
                if (chosen)
                        (void) snprintf(name, sizeof(name), "macvtap%u", i);
                else
                        (void) snprintf(name, sizeof(name), "%s", net->target);
                r = make(rtnl, name, net, lower, mode, mtu);
                if (!chosen)
                        break;
        }
        if (r < 0)
                return r;
        free(net->target);
        net->target = strdup(name);
        return net->target ? 0 : -ENOMEM;
}

int macvtap_make(const DomainConf *conf, DomainNet *net, const char *dev, const char *mode,
                 uint32_t mtu, char **ret_path, Error *error) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        Link lower, made;
        int r = open_link(&rtnl, dev, &lower, error);

        if (r < 0)
                return r;
        r = make_named(&rtnl, net, lower.index, mode_number(mode), mtu);
        if (r == -EOPNOTSUPP)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface of type 'direct' needs macvtap, which this kernel lacks");
        if (r < 0)
                return fail_errno(error, r, "cannot make a macvtap on '%s'", dev);
        r = rtnl_find(&rtnl, net->target, &made, error);
        if (r >= 0)
                r = set_owner(&rtnl, made.index, conf->uuid);
        if (r >= 0)
                r = rtnl_set_up(&rtnl, made.index, error);
        if (r >= 0 && asprintf(ret_path, "/dev/tap%u", made.index) < 0) {
                *ret_path = NULL;
                r = -ENOMEM;
        }
        if (r < 0) {
                (void) rtnl_remove(&rtnl, made.index, NULL);
                return fail_errno(error, r, "cannot bring up macvtap '%s'", net->target);
        }
        return 0;
}

static int compare_owner(const struct nlattr *attribute, void *userdata) {
        const char **wanted = userdata;

        if (mnl_attr_get_type(attribute) == IFLA_IFALIAS && *wanted &&
            strcmp(mnl_attr_get_str(attribute), *wanted) == 0)
                *wanted = NULL; /* found */
        return MNL_CB_OK;
}

static int found_owner(const struct nlmsghdr *header, void *userdata) {
        return mnl_attr_parse(header, sizeof(struct ifinfomsg), compare_owner, userdata);
}

void macvtap_remove(const char *name, Uuid owner) {
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        RtnlRequest request;
        const char *wanted;
        char text[64];
        Link link;

        if (open_link(&rtnl, name, &link, NULL) < 0)
                return;
        owner_text(owner, text);
        wanted = text;
        request_begin(&request, RTM_GETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) link.index;
        if (rtnl_talk(&rtnl, &request, found_owner, &wanted) >= 0 && !wanted)
                (void) rtnl_remove(&rtnl, link.index, NULL);
}
