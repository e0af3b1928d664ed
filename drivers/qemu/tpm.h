/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Emulated TPMs: each is a swtpm beside QEMU, and a folder that holds what it keeps. */
#pragma once

#include "drivers/qemu/guest.h"
#include "drivers/qemu/setup.h"

#define QEMU_TPM_SOCKET "swtpm" /* in the guest's folder */

/* What must have run before the first start: swtpm_setup, which makes its keys. */
int qemu_tpm_set_up(Domain *domain, const DomainConf *conf, QemuSetup *setup, Error *error);
int qemu_tpm_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error);

/* The domain goes (flags: DOMAIN_UNDEFINE_*): its state goes with it unless it is to be kept. One
 * with persistent_state='yes' goes only if that is said. */
void qemu_tpm_forget(Domain *domain, const DomainConf *conf, uint32_t flags);
/* Whether anything is kept at all. */
bool qemu_tpm_exists(Domain *domain);
