/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test driver: what it offers, and the world it begins with. */
#include "drivers/test/driver.h"

#include <errno.h>

#include "drivers/nwfilter.h"
#include "drivers/secret.h"

/* ---- the world at the start ---- */

static const char *const domains[] = {
        "<domain type='test'>"
        "  <name>test</name>"
        "  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
        "  <memory>8388608</memory>"
        "  <currentMemory>2097152</currentMemory>"
        "  <vcpu>2</vcpu>"
        "  <os><type>hvm</type></os>"
        "  <devices>"
        "    <disk type='file' device='disk'>"
        "      <source file='/guest/diskimage1'/>"
        "      <target dev='vda' bus='virtio'/>"
        "      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>"
        "    </disk>"
        "    <interface type='network'>"
        "      <mac address='aa:bb:cc:dd:ee:ff'/>"
        "      <source network='default' bridge='virbr0'/>"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>"
        "    </interface>"
        "    <memballoon model='virtio'>"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>"
        "    </memballoon>"
        "  </devices>"
        "</domain>",
};

static int populate_domain(Connection *connection, const char *xml, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Domain *domain;
        int r = test_conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = domain_define(connection, conf, &domain, error);
        if (r >= 0)
                r = test_guest_start(domain, conf, DOMAIN_RUNNING_UNKNOWN, STARTED_BOOTED, error);
        return r;
}

static int populate_domains(Connection *connection, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(domains); i++)
                r = populate_domain(connection, domains[i], error);
        return r;
}

static void clear_domains(Connection *connection) {
        const uint32_t everything = DOMAIN_UNDEFINE_MANAGED_SAVE |
                                    DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
        ResourceSet *set = &connection->sets[RESOURCE_DOMAIN];

        while (set->n > 0) {
                Domain *domain = domain_of(resource_ref(set->items[set->n - 1]));

                if (domain_is_active(domain))
                        test_guest_stop(domain, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
                if (domain_is_persistent(domain))
                        (void) domain_undefine(domain, everything, NULL);
                resource_unref(&domain->resource);
        }
        connection->last_id = 0;
}

static void clear_one(Defined *defined) {
        switch (defined->resource.kind) {
        case RESOURCE_NODE_DEVICE:
                node_device_remove(node_device_of(&defined->resource));
                return;
        case RESOURCE_VOLUME:
                defined_detach(defined);
                return;
        case RESOURCE_DOMAIN:
        case RESOURCE_SNAPSHOT:
        case RESOURCE_NETWORK:
        case RESOURCE_POOL:
        case RESOURCE_INTERFACE:
        case RESOURCE_NWFILTER:
        case RESOURCE_SECRET:
        case _RESOURCE_KIND_MAX:
                break;
        }
        if (defined->active)
                defined_stopped(defined);
        if (defined->persistent)
                (void) defined_undefine(defined, NULL);
}

static void clear_set(ResourceSet *set) {
        while (set->n > 0) {
                Defined *defined = defined_of(resource_ref(set->items[set->n - 1]));

                clear_one(defined);
                resource_unref(&defined->resource);
        }
}

static void clear_others(Connection *connection) {
        static const ResourceKind order[] = {
                RESOURCE_VOLUME, RESOURCE_POOL, RESOURCE_NODE_DEVICE, RESOURCE_INTERFACE,
                RESOURCE_NETWORK, RESOURCE_NWFILTER, RESOURCE_SECRET,
        };
        TestDriver *driver = test_driver_of(connection);

        for (size_t i = 0; i < ELEMENTS(order); i++)
                clear_set(&connection->sets[order[i]]);
        driver->transaction = test_transaction_free(driver->transaction);
}

static int populate_others(Connection *connection, Error *error) {
        int r = test_networks_populate(connection, error);

        if (r >= 0)
                r = test_interfaces_populate(connection, error);
        if (r >= 0)
                r = test_pools_populate(connection, error);
        return r < 0 ? r : test_node_devices_populate(connection, error);
}

/* By kind; nobody watches when a connection is opened, so that only a reset tells of it. */
static const struct {
        int (*populate)(Connection *connection, Error *error);
        void (*clear)(Connection *connection);
} kinds[] = {
        { populate_others, clear_others },
        { populate_domains, clear_domains },
};

static int populate(Connection *connection, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(kinds); i++)
                r = kinds[i].populate(connection, error);
        return r;
}

int test_reset(Connection *connection, Error *error) {
        test_faults_reset(test_driver_of(connection)->faults);
        for (size_t i = ELEMENTS(kinds); i > 0; i--)
                kinds[i - 1].clear(connection);
        return populate(connection, error);
}

/* ---- life ---- */

static void driver_close(Connection *connection) {
        TestDriver *driver = test_driver_of(connection);
        ResourceSet *set = &connection->sets[RESOURCE_DOMAIN];

        test_faults_free(driver->faults);
        test_transaction_free(driver->transaction);
        for (size_t i = 0; i < set->n; i++)
                free(TAKE(domain_of(set->items[i])->data));
        free(driver);
        connection->data = NULL;
}

static int driver_open(Connection *connection, Error *error) {
        TestDriver *driver = calloc(1, sizeof(*driver));
        int r;

        if (!driver)
                return fail_memory(error);
        connection->data = driver;
        r = test_faults_new(connection->event, &driver->faults, error);
        return r < 0 ? r : populate(connection, error);
}

const Driver test_driver = {
        .name = "Test",
        .id = "test",
        .origin = ORIGIN_TEST,
        .open = driver_open,
        .close = driver_close,
        .definitions = &test_definitions,
        .lifecycle = &test_lifecycle,
        .devices = &test_devices,
        .tuning = &test_tuning,
        .processors = &test_processors,
        .statistics = &test_statistics,
        .control = &test_control,
        .agent = &test_agent,
        .saving = &test_saving,
        .blocks = &test_blocks,
        .snapshots = &test_snapshots,
        .networks = &test_networks,
        .storage = &test_storage,
        .interfaces = &test_interfaces,
        .node_devices = &test_node_devices,
        .nwfilters = &nwfilter_ops,
        .secrets = &secret_ops,
        .faults = &test_fault_ops,
        .hypervisor = &test_hypervisor,
        .node = &test_node,
};
