/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values to messages by a signature and back: what typed parameters, lists and maps look like. */
#include <errno.h>
#include <sys/socket.h>

#include "check.h"
#include "objects/wire.h"

static sd_bus *bus;

static sd_bus_message *message_new(void) {
        sd_bus_message *message;

        CHECK(sd_bus_message_new_signal(bus, &message, "/", "org.example.Wire", "Test") >= 0);
        return message;
}

/* The message as its reader has it. */
static void seal(sd_bus_message *message) {
        CHECK(sd_bus_message_seal(message, 1, 0) >= 0);
}

static void has_signature(sd_bus_message *message, const char *signature) {
        seal(message);
        CHECK_TEXT(sd_bus_message_get_signature(message, true), signature);
}

/* ---- signatures ---- */

static void test_types(void) {
        static const struct {
                const char *signature;
                size_t first;
        } cases[] = {
                { "u", 1 }, { "su", 1 }, { "ahu", 2 }, { "a{sv}u", 5 }, { "(si)", 4 },
                { "a(ssa(isu))u", 11 }, { "aab", 3 }, { "{s(ii)}u", 7 },
        };
        char copy[TYPE_MAX];

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                CHECK(type_length(cases[i].signature) == cases[i].first);
        CHECK_TEXT(type_copy("a{sv}u", 5, copy), "a{sv}");
}

/* ---- what goes out ---- */

/* a(ssa(isu)), as InterfaceAddresses answers. */
static void test_nested_arrays(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(values_clear) Values values = {};
        const char *name, *mac, *address;
        size_t head, addresses;
        uint32_t prefix;
        int type;

        head = values_array(&values);
        values_element(&values, head);
        values_string(&values, "vnet0");
        values_string(&values, "52:54:00:00:00:01");
        addresses = values_array(&values);
        for (int i = 0; i < 2; i++) {
                values_element(&values, addresses);
                values_int(&values, i);
                values_string(&values, i ? "fe80::1" : "10.0.0.1");
                values_uint(&values, i ? 64 : 24);
        }
        values_element(&values, head);
        values_string(&values, "vnet1");
        values_string(&values, "");
        values_array(&values);
        CHECK(append_values(message, &values, "a(ssa(isu))") >= 0);
        has_signature(message, "a(ssa(isu))");

        CHECK(sd_bus_message_enter_container(message, 'a', "(ssa(isu))") > 0);
        CHECK(sd_bus_message_enter_container(message, 'r', "ssa(isu)") > 0);
        CHECK(sd_bus_message_read(message, "ss", &name, &mac) > 0);
        CHECK_TEXT(name, "vnet0");
        CHECK(sd_bus_message_enter_container(message, 'a', "(isu)") > 0);
        CHECK(sd_bus_message_read(message, "(isu)", &type, &address, &prefix) > 0);
        CHECK(type == 0 && prefix == 24);
        CHECK(sd_bus_message_read(message, "(isu)", &type, &address, &prefix) > 0);
        CHECK_TEXT(address, "fe80::1");
        CHECK(sd_bus_message_exit_container(message) >= 0);
        CHECK(sd_bus_message_exit_container(message) >= 0);
        CHECK(sd_bus_message_enter_container(message, 'r', "ssa(isu)") > 0);
        CHECK(sd_bus_message_read(message, "ss", &name, &mac) > 0);
        CHECK_TEXT(name, "vnet1");
}

static void test_shapes(void) {
        static const bool bits[] = { true, false, true };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(values_clear) Values values = {};
        const void *bytes;
        size_t head, size;
        uint32_t id;
        int truth;

        head = values_array(&values); /* a(uab) */
        values_element(&values, head);
        values_uint(&values, 7);
        values_booleans(&values, bits, ELEMENTS(bits));
        head = values_array(&values); /* aab */
        for (int i = 0; i < 2; i++) {
                values_element(&values, head);
                values_booleans(&values, bits, i + 1);
        }
        values_bytes(&values, "\0x", 2); /* ay */
        head = values_array(&values);    /* a{it} */
        values_element(&values, head);
        values_int(&values, 6);
        values_ullong(&values, UINT64_MAX);
        CHECK(append_values(message, &values, "a(uab)aabaya{it}") >= 0);
        has_signature(message, "a(uab)aabaya{it}");

        CHECK(sd_bus_message_read(message, "a(uab)", 1, &id, 3, &truth, NULL, NULL) > 0);
        CHECK(id == 7 && truth == 1);
        CHECK(sd_bus_message_skip(message, "aab") >= 0);
        CHECK(sd_bus_message_read_array(message, 'y', &bytes, &size) > 0);
        CHECK(size == 2 && ((const char *) bytes)[1] == 'x');
}

/* What isn't in the values is not sent, and not the other way round either. */
static void test_broken_promises(void) {
        static const char *const wrong[] = { "i", "us", "uu", "", "a{sv}", "au", "(us)s" };

        for (size_t i = 0; i < ELEMENTS(wrong); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
                _cleanup_(values_clear) Values values = {};

                values_uint(&values, 1);
                CHECK(append_values(message, &values, "u") >= 0);
                CHECK(append_values(message, &values, wrong[i]) == -EPROTO);
                values.failed = true;
                CHECK(append_values(message, &values, "u") == -ENOMEM);
        }
}

/* ---- typed parameters ---- */

