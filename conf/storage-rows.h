/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the pool and volume models share among themselves. */
#pragma once

#include "conf/pool.h"
#include "conf/rows.h"
#include "conf/volume.h"

extern const MapElement storage_extent_element;
extern const char *const storage_file_formats[];

int pool_complete(void *object, Error *error);
int pool_check(const void *object, Error *error);
