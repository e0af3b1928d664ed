/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection from opening to closing: its definitions are read back, and its driver finds running
 * guests again. */
#include "drivers/connection.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "drivers/driver.h"
#include "drivers/log.h"
#include "drivers/network.h"
#include "drivers/nwfilter.h"
#include "drivers/secret.h"
#include "drivers/storage.h"

#define DEFINITION_MAX (8u << 20) /* bytes of one file */

char *connection_file(Connection *connection, const char *format, ...) {
        _cleanup_(freep) char *name = NULL;
        char *file;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&name, format, ap);
        va_end(ap);
        if (n < 0) {
                name = NULL;
                return NULL;
        }
        return asprintf(&file, "%s/%s", connection->driver->id, name) < 0 ? NULL : file;
}

Domain *connection_domain_by_id(Connection *connection, uint32_t id) {
        for (size_t i = 0; i < connection->sets[RESOURCE_DOMAIN].n; i++) {
                Domain *domain = domain_of(connection->sets[RESOURCE_DOMAIN].items[i]);

                if (domain_is_active(domain) && domain_shown_id(domain) == id)
                        return domain;
        }
        return NULL;
}

/* ---- opening ---- */

static int load_definition(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL, *told = NULL;
        Connection *connection = userdata;
        _cleanup_(freep) char *file = connection_file(connection, "%s.xml", name);
        int r;

        if (!file)
                return -ENOMEM;
        r = store_read(connection->store, STORE_CONFIG, file, DEFINITION_MAX, &text, &error);
        if (r >= 0)
                r = domain_load(connection, text, NULL, &error);
        if (r < 0) {
                told = error_text(&error);
                log_message(LOG_ERR, "left alone: definition %s: %s", file,
                            told ?: "out of memory");
        }
        return r == -ENOMEM ? r : 0;
}

static int pass_over(const char *name, void *userdata) {
        return 0;
}

/* Also what a killed service left half done among the marks for autostart is cleared away. */
static int load_definitions(Connection *connection, Error *error) {
        _cleanup_(freep) char *marks = connection_file(connection, "autostart");
        int r;

        if (!marks)
                return fail_memory(error);
        r = store_list(connection->store, STORE_CONFIG, marks, "", pass_over, NULL, error);
        if (r < 0)
                return r;
        return store_list(connection->store, STORE_CONFIG, connection->driver->id, ".xml",
                          load_definition, connection, error);
}

static int load_others(Connection *connection, Error *error) {
        const Driver *driver = connection->driver;
        int r = driver->secrets ? secrets_load(connection, error) : 0;

        if (r >= 0 && driver->nwfilters)
                r = defined_load_all(connection, &nwfilter_kind_defined, error);
        if (r >= 0 && driver->nwfilters && driver->of_host)
                r = nwfilters_add_shipped(connection, error);
        if (r >= 0 && driver->networks)
                r = defined_load_all(connection, &network_kind_defined, error);
        if (r >= 0 && driver->storage)
                r = defined_load_all(connection, &pool_kind_defined, error);
        return r;
}

/* Keepers come first, and stay first. */
static void share(Connection *keeper, Connection *connection) {
        connection->keeper = keeper;
        while (keeper->sharing)
                keeper = keeper->sharing;
        keeper->sharing = connection;
}

static void unshare(Connection *connection) {
        Connection *before = connection->keeper;

        while (before && before->sharing != connection)
                before = before->sharing;
        if (before)
                before->sharing = connection->sharing;
}

static int open_others(Connection *connection, Error *error) {
        const NetworkOps *networks = connection->driver->networks;
        int r = connection->driver->keeps_files ? load_others(connection, error) : 0;

        return r < 0 || !networks || !networks->open ? r : networks->open(connection, error);
}

int connection_new(const Driver *driver, const Settings *settings, sd_event *event, Store *store,
                   Connection *keeper, Connection **ret, Error *error) {
        _cleanup_(connection_freep) Connection *connection = calloc(1, sizeof(*connection));
        int r = 0;

        if (!connection)
                return fail_memory(error);
        *connection = (Connection) {
                .driver = driver, .settings = settings, .event = event, .store = store,
        };
        driver_check(driver);

        if (keeper)
                share(keeper, connection);
        if (driver->keeps_files)
                r = load_definitions(connection, error);
        if (r >= 0 && !keeper)
                r = open_others(connection, error);
        if (r >= 0)
                r = driver->open(connection, error);
        if (r < 0)
                return r;
        *ret = TAKE(connection);
        return 0;
}

/* ---- closing ---- */

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;
        connection->autostarting = 0;
        unshare(connection);
        sd_event_source_disable_unref(connection->views);
        if (connection->data)
                connection->driver->close(connection);
        if (connection->networks)
                connection->driver->networks->close(connection);
        /* Children hold their parents: they go first. */
        for (size_t kind = _RESOURCE_KIND_MAX; kind > 0; kind--)
                resource_set_clear(&connection->sets[kind - 1]);
        event_hub_done(&connection->hub);
        free(connection);
        return NULL;
}
