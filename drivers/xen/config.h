/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain as libxl is asked for it. */
#pragma once

#include "drivers/xen/libxl-api.h"

#include "conf/domain.h"

/* Fills in what libxl needs to build the guest that a definition describes; what libxl has no
 * field for is ERROR_CONFIG_UNSUPPORTED, named with its place in the definition. Nothing on the
 * host is changed, and no call that can take long is made.
 *
 * *ret is initialized here, and is the caller's to dispose of whatever the result is
 * (libxl_domain_config_dispose()).
 *
 * What is chosen when a guest starts must stand in the definition already: the ports of its
 * displays, the pool path of a disk that is a volume, the bridge of an interface that is in a
 * network, bus and number of a USB device known by vendor and product, and paths of sockets.
 *
 * ctx tells the number of NUMA nodes, for <cpu><numa>; without one the host counts as one node. */
int xen_config_build(const DomainConf *conf, libxl_ctx *ctx, libxl_domain_config *ret,
                     Error *error);

/* One device alone, for attaching: *ret is initialized, filled in, and the caller's to dispose of
 * as above. devid is the index among those of its kind, or -1: libxl chooses. */
int xen_config_disk(const DomainConf *conf, const DomainDisk *disk, libxl_device_disk *ret,
                    Error *error);
int xen_config_nic(const DomainConf *conf, const DomainNet *net, int devid, libxl_device_nic *ret,
                   Error *error);
int xen_config_pci(const DomainConf *conf, const DomainHostdev *hostdev, libxl_device_pci *ret,
                   Error *error);
int xen_config_usb(const DomainConf *conf, const DomainHostdev *hostdev, libxl_device_usbdev *ret,
                   Error *error);
int xen_config_usbctrl(const DomainConf *conf, const DomainController *controller,
                       libxl_device_usbctrl *ret, Error *error);
