/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition leaves open and QEMU decides: emulator, machine, processor; then devices and
 * places.
 *
 * Everything that would change with another QEMU is written down once, when the definition comes
 * in. */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/qemu/arch.h"

int qemu_emulator_of(const DomainConf *conf, char **ret, Error *error) {
        if (!conf->emulator)
                return qemu_find_binary(conf->os.arch ?: host_arch(), ret, error);
        *ret = strdup(conf->emulator);
        return *ret ? 0 : fail_memory(error);
}

/* ---- machine ---- */

static int check_type(const DomainConf *conf, Error *error) {
        if (conf->type != VIRT_QEMU && conf->type != VIRT_KVM)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "domain/@type '%s' is not one of the QEMU driver: "
                            "kvm, qemu",
                            map_enum_name(virt_types, conf->type) ?: "");
        if (conf->os.type && !text_is(conf->os.type, "hvm"))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type '%s' is not supported by QEMU, only 'hvm'", conf->os.type);
        return 0;
}

/* What a definition may ask for without harm, and a start can't do without. */
static int check_host(const DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r = 0;

        if (conf->type == VIRT_KVM && !caps->kvm)
                r = fail(error, ERROR_CONFIG_UNSUPPORTED,
                         "domain/@type 'kvm': %s can't use KVM; is /dev/kvm "
                         "there and accessible?",
                         caps->binary);
        if ((r = error_pass(error, r)) < 0)
                return r;
        if (!qemu_caps_machine(caps, conf->os.machine))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type/@machine: %s has no machine '%s'", caps->binary,
                            conf->os.machine);
        return 0;
}

static int check_arch(const DomainConf *conf, const QemuCaps *caps, Error *error) {
        const QemuArch *arch = qemu_arch(conf->os.arch);

        if (arch && qemu_arch_runs_on(arch, caps->arch))
                return 0;
        return fail(error, ERROR_CONFIG_UNSUPPORTED, "os/type/@arch '%s': %s runs '%s'",
                    conf->os.arch, caps->binary, caps->arch);
}

/* A name is made that of one version, since a later QEMU means another by "pc". A machine of a
 * known kind that this QEMU lacks may belong to the host that the definition is from or will go
 * to. */
static int complete_machine(DomainConf *conf, const QemuCaps *caps, Error *error) {
        const QemuMachine *machine = qemu_caps_machine(caps, conf->os.machine);

        if (machine)
                return text_set(&conf->os.machine, machine->name) < 0 ? fail_memory(error) : 0;
        if (!conf->os.machine)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type/@machine: %s has no default machine; choose "
                            "one",
                            caps->binary);
        if (caps->assumed || qemu_platform(conf) != PLATFORM_OTHER)
                return 0;
        return fail(error, ERROR_CONFIG_UNSUPPORTED, "os/type/@machine: %s has no machine '%s'",
                    caps->binary, conf->os.machine);
}

static int complete_system(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r = check_type(conf, error);

        if (r < 0)
                return r;
        if (text_default(&conf->emulator, caps->binary) < 0 ||
            text_default(&conf->os.arch, caps->arch) < 0)
                return fail_memory(error);
        if ((r = check_arch(conf, caps, error)) < 0)
                return r;
        return complete_machine(conf, caps, error);
}

/* ---- processor ---- */

static int default_model(DomainConf *conf, const QemuCaps *caps) {
        const QemuMachine *machine =
                qemu_caps_machine(caps, caps->assumed ? NULL : conf->os.machine);
        DomainCpu *cpu = conf->cpu;
        const char *name = machine ? machine->default_cpu : NULL;
        bool passthrough = text_is(name, "host"), max = text_is(name, "max");
        int r;

        if (conf->type == VIRT_KVM && text_is(name, "cortex-a15"))
                return 0; /* which no host of today has */
        if (text_is(conf->os.arch, "s390x") && conf->type == VIRT_KVM && !cpu) {
                if (!(cpu = conf->cpu = calloc(1, sizeof(*cpu))))
                        return -ENOMEM;
                return text_set(&cpu->mode, "host-model");
        }
        if (!name ||
            (cpu && (cpu->model || (cpu->mode && !text_is(cpu->mode, "custom")))))
                return 0;
        if (!cpu && !(cpu = conf->cpu = calloc(1, sizeof(*cpu))))
                return -ENOMEM;
        if (passthrough || max)
                return text_set(&cpu->mode, passthrough ? "host-passthrough" : "maximum");
        if ((r = text_set(&cpu->mode, "custom")) < 0 || (r = text_set(&cpu->match, "exact")) < 0 ||
            (r = text_set(&cpu->model_fallback, "forbid")) < 0 ||
            (r = text_default(&cpu->check, "none")) < 0)
                return r;
        return text_set(&cpu->model, name);
}

