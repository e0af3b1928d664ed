/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <disk>: its rows, what is filled in from the target's name, and the rules of disks. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

const char *const disk_types[] = {
        "file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa", NULL,
};
const char *const disk_devices[] = { "disk", "cdrom", "floppy", "lun", NULL };
const char *const disk_buses[] = {
        NULL, "ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd", NULL,
};

/* ---- parts of a source ---- */

const MapElement login_element = { "auth", sizeof(Login), (const MapField[]) {
        STRING("@username",    Login, user, REQUIRED),
        STRING("secret/@type", Login, secret.type),
        STRING("secret/@uuid", Login, secret.uuid),
        STRING("secret/@usage", Login, secret.usage),
        {}
} };

const MapElement source_host_element = { "host", sizeof(SourceHost), (const MapField[]) {
        STRING("@name",      SourceHost, name),
        STRING("@port",      SourceHost, port),
        WORD  ("@transport", SourceHost, transport, WORDS("tcp", "unix", "rdma")),
        STRING("@socket",    SourceHost, socket),
        {}
} };

static const MapElement secret_element = { "secret", sizeof(SecretRef), (const MapField[]) {
        STRING("@type",  SecretRef, type, REQUIRED),
        STRING("@uuid",  SecretRef, uuid),
        STRING("@usage", SecretRef, usage),
        {}
} };

static const MapElement encryption_element = { "encryption", sizeof(ImageEncryption),
                                               (const MapField[]) {
        WORD  ("@format",      ImageEncryption, format,
               WORDS("default", "qcow", "luks", "luks2", "luks-any"), REQUIRED),
        WORD  ("@engine",      ImageEncryption, engine, WORDS("default", "qemu", "librbd")),
        LIST  ("secret",       ImageEncryption, secrets, SecretRef, &secret_element),
        STRING("cipher/@name", ImageEncryption, cipher.name),
        U32   ("cipher/@size", ImageEncryption, cipher.size),
        STRING("cipher/@mode", ImageEncryption, cipher.mode),
        STRING("cipher/@hash", ImageEncryption, cipher.hash),
        STRING("ivgen/@name",  ImageEncryption, ivgen),
        STRING("ivgen/@hash",  ImageEncryption, ivgen_hash),
        {}
} };

static const MapElement reservations_element = { "reservations", sizeof(Reservations),
                                                 (const MapField[]) {
        WORD  ("@managed",     Reservations, managed, yes_no_words),
        STRING("source/@type", Reservations, type),
        STRING("source/@path", Reservations, path),
        STRING("source/@mode", Reservations, mode),
        {}
} };

static const MapElement cookie_element = { "cookie", sizeof(NamedText), (const MapField[]) {
        STRING("@name", NamedText, name, REQUIRED),
        STRING(".",     NamedText, text),
        {}
} };

static const MapElement slice_element = { "slice", sizeof(ImageSlice), (const MapField[]) {
        WORD  ("@type",   ImageSlice, type, WORDS("storage"), REQUIRED),
        U64   ("@offset", ImageSlice, offset, WRITTEN),
        U64   ("@size",   ImageSlice, size, REQUIRED),
        {}
} };

/* ---- <source>, of a disk and of the images behind it ---- */

#define TYPE(types) .when_offset = offsetof(DomainDisk, type), .when = (types)
#define NETWORK     TYPE(BIT(DISK_NETWORK))
#define VOLUME      TYPE(BIT(DISK_VOLUME))
#define NVME        TYPE(BIT(DISK_NVME))

