/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host in the guest: PCI functions, mediated devices, USB devices, SCSI units and
 * targets. */
#include "drivers/qemu/block.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/hostdev.h"

static int refuse(Builder *builder, const DomainHostdev *hostdev, const char *what) {
        return unsupported(builder, "devices/hostdev type '%s': %s",
                           map_enum_name(hostdev_types, hostdev->type) ?: "", what);
}

/* ---- PCI ---- */

typedef struct Rom {
        const char *file;
        Tristate bar, enabled;
} Rom;

static void put_rom(Builder *builder, const Rom *rom, json_object *object) {
        if (rom->enabled == TRISTATE_NO) {
                json_put_number(builder, object, "rombar", 0);
                json_put_text(builder, object, "romfile", "");
                return;
        }
        if (rom->bar != TRISTATE_UNSET)
                json_put_number(builder, object, "rombar", rom->bar == TRISTATE_YES);
        json_put_text(builder, object, "romfile", rom->file);
}

static int add_vfio(Builder *builder, DeviceKind kind, const Device *device,
                    const HostAddress *source, const char *paired, const Rom *rom) {
        _cleanup_(freep) char *host = qemu_pci_name(source);
        json_object *object = NULL;
        int r;

        if (device->address.type == ADDRESS_UNASSIGNED)
                return 0; /* taken from the host, and given to nobody */
        r = device_begin(builder, "vfio-pci", device, &object, "devices/hostdev type 'pci'");
        if (r < 0)
                return r;
        json_put_text(builder, object, "host", host);
        json_put_some(builder, object, "bootindex", boot_index(builder, kind, device));
        json_put_text(builder, object, "failover_pair_id", paired);
        put_rom(builder, rom, object);
        device_end(builder, object);
        return 0;
}

static const char *pair_of(const char *teaming, const char *persistent) {
        return text_is(teaming, "transient") ? persistent : NULL;
}

static int pci(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        const Rom rom = { hostdev->rom_file, hostdev->rom_bar, hostdev->rom_enabled };

        if (hostdev->driver && !text_is(hostdev->driver, "vfio"))
                return refuse(builder, hostdev, "its driver/@name is not 'vfio'");
        return add_vfio(builder, DEVICE_HOSTDEV, &hostdev->device, &hostdev->source,
                        pair_of(hostdev->teaming_type, hostdev->teaming_persistent), &rom);
}

int build_hostdev_net(Builder *builder, const DomainNet *net) {
        const Rom rom = { net->rom_file, net->rom_bar, net->rom_enabled };

        if (net->driver_name && !text_is(net->driver_name, "vfio"))
                return unsupported(builder,
                                   "devices/interface type 'hostdev': its driver/@name is not "
                                   "'vfio'");
        return add_vfio(builder, DEVICE_NET, &net->device, &net->source_pci,
                        pair_of(net->teaming_type, net->teaming_persistent), &rom);
}

/* ---- mediated devices ---- */

static const char *mdev_driver(const DomainHostdev *hostdev) {
        if (!text_is(hostdev->model, "vfio-pci"))
                return hostdev->model;
        /* a boot display is made with the device, and so must the device be with the machine */
        return hostdev->ramfb == TRISTATE_YES ? "vfio-pci-nohotplug" : "vfio-pci";
}

static int mdev(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        json_object *object = NULL;
        int r;

        if (hostdev->device.address.type == ADDRESS_UNASSIGNED)
                return 0;
        r = device_begin(builder, mdev_driver(hostdev), &hostdev->device, &object,
                         "devices/hostdev type 'mdev' model '%s'", hostdev->model ?: "");
        if (r < 0)
                return r;
        json_putf(builder, object, "sysfsdev", "/sys/bus/mdev/devices/%s",
                  hostdev->source.uuid ?: "");
        if (hostdev->display != TRISTATE_UNSET)
                json_put_text(builder, object, "display",
                              hostdev->display == TRISTATE_YES ? "on" : "off");
        if (hostdev->ramfb == TRISTATE_YES)
                json_put_bool(builder, object, "ramfb", true);
        json_put_some(builder, object, "bootindex",
                      boot_index(builder, DEVICE_HOSTDEV, &hostdev->device));
        device_end(builder, object);
        return 0;
}

/* ---- USB ---- */

static void put_guest_reset(Builder *builder, const DomainHostdev *hostdev, json_object *object) {
        const char *reset = hostdev->guest_reset;

        if (!reset)
                return;
        json_put_bool(builder, object, "guest-reset", !text_is(reset, "off"));
        json_put_bool(builder, object, "guest-resets-all", text_is(reset, "on"));
}

