/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains without a hypervisor: definitions and their files, and the story that watchers are
 * told. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"
#include "drivers/driver.h"
#include "drivers/metadata.h"
#include "drivers/snapshot.h"

static sd_event *loop;
static char folder[] = "/tmp/virtbus-life-XXXXXX";
static char story[512];

/* ---- a driver that does nothing ---- */

static int define(Connection *connection, const char *xml, uint32_t flags, Job *job, Error *error) {
        return fail(error, ERROR_NO_SUPPORT, NULL);
}

static int undefine(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return fail(error, ERROR_NO_SUPPORT, NULL);
}

static int rename_to(Domain *domain, const char *name, Job *job, Error *error) {
        return fail(error, ERROR_NO_SUPPORT, NULL);
}

static uint64_t version(Connection *connection) {
        return 1;
}

static char *hostname(Connection *connection) {
        return NULL;
}

static int start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        domain_starting(domain, 0);
        domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        domain_started(domain, STARTED_BOOTED);
        return DONE;
}

static unsigned kept, refusals; /* of live definitions: written down, and still to be refused */

static int keep_live(Domain *domain, Error *error) {
        if (refusals > 0) {
                refusals--;
                return fail(error, ERROR_SYSTEM, "no space");
        }
        kept++;
        return 0;
}

static int open_nothing(Connection *connection, Error *error) {
        return 0;
}

static void close_nothing(Connection *connection) {
}

static const DomainDefinitions definitions = {
        .define = define, .create = define, .undefine = undefine, .rename = rename_to,
};
static const DomainLifecycle lifecycle = { .start = start, .destroy = undefine };
static const HypervisorOps hypervisor = { .version = version };
static const NodeOps node = { .hostname = hostname };
static const Driver nothing = {
        .name = "Nothing", .id = "nothing", .keeps_files = true, .open = open_nothing,
        .close = close_nothing, .keep_live = keep_live, .definitions = &definitions,
        .lifecycle = &lifecycle, .hypervisor = &hypervisor, .node = &node,
};

/* ---- the story ---- */

static void hear(const Event *event, void *userdata) {
        size_t n = strlen(story);

        if (event->kind == EVENT_LIFECYCLE)
                snprintf(story + n, sizeof(story) - n, "(%d,%d)", event->type, event->detail);
        else if (event->kind == EVENT_CHANGED)
                snprintf(story + n, sizeof(story) - n, "~%jx", (intmax_t) event->number);
        else
                snprintf(story + n, sizeof(story) - n, "%c",
                         event->kind == EVENT_ATTACHED   ? '+'
                         : event->kind == EVENT_DETACHED ? '-'
                                                         : '?');
}

static void story_is(const char *expected) {
        CHECK_TEXT(story, expected);
        story[0] = 0;
}

static Connection *open_connection(Store **ret_store) {
        static const Settings settings = { .patience = 1000000 };
        Connection *connection;

        CHECK(store_new(false, folder, ret_store, NULL) >= 0);
        CHECK(connection_new(&nothing, &settings, loop, *ret_store, NULL, &connection, NULL) >= 0);
        CHECK(event_watch(&connection->hub, hear, NULL, NULL) >= 0);
        return connection;
}

static _printf_(1, 2) DomainConf *conf_of(const char *format, ...) {
        char *text;
        DomainConf *conf;
        Error error = {};
        va_list ap;

        va_start(ap, format);
        CHECK(vasprintf(&text, format, ap) >= 0);
        va_end(ap);
        if (conf_parse(text, 0, &conf, &error) < 0) {
                fprintf(stderr, "%s\n", error.message);
                CHECK(false);
        }
        free(text);
        return conf;
}

#define GUEST(name, uuid, memory)                                                                  \
        "<domain type='qemu'><name>" name "</name><uuid>" uuid "</uuid><memory>" memory            \
        "</memory>"                                                                                \
        "<os><type>hvm</type></os><devices><graphics type='vnc' "                                  \
        "passwd='secret'/></devices></domain>"
#define UUID_A "c7a5fdbd-edaf-9455-926a-d65c16db1801"
#define UUID_B "c7a5fdbd-edaf-9455-926a-d65c16db1802"
#define UUID_E "c7a5fdbd-edaf-9455-926a-d65c16db1805"

static Domain *must_define(Connection *connection, const char *xml) {
        _cleanup_(conf_freep) DomainConf *conf = conf_of("%s", xml);
        Domain *domain;

        CHECK(domain_define(connection, conf, &domain, NULL) >= 0);
        return domain;
}

static void must_refuse(Connection *connection, const char *xml, const char *words) {
        _cleanup_(conf_freep) DomainConf *conf = conf_of("%s", xml);
        _cleanup_(error_clear) Error error = {};

        CHECK(domain_define(connection, conf, NULL, &error) < 0);
        CHECK(strstr(error.message, words));
        story_is("");
}

static bool exists(Connection *connection, const char *file) {
        return store_exists(connection->store, STORE_CONFIG, file);
}

