/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machines QEMU emulates, as far as a definition's defaults depend on them, and ordered views.
 */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>

static const PlatformInfo platforms[] = {
        [PLATFORM_I440FX] = {
                .pci_root = "pci-root", .usb = "piix3-uhci", .default_usb = "piix3-uhci",
                .net = "rtl8139", .scsi = "lsilogic", .video = "cirrus",
                .serial_target = "isa-serial", .serial_model = "isa-serial",
                .balloon = true, .ps2 = true, .acpi = true,
        },
        [PLATFORM_Q35] = {
                .pci_root = "pcie-root", .usb = "qemu-xhci", .default_usb = "piix3-uhci",
                .net = "rtl8139", .scsi = "lsilogic", .video = "cirrus",
                .serial_target = "isa-serial", .serial_model = "isa-serial",
                .balloon = true, .sata = true, .ps2 = true, .acpi = true,
        },
        [PLATFORM_ISAPC] = {
                .default_usb = "piix3-uhci", .net = "rtl8139", .scsi = "lsilogic",
                .video = "cirrus",
                .serial_target = "isa-serial", .serial_model = "isa-serial", .ps2 = true,
        },
        [PLATFORM_MICROVM] = {
                .net = "virtio", .scsi = "virtio-scsi", .video = "virtio",
                .serial_target = "isa-serial", .serial_model = "isa-serial", .acpi = true,
        },
        [PLATFORM_VIRT] = {
                .pci_root = "pcie-root", .default_usb = "qemu-xhci",
                .net = "virtio", .scsi = "virtio-scsi", .video = "virtio",
                .serial_target = "system-serial", .serial_model = "pl011",
                .balloon = true, .acpi = true,
        },
        [PLATFORM_S390] = {
                .net = "virtio", .scsi = "virtio-scsi", .video = "virtio",
                .serial_target = "sclp-serial", .serial_model = "sclpconsole", .balloon = true,
        },
        [PLATFORM_PSERIES] = {
                .pci_root = "pci-root", .usb = "pci-ohci", .default_usb = "pci-ohci",
                .net = "virtio", .scsi = "ibmvscsi", .video = "vga",
                .serial_target = "spapr-vio-serial", .serial_model = "spapr-vty", .balloon = true,
        },
        [PLATFORM_OTHER] = {
                .default_usb = "pci-ohci", .net = "rtl8139", .scsi = "virtio-scsi", .video = "vga",
                .balloon = true,
        },
};

static const struct {
        const char *archs[5];
        const char *machine, *prefix; /* the name itself, or how it starts */
        Platform platform;
} machines[] = {
        { { "x86_64", "i686" },            "pc",       "pc-i440fx-",       PLATFORM_I440FX },
        { { "x86_64", "i686" },            "q35",      "pc-q35-",          PLATFORM_Q35 },
        { { "x86_64", "i686" },            "isapc",    NULL,               PLATFORM_ISAPC },
        { { "x86_64", "i686" },            "microvm",  NULL,               PLATFORM_MICROVM },
        { { "x86_64", "i686" },            NULL,       "pc-0.",            PLATFORM_I440FX },
        { { "x86_64", "i686" },            NULL,       "pc-1.",            PLATFORM_I440FX },
        { { "x86_64", "i686" },            NULL,       "rhel6.",           PLATFORM_I440FX },
        { { "aarch64", "armv7l", "riscv64", "riscv32" }, "virt", "virt-",  PLATFORM_VIRT },
        { { "s390x" },                     "s390-ccw-virtio", "s390-ccw-", PLATFORM_S390 },
        { { "ppc64", "ppc64le" },          "pseries",  "pseries-",         PLATFORM_PSERIES },
};

bool text_is(const char *text, const char *value) {
        return text && value && strcmp(text, value) == 0;
}

bool text_starts(const char *text, const char *start) {
        return text && start && strncmp(text, start, strlen(start)) == 0;
}

bool text_in(const char *text, const char *const *values) {
        for (; *values; values++)
                if (text_is(text, *values))
                        return true;
        return false;
}

int text_set(char **member, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*member);
        *member = copy;
        return 0;
}

int text_default(char **member, const char *value) {
        return *member || !value ? 0 : text_set(member, value);
}

Platform qemu_platform(const DomainConf *conf) {
        for (size_t i = 0; i < ELEMENTS(machines); i++) {
                bool arch = false;

                for (size_t j = 0; j < ELEMENTS(machines[i].archs) && machines[i].archs[j]; j++)
                        arch = arch || text_is(conf->os.arch, machines[i].archs[j]);
                if (arch && (text_is(conf->os.machine, machines[i].machine) ||
                             text_starts(conf->os.machine, machines[i].prefix)))
                        return machines[i].platform;
        }
        return PLATFORM_OTHER;
}

