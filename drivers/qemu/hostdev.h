/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host that are given to a guest: found, taken from their drivers, given back.
 *
 * PCI functions with managed='yes' are bound to vfio-pci before QEMU is let go, and to the driver
 * they had when it is over. The runtime file says which and what they had before the first is
 * touched, so that a restart of the service can give back what a killed one has taken. */
#pragma once

#include "conf/domain.h"
#include "drivers/resource.h"

#define QEMU_SYSFS "/sys"

typedef struct QemuBinding {
        MapItem item;
        char *device; /* "0000:01:00.0" */
        char *driver; /* that it had; NULL: none */
} QemuBinding;

typedef MAP_LIST(QemuBinding) QemuBindings;

extern const MapElement qemu_binding_element; /* <binding>, in the runtime file */

/* "0000:01:00.0" */
char *qemu_pci_name(const HostAddress *address); /* newly allocated; NULL without memory */

/* What is to be taken for these devices; each must be there and be behind an IOMMU. Nothing is
 * changed yet. sysfs: QEMU_SYSFS, or a folder that stands for it. */
int qemu_bindings_plan(const DomainConf *conf, const char *sysfs, QemuBindings *ret, Error *error);
int qemu_bindings_do(const QemuBindings *bindings, Error *error);
/* Gives all back that are bound to vfio-pci; what goes wrong is logged. */
void qemu_bindings_undo(const QemuBindings *bindings, const Resource *resource);
void qemu_bindings_clear(QemuBindings *bindings);

/* "/dev/sg3" of a SCSI unit of the host; newly allocated. */
int qemu_scsi_generic(const DomainHostdev *hostdev, const char *sysfs, char **ret, Error *error);
