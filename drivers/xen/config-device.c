/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller devices as libxl is asked for them: ports and channels, input, sound, controllers,
 * devices of the host, folders, TPMs; and the kinds of which Xen has none. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define USB_PORTS 8
#define PCI_FUNCTIONS 8

/* ---- ports: a text each, as QEMU's -serial takes it ---- */

static int config_port(XenConfig *xen, const DomainChar *port, const char *kind, char **ret) {
        int r = native_format_port(port, ret);

        if (r < 0)
                return fail_memory(xen->error);
        if (r == 0)
                return config_refuse(xen, "devices/%s: Xen has none of type '%s'", kind,
                                     char_types[port->type]);
        return port->log_file ? config_refuse(xen, "devices/%s/log: xenconsoled keeps its own",
                                              kind) : 0;
}

#define PORTS_MAX 32

/* A console that isn't Xen's own is the first serial port by another name. */
static int config_serials(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainConf *conf = xen->conf;
        bool console = conf->serials.n == 0 && conf->consoles.n > 0 &&
                       !config_is(conf->consoles.items[0]->target_type, "xen");
        int r = 0;

        if (console)
                return config_port(xen, conf->consoles.items[0], "console",
                                   &build->u.hvm.serial);
        if (conf->serials.n == 1)
                return config_port(xen, conf->serials.items[0], "serial", &build->u.hvm.serial);
        for (size_t i = 0, next = 0; r >= 0 && i < conf->serials.n; i++, next++) {
                const DomainChar *port = conf->serials.items[i];
                _cleanup_(freep) char *text = NULL;

                /* one that is left out is "none": QEMU counts them */
                for (; port->target_port.set && next < MIN(port->target_port.value, PORTS_MAX);
                     next++)
                        config_word(xen, &build->u.hvm.serial_list, "none");
                r = config_port(xen, port, "serial", &text);
                if (r >= 0)
                        config_word(xen, &build->u.hvm.serial_list, text);
        }
        return r;
}

/* libxl has none, but its device model does. */
static int config_parallels(XenConfig *xen) {
        const DomainConf *conf = xen->conf;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < conf->parallels.n; i++) {
                _cleanup_(freep) char *text = NULL;

                if ((r = config_port(xen, conf->parallels.items[i], "parallel", &text)) < 0)
                        return r;
                config_word(xen, &xen->config->b_info.extra_hvm, "-parallel");
                config_word(xen, &xen->config->b_info.extra_hvm, text);
        }
        return r;
}

/* libxl gives every guest one console, which is a pty. */
static int check_consoles(XenConfig *xen) {
        const DomainConf *conf = xen->conf;

        if (xen->guest != GUEST_HVM && conf->serials.n + conf->parallels.n > 0)
                return config_refuse(xen, "devices/%s: only for hvm guests",
                                     conf->serials.n > 0 ? "serial" : "parallel");
        for (size_t i = 0; i < conf->consoles.n; i++) {
                const DomainChar *console = conf->consoles.items[i];
                bool own = xen->guest != GUEST_HVM || config_is(console->target_type, "xen");

                if (own && console->type != CHAR_PTY)
                        return config_refuse(xen, "devices/console: Xen's own is a pty");
                if (own && console->target_port.set && console->target_port.value > 0)
                        return config_refuse(xen, "devices/console: Xen's guests have one");
                if (own && console->log_file)
                        return config_refuse(xen, "devices/console/log: xenconsoled keeps its own");
        }
        return 0;
}

static int config_channel(XenConfig *xen, const DomainChar *port) {
        libxl_domain_config *config = xen->config;
        const CharSource *source = port->sources.n > 0 ? port->sources.items[0] : NULL;
        libxl_device_channel *item;

        if (!config_is(port->target_type, "xen") || !port->target_name)
                return config_refuse(xen, "devices/channel: Xen's have the target type 'xen' and "
                                     "a name");
        if (port->type != CHAR_PTY && port->type != CHAR_UNIX)
                return config_refuse(xen, "devices/channel '%s': no pty and no unix socket",
                                     port->target_name);
        if (port->type == CHAR_UNIX && (!source || !source->path))
                return config_refuse(xen, "devices/channel '%s': its socket has no path yet",
                                     port->target_name);
        item = config_add(xen, &config->channels, &config->num_channels, sizeof(*item));
        if (!item)
                return fail_memory(xen->error);
        libxl_device_channel_init(item);
        libxl_device_channel_init_connection(item, port->type == CHAR_PTY
                                                           ? LIBXL_CHANNEL_CONNECTION_PTY
                                                           : LIBXL_CHANNEL_CONNECTION_SOCKET);
        item->devid = config->num_channels - 1;
        config_text(xen, &item->name, port->target_name);
        if (port->type == CHAR_UNIX)
                config_text(xen, &item->u.socket.path, source->path);
        return 0;
}

