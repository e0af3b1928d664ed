/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <network>: what is filled in, and its rules. */
#include "conf/network-rows.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ADDRESSES_MAX 1024 /* of devices to hand out; each is compared with all */

static const xmlNode *root_of(const NetworkConf *conf) {
        return xmlDocGetRootElement(conf->document);
}

static bool has_own_bridge(const NetworkConf *conf) {
        return FORWARD_OWN_BRIDGE >> conf->forward & 1;
}

/* ---- what is filled in ---- */

/* forward/@dev repeats the first interface: each is made of the other. */
static int complete_forward(NetworkConf *conf) {
        const xmlNode *forward = child_of(root_of(conf), "forward");

        if (forward && !xmlHasProp(forward, (const xmlChar *) "mode") &&
            conf->forward == FORWARD_NONE)
                conf->forward = FORWARD_NAT;
        if (conf->forward_dev && conf->forward_devs.n == 0 && conf->forward_pfs.n == 0 &&
            conf->forward_addresses.n == 0) {
                NetworkForwardDev *dev = map_list_add(&network_forward_dev_element,
                                                      &conf->forward_devs);

                return dev ? set_string(&dev->dev, conf->forward_dev) : -ENOMEM;
        }
        if (!conf->forward_dev && conf->forward_devs.n > 0 && conf->forward_pfs.n == 0)
                return set_string(&conf->forward_dev, conf->forward_devs.items[0]->dev);
        return 0;
}

static void complete_vlan(NetworkVlan *vlan) {
        if (vlan && vlan->tags.n > 1 && vlan->trunk == TRISTATE_UNSET)
                vlan->trunk = TRISTATE_YES;
}

int network_complete(void *object, Error *error) {
        NetworkConf *conf = object;

        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        if (complete_forward(conf) < 0)
                return fail_memory(error);
        if (has_own_bridge(conf)) {
                conf->delay.set = true;
                if (conf->stp == TRISTATE_UNSET)
                        conf->stp = TRISTATE_YES;
        }
        complete_vlan(conf->vlan);
        for (size_t i = 0; i < conf->portgroups.n; i++)
                complete_vlan(conf->portgroups.items[i]->vlan);
        return 0;
}

int networkport_complete(void *object, Error *error) {
        NetworkPortConf *conf = object;

        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        complete_vlan(conf->vlan);
        return 0;
}

/* ---- what networks, portgroups and ports share ---- */

static int check_rate(const NetworkRate *rate, const xmlNode *node, bool floor_allowed,
                      Error *error) {
        if (!node)
                return 0;
        if (rate->average == 0 && rate->floor == 0)
                return fail_at(error, ERROR_XML, node, "a bandwidth needs average or floor");
        if ((rate->peak > 0 || rate->burst > 0) && rate->average == 0)
                return fail_at(error, ERROR_XML, node, "peak and burst need average");
        if (rate->floor > 0 && !floor_allowed)
                return fail_at(error, ERROR_XML, node, "floor is not possible here");
        return 0;
}

static int check_bandwidth(const NetworkBandwidth *bandwidth, const xmlNode *parent,
                           bool floor_allowed, Error *error) {
        const xmlNode *node = child_of(parent, "bandwidth");
        int r = 0;

        if (bandwidth)
                r = check_rate(&bandwidth->inbound, child_of(node, "inbound"), floor_allowed,
                               error);
        if (bandwidth && r >= 0)
                r = check_rate(&bandwidth->outbound, child_of(node, "outbound"), false, error);
        return r;
}

static int check_vlan(const NetworkVlan *vlan, const xmlNode *parent, Error *error) {
        const xmlNode *node = child_of(parent, "vlan");
        size_t natives = 0;

        if (!vlan)
                return 0;
        if (vlan->tags.n == 0)
                return fail_at(error, ERROR_XML, node, "a vlan needs a tag");
        for (size_t i = 0; i < vlan->tags.n; i++) {
                natives += vlan->tags.items[i]->native_mode != NULL;
                if (vlan->tags.items[i]->id.value > 4095)
                        return fail_at(error, ERROR_XML, node, "vlan tag %u is over 4095",
                                       vlan->tags.items[i]->id.value);
        }
        if (natives > 1)
                return fail_at(error, ERROR_XML, node, "a vlan has one native tag at most");
        if (vlan->trunk == TRISTATE_NO && (vlan->tags.n > 1 || natives > 0))
                return fail_at(error, ERROR_XML, node,
                               "a vlan with several tags or a native one is a trunk");
        return 0;
}