const PlatformInfo *qemu_platform_info(const DomainConf *conf) {
        return &platforms[qemu_platform(conf)];
}

bool qemu_is_x86(const DomainConf *conf) {
        return text_is(conf->os.arch, "x86_64") || text_is(conf->os.arch, "i686");
}

int qemu_disk_index(const char *target) {
        static const char *const prefixes[] = { "fd", "hd", "vd", "sd", "xvd", "ubd", NULL };
        int index = 0;

        for (const char *const *prefix = prefixes; *prefix; prefix++) {
                if (!text_starts(target, *prefix))
                        continue;
                const char *p = target + strlen(*prefix);
                if (*p < 'a' || *p > 'z')
                        return -EINVAL;
                for (; *p >= 'a' && *p <= 'z'; p++) {
                        if (index > 100000)
                                return -EINVAL;
                        index = index * 26 + (*p - 'a' + 1);
                }
                return p[strspn(p, "0123456789")] ? -EINVAL : index - 1;
        }
        return -EINVAL;
}

bool qemu_disk_has_medium(const DomainDisk *disk) {
        return disk->source || disk->source_name || disk->volume || disk->source_path ||
               disk->type == DISK_NETWORK || disk->type == DISK_NVME;
}

/* Puts items before the first of the same group that comes after them, else after the last of their
 * group, else at the end. */
static void **sorted(void *const *items, size_t n, int (*group)(const void *),
                     int (*rank)(const void *)) {
        void **out = calloc(n + 1, sizeof(*out));

        for (size_t i = 0; out && i < n; i++) {
                size_t at = i;

                for (size_t j = i; j-- > 0;) {
                        if (group(out[j]) != group(items[i]))
                                continue;
                        if (rank(out[j]) > rank(items[i]))
                                at = j;
                        else {
                                if (at == i)
                                        at = j + 1;
                                break;
                        }
                }
                memmove(out + at + 1, out + at, (i - at) * sizeof(*out));
                out[at] = items[i];
        }
        return out;
}

static int controller_group(const void *item) {
        return ((const DomainController *) item)->type;
}

/* A USB master stands before its companions. */
static int controller_rank(const void *item) {
        const DomainController *controller = item;
        return (int) (controller->index.value & 0xffff) * 2 + controller->master_startport.set;
}

static int disk_group(const void *item) {
        return ((const DomainDisk *) item)->bus;
}

static int disk_rank(const void *item) {
        return qemu_disk_index(((const DomainDisk *) item)->target);
}

/* Controllers that were added since the definition was read have no node yet; they stay behind. */
DomainController **qemu_sorted_controllers(const DomainConf *conf) {
        size_t n = 0;

        while (n < conf->controllers.n && conf->controllers.items[n]->device.item.node)
                n++;
        DomainController **out = (DomainController **) sorted(
                (void *const *) conf->controllers.items, n, controller_group, controller_rank);
        DomainController **all =
                out ? reallocarray(out, conf->controllers.n + 1, sizeof(*out)) : NULL;
        if (!all) {
                free(out);
                return NULL;
        }
        for (size_t i = n; i < conf->controllers.n; i++)
                all[i] = conf->controllers.items[i];
        all[conf->controllers.n] = NULL;
        return all;
}

DomainDisk **qemu_sorted_disks(const DomainConf *conf) {
        return (DomainDisk **) sorted((void *const *) conf->disks.items, conf->disks.n, disk_group,
                                      disk_rank);
}

DomainController *qemu_find_controller(const DomainConf *conf, ControllerType type,
                                       uint32_t index) {
        for (size_t i = 0; i < conf->controllers.n; i++)
                if (conf->controllers.items[i]->type == type &&
                    conf->controllers.items[i]->index.value == index)
                        return conf->controllers.items[i];
        return NULL;
}

DomainController *qemu_find_usb_master(const DomainConf *conf, uint32_t index) {
        DomainController *found = NULL;

        for (size_t i = 0; i < conf->controllers.n; i++) {
                DomainController *controller = conf->controllers.items[i];

                if (controller->type == CONTROLLER_USB && controller->index.value == index &&
                    !controller->master_startport.set &&
                    (!found || text_is(controller->model, "ich9-ehci1")))
                        found = controller;
        }
        return found;
}

bool qemu_char_is_virtio(DeviceKind kind, const DomainChar *chr) {
        return (kind == DEVICE_CONSOLE || kind == DEVICE_CHANNEL) &&
               text_is(chr->target_type, "virtio");
}

bool qemu_console_is_serial(const DomainConf *conf, size_t index) {
        const DomainChar *console = conf->consoles.items[index];

        return index == 0 && conf->serials.n > 0 &&
               (!console->target_type || text_is(console->target_type, "serial"));
}
