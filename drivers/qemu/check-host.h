/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start would miss on this host. Each problem goes through error_pass(). */
#pragma once

#include "drivers/connection.h"
#include "drivers/qemu/command.h"

typedef struct HostCheck {
        Connection *connection;
        Error *error;
} HostCheck;

int qemu_check_host(const HostCheck *check, DomainConf *live);
int qemu_check_secrets(const HostCheck *check, const QemuCommand *command);
