/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given from the host: folders, devices of all kinds, devices of a client; their rows. */
#include "conf/domain-rows.h"

/* ---- <filesystem> ---- */

static const char *const filesystem_types[] = {
        "mount", "block", "file", "template", "ram", "bind", "volume", NULL,
};

#define FS(types) .when_offset = offsetof(DomainFilesystem, type), .when = (types)

const MapElement filesystem_element = { "filesystem", sizeof(DomainFilesystem), (const MapField[]) {
        ENUM  ("@type",               DomainFilesystem, type, filesystem_types, WRITTEN),
        WORD  ("@accessmode",         DomainFilesystem, access_mode,
               WORDS("passthrough", "mapped", "squash")),
        WORD  ("@model",              DomainFilesystem, model, virtio_model_words),
        WORD  ("@multidevs",          DomainFilesystem, multidevs,
               WORDS("default", "remap", "forbid", "warn")),
        STRING("@fmode",              DomainFilesystem, fmode),
        STRING("@dmode",              DomainFilesystem, dmode),
        WORD  ("driver/@type",        DomainFilesystem, driver,
               WORDS("path", "handle", "loop", "nbd", "ploop", "virtiofs", "mtp")),
        WORD  ("driver/@format",      DomainFilesystem, format, disk_format_words),
        WORD  ("driver/@wrpolicy",    DomainFilesystem, wrpolicy, WORDS("immediate")),
        STRING("driver/@name",        DomainFilesystem, driver_name),
        U32   ("driver/@queue",       DomainFilesystem, queue_size),
        VIRTIO_ROWS(DomainFilesystem),
        STRING("binary/@path",        DomainFilesystem, binary),
        WORD  ("binary/@xattr",       DomainFilesystem, xattr, on_off_words),
        WORD  ("binary/cache/@mode",  DomainFilesystem, cache, WORDS("none", "always")),
        WORD  ("binary/sandbox/@mode", DomainFilesystem, sandbox, WORDS("namespace", "chroot")),
        WORD  ("binary/lock/@posix",  DomainFilesystem, posix_locks, on_off_words),
        WORD  ("binary/lock/@flock",  DomainFilesystem, flock, on_off_words),
        MAYBE ("binary/thread_pool/@size", DomainFilesystem, thread_pool),
        STRING("source/@dir",         DomainFilesystem, source,
               FS(BIT(FILESYSTEM_MOUNT) | BIT(FILESYSTEM_BIND))),
        STRING("source/@file",        DomainFilesystem, source, FS(BIT(FILESYSTEM_FILE))),
        STRING("source/@dev",         DomainFilesystem, source, FS(BIT(FILESYSTEM_BLOCK))),
        STRING("source/@name",        DomainFilesystem, source, FS(BIT(FILESYSTEM_TEMPLATE))),
        STRING("source/@socket",      DomainFilesystem, socket),
        STRING("source/@pool",        DomainFilesystem, pool),
        STRING("source/@volume",      DomainFilesystem, volume),
        STRING("source/@usage",       DomainFilesystem, usage),
        STRING("source/@units",       DomainFilesystem, units),
        STRING("target/@dir",         DomainFilesystem, target),
        FLAG  ("readonly",            DomainFilesystem, readonly),
        KEPT  ("idmap",               DomainFilesystem, idmap),
        BYTES ("space_hard_limit",    DomainFilesystem, hard_limit, CANONICAL),
        BYTES ("space_soft_limit",    DomainFilesystem, soft_limit, CANONICAL),
        DEVICE_ROWS(DomainFilesystem),
        {}
} };

/* ---- <hostdev> ---- */

const char *const hostdev_types[] = {
        "usb", "pci", "scsi", "scsi_host", "mdev", "storage", "misc", "net", NULL,
};
static const char *const hostdev_modes[] = { "subsystem", "capabilities", NULL };

#define ADDRESS_ROWS(name, ...)                                                               \
        const MapElement name = { "address", sizeof(HostAddress), (const MapField[]) {        \
                __VA_ARGS__, {}                                                               \
        } }

ADDRESS_ROWS(pci_source_element,
             STRING("@type",     HostAddress, type),
             HEX4  ("@domain",   HostAddress, domain, WRITTEN),
             HEX   ("@bus",      HostAddress, bus, WRITTEN),
             HEX   ("@slot",     HostAddress, slot, WRITTEN),
             HEX1  ("@function", HostAddress, function, WRITTEN));

static ADDRESS_ROWS(usb_source_element,
                    U32   ("@bus",    HostAddress, bus, CANONICAL),
                    U32   ("@device", HostAddress, device, CANONICAL),
                    STRING("@port",   HostAddress, uuid));

static ADDRESS_ROWS(scsi_source_element,
                    STRING("@type",   HostAddress, type),
                    U32   ("@bus",    HostAddress, bus, WRITTEN),
                    U32   ("@target", HostAddress, target, WRITTEN),
                    U64   ("@unit",   HostAddress, unit, WRITTEN));

static ADDRESS_ROWS(mdev_source_element, STRING("@uuid", HostAddress, uuid));

#define IS(types) .when_offset = offsetof(DomainHostdev, type), .when = (types)
#define SOURCE(type, element) \
        STRUCT("source/address", DomainHostdev, source, HostAddress, &element, IS(BIT(type)))

