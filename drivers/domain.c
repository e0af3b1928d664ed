/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains as live resources: their definitions at rest, and the story that is told of their
 * lives. */
#include "drivers/domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/driver.h"
#include "drivers/snapshot.h"

/* ---- one domain ---- */

void domain_text_clear(DomainText *text) {
        free(text->xml);
        conf_free(text->view);
        *text = (DomainText) {};
}

static void domain_free(Resource *resource) {
        Domain *domain = domain_of(resource);

        domain_text_clear(&domain->persistent);
        domain_text_clear(&domain->live);
        free(domain->os_type);
        free(domain->image);
        resource_done(resource);
        free(domain);
}

/* A reference that isn't in any set yet. */
static int domain_new(Connection *connection, const char *name, Uuid uuid, Domain **ret,
                      Error *error) {
        Domain *domain = calloc(1, sizeof(*domain));
        int r;

        if (!domain)
                return fail_memory(error);
        r = resource_init(&domain->resource, connection, RESOURCE_DOMAIN, name, NULL, NULL,
                          domain_free, error);
        if (r < 0) {
                free(domain);
                return r;
        }
        domain->resource.uuid = uuid;
        domain->state = DOMAIN_SHUTOFF;
        *ret = domain;
        return 0;
}

static void domain_unrefp(Domain **domain) {
        if (*domain)
                resource_unref(&(*domain)->resource);
}

static char *domain_file(Domain *domain, const char *folder) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "%s%s.xml", folder,
                               uuid_format(domain->resource.uuid, uuid));
}

int domain_need_active(const Domain *domain, Error *error) {
        return domain_is_active(domain)
                       ? 0
                       : fail(error, ERROR_OPERATION_INVALID, "domain is not running");
}

int domain_need_inactive(const Domain *domain, Error *error) {
        return domain->id == 0 ? 0
                               : fail(error, ERROR_OPERATION_INVALID, "domain is already running");
}

/* ---- definitions at rest ---- */

int domain_text_from(DomainConf *conf, MapFlags without, DomainText *ret, Error *error) {
        int r = conf_print(conf, without, &ret->xml, error);

        ret->secret = r >= 0 && conf_has_secret(conf);
        return r;
}

static int domain_text_of(Domain *domain, DomainWhich which, DomainText **ret, Error *error) {
        if (which == DOMAIN_LIVE && !domain->live.xml)
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        if (which == DOMAIN_PERSISTENT && !domain->persistent.xml)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain '%s' is transient: it has no persistent definition",
                            domain->resource.name);
        *ret = which != DOMAIN_PERSISTENT && domain->live.xml ? &domain->live : &domain->persistent;
        return 0;
}

int domain_conf(Domain *domain, DomainWhich which, DomainConf **ret, Error *error) {
        DomainText *text = NULL;
        int r = domain_text_of(domain, which, &text, error);

        if (r < 0)
                return r;
        return conf_parse(text->xml, CONF_TRUSTED | (text == &domain->live ? CONF_LIVE : 0), ret,
                          error);
}

int domain_xml(Domain *domain, uint32_t flags, const char **ret, char **ret_made, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        bool inactive = flags & DOMAIN_XML_INACTIVE, active = domain_is_active(domain);
        DomainText *text = (inactive || !active) && domain->persistent.xml ? &domain->persistent
                                                                          : &domain->live;
        MapFlags without = 0;
        int r;

        if (!text->xml)
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        if (inactive && text == &domain->live)
                without |= MAP_LIVE;
        if (text->secret && !(flags & (DOMAIN_XML_SECURE | DOMAIN_XML_MIGRATABLE)))
                without |= MAP_SECRET;
        if (without == 0) {
                *ret = text->xml;
                return 0;
        }
        r = conf_parse(text->xml, CONF_TRUSTED | CONF_LIVE, &conf, error);
        if (r >= 0)
                r = conf_print(conf, without, ret_made, error);
        if (r >= 0)
                *ret = *ret_made;
        return r;
}

int domain_set_live(Domain *domain, DomainConf *conf, Error *error) {
        DomainText text = {};
        int r = domain_text_from(conf, 0, &text, error);

        if (r < 0)
                return r;
        domain_text_clear(&domain->live);
        domain->live = text;
        return 0;
}

