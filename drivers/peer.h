/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another host's service, as a guest's migration needs it: it is asked to expect a guest, and told
 * that all of it was sent. How it is reached is the service's business, because that takes a bus; a
 * driver sees only this. */
#pragma once

#include "conf/error.h"

typedef struct Peer Peer;
typedef struct PeerManager PeerManager;

/* Called once for each question, from the loop. result -ENOTCONN: there was no answer, so nobody
 * knows whether it was done; other failures: it wasn't. text: what was answered, or "". */
typedef void (*PeerAnswered)(int result, const char *text, Error *error, void *userdata);

struct PeerManager {
        /* Begins to connect; driver is its name there ("Xen"). *ret_host: where it is, newly
         * allocated, NULL if that is this host. ERROR_ARG_UNSUPPORTED: no such way. */
        int (*open)(PeerManager *manager, const char *uri, const char *driver, Peer **ret,
                    char **ret_host, Error *error);
        /* MigratePrepare of org.virtbus.Connect. */
        int (*prepare)(Peer *peer, const char *xml, const char *listen, uint32_t flags,
                       PeerAnswered answered, void *userdata, Error *error);
        /* MigrateFinish. */
        int (*finish)(Peer *peer, const char *uuid, uint32_t flags, PeerAnswered answered,
                      void *userdata, Error *error);
        /* What it was asked is not heard any more; what it prepared, it removes. NULL does
         * nothing. */
        void (*close)(PeerManager *manager, Peer *peer);
};
