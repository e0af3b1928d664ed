/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network filter is: libvirt's <filter>, and <filterbinding>, the use of one. */
#pragma once

#include "conf/document.h"

typedef enum NwfilterAction {
        NWFILTER_DROP,
        NWFILTER_ACCEPT,
        NWFILTER_REJECT,
        NWFILTER_RETURN,
        NWFILTER_CONTINUE,
} NwfilterAction;

typedef enum NwfilterDirection { NWFILTER_IN, NWFILTER_OUT, NWFILTER_INOUT } NwfilterDirection;

extern const char *const nwfilter_actions[], *const nwfilter_directions[];

/* The rows of the table of protocols; "arp", "rarp" ... "all-ipv6". */
#define NWFILTER_PROTOCOLS 24

typedef struct NwfilterParameter {
        MapItem item;
        char *name, *value;
} NwfilterParameter;

typedef struct NwfilterRef {
        MapItem item;
        char *filter;
        MAP_LIST(NwfilterParameter) parameters;
} NwfilterRef;

typedef struct NwfilterRule {
        MapItem item;
        NwfilterAction action;
        NwfilterDirection direction;
        MaybeU32 priority; /* int: -1000 to 1000; 500 is filled in */
        char *statematch;  /* "0", "false" in any case: no */
        bool protocols[NWFILTER_PROTOCOLS]; /* an element of that protocol is there */
} NwfilterRule;

typedef struct NwfilterConf {
        xmlDoc *document;
        char *name;
        char *chain; /* "root", "mac", "ipv4-xyz" ... */
        MaybeU32 priority; /* int: of the chain; by its name where none is given */
        Uuid uuid;
        MAP_LIST(NwfilterRef) refs;
        MAP_LIST(NwfilterRule) rules; /* in the order of the document */
} NwfilterConf;

DECLARE_CONF(NwfilterConf, nwfilter);

/* The protocol of a rule, or NULL: it holds for every packet. Its elements are those of that name
 * below rule->item.node. */
const char *nwfilter_rule_protocol(const NwfilterRule *rule);

/* The text of an attribute of the rule's protocol ("srcipaddr"), newly allocated; NULL: not given,
 * or no memory. */
char *nwfilter_rule_value(const NwfilterRule *rule, const char *attribute);

/* What such an attribute has to be ("IPv4 address"), or NULL: the text, in which no variable is
 * left, is that. */
const char *nwfilter_value_wanted(const char *protocol, const char *attribute, const char *text);

/* The priority of its chain: given, or what its name says. */
int nwfilter_chain_priority(const NwfilterConf *conf);

/* What its frames are: "root" (all), "mac" (all), "stp", "vlan", "ipv4", "ipv6", "arp", "rarp". */
const char *nwfilter_chain_kind(const NwfilterConf *conf);

typedef struct NwfilterBindingConf {
        xmlDoc *document;
        char *owner_name;
        Uuid owner_uuid;
        char *portdev, *linkdev;
        MacAddress mac;
        NwfilterRef filterref;
} NwfilterBindingConf;

DECLARE_CONF(NwfilterBindingConf, nwfilterbinding);
