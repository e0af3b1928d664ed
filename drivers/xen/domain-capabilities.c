/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document of virConnectGetDomainCapabilities: what a definition may ask of Xen. The tables say
 * what config-*.c makes something of, for which of the three kinds of guests. */
#include <string.h>
#include <unistd.h>

#include "drivers/host.h"
#include "drivers/xen/capabilities.h"
#include "drivers/xen/tuning.h"
#include "drivers/xml-out.h"

/* The document names one also where none is installed. */
#define USUAL_EMULATOR "/usr/lib/xen/bin/qemu-system-i386"
#define OVMF_XEN XEN_FIRMWARE_DIR "/ovmf.bin"
#define OVMF_DEBIAN "/usr/share/ovmf/OVMF.fd"

enum { ANY = GUEST_PV | GUEST_HVM | GUEST_PVH };

typedef struct EnumValue {
        const char *name;
        unsigned guests;
} EnumValue;

typedef struct Choice {
        const char *name;
        const EnumValue *values; /* end with a zeroed one */
} Choice;

typedef struct Section {
        const char *name;
        unsigned guests; /* 0: supported by none */
        const Choice *choices; /* end with a zeroed one */
} Section;

#define VALUES(...) ((const EnumValue[]) { __VA_ARGS__ __VA_OPT__(,) {} })
#define CHOICES(...) ((const Choice[]) { __VA_ARGS__, {} })

/* ---- the tables ---- */

static const Section devices[] = {
        { "disk", ANY, CHOICES(
                { "diskDevice", VALUES({ "disk", ANY }, { "cdrom", ANY },
                                       { "floppy", GUEST_HVM }) },
                { "bus", VALUES({ "ide", GUEST_HVM }, { "fdc", GUEST_HVM },
                                { "scsi", GUEST_HVM }, { "xen", ANY }, { "sata", GUEST_HVM }) },
                { "model", VALUES() }) },
        { "graphics", ANY, CHOICES(
                { "type", VALUES({ "sdl", ANY }, { "vnc", ANY }, { "spice", GUEST_HVM }) }) },
        { "video", ANY, CHOICES(
                { "modelType", VALUES({ "vga", GUEST_HVM }, { "cirrus", GUEST_HVM },
                                      { "xen", ANY }, { "qxl", GUEST_HVM },
                                      { "none", ANY }) }) },
        { "hostdev", ANY, CHOICES(
                { "mode", VALUES({ "subsystem", ANY }) },
                { "startupPolicy", VALUES({ "default", ANY }, { "mandatory", ANY },
                                          { "requisite", ANY }, { "optional", ANY }) },
                { "subsysType", VALUES({ "usb", ANY }, { "pci", ANY }) },
                { "capsType", VALUES() },
                { "pciBackend", VALUES({ "xen", ANY }) }) },
        { "rng" },
        { "filesystem", ANY, CHOICES({ "driverType", VALUES() }) },
        { "tpm", GUEST_HVM, CHOICES(
                { "model", VALUES({ "tpm-tis", GUEST_HVM }) },
                { "backendModel", VALUES({ "passthrough", GUEST_HVM },
                                         { "external", GUEST_HVM }) }) },
        { "redirdev" },
        { "channel", ANY, CHOICES(
                { "type", VALUES({ "pty", ANY }, { "unix", ANY }) }) },
};

static const char *const features[] = {
        "gic", "vmcoreinfo", "genid", "backingStoreInput", "backup", "sev",
};

static const struct {
        const char *machine, *os_type;
        Guest guest;
        unsigned max_vcpus; /* of Xen itself */
} machines[] = {
        { "xenpv",  "xen",    GUEST_PV,  512 },
        { "xenfv",  "hvm",    GUEST_HVM, 128 },
        { "xenpvh", "xenpvh", GUEST_PVH, 128 },
};

/* What the document is about. */
typedef struct Subject {
        const char *emulator, *arch, *machine;
        Guest guest;
        unsigned max_vcpus;
} Subject;

/* ---- writing ---- */

static xmlNode *add_enum(XmlOut *out, xmlNode *parent, const char *name) {
        xmlNode *node = out_element(out, parent, "enum", NULL);

        out_attribute(out, node, "name", name);
        return node;
}

static void add_sections(XmlOut *out, xmlNode *parent, const Subject *subject) {
        for (size_t i = 0; i < ELEMENTS(devices); i++) {
                bool supported = devices[i].guests & subject->guest;
                xmlNode *node = out_element(out, parent, devices[i].name, NULL);

                out_supported(out, node, supported);
                for (const Choice *choice = devices[i].choices; supported && choice->name;
                     choice++) {
                        xmlNode *list = add_enum(out, node, choice->name);

                        for (const EnumValue *value = choice->values; value->name; value++)
                                if (value->guests & subject->guest)
                                        (void) out_element(out, list, "value", value->name);
                }
        }
}