/* Which parameters a type of virtualport takes. */
enum { MANAGER = 1, INSTANCE = 2, PROFILE = 4, INTERFACE = 8 };

static unsigned virtualport_takes(const char *type) {
        if (!type || is_text(type, "none"))
                return MANAGER | INSTANCE | PROFILE | INTERFACE;
        if (is_text(type, "802.1Qbg"))
                return MANAGER | INSTANCE;
        return is_text(type, "802.1Qbh") ? PROFILE
               : is_text(type, "midonet") ? INTERFACE : PROFILE | INTERFACE;
}

static int check_virtualport(const NetworkVirtualPort *port, const xmlNode *parent, Error *error) {
        const xmlNode *node = child_of(parent, "virtualport");
        Uuid uuid;

        if (!port)
                return 0;

        unsigned given = (port->manager_id.set || port->type_id.set || port->type_id_version.set
                                  ? MANAGER : 0) |
                         (port->instance_id ? INSTANCE : 0) | (port->profile_id ? PROFILE : 0) |
                         (port->interface_id ? INTERFACE : 0);
        if (given & ~virtualport_takes(port->type))
                return fail_at(error, ERROR_XML, node,
                               "a virtualport of type '%s' takes other parameters", port->type);
        if (port->manager_id.value > 0xff || port->type_id.value > 0xffffff ||
            port->type_id_version.value > 0xff)
                return fail_at(error, ERROR_XML, node, "a number of the virtualport is too large");
        if ((port->instance_id && uuid_parse(port->instance_id, &uuid) < 0) ||
            (port->interface_id && uuid_parse(port->interface_id, &uuid) < 0))
                return fail_at(error, ERROR_XML, node, "an id of the virtualport is no UUID");
        if (port->profile_id && strlen(port->profile_id) > 39)
                return fail_at(error, ERROR_XML, node, "the profileid is longer than 39 bytes");
        return 0;
}

#define CHECK_SHARED(S, node, floor_allowed)                                              \
        ((r = check_bandwidth((S)->bandwidth, node, floor_allowed, error)) < 0 ||         \
         (r = check_vlan((S)->vlan, node, error)) < 0 ||                                  \
         (r = check_virtualport((S)->virtualport, node, error)) < 0)

/* ---- forward ---- */

static int check_forward_devs(const NetworkConf *conf, const xmlNode *forward, Error *error) {
        if (conf->forward_dev && conf->forward_devs.n > 0 &&
            !is_text(conf->forward_dev, conf->forward_devs.items[0]->dev))
                return fail_at(error, ERROR_XML, forward,
                               "dev '%s' isn't the first interface '%s'", conf->forward_dev,
                               conf->forward_devs.items[0]->dev);
        return CHECK_UNIQUE(&conf->forward_devs, NetworkForwardDev, dev, "interface", error);
}

static bool same_address(const NetworkForwardAddress *a, const NetworkForwardAddress *b) {
        return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot &&
               a->function == b->function;
}

static int check_forward_addresses(const NetworkConf *conf, const xmlNode *forward,
                                   Error *error) {
        size_t n = conf->forward_addresses.n;

        if (n > ADDRESSES_MAX)
                return fail_at(error, ERROR_XML, forward, "there are over %d addresses",
                               ADDRESSES_MAX);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < i; k++)
                        if (same_address(conf->forward_addresses.items[i],
                                         conf->forward_addresses.items[k]))
                                return fail_at(error, ERROR_XML,
                                               conf->forward_addresses.items[i]->item.node,
                                               "this address is there twice");
        return 0;
}

