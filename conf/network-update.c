/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes to one element of a network: virNetworkUpdate.
 *
 * The fragment is read into an item like those of its list, which tells whether it is one that is
 * there. It then stands in the document as it was written: the node that map_store() makes at the
 * right place is replaced by a copy of the fragment. */
#include "conf/network-rows.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"

typedef struct Update {
        NetworkConf *conf;
        NetworkUpdateCommand command;
        int32_t parent_index;
        NetworkIp *ip; /* of the sections below one */
} Update;

/* ---- whether two are the same one ---- */

static bool same_ip(const char *a, const char *b) {
        IpAddress x, y;

        return a && b && ip_parse(a, &x) >= 0 && ip_parse(b, &y) >= 0 && ip_compare(&x, &y) == 0;
}

static bool same_mac(const char *a, const char *b) {
        MacAddress x, y;

        return a && b && mac_parse(a, &x) >= 0 && mac_parse(b, &y) >= 0 &&
               memcmp(&x, &y, sizeof(x)) == 0;
}

/* What is deleted must be as it is described; what is added must differ in all that names it. */
static bool same_host(const Update *update, const void *wanted, const void *item) {
        const NetworkHost *a = wanted, *b = item;
        bool mac = same_mac(a->mac, b->mac), name = a->name && is_text(b->name, a->name);
        bool id = a->id && is_text(b->id, a->id), ip = same_ip(a->ip, b->ip);

        switch (update->command) {
        case UPDATE_DELETE:
                return (!a->mac || mac) && (!a->id || id) && (!a->name || name) && (!a->ip || ip);
        case UPDATE_MODIFY:
                return mac || id || name;
        case UPDATE_NONE:
        case UPDATE_ADD_FIRST:
        case UPDATE_ADD_LAST:
                break;
        }
        return mac || id || name || ip;
}

static bool same_range(const Update *update, const void *wanted, const void *item) {
        const NetworkRange *a = wanted, *b = item;

        return same_ip(a->start, b->start) && same_ip(a->end, b->end);
}

static bool same_dev(const Update *update, const void *wanted, const void *item) {
        return is_text(((const NetworkForwardDev *) wanted)->dev,
                       ((const NetworkForwardDev *) item)->dev);
}

static bool same_portgroup(const Update *update, const void *wanted, const void *item) {
        return is_text(((const NetworkPortGroup *) wanted)->name,
                       ((const NetworkPortGroup *) item)->name);
}

/* Hosts may share a name, so an address alone forbids to add another. */
static bool same_dns_host(const Update *update, const void *wanted, const void *item) {
        const DnsHost *a = wanted, *b = item;

        if (same_ip(a->ip, b->ip))
                return true;
        for (size_t i = 0; i < a->names.n && update->command == UPDATE_DELETE; i++)
                for (size_t k = 0; k < b->names.n; k++)
                        if (is_text(a->names.items[i]->name, b->names.items[k]->name))
                                return true;
        return false;
}

static bool same_text(const Update *update, const void *wanted, const void *item) {
        return is_text(((const DnsText *) wanted)->name, ((const DnsText *) item)->name);
}

static bool fits(const char *wanted, const char *text) {
        return !wanted || is_text(text, wanted);
}

static bool number_fits(MaybeU32 wanted, MaybeU32 number) {
        return !wanted.set || (number.set && number.value == wanted.value);
}

static bool same_service(const Update *update, const void *wanted, const void *item) {
        const DnsService *a = wanted, *b = item;

        return fits(a->service, b->service) && fits(a->protocol, b->protocol) &&
               fits(a->domain, b->domain) && fits(a->target, b->target) &&
               number_fits(a->port, b->port) && number_fits(a->priority, b->priority) &&
               number_fits(a->weight, b->weight);
}

/* ---- whether one is in order ---- */

static int check_host(const Update *update, const void *item, Error *error) {
        return network_check_host(item, network_ip_is_v6(update->ip),
                                  update->command == UPDATE_DELETE, error);
}

static int check_range(const Update *update, const void *item, Error *error) {
        return network_check_range(update->ip, item, error);
}

static int check_dev(const Update *update, const void *item, Error *error) {
        const NetworkConf *conf = update->conf;

        if (conf->forward_addresses.n + conf->forward_pfs.n > 0)
                return fail(error, ERROR_OPERATION_INVALID,
                            "network '%s' forwards to devices that are no interfaces", conf->name);
        return 0;
}

static int check_portgroup(const Update *update, const void *item, Error *error) {
        const NetworkPortGroup *group = item;

        for (size_t i = 0; i < update->conf->portgroups.n; i++) {
                const NetworkPortGroup *other = update->conf->portgroups.items[i];

                if (update->command != UPDATE_DELETE && group->is_default == TRISTATE_YES &&
                    other->is_default == TRISTATE_YES && !is_text(group->name, other->name))
                        return fail(error, ERROR_OPERATION_INVALID,
                                    "portgroup '%s' of network '%s' is the default already",
                                    other->name, update->conf->name);
        }
        return network_check_portgroup(update->conf, group, error);
}

