/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest boots, its features and its clock, as libxl is asked for them. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define PYGRUB "pygrub" /* libxl knows where its own is */

/* ---- what is booted ---- */

static const struct {
        const char *dev;
        char letter;
} boot_devices[] = { { "fd", 'a' }, { "hd", 'c' }, { "cdrom", 'd' }, { "network", 'n' } };

/* The device model looks for a medium by its kind, so an order of devices is one of kinds. */
static char letter_of(DeviceKind kind, const Device *device) {
        if (kind == DEVICE_NET)
                return 'n';
        if (kind != DEVICE_DISK)
                return 0;
        const DomainDisk *disk = container_of(device, DomainDisk, device);

        return disk->kind == DISK_DEVICE_CDROM ? 'd' : disk->kind == DISK_DEVICE_FLOPPY ? 'a' : 'c';
}

typedef struct BootOrder {
        char letters[5];
        uint32_t orders[4];
        size_t n;
} BootOrder;

/* Keeps the first of each kind, sorted. */
static int note_order(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        BootOrder *order = userdata;
        char letter = device->boot_order > 0 ? letter_of(kind, device) : 0;
        char *old = letter ? strchr(order->letters, letter) : NULL;
        size_t i = old ? (size_t) (old - order->letters) : order->n;

        if (!letter || (old && order->orders[i] <= device->boot_order))
                return 0;
        if (!old)
                order->n++;
        for (; i > 0 && order->orders[i - 1] > device->boot_order; i--) {
                order->orders[i] = order->orders[i - 1];
                order->letters[i] = order->letters[i - 1];
        }
        order->orders[i] = device->boot_order;
        order->letters[i] = letter;
        return 0;
}

static void config_boot(XenConfig *xen) {
        const DomainOs *os = &xen->conf->os;
        BootOrder order = {};
        char letters[ELEMENTS(boot_devices) + 1] = "";

        for (size_t i = 0, n = 0; i < os->boots.n; i++)
                for (size_t k = 0; k < ELEMENTS(boot_devices); k++)
                        if (config_is(os->boots.items[i]->dev, boot_devices[k].dev) &&
                            !strchr(letters, boot_devices[k].letter))
                                letters[n++] = boot_devices[k].letter;
        if (os->boots.n == 0) /* visiting changes nothing */
                (void) conf_visit_devices((DomainConf *) xen->conf, note_order, &order);
        config_text(xen, &xen->config->b_info.u.hvm.boot,
                    *letters ? letters : order.n > 0 ? order.letters : "c");
}

static const char *base_name(const char *path) {
        const char *slash = path ? strrchr(path, '/') : NULL;

        return slash ? slash + 1 : path;
}

/* Xen's own firmware needs no naming, in whatever folder a definition has it. */
static int config_loader(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainOs *os = &xen->conf->os;
        const char *name = base_name(os->loader);

        if (os->nvram || os->nvram_template || os->nvram_image)
                return config_refuse(xen, "os/nvram: firmware has no store of its own in Xen");
        if (os->loader_secure == TRISTATE_YES)
                return config_refuse(xen, "os/loader/@secure: Xen has no secure boot");
        if (config_is(os->firmware, "efi") || config_is(os->loader_type, "pflash")) {
                build->u.hvm.bios = LIBXL_BIOS_TYPE_OVMF;
                if (name && strcmp(name, "ovmf.bin") != 0)
                        config_text(xen, &build->u.hvm.system_firmware, os->loader);
        } else if (name && strcmp(name, "hvmloader") != 0)
                config_text(xen, &build->u.hvm.firmware, os->loader);
        return 0;
}

/* Arguments in one text, parted by blanks. */
static void set_arguments(XenConfig *xen, libxl_string_list *ret) {
        static const char blanks[] = " \t\n";
        const char *text = xen->conf->os.bootloader_args;

        while (text && *(text += strspn(text, blanks))) {
                size_t n = strcspn(text, blanks);
                _cleanup_(freep) char *word = strndup(text, n);

                xen->failed = xen->failed || !word;
                if (word)
                        config_word(xen, ret, word);
                text += n;
        }
}

/* These go where configurations of libvirt's have them and every libxl takes them from, though new
 * ones have members for all types of guests. As with Xen's old tools, a guest that doesn't say how
 * it boots has a boot menu on its disk. */