static int complete_cpu(DomainConf *conf, const QemuCaps *caps) {
        DomainCpu *cpu;
        bool host;
        int r = default_model(conf, caps);

        if (r < 0 || !(cpu = conf->cpu))
                return r;
        if (cpu->model && (r = text_default(&cpu->mode, "custom")) < 0)
                return r;
        host = text_is(cpu->mode, "host-passthrough") || text_is(cpu->mode, "maximum");
        if (host && qemu_is_x86(conf) && (r = text_default(&cpu->migratable, "on")) < 0)
                return r;
        if (cpu->model && text_is(cpu->mode, "custom") &&
            ((r = text_default(&cpu->match, "exact")) < 0 ||
             (r = text_default(&cpu->model_fallback, "allow")) < 0))
                return r;
        if (host || (cpu->model && conf->type == VIRT_QEMU && text_is(cpu->mode, "custom")))
                return text_default(&cpu->check, "none");
        if (text_is(cpu->mode, "host-model") || cpu->model)
                return text_default(&cpu->check, "partial");
        return 0;
}

static bool names_feature(const DomainCpu *cpu, const char *name) {
        for (size_t i = 0; i < cpu->features.n; i++)
                if (text_is(cpu->features.items[i]->name, name))
                        return true;
        return false;
}

/* What the definition says of a feature goes before what the host has. */
int qemu_settle_cpu(DomainConf *conf, const QemuCaps *caps, Error *error) {
        DomainCpu *cpu = conf->cpu;

        if (!cpu || !text_is(cpu->mode, "host-model") || conf->type != VIRT_KVM ||
            !caps->host_model)
                return 0;
        if (text_set(&cpu->mode, "custom") < 0 || text_set(&cpu->match, "exact") < 0 ||
            text_set(&cpu->model, caps->host_model) < 0 ||
            text_set(&cpu->model_fallback, "forbid") < 0 ||
            (!text_is(caps->host_vendor, "unknown") &&
             text_set(&cpu->vendor, caps->host_vendor) < 0))
                return fail_memory(error);
        for (size_t i = 0; i < caps->n_host_features; i++) {
                const char *feature = caps->host_features[i];

                if (!names_feature(cpu, feature + 1) &&
                    !cpu_add_feature(cpu, *feature == '+' ? "require" : "disable", feature + 1))
                        return fail_memory(error);
        }
        return 0;
}

/* ---- features ---- */

/* The machine has an interrupt controller in any case: the newest that KVM makes, or version 2. */
static int complete_gic(DomainConf *conf, const QemuCaps *caps) {
        bool arm = text_is(conf->os.arch, "aarch64") || text_is(conf->os.arch, "armv7l");
        bool new = conf->type == VIRT_KVM &&
                   (caps->assumed || qemu_caps_has(caps, "query-gic-capabilities/kernel=3"));

        if (!arm || qemu_platform(conf) != PLATFORM_VIRT)
                return 0;
        conf->features.given.gic = true;
        return text_default(&conf->features.gic_version, new ? "3" : "2");
}

/* ---- all of it ---- */

/* The first console shows where the serial port is that it stands for. */
static int repeat_serial(DomainConf *conf) {
        if (conf->consoles.n == 0 || !qemu_console_is_serial(conf, 0))
                return 0;

        const DeviceAddress *from = &conf->serials.items[0]->device.address;
        DeviceAddress *to = &conf->consoles.items[0]->device.address;
        if (from->type != ADDRESS_SPAPR_VIO || !from->reg)
                return 0;
        to->type = from->type;
        return text_set(&to->reg, from->reg);
}

/* What a definition at rest says of places. USB ports are given when a guest starts: until then it
 * is open on which of its controllers they will be. */
static int assign_lasting(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r;

        if ((r = qemu_assign_virtio_serial(conf, error)) < 0)
                return r;
        if (qemu_platform(conf) == PLATFORM_S390 && (r = qemu_assign_ccw(conf, error)) < 0)
                return r;
        if ((r = qemu_assign_spapr(conf, error)) < 0 ||
            (r = qemu_assign_pci(conf, caps, error)) < 0)
                return r;
        return repeat_serial(conf) < 0 ? fail_memory(error) : 0;
}

int qemu_assign_addresses(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r;

        if ((r = check_host(conf, caps, error)) < 0 ||
            (r = qemu_assign_drives(conf, error)) < 0 ||
            (r = qemu_complete_controllers(conf, caps, error)) < 0 ||
            (r = assign_lasting(conf, caps, error)) < 0)
                return r;
        return qemu_assign_usb(conf, error);
}

int qemu_complete(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r = complete_system(conf, caps, error);

        if (r < 0)
                return r;
        if (complete_cpu(conf, caps) < 0 ||
            complete_gic(conf, caps) < 0)
                return fail_memory(error);
        if ((r = qemu_complete_devices(conf, caps, error)) < 0 ||
            (r = qemu_assign_drives(conf, error)) < 0 ||
            (r = qemu_complete_controllers(conf, caps, error)) < 0 ||
            (r = qemu_check_machine(conf, error)) < 0 || (r = qemu_check_usb(conf, error)) < 0)
                return r;
        return assign_lasting(conf, caps, error);
}
