/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not a domain, in files: networks for all kinds, filters, secrets with their values, and
 * what is found after a kill -9 at any moment. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "conf/api.h"
#include "drivers/network.h"
#include "drivers/nwfilter.h"
#include "drivers/secret.h"
#include "drivers/test/driver.h"
#include "ops.h"
#include "story.h"

static sd_event *loop;
static char folder[] = "/tmp/virtbus-defined-XXXXXX";

/* ---- a driver with files that can only define ---- */

static uint64_t version(Connection *connection) {
        return 1;
}

static char *hostname(Connection *connection) {
        return NULL;
}

static int open_nothing(Connection *connection, Error *error) {
        return 0;
}

static void close_nothing(Connection *connection) {
}

static Driver nothing = {
        .name = "Nothing", .id = "nothing", .keeps_files = true, .open = open_nothing,
        .close = close_nothing, .networks = &test_networks, .nwfilters = &nwfilter_ops,
        .secrets = &secret_ops,
};
static const HypervisorOps hypervisor = { .version = version };
static const NodeOps node = { .hostname = hostname };

static Connection *open_connection(Store **ret_store) {
        static const Settings settings = { .patience = 1000000 };
        Connection *connection;

        nothing.definitions = test_driver.definitions;
        nothing.lifecycle = test_driver.lifecycle;
        nothing.hypervisor = &hypervisor;
        nothing.node = &node;
        CHECK(store_new(false, folder, ret_store, NULL) >= 0);
        CHECK(connection_new(&nothing, &settings, loop, *ret_store, NULL, &connection, NULL) >= 0);
        CHECK(event_watch(&connection->hub, story_hear, NULL, NULL) >= 0);
        return connection;
}

static void close_connection(Connection *connection, Store *store) {
        ops_done();
        connection_free(connection);
        store_free(store);
}

static bool exists(Connection *connection, const char *file) {
        return store_exists(connection->store, STORE_CONFIG, file);
}

static Defined *find(Connection *connection, ResourceKind kind, const char *name) {
        Resource *resource = resource_set_by_name(&connection->sets[kind], name);

        return resource ? defined_of(resource) : NULL;
}

#define UUID_A "c7a5fdbd-edaf-9455-926a-d65c16db1801"
#define UUID_B "c7a5fdbd-edaf-9455-926a-d65c16db1802"
#define UUID_C "c7a5fdbd-edaf-9455-926a-d65c16db1803"

/* ---- networks ---- */

#define NETWORK(name, uuid, bridge)                                                        \
        "<network><name>" name "</name><uuid>" uuid "</uuid><bridge name='" bridge "'/>"   \
        "<ip address='10.0.0.1' netmask='255.255.255.0'/></network>"

static void test_network_files(Connection *connection) {
        Defined *a;

        MUST(test_networks.define, connection, NETWORK("a", UUID_A, "br0"));
        STORY("+a a(0)");
        a = find(connection, RESOURCE_NETWORK, "a");
        CHECK(exists(connection, "nothing/networks/" UUID_A ".xml"));
        CHECK_TEXT(network_of(&a->resource)->bridge, "br0");

        REFUSED(ERROR_OPERATION_FAILED, "already exists with uuid", test_networks.define,
                connection, NETWORK("a", UUID_B, "br1"));
        REFUSED(ERROR_OPERATION_FAILED, "already defined with uuid", test_networks.define,
                connection, NETWORK("b", UUID_A, "br1"));
        CHECK(!exists(connection, "nothing/networks/" UUID_B ".xml"));
        STORY("");

        CHECK(defined_set_autostart(a, true, NULL) >= 0);
        CHECK(defined_set_autostart(a, true, NULL) >= 0);
        STORY("a~2");
        CHECK(exists(connection, "nothing/networks/autostart/" UUID_A ".xml"));
}

