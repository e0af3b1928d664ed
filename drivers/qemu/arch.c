/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which architectures there are, and which binary of this host runs them. */
#include "drivers/qemu/arch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/qemu/caps.h"

/* Where a binary serves two architectures, the one that it names itself stands first. */
const QemuArch qemu_archs[] = {
        { "aarch64", "aarch64", NULL, 64 },
        { "alpha", "alpha", NULL, 64 },
        { "armv7l", "arm", "aarch64", 32 },
        { "armv6l", "arm", NULL, 32 },
        { "cris", "cris", NULL, 32 },
        { "i686", "i386", "x86_64", 32 },
        { "loongarch64", "loongarch64", NULL, 64 },
        { "m68k", "m68k", NULL, 32 },
        { "microblaze", "microblaze", NULL, 32 },
        { "microblazeel", "microblazeel", NULL, 32 },
        { "mips", "mips", NULL, 32 },
        { "mipsel", "mipsel", NULL, 32 },
        { "mips64", "mips64", NULL, 64 },
        { "mips64el", "mips64el", NULL, 64 },
        { "or32", "or1k", NULL, 32 },
        { "parisc", "hppa", NULL, 32 },
        { "ppc", "ppc", "ppc64", 32 },
        { "ppc64", "ppc64", NULL, 64 },
        { "ppc64le", "ppc64", NULL, 64 },
        { "riscv32", "riscv32", NULL, 32 },
        { "riscv64", "riscv64", NULL, 64 },
        { "s390x", "s390x", NULL, 64 },
        { "sh4", "sh4", NULL, 64 },
        { "sh4eb", "sh4eb", NULL, 64 },
        { "sparc", "sparc", NULL, 32 },
        { "sparc64", "sparc64", NULL, 64 },
        { "x86_64", "x86_64", NULL, 64 },
        { "xtensa", "xtensa", NULL, 32 },
        { "xtensaeb", "xtensaeb", NULL, 32 },
        {},
};

/* For the host's own architecture also under these names, last. */
static const char *const host_binaries[] = { "qemu-kvm", "/usr/libexec/qemu-kvm" };

const QemuArch *qemu_arch(const char *name) {
        for (const QemuArch *arch = qemu_archs; arch->name; arch++)
                if (strcmp(arch->name, name) == 0)
                        return arch;
        return NULL;
}

const char *qemu_arch_of_target(const char *target) {
        for (const QemuArch *arch = qemu_archs; arch->name; arch++)
                if (strcmp(arch->binary, target) == 0)
                        return arch->name;
        return target;
}

bool qemu_arch_runs_on(const QemuArch *arch, const char *caps_arch) {
        const QemuArch *of = qemu_arch(caps_arch);

        return of && (strcmp(arch->binary, of->binary) == 0 ||
                      (arch->instead && strcmp(arch->instead, of->binary) == 0));
}

bool qemu_arch_is_x86(const char *name) {
        return strcmp(name, "x86_64") == 0 || strcmp(name, "i686") == 0;
}

/* ---- binaries ---- */

/* The first executable of a name in PATH, or the name itself when it is a path. *ret stays NULL
 * when there is none. */
static int find_program(const char *name, char **ret) {
        const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";

        if (name[0] == '/') {
                if (access(name, X_OK) < 0)
                        return 0;
                *ret = strdup(name);
                return *ret ? 0 : -ENOMEM;
        }
        while (*path) {
                size_t n = strcspn(path, ":");
                char *whole;

                if (n > 0 && path[0] == '/') {
                        if (asprintf(&whole, "%.*s/%s", (int) n, path, name) < 0)
                                return -ENOMEM;
                        if (access(whole, X_OK) == 0) {
                                *ret = whole;
                                return 0;
                        }
                        free(whole);
                }
                path += n + (path[n] == ':');
        }
        return 0;
}

static int find_system_binary(const char *binary, char **ret) {
        char name[64];

        snprintf(name, sizeof(name), "qemu-system-%s", binary);
        return find_program(name, ret);
}

/* Like qemu_find_binary(), but *ret is NULL when there is none. */
static int find_binary(const QemuArch *arch, char **ret) {
        int r = find_system_binary(arch->binary, ret);

        if (r >= 0 && !*ret && arch->instead)
                r = find_system_binary(arch->instead, ret);
        if (strcmp(arch->name, host_arch()) == 0)
                for (size_t i = 0; r >= 0 && !*ret && i < ELEMENTS(host_binaries); i++)
                        r = find_program(host_binaries[i], ret);
        return r;
}