#define SOURCE_ROWS                                                                               \
        WORD  ("source/@startupPolicy", DomainDisk, startup_policy, startup_policy_words),        \
        STRING("source/@file",      DomainDisk, source, TYPE(BIT(DISK_FILE))),                    \
        STRING("source/@dev",       DomainDisk, source, TYPE(BIT(DISK_BLOCK))),                   \
        STRING("source/@dir",       DomainDisk, source, TYPE(BIT(DISK_DIR))),                     \
        WORD  ("source/@protocol",  DomainDisk, protocol, disk_protocol_words, NETWORK),          \
        STRING("source/@name",      DomainDisk, source_name, NETWORK),                            \
        STRING("source/@query",     DomainDisk, source_query, NETWORK),                           \
        WORD  ("source/@tls",       DomainDisk, tls, yes_no_words, NETWORK),                      \
        STRING("source/@tlsHostname", DomainDisk, tls_hostname, NETWORK),                         \
        STRING("source/@pool",      DomainDisk, pool, VOLUME),                                    \
        STRING("source/@volume",    DomainDisk, volume, VOLUME),                                  \
        WORD  ("source/@mode",      DomainDisk, source_mode, volume_mode_words, VOLUME),          \
        STRING("source/@type",      DomainDisk, source_type,                                      \
               TYPE(BIT(DISK_NVME) | BIT(DISK_VHOST_USER))),                                      \
        WORD  ("source/@managed",   DomainDisk, source_managed, yes_no_words, NVME),              \
        STRING("source/@namespace", DomainDisk, source_namespace, NVME),                          \
        STRING("source/@path",      DomainDisk, source_path, TYPE(BIT(DISK_VHOST_USER))),         \
        STRING("source/@dev",       DomainDisk, source_path, TYPE(BIT(DISK_VHOST_VDPA))),         \
        MAYBE ("source/@index",     DomainDisk, source_index, LIVE),                              \
        LIST  ("source/host",       DomainDisk, hosts, SourceHost, &source_host_element),         \
        STRING("source/snapshot/@name", DomainDisk, snapshot_name),                               \
        STRING("source/config/@file", DomainDisk, config_file),                                   \
        OPTIONAL("source/auth",     DomainDisk, source_auth, Login, &login_element),              \
        OPTIONAL("source/encryption", DomainDisk, source_encryption, ImageEncryption,             \
                 &encryption_element),                                                            \
        OPTIONAL("source/reservations", DomainDisk, reservations, Reservations,                   \
                 &reservations_element),                                                          \
        STRING("source/initiator/iqn/@name", DomainDisk, initiator),                              \
        LIST  ("source/cookies/cookie", DomainDisk, cookies, NamedText, &cookie_element, SECRET), \
        YES_NO("source/ssl/@verify", DomainDisk, ssl_verify),                                     \
        U64   ("source/timeout/@seconds", DomainDisk, timeout),                                   \
        U64   ("source/readahead/@size", DomainDisk, readahead),                                  \
        STRUCT("source/reconnect",  DomainDisk, reconnect, Reconnect, &reconnect_element),        \
        STRING("source/identity/@user", DomainDisk, nfs_user),                                    \
        STRING("source/identity/@group", DomainDisk, nfs_group),                                  \
        STRING("source/knownHosts/@path", DomainDisk, known_hosts),                               \
        LIST  ("source/slices/slice", DomainDisk, slices, ImageSlice, &slice_element),            \
        LIST  ("source/seclabel",   DomainDisk, labels, SecurityLabel, &label_element),           \
        STRUCT("source/address",    DomainDisk, source_address, HostAddress,                      \
               &pci_source_element, NVME),                                                        \
        KEPT  ("source/privateData", DomainDisk, private_data, LIVE)

#define IMAGE_ROWS                                                               \
        WORD  ("format/@type", DomainDisk, format, disk_format_words),           \
        BYTES ("format/metadata_cache/max_size", DomainDisk, metadata_cache, CANONICAL), \
        SOURCE_ROWS

/* A row of its own type: chains are as long as they are. */
static const MapElement image_element = { "backingStore", sizeof(DomainDisk), (const MapField[]) {
        ENUM  ("@type",       DomainDisk, type, disk_types),
        MAYBE ("@index",      DomainDisk, source_index, LIVE),
        IMAGE_ROWS,
        OPTIONAL("backingStore", DomainDisk, backing, DomainDisk, &image_element),
        {}
} };

static const MapElement mirror_element = { "mirror", sizeof(DomainDisk), (const MapField[]) {
        ENUM  ("@type",       DomainDisk, type, disk_types),
        STRING("@file",       DomainDisk, product),
        STRING("@format",     DomainDisk, vendor),
        STRING("@job",        DomainDisk, mirror_job),
        STRING("@ready",      DomainDisk, mirror_ready),
        IMAGE_ROWS,
        OPTIONAL("backingStore", DomainDisk, backing, DomainDisk, &image_element),
        {}
} };

const MapElement nvram_image_element = { "nvram", sizeof(DomainDisk), (const MapField[]) {
        ENUM  ("@type",       DomainDisk, type, disk_types),
        SOURCE_ROWS,
        {}
} };