static int check_dns_host(const Update *update, const void *item, Error *error) {
        return network_check_dns_host(item, update->command == UPDATE_DELETE, error);
}

static int check_text(const Update *update, const void *item, Error *error) {
        return network_check_dns_text(item, update->command == UPDATE_DELETE, error);
}

static int check_service(const Update *update, const void *item, Error *error) {
        return network_check_dns_service(item, update->command == UPDATE_DELETE, error);
}

/* ---- sections ---- */

typedef struct Section {
        const char *name; /* for messages; those without an element can't be updated */
        const MapElement *element;
        size_t list; /* where its MapAnyList is, in the network or in an ip element of it */
        bool in_ip, can_modify;
        bool one; /* what is deleted must be described so that only one fits */
        bool (*same)(const Update *update, const void *wanted, const void *item);
        int (*check)(const Update *update, const void *item, Error *error);
} Section;

#define IN_NETWORK(m) .list = offsetof(NetworkConf, m)
#define IN_IP(m) .list = offsetof(NetworkIp, m), .in_ip = true

static const Section sections[] = {
        [SECTION_BRIDGE] = { "bridge" },
        [SECTION_DOMAIN] = { "domain" },
        [SECTION_IP] = { "ip" },
        [SECTION_IP_DHCP_HOST] = { "DHCP host", &network_host_element, IN_IP(hosts),
                                   .can_modify = true, .same = same_host, .check = check_host },
        [SECTION_IP_DHCP_RANGE] = { "DHCP range", &network_range_element, IN_IP(ranges),
                                    .same = same_range, .check = check_range },
        [SECTION_FORWARD] = { "forward" },
        [SECTION_FORWARD_INTERFACE] = { "forward interface", &network_forward_dev_element,
                                        IN_NETWORK(forward_devs), .same = same_dev,
                                        .check = check_dev },
        [SECTION_FORWARD_PF] = { "forward pf" },
        [SECTION_PORTGROUP] = { "portgroup", &network_portgroup_element, IN_NETWORK(portgroups),
                                .can_modify = true, .same = same_portgroup,
                                .check = check_portgroup },
        [SECTION_DNS_HOST] = { "DNS host", &network_dns_host_element, IN_NETWORK(dns_hosts),
                               .one = true, .same = same_dns_host, .check = check_dns_host },
        [SECTION_DNS_TXT] = { "DNS TXT record", &network_txt_element, IN_NETWORK(dns_texts),
                              .same = same_text, .check = check_text },
        [SECTION_DNS_SRV] = { "DNS SRV record", &network_srv_element, IN_NETWORK(dns_services),
                              .one = true, .same = same_service, .check = check_service },
};

static int find_section(uint32_t command, uint32_t number, const NetworkConf *conf,
                        const Section **ret, Error *error) {
        const Section *section = number < ELEMENTS(sections) ? &sections[number] : NULL;

        if (!section || !section->name)
                return fail(error, ERROR_INVALID_ARG, "there is no section %u of a network",
                            number);
        if (command == UPDATE_NONE || command > UPDATE_ADD_FIRST)
                return fail(error, ERROR_INVALID_ARG, "there is no update command %u", command);
        if (!section->element)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "can't update section '%s' of network '%s'", section->name,
                            conf->name);
        if (command == UPDATE_MODIFY && !section->can_modify)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "a %s can't be modified, only added or deleted", section->name);
        *ret = section;
        return 0;
}

/* The ip element meant: by its index, or the one with DHCP, or the first of IPv4. */
static int find_ip(Update *update, const Section *section, Error *error) {
        NetworkConf *conf = update->conf;
        NetworkIp *first = NULL;

        for (size_t i = 0; i < conf->ips.n; i++) {
                NetworkIp *ip = conf->ips.items[i];

                if (update->parent_index >= 0 ? i == (size_t) update->parent_index
                                              : ip->ranges.n + ip->hosts.n > 0) {
                        update->ip = ip;
                        return 0;
                }
                if (!first && !network_ip_is_v6(ip))
                        first = ip;
        }
        if (update->parent_index >= 0)
                return fail(error, ERROR_INVALID_ARG, "network '%s' has no <ip> of index %d",
                            conf->name, update->parent_index);
        if (!first)
                return fail(error, ERROR_OPERATION_INVALID,
                            "network '%s' has no <ip> for a %s", conf->name, section->name);
        update->ip = first;
        return 0;
}

/* ---- the change ---- */

static void *list_of(const Update *update, const Section *section) {
        return (char *) (section->in_ip ? (void *) update->ip : (void *) update->conf) +
               section->list;
}

/* How many of the list are the one that is meant; *ret is the first. */
static size_t count_same(const Update *update, const Section *section, const void *wanted,
                         size_t *ret) {
        const MapAnyList *list = list_of(update, section);
        size_t n = 0;

        for (size_t i = list->n; i-- > 0;)
                if (section->same(update, wanted, list->items[i])) {
                        *ret = i;
                        n++;
                }
        return n;
}

