/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers: those of PCI first and from the root outwards, then what hangs on them. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* The QEMU device of a model; NULL in driver: part of the machine, nothing to add. */
typedef struct Model {
        ControllerType type;
        const char *model, *driver;
        bool built_in;
} Model;

static const Model models[] = {
        { CONTROLLER_USB, "piix3-uhci",     "piix3-usb-uhci" },
        { CONTROLLER_USB, "piix4-uhci",     "piix4-usb-uhci" },
        { CONTROLLER_USB, "ehci",           "usb-ehci" },
        { CONTROLLER_USB, "ich9-ehci1",     "ich9-usb-ehci1" },
        { CONTROLLER_USB, "ich9-uhci1",     "ich9-usb-uhci1" },
        { CONTROLLER_USB, "ich9-uhci2",     "ich9-usb-uhci2" },
        { CONTROLLER_USB, "ich9-uhci3",     "ich9-usb-uhci3" },
        { CONTROLLER_USB, "vt82c686b-uhci", "vt82c686b-usb-uhci" },
        { CONTROLLER_USB, "pci-ohci",       "pci-ohci" },
        { CONTROLLER_USB, "nec-xhci",       "nec-usb-xhci" },
        { CONTROLLER_USB, "qemu-xhci",      "qemu-xhci" },
        { CONTROLLER_USB, "none",           NULL, true },
        { CONTROLLER_SCSI, "lsilogic",      "lsi53c895a" },
        { CONTROLLER_SCSI, "lsisas1068",    "mptsas1068" },
        { CONTROLLER_SCSI, "lsisas1078",    "megasas" },
        { CONTROLLER_SCSI, "vmpvscsi",      "pvscsi" },
        { CONTROLLER_SCSI, "am53c974",      "am53c974" },
        { CONTROLLER_SCSI, "dc390",         "dc-390" },
        { CONTROLLER_SCSI, "ibmvscsi",      "spapr-vscsi" },
        { CONTROLLER_SCSI, "virtio-scsi",   "virtio-scsi" },
        { CONTROLLER_SCSI, "virtio-transitional", "virtio-scsi" },
        { CONTROLLER_SCSI, "virtio-non-transitional", "virtio-scsi" },
        { CONTROLLER_PCI, "pci-root",               NULL, true },
        { CONTROLLER_PCI, "pcie-root",              NULL, true },
        { CONTROLLER_PCI, "pci-bridge",             "pci-bridge" },
        { CONTROLLER_PCI, "dmi-to-pci-bridge",      "i82801b11-bridge" },
        { CONTROLLER_PCI, "pcie-to-pci-bridge",     "pcie-pci-bridge" },
        { CONTROLLER_PCI, "pcie-root-port",         "pcie-root-port" },
        { CONTROLLER_PCI, "pcie-switch-upstream-port", "x3130-upstream" },
        { CONTROLLER_PCI, "pcie-switch-downstream-port", "xio3130-downstream" },
        { CONTROLLER_PCI, "pci-expander-bus",       "pxb" },
        { CONTROLLER_PCI, "pcie-expander-bus",      "pxb-pcie" },
};

static const Model *find_model(const DomainController *controller) {
        for (size_t i = 0; i < ELEMENTS(models); i++)
                if (models[i].type == controller->type &&
                    text_is(models[i].model, controller->model))
                        return &models[i];
        return NULL;
}

static int refuse_model(Builder *builder, const DomainController *controller) {
        return unsupported(
                builder,
                "devices/controller[@type='%s']: model '%s' is not supported for QEMU guests",
                map_enum_name(controller_types, controller->type) ?: "", controller->model ?: "");
}

static int begin_controller(Builder *builder, const DomainController *controller,
                            const char *driver, json_object **ret) {
        return device_begin(builder, driver, &controller->device, ret,
                            "devices/controller type '%s' model '%s'",
                            map_enum_name(controller_types, controller->type) ?: "",
                            controller->model ?: "default");
}

/* ---- pci ---- */

static int build_pci(Builder *builder, const DomainController *controller) {
        const Model *model = find_model(controller);
        json_object *object;
        int r;

        if (!model)
                return refuse_model(builder, controller);
        if (model->built_in)
                return 0;
        r = begin_controller(builder, controller,
                             text_is(controller->model_name, "ioh3420") ? "ioh3420" : model->driver,
                             &object);
        if (r < 0)
                return r;
        if (controller->chassis_nr.set)
                json_put_number(builder, object, "chassis_nr", controller->chassis_nr.value);
        if (controller->port.set)
                json_put_number(builder, object, "port", controller->port.value);
        if (controller->chassis.set)
                json_put_number(builder, object, "chassis", controller->chassis.value);
        if (controller->bus_nr.set)
                json_put_number(builder, object, "bus_nr", controller->bus_nr.value);
        if (controller->node.set)
                json_put_number(builder, object, "numa_node", controller->node.value);
        if (text_is(controller->model, "pcie-root-port") ||
            text_is(controller->model, "pcie-switch-downstream-port"))
                json_put_state(builder, object, "hotplug", controller->hotplug);
        device_end(builder, object);
        return 0;
}

/* A controller after the one it sits on. */
static int build_pci_after(Builder *builder, const DomainController *controller, uint64_t *done,
                           unsigned depth) {
        uint32_t index = controller->index.value, bus = controller->device.address.bus;
        const DomainController *parent = qemu_find_controller(builder->conf, CONTROLLER_PCI, bus);
        int r;

        if (index >= 256 || depth > 256)
                return unsupported(
                        builder,
                        "devices/controller[@type='pci']: the addresses of buses form a ring");
        if (done[index / 64] & BIT(index % 64))
                return 0;
        if (index != 0 && parent && parent != controller &&
            (r = build_pci_after(builder, parent, done, depth + 1)) < 0)
                return r;
        done[index / 64] |= BIT(index % 64);
        return build_pci(builder, controller);
}

