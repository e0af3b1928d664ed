/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of virtual networks: bridges get a name and an address of their own, and "default" is
 * there out of the box. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "conf/xml.h"
#include "drivers/network/host.h"

#define BRIDGES_MAX 16384 /* tried before it is given up */

/* ---- bridges ---- */

/* The network that has this bridge, other than the one with this uuid. */
static const Network *bridge_owner(const Connection *connection, const char *bridge, Uuid self) {
        const ResourceSet *set = &connection->sets[RESOURCE_NETWORK];

        for (size_t i = 0; i < set->n; i++) {
                const Network *network = network_of(set->items[i]);

                if (!uuid_equal(network->defined.resource.uuid, self) &&
                    strcmp(network->bridge, bridge) == 0)
                        return network;
        }
        return NULL;
}

static const Network *same_network(const Connection *connection, const NetworkConf *conf) {
        Resource *same = resource_set_by_uuid(&connection->sets[RESOURCE_NETWORK], conf->uuid);

        return same ? network_of(same) : NULL;
}

static int check_bridge(const Connection *connection, const NetworkConf *conf, Error *error) {
        const Network *owner = bridge_owner(connection, conf->bridge, conf->uuid);
        const Network *same = same_network(connection, conf);
        bool is_ours = same && host_of(same) && strcmp(same->bridge, conf->bridge) == 0;

        if (!link_name_is_valid(conf->bridge))
                return fail(error, ERROR_XML,
                            "bridge name '%.*s' is none for an interface: up to %d characters, no "
                            "blanks and none of /:\"\\*%%<>&'", xml_clip(conf->bridge),
                            conf->bridge, LINK_NAME_MAX);
        if (owner)
                return fail(error, ERROR_OPERATION_FAILED,
                            "bridge name '%s' already in use by network '%s'", conf->bridge,
                            owner->defined.resource.name);
        if (!is_ours && if_nametoindex(conf->bridge) > 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "bridge name '%s' already in use by an interface of this host",
                            conf->bridge);
        return 0;
}

/* Redefined without a name it keeps the one it has. */
static int choose_bridge(const Connection *connection, NetworkConf *conf, Error *error) {
        const Network *same = same_network(connection, conf);
        char name[LINK_NAME_MAX + 1];

        if (same && *same->bridge && strncmp(same->bridge, "virbr", 5) == 0) {
                conf->bridge = strdup(same->bridge);
                return conf->bridge ? 0 : fail_memory(error);
        }
        for (unsigned i = 0; i < BRIDGES_MAX; i++) {
                (void) snprintf(name, sizeof(name), "virbr%u", i);
                if (bridge_owner(connection, name, conf->uuid) || if_nametoindex(name) > 0)
                        continue;
                conf->bridge = strdup(name);
                return conf->bridge ? 0 : fail_memory(error);
        }
        return fail(error, ERROR_OPERATION_FAILED, "no name is left for a bridge");
}

static int choose_mac(NetworkConf *conf, Error *error) {
        uint8_t random[3];

        if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
                return fail(error, ERROR_INTERNAL, "no random numbers for the address of a bridge");
        conf->mac = (MacAddress) { { 0x52, 0x54, 0, random[0], random[1], random[2] } };
        return 0;
}

static int check_devices(const NetworkConf *conf, Error *error) {
        for (size_t i = 0; i < conf->forward_devs.n; i++)
                if (!link_name_is_valid(conf->forward_devs.items[i]->dev))
                        return fail(error, ERROR_XML, "'%.*s' is no name of an interface",
                                    xml_clip(conf->forward_devs.items[i]->dev),
                                    conf->forward_devs.items[i]->dev);
        if (conf->forward_dev && !link_name_is_valid(conf->forward_dev))
                return fail(error, ERROR_XML, "'%.*s' is no name of an interface",
                            xml_clip(conf->forward_dev), conf->forward_dev);
        return 0;
}

/* "virbr%d" is how libvirt writes that any will do. */
static bool is_chosen(const NetworkConf *conf) {
        return conf->bridge && *conf->bridge && !strchr(conf->bridge, '%');
}

int network_fill_in(Connection *connection, NetworkConf *conf, Error *error) {
        int r = check_devices(conf, error);

        if (r < 0 || !network_owns_bridge(conf))
                return r;
        if (is_chosen(conf))
                r = check_bridge(connection, conf, error);
        else {
                free(TAKE(conf->bridge));
                r = choose_bridge(connection, conf, error);
        }
        return r >= 0 && mac_is_null(conf->mac) ? choose_mac(conf, error) : r;
}

/* ---- out of the box ---- */

int network_define_default(Connection *connection, Error *error) {
        static const char xml[] =
                "<network>"
                "  <name>default</name>"
                "  <forward mode='nat'/>"
                "  <ip address='192.168.122.1' netmask='255.255.255.0'>"
                "    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>"
                "  </ip>"
                "</network>";
        _cleanup_(freep) char *folder = connection_file(connection, "networks"), *text = NULL;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r;

        if (!folder)
                return fail_memory(error);
        if (connection->settings->session || !connection->driver->keeps_files ||
            store_exists(connection->store, STORE_CONFIG, folder))
                return 0;
        r = network_conf_parse(xml, 0, &conf, error);
        if (r >= 0)
                r = network_fill_in(connection, conf, error);
        if (r >= 0)
                r = network_conf_print(conf, 0, &text, error);
        if (r < 0)
                return r;
        const DefinedIdentity who = { .name = conf->name, .uuid = conf->uuid };
        return defined_define(connection, &network_kind_defined, &who, text, NULL, error);
}
