/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of values a row can have: text in, text out. */
#include "conf/map.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int copy_text(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

#define DEFINE_EQUAL(name, T)                                  \
        static bool name(const void *a, const void *b) {        \
                return memcmp(a, b, sizeof(T)) == 0;            \
        }                                                       \
        struct _needs_semicolon

DEFINE_EQUAL(equal4, uint32_t);
DEFINE_EQUAL(equal8, uint64_t);
DEFINE_EQUAL(equal_mac, MacAddress);
DEFINE_EQUAL(equal_uuid, Uuid);

/* ---- text ---- */

static int string_parse(const MapField *f, const char *text, void *value) {
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*(char **) value);
        *(char **) value = copy;
        return 0;
}

static int string_format(const MapField *f, const void *value, char **ret) {
        return copy_text(*(char *const *) value, ret);
}

static void string_clear(const MapField *f, void *value) {
        free(*(char **) value);
}

/* ---- numbers ---- */

static const char *skip_blanks(const char *text) {
        while (isspace((unsigned char) *text))
                text++;
        return text;
}

static unsigned digit_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Digits behind blanks, with hex also after 0x; *ret_rest is what follows them and more blanks. */
static int read_digits(const char *text, bool hex, uint64_t *ret, const char **ret_rest) {
        const char *start = skip_blanks(text);
        unsigned base = 10, digit;
        bool overflow = false;
        uint64_t n = 0;

        if (hex && start[0] == '0' && (start[1] | 0x20) == 'x') {
                base = 16;
                start += 2;
        }
        for (text = start; (digit = digit_value(*text)) < base; text++) {
                overflow |= __builtin_mul_overflow(n, (uint64_t) base, &n);
                overflow |= __builtin_add_overflow(n, (uint64_t) digit, &n);
        }
        if (text == start)
                return -EINVAL;
        *ret = n;
        *ret_rest = skip_blanks(text);
        return overflow ? -ERANGE : 0;
}

static int read_number(const char *text, bool hex, uint64_t max, uint64_t *ret) {
        const char *rest;
        uint64_t n;
        int r = read_digits(text, hex, &n, &rest);

        if (r != -EINVAL && *rest)
                return -EINVAL;
        if (r < 0)
                return r;
        if (n > max)
                return -ERANGE;
        *ret = n;
        return 0;
}

_printf_(2, 3) static int print(char **ret, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(ret, format, ap);
        va_end(ap);
        return n < 0 ? -ENOMEM : 0;
}

static int u32_parse(const MapField *f, const char *text, void *value) {
        uint64_t n;
        int r = read_number(text, false, UINT32_MAX, &n);

        if (r >= 0)
                *(uint32_t *) value = n;
        return r;
}

static int u32_format(const MapField *f, const void *value, char **ret) {
        return print(ret, "%" PRIu32, *(const uint32_t *) value);
}

static int u64_parse(const MapField *f, const char *text, void *value) {
        return read_number(text, false, UINT64_MAX, value);
}

static int u64_format(const MapField *f, const void *value, char **ret) {
        return print(ret, "%" PRIu64, *(const uint64_t *) value);
}

static int i64_parse(const MapField *f, const char *text, void *value) {
        const char *start = skip_blanks(text);
        bool negative = *start == '-';
        uint64_t n;

        if (*start == '-' || *start == '+') {
                start++;
                if (!isdigit((unsigned char) *start))
                        return -EINVAL;
        }

        int r = read_number(start, false, (uint64_t) INT64_MAX + negative, &n);
        if (r >= 0)
                *(int64_t *) value = negative ? (int64_t) (0 - n) : (int64_t) n;
        return r;
}

static int i64_format(const MapField *f, const void *value, char **ret) {
        return print(ret, "%" PRId64, *(const int64_t *) value);
}

static int maybe_parse(const MapField *f, const char *text, void *value) {
        uint64_t n;
        int r = read_number(text, true, UINT32_MAX, &n);

        if (r >= 0)
                *(MaybeU32 *) value = (MaybeU32) { true, n };
        return r;
}

static int maybe_format(const MapField *f, const void *value, char **ret) {
        const MaybeU32 *maybe = value;

        *ret = NULL;
        return maybe->set ? print(ret, "%" PRIu32, maybe->value) : 0;
}

