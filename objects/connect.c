/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection on the bus: its kind, and handlers of a shape. */
#include "objects/connect.h"

#include "objects/kinds.h"

static const Interface *const connect_interfaces[] = {
        &connect_interface,
        &virtbus_connect_interface,
        &virtbus_test_interface,
        NULL,
};

const Kind connect_kind = { .rights = "connect", .interfaces = connect_interfaces };

/* xml: for any row whose operation takes the connection and a text. */
int connect_call_xml(Request *request, Error *error) {
        int (*operation)(Connection *, const char *, Job *, Error *) = request_operation(request);
        const char *xml;
        int r = request_read(request, error, &xml);

        return r < 0 ? r : operation(request->object.connection, xml, &request->job, error);
}

/* flags: for any row whose operation takes the connection and flags. */
int connect_call_flags(Request *request, Error *error) {
        int (*operation)(Connection *, uint32_t, Job *, Error *) = request_operation(request);

        return operation(request->object.connection, request->flags, &request->job, error);
}