static int check_count(const Update *update, const Section *section, size_t n, Error *error) {
        const char *name = update->conf->name;
        bool adds = update->command == UPDATE_ADD_FIRST || update->command == UPDATE_ADD_LAST;

        if (adds && n > 0)
                return fail(error, ERROR_OPERATION_INVALID,
                            "network '%s' has a %s like this already", name, section->name);
        if (!adds && n == 0)
                return fail(error, ERROR_OPERATION_INVALID, "network '%s' has no %s like this",
                            name, section->name);
        if (!adds && n > 1 && section->one)
                return fail(error, ERROR_OPERATION_INVALID,
                            "network '%s' has more than one %s like this", name, section->name);
        return 0;
}

static int store(NetworkConf *conf, Error *error) {
        xmlNode *root = xmlDocGetRootElement(conf->document);

        return map_store(&network_element, root, conf) < 0 ? fail_memory(error) : 0;
}

/* Puts a copy of the fragment in the place of an item's node, and reads the item from it. */
static int take_fragment(const Section *section, MapItem *item, const xmlNode *fragment,
                         Error *error) {
        xmlNode *old = item->node;
        xmlNode *node = xmlDocCopyNode((xmlNode *) fragment, old->doc, 1);

        if (!node)
                return fail_memory(error);
        (void) xmlReplaceNode(old, node);
        xmlFreeNode(old);
        map_clear(section->element, item);
        item->node = node;
        return map_load(section->element, node, item, error);
}

static int add(const Update *update, const Section *section, const xmlNode *fragment,
               Error *error) {
        MapAnyList *list = list_of(update, section);
        MapItem *item = map_list_add(section->element, list);
        int r;

        if (!item)
                return fail_memory(error);
        if (update->command == UPDATE_ADD_FIRST) {
                memmove(list->items + 1, list->items, (list->n - 1) * sizeof(*list->items));
                list->items[0] = item;
        }
        r = store(update->conf, error);
        return r < 0 ? r : take_fragment(section, item, fragment, error);
}

static int delete(const Update *update, const Section *section, size_t index, Error *error) {
        MapAnyList *list = list_of(update, section);

        if (section->element == &network_forward_dev_element) {
                const NetworkForwardDev *dev = (NetworkForwardDev *) list->items[index];

                if (dev->connections.value > 0)
                        return fail(error, ERROR_OPERATION_INVALID,
                                    "interface '%s' of network '%s' is used by %u domains",
                                    dev->dev, update->conf->name, dev->connections.value);
        }
        map_list_remove(section->element, list, index);
        return store(update->conf, error);
}

/* forward/@dev is the first interface's. */
static int follow_forward(NetworkConf *conf, Error *error) {
        free(TAKE(conf->forward_dev));
        if (conf->forward_devs.n > 0 &&
            set_string(&conf->forward_dev, conf->forward_devs.items[0]->dev) < 0)
                return fail_memory(error);
        return store(conf, error);
}

static int change(Update *update, const Section *section, const xmlNode *fragment,
                  const void *wanted, Error *error) {
        size_t index = 0, n = count_same(update, section, wanted, &index);
        MapAnyList *list = list_of(update, section);
        int r = check_count(update, section, n, error);

        if (r < 0)
                return r;
        switch (update->command) {
        case UPDATE_NONE:
                break;
        case UPDATE_MODIFY:
                r = take_fragment(section, list->items[index], fragment, error);
                break;
        case UPDATE_DELETE:
                r = delete(update, section, index, error);
                break;
        case UPDATE_ADD_FIRST:
        case UPDATE_ADD_LAST:
                r = add(update, section, fragment, error);
                break;
        }
        if (r >= 0 && section->element == &network_forward_dev_element)
                r = follow_forward(update->conf, error);
        return r;
}

int network_conf_update(NetworkConf *conf, uint32_t command, uint32_t section_number,
                        int32_t parent_index, const char *xml, Error *error) {
        Update update = { .conf = conf, .command = command, .parent_index = parent_index };
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        const Section *section = NULL;
        int r = find_section(command, section_number, conf, &section, error);

        if (r < 0 || (r = xml_parse(xml, section->element->name, &document, error)) < 0)
                return r;
        if (section->in_ip && (r = find_ip(&update, section, error)) < 0)
                return r;

        const xmlNode *fragment = xmlDocGetRootElement(document);
        MapItem *wanted = calloc(1, section->element->size);
        if (!wanted)
                return fail_memory(error);
        wanted->node = (xmlNode *) fragment;
        r = map_load(section->element, wanted->node, wanted, error);
        if (r >= 0)
                r = section->check(&update, wanted, error);
        if (r >= 0)
                r = change(&update, section, fragment, wanted, error);
        map_clear(section->element, wanted);
        free(wanted);
        return r;
}
