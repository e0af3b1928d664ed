/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running guest that come, go and change: device.c. */
#pragma once

#include "drivers/device-edit.h"
#include "drivers/edit.h"
#include "drivers/xen/guest.h"

/* ---- kinds: device-kinds.c ---- */

typedef union XenDevice {
        libxl_device_disk disk;
        libxl_device_nic nic;
        libxl_device_pci pci;
        libxl_device_usbdev usbdev;
        libxl_device_usbctrl usbctrl;
} XenDevice;

/* All but make() and check() are called in a child, and may block. */
typedef struct XenDeviceKind {
        /* What libxl knows can be said of each device of the kind and can't be done while a guest
         * runs: an error that names it. May be NULL. */
        int (*check)(const DomainConf *live, const Device *device, Error *error);
        /* By the rows that a start uses. *ret is to be disposed of in every case. */
        int (*make)(const DomainConf *live, const Device *device, XenDevice *ret, Error *error);
        void (*dispose)(XenDevice *device);
        /* What libxl returns. */
        int (*add)(libxl_ctx *ctx, uint32_t domid, XenDevice *device);
        /* What isn't there is gone. force: the guest isn't asked. */
        int (*remove)(libxl_ctx *ctx, uint32_t domid, XenDevice *device, bool force);
        /* The device that is there becomes this one; NULL: none does. */
        int (*change)(libxl_ctx *ctx, uint32_t domid, XenDevice *device);
} XenDeviceKind;

/* NULL: libxl has no such device, or none that comes and goes. */
const XenDeviceKind *xen_device_kind(DeviceKind kind, const Device *device);

/* ---- PCI devices of the host: host-devices.c ---- */

/* managed='yes': libxl takes it from its driver for the guest. */
bool xen_pci_is_managed(const char *managed);
/* Notes which these are, in the order of config-device.c. */
void xen_pci_seize(const DomainConf *conf, libxl_domain_config *config);

/* In a child, what libxl returns. */
int xen_pci_add(libxl_ctx *ctx, uint32_t domid, libxl_device_pci *pci);
int xen_pci_remove(libxl_ctx *ctx, uint32_t domid, const libxl_device_pci *pci, bool force);
/* To its driver, unless some domain has it. */
void xen_pci_give_back(libxl_ctx *ctx, libxl_device_pci *pci);

/* ---- one of them on its way: device.c ---- */

typedef struct XenPlug {
        Domain *domain; /* borrowed: the job's caller holds it */
        Job *job;       /* NULL: nobody waits, after a restart of the service */
        const char *xml; /* as it was given, while it is planned */
        uint32_t flags;
        const XenDeviceKind *kind;
        DeviceKind of;
        bool removes, changes;
        DomainEdit edit;
        Device *device; /* in edit.live */
        char *alias, *text; /* of the running guest's device; its element, in the runtime file */
        MacAddress mac; /* of an interface, for both definitions */
        DomainConf *before; /* the live definition in which an interface changes, and that one */
        const DomainNet *was;
        XenDevice libxl;
        XenChild *child;
        Error failure; /* while what libxl has of it is being removed */
        sd_event_source *deadline;
} XenPlug;

int xen_attach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
int xen_detach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);
int xen_update(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error);

/* ---- an interface that changes: device-net.c ---- */

/* Plans it in one of the definitions, as plan of Way. */
int xen_plan_net(XenPlug *plug, DomainConf **conf, bool live, Device *device,
                 const DeviceSpec *spec, Error *error);
/* Done, and committed; on failure as it was. */
int xen_change_net(XenPlug *plug, Error *error);
/* Refuses what can't be another, by its name. */
int xen_net_check_change(const DomainNet *old, const DomainNet *new, Error *error);

/* A device that was on its way when the service died: one that came goes again, since nobody was
 * told of it, and one that was told to go is told again. */
typedef enum XenWay { XEN_COMES, XEN_GOES, XEN_CHANGES } XenWay;

void xen_plug_found(XenGuest *guest, const char *text, XenWay way);

static inline XenWay xen_plug_way(const XenPlug *plug) {
        return plug->changes ? XEN_CHANGES : plug->removes ? XEN_GOES : XEN_COMES;
}

XenPlug *xen_plug_free(XenPlug *plug); /* kills its child; nobody is told */
void xen_plug_abort(XenPlug *plug);    /* the guest is over: who waits is told */

/* ---- what the definition of a running guest says of its devices: live.c ---- */

/* Before it is built: names of devices, ports of displays, numbers of USB devices, sockets of
 * channels. again: it had a life before and keeps its ports. */
int xen_live_prepare(Connection *connection, DomainConf *conf, bool again, Error *error);
/* Names for devices that have none. */
int xen_live_aliases(DomainConf *conf, Error *error);
/* Its number is known: so are the names of its interfaces. */
int xen_live_vifs(DomainConf *conf, uint32_t domid, Error *error);
/* The number of the next interface. */
int xen_live_next_vif(XenCore *core, uint32_t domid);
/* The ptys of its ports, as far as they are there by now. */
void xen_live_ttys(XenGuest *guest);

extern const DomainDevices xen_devices;
extern const DomainAccess xen_access;
