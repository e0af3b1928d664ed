/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is particular to each kind of device that comes and goes while a guest runs. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/host-usb.h"
#include "drivers/qemu/command-private.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/live.h"
#include "drivers/qemu/passt.h"

static size_t index_of(const MapAnyList *list, const void *device) {
        size_t i = 0;

        while (i < list->n && (const void *) list->items[i] != device)
                i++;
        return i;
}

/* ---- interfaces ---- */

/* QEMU waits for the switch at the other end of a socket, and does nothing else meanwhile: so the
 * switch must be there, and be who listens. */
static int check_switch(const DomainNet *net, Error *error) {
        if (net->source_mode && strcmp(net->source_mode, "server") == 0)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "an interface of type 'vhostuser' can't be attached in mode 'server': "
                            "the guest would stand still until its switch connects");
        if (net->reconnect.enabled == TRISTATE_YES)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "an interface of type 'vhostuser' can't be attached with <reconnect>: "
                            "the guest would stand still until its switch listens");
        return 0;
}

static int check_way(const DomainNet *net, Error *error) {
        if (net->type == NET_HOSTDEV)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "an interface of type '%s' can't be attached while a guest runs",
                            net_types[net->type]);
        return net->type == NET_VHOSTUSER ? check_switch(net, error) : 0;
}

static void close_net(Domain *domain, Device *device) {
        const DomainNet *net = (const DomainNet *) device;
        QemuGuest *guest = qemu_guest_of(domain);

        qemu_net_leave(domain, net);
        if (guest && qemu_net_is_passt(net))
                qemu_helper_leave(guest, device->alias, PASST);
}

static int open_net(QemuPlug *plug, const QemuCaps *caps, Error *error) {
        DomainConf *conf = plug->edit.live;
        DomainNet *net = (DomainNet *) plug->device;
        int r = check_way(net, error);

        if (r < 0)
                return r;
        r = qemu_borrow_take(plug->borrow, net, &plug->tap)
                    ? 0 : qemu_net_join(plug->domain, conf, net, &plug->tap, error);
        if (r >= 0 && qemu_net_is_passt(net))
                r = qemu_passt_spawn_one(qemu_guest_of(plug->domain), net, &plug->tap, error);
        if (r >= 0)
                r = qemu_plug_give_tap(plug, index_of((MapAnyList *) &conf->nets, net), error);
        if (r < 0)
                close_net(plug->domain, plug->device);
        return r;
}

static int add_link(QemuPlug *plug, const DomainNet *net, bool up, Error *error) {
        json_object *arguments =
                qmp_arguments("s", "name", net->device.alias, "b", "up", up, NULL);

        return qemu_steps_add(&plug->steps,
                              (QemuStep) { .command = "set_link", .fd = -1,
                                           .arguments = arguments },
                              error);
}

static bool is_down(const DomainNet *net) {
        return net->link && strcmp(net->link, "down") == 0;
}

static int finish_net(QemuPlug *plug, Error *error) {
        const DomainNet *net = (const DomainNet *) plug->device;

        return is_down(net) ? add_link(plug, net, false, error) : 0;
}

static bool differ(const char *a, const char *b) {
        return a && b ? strcmp(a, b) != 0 : a != b;
}

static void passt_ran(Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        QemuGuest *guest = qemu_guest_of(plug->domain);
        int r = -error_number(error->code);

        if (error->code == ERROR_NONE)
                r = guest ? qemu_helpers_release(guest, error)
                          : fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        plug->settled(r, error, plug);
}

/* The runtime file names it by now. */
static int run_passt(QemuPlug *plug, QemuSettled settled, Error *error) {
        QemuGuest *guest = qemu_guest_of(plug->domain);
        int r;

        plug->settled = settled;
        r = qemu_helpers_run(guest, passt_ran, plug, error);
        return r == DONE ? qemu_helpers_release(guest, error) : r;
}

static int settle_net(QemuPlug *plug, Device *old, Device *device, QemuSettled settled,
                      Error *error) {
        const DomainNet *net = (const DomainNet *) device;

        if (!old && qemu_net_is_passt(net))
                return run_passt(plug, settled, error);
        if (!old)
                return qemu_net_settle(plug->domain, net, settled, plug, &plug->settling, error);
        return qemu_net_resettle(plug->domain, (const DomainNet *) old, net, settled, plug,
                                 &plug->settling, error);
}