int config_chars(XenConfig *xen) {
        int r = check_consoles(xen);

        if (r >= 0 && xen->guest == GUEST_HVM)
                r = config_serials(xen);
        if (r >= 0)
                r = config_parallels(xen);
        for (size_t i = 0; r >= 0 && i < xen->conf->channels.n; i++)
                r = config_channel(xen, xen->conf->channels.items[i]);
        return r;
}

/* ---- input ---- */

/* Those on ps2 and on Xen's bus come with the machine and with its display. */
int config_inputs(XenConfig *xen) {
        for (size_t i = 0; i < xen->conf->inputs.n; i++) {
                const DomainInput *input = xen->conf->inputs.items[i];

                if (config_is(input->bus, "ps2") || config_is(input->bus, "xen"))
                        continue;
                if (xen->guest != GUEST_HVM || !config_is(input->bus, "usb") ||
                    (!config_is(input->type, "mouse") && !config_is(input->type, "tablet") &&
                     !config_is(input->type, "keyboard")))
                        return config_refuse(xen, "devices/input: no %s on the bus '%s' in such a "
                                             "guest", input->type ?: "", input->bus ?: "");
                config_word(xen, &xen->config->b_info.u.hvm.usbdevice_list, input->type);
        }
        return 0;
}

/* ---- sound ---- */

static const struct {
        const char *model, *qemu;
} sounds[] = {
        { "sb16", "sb16" }, { "es1370", "es1370" }, { "pcspk", "pcspk" }, { "ac97", "ac97" },
        { "ich6", "hda" },
};

int config_sounds(XenConfig *xen) {
        for (size_t i = 0; i < xen->conf->sounds.n; i++) {
                char **all = &xen->config->b_info.u.hvm.soundhw;
                const char *model = xen->conf->sounds.items[i]->model, *qemu = NULL;

                for (size_t k = 0; k < ELEMENTS(sounds); k++)
                        if (config_is(model, sounds[k].model))
                                qemu = sounds[k].qemu;
                if (!qemu || xen->guest != GUEST_HVM)
                        return config_refuse(xen, "devices/sound '%s': not in such a guest",
                                             model ?: "");
                _cleanup_(freep) char *before = xen->guest == GUEST_HVM ? TAKE(*all) : NULL;

                config_format(xen, all, "%s%s%s", before ?: "", before ? "," : "", qemu);
        }
        return 0;
}

/* ---- controllers ---- */

/* "qusb" is a controller that the guest's own driver knows; the others are hardware. */
static const struct {
        const char *model;
        libxl_usbctrl_type type;
        int version;
} usb_models[] = {
        { "qusb1", LIBXL_USBCTRL_TYPE_QUSB, 1 },
        { "qusb2", LIBXL_USBCTRL_TYPE_QUSB, 2 },
        { "piix3-uhci", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 1 },
        { "piix4-uhci", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 1 },
        { "ich9-ehci1", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 2 },
        { "ehci", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 2 },
        { "nec-xhci", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 3 },
        { "qemu-xhci", LIBXL_USBCTRL_TYPE_DEVICEMODEL, 3 },
};

static int config_usbctrl(XenConfig *xen, const DomainController *controller,
                          libxl_device_usbctrl *ret) {
        const char *model = controller->model ?: "qusb2";

        libxl_device_usbctrl_init(ret);
        for (size_t i = 0; i < ELEMENTS(usb_models); i++) {
                if (strcmp(model, usb_models[i].model) != 0)
                        continue;
                if (usb_models[i].type == LIBXL_USBCTRL_TYPE_DEVICEMODEL &&
                    xen->guest != GUEST_HVM)
                        break;
                ret->type = usb_models[i].type;
                ret->version = usb_models[i].version;
                ret->devid = (int) controller->index.value;
                if (controller->ports > 0)
                        ret->ports = (int) controller->ports;
                else if (ret->type == LIBXL_USBCTRL_TYPE_QUSB)
                        ret->ports = USB_PORTS; /* hardware has as many as it has */
                return 0;
        }
        return config_refuse(xen, "devices/controller 'usb': no model '%s' in such a guest", model);
}

