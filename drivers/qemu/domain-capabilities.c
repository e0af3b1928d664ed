/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document of virConnectGetDomainCapabilities: what a definition may ask for.
 *
 * A value is offered when this QEMU has what it needs, and the service makes use of it. The first
 * is asked of QEMU's own introspection, by the table; the second is the table: a value that no
 * definition can be started with has no row, and a section without values says "no". A need is a
 * list of types or features of which one is enough; PC_IDE and the like are machines that have a
 * thing built in. */
#include <fnmatch.h>
#include <string.h>

#include "drivers/qemu/arch.h"
#include "drivers/qemu/caps.h"
#include "drivers/qemu/firmware.h"
#include "drivers/xml-out.h"

#define PC_IDE "pc-[!q]*|pc|isapc"
#define PC_FDC "pc-*|pc|q35|isapc"

typedef struct EnumValue {
        const char *name;
        const char *needs;    /* "type|device.property|command/argument"; NULL: nothing */
        const char *machines; /* patterns of the machine's name; NULL: any */
} EnumValue;

typedef struct Choice {
        const char *name;
        const EnumValue *values; /* end with a zeroed one */
} Choice;

typedef struct Section {
        const char *name;
        const Choice *choices; /* end with a zeroed one; the first decides about "supported" */
} Section;

/* What the document is about. */
typedef struct Subject {
        const QemuCaps *caps;
        const QemuMachine *machine;
        const char *arch;
        bool kvm;
        QemuFirmwares firmwares;
} Subject;

#define VALUES(...) ((const EnumValue[]) { __VA_ARGS__, {} })
#define CHOICES(...) ((const Choice[]) { __VA_ARGS__, {} })

/* ---- the tables ---- */

#define VIRTIO(device)                                                                          \
        VALUES({ "virtio", device "-pci|" device "-ccw|" device "-device" },                    \
               { "virtio-transitional", device "-pci-transitional" },                           \
               { "virtio-non-transitional", device "-pci-non-transitional" })

static const Section memory_backing = { "memoryBacking", CHOICES(
        { "sourceType", VALUES({ "anonymous", "memory-backend-ram" },
                               { "memfd", "memory-backend-memfd" }) }) };