static const MapElement filter_element = { "throttlefilter", sizeof(NamedItem),
                                           (const MapField[]) {
        STRING("@group", NamedItem, name, REQUIRED),
        {}
} };

/* ---- <disk> ---- */

static const char *const disk_translation_words[] = { "auto", "none", "lba", NULL };

const MapElement disk_element = { "disk", sizeof(DomainDisk), (const MapField[]) {
        ENUM  ("@type",                      DomainDisk, type, disk_types, WRITTEN),
        ENUM  ("@device",                    DomainDisk, kind, disk_devices, WRITTEN),
        WORD  ("@model",                     DomainDisk, model, virtio_model_words),
        WORD  ("@rawio",                     DomainDisk, rawio, yes_no_words),
        WORD  ("@sgio",                      DomainDisk, sgio,
               WORDS("default", "filtered", "unfiltered")),
        WORD  ("@snapshot",                  DomainDisk, snapshot,
               WORDS("default", "no", "internal", "external", "manual")),
        STRING("driver/@name",               DomainDisk, driver_name),
        WORD  ("driver/@type",               DomainDisk, format, disk_format_words),
        WORD  ("driver/@cache",              DomainDisk, cache,
               WORDS("default", "none", "writethrough", "writeback", "directsync", "unsafe")),
        WORD  ("driver/@error_policy",       DomainDisk, error_policy, error_policy_words),
        WORD  ("driver/@rerror_policy",      DomainDisk, rerror_policy, error_policy_words),
        WORD  ("driver/@io",                 DomainDisk, io,
               WORDS("default", "native", "threads", "io_uring")),
        ON_OFF("driver/@ioeventfd",          DomainDisk, ioeventfd),
        ON_OFF("driver/@event_idx",          DomainDisk, event_idx),
        ON_OFF("driver/@copy_on_read",       DomainDisk, copy_on_read),
        WORD  ("driver/@discard",            DomainDisk, discard,
               WORDS("default", "unmap", "ignore")),
        U32   ("driver/@iothread",           DomainDisk, iothread),
        WORD  ("driver/@detect_zeroes",      DomainDisk, detect_zeroes,
               WORDS("default", "off", "on", "unmap")),
        ON_OFF("driver/@discard_no_unref",   DomainDisk, discard_no_unref),
        U32   ("driver/@queues",             DomainDisk, queues),
        U32   ("driver/@queue_size",         DomainDisk, queue_size),
        VIRTIO_ROWS(DomainDisk),
        BYTES ("driver/metadata_cache/max_size", DomainDisk, metadata_cache, CANONICAL),
        OPTIONAL("auth",                     DomainDisk, auth, Login, &login_element),
        SOURCE_ROWS,
        OPTIONAL("backingStore",             DomainDisk, backing, DomainDisk, &image_element),
        OPTIONAL("mirror",                   DomainDisk, mirror, DomainDisk, &mirror_element,
                 LIVE),
        STRING("backenddomain/@name",        DomainDisk, backend_domain),
        STRING("target/@dev",                DomainDisk, target),
        ENUM  ("target/@bus",                DomainDisk, bus, disk_buses),
        WORD  ("target/@tray",               DomainDisk, tray, WORDS("closed", "open")),
        WORD  ("target/@removable",          DomainDisk, removable, on_off_words),
        MAYBE ("target/@rotation_rate",      DomainDisk, rotation_rate),
        OPTIONAL("iotune",                   DomainDisk, iotune, IoTune, &iotune_element),
        LIST  ("throttlefilters/throttlefilter", DomainDisk, throttle_groups, NamedItem,
               &filter_element),
        FLAG  ("readonly",                   DomainDisk, readonly),
        FLAG  ("shareable",                  DomainDisk, shareable),
        FLAG  ("transient",                  DomainDisk, transient),
        YES_NO("transient/@shareBacking",    DomainDisk, share_backing),
        STRING("serial",                     DomainDisk, serial),
        STRING("wwn",                        DomainDisk, wwn),
        STRING("vendor",                     DomainDisk, vendor),
        STRING("product",                    DomainDisk, product),
        OPTIONAL("encryption",               DomainDisk, encryption, ImageEncryption,
                 &encryption_element),
        U32   ("geometry/@cyls",             DomainDisk, geometry.cylinders),
        U32   ("geometry/@heads",            DomainDisk, geometry.heads),
        U32   ("geometry/@secs",             DomainDisk, geometry.sectors),
        WORD  ("geometry/@trans",            DomainDisk, geometry.translation,
               disk_translation_words),
        U32   ("blockio/@logical_block_size",  DomainDisk, logical_block_size),
        U32   ("blockio/@physical_block_size", DomainDisk, physical_block_size),
        U32   ("blockio/@discard_granularity", DomainDisk, discard_granularity),
        DEVICE_ROWS(DomainDisk),
        {}
} };

