/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots as live resources: a tree below each domain, at rest as texts.
 *
 * Where the driver keeps files, each is STATE/<driver>/snapshots/<uuid of the domain>/<name>.xml;
 * the one that is current says so with libvirt's <active>, which is never shown. */
#include "drivers/snapshot.h"

#include <errno.h>
#include <string.h>

#include "conf/api-snapshot.h"
#include "drivers/driver.h"
#include "drivers/log.h"

#define SNAPSHOT_SIZE_MAX (16u << 20) /* bytes of one file */

static ResourceSet *snapshots_of(const Domain *domain) {
        return &domain->resource.connection->sets[RESOURCE_SNAPSHOT];
}

/* Calls visit() for the snapshots of a domain, the last first, so that they may go meanwhile. */
static int visit_snapshots(const Domain *domain,
                           int (*visit)(Snapshot *snapshot, void *userdata), void *userdata) {
        const ResourceSet *set = snapshots_of(domain);
        int r = 0;

        for (size_t i = set->n; r == 0 && i > 0; i--)
                if (i <= set->n && set->items[i - 1]->parent == &domain->resource)
                        r = visit(snapshot_of(set->items[i - 1]), userdata);
        return r;
}

/* ---- who is who ---- */

Snapshot *snapshot_by_name(Domain *domain, const char *name) {
        Resource *resource = resource_set_child(snapshots_of(domain), &domain->resource, name);

        return resource ? snapshot_of(resource) : NULL;
}

static int note_current(Snapshot *snapshot, void *userdata) {
        if (snapshot->current)
                *(Snapshot **) userdata = snapshot;
        return snapshot->current;
}

Snapshot *snapshot_current(Domain *domain) {
        Snapshot *current = NULL;

        (void) visit_snapshots(domain, note_current, &current);
        return current;
}

static int count(Snapshot *snapshot, void *userdata) {
        (*(size_t *) userdata)++;
        return 0;
}

size_t snapshot_count(const Domain *domain) {
        size_t n = 0;

        (void) visit_snapshots(domain, count, &n);
        return n;
}

bool snapshot_descends(const Snapshot *snapshot, const Snapshot *from) {
        for (snapshot = snapshot->base; snapshot; snapshot = snapshot->base)
                if (snapshot == from)
                        return true;
        return false;
}

static int find_child(Snapshot *snapshot, void *userdata) {
        return snapshot->base == userdata;
}

bool snapshot_has_children(const Snapshot *snapshot) {
        return visit_snapshots(snapshot_domain(snapshot), find_child, (void *) snapshot) != 0;
}

/* ---- files ---- */

static char *snapshot_file(const Snapshot *snapshot) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(snapshot->resource.connection, "snapshots/%s/%s.xml",
                               uuid_format(snapshot_domain(snapshot)->resource.uuid, uuid),
                               snapshot->resource.name);
}

static bool keeps_files(const Snapshot *snapshot) {
        return snapshot->resource.connection->driver->keeps_files;
}

static int snapshot_save(const Snapshot *snapshot, const char *text, bool current, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        _cleanup_(freep) char *marked = NULL, *file = NULL;
        int r;

        if (!keeps_files(snapshot))
                return 0;
        r = snapshot_conf_parse(text, CONF_TRUSTED, &conf, error);
        if (r < 0)
                return r;
        conf->active = (MaybeU32) { current, 1 };
        r = snapshot_conf_print(conf, 0, &marked, error);
        if (r < 0)
                return r;
        file = snapshot_file(snapshot);
        return file ? store_write(snapshot->resource.connection->store, STORE_STATE, file, marked,
                                  error)
                    : fail_memory(error);
}

static int remove_file(const Snapshot *snapshot, Error *error) {
        if (!keeps_files(snapshot))
                return 0;
        _cleanup_(freep) char *file = snapshot_file(snapshot);
        return file ? store_remove(snapshot->resource.connection->store, STORE_STATE, file, error)
                    : fail_memory(error);
}

/* ---- one snapshot ---- */

static void snapshot_free(Resource *resource) {
        Snapshot *snapshot = snapshot_of(resource);

        free(snapshot->text);
        resource_done(resource);
        free(snapshot);
}

static int snapshot_new(Domain *domain, const char *name, Snapshot **ret, Error *error) {
        Snapshot *snapshot = calloc(1, sizeof(*snapshot));
        int r;

        if (!snapshot)
                return fail_memory(error);
        r = resource_init(&snapshot->resource, domain->resource.connection, RESOURCE_SNAPSHOT, name,
                          NULL, &domain->resource, snapshot_free, error);
        if (r < 0) {
                free(snapshot);
                return r;
        }
        *ret = snapshot;
        return 0;
}

static void snapshot_unrefp(Snapshot **snapshot) {
        if (*snapshot)
                resource_unref(&(*snapshot)->resource);
}