/* What stands in value while nothing is set, and in the padding, doesn't matter. */
static bool equal_maybe(const void *a, const void *b) {
        const MaybeU32 *x = a, *y = b;

        return x->set == y->set && (!x->set || x->value == y->value);
}

static int hex_parse(const MapField *f, const char *text, void *value) {
        uint64_t n;
        int r = read_number(text, true, UINT32_MAX, &n);

        if (r >= 0)
                *(uint32_t *) value = n;
        return r;
}

static int hex_format(const MapField *f, const void *value, char **ret) {
        int digits = f->type == &map_hex ? 2 : f->type == &map_hex4 ? 4 : 1;

        return print(ret, "0x%0*" PRIx32, digits, *(const uint32_t *) value);
}

/* ---- sizes ---- */

/* "b", "byte", "bytes"; or a letter alone or with iB for powers of 1024, with B for powers of
 * 1000. Without a unit *ret stays. */
static int unit_bytes(const char *unit, size_t length, uint64_t *ret) {
        static const char letters[] = "kmgtpe";
        const char *letter = length > 0 ? memchr(letters, tolower((unsigned char) *unit), 6) : NULL;
        bool decimal = length == 2 && strncasecmp(unit + 1, "B", 1) == 0;
        bool binary = length == 1 || (length == 3 && strncasecmp(unit + 1, "iB", 2) == 0);

        if (length == 0)
                return 0;
        *ret = 1;
        if ((length == 1 && strncasecmp(unit, "b", 1) == 0) ||
            (length == 4 && strncasecmp(unit, "byte", 4) == 0) ||
            (length == 5 && strncasecmp(unit, "bytes", 5) == 0))
                return 0;
        if (!letter || !(decimal || binary))
                return -EINVAL;
        for (const char *l = letters; l <= letter; l++)
                *ret *= decimal ? 1000 : 1024;
        return 0;
}

static int read_size(const char *text, uint64_t bytes, uint64_t *ret) {
        const char *unit;
        uint64_t n;
        int r = read_digits(text, false, &n, &unit);

        if (r == -EINVAL)
                return r;

        size_t length = strlen(unit);
        while (length > 0 && isspace((unsigned char) unit[length - 1]))
                length--;
        if (unit_bytes(unit, length, &bytes) < 0)
                return -EINVAL;
        if (r < 0 || __builtin_mul_overflow(n, bytes, &bytes))
                return -ERANGE;
        *ret = bytes;
        return 0;
}

static int bytes_parse(const MapField *f, const char *text, void *value) {
        return read_size(text, 1, value);
}

static int bytes_format(const MapField *f, const void *value, char **ret) {
        return print(ret, "%" PRIu64 " bytes", *(const uint64_t *) value);
}

static int kib_parse(const MapField *f, const char *text, void *value) {
        uint64_t bytes;
        int r = read_size(text, 1024, &bytes);

        if (r >= 0)
                *(uint64_t *) value = bytes / 1024 + (bytes % 1024 > 0);
        return r;
}

static int kib_format(const MapField *f, const void *value, char **ret) {
        return print(ret, "%" PRIu64 " KiB", *(const uint64_t *) value);
}

/* ---- words ---- */

const char *map_enum_name(const char *const *names, int value) {
        for (int i = 0; value >= 0 && (i == 0 || names[i]); i++)
                if (i == value)
                        return names[i];
        return NULL;
}

int map_enum_value(const char *const *names, const char *text) {
        for (int i = 0; i == 0 || names[i]; i++)
                if (names[i] && strcmp(names[i], text) == 0)
                        return i;
        return -EINVAL;
}

static int enum_parse(const MapField *f, const char *text, void *value) {
        int r = map_enum_value(f->arg, text);

        if (r < 0)
                return r;
        *(int *) value = r;
        return 0;
}

static int enum_format(const MapField *f, const void *value, char **ret) {
        const char *const *names = f->arg;
        int choice = *(const int *) value;
        const char *name = map_enum_name(names, choice);

        if (!name && choice != 0)
                return -EINVAL;
        return copy_text(name, ret);
}

static int flag_parse(const MapField *f, const char *text, void *value) {
        *(bool *) value = true;
        return 0;
}

static int flag_format(const MapField *f, const void *value, char **ret) {
        return copy_text(*(const bool *) value ? "" : NULL, ret);
}

