/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a device sits in its guest: the rows of <address>, ranges, and that no place is taken
 * twice.
 *
 * One struct serves all kinds of addresses; a row is in force for its kind only, so "@bus" is a PCI
 * bus in hexadecimal for one device and a drive's bus in decimal for another. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

const char *const address_types[] = {
        NULL, "pci", "drive", "virtio-serial", "ccid", "usb", "spapr-vio", "virtio-s390", "ccw",
        "virtio-mmio", "isa", "dimm", "unassigned", "pci", NULL,
};

/* ---- rows ---- */

#define IS(kinds) .when_offset = offsetof(DeviceAddress, type), .when = (kinds)
#define PCI   IS(BIT(ADDRESS_PCI))
#define DRIVE IS(BIT(ADDRESS_DRIVE))
#define PORT  IS(BIT(ADDRESS_VIRTIO_SERIAL))
#define CCID  IS(BIT(ADDRESS_CCID))
#define USB   IS(BIT(ADDRESS_USB))
#define CCW   IS(BIT(ADDRESS_CCW))
#define ISA   IS(BIT(ADDRESS_ISA))
#define DIMM  IS(BIT(ADDRESS_DIMM))
const MapElement address_element = { "address", sizeof(DeviceAddress), (const MapField[]) {
        ENUM  ("@type",          DeviceAddress, type, address_types, REQUIRED),
        HEX4  ("@domain",        DeviceAddress, domain, WRITTEN, PCI),
        U32   ("@controller",    DeviceAddress, controller, WRITTEN, DRIVE),
        U32   ("@controller",    DeviceAddress, controller, WRITTEN, PORT),
        U32   ("@controller",    DeviceAddress, controller, WRITTEN, CCID),
        HEX   ("@bus",           DeviceAddress, bus, WRITTEN, PCI),
        U32   ("@bus",           DeviceAddress, bus, WRITTEN, DRIVE),
        U32   ("@bus",           DeviceAddress, bus, WRITTEN, PORT),
        U32   ("@bus",           DeviceAddress, bus, WRITTEN, USB),
        U32   ("@target",        DeviceAddress, target, WRITTEN, DRIVE),
        U32   ("@unit",          DeviceAddress, unit, WRITTEN, DRIVE),
        HEX   ("@slot",          DeviceAddress, slot, WRITTEN, PCI),
        U32   ("@slot",          DeviceAddress, slot_number, WRITTEN, CCID),
        U32   ("@slot",          DeviceAddress, slot_number, WRITTEN, DIMM),
        HEX1  ("@function",      DeviceAddress, function, WRITTEN, PCI),
        ON_OFF("@multifunction", DeviceAddress, multifunction, PCI),
        STRING("@port",          DeviceAddress, port, PORT),
        STRING("@port",          DeviceAddress, port, USB),
        STRING("@reg",           DeviceAddress, reg, IS(BIT(ADDRESS_SPAPR_VIO))),
        HEX1  ("@cssid",         DeviceAddress, cssid, WRITTEN, CCW),
        HEX1  ("@ssid",          DeviceAddress, ssid, WRITTEN, CCW),
        HEX4  ("@devno",         DeviceAddress, devno, WRITTEN, CCW),
        HEX1  ("@iobase",        DeviceAddress, iobase, .flags = MAP_CANONICAL, ISA),
        HEX1  ("@irq",           DeviceAddress, irq, .flags = MAP_CANONICAL, ISA),
        STRING("@base",          DeviceAddress, base, DIMM),
        HEX_MAYBE("zpci/@uid",   DeviceAddress, uid, map_maybe_hex4),
        HEX_MAYBE("zpci/@fid",   DeviceAddress, fid, map_maybe_hex8),
        {}
} };

const MapElement virtio_element = { "driver", sizeof(VirtioOptions), (const MapField[]) {
        ON_OFF("@iommu",         VirtioOptions, iommu),
        ON_OFF("@ats",           VirtioOptions, ats),
        ON_OFF("@packed",        VirtioOptions, packed),
        ON_OFF("@page_per_vq",   VirtioOptions, page_per_vq),
        {}
} };

/* <address type='pci'/> says "on PCI" and no more. Address 0000:00:00.0 is the host bridge's own,
 * so all zero can't mean a place; nor is there a channel subsystem 0 for devices of QEMU. */
void address_complete(DeviceAddress *address) {
        if (address->type == ADDRESS_PCI && !address->domain && !address->bus && !address->slot &&
            !address->function && address->multifunction == TRISTATE_UNSET)
                address->type = ADDRESS_PCI_ANY;
        if (address->type == ADDRESS_CCW && !address->cssid && !address->ssid && !address->devno)
                address->type = ADDRESS_NONE;
}