static int config_xenbus(XenConfig *xen, const DomainController *controller) {
        libxl_domain_build_info *build = &xen->config->b_info;

        if (controller->max_grant_frames.set)
                build->max_grant_frames = controller->max_grant_frames.value;
        if (controller->max_event_channels.set)
                build->event_channels = controller->max_event_channels.value;
        return 0;
}

static int config_controller(XenConfig *xen, const DomainController *controller) {
        libxl_domain_config *config = xen->config;
        libxl_device_usbctrl *item;

        switch (controller->type) {
        case CONTROLLER_XENBUS:
                return config_xenbus(xen, controller);
        case CONTROLLER_USB:
                if (config_is(controller->model, "none"))
                        return 0;
                item = config_add(xen, &config->usbctrls, &config->num_usbctrls, sizeof(*item));
                return item ? config_usbctrl(xen, controller, item) : fail_memory(xen->error);
        case CONTROLLER_IDE:
        case CONTROLLER_FDC:
        case CONTROLLER_SCSI:
        case CONTROLLER_SATA:
        case CONTROLLER_ISA:
                return 0; /* there with the disks on it */
        case CONTROLLER_PCI:
                if (controller->index.value == 0)
                        return 0;
                break;
        case CONTROLLER_VIRTIO_SERIAL:
        case CONTROLLER_CCID:
        case CONTROLLER_NVME:
                break;
        }
        return config_refuse(xen, "devices/controller '%s': Xen has none",
                             controller_types[controller->type]);
}

int config_controllers(XenConfig *xen) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < xen->conf->controllers.n; i++)
                r = config_controller(xen, xen->conf->controllers.items[i]);
        return r;
}

/* ---- devices of the host ---- */

/* The slot that the guest sees it in, where a definition names one. */
static void set_place(XenConfig *xen, const DeviceAddress *place, libxl_device_pci *ret) {
        if (xen->guest == GUEST_HVM && place->type == ADDRESS_PCI && place->bus == 0)
                ret->vdevfn = place->slot * PCI_FUNCTIONS + place->function;
}

static int set_pci(XenConfig *xen, const HostAddress *at, libxl_device_pci *ret) {
        libxl_device_pci_init(ret);
        if (at->domain > UINT16_MAX || at->bus > UINT8_MAX || at->slot > 31 || at->function > 7)
                return config_refuse(xen, "devices/hostdev/source/address: no address of PCI");
        ret->domain = (int) at->domain;
        ret->bus = (uint8_t) at->bus;
        ret->dev = (uint8_t) at->slot;
        ret->func = (uint8_t) at->function;
        return 0;
}

static int config_pci(XenConfig *xen, const DomainHostdev *hostdev, libxl_device_pci *ret) {
        int r = set_pci(xen, &hostdev->source, ret);

        if (r < 0)
                return r;
        if (hostdev->driver && !config_is(hostdev->driver, "xen"))
                return config_refuse(xen, "devices/hostdev/driver '%s': Xen's is 'xen'",
                                     hostdev->driver);
        if (hostdev->rom_file)
                return config_refuse(xen, "devices/hostdev/rom: libxl has no word for it");
        ret->permissive = config_is(hostdev->write_filtering, "no");
        set_place(xen, &hostdev->device.address, ret);
        return 0;
}

