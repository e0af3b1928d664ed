/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network filter as a live resource: a definition and nothing else. */
#pragma once

#include "conf/nwfilter.h"
#include "drivers/defined.h"

extern const DefinedKind nwfilter_kind_defined;

int nwfilter_xml(const Defined *filter, uint32_t flags, char **ret, Error *error);