int domain_save(Domain *domain, const char *xml, Error *error) {
        Connection *connection = domain->resource.connection;

        if (!connection->driver->keeps_files)
                return 0;
        _cleanup_(freep) char *file = domain_file(domain, "");
        return file ? store_write(connection->store, STORE_CONFIG, file, xml, error)
                    : fail_memory(error);
}

/* ---- who is who ---- */

int domain_match(Connection *connection, const DomainConf *conf, Domain **ret, Error *error) {
        Resource *same = resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], conf->uuid);
        Resource *named = resource_set_by_name(&connection->sets[RESOURCE_DOMAIN], conf->name);
        char uuid[UUID_TEXT_MAX];

        if (same && strcmp(same->name, conf->name) != 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "domain '%s' is already defined with uuid %s", same->name,
                            uuid_format(same->uuid, uuid));
        if (!same && named)
                return fail(error, ERROR_OPERATION_FAILED,
                            "domain '%s' already exists with uuid %s", named->name,
                            uuid_format(named->uuid, uuid));
        *ret = same ? domain_of(same) : NULL;
        return 0;
}

static int domain_note(Domain *domain, VirtType type, const char *os_type) {
        char *copy = strdup(os_type ?: "");

        if (!copy)
                return -ENOMEM;
        free(domain->os_type);
        domain->os_type = copy;
        domain->type = type;
        return 0;
}

/* The domain a definition is about, made and attached if it is new. */
static int domain_obtain(Connection *connection, const DomainConf *conf, bool *ret_new,
                         Domain **ret, Error *error) {
        _cleanup_(domain_unrefp) Domain *made = NULL;
        Domain *same = NULL;
        int r = domain_match(connection, conf, &same, error);

        if (r < 0)
                return r;
        *ret_new = !same;
        *ret = same;
        if (same)
                return 0;

        r = domain_new(connection, conf->name, conf->uuid, &made, error);
        if (r < 0)
                return r;
        if (domain_note(made, conf->type, conf->os.type) < 0 ||
            resource_set_attach(&connection->sets[RESOURCE_DOMAIN], &made->resource) < 0)
                return fail_memory(error);
        *ret = made;
        return 0;
}

/* ---- facts ---- */

static void domain_announce(Domain *domain) {
        if (domain->announced)
                return;
        domain->announced = true;
        event_report(&domain->resource.connection->hub,
                     &(Event) { .kind = EVENT_ATTACHED, .resource = &domain->resource });
}

void domain_report(Domain *domain, DomainEventType type, int detail) {
        domain_announce(domain);
        event_report(&domain->resource.connection->hub, &(Event) { .kind = EVENT_LIFECYCLE,
                                                                   .resource = &domain->resource,
                                                                   .type = type,
                                                                   .detail = detail });
}

void domain_changed(Domain *domain, uint64_t properties) {
        if (domain->announced)
                event_report(&domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_CHANGED, .resource = &domain->resource,
                                        .number = properties });
}

static void domain_detach(Domain *domain) {
        Connection *connection = domain->resource.connection;
        bool told = domain->announced;

        resource_ref(&domain->resource);
        snapshot_forget_all(domain);
        resource_set_detach(&connection->sets[RESOURCE_DOMAIN], &domain->resource);
        domain->announced = false;
        if (told)
                event_report(&connection->hub,
                             &(Event) { .kind = EVENT_DETACHED, .resource = &domain->resource });
        resource_unref(&domain->resource);
}

/* ---- definitions come and go ---- */

