/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test driver: everything in memory, and the same each time. What it holds at its start and how
 * it behaves are libvirt's test:///default. */
#pragma once

#include "drivers/driver.h"
#include "drivers/test/fault.h"

typedef struct TestDriver {
        TestFaults *faults;
} TestDriver;

static inline TestDriver *test_driver_of(Connection *connection) {
        return connection->data;
}

/* ---- the content at the start, by kind: attached without any event ---- */

int test_domains_populate(Connection *connection, Error *error);

/* Back to it, with the events of what goes and comes. */
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

extern const DomainDefinitions test_definitions;
extern const DomainLifecycle test_lifecycle;

extern const Driver test_driver;
