/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What joining asks of the kernel, beside taps (join.h). */
#pragma once

#include "drivers/network/link.h"
#include "drivers/qemu/join.h"

/* Onto another bridge of the kernel. */
int link_set_bridge(const char *name, const char *bridge, Error *error);
/* The host's side of an interface: <ip> and <route> of its source. */
int link_set_addresses(const DomainNet *net, Error *error);

/* A macvtap on dev with the guest's address; its name is written into target. *ret_path is its
 * character device, newly allocated. It says whose it is, so that nobody else's is removed. */
int macvtap_make(const DomainConf *conf, DomainNet *net, const char *dev, const char *mode,
                 uint32_t mtu, char **ret_path, Error *error);
void macvtap_remove(const char *name, Uuid owner);
