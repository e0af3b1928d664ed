/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the test driver: a computer, two fibre channel adapters, and virtual ones that come
 * and go below them. */
#include "drivers/node-device.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/api.h"
#include "conf/xml.h"
#include "drivers/test/driver.h"

#define WWN_DIGITS 16

/* ---- names ---- */

static int check_wwn(const char *wwn, Error *error) {
        for (size_t i = 0; i < WWN_DIGITS; i++)
                if (!isxdigit((unsigned char) wwn[i])) /* its end, too */
                        return fail(error, ERROR_XML, "malformed wwn: '%.*s'", xml_clip(wwn), wwn);
        return wwn[WWN_DIGITS] ? fail(error, ERROR_XML, "malformed wwn: '%.*s'", xml_clip(wwn), wwn)
                               : 0;
}

/* The next name that no adapter has: the same each time. kind: 1 for ports, 2 for nodes. */
static int invent_wwn(Connection *connection, unsigned kind, char **ret, Error *error) {
        const ResourceSet *set = &connection->sets[RESOURCE_NODE_DEVICE];
        uint64_t last = 0;
        uint64_t base = (uint64_t) kind << 60 | UINT64_C(0x1a4a) << 24;

        for (size_t i = 0; i < set->n; i++) {
                const NodeDevice *device = node_device_of(set->items[i]);
                const char *name = kind == 1 ? device->wwpn : device->wwnn;
                uint64_t number = name ? strtoull(name, NULL, 16) : 0;

                if (number > base && number < base + (1 << 24))
                        last = MAX(last, number - base);
        }
        free(*ret);
        return asprintf(ret, "%016" PRIx64, base + last + 1) < 0 ? fail_memory(error) : 0;
}

static uint32_t next_host(Connection *connection) {
        const ResourceSet *set = &connection->sets[RESOURCE_NODE_DEVICE];
        uint32_t last = 0, number;

        for (size_t i = 0; i < set->n; i++)
                if (sscanf(set->items[i]->name, "scsi_host%" SCNu32, &number) == 1)
                        last = MAX(last, number);
        return last + 1;
}

/* ---- parents ---- */

static bool carries_vports(const NodeDevice *device) {
        return device->list_caps & BIT(NODE_VPORT_OPS);
}

static NodeDevice *by_name(Connection *connection, const char *name) {
        Resource *resource = resource_set_by_name(&connection->sets[RESOURCE_NODE_DEVICE], name);

        return resource ? node_device_of(resource) : NULL;
}

static bool is_in_fabric(const NodeDevice *device, const char *wwn) {
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        const NodeSubCapability *fc_host =
                node_device_conf_of(device, &conf, NULL) < 0 ? NULL : node_device_fc_host(conf);

        return fc_host && fc_host->fabric_wwn && strcasecmp(fc_host->fabric_wwn, wwn) == 0;
}

/* The first that can have vports, in this fabric (NULL: any). */
static NodeDevice *by_fabric(Connection *connection, const char *wwn) {
        const ResourceSet *set = &connection->sets[RESOURCE_NODE_DEVICE];

        for (size_t i = 0; i < set->n; i++) {
                NodeDevice *device = node_device_of(set->items[i]);

                if (carries_vports(device) && (!wwn || is_in_fabric(device, wwn)))
                        return device;
        }
        return NULL;
}

static int find_parent(Connection *connection, const NodeDeviceConf *conf, NodeDevice **ret,
                       Error *error) {
        NodeDevice *parent;

        if (conf->parent && *conf->parent)
                parent = by_name(connection, conf->parent);
        else if (conf->parent_wwnn && conf->parent_wwpn)
                parent = node_device_by_wwn(connection, conf->parent_wwnn, conf->parent_wwpn);
        else
                parent = by_fabric(connection, conf->parent_fabric_wwn);
        if (!parent)
                return fail(error, ERROR_INTERNAL, "could not find parent device for '%s'",
                            conf->name ?: "new device");
        if (!carries_vports(parent))
                return fail(error, ERROR_INTERNAL,
                            "parent device %s is not capable of vport operations",
                            parent->defined.resource.name);
        *ret = parent;
        return 0;
}

