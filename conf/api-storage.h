/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of libvirt's API about storage pools, volumes and secrets; as in conf/api.h. */
#pragma once

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
};

/* virStoragePoolCreateFlags */
enum {
        POOL_CREATE_WITH_BUILD = 1 << 0,
        POOL_CREATE_WITH_BUILD_OVERWRITE = 1 << 1,
        POOL_CREATE_WITH_BUILD_NO_OVERWRITE = 1 << 2,
};

/* virStoragePoolDefineFlags */
enum { POOL_DEFINE_VALIDATE = 1 << 0 };

/* virStoragePoolBuildFlags */
enum {
        POOL_BUILD_NEW = 0,
        POOL_BUILD_REPAIR = 1 << 0,
        POOL_BUILD_RESIZE = 1 << 1,
        POOL_BUILD_NO_OVERWRITE = 1 << 2,
        POOL_BUILD_OVERWRITE = 1 << 3,
};

/* virStoragePoolDeleteFlags */
enum { POOL_DELETE_ZEROED = 1 << 0 };

/* virStorageXMLFlags */
enum { POOL_XML_INACTIVE = 1 << 0 };

/* virStorageVolCreateFlags */
enum {
        VOLUME_CREATE_PREALLOC_METADATA = 1 << 0,
        VOLUME_CREATE_REFLINK = 1 << 1,
        VOLUME_CREATE_VALIDATE = 1 << 2,
};

/* virStorageVolDeleteFlags */
enum { VOLUME_DELETE_ZEROED = 1 << 0, VOLUME_DELETE_WITH_SNAPSHOTS = 1 << 1 };

/* virStorageVolResizeFlags */
enum {
        VOLUME_RESIZE_ALLOCATE = 1 << 0,
        VOLUME_RESIZE_DELTA = 1 << 1,
        VOLUME_RESIZE_SHRINK = 1 << 2,
};

/* virStorageVolInfoFlags */
enum { VOLUME_GET_PHYSICAL = 1 << 0 };

/* virStorageVolWipeAlgorithm */
enum {
        VOLUME_WIPE_ZERO,
        VOLUME_WIPE_NNSA,
        VOLUME_WIPE_DOD,
        VOLUME_WIPE_BSI,
        VOLUME_WIPE_GUTMANN,
        VOLUME_WIPE_SCHNEIER,
        VOLUME_WIPE_PFITZNER7,
        VOLUME_WIPE_PFITZNER33,
        VOLUME_WIPE_RANDOM,
        VOLUME_WIPE_TRIM,
        _VOLUME_WIPE_MAX,
};

/* virConnectListAllSecretsFlags */
enum {
        LIST_SECRETS_EPHEMERAL = 1 << 0,
        LIST_SECRETS_NO_EPHEMERAL = 1 << 1,
        LIST_SECRETS_PRIVATE = 1 << 2,
        LIST_SECRETS_NO_PRIVATE = 1 << 3,
};

/* virSecretDefineFlags */
enum { SECRET_DEFINE_VALIDATE = 1 << 0 };
