/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every Xen guest has without its definition saying so, written out as libvirt writes it. */
#include <errno.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/xen/driver.h"

#define NARROW_SCSI 7 /* units on a bus, its controller aside */

Guest xen_guest_type(const DomainConf *conf) {
        const char *type = conf->os.type ?: "", *machine = conf->os.machine ?: "";

        if (strcmp(type, "hvm") == 0)
                return GUEST_HVM;
        return strcmp(type, "xenpvh") == 0 || strcmp(machine, "xenpvh") == 0 ? GUEST_PVH
                                                                            : GUEST_PV;
}

static int set_default(char **string, const char *text) {
        if (!*string)
                *string = strdup(text);
        return *string ? 0 : -ENOMEM;
}

/* ---- the system ---- */

static int complete_os(DomainConf *conf) {
        const char *machine = xen_guest_type(conf) == GUEST_HVM ? "xenfv"
                              : xen_guest_type(conf) == GUEST_PVH ? "xenpvh" : "xenpv";
        int r = set_default(&conf->os.arch, host_arch());

        return r < 0 ? r : set_default(&conf->os.machine, machine);
}

/* ---- disks and their controllers ---- */

/* "hdb" is 1, "xvdaa" is 26; -1 for what has no letters of its own. */
static int target_index(const char *target, size_t prefix) {
        int index = 0;

        if (strlen(target) <= prefix)
                return -1;
        for (const char *p = target + prefix; *p; p++) {
                if (*p < 'a' || *p > 'z' || index > 1 << 16)
                        return -1;
                index = index * 26 + *p - 'a' + 1;
        }
        return index - 1;
}

static DiskBus bus_of(const char *target, Guest guest) {
        if (strncmp(target, "xvd", 3) == 0 || guest != GUEST_HVM)
                return DISK_BUS_XEN;
        return strncmp(target, "sd", 2) == 0 ? DISK_BUS_SCSI : DISK_BUS_IDE;
}

static int complete_disk(DomainDisk *disk, Guest guest) {
        DeviceAddress *address = &disk->device.address;
        int index = disk->target ? target_index(disk->target, 2) : -1;
        unsigned units;

        if (disk->target && disk->bus == DISK_BUS_UNSET)
                disk->bus = bus_of(disk->target, guest);
        if (set_default(&disk->format, "raw") < 0 ||
            (disk->type == DISK_NETWORK && set_default(&disk->driver_name, "qemu") < 0))
                return -ENOMEM;
        if (address->type != ADDRESS_NONE || index < 0 ||
            (disk->bus != DISK_BUS_IDE && disk->bus != DISK_BUS_SCSI))
                return 0;
        units = disk->bus == DISK_BUS_IDE ? 4 : NARROW_SCSI;
        address->type = ADDRESS_DRIVE;
        address->controller = index / units;
        address->bus = disk->bus == DISK_BUS_IDE ? index % units / 2 : 0;
        address->unit = disk->bus == DISK_BUS_IDE ? index % 2 : index % units;
        return 0;
}

static int need_controller(DomainConf *conf, ControllerType type, uint32_t index) {
        DomainController *controller;

        if (conf_find_controller(conf, type, index))
                return 0;
        if (!(controller = conf_add_device(conf, DEVICE_CONTROLLER)))
                return -ENOMEM;
        controller->type = type;
        controller->index = (MaybeU32) { true, index };
        return 0;
}

static int complete_disks(DomainConf *conf) {
        int r = need_controller(conf, CONTROLLER_XENBUS, 0);

        for (size_t i = 0; r >= 0 && i < conf->disks.n; i++) {
                DomainDisk *disk = conf->disks.items[i];

                r = complete_disk(disk, xen_guest_type(conf));
                if (r >= 0 && disk->device.address.type == ADDRESS_DRIVE &&
                    (disk->bus == DISK_BUS_IDE || disk->bus == DISK_BUS_SCSI))
                        r = need_controller(conf, disk->bus == DISK_BUS_IDE ? CONTROLLER_IDE
                                                                            : CONTROLLER_SCSI,
                                            disk->device.address.controller);
        }
        return r;
}

