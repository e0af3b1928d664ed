/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of values that only domains have: identifiers in hexadecimal that may be absent, sizes
 * whose unit is another than KiB. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int hex_parse(const MapField *field, const char *text, void *value) {
        return map_maybe.parse(field, text, value);
}

static int hex_format(const MapField *field, const void *value, char **ret) {
        const MaybeU32 *maybe = value;
        int digits = field->type == &map_maybe_hex4 ? 4 : field->type == &map_maybe_hex8 ? 8 : 1;

        *ret = NULL;
        if (!maybe->set)
                return 0;
        return asprintf(ret, "0x%0*x", digits, maybe->value) < 0 ? -ENOMEM : 0;
}

static int size_parse(const MapField *field, const char *text, void *value) {
        const char *unit = text + strspn(text, " \t\n");
        char whole[64];

        unit += strspn(unit, "0123456789");
        if (unit[strspn(unit, " \t\n")])
                return map_kib.parse(field, text, value);
        int n = snprintf(whole, sizeof(whole), "%s %s", text,
                         field->type == &map_mib ? "b" : "MiB");
        return n < (int) sizeof(whole) ? map_kib.parse(field, whole, value) : -ERANGE;
}

static int mib_format(const MapField *field, const void *value, char **ret) {
        uint64_t kib = *(const uint64_t *) value;
        bool whole = kib % 1024 == 0;

        return asprintf(ret, "%" PRIu64 " %s", whole ? kib / 1024 : kib, whole ? "M" : "KiB") < 0
                       ? -ENOMEM
                       : 0;
}

static int pretty_format(const MapField *field, const void *value, char **ret) {
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
        uint64_t n = *(const uint64_t *) value;
        size_t unit = 0;

        for (; n > 0 && n % 1024 == 0 && unit + 1 < ELEMENTS(units); unit++)
                n /= 1024;
        return asprintf(ret, "%" PRIu64 " %s", n, units[unit]) < 0 ? -ENOMEM : 0;
}

#define HEX_TYPE                                                                    \
        {                                                                           \
                .name = "number", .size = sizeof(MaybeU32), .parse = hex_parse,     \
                .format = hex_format                                                \
        }
#define SIZE_TYPE(format_)                                                          \
        {                                                                           \
                .name = "size with its unit", .has_unit = true,                     \
                .size = sizeof(uint64_t), .parse = size_parse, .format = format_    \
        }

const MapType map_maybe_hex = HEX_TYPE;
const MapType map_maybe_hex4 = HEX_TYPE;
const MapType map_maybe_hex8 = HEX_TYPE;
const MapType map_mib = SIZE_TYPE(mib_format);
const MapType map_pretty = SIZE_TYPE(pretty_format);
