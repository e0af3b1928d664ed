/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the faces of networks, pools, volumes, host interfaces, node devices, filters and secrets
 * share: handlers of a shape, and properties that a Defined has. */
#pragma once

#include "drivers/defined.h"
#include "objects/request.h"

bool defined_listed(const Resource *resource); /* for Kind */

/* For lists' filters. */
bool is_active(const Resource *resource);
bool is_autostarted(const Resource *resource);
bool is_persistent(const Resource *resource);

int get_active(const Object *object, sd_bus_message *reply);
int get_autostart(const Object *object, sd_bus_message *reply);
int set_autostart(const Object *object, sd_bus_message *value, Error *error);
int get_name(const Object *object, sd_bus_message *reply);
int get_persistent(const Object *object, sd_bus_message *reply);
int get_uuid(const Object *object, sd_bus_message *reply);

/* Entries of polkit's a{ss}: the resource's name and uuid, by these names. */
int append_name_and_uuid(sd_bus_message *call, const char *name_key, const char *uuid_key,
                         const Resource *resource);

/* Handlers for rows whose operation takes the thing alone, the thing and flags, or that print its
 * XML: static functions, because each calls through a type of its own. of: makes a T * of a
 * Resource *. */
#define DEFINE_CALL(handler, T, of)                                                      \
        static int handler(Request *request, Error *error) {                             \
                int (*operation)(T *, Job *, Error *) = request_operation(request);      \
                                                                                         \
                return operation(of(request->object.resource), &request->job, error);    \
        }                                                                                \
        struct _needs_semicolon

#define DEFINE_CALL_FLAGS(handler, T, of)                                                     \
        static int handler(Request *request, Error *error) {                                  \
                int (*operation)(T *, uint32_t, Job *, Error *) = request_operation(request); \
                                                                                              \
                return operation(of(request->object.resource), request->flags, &request->job, \
                                 error);                                                      \
        }                                                                                     \
        struct _needs_semicolon

#define DEFINE_GET_XML(handler, of, xml)                                                  \
        static int handler(Request *request, Error *error) {                              \
                _cleanup_(freep) char *text = NULL;                                       \
                int r = xml(of(request->object.resource), request->flags, &text, error);  \
                                                                                          \
                return r < 0 ? r : request_reply(request, text);                          \
        }                                                                                 \
        struct _needs_semicolon