static int config_usb(XenConfig *xen, const DomainHostdev *hostdev, libxl_device_usbdev *ret) {
        const HostAddress *at = &hostdev->source;
        const DeviceAddress *place = &hostdev->device.address;

        libxl_device_usbdev_init(ret);
        libxl_device_usbdev_init_type(ret, LIBXL_USBDEV_TYPE_HOSTDEV);
        if (!hostdev->has_address)
                return config_refuse(xen, "devices/hostdev 'usb': has no bus and device yet");
        if (at->bus == 0 || at->bus > UINT8_MAX || at->device == 0 || at->device > UINT8_MAX)
                return config_refuse(xen, "devices/hostdev/source/address: no address of USB");
        ret->u.hostdev.hostbus = (uint8_t) at->bus;
        ret->u.hostdev.hostaddr = (uint8_t) at->device;
        if (place->type == ADDRESS_USB && place->port) {
                ret->ctrl = (int) place->bus;
                ret->port = atoi(place->port);
        }
        return 0;
}

static int config_hostdev(XenConfig *xen, const DomainHostdev *hostdev) {
        libxl_domain_config *config = xen->config;

        if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_PCI) {
                libxl_device_pci *item = config_add(xen, &config->pcidevs, &config->num_pcidevs,
                                                    sizeof(*item));

                return item ? config_pci(xen, hostdev, item) : fail_memory(xen->error);
        }
        if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_USB) {
                libxl_device_usbdev *item = config_add(xen, &config->usbdevs,
                                                       &config->num_usbdevs, sizeof(*item));

                return item ? config_usb(xen, hostdev, item) : fail_memory(xen->error);
        }
        return config_refuse(xen, "devices/hostdev '%s': Xen gives PCI and USB devices",
                             hostdev_types[hostdev->type]);
}

/* Cards first, since their interfaces come first in a definition. */
static int config_cards(XenConfig *xen) {
        libxl_domain_config *config = xen->config;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < xen->conf->nets.n; i++) {
                const DomainNet *net = xen->conf->nets.items[i];
                libxl_device_pci *item;

                if (net->type != NET_HOSTDEV)
                        continue;
                item = config_add(xen, &config->pcidevs, &config->num_pcidevs, sizeof(*item));
                r = item ? set_pci(xen, &net->source_pci, item) : fail_memory(xen->error);
                if (r >= 0)
                        set_place(xen, &net->device.address, item);
        }
        return r;
}

int config_hostdevs(XenConfig *xen) {
        int r = config_cards(xen);

        for (size_t i = 0; r >= 0 && i < xen->conf->hostdevs.n; i++)
                r = config_hostdev(xen, xen->conf->hostdevs.items[i]);
        /* without hardware, memory of devices is where it is on the host */
        if (r >= 0 && xen->guest == GUEST_PV && xen->config->num_pcidevs > 0 &&
            libxl_defbool_is_default(xen->config->b_info.u.pv.e820_host))
                libxl_defbool_set(&xen->config->b_info.u.pv.e820_host, true);
        return r;
}

/* ---- folders ---- */

int config_filesystems(XenConfig *xen) {
        libxl_domain_config *config = xen->config;

        for (size_t i = 0; i < xen->conf->filesystems.n; i++) {
                const DomainFilesystem *folder = xen->conf->filesystems.items[i];
                libxl_device_p9 *item;

                if (folder->type != FILESYSTEM_MOUNT || folder->driver || folder->readonly ||
                    !folder->source || !folder->target)
                        return config_refuse(xen, "devices/filesystem '%s': Xen has folders by "
                                             "9pfs, writable ones", folder->target ?: "");
                item = config_add(xen, &config->p9s, &config->num_p9s, sizeof(*item));
                if (!item)
                        return fail_memory(xen->error);
                libxl_device_p9_init(item);
                item->devid = (int) i;
                config_text(xen, &item->tag, folder->target);
                config_text(xen, &item->path, folder->source);
                config_text(xen, &item->security_model, folder->access_mode ?: "none");
        }
        return 0;
}

/* ---- TPMs ---- */

/* libxl has only those that another guest makes; but its device model can be handed the host's, and
 * the socket of one that somebody else runs. */