/* What runs keeps what it was started with, and takes over the new definition when it stops. */
static void test_live_and_persistent(Connection *connection) {
        Network *a = network_of(&find(connection, RESOURCE_NETWORK, "a")->resource);
        char *text;

        MUST(test_networks.start, a);
        STORY("a(2) a~1");
        REFUSED(ERROR_OPERATION_INVALID, "network 'a' is already active", test_networks.start, a);
        MUST(test_networks.define, connection, NETWORK("a", UUID_A, "br9"));
        STORY("a(0)");
        CHECK_TEXT(a->bridge, "br0");
        CHECK(network_xml(a, 0, &text, NULL) >= 0 && strstr(text, "br0"));
        free(text);
        CHECK(network_xml(a, XML_INACTIVE, &text, NULL) >= 0 && strstr(text, "br9"));
        free(text);
        REFUSED(ERROR_OPERATION_INVALID, "still running", test_networks.undefine, a);
        MUST(test_networks.destroy, a);
        STORY("a(3) a~1");
        CHECK_TEXT(a->bridge, "br9");
        REFUSED(ERROR_OPERATION_INVALID, "network 'a' is not active", test_networks.destroy, a);
}

static void test_transient(Connection *connection) {
        Defined *t;

        MUST(test_networks.create, connection, NETWORK("t", UUID_C, "br3"));
        STORY("+t t(2) t~1");
        t = find(connection, RESOURCE_NETWORK, "t");
        CHECK(!t->persistent && !exists(connection, "nothing/networks/" UUID_C ".xml"));
        CHECK(defined_set_autostart(t, true, NULL) < 0 && defined_undefine(t, NULL) < 0);
        REFUSED(ERROR_OPERATION_INVALID, "network is already active as 't'", test_networks.create,
                connection, NETWORK("t", UUID_C, "br3"));

        /* becomes persistent, and then transient again, while it runs */
        MUST(test_networks.define, connection, NETWORK("t", UUID_C, "br4"));
        STORY("t(0) t~10");
        CHECK(exists(connection, "nothing/networks/" UUID_C ".xml"));
        CHECK(defined_undefine(t, NULL) >= 0);
        STORY("t(1) t~10");
        CHECK(!exists(connection, "nothing/networks/" UUID_C ".xml"));
        MUST(test_networks.destroy, network_of(&t->resource));
        STORY("t(3) t~1 -t");
        CHECK(!find(connection, RESOURCE_NETWORK, "t"));
}

static void test_start_failed(Connection *connection) {
        Defined *defined;
        Uuid uuid;

        CHECK(uuid_parse(UUID_C, &uuid) >= 0);
        DefinedIdentity who = { .name = "f", .uuid = uuid };
        CHECK(defined_create(connection, &network_kind_defined, &who, NETWORK("f", UUID_C, "br1"),
                             &defined, NULL) >= 0);
        defined_start_failed(defined);
        CHECK(!find(connection, RESOURCE_NETWORK, "f"));

        CHECK(uuid_parse(UUID_A, &uuid) >= 0);
        who = (DefinedIdentity) { .name = "a", .uuid = uuid };
        CHECK(defined_create(connection, &network_kind_defined, &who, NETWORK("a", UUID_A, "br2"),
                             &defined, NULL) >= 0);
        CHECK_TEXT(network_of(&defined->resource)->bridge, "br2");
        defined_start_failed(defined);
        CHECK_TEXT(network_of(&defined->resource)->bridge, "br9");
        STORY("");
}

/* A file system that refuses: nothing has changed. */
static void test_no_space(Connection *connection) {
        _cleanup_(freep) char *path = store_path(connection->store, STORE_CONFIG,
                                                 "nothing/networks/" UUID_A ".xml");
        Defined *a = find(connection, RESOURCE_NETWORK, "a");

        CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
        REFUSED(ERROR_SYSTEM, "cannot replace", test_networks.define, connection,
                NETWORK("a", UUID_A, "br7"));
        CHECK(strstr(a->persistent, "br9"));
        CHECK_TEXT(network_of(&a->resource)->bridge, "br9");
        STORY("");
        CHECK(rmdir(path) == 0);
        MUST(test_networks.define, connection, NETWORK("a", UUID_A, "br9"));
        STORY("a(0)");
}

/* ---- filters ---- */

#define FILTER(name, more) "<filter name='" name "' chain='root'>" more "</filter>"
#define REF(name) "<filterref filter='" name "'/>"

