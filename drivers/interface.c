/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces of the host as live resources. */
#include "drivers/interface.h"

#include <string.h>

#include "conf/api.h"

static int note(Defined *defined, const char *text, Error *error) {
        HostInterface *interface = host_interface_of(&defined->resource);
        _cleanup_(interface_conf_freep) InterfaceConf *conf = NULL;
        int r = interface_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        char *mac = conf->top.mac ? TAKE(conf->top.mac) : strdup("");
        if (!mac)
                return fail_memory(error);
        free(interface->mac);
        interface->mac = mac;
        return 0;
}

static void done(Defined *defined) {
        free(host_interface_of(&defined->resource)->mac);
}

const DefinedKind interface_kind_defined = {
        .kind = RESOURCE_INTERFACE, .noun = "interface", .size = sizeof(HostInterface),
        .note = note, .done = done,
};

HostInterface *host_interface_by_mac(Connection *connection, const char *mac, size_t *ret_n) {
        const ResourceSet *set = connection_set(connection, RESOURCE_INTERFACE);
        HostInterface *first = NULL;
        MacAddress wanted, has;

        *ret_n = 0;
        if (mac_parse(mac, &wanted) < 0)
                return NULL;
        for (size_t i = 0; i < set->n; i++) {
                HostInterface *interface = host_interface_of(set->items[i]);

                if (mac_parse(interface->mac, &has) < 0 || memcmp(&has, &wanted, sizeof(has)) != 0)
                        continue;
                first = first ?: interface;
                (*ret_n)++;
        }
        return first;
}

int host_interface_define(Connection *connection, const char *name, const char *text,
                          Defined **ret, Error *error) {
        const ResourceSet *set = connection_set(connection, RESOURCE_INTERFACE);
        _cleanup_(interface_conf_freep) InterfaceConf *conf = NULL;
        DefinedIdentity who = { .name = name };
        int r = interface_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        if (conf->top.mac && *conf->top.mac && !resource_set_by_key(set, conf->top.mac))
                who.key = conf->top.mac;
        return defined_define(connection, &interface_kind_defined, &who, text, ret, error);
}

int host_interface_xml(const HostInterface *interface, uint32_t flags, char **ret, Error *error) {
        *ret = strdup(defined_text(&interface->defined, flags & XML_INACTIVE));
        return *ret ? 0 : fail_memory(error);
}