const MapElement hostdev_element = { "hostdev", sizeof(DomainHostdev), (const MapField[]) {
        ENUM  ("@mode",               DomainHostdev, mode, hostdev_modes, WRITTEN),
        ENUM  ("@type",               DomainHostdev, type, hostdev_types, REQUIRED),
        WORD  ("@managed",            DomainHostdev, managed, yes_no_words),
        WORD  ("@sgio",               DomainHostdev, sgio, WORDS("default", "filtered",
                                                                 "unfiltered")),
        YES_NO("@rawio",              DomainHostdev, rawio),
        STRING("@model",              DomainHostdev, model),
        ON_OFF("@display",            DomainHostdev, display),
        ON_OFF("@ramfb",              DomainHostdev, ramfb),
        WORD  ("driver/@name",        DomainHostdev, driver, WORDS("default", "kvm", "vfio",
                                                                   "xen")),
        VIRTIO_ROWS(DomainHostdev),
        WORD  ("source/@startupPolicy", DomainHostdev, startup_policy, startup_policy_words),
        WORD  ("source/@guestReset",  DomainHostdev, guest_reset,
               WORDS("default", "off", "uninitialized", "on")),
        WORD  ("source/@writeFiltering", DomainHostdev, write_filtering, yes_no_words),
        WORD  ("source/@protocol",    DomainHostdev, protocol, WORDS("adapter", "none", "iscsi",
                                                                     "vhost")),
        STRING("source/@name",        DomainHostdev, source_name),
        STRING("source/@wwpn",        DomainHostdev, wwpn),
        HEX_MAYBE("source/vendor/@id", DomainHostdev, vendor, map_maybe_hex4),
        HEX_MAYBE("source/product/@id", DomainHostdev, product, map_maybe_hex4),
        FLAG  ("source/address",      DomainHostdev, has_address),
        SOURCE(HOSTDEV_PCI, pci_source_element),
        SOURCE(HOSTDEV_USB, usb_source_element),
        SOURCE(HOSTDEV_SCSI, scsi_source_element),
        SOURCE(HOSTDEV_MDEV, mdev_source_element),
        STRING("source/adapter/@name", DomainHostdev, adapter),
        LIST  ("source/host",         DomainHostdev, hosts, SourceHost, &source_host_element),
        OPTIONAL("source/auth",       DomainHostdev, auth, Login, &login_element),
        STRING("source/initiator/iqn/@name", DomainHostdev, initiator),
        STRING("source/block",        DomainHostdev, block),
        STRING("source/char",         DomainHostdev, character),
        STRING("source/interface",    DomainHostdev, interface),
        LIST  ("ip",                  DomainHostdev, ips, NetIp, &ip_element),
        LIST  ("route",               DomainHostdev, routes, NetRoute, &route_element),
        FLAG  ("readonly",            DomainHostdev, readonly),
        FLAG  ("shareable",           DomainHostdev, shareable),
        WORD  ("teaming/@type",       DomainHostdev, teaming_type, teaming_words),
        STRING("teaming/@persistent", DomainHostdev, teaming_persistent),
        YES_NO("rom/@enabled",        DomainHostdev, rom_enabled),
        ON_OFF("rom/@bar",            DomainHostdev, rom_bar),
        STRING("rom/@file",           DomainHostdev, rom_file),
        DEVICE_ROWS(DomainHostdev),
        {}
} };

/* ---- what comes from a client or a reader ---- */

#define BACKEND_ROWS(S)                                                          \
        LIST  ("source", S, port.sources, CharSource, &char_source_rows),        \
        WORD  ("protocol/@type", S, port.protocol, char_protocol_words),         \
        STRING("log/@file", S, port.log_file),                                   \
        ON_OFF("log/@append", S, port.log_append)

const MapElement redirdev_element = { "redirdev", sizeof(DomainRedirdev), (const MapField[]) {
        WORD  ("@bus",     DomainRedirdev, bus, WORDS("usb")),
        ENUM  ("@type",    DomainRedirdev, port.type, char_types, REQUIRED),
        BACKEND_ROWS(DomainRedirdev),
        PORT_ROWS(DomainRedirdev),
        {}
} };

const MapElement redirfilter_element = { "usbdev", sizeof(RedirFilter), (const MapField[]) {
        STRING("@class",   RedirFilter, class),
        STRING("@vendor",  RedirFilter, vendor),
        STRING("@product", RedirFilter, product),
        STRING("@version", RedirFilter, version),
        WORD  ("@allow",   RedirFilter, allow, yes_no_words, REQUIRED),
        {}
} };

static const char *const smartcard_modes[] = { "host", "host-certificates", "passthrough", NULL };

static const MapElement certificate_element = { "certificate", sizeof(PlainText),
                                                (const MapField[]) {
        STRING(".", PlainText, text),
        {}
} };

const MapElement smartcard_element = { "smartcard", sizeof(DomainSmartcard), (const MapField[]) {
        ENUM  ("@mode",       DomainSmartcard, mode, smartcard_modes, REQUIRED),
        ENUM  ("@type",       DomainSmartcard, port.type, char_types),
        BACKEND_ROWS(DomainSmartcard),
        LIST  ("certificate", DomainSmartcard, certificates, PlainText, &certificate_element),
        STRING("database",    DomainSmartcard, database),
        PORT_ROWS(DomainSmartcard),
        {}
} };

const MapElement lease_element = { "lease", sizeof(DomainLease), (const MapField[]) {
        STRING("lockspace",      DomainLease, lockspace),
        STRING("key",            DomainLease, key, REQUIRED),
        STRING("target/@path",   DomainLease, path, REQUIRED),
        U64   ("target/@offset", DomainLease, offset),
        {}
} };
