/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places on the simpler buses: drives by the names of their targets, ports of virtio-serial, and
 * the numbers of channel devices on s390. */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- drives ---- */

/* How many drives a controller and each of its buses takes; unit 7 of SCSI is the controller
 * itself. */
static const struct {
        DiskBus bus;
        unsigned on_controller, on_bus;
        bool wide;
} drive_buses[] = {
        { DISK_BUS_IDE, 4, 2, false },
        { DISK_BUS_FDC, 2, 2, false },
        { DISK_BUS_SATA, 6, 6, false },
        { DISK_BUS_SCSI, 15, 15, true },
};

static int assign_drive(DomainDisk *disk, Error *error) {
        DeviceAddress *at = &disk->device.address;
        int index = qemu_disk_index(disk->target);

        for (size_t i = 0; i < ELEMENTS(drive_buses); i++) {
                if (disk->bus != drive_buses[i].bus || at->type != ADDRESS_NONE)
                        continue;
                if (index < 0)
                        return fail(error, ERROR_XML, "disk target '%s' says no place on bus '%s'",
                                    disk->target, map_enum_name(disk_buses, disk->bus));
                at->type = ADDRESS_DRIVE;
                at->controller = index / drive_buses[i].on_controller;
                at->bus = index % drive_buses[i].on_controller / drive_buses[i].on_bus;
                at->unit = index % drive_buses[i].on_bus;
                if (drive_buses[i].wide && at->unit >= 7)
                        at->unit++;
        }
        return 0;
}

static int check_drives(const DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->disks.n; i++)
                for (size_t j = 0; j < i; j++) {
                        const DomainDisk *one = conf->disks.items[j], *other = conf->disks.items[i];
                        const DeviceAddress *a = &one->device.address, *b = &other->device.address;

                        if (a->type == ADDRESS_DRIVE && b->type == ADDRESS_DRIVE &&
                            one->bus == other->bus && a->controller == b->controller &&
                            a->bus == b->bus && a->target == b->target && a->unit == b->unit)
                                return fail(error, ERROR_XML,
                                            "disks '%s' and '%s' have the same address: "
                                            "controller %u bus %u target %u unit %u",
                                            one->target, other->target, a->controller, a->bus,
                                            a->target, a->unit);
                }
        return 0;
}

int qemu_assign_drives(DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                int r = assign_drive(conf->disks.items[i], error);

                if (r < 0)
                        return r;
        }
        return check_drives(conf, error);
}

/* ---- virtio-serial ---- */

enum { PORTS_DEFAULT = 31, PORTS_MAX = 512 };

static const DomainChar *port_owner(const DomainConf *conf, uint32_t controller, unsigned port) {
        for (size_t i = 0; i < conf->channels.n; i++) {
                const DomainChar *chr = conf->channels.items[i];
                const DeviceAddress *at = &chr->device.address;

                if (at->type == ADDRESS_VIRTIO_SERIAL && at->controller == controller && at->port &&
                    strtoul(at->port, NULL, 10) == port)
                        return chr;
        }
        return NULL;
}

static bool port_is_open(const DeviceAddress *at) {
        return at->type != ADDRESS_VIRTIO_SERIAL || !at->port || strtoul(at->port, NULL, 10) == 0;
}

static int take_port(DeviceAddress *at, uint32_t controller, unsigned port, Error *error) {
        char *text;

        if (asprintf(&text, "%u", port) < 0)
                return fail_memory(error);
        free(at->port);
        at->port = text;
        at->type = ADDRESS_VIRTIO_SERIAL;
        at->controller = controller;
        at->bus = 0;
        return 0;
}

/* Port 0 is for consoles. */
static int assign_port(DomainConf *conf, DomainChar *chr, Error *error) {
        DeviceAddress *at = &chr->device.address;
        bool chosen = at->type == ADDRESS_VIRTIO_SERIAL;

        for (uint32_t index = chosen ? at->controller : 0; index < 256; index++) {
                DomainController *controller =
                        qemu_find_controller(conf, CONTROLLER_VIRTIO_SERIAL, index);

                if (!controller && !(controller = qemu_add_controller(
                                             conf, CONTROLLER_VIRTIO_SERIAL, index, NULL)))
                        return fail_memory(error);
                unsigned ports = MIN(controller->ports ?: PORTS_DEFAULT, (unsigned) PORTS_MAX);
                for (unsigned port = 1; port < ports; port++)
                        if (!port_owner(conf, index, port))
                                return take_port(at, index, port, error);
                if (chosen)
                        break;
        }
        return fail(error, ERROR_XML, "Unable to find a free virtio-serial port");
}