static int check_nat(const NetworkConf *conf, const xmlNode *forward, Error *error) {
        const xmlNode *nat = child_of(forward, "nat");
        IpAddress start, end;

        if (!nat)
                return 0;
        if (conf->forward != FORWARD_NAT)
                return fail_at(error, ERROR_XML, nat, "<nat> is for forward mode 'nat' alone");
        if (child_of(nat, "address")) {
                if (!conf->nat_start || !conf->nat_end || ip_parse(conf->nat_start, &start) < 0 ||
                    ip_parse(conf->nat_end, &end) < 0 || start.family != AF_INET ||
                    end.family != AF_INET || ip_compare(&start, &end) > 0)
                        return fail_at(error, ERROR_XML, nat,
                                       "the addresses are no range of IPv4 addresses");
        }
        if (conf->nat_port_start > 65535 || conf->nat_port_end > 65535 ||
            conf->nat_port_start > conf->nat_port_end ||
            (child_of(nat, "port") && conf->nat_port_start == 0))
                return fail_at(error, ERROR_XML, nat, "the ports are no range of ports");
        return 0;
}

static int check_forward_mode(const NetworkConf *conf, const xmlNode *forward, Error *error) {
        const char *mode = network_forwards[conf->forward];
        const xmlNode *bridge = child_of(root_of(conf), "bridge");

        if (conf->forward == FORWARD_NAT || conf->forward == FORWARD_ROUTE) {
                if (conf->ips.n == 0)
                        return fail_at(error, ERROR_XML, forward,
                                       "forward mode '%s' needs an IP address", mode);
                if (conf->forward_devs.n > 1)
                        return fail_at(error, ERROR_XML, forward,
                                       "forward mode '%s' takes one interface", mode);
        }
        if (conf->forward == FORWARD_OPEN && conf->forward_devs.n > 0)
                return fail_at(error, ERROR_XML, forward, "forward mode 'open' takes no interface");
        if (has_own_bridge(conf))
                return 0;
        if (conf->bridge && conf->forward != FORWARD_BRIDGE)
                return fail_at(error, ERROR_XML, bridge, "forward mode '%s' takes no bridge", mode);
        if (conf->bridge && conf->forward_devs.n + conf->forward_pfs.n > 0)
                return fail_at(error, ERROR_XML, bridge, "a bridge or an interface, not both");
        if (conf->bridge_zone)
                return fail_at(error, ERROR_XML, bridge, "forward mode '%s' takes no zone", mode);
        if (conf->stp != TRISTATE_UNSET || conf->delay.value > 0)
                return fail_at(error, ERROR_XML, bridge, "forward mode '%s' takes no stp or delay",
                               mode);
        if (conf->mtu > 0)
                return fail_at(error, ERROR_XML, bridge, "forward mode '%s' takes no mtu", mode);
        return 0;
}

static int check_forward(const NetworkConf *conf, Error *error) {
        const xmlNode *forward = child_of(root_of(conf), "forward");
        size_t sorts = (conf->forward_devs.n > 0) + (conf->forward_addresses.n > 0) +
                       (conf->forward_pfs.n > 0);
        int r;

        if (sorts > 1)
                return fail_at(error, ERROR_XML, forward,
                               "interface, address and pf exclude each other");
        if (conf->forward_dev && conf->forward_addresses.n + conf->forward_pfs.n > 0)
                return fail_at(error, ERROR_XML, forward, "dev excludes address and pf");
        if (conf->forward_pfs.n > 1)
                return fail_at(error, ERROR_XML, forward, "there is one pf at most");
        if ((r = check_forward_devs(conf, forward, error)) < 0 ||
            (r = check_forward_addresses(conf, forward, error)) < 0 ||
            (r = check_nat(conf, forward, error)) < 0)
                return r;
        return check_forward_mode(conf, forward, error);
}

