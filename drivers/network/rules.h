/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nftables is told of a network, and telling it. Each network has a table of its own, which is
 * replaced as a whole in one transaction; nobody else's rules are touched. */
#pragma once

#include "conf/network.h"

/* A name for the table of the network with this bridge, valid in nftables. Newly allocated. */
char *rules_table_name(const NetworkConf *conf);

/* The commands that replace the table by what conf asks for. NULL in *ret: it needs no rules. The
 * names of interfaces in conf must be valid (link_name_is_valid()). */
int rules_of_network(const NetworkConf *conf, const char *table, char **ret, Error *error);

/* The chains that there may be in it, ended by NULL. */
extern const char *const rules_chains[];

/* Puts what rules_of_network() or guard.c made in force, all or none. Waits for nobody but the
 * kernel. */
int rules_set(const char *text, Error *error);

/* The part of these commands that makes the table: for when there is none yet, which is faster. */
const char *rules_for_new(const char *commands);

/* Removes a table; one that isn't there is no error. */
int rules_remove(const char *table, Error *error);

/* Lets go of what is held between calls: while there are no networks. */
void rules_rest(void);

/* ---- whether they are still there ---- */

/* Called for each table whose name begins with "virtbus_", with a number that changes when anything
 * is added to, removed from or replaced in it. */
typedef void (*RulesFound)(const char *table, uint64_t mark, void *userdata);

int rules_look(RulesFound found, void *userdata, Error *error);
uint64_t rules_mark(const char *table); /* 0: not there */

/* What others have that is in our rules' way: base chains that drop what they don't know, as "ip
 * filter FORWARD", or NULL. What such a chain drops can't be accepted from outside. */
typedef struct RulesOthers {
        char *forward, *input; /* on these hooks */
        bool firewalld;        /* has a table */
} RulesOthers;

void rules_find_others(RulesOthers *ret);
void rules_others_clear(RulesOthers *others);
