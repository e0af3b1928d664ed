/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes that many replies share, checks that many arguments share. */
#pragma once

#include <systemd/sd-bus.h>

#include "conf/error.h"
#include "drivers/values.h"

/* ---- signatures: ours, so they are well formed and short ---- */

#define TYPE_MAX 32

size_t type_length(const char *type); /* of the first complete type */

/* The first length letters of a signature, for what wants them ended by NUL. Returns its last
 * argument. */
const char *type_copy(const char *type, size_t length, char to[static TYPE_MAX]);

/* ---- what goes out ---- */

/* ERROR_INVALID_ARG naming the bits that aren't known, in libvirt's words. */
int flags_check(uint32_t flags, uint32_t known, const char *api, Error *error);

/* The same when more than one of these bits is set. */
int flags_exclude(uint32_t flags, uint32_t exclusive, const char *api, Error *error);

/* One entry of an a{sv}. Typed parameters, and GetAll of org.libvirt.*, hold a variant in the
 * variant. */
int entry_open(sd_bus_message *message, const char *name, const char *type, bool nested);
int entry_close(sd_bus_message *message, bool nested);

/* {"name": value} of a{sv} with one level, for a basic type other than a string. */
int entry_append(sd_bus_message *message, const char *name, char type, const void *value);

/* "as" from text with a name on each line. */
int append_lines(sd_bus_message *message, const char *text);

/* Everything that an operation answered, by the signature of its row (drivers/values.h). -EPROTO
 * when it isn't what the signature says. The named values of an a{sv} are typed parameters. */
int append_values(sd_bus_message *message, const Values *values, const char *signature);

/* One typed parameter, as an entry of the a{sv} that is open. */
int append_parameter(sd_bus_message *message, const Value *value);

/* ---- what comes in ---- */

/* a{sv}: typed parameters, in one variant or in two. ERROR_INVALID_ARG names one whose type none
 * has. */
int read_parameters(sd_bus_message *message, Values *ret, Error *error);

/* Arrays, newly allocated; an empty one isn't NULL. What is in them is the message's: strings are
 * borrowed, descriptors are closed with it. Negative errno. */
int read_booleans(sd_bus_message *message, bool **ret, size_t *ret_n);
int read_strings(sd_bus_message *message, const char ***ret, size_t *ret_n);
int read_descriptors(sd_bus_message *message, int **ret, size_t *ret_n);
