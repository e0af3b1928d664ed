/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that say what an interface has, and what becomes of them: sd-bus vtables (so
 * introspection is the table), indexes, permissions. */
#pragma once

#include <systemd/sd-bus.h>

#include "drivers/driver.h"

typedef struct Tree Tree;
typedef struct Kind Kind;
typedef struct Request Request;

/* What a path names. Borrowed throughout. */
typedef struct Object {
        Tree *tree;
        const Kind *kind;
        Connection *connection; /* whose it is, and whose driver handles it */
        Connection *through; /* by whose path; another one's where what is the host's is shared */
        Resource *resource; /* NULL: the connection itself */
} Object;

/* ---- permissions: a list, all of which a call needs ---- */

typedef enum Condition {
        ALWAYS,
        WITH_ANY,   /* the argument has one of these bits */
        WITH_NONE,  /* it has none of them */
        WITH_VALUE, /* it is exactly this */
} Condition;

typedef struct Permission {
        const char *name; /* "domain:start"; NULL ends a list */
        Condition condition;
        uint32_t bits;
        const char *argument; /* a number; NULL: "flags" */
} Permission;

#define NEEDS(...) (const Permission[]) { __VA_ARGS__, {} }
#define MAY(name) NEEDS({ name })

/* ---- methods ---- */

/* Where a driver's function for a row is: a group in Driver, a member in the group. */
typedef struct Operation {
        bool set;
        size_t group, member;
} Operation;

#define NO_OP {}

typedef enum MethodAttributes {
        NOW = 0,          /* runs at once */
        CHANGES = 1 << 0, /* waits for its turn in the queue of its resource */
        STARTS = 1 << 1,  /* DOMAIN_START_AUTODESTROY ties the domain to the caller */
        POSITIVE = 1 << 2, /* its handler takes no 0 for the first number */
} MethodAttributes;

/* names: of the arguments, in then out, each ended by NUL. A row without a handler, or whose
 * operation the driver lacks, answers "not supported" naming the API. Bits of the argument named
 * "flags" that are not in flags, and more than one of those in exclusive, are refused before the
 * handler is called. */
typedef struct Method {
        const char *name, *in, *out, *names, *api;
        const Permission *permissions;
        Operation operation;
        uint32_t flags;
        int (*call)(Request *request, Error *error); /* DONE, PENDING or a negative errno */
        MethodAttributes attributes;
        uint32_t exclusive;
} Method;

/* ---- properties ---- */

/* get answers from memory. set reads the value from its message and must not wait. */
typedef struct Property {
        const char *name, *type;
        const Permission *permissions;
        int (*get)(const Object *object, sd_bus_message *reply);
        uint64_t changes; /* PROPERTY_* bits of EVENT_CHANGED that are about it; 0: no signal */
        bool constant;
        int (*set)(const Object *object, sd_bus_message *value, Error *error);
        const Permission *set_permissions;
} Property;

/* ---- signals ---- */

/* A connection's row is about the events of one kind of resource; an
 * object's own row is about its own, and fill appends all: in a connection's the path of the
 * resource comes first, and fill appends the rest. */
typedef struct Signal {
        const char *name, *signature, *names;
        EventKind event;
        int (*fill)(const Event *event, sd_bus_message *signal);
        ResourceKind about;
} Signal;

typedef struct Interface {
        const char *name;
        const Method *methods;       /* each list ends with a NULL name; NULL: none */
        const Property *properties;
        const Signal *signals;
        bool nested; /* GetAll answers variants in variants, as libvirt-dbus does */
        bool (*offered)(const Driver *driver); /* NULL: whatever the driver */
} Interface;

/* ---- an interface of a kind of object, made ready for sd-bus ---- */

typedef struct Face Face;

/* What sd-bus hands to callbacks. */
typedef struct Row {
        Tree *tree;
        const Method *method;
        const Property *property;
} Row;

struct Face {
        const Kind *kind;
        const Interface *interface;
        sd_bus_vtable *vtable;
        Row *rows;
        const Method **index; /* by name */
        size_t n_methods;
};

int face_init(Face *face, Tree *tree, const Kind *kind, const Interface *interface);
void face_done(Face *face);

/* Whether the objects of a connection have it. */
bool face_offered(const Face *face, const Connection *connection);

const Method *face_method(const Face *face, const char *name);
const Property *face_property(const Face *face, const char *name);

/* Reads a number ('u' or 'i') of a call by its argument's name, whatever stands before it, and
 * rewinds the message. -ENOENT when the row has no such argument, -ENXIO and the like when the
 * call lacks it. */
int method_number(const Method *method, sd_bus_message *message, const char *argument,
                  uint32_t *ret);
