/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document of virConnectGetCapabilities: this host, and which guests its QEMUs run. */
#include <string.h>

#include "drivers/host.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/caps.h"
#include "drivers/xml-out.h"

/* ---- features of guests ---- */

static bool is_x86(const QemuCaps *caps, const QemuArch *arch) {
        return qemu_arch_is_x86(arch->name);
}

static bool is_i686(const QemuCaps *caps, const QemuArch *arch) {
        return strcmp(arch->name, "i686") == 0;
}

static bool has_acpi(const QemuCaps *caps, const QemuArch *arch) {
        return is_x86(caps, arch) || strcmp(arch->name, "aarch64") == 0;
}

static bool has_cpu_models(const QemuCaps *caps, const QemuArch *arch) {
        return caps->n_cpus_kvm + caps->n_cpus_tcg > 0;
}

static bool has_boot_order(const QemuCaps *caps, const QemuArch *arch) {
        return qemu_caps_has(caps, "virtio-blk-pci.bootindex") ||
               qemu_caps_has(caps, "virtio-blk-ccw.bootindex") ||
               qemu_caps_has(caps, "virtio-blk-device.bootindex");
}

static bool has_snapshots(const QemuCaps *caps, const QemuArch *arch) {
        return qemu_caps_has_command(caps, "transaction") &&
               qemu_caps_has_command(caps, "blockdev-snapshot");
}

static bool has_external_snapshots(const QemuCaps *caps, const QemuArch *arch) {
        return has_snapshots(caps, arch) && qemu_caps_has_command(caps, "block-commit");
}

static const struct {
        const char *name;
        bool (*has)(const QemuCaps *caps, const QemuArch *arch);
        const char *initial, *toggle; /* NULL: it has no such attributes */
} features[] = {
        { "pae", is_i686 },
        { "nonpae", is_i686 },
        { "acpi", has_acpi, "on", "yes" },
        { "apic", is_x86, "on", "no" },
        { "cpuselection", has_cpu_models },
        { "deviceboot", has_boot_order },
        { "disksnapshot", has_snapshots, "on", "no" },
        { "externalSnapshot", has_external_snapshots },
};

static void add_features(XmlOut *out, xmlNode *guest, const QemuCaps *caps, const QemuArch *arch) {
        xmlNode *parent = out_element(out, guest, "features", NULL);

        for (size_t i = 0; i < ELEMENTS(features); i++) {
                if (!features[i].has(caps, arch))
                        continue;
                xmlNode *node = out_element(out, parent, features[i].name, NULL);
                if (!features[i].initial)
                        continue;
                out_attribute(out, node, "default", features[i].initial);
                out_attribute(out, node, "toggle", features[i].toggle);
        }
}

/* ---- guests ---- */

static void add_machine(XmlOut *out, xmlNode *parent, const QemuMachine *machine,
                        const char *alias) {
        xmlNode *node = out_element(out, parent, "machine", alias ?: machine->name);

        if (alias)
                out_attribute(out, node, "canonical", machine->name);
        if (machine->max_cpus > 0)
                out_number(out, node, "maxCpus", machine->max_cpus);
        if (machine->deprecated)
                out_attribute(out, node, "deprecated", "yes");
}

/* The default machine first, the others in QEMU's order; after each the other name that it has. */
static void add_machines(XmlOut *out, xmlNode *parent, const QemuCaps *caps) {
        const QemuMachine *first = qemu_caps_machine(caps, NULL);

        for (size_t i = 0; i <= caps->n_machines; i++) {
                const QemuMachine *machine = i == 0 ? first : &caps->machines[i - 1];

                if (!machine || (i > 0 && machine == first))
                        continue;
                add_machine(out, parent, machine, NULL);
                if (machine->alias)
                        add_machine(out, parent, machine, machine->alias);
        }
}

static void add_guest(XmlOut *out, xmlNode *root, const QemuCaps *caps, const QemuArch *arch) {
        xmlNode *guest = out_element(out, root, "guest", NULL), *node, *domain;
        char wordsize[8];

        snprintf(wordsize, sizeof(wordsize), "%u", arch->wordsize);
        (void) out_element(out, guest, "os_type", "hvm");
        node = out_element(out, guest, "arch", NULL);
        out_attribute(out, node, "name", arch->name);
        (void) out_element(out, node, "wordsize", wordsize);
        (void) out_element(out, node, "emulator", caps->binary);
        add_machines(out, node, caps);
        if (!caps->kvm || qemu_caps_has_type(caps, "tcg-accel")) {
                domain = out_element(out, node, "domain", NULL);
                out_attribute(out, domain, "type", "qemu");
        }
        if (caps->kvm) {
                domain = out_element(out, node, "domain", NULL);
                out_attribute(out, domain, "type", "kvm");
        }
        add_features(out, guest, caps, arch);
}

/* The capabilities an architecture's guests run with: of the binary that is meant for it, else of
 * one that does too. */
static const QemuCaps *caps_of(QemuCaps *const *caps, size_t n, const QemuArch *arch) {
        const QemuCaps *found = NULL;

        for (size_t i = 0; i < n; i++) {
                const QemuArch *of = qemu_arch(caps[i]->arch);

                if (of && strcmp(of->binary, arch->binary) == 0)
                        return caps[i];
                if (!found && qemu_arch_runs_on(arch, caps[i]->arch))
                        found = caps[i];
        }
        return found;
}

static int add_host(XmlOut *out, xmlNode *root, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = host_capabilities(&text, error);

        if (r < 0 || (r = xml_parse(text, "host", &document, error)) < 0)
                return r;
        xmlNode *host = xmlDocCopyNode(xmlDocGetRootElement(document), out->document, 1);
        if (!root || !host)
                return fail_memory(error);
        xmlAddChild(root, host);
        return 0;
}

int qemu_capabilities_xml(QemuCaps *const *caps, size_t n, char **ret, Error *error) {
        _cleanup_(out_done) XmlOut out = {};
        xmlNode *root = out_begin(&out, "capabilities");
        const QemuArch *host = qemu_arch(host_arch());
        int r = add_host(&out, root, error);

        if (r < 0)
                return r;
        if (host && caps_of(caps, n, host))
                add_guest(&out, root, caps_of(caps, n, host), host);
        for (const QemuArch *arch = qemu_archs; arch->name; arch++)
                if (arch != host && caps_of(caps, n, arch))
                        add_guest(&out, root, caps_of(caps, n, arch), arch);
        return out_print(&out, ret, error);
}