#define USB_DEPTH_MAX 4 /* hubs on the way and the port of the last */

static bool is_usb_port(const char *port) {
        size_t depth = 1;

        for (const char *p = port; *p; p++) {
                if (*p == '.' && p > port && p[1] && p[1] != '.')
                        depth++;
                else if (*p < '0' || *p > '9')
                        return false;
        }
        return *port && depth <= USB_DEPTH_MAX;
}

int address_check(const Device *device, Error *error) {
        const DeviceAddress *a = &device->address;
        const xmlNode *node = device->item.node;

        if (a->type == ADDRESS_USB && a->port && !is_usb_port(a->port))
                return fail_at(error, ERROR_XML, node,
                               "invalid port '%s' of a USB address; up to %d numbers with dots "
                               "between are expected", a->port, USB_DEPTH_MAX);
        if (a->type == ADDRESS_CCW && (a->cssid > 0xfe || a->ssid > 3 || a->devno > 0xffff))
                return fail_at(error, ERROR_XML, node,
                               "Invalid virtio ccw address: cssid is at most 0xfe, ssid 3, devno "
                               "0xffff");
        if (a->type != ADDRESS_PCI)
                return 0;
        if (a->domain > 0xffff)
                return fail_at(error, ERROR_XML, node,
                               "Invalid PCI address domain='0x%x', must be <= 0xFFFF", a->domain);
        if (a->bus > 0xff)
                return fail_at(error, ERROR_XML, node,
                               "Invalid PCI address bus='0x%x', must be <= 0xFF", a->bus);
        if (a->slot > 0x1f)
                return fail_at(error, ERROR_XML, node,
                               "Invalid PCI address slot='0x%x', must be <= 0x1F", a->slot);
        if (a->function > 7)
                return fail_at(error, ERROR_XML, node,
                               "Invalid PCI address function='0x%x', must be <= 7", a->function);
        return 0;
}

/* ---- no place twice ----
 *
 * Every place a device takes (a boot order, an alias, a slot ...) becomes one line of text; sorted,
 * what is taken twice stands side by side. Devices without rows are asked too: their <address> is
 * like any. */

typedef struct Claim {
        char *what;
        const xmlNode *node;
        size_t order; /* of the document, so that the later one is blamed */
} Claim;

typedef struct Claims {
        Claim *items;
        size_t n, room;
        bool boot_order;
        bool failed; /* no memory */
} Claims;

static void claims_done(Claims *claims) {
        for (size_t i = 0; i < claims->n; i++)
                free(claims->items[i].what);
        free(claims->items);
}

_printf_(3, 4) static void claim(Claims *claims, const xmlNode *node, const char *format, ...) {
        va_list ap;

        if (claims->n == claims->room) {
                size_t room = claims->room ? claims->room * 2 : 64;
                Claim *grown = realloc(claims->items, room * sizeof(*grown));

                if (!grown) {
                        claims->failed = true;
                        return;
                }
                claims->items = grown;
                claims->room = room;
        }
        Claim *item = &claims->items[claims->n];
        va_start(ap, format);
        if (vasprintf(&item->what, format, ap) < 0)
                claims->failed = true;
        else {
                item->node = node;
                item->order = claims->n++;
        }
        va_end(ap);
}

static void claim_address(Claims *claims, const xmlNode *node, const DeviceAddress *a,
                          const char *bus) {
        switch (a->type) {
        case ADDRESS_PCI:
                claim(claims, node, "PCI address %04x:%02x:%02x.%x", a->domain, a->bus, a->slot,
                      a->function);
                break;
        case ADDRESS_DRIVE:
                claim(claims, node,
                      "%s drive address controller='%u' bus='%u' target='%u' unit='%u'", bus,
                      a->controller, a->bus, a->target, a->unit);
                break;
        case ADDRESS_VIRTIO_SERIAL:
                if (a->port && strcmp(a->port, "0") != 0)
                        claim(claims, node, "virtio serial port %s on controller %u bus %u",
                              a->port, a->controller, a->bus);
                break;
        case ADDRESS_CCID:
                claim(claims, node, "CCID slot %u on controller %u", a->slot_number, a->controller);
                break;
        case ADDRESS_USB:
                if (a->port && strcmp(a->port, "0") != 0)
                        claim(claims, node, "USB address bus %u port %s", a->bus, a->port);
                break;
        case ADDRESS_CCW:
                if (a->cssid || a->ssid || a->devno)
                        claim(claims, node, "CCW devno %x.%x.%04x", a->cssid, a->ssid, a->devno);
                break;
        case ADDRESS_SPAPR_VIO:
                if (a->reg)
                        claim(claims, node, "spapr-vio address 0x%llx",
                              strtoull(a->reg, NULL, 16));
                break;
        case ADDRESS_DIMM:
                claim(claims, node, "memory device slot %u", a->slot_number);
                if (a->base)
                        claim(claims, node, "memory device base 0x%llx",
                              strtoull(a->base, NULL, 16));
                break;
        case ADDRESS_NONE:
        case ADDRESS_VIRTIO_S390:
        case ADDRESS_VIRTIO_MMIO:
        case ADDRESS_ISA:
        case ADDRESS_UNASSIGNED:
        case ADDRESS_PCI_ANY:
        case _ADDRESS_MAX:
                break;
        }
}

