/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) that are lists, and the few with a form of their own, as libxl's configuration,
 * both ways. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/driver.h"
#include "drivers/xen/keys.h"

#define MCA_LMCE 1u /* the only one of libxl's bits */

/* ---- what all of them need ---- */

const char *xl_list_item(const XlList *list, size_t i) {
        if (list->value->text)
                return list->value->text;
        return list->value->items[i]->text ?: "";
}

size_t xl_list_count(const XlList *list) {
        return list->value->text ? 1 : list->value->n;
}

const NativeValue *xl_list_other(const XlList *list, const char *name) {
        return native_get(list->kept, name) ?: native_get(list->written, name);
}

int xl_list_refuse(XlList *list, const char *what) {
        return xl_key_fail(list->error, list->name, list->value, what);
}

void *xl_list_add(XlList *list, void *array, int *n, size_t size) {
        void *longer = realloc(*(void **) array, (*n + 1) * size);

        if (!longer) {
                (void) fail_memory(list->error);
                return NULL;
        }
        *(void **) array = longer;
        return memset((char *) longer + size * (*n)++, 0, size);
}

static void *make_array(XlList *list, size_t size) {
        void *array = calloc(xl_list_count(list) ?: 1, size);

        if (!array)
                (void) fail_memory(list->error);
        return array;
}

/* ---- disks and interfaces: what libxlutil makes of them ---- */

/* All of them again: the parser is the one that xl uses, but xm's had words of its own. */
static int set_disks(XlList *list) {
        libxl_domain_config *config = list->config;
        int line;

        if (xl_list_count(list) != (size_t) config->num_disks || list->dialect != NATIVE_XL)
                return 0; /* there are disks that it doesn't tell of */
        for (size_t i = 0; i < xl_list_count(list); i++) {
                bool shared;
                _cleanup_(freep) char *plain = native_disk_plain(xl_list_item(list, i), &shared);
                const char *text = plain;

                if (!plain)
                        return fail_memory(list->error);
                libxl_device_disk_dispose(&config->disks[i]);
                libxl_device_disk_init(&config->disks[i]);
                if (xlu_disk_parse(list->xlu.config, 1, &text, &config->disks[i]) != 0)
                        return xl_list_refuse(list, xlu_reason(&list->xlu, &line));
        }
        return 0;
}

static int set_nic_word(XlList *list, libxl_device_nic *nic, const char *text, size_t which) {
        int line;

        switch (which) {
        case 0:
                nic->mtu = atoi(text);
                return 0;
        case 1:
                free(nic->gatewaydev);
                nic->gatewaydev = strdup(text);
                return nic->gatewaydev ? 0 : fail_memory(list->error);
        case 2:
                return xlu_vif_parse_rate(list->xlu.config, text, nic) == 0
                               ? 0 : xl_list_refuse(list, xlu_reason(&list->xlu, &line));
        }
        nic->nictype = strcmp(text, "ioemu") == 0 ? LIBXL_NIC_TYPE_VIF_IOEMU : LIBXL_NIC_TYPE_VIF;
        return 0;
}

/* What the document has no words for: the rest is in it. */
static int set_nics(XlList *list) {
        static const char *const words[] = { "mtu", "gatewaydev", "rate", "type" };
        libxl_domain_config *config = list->config;
        int r = 0;

        for (size_t i = 0; i < xl_list_count(list) && i < (size_t) config->num_nics; i++)
                for (size_t k = 0; r >= 0 && k < ELEMENTS(words); k++) {
                        _cleanup_(freep) char *text = spec_value(xl_list_item(list, i), words[k]);

                        if (text)
                                r = set_nic_word(list, &config->nics[i], text, k);
                }
        return r;
}

/* ---- ranges of the host ---- */

