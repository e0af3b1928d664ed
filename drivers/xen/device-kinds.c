/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices come and go while a guest of Xen runs, and how libxl is told. A device that goes is
 * looked for by what it is known by in a definition: numbers are libxl's own. */
#include <errno.h>
#include <string.h>

#include "drivers/xen/config.h"
#include "drivers/xen/device.h"

/* ---- disks ---- */

static int check_disk(const DomainConf *live, const Device *device, Error *error) {
        const DomainDisk *disk = (const DomainDisk *) device;

        if (disk->kind == DISK_DEVICE_FLOPPY || disk->bus != DISK_BUS_XEN)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "disk '%s' is hardware, which a Xen guest gets when it starts; while "
                            "it runs, those on the bus 'xen' come and go",
                            disk->target ?: "");
        return 0;
}

static int make_disk(const DomainConf *live, const Device *device, XenDevice *ret, Error *error) {
        return xen_config_disk(live, (const DomainDisk *) device, &ret->disk, error);
}

static void dispose_disk(XenDevice *device) {
        libxl_device_disk_dispose(&device->disk);
}

static int add_disk(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return libxl_device_disk_add(ctx, domid, &device->disk, NULL);
}

/* libxl_device_disk_remove() would take a mounted disk away after ten seconds. */
static int remove_disk(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force) {
        int n = 0, rc = 0;
        libxl_device_disk *list = libxl_device_disk_list(ctx, domid, &n);

        for (int i = 0; i < n; i++) {
                if (!list[i].vdev || strcmp(list[i].vdev, device->disk.vdev) != 0)
                        continue;
                rc = force ? libxl_device_disk_destroy(ctx, domid, &list[i], NULL)
                           : libxl_device_disk_safe_remove(ctx, domid, &list[i], NULL);
        }
        libxl_device_disk_list_free(list, n);
        return rc;
}

static int change_disk(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return libxl_cdrom_insert(ctx, domid, &device->disk, NULL);
}

/* ---- interfaces ---- */

static int make_nic(const DomainConf *live, const Device *device, XenDevice *ret, Error *error) {
        return xen_config_nic(live, (const DomainNet *) device, -1, &ret->nic, error);
}

static void dispose_nic(XenDevice *device) {
        libxl_device_nic_dispose(&device->nic);
}

static int add_nic(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return libxl_device_nic_add(ctx, domid, &device->nic, NULL);
}

/* libxl has no gentle way: a guest that doesn't let go within ten seconds loses it. */
static int remove_nic(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force) {
        int n = 0, rc = 0;
        libxl_device_nic *list = libxl_device_nic_list(ctx, domid, &n);

        for (int i = 0; i < n; i++) {
                if (memcmp(list[i].mac, device->nic.mac, sizeof(list[i].mac)) != 0)
                        continue;
                rc = force ? libxl_device_nic_destroy(ctx, domid, &list[i], NULL)
                           : libxl_device_nic_remove(ctx, domid, &list[i], NULL);
        }
        libxl_device_nic_list_free(list, n);
        return rc;
}

/* ---- PCI ---- */

static int make_pci(const DomainConf *live, const Device *device, XenDevice *ret, Error *error) {
        const DomainHostdev *hostdev = (const DomainHostdev *) device;
        int r = xen_config_pci(live, hostdev, &ret->pci, error);

        ret->pci.seize = xen_pci_is_managed(hostdev->managed);
        return r;
}

/* An interface that is a card of the host. */
static int make_card(const DomainConf *live, const Device *device, XenDevice *ret, Error *error) {
        const DomainNet *net = (const DomainNet *) device;
        const DomainHostdev card = {
                .device.address = net->device.address, .source = net->source_pci,
                .managed = net->managed,
        };

        return make_pci(live, &card.device, ret, error);
}

static void dispose_pci(XenDevice *device) {
        libxl_device_pci_dispose(&device->pci);
}

static int add_pci(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return xen_pci_add(ctx, domid, &device->pci);
}

/* What was taken from its driver is given back to it. */
static int remove_pci(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force) {
        int rc = xen_pci_remove(ctx, domid, &device->pci, force);

        if (rc == 0 && device->pci.seize)
                xen_pci_give_back(ctx, &device->pci);
        return rc;
}

