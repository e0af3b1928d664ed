/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that only the start of the process needed. */
#pragma once

#include <systemd/sd-event.h>

/* Once, a moment from now, when the first calls have been answered. */
int memory_settle(sd_event *event);