static void test_definitions(Connection *connection) {
        Domain *domain = must_define(connection, GUEST("a", UUID_A, "1000"));
        const char *xml;
        char *made = NULL;

        story_is("+(0,0)");
        CHECK(exists(connection, "nothing/" UUID_A ".xml"));
        CHECK(must_define(connection, GUEST("a", UUID_A, "2000")) == domain);
        story_is("(0,1)~20");
        must_refuse(connection, GUEST("b", UUID_A, "1"), "already defined with uuid");
        must_refuse(connection, GUEST("a", UUID_B, "1"), "already exists with uuid");
        CHECK(!exists(connection, "nothing/" UUID_B ".xml"));
        CHECK(connection->sets[RESOURCE_DOMAIN].n == 1);

        CHECK(domain_xml(domain, 0, &xml, &made, NULL) >= 0);
        CHECK(strstr(xml, "<memory unit='KiB'>2000</memory>") && !strstr(xml, "secret"));
        freep(&made);
        made = NULL;
        CHECK(domain_xml(domain, DOMAIN_XML_SECURE, &xml, &made, NULL) >= 0 &&
              strstr(xml, "secret"));
        CHECK(domain_xml(domain, 0, &xml, &made, NULL) >= 0);
        freep(&made);
}

static void test_changes(Connection *connection) {
        Domain *domain = domain_of(resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "a"));
        _cleanup_(error_clear) Error error = {};

        must_define(connection, GUEST("b", UUID_B, "1"));
        story_is("+(0,0)");
        CHECK(domain_rename(domain, "b", &error) < 0 && strstr(error.message, "already exists"));
        CHECK(domain_rename(domain, "not/this", NULL) < 0);
        CHECK(domain_rename(domain, "c", NULL) >= 0);
        story_is("(1,1)(0,2)~8");
        CHECK(resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "c") == &domain->resource);
        CHECK(strstr(domain->persistent.xml, "<name>c</name>"));

        CHECK(domain_set_autostart(domain, true, NULL) >= 0 &&
              domain_set_autostart(domain, true, NULL) >= 0);
        story_is("~2");
        CHECK(exists(connection, "nothing/autostart/" UUID_A ".xml"));
}

static void test_reload(void) {
        Store *store;
        Connection *connection = open_connection(&store);
        Resource *resource = resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "c");

        CHECK(connection->sets[RESOURCE_DOMAIN].n == 2 && resource);
        CHECK(domain_of(resource)->autostart);
        CHECK(domain_of(resource)->persistent.secret);
        CHECK_TEXT(domain_of(resource)->os_type, "hvm");
        connection_autostart(connection);
        story_is("~40(2,0)~45");
        CHECK(domain_of(resource)->id == 1 &&
              connection_domain_by_id(connection, 1) == domain_of(resource));
        connection_free(connection);
        store_free(store);

        connection = open_connection(&store);
        connection_autostart(connection);
        story_is(""); /* once per boot */
        connection_free(connection);
        store_free(store);
}

