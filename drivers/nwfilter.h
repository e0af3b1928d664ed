/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network filter as a live resource: a definition and nothing else. */
#pragma once

#include "conf/nwfilter.h"
#include "drivers/defined.h"
#include "drivers/driver.h"

extern const DefinedKind nwfilter_kind_defined;

/* The same for every driver. */
extern const NwfilterOps nwfilter_ops;

/* The text that GetXMLDesc(flags) answers. Newly allocated. */
int nwfilter_xml(const Defined *filter, uint32_t flags, char **ret, Error *error);
