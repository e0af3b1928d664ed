/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others on this host are told of an interface that we made: firewalld its zone, and
 * systemd-resolved who answers for its names. That takes a bus, so the service does it; a driver
 * sees only this. */
#pragma once

#include "conf/network.h"

typedef struct HostLink {
        const char *name;
        const char *const *zones; /* the first that firewalld has, ended by NULL; NULL: none */
        bool zone_needed;         /* without it told() is an error; else firewalld is left alone */
        const char *domain;       /* names below it are asked for at dns; or NULL */
        IpAddress dns;
} HostLink;

/* Called once, from the loop: 1 it is in a zone, 0 it isn't, or negative, with error set. */
typedef void (*HostLinkTold)(int result, Error *error, void *userdata);

typedef struct HostLinks HostLinks;
typedef struct HostLinkRequest HostLinkRequest;

struct HostLinks {
        /* DONE: nobody had to be told; PENDING: told() follows; or an error. From then on firewalld
         * is told again whenever it was started or reloaded, till remove(). */
        int (*tell)(HostLinks *links, const HostLink *link, HostLinkTold told, void *userdata,
                    HostLinkRequest **ret, Error *error);
        /* That is still so, as an earlier life of the service told; before there is a bus. */
        void (*remember)(HostLinks *links, const HostLink *link);
        /* The interface is gone. One that nobody was told of is no error. */
        void (*remove)(HostLinks *links, const char *name);
        /* told() isn't called any more. NULL does nothing. */
        void (*forget)(HostLinks *links, HostLinkRequest *request);
};