static int usb(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        json_object *object = NULL;
        int r = device_begin(builder, "usb-host", &hostdev->device, &object,
                             "devices/hostdev type 'usb'");

        if (r < 0)
                return r;
        if (hostdev->has_address)
                json_putf(builder, object, "hostdevice", "/dev/bus/usb/%03u/%03u",
                          hostdev->source.bus, hostdev->source.device);
        else {
                json_put_number(builder, object, "vendorid", hostdev->vendor.value);
                json_put_number(builder, object, "productid", hostdev->product.value);
        }
        put_guest_reset(builder, hostdev, object);
        json_put_some(builder, object, "bootindex",
                      boot_index(builder, DEVICE_HOSTDEV, &hostdev->device));
        device_end(builder, object);
        return 0;
}

/* ---- SCSI ---- */

static int put_scsi_source(Builder *builder, const DomainHostdev *hostdev, size_t index,
                           json_object *node) {
        const char *const *found = builder->places->hostdevs;
        char secret[96];

        if (!hostdev->protocol) {
                if (!found || !found[index])
                        return refuse(builder, hostdev, "the host's unit was not looked for");
                json_put_text(builder, node, "driver", "host_device");
                json_put_text(builder, node, "filename", found[index]);
                return 0;
        }
        if (!text_is(hostdev->protocol, "iscsi") || hostdev->hosts.n != 1)
                return refuse(builder, hostdev, "the protocol is 'iscsi', with one <host>");

        const BlockIscsi iscsi = {
                .name = hostdev->source_name,
                .host = hostdev->hosts.items[0],
                .login = hostdev->auth,
                .initiator = hostdev->initiator,
        };
        (void) snprintf(secret, sizeof(secret), "%s-auth-secret0", hostdev->device.alias);
        return block_put_iscsi(builder, &iscsi, secret, node);
}

static int add_scsi_node(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        json_object *node = json_new(builder);
        int r = put_scsi_source(builder, hostdev, index, node);

        if (r < 0) {
                json_object_put(node);
                return r;
        }
        json_putf(builder, node, "node-name", "libvirt-%s-backend", hostdev->device.alias);
        json_put_bool(builder, node, "read-only", hostdev->readonly);
        argument_json(builder, "blockdev", node);
        return 0;
}

static int scsi(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        json_object *object = NULL;
        int r = add_scsi_node(builder, hostdev, index);

        if (r >= 0)
                r = device_begin(builder, "scsi-generic", &hostdev->device, &object,
                                 "devices/hostdev type 'scsi'");
        if (r < 0)
                return r;
        r = put_scsi_place(builder, &hostdev->device.address, object, "devices/hostdev");
        if (r < 0) {
                json_object_put(object);
                return r;
        }
        if (hostdev->shareable)
                json_put_bool(builder, object, "share-rw", true);
        json_putf(builder, object, "drive", "libvirt-%s-backend", hostdev->device.alias);
        json_put_some(builder, object, "bootindex",
                      boot_index(builder, DEVICE_HOSTDEV, &hostdev->device));
        device_end(builder, object);
        return 0;
}

static int scsi_host(Builder *builder, const DomainHostdev *hostdev, size_t index) {
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("vhost-scsi", hostdev->model, &hostdev->device);
        json_object *object = NULL;
        int r;

        if (!text_is(hostdev->protocol, "vhost"))
                return refuse(builder, hostdev, "its protocol is not 'vhost'");
        r = device_begin(builder, driver, &hostdev->device, &object,
                         "devices/hostdev type 'scsi_host'");
        if (r < 0)
                return r;
        json_put_text(builder, object, "wwpn", hostdev->wwpn);
        device_end(builder, object);
        return 0;
}

/* ---- all of them; NULL: of containers ---- */

static int (*const types[])(Builder *builder, const DomainHostdev *hostdev, size_t index) = {
        [HOSTDEV_USB] = usb,
        [HOSTDEV_PCI] = pci,
        [HOSTDEV_SCSI] = scsi,
        [HOSTDEV_SCSI_HOST] = scsi_host,
        [HOSTDEV_MDEV] = mdev,
        [HOSTDEV_STORAGE] = NULL,
        [HOSTDEV_MISC] = NULL,
        [HOSTDEV_NET] = NULL,
};

int build_hostdev(Builder *builder, const Device *device, size_t index) {
        const DomainHostdev *hostdev = (const DomainHostdev *) device;

        if (hostdev->mode != HOSTDEV_SUBSYSTEM || (size_t) hostdev->type >= ELEMENTS(types) ||
            !types[hostdev->type])
                return refuse(builder, hostdev, "that is a matter of containers");
        return types[hostdev->type](builder, hostdev, index);
}
