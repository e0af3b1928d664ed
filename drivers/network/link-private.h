/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How requests to rtnetlink are written. */
#pragma once

#include "drivers/network/link.h"

typedef struct RtnlRequest {
        _Alignas(8) char bytes[4096];
        struct nlmsghdr *header;
} RtnlRequest;

void request_begin(RtnlRequest *request, uint16_t type, uint16_t flags);

/* The struct that follows the header, zeroed. */
static inline void *request_extra(RtnlRequest *request, size_t size) {
        return mnl_nlmsg_put_extra_header(request->header, size);
}

/* Asks, and hands each message of the answer to found(), which may be NULL. Negative errno. */
int rtnl_talk(Rtnl *rtnl, RtnlRequest *request, mnl_cb_t found, void *userdata);
