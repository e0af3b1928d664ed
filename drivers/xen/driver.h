/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen driver's parts. It is open whether Xen runs on this host or not: definitions and native
 * configurations need none. */
#pragma once

#include "drivers/driver.h"
#include "drivers/xen/native.h"

#define XEN_FIRMWARE_DIR "/usr/lib/xen/boot"

typedef struct XenCore XenCore;

typedef struct XenDriver {
        XenCore *core; /* NULL: there is no Xen here */
        bool present; /* Xen runs here, and this is the domain that rules */
        int scheduler; /* libxl's number; 0: not asked yet */
} XenDriver;

static inline XenDriver *xen_driver_of(const Connection *connection) {
        return connection->data;
}

/* ERROR_OPERATION_INVALID, "no Xen on this host", or 0. All that needs the hypervisor asks. */
int xen_need(const Connection *connection, Error *error);

/* conf_parse() of a domain of type 'xen', with what Xen has by itself made explicit. */
int xen_conf_parse(const char *xml, ConfFlags flags, DomainConf **ret, Error *error);
int xen_complete(DomainConf *conf, Error *error);
Guest xen_guest_type(const DomainConf *conf);

extern const DomainDefinitions xen_definitions;
extern const DomainLifecycle xen_lifecycle;
extern const DomainProcessors xen_processors;
extern const DomainTuning xen_tuning;
extern const DomainStatistics xen_statistics;
extern const DomainSaving xen_saving;
extern const DomainControl xen_control;
extern const DomainMigration xen_migration;
extern const HypervisorOps xen_hypervisor;
extern const NodeOps xen_node;

/* What the device model calls a key; 0: there is none. The letter of Alt+SysRq+letter, or 0. */
unsigned xen_key_code(uint32_t codeset, uint32_t code);
char xen_sysrq_of(uint32_t codeset, const uint32_t *codes, size_t n);

extern const Driver xen_driver;
