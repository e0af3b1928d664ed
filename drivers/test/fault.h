/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slowness and failure on demand: org.virtbus.Test.
 *
 * Dispatch lets every call of a row that has an operation pass through FaultOps.pass() before its
 * arguments are read, so no operation of the test driver knows of faults: it is called late, or not
 * at all. Whoever waits here holds the turn of his resource's queue, as a slow operation does. */
#pragma once

#include "drivers/driver.h"

typedef struct TestFaults TestFaults;

int test_faults_new(sd_event *event, TestFaults **ret, Error *error);

/* No delay and no failure any more; who waits goes on. */
void test_faults_reset(TestFaults *faults);

/* Who waits fails: the connection is being closed. */
TestFaults *test_faults_free(TestFaults *faults);

extern const FaultOps test_fault_ops;