static NodeSubCapability *vport_ops(NodeDeviceConf *conf) {
        for (size_t i = 0; i < conf->caps.n; i++)
                for (size_t k = 0; k < conf->caps.items[i]->inner.n; k++)
                        if (conf->caps.items[i]->inner.items[k]->type == NODE_VPORT_OPS)
                                return conf->caps.items[i]->inner.items[k];
        return NULL;
}

/* The text of a parent with so many vports more. */
static int count_vports(const NodeDevice *parent, int more, char **ret, Error *error) {
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        int r = node_device_conf_of(parent, &conf, error);

        if (r < 0)
                return r;
        NodeSubCapability *ops = vport_ops(conf);
        if (more > 0 && ops->max_vports.set && ops->vports.value >= ops->max_vports.value)
                return fail(error, ERROR_OPERATION_FAILED, "parent device %s has all its %u vports",
                            parent->defined.resource.name, ops->max_vports.value);
        ops->vports = (MaybeU32) { true, MAX((int64_t) ops->vports.value + more, 0) };
        return node_device_conf_print(conf, 0, ret, error);
}

/* ---- vports come and go ---- */

static int settle_wwns(Connection *connection, NodeSubCapability *fc_host, Error *error) {
        int r = 0;

        if (!fc_host->wwnn)
                r = invent_wwn(connection, 2, &fc_host->wwnn, error);
        if (r >= 0 && !fc_host->wwpn)
                r = invent_wwn(connection, 1, &fc_host->wwpn, error);
        if (r >= 0)
                r = check_wwn(fc_host->wwnn, error);
        if (r >= 0)
                r = check_wwn(fc_host->wwpn, error);
        if (r >= 0 && node_device_by_wwn(connection, fc_host->wwnn, fc_host->wwpn))
                r = fail(error, ERROR_OPERATION_FAILED,
                         "there is an adapter with wwnn '%s' and wwpn '%s'", fc_host->wwnn,
                         fc_host->wwpn);
        return r;
}

/* It has the next host number and its parent's fabric, whatever was asked for. */
static int settle_vport(Connection *connection, NodeDeviceConf *conf, NodeSubCapability *fc_host,
                        const NodeDevice *parent, Error *error) {
        _cleanup_(node_device_conf_freep) NodeDeviceConf *above = NULL;
        uint32_t number = next_host(connection);
        char name[32];
        int r = node_device_conf_of(parent, &above, error);

        if (r < 0)
                return r;
        const NodeSubCapability *host = node_device_fc_host(above);
        snprintf(name, sizeof(name), "scsi_host%" PRIu32, number);
        for (size_t i = 0; i < conf->caps.n; i++)
                if (conf->caps.items[i]->type == NODE_SCSI_HOST) {
                        conf->caps.items[i]->host = (MaybeU32) { true, number };
                        conf->caps.items[i]->unique_id = (MaybeU32) { true, number - 1 };
                }
        free(TAKE(conf->parent_wwnn));
        free(TAKE(conf->parent_wwpn));
        free(TAKE(conf->parent_fabric_wwn));
        r = test_set_text(&conf->name, strdup(name), error);
        if (r >= 0)
                r = test_set_text(&conf->parent, strdup(parent->defined.resource.name), error);
        if (r >= 0 && host && host->fabric_wwn)
                r = test_set_text(&fc_host->fabric_wwn, strdup(host->fabric_wwn), error);
        return r;
}

int test_vport_create(Connection *connection, NodeDeviceConf *conf, NodeDevice **ret,
                      Error *error) {
        NodeSubCapability *fc_host = (NodeSubCapability *) node_device_fc_host(conf);
        _cleanup_(freep) char *above = NULL, *before = NULL;
        NodeDevice *parent = NULL, *made;
        int r;

        if (!fc_host)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "device is not a fibre channel HBA: only vports can be created");
        r = find_parent(connection, conf, &parent, error);
        if (r >= 0)
                r = settle_wwns(connection, fc_host, error);
        if (r >= 0)
                r = settle_vport(connection, conf, fc_host, parent, error);
        if (r >= 0)
                r = count_vports(parent, 1, &above, error);
        if (r < 0)
                return r;
        before = strdup(parent->defined.live);
        r = before ? defined_replace(&parent->defined, true, above, error) : fail_memory(error);
        if (r < 0)
                return r;
        r = node_device_add(connection, conf, &made, error);
        if (r < 0)
                (void) defined_replace(&parent->defined, true, before, NULL);
        else if (ret)
                *ret = made;
        return r;
}

