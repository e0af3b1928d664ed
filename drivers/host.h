/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine we run on, from /proc and /sys. */
#pragma once

#include "drivers/driver.h"

extern const NodeOps host_node;

/* The <host> element of a capabilities document: uuid, cpu (arch, model, topology), power
 * management, topology with cells. Newly allocated text without trailing newline. */
int host_capabilities(char **ret, Error *error);

const char *host_arch(void); /* "x86_64", libvirt's word for it */