static int set_ioports(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (!(build->ioports = make_array(list, sizeof(*build->ioports))))
                return -ENOMEM;
        for (size_t i = 0; i < xl_list_count(list); i++) {
                uint32_t first, last;
                int n = sscanf(xl_list_item(list, i), "%" SCNx32 "-%" SCNx32, &first, &last);

                if (n < 1 || (n == 2 && last < first))
                        return xl_list_refuse(list, "has what is no range of ports");
                build->ioports[build->num_ioports++] =
                        (libxl_ioport_range) { first, n == 2 ? last - first + 1 : 1 };
        }
        return 0;
}

static int set_irqs(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (!(build->irqs = make_array(list, sizeof(*build->irqs))))
                return -ENOMEM;
        for (size_t i = 0; i < xl_list_count(list); i++)
                if (sscanf(xl_list_item(list, i), "%" SCNu32, &build->irqs[build->num_irqs++]) != 1)
                        return xl_list_refuse(list, "has what is no number");
        return 0;
}

static int set_iomem(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (!(build->iomem = make_array(list, sizeof(*build->iomem))))
                return -ENOMEM;
        for (size_t i = 0; i < xl_list_count(list); i++) {
                libxl_iomem_range *range = &build->iomem[build->num_iomem++];

                libxl_iomem_range_init(range);
                if (sscanf(xl_list_item(list, i), "%" SCNx64 ",%" SCNx64 "@%" SCNx64, &range->start,
                           &range->number, &range->gfn) < 2)
                        return xl_list_refuse(list, "has what is no range of pages");
        }
        return 0;
}

/* ---- others ---- */

/* As with xl, what the parser doesn't take is left out: it takes less than its manual says. */
static int set_rdm(XlList *list) {
        libxl_rdm_reserve rdm;

        libxl_rdm_reserve_init(&rdm);
        if (list->config->b_info.type == LIBXL_DOMAIN_TYPE_HVM &&
            xlu_rdm_parse(list->xlu.config, &rdm, xl_list_item(list, 0)) == 0)
                list->config->b_info.u.hvm.rdm = rdm;
        return xl_set_pci(list); /* whose policy it is where they say none */
}

static int set_mca_caps(XlList *list) {
        for (size_t i = 0; i < xl_list_count(list); i++)
                if (strcmp(xl_list_item(list, i), "lmce") != 0)
                        return xl_list_refuse(list, "has one that Xen doesn't know");
        if (list->config->b_info.type == LIBXL_DOMAIN_TYPE_HVM && xl_list_count(list) > 0)
                list->config->b_info.u.hvm.mca_caps |= MCA_LMCE;
        return 0;
}

/* "host,xsave=0,aesni=k", or lists of registers as xend had them. */
static int set_cpuid(XlList *list) {
        libxl_cpuid_policy_list *policies = &list->config->b_info.cpuid;
        _cleanup_(freep) char *text = strdup(list->value->text ?: "");
        char *rest = NULL;
        int rc = 0;

        if (!text)
                return fail_memory(list->error);
        libxl_cpuid_dispose(policies);
        for (char *word = strtok_r(text, ",", &rest); word && rc == 0;
             word = strtok_r(NULL, ",", &rest))
                if (strcmp(word, "host") != 0)
                        rc = libxl_cpuid_parse_config(policies, word);
        for (size_t i = 0; !list->value->text && rc == 0 && i < xl_list_count(list); i++)
                rc = libxl_cpuid_parse_config_xend(policies, xl_list_item(list, i));
        return rc == 0 ? 0 : xl_list_refuse(list, "has what is no feature");
}

static bool make_bits(libxl_bitmap *ret) {
        const size_t size = LIBXL_BUILDINFO_HVM_VIRIDIAN_ENABLE_DISABLE_WIDTH / 8;

        libxl_bitmap_dispose(ret);
        *ret = (libxl_bitmap) { .size = size, .map = calloc(size, 1) };
        return ret->map;
}

