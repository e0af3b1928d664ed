/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables, requests, properties and signals, over a socket pair. */
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "toy.h"

#define CONNECT "org.libvirt.Connect"
#define DOMAIN "org.libvirt.Domain"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define ERROR "org.libvirt.Error"

#define call_connect(client, ...) toy_call(client, TOY_PATH, CONNECT, __VA_ARGS__)
#define call_domain(client, path, ...) toy_call(client, path, DOMAIN, __VA_ARGS__)
#define call_properties(client, path, ...) toy_call(client, path, PROPERTIES, __VA_ARGS__)

static char signals[2048]; /* what the client heard */

static int hear(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        size_t n = strlen(signals);
        uint8_t type;
        int event, detail;

        CHECK(sd_bus_message_get_type(message, &type) >= 0);
        if (type != SD_BUS_MESSAGE_SIGNAL)
                return 0;
        n += snprintf(signals + n, sizeof(signals) - n, "%s", sd_bus_message_get_member(message));
        if (sd_bus_message_read(message, "oii", NULL, &event, &detail) > 0)
                n += snprintf(signals + n, sizeof(signals) - n, "(%d,%d)", event, detail);
        CHECK(n + 2 < sizeof(signals));
        strcat(signals, " ");
        return 0;
}

static void heard(const char *expected) {
        CHECK_TEXT(signals, expected);
        signals[0] = 0;
}

static void make_pair(sd_bus **server, sd_bus **client) {
        sd_id128_t id;
        int fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(sd_id128_randomize(&id) >= 0);
        CHECK(sd_bus_new(server) >= 0 && sd_bus_set_fd(*server, fds[0], fds[0]) >= 0);
        CHECK(sd_bus_set_server(*server, true, id) >= 0 &&
              sd_bus_negotiate_fds(*server, true) >= 0);
        CHECK(sd_bus_start(*server) >= 0);
        CHECK(sd_bus_new(client) >= 0 && sd_bus_set_fd(*client, fds[1], fds[1]) >= 0);
        CHECK(sd_bus_start(*client) >= 0);
        CHECK(sd_bus_attach_event(*server, toy_loop, 0) >= 0);
        CHECK(sd_bus_attach_event(*client, toy_loop, 0) >= 0);
        CHECK(sd_bus_add_filter(*client, NULL, hear, NULL) >= 0);
}

/* ---- lookups and lists ---- */

static void path_is(sd_bus_message *reply, const char *expected) {
        const char *path;

        CHECK(sd_bus_message_read(reply, "o", &path) > 0);
        CHECK_TEXT(path, expected);
        sd_bus_message_unref(reply);
}

static void test_lookups(sd_bus *client) {
        sd_bus_message *reply;
        int n = 0;

        path_is(call_connect(client, "DomainLookupByName", "s", "b"), TOY_DOMAIN "2");
        path_is(call_connect(client, "DomainLookupByUUID", "s", TOY_UUID "3"),
                TOY_DOMAIN "3");
        toy_fails(call_connect(client, "DomainLookupByName", "s", "x"), ERROR,
                  "Domain not found: no domain with matching name 'x'");
        toy_fails(call_connect(client, "DomainLookupByID", "i", 7), ERROR,
                  "Domain not found: no domain with matching id '7'");
        toy_fails(call_connect(client, "DomainLookupByUUID", "s", TOY_UUID "9"), ERROR,
                  "Domain not found: no domain with matching uuid '" TOY_UUID "9'");
        toy_fails(call_connect(client, "DomainLookupByUUID", "s", "junk"), ERROR,
                  "invalid argument");

        reply = call_connect(client, "ListDomains", "u", LIST_DOMAINS_SHUTOFF);
        CHECK(sd_bus_message_enter_container(reply, 'a', "o") > 0);
        while (sd_bus_message_read(reply, "o", NULL) > 0)
                n++;
        CHECK(n == 3);
        sd_bus_message_unref(reply);
        reply = call_connect(client, "ListDomains", "u",
                         LIST_DOMAINS_ACTIVE | LIST_DOMAINS_PERSISTENT);
        CHECK(sd_bus_message_enter_container(reply, 'a', "o") > 0);
        CHECK(sd_bus_message_read(reply, "o", NULL) == 0);
        sd_bus_message_unref(reply);
}

