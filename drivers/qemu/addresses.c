/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a guest: the agent in it, leases or neighbours are asked. */
#include "drivers/qemu/addresses.h"

#include "drivers/addresses.h"
#include "drivers/qemu/agent.h"

enum { FROM_AGENT = 1 }; /* libvirt's number */

int qemu_interface_addresses(Domain *domain, uint32_t source, uint32_t flags, Job *job,
                             Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        return source == FROM_AGENT ? qemu_agent_addresses(domain, job, error)
                                    : addresses_of_domain(domain, source, job, error);
}
