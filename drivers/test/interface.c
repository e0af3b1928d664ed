/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host interfaces of the test driver, and the one transaction of changes that may be open. */
#include "drivers/interface.h"

#include <errno.h>
#include <string.h>

#include "conf/api.h"
#include "drivers/test/driver.h"

/* ---- definitions ---- */

static int take(Connection *connection, const char *xml, uint32_t flags, Defined **ret,
                Error *error) {
        _cleanup_(interface_conf_freep) InterfaceConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = interface_conf_parse(xml, flags & DEFINE_VALIDATE ? CONF_VALIDATE : 0, &conf,
                                     error);

        if (r >= 0 && !conf->top.name)
                r = fail(error, ERROR_XML, "an interface needs a name");
        if (r >= 0)
                r = interface_conf_print(conf, MAP_LIVE, &text, error);
        return r < 0 ? r
                     : host_interface_define(connection, conf->top.name, text, ret, error);
}

static int define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                  Error *error) {
        Defined *defined;
        int r = take(connection, xml, flags, &defined, error);

        if (r >= 0)
                job->result.resource = resource_ref(&defined->resource);
        return r;
}

/* Also an active one: it is forgotten whole. */
static int undefine(HostInterface *interface, Job *job, Error *error) {
        bool was_active = interface->defined.active;
        int r;

        interface->defined.active = false;
        r = defined_undefine(&interface->defined, error);
        if (r < 0)
                interface->defined.active = was_active;
        return r;
}

/* ---- active or not ---- */

static int start(HostInterface *interface, uint32_t flags, Job *job, Error *error) {
        int r = defined_need_inactive(&interface->defined, error);

        if (r >= 0)
                defined_started(&interface->defined);
        return r;
}

static int destroy(HostInterface *interface, uint32_t flags, Job *job, Error *error) {
        int r = defined_need_active(&interface->defined, error);

        if (r >= 0)
                defined_stopped(&interface->defined);
        return r;
}

/* ---- the transaction: what was there when it began ---- */

typedef struct Kept {
        char *name, *text;
        bool active;
} Kept;

struct TestTransaction {
        Kept *items;
        size_t n;
};

TestTransaction *test_transaction_free(TestTransaction *transaction) {
        if (!transaction)
                return NULL;
        for (size_t i = 0; i < transaction->n; i++) {
                free(transaction->items[i].name);
                free(transaction->items[i].text);
        }
        free(transaction->items);
        free(transaction);
        return NULL;
}

DEFINE_CLEANUP(TestTransaction *, test_transaction_free);

static int keep_all(const ResourceSet *set, TestTransaction *transaction) {
        transaction->items = calloc(set->n + 1, sizeof(*transaction->items));
        if (!transaction->items)
                return -ENOMEM;
        for (size_t i = 0; i < set->n; i++) {
                const Defined *defined = defined_of(set->items[i]);
                Kept *kept = &transaction->items[transaction->n++];

                *kept = (Kept) { .name = strdup(defined->resource.name),
                                 .text = strdup(defined->persistent), .active = defined->active };
                if (!kept->name || !kept->text)
                        return -ENOMEM;
        }
        return 0;
}

static int change_begin(Connection *connection, uint32_t flags, Job *job, Error *error) {
        _cleanup_(test_transaction_freep) TestTransaction *transaction = NULL;
        TestDriver *driver = test_driver_of(connection);

        if (driver->transaction)
                return fail(error, ERROR_OPERATION_INVALID,
                            "there is another transaction running");
        transaction = calloc(1, sizeof(*transaction));
        if (!transaction || keep_all(&connection->sets[RESOURCE_INTERFACE], transaction) < 0)
                return fail_memory(error);
        driver->transaction = TAKE(transaction);
        return DONE;
}

static int need_transaction(Connection *connection, const char *what, Error *error) {
        return test_driver_of(connection)->transaction
                       ? 0
                       : fail(error, ERROR_OPERATION_INVALID,
                              "no transaction running, nothing to %s", what);
}

static int change_commit(Connection *connection, uint32_t flags, Job *job, Error *error) {
        TestDriver *driver = test_driver_of(connection);
        int r = need_transaction(connection, "be committed", error);

        driver->transaction = test_transaction_free(driver->transaction);
        return r;
}

static bool was_there(const TestTransaction *transaction, const char *name) {
        for (size_t i = 0; i < transaction->n; i++)
                if (strcmp(transaction->items[i].name, name) == 0)
                        return true;
        return false;
}

static int bring_back(Connection *connection, const Kept *kept, Error *error) {
        Resource *resource =
                resource_set_by_name(&connection->sets[RESOURCE_INTERFACE], kept->name);
        Defined *defined = resource ? defined_of(resource) : NULL;
        int r = 0;

        if (!defined || strcmp(defined->persistent, kept->text) != 0)
                r = host_interface_define(connection, kept->name, kept->text, &defined, error);
        if (r < 0)
                return r;
        if (kept->active && !defined->active)
                defined_started(defined);
        else if (!kept->active && defined->active)
                defined_stopped(defined);
        return 0;
}

static int change_rollback(Connection *connection, uint32_t flags, Job *job, Error *error) {
        ResourceSet *set = &connection->sets[RESOURCE_INTERFACE];
        TestDriver *driver = test_driver_of(connection);
        int r = need_transaction(connection, "rollback", error);

        for (size_t i = set->n; r >= 0 && i > 0; i--)
                if (!was_there(driver->transaction, set->items[i - 1]->name))
                        r = undefine(host_interface_of(set->items[i - 1]), NULL, error);
        for (size_t i = 0; r >= 0 && i < driver->transaction->n; i++)
                r = bring_back(connection, &driver->transaction->items[i], error);
        if (r >= 0)
                driver->transaction = test_transaction_free(driver->transaction);
        return r;
}

const InterfaceOps test_interfaces = {
        .define = define,
        .undefine = undefine,
        .start = start,
        .destroy = destroy,
        .change_begin = change_begin,
        .change_commit = change_commit,
        .change_rollback = change_rollback,
};

/* ---- the world at the start ---- */

int test_interfaces_populate(Connection *connection, Error *error) {
        static const char xml[] =
                "<interface type='ethernet' name='eth1'>"
                "  <start mode='onboot'/>"
                "  <mac address='aa:bb:cc:dd:ee:ff'/>"
                "  <mtu size='1492'/>"
                "  <protocol family='ipv4'>"
                "    <ip address='192.168.0.5' prefix='24'/>"
                "    <route gateway='192.168.0.1'/>"
                "  </protocol>"
                "</interface>";
        Defined *defined;
        int r = take(connection, xml, 0, &defined, error);

        if (r >= 0)
                defined_started(defined);
        return r;
}
