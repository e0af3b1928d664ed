/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of the XML map: what each type accepts, refuses and writes. */
#include "conf/map.h"

#include <errno.h>

#include "tests/unit/check.h"

static const char *const kinds[] = { "file", "block", "net", NULL };
static const char *const colours[] = { NULL, "red", "green", NULL };

/* A text goes in; what is written is expected, or the errno. */
static void check_type(const MapType *type, const void *arg, const char *text, const char *expected,
                       int error) {
        const MapField f = { .path = "x", .type = type, .arg = arg };
        uint64_t value[MAP_VALUE_MAX / 8] = {};
        char *out = NULL;
        int r = type->parse(&f, text, value);

        if (r != error)
                fprintf(stderr, "%s '%s' gives %d\n", type->name, text, r);
        CHECK(r == error);
        if (r >= 0) {
                CHECK(type->format(&f, value, &out) >= 0);
                CHECK(expected || !out);
                if (expected)
                        CHECK_TEXT(out, expected);
                free(out);
        }
        if (type->clear)
                type->clear(&f, value);
}

static void test_numbers(void) {
        static const struct {
                const MapType *type;
                const char *text, *expected;
                int error;
        } cases[] = {
                { &map_u32, "0", "0", 0 },
                { &map_u32, " 12\n", "12", 0 },
                { &map_u32, "007", "7", 0 },
                { &map_u32, "4294967295", "4294967295", 0 },
                { &map_u32, "4294967296", NULL, -ERANGE },
                { &map_u32, "99999999999999999999999", NULL, -ERANGE },
                { &map_u32, "", NULL, -EINVAL },
                { &map_u32, " ", NULL, -EINVAL },
                { &map_u32, "-1", NULL, -EINVAL },
                { &map_u32, "+1", NULL, -EINVAL },
                { &map_u32, "0x10", NULL, -EINVAL },
                { &map_u32, "1 2", NULL, -EINVAL },
                { &map_u32, "1.5", NULL, -EINVAL },
                { &map_u64, "18446744073709551615", "18446744073709551615", 0 },
                { &map_u64, "18446744073709551616", NULL, -ERANGE },
                { &map_u64, "99999999999999999999x", NULL, -EINVAL },
                { &map_i64, "-9223372036854775808", "-9223372036854775808", 0 },
                { &map_i64, "-9223372036854775809", NULL, -ERANGE },
                { &map_i64, "9223372036854775807", "9223372036854775807", 0 },
                { &map_i64, "9223372036854775808", NULL, -ERANGE },
                { &map_i64, " -1 ", "-1", 0 },
                { &map_i64, "+1", "1", 0 },
                { &map_i64, "-0", "0", 0 },
                { &map_i64, "- 1", NULL, -EINVAL },
                { &map_i64, "--1", NULL, -EINVAL },
                { &map_maybe, "0", "0", 0 },
                { &map_maybe, "0x1f", "31", 0 },
                { &map_maybe, "0xffffffff", "4294967295", 0 },
                { &map_maybe, "0x100000000", NULL, -ERANGE },
                { &map_maybe, "0x", NULL, -EINVAL },
                { &map_maybe, "x1", NULL, -EINVAL },
                { &map_maybe, "1f", NULL, -EINVAL },
                { &map_hex, "0xA", "0x0a", 0 },
                { &map_hex, "10", "0x0a", 0 },
                { &map_hex, "0X1ff", "0x1ff", 0 },
                { &map_hex, "0xg", NULL, -EINVAL },
                { &map_hex, "-0x1", NULL, -EINVAL },
                { &map_hex4, "1", "0x0001", 0 },
                { &map_hex4, "0x12345", "0x12345", 0 },
                { &map_hex1, "0x07", "0x7", 0 },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                check_type(cases[i].type, NULL, cases[i].text, cases[i].expected, cases[i].error);
}

static void test_sizes(void) {
        static const struct {
                const char *text, *expected;
                int error;
        } cases[] = {
                { "1", "1 KiB", 0 },
                { " 1 ", "1 KiB", 0 },
                { "0", "0 KiB", 0 },
                { "1 b", "1 KiB", 0 },
                { "1024 bytes", "1 KiB", 0 },
                { "1025 Byte", "2 KiB", 0 },
                { "1 k", "1 KiB", 0 },
                { "1 KB", "1 KiB", 0 },
                { "3 kb", "3 KiB", 0 },
                { "1 kib ", "1 KiB", 0 },
                { "1 M", "1024 KiB", 0 },
                { "1 MB", "977 KiB", 0 },
                { "1 GiB", "1048576 KiB", 0 },
                { "1 T", "1073741824 KiB", 0 },
                { "1 PB", "976562500000 KiB", 0 },
                { "15 EiB", "16888498602639360 KiB", 0 },
                { "18 EB", "17578125000000000 KiB", 0 },
                { "16 EiB", NULL, -ERANGE },
                { "18446744073709551615 b", "18014398509481984 KiB", 0 },
                { "18446744073709551615", NULL, -ERANGE },
                { "99999999999999999999 b", NULL, -ERANGE },
                { "99999999999999999999 q", NULL, -EINVAL },
                { "1 Z", NULL, -EINVAL },
                { "1 KiBs", NULL, -EINVAL },
                { "1 Ki", NULL, -EINVAL },
                { "KiB", NULL, -EINVAL },
                { "-1 KiB", NULL, -EINVAL },
                { "1 k b", NULL, -EINVAL },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                check_type(&map_kib, NULL, cases[i].text, cases[i].expected, cases[i].error);
}

static void test_words(void) {
        check_type(&map_string, NULL, "", "", 0);
        check_type(&map_string, NULL, " x ", " x ", 0);
        check_type(&map_enum, kinds, "file", "file", 0);
        check_type(&map_enum, kinds, "net", "net", 0);
        check_type(&map_enum, kinds, "File", NULL, -EINVAL);
        check_type(&map_enum, kinds, "", NULL, -EINVAL);
        check_type(&map_enum, colours, "green", "green", 0);
        check_type(&map_enum, colours, "", NULL, -EINVAL);
        check_type(&map_yes_no, NULL, "yes", "yes", 0);
        check_type(&map_yes_no, NULL, "no", "no", 0);
        check_type(&map_yes_no, NULL, "on", NULL, -EINVAL);
        check_type(&map_on_off, NULL, "off", "off", 0);
        check_type(&map_on_off, NULL, "", NULL, -EINVAL);
        CHECK_TEXT(map_enum_name(kinds, 2), "net");
        CHECK(!map_enum_name(kinds, 3));
        CHECK(!map_enum_name(kinds, -1));
        CHECK(!map_enum_name(colours, 0));
        CHECK_TEXT(map_enum_name(colours, 1), "red");
        CHECK(map_enum_value(colours, "red") == 1);
        CHECK(map_enum_value(colours, "blue") == -EINVAL);

        int out_of_range = 7;
        char *text;
        CHECK(map_enum.format(&(MapField) { .arg = colours }, &out_of_range, &text) == -EINVAL);
}

static void test_macs(void) {
        check_type(&map_mac, NULL, "52:54:00:AB:cd:ef", "52:54:00:ab:cd:ef", 0);
        check_type(&map_mac, NULL, "1:2:3:4:5:6", "01:02:03:04:05:06", 0);
        check_type(&map_mac, NULL, "0:0:0:0:0:0", NULL, 0);
        check_type(&map_mac, NULL, "52:54:00:ab:cd", NULL, -EINVAL);
        check_type(&map_mac, NULL, "52:54:00:ab:cd:ef:01", NULL, -EINVAL);
        check_type(&map_mac, NULL, "52:54:00:ab:cd:", NULL, -EINVAL);
        check_type(&map_mac, NULL, "52:54:00:ab:cd:123", NULL, -EINVAL);
        check_type(&map_mac, NULL, "52-54-00-ab-cd-ef", NULL, -EINVAL);
        check_type(&map_mac, NULL, "", NULL, -EINVAL);
}

static void test_uuids(void) {
        static const char text[] = "c7a5fdbd-edaf-9455-926a-d65c16db1809";
        char formatted[UUID_TEXT_MAX];
        Uuid a, b;

        check_type(&map_uuid, NULL, text, text, 0);
        check_type(&map_uuid, NULL, " C7A5FDBDEDAF9455926AD65C16DB1809\n", text, 0);
        check_type(&map_uuid, NULL, "-c7-a5fdbdedaf9455926ad65c16db--1809", text, 0);
        check_type(&map_uuid, NULL, "00000000-0000-0000-0000-000000000000", NULL, 0);
        check_type(&map_uuid, NULL, "", NULL, -EINVAL);
        check_type(&map_uuid, NULL, "c7a5fdbd-edaf-9455-926a-d65c16db180", NULL, -EINVAL);
        check_type(&map_uuid, NULL, "c7a5fdbd-edaf-9455-926a-d65c16db18090", NULL, -EINVAL);
        check_type(&map_uuid, NULL, "c7a5fdbd-edaf-9455-926a-d65c16db1809-", NULL, -EINVAL);
        check_type(&map_uuid, NULL, "c-7a5fdbdedaf9455926ad65c16db1809", NULL, -EINVAL);
        check_type(&map_uuid, NULL, "g7a5fdbd-edaf-9455-926a-d65c16db1809", NULL, -EINVAL);

        CHECK(uuid_generate(&a) >= 0 && uuid_generate(&b) >= 0);
        CHECK(!uuid_equal(a, b) && uuid_equal(a, a));
        CHECK((uuid_compare(a, b) < 0) == (uuid_compare(b, a) > 0));
        CHECK(!uuid_is_null(a) && uuid_is_null((Uuid) {}));
        CHECK(a.bytes[6] >> 4 == 4 && a.bytes[8] >> 6 == 2);
        CHECK(uuid_parse(uuid_format(a, formatted), &b) >= 0 && uuid_equal(a, b));
}

int main(void) {
        test_numbers();
        test_sizes();
        test_words();
        test_macs();
        test_uuids();
        return 0;
}
