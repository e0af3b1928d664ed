/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in object paths, as libvirt-dbus writes them:
 *
 *         domain network nwfilter secret storagepool      _UUID, with '_' for '-'
 *         domainsnapshot                                  _UUID_ENC(name), its domain's UUID
 *         interface                                       ENC(mac); ENC(name) if another has it
 *         nodedev                                         ENC(name)
 *         storagevol                                      ENC(key)
 *
 * What writes them needs no memory and gives the length it wanted, as snprintf() does. A path that
 * isn't the one that would be written names nothing. */
#pragma once

#include <stddef.h>

#include "drivers/connection.h"

int path_uuid_format(Uuid uuid, char *to, size_t size);
/* Reads that from the beginning of a leaf; *ret_rest: what follows. Only what path_uuid_format()
 * writes: -EINVAL. */
int path_uuid_parse(const char *leaf, Uuid *ret, const char **ret_rest);

/* The encoding of other names: letters and digits stay, any other byte is '_' and two lower-case
 * hex digits. */
int path_encode(const char *name, char *to, size_t size);
/* Back again, newly allocated. NULL without memory or when path_encode() can't have written it. */
char *path_decode(const char *leaf);

/* What most kinds are found by, for Kind. */
Resource *find_by_uuid(Connection *connection, ResourceKind kind, const char *leaf);
Resource *find_by_name(Connection *connection, ResourceKind kind, const char *leaf);
Resource *find_by_key(Connection *connection, ResourceKind kind, const char *leaf);
int leaf_of_uuid(const Resource *resource, char *to, size_t size);
int leaf_of_name(const Resource *resource, char *to, size_t size);
int leaf_of_key(const Resource *resource, char *to, size_t size);