/* The first console is the first serial by another name and shares its places. */
static bool is_shadow(const DomainConf *conf, DeviceKind kind, const Device *device) {
        const DomainChar *console = (const DomainChar *) device;

        return kind == DEVICE_CONSOLE && conf->serials.n > 0 &&
               conf->consoles.items[0] == console && console->target_type &&
               strcmp(console->target_type, "serial") == 0;
}

/* Generated ones may stand for a group: all parts of a USB 2 controller are "usb". */
static bool is_users_alias(const char *alias) {
        return alias && strncmp(alias, "ua-", 3) == 0;
}

static int claim_device(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        Claims *claims = userdata;
        const xmlNode *node = device->item.node;
        const char *bus = "";

        if (is_shadow(conf, kind, device))
                return 0;
        if (kind == DEVICE_DISK)
                bus = map_enum_name(disk_buses, ((DomainDisk *) device)->bus) ?: "";
        else if (kind == DEVICE_HOSTDEV)
                bus = "scsi";
        if (device->boot_order) {
                claim(claims, node, "boot order %u", device->boot_order);
                claims->boot_order = true;
        }
        if (is_users_alias(device->alias))
                claim(claims, node, "alias '%s'", device->alias);
        claim_address(claims, node, &device->address, bus);
        if (device->acpi_index)
                claim(claims, node, "ACPI index %u", device->acpi_index);
        if (device->address.uid.value > 0)
                claim(claims, node, "zPCI uid %u", device->address.uid.value);
        if (device->address.fid.set && device->address.uid.value > 0)
                claim(claims, node, "zPCI fid %u", device->address.fid.value);
        return 0;
}

/* ---- and all together ---- */

static int compare_claims(const void *a, const void *b) {
        const Claim *x = a, *y = b;
        int r = strcmp(x->what, y->what);

        return r ?: (x->order > y->order) - (x->order < y->order);
}

/* "1.2" is a port of the hub that sits at "1". */
static int check_hubs(const Claims *claims, const DomainConf *conf, Error *error) {
        for (size_t i = 0; i < claims->n; i++) {
                unsigned bus;
                char port[64], *dot;
                bool found = false;

                if (sscanf(claims->items[i].what, "USB address bus %u port %63[0-9.]", &bus,
                           port) != 2 ||
                    !(dot = strrchr(port, '.')))
                        continue;
                *dot = 0;
                for (size_t k = 0; k < conf->hubs.n && !found; k++) {
                        const DeviceAddress *a = &conf->hubs.items[k]->device.address;

                        found = a->type == ADDRESS_USB && a->bus == bus && a->port &&
                                strcmp(a->port, port) == 0;
                }
                if (!found)
                        return fail_at(error, ERROR_XML, claims->items[i].node,
                                       "there is no hub at port %s of "
                                       "USB bus %u",
                                       port, bus);
        }
        return 0;
}

int places_check(const DomainConf *conf, Error *error) {
        _cleanup_(claims_done) Claims claims = {};

        (void) conf_visit_devices((DomainConf *) conf, claim_device, &claims);
        if (claims.failed)
                return fail_memory(error);
        if (claims.boot_order && conf->os.boots.n > 0)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "per-device boot elements cannot be used together "
                            "with os/boot elements; leave out one of them");
        if (claims.n == 0)
                return 0;
        qsort(claims.items, claims.n, sizeof(*claims.items), compare_claims);
        for (size_t i = 1; i < claims.n; i++)
                if (strcmp(claims.items[i - 1].what, claims.items[i].what) == 0)
                        return fail_at(error, ERROR_XML, claims.items[i].node,
                                       "%s is already used by another "
                                       "device (line %ld)",
                                       claims.items[i].what,
                                       xmlGetLineNo((xmlNode *) claims.items[i - 1].node));
        return check_hubs(&claims, conf, error);
}
