/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network filter as a live resource: a definition, and guests that it is in force for. */
#pragma once

#include "conf/nwfilter.h"
#include "drivers/defined.h"
#include "drivers/driver.h"

extern const DefinedKind nwfilter_kind_defined;

/* The same for every driver. */
extern const NwfilterOps nwfilter_ops;

/* What is there without having been defined. A definition of one of these names goes before, and
 * when that is undefined this one is back. */
typedef struct NwfilterShipped {
        const char *name, *text;
} NwfilterShipped;

extern const NwfilterShipped nwfilters_shipped[];
extern const size_t nwfilters_shipped_n;

const char *nwfilter_shipped(const char *name); /* its text, or NULL */

/* Adds those of which there is no definition; a session, which has none in libvirt, doesn't show
 * them. */
int nwfilters_add_shipped(Connection *connection, Error *error);

/* The text that GetXMLDesc(flags) answers. Newly allocated. */
int nwfilter_xml(const Defined *filter, uint32_t flags, char **ret, Error *error);
