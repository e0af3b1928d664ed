/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a guest as the host knows them, without asking the guest. */
#pragma once

#include "drivers/domain.h"

/* ADDRESSES_SRC_LEASE or ADDRESSES_SRC_ARP: result.values a(ssa(isu)), of all interfaces that have
 * an address. Others are ERROR_INVALID_ARG. */
int addresses_of_domain(Domain *domain, uint32_t source, Job *job, Error *error);

/* The name that it gave with a lease: result.text. */
int addresses_lease_hostname(Domain *domain, Job *job, Error *error);
