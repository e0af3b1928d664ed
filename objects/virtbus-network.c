/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus.Network: what org.libvirt.Network lacks. */
#include "conf/api-network.h"
#include "drivers/network.h"
#include "objects/defined.h"
#include "objects/kinds.h"

static int open_tap(Request *request, Error *error) {
        int (*operation)(Network *, Values *, uint32_t, Job *, Error *) =
                request_operation(request);
        int r = request_read_parameters(request, error);

        return r < 0 ? r : operation(network_of(request->object.resource), &request->parameters,
                                     request->flags, &request->job, error);
}

/* clang-format off */
static const Method methods[] = {
        /* options: mac (s) of the guest, portgroup (s), vnet-headers (b) before each packet */
        { "OpenTap", "a{sv}u", "h", "options\0flags\0tap\0", "OpenTap", MAY("network:open_tap"),
          { true, offsetof(Driver, networks), offsetof(NetworkOps, open_tap) }, 0, open_tap },
        {}
};
/* clang-format on */

const Interface virtbus_network_interface = {
        .name = "org.virtbus.Network",
        .methods = methods,
};
