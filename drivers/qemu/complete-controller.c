/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers that nobody wrote down: those every machine has, and those that devices hang on. */
#include "drivers/qemu/command-private.h"

#include <errno.h>

DomainController *qemu_add_controller(DomainConf *conf, ControllerType type, uint32_t index,
                                      const char *model) {
        DomainController *controller = conf_add_device(conf, DEVICE_CONTROLLER);

        if (!controller)
                return NULL;
        controller->type = type;
        controller->index = (MaybeU32) { true, index };
        return model && text_set(&controller->model, model) < 0 ? NULL : controller;
}

static int need(DomainConf *conf, ControllerType type, uint32_t index, const char *model) {
        if (qemu_find_controller(conf, type, index))
                return 0;
        return qemu_add_controller(conf, type, index, model) ? 0 : -ENOMEM;
}

/* ---- of the machine ---- */

static const char *machine_usb(const DomainConf *conf, const QemuCaps *caps) {
        const char *model = qemu_platform_info(conf)->usb;

        if (qemu_platform(conf) != PLATFORM_Q35 || qemu_caps_has_type(caps, "qemu-xhci"))
                return model;
        return qemu_caps_has_type(caps, "nec-usb-xhci") ? "nec-xhci" : NULL;
}

static int complete_machine(DomainConf *conf, const QemuCaps *caps) {
        const PlatformInfo *info = qemu_platform_info(conf);
        const char *usb = machine_usb(conf, caps);
        int r = 0;

        if (usb)
                r = need(conf, CONTROLLER_USB, 0, usb);
        if (r >= 0 && info->sata)
                r = need(conf, CONTROLLER_SATA, 0, NULL);
        if (r >= 0 && info->pci_root && (qemu_platform(conf) != PLATFORM_VIRT ||
                                         qemu_caps_has_type(caps, "gpex-pcihost")))
                r = need(conf, CONTROLLER_PCI, 0, info->pci_root);
        if (r >= 0 && qemu_platform(conf) == PLATFORM_S390 && qemu_caps_has_type(caps, "zpci"))
                r = need(conf, CONTROLLER_PCI, 0, "pci-root");
        return r;
}

/* ---- for devices ---- */

static const struct {
        DiskBus bus;
        ControllerType type;
} disk_controllers[] = {
        { DISK_BUS_SCSI, CONTROLLER_SCSI },
        { DISK_BUS_FDC, CONTROLLER_FDC },
        { DISK_BUS_IDE, CONTROLLER_IDE },
        { DISK_BUS_SATA, CONTROLLER_SATA },
};

enum { CONTROLLERS_MAX = 256 }; /* of a type, that an address may ask for */

static int complete_disks(DomainConf *conf, Error *error) {
        for (size_t k = 0; k < ELEMENTS(disk_controllers); k++)
                for (size_t i = 0; i < conf->disks.n; i++) {
                        const DomainDisk *disk = conf->disks.items[i];
                        const DeviceAddress *at = &disk->device.address;

                        if (disk->bus != disk_controllers[k].bus || at->type != ADDRESS_DRIVE)
                                continue;
                        if (at->controller >= CONTROLLERS_MAX)
                                return fail(error, ERROR_XML,
                                            "disk '%s': no controller %u, at most %d", disk->target,
                                            at->controller, CONTROLLERS_MAX - 1);
                        for (uint32_t index = 0; index <= at->controller; index++)
                                if (need(conf, disk_controllers[k].type, index, NULL) < 0)
                                        return fail_memory(error);
                }
        return 0;
}

static int complete_ports(DomainConf *conf, DeviceKind kind) {
        const MapAnyList *list = conf_devices(conf, kind);

        for (size_t i = 0; i < list->n; i++) {
                const DomainChar *chr = (const DomainChar *) list->items[i];
                const DeviceAddress *at = &chr->device.address;
                uint32_t index = at->type == ADDRESS_VIRTIO_SERIAL ? at->controller : 0;

                if (qemu_char_is_virtio(kind, chr) && index < CONTROLLERS_MAX &&
                    need(conf, CONTROLLER_VIRTIO_SERIAL, index, NULL) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int need_all(DomainConf *conf, ControllerType type, uint32_t last) {
        for (uint32_t index = 0; index <= MIN(last, CONTROLLERS_MAX - 1u); index++)
                if (need(conf, type, index, NULL) < 0)
                        return -ENOMEM;
        return 0;
}

static int complete_given(DomainConf *conf) {
        for (size_t i = 0; i < conf->hostdevs.n; i++)
                if (conf->hostdevs.items[i]->type == HOSTDEV_SCSI &&
                    need_all(conf, CONTROLLER_SCSI,
                             conf->hostdevs.items[i]->device.address.controller) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < conf->smartcards.n; i++) {
                const DeviceAddress *at = &conf->smartcards.items[i]->port.device.address;

                if (need(conf, CONTROLLER_CCID, MIN(at->controller, CONTROLLERS_MAX - 1u), NULL) <
                    0)
                        return -ENOMEM;
        }
        return 0;
}

/* ---- models ---- */

/* A companion of EHCI serves a third of its ports. */
static void complete_companion(DomainController *controller) {
        static const struct {
                const char *model;
                uint32_t port;
        } companions[] = { { "ich9-uhci1", 0 }, { "ich9-uhci2", 2 }, { "ich9-uhci3", 4 } };

        for (size_t i = 0; i < ELEMENTS(companions); i++)
                if (text_is(controller->model, companions[i].model) &&
                    !controller->master_startport.set)
                        controller->master_startport = (MaybeU32) { true, companions[i].port };
}

static bool has_ehci(const DomainConf *conf, uint32_t index) {
        const DomainController *master = qemu_find_usb_master(conf, index);

        return master && text_is(master->model, "ich9-ehci1");
}

static int complete_models(DomainConf *conf) {
        const PlatformInfo *info = qemu_platform_info(conf);
        int r = 0;

        for (size_t i = 0; i < conf->controllers.n && r >= 0; i++) {
                DomainController *controller = conf->controllers.items[i];

                if (text_is(controller->model, "auto"))
                        free(TAKE(controller->model));
                if (controller->type == CONTROLLER_USB)
                        r = text_default(&controller->model, info->default_usb);
                else if (controller->type == CONTROLLER_SCSI)
                        r = text_default(&controller->model, info->scsi);
                if (controller->type == CONTROLLER_USB && has_ehci(conf, controller->index.value))
                        complete_companion(controller);
        }
        return r;
}

int qemu_complete_controllers(DomainConf *conf, const QemuCaps *caps, Error *error) {
        int r;

        if (complete_machine(conf, caps) < 0)
                return fail_memory(error);
        if ((r = complete_disks(conf, error)) < 0)
                return r;
        if (complete_ports(conf, DEVICE_CHANNEL) < 0 || complete_ports(conf, DEVICE_CONSOLE) < 0 ||
            complete_given(conf) < 0 || complete_models(conf) < 0)
                return fail_memory(error);
        return 0;
}
