/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host in sysfs: which driver has them, and how they change hands. */
#include "drivers/qemu/hostdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "drivers/log.h"

#define VFIO "vfio-pci"

/* ---- sysfs ---- */

static int write_file(const char *text, const char *format, ...) _printf_(2, 3);
static int write_file(const char *text, const char *format, ...) {
        char path[PATH_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(path, sizeof(path), format, ap);
        va_end(ap);

        _cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* What a link of a device leads to, without the folders: its driver, its group. NULL: nowhere. */
static char *link_name(const char *sysfs, const char *device, const char *link) {
        char path[PATH_MAX], target[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", sysfs, device, link);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return NULL;
        target[n] = '\0';
        const char *slash = strrchr(target, '/');
        return strdup(slash ? slash + 1 : target);
}

/* ---- PCI: what is to be taken ---- */

char *qemu_pci_name(const HostAddress *address) {
        char *name;

        return asprintf(&name, "%04x:%02x:%02x.%x", address->domain, address->bus, address->slot,
                        address->function) < 0 ? NULL : name;
}

const MapElement qemu_binding_element = { "binding", sizeof(QemuBinding), (const MapField[]) {
        STRING("@device", QemuBinding, device, REQUIRED),
        STRING("@driver", QemuBinding, driver),
        {}
} };

void qemu_bindings_clear(QemuBindings *bindings) {
        while (bindings->n > 0)
                map_list_remove(&qemu_binding_element, bindings, bindings->n - 1);
        free(bindings->items);
        *bindings = (QemuBindings) {};
}

static int plan_device(const HostAddress *address, const char *sysfs, QemuBindings *bindings,
                       Error *error) {
        _cleanup_(freep) char *name = qemu_pci_name(address), *path = NULL, *group = NULL;
        QemuBinding *binding;

        if (!name || asprintf(&path, "%s/bus/pci/devices/%s", sysfs, name) < 0) {
                path = NULL;
                return fail_memory(error);
        }
        if (access(path, F_OK) < 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the host has no PCI device %s (see %s/bus/pci/devices)", name, sysfs);
        group = link_name(sysfs, name, "iommu_group");
        if (!group)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "PCI device %s is in no IOMMU group, so it can't be given to a guest: "
                            "is an IOMMU there and on (intel_iommu=on)?",
                            name);
        binding = map_list_add(&qemu_binding_element, bindings);
        if (!binding)
                return fail_memory(error);
        binding->driver = link_name(sysfs, name, "driver");
        binding->device = TAKE(name);
        return 0;
}

static bool is_managed(const char *managed) {
        return managed && strcmp(managed, "yes") == 0;
}

int qemu_bindings_plan(const DomainConf *conf, const char *sysfs, QemuBindings *ret, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->hostdevs.n; i++) {
                const DomainHostdev *hostdev = conf->hostdevs.items[i];

                if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_PCI &&
                    is_managed(hostdev->managed))
                        r = plan_device(&hostdev->source, sysfs, ret, error);
        }
        for (size_t i = 0; r >= 0 && i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];

                if (net->type == NET_HOSTDEV && is_managed(net->managed))
                        r = plan_device(&net->source_pci, sysfs, ret, error);
        }
        for (size_t i = 0; r >= 0 && i < conf->disks.n; i++) {
                const DomainDisk *disk = conf->disks.items[i];

                if (disk->type == DISK_NVME && is_managed(disk->source_managed))
                        r = plan_device(&disk->source_address, sysfs, ret, error);
        }
        return r;
}

/* ---- PCI: changing hands ---- */

/* The override says which driver may have it; the probe lets that one find it. */
static int rebind(const char *device, const char *driver) {
        int r = write_file(driver ?: "\n", QEMU_SYSFS "/bus/pci/devices/%s/driver_override",
                           device);

        if (r >= 0)
                r = write_file(device, QEMU_SYSFS "/bus/pci/devices/%s/driver/unbind", device);
        if (r == -ENOENT) /* it had none */
                r = 0;
        return r < 0 ? r : write_file(device, QEMU_SYSFS "/bus/pci/drivers_probe");
}

static int bind(const QemuBinding *binding, Error *error) {
        _cleanup_(freep) char *now = link_name(QEMU_SYSFS, binding->device, "driver");
        int r;

        if (now && strcmp(now, VFIO) == 0)
                return 0;
        if (access(QEMU_SYSFS "/bus/pci/drivers/" VFIO, F_OK) < 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "PCI device %s can't be given to a guest: the host's kernel has no "
                            "driver " VFIO "; 'modprobe " VFIO "' loads it",
                            binding->device);
        r = rebind(binding->device, VFIO);
        if (r < 0)
                return fail_errno(error, r, "cannot bind PCI device %s to " VFIO, binding->device);
        free(now);
        now = link_name(QEMU_SYSFS, binding->device, "driver");
        if (now && strcmp(now, VFIO) == 0)
                return 0;
        return fail(error, ERROR_OPERATION_FAILED, "PCI device %s doesn't take the driver " VFIO,
                    binding->device);
}

int qemu_bindings_do(const QemuBindings *bindings, Error *error) {
        for (size_t i = 0; i < bindings->n; i++) {
                int r = bind(bindings->items[i], error);

                if (r < 0)
                        return r;
        }
        return 0;
}

void qemu_bindings_undo(const QemuBindings *bindings, const Resource *resource) {
        for (size_t i = 0; i < bindings->n; i++) {
                const QemuBinding *binding = bindings->items[i];
                _cleanup_(freep) char *now = link_name(QEMU_SYSFS, binding->device, "driver");
                int r;

                if (!now || strcmp(now, VFIO) != 0 ||
                    (binding->driver && strcmp(binding->driver, VFIO) == 0))
                        continue;
                r = rebind(binding->device, NULL);
                if (r < 0)
                        log_resource(LOG_ERR, resource, "cannot give PCI device %s back to %s: %s",
                                     binding->device, binding->driver ?: "the host", strerror(-r));
        }
}

/* ---- SCSI ---- */

int qemu_scsi_generic(const DomainHostdev *hostdev, const char *sysfs, char **ret, Error *error) {
        const char *adapter = hostdev->adapter ?: "";
        char folder[PATH_MAX];
        struct dirent *entry;
        unsigned host;
        char *path = NULL;

        if (sscanf(adapter, "scsi_host%u", &host) != 1)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "'%s' is no name of a SCSI adapter; they are called scsi_host0 ...",
                            adapter);
        (void) snprintf(folder, sizeof(folder), "%s/bus/scsi/devices/%u:%u:%u:%llu/scsi_generic",
                        sysfs, host, hostdev->source.bus, hostdev->source.target,
                        (unsigned long long) hostdev->source.unit);
        DIR *names = opendir(folder);
        while (names && !path && (entry = readdir(names)))
                if (strncmp(entry->d_name, "sg", 2) == 0 &&
                    asprintf(&path, "/dev/%s", entry->d_name) < 0)
                        path = NULL;
        if (names)
                closedir(names);
        if (!path)
                return fail(error, ERROR_OPERATION_FAILED,
                            "the host has no SCSI device %u:%u:%u:%llu", host, hostdev->source.bus,
                            hostdev->source.target, (unsigned long long) hostdev->source.unit);
        *ret = path;
        return 0;
}
