/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a Xen host says of itself, and the documents that are made of it. */
#pragma once

#include "conf/error.h"
#include "drivers/xen/libxl-api.h"

typedef struct XenHost {
        const char *words; /* "xen-3.0-x86_64 hvm-3.0-x86_32p ...": the guests it runs */
        const libxl_cputopology *cpus;
        int n_cpus;
        const libxl_numainfo *cells;
        int n_cells;
        uint32_t cores, threads; /* of a socket, of a core */
        bool hap;   /* its processors translate the addresses of guests with hardware */
        bool iommu; /* devices can be given to guests */
} XenHost;

/* A kind of guest: one word of xen_caps, or several for one processor. */
typedef struct XenKind {
        const char *os_type, *machine;
        const char *arch;
        unsigned wordsize;
        bool pae, nonpae;
} XenKind;

enum { XEN_KINDS_MAX = 16 };

/* The kinds that a host runs, in their order; returns how many. */
size_t xen_kinds(const XenHost *host, XenKind ret[static XEN_KINDS_MAX]);

/* The device model that libxl starts when a definition names none: the first of those that
 * distributions have that is there. NULL: none. */
const char *xen_emulator(void);

int xen_capabilities_xml(const XenHost *host, char **ret, Error *error);

/* arch, machine, type: NULL for any. */
int xen_domain_capabilities_xml(const XenHost *host, const char *emulator, const char *arch,
                                const char *machine, const char *type, char **ret, Error *error);

/* Asks Xen; the answer is the caller's until xen_host_done(). */
typedef struct XenCore XenCore;
int xen_host_read(XenCore *core, XenHost *ret, Error *error);
void xen_host_done(XenHost *host);
