/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges, addresses, routes and rates of the host, by rtnetlink: one request, one answer of the
 * kernel, which it gives before the call returns. Nothing here waits for anybody else. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "conf/network.h"

/* A conversation with the kernel. Zeroed is closed. */
typedef struct Rtnl {
        struct mnl_socket *socket;
        unsigned sequence, port;
} Rtnl;

int rtnl_open(Rtnl *ret, Error *error);
void rtnl_close(Rtnl *rtnl);

/* The name of an interface as the kernel takes it. */
bool link_name_is_valid(const char *name);
#define LINK_NAME_MAX 15 /* bytes */

typedef struct Link {
        unsigned index;
        MacAddress mac;
        bool is_bridge;
        uint32_t mtu;
} Link;

/* -ENODEV leaves error alone. */
int rtnl_find(Rtnl *rtnl, const char *name, Link *ret, Error *error);

typedef struct BridgeSpec {
        const char *name;
        MacAddress mac;
        uint32_t mtu;   /* 0: the kernel's */
        bool stp;
        uint32_t delay; /* s */
        bool filters_vlans;
} BridgeSpec;

/* All of it at once: a bridge of this name that is there has this address too. It is down. */
int rtnl_make_bridge(Rtnl *rtnl, const BridgeSpec *spec, Error *error);
int rtnl_set_up(Rtnl *rtnl, unsigned index, Error *error);
int rtnl_remove(Rtnl *rtnl, unsigned index, Error *error);

/* peer, of the same family: who is at the other end; NULL: a subnet is. */
int rtnl_add_address(Rtnl *rtnl, unsigned index, const IpAddress *address, const IpAddress *peer,
                     unsigned prefix, Error *error);
/* Onto a bridge; 0: off it. */
int rtnl_set_master(Rtnl *rtnl, unsigned index, unsigned master, Error *error);

typedef struct RouteSpec {
        IpAddress to, gateway;
        unsigned prefix;
        uint32_t metric; /* 0: the kernel's */
} RouteSpec;

int rtnl_add_route(Rtnl *rtnl, unsigned index, const RouteSpec *route, Error *error);

/* What goes out of an interface is limited. Numbers as <inbound> has them. */
int rtnl_set_rate(Rtnl *rtnl, unsigned index, const NetworkRate *rate, Error *error);
/* What goes out of a port to its guest is limited anew; an average of 0: no limit. */
int port_set_rate(const char *name, const NetworkRate *rate, Error *error);

/* A subnet that the host uses. */
typedef struct Subnet {
        IpAddress address;
        unsigned prefix, index; /* the latter of its interface */
        bool is_route; /* else an address of the interface */
} Subnet;

/* All of them, loopback and link-local ones aside. found() returns negative to stop. */
int rtnl_each_subnet(Rtnl *rtnl, int (*found)(const Subnet *subnet, void *userdata),
                     void *userdata, Error *error);

/* The hardware address of a neighbour; all zero where none is known. */
typedef struct Neighbour {
        IpAddress address;
        MacAddress mac;
} Neighbour;

int rtnl_each_neighbour(Rtnl *rtnl, unsigned index,
                        void (*found)(const Neighbour *neighbour, void *userdata), void *userdata,
                        Error *error);
