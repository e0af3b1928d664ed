/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes on the lines that a program writes into its log file to the journal, as they come, with
 * OBJECT_PID= of the program: `journalctl -u` of its unit shows them. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "drivers/resource.h"

typedef struct LogFollow LogFollow;

/* From this offset on, or with -1 what comes from now on. NULL: there is no journal, or no way to
 * watch the file; nothing is lost by that, the file has it all. resource: borrowed; must outlive
 * it. */
LogFollow *log_follow_new(sd_event *event, const Resource *resource, const char *path, off_t from,
                          pid_t pid);
LogFollow *log_follow_free(LogFollow *follow); /* what is there is passed on; NULL does nothing */