static int config_pv(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainOs *os = &xen->conf->os;

        config_text(xen, &build->u.pv.kernel, os->kernel);
        config_text(xen, &build->u.pv.ramdisk, os->initrd);
        config_text(xen, &build->u.pv.cmdline, os->cmdline);
        config_text(xen, &build->u.pv.bootloader, os->bootloader ?: os->kernel ? NULL : PYGRUB);
        set_arguments(xen, &build->u.pv.bootloader_args);
        return 0;
}

static int config_pvh(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainOs *os = &xen->conf->os;

        if (!os->kernel && !os->bootloader)
                return config_refuse(xen, "os: neither a kernel nor a bootloader");
        config_text(xen, &build->bootloader, os->bootloader);
        set_arguments(xen, &build->bootloader_args);
        return 0;
}

static int config_hvm(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainOs *os = &xen->conf->os;
        Uuid genid;

        if (os->bootloader)
                return config_refuse(xen, "bootloader: only for guests without hardware");
        for (size_t i = 0; i < os->acpi_tables.n; i++)
                config_text(xen, &build->u.hvm.acpi_firmware, os->acpi_tables.items[i]->path);
        if (xen->conf->genid && uuid_parse(xen->conf->genid, &genid) >= 0)
                memcpy(build->u.hvm.ms_vm_genid.bytes, genid.bytes, sizeof(genid.bytes));
        config_bool(&build->u.hvm.acpi_s3, xen->conf->suspend_to_mem);
        config_bool(&build->u.hvm.acpi_s4, xen->conf->suspend_to_disk);
        config_boot(xen);
        return config_loader(xen);
}

int config_os(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainOs *os = &xen->conf->os;

        if (os->dtb)
                return config_refuse(xen, "os/dtb: Xen makes a guest's tree of devices itself");
        if (xen->guest == GUEST_PV)
                return config_pv(xen);
        config_text(xen, &build->kernel, os->kernel);
        config_text(xen, &build->ramdisk, os->initrd);
        config_text(xen, &build->cmdline, os->cmdline);
        return xen->guest == GUEST_HVM ? config_hvm(xen) : config_pvh(xen);
}

/* ---- features ---- */

#define FEATURE(name, field) { name, offsetof(DomainFeatures, field) }

static const struct {
        const char *name;
        size_t offset;
} other_features[] = {
        FEATURE("apic/@eoi", apic_eoi),           FEATURE("vmport", vmport),
        FEATURE("smm", smm),                      FEATURE("pvspinlock", pvspinlock),
        FEATURE("vmcoreinfo", vmcoreinfo),        FEATURE("htm", htm),
        FEATURE("nested-hv", nested_hv),          FEATURE("ccf-assist", ccf_assist),
        FEATURE("ras", ras),                      FEATURE("aia", aia),
        FEATURE("async-teardown", async_teardown), FEATURE("kvm/hidden", kvm_hidden),
        FEATURE("kvm/hint-dedicated", kvm_hint_dedicated),
        FEATURE("kvm/poll-control", kvm_poll_control),
        FEATURE("kvm/pv-ipi", kvm_pv_ipi),        FEATURE("kvm/dirty-ring", kvm_dirty_ring),
        FEATURE("hyperv/spinlocks", hyperv_spinlocks),
        FEATURE("hyperv/reset", hyperv_reset),    FEATURE("hyperv/evmcs", hyperv_evmcs),
        FEATURE("hyperv/vendor_id", hyperv_vendor_id),
        FEATURE("hyperv/reenlightenment", hyperv_reenlightenment),
        FEATURE("hyperv/avic", hyperv_avic),
        FEATURE("hyperv/emsr_bitmap", hyperv_emsr_bitmap),
        FEATURE("hyperv/xmm_input", hyperv_xmm_input),
};

