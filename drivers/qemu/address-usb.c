/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of USB: a tree of controllers and hubs. A port is written as the way to it: "2.1" is the
 * first port of the hub in port 2. When there are more devices than ports, hubs are added. */
#include "drivers/qemu/address-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HUB_PORTS = 8, DEPTH_MAX = 5, PORTS_MAX = 32 };

typedef struct Way {
        uint8_t ports[DEPTH_MAX];
        size_t n;
} Way;

static int parse_way(const char *text, Way *ret) {
        *ret = (Way) {};
        for (const char *p = text; p && *p;) {
                char *end;
                unsigned long port = strtoul(p, &end, 10);

                if (end == p || port < 1 || port > PORTS_MAX || ret->n == DEPTH_MAX ||
                    (*end && *end != '.'))
                        return -EINVAL;
                ret->ports[ret->n++] = port;
                p = *end ? end + 1 : end;
        }
        return ret->n > 0 ? 0 : -EINVAL;
}

static char *format_way(const Way *way) {
        char text[DEPTH_MAX * 4 + 1], *p = text;

        for (size_t i = 0; i < way->n; i++)
                p += sprintf(p, i > 0 ? ".%u" : "%u", way->ports[i]);
        return strdup(text);
}

/* Ports of a controller; companions have none of their own, they serve their master's. */
static unsigned controller_ports(const DomainController *controller) {
        static const struct {
                const char *model;
                unsigned ports;
        } models[] = {
                { "piix3-uhci", 2 }, { "piix4-uhci", 2 }, { "vt82c686b-uhci", 2 },
                { "pci-ohci", 3 },   { "ehci", 6 },       { "ich9-ehci1", 6 },
                { "ich9-uhci1", 2 }, { "ich9-uhci2", 2 }, { "ich9-uhci3", 2 },
                { "nec-xhci", 4 },   { "qemu-xhci", 4 },
        };

        if (controller->type != CONTROLLER_USB || controller->master_startport.set)
                return 0;
        for (size_t i = 0; i < ELEMENTS(models); i++)
                if (text_is(controller->model, models[i].model))
                        return MIN(controller->ports ?: models[i].ports, (unsigned) PORTS_MAX);
        return 0;
}

/* ---- who is where ---- */

typedef struct UsbDevice {
        DeviceAddress *address;
        bool hub;
} UsbDevice;

typedef struct Usb {
        DomainConf *conf;
        UsbDevice *devices;
        size_t n;
        Error *error;
} Usb;

static bool on_usb(DeviceKind kind, const Device *device) {
        if (kind == DEVICE_HUB)
                return text_is(((const DomainHub *) device)->type, "usb");
        if (kind == DEVICE_HOSTDEV)
                return ((const DomainHostdev *) device)->type == HOSTDEV_USB &&
                       ((const DomainHostdev *) device)->mode == HOSTDEV_SUBSYSTEM;
        if (kind == DEVICE_DISK)
                return ((const DomainDisk *) device)->bus == DISK_BUS_USB;
        if (kind == DEVICE_CONTROLLER)
                return ((const DomainController *) device)->type == CONTROLLER_CCID;
        if (kind == DEVICE_INPUT)
                return text_is(((const DomainInput *) device)->bus, "usb");
        if (kind == DEVICE_SERIAL)
                return text_is(((const DomainChar *) device)->target_type, "usb-serial");
        if (kind == DEVICE_SOUND)
                return text_is(((const DomainSound *) device)->model, "usb");
        if (kind == DEVICE_NET)
                return text_is(((const DomainNet *) device)->model, "usb-net");
        return kind == DEVICE_REDIRDEV;
}

static bool may_be_usb(const DeviceAddress *address) {
        return address->type == ADDRESS_NONE || address->type == ADDRESS_USB;
}

static void collect_kind(Usb *usb, DeviceKind kind) {
        MapAnyList *list = conf_devices(usb->conf, kind);

        for (size_t i = 0; i < list->n; i++) {
                Device *device = (Device *) list->items[i];

                if (on_usb(kind, device) && may_be_usb(&device->address))
                        usb->devices[usb->n++] = (UsbDevice) {
                                .address = &device->address, .hub = kind == DEVICE_HUB,
                        };
        }
}

static int collect(Usb *usb) {
        static const DeviceKind order[] = {
                DEVICE_HUB, DEVICE_HOSTDEV, DEVICE_DISK, DEVICE_NET, DEVICE_CONTROLLER,
                DEVICE_INPUT, DEVICE_SERIAL, DEVICE_SOUND, DEVICE_REDIRDEV,
        };
        size_t n = 1;

        for (size_t i = 0; i < ELEMENTS(order); i++)
                n += conf_devices(usb->conf, order[i])->n;
        if (!(usb->devices = calloc(n, sizeof(*usb->devices))))
                return fail_memory(usb->error);
        for (size_t i = 0; i < ELEMENTS(order); i++)
                collect_kind(usb, order[i]);
        return 0;
}

