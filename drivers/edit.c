/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of definitions: planned on copies, committed both or none. */
#include "drivers/edit.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/device-edit.h"
#include "drivers/driver.h"

/* ---- what is meant ---- */

int edit_affects(const Domain *domain, uint32_t flags, bool *ret_live, bool *ret_persistent,
                 Error *error) {
        bool live = flags & DOMAIN_AFFECT_LIVE, persistent = flags & DOMAIN_AFFECT_CONFIG;
        bool active = domain_is_active(domain);

        if (!live && !persistent) {
                live = active;
                persistent = !active;
        }
        if (live && !active)
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        if (persistent && !domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID,
                            "transient domains do not have any persistent config");
        *ret_live = live;
        *ret_persistent = persistent;
        return 0;
}

int edit_read(Domain *domain, uint32_t flags, DomainConf **ret, bool *ret_live, Error *error) {
        const uint32_t both = DOMAIN_AFFECT_LIVE | DOMAIN_AFFECT_CONFIG;
        bool live, persistent;
        int r;

        if ((flags & both) == both)
                return fail(error, ERROR_INVALID_ARG,
                            "flags for the live and for the persistent definition are mutually "
                            "exclusive");
        r = edit_affects(domain, flags, &live, &persistent, error);
        if (r < 0)
                return r;
        if (ret_live)
                *ret_live = live;
        return domain_conf(domain, live ? DOMAIN_LIVE : DOMAIN_PERSISTENT, ret, error);
}

/* ---- plan ---- */

static int plan_one(Domain *domain, bool live, DomainChange change, void *userdata,
                    DomainConf **ret, Error *error) {
        int r = domain_conf(domain, live ? DOMAIN_LIVE : DOMAIN_PERSISTENT, ret, error);

        if (r >= 0)
                r = change(ret, live, userdata, error);
        if (r >= 0)
                r = conf_sync(*ret, error); /* rules look at both */
        if (r >= 0)
                r = conf_check(*ret, error);
        return r;
}

int edit_plan(Domain *domain, uint32_t flags, DomainChange change, void *userdata, DomainEdit *ret,
              Error *error) {
        bool live = false, persistent = false;
        int r;

        *ret = (DomainEdit) { .domain = domain };
        r = edit_affects(domain, flags, &live, &persistent, error);
        if (r >= 0 && live)
                r = plan_one(domain, true, change, userdata, &ret->live, error);
        if (r >= 0 && persistent)
                r = plan_one(domain, false, change, userdata, &ret->persistent, error);
        return r;
}

/* ---- commit ---- */

static void swap(DomainText *a, DomainText *b) {
        DomainText kept = *a;

        *a = *b;
        *b = kept;
}

/* The driver's own file of the running guest. */
static int keep_live(Domain *domain, Error *error) {
        const Driver *driver = domain->resource.connection->driver;

        return driver->keep_live ? driver->keep_live(domain, error) : 0;
}

/* On success texts that are not NULL are in force, and hold what was before. */
static int commit_texts(Domain *domain, DomainText *live, DomainText *persistent, Error *error) {
        int r = 0;

        if (live->xml) {
                swap(&domain->live, live);
                r = keep_live(domain, error);
        }
        if (r >= 0 && persistent->xml)
                r = domain_save(domain, persistent->xml, error);
        if (r < 0) {
                if (live->xml) {
                        swap(&domain->live, live);
                        (void) keep_live(domain, NULL);
                }
                return r;
        }
        if (persistent->xml)
                swap(&domain->persistent, persistent);
        return 0;
}

/* A text that says what is there already is no change. */
static void drop_same(DomainText *text, const DomainText *now) {
        if (text->xml && now->xml && strcmp(text->xml, now->xml) == 0)
                domain_text_clear(text);
}

int edit_commit(DomainEdit *edit, Error *error) {
        Domain *domain = edit->domain;
        DomainText live = {}, persistent = {};
        int r = 0;

        if (edit->live && domain_is_active(domain))
                r = domain_text_from(edit->live, 0, &live, error);
        if (r >= 0 && edit->persistent && domain_is_persistent(domain))
                r = domain_text_from(edit->persistent, MAP_LIVE, &persistent, error);
        drop_same(&live, &domain->live);
        drop_same(&persistent, &domain->persistent);
        if (r >= 0)
                r = commit_texts(domain, &live, &persistent, error);
        if (r >= 0 && persistent.xml && domain->id > 0 && !domain->updated) {
                domain->updated = true;
                domain_changed(domain, PROPERTY_UPDATED);
        }
        domain_text_clear(&live);
        domain_text_clear(&persistent);
        return r;
}

void edit_done(DomainEdit *edit) {
        conf_free(edit->live);
        conf_free(edit->persistent);
        *edit = (DomainEdit) {};
}

int domain_edit(Domain *domain, uint32_t flags, DomainChange change, void *userdata, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = {};
        int r = edit_plan(domain, flags, change, userdata, &edit, error);

        return r < 0 ? r : edit_commit(&edit, error);
}

/* ---- devices that came ---- */

int edit_keep_device(Domain *domain, const char *device, DomainConf **persistent, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        _cleanup_(edit_done) DomainEdit edit = { .domain = domain };
        Device *old;
        int r = domain_conf(domain, DOMAIN_LIVE, &edit.live, error);

        if (r >= 0)
                r = device_parse(edit.live, device, &spec, error);
        if (r < 0)
                return r;
        old = spec.device->alias ? conf_find_alias(edit.live, spec.device->alias, NULL) : NULL;
        r = old ? device_replace(&edit.live, old, &spec, true, NULL, error)
                : device_insert(&edit.live, &spec, true, NULL, error);
        if (r < 0)
                return r;
        if (persistent)
                edit.persistent = TAKE(*persistent);
        return edit_commit(&edit, error);
}

int edit_fail_force(Error *error) {
        return fail(error, ERROR_INVALID_ARG,
                    "unsupported flags (0x%x) in function virDomainDetachDeviceFlags",
                    DOMAIN_DEVICE_MODIFY_FORCE);
}

/* ---- tables ---- */

const MapElement *edit_element(const char *path) {
        const MapElement *element = &domain_element;

        while (true) {
                const MapField *field = element->fields;
                size_t n = 0;

                for (; field->path; field++) {
                        n = strlen(field->path);
                        if (field->arg && strncmp(field->path, path, n) == 0 &&
                            (path[n] == 0 || path[n] == '/'))
                                break;
                }
                assert(field->path);
                element = field->arg;
                if (path[n] == 0)
                        return element;
                path += n + 1;
        }
}