static void snapshot_tell(Snapshot *snapshot, EventKind kind, uint64_t properties) {
        event_report(&snapshot->resource.connection->hub,
                     &(Event) { .kind = kind, .resource = &snapshot->resource,
                                .number = properties });
}

static DomainState domain_state_of(SnapshotState state) {
        switch (state) {
        case SNAPSHOT_RUNNING:
        case SNAPSHOT_BLOCKED:
        case SNAPSHOT_DISK_ONLY:
                return DOMAIN_RUNNING;
        case SNAPSHOT_PAUSED:
        case SNAPSHOT_PMSUSPENDED:
                return DOMAIN_PAUSED;
        case SNAPSHOT_UNSET:
        case SNAPSHOT_SHUTDOWN:
        case SNAPSHOT_SHUTOFF:
        case SNAPSHOT_CRASHED:
                break;
        }
        return DOMAIN_SHUTOFF;
}

static bool is_external(const SnapshotConf *conf) {
        for (size_t i = 0; i < conf->disks.n; i++)
                if (conf->disks.items[i]->location == LOCATION_EXTERNAL)
                        return true;
        return conf->memory == LOCATION_EXTERNAL;
}

/* Takes over the text and what is kept besides it. */
static void snapshot_note(Snapshot *snapshot, const SnapshotConf *conf, char *text) {
        free(snapshot->text);
        snapshot->text = text;
        snapshot->created = conf->creation_time;
        snapshot->state = domain_state_of(conf->state);
        snapshot->disk_only = conf->state == SNAPSHOT_DISK_ONLY;
        snapshot->external = is_external(conf);
        snapshot->base = conf->parent ? snapshot_by_name(snapshot_domain(snapshot), conf->parent)
                                      : NULL;
}

int snapshot_xml(const Snapshot *snapshot, uint32_t flags, char **ret, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        int r;

        if (flags & DOMAIN_SNAPSHOT_XML_SECURE) {
                *ret = strdup(snapshot->text);
                return *ret ? 0 : fail_memory(error);
        }
        r = snapshot_conf_parse(snapshot->text, CONF_TRUSTED, &conf, error);
        return r < 0 ? r : snapshot_conf_print(conf, MAP_SECRET, ret, error);
}

/* ---- the current one ---- */

int snapshot_set_current(Domain *domain, Snapshot *snapshot, Error *error) {
        Snapshot *before = snapshot_current(domain);
        int r;

        if (before == snapshot)
                return 0;
        r = before ? snapshot_save(before, before->text, false, error) : 0;
        if (r < 0)
                return r;
        r = snapshot ? snapshot_save(snapshot, snapshot->text, true, error) : 0;
        if (r < 0) {
                if (before)
                        (void) snapshot_save(before, before->text, true, NULL);
                return r;
        }
        if (before)
                before->current = false;
        if (snapshot)
                snapshot->current = true;
        return 0;
}

/* ---- one comes ---- */

static int check_name(const char *name, Error *error) {
        if (strchr(name, '/'))
                return fail(error, ERROR_XML, "invalid snapshot name '%s': name can't contain '/'",
                            name);
        if (*name == '.')
                return fail(error, ERROR_XML,
                            "invalid snapshot name '%s': name can't start with '.'", name);
        return 0;
}

/* Text and, first, file. */
static int snapshot_settle(Snapshot *snapshot, SnapshotConf *conf, Error *error) {
        _cleanup_(freep) char *text = NULL;
        int r;

        conf->active.set = false;
        r = snapshot_conf_print(conf, 0, &text, error);
        if (r >= 0)
                r = snapshot_save(snapshot, text, snapshot->current, error);
        if (r >= 0)
                snapshot_note(snapshot, conf, TAKE(text));
        return r;
}

static int snapshot_attach(Domain *domain, SnapshotConf *conf, Snapshot **ret, Error *error) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        int r = snapshot_new(domain, conf->name, &snapshot, error);

        if (r >= 0)
                r = snapshot_settle(snapshot, conf, error);
        if (r < 0)
                return r;
        if (resource_set_attach(snapshots_of(domain), &snapshot->resource) < 0) {
                (void) remove_file(snapshot, NULL);
                return fail_memory(error);
        }
        *ret = snapshot;
        return 0;
}

int snapshot_add(Domain *domain, SnapshotConf *conf, bool current, Snapshot **ret, Error *error) {
        Snapshot *snapshot;
        int r;

        if (!conf->name)
                return fail(error, ERROR_XML, "a snapshot needs a name");
        r = check_name(conf->name, error);
        if (r < 0)
                return r;
        snapshot = snapshot_by_name(domain, conf->name);
        r = snapshot ? snapshot_settle(snapshot, conf, error)
                     : snapshot_attach(domain, conf, &snapshot, error);
        if (r >= 0 && current)
                r = snapshot_set_current(domain, snapshot, error);
        if (r < 0) {
                if (snapshot && !snapshot->announced)
                        (void) snapshot_remove(snapshot, NULL);
                return r;
        }
        if (!snapshot->announced) {
                snapshot->announced = true;
                snapshot_tell(snapshot, EVENT_ATTACHED, 0);
        }
        *ret = snapshot;
        return 0;
}