/* ---- what a target's name says ---- */

static const struct {
        const char *prefix;
        DiskBus bus;
} targets[] = {
        { "fd", DISK_BUS_FDC }, { "hd", DISK_BUS_IDE }, { "sd", DISK_BUS_SCSI },
        { "vd", DISK_BUS_VIRTIO }, { "xvd", DISK_BUS_XEN }, { "ubd", DISK_BUS_UML },
};

static const char *after_prefix(const char *target, DiskBus *ret_bus) {
        for (size_t i = 0; i < ELEMENTS(targets); i++) {
                size_t n = strlen(targets[i].prefix);

                if (strncmp(target, targets[i].prefix, n) == 0) {
                        *ret_bus = targets[i].bus;
                        return target + n;
                }
        }
        return NULL;
}

int disk_target_index(const char *target) {
        DiskBus bus;
        const char *p = after_prefix(target, &bus);
        int index = 0;

        if (!p || !*p || strlen(p) > 4)
                return -EINVAL;
        for (; *p; p++) {
                if (*p < 'a' || *p > 'z')
                        return -EINVAL;
                index = index * 26 + (*p - 'a') + 1;
        }
        return index - 1;
}

static void complete_bus(DomainDisk *disk) {
        DiskBus bus;

        if (disk->target && strncmp(disk->target, "ioemu:", 6) == 0)
                memmove(disk->target, disk->target + 6, strlen(disk->target + 6) + 1);
        if (disk->bus != DISK_BUS_UNSET)
                return;
        if (disk->kind == DISK_DEVICE_FLOPPY)
                disk->bus = DISK_BUS_FDC;
        else if (disk->target && after_prefix(disk->target, &bus))
                disk->bus = bus;
        else
                disk->bus = DISK_BUS_IDE;
}

/* How names are spread over the places of a bus: units on a bus, buses on a controller. SCSI has 16
 * units, of which number 7 is the controller itself. */
#define SCSI_SELF 7
static const struct {
        uint32_t units, buses;
} shapes[] = {
        [DISK_BUS_IDE]  = { 2, 2 },
        [DISK_BUS_FDC]  = { 2, 1 },
        [DISK_BUS_SCSI] = { 15, 1 },
        [DISK_BUS_SATA] = { 6, 1 },
};

static void complete_address(DomainDisk *disk) {
        DeviceAddress *address = &disk->device.address;
        int index = disk->target ? disk_target_index(disk->target) : -EINVAL;

        if (address->type != ADDRESS_NONE || index < 0)
                return;
        if ((size_t) disk->bus >= ELEMENTS(shapes) || shapes[disk->bus].units == 0)
                return;

        uint32_t units = shapes[disk->bus].units, buses = shapes[disk->bus].buses;
        *address = (DeviceAddress) {
                .type = ADDRESS_DRIVE,
                .controller = (uint32_t) index / (units * buses),
                .bus = (uint32_t) index / units % buses,
                .unit = (uint32_t) index % units,
        };
        if (disk->bus == DISK_BUS_SCSI && address->unit >= SCSI_SELF)
                address->unit++;
}

int disk_complete(DomainDisk *disk, Error *error) {
        complete_bus(disk);
        complete_address(disk);
        if (disk->kind == DISK_DEVICE_CDROM)
                disk->readonly = true;
        if (!disk->snapshot && disk->type == DISK_VHOST_USER &&
            set_string(&disk->snapshot, "no") < 0)
                return fail_memory(error);
        return 0;
}

/* ---- rules ---- */

