/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Xen for xl to parse configurations on, by LD_PRELOAD. */
#include <stdbool.h>

#include "tests/unit/fake-xen.h"