/* ---- one goes ---- */

typedef struct Adoption {
        Snapshot *from, *to;
        Error *error;
} Adoption;

static int adopt(Snapshot *snapshot, void *userdata) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        Adoption *adoption = userdata;
        char *parent = NULL;
        int r;

        if (snapshot->base != adoption->from)
                return 0;
        r = snapshot_conf_parse(snapshot->text, CONF_TRUSTED, &conf, adoption->error);
        if (r < 0)
                return r;
        if (adoption->to && !(parent = strdup(adoption->to->resource.name)))
                return fail_memory(adoption->error);
        free(conf->parent);
        conf->parent = parent;
        r = snapshot_settle(snapshot, conf, adoption->error);
        return MIN(r, 0);
}

static void snapshot_detach(Snapshot *snapshot) {
        bool told = snapshot->announced;

        resource_ref(&snapshot->resource);
        resource_set_detach(snapshots_of(snapshot_domain(snapshot)), &snapshot->resource);
        snapshot->announced = snapshot->current = false;
        if (told)
                snapshot_tell(snapshot, EVENT_DETACHED, 0);
        resource_unref(&snapshot->resource);
}

int snapshot_remove(Snapshot *snapshot, Error *error) {
        Domain *domain = snapshot_domain(snapshot);
        Adoption adoption = { .from = snapshot, .to = snapshot->base, .error = error };
        int r = visit_snapshots(domain, adopt, &adoption);

        if (r >= 0 && snapshot->current)
                r = snapshot_set_current(domain, snapshot->base, error);
        if (r >= 0)
                r = remove_file(snapshot, error);
        if (r >= 0)
                snapshot_detach(snapshot);
        return r;
}

static int forget(Snapshot *snapshot, void *userdata) {
        if (remove_file(snapshot, NULL) < 0)
                log_resource(LOG_WARNING, &snapshot->resource, "its file is left");
        snapshot_detach(snapshot);
        return 0;
}

void snapshot_forget_all(Domain *domain) {
        (void) visit_snapshots(domain, forget, NULL);
}

/* ---- reading back ---- */

/* Its base may come after it: bases are found when all are there. */
static int load_one(Domain *domain, const char *text, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(freep) char *kept = NULL;
        bool current;
        int r = snapshot_conf_parse(text, CONF_TRUSTED, &conf, error);

        if (r >= 0)
                r = snapshot_new(domain, conf->name ?: "", &snapshot, error);
        if (r < 0)
                return r;
        current = conf->active.set && conf->active.value;
        conf->active.set = false;
        r = snapshot_conf_print(conf, 0, &kept, error);
        if (r < 0)
                return r;
        snapshot_note(snapshot, conf, TAKE(kept));
        snapshot->announced = true;
        snapshot->current = current && !snapshot_current(domain);
        return resource_set_attach(snapshots_of(domain), &snapshot->resource);
}

static int load_file(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL, *file = NULL;
        Domain *domain = userdata;
        Connection *connection = domain->resource.connection;
        char uuid[UUID_TEXT_MAX];
        int r;

        file = connection_file(connection, "snapshots/%s/%s.xml",
                               uuid_format(domain->resource.uuid, uuid), name);
        if (!file)
                return -ENOMEM;
        r = store_read(connection->store, STORE_STATE, file, SNAPSHOT_SIZE_MAX, &text, &error);
        if (r >= 0)
                r = load_one(domain, text, &error);
        if (r < 0) {
                _cleanup_(freep) char *told = error_text(&error);

                log_message(LOG_ERR, "left alone: snapshot %s: %s", file, told ?: strerror(-r));
        }
        return r == -ENOMEM ? r : 0;
}

static int find_base(Snapshot *snapshot, void *userdata) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;

        if (snapshot_conf_parse(snapshot->text, CONF_TRUSTED, &conf, NULL) >= 0 && conf->parent)
                snapshot->base = snapshot_by_name(snapshot_domain(snapshot), conf->parent);
        return 0;
}

int snapshot_load_all(Domain *domain, Error *error) {
        Connection *connection = domain->resource.connection;
        _cleanup_(freep) char *folder = NULL;
        char uuid[UUID_TEXT_MAX];
        int r;

        if (!connection->driver->keeps_files)
                return 0;
        folder = connection_file(connection, "snapshots/%s",
                                 uuid_format(domain->resource.uuid, uuid));
        if (!folder)
                return fail_memory(error);
        r = store_list(connection->store, STORE_STATE, folder, ".xml", load_file, domain, error);
        if (r >= 0)
                (void) visit_snapshots(domain, find_base, NULL);
        return MIN(r, 0);
}