static const Section devices[] = {
        { "disk", CHOICES(
                { "diskDevice", VALUES({ "disk", "virtio-blk-pci|virtio-blk-ccw|virtio-blk-device|"
                                                 "scsi-hd|ide-hd|usb-storage" },
                                       { "cdrom", "ide-cd|scsi-cd" },
                                       { "floppy", "isa-fdc", PC_FDC },
                                       { "lun", "scsi-block" }) },
                { "bus", VALUES({ "ide", "ide-hd", PC_IDE },
                                { "fdc", "isa-fdc", PC_FDC },
                                { "scsi", "virtio-scsi-pci|virtio-scsi-ccw|lsi53c895a" },
                                { "virtio", "virtio-blk-pci|virtio-blk-ccw|virtio-blk-device" },
                                { "usb", "usb-storage" },
                                { "sata", "ich9-ahci" }) },
                { "model", VIRTIO("virtio-blk") }) },
        { "graphics", CHOICES(
                { "type", VALUES({ "vnc", "vnc.vnc|set_password/protocol=vnc" },
                                 { "spice", "chardev-spicevmc" },
                                 { "egl-headless", "query-display-options/type=egl-headless" },
                                 { "dbus", "query-display-options/type=dbus" }) }) },
        { "video", CHOICES(
                { "modelType", VALUES({ "vga", "VGA" },
                                      { "cirrus", "cirrus-vga" },
                                      { "vmvga", "vmware-svga" },
                                      { "qxl", "qxl-vga" },
                                      { "virtio", "virtio-vga|virtio-gpu-pci|virtio-gpu-ccw" },
                                      { "none" },
                                      { "bochs", "bochs-display" },
                                      { "ramfb", "ramfb" }) }) },
        { "hostdev", CHOICES(
                { "mode", VALUES({ "subsystem", "usb-host|vfio-pci|scsi-generic" }) },
                { "startupPolicy", VALUES({ "default" }, { "mandatory" }, { "requisite" },
                                          { "optional" }) },
                { "subsysType", VALUES({ "usb", "usb-host" }, { "pci", "vfio-pci" },
                                       { "scsi", "scsi-generic" }) },
                { "capsType", VALUES({}) },
                { "pciBackend", VALUES({ "default", "vfio-pci" }, { "vfio", "vfio-pci" }) }) },
        { "rng", CHOICES(
                { "model", VIRTIO("virtio-rng") },
                { "backendModel", VALUES({ "random", "rng-random" },
                                         { "builtin", "rng-builtin" }) }) },
        { "filesystem", CHOICES(
                { "driverType", VALUES({ "path", "virtio-9p-pci|virtio-9p-ccw|virtio-9p-device" },
                                       { "virtiofs", "vhost-user-fs-pci|vhost-user-fs-ccw|"
                                                     "vhost-user-fs-device" }) }) },
        { "tpm", CHOICES(
                { "model", VALUES({ "tpm-tis", "tpm-tis|tpm-tis-device" },
                                  { "tpm-crb", "tpm-crb" },
                                  { "tpm-spapr", "tpm-spapr" },
                                  { "spapr-tpm-proxy", "spapr-tpm-proxy" }) },
                { "backendModel", VALUES({ "passthrough", "tpm-passthrough" },
                                         { "emulator", "tpm-emulator" },
                                         { "external", "tpm-emulator" }) },
                { "backendVersion", VALUES({ "1.2", "tpm-emulator" },
                                           { "2.0", "tpm-emulator" }) }) },
        { "redirdev", CHOICES({ "bus", VALUES({ "usb", "usb-redir" }) }) },
        { "channel", CHOICES(
                { "type", VALUES({ "pty", "chardev-pty" },
                                 { "unix", "chardev-socket" },
                                 { "spicevmc", "chardev-spicevmc" }) }) },
        { "interface", CHOICES(
                { "backendType", VALUES({ "default", "netdev_add/type=user" },
                                        { "passt", "netdev_add/type=stream" }) }) },
};

#define HYPERV(name, property) \
        { name, "max-x86_64-cpu." property "|max-i386-cpu." property }

static const Section hyperv = { "hyperv", CHOICES(
        { "features", VALUES(HYPERV("relaxed", "hv-relaxed"), HYPERV("vapic", "hv-vapic"),
                             HYPERV("spinlocks", "hv-spinlocks"), HYPERV("vpindex", "hv-vpindex"),
                             HYPERV("runtime", "hv-runtime"), HYPERV("synic", "hv-synic"),
                             HYPERV("stimer", "hv-stimer"), HYPERV("reset", "hv-reset"),
                             HYPERV("vendor_id", "hv-vendor-id"),
                             HYPERV("frequencies", "hv-frequencies"),
                             HYPERV("reenlightenment", "hv-reenlightenment"),
                             HYPERV("tlbflush", "hv-tlbflush"), HYPERV("ipi", "hv-ipi"),
                             HYPERV("evmcs", "hv-evmcs"), HYPERV("avic", "hv-avic"),
                             HYPERV("emsr_bitmap", "hv-emsr-bitmap"),
                             HYPERV("xmm_input", "hv-xmm-input")) }) };

/* Features that are there or not. "": the service makes nothing of it. */
static const EnumValue features[] = {
        { "vmcoreinfo", "vmcoreinfo" },
        { "genid", "" },
        { "backingStoreInput", NULL },
        { "backup", "" },
        { "sev", "" },
        { "sgx", "" },
};

/* ---- what a table's row needs ---- */

/* Whether one of the parts of "a|b|c" is true of the subject. */
static bool any(const char *list, const Subject *subject,
                bool (*is)(const Subject *subject, const char *part)) {
        char part[128];

        while (*list) {
                size_t n = strcspn(list, "|");

                snprintf(part, sizeof(part), "%.*s", (int) n, list);
                if (is(subject, part))
                        return true;
                list += n + (list[n] == '|');
        }
        return false;
}

