/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial ports, consoles and channels of a running guest, as descriptors. */
#pragma once

#include "drivers/domain.h"
#include "drivers/job.h"

/* Those of one guest that somebody holds: a list that its driver keeps. */
typedef struct ConsolePort ConsolePort;

/* DomainAccess.open_console. A domain that runs has a list. */
int console_port_open(Domain *domain, ConsolePort **ports, const char *alias, uint32_t flags,
                      Job *job, Error *error);

void console_ports_close(ConsolePort **ports);
