/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New snapshots of the test driver's guests, and those whose description is given from outside. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/api-snapshot.h"
#include "drivers/edit.h"
#include "drivers/snapshot.h"
#include "drivers/test/driver.h"

/* ---- what may be asked ---- */

static int check_flags(const Domain *domain, uint32_t flags, Error *error) {
        bool redefine = flags & DOMAIN_SNAPSHOT_CREATE_REDEFINE;

        if ((flags & DOMAIN_SNAPSHOT_CREATE_CURRENT) && !redefine)
                return fail(error, ERROR_INVALID_ARG,
                            "a new snapshot is the current one anyway: flag %d needs flag %d",
                            DOMAIN_SNAPSHOT_CREATE_CURRENT, DOMAIN_SNAPSHOT_CREATE_REDEFINE);
        if (redefine && (flags & DOMAIN_SNAPSHOT_CREATE_HALT))
                return fail(error, ERROR_INVALID_ARG,
                            "redefining a snapshot can't halt its domain");
        if (flags & DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "a snapshot of the test driver is nothing but metadata");
        if ((flags & DOMAIN_SNAPSHOT_CREATE_REUSE_EXT) &&
            !(flags & DOMAIN_SNAPSHOT_CREATE_DISK_ONLY))
                return fail(error, ERROR_INVALID_ARG,
                            "reusing files (flag %d) is for disk-only snapshots (flag %d)",
                            DOMAIN_SNAPSHOT_CREATE_REUSE_EXT, DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
        if ((flags & DOMAIN_SNAPSHOT_CREATE_QUIESCE) &&
            !(flags & DOMAIN_SNAPSHOT_CREATE_DISK_ONLY))
                return fail(error, ERROR_INVALID_ARG,
                            "quiescing (flag %d) is for disk-only snapshots (flag %d)",
                            DOMAIN_SNAPSHOT_CREATE_QUIESCE, DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
        if ((flags & DOMAIN_SNAPSHOT_CREATE_QUIESCE) && !domain_is_active(domain))
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        if ((flags & DOMAIN_SNAPSHOT_CREATE_HALT) && !domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot halt after transient domain snapshot");
        return 0;
}

/* ---- disks ---- */

static SnapshotDisk *snapshot_disk(const SnapshotConf *conf, const DomainDisk *disk) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                SnapshotDisk *entry = conf->disks.items[i];

                if (strcmp(entry->name, disk->target) == 0 ||
                    (disk->source && strcmp(entry->name, disk->source) == 0))
                        return entry;
        }
        return NULL;
}

static int add_disk(SnapshotConf *conf, const DomainDisk *disk, SnapshotDisk **ret, Error *error) {
        const MapField *field = snapshot_kind.element->fields;
        SnapshotDisk *entry;

        while (strcmp(field->path, "disks/disk") != 0)
                field++;
        entry = map_list_add(field->arg, &conf->disks);
        if (!entry || !(entry->name = strdup(disk->target)))
                return fail_memory(error);
        *ret = entry;
        return 0;
}

/* "/guest/disk.img" becomes "/guest/disk.NAME". */
static char *overlay_name(const char *source, const char *name) {
        const char *base = strrchr(source, '/'), *dot = strrchr(base ?: source, '.');
        int n = dot ? dot - source : (int) strlen(source);
        char *file;

        return asprintf(&file, "%.*s.%s", n, source, name) < 0 ? NULL : file;
}

static int settle_disk(SnapshotConf *conf, const DomainDisk *disk, SnapshotLocation usual,
                       Error *error) {
        SnapshotDisk *entry = snapshot_disk(conf, disk);
        int r = entry ? 0 : add_disk(conf, disk, &entry, error);

        if (r < 0)
                return r;
        if (entry->location == LOCATION_UNSET)
                entry->location = entry->file || entry->dev          ? LOCATION_EXTERNAL
                                  : !disk->source || disk->readonly ? LOCATION_NO
                                                                    : usual;
        if (usual == LOCATION_EXTERNAL && entry->location == LOCATION_INTERNAL)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "disk '%s' must use snapshot mode 'external'", entry->name);
        if (entry->location != LOCATION_EXTERNAL || entry->file || entry->dev)
                return 0;
        if (disk->type != DISK_FILE || !disk->source)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "cannot generate external snapshot name for disk '%s'", entry->name);
        entry->file = overlay_name(disk->source, conf->name);
        entry->type = entry->type ?: strdup("file");
        entry->format = entry->format ?: strdup("qcow2");
        return entry->file && entry->type && entry->format ? 0 : fail_memory(error);
}