/* "defaults", "all", names of groups, each "!" for off; or a single number. */
static int set_viridian(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (build->type != LIBXL_DOMAIN_TYPE_HVM)
                return 0;
        libxl_bitmap *maps[] = { &build->u.hvm.viridian_enable, &build->u.hvm.viridian_disable };
        libxl_defbool_unset(&build->u.hvm.viridian);
        if (list->value->text)
                libxl_defbool_set(&build->u.hvm.viridian, atoi(list->value->text) != 0);
        else if (!make_bits(maps[0]) || !make_bits(maps[1]))
                return fail_memory(list->error);
        for (size_t i = 0; !list->value->text && i < xl_list_count(list); i++) {
                const char *word = xl_list_item(list, i);
                bool off = *word == '!';
                libxl_viridian_enlightenment bit;

                if (strcmp(word, "defaults") == 0)
                        libxl_defbool_set(&build->u.hvm.viridian, true);
                else if (strcmp(word + off, "all") == 0)
                        libxl_bitmap_set_any(maps[off]);
                else if (libxl_viridian_enlightenment_from_string(word + off, &bit) == 0)
                        libxl_bitmap_set(maps[off], (int) bit);
                else
                        return xl_list_refuse(list, "has one that Xen doesn't know");
        }
        return 0;
}

/* ---- what is booted, and who may look ---- */

/* A list, or one text of words. */
static int set_bootloader_args(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;
        libxl_string_list *arguments = list->guest == GUEST_PV ? &build->u.pv.bootloader_args
                                                               : &build->bootloader_args;
        _cleanup_(freep) char *copy = list->value->text ? strdup(list->value->text) : NULL;
        char *rest = NULL, *word = copy ? strtok_r(copy, " \t\n", &rest) : NULL;
        size_t n = 0;

        if (list->value->text && !copy)
                return fail_memory(list->error);
        libxl_string_list_dispose(arguments);
        if (!(*arguments = calloc((copy ? strlen(list->value->text) : list->value->n) + 1,
                                  sizeof(char *))))
                return fail_memory(list->error);
        for (; copy ? word != NULL : n < list->value->n; n++) {
                if (!((*arguments)[n] = strdup(copy ? word : xl_list_item(list, n))))
                        return fail_memory(list->error);
                word = copy ? strtok_r(NULL, " \t\n", &rest) : NULL;
        }
        return 0;
}

/* One key for what has several: a boot loader of Xen's own, a kind of firmware, or its file. */
static int set_firmware(XlList *list) {
        static const struct {
                const char *word;
                libxl_bios_type bios;
        } kinds[] = {
                { "bios", LIBXL_BIOS_TYPE_UNKNOWN },     { "uefi", LIBXL_BIOS_TYPE_OVMF },
                { "seabios", LIBXL_BIOS_TYPE_SEABIOS }, { "rombios", LIBXL_BIOS_TYPE_ROMBIOS },
                { "ovmf", LIBXL_BIOS_TYPE_OVMF },
        };
        libxl_domain_build_info *build = &list->config->b_info;
        const char *word = xl_list_item(list, 0);
        bool hard = list->guest == GUEST_HVM, pv = list->guest == GUEST_PV;
        char **file = hard ? &build->u.hvm.firmware : pv ? &build->u.pv.kernel : &build->kernel;

        for (size_t i = 0; hard && i < ELEMENTS(kinds); i++)
                if (strcmp(word, kinds[i].word) == 0) {
                        if (kinds[i].bios != LIBXL_BIOS_TYPE_UNKNOWN)
                                build->u.hvm.bios = kinds[i].bios;
                        return 0;
                }
        if (!hard && (*file || (strcmp(word, "pvgrub32") != 0 && strcmp(word, "pvgrub64") != 0)))
                return xl_list_refuse(list, "isn't pvgrub32 or pvgrub64 instead of a kernel");
        if (pv) { /* which a document that names no kernel stands for */
                free(build->u.pv.bootloader);
                build->u.pv.bootloader = NULL;
        }
        free(*file);
        if (asprintf(file, hard ? "%s" : XEN_FIRMWARE_DIR "/%s.bin", word) < 0) {
                *file = NULL;
                return fail_memory(list->error);
        }
        return 0;
}

