/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A processor by itself: that of a host, as capabilities describe it, or one for guests. */
#pragma once

#include "conf/document.h"
#include "conf/domain.h"

typedef struct CpuConf {
        xmlDoc *document; /* owned */
        char *arch;       /* of a host; NULL: for guests */
        DomainCpu cpu;
        bool signature, microcode, counter, pages; /* there or not */
} CpuConf;

DECLARE_CONF(CpuConf, cpu);