static int check_named(const SnapshotConf *conf, const DomainConf *domain, Error *error) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                bool known = false;

                for (size_t k = 0; k < domain->disks.n; k++)
                        known = known || snapshot_disk(conf, domain->disks.items[k]) ==
                                                 conf->disks.items[i];
                if (!known)
                        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                                    "no disk named '%s' or named twice",
                                    conf->disks.items[i]->name);
        }
        return 0;
}

static int settle_disks(SnapshotConf *conf, const DomainConf *domain, SnapshotLocation usual,
                        Error *error) {
        int r = check_named(conf, domain, error);

        for (size_t i = 0; r >= 0 && i < domain->disks.n; i++)
                r = settle_disk(conf, domain->disks.items[i], usual, error);
        return r;
}

/* A guest whose disk got an overlay writes to that from now on. */
static int use_overlays(DomainConf **conf, bool live, void *userdata, Error *error) {
        const SnapshotConf *snapshot = userdata;

        for (size_t i = 0; i < (*conf)->disks.n; i++) {
                DomainDisk *disk = (*conf)->disks.items[i];
                const SnapshotDisk *entry = snapshot_disk(snapshot, disk);
                char *source, *format;

                if (!entry || entry->location != LOCATION_EXTERNAL || !entry->file)
                        continue;
                source = strdup(entry->file);
                format = strdup(entry->format ?: "qcow2");
                if (!source || !format) {
                        free(source);
                        free(format);
                        return fail_memory(error);
                }
                free(disk->source);
                free(disk->format);
                disk->source = source;
                disk->format = format;
        }
        return 0;
}

/* ---- a new one ---- */

static void settle_state(SnapshotConf *conf, const Domain *domain, bool disk_only) {
        bool active = domain_is_active(domain);

        conf->state = !active                            ? SNAPSHOT_SHUTOFF
                      : disk_only                        ? SNAPSHOT_DISK_ONLY
                      : domain->state == DOMAIN_PAUSED ? SNAPSHOT_PAUSED
                                                         : SNAPSHOT_RUNNING;
        if (conf->memory != LOCATION_EXTERNAL || disk_only || !active)
                conf->memory = active && !disk_only ? LOCATION_INTERNAL : LOCATION_NO;
}

/* The domain as it is goes into the snapshot. */
static int settle_domain(SnapshotConf *conf, const Domain *domain, Error *error) {
        const char *live = domain->live.xml, *persistent = domain->persistent.xml;
        int r = snapshot_set_domain(conf, "domain", live ?: persistent, error);

        return r < 0 ? r
                     : snapshot_set_domain(conf, "inactiveDomain", live ? persistent : NULL, error);
}

static int settle_parent(SnapshotConf *conf, Domain *domain, Error *error) {
        const Snapshot *current = snapshot_current(domain);

        free(conf->parent);
        conf->parent = current ? strdup(current->resource.name) : NULL;
        return current && !conf->parent ? fail_memory(error) : 0;
}

static int take(Domain *domain, SnapshotConf *conf, uint32_t flags, Snapshot **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *now = NULL;
        bool disk_only = flags & DOMAIN_SNAPSHOT_CREATE_DISK_ONLY;
        bool external = disk_only || conf->memory == LOCATION_EXTERNAL;
        uint32_t both = (domain_is_active(domain) ? DOMAIN_AFFECT_LIVE : 0) |
                        (domain_is_persistent(domain) ? DOMAIN_AFFECT_CONFIG : 0);
        int r = 0;

        conf->creation_time = time(NULL);
        if (snapshot_by_name(domain, conf->name))
                r = fail(error, ERROR_OPERATION_FAILED, "domain moment %s already exists",
                         conf->name);
        if (r >= 0)
                r = domain_conf(domain, DOMAIN_CURRENT, &now, error);
        if (r >= 0)
                r = settle_disks(conf, now, external ? LOCATION_EXTERNAL : LOCATION_INTERNAL,
                                 error);
        if (r < 0)
                return r;
        settle_state(conf, domain, disk_only);
        r = settle_domain(conf, domain, error);
        if (r >= 0)
                r = settle_parent(conf, domain, error);
        if (r >= 0)
                r = snapshot_add(domain, conf, true, ret, error);
        if (r < 0)
                return r;
        r = domain_edit(domain, both, use_overlays, conf, error);
        if (r < 0)
                (void) snapshot_remove(*ret, NULL);
        return r;
}