static int set_generation(XlList *list) {
        const char *word = xl_list_item(list, 0);

        if (list->guest != GUEST_HVM || strcmp(word, "none") == 0)
                return 0;
        if (strcmp(word, "generate") != 0)
                return xl_list_refuse(list, "isn't generate or none");
        return libxl_ms_vm_genid_generate(list->ctx, &list->config->b_info.u.hvm.ms_vm_genid) == 0
                       ? 0 : xl_list_refuse(list, "can't be had");
}

/* A number, or the kind of card. */
static int set_graphics_card(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;
        const char *word = xl_list_item(list, 0);
        char *end;
        long number = strtol(word, &end, 0);

        if (list->guest != GUEST_HVM)
                return 0;
        if (*word && !*end) {
                libxl_defbool_set(&build->u.hvm.gfx_passthru, number != 0);
                return 0;
        }
        if (libxl_gfx_passthru_kind_from_string(word, &build->u.hvm.gfx_passthru_kind) != 0)
                return xl_list_refuse(list, "is no number and no kind of card");
        libxl_defbool_set(&build->u.hvm.gfx_passthru, true);
        return 0;
}

static int set_label(XlList *list, char **ret, const char *name) {
        const NativeValue *value = xl_list_other(list, name);

        if (!value || !value->text)
                return 0;
        free(*ret);
        *ret = strdup(value->text);
        return *ret ? 0 : fail_memory(list->error);
}

/* A guest is built under its first label, and runs under the other. */
static int set_labels(XlList *list) {
        bool two = xl_list_other(list, "init_seclabel");
        int r = set_label(list, two ? &list->config->b_info.exec_ssid_label
                                    : &list->config->c_info.ssid_label, "seclabel");

        return r < 0 ? r : set_label(list, &list->config->c_info.ssid_label,
                                     two ? "init_seclabel" : "seclabel");
}

/* ---- all of them ---- */

static const struct {
        const char *name;
        int (*set)(XlList *list);
} lists[] = {
        { "disk", set_disks },
        { "vif", set_nics },
        { "ioports", set_ioports },
        { "irqs", set_irqs },
        { "iomem", set_iomem },
        { "rdm", set_rdm },
        { "mca_caps", set_mca_caps },
        { "cpuid", set_cpuid },
        { "viridian", set_viridian },
        { "bootloader_args", set_bootloader_args },
        { "firmware", set_firmware },
        { "ms_vm_genid", set_generation },
        { "gfx_passthru", set_graphics_card },
        { "seclabel", set_labels },
        { "init_seclabel", set_labels },
        { "cpus", xl_set_cpus },
        { "cpus_soft", xl_set_cpus },
        { "channel", xl_set_channels },
        { "vfb", xl_set_framebuffers },
        { "usbctrl", xl_set_usb_controllers },
        { "usbdev", xl_set_usb_devices },
        { "dtdev", xl_set_device_tree },
        { "pci", xl_set_pci },
        { "pci_permissive", xl_set_pci },
        { "pci_msitranslate", xl_set_pci },
        { "pci_seize", xl_set_pci },
        { "pci_power_mgmt", xl_set_pci },
        { "p9", xl_set_devices },
        { "vkb", xl_set_devices },
        { "vdispl", xl_set_devices },
        { "vtpm", xl_set_devices },
        { "pvcalls", xl_set_devices },
        { "vsnd", xl_set_sound },
};

int xl_list_set(XlList *list, const char *name, const NativeValue *value) {
        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                if (strcmp(lists[i].name, name) != 0)
                        continue;
                if (value->text ? !*value->text : value->n == 0)
                        return 1;
                list->name = name;
                list->value = value;
                int r = xlu_begin(&list->xlu, list->error);

                if (r >= 0)
                        r = lists[i].set(list);
                xlu_end(&list->xlu);
                return r < 0 ? r : 1;
        }
        return 0;
}

/* ---- and back ---- */

