/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers that run real guests have as their networks: bridges, dnsmasq, nftables. */
#pragma once

#include "drivers/driver.h"

extern const NetworkOps host_networks;