/* What is in the port at the end of a way. */
static const UsbDevice *device_at(const Usb *usb, uint32_t bus, const Way *way) {
        for (size_t i = 0; i < usb->n; i++) {
                const DeviceAddress *at = usb->devices[i].address;
                Way other;

                if (at->type == ADDRESS_USB && at->port && at->bus == bus &&
                    parse_way(at->port, &other) >= 0 && other.n == way->n &&
                    memcmp(other.ports, way->ports, way->n) == 0)
                        return &usb->devices[i];
        }
        return NULL;
}

/* ---- finding a port ---- */

/* First on this controller or hub, then on the hubs in its ports. */
static bool find_port(const Usb *usb, uint32_t bus, unsigned ports, Way *way) {
        size_t depth = way->n;

        if (depth == DEPTH_MAX)
                return false;
        for (unsigned port = 1; port <= ports; port++) {
                way->n = depth + 1;
                way->ports[depth] = port;
                if (!device_at(usb, bus, way))
                        return true;
        }
        for (unsigned port = 1; port <= ports; port++) {
                way->n = depth + 1;
                way->ports[depth] = port;
                const UsbDevice *device = device_at(usb, bus, way);
                if (device && device->hub && find_port(usb, bus, HUB_PORTS, way))
                        return true;
        }
        way->n = depth;
        return false;
}

static int assign(Usb *usb, UsbDevice *device) {
        DeviceAddress *at = device->address;
        bool chosen = at->type == ADDRESS_USB;

        for (size_t i = 0; i < usb->conf->controllers.n; i++) {
                const DomainController *controller = usb->conf->controllers.items[i];
                Way way = {};

                if (controller_ports(controller) == 0 ||
                    (chosen && controller->index.value != at->bus) ||
                    !find_port(usb, controller->index.value, controller_ports(controller), &way))
                        continue;
                at->bus = controller->index.value;
                at->type = ADDRESS_USB;
                at->port = format_way(&way);
                return at->port ? 0 : fail_memory(usb->error);
        }
        return fail(usb->error, ERROR_XML, "no free USB ports");
}

static int check_given(Usb *usb) {
        for (size_t i = 0; i < usb->n; i++) {
                const DeviceAddress *at = usb->devices[i].address;
                Way way;

                if (at->type != ADDRESS_USB || !at->port)
                        continue;
                if (parse_way(at->port, &way) < 0)
                        return fail(usb->error, ERROR_XML, "USB port '%s' is no way to a port",
                                    at->port);
                const DomainController *master = qemu_find_usb_master(usb->conf, at->bus);
                if (!master || way.ports[0] > controller_ports(master))
                        return fail(usb->error, ERROR_XML, "USB bus %u has no port %s", at->bus,
                                    at->port);
                if (device_at(usb, at->bus, &way) != &usb->devices[i])
                        return fail(usb->error, ERROR_XML,
                                    "Attempted double use of USB port %s of bus %u", at->port,
                                    at->bus);
        }
        return 0;
}

static bool is_wanted(const UsbDevice *device) {
        return device->address->type == ADDRESS_NONE ||
               (device->address->type == ADDRESS_USB && !device->address->port);
}

/* A hub takes a port and gives eight. */
static int add_hubs(DomainConf *conf, const Usb *usb, Error *error) {
        size_t wanted = 0, ports = 0;

        for (size_t i = 0; i < conf->controllers.n; i++)
                ports += controller_ports(conf->controllers.items[i]);
        for (size_t i = 0; i < usb->n; i++) {
                wanted++;
                ports += usb->devices[i].hub ? HUB_PORTS : 0;
        }
        if (ports == 0 && wanted > 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "a device is on USB, and the domain has no USB "
                            "controller");
        for (; wanted > ports; ports += HUB_PORTS - 1) {
                DomainHub *hub = conf_add_device(conf, DEVICE_HUB);

                if (!hub || text_set(&hub->type, "usb") < 0)
                        return fail_memory(error);
        }
        return 0;
}

static void usb_clear(Usb *usb) {
        free(usb->devices);
        usb->devices = NULL;
        usb->n = 0;
}

int qemu_assign_usb(DomainConf *conf, Error *error) {
        _cleanup_(usb_clear) Usb usb = { .conf = conf, .error = error };
        int r;

        if ((r = collect(&usb)) < 0 || (r = check_given(&usb)) < 0)
                return r;
        size_t hubs = conf->hubs.n;
        if ((r = add_hubs(conf, &usb, error)) < 0)
                return r;
        if (conf->hubs.n > hubs) {
                usb_clear(&usb);
                if ((r = collect(&usb)) < 0)
                        return r;
        }
        for (size_t i = 0; i < usb.n; i++)
                if (is_wanted(&usb.devices[i]) && (r = assign(&usb, &usb.devices[i])) < 0)
                        return r;
        return 0;
}

int qemu_check_usb(DomainConf *conf, Error *error) {
        _cleanup_(usb_clear) Usb usb = { .conf = conf, .error = error };
        int r = collect(&usb);

        return r < 0 ? r : check_given(&usb);
}
