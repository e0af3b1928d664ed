/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a restart of the service: which devices came and went meanwhile, as QEMU knows them. */
#include <errno.h>
#include <string.h>

#include "drivers/device-edit.h"
#include "drivers/log.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/join.h"

static bool has(json_object *list, const char *alias) {
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                const char *name = json_text(json_object_array_get_idx(list, i), "name");

                if (name && strcmp(name, alias) == 0)
                        return true;
        }
        return false;
}

/* What was to come did: so it stays. */
static int keep(QemuGuest *guest, const char *alias, Error *error) {
        _cleanup_(freep) char *text = TAKE(guest->left);
        int r = edit_keep_device(guest->domain, text, NULL, error);

        if (r >= 0)
                event_report(&guest->domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_DEVICE_ADDED,
                                        .resource = &guest->domain->resource, .text = { alias } });
        return r;
}

/* It didn't: it is put in as if it had, and then taken away as one that is gone. */
static int settle(QemuGuest *guest, json_object *devices, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, error);

        if (r >= 0)
                r = device_parse(conf, guest->left, &spec, error);
        if (r >= 0 && !spec.device->alias)
                r = fail(error, ERROR_XML, "a device that was to come has no alias");
        if (r < 0)
                return r;
        if (spec.kind == DEVICE_NET)
                qemu_net_found(guest->domain, (DomainNet *) spec.device);
        if (has(devices, spec.device->alias))
                return keep(guest, spec.device->alias, error);
        _cleanup_(freep) char *text = TAKE(guest->left);
        r = edit_keep_device(guest->domain, text, NULL, error);
        if (r >= 0)
                qemu_device_gone(guest, spec.device->alias);
        return r;
}

typedef struct Missing {
        json_object *devices;
        const char *alias;
} Missing;

/* What is a part of the machine, or on a bus that nothing leaves: it can't be gone, and QEMU may
 * not know it by its alias. */
static bool is_fixed(DeviceKind kind, const Device *device) {
        const DomainDisk *disk = (const DomainDisk *) device;

        if (kind == DEVICE_DISK)
                return disk->bus == DISK_BUS_IDE || disk->bus == DISK_BUS_SATA ||
                       disk->bus == DISK_BUS_FDC || disk->bus == DISK_BUS_SD;
        if (kind == DEVICE_INPUT)
                return device->address.type != ADDRESS_PCI && device->address.type != ADDRESS_USB;
        if (kind == DEVICE_SERIAL)
                return device->address.type != ADDRESS_PCI && device->address.type != ADDRESS_USB;
        if (kind == DEVICE_CHANNEL)
                return device->address.type != ADDRESS_VIRTIO_SERIAL;
        return kind == DEVICE_WATCHDOG;
}

static int find_missing(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        Missing *missing = userdata;

        if (!qemu_plug_kind(kind)->goes || is_fixed(kind, device) || !device->alias ||
            has(missing->devices, device->alias))
                return 0;
        missing->alias = device->alias;
        return 1;
}

static void found(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuGuest *guest = userdata;
        _cleanup_(error_clear) Error cause = {};
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Missing missing = { .devices = value };
        int r = 0;

        if (!value || !json_object_is_type(value, json_type_array))
                return;
        if (guest->left)
                r = settle(guest, value, &cause);
        if (r >= 0)
                r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, &cause);
        if (r >= 0 && conf_visit_devices(conf, find_missing, &missing) > 0)
                qemu_device_gone(guest, missing.alias);
        if (r < 0) {
                _cleanup_(freep) char *text = error_text(&cause);

                log_resource(LOG_ERR, &guest->domain->resource, "its devices: %s",
                             text ?: "out of memory");
        }
}

void qemu_devices_find(QemuGuest *guest) {
        (void) qmp_call(guest->qmp, "qom-list",
                        qmp_arguments("s", "path", "/machine/peripheral", NULL), found, guest,
                        NULL);
}
