/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus.Connect: what org.libvirt.Connect lacks. */
#include "objects/connect.h"

#include "conf/api-domain.h"

/* From now on the caller's errors carry (s a{sv}) instead of (s). Why that has to be asked for:
 * docs/decisions.md. */
static int set_error_details(Request *request, Error *error) {
        Client *client;
        int enabled, r;

        r = request_read(request, error, &enabled);
        if (r < 0)
                return r;
        client = client_of(request->object.tree->clients, request->message);
        if (!client)
                return fail_memory(error);
        client->details = enabled;
        return DONE;
}

/* format, then a configuration or a document; flags: none yet. */
static int from_native(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *format, *config;
        int r = request_read(request, error, &format, &config, NULL);

        if (r < 0)
                return r;
        return connection->driver->native->from_native(connection, format, config, request->flags,
                                                       &request->job, error);
}

static int to_native(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *format, *xml;
        int r = request_read(request, error, &format, &xml, NULL);

        if (r < 0)
                return r;
        return connection->driver->native->to_native(connection, format, xml, request->flags,
                                                     &request->job, error);
}

/* ---- a migration's other side: asked by the service that sends ---- */

static int migrate_prepare(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *xml, *listen;
        int r = request_read(request, error, &xml, &listen, NULL);

        if (r < 0)
                return r;
        return connection->driver->migration->prepare(connection, xml, listen, request->flags,
                                                      &request->job, error);
}

static int migrate_finish(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *uuid;
        int r = request_read(request, error, &uuid, NULL);

        if (r < 0)
                return r;
        return connection->driver->migration->finish(connection, uuid, request->flags,
                                                     &request->job, error);
}

/* clang-format off */
#define MIGRATION(member) { true, offsetof(Driver, migration), offsetof(DomainMigration, member) }
#define MIGRATING NEEDS({ "domain:migrate" }, { "domain:write" }, { "domain:start" })
#define NATIVE(member) { true, offsetof(Driver, native), offsetof(NativeOps, member) }


static const Method methods[] = {
        { "DomainXMLFromNative", "ssu", "s", "format\0config\0flags\0xml\0",
          "virConnectDomainXMLFromNative", MAY("connect:write"), NATIVE(from_native), 0,
          from_native },
        { "DomainXMLToNative", "ssu", "s", "format\0xml\0flags\0config\0",
          "virConnectDomainXMLToNative", MAY("connect:write"), NATIVE(to_native), 0, to_native },
        { "MigrateFinish", "su", "", "uuid\0flags\0", "MigrateFinish", MIGRATING,
          MIGRATION(finish), MIGRATE_PERSIST_DEST, migrate_finish },
        { "MigratePrepare", "ssu", "s", "xml\0listen\0flags\0address\0", "MigratePrepare",
          MIGRATING, MIGRATION(prepare), DOMAIN_START_PAUSED | DOMAIN_START_AUTODESTROY,
          migrate_prepare, STARTS },
        { "SetErrorDetails", "b", "", "enabled\0", "SetErrorDetails", MAY("connect:getattr"),
          NO_OP, 0, set_error_details },
        /* What it tells is what this host has, as GetDomainCapabilities does: docs/decisions.md */
        { "DomainCheckXML", "su", "asas", "xml\0flags\0problems\0command\0", "DomainCheckXML",
          MAY("connect:write"),
          { true, offsetof(Driver, hypervisor), offsetof(HypervisorOps, check_xml) }, 0,
          connect_call_text },
        {}
};
/* clang-format on */

const Interface virtbus_connect_interface = { .name = "org.virtbus.Connect", .methods = methods };