static const char *disk_format(libxl_disk_format format) {
        switch (format) {
        case LIBXL_DISK_FORMAT_QCOW:
        case LIBXL_DISK_FORMAT_QCOW2:
        case LIBXL_DISK_FORMAT_VHD:
        case LIBXL_DISK_FORMAT_QED:
                return libxl_disk_format_to_string(format);
        case LIBXL_DISK_FORMAT_RAW:
        case LIBXL_DISK_FORMAT_EMPTY:
        case LIBXL_DISK_FORMAT_UNKNOWN:
                break;
        }
        return "raw";
}

static void get_disk(const libxl_device_disk *disk, NativeConfig *ret) {
        NativeSpec spec = {};

        spec_add(&spec, "format=%s,vdev=%s,access=%s", disk_format(disk->format),
                 disk->vdev ?: "", disk->readwrite ? "rw" : "ro");
        if (disk->backend != LIBXL_DISK_BACKEND_UNKNOWN)
                spec_add(&spec, "backendtype=%s", libxl_disk_backend_to_string(disk->backend));
        if (disk->backend_domname)
                spec_add(&spec, "backend=%s", disk->backend_domname);
        if (disk->script)
                spec_add(&spec, "script=%s", disk->script);
        if (disk->is_cdrom)
                spec_add(&spec, "devtype=cdrom");
        if (disk->pdev_path && *disk->pdev_path) /* the last: it may hold anything */
                spec_add(&spec, "target=%s", disk->pdev_path);
        spec_finish(&spec, ret, "disk");
}

static void get_nic(const libxl_device_nic *nic, Guest guest, NativeConfig *ret) {
        const libxl_mac none = {};
        const struct {
                const char *word, *text;
        } texts[] = {
                { "bridge", nic->bridge },
                { "ip", nic->ip },
                { "script", nic->script },
                { "vifname", nic->ifname },
                { "backend", nic->backend_domname },
                { "model", guest == GUEST_HVM ? nic->model : NULL },
                { "type", guest == GUEST_HVM && nic->nictype == LIBXL_NIC_TYPE_VIF ? "vif" : NULL },
        };
        NativeSpec spec = {};

        if (memcmp(nic->mac, none, sizeof(none)) != 0)
                spec_add(&spec, "mac=" LIBXL_MAC_FMT, LIBXL_MAC_BYTES(nic->mac));
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (texts[i].text && *texts[i].text)
                        spec_add(&spec, "%s=%s", texts[i].word, texts[i].text);
        spec_finish(&spec, ret, "vif");
}

/* A guest with hardware has its displays in keys of their own. */
static void get_vfb(const libxl_device_vfb *vfb, NativeConfig *ret) {
        bool vnc = !libxl_defbool_is_default(vfb->vnc.enable) && libxl_defbool_val(vfb->vnc.enable);
        bool sdl = !libxl_defbool_is_default(vfb->sdl.enable) && libxl_defbool_val(vfb->sdl.enable);
        NativeSpec spec = {};

        spec_add(&spec, "vnc=%d,sdl=%d", vnc, sdl);
        if (vnc && vfb->vnc.listen)
                spec_add(&spec, "vnclisten=%s", vfb->vnc.listen);
        if (vnc && (libxl_defbool_is_default(vfb->vnc.findunused) ||
                    !libxl_defbool_val(vfb->vnc.findunused)))
                spec_add(&spec, "vncunused=0,vncdisplay=%d", vfb->vnc.display);
        if (vfb->keymap)
                spec_add(&spec, "keymap=%s", vfb->keymap);
        spec_finish(&spec, ret, "vfb");
}

void xl_lists_get(const libxl_domain_config *config, Guest guest, NativeConfig *ret) {
        for (int i = 0; i < config->num_disks; i++)
                get_disk(&config->disks[i], ret);
        for (int i = 0; i < config->num_nics; i++)
                get_nic(&config->nics[i], guest, ret);
        for (int i = 0; guest != GUEST_HVM && i < config->num_vfbs; i++)
                get_vfb(&config->vfbs[i], ret);
        xl_get_host_devices(config, ret);
        xl_get_devices(config, ret);
        xl_get_cpus(config, ret);
}