/* Consoles without a place are left to QEMU, which gives the first of them port 0. */
int qemu_assign_virtio_serial(DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->channels.n; i++) {
                DomainChar *chr = conf->channels.items[i];
                const DeviceAddress *at = &chr->device.address;

                if (!qemu_char_is_virtio(DEVICE_CHANNEL, chr) ||
                    (at->type != ADDRESS_NONE && at->type != ADDRESS_VIRTIO_SERIAL))
                        continue;
                if (!port_is_open(at)) {
                        if (port_owner(conf, at->controller, strtoul(at->port, NULL, 10)) != chr)
                                return fail(error, ERROR_XML,
                                            "virtio serial port %s on controller %u is "
                                            "already occupied",
                                            at->port, at->controller);
                        continue;
                }
                int r = assign_port(conf, chr, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- s390 ---- */

enum { CSSID_VIRTIO = 0xfe, DEVNO_LAST = 0xffff };

static bool is_ccw(DeviceKind kind, const Device *device) {
        if (kind == DEVICE_DISK)
                return ((const DomainDisk *) device)->bus == DISK_BUS_VIRTIO;
        if (kind == DEVICE_NET)
                return text_starts(((const DomainNet *) device)->model, "virtio");
        if (kind == DEVICE_CONTROLLER)
                return ((const DomainController *) device)->type == CONTROLLER_VIRTIO_SERIAL ||
                       text_starts(((const DomainController *) device)->model, "virtio");
        if (kind == DEVICE_MEMBALLOON)
                return text_starts(((const DomainMemballoon *) device)->model, "virtio");
        if (kind == DEVICE_INPUT)
                return text_is(((const DomainInput *) device)->bus, "virtio");
        if (kind == DEVICE_VIDEO)
                return text_is(((const DomainVideo *) device)->model, "virtio");
        if (kind == DEVICE_HOSTDEV)
                return ((const DomainHostdev *) device)->type == HOSTDEV_SCSI_HOST ||
                       text_is(((const DomainHostdev *) device)->model, "vfio-ccw");
        return kind == DEVICE_RNG || kind == DEVICE_FILESYSTEM || kind == DEVICE_VSOCK ||
               kind == DEVICE_CRYPTO;
}

static int find_devno(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        const DeviceAddress *at = &device->address;

        return at->type == ADDRESS_CCW && at->ssid == 0 && at->devno == *(uint32_t *) userdata;
}

static int assign_devno(DomainConf *conf, DeviceKind kind, Error *error) {
        MapAnyList *list = conf_devices(conf, kind);
        uint32_t devno = 0;

        for (size_t i = 0; i < list->n; i++) {
                Device *device = (Device *) list->items[i];

                if (device->address.type != ADDRESS_NONE || !is_ccw(kind, device))
                        continue;
                while (conf_visit_devices(conf, find_devno, &devno) != 0)
                        if (++devno > DEVNO_LAST)
                                return fail(error, ERROR_INTERNAL,
                                            "There are no more free CCW devnos.");
                device->address.type = ADDRESS_CCW;
                device->address.cssid = CSSID_VIRTIO;
                device->address.ssid = 0;
                device->address.devno = devno;
        }
        return 0;
}

int qemu_assign_ccw(DomainConf *conf, Error *error) {
        static const DeviceKind order[] = {
                DEVICE_DISK,  DEVICE_NET,        DEVICE_HOSTDEV, DEVICE_CONTROLLER, DEVICE_INPUT,
                DEVICE_VIDEO, DEVICE_MEMBALLOON, DEVICE_RNG,     DEVICE_FILESYSTEM, DEVICE_VSOCK,
                DEVICE_CRYPTO,
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(order) && r >= 0; i++)
                r = assign_devno(conf, order[i], error);
        return r;
}

/* ---- pseries: virtual I/O ---- */

/* Each kind has a range of its own, and takes the first register in it that nobody has. */
static bool spapr_register(DeviceKind kind, const Device *device, uint32_t *ret) {
        const char *model = kind == DEVICE_NET ? ((const DomainNet *) device)->model :
                            kind == DEVICE_CONTROLLER ? ((const DomainController *) device)->model :
                            kind == DEVICE_SERIAL ? ((const DomainChar *) device)->target_type :
                            kind == DEVICE_TPM ? ((const DomainTpm *) device)->model :
                            kind == DEVICE_NVRAM ? "nvram" : NULL;
        static const struct {
                const char *model;
                uint32_t first;
        } ranges[] = {
                { "spapr-vlan", 0x1000 }, { "ibmvscsi", 0x2000 }, { "nvram", 0x3000 },
                { "tpm-spapr", 0x4000 },  { "spapr-vio-serial", 0x30000000 },
        };

        for (size_t i = 0; i < ELEMENTS(ranges); i++)
                if (text_is(model, ranges[i].model)) {
                        *ret = ranges[i].first;
                        return true;
                }
        return false;
}

static int find_register(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        const DeviceAddress *at = &device->address;

        return at->type == ADDRESS_SPAPR_VIO && at->reg &&
               strtoul(at->reg, NULL, 0) == *(uint32_t *) userdata;
}

static int assign_register(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        DeviceAddress *at = &device->address;
        uint32_t number;

        if ((at->type != ADDRESS_NONE && at->type != ADDRESS_SPAPR_VIO) ||
            !spapr_register(kind, device, &number))
                return 0;
        if (at->reg)
                number = strtoul(at->reg, NULL, 0);
        else
                while (conf_visit_devices(conf, find_register, &number) != 0)
                        number += 0x1000;
        at->type = ADDRESS_SPAPR_VIO;
        free(TAKE(at->reg));
        return asprintf(&at->reg, "0x%08x", number) < 0 ? -ENOMEM : 0;
}

int qemu_assign_spapr(DomainConf *conf, Error *error) {
        return conf_visit_devices(conf, assign_register, NULL) < 0 ? fail_memory(error) : 0;
}
