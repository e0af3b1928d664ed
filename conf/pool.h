/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a storage pool is: libvirt's <pool>. */
#pragma once

#include "conf/document.h"

typedef enum PoolType {
        POOL_DIR,
        POOL_FS,
        POOL_NETFS,
        POOL_LOGICAL,
        POOL_DISK,
        POOL_ISCSI,
        POOL_ISCSI_DIRECT,
        POOL_SCSI,
        POOL_MPATH,
        POOL_RBD,
        POOL_SHEEPDOG,
        POOL_GLUSTER,
        POOL_ZFS,
        POOL_VSTORAGE,
        _POOL_TYPE_MAX,
} PoolType;

extern const char *const pool_types[];

/* Of what a format may be in a pool of this type; NULL: there are no formats. The first is meant
 * when none is given. */
const char *const *pool_source_formats(PoolType type);
const char *const *pool_volume_formats(PoolType type);

/* ---- what pools and volumes share ---- */

typedef struct StoragePermissions {
        MaybeU32 mode;         /* octal in the document */
        MaybeU32 owner, group; /* may hold -1: as it comes */
        char *label;
} StoragePermissions;

typedef struct StorageSecret {
        MapItem item;
        char *type; /* "passphrase" */
        Uuid uuid;  /* the secret's uuid or its usage */
        char *usage;
} StorageSecret;

typedef struct StorageEncryption {
        char *format, *engine; /* "qcow", "luks", "luks2"; "qemu", "librbd" */
        MAP_LIST(StorageSecret) secrets;
        char *cipher, *cipher_mode, *cipher_hash;
        uint32_t cipher_size; /* bits, 0: no cipher */
        char *ivgen, *ivgen_hash;
} StorageEncryption;

extern const MapElement storage_permissions_element, storage_encryption_element;

int encryption_check(const StorageEncryption *encryption, const xmlNode *node, Error *error);

/* ---- the pool ---- */

typedef struct PoolHost {
        MapItem item;
        char *name;
        uint32_t port; /* 0: the protocol's own */
} PoolHost;

typedef struct PoolExtent {
        MapItem item;
        uint64_t start, end; /* bytes */
} PoolExtent;

typedef struct PoolDevice {
        MapItem item;
        char *path;
        Tristate part_separator;
        MAP_LIST(PoolExtent) free_extents; /* what the driver found */
} PoolDevice;

typedef struct PoolAdapter {
        char *type; /* "scsi_host", "fc_host" */
        char *name;
        char *parent, *parent_wwnn, *parent_wwpn, *parent_fabric_wwn, *wwnn, *wwpn;
        Tristate managed;
        MaybeU32 unique_id;
        struct {
                bool there;
                uint32_t domain, bus, slot, function;
        } parent_address;
} PoolAdapter;

typedef struct PoolAuth {
        char *type; /* "chap", "ceph" */
        char *username;
        Uuid secret;
        char *secret_usage;
} PoolAuth;

typedef struct PoolOption {
        MapItem item;
        char *name, *value; /* mount options have no value */
} PoolOption;

typedef struct PoolConf {
        xmlDoc *document;
        PoolType type;
        char *name;
        Uuid uuid;
        uint64_t capacity, allocation, available; /* bytes; what the driver found */
        Tristate cow;
        struct {
                MAP_LIST(PoolHost) hosts;
                MAP_LIST(PoolDevice) devices;
                char *dir, *name, *format;
                PoolAdapter adapter;
                char *initiator_iqn;
                PoolAuth *auth;
                char *vendor, *product;
                char *protocol_version; /* of NFS */
        } source;
        char *refresh_allocation; /* "default", "capacity" */
        char *target_path;
        StoragePermissions permissions;
        StorageEncryption *encryption;
        MAP_LIST(PoolOption) mount_options, rbd_options;
} PoolConf;

DECLARE_CONF(PoolConf, pool);

/* <source> alone: where FindStoragePoolSources is to look. */
typedef struct PoolSourceSpec {
        xmlDoc *document;
        char *host, *initiator_iqn, *format, *device;
        uint32_t port;
} PoolSourceSpec;

DECLARE_CONF(PoolSourceSpec, pool_source);
