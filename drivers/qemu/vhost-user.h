/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which program is a vhost-user backend of a kind: "fs", "gpu", "block" ... */
#pragma once

#include "conf/error.h"

/* What the descriptors of QEMU's packages and the administrator's say; newly allocated. */
int qemu_vhost_user_find(const char *type, char **ret, Error *error);
