/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition leaves open and QEMU decides: emulator, machine, processor; then devices and
 * places.
 *
 * Everything that would change with another QEMU is written down once, when the definition comes
 * in. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "drivers/qemu/arch.h"

static int host_arch(char **ret) {
        struct utsname host;

        if (uname(&host) < 0)
                return -errno;
        *ret = strdup(host.machine);
        return *ret ? 0 : -ENOMEM;
}

int qemu_emulator_of(const DomainConf *conf, char **ret, Error *error) {
        _cleanup_(freep) char *arch = NULL;
        int r = 0;

        if (conf->emulator) {
                *ret = strdup(conf->emulator);
                return *ret ? 0 : fail_memory(error);
        }
        if (conf->os.arch)
                arch = strdup(conf->os.arch);
        else
                r = host_arch(&arch);
        if (r < 0 && r != -ENOMEM)
                return fail_errno(error, r, "cannot tell the host's architecture");
        return arch ? qemu_find_binary(arch, ret, error) : fail_memory(error);
}

/* ---- machine ---- */

static int check_type(const DomainConf *conf, const QemuCaps *caps, Error *error) {
        if (conf->type != VIRT_QEMU && conf->type != VIRT_KVM)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "domain/@type '%s' is not one of the QEMU driver: "
                            "kvm, qemu",
                            map_enum_name(virt_types, conf->type) ?: "");
        if (conf->type == VIRT_KVM && !caps->kvm)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "domain/@type 'kvm': %s can't use KVM; is /dev/kvm "
                            "there and accessible?",
                            caps->binary);
        if (conf->os.type && !text_is(conf->os.type, "hvm"))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type '%s' is not supported by QEMU, only 'hvm'", conf->os.type);
        return 0;
}

static int check_arch(const DomainConf *conf, const QemuCaps *caps, Error *error) {
        const QemuArch *arch = qemu_arch(conf->os.arch);

        if (arch && qemu_arch_runs_on(arch, caps->arch))
                return 0;
        return fail(error, ERROR_CONFIG_UNSUPPORTED, "os/type/@arch '%s': %s runs '%s'",
                    conf->os.arch, caps->binary, caps->arch);
}

static int complete_machine(DomainConf *conf, const QemuCaps *caps, Error *error) {
        const QemuMachine *machine = qemu_caps_machine(caps, conf->os.machine);

        if (!machine && conf->os.machine)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type/@machine: %s has no machine '%s'", caps->binary,
                            conf->os.machine);
        if (!machine)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type/@machine: %s has no default machine; choose "
                            "one",
                            caps->binary);
        return text_set(&conf->os.machine, machine->name) < 0 ? fail_memory(error) : 0;
}

static int complete_system(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r = check_type(conf, caps, error);

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

static int default_model(DomainConf *conf, const QemuMachine *machine) {
        DomainCpu *cpu = conf->cpu;
        bool passthrough = text_is(machine->default_cpu, "host"),
             max = text_is(machine->default_cpu, "max");
        int r;

        if (!machine->default_cpu ||
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
        return text_set(&cpu->model, machine->default_cpu);
}

static int complete_cpu(DomainConf *conf, const QemuMachine *machine) {
        DomainCpu *cpu;
        bool host;
        int r = default_model(conf, machine);

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

/* ---- all of it ---- */

/* What a definition at rest says of places. USB ports are given when a guest starts: until then it
 * is open on which of its controllers they will be. */
static int assign_lasting(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r;

        if ((r = qemu_assign_virtio_serial(conf, error)) < 0)
                return r;
        if (qemu_platform(conf) == PLATFORM_S390 && (r = qemu_assign_ccw(conf, error)) < 0)
                return r;
        return qemu_assign_pci(conf, caps, error);
}

int qemu_assign_addresses(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r;

        if ((r = qemu_assign_drives(conf, error)) < 0 ||
            (r = qemu_complete_controllers(conf, error)) < 0 ||
            (r = assign_lasting(conf, caps, error)) < 0)
                return r;
        return qemu_assign_usb(conf, error);
}

int qemu_complete(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r = complete_system(conf, caps, error);

        if (r < 0)
                return r;
        if (complete_cpu(conf, qemu_caps_machine(caps, conf->os.machine)) < 0)
                return fail_memory(error);
        if ((r = qemu_complete_devices(conf, caps, error)) < 0 ||
            (r = qemu_assign_drives(conf, error)) < 0 ||
            (r = qemu_complete_controllers(conf, error)) < 0)
                return r;
        return assign_lasting(conf, caps, error);
}
