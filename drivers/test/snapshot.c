/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots of the test driver's guests: nothing but the definition and the state is kept, and that
 * is all there is. How they are made is in snapshot-create.c. */
#include <errno.h>
#include <string.h>

#include "conf/api-snapshot.h"
#include "drivers/edit.h"
#include "drivers/snapshot.h"
#include "drivers/test/driver.h"

/* ---- revert ----
 *
 * From, to, and what is told:
 *
 *         inactive -> inactive  nothing            running -> paused    SUSPENDED
 *         inactive -> running   STARTED            paused  -> inactive  STOPPED
 *         inactive -> paused    STARTED, SUSPENDED paused  -> running   RESUMED
 *         running  -> inactive  STOPPED            running -> running   nothing
 *                                                  paused  -> paused    nothing
 *
 * each with its detail FROM_SNAPSHOT. By force a guest may be stopped before it is started. */

enum { REVERT_TO_ACTIVE = DOMAIN_SNAPSHOT_REVERT_RUNNING | DOMAIN_SNAPSHOT_REVERT_PAUSED };

typedef struct Revert {
        Domain *domain;
        const Snapshot *snapshot;
        uint32_t flags;
        DomainConf *live, *persistent; /* as they were; persistent NULL: it says nothing of it */
} Revert;

static void revert_done(Revert *revert) {
        conf_free(revert->live);
        conf_free(revert->persistent);
}

static int parse_moment(const SnapshotConf *conf, const char *name, ConfFlags flags,
                        DomainConf **ret, Error *error) {
        _cleanup_(freep) char *text = NULL;
        int r = moment_domain(conf->document, name, &text, error);

        return r < 0 || !text ? r : conf_parse(text, CONF_TRUSTED | flags, ret, error);
}

static int revert_read(Revert *revert, Error *error) {
        _cleanup_(snapshot_conf_freep) SnapshotConf *conf = NULL;
        int r = snapshot_conf_parse(revert->snapshot->text, CONF_TRUSTED, &conf, error);

        if (r >= 0)
                r = parse_moment(conf, "domain", CONF_LIVE, &revert->live, error);
        if (r >= 0)
                r = parse_moment(conf, "inactiveDomain", 0, &revert->persistent, error);
        if (r >= 0 && !revert->persistent && revert->live)
                r = conf_clone(revert->live, &revert->persistent, error);
        return r;
}

static bool is_active_state(const Snapshot *snapshot) {
        return snapshot->state != DOMAIN_SHUTOFF && !snapshot->disk_only;
}

static int revert_check(const Revert *revert, Error *error) {
        const Domain *domain = revert->domain;
        bool active = is_active_state(revert->snapshot), wanted = revert->flags & REVERT_TO_ACTIVE;

        if ((revert->flags & REVERT_TO_ACTIVE) == REVERT_TO_ACTIVE)
                return fail(error, ERROR_INVALID_ARG,
                            "a domain can't be both running and paused after a revert");
        if (!domain_is_persistent(domain) && !active && !wanted)
                return fail(error, ERROR_OPERATION_INVALID,
                            "transient domain needs to request run or pause to revert to inactive "
                            "snapshot");
        if (!revert->live)
                return fail(error, ERROR_SNAPSHOT_RISKY,
                            "snapshot '%s' lacks domain '%s' rollback info",
                            revert->snapshot->resource.name, domain->resource.name);
        if (domain_is_active(domain) && !active && wanted &&
            !(revert->flags & DOMAIN_SNAPSHOT_REVERT_FORCE))
                return fail(error, ERROR_SNAPSHOT_RISKY,
                            "must respawn guest to start inactive snapshot");
        return 0;
}

static bool same_text(const char *a, const char *b) {
        return strcmp(a ?: "", b ?: "") == 0;
}

/* Whether a running guest could become the other without noticing. */
static int check_compatible(Domain *domain, const DomainConf *other, Error *error) {
        _cleanup_(conf_freep) DomainConf *now = NULL;
        int r = domain_conf(domain, DOMAIN_LIVE, &now, error);

        if (r < 0)
                return r;
        const struct {
                const char *what;
                bool same;
        } rules[] = {
                { "virtualization type", now->type == other->type },
                { "uuid", uuid_equal(now->uuid, other->uuid) },
                { "memory", now->memory == other->memory },
                { "number of vcpus", now->vcpus == other->vcpus },
                { "type of OS", same_text(now->os.type, other->os.type) },
                { "architecture", same_text(now->os.arch, other->os.arch) },
                { "machine type", same_text(now->os.machine, other->os.machine) },
                { "number of disks", now->disks.n == other->disks.n },
                { "number of interfaces", now->nets.n == other->nets.n },
        };
        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if (!rules[i].same)
                        return fail(error, ERROR_SNAPSHOT_RISKY,
                                    "the running guest has another %s than the snapshot",
                                    rules[i].what);
        return 0;
}

/* The definitions of the snapshot are the domain's again. */
static int restore_texts(Revert *revert, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = revert->domain };
        int r;

        if (domain_is_active(revert->domain)) {
                revert->live->id = (MaybeU32) { true, revert->domain->id };
                r = conf_clone(revert->live, &edit.live, error);
                if (r < 0)
                        return r;
        }
        edit.persistent = TAKE(revert->persistent);
        return edit_commit(&edit, error);
}

