/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.libvirt.Secret: its kind, rows and handlers. A value passes here on its way in and out, and
 * is wiped from the messages that carry it. */
#include "drivers/secret.h"

#include <errno.h>
#include <string.h>

#include "conf/api-storage.h"
#include "objects/defined.h"
#include "objects/kinds.h"
#include "objects/lookup.h"
#include "objects/path.h"

#define SECRETS(op) { true, offsetof(Driver, secrets), offsetof(SecretOps, op) }

/* ---- on a connection ---- */

static bool is_ephemeral(const Resource *resource) {
        return container_of(resource, Secret, defined.resource)->ephemeral;
}

static bool is_private(const Resource *resource) {
        return container_of(resource, Secret, defined.resource)->private;
}

static const Filter filters[] = {
        { LIST_SECRETS_EPHEMERAL, LIST_SECRETS_NO_EPHEMERAL, is_ephemeral },
        { LIST_SECRETS_PRIVATE, LIST_SECRETS_NO_PRIVATE, is_private },
        {}
};

int connect_list_secrets(Request *request, Error *error) {
        return reply_list(request, &secret_objects, NULL, filters, error);
}

int connect_secret_by_uuid(Request *request, Error *error) {
        return reply_by_uuid(request, &secret_objects, error);
}

int connect_secret_by_usage(Request *request, Error *error) {
        const Secret *secret;
        int32_t type;
        const char *id;
        int r = need_kind(request, &secret_objects, error);

        if (r >= 0)
                r = request_read(request, error, &type, &id);
        if (r < 0)
                return r;
        secret = secret_by_usage(request->object.connection, type, id);
        return reply_found(request, &secret_objects, secret ? &secret->defined.resource : NULL,
                           "usage", id, error);
}

/* ---- methods ---- */

DEFINE_CALL(call_plain, Secret, secret_of);
DEFINE_GET_XML(get_xml, secret_of, secret_xml);

static int reply_value(Request *request, sd_bus_message *reply) {
        const Values *values = &request->job.result.values;
        Value *value = values->items;
        int r;

        if (values->failed || values->n != 1 || value->type != VALUE_BYTES)
                return -EPROTO; /* the operation broke its word */
        r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', value->bytes.data, value->bytes.size);
        if (value->bytes.size > 0)
                explicit_bzero(value->bytes.data, value->bytes.size);
        return r;
}

static int get_value(Request *request, Error *error) {
        int (*operation)(Secret *, uint32_t, Job *, Error *) = request_operation(request);
        Secret *secret = secret_of(request->object.resource);

        if (secret->private)
                return fail(error, ERROR_INVALID_SECRET, "secret is private");
        request->reply = reply_value;
        return operation(secret, request->flags, &request->job, error);
}

static int set_value(Request *request, Error *error) {
        int (*operation)(Secret *, const void *, size_t, uint32_t, Job *, Error *);
        const void *value;
        size_t size;

        if (sd_bus_message_sensitive(request->message) < 0 ||
            sd_bus_message_read_array(request->message, 'y', &value, &size) <= 0)
                return fail(error, ERROR_INVALID_ARG, "cannot read the arguments of %s",
                            request->method->name);
        operation = request_operation(request);
        return operation(secret_of(request->object.resource), value, size, request->flags,
                         &request->job, error);
}

/* ---- properties ---- */

static int get_usage_id(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", secret_of(object->resource)->usage_id ?: "");
}

static int get_usage_type(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "i", secret_of(object->resource)->usage_type);
}

/* ---- rows ---- */

/* clang-format off */
static const Method methods[] = {
        /* name, in, out, arguments, API, permissions [, operation, flags, handler, attributes] */
        { "GetValue", "u", "ay", "flags\0value\0", "virSecretGetValue", MAY("secret:read_secure"),
          SECRETS(get_value), 0, get_value },
        { "GetXMLDesc", "u", "s", "flags\0xml\0", "virSecretGetXMLDesc", MAY("secret:read"), NO_OP,
          0, get_xml },
        { "SetValue", "ayu", "", "value\0flags\0", "virSecretSetValue", MAY("secret:write"),
          SECRETS(set_value), 0, set_value, CHANGES },
        { "Undefine", "", "", "", "virSecretUndefine", MAY("secret:delete"), SECRETS(undefine), 0,
          call_plain, CHANGES },
        {}
};

static const Property properties[] = {
        { "UUID",      "s", MAY("secret:getattr"), get_uuid,       .constant = true },
        { "UsageID",   "s", MAY("secret:getattr"), get_usage_id,   .constant = true },
        { "UsageType", "i", MAY("secret:getattr"), get_usage_type, .constant = true },
        {}
};
/* clang-format on */

static const Interface interface = {
        .name = "org.libvirt.Secret",
        .methods = methods,
        .properties = properties,
        .nested = true,
};

static const Interface *const interfaces[] = { &interface, NULL };

static int details(const Resource *resource, sd_bus_message *call) {
        static const char *const keys[] = {
                [SECRET_VOLUME] = "secret_usage_volume",
                [SECRET_CEPH] = "secret_usage_ceph",
                [SECRET_ISCSI] = "secret_usage_target",
                [SECRET_TLS] = "secret_usage_name",
                [SECRET_VTPM] = "secret_usage_name",
        };
        const Secret *secret = container_of(resource, Secret, defined.resource);
        size_t type = secret->usage_type;
        char uuid[UUID_TEXT_MAX];
        int r;

        r = sd_bus_message_append(call, "{ss}", "secret_uuid", uuid_format(resource->uuid, uuid));
        if (r < 0 || type >= ELEMENTS(keys) || !keys[type])
                return r;
        return sd_bus_message_append(call, "{ss}", keys[type], secret->usage_id ?: "");
}

const Kind secret_objects = {
        .folder = "secret",
        .resource = RESOURCE_SECRET,
        .noun = "secret",
        .rights = "secret",
        .group = offsetof(Driver, secrets),
        .interfaces = interfaces,
        .find = find_by_uuid,
        .leaf = leaf_of_uuid,
        .listed = defined_listed,
        .details = details,
};
