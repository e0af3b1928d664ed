/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The 16 bytes that name a domain, network or pool for good. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_MAX 37 /* "c7a5fdbd-edaf-9455-926a-d65c16db1809" and its NUL */

typedef struct Uuid {
        uint8_t bytes[16];
} Uuid;

/* Accepts what libvirt accepts: 32 hex digits, dashes and surrounding blanks anywhere between
 * pairs. */
int uuid_parse(const char *text, Uuid *ret); /* -EINVAL */

/* Writes the lower-case form with dashes and returns its argument. */
char *uuid_format(Uuid uuid, char text[static UUID_TEXT_MAX]);

int uuid_generate(Uuid *ret);
bool uuid_is_null(Uuid uuid); /* all bytes zero: "not set" */
bool uuid_equal(Uuid a, Uuid b);
int uuid_compare(Uuid a, Uuid b);