int qemu_find_binary(const char *name, char **ret, Error *error) {
        const QemuArch *arch = qemu_arch(name);
        char *path = NULL;

        if (!arch)
                return fail(error, ERROR_INVALID_ARG, "unknown architecture '%s'", name);
        if (find_binary(arch, &path) < 0)
                return fail_memory(error);
        if (!path) {
                (void) fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "no QEMU for architecture '%s': qemu-system-%s is not installed", name,
                            arch->binary);
                return -ENOENT;
        }
        *ret = path;
        return 0;
}

char **qemu_installed_archs(void) {
        char **archs = calloc(ELEMENTS(qemu_archs) + 1, sizeof(char *));
        const QemuArch *host = qemu_arch(host_arch());
        size_t n = 0;

        /* The host's own is tried first and skipped in its turn. */
        for (size_t i = 0; archs && i < ELEMENTS(qemu_archs); i++) {
                const QemuArch *arch = i == 0 ? host : &qemu_archs[i - 1];
                _cleanup_(freep) char *path = NULL;

                if (!arch || (i > 0 && arch == host) || find_binary(arch, &path) < 0 || !path)
                        continue;
                if ((archs[n] = strdup(arch->name)))
                        n++;
        }
        return archs;
}

/* ---- a QEMU that isn't installed ----
 *
 * A definition may be written for a host that it will be moved to, or before the package is there:
 * it is completed for a QEMU of today, and asked of the real one when the guest starts. */

/* Sorted. Of all devices only those that completing a definition asks for. */
static const char *const types[] = {
        "VGA", "cirrus-vga", "e1000", "gpex-pcihost", "ioh3420", "nec-usb-xhci", "pcie-pci-bridge",
        "pcie-root-port", "piix3-usb-uhci", "qemu-xhci", "rtl8139", "zpci",
};

/* Machines that nobody has to name, and their processor if it was the same for long. */
static const struct {
        const char *arch, *machine, *cpu;
} defaults[] = {
        { "x86_64", "pc", "qemu64" },      { "i686", "pc", "qemu32" },
        { "aarch64", "virt", "cortex-a15" }, { "armv7l", "virt", "cortex-a15" },
        { "ppc64", "pseries", "POWER9" },  { "ppc64le", "pseries", "POWER9" },
        { "s390x", "s390-ccw-virtio", "qemu" },
        { "alpha", "clipper" },            { "armv6l", "virt" },
        { "cris", "axis-dev88" },          { "loongarch64", "virt" },
        { "m68k", "mcf5208evb" },          { "microblaze", "petalogix-s3adsp1800" },
        { "microblazeel", "petalogix-s3adsp1800" }, { "mips", "malta" },
        { "mips64", "malta" },             { "mips64el", "malta" },
        { "mipsel", "malta" },             { "or32", "or1k-sim" },
        { "parisc", "hppa" },              { "ppc", "g3beige" },
        { "riscv32", "virt" },             { "riscv64", "virt" },
        { "sh4", "shix" },                 { "sh4eb", "shix" },
        { "sparc", "SS-5" },               { "sparc64", "sun4u" },
        { "xtensa", "sim" },               { "xtensaeb", "sim" },
};

static int fill(QemuCaps *caps, const QemuArch *arch, const char *binary) {
        caps->references = 1;
        caps->assumed = true;
        caps->arch = strdup(arch->name);
        caps->binary = strdup(binary);
        caps->types = calloc(ELEMENTS(types), sizeof(char *));
        caps->machines = calloc(1, sizeof(*caps->machines));
        if (!caps->arch || !caps->binary || !caps->types || !caps->machines)
                return -1;
        memcpy(caps->types, types, sizeof(types));
        caps->n_types = ELEMENTS(types);
        for (size_t i = 0; i < ELEMENTS(defaults); i++)
                if (strcmp(defaults[i].arch, arch->name) == 0) {
                        caps->n_machines = 1;
                        caps->machines->is_default = true;
                        caps->machines->name = strdup(defaults[i].machine);
                        if (defaults[i].cpu &&
                            !(caps->machines->default_cpu = strdup(defaults[i].cpu)))
                                return -1;
                        return caps->machines->name ? 0 : -1;
                }
        return 0;
}

QemuCaps *qemu_caps_assume(const QemuArch *arch, const char *binary) {
        QemuCaps *caps = calloc(1, sizeof(*caps));

        return !caps || fill(caps, arch, binary) >= 0 ? caps : qemu_caps_unref(caps);
}