static void test_filters(Connection *connection) {
        Defined *low;

        MUST(nwfilter_ops.define, connection, FILTER("low", ""));
        MUST(nwfilter_ops.define, connection, FILTER("mid", REF("low")));
        MUST(nwfilter_ops.define, connection, FILTER("high", REF("mid") REF("low") REF("later")));
        STORY("+low low(0) +mid mid(0) +high high(0)");
        low = find(connection, RESOURCE_NWFILTER, "low");

        REFUSED(ERROR_OPERATION_FAILED, "loop", nwfilter_ops.define, connection,
                FILTER("self", REF("self")));
        REFUSED(ERROR_OPERATION_FAILED, "loop", nwfilter_ops.define, connection,
                FILTER("later", REF("high")));
        REFUSED(ERROR_OPERATION_FAILED, "already exists", nwfilter_ops.define, connection,
                FILTER("low", ""));
        REFUSED(ERROR_OPERATION_INVALID, "nwfilter 'low' is in use by nwfilter 'mid'",
                nwfilter_ops.undefine, low);
        MUST(nwfilter_ops.undefine, find(connection, RESOURCE_NWFILTER, "high"));
        MUST(nwfilter_ops.undefine, find(connection, RESOURCE_NWFILTER, "mid"));
        MUST(nwfilter_ops.undefine, low);
        STORY("high(1) -high mid(1) -mid low(1) -low");
        MUST(nwfilter_ops.define, connection, FILTER("kept", ""));
        STORY("+kept kept(0)");
}

/* ---- secrets ---- */

#define SECRET_XML(uuid, attributes, usage)                                              \
        "<secret " attributes "><uuid>" uuid "</uuid><usage type='ceph'><name>" usage    \
        "</name></usage></secret>"

static void value_is(Secret *secret, const char *expected, size_t size) {
        MUST(secret_ops.get_value, secret, 0);
        CHECK(job.result.values.n == 1 && job.result.values.items[0].type == VALUE_BYTES);
        CHECK(job.result.values.items[0].bytes.size == size);
        CHECK(size == 0 || memcmp(job.result.values.items[0].bytes.data, expected, size) == 0);
}

static void test_secrets(Connection *connection) {
        Secret *a;
        struct stat st;

        MUST(secret_ops.define, connection, SECRET_XML(UUID_A, "", "one"), 0);
        STORY("+" UUID_A " " UUID_A "(0)");
        a = secret_by_usage(connection, SECRET_CEPH, "one");
        CHECK(a && !secret_by_usage(connection, SECRET_VOLUME, "one"));
        REFUSED(ERROR_NO_SECRET, "does not have a value", secret_ops.get_value, a, 0);
        MUST(secret_ops.set_value, a, "\0\1\377z", 4, 0);
        value_is(a, "\0\1\377z", 4);

        _cleanup_(freep) char *path = store_path(connection->store, STORE_CONFIG,
                                                 "nothing/secrets/" UUID_A ".base64");
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
        REFUSED(ERROR_INVALID_ARG, "at most", secret_ops.set_value, a, path, SECRET_VALUE_MAX + 1,
                0);
        REFUSED(ERROR_OPERATION_FAILED, "already defined for use", secret_ops.define, connection,
                SECRET_XML(UUID_B, "", "one"), 0);
        REFUSED(ERROR_OPERATION_FAILED, "already defined for use", secret_ops.define, connection,
                SECRET_XML(UUID_A, "", "two"), 0);
        MUST(secret_ops.define, connection, SECRET_XML(UUID_A, "private='yes'", "one"), 0);
        REFUSED(ERROR_INVALID_SECRET, "secret is private", secret_ops.get_value, a, 0);
        REFUSED(ERROR_OPERATION_INVALID, "private flag", secret_ops.define, connection,
                SECRET_XML(UUID_A, "", "one"), 0);
        CHECK(a->value && a->size == 4);
        STORY(UUID_A "(0)");
}

