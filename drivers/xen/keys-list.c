/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of xl.cfg(5) that are lists, and the few with a form of their own, as libxl's configuration,
 * both ways. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/keys.h"
#include "drivers/xen/xlu.h"

#define MCA_LMCE 1u /* the only one of libxl's bits */

typedef struct XlList {
        libxl_domain_config *config;
        const char *name;
        const NativeValue *value;
        Xlu xlu;
        Error *error;
} XlList;

static const char *item_of(const XlList *list, size_t i) {
        if (list->value->text)
                return list->value->text;
        return list->value->items[i]->text ?: "";
}

static size_t count(const XlList *list) {
        return list->value->text ? 1 : list->value->n;
}

static int refuse(XlList *list, const char *what) {
        return xl_key_fail(list->error, list->name, list->value, what);
}

static void *make_array(XlList *list, size_t size) {
        void *array = calloc(count(list) ?: 1, size);

        if (!array)
                (void) fail_memory(list->error);
        return array;
}

/* ---- disks and interfaces: what libxlutil makes of them ---- */

/* All of them again: the parser is the one that xl uses. */
static int set_disks(XlList *list) {
        libxl_domain_config *config = list->config;
        int line;

        if (count(list) != (size_t) config->num_disks)
                return 0; /* there are disks that it doesn't tell of */
        for (size_t i = 0; i < count(list); i++) {
                const char *text = item_of(list, i);

                libxl_device_disk_dispose(&config->disks[i]);
                libxl_device_disk_init(&config->disks[i]);
                if (xlu_disk_parse(list->xlu.config, 1, &text, &config->disks[i]) != 0)
                        return refuse(list, xlu_reason(&list->xlu, &line));
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
                               ? 0 : refuse(list, xlu_reason(&list->xlu, &line));
        }
        nic->nictype = strcmp(text, "ioemu") == 0 ? LIBXL_NIC_TYPE_VIF_IOEMU : LIBXL_NIC_TYPE_VIF;
        return 0;
}

/* What the document has no words for: the rest is in it. */
static int set_nics(XlList *list) {
        static const char *const words[] = { "mtu", "gatewaydev", "rate", "type" };
        libxl_domain_config *config = list->config;
        int r = 0;

        for (size_t i = 0; i < count(list) && i < (size_t) config->num_nics; i++)
                for (size_t k = 0; r >= 0 && k < ELEMENTS(words); k++) {
                        _cleanup_(freep) char *text = spec_value(item_of(list, i), words[k]);

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
        for (size_t i = 0; i < count(list); i++) {
                uint32_t first, last;
                int n = sscanf(item_of(list, i), "%" SCNx32 "-%" SCNx32, &first, &last);

                if (n < 1 || (n == 2 && last < first))
                        return refuse(list, "has what is no range of ports");
                build->ioports[build->num_ioports++] =
                        (libxl_ioport_range) { first, n == 2 ? last - first + 1 : 1 };
        }
        return 0;
}

static int set_irqs(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (!(build->irqs = make_array(list, sizeof(*build->irqs))))
                return -ENOMEM;
        for (size_t i = 0; i < count(list); i++)
                if (sscanf(item_of(list, i), "%" SCNu32, &build->irqs[build->num_irqs++]) != 1)
                        return refuse(list, "has what is no number");
        return 0;
}

static int set_iomem(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;

        if (!(build->iomem = make_array(list, sizeof(*build->iomem))))
                return -ENOMEM;
        for (size_t i = 0; i < count(list); i++) {
                libxl_iomem_range *range = &build->iomem[build->num_iomem++];

                libxl_iomem_range_init(range);
                if (sscanf(item_of(list, i), "%" SCNx64 ",%" SCNx64 "@%" SCNx64, &range->start,
                           &range->number, &range->gfn) < 2)
                        return refuse(list, "has what is no range of pages");
        }
        return 0;
}

/* ---- others ---- */

/* As with xl, what the parser doesn't take is left out: it takes less than its manual says. */
static int set_rdm(XlList *list) {
        libxl_rdm_reserve rdm;

        libxl_rdm_reserve_init(&rdm);
        if (list->config->b_info.type == LIBXL_DOMAIN_TYPE_HVM &&
            xlu_rdm_parse(list->xlu.config, &rdm, item_of(list, 0)) == 0)
                list->config->b_info.u.hvm.rdm = rdm;
        return 0;
}

static int set_mca_caps(XlList *list) {
        for (size_t i = 0; i < count(list); i++)
                if (strcmp(item_of(list, i), "lmce") != 0)
                        return refuse(list, "has one that Xen doesn't know");
        if (list->config->b_info.type == LIBXL_DOMAIN_TYPE_HVM && count(list) > 0)
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
        for (size_t i = 0; !list->value->text && rc == 0 && i < count(list); i++)
                rc = libxl_cpuid_parse_config_xend(policies, item_of(list, i));
        return rc == 0 ? 0 : refuse(list, "has what is no feature");
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
        for (size_t i = 0; !list->value->text && i < count(list); i++) {
                const char *word = item_of(list, i);
                bool off = *word == '!';
                libxl_viridian_enlightenment bit;

                if (strcmp(word, "defaults") == 0)
                        libxl_defbool_set(&build->u.hvm.viridian, true);
                else if (strcmp(word + off, "all") == 0)
                        libxl_bitmap_set_any(maps[off]);
                else if (libxl_viridian_enlightenment_from_string(word + off, &bit) == 0)
                        libxl_bitmap_set(maps[off], (int) bit);
                else
                        return refuse(list, "has one that Xen doesn't know");
        }
        return 0;
}

/* ---- all of them ---- */

static const struct {
        const char *name;
        int (*set)(XlList *list);
} lists[] = {
        { "disk", set_disks },       { "vif", set_nics },         { "ioports", set_ioports },
        { "irqs", set_irqs },        { "iomem", set_iomem },      { "rdm", set_rdm },
        { "mca_caps", set_mca_caps }, { "cpuid", set_cpuid },     { "viridian", set_viridian },
};

int xl_list_set(libxl_domain_config *config, const char *name, const NativeValue *value,
                Error *error) {
        XlList list = { .config = config, .name = name, .value = value, .error = error };

        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                if (strcmp(lists[i].name, name) != 0)
                        continue;
                if (!value->text && value->n == 0)
                        return 1;
                int r = xlu_begin(&list.xlu, error);

                if (r >= 0)
                        r = lists[i].set(&list);
                xlu_end(&list.xlu);
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
        for (int i = 0; i < config->num_pcidevs; i++) {
                const libxl_device_pci *pci = &config->pcidevs[i];
                NativeSpec spec = {};

                spec_add(&spec, "%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->dev, pci->func);
                spec_finish(&spec, ret, "pci");
        }
}