static bool has(const Subject *subject, const char *part) {
        return strpbrk(part, "./") ? qemu_caps_has(subject->caps, part) :
                                     qemu_caps_has_type(subject->caps, part);
}

static bool is_machine(const Subject *subject, const char *pattern) {
        return fnmatch(pattern, subject->machine->name, 0) == 0;
}

static bool offered(const Subject *subject, const EnumValue *value) {
        return (!value->needs || any(value->needs, subject, has)) &&
               (!value->machines || any(value->machines, subject, is_machine));
}

static bool any_offered(const Subject *subject, const Choice *choice) {
        for (const EnumValue *value = choice->values; value->name; value++)
                if (offered(subject, value))
                        return true;
        return false;
}

static void add_choice(XmlOut *out, xmlNode *parent, const Subject *subject, const Choice *choice) {
        xmlNode *node = out_element(out, parent, "enum", NULL);

        out_attribute(out, node, "name", choice->name);
        for (const EnumValue *value = choice->values; value->name; value++)
                if (offered(subject, value))
                        (void) out_element(out, node, "value", value->name);
}

static void add_section(XmlOut *out, xmlNode *parent, const Subject *subject,
                        const Section *section) {
        xmlNode *node = out_element(out, parent, section->name, NULL);
        bool supported = section->choices && any_offered(subject, &section->choices[0]);

        out_supported(out, node, supported);
        for (const Choice *choice = section->choices; supported && choice->name; choice++)
                add_choice(out, node, subject, choice);
}

/* ---- firmware ---- */

static xmlNode *add_enum(XmlOut *out, xmlNode *parent, const char *name) {
        xmlNode *node = out_element(out, parent, "enum", NULL);

        out_attribute(out, node, "name", name);
        return node;
}

static void add_values(XmlOut *out, xmlNode *parent, const char *name, const char *first,
                       const char *second) {
        xmlNode *node = add_enum(out, parent, name);

        if (first)
                (void) out_element(out, node, "value", first);
        if (second)
                (void) out_element(out, node, "value", second);
}

/* Several descriptors may name the same file. */
static bool is_new(const QemuFirmwares *firmwares, size_t at) {
        for (size_t i = 0; i < at; i++)
                if (strcmp(firmwares->items[i].executable, firmwares->items[at].executable) == 0)
                        return false;
        return true;
}

static void add_os(XmlOut *out, xmlNode *root, const Subject *subject) {
        const QemuFirmwares *all = &subject->firmwares;
        xmlNode *os = out_element(out, root, "os", NULL), *loader;
        bool bios = false, uefi = false, secure = false;
        bool flash = qemu_caps_has_type(subject->caps, "cfi.pflash01");

        for (size_t i = 0; i < all->n; i++) {
                bios = bios || all->items[i].bios;
                uefi = uefi || (all->items[i].uefi && all->items[i].flash && flash);
                secure = secure || (all->items[i].secure_boot && all->items[i].requires_smm);
        }
        out_supported(out, os, true);
        add_values(out, os, "firmware", bios ? "bios" : NULL, uefi ? "efi" : NULL);
        loader = out_element(out, os, "loader", NULL);
        out_supported(out, loader, true);
        for (size_t i = 0; i < all->n; i++)
                if (is_new(all, i))
                        (void) out_element(out, loader, "value", all->items[i].executable);
        add_values(out, loader, "type", "rom", flash ? "pflash" : NULL);
        add_values(out, loader, "readonly", "yes", "no");
        add_values(out, loader, "secure", secure ? "yes" : NULL, "no");
}

/* ---- processor ---- */

static bool knows_model(const Subject *subject, const char *name) {
        const QemuCaps *caps = subject->caps;
        const QemuCpuModel *models = subject->kvm ? caps->cpus_kvm : caps->cpus_tcg;
        size_t n = subject->kvm ? caps->n_cpus_kvm : caps->n_cpus_tcg;

        for (size_t i = 0; i < n; i++)
                if (strcmp(models[i].name, name) == 0)
                        return true;
        return false;
}

