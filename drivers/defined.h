/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What networks, pools, host interfaces, node devices, filters and secrets share: a definition at
 * rest, perhaps another one while active, a mark for autostart, and the facts that are told of
 * them.
 *
 * The persistent text is the file CONFIG/<driver>/<folder>/<uuid>.xml where the driver keeps files;
 * the mark is a link in <folder>/autostart. As for domains, every function here saves before it
 * reports, and one that fails has changed nothing. */
#pragma once

#include "drivers/connection.h"

typedef struct DefinedKind DefinedKind;

typedef struct Defined {
        Resource resource;
        const DefinedKind *kind;
        char *persistent; /* text; NULL: transient */
        char *live;       /* text while active; NULL: not active, or as the persistent one */
        bool active, autostart;
        bool announced; /* the world was told that it exists */
        void *data;     /* the driver's; released with the resource */
        void (*data_free)(void *data);
} Defined;

static inline Defined *defined_of(Resource *resource) {
        return container_of(resource, Defined, resource);
}

/* The lifecycle events that virNetworkEventLifecycleType, virStoragePoolEventLifecycleType and
 * virSecretEventLifecycleType have in common (type of EVENT_LIFECYCLE). Node devices have numbers
 * of their own: drivers/node-device.h. */
typedef enum DefinedEvent {
        EVENT_DEFINED,
        EVENT_UNDEFINED,
        EVENT_STARTED,
        EVENT_STOPPED,
        EVENT_CREATED, /* built, of pools */
        EVENT_DELETED,
} DefinedEvent;

/* What a definition says of itself. Borrowed. */
typedef struct DefinedIdentity {
        const char *name, *key;
        Uuid uuid; /* null: the kind has none */
        Resource *parent;
} DefinedIdentity;

/* What a kind has of its own. NULL functions: nothing. */
struct DefinedKind {
        ResourceKind kind;
        const char *noun;   /* "network", for messages */
        const char *folder; /* "networks"; NULL: never kept as files */
        size_t size;        /* of the struct, which begins with a Defined */
        /* Who a text is about; name, which *ret borrows, is the caller's. For kinds with a
         * folder. */
        int (*identify)(const char *text, DefinedIdentity *ret, char **ret_name, Error *error);
        /* Takes over from a text what the struct keeps of it besides name and uuid; leaves it as it
         * was on failure. Called for the text that is in force. */
        int (*note)(Defined *defined, const char *text, Error *error);
        /* Whether it is for files at all, as was noted last. NULL: it is. */
        bool (*is_kept)(const Defined *defined);
        /* Removes what else is kept as files of one whose definition was just removed. */
        void (*forget)(Defined *defined);
        void (*done)(Defined *defined); /* releases what was noted */
};

/* Makes or redefines: refuses a name or uuid that is another's, saves, reports DEFINED. With *ret
 * the resource, borrowed; ret may be NULL. */
int defined_define(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                   const char *text, Defined **ret, Error *error);

/* One that isn't persistent: attached, announced by its first event. An inactive persistent one of
 * the same name and uuid is used, with text as its live definition; an active one is refused. What
 * doesn't come to be started goes by defined_start_failed(), and nothing is told. */
int defined_create(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                   const char *text, Defined **ret, Error *error);
void defined_start_failed(Defined *defined);

/* Replaces one text, for changes of single elements: the live one of what is active, or the
 * persistent one. ERROR_OPERATION_INVALID where there is none. */
int defined_replace(Defined *defined, bool live, const char *text, Error *error);

/* Forgets the persistent definition, with its file and mark; what isn't active is detached. */
int defined_undefine(Defined *defined, Error *error);
int defined_set_autostart(Defined *defined, bool autostart, Error *error);

void defined_started(Defined *defined); /* active from now on; reports STARTED */
void defined_stopped(Defined *defined); /* no longer; reports STOPPED; a transient one goes */
void defined_announce(Defined *defined); /* it exists: for those that no event speaks of */
void defined_report(Defined *defined, int type); /* a DefinedEvent, or the kind's own */
void defined_changed(Defined *defined, uint64_t properties);
void defined_detach(Defined *defined); /* gone, with an event if it was announced */

/* Reads back what defined_define() wrote, without any event. What can't be read is logged and left
 * alone. */
int defined_load_all(Connection *connection, const DefinedKind *kind, Error *error);

/* Adds one that isn't from a file, as if it had been there already. */
int defined_add(Connection *connection, const DefinedKind *kind, const char *text, Error *error);

/* The name of a file of this resource: "qemu/networks/UUID.xml". NULL without memory. */
char *defined_file(const Defined *defined, const char *subfolder, const char *suffix);

/* The text to show: the persistent one when that is asked for and there is one. */
const char *defined_text(const Defined *defined, bool inactive);

/* ERROR_OPERATION_INVALID "network 'x' is not active" and its opposite. */
int defined_need_active(const Defined *defined, Error *error);
int defined_need_inactive(const Defined *defined, Error *error);
