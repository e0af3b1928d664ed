/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A snapshot of a domain as a live resource: its resource.parent is the domain, and what it was
 * taken after is base. */
#pragma once

#include "conf/snapshot.h"
#include "drivers/domain.h"

typedef struct Snapshot Snapshot;

struct Snapshot {
        Resource resource;
        char *text;     /* its <domainsnapshot>, with the domain as it was */
        Snapshot *base; /* borrowed; NULL: a root */
        int64_t created; /* s since the epoch */
        DomainState state; /* of the domain; SHUTOFF, RUNNING or PAUSED */
        bool external, disk_only, current, announced;
};

static inline Snapshot *snapshot_of(Resource *resource) {
        return container_of(resource, Snapshot, resource);
}

static inline Domain *snapshot_domain(const Snapshot *snapshot) {
        return domain_of(snapshot->resource.parent);
}

/* Borrowed or NULL. */
Snapshot *snapshot_by_name(Domain *domain, const char *name);
Snapshot *snapshot_current(Domain *domain);

size_t snapshot_count(const Domain *domain);

/* Whether it descends from another, at any depth. */
bool snapshot_descends(const Snapshot *snapshot, const Snapshot *from);
bool snapshot_has_children(const Snapshot *snapshot);

/* The text that GetXMLDesc(flags) answers: without secrets unless flags hold
 * DOMAIN_SNAPSHOT_XML_SECURE. Newly allocated. */
int snapshot_xml(const Snapshot *snapshot, uint32_t flags, char **ret, Error *error);

/* Attaches a snapshot with a complete definition, as the current one if so asked; a snapshot of
 * this name is replaced (virDomainSnapshotCreate's REDEFINE). Saves, then reports. Takes
 * nothing. */
int snapshot_add(Domain *domain, SnapshotConf *conf, bool current, Snapshot **ret, Error *error);

int snapshot_set_current(Domain *domain, Snapshot *snapshot, Error *error); /* NULL: none */

/* Forgets one; its children get its base, and become current in no case: its base does. */
int snapshot_remove(Snapshot *snapshot, Error *error);

/* Those of a domain that goes. */
void snapshot_forget_all(Domain *domain);

/* Reads back what snapshot_add() wrote, without any event. */
int snapshot_load_all(Domain *domain, Error *error);