static xmlNode *add_mode(XmlOut *out, xmlNode *cpu, const char *name, bool supported) {
        xmlNode *mode = out_element(out, cpu, "mode", NULL);

        out_attribute(out, mode, "name", name);
        out_supported(out, mode, supported);
        return mode;
}

static void add_migratable(XmlOut *out, xmlNode *mode, const Subject *subject, const char *name) {
        bool choice = qemu_caps_has(subject->caps, "max-x86_64-cpu.migratable") ||
                      qemu_caps_has(subject->caps, "max-i386-cpu.migratable");

        add_values(out, mode, name, choice ? "on" : NULL, "off");
}

static void add_host_model(XmlOut *out, xmlNode *cpu, const Subject *subject) {
        const QemuCaps *caps = subject->caps;
        bool supported = knows_model(subject, subject->kvm ? "host" : "max");
        xmlNode *mode = add_mode(out, cpu, "host-model", supported), *model;

        if (!subject->kvm || !caps->host_model)
                return;
        model = out_element(out, mode, "model", caps->host_model);
        out_attribute(out, model, "fallback", "forbid");
        if (strcmp(caps->host_vendor, "unknown") != 0)
                (void) out_element(out, mode, "vendor", caps->host_vendor);
        for (size_t i = 0; i < caps->n_host_features; i++) {
                const char *feature = caps->host_features[i];
                xmlNode *node = out_element(out, mode, "feature", NULL);

                out_attribute(out, node, "policy", feature[0] == '+' ? "require" : "disable");
                out_attribute(out, node, "name", feature + 1);
        }
}

static void add_models(XmlOut *out, xmlNode *mode, const Subject *subject) {
        const QemuCaps *caps = subject->caps;
        const QemuCpuModel *models = subject->kvm ? caps->cpus_kvm : caps->cpus_tcg;
        size_t n = subject->kvm ? caps->n_cpus_kvm : caps->n_cpus_tcg;

        for (size_t i = 0; i < n; i++) {
                if (!qemu_cpu_is_named(models[i].name))
                        continue;
                xmlNode *node = out_element(out, mode, "model", models[i].name);
                out_attribute(out, node, "usable", models[i].usable);
                if (models[i].deprecated)
                        out_attribute(out, node, "deprecated", "yes");
                out_attribute(out, node, "vendor", models[i].vendor);
        }
}

static void add_cpu(XmlOut *out, xmlNode *root, const Subject *subject) {
        size_t named = subject->kvm ? subject->caps->n_cpus_kvm : subject->caps->n_cpus_tcg;
        xmlNode *cpu = out_element(out, root, "cpu", NULL), *mode;

        mode = add_mode(out, cpu, "host-passthrough", subject->kvm);
        if (subject->kvm)
                add_migratable(out, mode, subject, "hostPassthroughMigratable");
        mode = add_mode(out, cpu, "maximum", knows_model(subject, "max"));
        if (knows_model(subject, "max"))
                add_migratable(out, mode, subject, "maximumMigratable");
        add_host_model(out, cpu, subject);
        mode = add_mode(out, cpu, "custom", named > 0);
        add_models(out, mode, subject);
}

/* ---- features ---- */

static void add_gic(XmlOut *out, xmlNode *parent, const Subject *subject) {
        const char *const versions[] = { "2", "3", "4" };
        xmlNode *node = out_element(out, parent, "gic", NULL), *list = NULL;
        char feature[64];

        for (size_t i = 0; i < ELEMENTS(versions); i++) {
                snprintf(feature, sizeof(feature), "query-gic-capabilities/%s=%s",
                         subject->kvm ? "kernel" : "emulated", versions[i]);
                if (!qemu_caps_has(subject->caps, feature) || !is_machine(subject, "virt*"))
                        continue;
                if (!list) {
                        out_supported(out, node, true);
                        list = add_enum(out, node, "version");
                }
                (void) out_element(out, list, "value", versions[i]);
        }
        if (!list)
                out_supported(out, node, false);
}

