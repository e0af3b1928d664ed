/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual networks as live resources. */
#include "drivers/network.h"

#include <stdio.h>
#include <string.h>

#include "conf/api.h"

static int identify(const char *text, DefinedIdentity *ret, char **ret_name, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = network_conf_parse(text, 0, &conf, error);

        if (r < 0)
                return r;
        *ret_name = TAKE(conf->name);
        *ret = (DefinedIdentity) { .name = *ret_name, .uuid = conf->uuid };
        return 0;
}

static int note(Defined *defined, const char *text, Error *error) {
        Network *network = network_of(&defined->resource);
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = network_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        char *bridge = strdup(conf->bridge ?: "");
        if (!bridge)
                return fail_memory(error);
        free(network->bridge);
        network->bridge = bridge;
        return 0;
}

static void done(Defined *defined) {
        Network *network = network_of(&defined->resource);

        free(network->bridge);
        for (size_t i = 0; i < network->n_uses; i++)
                free(network->uses[i]);
        free(network->uses);
}

const DefinedKind network_kind_defined = {
        .kind = RESOURCE_NETWORK, .noun = "network", .folder = "networks", .size = sizeof(Network),
        .identify = identify, .note = note, .done = done,
};

/* ---- connections ---- */

/* Without memory there is one less to be seen. */
void network_use_add(Network *network, const char *device) {
        char **uses = reallocarray(network->uses, network->n_uses + 1, sizeof(char *));
        char *copy = uses ? strdup(device ?: "") : NULL;

        if (uses)
                network->uses = uses;
        if (copy)
                uses[network->n_uses++] = copy;
}

void network_use_drop(Network *network, const char *device) {
        for (size_t i = 0; i < network->n_uses; i++)
                if (strcmp(network->uses[i], device ?: "") == 0) {
                        free(network->uses[i]);
                        network->uses[i] = network->uses[--network->n_uses];
                        return;
                }
}

static MaybeU32 uses_of(const Network *network, const char *device) {
        uint32_t n = 0;

        for (size_t i = 0; i < network->n_uses; i++)
                n += strcmp(network->uses[i], device) == 0;
        return (MaybeU32) { .set = n > 0, .value = n };
}

/* network NULL: none, as in what is kept. */
static void note_connections(const Network *network, NetworkConf *conf) {
        const Network none = {};
        char name[PCI_TEXT_MAX];

        network = network ?: &none;
        conf->connections = (MaybeU32) { network->n_uses > 0, (uint32_t) network->n_uses };
        for (size_t i = 0; i < conf->forward_devs.n; i++)
                conf->forward_devs.items[i]->connections =
                        uses_of(network, conf->forward_devs.items[i]->dev);
        for (size_t i = 0; i < conf->forward_addresses.n; i++)
                conf->forward_addresses.items[i]->connections =
                        uses_of(network, network_pci_text(conf->forward_addresses.items[i], name));
}

char *network_pci_text(const NetworkForwardAddress *address, char text[static PCI_TEXT_MAX]) {
        (void) snprintf(text, PCI_TEXT_MAX, "%04x:%02x:%02x.%x", address->domain, address->bus,
                        address->slot, address->function);
        return text;
}

int network_conf_of(const Network *network, bool live, NetworkConf **ret, Error *error) {
        const Defined *defined = &network->defined;
        const char *text = defined_text(defined, !live);

        if (!live && !defined->persistent)
                return fail(error, ERROR_OPERATION_INVALID,
                            "network '%s' is transient: it has no persistent definition",
                            defined->resource.name);
        int r = network_conf_parse(text, CONF_TRUSTED | (live ? CONF_LIVE : 0), ret, error);
        if (r >= 0 && live)
                note_connections(network, *ret);
        return r;
}

int network_xml(const Network *network, uint32_t flags, char **ret, Error *error) {
        bool inactive = flags & XML_INACTIVE;
        const char *text = defined_text(&network->defined, inactive);
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r;

        if (inactive ? text == network->defined.persistent : network->n_uses == 0) {
                *ret = strdup(text);
                return *ret ? 0 : fail_memory(error);
        }
        r = network_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);
        if (r < 0)
                return r;
        note_connections(network, conf);
        return network_conf_print(conf, inactive ? MAP_LIVE : 0, ret, error);
}

/* ---- changes of single elements ---- */

static int update_text(const Network *network, const NetworkUpdate *update, bool live, char **ret,
                       Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        int r = network_conf_of(network, live, &conf, error);

        if (r >= 0)
                r = network_conf_update(conf, update->command, update->section,
                                        update->parent_index, update->xml, error);
        if (r < 0)
                return r;
        note_connections(NULL, conf);
        return network_conf_print(conf, 0, ret, error);
}

int network_update(const Network *network, const NetworkUpdate *update, uint32_t flags,
                   char **ret_live, char **ret_persistent, Error *error) {
        const Defined *defined = &network->defined;
        bool current = !(flags & (NETWORK_UPDATE_AFFECT_LIVE | NETWORK_UPDATE_AFFECT_CONFIG));
        bool live = flags & NETWORK_UPDATE_AFFECT_LIVE || (current && defined->active);
        bool persistent = flags & NETWORK_UPDATE_AFFECT_CONFIG || (current && !defined->active);
        int r = live ? defined_need_active(defined, error) : 0;

        if (r >= 0 && persistent)
                r = update_text(network, update, false, ret_persistent, error);
        return r >= 0 && live ? update_text(network, update, true, ret_live, error) : r;
}

int network_updated(Network *network, const char *live, const char *persistent, Error *error) {
        int r = persistent ? defined_replace(&network->defined, false, persistent, error) : 0;

        return r >= 0 && live ? defined_replace(&network->defined, true, live, error) : r;
}
