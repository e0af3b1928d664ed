/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From rows to vtables and indexes.
 *
 * A vtable entry carries its row as an absolute offset, so that a callback knows its row without
 * a look at the member's name again. What a path names is looked up anew by each callback. */
#include "objects/interface.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "objects/properties.h"
#include "objects/request.h"
#include "objects/wire.h"

static size_t count_methods(const Method *methods) {
        size_t n = 0;

        while (methods && methods[n].name)
                n++;
        return n;
}

static size_t count_properties(const Property *properties) {
        size_t n = 0;

        while (properties && properties[n].name)
                n++;
        return n;
}

static size_t count_signals(const Signal *signals) {
        size_t n = 0;

        while (signals && signals[n].name)
                n++;
        return n;
}

static int compare_methods(const void *a, const void *b) {
        return strcmp((*(const Method *const *) a)->name, (*(const Method *const *) b)->name);
}

static void fill_property(sd_bus_vtable *entry, const Property *property, Row *row) {
        entry->type = property->set ? _SD_BUS_VTABLE_WRITABLE_PROPERTY : _SD_BUS_VTABLE_PROPERTY;
        entry->flags = SD_BUS_VTABLE_ABSOLUTE_OFFSET;
        if (property->set)
                entry->flags |= SD_BUS_VTABLE_UNPRIVILEGED;
        if (property->constant)
                entry->flags |= SD_BUS_VTABLE_PROPERTY_CONST;
        if (property->changes)
                entry->flags |= SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
        entry->x.property.member = property->name;
        entry->x.property.signature = property->type;
        entry->x.property.get = property_get;
        entry->x.property.set = property->set ? property_set : NULL;
        entry->x.property.offset = (size_t) row;
}

static void fill_method(sd_bus_vtable *entry, const Method *method, Row *row) {
        entry->type = _SD_BUS_VTABLE_METHOD;
        entry->flags = SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_ABSOLUTE_OFFSET;
        entry->x.method.member = method->name;
        entry->x.method.signature = method->in;
        entry->x.method.result = method->out;
        entry->x.method.names = method->names;
        entry->x.method.handler = request_dispatch;
        entry->x.method.offset = (size_t) row;
}

static void fill_signal(sd_bus_vtable *entry, const Signal *signal) {
        entry->type = _SD_BUS_VTABLE_SIGNAL;
        entry->x.signal.member = signal->name;
        entry->x.signal.signature = signal->signature;
        entry->x.signal.names = signal->names;
}

static void fill_vtable(Face *face, Tree *tree, size_t n_properties, size_t n_signals) {
        static const sd_bus_vtable start = SD_BUS_VTABLE_START(0), end = SD_BUS_VTABLE_END;
        const Interface *interface = face->interface;
        sd_bus_vtable *entry = face->vtable;
        Row *row = face->rows;

        memcpy(entry++, &start, sizeof(start));
        for (size_t i = 0; i < n_properties; i++, row++) {
                *row = (Row) { .tree = tree, .property = &interface->properties[i] };
                fill_property(entry++, row->property, row);
        }
        for (size_t i = 0; i < face->n_methods; i++, row++) {
                *row = (Row) { .tree = tree, .method = &interface->methods[i] };
                face->index[i] = row->method;
                fill_method(entry++, row->method, row);
        }
        for (size_t i = 0; i < n_signals; i++)
                fill_signal(entry++, &interface->signals[i]);
        memcpy(entry, &end, sizeof(end));
}

int face_init(Face *face, Tree *tree, const Kind *kind, const Interface *interface) {
        size_t n_properties = count_properties(interface->properties);
        size_t n_signals = count_signals(interface->signals);
        size_t n_methods = count_methods(interface->methods);

        *face = (Face) { .kind = kind, .interface = interface, .n_methods = n_methods };
        face->vtable = calloc(n_properties + n_methods + n_signals + 2, sizeof(sd_bus_vtable));
        face->rows = calloc(n_properties + n_methods + 1, sizeof(Row));
        face->index = calloc(n_methods + 1, sizeof(Method *));
        if (!face->vtable || !face->rows || !face->index) {
                face_done(face);
                return -ENOMEM;
        }
        fill_vtable(face, tree, n_properties, n_signals);
        qsort(face->index, n_methods, sizeof(Method *), compare_methods);
        return 0;
}

void face_done(Face *face) {
        free(face->vtable);
        free(face->rows);
        free(face->index);
        *face = (Face) {};
}

bool face_offered(const Face *face, const Connection *connection) {
        return !face->interface->offered || face->interface->offered(connection->driver);
}

const Method *face_method(const Face *face, const char *name) {
        const Method key = { .name = name }, *wanted = &key;
        const Method **found;

        found = bsearch(&wanted, face->index, face->n_methods, sizeof(Method *), compare_methods);
        return found ? *found : NULL;
}

const Property *face_property(const Face *face, const char *name) {
        for (const Property *p = face->interface->properties; p && p->name; p++)
                if (strcmp(p->name, name) == 0)
                        return p;
        return NULL;
}

static int skip_type(sd_bus_message *message, const char *type, size_t length) {
        char one[TYPE_MAX];

        return sd_bus_message_skip(message, type_copy(type, length, one));
}

int method_number(const Method *method, sd_bus_message *message, const char *argument,
                  uint32_t *ret) {
        const char *name = method->names;
        size_t length;
        int r = -ENOENT;

        for (const char *type = method->in; *type; type += length, name += strlen(name) + 1) {
                length = type_length(type);
                if (strcmp(name, argument) == 0) {
                        assert(*type == 'u' || *type == 'i');
                        r = sd_bus_message_read_basic(message, *type, ret);
                        if (r == 0)
                                r = -ENXIO;
                        break;
                }
                r = skip_type(message, type, length);
                if (r < 0)
                        break;
                r = -ENOENT;
        }
        if (sd_bus_message_rewind(message, true) < 0)
                return -EBADMSG;
        return r < 0 ? r : 0;
}