/* libxl groups what Windows can be told of where it runs. */
static const struct {
        const char *name;
        size_t offset;
        libxl_viridian_enlightenment group;
} enlightenments[] = {
#define ENLIGHTENMENT(name, field, group) \
        { name, offsetof(DomainFeatures, field), LIBXL_VIRIDIAN_ENLIGHTENMENT_##group }
        ENLIGHTENMENT("relaxed", hyperv_relaxed, BASE),
        ENLIGHTENMENT("vpindex", hyperv_vpindex, BASE),
        ENLIGHTENMENT("runtime", hyperv_runtime, BASE),
        ENLIGHTENMENT("vapic", hyperv_vapic, APIC_ASSIST),
        ENLIGHTENMENT("frequencies", hyperv_frequencies, FREQ),
        ENLIGHTENMENT("synic", hyperv_synic, SYNIC),
        ENLIGHTENMENT("stimer", hyperv_stimer, STIMER),
        ENLIGHTENMENT("tlbflush", hyperv_tlbflush, HCALL_REMOTE_TLB_FLUSH),
        ENLIGHTENMENT("ipi", hyperv_ipi, HCALL_IPI),
};

static Tristate feature_at(const DomainFeatures *features, size_t offset) {
        return *(const Tristate *) ((const char *) features + offset);
}

static void set_enlightenment(XenConfig *xen, libxl_viridian_enlightenment group, bool on) {
        libxl_domain_build_info *build = &xen->config->b_info;
        libxl_bitmap *set = on ? &build->u.hvm.viridian_enable : &build->u.hvm.viridian_disable;

        if (set->size > 0 ||
            config_bitmap(xen, set, LIBXL_BUILDINFO_HVM_VIRIDIAN_ENABLE_DISABLE_WIDTH))
                libxl_bitmap_set(set, group);
}

static void config_enlightenments(XenConfig *xen) {
        const DomainFeatures *features = &xen->conf->features;

        if (features->viridian_present)
                libxl_defbool_set(&xen->config->b_info.u.hvm.viridian, true);
        for (size_t i = 0; i < ELEMENTS(enlightenments); i++) {
                Tristate state = feature_at(features, enlightenments[i].offset);

                if (state != TRISTATE_UNSET)
                        set_enlightenment(xen, enlightenments[i].group, state == TRISTATE_YES);
        }
        if (features->hyperv_stimer_direct == TRISTATE_YES)
                set_enlightenment(xen, LIBXL_VIRIDIAN_ENLIGHTENMENT_STIMER, true);
}

static int refuse_features(XenConfig *xen) {
        const DomainFeatures *features = &xen->conf->features;

        for (size_t i = 0; i < ELEMENTS(other_features); i++)
                if (feature_at(features, other_features[i].offset) == TRISTATE_YES)
                        return config_refuse(xen, "features/%s: Xen has no such feature",
                                             other_features[i].name);
        for (size_t i = 0; i < ELEMENTS(enlightenments) && xen->guest != GUEST_HVM; i++)
                if (feature_at(features, enlightenments[i].offset) == TRISTATE_YES)
                        return config_refuse(xen, "features/hyperv/%s: only for hvm guests",
                                             enlightenments[i].name);
        if (config_is(features->hyperv_mode, "passthrough"))
                return config_refuse(xen, "features/hyperv/@mode: Xen has no 'passthrough'");
        if (features->xen_e820 == TRISTATE_YES && xen->guest != GUEST_PV)
                return config_refuse(xen, "features/xen/e820_host: only for guests of type "
                                     "'linux'");
        return 0;
}

int config_features(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainFeatures *features = &xen->conf->features;
        int r = refuse_features(xen);

        if (r < 0)
                return r;
        config_bool(&build->vpmu, features->pmu);
        if (xen->guest == GUEST_PV) {
                config_bool(&build->u.pv.e820_host, features->xen_e820);
                return 0;
        }
        if (features->acpi || xen->guest == GUEST_HVM)
                libxl_defbool_set(&build->acpi, features->acpi);
        if (features->apic || xen->guest == GUEST_HVM)
                libxl_defbool_set(&build->apic, features->apic);
        if (xen->guest == GUEST_HVM) {
                libxl_defbool_set(&build->u.hvm.pae, features->pae);
                config_enlightenments(xen);
        }
        return 0;
}

/* ---- the clock ---- */

static const struct {
        const char *mode;
        libxl_tsc_mode tsc;
} tsc_modes[] = {
        { "auto", LIBXL_TSC_MODE_DEFAULT },   { "emulate", LIBXL_TSC_MODE_ALWAYS_EMULATE },
        { "native", LIBXL_TSC_MODE_NATIVE },  { "paravirt", LIBXL_TSC_MODE_NATIVE_PARAVIRT },
        { "smpsafe", LIBXL_TSC_MODE_DEFAULT },
};

static const struct {
        const char *policy;
        libxl_timer_mode mode;
} tick_policies[] = {
        { "delay", LIBXL_TIMER_MODE_DELAY_FOR_MISSED_TICKS },
        { "catchup", LIBXL_TIMER_MODE_NO_DELAY_FOR_MISSED_TICKS },
        { "discard", LIBXL_TIMER_MODE_NO_MISSED_TICKS_PENDING },
        { "merge", LIBXL_TIMER_MODE_ONE_MISSED_TICK_PENDING },
};

static int config_tsc(XenConfig *xen, const ClockTimer *timer) {
        if (timer->present == TRISTATE_NO || timer->frequency > 0)
                return config_refuse(xen, "clock/timer 'tsc': its mode is all that Xen sets");
        for (size_t i = 0; i < ELEMENTS(tsc_modes); i++)
                if (config_is(timer->mode, tsc_modes[i].mode))
                        xen->config->b_info.tsc_mode = tsc_modes[i].tsc;
        return 0;
}

/* One mode stands for all timers that interrupt. */
static int config_ticks(XenConfig *xen, const ClockTimer *timer) {
        libxl_timer_mode *mode = &xen->config->b_info.timer_mode;

        if (timer->present == TRISTATE_NO)
                return config_refuse(xen, "clock/timer '%s': can't be taken away", timer->name);
        for (size_t i = 0; i < ELEMENTS(tick_policies); i++) {
                if (!config_is(timer->tickpolicy, tick_policies[i].policy))
                        continue;
                if (*mode != LIBXL_TIMER_MODE_UNKNOWN && *mode != tick_policies[i].mode)
                        return config_refuse(xen, "clock/timer '%s': Xen has one policy for all "
                                             "timers", timer->name);
                *mode = tick_policies[i].mode;
        }
        return 0;
}

static int config_timer(XenConfig *xen, const ClockTimer *timer) {
        bool hvm = xen->guest == GUEST_HVM, on = timer->present != TRISTATE_NO;

        if (config_is(timer->name, "tsc"))
                return config_tsc(xen, timer);
        if (hvm && config_is(timer->name, "hpet")) {
                libxl_defbool_set(&xen->config->b_info.u.hvm.hpet, on);
                return 0;
        }
        if (hvm && config_is(timer->name, "hypervclock")) {
                set_enlightenment(xen, LIBXL_VIRIDIAN_ENLIGHTENMENT_TIME_REF_COUNT, on);
                set_enlightenment(xen, LIBXL_VIRIDIAN_ENLIGHTENMENT_REFERENCE_TSC, on);
                return 0;
        }
        if (hvm && (config_is(timer->name, "rtc") || config_is(timer->name, "pit")))
                return config_ticks(xen, timer);
        return on ? config_refuse(xen, "clock/timer '%s': not in such a guest", timer->name) : 0;
}

int config_clock(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainClock *clock = &xen->conf->clock;
        const char *offset = clock->offset ?: "utc", *basis = offset;
        long long seconds = 0;
        int r = 0;

        if (strcmp(offset, "variable") == 0)
                basis = clock->basis ?: "utc";
        else if (strcmp(offset, "utc") != 0 && strcmp(offset, "localtime") != 0)
                return config_refuse(xen, "clock/@offset: Xen has no clock '%s'", offset);
        if (clock->adjustment && strcmp(clock->adjustment, "reset") != 0)
                seconds = strtoll(clock->adjustment, NULL, 10);
        if (seconds > INT32_MAX || seconds < INT32_MIN)
                return config_refuse(xen, "clock/@adjustment: more than Xen can count");
        if (strcmp(basis, "localtime") == 0)
                libxl_defbool_set(&build->localtime, true);
        build->rtc_timeoffset = (uint32_t) (int32_t) seconds;
        for (size_t i = 0; r >= 0 && i < clock->timers.n; i++)
                r = config_timer(xen, clock->timers.items[i]);
        return r;
}