static void unsettled_net(QemuPlug *plug, Device *old) {
        qemu_net_settle_again(plug->domain, (const DomainNet *) old);
}

static int keep(char **to, const char *from, Error *error) {
        if (*to || !from)
                return 0;
        *to = strdup(from);
        return *to ? 0 : fail_memory(error);
}

/* Its tap is on a bridge, so it can be put on another one. */
static bool is_bridged(const DomainNet *net) {
        return (net->type == NET_NETWORK || net->type == NET_BRIDGE) && net->bridge;
}

/* What the guest sees of its card stays, and the way out is of the same kind. */
static int check_net(const DomainNet *old, const DomainNet *new, Error *error) {
        const struct {
                bool differs;
                const char *what;
        } fixed[] = {
                { old->type != new->type && !(is_bridged(old) && is_bridged(new)), "its type" },
                { memcmp(&old->mac, &new->mac, sizeof(old->mac)) != 0, "its mac address" },
                { differ(old->model, new->model), "its model" },
                { differ(old->target, new->target), "the name of its target" },
                { old->queues != new->queues, "the number of its queues" },
                { old->mtu != new->mtu, "its mtu" },
                { differ(old->driver_name, new->driver_name), "its driver" },
                { is_bridged(old) != is_bridged(new) ||
                  differ(old->source_dev, new->source_dev) ||
                  differ(old->source_mode, new->source_mode) ||
                  differ(old->source_path, new->source_path), "what it is connected to" },
                { old->target_managed != new->target_managed || differ(old->script, new->script) ||
                  differ(old->downscript, new->downscript), "its scripts and who made its tap" },
                { differ(old->backend_type, new->backend_type) ||
                  differ(old->backend_log, new->backend_log) ||
                  old->forwards.n != new->forwards.n, "its backend" },
                { old->source_ips.n != new->source_ips.n ||
                  old->source_routes.n != new->source_routes.n, "addresses of the host's side" },
                { differ(old->source_address, new->source_address) ||
                  old->source_port.value != new->source_port.value, "its socket" },
        };

        for (size_t i = 0; i < ELEMENTS(fixed); i++)
                if (fixed[i].differs)
                        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                                    "of an interface of a running guest %s can't be changed",
                                    fixed[i].what);
        return 0;
}

static int change_net(QemuPlug *plug, Device *old_device, Device *new_device, Error *error) {
        DomainNet *old = (DomainNet *) old_device, *new = (DomainNet *) new_device;
        int r = keep(&new->target, old->target, error);

        if (!plug->has_mac)
                new->mac = old->mac;
        if (r >= 0)
                r = qemu_net_plan_change(plug->domain, old, new, error);
        if (r >= 0)
                r = check_net(old, new, error);
        if (r >= 0 && is_down(old) != is_down(new))
                r = add_link(plug, new, !is_down(new), error);
        return r;
}

static int changed_net(QemuPlug *plug, Device *old, Device *new, Error *error) {
        return qemu_net_change(plug->domain, (DomainNet *) old, (DomainNet *) new, error);
}

/* ---- disks ---- */

static int open_disk(QemuPlug *plug, const QemuCaps *caps, Error *error) {
        const DomainDisk *disk = (const DomainDisk *) plug->device;
        bool fixed = disk->bus == DISK_BUS_IDE || disk->bus == DISK_BUS_SATA ||
                     disk->bus == DISK_BUS_FDC || disk->bus == DISK_BUS_SD;

        if (fixed || disk->kind == DISK_DEVICE_FLOPPY)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "disk bus '%s' cannot be hotplugged",
                            map_enum_name(disk_buses, disk->bus) ?: "");
        if (disk->transient)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "a <transient/> disk comes with the start of a guest");
        return qemu_prepare_disk(disk, error);
}

/* Its limits; none: those that it had go. */
static int add_limits(QemuPlug *plug, const DomainDisk *disk, Error *error) {
        _cleanup_(freep) char *path = disk->source_index.set ? qemu_drive_path(disk) : NULL;

        if (!disk->source_index.set)
                return 0; /* nothing to limit: an empty drive */
        if (!path)
                return fail_memory(error);
        return qemu_steps_add(&plug->steps,
                              (QemuStep) { .command = "block_set_io_throttle", .fd = -1,
                                           .arguments = qemu_drive_limits(disk, path) },
                              error);
}