/* What needs a network of our own. */
static int check_leaning(const NetworkConf *conf, Error *error) {
        const struct {
                const char *what;
                bool there;
        } parts[] = {
                { "mac", !mac_is_null(conf->mac) },
                { "ip", conf->ips.n > 0 },
                { "dns", conf->dns_texts.n + conf->dns_services.n + conf->dns_hosts.n > 0 },
                { "domain", conf->domain },
                { "bandwidth", conf->bandwidth && conf->forward != FORWARD_BRIDGE },
        };

        for (size_t i = 0; i < ELEMENTS(parts) && !has_own_bridge(conf); i++)
                if (parts[i].there)
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED,
                                       child_of(root_of(conf), parts[i].what),
                                       "forward mode '%s' takes no <%s>",
                                       network_forwards[conf->forward], parts[i].what);
        return 0;
}

/* ---- portgroups ---- */

static bool takes_vlan(const NetworkConf *conf) {
        if (conf->forward == FORWARD_HOSTDEV || conf->forward == FORWARD_PASSTHROUGH)
                return true;
        return conf->forward == FORWARD_BRIDGE && conf->virtualport &&
               is_text(conf->virtualport->type, "openvswitch");
}

int network_check_portgroup(const NetworkConf *conf, const NetworkPortGroup *group,
                            Error *error) {
        const xmlNode *node = group->item.node;
        int r;

        if (CHECK_SHARED(group, node, false))
                return r;
        if (group->vlan && !takes_vlan(conf))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "a network of this type takes no vlan");
        return 0;
}

static int check_portgroups(const NetworkConf *conf, Error *error) {
        const NetworkPortGroup *chosen = NULL;
        const xmlNode *root = root_of(conf);
        int r;

        if (CHECK_SHARED(conf, root, false))
                return r;
        if (conf->vlan && !takes_vlan(conf))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, child_of(root, "vlan"),
                               "a network of this type takes no vlan");
        for (size_t i = 0; i < conf->portgroups.n; i++) {
                const NetworkPortGroup *group = conf->portgroups.items[i];

                if (group->is_default == TRISTATE_YES && chosen)
                        return fail_at(error, ERROR_XML, group->item.node,
                                       "portgroups '%s' and '%s' are both default", chosen->name,
                                       group->name);
                if (group->is_default == TRISTATE_YES)
                        chosen = group;
                if ((r = network_check_portgroup(conf, group, error)) < 0)
                        return r;
        }
        return CHECK_UNIQUE(&conf->portgroups, NetworkPortGroup, name, "portgroup", error);
}

/* ---- the whole ---- */

int network_check(const void *object, Error *error) {
        const NetworkConf *conf = object;
        const xmlNode *root = root_of(conf);
        int r;

        if (strpbrk(conf->name, "/\n"))
                return fail_at(error, ERROR_XML, root, "a network's name has no '/' in it");
        if (mac_is_multicast(conf->mac))
                return fail_at(error, ERROR_XML, child_of(root, "mac"),
                               "a bridge has no multicast address");
        if (conf->mtu > 65535)
                return fail_at(error, ERROR_XML, child_of(root, "mtu"), "mtu is over 65535");
        if ((r = network_check_ips(conf, error)) < 0 || (r = network_check_dns(conf, error)) < 0 ||
            (r = check_forward(conf, error)) < 0 || (r = check_leaning(conf, error)) < 0)
                return r;
        return check_portgroups(conf, error);
}

int networkport_check(const void *object, Error *error) {
        const NetworkPortConf *conf = object;
        const xmlNode *root = xmlDocGetRootElement(conf->document), *plug = child_of(root, "plug");
        bool bridged = is_text(conf->plug, "network") || is_text(conf->plug, "bridge");
        int r;

        if (CHECK_SHARED(conf, root, true))
                return r;
        if (bridged && !conf->bridge)
                return fail_at(error, ERROR_XML, plug, "a plug into a bridge lacks its name");
        if (is_text(conf->plug, "direct") && !conf->dev)
                return fail_at(error, ERROR_XML, plug, "a direct plug lacks its dev");
        if (is_text(conf->plug, "hostdev-pci") && !child_of(plug, "address"))
                return fail_at(error, ERROR_XML, plug, "a hostdev plug lacks its address");
        return 0;
}