/* Buses whose drives sit on a controller, and those with an address of their own kind. */
static bool address_fits(const DomainDisk *disk) {
        AddressType type = disk->device.address.type;

        switch (disk->bus) {
        case DISK_BUS_IDE:
        case DISK_BUS_FDC:
        case DISK_BUS_SCSI:
        case DISK_BUS_SATA:
                return type == ADDRESS_NONE || type == ADDRESS_DRIVE || type == ADDRESS_UNASSIGNED;
        case DISK_BUS_USB:
                return type == ADDRESS_NONE || type == ADDRESS_USB;
        case DISK_BUS_VIRTIO:
                return type != ADDRESS_DRIVE && type != ADDRESS_USB && type != ADDRESS_ISA;
        case DISK_BUS_UNSET:
        case DISK_BUS_XEN:
        case DISK_BUS_UML:
        case DISK_BUS_SD:
                break;
        }
        return true;
}

static bool has_source(const DomainDisk *disk) {
        switch (disk->type) {
        case DISK_FILE:
        case DISK_BLOCK:
        case DISK_DIR:
                return disk->source;
        case DISK_NETWORK:
                return disk->protocol;
        case DISK_VOLUME:
                return disk->pool && disk->volume;
        case DISK_NVME:
                return disk->source_address.domain || disk->source_address.bus ||
                       disk->source_address.slot;
        case DISK_VHOST_USER:
        case DISK_VHOST_VDPA:
                return disk->source_path;
        }
        return false;
}

/* A guest of Xen may be given a partition, "sda1", without the disk that it would be on. */
static int target_check(const DomainConf *conf, const DomainDisk *disk, const xmlNode *node,
                        Error *error) {
        const char *target = disk->target, *rest;
        DiskBus bus;

        if (!target || !*target)
                return fail_at(error, ERROR_XML, node, "a disk needs a <target dev='...'>");
        rest = after_prefix(target, &bus);
        if (rest && rest[strspn(rest, "abcdefghijklmnopqrstuvwxyz")] && rest[0] >= 'a') {
                if (conf->type == VIRT_XEN)
                        return 0;
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "invalid disk target '%s', partitions "
                               "can't appear in disk targets",
                               target);
        }
        if (disk->kind == DISK_DEVICE_FLOPPY && strncmp(target, "fd", 2) != 0)
                return fail_at(error, ERROR_XML, node, "Invalid floppy device name: %s", target);
        if (!rest && (disk->kind == DISK_DEVICE_DISK || disk->kind == DISK_DEVICE_LUN))
                return fail_at(error, ERROR_XML, node,
                               "Invalid harddisk device name: %s; names start with "
                               "hd, sd, vd, xvd or ubd",
                               target);
        if (disk_target_index(target) < 0 && disk->device.address.type == ADDRESS_NONE)
                return fail_at(error, ERROR_XML, node,
                               "Unknown disk name '%s' and no address has been "
                               "specified",
                               target);
        return 0;
}

static int bus_check(const DomainDisk *disk, const xmlNode *node, Error *error) {
        const char *bus = map_enum_name(disk_buses, disk->bus) ?: "none";

        if ((disk->kind == DISK_DEVICE_FLOPPY) != (disk->bus == DISK_BUS_FDC))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "Invalid bus type '%s' for %s", bus,
                               disk->kind == DISK_DEVICE_FLOPPY ? "floppy disk" : "disk");
        if (disk->kind == DISK_DEVICE_CDROM && disk->bus == DISK_BUS_VIRTIO)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "Invalid bus type 'virtio' for a cdrom; "
                               "use sata, scsi, ide or usb");
        if (!address_fits(disk))
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "Invalid address type '%s' for the disk "
                               "'%s' with the bus type '%s'",
                               map_enum_name(address_types, disk->device.address.type) ?: "none",
                               disk->target, bus);
        if ((disk->vendor || disk->product) && disk->bus != DISK_BUS_SCSI)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "Only scsi disk supports vendor and "
                               "product");
        if (disk->tray && disk->kind != DISK_DEVICE_CDROM && disk->kind != DISK_DEVICE_FLOPPY)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "tray is only valid for cdrom and floppy");
        if (disk->removable && disk->bus != DISK_BUS_USB && disk->bus != DISK_BUS_SCSI)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "removable is only valid for usb or scsi "
                               "disks");
        return 0;
}

static bool is_iscsi(const DomainDisk *disk) {
        return disk->type == DISK_NETWORK && disk->protocol && strcmp(disk->protocol, "iscsi") == 0;
}