static int finish_disk(QemuPlug *plug, Error *error) {
        const DomainDisk *disk = (const DomainDisk *) plug->device;

        return disk->iotune ? add_limits(plug, disk, error) : 0;
}

/* Another medium is a matter of its nodes: the drive stays. */
static int add_tray(QemuPlug *plug, const char *command, const DomainDisk *disk, const char *node,
                    bool force, Error *error) {
        json_object *arguments = qmp_arguments("s", "id", disk->device.alias, "s", "node-name",
                                               node, NULL);

        if (force && arguments)
                (void) json_object_object_add(arguments, "force", json_object_new_boolean(true));
        return qemu_steps_add(&plug->steps,
                              (QemuStep) { .command = command, .fd = -1, .arguments = arguments },
                              error);
}

/* The nodes of a medium: all steps of its drive but the drive itself. The name of the topmost is
 * left in *ret_node, borrowed. */
static int add_nodes(QemuPlug *plug, DomainDisk *disk, const char **ret_node, Error *error) {
        QemuSteps *steps = &plug->steps;
        int r = qemu_prepare_disk(disk, error);

        if (r >= 0)
                r = qemu_steps_of_device(steps, plug->edit.live, plug->caps, &plug->places,
                                         DEVICE_DISK, &disk->device, error);
        if (r < 0)
                return r;
        QemuStep *last = &steps->items[--steps->n];
        free(last->id);
        json_object_put(last->arguments);
        *ret_node = steps->n > 0 ? steps->items[steps->n - 1].id : NULL;
        return *ret_node ? 0 : fail(error, ERROR_INTERNAL, "a medium without a node");
}

static bool same_medium(const DomainDisk *old, const DomainDisk *new) {
        return old->type == new->type && !differ(old->source, new->source) &&
               !differ(old->source_name, new->source_name) &&
               !differ(old->protocol, new->protocol) && !differ(old->format, new->format);
}

static uint32_t highest(const DomainConf *conf) {
        uint32_t highest = 0;

        for (size_t i = 0; i < conf->disks.n; i++)
                for (const DomainDisk *image = conf->disks.items[i]; image; image = image->backing)
                        if (image->source_index.set)
                                highest = MAX(highest, image->source_index.value);
        return highest;
}

/* Old and new nodes are there at the same time for a while. */
static void number_anew(QemuPlug *plug, DomainDisk *disk) {
        uint32_t next = MAX(highest(plug->before), highest(plug->edit.live));

        for (DomainDisk *image = disk; image; image = image->backing)
                if (image->source_index.set)
                        image->source_index.value = ++next;
}

static int change_disk(QemuPlug *plug, Device *old_device, Device *new_device, Error *error) {
        DomainDisk *old = (DomainDisk *) old_device, *new = (DomainDisk *) new_device;
        bool force = plug->flags & DOMAIN_DEVICE_MODIFY_FORCE;
        const char *node = NULL;
        int r = 0;

        if (old->bus != new->bus || old->kind != new->kind)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of a disk of a running guest bus and device can't be changed");
        if (same_medium(old, new)) {
                new->source_index = old->source_index;
                return old->iotune || new->iotune ? add_limits(plug, new, error) : 0;
        }
        if (old->kind != DISK_DEVICE_CDROM && old->kind != DISK_DEVICE_FLOPPY)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of a disk '%s' of a running guest the source can't be changed; it "
                            "can of a cdrom or floppy", old->target);
        number_anew(plug, new);
        if (qemu_disk_has_medium(new))
                r = add_nodes(plug, new, &node, error);
        if (r >= 0)
                r = add_tray(plug, "blockdev-open-tray", new, NULL, force, error);
        if (r >= 0 && qemu_disk_has_medium(old))
                r = add_tray(plug, "blockdev-remove-medium", new, NULL, false, error);
        if (r >= 0 && node)
                r = add_tray(plug, "blockdev-insert-medium", new, node, false, error);
        if (r >= 0 && node)
                r = add_tray(plug, "blockdev-close-tray", new, NULL, false, error);
        if (r >= 0 && new->iotune)
                r = add_limits(plug, new, error);
        return r;
}