/* ---- the other devices ---- */

static int need_input(DomainConf *conf, const char *type, const char *bus) {
        DomainInput *input;

        for (size_t i = 0; i < conf->inputs.n; i++)
                if (conf->inputs.items[i]->type && conf->inputs.items[i]->bus &&
                    strcmp(conf->inputs.items[i]->type, type) == 0 &&
                    strcmp(conf->inputs.items[i]->bus, bus) == 0)
                        return 0;
        if (!(input = conf_add_device(conf, DEVICE_INPUT)))
                return -ENOMEM;
        return set_default(&input->type, type) < 0 ? -ENOMEM : set_default(&input->bus, bus);
}

static int complete_inputs(DomainConf *conf, Guest guest) {
        const char *bus = guest == GUEST_HVM ? "ps2" : "xen";

        for (size_t i = 0; i < conf->inputs.n; i++) {
                DomainInput *input = conf->inputs.items[i];
                bool tablet = input->type && strcmp(input->type, "tablet") == 0;

                if (set_default(&input->bus, tablet ? "usb" : bus) < 0)
                        return -ENOMEM;
        }
        return need_input(conf, "mouse", bus) < 0 ? -ENOMEM : need_input(conf, "keyboard", bus);
}

/* The first serial port is the console too, with the number it has. */
static void mirror_port(DomainConf *conf) {
        DomainChar *console = conf->consoles.n > 0 ? conf->consoles.items[0] : NULL;

        if (console && conf->serials.n > 0 && console->target_type &&
            strcmp(console->target_type, "serial") == 0)
                console->target_port = conf->serials.items[0]->target_port;
}

static int complete_console(DomainConf *conf, Guest guest) {
        DomainChar *console;

        if (guest == GUEST_HVM)
                mirror_port(conf);
        for (size_t i = 0; guest != GUEST_HVM && i < conf->consoles.n; i++)
                if (set_default(&conf->consoles.items[i]->target_type, "xen") < 0)
                        return -ENOMEM;
        if (guest == GUEST_HVM || conf->consoles.n > 0)
                return 0;
        if (!(console = conf_add_device(conf, DEVICE_CONSOLE)))
                return -ENOMEM;
        console->type = CHAR_PTY;
        console->target_port = (MaybeU32) { true, 0 };
        return set_default(&console->target_type, "xen");
}

static int complete_video(DomainConf *conf, Guest guest) {
        DomainVideo *video;

        if (conf->graphics.n == 0 || conf->videos.n > 0)
                return 0;
        if (!(video = conf_add_device(conf, DEVICE_VIDEO)))
                return -ENOMEM;
        video->vram = guest == GUEST_HVM ? 8192 : 4096;
        video->heads = 1;
        video->primary = TRISTATE_YES;
        return set_default(&video->model, guest == GUEST_HVM ? "cirrus" : "xen");
}

static int complete_balloon(DomainConf *conf) {
        DomainMemballoon *balloon = NULL;

        if (conf->memballoons.n == 0) {
                if (!(balloon = conf_add_device(conf, DEVICE_MEMBALLOON)))
                        return -ENOMEM;
                return set_default(&balloon->model, "xen");
        }
        return 0;
}

int xen_complete(DomainConf *conf, Error *error) {
        Guest guest = xen_guest_type(conf);

        if (complete_os(conf) < 0 || complete_disks(conf) < 0 ||
            complete_inputs(conf, guest) < 0 || complete_console(conf, guest) < 0 ||
            complete_video(conf, guest) < 0 || complete_balloon(conf) < 0)
                return fail_memory(error);
        return 0;
}

int xen_conf_parse(const char *xml, ConfFlags flags, DomainConf **ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = conf_parse(xml, flags, &conf, error);

        if (r < 0)
                return r;
        if (conf->type != VIRT_XEN)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "the Xen driver runs domains of type 'xen' only");
        if ((r = xen_complete(conf, error)) < 0 || (r = conf_sync(conf, error)) < 0)
                return r;
        *ret = TAKE(conf);
        return 0;
}
