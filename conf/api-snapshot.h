/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's API about snapshots of domains; as in conf/api.h, where QUIESCE is. */
#pragma once

#include "conf/api.h"

/* virDomainSnapshotCreateFlags */
enum {
        DOMAIN_SNAPSHOT_CREATE_REDEFINE = 1 << 0,
        DOMAIN_SNAPSHOT_CREATE_CURRENT = 1 << 1,
        DOMAIN_SNAPSHOT_CREATE_NO_METADATA = 1 << 2,
        DOMAIN_SNAPSHOT_CREATE_HALT = 1 << 3,
        DOMAIN_SNAPSHOT_CREATE_DISK_ONLY = 1 << 4,
        DOMAIN_SNAPSHOT_CREATE_REUSE_EXT = 1 << 5,
        DOMAIN_SNAPSHOT_CREATE_ATOMIC = 1 << 7,
        DOMAIN_SNAPSHOT_CREATE_LIVE = 1 << 8,
        DOMAIN_SNAPSHOT_CREATE_VALIDATE = 1 << 9,
};

/* virDomainSnapshotXMLFlags */
enum { DOMAIN_SNAPSHOT_XML_SECURE = DOMAIN_XML_SECURE };

/* virDomainSnapshotListFlags; the first bit means ROOTS of a domain's, DESCENDANTS of a
 * snapshot's */
enum {
        SNAPSHOT_LIST_ROOTS = 1 << 0,
        SNAPSHOT_LIST_DESCENDANTS = 1 << 0,
        SNAPSHOT_LIST_METADATA = 1 << 1,
        SNAPSHOT_LIST_LEAVES = 1 << 2,
        SNAPSHOT_LIST_NO_LEAVES = 1 << 3,
        SNAPSHOT_LIST_NO_METADATA = 1 << 4,
        SNAPSHOT_LIST_INACTIVE = 1 << 5,
        SNAPSHOT_LIST_ACTIVE = 1 << 6,
        SNAPSHOT_LIST_DISK_ONLY = 1 << 7,
        SNAPSHOT_LIST_INTERNAL = 1 << 8,
        SNAPSHOT_LIST_EXTERNAL = 1 << 9,
        SNAPSHOT_LIST_TOPOLOGICAL = 1 << 10,
        SNAPSHOT_LIST_ALL = (1 << 11) - 1,
};

/* virDomainSnapshotRevertFlags */
enum {
        DOMAIN_SNAPSHOT_REVERT_RUNNING = 1 << 0,
        DOMAIN_SNAPSHOT_REVERT_PAUSED = 1 << 1,
        DOMAIN_SNAPSHOT_REVERT_FORCE = 1 << 2,
        DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM = 1 << 3,
};

/* virDomainSnapshotDeleteFlags */
enum {
        DOMAIN_SNAPSHOT_DELETE_CHILDREN = 1 << 0,
        DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY = 1 << 1,
        DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY = 1 << 2,
};