int config_tpms(XenConfig *xen) {
        libxl_string_list *extra = &xen->config->b_info.extra_hvm;
        const DomainTpm *tpm = xen->conf->tpms.n > 0 ? xen->conf->tpms.items[0] : NULL;
        _cleanup_(freep) char *backend = NULL;
        bool external = tpm && tpm->backend == TPM_EXTERNAL;

        if (!tpm)
                return 0;
        if (xen->guest != GUEST_HVM || xen->conf->tpms.n > 1)
                return config_refuse(xen, "devices/tpm: one, and only for hvm guests");
        if (tpm->backend == TPM_EMULATOR || (tpm->model && !config_is(tpm->model, "tpm-tis")))
                return config_refuse(xen, "devices/tpm: Xen's device model takes a 'tpm-tis' of "
                                     "the host's or of a socket");
        if (external && !config_is(tpm->source_type, "unix"))
                return config_refuse(xen, "devices/tpm: its socket is a unix socket");
        if (external) {
                _cleanup_(freep) char *chardev = NULL;

                config_format(xen, &chardev, "socket,id=chrtpm0,path=%s", tpm->source_path ?: "");
                config_word(xen, extra, "-chardev");
                config_word(xen, extra, chardev);
                config_text(xen, &backend, "emulator,id=tpm0,chardev=chrtpm0");
        } else
                config_format(xen, &backend, "passthrough,id=tpm0,path=%s",
                              tpm->path ?: "/dev/tpm0");
        config_word(xen, extra, "-tpmdev");
        config_word(xen, extra, backend);
        config_word(xen, extra, "-device");
        config_word(xen, extra, "tpm-tis,tpmdev=tpm0");
        return 0;
}

/* ---- kinds of which there are none ---- */

#define NONE(name, list) { name, offsetof(DomainConf, list) }

static const struct {
        const char *name;
        size_t list;
} none[] = {
        NONE("devices/hub", hubs),             NONE("devices/watchdog", watchdogs),
        NONE("devices/rng", rngs),
        NONE("devices/panic", panics),         NONE("devices/memory", memories),
        NONE("devices/redirdev", redirdevs),   NONE("devices/smartcard", smartcards),
        NONE("devices/shmem", shmems),         NONE("devices/iommu", iommus),
        NONE("devices/vsock", vsocks),         NONE("devices/crypto", cryptos),
        NONE("devices/nvram", nvrams),         NONE("devices/lease", leases),
        NONE("sysinfo", sysinfos),             NONE("keywrap", key_wraps),
        NONE("perf", perf_events),             NONE("throttlegroups", throttle_groups),
        NONE("blkiotune/device", blkiotune.devices),
};

int config_check(XenConfig *xen) {
        const DomainConf *conf = xen->conf;

        for (size_t i = 0; i < ELEMENTS(none); i++)
                if (((const MapAnyList *) ((const char *) conf + none[i].list))->n > 0)
                        return config_refuse(xen, "%s: Xen has none", none[i].name);
        for (size_t i = 0; i < conf->memballoons.n; i++)
                if (conf->memballoons.items[i]->model &&
                    !config_is(conf->memballoons.items[i]->model, "xen") &&
                    !config_is(conf->memballoons.items[i]->model, "none"))
                        return config_refuse(xen, "devices/memballoon/@model: Xen's is 'xen'");
        if (conf->launch_security)
                return config_refuse(xen, "launchSecurity: Xen has none");
        if (conf->blkiotune.weight > 0)
                return config_refuse(xen, "blkiotune: Xen has none");
        if (conf->memtune.hard_limit > 0 || conf->memtune.soft_limit > 0 ||
            conf->memtune.swap_hard_limit > 0 || conf->memtune.min_guarantee > 0)
                return config_refuse(xen, "memtune: a guest of Xen has its memory, and no more");
        return 0;
}

/* ---- one alone ---- */

static XenConfig alone(const DomainConf *conf, Error *error) {
        return (XenConfig) { .conf = conf, .guest = xen_guest_type(conf), .error = error };
}

int xen_config_pci(const DomainConf *conf, const DomainHostdev *hostdev, libxl_device_pci *ret,
                   Error *error) {
        XenConfig xen = alone(conf, error);

        return config_pci(&xen, hostdev, ret);
}

int xen_config_usb(const DomainConf *conf, const DomainHostdev *hostdev, libxl_device_usbdev *ret,
                   Error *error) {
        XenConfig xen = alone(conf, error);

        return config_usb(&xen, hostdev, ret);
}

int xen_config_usbctrl(const DomainConf *conf, const DomainController *controller,
                       libxl_device_usbctrl *ret, Error *error) {
        XenConfig xen = alone(conf, error);

        return config_usbctrl(&xen, controller, ret);
}
