/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that give PCI addresses share.
 *
 * A bus takes some kinds of connections and has some slots; a device asks for a connection. Places
 * are given twice: a dry run finds out how many buses are needed, then the controllers of those
 * buses are added to the definition, and the second run finds everything a place. */
#pragma once

#include "drivers/qemu/command-private.h"

/* What a device is to a bus, and what a bus takes. */
typedef enum Connect {
        CONNECT_PCI = 1 << 0,  /* an endpoint of conventional PCI */
        CONNECT_PCIE = 1 << 1, /* an endpoint of PCI express */
        CONNECT_ROOT_PORT = 1 << 2,
        CONNECT_UPSTREAM = 1 << 3,
        CONNECT_DOWNSTREAM = 1 << 4,
        CONNECT_DMI_TO_PCI = 1 << 5,
        CONNECT_PCIE_TO_PCI = 1 << 6,
        CONNECT_BRIDGE = 1 << 7,
        CONNECT_EXPANDER = 1 << 8,
        CONNECT_PCIE_EXPANDER = 1 << 9,
        CONNECT_ENDPOINT = CONNECT_PCI | CONNECT_PCIE,
        CONNECT_KINDS = (1 << 10) - 1,
        CONNECT_HOTPLUG = 1 << 10, /* device: should come and go; bus: lets it */
        CONNECT_AUTO = 1 << 11,    /* bus: used when nobody asked for it */
        CONNECT_SHARE = 1 << 12, /* device: functions of a slot may be given to several of these */
} Connect;

typedef struct BusModel {
        const char *model;
        Connect takes;
        uint8_t first, last; /* slots */
        Connect connects;    /* as a device on its parent */
        const char *name;    /* default of model/@name */
} BusModel;

const BusModel *bus_model(const char *model);

/* A device that has a PCI address or wants one. */
typedef struct Place {
        DeviceAddress *address;
        Connect connects;
        DeviceKind kind;
        Device *device;
} Place;

typedef struct Slot {
        uint8_t functions; /* bits of those taken */
        bool shared;
        const Place *owners[8]; /* NULL: part of the machine */
} Slot;

typedef struct Bus {
        const BusModel *model;
        Slot slots[32];
} Bus;

typedef struct Pci {
        DomainConf *conf;
        const QemuCaps *caps;
        bool pcie, dry;
        Bus *buses;
        size_t n_buses;
        Place *places; /* in the order in which they are given */
        size_t n_places;
        Error *error;
} Pci;

/* address-places.c */
int pci_collect(Pci *pci);
bool place_is_wanted(const Place *place); /* it has no address yet */
void place_describe(const Place *place, char text[static 128]);

/* address-pci.c */
int pci_reserve(Pci *pci, const Place *owner, const DeviceAddress *address, Connect connects,
                bool given);
bool pci_slot_is_free(const Pci *pci, unsigned slot); /* of bus 0 */
int pci_take(Pci *pci, Place *place, unsigned slot,
             unsigned function); /* on bus 0, whatever it connects to */
int pci_take_next(Pci *pci, Place *place, unsigned function);

/* address-chipset.c: what the machine nails down */
int pci_assign_chipset(Pci *pci);

bool is_usb2(const Place *place, unsigned *ret_function);

/* address-bus.c: registers of virtual I/O, on pseries */
int qemu_assign_spapr(DomainConf *conf, Error *error);

/* check.c: what no QEMU of this architecture and machine has */
int qemu_check_machine(const DomainConf *conf, Error *error);
int qemu_check_extras(const DomainConf *conf, Error *error); /* command-extra.c */
int qemu_check_usb(DomainConf *conf, Error *error); /* of ports that were given */
int qemu_check_device(const DomainConf *conf, DeviceKind kind, const Device *device, Error *error);
