/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host as live resources. */
#include "drivers/node-device.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* The type that a document calls "vport_ops" has another name wherever else libvirt names it. */
static const char *capability_name(NodeCapability type) {
        return type == NODE_VPORT_OPS ? "vports" : node_capabilities[type];
}

static int note_caps(NodeDevice *device, const NodeDeviceConf *conf) {
        NodeCapability types[_NODE_CAPABILITY_MAX];
        size_t n = node_device_capabilities(conf, types, ELEMENTS(types));
        const char **names = calloc(n + 1, sizeof(*names));

        if (!names)
                return -ENOMEM;
        free(device->caps);
        device->caps = names;
        device->list_caps = 0;
        for (size_t i = 0; i < n; i++) {
                names[i] = capability_name(types[i]);
                device->list_caps |= BIT(types[i]);
        }
        return 0;
}

static int note(Defined *defined, const char *text, Error *error) {
        NodeDevice *device = node_device_of(&defined->resource);
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        int r = node_device_conf_parse(text, CONF_TRUSTED | CONF_LIVE, &conf, error);

        if (r < 0)
                return r;
        const NodeSubCapability *fc_host = node_device_fc_host(conf);
        char *wwnn = fc_host && fc_host->wwnn ? strdup(fc_host->wwnn) : NULL;
        char *wwpn = fc_host && fc_host->wwpn ? strdup(fc_host->wwpn) : NULL;

        if ((fc_host && fc_host->wwnn && !wwnn) || (fc_host && fc_host->wwpn && !wwpn) ||
            note_caps(device, conf) < 0) {
                free(wwnn);
                free(wwpn);
                return fail_memory(error);
        }
        free(device->parent);
        free(device->wwnn);
        free(device->wwpn);
        device->parent = TAKE(conf->parent);
        device->wwnn = wwnn;
        device->wwpn = wwpn;
        return 0;
}

static void done(Defined *defined) {
        NodeDevice *device = node_device_of(&defined->resource);

        free(device->parent);
        free(device->wwnn);
        free(device->wwpn);
        free(device->caps);
}

const DefinedKind node_device_kind_defined = {
        .kind = RESOURCE_NODE_DEVICE, .noun = "node device", .size = sizeof(NodeDevice),
        .note = note, .done = done,
};

int node_device_add(Connection *connection, NodeDeviceConf *conf, NodeDevice **ret, Error *error) {
        DefinedIdentity who = { .name = conf->name };
        _cleanup_(freep) char *text = NULL;
        Defined *defined;
        int r = node_device_conf_print(conf, 0, &text, error);

        if (r >= 0)
                r = defined_create(connection, &node_device_kind_defined, &who, text, &defined,
                                   error);
        if (r < 0)
                return r;
        defined->active = true;
        defined_report(defined, NODE_DEVICE_CREATED);
        if (ret)
                *ret = node_device_of(&defined->resource);
        return 0;
}

void node_device_remove(NodeDevice *device) {
        defined_report(&device->defined, NODE_DEVICE_DELETED);
        defined_detach(&device->defined);
}

NodeDevice *node_device_by_wwn(Connection *connection, const char *wwnn, const char *wwpn) {
        const ResourceSet *set = connection_set(connection, RESOURCE_NODE_DEVICE);

        for (size_t i = 0; i < set->n; i++) {
                NodeDevice *device = node_device_of(set->items[i]);

                if (device->wwnn && device->wwpn && strcasecmp(device->wwnn, wwnn) == 0 &&
                    strcasecmp(device->wwpn, wwpn) == 0)
                        return device;
        }
        return NULL;
}

int node_device_conf_of(const NodeDevice *device, NodeDeviceConf **ret, Error *error) {
        return node_device_conf_parse(device->defined.live, CONF_TRUSTED | CONF_LIVE, ret, error);
}

int node_device_xml(const NodeDevice *device, uint32_t flags, char **ret, Error *error) {
        *ret = strdup(device->defined.live);
        return *ret ? 0 : fail_memory(error);
}
