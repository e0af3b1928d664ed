/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all "-device" options share: the bus and the place on it, boot order, virtio's options; and
 * the order in which kinds of devices come. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct DeviceKindBuild {
        DeviceKind kind;
        int (*build)(Builder *builder, const Device *device, size_t index);
} DeviceKindBuild;

bool is_pcie(const Builder *builder) {
        return text_is(qemu_platform_info(builder->conf)->pci_root, "pcie-root");
}

/* ---- boot order ---- */

static const char *boot_class(DeviceKind kind, const Device *device) {
        if (kind == DEVICE_NET)
                return "network";
        if (kind != DEVICE_DISK)
                return NULL;
        switch (((const DomainDisk *) device)->kind) {
        case DISK_DEVICE_DISK: case DISK_DEVICE_LUN:
                return "hd";
        case DISK_DEVICE_CDROM:
                return "cdrom";
        case DISK_DEVICE_FLOPPY:
                return "fd";
        }
        return NULL;
}

static bool first_of_class(const DomainConf *conf, DeviceKind kind, const Device *device) {
        if (kind == DEVICE_NET)
                return conf->nets.items[0] == (const DomainNet *) device;
        for (size_t i = 0; i < conf->disks.n; i++) {
                const Device *other = &conf->disks.items[i]->device;

                if (text_is(boot_class(DEVICE_DISK, other), boot_class(kind, device)))
                        return other == device;
        }
        return false;
}

/* Kinds that may be booted from. */
static bool any_boot_order(const DomainConf *conf) {
        static const DeviceKind order[] = {
                DEVICE_DISK, DEVICE_NET, DEVICE_HOSTDEV, DEVICE_REDIRDEV,
        };

        for (size_t k = 0; k < ELEMENTS(order); k++) {
                MapAnyList *list = conf_devices((DomainConf *) conf, order[k]);

                for (size_t i = 0; i < list->n; i++)
                        if (((const Device *) list->items[i])->boot_order)
                                return true;
        }
        return false;
}

/* The device's own order; else that of its class in os/boot, which speaks of the first of a class.
 */
unsigned boot_index(const Builder *builder, DeviceKind kind, const Device *device) {
        const DomainOs *os = &builder->conf->os;

        if (device->boot_order || any_boot_order(builder->conf))
                return device->boot_order;
        for (size_t i = 0; i < os->boots.n; i++)
                if (text_is(os->boots.items[i]->dev, boot_class(kind, device)) &&
                    first_of_class(builder->conf, kind, device))
                        return i + 1;
        return 0;
}

/* ---- places ---- */

static int controller_name(Builder *builder, ControllerType type, uint32_t index,
                           const char **ret) {
        const DomainController *controller = qemu_find_controller(builder->conf, type, index);

        if (!controller || !controller->device.alias)
                return unsupported(builder,
                                   "a device's address names %s controller %u, which isn't there",
                                   map_enum_name(controller_types, type) ?: "a", index);
        *ret = controller->device.alias;
        return 0;
}

static int put_pci(Builder *builder, json_object *object, const DeviceAddress *at) {
        const char *bus = NULL;
        int r = controller_name(builder, CONTROLLER_PCI, at->bus, &bus);

        if (r < 0)
                return r;
        if (at->domain != 0)
                return unsupported(builder, "address/@domain 0x%04x: QEMU has PCI domain 0 only",
                                   at->domain);
        if (at->bus == 0)
                bus = is_pcie(builder) ? "pcie.0" : "pci.0";
        json_put_text(builder, object, "bus", bus);
        json_put_state(builder, object, "multifunction", at->multifunction);
        if (at->function)
                json_putf(builder, object, "addr", "0x%x.0x%x", at->slot, at->function);
        else
                json_putf(builder, object, "addr", "0x%x", at->slot);
        return 0;
}

static int put_usb(Builder *builder, json_object *object, const DeviceAddress *at) {
        const char *bus = NULL;
        int r = controller_name(builder, CONTROLLER_USB, at->bus, &bus);

        if (r < 0)
                return r;
        json_putf(builder, object, "bus", "%s.0", bus);
        json_put_text(builder, object, "port", at->port);
        return 0;
}

