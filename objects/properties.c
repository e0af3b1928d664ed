/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Get and Set go through sd-bus. GetAll doesn't, because clients of org.libvirt expect a variant
 * in each variant; nor does GetManagedObjects, because sd-bus collects, sorts and looks up every
 * path first. */
#include "objects/properties.h"

#include <errno.h>
#include <string.h>

#include "objects/wire.h"

/* ---- one property ---- */

static int unknown(const char *path, sd_bus_error *error) {
        return sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_OBJECT, "Unknown object '%s'.", path);
}

int property_get(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Row *row = userdata;
        Object object;

        if (!tree_find(row->tree, path, &object))
                return unknown(path, error);
        return row->property->get(&object, reply);
}

int property_set(sd_bus *bus, const char *path, const char *interface, const char *name,
                 sd_bus_message *value, void *userdata, sd_bus_error *bus_error) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        const Row *row = userdata;
        Object object;
        int r;

        if (!tree_find(row->tree, path, &object))
                return unknown(path, bus_error);
        r = row->property->set(&object, value, &error);
        if (r >= 0 || error.code == ERROR_NONE)
                return r;
        text = error_text(&error);
        return text ? sd_bus_error_set(bus_error, error_bus_name(error.code), text) : -ENOMEM;
}

/* ---- many ---- */

int append_properties(sd_bus_message *message, const Face *face, const Object *object,
                      uint64_t changes, bool nested) {
        int r = sd_bus_message_open_container(message, 'a', "{sv}");

        for (const Property *p = face->interface->properties; r >= 0 && p && p->name; p++) {
                if (changes && !(p->changes & changes))
                        continue;
                r = entry_open(message, p->name, p->type, nested);
                if (r >= 0)
                        r = p->get(object, message);
                if (r >= 0)
                        r = entry_close(message, nested);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_interfaces(sd_bus_message *message, const Object *object) {
        int r = sd_bus_message_open_container(message, 'a', "{sa{sv}}");

        for (size_t i = 0; r >= 0 && i < object->tree->n_faces; i++) {
                const Face *face = &object->tree->faces[i];

                if (face->kind != object->kind || !face_offered(face, object->through))
                        continue;
                r = sd_bus_message_open_container(message, 'e', "sa{sv}");
                if (r >= 0)
                        r = sd_bus_message_append_basic(message, 's', face->interface->name);
                if (r >= 0)
                        r = append_properties(message, face, object, 0, false);
                if (r >= 0)
                        r = sd_bus_message_close_container(message);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int send_reply(sd_bus_message *reply, int r) {
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        return r < 0 ? r : 1;
}

static int get_all(Tree *tree, sd_bus_message *message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *interface;
        const Face *face;
        Object object;
        int r;

        if (!tree_find(tree, sd_bus_message_get_path(message), &object) ||
            sd_bus_message_read(message, "s", &interface) <= 0)
                return 0; /* sd-bus has the words for it */
        face = tree_face(tree, object.kind, interface);
        if (!face || !face_offered(face, object.through))
                return 0;
        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = append_properties(reply, face, &object, 0, face->interface->nested);
        return send_reply(reply, r);
}

/* ---- all objects ---- */

static int append_object(sd_bus_message *reply, const Object *object) {
        char path[OBJECT_PATH_MAX];
        int r = sd_bus_message_open_container(reply, 'e', "oa{sa{sv}}");

        if (r >= 0)
                r = sd_bus_message_append_basic(
                        reply, 'o', object_path(object->through, object->resource, path));
        if (r >= 0)
                r = append_interfaces(reply, object);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_resources(sd_bus_message *reply, Tree *tree, Connection *connection) {
        Object object = { .tree = tree, .through = connection };
        const Kind *last = NULL;
        int r = 0;

        for (size_t k = 0; r >= 0 && k < tree->n_faces; k++) {
                const Kind *kind = tree->faces[k].kind;

                if (kind == last || !kind->folder)
                        continue;
                object.kind = last = kind;
                object.connection = connection_keeper(connection, kind->resource);
                const ResourceSet *set = kind_set(kind, connection);
                for (size_t i = 0; r >= 0 && i < set->n; i++) {
                        object.resource = set->items[i];
                        if (kind->listed(object.resource))
                                r = append_object(reply, &object);
                }
        }
        return r;
}

/* All that is below the path: at the root also the connections themselves. */
static int get_managed_objects(Tree *tree, sd_bus_message *message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path = sd_bus_message_get_path(message);
        bool root = strcmp(path, TREE_ROOT) == 0;
        Object object = {};
        int r;

        if (!root && (!tree_find(tree, path, &object) || object.resource))
                return 0;
        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{oa{sa{sv}}}");
        for (size_t i = 0; r >= 0 && i < tree->n_branches; i++) {
                Connection *connection = tree->branches[i]->connection;
                const Object branch = { .tree = tree, .kind = &connect_kind,
                                        .connection = connection, .through = connection };

                if (!root && connection != object.connection)
                        continue;
                if (root)
                        r = append_object(reply, &branch);
                if (r >= 0)
                        r = append_resources(reply, tree, connection);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return send_reply(reply, r);
}

int properties_filter(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "GetAll"))
                return get_all(userdata, message);
        if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.ObjectManager",
                                          "GetManagedObjects"))
                return get_managed_objects(userdata, message);
        return 0;
}
