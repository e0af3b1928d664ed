/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of everything but domains: at rest, in files, active, and what is told of them.
 *
 * The live text is there only where it differs from the persistent one: most networks and pools
 * run as they were defined. A change of the persistent text of an active resource therefore first
 * leaves the old one behind as its live text. */
#include "drivers/defined.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/driver.h"
#include "drivers/log.h"

#define DEFINITION_MAX (8u << 20) /* bytes of one file */

/* ---- one of them ---- */

static void defined_free(Resource *resource) {
        Defined *defined = defined_of(resource);

        if (defined->data_free)
                defined->data_free(defined->data);
        if (defined->kind->done)
                defined->kind->done(defined);
        free(defined->persistent);
        free(defined->live);
        resource_done(resource);
        free(defined);
}

static void defined_unrefp(Defined **defined) {
        if (*defined)
                resource_unref(&(*defined)->resource);
}

static ResourceSet *set_of(Connection *connection, const DefinedKind *kind) {
        return &connection->sets[kind->kind];
}

static int note(Defined *defined, const char *text, Error *error) {
        return defined->kind->note ? defined->kind->note(defined, text, error) : 0;
}

/* A reference that isn't in any set yet. */
static int defined_new(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                       const char *text, Defined **ret, Error *error) {
        _cleanup_(defined_unrefp) Defined *defined = NULL;
        Defined *raw = calloc(1, kind->size);
        int r;

        if (!raw)
                return fail_memory(error);
        r = resource_init(&raw->resource, connection, kind->kind, who->name, who->key, who->parent,
                          defined_free, error);
        if (r < 0) {
                free(raw);
                return r;
        }
        defined = raw;
        defined->kind = kind;
        defined->resource.uuid = who->uuid;
        r = note(defined, text, error);
        if (r >= 0)
                *ret = TAKE(defined);
        return r;
}

const char *defined_text(const Defined *defined, bool inactive) {
        return defined->live && !(inactive && defined->persistent) ? defined->live
                                                                   : defined->persistent;
}

int defined_need_active(const Defined *defined, Error *error) {
        return defined->active ? 0
                               : fail(error, ERROR_OPERATION_INVALID, "%s '%s' is not active",
                                      defined->kind->noun, defined->resource.name);
}

int defined_need_inactive(const Defined *defined, Error *error) {
        return !defined->active ? 0
                                : fail(error, ERROR_OPERATION_INVALID, "%s '%s' is already active",
                                       defined->kind->noun, defined->resource.name);
}

/* ---- who is who ---- */

/* The resource that a definition is about, or NULL for a new one. */
static int defined_match(Connection *connection, const DefinedKind *kind,
                         const DefinedIdentity *who, Defined **ret, Error *error) {
        ResourceSet *set = set_of(connection, kind);
        Resource *named = resource_set_child(set, who->parent, who->name);
        Resource *same = uuid_is_null(who->uuid) ? named : resource_set_by_uuid(set, who->uuid);
        char uuid[UUID_TEXT_MAX];

        if (same && strcmp(same->name, who->name) != 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "%s '%s' is already defined with uuid %s", kind->noun, same->name,
                            uuid_format(same->uuid, uuid));
        if (!same && named)
                return fail(error, ERROR_OPERATION_FAILED, "%s '%s' already exists with uuid %s",
                            kind->noun, named->name, uuid_format(named->uuid, uuid));
        *ret = same ? defined_of(same) : NULL;
        return 0;
}

/* The same, made and attached if it is new. */
static int defined_obtain(Connection *connection, const DefinedKind *kind,
                          const DefinedIdentity *who, const char *text, bool *ret_new,
                          Defined **ret, Error *error) {
        _cleanup_(defined_unrefp) Defined *made = NULL;
        Defined *same = NULL;
        int r = defined_match(connection, kind, who, &same, error);

        if (r < 0)
                return r;
        *ret_new = !same;
        *ret = same;
        if (same)
                return 0;

        r = defined_new(connection, kind, who, text, &made, error);
        if (r < 0)
                return r;
        r = resource_set_attach(set_of(connection, kind), &made->resource);
        if (r == -EEXIST)
                return fail(error, ERROR_OPERATION_FAILED, "there is already a %s '%s'", kind->noun,
                            who->key ?: who->name);
        if (r < 0)
                return fail_memory(error);
        *ret = made;
        return 0;
}

/* ---- facts ---- */

void defined_announce(Defined *defined) {
        if (defined->announced)
                return;
        defined->announced = true;
        event_report(&defined->resource.connection->hub,
                     &(Event) { .kind = EVENT_ATTACHED, .resource = &defined->resource });
}

void defined_report(Defined *defined, int type) {
        defined_announce(defined);
        event_report(&defined->resource.connection->hub, &(Event) { .kind = EVENT_LIFECYCLE,
                                                                    .resource = &defined->resource,
                                                                    .type = type });
}

void defined_changed(Defined *defined, uint64_t properties) {
        if (defined->announced)
                event_report(&defined->resource.connection->hub,
                             &(Event) { .kind = EVENT_CHANGED, .resource = &defined->resource,
                                        .number = properties });
}

