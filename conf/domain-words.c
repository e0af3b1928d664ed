/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words: attributes that hold one of a few names, kept as text because nobody computes with them. A
 * list has every name that libvirt's format has, whether or not a driver can do what it stands for.
 */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

static int word_parse(const MapField *field, const char *text, void *value) {
        char **word = value;
        int r = map_enum_value(field->arg, text);

        return r < 0 ? r : set_string(word, text);
}

static int word_format(const MapField *field, const void *value, char **ret) {
        const char *word = *(char *const *) value;

        *ret = word ? strdup(word) : NULL;
        return word && !*ret ? -ENOMEM : 0;
}

static void word_clear(const MapField *field, void *value) {
        free(*(char **) value);
}

const MapType map_word = {
        .name = "one of the words libvirt has for it",
        .size = sizeof(char *),
        .parse = word_parse,
        .format = word_format,
        .clear = word_clear,
};

const char *const on_off_words[] = { "on", "off", NULL };
const char *const yes_no_words[] = { "yes", "no", NULL };
const char *const cpu_mode_words[] = {
        "custom", "host-model", "host-passthrough", "maximum", NULL,
};
const char *const cpu_match_words[] = { "minimum", "exact", "strict", NULL };
const char *const cpu_check_words[] = { "none", "partial", "full", NULL };
const char *const cpu_fallback_words[] = { "allow", "forbid", NULL };
const char *const cpu_policy_words[] = {
        "force", "require", "optional", "disable", "forbid", NULL,
};
const char *const cpu_cache_mode_words[] = { "emulate", "passthrough", "disable", NULL };
const char *const maxphysaddr_mode_words[] = { "emulate", "passthrough", NULL };
const char *const memory_access_words[] = { "shared", "private", NULL };
const char *const clock_offset_words[] = {
        "utc", "localtime", "variable", "timezone", "absolute", NULL,
};
const char *const clock_basis_words[] = { "utc", "localtime", NULL };
const char *const timer_name_words[] = {
        "platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer", NULL,
};
const char *const tick_policy_words[] = { "delay", "catchup", "merge", "discard", NULL };
const char *const timer_track_words[] = { "boot", "guest", "wall", "realtime", NULL };
const char *const timer_mode_words[] = { "auto", "native", "emulate", "paravirt", "smpsafe", NULL };
const char *const ioapic_driver_words[] = { "kvm", "qemu", NULL };
const char *const gic_version_words[] = { "host", "2", "3", NULL };
const char *const hyperv_mode_words[] = { "passthrough", "custom", "host-model", NULL };
const char *const firmware_words[] = { "bios", "efi", NULL };
const char *const loader_type_words[] = { "rom", "pflash", NULL };
const char *const image_format_words[] = { "raw", "qcow2", NULL };
const char *const smbios_mode_words[] = { "emulate", "host", "sysinfo", NULL };
const char *const boot_dev_words[] = { "fd", "hd", "cdrom", "network", NULL };
const char *const disk_cache_words[] = {
        "default", "none", "writethrough", "writeback", "directsync", "unsafe", NULL,
};
const char *const error_policy_words[] = {
        "default", "stop", "report", "ignore", "enospace", NULL,
};
const char *const disk_io_words[] = { "default", "native", "threads", "io_uring", NULL };
const char *const disk_discard_words[] = { "default", "unmap", "ignore", NULL };
const char *const detect_zeroes_words[] = { "default", "off", "on", "unmap", NULL };
const char *const disk_snapshot_words[] = {
        "default", "no", "internal", "external", "manual", NULL,
};
const char *const startup_policy_words[] = {
        "default", "mandatory", "requisite", "optional", NULL,
};
const char *const disk_tray_words[] = { "closed", "open", NULL };
const char *const virtio_model_words[] = {
        "virtio", "virtio-transitional", "virtio-non-transitional", NULL,
};
const char *const sgio_words[] = { "default", "filtered", "unfiltered", NULL };
const char *const disk_protocol_words[] = {
        "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp",
        "ssh", "vxhs", "nfs", NULL,
};
const char *const volume_mode_words[] = { "default", "host", "direct", NULL };
const char *const disk_format_words[] = {
        "none", "raw", "aio", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "vhdx", "fat",
        "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk", NULL,
};
const char *const link_state_words[] = { "up", "down", "default", NULL };
const char *const net_mode_words[] = {
        "vepa", "private", "bridge", "passthrough", "client", "server", NULL,
};
const char *const tx_mode_words[] = { "default", "iothread", "timer", NULL };
const char *const net_backend_words[] = { "default", "passt", NULL };
const char *const teaming_words[] = { "persistent", "transient", NULL };
const char *const mac_type_words[] = { "generated", "static", NULL };
const char *const char_protocol_words[] = { "raw", "telnet", "telnets", "tls", NULL };
const char *const channel_target_words[] = { "guestfwd", "virtio", "xen", NULL };
const char *const serial_target_words[] = {
        "none", "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial",
        "sclp-serial", "isa-debug", NULL,
};
const char *const console_target_words[] = {
        "none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm", NULL,
};
const char *const share_policy_words[] = {
        "default", "allow-exclusive", "force-shared", "ignore", NULL,
};
const char *const connected_words[] = { "default", "fail", "disconnect", "keep", NULL };
const char *const spice_mode_words[] = { "any", "secure", "insecure", NULL };
const char *const input_type_words[] = {
        "mouse", "tablet", "keyboard", "passthrough", "evdev", NULL,
};
const char *const input_bus_words[] = {
        "default", "ps2", "usb", "xen", "parallels", "virtio", "none", NULL,
};
const char *const sound_model_words[] = {
        "sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "ich7", "virtio", NULL,
};
const char *const video_model_words[] = {
        "default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop",
        "none", "bochs", "ramfb", NULL,
};
const char *const watchdog_model_words[] = { "i6300esb", "ib700", "diag288", "itco", NULL };
const char *const watchdog_action_words[] = {
        "reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi", NULL,
};
const char *const memballoon_model_words[] = {
        "virtio", "xen", "none", "virtio-transitional", "virtio-non-transitional", NULL,
};
const char *const rng_backend_words[] = { "random", "egd", "builtin", NULL };
const char *const hub_type_words[] = { "usb", NULL };
const char *const panic_model_words[] = {
        "default", "pseries", "isa", "hyperv", "s390", "pvpanic", NULL,
};
const char *const memory_model_words[] = {
        "dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc", NULL,
};
const char *const lock_failure_words[] = {
        "default", "poweroff", "restart", "pause", "ignore", NULL,
};
const char *const vcpu_placement_words[] = { "static", "auto", NULL };
