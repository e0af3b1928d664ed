/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxlutil, and what it has to say when something goes wrong. */
#pragma once

#include <stdio.h>

#include "conf/error.h"
#include "drivers/xen/libxl-api.h"

#include <libxlutil.h>

typedef struct Xlu {
        XLU_Config *config;
        FILE *report;
        char *said; /* by then, once report is flushed */
        size_t size;
} Xlu;

int xlu_begin(Xlu *xlu, Error *error);
void xlu_end(Xlu *xlu);
#define _cleanup_xlu_ _cleanup_(xlu_end)

/* The first thing it said, without the place, which goes to *ret_line; 0: it named none. Borrowed
 * until the next call. */
const char *xlu_reason(Xlu *xlu, int *ret_line);