static int kind_check(const DomainDisk *disk, const xmlNode *node, Error *error) {
        bool block = disk->type == DISK_BLOCK || disk->type == DISK_VOLUME || is_iscsi(disk);

        if (disk->kind == DISK_DEVICE_LUN && !block)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "disk device='lun' is only valid for "
                               "block type disk source");
        if (disk->kind != DISK_DEVICE_LUN && (disk->rawio || disk->sgio))
                return fail_at(error, ERROR_XML, node,
                               "rawio or sgio can be used only with device='lun'");
        if ((disk->kind == DISK_DEVICE_DISK || disk->kind == DISK_DEVICE_LUN) && !has_source(disk))
                return fail_at(error, ERROR_XML, node, "missing source information for device %s",
                               disk->target);
        if (disk->shareable && disk->format && strcmp(disk->format, "raw") != 0)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "shared access for disk '%s' requires "
                               "use of supported storage format (raw, not %s)",
                               disk->target, disk->format);
        if (disk->auth && disk->source_auth)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "an <auth> definition already found for "
                               "disk source");
        if (disk->encryption && disk->source_encryption)
                return fail_at(error, ERROR_CONFIG_UNSUPPORTED, node,
                               "an <encryption> definition already found "
                               "for disk source");
        return 0;
}

static int identity_check(const DomainDisk *disk, const xmlNode *node, Error *error) {
        const char *wwn = disk->wwn;

        if (wwn && strncmp(wwn, "0x", 2) == 0)
                wwn += 2;
        if (wwn && (strlen(wwn) != 16 || wwn[strspn(wwn, "0123456789abcdefABCDEF")]))
                return fail_at(error, ERROR_XML, node,
                               "malformed wwn: %s; 16 hex digits are expected", disk->wwn);
        if (disk->vendor && strlen(disk->vendor) > 8)
                return fail_at(error, ERROR_XML, node, "disk vendor is more than 8 characters");
        if (disk->product && strlen(disk->product) > 16)
                return fail_at(error, ERROR_XML, node, "disk product is more than 16 characters");
        return 0;
}

/* A secret is known by one of two: its uuid or what it is for. */
static bool secret_is_named(const SecretRef *secret) {
        Uuid uuid;

        return !secret->uuid ? secret->usage != NULL
                             : !secret->usage && uuid_parse(secret->uuid, &uuid) >= 0;
}

static int auth_check(const DomainDisk *disk, Error *error) {
        const Login *login = disk->auth ?: disk->source_auth;
        const ImageEncryption *encryption = disk->encryption ?: disk->source_encryption;
        const char *expected = is_text(disk->protocol, "iscsi") ? "iscsi"
                               : is_text(disk->protocol, "rbd") ? "ceph"
                                                                : NULL;
        const char *type = login ? login->secret.type : NULL;
        bool named = !login || secret_is_named(&login->secret);

        for (size_t i = 0; encryption && i < encryption->secrets.n; i++)
                named = named && secret_is_named(encryption->secrets.items[i]);
        return RULES(disk->device.item.node, error,
                     { login && !type && (login->secret.uuid || login->secret.usage),
                       "unknown secret type" },
                     { !named, "a <secret> needs either its uuid or its usage" },
                     { login && !login->user, "missing username for auth" },
                     { type && expected && strcmp(type, expected) != 0,
                       "invalid secret type: 'iscsi' and 'ceph' go with protocols iscsi and rbd" },
                     { encryption && encryption->cipher.name,
                       "supplying <cipher> for domain disk definition is unnecessary" });
}

int disk_check(const DomainConf *conf, const DomainDisk *disk, Error *error) {
        const xmlNode *node = disk->device.item.node;
        int r;

        if ((r = target_check(conf, disk, node, error)) < 0 ||
            (r = bus_check(disk, node, error)) < 0 ||
            (r = kind_check(disk, node, error)) < 0 ||
            (r = identity_check(disk, node, error)) < 0 ||
            (r = disk_rules(conf, disk, error)) < 0 || (r = auth_check(disk, error)) < 0 ||
            (r = iotune_check(disk->iotune, node, error)) < 0 ||
            (r = labels_check(disk->labels.items, disk->labels.n, error)) < 0)
                return r;
        for (size_t i = 0; i < conf->disks.n && conf->disks.items[i] != disk; i++)
                if (strcmp(conf->disks.items[i]->target, disk->target) == 0)
                        return fail_at(error, ERROR_XML, node,
                                       "target '%s' duplicated for disk sources '%s' "
                                       "and '%s'",
                                       disk->target, conf->disks.items[i]->source ?: "",
                                       disk->source ?: "");
        return 0;
}