static int start_from(Revert *revert, bool paused, Error *error) {
        int r = test_guest_start(revert->domain, revert->live, DOMAIN_RUNNING_FROM_SNAPSHOT,
                                 STARTED_FROM_SNAPSHOT, error);

        if (r >= 0 && paused)
                test_guest_pause(revert->domain, DOMAIN_PAUSED_FROM_SNAPSHOT,
                                 SUSPENDED_FROM_SNAPSHOT);
        return r;
}

static void continue_as(Domain *domain, bool paused) {
        bool was_paused = domain->state == DOMAIN_PAUSED;

        if (paused && !was_paused)
                test_guest_pause(domain, DOMAIN_PAUSED_FROM_SNAPSHOT, SUSPENDED_FROM_SNAPSHOT);
        else if (!paused && was_paused)
                test_guest_resume(domain, DOMAIN_RUNNING_FROM_SNAPSHOT, RESUMED_FROM_SNAPSHOT);
        else
                domain_set_state(domain, paused ? DOMAIN_PAUSED : DOMAIN_RUNNING,
                                 paused ? DOMAIN_PAUSED_FROM_SNAPSHOT
                                        : DOMAIN_RUNNING_FROM_SNAPSHOT);
}

static int revert_to_active(Revert *revert, bool paused, Error *error) {
        bool force = revert->flags & DOMAIN_SNAPSHOT_REVERT_FORCE;
        Domain *domain = revert->domain;
        int r = 0;

        if (domain_is_active(domain)) {
                r = check_compatible(domain, revert->live, force ? NULL : error);
                if (r < 0 && !force)
                        return r;
                if (r < 0)
                        test_guest_stop(domain, DOMAIN_SHUTOFF_FROM_SNAPSHOT,
                                        STOPPED_FROM_SNAPSHOT);
        }
        r = restore_texts(revert, error);
        if (r < 0)
                return r;
        if (!domain_is_active(domain))
                return start_from(revert, paused, error);
        continue_as(domain, paused);
        return 0;
}

static int revert_to_inactive(Revert *revert, Error *error) {
        Domain *domain = revert->domain;
        int r;

        if (domain_is_active(domain))
                test_guest_stop(domain, DOMAIN_SHUTOFF_FROM_SNAPSHOT, STOPPED_FROM_SNAPSHOT);
        r = restore_texts(revert, error);
        if (r < 0 || !(revert->flags & REVERT_TO_ACTIVE))
                return r;
        return start_from(revert, revert->flags & DOMAIN_SNAPSHOT_REVERT_PAUSED, error);
}

static int test_revert(Snapshot *snapshot, uint32_t flags, Job *job, Error *error) {
        _cleanup_(revert_done) Revert revert = { .domain = snapshot_domain(snapshot),
                                                 .snapshot = snapshot, .flags = flags };
        bool paused = snapshot->state == DOMAIN_PAUSED;
        int r = revert_read(&revert, error);

        if (r >= 0)
                r = revert_check(&revert, error);
        if (r < 0)
                return r;
        if (flags & REVERT_TO_ACTIVE)
                paused = flags & DOMAIN_SNAPSHOT_REVERT_PAUSED;
        r = is_active_state(snapshot) ? revert_to_active(&revert, paused, error)
                                      : revert_to_inactive(&revert, error);
        return r < 0 ? r : snapshot_set_current(revert.domain, snapshot, error);
}

/* ---- delete ---- */

/* Some descendant without children, or NULL. */
static Snapshot *find_leaf(const Snapshot *from) {
        const ResourceSet *set = &from->resource.connection->sets[RESOURCE_SNAPSHOT];

        for (size_t i = 0; i < set->n; i++) {
                Snapshot *snapshot = snapshot_of(set->items[i]);

                if (snapshot->resource.parent == from->resource.parent &&
                    snapshot_descends(snapshot, from) && !snapshot_has_children(snapshot))
                        return snapshot;
        }
        return NULL;
}

/* Metadata is all there is: whether more than that is to go makes no difference. */
static int test_delete(Snapshot *snapshot, uint32_t flags, Job *job, Error *error) {
        const uint32_t below = DOMAIN_SNAPSHOT_DELETE_CHILDREN |
                               DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY;
        Snapshot *leaf;
        int r = 0;

        if ((flags & below) == below)
                return fail(error, ERROR_INVALID_ARG,
                            "children with their snapshot (flag %d) and without it (flag %d) are "
                            "mutually exclusive",
                            DOMAIN_SNAPSHOT_DELETE_CHILDREN,
                            DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY);
        while (r >= 0 && (flags & below) && (leaf = find_leaf(snapshot)))
                r = snapshot_remove(leaf, error);
        if (r >= 0 && !(flags & DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY))
                r = snapshot_remove(snapshot, error);
        return r;
}

const SnapshotOps test_snapshots = {
        .create = test_snapshot_create,
        .revert = test_revert,
        .delete = test_delete,
};
