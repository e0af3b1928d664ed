/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <pool>: its rows, and what is filled in. */
#include "conf/storage-rows.h"

#include <errno.h>

const char *const pool_types[] = {
        "dir", "fs", "netfs", "logical", "disk", "iscsi", "iscsi-direct", "scsi", "mpath", "rbd",
        "sheepdog", "gluster", "zfs", "vstorage", NULL,
};

/* ---- a file's mode ---- */

static int octal_parse(const MapField *f, const char *text, void *value) {
        MaybeU32 *mode = value;
        char *end;
        long n = strtol(text, &end, 8);

        if (end == text || *end)
                return -EINVAL;
        if (n < 0 || n > 0777)
                return -ERANGE;
        *mode = (MaybeU32) { true, n };
        return 0;
}

static int octal_format(const MapField *f, const void *value, char **ret) {
        const MaybeU32 *mode = value;

        *ret = NULL;
        return mode->set && asprintf(ret, "0%o", mode->value) < 0 ? -ENOMEM : 0;
}

static const MapType map_octal = {
        .name = "octal number up to 0777",
        .size = sizeof(MaybeU32),
        .parse = octal_parse,
        .format = octal_format,
};

/* ---- shared with volumes ---- */

const MapElement storage_permissions_element = { "permissions", sizeof(StoragePermissions),
                                         (const MapField[]) {
        _MAP_ROW ("mode",  map_octal, _MAP_AT(StoragePermissions, mode, MaybeU32), CANONICAL),
        MAYBE_I32("owner", StoragePermissions, owner, CANONICAL),
        MAYBE_I32("group", StoragePermissions, group, CANONICAL),
        STRING   ("label", StoragePermissions, label),
        {}
} };

static const MapElement secret_element = { "secret", sizeof(StorageSecret), (const MapField[]) {
        WORD  ("@type",  StorageSecret, type, WORDS("passphrase"), REQUIRED),
        UUID  ("@uuid",  StorageSecret, uuid),
        STRING("@usage", StorageSecret, usage),
        {}
} };

const MapElement storage_encryption_element = { "encryption", sizeof(StorageEncryption),
                                        (const MapField[]) {
        WORD  ("@format",      StorageEncryption, format,
               WORDS("default", "qcow", "luks", "luks2", "luks-any"), REQUIRED),
        WORD  ("@engine",      StorageEncryption, engine, WORDS("default", "qemu", "librbd")),
        LIST  ("secret",       StorageEncryption, secrets, StorageSecret, &secret_element),
        STRING("cipher/@name", StorageEncryption, cipher),
        U32   ("cipher/@size", StorageEncryption, cipher_size),
        STRING("cipher/@mode", StorageEncryption, cipher_mode),
        STRING("cipher/@hash", StorageEncryption, cipher_hash),
        STRING("ivgen/@name",  StorageEncryption, ivgen),
        STRING("ivgen/@hash",  StorageEncryption, ivgen_hash),
        {}
} };

/* ---- source ---- */

static const MapElement host_element = { "host", sizeof(PoolHost), (const MapField[]) {
        STRING("@name", PoolHost, name, REQUIRED),
        U32   ("@port", PoolHost, port),
        {}
} };

const MapElement storage_extent_element = { "freeExtent", sizeof(PoolExtent),
                                            (const MapField[]) {
        U64("@start", PoolExtent, start, EXPLICIT),
        U64("@end",   PoolExtent, end, EXPLICIT),
        {}
} };

static const MapElement device_element = { "device", sizeof(PoolDevice), (const MapField[]) {
        STRING("@path",           PoolDevice, path, REQUIRED),
        YES_NO("@part_separator", PoolDevice, part_separator),
        LIST  ("freeExtent",      PoolDevice, free_extents, PoolExtent, &storage_extent_element),
        {}
} };

