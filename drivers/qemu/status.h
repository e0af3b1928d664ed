/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runtime file of a guest as it is read back. */
#pragma once

#include "drivers/qemu/guest.h"

typedef struct QemuStatus {
        uint32_t pid;
        uint64_t start; /* process_start() of that pid */
        uint32_t id, state, reason;
        uint64_t log_start;
        Tristate starting, rebooting, autodestroy;
        Tristate stopping; /* it was told to end, for this reason */
        uint32_t stop_reason, stop_detail;
        MAP_LIST(HelperStatus) helpers;
        QemuBindings bindings;
        char *coming; /* QemuGuest.left or coming */
} QemuStatus;

/* uuid: the file's name without suffix. Clear ret also on failure. */
int qemu_status_load(Connection *connection, const char *uuid, QemuStatus *ret,
                     DomainConf **ret_conf, Error *error);
void qemu_status_clear(QemuStatus *status);
