/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The switches of the kernel that networks need, all of them here. */
#pragma once

#include "conf/network.h"

/* Those of a bridge: no addresses by chance, and no IPv6 at all where the network has none. */
int sysctl_prepare_bridge(const NetworkConf *conf, const char *bridge, Error *error);

/* The host forwards packets from now on. For IPv6 that is refused where it would cost the host
 * routes that it has by router advertisement. They stay: others may have come to rely on them. */
int sysctl_forward(const NetworkConf *conf, Error *error);
