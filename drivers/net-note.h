/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing into the live definition of an interface what its network or port group asks for, so that
 * whoever reads it, or undoes it, sees what holds. What the definition says itself stays. */
#pragma once

#include "conf/domain.h"
#include "conf/network.h"

/* Each -ENOMEM or 0. */
int net_note_text(char **string, const char *text); /* text NULL: none; *string itself: stays */
int net_note_limit(NetLimit **limit, const NetworkRate *rate);
int net_note_vlan(DomainNet *net, const NetworkVlan *vlan); /* NULL: none */
