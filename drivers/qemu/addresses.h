/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a guest. */
#pragma once

#include "drivers/domain.h"

/* DomainDevices.interface_addresses */
int qemu_interface_addresses(Domain *domain, uint32_t source, uint32_t flags, Job *job,
                             Error *error);