void defined_detach(Defined *defined) {
        Connection *connection = defined->resource.connection;
        bool told = defined->announced;

        resource_ref(&defined->resource);
        resource_set_detach(set_of(connection, defined->kind), &defined->resource);
        defined->announced = false;
        if (told)
                event_report(&connection->hub,
                             &(Event) { .kind = EVENT_DETACHED, .resource = &defined->resource });
        resource_unref(&defined->resource);
}

/* ---- files ---- */

char *defined_file(const Defined *defined, const char *subfolder, const char *suffix) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(defined->resource.connection, "%s/%s%s%s", defined->kind->folder,
                               subfolder, uuid_format(defined->resource.uuid, uuid), suffix);
}

static bool has_files(const Defined *defined) {
        return defined->kind->folder && defined->resource.connection->driver->keeps_files;
}

static int remove_file(Defined *defined, const char *subfolder, Error *error) {
        _cleanup_(freep) char *file = defined_file(defined, subfolder, ".xml");

        return file ? store_remove(defined->resource.connection->store, STORE_CONFIG, file, error)
                    : fail_memory(error);
}

static int remove_all(Defined *defined, Error *error) {
        int r = remove_file(defined, "", error);

        if (r >= 0 && defined->kind->forget)
                defined->kind->forget(defined);
        return r;
}

static int defined_save(Defined *defined, const char *text, Error *error) {
        if (!has_files(defined))
                return 0;
        if (defined->kind->is_kept && !defined->kind->is_kept(defined))
                return remove_all(defined, error);

        _cleanup_(freep) char *file = defined_file(defined, "", ".xml");
        return file ? store_write(defined->resource.connection->store, STORE_CONFIG, file, text,
                                  error)
                    : fail_memory(error);
}

/* ---- definitions come and go ---- */

/* Notes a text that is to be in force, and saves it; what fails is undone. */
static int note_and_save(Defined *defined, const char *text, Error *error) {
        bool in_force = !defined->active, was_there = defined->persistent;
        int r = in_force ? note(defined, text, error) : 0;

        if (r < 0)
                return r;
        r = defined_save(defined, text, error);
        if (r < 0 && in_force && was_there)
                (void) note(defined, defined->persistent, NULL);
        return r;
}

static void set_persistent(Defined *defined, char *text) {
        if (defined->active && !defined->live)
                defined->live = TAKE(defined->persistent);
        free(defined->persistent);
        defined->persistent = text;
}

int defined_define(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                   const char *text, Defined **ret, Error *error) {
        _cleanup_(freep) char *copy = strdup(text);
        bool is_new, was_transient;
        Defined *defined;
        int r = copy ? defined_obtain(connection, kind, who, text, &is_new, &defined, error)
                     : fail_memory(error);

        if (r < 0)
                return r;
        r = note_and_save(defined, text, error);
        if (r < 0) {
                if (is_new)
                        defined_detach(defined);
                return r;
        }

        was_transient = !defined->persistent;
        set_persistent(defined, TAKE(copy));
        defined_report(defined, EVENT_DEFINED);
        if (!is_new && was_transient)
                defined_changed(defined, PROPERTY_PERSISTENT);
        if (ret)
                *ret = defined;
        return 0;
}

int defined_create(Connection *connection, const DefinedKind *kind, const DefinedIdentity *who,
                   const char *text, Defined **ret, Error *error) {
        _cleanup_(freep) char *copy = strdup(text);
        Defined *defined;
        bool is_new;
        int r = copy ? defined_obtain(connection, kind, who, text, &is_new, &defined, error)
                     : fail_memory(error);

        if (r < 0)
                return r;
        if (defined->active || (!is_new && !defined->persistent))
                return fail(error, ERROR_OPERATION_INVALID, "%s is already active as '%s'",
                            kind->noun, defined->resource.name);
        r = is_new ? 0 : note(defined, text, error);
        if (r < 0)
                return r;
        free(defined->live);
        defined->live = TAKE(copy);
        *ret = defined;
        return 0;
}

/* What was true of the live text gives way to the persistent one. */
static void drop_live(Defined *defined) {
        char *live = TAKE(defined->live);

        if (live && defined->persistent && note(defined, defined->persistent, NULL) < 0)
                log_resource(LOG_WARNING, &defined->resource, "out of memory: shown as it ran");
        free(live);
}

void defined_start_failed(Defined *defined) {
        drop_live(defined);
        if (!defined->persistent)
                defined_detach(defined);
}

int defined_replace(Defined *defined, bool live, const char *text, Error *error) {
        _cleanup_(freep) char *copy = strdup(text);
        int r = live ? defined_need_active(defined, error) : 0;

        if (r < 0)
                return r;
        if (!live && !defined->persistent)
                return fail(error, ERROR_OPERATION_INVALID,
                            "%s '%s' is transient: it has no persistent definition",
                            defined->kind->noun, defined->resource.name);
        if (!copy)
                return fail_memory(error);
        r = live ? note(defined, text, error) : note_and_save(defined, text, error);
        if (r < 0)
                return r;
        if (live) {
                free(defined->live);
                defined->live = TAKE(copy);
        } else
                set_persistent(defined, TAKE(copy));
        return 0;
}

