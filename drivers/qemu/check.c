/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no QEMU of an architecture and machine has, whichever version: refused when it is
 * defined. */
#include "drivers/qemu/address-private.h"

#include <stdio.h>

typedef struct Machine {
        const DomainConf *conf;
        Platform platform;
        bool x86, arm, s390, pseries, virt;
        Error *error;
} Machine;

static int refuse(const Machine *machine, const Device *device, const char *what) {
        return fail(machine->error, ERROR_CONFIG_UNSUPPORTED,
                    "%s not supported for architecture '%s' and machine '%s' (line %ld)", what,
                    machine->conf->os.arch, machine->conf->os.machine,
                    device && device->item.node ? xmlGetLineNo(device->item.node) : 1);
}

/* ---- the system ---- */

static bool has_hyperv(const DomainFeatures *features) {
        return features->hyperv_mode || features->hyperv_relaxed || features->hyperv_vapic ||
               features->hyperv_spinlocks || features->hyperv_vpindex ||
               features->hyperv_runtime || features->hyperv_synic || features->hyperv_stimer ||
               features->hyperv_vendor_id;
}

static int check_features(const Machine *machine) {
        const DomainFeatures *features = &machine->conf->features;
        const struct {
                bool wrong;
                const char *what;
        } rows[] = {
                { has_hyperv(features) && !machine->x86, "hyperv" },
                { features->given.gic && !(machine->arm && machine->virt), "feature 'gic'" },
                { !machine->pseries && (features->hpt_resizing || features->hpt_max_page),
                  "feature 'hpt'" },
                { !machine->pseries && features->htm, "feature 'htm'" },
                { !machine->pseries && features->nested_hv, "feature 'nested-hv'" },
                { !machine->pseries && features->ccf_assist, "feature 'ccf-assist'" },
                { !machine->pseries && (features->cfpc || features->sbbc || features->ibs),
                  "features 'cfpc', 'sbbc' and 'ibs'" },
                { features->tseg && machine->platform != PLATFORM_Q35, "SMM TSEG" },
                { machine->conf->launch_security && !machine->s390 &&
                          machine->conf->launch_security->type == LAUNCH_S390_PV,
                  "launch security type 's390-pv'" },
                { machine->conf->key_wraps.n > 0 && !machine->s390, "key wrapping" },
                { machine->conf->nvrams.n > 0 && !machine->pseries, "nvram device" },
                { machine->conf->parallels.n > 0 && (machine->s390 || machine->pseries),
                  "parallel port" },
                { machine->conf->os.loader_secure == TRISTATE_YES && machine->conf->os.loader &&
                          machine->platform != PLATFORM_Q35,
                  "secure boot" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int r = rows[i].wrong ? refuse(machine, NULL, rows[i].what) : 0;

                if ((r = error_pass(machine->error, r)) < 0)
                        return r;
        }
        return 0;
}

static int check_timers(const Machine *machine) {
        const DomainClock *clock = &machine->conf->clock;

        for (size_t i = 0; i < clock->timers.n; i++) {
                const ClockTimer *timer = clock->timers.items[i];
                bool of_x86 = text_in(timer->name, (const char *const []) {
                        "tsc", "kvmclock", "hypervclock", NULL });
                char what[64];

                if (!(of_x86 && !machine->x86) && !(text_is(timer->name, "armvtimer") &&
                                                    !machine->arm) &&
                    !text_is(timer->name, "platform"))
                        continue;
                (void) snprintf(what, sizeof(what), "timer '%s'", timer->name);
                return refuse(machine, NULL, what);
        }
        return 0;
}

static bool lacks_uefi(const Machine *machine) {
        const DomainOs *os = &machine->conf->os;

        return text_is(machine->conf->os.arch, "aarch64") && machine->virt &&
               machine->conf->features.acpi &&
               !text_is(os->firmware, "efi") && !text_is(os->loader_type, "pflash");
}

static bool timer_is_odd(const ClockTimer *timer) {
        bool merges = text_is(timer->tickpolicy, "merge"), rtc = text_is(timer->name, "rtc");

        return (rtc && (merges || text_is(timer->tickpolicy, "discard") ||
                        (timer->track && !text_in(timer->track, (const char *const []) {
                                "guest", "wall", NULL })))) ||
               (text_is(timer->name, "pit") && merges);
}

static int check_system(const Machine *machine) {
        const DomainConf *conf = machine->conf;
        const LifecycleAction off = conf->on_poweroff, reboot = conf->on_reboot;
        bool odd = false;

        for (size_t i = 0; i < conf->clock.timers.n; i++)
                odd = odd || timer_is_odd(conf->clock.timers.items[i]);
        return RULES(xmlDocGetRootElement(conf->document), machine->error,
                     { off == ACTION_RESTART && reboot == ACTION_DESTROY,
                       "qemu driver doesn't support on_reboot 'destroy' with on_poweroff "
                       "'restart'" },
                     { conf->features.tb_cache && conf->type != VIRT_QEMU,
                       "TCG features are incompatible with this type of domain" },
                     { lacks_uefi(machine), "ACPI requires UEFI on this architecture" },
                     { odd, "unsupported track or tickpolicy of a timer" });
}

static bool has_feature(const DomainCpu *cpu, const char *prefix, bool on) {
        for (size_t i = 0; cpu && i < cpu->features.n; i++) {
                const CpuFeature *feature = cpu->features.items[i];
                bool off = text_is(feature->policy, "disable") ||
                           text_is(feature->policy, "forbid");

                if (on ? text_starts(feature->name, prefix) && !off
                       : text_is(feature->name, prefix) && off)
                        return true;
        }
        return false;
}

static int check_cpu(const Machine *machine) {
        const DomainCpu *cpu = machine->conf->cpu;

        if (machine->arm && has_feature(cpu, "sve", false) && has_feature(cpu, "sve", true))
                return fail(machine->error, ERROR_CONFIG_UNSUPPORTED,
                            "SVE disabled, but SVE vector lengths provided");
        return 0;
}

/* ---- devices ---- */

static int check_controller(const Machine *machine, const DomainController *controller) {
        const char *root = qemu_platform_info(machine->conf)->pci_root;
        bool first = controller->type == CONTROLLER_PCI && controller->index.value == 0;

        if (first && root && !text_is(controller->model, root))
                return fail(machine->error, ERROR_XML,
                            "The PCI controller with index='0' must be model='%s' for this machine "
                            "type, but model='%s' was found instead",
                            root, controller->model ?: "");
        if (controller->type == CONTROLLER_IDE &&
            (machine->s390 || machine->pseries || machine->platform == PLATFORM_Q35 ||
             machine->platform == PLATFORM_VIRT || machine->platform == PLATFORM_MICROVM))
                return refuse(machine, &controller->device, "IDE controllers are");
        return 0;
}

static int device_check(const Machine *machine, DeviceKind kind, Device *device) {
        const char *model = kind == DEVICE_PANIC ? ((DomainPanic *) device)->model :
                            kind == DEVICE_VIDEO ? ((DomainVideo *) device)->model :
                            kind == DEVICE_WATCHDOG ? ((DomainWatchdog *) device)->model :
                            kind == DEVICE_IOMMU ? ((DomainIommu *) device)->model :
                            kind == DEVICE_TPM ? ((DomainTpm *) device)->model :
                            kind == DEVICE_SERIAL ? ((DomainChar *) device)->target_type : NULL;
        const struct {
                DeviceKind kind;
                const char *model;
                bool there;
        } rows[] = {
                { DEVICE_PANIC, "isa", machine->x86 }, { DEVICE_PANIC, "hyperv", machine->x86 },
                { DEVICE_PANIC, "s390", machine->s390 },
                { DEVICE_PANIC, "pseries", machine->pseries },
                { DEVICE_VIDEO, "xen", false }, { DEVICE_VIDEO, "vbox", false },
                { DEVICE_VIDEO, "parallels", false }, { DEVICE_VIDEO, "gop", false },
                { DEVICE_WATCHDOG, "ib700", machine->x86 },
                { DEVICE_WATCHDOG, "diag288", machine->s390 },
                { DEVICE_WATCHDOG, "itco", machine->platform == PLATFORM_Q35 },
                { DEVICE_IOMMU, "intel", machine->platform == PLATFORM_Q35 },
                { DEVICE_IOMMU, "virtio", machine->platform == PLATFORM_Q35 ||
                                          (machine->arm && machine->virt) },
                { DEVICE_IOMMU, "smmuv3", machine->arm && machine->virt },
                { DEVICE_TPM, "tpm-spapr", machine->pseries },
                { DEVICE_TPM, "spapr-tpm-proxy", machine->pseries },
                { DEVICE_SERIAL, "isa-serial", !machine->s390 && !machine->pseries &&
                                               !(machine->arm && machine->virt) },
                { DEVICE_SERIAL, "sclp-serial", machine->s390 },
                { DEVICE_SERIAL, "spapr-vio-serial", machine->pseries },
                { DEVICE_SERIAL, "system-serial", !machine->x86 && !machine->s390 &&
                                                  !machine->pseries },
        };

        if ((device->address.uid.set || device->address.fid.set) && !machine->s390)
                return refuse(machine, device, "a zPCI address is");
        if (kind == DEVICE_CONTROLLER)
                return check_controller(machine, (const DomainController *) device);
        for (size_t i = 0; model && i < ELEMENTS(rows); i++)
                if (rows[i].kind == kind && !rows[i].there && text_is(model, rows[i].model)) {
                        char what[64];

                        (void) snprintf(what, sizeof(what), "%s '%s' is", device_kinds[kind].name,
                                        model);
                        return refuse(machine, device, what);
                }
        return 0;
}

static int check_device(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        const Machine *machine = userdata;

        int r = device_check(machine, kind, device);

        return error_pass(machine->error,
                          r < 0 ? r : qemu_check_device(conf, kind, device, machine->error));
}

static int check_graphics(const Machine *machine) {
        unsigned counts[GRAPHICS_DBUS + 1] = {};

        for (size_t i = 0; i < machine->conf->graphics.n; i++) {
                GraphicsType type = machine->conf->graphics.items[i]->type;

                if (type == GRAPHICS_RDP || type == GRAPHICS_DESKTOP)
                        return refuse(machine, &machine->conf->graphics.items[i]->device,
                                      "this type of graphics is");
                if (++counts[type] > 1)
                        return fail(machine->error, ERROR_CONFIG_UNSUPPORTED,
                                    "only 1 graphics device of each type is supported");
        }
        return 0;
}

int qemu_check_machine(const DomainConf *conf, Error *error) {
        Platform platform = qemu_platform(conf);
        const Machine machine = {
                .conf = conf, .platform = platform, .error = error, .x86 = qemu_is_x86(conf),
                .arm = text_is(conf->os.arch, "aarch64") || text_starts(conf->os.arch, "armv"),
                .s390 = text_starts(conf->os.arch, "s390"),
                .pseries = platform == PLATFORM_PSERIES, .virt = platform == PLATFORM_VIRT,
        };
        int r;

        int (*const rules[])(const Machine *) = {
                check_features, check_system, check_timers, check_cpu, check_graphics,
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if ((r = error_pass(error, rules[i](&machine))) < 0)
                        return r;
        if ((r = error_pass(error, qemu_check_extras(conf, error))) < 0)
                return r;
        return conf_visit_devices((DomainConf *) conf, check_device, (void *) &machine);
}
