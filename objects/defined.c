/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties, filters and signals of what is a Defined. */
#include "objects/defined.h"

bool defined_listed(const Resource *resource) {
        return container_of(resource, Defined, resource)->announced;
}

/* ---- filters ---- */

bool is_active(const Resource *resource) {
        return container_of(resource, Defined, resource)->active;
}

bool is_autostarted(const Resource *resource) {
        return container_of(resource, Defined, resource)->autostart;
}

bool is_persistent(const Resource *resource) {
        return container_of(resource, Defined, resource)->persistent;
}

/* ---- properties ---- */

int get_active(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", is_active(object->resource));
}

int get_autostart(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", is_autostarted(object->resource));
}

int set_autostart(const Object *object, sd_bus_message *value, Error *error) {
        int autostart, r = sd_bus_message_read(value, "b", &autostart);

        return r < 0 ? r : defined_set_autostart(defined_of(object->resource), autostart, error);
}

int get_name(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", object->resource->name);
}

int get_persistent(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", is_persistent(object->resource));
}

int get_uuid(const Object *object, sd_bus_message *reply) {
        char text[UUID_TEXT_MAX];

        return sd_bus_message_append(reply, "s", uuid_format(object->resource->uuid, text));
}

/* ---- for polkit ---- */

int append_name_and_uuid(sd_bus_message *call, const char *name_key, const char *uuid_key,
                         const Resource *resource) {
        char uuid[UUID_TEXT_MAX];

        return sd_bus_message_append(call, "{ss}{ss}", name_key, resource->name, uuid_key,
                                     uuid_format(resource->uuid, uuid));
}
