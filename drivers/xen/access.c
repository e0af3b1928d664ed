/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into a guest of Xen: the ptys of its ports. */
#include "drivers/xen/device.h"

static int open_console(Domain *domain, const char *alias, uint32_t flags, Job *job,
                        Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r < 0)
                return r;
        return console_port_open(domain, &guest->consoles, alias, flags, job, error);
}

const DomainAccess xen_access = { .open_console = open_console };
