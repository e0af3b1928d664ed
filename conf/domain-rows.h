/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the domain model share among themselves: tables of rows, common rows, the steps
 * of reading a definition. Nobody outside conf/domain*.c includes it. */
#pragma once

#include <string.h>

#include "conf/domain.h"
#include "conf/rows.h"

extern const MapElement address_element, virtio_element;
extern const MapElement os_element, features_element, cpu_element, clock_element;
extern const MapElement disk_element, controller_element, net_element;
extern const MapElement serial_element, parallel_element, console_element, channel_element;
extern const MapElement graphics_element, video_element, input_element, sound_element, hub_element,
        watchdog_element, memballoon_element, rng_element, panic_element, memory_element,
        filesystem_element, hostdev_element, redirdev_element, redirfilter_element,
        smartcard_element, lease_element, tpm_element, shmem_element, iommu_element, vsock_element,
        crypto_element, nvram_element, audio_element;
extern const MapElement vcpu_state_element, iothread_element, cputune_element, numatune_element,
        backing_element, blkiotune_element, throttle_group_element, sysinfo_element, launch_element,
        key_wrap_element, perf_element;
extern const MapElement label_element, login_element, source_host_element, reconnect_element,
        pci_source_element, ip_element, route_element, iotune_element, char_source_rows,
        nvram_image_element;

extern const MapType map_maybe_hex4, map_maybe_hex8; /* MaybeU32, written 0x%04x, 0x%08x */
extern const MapType map_mib;    /* uint64_t in KiB; bytes without a unit, written in M */
extern const MapType map_pretty; /* uint64_t in KiB; MiB without a unit, the largest that fits */

#define HEX_MAYBE(p, S, m, type) _MAP_ROW(p, type, _MAP_AT(S, m, MaybeU32), CANONICAL)
#define MIB(p, S, m, ...)    _MAP_ROW(p, map_mib, _MAP_AT(S, m, uint64_t), ##__VA_ARGS__)
#define PRETTY(p, S, m, ...) _MAP_ROW(p, map_pretty, _MAP_AT(S, m, uint64_t), ##__VA_ARGS__)

extern const char *const memory_access_words[], *const error_policy_words[],
        *const startup_policy_words[], *const virtio_model_words[], *const disk_protocol_words[],
        *const volume_mode_words[], *const disk_format_words[], *const teaming_words[],
        *const char_protocol_words[], *const spice_mode_words[];

#define DEVICE_ROWS_AT(S, m)                                                      \
        U32   ("boot/@order", S, m.boot_order),                                   \
        STRING("boot/@loadparm", S, m.boot_loadparm),                             \
        STRING("alias/@name", S, m.alias),                                        \
        U32   ("acpi/@index", S, m.acpi_index),                                   \
        STRUCT("address", S, m.address, DeviceAddress, &address_element)

#define DEVICE_ROWS(S) DEVICE_ROWS_AT(S, device)
#define PORT_ROWS(S)   DEVICE_ROWS_AT(S, port.device) /* of structs that begin with a DomainChar */

#define VIRTIO_ROWS(S) STRUCT("driver", S, device.virtio, VirtioOptions, &virtio_element)

/* ---- steps of conf_parse(), in this order ---- */

/* Takes out of the struct what only a running domain has and no row's LIVE can tell: generated
 * values. */
void domain_drop_live(DomainConf *conf);

/* Fills in what libvirt fills in for any hypervisor. */
int domain_complete(DomainConf *conf, Error *error);
int disk_complete(DomainDisk *disk, Error *error);
int graphics_complete(DomainGraphics *graphics, Error *error);
int domain_renew_spellings(xmlNode *root, Error *error);
int chars_complete(DomainConf *conf, Error *error);
void address_complete(DeviceAddress *address);

int char_check(const DomainChar *chr, DeviceKind kind, Error *error);
int disk_check(const DomainConf *conf, const DomainDisk *disk, Error *error);
int graphics_check_listens(const DomainGraphics *graphics, Error *error);
int address_check(const Device *device, Error *error);
int places_check(const DomainConf *conf, Error *error);
int domain_tune_check(const DomainConf *conf, const xmlNode *root, Error *error);
int domain_system_check(const DomainConf *conf, const xmlNode *root, Error *error);
int device_rules(const DomainConf *conf, DeviceKind kind, const Device *device, Error *error);
int disk_rules(const DomainConf *conf, const DomainDisk *disk, Error *error);
int net_rules(const DomainConf *conf, const Device *device, Error *error);
int given_check(const DomainConf *conf, Error *error);
int iotune_check(const IoTune *tune, const xmlNode *node, Error *error);
int labels_check(SecurityLabel *const *labels, size_t n, Error *error);

bool has_audio(const DomainConf *conf, MaybeU32 id); /* or it will be made */
bool is_one_of(const char *text, const char *const *names); /* false for NULL */

/* The number behind a target's prefix: "vda" is 0, "vdaa" is 26. -EINVAL when there is none, as in
 * the name of a partition ("vda1"). */
int disk_target_index(const char *target);

static inline bool is_power_of_two(uint64_t n) {
        return n > 0 && (n & (n - 1)) == 0;
}

static inline bool is_made_of(const char *text, const char *characters) {
        return text[strspn(text, characters)] == 0;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static inline bool has_virtio_options(const Device *device) {
        const VirtioOptions *virtio = &device->virtio;

        return virtio->iommu != TRISTATE_UNSET || virtio->ats != TRISTATE_UNSET ||
               virtio->packed != TRISTATE_UNSET || virtio->page_per_vq != TRISTATE_UNSET;
}