/* ---- usb ---- */

static int build_usb(Builder *builder, const DomainController *controller) {
        const Model *model = find_model(controller);
        json_object *object;
        int r;

        if (!model)
                return refuse_model(builder, controller);
        if (model->built_in)
                return 0;
        if ((r = begin_controller(builder, controller, model->driver, &object)) < 0)
                return r;
        if (controller->ports) {
                json_put_number(builder, object, "p2", controller->ports);
                json_put_number(builder, object, "p3", controller->ports);
        }
        if (controller->master_startport.set) {
                const DomainController *master =
                        qemu_find_usb_master(builder->conf, controller->index.value);

                if (!master || !master->device.alias) {
                        json_object_put(object);
                        return unsupported(
                                builder,
                                "devices/controller[@type='usb']: companion without a master");
                }
                json_object_object_del(object, "id");
                json_putf(builder, object, "masterbus", "%s.0", master->device.alias);
                json_put_number(builder, object, "firstport", controller->master_startport.value);
        }
        device_end(builder, object);
        return 0;
}

/* ---- the others ---- */

static void put_queues(Builder *builder, json_object *object, const DomainController *controller) {
        json_put_some(builder, object, "num_queues", controller->queues);
        json_put_some(builder, object, "cmd_per_lun", controller->cmd_per_lun);
        json_put_some(builder, object, "max_sectors", controller->max_sectors);
        json_put_state(builder, object, "ioeventfd", controller->ioeventfd);
        if (controller->iothread)
                json_putf(builder, object, "iothread", "iothread%u", controller->iothread);
}

static int build_scsi(Builder *builder, const DomainController *controller) {
        const Model *model = find_model(controller);
        _cleanup_(freep) char *virtio = NULL;
        json_object *object;
        int r;

        if (!model)
                return refuse_model(builder, controller);
        if (text_is(model->driver, "virtio-scsi") &&
            !(virtio = virtio_driver_of_model("virtio-scsi", controller->model,
                                              &controller->device)))
                return fail_memory(builder->error);
        if ((r = begin_controller(builder, controller, virtio ?: model->driver, &object)) < 0)
                return r;
        if (virtio)
                put_queues(builder, object, controller);
        device_end(builder, object);
        return 0;
}

static int build_virtio_serial(Builder *builder, const DomainController *controller) {
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("virtio-serial", controller->model, &controller->device);
        json_object *object;
        int r = begin_controller(builder, controller, driver, &object);

        if (r < 0)
                return r;
        json_put_some(builder, object, "max_ports", controller->ports);
        json_put_some(builder, object, "vectors", controller->vectors);
        device_end(builder, object);
        return 0;
}

static int build_simple(Builder *builder, const DomainController *controller, const char *driver) {
        json_object *object;
        int r = begin_controller(builder, controller, driver, &object);

        if (r >= 0)
                device_end(builder, object);
        return r;
}

/* Has no name of its own: floppies find it by themselves. */
static int build_floppies(Builder *builder) {
        json_object *device = NULL;
        int r = device_begin_bare(builder, "isa-fdc", NULL, &device, "devices/controller 'fdc'");

        if (r >= 0)
                device_end(builder, device);
        return r;
}

static int build_controller(Builder *builder, const DomainController *controller) {
        Platform platform = qemu_platform(builder->conf);
        bool first = controller->index.value == 0;

        switch (controller->type) {
        case CONTROLLER_PCI:
                return 0;
        case CONTROLLER_USB:
                return build_usb(builder, controller);
        case CONTROLLER_SCSI:
                return build_scsi(builder, controller);
        case CONTROLLER_SATA:
                return first && platform == PLATFORM_Q35
                               ? 0
                               : build_simple(builder, controller, "ich9-ahci");
        case CONTROLLER_VIRTIO_SERIAL:
                return build_virtio_serial(builder, controller);
        case CONTROLLER_CCID:
                return build_simple(builder, controller, "usb-ccid");
        case CONTROLLER_IDE:
                if (first && (platform == PLATFORM_I440FX || platform == PLATFORM_ISAPC))
                        return 0;
                return unsupported(
                        builder,
                        "devices/controller[@type='ide']: machine '%s' has %s IDE controller",
                        builder->machine->name, first ? "no" : "no second");
        case CONTROLLER_FDC:
                return first && platform == PLATFORM_Q35
                               ? build_floppies(builder)
                               : 0;
        case CONTROLLER_XENBUS: case CONTROLLER_ISA: case CONTROLLER_NVME:
                return refuse_model(builder, controller);
        }
        return 0;
}

static int build_sorted(Builder *builder, DomainController *const *sorted) {
        uint64_t done[4] = {};
        int r;

        for (size_t i = 0; sorted[i]; i++)
                if (sorted[i]->type == CONTROLLER_PCI &&
                    (r = build_pci_after(builder, sorted[i], done, 0)) < 0)
                        return r;
        /* A companion names its master, which must be there before. */
        for (int companions = 0; companions < 2; companions++)
                for (size_t i = 0; sorted[i]; i++)
                        if (sorted[i]->master_startport.set == companions &&
                            (r = build_controller(builder, sorted[i])) < 0)
                                return r;
        return 0;
}

int build_controllers(Builder *builder) {
        _cleanup_(freep) DomainController **sorted = qemu_sorted_controllers(builder->conf);

        return sorted ? build_sorted(builder, sorted) : fail_memory(builder->error);
}