static void add_all_features(XmlOut *out, xmlNode *root, const Subject *subject) {
        xmlNode *parent = out_element(out, root, "features", NULL);

        add_gic(out, parent, subject);
        for (size_t i = 0; i < ELEMENTS(features); i++)
                out_supported(out, out_element(out, parent, features[i].name, NULL),
                              offered(subject, &features[i]));
        if (subject->kvm)
                add_section(out, parent, subject, &hyperv);
}

/* ---- the whole ---- */

static uint32_t max_vcpus(const Subject *subject) {
        uint32_t max = subject->machine->max_cpus, kvm = subject->caps->kvm_max_vcpus;

        return subject->kvm && kvm > 0 ? MIN(max, kvm) : max;
}

static void add_all(XmlOut *out, const Subject *subject) {
        xmlNode *root = out_begin(out, "domainCapabilities"), *node;

        (void) out_element(out, root, "path", subject->caps->binary);
        (void) out_element(out, root, "domain", subject->kvm ? "kvm" : "qemu");
        (void) out_element(out, root, "machine", subject->machine->name);
        (void) out_element(out, root, "arch", subject->arch);
        if (max_vcpus(subject) > 0)
                out_number(out, out_element(out, root, "vcpu", NULL), "max", max_vcpus(subject));
        node = out_element(out, root, "iothreads", NULL);
        out_supported(out, node, qemu_caps_has_type(subject->caps, "iothread"));
        add_os(out, root, subject);
        add_cpu(out, root, subject);
        add_section(out, root, subject, &memory_backing);
        node = out_element(out, root, "devices", NULL);
        for (size_t i = 0; i < ELEMENTS(devices); i++)
                add_section(out, node, subject, &devices[i]);
        add_all_features(out, root, subject);
}

/* Whether a kind of domain goes with the binary, and which when none is named. */
static int choose_type(const QemuCaps *caps, VirtType type, bool *ret_kvm, Error *error) {
        bool tcg = !caps->kvm || qemu_caps_has_type(caps, "tcg-accel");

        if (type != VIRT_UNSET && type != VIRT_KVM && type != VIRT_QEMU)
                return fail(error, ERROR_INVALID_ARG, "virttype '%s' is not run by QEMU",
                            map_enum_name(virt_types, type) ?: "");
        *ret_kvm = type == VIRT_KVM || (type == VIRT_UNSET && caps->kvm);
        if (*ret_kvm ? !caps->kvm : !tcg)
                return fail(error, ERROR_INVALID_ARG,
                            "the accel '%s' is not supported by '%s' on this host",
                            *ret_kvm ? "kvm" : "tcg", caps->binary);
        return 0;
}

int qemu_domain_capabilities_xml(const QemuCaps *caps, const char *arch, const char *machine,
                                 VirtType type, char **ret, Error *error) {
        Subject subject = { .caps = caps, .arch = arch ?: caps->arch };
        const QemuArch *known = qemu_arch(subject.arch);
        _cleanup_(out_done) XmlOut out = {};
        int r = choose_type(caps, type, &subject.kvm, error);

        if (r < 0)
                return r;
        if (arch && (!known || !qemu_arch_runs_on(known, caps->arch)))
                return fail(error, ERROR_INVALID_ARG,
                            "architecture from emulator '%s' doesn't match given architecture '%s'",
                            caps->arch, arch);
        subject.machine = qemu_caps_machine(caps, machine);
        if (!machine && !subject.machine) /* some architectures have no default */
                subject.machine = qemu_caps_machine(caps, "virt") ?: &caps->machines[0];
        if (!subject.machine)
                return fail(error, ERROR_INVALID_ARG,
                            "the machine '%s' is not supported by emulator '%s'", machine,
                            caps->binary);
        r = qemu_firmware_list(subject.arch, subject.machine->name, &subject.firmwares, error);
        if (r < 0)
                return r;
        add_all(&out, &subject);
        r = out_print(&out, ret, error);
        qemu_firmwares_clear(&subject.firmwares);
        return r;
}
