/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's API about storage pools, volumes and secrets; what drivers need too is
 * in conf/api.h. */
#pragma once

#include "conf/api.h"

/* virConnectListAllStoragePoolsFlags: the types of pools are one group of bits */
enum {
        LIST_POOLS_INACTIVE = 1 << 0,
        LIST_POOLS_ACTIVE = 1 << 1,
        LIST_POOLS_PERSISTENT = 1 << 2,
        LIST_POOLS_TRANSIENT = 1 << 3,
        LIST_POOLS_AUTOSTART = 1 << 4,
        LIST_POOLS_NO_AUTOSTART = 1 << 5,
        LIST_POOLS_DIR = 1 << 6,
        LIST_POOLS_FS = 1 << 7,
        LIST_POOLS_NETFS = 1 << 8,
        LIST_POOLS_LOGICAL = 1 << 9,
        LIST_POOLS_DISK = 1 << 10,
        LIST_POOLS_ISCSI = 1 << 11,
        LIST_POOLS_SCSI = 1 << 12,
        LIST_POOLS_MPATH = 1 << 13,
        LIST_POOLS_RBD = 1 << 14,
        LIST_POOLS_SHEEPDOG = 1 << 15,
        LIST_POOLS_GLUSTER = 1 << 16,
        LIST_POOLS_ZFS = 1 << 17,
        LIST_POOLS_VSTORAGE = 1 << 18,
        LIST_POOLS_ISCSI_DIRECT = 1 << 19,
        LIST_POOLS_TYPES = (1 << 20) - LIST_POOLS_DIR,
};

/* virStoragePoolDeleteFlags */
enum { POOL_DELETE_ZEROED = 1 << 0 };

/* virStorageVolDeleteFlags */
enum { VOLUME_DELETE_ZEROED = 1 << 0, VOLUME_DELETE_WITH_SNAPSHOTS = 1 << 1 };

/* virConnectListAllSecretsFlags */
enum {
        LIST_SECRETS_EPHEMERAL = 1 << 0,
        LIST_SECRETS_NO_EPHEMERAL = 1 << 1,
        LIST_SECRETS_PRIVATE = 1 << 2,
        LIST_SECRETS_NO_PRIVATE = 1 << 3,
};
