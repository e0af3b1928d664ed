/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A driver whose guests exist in memory only, and a client that calls: for tests of the bus's side.
 *
 * A start with DOMAIN_START_PAUSED stays pending until toy_finish(), and so does the question for
 * what only a hypervisor knows of a running guest. It can't suspend. */
#pragma once

#include <systemd/sd-bus.h>

#include "check.h"
#include "drivers/driver.h"
#include "objects/tree.h"

#define TOY_PATH "/org/libvirt/Toy"
#define TOY_UUID "c7a5fdbd-edaf-9455-926a-d65c16db180"
#define TOY_DOMAIN TOY_PATH "/domain/_c7a5fdbd_edaf_9455_926a_d65c16db180"

static char toy_story[1024]; /* what was asked of the driver, in order */
static Job *toy_pending;
static sd_event *toy_loop;
static char toy_folder[] = "/tmp/virtbus-toy-XXXXXX";

static void toy_tell(const char *what, const Domain *domain) {
        size_t n = strlen(toy_story);

        snprintf(toy_story + n, sizeof(toy_story) - n, "%s%s %s", n > 0 ? ", " : "", what,
                 domain->resource.name);
}

static _unused_ void toy_story_is(const char *expected) {
        CHECK_TEXT(toy_story, expected);
        toy_story[0] = 0;
}

/* ---- the driver ---- */

static int toy_define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                      Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Domain *domain;
        int r = conf_parse(xml, 0, &conf, error);

        if (r >= 0)
                r = domain_define(connection, conf, &domain, error);
        if (r < 0)
                return r;
        job->result.resource = resource_ref(&domain->resource);
        return DONE;
}

static int toy_undefine(Domain *domain, uint32_t flags, Job *job, Error *error) {
        toy_tell("undefine", domain);
        return domain_undefine(domain, flags, error);
}

static int toy_rename(Domain *domain, const char *name, Job *job, Error *error) {
        return domain_rename(domain, name, error);
}

static void toy_run(Domain *domain, uint32_t flags) {
        domain_starting(domain, flags);
        domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        domain_started(domain, STARTED_BOOTED);
}

static int toy_start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        toy_tell("start", domain);
        if (domain_is_active(domain))
                return fail(error, ERROR_OPERATION_INVALID, "domain is already running");
        if (flags & DOMAIN_START_PAUSED) {
                CHECK(!toy_pending);
                toy_pending = job;
                return PENDING;
        }
        toy_run(domain, flags);
        return DONE;
}

static _unused_ void toy_finish(int result) {
        Error error = {};
        Job *job = TAKE(toy_pending);

        CHECK(job);
        if (result < 0)
                (void) fail(&error, ERROR_OPERATION_FAILED, "it was told to");
        job_done(job, result, &error);
        error_clear(&error);
}