/* ---- USB ---- */

static int make_usbdev(const DomainConf *live, const Device *device, XenDevice *ret,
                       Error *error) {
        return xen_config_usb(live, (const DomainHostdev *) device, &ret->usbdev, error);
}

static void dispose_usbdev(XenDevice *device) {
        libxl_device_usbdev_dispose(&device->usbdev);
}

static int add_usbdev(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return libxl_device_usbdev_add(ctx, domid, &device->usbdev, NULL);
}

/* It leaves at once, whether its guest likes it or not. */
static int remove_usbdev(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force) {
        int n = 0, rc = 0;
        libxl_device_usbdev *list = libxl_device_usbdev_list(ctx, domid, &n);

        for (int i = 0; i < n; i++)
                if (list[i].u.hostdev.hostbus == device->usbdev.u.hostdev.hostbus &&
                    list[i].u.hostdev.hostaddr == device->usbdev.u.hostdev.hostaddr)
                        rc = libxl_device_usbdev_remove(ctx, domid, &list[i], NULL);
        libxl_device_usbdev_list_free(list, n);
        return rc;
}

static int make_usbctrl(const DomainConf *live, const Device *device, XenDevice *ret,
                        Error *error) {
        return xen_config_usbctrl(live, (const DomainController *) device, &ret->usbctrl, error);
}

static void dispose_usbctrl(XenDevice *device) {
        libxl_device_usbctrl_dispose(&device->usbctrl);
}

static int add_usbctrl(libxl_ctx *ctx, uint32_t domid, XenDevice *device) {
        return libxl_device_usbctrl_add(ctx, domid, &device->usbctrl, NULL);
}

static int remove_usbctrl(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force) {
        int n = 0, rc = 0;
        libxl_device_usbctrl *list = libxl_device_usbctrl_list(ctx, domid, &n);

        for (int i = 0; i < n; i++) {
                if (list[i].devid != device->usbctrl.devid)
                        continue;
                rc = force ? libxl_device_usbctrl_destroy(ctx, domid, &list[i], NULL)
                           : libxl_device_usbctrl_remove(ctx, domid, &list[i], NULL);
        }
        libxl_device_usbctrl_list_free(list, n);
        return rc;
}

/* ---- all of them ---- */

static const XenDeviceKind disk = {
        check_disk, make_disk, dispose_disk, add_disk, remove_disk, change_disk,
};
static const XenDeviceKind nic = { NULL, make_nic, dispose_nic, add_nic, remove_nic, NULL };
static const XenDeviceKind pci = { NULL, make_pci, dispose_pci, add_pci, remove_pci, NULL };
static const XenDeviceKind card = { NULL, make_card, dispose_pci, add_pci, remove_pci, NULL };
static const XenDeviceKind usbdev = {
        NULL, make_usbdev, dispose_usbdev, add_usbdev, remove_usbdev, NULL,
};
static const XenDeviceKind usbctrl = {
        NULL, make_usbctrl, dispose_usbctrl, add_usbctrl, remove_usbctrl, NULL,
};

static const XenDeviceKind *hostdev_kind(const DomainHostdev *hostdev) {
        if (hostdev->mode != HOSTDEV_SUBSYSTEM)
                return NULL;
        return hostdev->type == HOSTDEV_PCI   ? &pci
               : hostdev->type == HOSTDEV_USB ? &usbdev
                                              : NULL;
}

/* Its device model, if it has one, was given its displays, ports and folders when it started, and
 * libxl adds none of those later. */
const XenDeviceKind *xen_device_kind(DeviceKind kind, const Device *device) {
        if (kind == DEVICE_DISK)
                return &disk;
        if (kind == DEVICE_NET)
                return ((const DomainNet *) device)->type == NET_HOSTDEV ? &card : &nic;
        if (kind == DEVICE_HOSTDEV)
                return hostdev_kind((const DomainHostdev *) device);
        if (kind == DEVICE_CONTROLLER && ((const DomainController *) device)->type ==
                                                 CONTROLLER_USB)
                return &usbctrl;
        return NULL;
}