int domain_define(Connection *connection, DomainConf *conf, Domain **ret, Error *error) {
        DomainText text = {};
        Domain *domain;
        bool is_new, was_transient;
        int r = domain_obtain(connection, conf, &is_new, &domain, error);

        if (r < 0)
                return r;
        r = domain_text_from(conf, MAP_LIVE, &text, error);
        if (r >= 0)
                r = domain_save(domain, text.xml, error);
        if (r >= 0 && domain->id == 0 && domain_note(domain, conf->type, conf->os.type) < 0)
                r = fail_memory(error);
        if (r < 0) {
                domain_text_clear(&text);
                if (is_new)
                        domain_detach(domain);
                return r;
        }

        was_transient = !domain->persistent.xml;
        domain_text_clear(&domain->persistent);
        domain->persistent = text;
        domain->updated = domain->id > 0;
        domain_report(domain, DOMAIN_EVENT_DEFINED,
                      was_transient ? DEFINED_ADDED : DEFINED_UPDATED);
        if (!is_new)
                domain_changed(domain,
                               (was_transient ? PROPERTY_PERSISTENT : 0) | PROPERTY_UPDATED);
        if (ret)
                *ret = domain;
        return 0;
}

int domain_create(Connection *connection, DomainConf *conf, Domain **ret, Error *error) {
        Domain *domain;
        bool is_new;
        int r = domain_obtain(connection, conf, &is_new, &domain, error);

        if (r < 0)
                return r;
        if (domain->id > 0)
                return fail(error, ERROR_OPERATION_INVALID, "domain '%s' is already active",
                            domain->resource.name);
        *ret = domain;
        return 0;
}

int domain_load(Connection *connection, const char *text, Domain **ret, Error *error) {
        _cleanup_(conf_summary_clear) ConfSummary summary = {};
        _cleanup_(domain_unrefp) Domain *domain = NULL;
        int r = conf_summarize(text, &summary, error);

        if (r < 0)
                return r;
        r = domain_new(connection, summary.name, summary.uuid, &domain, error);
        if (r < 0)
                return r;
        if (domain_note(domain, summary.type, summary.os_type) < 0)
                return fail_memory(error);
        domain->persistent = (DomainText) { .xml = strdup(text), .secret = summary.secret };
        domain->announced = true;
        if (!domain->persistent.xml)
                return fail_memory(error);

        r = resource_set_attach(&connection->sets[RESOURCE_DOMAIN], &domain->resource);
        if (r == -EEXIST)
                return fail(error, ERROR_DOMAIN_EXISTS,
                            "its name '%s' or its uuid belongs to another", summary.name);
        if (r < 0)
                return fail_memory(error);

        _cleanup_(freep) char *link = domain_file(domain, "autostart/");
        domain->autostart = link && store_exists(connection->store, STORE_CONFIG, link);
        r = snapshot_load_all(domain, error);
        if (r < 0)
                return r;
        if (ret)
                *ret = domain;
        return 0;
}

static int domain_need_nothing_left(const Domain *domain, uint32_t flags, Error *error) {
        if (!domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID, "cannot undefine transient domain");
        if (domain->managed_save && !(flags & DOMAIN_UNDEFINE_MANAGED_SAVE))
                return fail(error, ERROR_OPERATION_INVALID,
                            "Refusing to undefine while domain managed save image exists");
        if (domain->id == 0 && snapshot_count(domain) > 0 &&
            !(flags & DOMAIN_UNDEFINE_SNAPSHOTS_METADATA))
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot delete inactive domain with %zu snapshots",
                            snapshot_count(domain));
        return 0;
}

int domain_undefine(Domain *domain, uint32_t flags, Error *error) {
        Connection *connection = domain->resource.connection;
        int r = domain_need_nothing_left(domain, flags, error);

        if (r < 0)
                return r;
        if (connection->driver->keeps_files) {
                _cleanup_(freep) char *file = domain_file(domain, "");

                r = domain_set_autostart(domain, false, error);
                if (r < 0)
                        return r;
                if (!file)
                        return fail_memory(error);
                r = store_remove(connection->store, STORE_CONFIG, file, error);
                if (r < 0)
                        return r;
        }
        domain_set_managed_save(domain, false, NULL);
        domain_text_clear(&domain->persistent);
        domain->updated = false;
        domain_report(domain, DOMAIN_EVENT_UNDEFINED, UNDEFINED_REMOVED);
        if (domain->id > 0)
                domain_changed(domain, PROPERTY_PERSISTENT | PROPERTY_UPDATED);
        else
                domain_detach(domain);
        return 0;
}