static void test_lines(sd_bus *client) {
        sd_bus_message *reply = call_connect(client, "GetCPUModelNames", "su", "x", 0);
        const char *one, *two;

        CHECK(sd_bus_message_read(reply, "as", 2, &one, &two) > 0);
        CHECK_TEXT(one, "one");
        CHECK_TEXT(two, "two");
        sd_bus_message_unref(reply);
}

/* ---- what is refused before a handler sees it ---- */

static void test_refusals(sd_bus *client) {
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Create", "u", 0x101), ERROR,
                  "unsupported flags (0x100) in function virDomainCreateWithFlags");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Rename", "su", "x", 2), ERROR,
                  "unsupported flags (0x2) in function virDomainRename");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Suspend", ""), ERROR,
                  "this function is not supported by the connection driver: virDomainSuspend");
        toy_fails(
                call_domain(client, TOY_DOMAIN "1", "OpenGraphicsFD", "uu", 0, 0), ERROR,
                "this function is not supported by the connection driver: virDomainOpenGraphicsFD");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "AttachDevice", "su", "<x/>", 0), ERROR,
                  "this function is not supported by the connection driver: "
                  "virDomainAttachDeviceFlags");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Create", "s", "0"),
                  SD_BUS_ERROR_INVALID_ARGS, "");
        toy_fails(call_domain(client, TOY_DOMAIN "1", "Fly", ""), SD_BUS_ERROR_UNKNOWN_METHOD, "");
        toy_fails(toy_call(client, TOY_DOMAIN "1", CONNECT, "ListDomains", "u", 0),
                  SD_BUS_ERROR_UNKNOWN_METHOD, "");
        toy_story_is("");
}

static void test_unknown_objects(sd_bus *client) {
        static const char *const paths[] = {
                TOY_DOMAIN "9", TOY_DOMAIN "1/x", TOY_DOMAIN "A", TOY_PATH "/domain/x",
                TOY_PATH "/network/x", TOY_PATH "2", TOY_PATH "/domain/_" ,
        };

        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                toy_fails(call_domain(client, paths[i], "GetState", "u", 0),
                          SD_BUS_ERROR_UNKNOWN_OBJECT, "");
                toy_fails(call_properties(client, paths[i], "GetAll", "s", DOMAIN),
                          SD_BUS_ERROR_UNKNOWN_OBJECT, "");
                toy_fails(toy_call(client, paths[i], INTROSPECTABLE, "Introspect", ""),
                          SD_BUS_ERROR_UNKNOWN_OBJECT, "");
        }
}

/* ---- jobs ---- */

static void state_is(sd_bus *client, int state, int reason) {
        sd_bus_message *reply = call_domain(client, TOY_DOMAIN "1", "GetState", "u", 0);
        int found, found_reason;

        CHECK(sd_bus_message_read(reply, "(ii)", &found, &found_reason) > 0);
        CHECK(found == state && found_reason == reason);
        sd_bus_message_unref(reply);
}

/* Changes wait in line, queries and Destroy don't, signals come before the reply. */
static void test_jobs(sd_bus *client) {
        sd_bus_message *first, *second, *third;

        signals[0] = 0;
        toy_begin(client, &first, TOY_DOMAIN "1", DOMAIN, "Create", "u", DOMAIN_START_PAUSED);
        toy_begin(client, &second, TOY_DOMAIN "1", DOMAIN, "Undefine", "u", 0);
        toy_begin(client, &third, TOY_DOMAIN "1", DOMAIN, "Create", "u", 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "Create", "u", 0));
        state_is(client, DOMAIN_SHUTOFF, 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "1", "Destroy", "u", 0));
        CHECK(!first && !second && !third);
        toy_story_is("start a, start b, destroy a");

        toy_finish(-EIO);
        toy_fails(toy_wait(&first), ERROR, "operation failed: it was told to");
        toy_succeeds(toy_wait(&second));
        toy_fails(toy_wait(&third), ERROR, "Domain not found");
        toy_story_is("undefine a");
}