/* Xen's own firmware is where its packages put it, or where UEFI's do. */
static void add_os(XmlOut *out, xmlNode *root, const Subject *subject) {
        xmlNode *os = out_element(out, root, "os", NULL), *loader, *list;
        const char *ovmf = access(OVMF_XEN, R_OK) == 0 ? OVMF_XEN
                           : access(OVMF_DEBIAN, R_OK) == 0 ? OVMF_DEBIAN : NULL;
        bool hvm = subject->guest == GUEST_HVM;

        out_supported(out, os, true);
        list = add_enum(out, os, "firmware");
        if (hvm && ovmf)
                (void) out_element(out, list, "value", "efi");
        loader = out_element(out, os, "loader", NULL);
        out_supported(out, loader, hvm);
        if (!hvm)
                return;
        (void) out_element(out, loader, "value", XEN_FIRMWARE_DIR "/hvmloader");
        if (ovmf)
                (void) out_element(out, loader, "value", ovmf);
        list = add_enum(out, loader, "type");
        (void) out_element(out, list, "value", "rom");
        if (ovmf)
                (void) out_element(out, list, "value", "pflash");
        list = add_enum(out, loader, "readonly");
        (void) out_element(out, list, "value", "yes");
        list = add_enum(out, loader, "secure");
        (void) out_element(out, list, "value", "no");
}

/* A guest sees the host's processor, less what its definition takes away. */
static void add_cpu(XmlOut *out, xmlNode *root) {
        static const char *const modes[] = { "host-passthrough", "maximum", "host-model",
                                             "custom" };
        xmlNode *cpu = out_element(out, root, "cpu", NULL);

        for (size_t i = 0; i < ELEMENTS(modes); i++) {
                xmlNode *mode = out_element(out, cpu, "mode", NULL);

                out_attribute(out, mode, "name", modes[i]);
                out_supported(out, mode, i == 0);
        }
}

static void add_all(XmlOut *out, const Subject *subject) {
        xmlNode *root = out_begin(out, "domainCapabilities"), *node;

        (void) out_element(out, root, "path", subject->emulator);
        (void) out_element(out, root, "domain", "xen");
        (void) out_element(out, root, "machine", subject->machine);
        (void) out_element(out, root, "arch", subject->arch);
        out_number(out, out_element(out, root, "vcpu", NULL), "max", subject->max_vcpus);
        out_supported(out, out_element(out, root, "iothreads", NULL), false);
        add_os(out, root, subject);
        add_cpu(out, root);
        add_sections(out, out_element(out, root, "devices", NULL), subject);
        node = out_element(out, root, "features", NULL);
        for (size_t i = 0; i < ELEMENTS(features); i++)
                out_supported(out, out_element(out, node, features[i], NULL), false);
}

/* ---- what was asked for ---- */

static bool runs(const XenHost *host, const char *os_type, const char *arch) {
        XenKind kinds[XEN_KINDS_MAX];
        size_t n = xen_kinds(host, kinds);

        for (size_t i = 0; i < n; i++)
                if (strcmp(kinds[i].os_type, os_type) == 0 && strcmp(kinds[i].arch, arch) == 0)
                        return true;
        return false;
}

int xen_domain_capabilities_xml(const XenHost *host, const char *emulator, const char *arch,
                                const char *machine, const char *type, char **ret, Error *error) {
        _cleanup_(out_done) XmlOut out = {};
        Subject subject = {
                .emulator = emulator ?: xen_emulator() ?: USUAL_EMULATOR,
                .arch = arch ?: host_arch(),
                .machine = machine ?: machines[0].machine,
        };

        if (type && strcmp(type, "xen") != 0)
                return fail(error, ERROR_INVALID_ARG, "virttype '%s' is not run by Xen", type);
        for (size_t i = 0; i < ELEMENTS(machines); i++) {
                if (strcmp(machines[i].machine, subject.machine) != 0)
                        continue;
                subject.guest = machines[i].guest;
                subject.max_vcpus = machines[i].max_vcpus;
                if (!runs(host, machines[i].os_type, subject.arch))
                        return fail(error, ERROR_INVALID_ARG,
                                    "this Xen runs no guests of machine '%s' for architecture "
                                    "'%s'", subject.machine, subject.arch);
        }
        if (!subject.guest)
                return fail(error, ERROR_INVALID_ARG,
                            "Xen has the machines 'xenpv', 'xenfv' and 'xenpvh', and no '%s'",
                            subject.machine);
        add_all(&out, &subject);
        return out_print(&out, ret, error);
}

int xen_domain_capabilities(Connection *connection, const char *emulator, const char *arch,
                            const char *machine, const char *type, uint32_t flags, Job *job,
                            Error *error) {
        _cleanup_(xen_host_done) XenHost host = {};
        int r = xen_need(connection, error);

        if (r >= 0)
                r = xen_host_read(xen_driver_of(connection)->core, &host, error);
        return r < 0 ? r : xen_domain_capabilities_xml(&host, emulator, arch, machine, type,
                                                       &job->result.text, error);
}