static int put_virtio_serial(Builder *builder, json_object *object, const DeviceAddress *at) {
        const char *bus = NULL;
        int r = controller_name(builder, CONTROLLER_VIRTIO_SERIAL, at->controller, &bus);

        if (r < 0)
                return r;
        json_putf(builder, object, "bus", "%s.0", bus);
        json_put_number(builder, object, "nr", at->port ? strtol(at->port, NULL, 10) : 0);
        return 0;
}

static int put_ccid(Builder *builder, json_object *object, const DeviceAddress *at) {
        const char *bus = NULL;
        int r = controller_name(builder, CONTROLLER_CCID, at->controller, &bus);

        if (r < 0)
                return r;
        json_putf(builder, object, "bus", "%s.0", bus);
        return 0;
}

static int put_place(Builder *builder, json_object *object, const DeviceAddress *at) {
        switch (at->type) {
        case ADDRESS_PCI:
                return put_pci(builder, object, at);
        case ADDRESS_USB:
                return put_usb(builder, object, at);
        case ADDRESS_VIRTIO_SERIAL:
                return put_virtio_serial(builder, object, at);
        case ADDRESS_ISA:
                if (at->iobase)
                        json_put_number(builder, object, "iobase", at->iobase);
                if (at->irq)
                        json_putf(builder, object, "irq", "0x%x", at->irq);
                return 0;
        case ADDRESS_CCW:
                json_putf(builder, object, "devno", "%x.%x.%04x", at->cssid, at->ssid, at->devno);
                return 0;
        case ADDRESS_SPAPR_VIO:
                if (at->reg)
                        json_put_number(builder, object, "reg", strtol(at->reg, NULL, 0));
                return 0;
        case ADDRESS_CCID:
                return put_ccid(builder, object, at);
        case ADDRESS_NONE: case ADDRESS_DRIVE: case ADDRESS_VIRTIO_S390:
        case ADDRESS_VIRTIO_MMIO: case ADDRESS_DIMM: case ADDRESS_UNASSIGNED: case ADDRESS_PCI_ANY:
        case _ADDRESS_MAX:
                return 0;
        }
        return 0;
}

/* ---- devices ---- */

_printf_(3, 0)
static int check_driver(Builder *builder, const char *driver, const char *format, va_list ap) {
        _cleanup_(freep) char *element = NULL;

        if (driver && qemu_caps_has_type(builder->caps, driver))
                return 0;
        if (!driver)
                return fail_memory(builder->error);
        if (vasprintf(&element, format, ap) < 0) {
                element = NULL;
                return fail_memory(builder->error);
        }
        return unsupported(builder, "%s is not supported by %s: it has no device '%s'", element,
                           builder->caps->binary, driver);
}

_printf_(5, 0)
static int begin(Builder *builder, const char *driver, const char *id, json_object **ret,
                 const char *element, va_list ap) {
        int r = check_driver(builder, driver, element, ap);

        if (r < 0)
                return r;
        *ret = json_new(builder);
        json_put_text(builder, *ret, "driver", driver);
        json_put_text(builder, *ret, "id", id);
        return 0;
}

int device_begin_bare(Builder *builder, const char *driver, const char *id, json_object **ret,
                      const char *element, ...) {
        va_list ap;

        va_start(ap, element);
        int r = begin(builder, driver, id, ret, element, ap);
        va_end(ap);
        return r;
}

int device_begin(Builder *builder, const char *driver, const Device *device, json_object **ret,
                 const char *element, ...) {
        json_object *object = NULL;
        va_list ap;

        va_start(ap, element);
        int r = begin(builder, driver, device->alias, &object, element, ap);
        va_end(ap);
        if (r >= 0 && (r = put_place(builder, object, &device->address)) < 0)
                json_object_put(object);
        if (r < 0)
                return r;
        json_put_some(builder, object, "acpi-index", device->acpi_index);
        json_put_state(builder, object, "iommu_platform", device->virtio.iommu);
        json_put_state(builder, object, "ats", device->virtio.ats);
        json_put_state(builder, object, "packed", device->virtio.packed);
        json_put_state(builder, object, "page-per-vq", device->virtio.page_per_vq);
        *ret = object;
        return 0;
}