static void test_parameters_out_and_in(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(values_clear) Values values = {}, back = {};
        size_t head = values_array(&values);

        values_named(&values, head, NAMED_INT(-1), "i.%d", 0);
        values_named(&values, head, NAMED_UINT(2), "u");
        values_named(&values, head, NAMED_LLONG(-3), "x");
        values_named(&values, head, NAMED_ULLONG(UINT64_MAX), "t");
        values_named(&values, head, NAMED_DOUBLE(0.5), "d");
        values_named(&values, head, NAMED_BOOLEAN(true), "b");
        values_named(&values, head, NAMED_STRING("text"), "s");
        CHECK(append_values(message, &values, "a{sv}") >= 0);
        has_signature(message, "a{sv}");

        CHECK(read_parameters(message, &back, NULL) >= 0);
        CHECK(back.n == 7);
        for (size_t i = 0; i < back.n; i++) {
                CHECK_TEXT(back.items[i].name, values.items[i + 1].name);
                CHECK(back.items[i].type == values.items[i + 1].type);
        }
        CHECK(back.items[0].i == -1 && back.items[1].u == 2 && back.items[2].x == -3);
        CHECK(back.items[3].t == UINT64_MAX && back.items[4].d == 0.5 && back.items[5].b);
        CHECK_TEXT(back.items[6].s, "text");
}

static void test_one_level(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(values_clear) Values values = {};

        CHECK(sd_bus_message_append(message, "a{sv}u", 3, "a", "u", 1, "b", "v", "s", "x", "a", "b",
                                    1, 5) >= 0);
        seal(message);
        CHECK(read_parameters(message, &values, NULL) >= 0);
        CHECK(values.n == 3 && values.items[0].u == 1 && values.items[2].b);
        CHECK_TEXT(values.items[1].s, "x");
        CHECK(sd_bus_message_read(message, "u", NULL) > 0);
}

static void test_types_that_no_parameter_has(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = message_new();
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *deep = message_new();
        _cleanup_(values_clear) Values values = {};
        _cleanup_(error_clear) Error error = {}, other = {};

        CHECK(sd_bus_message_append(list, "a{sv}", 1, "list", "as", 1, "x") >= 0);
        seal(list);
        CHECK(read_parameters(list, &values, &error) < 0);
        CHECK(error.code == ERROR_INVALID_ARG && strstr(error.message, "'list'"));
        CHECK(sd_bus_message_append(deep, "a{sv}", 1, "deep", "v", "v", "u", 1) >= 0);
        seal(deep);
        CHECK(read_parameters(deep, &values, &other) < 0);
        CHECK(other.code == ERROR_INVALID_ARG && values.n == 0);
}

static void test_too_many(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(values_clear) Values values = {};
        _cleanup_(error_clear) Error error = {};

        CHECK(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
        for (int i = 0; i < 2000; i++)
                CHECK(sd_bus_message_append(message, "{sv}", "x", "u", i) >= 0);
        CHECK(sd_bus_message_close_container(message) >= 0);
        seal(message);
        CHECK(read_parameters(message, &values, &error) < 0);
        CHECK(error.code == ERROR_INVALID_ARG && values.n == 0);
}

/* ---- lists ---- */

static void test_lists(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = message_new();
        _cleanup_(freep) bool *bits = NULL, *none = NULL;
        _cleanup_(freep) const char **texts = NULL;
        size_t n;

        CHECK(sd_bus_message_open_container(message, 'a', "b") >= 0);
        for (int i = 0; i < 100; i++)
                CHECK(sd_bus_message_append(message, "b", i % 3 == 0) >= 0);
        CHECK(sd_bus_message_close_container(message) >= 0);
        CHECK(sd_bus_message_append(message, "asab", 2, "one", "two", 0) >= 0);
        seal(message);
        CHECK(read_booleans(message, &bits, &n) >= 0 && n == 100);
        CHECK(bits[0] && !bits[1] && bits[99]);
        CHECK(read_strings(message, &texts, &n) >= 0 && n == 2);
        CHECK_TEXT(texts[1], "two");
        CHECK(read_booleans(message, &none, &n) >= 0 && n == 0 && none);
}

static void test_flags(void) {
        _cleanup_(error_clear) Error error = {}, both = {};

        CHECK(flags_check(3, 3, "virX", NULL) == 0);
        CHECK(flags_check(5, 3, "virX", &error) < 0);
        CHECK_TEXT(error.message, "unsupported flags (0x4) in function virX");
        CHECK(flags_exclude(1, 3, "virX", NULL) == 0 && flags_exclude(6, 3, "virX", NULL) == 0);
        CHECK(flags_exclude(7, 3, "virX", &both) < 0);
        CHECK_TEXT(both.message, "flags 0x3 in function virX are mutually exclusive");
}

int main(void) {
        sd_id128_t id;
        int fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(sd_id128_randomize(&id) >= 0);
        CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        CHECK(sd_bus_set_server(bus, true, id) >= 0 && sd_bus_start(bus) >= 0);

        test_types();
        test_nested_arrays();
        test_shapes();
        test_broken_promises();
        test_parameters_out_and_in();
        test_one_level();
        test_types_that_no_parameter_has();
        test_too_many();
        test_lists();
        test_flags();

        sd_bus_close_unref(bus);
        close(fds[1]);
        return 0;
}