/* Between memory and files, in both directions. */
static void test_ephemeral(Connection *connection) {
        Secret *b;

        MUST(secret_ops.define, connection, SECRET_XML(UUID_B, "ephemeral='yes'", "two"), 0);
        b = secret_by_usage(connection, SECRET_CEPH, "two");
        MUST(secret_ops.set_value, b, "two", 3, 0);
        CHECK(!exists(connection, "nothing/secrets/" UUID_B ".xml") &&
              !exists(connection, "nothing/secrets/" UUID_B ".base64"));
        MUST(secret_ops.define, connection, SECRET_XML(UUID_B, "", "two"), 0);
        CHECK(exists(connection, "nothing/secrets/" UUID_B ".xml") &&
              exists(connection, "nothing/secrets/" UUID_B ".base64"));
        value_is(b, "two", 3);
        MUST(secret_ops.define, connection, SECRET_XML(UUID_B, "ephemeral='yes'", "two"), 0);
        CHECK(!exists(connection, "nothing/secrets/" UUID_B ".xml") &&
              !exists(connection, "nothing/secrets/" UUID_B ".base64"));
        value_is(b, "two", 3);
        story[0] = 0;
        MUST(secret_ops.undefine, b);
        STORY(UUID_B "(1) -" UUID_B);
}

/* ---- what a new service finds ---- */

static void test_reload(void) {
        Store *store;
        Connection *connection = open_connection(&store);
        Defined *a = find(connection, RESOURCE_NETWORK, "a");

        CHECK(a && a->autostart && !a->active && connection->sets[RESOURCE_NETWORK].n == 1);
        CHECK_TEXT(network_of(&a->resource)->bridge, "br9");
        CHECK(find(connection, RESOURCE_NWFILTER, "kept"));
        CHECK(connection->sets[RESOURCE_SECRET].n == 1);
        Secret *secret = secret_by_usage(connection, SECRET_CEPH, "one");
        CHECK(secret && secret->private && secret->size == 4);
        CHECK(memcmp(secret->value, "\0\1\377z", 4) == 0);
        STORY("");
        connection_autostart(connection);
        STORY("a(2) a~1");
        MUST(test_networks.destroy, network_of(&a->resource));
        connection_autostart(connection); /* once per boot */
        STORY("a(3) a~1");
        MUST(test_networks.undefine, network_of(&a->resource));
        STORY("a~2 a(1) -a");
        CHECK(!exists(connection, "nothing/networks/autostart/" UUID_A ".xml"));
        close_connection(connection, store);
}

static Job *held;
static bool domain_ran;

static int hold(Network *network, Job *its_job, Error *error) {
        held = its_job;
        return PENDING;
}

static int run_domain(Domain *domain, uint32_t flags, Job *its_job, Error *error) {
        domain_ran = true;
        return DONE;
}

/* A marked domain waits for marked networks, also for one that fails. */
static void test_autostart_order(void) {
        NetworkOps slow = test_networks;
        DomainLifecycle lifecycle = *test_driver.lifecycle;
        _cleanup_(error_clear) Error failure = {};
        Store *store;
        Connection *connection = open_connection(&store);
        DomainConf *conf;
        Domain *domain;

        slow.start = hold;
        lifecycle.start = run_domain;
        nothing.networks = &slow;
        nothing.lifecycle = &lifecycle;
        CHECK(store_remove(store, STORE_RUNTIME, "nothing/autostarted", NULL) >= 0);
        CHECK(conf_parse("<domain type='qemu'><name>d</name><memory>1</memory><os><type>hvm"
                         "</type></os></domain>", 0, &conf, NULL) >= 0);
        CHECK(domain_define(connection, conf, &domain, NULL) >= 0);
        conf_free(conf);
        MUST(slow.define, connection, NETWORK("a", UUID_A, "br9"));
        CHECK(domain_set_autostart(domain, true, NULL) >= 0);
        CHECK(defined_set_autostart(find(connection, RESOURCE_NETWORK, "a"), true, NULL) >= 0);

        connection_autostart(connection);
        CHECK(held && !domain_ran);
        job_done(held, fail(&failure, ERROR_OPERATION_FAILED, "no bridge"), &failure);
        CHECK(domain_ran);
        CHECK(domain_undefine(domain, 0, NULL) >= 0);
        CHECK(defined_undefine(find(connection, RESOURCE_NETWORK, "a"), NULL) >= 0);
        nothing.networks = &test_networks;
        close_connection(connection, store);
        story[0] = 0;
}

