/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a domain at a point in time: libvirt's <domainsnapshot>, <domaincheckpoint> and
 * <domainbackup>. The domains inside are kept as they are: text for conf_parse(). */
#pragma once

#include "conf/document.h"
#include "conf/domain.h"
#include "conf/pool.h"

/* ---- snapshot ---- */

typedef enum SnapshotState {
        SNAPSHOT_UNSET,
        SNAPSHOT_RUNNING,
        SNAPSHOT_BLOCKED,
        SNAPSHOT_PAUSED,
        SNAPSHOT_SHUTDOWN,
        SNAPSHOT_SHUTOFF,
        SNAPSHOT_CRASHED,
        SNAPSHOT_PMSUSPENDED,
        SNAPSHOT_DISK_ONLY,
} SnapshotState;

typedef enum SnapshotLocation {
        LOCATION_UNSET,
        LOCATION_NO,
        LOCATION_INTERNAL,
        LOCATION_EXTERNAL,
        LOCATION_MANUAL,
} SnapshotLocation;

extern const char *const snapshot_states[], *const snapshot_locations[];

typedef struct SnapshotDisk {
        MapItem item;
        char *name; /* of its target, or the path of its source */
        SnapshotLocation location;
        char *type;   /* "file", "block", "network" ...; NULL: "file" */
        char *format; /* driver/@type */
        char *file, *dev; /* of the new overlay */
        MAP_LIST(SecurityLabel) labels;
        bool driver, source; /* the rest of them is the user's */
} SnapshotDisk;

typedef struct SnapshotConf {
        xmlDoc *document;
        char *name; /* the time of creation where none is given */
        char *description;
        SnapshotState state; /* of the domain; what we write */
        char *parent;        /* NULL: a root */
        uint64_t creation_time; /* seconds since 1970; now, if none is given: what a user gives
                                 * counts only when a snapshot is redefined */
        SnapshotLocation memory;
        char *memory_file;
        MAP_LIST(SnapshotDisk) disks;
        bool domain, inactive_domain, cookie; /* there or not */
        MaybeU32 active; /* old documents: whether it is the current one */
} SnapshotConf;

DECLARE_CONF(SnapshotConf, snapshot);

/* ---- checkpoint ---- */

typedef struct CheckpointDisk {
        MapItem item;
        char *name;
        char *type; /* "no", "bitmap" */
        char *bitmap;
        uint64_t size; /* bytes that changed since; only shown on request */
} CheckpointDisk;

typedef struct CheckpointConf {
        xmlDoc *document;
        char *name, *description, *parent; /* name and time: as a snapshot's */
        uint64_t creation_time;
        MAP_LIST(CheckpointDisk) disks;
        bool domain;
        MaybeU32 active;
} CheckpointConf;

DECLARE_CONF(CheckpointConf, checkpoint);

/* The text of an inner domain, or NULL when there is none; document: of snapshot or checkpoint;
 * name: "domain", "inactiveDomain" (whose root becomes "domain"). */
int moment_domain(xmlDoc *document, const char *name, char **ret, Error *error);

/* Replaces an inner domain by that of a text (a <domain>), or removes it; conf: SnapshotConf or
 * CheckpointConf, whose member of that name follows. */
int snapshot_set_domain(SnapshotConf *conf, const char *name, const char *text, Error *error);
int checkpoint_set_domain(CheckpointConf *conf, const char *text, Error *error);

/* ---- backup ---- */

/* Where a backup goes, or what a pull keeps of the past while it lasts. */
typedef struct BackupImage {
        char *file, *dev;
        StorageEncryption *encryption;
        MAP_LIST(SecurityLabel) labels;
} BackupImage;

typedef struct BackupDisk {
        MapItem item;
        char *name, *type; /* "file", "block" */
        Tristate backup;
        char *mode, *incremental, *export_name, *export_bitmap, *state;
        MaybeU32 index; /* of its nodes while the job runs */
        char *format;
        BackupImage *target, *scratch; /* of a push, of a pull */
} BackupDisk;

typedef struct BackupConf {
        xmlDoc *document;
        char *mode; /* "push", "pull" */
        uint32_t id;
        char *incremental;
        struct {
                char *transport, *name, *socket;
                uint32_t port;
                Tristate tls;
        } server; /* of a pull */
        MAP_LIST(BackupDisk) disks;
        bool private_data;
} BackupConf;

DECLARE_CONF(BackupConf, backup);