/* A refusal is remembered until all are built. */
void device_end(Builder *builder, json_object *device) {
        int r = override_device(builder, device);

        if (r < 0 && builder->failed == 0)
                builder->failed = r;
        argument_json(builder, "device", device);
}

char *virtio_driver(const char *name, const Device *device) {
        const char *bus = device->address.type == ADDRESS_CCW ? "-ccw" :
                          device->address.type == ADDRESS_VIRTIO_MMIO ? "-device" : "-pci";
        char *text;

        return asprintf(&text, "%s%s", name, bus) < 0 ? NULL : text;
}

char *virtio_driver_of_model(const char *name, const char *model, const Device *device) {
        static const char *const suffixes[] = { "-non-transitional", "-transitional" };
        _cleanup_(freep) char *driver = virtio_driver(name, device);
        char *text;

        for (size_t i = 0; model && i < ELEMENTS(suffixes); i++) {
                size_t n = strlen(model), m = strlen(suffixes[i]);

                if (n > m && strcmp(model + n - m, suffixes[i]) == 0)
                        return driver && asprintf(&text, "%s%s", driver, suffixes[i]) >= 0 ? text
                                                                                           : NULL;
        }
        return TAKE(driver);
}

/* ---- threads for block devices ---- */

static const IoThread *find_iothread(const DomainConf *conf, uint32_t id) {
        for (size_t i = 0; i < conf->iothread_ids.n; i++)
                if (conf->iothread_ids.items[i]->id.value == id)
                        return conf->iothread_ids.items[i];
        return NULL;
}

static void put_pool(Builder *builder, json_object *object, MaybeU32 min, MaybeU32 max) {
        if (min.set)
                json_put_number(builder, object, "thread-pool-min", min.value);
        if (max.set)
                json_put_number(builder, object, "thread-pool-max", max.value);
}

static int add_iothread(Builder *builder, uint32_t id, const IoThread *thread) {
        json_object *object;

        if (thread && (thread->pool_min.set || thread->pool_max.set) &&
            !qemu_caps_has(builder->caps, "iothread.thread-pool-max"))
                return unsupported(builder, "iothreadids/iothread: threads of %s have no pool "
                                   "limits", builder->caps->binary);
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", "iothread");
        json_putf(builder, object, "id", "iothread%u", id);
        if (thread) {
                json_put_some(builder, object, "poll-max-ns", thread->poll_max);
                json_put_some(builder, object, "poll-grow", thread->poll_grow);
                json_put_some(builder, object, "poll-shrink", thread->poll_shrink);
                put_pool(builder, object, thread->pool_min, thread->pool_max);
        }
        argument_json(builder, "object", object);
        return 0;
}

/* Those with an id of the user's, and as many more as <iothreads> counts, with the lowest ids that
 * are left. */
static int build_iothreads(Builder *builder) {
        const DomainConf *conf = builder->conf;
        uint32_t total = MAX(conf->iothreads, conf->iothread_ids.n), left, id = 0;
        int r = 0;

        left = total - conf->iothread_ids.n;
        for (size_t i = 0; i < conf->iothread_ids.n && r >= 0; i++)
                r = add_iothread(builder, conf->iothread_ids.items[i]->id.value,
                                 conf->iothread_ids.items[i]);
        while (left > 0 && r >= 0)
                if (!find_iothread(conf, ++id)) {
                        r = add_iothread(builder, id, NULL);
                        left--;
                }
        if (r < 0 || (!conf->default_iothread_min.set && !conf->default_iothread_max.set))
                return r;
        if (!qemu_caps_has_type(builder->caps, "main-loop"))
                return unsupported(builder, "defaultiothread: %s has no 'main-loop'",
                                   builder->caps->binary);
        json_object *object = json_new(builder);
        json_put_text(builder, object, "qom-type", "main-loop");
        json_put_text(builder, object, "id", "main-loop");
        put_pool(builder, object, conf->default_iothread_min, conf->default_iothread_max);
        argument_json(builder, "object", object);
        return 0;
}

/* ---- all of them ---- */

/* Before the controllers: what PCI devices are told of when they are made. */
static const DeviceKindBuild early[] = {
        { DEVICE_IOMMU,      build_iommu },
};

