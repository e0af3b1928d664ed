/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device of a definition: read from its own XML, found, put in, taken out, replaced.
 *
 * What is put in is the element that was given, copied into the document: what no row knows is
 * kept, and nothing else is touched. The definition is then read anew as a whole, so that the
 * device gets what any device gets (a mac, an index, its defaults) and all rules hold. */
#pragma once

#include "conf/domain.h"

typedef struct DeviceSpec {
        DeviceKind kind;
        Device *device;   /* as it was given, in a definition without any other device: */
        DomainConf *alone;
        xmlDoc *given; /* its element as it came */
} DeviceSpec;

/* Reads a device's element for a domain like this one. What is missing is not filled in, and no
 * rules are checked, so that it may say no more than which device is meant. Leaves *ret for
 * device_spec_done() in every case. */
int device_parse(DomainConf *context, const char *xml, DeviceSpec *ret, Error *error);
void device_spec_done(DeviceSpec *spec);

/* By the name of its target or the path of its source; by its mac or the name of its target. */
DomainDisk *device_find_disk(DomainConf *conf, const char *name);
DomainNet *device_find_net(DomainConf *conf, const char *name);

/* The device that is meant: a disk by its target, an interface by what is given of mac, address and
 * alias, others by what tells them apart among their kind, and by address and alias where given.
 * Of several the one of which most of what is given is true. ERROR_DEVICE_MISSING. */
int device_find(DomainConf *conf, const DeviceSpec *spec, Device **ret, Error *error);

/* Refuses a new device whose target or alias another one has. */
int device_check_new(DomainConf *conf, const DeviceSpec *spec, Error *error);

/* An interface that comes to the live definition and to the persistent one gets one address in
 * both, also where it was chosen here. *mac: none to begin with. */
void device_one_mac(DomainNet *net, bool live, MacAddress *mac);

/* Each replaces *conf by another definition and frees the old one; live: one of a running guest.
 * *ret, which may be NULL, is the device in it. */
int device_insert(DomainConf **conf, const DeviceSpec *spec, bool live, Device **ret,
                  Error *error);
int device_replace(DomainConf **conf, Device *old, const DeviceSpec *spec, bool live, Device **ret,
                   Error *error);
int device_remove(DomainConf **conf, Device *device, bool live, Error *error);

/* A name for a new device that no other has: "disk3". -ENOMEM. */
int device_choose_alias(DomainConf *conf, DeviceKind kind, Device *device);
