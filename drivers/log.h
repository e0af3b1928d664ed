/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line to the journal, or to stderr where there is none, with the object it is about as a field
 * (OBJECT=, DRIVER=). priority as in syslog.h. */
#pragma once

#include <sys/types.h>
#include <syslog.h>

#include "conf/error.h"
#include "drivers/resource.h"

void log_resource(int priority, const Resource *resource, const char *format, ...) _printf_(3, 4);
void log_message(int priority, const char *format, ...) _printf_(2, 3);

/* What a program said: the same with OBJECT_PID=, for the journal alone. */
void log_process(int priority, const Resource *resource, pid_t pid, const char *line);
bool log_is_journal(void);
