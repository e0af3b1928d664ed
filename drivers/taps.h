/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taps on networks of the system, for who may not make any: a session's guests.
 *
 * Who gives them is the system's own service, asked by ours over the system bus, as the user that
 * we run as: polkit judges that. A driver sees only this. A tap is there as long as a descriptor of
 * it is open, so nobody needs to give it back. */
#pragma once

#include "conf/error.h"
#include "conf/map.h"

typedef struct TapSpec {
        const char *network, *portgroup; /* names; portgroup NULL: the network's usual one */
        MacAddress mac;                  /* of the guest's card */
        bool headers;                    /* virtio's, before each packet */
        bool interactive;                /* somebody may be asked for a password, and waited for */
} TapSpec;

/* Called once, from the loop. fd: the receiver's; -1: error says why. */
typedef void (*TapOpened)(int fd, Error *error, void *userdata);

typedef struct TapBroker TapBroker;
typedef struct TapRequest TapRequest;

struct TapBroker {
        /* PENDING: opened() follows; or an error. */
        int (*open)(TapBroker *broker, const TapSpec *spec, TapOpened opened, void *userdata,
                    TapRequest **ret, Error *error);
        /* opened() isn't called any more; a tap that comes all the same is closed. NULL does
         * nothing. */
        void (*forget)(TapBroker *broker, TapRequest *request);
};
