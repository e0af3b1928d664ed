/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition without its QEMU: what is taken for granted instead of asked. */
#pragma once

#include "drivers/qemu/caps.h"

/* Whether there is nothing to ask. r, emulator: what qemu_emulator_of() made of a definition. */
bool qemu_is_missing(const char *emulator, int r);

/* What a QEMU of today has for it; emulator may be NULL. ret: a reference. */
int qemu_assume(const DomainConf *conf, const char *emulator, QemuCaps **ret, Error *error);