static const char *const yes_no_names[] = { NULL, "yes", "no", NULL };
static const char *const on_off_names[] = { NULL, "on", "off", NULL };

static int tristate_parse(const MapField *f, const char *text, void *value) {
        int r = map_enum_value(f->type == &map_yes_no ? yes_no_names : on_off_names, text);

        if (r < 0)
                return r;
        *(Tristate *) value = r;
        return 0;
}

static int tristate_format(const MapField *f, const void *value, char **ret) {
        const char *const *names = f->type == &map_yes_no ? yes_no_names : on_off_names;

        return copy_text(map_enum_name(names, *(const Tristate *) value), ret);
}

/* ---- names of things ---- */

static int uuid_value_parse(const MapField *f, const char *text, void *value) {
        return uuid_parse(text, value);
}

static int uuid_value_format(const MapField *f, const void *value, char **ret) {
        const Uuid *uuid = value;
        char text[UUID_TEXT_MAX];

        return copy_text(uuid_is_null(*uuid) ? NULL : uuid_format(*uuid, text), ret);
}

char *mac_format(MacAddress mac, char text[static MAC_TEXT_MAX]) {
        const uint8_t *b = mac.bytes;

        snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                 b[5]);
        return text;
}

int mac_parse(const char *text, MacAddress *ret) {
        MacAddress mac;

        for (size_t i = 0; i < sizeof(mac.bytes); i++) {
                unsigned byte = 0, n = 0;

                for (; n < 2 && digit_value(*text) < 16; n++, text++)
                        byte = byte << 4 | digit_value(*text);
                if (n == 0 || *text != (i < sizeof(mac.bytes) - 1 ? ':' : 0))
                        return -EINVAL;
                mac.bytes[i] = byte;
                text++;
        }
        *ret = mac;
        return 0;
}

bool mac_is_null(MacAddress mac) {
        return memcmp(&mac, &(MacAddress) {}, sizeof(mac)) == 0;
}

static int mac_value_parse(const MapField *f, const char *text, void *value) {
        return mac_parse(text, value);
}

static int mac_value_format(const MapField *f, const void *value, char **ret) {
        const MacAddress *mac = value;
        char text[MAC_TEXT_MAX];

        return copy_text(mac_is_null(*mac) ? NULL : mac_format(*mac, text), ret);
}

/* ---- the types ---- */

#define TYPE(words, T, stem, equality, ...)                                              \
        {                                                                                \
                words, .size = sizeof(T), .parse = stem##_parse, .format = stem##_format, \
                .equal = equality, ##__VA_ARGS__                                         \
        }

const MapType map_string = TYPE("text", char *, string, NULL, .clear = string_clear);
const MapType map_u32    = TYPE("number", uint32_t, u32, equal4);
const MapType map_u64    = TYPE("number", uint64_t, u64, equal8);
const MapType map_i64    = TYPE("number or negative number", int64_t, i64, equal8);
const MapType map_maybe  = TYPE("number", MaybeU32, maybe, equal_maybe);
const MapType map_hex    = TYPE("number or 0x number", uint32_t, hex, equal4);
const MapType map_hex4   = TYPE("number or 0x number", uint32_t, hex, equal4);
const MapType map_hex1   = TYPE("number or 0x number", uint32_t, hex, equal4);
const MapType map_kib    = TYPE("size with its unit", uint64_t, kib, equal8, .has_unit = true);
const MapType map_bytes  = TYPE("size with its unit", uint64_t, bytes, equal8, .has_unit = true);
const MapType map_enum   = TYPE("word", int, enum, equal4);
const MapType map_flag   = TYPE("empty element", bool, flag, NULL);
const MapType map_opaque = TYPE("anything", bool, flag, NULL);
const MapType map_yes_no = TYPE("yes or no", Tristate, tristate, equal4);
const MapType map_on_off = TYPE("on or off", Tristate, tristate, equal4);
const MapType map_uuid   = TYPE("UUID", Uuid, uuid_value, equal_uuid);
const MapType map_mac    = TYPE("MAC address", MacAddress, mac_value, equal_mac);

/* What has rows of its own; the walks know these. */
const MapType map_struct = { "element" };
const MapType map_optional = { "element" };
const MapType map_list = { "elements" };
