/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware that is installed, as its packages describe it to whoever runs QEMU. */
#pragma once

#include "conf/domain.h"

typedef struct QemuFirmware {
        char *descriptor;                       /* path, for messages */
        bool bios, uefi;                        /* what it offers to the guest */
        bool flash;                             /* flash chips, not memory */
        char *executable, *executable_format;   /* "/usr/share/OVMF/OVMF_CODE_4M.fd", "raw" */
        char *nvram_template, *nvram_format;    /* NULL: stateless, or not flash */
        bool secure_boot, enrolled_keys, requires_smm;
} QemuFirmware;

typedef struct QemuFirmwares {
        QemuFirmware *items;
        size_t n;
} QemuFirmwares;

/* Those for an architecture (libvirt's word) and machine (its full name), the preferred first.
 * Files that make no sense are logged and left out. */
int qemu_firmware_list(const char *arch, const char *machine, QemuFirmwares *ret, Error *error);
void qemu_firmwares_clear(QemuFirmwares *firmwares);

/* Fills in the loader of a definition that asks for a kind of firmware (os/@firmware 'efi') and
 * names none: the preferred that has what is asked of it. The place of the guest's nvram is the
 * caller's to choose. A definition that asks for nothing, or names its loader, stays as it is. */
int qemu_firmware_choose(DomainOs *os, const char *machine, Error *error);
