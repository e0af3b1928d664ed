/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus.Test: a driver that can be told to be slow and to fail. */
#include "objects/connect.h"

static int set_delay(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        uint64_t delay;
        int r = request_read(request, error, &delay);

        return r < 0 ? r : connection->driver->faults->set_delay(connection, delay, error);
}

static int set_failure(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *method, *message;
        uint32_t count;
        int r = request_read(request, error, &method, &count, &message);

        if (r < 0)
                return r;
        return connection->driver->faults->set_failure(connection, method, count, message, error);
}

static int reset(Request *request, Error *error) {
        Connection *connection = request->object.connection;

        return connection->driver->faults->reset(connection, error);
}

static bool offered(const Driver *driver) {
        return driver->faults;
}

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions, operation, flags, handler */
        { "SetDelay", "t", "", "usec\0", "SetDelay", MAY("connect:write"), NO_OP, 0, set_delay },
        { "SetFailure", "sus", "", "method\0count\0message\0", "SetFailure",
          MAY("connect:write"), NO_OP, 0, set_failure },
        { "Reset", "", "", "", "Reset", MAY("connect:write"), NO_OP, 0, reset },
        {}
};
/* clang-format on */

const Interface virtbus_test_interface = { .name = "org.virtbus.Test", .methods = methods,
                                           .offered = offered };
