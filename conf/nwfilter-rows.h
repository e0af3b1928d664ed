/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the filter model share among themselves. */
#pragma once

#include "conf/nwfilter.h"
#include "conf/rows.h"

typedef struct FilterAttribute FilterAttribute;

/* A protocol's element in a rule and which sets of attributes it may have. */
typedef struct FilterProtocol {
        const char *name;
        const FilterAttribute *const *sets; /* ends with NULL */
} FilterProtocol;

extern const FilterProtocol nwfilter_protocols[NWFILTER_PROTOCOLS];

const FilterProtocol *nwfilter_rule_row(const NwfilterRule *rule); /* NULL: no protocol */

xmlNode *nwfilter_find_unknown(const void *object);
int nwfilter_complete(void *object, Error *error);
int nwfilter_check(const void *object, Error *error);
int nwfilterbinding_check(const void *object, Error *error);