static void test_order_on_the_wire(sd_bus *client) {
        signals[0] = 0;
        toy_succeeds(call_domain(client, TOY_DOMAIN "3", "Create", "u", 0));
        heard("PropertiesChanged DomainEvent(2,0) PropertiesChanged PropertiesChanged ");
        toy_succeeds(call_domain(client, TOY_DOMAIN "3", "Destroy", "u", 0));
        CHECK(strstr(signals, "DomainEvent(5,1)"));
        toy_story_is("start c, destroy c");
}

/* ---- properties ---- */

/* a{sv} with one value of this type in each variant, or in the variant in it. */
static void dictionary_is(sd_bus_message *reply, const char *name, const char *type, bool nested) {
        const char *key, *contents;
        char kind;

        CHECK(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                CHECK(sd_bus_message_read(reply, "s", &key) > 0);
                CHECK(sd_bus_message_peek_type(reply, &kind, &contents) > 0 && kind == 'v');
                if (strcmp(key, name) == 0) {
                        CHECK_TEXT(contents, nested ? "v" : type);
                        if (nested) {
                                CHECK(sd_bus_message_enter_container(reply, 'v', "v") > 0);
                                CHECK(sd_bus_message_peek_type(reply, &kind, &contents) > 0);
                                CHECK_TEXT(contents, type);
                        }
                        name = "";
                        break;
                }
                CHECK(sd_bus_message_skip(reply, "v") >= 0);
                CHECK(sd_bus_message_exit_container(reply) >= 0);
        }
        CHECK(!*name);
        sd_bus_message_unref(reply);
}

static void test_properties(sd_bus *client) {
        sd_bus_message *reply;
        const char *text;
        uint64_t number;
        int truth;

        dictionary_is(call_properties(client, TOY_DOMAIN "2", "GetAll", "s", DOMAIN), "Id", "u",
                      true);
        dictionary_is(call_properties(client, TOY_DOMAIN "2", "GetAll", "s", DOMAIN),
                      "SchedulerType", "(si)", true);
        dictionary_is(call_properties(client, TOY_DOMAIN "2", "GetAll", "s", "org.virtbus.Domain"),
                      "State", "u", false);
        reply = call_properties(client, TOY_DOMAIN "2", "Get", "ss", DOMAIN, "Name");
        CHECK(sd_bus_message_read(reply, "v", "s", &text) > 0);
        CHECK_TEXT(text, "b");
        sd_bus_message_unref(reply);
        reply = call_properties(client, TOY_PATH, "Get", "ss", CONNECT, "LibVersion");
        CHECK(sd_bus_message_read(reply, "v", "t", &number) > 0 && number == 9000000);
        sd_bus_message_unref(reply);

        signals[0] = 0;
        toy_succeeds(call_properties(client, TOY_DOMAIN "2", "Set", "ssv", DOMAIN, "Autostart", "b",
                              true));
        heard("PropertiesChanged ");
        reply = call_properties(client, TOY_DOMAIN "2", "Get", "ss", DOMAIN, "Autostart");
        CHECK(sd_bus_message_read(reply, "v", "b", &truth) > 0 && truth);
        sd_bus_message_unref(reply);
        toy_fails(call_properties(client, TOY_DOMAIN "2", "Set", "ssv", DOMAIN, "Name", "s", "x"),
                  SD_BUS_ERROR_PROPERTY_READ_ONLY, "");
        toy_fails(call_properties(client, TOY_DOMAIN "2", "GetAll", "s", "org.example.None"),
                  SD_BUS_ERROR_UNKNOWN_INTERFACE, "");
}

/* ---- the tree ---- */

