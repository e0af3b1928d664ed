/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) that are one member of libxl's configuration each: a table, read both ways.
 * What the document of a guest has no word for, and what Xen says of a guest that others made,
 * go through the same rows. */
#include "drivers/xen/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

typedef enum XlKind {
        XL_BOOL, /* libxl_defbool */
        XL_INT,
        XL_MIB,   /* in libxl KiB */
        XL_TEXT,
        XL_TEXTS, /* a list, or one text */
        XL_WORD,  /* of an enumeration, or its number */
} XlKind;

typedef struct XlWords {
        int (*from)(const char *text, int *ret);
        const char *(*to)(int value);
} XlWords;

/* ---- enumerations ---- */

#define ENUMERATION(name)                                                                \
        static int from_##name(const char *text, int *ret) {                             \
                libxl_##name value = 0;                                                  \
                int rc = libxl_##name##_from_string(text, &value);                       \
                                                                                         \
                *ret = (int) value;                                                      \
                return rc;                                                               \
        }                                                                                \
        static const char *to_##name(int value) {                                        \
                return libxl_##name##_to_string((libxl_##name) value);                   \
        }                                                                                \
        static const XlWords name = { from_##name, to_##name };

ENUMERATION(tsc_mode)
ENUMERATION(timer_mode)
ENUMERATION(bios_type)
ENUMERATION(hdtype)
ENUMERATION(vendor_device)
ENUMERATION(altp2m_mode)
ENUMERATION(tee_type)
ENUMERATION(gic_version)
ENUMERATION(vuart_type)
ENUMERATION(passthrough)
ENUMERATION(device_model_version)
ENUMERATION(action_on_shutdown)
ENUMERATION(vga_interface_type)

/* Otherwise xl has "-" where libxl has "_". */
static const struct {
        const XlWords *words;
        const char *xl, *libxl;
} aliases[] = {
        { &vga_interface_type, "stdvga", "std" },
        { &action_on_shutdown, "rename-restart", "restart_rename" },
};

/* ---- the table ---- */

typedef struct XlKey {
        const char *name;
        XlKind kind;
        unsigned guests;
        size_t offset;
        const XlWords *words;
        bool secret;
} XlKey;

#define ANY (GUEST_PV | GUEST_HVM | GUEST_PVH)
#define HARD (GUEST_HVM | GUEST_PVH)
#define ROW(name, kind, guests, member, ...) \
        { name, kind, guests, offsetof(libxl_domain_config, member), ##__VA_ARGS__ }

static const XlKey keys[] = {
        ROW("hap", XL_BOOL, HARD, c_info.hap),
        ROW("oos", XL_BOOL, HARD, c_info.oos),
        ROW("seclabel", XL_TEXT, ANY, c_info.ssid_label),
        ROW("pool", XL_TEXT, ANY, c_info.pool_name),
        ROW("driver_domain", XL_BOOL, ANY, c_info.driver_domain),
        ROW("passthrough", XL_WORD, ANY, c_info.passthrough, &passthrough),
        ROW("xend_suspend_evtchn_compat", XL_BOOL, ANY, c_info.xend_suspend_evtchn_compat),
        ROW("on_poweroff", XL_WORD, ANY, on_poweroff, &action_on_shutdown),
        ROW("on_reboot", XL_WORD, ANY, on_reboot, &action_on_shutdown),
        ROW("on_crash", XL_WORD, ANY, on_crash, &action_on_shutdown),
        ROW("on_watchdog", XL_WORD, ANY, on_watchdog, &action_on_shutdown),
        ROW("on_soft_reset", XL_WORD, ANY, on_soft_reset, &action_on_shutdown),

        ROW("memory", XL_MIB, ANY, b_info.target_memkb),
        ROW("maxmem", XL_MIB, ANY, b_info.max_memkb),
        ROW("videoram", XL_MIB, ANY, b_info.video_memkb),
        ROW("shadow_memory", XL_MIB, ANY, b_info.shadow_memkb),
        ROW("maxvcpus", XL_INT, ANY, b_info.max_vcpus),
        ROW("tsc_mode", XL_WORD, ANY, b_info.tsc_mode, &tsc_mode),
        ROW("rtc_timeoffset", XL_INT, ANY, b_info.rtc_timeoffset),
        ROW("localtime", XL_BOOL, ANY, b_info.localtime),
        ROW("nomigrate", XL_BOOL, ANY, b_info.disable_migrate),
        ROW("max_grant_frames", XL_INT, ANY, b_info.max_grant_frames),
        ROW("max_maptrack_frames", XL_INT, ANY, b_info.max_maptrack_frames),
        ROW("max_grant_version", XL_INT, ANY, b_info.max_grant_version),
        ROW("device_model_version", XL_WORD, ANY, b_info.device_model_version,
            &device_model_version),
        ROW("device_model_stubdomain_override", XL_BOOL, ANY, b_info.device_model_stubdomain),
        ROW("stubdomain_memory", XL_MIB, ANY, b_info.stubdomain_memkb),
        ROW("stubdomain_kernel", XL_TEXT, ANY, b_info.stubdomain_kernel),
        ROW("stubdomain_cmdline", XL_TEXT, ANY, b_info.stubdomain_cmdline),
        ROW("stubdomain_ramdisk", XL_TEXT, ANY, b_info.stubdomain_ramdisk),
        ROW("device_model_override", XL_TEXT, ANY, b_info.device_model),
        ROW("device_model_stubdomain_seclabel", XL_TEXT, ANY, b_info.device_model_ssid_label),
        ROW("init_seclabel", XL_TEXT, ANY, b_info.exec_ssid_label),
        ROW("device_model_user", XL_TEXT, ANY, b_info.device_model_user),
        ROW("device_model_args", XL_TEXTS, ANY, b_info.extra),
        ROW("device_model_args_pv", XL_TEXTS, ANY, b_info.extra_pv),
        ROW("device_model_args_hvm", XL_TEXTS, ANY, b_info.extra_hvm),
        ROW("dm_restrict", XL_BOOL, ANY, b_info.dm_restrict),
        ROW("cpu_weight", XL_INT, ANY, b_info.sched_params.weight),
        ROW("cap", XL_INT, ANY, b_info.sched_params.cap),
        ROW("period", XL_INT, ANY, b_info.sched_params.period),
        ROW("extratime", XL_INT, ANY, b_info.sched_params.extratime),
        ROW("max_event_channels", XL_INT, ANY, b_info.event_channels),
        ROW("device_tree", XL_TEXT, ANY, b_info.device_tree),
        ROW("acpi", XL_BOOL, HARD, b_info.acpi),
        ROW("apic", XL_BOOL, HARD, b_info.apic),
        ROW("timer_mode", XL_WORD, HARD, b_info.timer_mode, &timer_mode),
        ROW("nestedhvm", XL_BOOL, HARD, b_info.nested_hvm),
        ROW("tee", XL_WORD, ANY, b_info.tee, &tee_type),
        ROW("gic_version", XL_WORD, ANY, b_info.arch_arm.gic_version, &gic_version),
        ROW("vuart", XL_WORD, ANY, b_info.arch_arm.vuart, &vuart_type),
        ROW("msr_relaxed", XL_BOOL, ANY, b_info.arch_x86.msr_relaxed),
        ROW("altp2m", XL_WORD, HARD, b_info.altp2m, &altp2m_mode),
        ROW("vmtrace_buf_kb", XL_INT, ANY, b_info.vmtrace_buf_kb),
        ROW("vpmu", XL_BOOL, ANY, b_info.vpmu),

        ROW("firmware_override", XL_TEXT, GUEST_HVM, b_info.u.hvm.firmware),
        ROW("bios", XL_WORD, GUEST_HVM, b_info.u.hvm.bios, &bios_type),
        ROW("bios_path_override", XL_TEXT, GUEST_HVM, b_info.u.hvm.system_firmware),
        ROW("smbios_firmware", XL_TEXT, GUEST_HVM, b_info.u.hvm.smbios_firmware),
        ROW("acpi_firmware", XL_TEXT, GUEST_HVM, b_info.u.hvm.acpi_firmware),
        ROW("pae", XL_BOOL, GUEST_HVM, b_info.u.hvm.pae),
        ROW("acpi_s3", XL_BOOL, GUEST_HVM, b_info.u.hvm.acpi_s3),
        ROW("acpi_s4", XL_BOOL, GUEST_HVM, b_info.u.hvm.acpi_s4),
        ROW("acpi_laptop_slate", XL_BOOL, GUEST_HVM, b_info.u.hvm.acpi_laptop_slate),
        ROW("nx", XL_BOOL, GUEST_HVM, b_info.u.hvm.nx),
        ROW("viridian", XL_BOOL, GUEST_HVM, b_info.u.hvm.viridian),
        ROW("hpet", XL_BOOL, GUEST_HVM, b_info.u.hvm.hpet),
        ROW("vpt_align", XL_BOOL, GUEST_HVM, b_info.u.hvm.vpt_align),
        ROW("mmio_hole", XL_MIB, GUEST_HVM, b_info.u.hvm.mmio_hole_memkb),
        ROW("altp2mhvm", XL_BOOL, GUEST_HVM, b_info.u.hvm.altp2m),
        ROW("hdtype", XL_WORD, GUEST_HVM, b_info.u.hvm.hdtype, &hdtype),
        ROW("nographic", XL_BOOL, GUEST_HVM, b_info.u.hvm.nographic),
        ROW("vga", XL_WORD, GUEST_HVM, b_info.u.hvm.vga.kind, &vga_interface_type),
        ROW("vnc", XL_BOOL, GUEST_HVM, b_info.u.hvm.vnc.enable),
        ROW("vnclisten", XL_TEXT, GUEST_HVM, b_info.u.hvm.vnc.listen),
        ROW("vncpasswd", XL_TEXT, GUEST_HVM, b_info.u.hvm.vnc.passwd, .secret = true),
        ROW("vncdisplay", XL_INT, GUEST_HVM, b_info.u.hvm.vnc.display),
        ROW("vncunused", XL_BOOL, GUEST_HVM, b_info.u.hvm.vnc.findunused),
        ROW("keymap", XL_TEXT, GUEST_HVM, b_info.u.hvm.keymap),
        ROW("sdl", XL_BOOL, GUEST_HVM, b_info.u.hvm.sdl.enable),
        ROW("opengl", XL_BOOL, GUEST_HVM, b_info.u.hvm.sdl.opengl),
        ROW("spice", XL_BOOL, GUEST_HVM, b_info.u.hvm.spice.enable),
        ROW("spiceport", XL_INT, GUEST_HVM, b_info.u.hvm.spice.port),
        ROW("spicetls_port", XL_INT, GUEST_HVM, b_info.u.hvm.spice.tls_port),
        ROW("spicehost", XL_TEXT, GUEST_HVM, b_info.u.hvm.spice.host),
        ROW("spicedisable_ticketing", XL_BOOL, GUEST_HVM, b_info.u.hvm.spice.disable_ticketing),
        ROW("spicepasswd", XL_TEXT, GUEST_HVM, b_info.u.hvm.spice.passwd, .secret = true),
        ROW("spiceagent_mouse", XL_BOOL, GUEST_HVM, b_info.u.hvm.spice.agent_mouse),
        ROW("spicevdagent", XL_BOOL, GUEST_HVM, b_info.u.hvm.spice.vdagent),
        ROW("spice_clipboard_sharing", XL_BOOL, GUEST_HVM, b_info.u.hvm.spice.clipboard_sharing),
        ROW("spiceusbredirection", XL_INT, GUEST_HVM, b_info.u.hvm.spice.usbredirection),
        ROW("spice_image_compression", XL_TEXT, GUEST_HVM, b_info.u.hvm.spice.image_compression),
        ROW("spice_streaming_video", XL_TEXT, GUEST_HVM, b_info.u.hvm.spice.streaming_video),
        ROW("gfx_passthru", XL_BOOL, GUEST_HVM, b_info.u.hvm.gfx_passthru),
        ROW("serial", XL_TEXT, GUEST_HVM, b_info.u.hvm.serial),
        ROW("serial", XL_TEXTS, GUEST_HVM, b_info.u.hvm.serial_list),
        ROW("boot", XL_TEXT, GUEST_HVM, b_info.u.hvm.boot),
        ROW("usb", XL_BOOL, GUEST_HVM, b_info.u.hvm.usb),
        ROW("usbversion", XL_INT, GUEST_HVM, b_info.u.hvm.usbversion),
        ROW("usbdevice", XL_TEXT, GUEST_HVM, b_info.u.hvm.usbdevice),
        ROW("usbdevice", XL_TEXTS, GUEST_HVM, b_info.u.hvm.usbdevice_list),
        ROW("vkb_device", XL_BOOL, GUEST_HVM, b_info.u.hvm.vkb_device),
        ROW("soundhw", XL_TEXT, GUEST_HVM, b_info.u.hvm.soundhw),
        ROW("xen_platform_pci", XL_BOOL, GUEST_HVM, b_info.u.hvm.xen_platform_pci),
        ROW("vendor_device", XL_WORD, GUEST_HVM, b_info.u.hvm.vendor_device, &vendor_device),
        ROW("rdm_mem_boundary", XL_MIB, GUEST_HVM, b_info.u.hvm.rdm_mem_boundary_memkb),

        ROW("e820_host", XL_BOOL, GUEST_PV, b_info.u.pv.e820_host),
        ROW("pvshim", XL_BOOL, GUEST_PVH, b_info.u.pvh.pvshim),
        ROW("pvshim_path", XL_TEXT, GUEST_PVH, b_info.u.pvh.pvshim_path),
        ROW("pvshim_cmdline", XL_TEXT, GUEST_PVH, b_info.u.pvh.pvshim_cmdline),
        ROW("pvshim_extra", XL_TEXT, GUEST_PVH, b_info.u.pvh.pvshim_extra),
};

int xl_key_fail(Error *error, const char *name, const NativeValue *value, const char *what) {
        const char *text = value && value->text ? value->text : "a list";

        return fail(error, ERROR_CONFIG_UNSUPPORTED, "the key '%s' of xl: '%.*s' %s", name,
                    xml_clip(text), text, what);
}

/* ---- set ---- */

static bool to_number(const NativeValue *value, long long *ret) {
        char *end;

        if (!value->text || !*value->text)
                return false;
        errno = 0;
        *ret = strtoll(value->text, &end, 0);
        return errno == 0 && !*end;
}

static bool to_word(const XlKey *key, const char *text, int *ret) {
        char copy[32];

        for (size_t i = 0; i < ELEMENTS(aliases); i++)
                if (aliases[i].words == key->words && strcmp(aliases[i].xl, text) == 0)
                        text = aliases[i].libxl;
        if (strlen(text) >= sizeof(copy))
                return false;
        strcpy(copy, text);
        for (char *dash; (dash = strchr(copy, '-'));)
                *dash = '_';
        return key->words->from(copy, ret) == 0;
}

static int set_texts(libxl_string_list *list, const NativeValue *value) {
        size_t n = value->text ? 1 : value->n;
        char **items = calloc(n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        libxl_string_list_dispose(list);
        *list = items;
        for (size_t i = 0; i < n; i++) {
                const char *text = value->text ?: value->items[i]->text;

                if (!(items[i] = strdup(text ?: "")))
                        return -ENOMEM;
        }
        return 0;
}

static int set_text(char **text, const NativeValue *value) {
        char *copy = strdup(value->text);

        if (!copy)
                return -ENOMEM;
        free(*text);
        *text = copy;
        return 0;
}

static int set_member(const XlKey *key, void *member, const NativeValue *value, Error *error) {
        long long number = 0;
        bool numeric = to_number(value, &number);
        int word = (int) number, r = 0;

        if (!value->text && key->kind != XL_TEXTS)
                return xl_key_fail(error, key->name, value, "isn't a single value");
        if (!numeric && key->kind < XL_TEXT)
                return xl_key_fail(error, key->name, value, "is no number");
        switch (key->kind) {
        case XL_BOOL:
                libxl_defbool_set(member, number != 0);
                return 0;
        case XL_INT:
                if (number < INT32_MIN || number > UINT32_MAX)
                        return xl_key_fail(error, key->name, value, "is too large");
                *(uint32_t *) member = (uint32_t) number;
                return 0;
        case XL_MIB:
                if (number < 0 || number > INT64_MAX / 1024)
                        return xl_key_fail(error, key->name, value, "is no size");
                *(uint64_t *) member = (uint64_t) number * 1024;
                return 0;
        case XL_TEXT:
                r = set_text(member, value);
                break;
        case XL_TEXTS:
                r = set_texts(member, value);
                break;
        case XL_WORD:
                if (numeric ? !key->words->to(word) : !to_word(key, value->text, &word))
                        return xl_key_fail(error, key->name, value, "isn't one of its words");
                *(int *) member = word;
                return 0;
        }
        return r < 0 ? fail_memory(error) : 0;
}

int xl_key_set(libxl_domain_config *config, Guest guest, const char *name,
               const NativeValue *value, Error *error) {
        const XlKey *found = NULL;

        /* A key that may be a list has a row of its own for that. */
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (strcmp(keys[i].name, name) == 0 &&
                    (!found || (!value->text && keys[i].kind == XL_TEXTS)))
                        found = &keys[i];
        if (!found || !(found->guests & guest))
                return 0; /* as xl, which doesn't look */
        int r = set_member(found, (char *) config + found->offset, value, error);
        return r < 0 ? r : 1;
}

/* ---- get ---- */

static void get_texts(const XlKey *key, const libxl_string_list *list, NativeConfig *ret) {
        for (size_t i = 0; *list && (*list)[i]; i++)
                native_add_item(ret, key->name, (*list)[i]);
}

static void get_word(const XlKey *key, int value, NativeConfig *ret) {
        const char *word = key->words->to(value);
        char copy[32];

        for (size_t i = 0; word && i < ELEMENTS(aliases); i++)
                if (aliases[i].words == key->words && strcmp(aliases[i].libxl, word) == 0)
                        word = aliases[i].xl;
        if (!word || strlen(word) >= sizeof(copy))
                return;
        strcpy(copy, word);
        for (char *p = copy; *p; p++) /* but for these two, xl's are libxl's */
                if (*p == '_' && (key->words == &device_model_version ||
                                  key->words == &action_on_shutdown))
                        *p = '-';
        native_set_text(ret, key->name, copy);
}

static void get_member(const XlKey *key, const void *member, const void *initial,
                       NativeConfig *ret) {
        libxl_defbool truth;

        switch (key->kind) {
        case XL_BOOL:
                truth = *(const libxl_defbool *) member;
                if (!libxl_defbool_is_default(truth))
                        native_set_number(ret, key->name, libxl_defbool_val(truth));
                return;
        case XL_INT:
                if (memcmp(member, initial, sizeof(uint32_t)) != 0)
                        native_set_number(ret, key->name, *(const int *) member);
                return;
        case XL_MIB:
                if (memcmp(member, initial, sizeof(uint64_t)) != 0)
                        native_set_number(ret, key->name,
                                          (long long) (*(const uint64_t *) member / 1024));
                return;
        case XL_TEXT:
                native_set_text(ret, key->name, *(char *const *) member);
                return;
        case XL_TEXTS:
                get_texts(key, member, ret);
                return;
        case XL_WORD:
                if (memcmp(member, initial, sizeof(int)) != 0)
                        get_word(key, *(const int *) member, ret);
                return;
        }
}

void xl_keys_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret) {
        libxl_domain_config initial;

        libxl_domain_config_init(&initial);
        libxl_domain_build_info_init_type(&initial.b_info, config->b_info.type);
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if ((keys[i].guests & guest) && !keys[i].secret)
                        get_member(&keys[i], (const char *) config + keys[i].offset,
                                   (const char *) &initial + keys[i].offset, ret);
        libxl_domain_config_dispose(&initial);
}