static void test_transient(Connection *connection) {
        _cleanup_(conf_freep) DomainConf *conf =
                conf_of(GUEST("t", "%s", "1"), "c7a5fdbd-edaf-9455-926a-d65c16db1803");
        _cleanup_(error_clear) Error error = {};
        Domain *domain, *again;

        CHECK(domain_create(connection, conf, &domain, NULL) >= 0);
        domain_starting(domain, 0);
        CHECK(!domain_is_active(domain) && domain_shown_id(domain) == 0);
        CHECK(domain_create(connection, conf, &again, &error) < 0);
        CHECK(domain_set_live(domain, conf, NULL) >= 0);
        domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        domain_started(domain, STARTED_BOOTED);
        story_is("+(2,0)~45");
        CHECK(domain_undefine(domain, 0, NULL) < 0 && domain_set_autostart(domain, true, NULL) < 0);
        resource_ref(&domain->resource);
        domain_stopped(domain, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        story_is("(5,1)~65-");
        CHECK(!domain->resource.attached);
        resource_unref(&domain->resource);

        /* a start that fails is no story */
        CHECK(domain_create(connection, conf, &domain, NULL) >= 0);
        domain_starting(domain, 0);
        domain_stopped(domain, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        story_is("");
        CHECK(!resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "t"));
}

static int describe(Domain *domain, const char *text, uint32_t flags, Error *error) {
        return metadata_change(domain, DOMAIN_METADATA_DESCRIPTION, text, NULL, NULL, flags, error);
}

/* A change of both definitions is made in both or in none. */
static void test_edits(Connection *connection) {
        const uint32_t both = DOMAIN_AFFECT_LIVE | DOMAIN_AFFECT_CONFIG;
        Domain *domain = must_define(connection, GUEST("e", UUID_E, "1"));
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *path = NULL;

        CHECK(domain_conf(domain, DOMAIN_PERSISTENT, &conf, NULL) >= 0);
        domain_starting(domain, 0);
        CHECK(domain_set_live(domain, conf, NULL) >= 0);
        domain_started(domain, STARTED_BOOTED);
        story[0] = 0;
        CHECK(describe(domain, "one", both, NULL) >= 0 && kept == 1);
        story_is("~20?");
        CHECK(strstr(domain->live.xml, ">one<") && strstr(domain->persistent.xml, ">one<"));

        refusals = 1;
        CHECK(describe(domain, "two", both, &error) < 0 && refusals == 0);
        CHECK(strstr(domain->live.xml, ">one<") && strstr(domain->persistent.xml, ">one<"));

        /* the file of the persistent one can't be written: what was kept is kept again as it was */
        path = store_path(connection->store, STORE_CONFIG, "nothing/" UUID_E ".xml");
        CHECK(path && unlink(path) == 0 && mkdir(path, 0700) == 0);
        kept = 0;
        CHECK(describe(domain, "three", both, NULL) < 0 && kept == 2);
        CHECK(strstr(domain->live.xml, ">one<") && strstr(domain->persistent.xml, ">one<"));
        CHECK(rmdir(path) == 0);
        story_is("");

        CHECK(describe(domain, "one", both, NULL) >= 0 && kept == 2); /* says what it said */
        CHECK(describe(domain, NULL, DOMAIN_AFFECT_CONFIG, NULL) >= 0 && kept == 2);
        CHECK(strstr(domain->live.xml, ">one<") && !strstr(domain->persistent.xml, ">one<"));
        domain_stopped(domain, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        CHECK(domain_undefine(domain, 0, NULL) >= 0);
        story[0] = 0;
}

#define SNAPSHOTS "nothing/snapshots/" UUID_A "/"

static void add_snapshot(Domain *domain, const char *text, bool current) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        Snapshot *snapshot;

        CHECK(snapshot_conf_parse(text, 0, &conf, NULL) >= 0);
        CHECK(snapshot_add(domain, conf, current, &snapshot, NULL) >= 0);
}

static bool state_exists(Connection *connection, const char *file) {
        return store_exists(connection->store, STORE_STATE, file);
}

static Domain *read_again(Store **ret_store, Connection **ret) {
        *ret = open_connection(ret_store);
        return domain_of(resource_set_by_name(&(*ret)->sets[RESOURCE_DOMAIN], "c"));
}

static void test_snapshots(Connection *connection) {
        ResourceSet *domains = &connection->sets[RESOURCE_DOMAIN];
        Domain *domain = domain_of(resource_set_by_name(domains, "c"));
        Connection *reader;
        Store *store;
        Snapshot *b;

        add_snapshot(domain, "<domainsnapshot><name>b</name><state>running</state>"
                             "</domainsnapshot>", false);
        add_snapshot(domain, "<domainsnapshot><name>a</name><parent><name>b</name></parent>"
                             "<state>shutoff</state></domainsnapshot>", true);
        story_is("++");
        CHECK(state_exists(connection, SNAPSHOTS "a.xml"));

        domain = read_again(&store, &reader);
        b = snapshot_by_name(domain, "b");
        CHECK(snapshot_count(domain) == 2 && b && b->state == DOMAIN_RUNNING);
        CHECK(snapshot_current(domain) == snapshot_by_name(domain, "a"));
        CHECK(snapshot_current(domain)->base == b && !strstr(b->text, "active"));
        CHECK(snapshot_remove(b, NULL) >= 0);
        story_is("-");
        CHECK(!state_exists(connection, SNAPSHOTS "b.xml"));
        CHECK(!snapshot_current(domain)->base);
        CHECK(snapshot_set_current(domain, NULL, NULL) >= 0);
        connection_free(reader);
        store_free(store);

        domain = read_again(&store, &reader);
        CHECK(snapshot_count(domain) == 1 && !snapshot_current(domain));
        connection_free(reader);
        store_free(store);
}

static void test_undefine(Connection *connection) {
        Domain *domain = domain_of(resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], "c"));

        CHECK(domain_undefine(domain, 0, NULL) < 0);
        CHECK(domain_undefine(domain, DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, NULL) >= 0);
        story_is("~2(1,0)---");
        CHECK(!state_exists(connection, SNAPSHOTS "a.xml"));
        CHECK(!exists(connection, "nothing/" UUID_A ".xml"));
        CHECK(!exists(connection, "nothing/autostart/" UUID_A ".xml"));
}

int main(void) {
        Store *store;

        CHECK(mkdtemp(folder) && sd_event_new(&loop) >= 0);
        Connection *connection = open_connection(&store);
        test_definitions(connection);
        test_changes(connection);
        test_reload();
        test_transient(connection);
        test_edits(connection);
        test_snapshots(connection);
        test_undefine(connection);
        connection_free(connection);
        store_free(store);
        sd_event_unref(loop);

        char command[128];
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command) == 0 ? 0 : 1;
}
