/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools behind a virtual host bus adapter bring it along when they start, unless it is there. */
#include <errno.h>
#include <string.h>

#include "drivers/test/storage.h"

static bool is_virtual(const PoolAdapter *adapter) {
        return adapter->type && strcmp(adapter->type, "fc_host") == 0 && adapter->wwnn &&
               adapter->wwpn;
}

static int copy(char **to, const char *from) {
        *to = from ? strdup(from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

static int vport_for(const PoolAdapter *adapter, NodeDeviceConf **ret, Error *error) {
        static const char xml[] =
                "<device><name>vport</name><capability type='scsi_host'><host>0</host>"
                "<capability type='fc_host'><wwnn>0</wwnn><wwpn>0</wwpn></capability>"
                "</capability></device>";
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        int r = node_device_conf_parse(xml, CONF_TRUSTED, &conf, error);

        if (r < 0)
                return r;
        NodeSubCapability *fc_host = (NodeSubCapability *) node_device_fc_host(conf);
        free(fc_host->wwnn);
        free(fc_host->wwpn);
        if ((copy(&fc_host->wwnn, adapter->wwnn) | copy(&fc_host->wwpn, adapter->wwpn) |
             copy(&conf->parent, adapter->parent) |
             copy(&conf->parent_wwnn, adapter->parent_wwnn) |
             copy(&conf->parent_wwpn, adapter->parent_wwpn) |
             copy(&conf->parent_fabric_wwn, adapter->parent_fabric_wwn)) < 0)
                return fail_memory(error);
        *ret = TAKE(conf);
        return 0;
}

int test_pool_adapter_start(Pool *pool, const PoolAdapter *adapter, bool *ret_made, Error *error) {
        Connection *connection = pool->defined.resource.connection;
        _cleanup_(node_device_conf_freep) NodeDeviceConf *conf = NULL;
        int r;

        *ret_made = false;
        if (!is_virtual(adapter) ||
            node_device_by_wwn(connection, adapter->wwnn, adapter->wwpn))
                return 0;
        r = vport_for(adapter, &conf, error);
        if (r >= 0)
                r = test_vport_create(connection, conf, NULL, error);
        *ret_made = r >= 0;
        return r;
}

void test_pool_adapter_stop(Pool *pool, const PoolAdapter *adapter) {
        NodeDevice *device = is_virtual(adapter)
                                     ? node_device_by_wwn(pool->defined.resource.connection,
                                                          adapter->wwnn, adapter->wwpn)
                                     : NULL;

        if (device)
                (void) test_vport_destroy(device, NULL);
}