static const DeviceKindBuild kinds[] = {
        { DEVICE_MEMORY,     build_memory_device },
        { DEVICE_HUB,        build_hub },
        { DEVICE_DISK,       build_disk },
        { DEVICE_FILESYSTEM, build_filesystem },
        { DEVICE_NET,        build_net },
        { DEVICE_SMARTCARD,  build_smartcard },
        { DEVICE_SERIAL,     build_serial },
        { DEVICE_PARALLEL,   build_parallel },
        { DEVICE_CHANNEL,    build_channel },
        { DEVICE_CONSOLE,    build_console },
        { DEVICE_TPM,        build_tpm },
        { DEVICE_INPUT,      build_input },
        { DEVICE_GRAPHICS,   build_graphics },
        { DEVICE_SOUND,      build_sound },
        { DEVICE_VIDEO,      build_video },
        { DEVICE_WATCHDOG,   build_watchdog },
        { DEVICE_REDIRDEV,   build_redirdev },
        { DEVICE_HOSTDEV,    build_hostdev },
        { DEVICE_MEMBALLOON, build_balloon },
        { DEVICE_RNG,        build_rng },
        { DEVICE_SHMEM,      build_shmem },
        { DEVICE_CRYPTO,     build_crypto },
        { DEVICE_PANIC,      build_panic },
        { DEVICE_VSOCK,      build_vsock },
};

static int build_kinds(Builder *builder, const DeviceKindBuild *rows, size_t n) {
        DomainConf *conf = (DomainConf *) builder->conf;
        int r;

        for (size_t k = 0; k < n; k++) {
                MapAnyList *list = conf_devices(conf, rows[k].kind);

                for (size_t i = 0; i < list->n; i++) {
                        r = rows[k].build(builder, (const Device *) list->items[i], i);
                        if ((r = error_pass(builder->error, r)) < 0)
                                return r;
                }
        }
        return 0;
}

int build_device(Builder *builder, DeviceKind kind, const Device *device) {
        const MapAnyList *list = conf_devices((DomainConf *) builder->conf, kind);
        size_t row = 0, index = 0;

        while (row < ELEMENTS(kinds) && kinds[row].kind != kind)
                row++;
        if (row == ELEMENTS(kinds))
                return unsupported(builder, "devices/%s can't be made by itself",
                                   device_kinds[kind].name);
        while (index < list->n && (const Device *) list->items[index] != device)
                index++;
        return kinds[row].build(builder, device, index);
}

static int refuse_devices(Builder *builder) {
        const DomainConf *conf = builder->conf;
        const struct {
                bool there;
                const char *name;
        } refused[] = {
                { conf->pstore, "pstore" }, { conf->leases.n, "lease" },
                { conf->nvrams.n && qemu_platform(conf) != PLATFORM_PSERIES, "nvram" },
        };

        for (size_t i = 0; i < ELEMENTS(refused); i++)
                if (refused[i].there)
                        return unsupported(builder, "devices/%s is not supported for this guest",
                                           refused[i].name);
        return 0;
}

static int build_vmcoreinfo(Builder *builder) {
        const DomainFeatures *features = &builder->conf->features;
        json_object *object;
        int r;

        if (features->vmcoreinfo == TRISTATE_NO ||
            (features->vmcoreinfo == TRISTATE_UNSET && !features->given.vmcoreinfo))
                return 0;
        if ((r = device_begin_bare(builder, "vmcoreinfo", NULL, &object,
                                   "features/vmcoreinfo")) >= 0)
                device_end(builder, object);
        return r;
}

static int build_early(Builder *builder) {
        return build_kinds(builder, early, ELEMENTS(early));
}

static int build_most(Builder *builder) {
        return build_kinds(builder, kinds, ELEMENTS(kinds));
}

int build_devices(Builder *builder) {
        static int (*const steps[])(Builder *builder) = {
                refuse_devices, build_iothreads, build_early, build_controllers, build_audio,
                build_most, build_vmcoreinfo,
        };
        int r;

        for (size_t i = 0; i < ELEMENTS(steps); i++)
                if ((r = error_pass(builder->error, steps[i](builder))) < 0)
                        return r;
        for (size_t i = 0; i < builder->conf->nvrams.n; i++)
                argument(builder, "global", "spapr-nvram.reg=%s",
                         builder->conf->nvrams.items[i]->device.address.reg ?: "0x3000");
        return builder->failed;
}
