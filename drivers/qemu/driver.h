/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that the outside sees of the QEMU driver. */
#pragma once

#include "drivers/driver.h"

extern const Driver qemu_driver;
