/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxenlight, and the only place that says which version of its interface we speak. */
#pragma once

#ifdef LIBXL_VERSION
#error "libxl.h came in before the version of its interface was chosen"
#endif
#define LIBXL_API_VERSION 0x041400 /* the highest that libxl of Xen 4.17 takes */

#include <libxl.h>
#include <libxl_utils.h>
