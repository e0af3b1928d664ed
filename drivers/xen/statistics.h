/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted of a guest, and under which names dom0 counts it. */
#pragma once

#include <stdint.h>

/* The number that Xen gives a disk by its target ("xvda1", "hdc", "sdb"), which is in the name of
 * its backend: vbd-DOMID-NUMBER. -EINVAL. */
int xen_disk_number(const char *target, uint32_t *ret);