static unsigned count_objects(sd_bus *client, const char *path, const char *wanted,
                              unsigned *ret_n) {
        sd_bus_message *reply = toy_call(client, path, MANAGER, "GetManagedObjects", "");
        const char *object, *interface;
        unsigned n = 0;

        *ret_n = 0;
        CHECK(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
                CHECK(sd_bus_message_read(reply, "o", &object) > 0);
                CHECK(sd_bus_message_enter_container(reply, 'a', "{sa{sv}}") > 0);
                while (sd_bus_message_enter_container(reply, 'e', "sa{sv}") > 0) {
                        CHECK(sd_bus_message_read(reply, "s", &interface) > 0);
                        CHECK(sd_bus_message_skip(reply, "a{sv}") >= 0);
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                        n += strcmp(interface, wanted) == 0;
                }
                CHECK(sd_bus_message_exit_container(reply) >= 0);
                CHECK(sd_bus_message_exit_container(reply) >= 0);
                ++*ret_n;
        }
        sd_bus_message_unref(reply);
        return n;
}

static void test_managed_objects(sd_bus *client) {
        unsigned n;

        CHECK(count_objects(client, TOY_PATH, DOMAIN, &n) == 2 && n == 2);
        CHECK(count_objects(client, TREE_ROOT, CONNECT, &n) == 1 && n == 3);
        CHECK(count_objects(client, TREE_ROOT, "org.virtbus.Domain", &n) == 2);
        toy_fails(toy_call(client, TOY_DOMAIN "2", MANAGER, "GetManagedObjects", ""),
                  SD_BUS_ERROR_UNKNOWN_METHOD, "");
}

static void introspection_has(sd_bus *client, const char *path, const char *wanted, bool has) {
        sd_bus_message *reply = toy_call(client, path, INTROSPECTABLE, "Introspect", "");
        const char *text;

        CHECK(sd_bus_message_read(reply, "s", &text) > 0);
        if (!strstr(text, wanted) == has)
                CHECK_TEXT(text, wanted);
        sd_bus_message_unref(reply);
}

static void test_introspection(sd_bus *client) {
        introspection_has(client, TOY_PATH "/domain", "<node name=\"_c7a5fdbd", true);
        introspection_has(client, TOY_PATH "/domain", "<interface name=\"org.libvirt", false);
        introspection_has(client, TOY_PATH, "<node name=\"domain\"/>", true);
        introspection_has(client, TREE_ROOT, "<node name=\"Toy\"/>", true);
        introspection_has(client, TOY_DOMAIN "2", "<node name", false);
        introspection_has(client, TOY_DOMAIN "2", "<interface name=\"" DOMAIN "\">", true);
        introspection_has(client, TOY_DOMAIN "2", "<interface name=\"" CONNECT "\">", false);
        introspection_has(client, TOY_DOMAIN "2",
                          "<arg type=\"s\" name=\"name\" direction=\"in\"/>", true);
        introspection_has(client, TOY_PATH, "<interface name=\"org.virtbus.Test\">", false);
        toy_fails(toy_call(client, TOY_PATH, "org.virtbus.Test", "Reset", ""),
                  SD_BUS_ERROR_UNKNOWN_METHOD, "");
}

/* ---- statistics ---- */

/* The names of a(sa{sv}) or, of one domain, a{sv}. */
static void stats_are(sd_bus_message *reply, bool many, const char *expected) {
        char found[512] = "";
        const char *text;

        if (sd_bus_message_get_error(reply))
                CHECK_TEXT(sd_bus_message_get_error(reply)->message, "");
        if (many)
                CHECK(sd_bus_message_enter_container(reply, 'a', "(sa{sv})") > 0);
        while (!many || sd_bus_message_enter_container(reply, 'r', "sa{sv}") > 0) {
                if (many) {
                        CHECK(sd_bus_message_read(reply, "s", &text) > 0);
                        strcat(strcat(found, text + strlen(text) - 1), ":");
                }
                CHECK(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
                while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                        CHECK(sd_bus_message_read(reply, "s", &text) > 0);
                        strcat(strcat(found, text), " ");
                        CHECK(sd_bus_message_skip(reply, "v") >= 0);
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                }
                CHECK(sd_bus_message_exit_container(reply) >= 0);
                if (!many)
                        break;
                CHECK(sd_bus_message_exit_container(reply) >= 0);
        }
        CHECK_TEXT(found, expected);
        sd_bus_message_unref(reply);
}

