/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a message to the permissions it needs. When in doubt, a permission is needed. */
#include "objects/rights.h"

#include <assert.h>
#include <string.h>

static void need(Needed *needed, const char *name) {
        for (size_t i = 0; i < needed->n; i++)
                if (strcmp(needed->names[i], name) == 0)
                        return;
        assert(needed->n < NEEDED_MAX);
        needed->names[needed->n++] = name;
}

static bool applies(const Permission *permission, const Method *method, sd_bus_message *message) {
        uint32_t value;

        if (permission->condition == ALWAYS)
                return true;
        if (method_number(method, message, permission->argument ?: "flags", &value) < 0)
                return true;
        switch (permission->condition) {
        case ALWAYS:
                return true;
        case WITH_ANY:
                return value & permission->bits;
        case WITH_NONE:
                return !(value & permission->bits);
        case WITH_VALUE:
                return value == permission->bits;
        }
        return true;
}

static void need_all(Needed *needed, const Permission *permissions) {
        for (const Permission *p = permissions; p && p->name; p++)
                need(needed, p->name);
}

/* Get, Set and GetAll by the properties they are about. */
static void properties_need(sd_bus_message *message, Needed *needed) {
        bool set = sd_bus_message_is_method_call(message, NULL, "Set");
        bool all = sd_bus_message_is_method_call(message, NULL, "GetAll");
        const char *interface = NULL, *name = NULL;
        const Property *property;
        const Face *face;

        (void) sd_bus_message_read(message, all ? "s" : "ss", &interface, &name);
        (void) sd_bus_message_rewind(message, true);
        if (!interface)
                return;
        face = tree_face(needed->object.tree, needed->object.kind, interface);
        if (!face || !face_offered(face, needed->object.through))
                return;
        if (all) {
                for (property = face->interface->properties; property && property->name; property++)
                        need_all(needed, property->permissions);
                return;
        }
        property = name ? face_property(face, name) : NULL;
        if (property)
                need_all(needed, set ? property->set_permissions : property->permissions);
}

/* What lists of a kind need; the children of others are found with their parents. */
static const char *const search[_RESOURCE_KIND_MAX] = {
        [RESOURCE_DOMAIN]      = "connect:search_domains",
        [RESOURCE_SNAPSHOT]    = "connect:search_domains",
        [RESOURCE_NETWORK]     = "connect:search_networks",
        [RESOURCE_POOL]        = "connect:search_storage_pools",
        [RESOURCE_VOLUME]      = "connect:search_storage_pools",
        [RESOURCE_INTERFACE]   = "connect:search_interfaces",
        [RESOURCE_NODE_DEVICE] = "connect:search_node_devices",
        [RESOURCE_NWFILTER]    = "connect:search_nwfilters",
        [RESOURCE_SECRET]      = "connect:search_secrets",
};

static void introspection_needs(Tree *tree, sd_bus_message *message, Needed *needed) {
        const char *path = sd_bus_message_get_path(message);

        if (!tree_connection(tree, path))
                return;
        for (size_t i = 0; i < tree->n_faces; i++) {
                const Kind *kind = tree->faces[i].kind;
                const char *folder = kind->folder ? strstr(path, kind->folder) : NULL;

                if (folder && folder[-1] == '/')
                        need(needed, search[kind->resource]);
        }
}

static void managed_objects_need(Tree *tree, Needed *needed) {
        for (size_t i = 0; i < ELEMENTS(search); i++)
                need(needed, search[i]);
        for (size_t i = 0; i < tree->n_faces; i++) {
                const Property *property = tree->faces[i].interface->properties;

                for (; property && property->name; property++)
                        need_all(needed, property->permissions);
        }
}

void message_needs(Tree *tree, sd_bus_message *message, Needed *ret) {
        const char *interface = sd_bus_message_get_interface(message);
        const char *member = sd_bus_message_get_member(message);
        const Method *method;
        const Face *face;

        *ret = (Needed) {};
        if (!interface)
                return;
        if (strcmp(interface, "org.freedesktop.DBus.Introspectable") == 0) {
                introspection_needs(tree, message, ret);
                return;
        }
        if (strcmp(interface, "org.freedesktop.DBus.ObjectManager") == 0) {
                managed_objects_need(tree, ret);
                return;
        }
        if (!tree_find(tree, sd_bus_message_get_path(message), &ret->object))
                return;
        if (strcmp(interface, "org.freedesktop.DBus.Properties") == 0) {
                properties_need(message, ret);
                return;
        }
        face = tree_face(tree, ret->object.kind, interface);
        if (face && !face_offered(face, ret->object.through))
                return;
        method = face ? face_method(face, member) : NULL;
        for (const Permission *p = method ? method->permissions : NULL; p && p->name; p++)
                if (applies(p, method, message))
                        need(ret, p->name);
}
