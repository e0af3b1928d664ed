/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of secrets on their way into a guest: looked up when it starts, handed to QEMU and its
 * helpers as sealed descriptors in memory. They never stand on a command line, in a log or in a
 * file. */
#pragma once

#include "conf/domain.h"
#include "drivers/connection.h"
#include "drivers/qemu/command.h"

/* The value a reference stands for; borrowed from the connection until the loop goes on.
 * ERROR_NO_SECRET: there is none with this uuid or usage, or it has no value. A usage means
 * something only together with a type: "ceph", "iscsi", "volume", "tls", "vtpm"; a reference by
 * uuid needs none ("passphrase"). */
int qemu_secret_find(Connection *connection, const SecretRef *ref, const void **ret,
                     size_t *ret_size, Error *error);

/* A descriptor of memory that holds the value, at its beginning; nobody can change it. */
int qemu_secret_open(Connection *connection, const SecretRef *ref, Error *error);

/* The same for what a command asks for. */
int qemu_command_secret_open(Connection *connection, const QemuCommandSecret *secret, Error *error);