static const MapElement adapter_element = { "adapter", sizeof(PoolAdapter), (const MapField[]) {
        WORD  ("@type",              PoolAdapter, type, WORDS("default", "scsi_host", "fc_host")),
        STRING("@name",              PoolAdapter, name),
        STRING("@parent",            PoolAdapter, parent),
        STRING("@parent_wwnn",       PoolAdapter, parent_wwnn),
        STRING("@parent_wwpn",       PoolAdapter, parent_wwpn),
        STRING("@parent_fabric_wwn", PoolAdapter, parent_fabric_wwn),
        YES_NO("@managed",           PoolAdapter, managed),
        STRING("@wwnn",              PoolAdapter, wwnn),
        STRING("@wwpn",              PoolAdapter, wwpn),
        FLAG  ("parentaddr",         PoolAdapter, parent_address.there),
        MAYBE ("parentaddr/@unique_id", PoolAdapter, unique_id),
        HEX4  ("parentaddr/address/@domain",   PoolAdapter, parent_address.domain),
        HEX   ("parentaddr/address/@bus",      PoolAdapter, parent_address.bus),
        HEX   ("parentaddr/address/@slot",     PoolAdapter, parent_address.slot),
        HEX1  ("parentaddr/address/@function", PoolAdapter, parent_address.function),
        {}
} };

static const MapElement auth_element = { "auth", sizeof(PoolAuth), (const MapField[]) {
        WORD  ("@type",         PoolAuth, type, WORDS("chap", "ceph"), REQUIRED),
        STRING("@username",     PoolAuth, username, REQUIRED),
        UUID  ("secret/@uuid",  PoolAuth, secret),
        STRING("secret/@usage", PoolAuth, secret_usage),
        {}
} };

static const MapElement option_element = { "option", sizeof(PoolOption), (const MapField[]) {
        STRING("@name",  PoolOption, name, REQUIRED),
        STRING("@value", PoolOption, value),
        {}
} };

/* Mount options have names in a namespace, and the elements below are in it too. */
#define OPTIONS(ns, parent, m) \
        LIST(ns ":" parent "/" ns ":option", PoolConf, m, PoolOption, &option_element)

/* ---- pool ---- */

static const MapElement pool_element = { "pool", sizeof(PoolConf), (const MapField[]) {
        ENUM  ("@type",                      PoolConf, type, pool_types, REQUIRED),
        STRING("name",                       PoolConf, name),
        UUID  ("uuid",                       PoolConf, uuid, CANONICAL),
        BYTES ("capacity",                   PoolConf, capacity, WRITTEN),
        BYTES ("allocation",                 PoolConf, allocation, WRITTEN),
        BYTES ("available",                  PoolConf, available, WRITTEN),
        YES_NO("features/cow/@state",        PoolConf, cow),
        LIST  ("source/host",                PoolConf, source.hosts, PoolHost, &host_element),
        LIST  ("source/device",              PoolConf, source.devices, PoolDevice,
               &device_element),
        STRING("source/dir/@path",           PoolConf, source.dir),
        STRUCT("source/adapter",             PoolConf, source.adapter, PoolAdapter,
               &adapter_element),
        STRING("source/name",                PoolConf, source.name),
        STRING("source/initiator/iqn/@name", PoolConf, source.initiator_iqn),
        OPTIONAL("source/auth",              PoolConf, source.auth, PoolAuth, &auth_element),
        STRING("source/format/@type",        PoolConf, source.format),
        STRING("source/vendor/@name",        PoolConf, source.vendor),
        STRING("source/product/@name",       PoolConf, source.product),
        STRING("source/protocol/@ver",       PoolConf, source.protocol_version),
        STRING("target/path",                PoolConf, target_path),
        STRUCT("target/permissions",         PoolConf, permissions, StoragePermissions,
               &storage_permissions_element),
        OPTIONAL("target/encryption",        PoolConf, encryption, StorageEncryption,
                 &storage_encryption_element),
        WORD  ("refresh/volume/@allocation", PoolConf, refresh_allocation,
               WORDS("default", "capacity")),
        OPTIONS("fs", "mount_opts",          mount_options),
        OPTIONS("rbd", "config_opts",        rbd_options),
        {}
} };

const DocumentKind pool_kind = { &pool_element, pool_complete, pool_check, NULL };

/* ---- source alone ---- */

static const MapElement source_element = { "source", sizeof(PoolSourceSpec), (const MapField[]) {
        STRING("host/@name",          PoolSourceSpec, host),
        U32   ("host/@port",          PoolSourceSpec, port),
        STRING("initiator/iqn/@name", PoolSourceSpec, initiator_iqn),
        STRING("format/@type",        PoolSourceSpec, format),
        STRING("device/@path",        PoolSourceSpec, device),
        {}
} };

const DocumentKind pool_source_kind = { &source_element, NULL, NULL, NULL };