static void test_bad_files(void) {
        Store *store;
        Connection *connection = open_connection(&store);
        const char *const files[] = {
                "nothing/secrets/" UUID_B ".base64", "nothing/secrets/" UUID_C ".xml",
                "nothing/secrets/" UUID_C ".base64", "nothing/secrets/" UUID_A ".base64",
        };

        for (size_t i = 0; i < ELEMENTS(files); i++)
                CHECK(store_write(store, STORE_CONFIG, files[i], "***", NULL) >= 0);
        close_connection(connection, store);

        connection = open_connection(&store);
        CHECK(connection->sets[RESOURCE_SECRET].n == 1);
        CHECK(!secret_by_usage(connection, SECRET_CEPH, "one")->value);
        CHECK(!exists(connection, files[0])); /* nobody's */
        CHECK(exists(connection, files[1]) && exists(connection, files[2]));
        CHECK(store_remove(store, STORE_CONFIG, files[1], NULL) >= 0);
        CHECK(store_remove(store, STORE_CONFIG, files[3], NULL) >= 0);
        close_connection(connection, store);
}

/* ---- kill -9 ---- */

static const char *const values[] = { "the first value", "another, which is longer", "x" };

/* Changes one secret and one network for ever. */
static void change_for_ever(unsigned seed) {
        Store *store;
        Connection *connection = open_connection(&store);

        for (unsigned i = seed;; i++) {
                Secret *c;

                if (secret_ops.define(connection, SECRET_XML(UUID_C, "", "three"), 0, fresh(),
                                      &problem) < 0)
                        _exit(1);
                c = secret_by_usage(connection, SECRET_CEPH, "three");
                if (secret_ops.set_value(c, values[i % 3], strlen(values[i % 3]), 0, fresh(),
                                         &problem) < 0)
                        _exit(1);
                if (i % 2 && secret_ops.undefine(c, fresh(), &problem) < 0)
                        _exit(1);
                if (test_networks.define(connection, NETWORK("k", UUID_C, "br5"), fresh(),
                                         &problem) < 0)
                        _exit(1);
                Defined *k = find(connection, RESOURCE_NETWORK, "k");
                if (defined_set_autostart(k, true, &problem) < 0 ||
                    defined_undefine(k, &problem) < 0)
                        _exit(1);
                story[0] = 0;
        }
}

static int count(const char *name, void *userdata) {
        (*(size_t *) userdata)++;
        return 0;
}

static void check_what_is_there(void) {
        Store *store;
        Connection *connection = open_connection(&store);
        Secret *c = secret_by_usage(connection, SECRET_CEPH, "three");
        bool known = !c || !c->value;
        size_t n = 0;

        for (size_t i = 0; c && c->value && i < ELEMENTS(values); i++)
                known = known || (c->size == strlen(values[i]) &&
                                  memcmp(c->value, values[i], c->size) == 0);
        CHECK(known);
        CHECK(exists(connection, "nothing/secrets/" UUID_C ".xml") == (c != NULL));
        CHECK(exists(connection, "nothing/secrets/" UUID_C ".base64") == (c && c->value));
        CHECK(store_list(store, STORE_CONFIG, "nothing/secrets", "~", count, &n, NULL) >= 0);
        CHECK(store_list(store, STORE_CONFIG, "nothing/networks", "~", count, &n, NULL) >= 0);
        CHECK(n == 0);

        Defined *k = find(connection, RESOURCE_NETWORK, "k");
        bool marked = exists(connection, "nothing/networks/autostart/" UUID_C ".xml");
        CHECK(exists(connection, "nothing/networks/" UUID_C ".xml") == (k != NULL));
        CHECK(marked == (k && k->autostart));
        close_connection(connection, store);
}

static void test_kill(void) {
        for (unsigned i = 0; i < 40; i++) {
                pid_t pid = fork();
                int status;

                CHECK(pid >= 0);
                if (pid == 0)
                        change_for_ever(i);
                usleep(2000 + i * 1370 % 23000);
                CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
                CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                check_what_is_there();
        }
}

int main(void) {
        Store *store;
        char command[128];

        CHECK(mkdtemp(folder) && sd_event_new(&loop) >= 0);
        Connection *connection = open_connection(&store);
        test_network_files(connection);
        test_live_and_persistent(connection);
        test_transient(connection);
        test_start_failed(connection);
        test_no_space(connection);
        test_filters(connection);
        test_secrets(connection);
        test_ephemeral(connection);
        close_connection(connection, store);
        test_reload();
        test_autostart_order();
        test_bad_files();
        test_kill();
        sd_event_unref(loop);
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command) == 0 ? 0 : 1;
}