/* ---- one that is described ---- */

static int check_parent(Domain *domain, const SnapshotConf *conf, Error *error) {
        const Snapshot *itself = snapshot_by_name(domain, conf->name), *parent;

        if (!conf->parent)
                return 0;
        if (strcmp(conf->parent, conf->name) == 0)
                return fail(error, ERROR_INVALID_ARG, "cannot set snapshot %s as its own parent",
                            conf->name);
        parent = snapshot_by_name(domain, conf->parent);
        if (!parent)
                return fail(error, ERROR_INVALID_ARG, "parent %s for snapshot %s not found",
                            conf->parent, conf->name);
        if (itself && snapshot_descends(parent, itself))
                return fail(error, ERROR_INVALID_ARG, "parent %s would create cycle to %s",
                            conf->parent, conf->name);
        return 0;
}

static int check_domain(const Domain *domain, const SnapshotConf *conf, Error *error) {
        _cleanup_(conf_summary_clear) ConfSummary summary = {};
        _cleanup_(freep) char *text = NULL;
        char uuid[UUID_TEXT_MAX];
        int r = moment_domain(conf->document, "domain", &text, error);

        if (r >= 0 && text)
                r = conf_summarize(text, &summary, error);
        if (r < 0 || !text)
                return r;
        if (!uuid_equal(summary.uuid, domain->resource.uuid))
                return fail(error, ERROR_INVALID_ARG, "definition for snapshot %s must use uuid %s",
                            conf->name, uuid_format(domain->resource.uuid, uuid));
        return 0;
}

static bool is_online(SnapshotState state) {
        return state == SNAPSHOT_RUNNING || state == SNAPSHOT_PAUSED;
}

static int check_before(Domain *domain, const SnapshotConf *conf, Error *error) {
        const Snapshot *before = snapshot_by_name(domain, conf->name);

        if (before && !before->disk_only &&
            is_online(conf->state) != (before->state != DOMAIN_SHUTOFF))
                return fail(error, ERROR_INVALID_ARG,
                            "cannot change between online and offline snapshot state in snapshot "
                            "%s",
                            conf->name);
        return 0;
}

/* What is filled in for new ones has to be given. */
static int check_given(const char *xml, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *given = NULL;
        int r = snapshot_conf_parse(xml, CONF_TRUSTED, &given, error);

        if (r < 0)
                return r;
        if (!given->name)
                return fail(error, ERROR_XML, "a redefined snapshot must have a name");
        if (given->creation_time == 0)
                return fail(error, ERROR_XML, "missing creationTime from existing snapshot");
        if (given->state == SNAPSHOT_UNSET)
                return fail(error, ERROR_XML, "missing state from existing snapshot");
        return 0;
}

static int redefine(Domain *domain, const char *xml, SnapshotConf *conf, uint32_t flags,
                    Snapshot **ret, Error *error) {
        int r = check_given(xml, error);

        if (r >= 0)
                r = check_parent(domain, conf, error);
        if (r >= 0)
                r = check_domain(domain, conf, error);
        if (r >= 0)
                r = check_before(domain, conf, error);
        if (r >= 0)
                r = snapshot_add(domain, conf, flags & DOMAIN_SNAPSHOT_CREATE_CURRENT, ret, error);
        return r;
}

/* ---- the operation ---- */

int test_snapshot_create(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        ConfFlags validate = flags & DOMAIN_SNAPSHOT_CREATE_VALIDATE ? CONF_VALIDATE : 0;
        Snapshot *snapshot;
        int r = check_flags(domain, flags, error);

        if (r >= 0)
                r = snapshot_conf_parse(xml, validate, &conf, error);
        if (r >= 0)
                r = flags & DOMAIN_SNAPSHOT_CREATE_REDEFINE
                            ? redefine(domain, xml, conf, flags, &snapshot, error)
                            : take(domain, conf, flags, &snapshot, error);
        if (r < 0)
                return r;
        job->result.resource = resource_ref(&snapshot->resource);
        if ((flags & DOMAIN_SNAPSHOT_CREATE_HALT) && domain_is_active(domain))
                test_guest_stop(domain, DOMAIN_SHUTOFF_FROM_SNAPSHOT, STOPPED_FROM_SNAPSHOT);
        return DONE;
}