static int toy_destroy(Domain *domain, uint32_t flags, Job *job, Error *error) {
        toy_tell("destroy", domain);
        if (domain_is_active(domain))
                domain_stopped(domain, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        return DONE;
}

static void toy_stats(Domain *domain, uint32_t stats, uint32_t flags, Values *values,
                      size_t head) {
        values_named(values, head, NAMED_INT(domain->state), "state.state");
}

static int toy_query_stats(Domain *domain, uint32_t stats, uint32_t flags, Job *job,
                           Error *error) {
        toy_tell("ask", domain);
        values_named(&job->result.values, values_array(&job->result.values), NAMED_ULLONG(7),
                     "cpu.time");
        CHECK(!toy_pending);
        toy_pending = job;
        return PENDING;
}

static uint64_t toy_version(Connection *connection) {
        return 1002003;
}

static int toy_cpu_models(Connection *connection, const char *arch, uint32_t flags, Job *job,
                          Error *error) {
        job->result.text = strdup("one\ntwo\n");
        return DONE;
}

static char *toy_hostname(Connection *connection) {
        return strdup("toybox");
}

static int toy_open(Connection *connection, Error *error) {
        return 0;
}

static void toy_close(Connection *connection) {
}

static const DomainDefinitions toy_definitions = {
        .define = toy_define, .create = toy_define, .undefine = toy_undefine, .rename = toy_rename,
};
static const DomainLifecycle toy_lifecycle = { .start = toy_start, .destroy = toy_destroy };
static const DomainStatistics toy_statistics = { .append = toy_stats, .query = toy_query_stats,
                                                 .groups = 3 };
static const HypervisorOps toy_hypervisor = {.version = toy_version, .cpu_models = toy_cpu_models};
static const NodeOps toy_node = { .hostname = toy_hostname };
static const Driver toy_driver = {
        .name = "Toy", .id = "toy", .open = toy_open, .close = toy_close,
        .definitions = &toy_definitions, .lifecycle = &toy_lifecycle,
        .statistics = &toy_statistics, .hypervisor = &toy_hypervisor,
        .node = &toy_node,
};

/* ---- a connection with three domains: a, b, c ---- */

static Connection *toy_connection(Store **ret_store) {
        static const Settings settings = { .patience = 1000000 };
        Connection *connection;
        char xml[512];

        CHECK(mkdtemp(toy_folder));
        CHECK(store_new(false, toy_folder, ret_store, NULL) >= 0);
        CHECK(connection_new(&toy_driver, &settings, toy_loop, *ret_store, NULL, &connection,
                             NULL) >= 0);
        for (char name = 'a'; name <= 'c'; name++) {
                Job job = {};

                snprintf(xml, sizeof(xml), "<domain type='qemu'><name>%c</name><uuid>" TOY_UUID
                         "%c</uuid><memory>1000</memory><os><type>hvm</type></os></domain>",
                         name, name - 'a' + '1');
                CHECK(toy_define(connection, xml, 0, &job, NULL) == DONE);
                job_result_clear(&job.result);
        }
        return connection;
}

/* A folder that mkdtemp() named. */
static void toy_remove(const char *folder) {
        char command[128];

        snprintf(command, sizeof(command), "rm -r %s", folder);
        CHECK(system(command) == 0);
}

/* ---- a client ---- */

static int toy_replied(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(reply);
        return 0;
}

static void toy_turn(void) {
        CHECK(sd_event_run(toy_loop, 10 * UINT64_C(1000000)) > 0);
}

/* Sends a call; its reply will be put in *ret. signature and values as for
 * sd_bus_message_append(). */
static _unused_ void toy_begin(sd_bus *client, sd_bus_message **ret, const char *path,
                               const char *interface, const char *member, const char *signature,
                               ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const char *service = sd_bus_is_bus_client(client) > 0 ? "org.libvirt" : NULL;
        va_list ap;

        *ret = NULL;
        CHECK(sd_bus_message_new_method_call(client, &call, service, path, interface, member) >= 0);
        va_start(ap, signature);
        CHECK(sd_bus_message_appendv(call, signature, ap) >= 0);
        va_end(ap);
        CHECK(sd_bus_call_async(client, NULL, call, toy_replied, ret, 0) >= 0);
}

static _unused_ sd_bus_message *toy_wait(sd_bus_message **reply) {
        while (!*reply)
                toy_turn();
        return *reply;
}

#define toy_call(client, ...)                             \
        ({                                                \
                sd_bus_message *_reply;                   \
                toy_begin(client, &_reply, __VA_ARGS__);  \
                toy_wait(&_reply);                        \
        })

static _unused_ void toy_succeeds(sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        if (error)
                fprintf(stderr, "%s: %s\n", error->name, error->message);
        CHECK(!error);
        sd_bus_message_unref(reply);
}

static _unused_ void toy_fails(sd_bus_message *reply, const char *name, const char *text) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        CHECK(error);
        CHECK_TEXT(error->name, name);
        if (!strstr(error->message, text))
                CHECK_TEXT(error->message, text);
        sd_bus_message_unref(reply);
}