static void ask_all(sd_bus *client, sd_bus_message **ret, uint32_t flags) {
        toy_begin(client, ret, TOY_PATH, CONNECT, "GetAllDomainStats", "uu", 0, flags);
}

/* Who runs is asked, and awaited; who gives no answer is told of without it. */
static void test_stats(sd_bus *client) {
        sd_bus_message *reply;

        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "Destroy", "u", 0));
        stats_are(call_domain(client, TOY_DOMAIN "2", "GetStats", "uu", 0, 0), false,
                  "state.state ");
        toy_succeeds(call_domain(client, TOY_DOMAIN "3", "Create", "u", 0));
        ask_all(client, &reply, 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "GetState", "u", 0));
        CHECK(!reply);
        toy_finish(0);
        stats_are(toy_wait(&reply), true, "2:state.state 3:state.state cpu.time ");

        ask_all(client, &reply, 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "GetState", "u", 0));
        toy_finish(-EIO);
        stats_are(toy_wait(&reply), true, "2:state.state 3:state.state ");

        ask_all(client, &reply, UINT32_C(1) << 29); /* without waiting */
        stats_are(toy_wait(&reply), true, "2:state.state 3:state.state ");

        toy_begin(client, &reply, TOY_DOMAIN "3", DOMAIN, "GetStats", "uu", 1, 0);
        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "GetState", "u", 0));
        toy_finish(-EIO);
        toy_fails(toy_wait(&reply), ERROR, "it was told to");
        toy_succeeds(call_domain(client, TOY_DOMAIN "3", "Destroy", "u", 0));
        toy_story_is("destroy b, start c, ask c, ask c, ask c, destroy c");
}

/* What is kept of a definition goes with its text. */
static void test_views(Connection *connection) {
        Domain *domain = domain_of(resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "c"));
        const DomainConf *view = domain_view(domain);

        CHECK(view && !view->document && domain_view(domain) == view);
        CHECK_TEXT(view->name, "c");
        CHECK(domain_rename(domain, "d", NULL) >= 0);
        CHECK_TEXT(domain_view(domain)->name, "d");
        CHECK(domain_rename(domain, "c", NULL) >= 0);
        CHECK_TEXT(domain_view(domain)->name, "c");
}

/* ---- signals of rows ---- */

static int signals_heard;

static int check_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        static const char *const expected[][2] = {
                { "BlockJob", "sii" },           { "BlockThreshold", "sstt" },
                { "DiskChange", "sssi" },        { "JobCompleted", "a{sv}" },
                { "MigrationIteration", "i" },   { "Tunable", "a{sv}" },
                { "TrayChange", "si" },          { "MetadataChange", "is" },
        };

        if (!sd_bus_message_is_signal(message, DOMAIN, NULL))
                return 0;
        CHECK((size_t) signals_heard < ELEMENTS(expected));
        CHECK_TEXT(sd_bus_message_get_member(message), expected[signals_heard][0]);
        CHECK_TEXT(sd_bus_message_get_signature(message, true), expected[signals_heard][1]);
        CHECK_TEXT(sd_bus_message_get_path(message), TOY_DOMAIN "2");
        signals_heard++;
        return 0;
}

/* Each on the domain's own object, and none of them by the connection. */
static void test_signals(sd_bus *client, Connection *connection) {
        static const EventKind kinds[] = {
                EVENT_BLOCK_JOB,           EVENT_BLOCK_THRESHOLD, EVENT_DISK_CHANGE,
                EVENT_JOB_COMPLETED,       EVENT_MIGRATION_ITERATION,
                EVENT_TUNABLE,             EVENT_TRAY,            EVENT_METADATA,
        };
        _cleanup_(values_clear) Values values = {};
        sd_bus_slot *slot = NULL;
        Event event = { .text = { "vda" }, .values = &values };

        event.resource = resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "b");
        values_named(&values, values_array(&values), NAMED_UINT(1), "x");
        CHECK(sd_bus_add_filter(client, &slot, check_signal, NULL) >= 0);
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                event.kind = kinds[i];
                event_report(&connection->hub, &event);
        }
        toy_succeeds(call_domain(client, TOY_DOMAIN "2", "GetState", "u", 0));
        CHECK((size_t) signals_heard == ELEMENTS(kinds));
        sd_bus_slot_unref(slot);
}

