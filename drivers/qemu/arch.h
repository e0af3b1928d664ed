/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Architectures in libvirt's words and in QEMU's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct QemuArch {
        const char *name;    /* libvirt's: "i686" */
        const char *binary;  /* qemu-system-BINARY: "i386" */
        const char *instead; /* a binary that does too where that one isn't installed, or NULL */
        unsigned wordsize;
} QemuArch;

extern const QemuArch qemu_archs[]; /* ends with a zeroed one */

const QemuArch *qemu_arch(const char *name); /* NULL: not in the table */

/* What query-target says, in libvirt's words. */
const char *qemu_arch_of_target(const char *target);

/* Whether guests of an architecture run on a binary whose capabilities say caps_arch. */
bool qemu_arch_runs_on(const QemuArch *arch, const char *caps_arch);

bool qemu_arch_is_x86(const char *name);

/* What is taken for granted of a binary that isn't there; NULL without memory. */
struct QemuCaps *qemu_caps_assume(const QemuArch *arch, const char *binary);
