/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only emitter. InterfacesAdded and InterfacesRemoved come from the connection's object,
 * which is the nearest ObjectManager; the one at the root answers GetManagedObjects for all
 * connections. */
#include "objects/announce.h"

#include <string.h>

#include "drivers/log.h"
#include "objects/properties.h"

#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static int new_signal(Branch *branch, const char *path, const char *interface, const char *member,
                      sd_bus_message **ret) {
        return sd_bus_message_new_signal(branch->tree->bus, ret, path, interface, member);
}

/* ---- objects come and go ---- */

static int announce_added(Branch *branch, const Object *object) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        char manager[OBJECT_PATH_MAX], path[OBJECT_PATH_MAX];
        int r;

        object_path(branch->connection, NULL, manager);
        object_path(branch->connection, object->resource, path);
        r = new_signal(branch, manager, MANAGER, "InterfacesAdded", &signal);
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 'o', path);
        if (r >= 0)
                r = append_interfaces(signal, object);
        return r < 0 ? r : sd_bus_send(NULL, signal, NULL);
}

static int announce_removed(Branch *branch, const Object *object) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        char manager[OBJECT_PATH_MAX], path[OBJECT_PATH_MAX];
        int r;

        object_path(branch->connection, NULL, manager);
        object_path(branch->connection, object->resource, path);
        r = new_signal(branch, manager, MANAGER, "InterfacesRemoved", &signal);
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 'o', path);
        if (r >= 0)
                r = sd_bus_message_open_container(signal, 'a', "s");
        for (size_t i = 0; r >= 0 && i < branch->tree->n_faces; i++) {
                const Face *face = &branch->tree->faces[i];

                if (face->kind == object->kind && face_offered(face, branch->connection))
                        r = sd_bus_message_append_basic(signal, 's', face->interface->name);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        return r < 0 ? r : sd_bus_send(NULL, signal, NULL);
}

/* ---- properties ---- */

static bool is_about(const Interface *interface, uint64_t changes) {
        for (const Property *p = interface->properties; p && p->name; p++)
                if (p->changes & changes)
                        return true;
        return false;
}

static int announce_face(Branch *branch, const Object *object, const Face *face, uint64_t changes) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        char path[OBJECT_PATH_MAX];
        int r;

        object_path(branch->connection, object->resource, path);
        r = new_signal(branch, path, PROPERTIES, "PropertiesChanged", &signal);
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 's', face->interface->name);
        if (r >= 0)
                r = append_properties(signal, face, object, changes, false);
        if (r >= 0)
                r = sd_bus_message_append(signal, "as", 0);
        return r < 0 ? r : sd_bus_send(NULL, signal, NULL);
}

static int announce_changed(Branch *branch, const Object *object, uint64_t changes) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < branch->tree->n_faces; i++) {
                const Face *face = &branch->tree->faces[i];

                if (face->kind == object->kind && face_offered(face, branch->connection) &&
                    is_about(face->interface, changes))
                        r = announce_face(branch, object, face, changes);
        }
        return r;
}

/* ---- signals of rows ---- */

static int announce_row(Branch *branch, const Face *face, const Signal *row, const Event *event) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        const Resource *from = face->kind->folder ? event->resource : NULL;
        char path[OBJECT_PATH_MAX];
        int r;

        object_path(branch->connection, from, path);
        r = new_signal(branch, path, face->interface->name, row->name, &signal);
        if (r >= 0 && !from)
                r = sd_bus_message_append_basic(
                        signal, 'o', object_path(branch->connection, event->resource, path));
        if (r >= 0)
                r = row->fill(event, signal);
        return r < 0 ? r : sd_bus_send(NULL, signal, NULL);
}

/* Rows of the object's own interfaces and of its connection's. */
static int announce_rows(Branch *branch, const Object *object, const Event *event) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < branch->tree->n_faces; i++) {
                const Face *face = &branch->tree->faces[i];

                if ((face->kind != object->kind && face->kind != &connect_kind) ||
                    !face_offered(face, branch->connection))
                        continue;
                const Signal *row = face->interface->signals;
                for (; r >= 0 && row && row->name; row++)
                        if (row->event == event->kind &&
                            (face->kind == object->kind || row->about == event->resource->kind))
                                r = announce_row(branch, face, row, event);
        }
        return r;
}

void announce(const Event *event, void *userdata) {
        Branch *branch = userdata;
        const Object object = {
                .tree = branch->tree,
                .kind = kind_of(event->resource),
                .connection = event->resource->connection,
                .through = branch->connection,
                .resource = event->resource,
        };
        int r;

        if (connection_keeper(object.through, event->resource->kind) != object.connection)
                return; /* a domain of the keeper */
        if (event->kind == EVENT_ATTACHED)
                r = announce_added(branch, &object);
        else if (event->kind == EVENT_DETACHED)
                r = announce_removed(branch, &object);
        else if (event->kind == EVENT_CHANGED)
                r = announce_changed(branch, &object, event->number);
        else
                r = announce_rows(branch, &object, event);
        if (r < 0)
                log_resource(LOG_WARNING, event->resource, "a signal got lost: %s", strerror(-r));
}
