/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test driver: everything in memory, and the same each time. What it holds at its start and how
 * it behaves are libvirt's test:///default. */
#pragma once

#include "drivers/driver.h"
#include "drivers/node-device.h"
#include "drivers/test/fault.h"

typedef struct TestTransaction TestTransaction;

typedef struct TestDriver {
        TestFaults *faults;
        TestTransaction *transaction; /* of host interfaces, begun and not ended */
} TestDriver;

static inline TestDriver *test_driver_of(Connection *connection) {
        return connection->data;
}

/* Back to the world at the start, with the events of what goes and comes. */
int test_reset(Connection *connection, Error *error);

/* ---- the host that it shows ---- */

enum {
        TEST_CPUS = 8,        /* in maps */
        TEST_VCPUS_MAX = 32,  /* of one domain */
        TEST_CELLS = 2,
};

extern const HypervisorOps test_hypervisor;
extern const NodeOps test_node;

/* ---- domains ---- */

/* Of a running one: what its agent would know. */
typedef struct TestGuest {
        bool frozen[2]; /* its file systems "/" and "/boot" */
        int64_t seconds; /* its clock, which stands still */
        uint32_t nanoseconds;
} TestGuest;

static inline TestGuest *test_guest_of(Domain *domain) {
        return domain->data;
}

/* Reads a definition and fills in what this driver fills in. */
int test_conf_parse(const char *xml, ConfFlags flags, DomainConf **ret, Error *error);

/* Starts a domain that isn't running with this definition; reports STARTED with this detail. One that
 * was made for it is gone when that fails. */
int test_guest_start(Domain *domain, DomainConf *conf, int reason, int detail, Error *error);

/* Ends a running one and reports. The domain is held by the caller if it is to be used again. */
void test_guest_stop(Domain *domain, int reason, int detail);

void test_guest_pause(Domain *domain, int reason, int detail);
void test_guest_resume(Domain *domain, int reason, int detail);

extern const DomainDefinitions test_definitions;
extern const DomainLifecycle test_lifecycle;

/* ---- everything else ---- */

/* Takes made; NULL: there was no memory for it. */
static inline int test_set_text(char **text, char *made, Error *error) {
        free(*text);
        *text = made;
        return made ? 0 : fail_memory(error);
}

int test_networks_populate(Connection *connection, Error *error);
int test_pools_populate(Connection *connection, Error *error);
int test_interfaces_populate(Connection *connection, Error *error);
int test_node_devices_populate(Connection *connection, Error *error);

/* Virtual host bus adapters, for node devices and for the pools behind them. parent: of the three
 * ways to name it, or none. */
int test_vport_create(Connection *connection, NodeDeviceConf *conf, NodeDevice **ret,
                      Error *error);
int test_vport_destroy(NodeDevice *device, Error *error);

TestTransaction *test_transaction_free(TestTransaction *transaction);

extern const NetworkOps test_networks;
extern const StorageOps test_storage;
extern const InterfaceOps test_interfaces;
extern const NodeDeviceOps test_node_devices;

extern const Driver test_driver;
