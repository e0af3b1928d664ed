/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test driver: everything in memory, and the same each time. What it holds at its start and how
 * it behaves are libvirt's test:///default. */
#pragma once

#include <netinet/in.h>

#include "conf/network.h"
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
        uint64_t offline; /* vcpus that it doesn't use, a bit each */
} TestGuest;

static inline TestGuest *test_guest_of(Domain *domain) {
        return domain->data;
}

/* Reads a definition and fills in what this driver fills in. */
int test_conf_parse(const char *xml, ConfFlags flags, DomainConf **ret, Error *error);

/* Starts a domain that isn't running with this definition; reports STARTED with this detail. One
 * that was made for it is gone when that fails. */
int test_guest_start(Domain *domain, DomainConf *conf, int reason, int detail, Error *error);

/* Ends a running one and reports. The domain is held by the caller if it is to be used again. */
void test_guest_stop(Domain *domain, int reason, int detail);

void test_guest_pause(Domain *domain, int reason, int detail);
void test_guest_resume(Domain *domain, int reason, int detail);

/* Starts one that has a managed save image, from that; reports. */
int test_start_saved(Domain *domain, Error *error);

/* Interfaces without a name get one: "testnet0". */
int test_name_nets(DomainConf *conf, Error *error);

/* a(isu): what a guest says of the addresses of an interface. */
int test_append_addresses(Domain *domain, const DomainNet *net, size_t index, Values *values,
                          Error *error);

/* How many processors the guest uses itself, and how many it is to use. */
uint32_t test_guest_vcpus(Domain *domain, const DomainConf *conf);
int test_guest_use_vcpus(Domain *domain, uint32_t n, Error *error);

extern const DomainDefinitions test_definitions;
extern const DomainLifecycle test_lifecycle;
extern const DomainDevices test_devices;
extern const DomainTuning test_tuning;
extern const DomainProcessors test_processors;
extern const DomainStatistics test_statistics;
extern const DomainControl test_control;
extern const DomainAgent test_agent;
extern const DomainSaving test_saving;
extern const DomainBlocks test_blocks;
int test_snapshot_create(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);

extern const SnapshotOps test_snapshots;

/* ---- everything else ---- */

/* The address of adapter index of a running guest in a network with this ip element. */
void test_address(const Domain *domain, const NetworkIp *ip, size_t index,
                  char text[static INET6_ADDRSTRLEN]);

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
