/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus.Domain: what org.libvirt.Domain lacks. */
#include "objects/domain.h"

static int open_console(Request *request, Error *error) {
        int (*open)(Domain *, const char *, uint32_t, Job *, Error *) = request_operation(request);
        const char *alias;
        int r = request_read(request, error, &alias, NULL);

        if (r < 0)
                return r;
        return open(request_domain(request), alias, request->flags, &request->job, error);
}

static int get_state(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "u", (uint32_t) object_domain(object)->state);
}

static int get_reason(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "i", object_domain(object)->reason);
}

/* clang-format off */
static const Method methods[] = {
        { "OpenConsole", "su", "h", "alias\0flags\0fd\0", "virDomainOpenConsole",
          MAY("domain:open_device"),
          { true, offsetof(Driver, access), offsetof(DomainAccess, open_console) },
          DOMAIN_CONSOLE_FORCE | DOMAIN_CONSOLE_SAFE, open_console },
        {}
};

static const Property properties[] = {
        { "State",  "u", MAY("domain:read"), get_state,  PROPERTY_STATE },
        { "Reason", "i", MAY("domain:read"), get_reason, PROPERTY_STATE },
        {}
};
/* clang-format on */

const Interface virtbus_domain_interface = {
        .name = "org.virtbus.Domain",
        .methods = methods,
        .properties = properties,
};