int defined_undefine(Defined *defined, Error *error) {
        int r;

        if (!defined->persistent)
                return fail(error, ERROR_OPERATION_INVALID, "cannot undefine transient %s '%s'",
                            defined->kind->noun, defined->resource.name);
        r = defined_set_autostart(defined, false, error);
        if (r >= 0 && has_files(defined))
                r = remove_all(defined, error);
        if (r < 0)
                return r;
        set_persistent(defined, NULL);
        defined_report(defined, EVENT_UNDEFINED);
        if (defined->active)
                defined_changed(defined, PROPERTY_PERSISTENT);
        else
                defined_detach(defined);
        return 0;
}

static int write_mark(Defined *defined, bool autostart, Error *error) {
        _cleanup_(freep) char *link = defined_file(defined, "autostart/", ".xml"), *target = NULL;
        char uuid[UUID_TEXT_MAX];

        uuid_format(defined->resource.uuid, uuid);
        if (!link || asprintf(&target, "../%s.xml", uuid) < 0)
                return fail_memory(error);
        return autostart ? store_link(defined->resource.connection->store, STORE_CONFIG, target,
                                      link, error)
                         : remove_file(defined, "autostart/", error);
}

int defined_set_autostart(Defined *defined, bool autostart, Error *error) {
        int r;

        if (!defined->persistent)
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot set autostart for transient %s '%s'", defined->kind->noun,
                            defined->resource.name);
        if (defined->autostart == autostart)
                return 0;
        r = has_files(defined) ? write_mark(defined, autostart, error) : 0;
        if (r < 0)
                return r;
        defined->autostart = autostart;
        defined_changed(defined, PROPERTY_AUTOSTART);
        return 0;
}

/* ---- active or not ---- */

void defined_started(Defined *defined) {
        defined->active = true;
        defined_report(defined, EVENT_STARTED);
        defined_changed(defined, PROPERTY_ACTIVE);
}

void defined_stopped(Defined *defined) {
        drop_live(defined);
        defined->active = false;
        defined_report(defined, EVENT_STOPPED);
        defined_changed(defined, PROPERTY_ACTIVE);
        if (!defined->persistent)
                defined_detach(defined);
}

/* ---- reading back ---- */

typedef struct Loading {
        Connection *connection;
        const DefinedKind *kind;
} Loading;

static int load_text(const Loading *loading, char *text, Error *error) {
        _cleanup_(defined_unrefp) Defined *defined = NULL;
        _cleanup_(freep) char *persistent = text, *name = NULL;
        DefinedIdentity who = {};
        int r = loading->kind->identify(text, &who, &name, error);

        if (r >= 0)
                r = defined_new(loading->connection, loading->kind, &who, text, &defined, error);
        if (r < 0)
                return r;
        defined->persistent = TAKE(persistent);
        defined->announced = true;

        r = resource_set_attach(set_of(loading->connection, loading->kind), &defined->resource);
        if (r == -EEXIST)
                return fail(error, ERROR_OPERATION_FAILED,
                            "its name '%s' or its uuid belongs to another", who.name);
        if (r < 0)
                return fail_memory(error);

        _cleanup_(freep) char *link = defined_file(defined, "autostart/", ".xml");
        defined->autostart =
                link && store_exists(loading->connection->store, STORE_CONFIG, link);
        return 0;
}

static int load_file(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *told = NULL;
        const Loading *loading = userdata;
        _cleanup_(freep) char *file = connection_file(loading->connection, "%s/%s.xml",
                                                      loading->kind->folder, name);
        char *text;
        int r;

        if (!file)
                return -ENOMEM;
        r = store_read(loading->connection->store, STORE_CONFIG, file, DEFINITION_MAX, &text,
                       &error);
        if (r >= 0)
                r = load_text(loading, text, &error);
        if (r < 0) {
                told = error_text(&error);
                log_message(LOG_ERR, "left alone: definition %s: %s", file,
                            told ?: "out of memory");
        }
        return r == -ENOMEM ? r : 0;
}

int defined_add(Connection *connection, const DefinedKind *kind, const char *text, Error *error) {
        const Loading loading = { .connection = connection, .kind = kind };
        char *copy = strdup(text);

        return copy ? load_text(&loading, copy, error) : fail_memory(error);
}

static int pass_over(const char *name, void *userdata) {
        return 0;
}

/* Also what a killed service left half done among the marks for autostart is cleared away. */
int defined_load_all(Connection *connection, const DefinedKind *kind, Error *error) {
        _cleanup_(freep) char *folder = connection_file(connection, "%s", kind->folder);
        _cleanup_(freep) char *marks = connection_file(connection, "%s/autostart", kind->folder);
        Loading loading = { .connection = connection, .kind = kind };
        int r;

        if (!folder || !marks)
                return fail_memory(error);
        r = store_list(connection->store, STORE_CONFIG, marks, "", pass_over, NULL, error);
        if (r < 0)
                return r;
        return store_list(connection->store, STORE_CONFIG, folder, ".xml", load_file, &loading,
                          error);
}
