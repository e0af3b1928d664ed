/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes that many replies share, checks that many arguments share. */
#pragma once

#include <systemd/sd-bus.h>

#include "conf/error.h"
#include "conf/uuid.h"

/* ERROR_INVALID_ARG naming the bits that aren't known, in libvirt's words. */
int flags_check(uint32_t flags, uint32_t known, const char *api, Error *error);

/* One entry of an a{sv}. Typed parameters, and GetAll of org.libvirt.*, hold a variant in the
 * variant. */
int entry_open(sd_bus_message *message, const char *name, const char *type, bool nested);
int entry_close(sd_bus_message *message, bool nested);

/* {"name": value} of a{sv} with one level, for a basic type other than a string. */
int entry_append(sd_bus_message *message, const char *name, char type, const void *value);

/* "as" from text with a name on each line. */
int append_lines(sd_bus_message *message, const char *text);

/* The last part of a path: "_UUID" with '_' for '-'; snprintf's result. */
int path_uuid_format(Uuid uuid, char *to, size_t size);
/* Only what path_uuid_format() writes: -EINVAL. */
int path_uuid_parse(const char *leaf, Uuid *ret);

/* The encoding of other names: letters and digits stay, any other byte is '_' and two lower-case
 * hex digits. Newly allocated, NULL without memory. */
char *path_encode(const char *name);
/* Back again. NULL without memory or when path_encode() can't have written it. */
char *path_decode(const char *leaf);
