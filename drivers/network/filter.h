/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an nwfilter to a table of nftables: what holds for the packets of one interface. */
#pragma once

#include <stdio.h>

#include "conf/domain.h"
#include "conf/nwfilter.h"
#include "drivers/resource.h"

/* Where filters are found by their names. */
typedef struct FilterSource {
        const ResourceSet *set;     /* of definitions */
        const char *name, *instead; /* a text that stands for the one of this name; NULL: none */
} FilterSource;

/* Writes sets and chains, as they stand in a table of family bridge, for an interface of a guest
 * that is called device here. ERROR_CONFIG_UNSUPPORTED names filter, line and what it is that
 * can't be had. */
int filter_write(const FilterSource *source, const DomainNet *net, const char *device, FILE *out,
                 Error *error);

/* Whether a filter consists of another one, or is that; what is missing consists of nothing. */
bool filter_includes(const FilterSource *source, const char *whole, const char *part);