int domain_rename(Domain *domain, const char *name, Error *error) {
        ResourceSet *domains = &domain->resource.connection->sets[RESOURCE_DOMAIN];
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        DomainText text = {};
        int r;

        if (domain->id > 0)
                return fail(error, ERROR_OPERATION_INVALID, "cannot rename active domain");
        if (!domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID, "cannot rename a transient domain");
        if (resource_set_by_name(domains, name))
                return fail(error, ERROR_OPERATION_INVALID, "domain with name '%s' already exists",
                            name);
        r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);
        if (r < 0)
                return r;
        free(conf->name);
        conf->name = strdup(name);
        if (!conf->name)
                return fail_memory(error);
        r = conf_check(conf, error);
        if (r >= 0)
                r = domain_text_from(conf, 0, &text, error);
        if (r >= 0)
                r = domain_save(domain, text.xml, error);
        if (r >= 0 && resource_set_rename(domains, &domain->resource, name) < 0) {
                (void) domain_save(domain, domain->persistent.xml, NULL);
                r = fail_memory(error);
        }
        if (r < 0) {
                domain_text_clear(&text);
                return r;
        }
        domain_text_clear(&domain->persistent);
        domain->persistent = text;
        domain_report(domain, DOMAIN_EVENT_UNDEFINED, UNDEFINED_RENAMED);
        domain_report(domain, DOMAIN_EVENT_DEFINED, DEFINED_RENAMED);
        domain_changed(domain, PROPERTY_NAME);
        return 0;
}

int domain_set_autostart(Domain *domain, bool autostart, Error *error) {
        Connection *connection = domain->resource.connection;
        int r = 0;

        if (!domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot set autostart for transient domain");
        if (domain->autostart == autostart)
                return 0;
        if (connection->driver->keeps_files) {
                _cleanup_(freep) char *link = domain_file(domain, "autostart/"), *target = NULL;
                char uuid[UUID_TEXT_MAX];

                uuid_format(domain->resource.uuid, uuid);
                if (!link || asprintf(&target, "../%s.xml", uuid) < 0)
                        return fail_memory(error);
                r = autostart ? store_link(connection->store, STORE_CONFIG, target, link, error)
                              : store_remove(connection->store, STORE_CONFIG, link, error);
        }
        if (r < 0)
                return r;
        domain->autostart = autostart;
        domain_changed(domain, PROPERTY_AUTOSTART);
        return 0;
}

void domain_set_managed_save(Domain *domain, bool there, char *image) {
        free(domain->image);
        domain->image = image;
        domain->managed_save = there;
}

/* ---- the life of a guest ---- */

void domain_starting(Domain *domain, uint32_t id) {
        Connection *connection = domain->resource.connection;

        if (id == 0)
                id = connection->last_id + 1;
        connection->last_id = MAX(connection->last_id, id);
        domain->id = id;
        domain->starting = true;
}

void domain_set_state(Domain *domain, DomainState state, int reason) {
        if (domain->state == state && domain->reason == reason)
                return;
        domain->state = state;
        domain->reason = reason;
        domain_changed(domain, PROPERTY_STATE);
}

void domain_started(Domain *domain, int detail) {
        domain->starting = false;
        domain_report(domain, DOMAIN_EVENT_STARTED, detail);
        domain_changed(domain, PROPERTY_ACTIVE | PROPERTY_ID | PROPERTY_STATE);
}

void domain_found(Domain *domain) {
        domain->starting = false;
        domain->announced = true;
}

void domain_stopped(Domain *domain, int reason, int detail) {
        bool was_started = domain_is_active(domain);

        domain_text_clear(&domain->live);
        domain->id = 0;
        domain->starting = domain->autodestroy = domain->updated = false;
        domain->state = DOMAIN_SHUTOFF;
        domain->reason = reason;
        if (was_started) {
                domain_report(domain, DOMAIN_EVENT_STOPPED, detail);
                domain_changed(domain,
                               PROPERTY_ACTIVE | PROPERTY_ID | PROPERTY_STATE | PROPERTY_UPDATED);
        }
        if (!domain_is_persistent(domain))
                domain_detach(domain);
}