int test_vport_destroy(NodeDevice *device, Error *error) {
        Connection *connection = device->defined.resource.connection;
        NodeDevice *parent = device->parent ? by_name(connection, device->parent) : NULL;
        _cleanup_(freep) char *above = NULL;
        int r;

        if (!device->wwnn || !device->wwpn)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "device is not a fibre channel HBA: only vports can be destroyed");
        if (!parent || !carries_vports(parent))
                return fail(error, ERROR_INTERNAL,
                            "parent device %s is not capable of vport operations",
                            device->parent ?: "(none)");
        r = count_vports(parent, -1, &above, error);
        if (r >= 0)
                r = defined_replace(&parent->defined, true, above, error);
        if (r >= 0)
                node_device_remove(device);
        return r;
}

/* ---- the operations ---- */

static int create(Connection *connection, const char *xml, uint32_t flags, Job *job,
                  Error *error) {
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        NodeDevice *device;
        int r = node_device_conf_parse(xml, flags & DEFINE_VALIDATE ? CONF_VALIDATE : 0, &conf,
                                       error);

        if (r >= 0)
                r = test_vport_create(connection, conf, &device, error);
        if (r >= 0)
                job->result.resource = resource_ref(&device->defined.resource);
        return r;
}

static int destroy(NodeDevice *device, Job *job, Error *error) {
        return test_vport_destroy(device, error);
}

const NodeDeviceOps test_node_devices = { .create = create, .destroy = destroy };

/* ---- the world at the start ---- */

#define FC_HOST(name, parent, host, id, wwnn, wwpn, fabric, more)                               \
        "<device><name>" name "</name><parent>" parent "</parent>"                              \
        "<capability type='scsi_host'><host>" host "</host><unique_id>" id "</unique_id>"       \
        "<capability type='fc_host'><wwnn>" wwnn "</wwnn><wwpn>" wwpn "</wwpn>"                 \
        "<fabric_wwn>" fabric "</fabric_wwn></capability>" more "</capability></device>"
#define VPORTS(n)                                                                               \
        "<capability type='vport_ops'><max_vports>127</max_vports><vports>" n "</vports>"       \
        "</capability>"

static const char *const devices[] = {
        "<device>"
        "  <name>computer</name>"
        "  <capability type='system'>"
        "    <hardware>"
        "      <vendor>Libvirt</vendor>"
        "      <version>Test driver</version>"
        "      <serial>123456</serial>"
        "      <uuid>11111111-2222-3333-4444-555555555555</uuid>"
        "    </hardware>"
        "    <firmware>"
        "      <vendor>Libvirt</vendor>"
        "      <version>Test Driver</version>"
        "      <release_date>01/22/2007</release_date>"
        "    </firmware>"
        "  </capability>"
        "</device>",
        FC_HOST("scsi_host1", "computer", "1", "0", "2000000012341234", "1000000012341234",
                "2000000043214321", VPORTS("1")),
        FC_HOST("scsi_host2", "computer", "2", "1", "2000000056785678", "1000000056785678",
                "2000000087658765", VPORTS("0")),
        FC_HOST("scsi_host11", "scsi_host1", "11", "10", "2000000034563456", "1000000034563456",
                "2000000043214321", ""),
};

int test_node_devices_populate(Connection *connection, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(devices); i++) {
                _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;

                r = node_device_conf_parse(devices[i], CONF_LIVE, &conf, error);
                if (r >= 0)
                        r = node_device_add(connection, conf, NULL, error);
        }
        return r;
}
