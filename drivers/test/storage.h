/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools, volumes and adapters of the test driver, among themselves. */
#pragma once

#include "conf/xml.h"
#include "drivers/storage.h"
#include "drivers/test/driver.h"

/* A volume comes (or, negative, goes, or changes its size). */
void test_pool_allocate(Pool *pool, int64_t bytes);

/* The virtual host bus adapter that a pool's source names; nothing for other pools. *ret_made: it
 * wasn't there, and goes with the pool. */
int test_pool_adapter_start(Pool *pool, const PoolAdapter *adapter, bool *ret_made, Error *error);
void test_pool_adapter_stop(Pool *pool, const PoolAdapter *adapter);

int test_volume_create(Pool *pool, const char *xml, uint32_t flags, Job *job, Error *error);
int test_volume_clone(Pool *pool, const char *xml, Volume *from, uint32_t flags, Job *job,
                      Error *error);
int test_volume_delete(Volume *volume, uint32_t flags, Job *job, Error *error);
int test_volume_resize(Volume *volume, uint64_t capacity, uint32_t flags, Job *job, Error *error);
int test_volume_wipe(Volume *volume, uint32_t pattern, uint32_t flags, Job *job, Error *error);