/* ---- errors as data ---- */

static void test_details(sd_bus *client) {
        sd_bus_message *reply;
        const char *text;
        int32_t code;

        reply = call_connect(client, "DomainLookupByName", "s", "x");
        CHECK_TEXT(sd_bus_message_get_signature(reply, true), "s");
        sd_bus_message_unref(reply);

        toy_succeeds(
                toy_call(client, TOY_PATH, "org.virtbus.Connect", "SetErrorDetails", "b", true));
        reply = call_connect(client, "DomainLookupByName", "s", "x");
        CHECK_TEXT(sd_bus_message_get_signature(reply, true), "sa{sv}");
        CHECK(sd_bus_message_rewind(reply, true) >= 0);
        CHECK(sd_bus_message_read(reply, "s", &text) > 0);
        CHECK_TEXT(text, "Domain not found: no domain with matching name 'x'");
        CHECK(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        CHECK(sd_bus_message_read(reply, "{sv}", &text, "i", &code) > 0);
        CHECK_TEXT(text, "code");
        CHECK(code == 42);
        CHECK(sd_bus_message_read(reply, "{sv}{sv}{sv}", NULL, "i", NULL, NULL, "i", NULL, NULL,
                                  "s", NULL) > 0);
        CHECK(sd_bus_message_read(reply, "{sv}{sv}", NULL, "s", NULL, NULL, "s", &text) > 0);
        CHECK_TEXT(text, "Domain not found: %s");
        sd_bus_message_unref(reply);

        toy_succeeds(
                toy_call(client, TOY_PATH, "org.virtbus.Connect", "SetErrorDetails", "b", false));
        toy_fails(call_connect(client, "DomainLookupByName", "s", "x"), ERROR, "'x'");
}

/* ---- new objects ---- */

static void test_definition(sd_bus *client) {
        static const char xml[] = "<domain type='qemu'><name>new</name><uuid>" TOY_UUID
                                  "5</uuid><memory>1000</memory><os><type>hvm</type></os></domain>";

        signals[0] = 0;
        path_is(call_connect(client, "DomainDefineXML", "s", xml), TOY_DOMAIN "5");
        heard("InterfacesAdded DomainEvent(0,0) ");
        toy_succeeds(call_domain(client, TOY_DOMAIN "5", "Rename", "su", "newer", 0));
        path_is(call_connect(client, "DomainLookupByName", "s", "newer"), TOY_DOMAIN "5");
        signals[0] = 0;
        toy_succeeds(call_domain(client, TOY_DOMAIN "5", "Undefine", "u", 0));
        heard("DomainEvent(1,0) InterfacesRemoved ");
        toy_fails(call_connect(client, "DomainDefineXML", "s", "<domain/>"), ERROR, "");
        toy_story_is("undefine newer");
}

int main(void) {
        Connection *connection;
        sd_bus *server, *client;
        Store *store;
        Tree *tree;

        CHECK(sd_event_new(&toy_loop) >= 0);
        connection = toy_connection(&store);
        make_pair(&server, &client);
        CHECK(tree_new(server, &tree) >= 0);
        CHECK(tree_add(tree, connection) >= 0);

        test_lookups(client);
        test_lines(client);
        test_refusals(client);
        test_unknown_objects(client);
        test_jobs(client);
        test_order_on_the_wire(client);
        test_properties(client);
        test_managed_objects(client);
        test_introspection(client);
        test_stats(client);
        test_views(connection);
        test_signals(client, connection);
        test_details(client);
        test_definition(client);

        tree_close(tree);
        connection_free(connection);
        tree_free(tree);
        sd_bus_flush_close_unref(client);
        sd_bus_flush_close_unref(server);
        store_free(store);
        sd_event_unref(toy_loop);
        toy_remove(toy_folder);
        return 0;
}