/* What was in the drive is let go of. */
static int changed_disk(QemuPlug *plug, Device *old_device, Device *new_device, Error *error) {
        DomainDisk *old = (DomainDisk *) old_device;
        _cleanup_(qemu_steps_clear) QemuSteps steps = {};
        QemuGuest *guest = qemu_guest_of(plug->domain);

        if (same_medium(old, (DomainDisk *) new_device) || !qemu_disk_has_medium(old))
                return 0;
        if (qemu_steps_of_device(&steps, plug->before, plug->caps, &plug->places, DEVICE_DISK,
                                 &old->device, NULL) >= 0)
                qemu_steps_undo(&steps, guest->qmp, steps.n, false);
        return 0;
}

/* ---- displays ---- */

static int change_graphics(QemuPlug *plug, Device *old_device, Device *new_device, Error *error) {
        DomainGraphics *old = (DomainGraphics *) old_device, *new = (DomainGraphics *) new_device;

        if (old->type != new->type || (old->type != GRAPHICS_VNC && old->type != GRAPHICS_SPICE))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of a display of a running guest only the password can be changed");
        new->port = old->port;
        if (!differ(old->passwd, new->passwd))
                return 0;
        json_object *arguments = qmp_arguments("s", "protocol", graphics_types[new->type], "s",
                                               "password", new->passwd ?: "", NULL);
        return qemu_steps_add(&plug->steps,
                              (QemuStep) { .command = "set_password", .fd = -1,
                                           .arguments = arguments },
                              error);
}

/* ---- all of them ---- */

static int open_hostdev(QemuPlug *plug, const QemuCaps *caps, Error *error) {
        const DomainHostdev *hostdev = (const DomainHostdev *) plug->device;

        if (hostdev->mode != HOSTDEV_SUBSYSTEM || hostdev->type != HOSTDEV_USB)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of host devices those on USB can be attached while a guest runs");
        return host_usb_find(plug->edit.live, HOST_SYSFS, error);
}

static bool is_one_of(const char *text, const char *const *words) {
        while (*words && (!text || strcmp(text, *words) != 0))
                words++;
        return *words;
}

static int open_channel(QemuPlug *plug, const QemuCaps *caps, Error *error) {
        DomainChar *channel = (DomainChar *) plug->device;

        if (!is_one_of(channel->target_type, (const char *const[]) { "virtio", NULL }))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of channels those of virtio can be attached while a guest runs");
        free(channel->target_state);
        channel->target_state = strdup("disconnected");
        return channel->target_state ? qemu_choose_paths(plug->edit.live, &plug->places, error)
                                     : fail_memory(error);
}

static int open_serial(QemuPlug *plug, const QemuCaps *caps, Error *error) {
        const DomainChar *port = (const DomainChar *) plug->device;

        if (is_one_of(port->target_type,
                      (const char *const[]) { "usb-serial", "pci-serial", NULL }))
                return 0;
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "of serial ports those on USB and PCI can be attached while a guest runs");
}

static const QemuPlugKind kinds[_DEVICE_KIND_MAX] = {
        [DEVICE_NET] = { .comes = true, .goes = true, .open = open_net, .finish = finish_net,
                         .settle = settle_net, .close = close_net, .change = change_net,
                         .changed = changed_net, .unsettled = unsettled_net },
        [DEVICE_DISK] = { .comes = true, .goes = true, .open = open_disk, .finish = finish_disk,
                          .change = change_disk, .changed = changed_disk },
        [DEVICE_CHANNEL] = { .comes = true, .goes = true, .open = open_channel },
        [DEVICE_SERIAL] = { .comes = true, .goes = true, .open = open_serial },
        [DEVICE_GRAPHICS] = { .change = change_graphics },
        [DEVICE_HOSTDEV] = { .comes = true, .goes = true, .open = open_hostdev },
        [DEVICE_INPUT] = { .comes = true, .goes = true },
        [DEVICE_RNG] = { .comes = true, .goes = true },
        [DEVICE_SHMEM] = { .comes = true, .goes = true },
        [DEVICE_CRYPTO] = { .comes = true, .goes = true },
        [DEVICE_WATCHDOG] = { .comes = true, .goes = true },
};

const QemuPlugKind *qemu_plug_kind(DeviceKind kind) {
        return &kinds[kind];
}
