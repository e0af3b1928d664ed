/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces that are a PCI function of the host: those of networks that hand them out become
 * interfaces of type 'hostdev' in the live definition, and what the guest's card is told of a
 * virtual function (its address, its vlan) is told to the card that it is a part of. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "drivers/network/link-private.h"
#include "drivers/qemu/borrow.h"
#include "drivers/qemu/join-private.h"

/* ---- allotting ---- */

static int allot(DomainNet *net, const NetworkPlug *plug, Error *error) {
        const NetworkForwardAddress *from = &plug->address;
        char name[PCI_TEXT_MAX];

        net->type = NET_HOSTDEV;
        net->source_pci.domain = from->domain;
        net->source_pci.bus = from->bus;
        net->source_pci.slot = from->slot;
        net->source_pci.function = from->function;
        free(net->source_pci.type);
        net->source_pci.type = strdup("pci");
        free(net->managed);
        net->managed = strdup(plug->conf->forward_managed == TRISTATE_YES ? "yes" : "no");
        if (!net->managed || !net->source_pci.type)
                return fail_memory(error);
        network_user_add_on(plug->network, network_pci_text(from, name));
        return 0;
}

int qemu_nets_allot(Domain *domain, DomainConf *conf, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++) {
                DomainNet *net = conf->nets.items[i];
                NetworkPlug plug;

                if (net->type != NET_NETWORK ||
                    qemu_net_is_borrowed(domain->resource.connection, net))
                        continue;
                r = network_plug(domain->resource.connection, net->network ?: "", net->portgroup,
                                 &plug, error);
                if (r < 0)
                        break;
                if (plug.kind == PLUG_HOSTDEV)
                        r = allot(net, &plug, error);
                network_plug_clear(&plug);
        }
        if (r < 0)
                qemu_nets_give_back(domain, conf);
        return r;
}

void qemu_nets_give_back(Domain *domain, const DomainConf *conf) {
        for (size_t i = 0; i < conf->nets.n; i++)
                if (conf->nets.items[i]->type == NET_HOSTDEV)
                        join_count(domain, conf->nets.items[i], false);
}

/* ---- the card that a virtual function is a part of ---- */

typedef struct Function {
        char card[LINK_NAME_MAX + 1];
        unsigned number;
} Function;

static bool is_link_to(const char *path, const char *name) {
        char target[PATH_MAX];
        ssize_t n = readlink(path, target, sizeof(target) - 1);

        if (n < 0)
                return false;
        target[n] = '\0';
        const char *slash = strrchr(target, '/');
        return strcmp(slash ? slash + 1 : target, name) == 0;
}

/* -ENOENT: it isn't a virtual function, or its card has no interface. */
static int find_function(const HostAddress *address, Function *ret) {
        _cleanup_(freep) char *name = qemu_pci_name(address);
        char path[PATH_MAX];
        const struct dirent *entry;
        bool found = false;

        if (!name)
                return -ENOMEM;
        (void) snprintf(path, sizeof(path), QEMU_SYSFS "/bus/pci/devices/%s/physfn/net", name);
        DIR *cards = opendir(path);
        while (cards && !found && (entry = readdir(cards))) {
                found = entry->d_name[0] != '.';
                (void) snprintf(ret->card, sizeof(ret->card), "%.*s", LINK_NAME_MAX,
                                entry->d_name);
        }
        if (cards)
                closedir(cards);
        for (ret->number = 0; found && ret->number < UINT16_MAX; ret->number++) {
                (void) snprintf(path, sizeof(path),
                                QEMU_SYSFS "/bus/pci/devices/%s/physfn/virtfn%u", name,
                                ret->number);
                if (is_link_to(path, name))
                        return 0;
        }
        return -ENOENT;
}

static int configure(const Function *function, MacAddress mac, uint32_t vlan) {
        struct ifla_vf_mac address = { .vf = function->number };
        const struct ifla_vf_vlan tag = { .vf = function->number, .vlan = vlan };
        _cleanup_(rtnl_close) Rtnl rtnl = {};
        RtnlRequest request;
        Link card;
        int r = rtnl_open(&rtnl, NULL);

        if (r >= 0)
                r = rtnl_find(&rtnl, function->card, &card, NULL);
        if (r < 0)
                return r;
        memcpy(address.mac, mac.bytes, sizeof(mac.bytes));
        request_begin(&request, RTM_SETLINK, 0);
        struct ifinfomsg *message = request_extra(&request, sizeof(*message));
        message->ifi_index = (int) card.index;
        struct nlattr *list = mnl_attr_nest_start(request.header, IFLA_VFINFO_LIST);
        struct nlattr *info = mnl_attr_nest_start(request.header, IFLA_VF_INFO);
        if (!mac_is_null(mac))
                mnl_attr_put(request.header, IFLA_VF_MAC, sizeof(address), &address);
        mnl_attr_put(request.header, IFLA_VF_VLAN, sizeof(tag), &tag);
        mnl_attr_nest_end(request.header, info);
        mnl_attr_nest_end(request.header, list);
        return rtnl_talk(&rtnl, &request, NULL, NULL);
}

int function_take(const DomainNet *net, const NetworkVlan *vlan, Error *error) {
        const NetVlan *own = net->vlan;
        uint32_t tag = own && own->tags.n ? own->tags.items[0]->id.value
                                          : vlan && vlan->tags.n ? vlan->tags.items[0]->id.value
                                                                 : 0;
        size_t tags = own ? own->tags.n : vlan ? vlan->tags.n : 0;
        Function function;
        int r = find_function(&net->source_pci, &function);

        if (tags > 1)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface of type 'hostdev' has one vlan tag, not several");
        if (r >= 0)
                r = configure(&function, net->mac, tag);
        if (r == -ENOENT)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "an interface of type 'hostdev' is for virtual functions (SR-IOV), "
                            "which %04x:%02x:%02x.%x is not: a <hostdev> gives a whole card",
                            net->source_pci.domain, net->source_pci.bus, net->source_pci.slot,
                            net->source_pci.function);
        return r < 0 ? fail_errno(error, r, "cannot set address and vlan of function %u of '%s'",
                                  function.number, function.card) : 0;
}

/* Its address stays until the next guest brings another. */
void function_give_back(const DomainNet *net) {
        const MacAddress none = {};
        Function function;

        if (find_function(&net->source_pci, &function) >= 0)
                (void) configure(&function, none, 0);
}
