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

/* Has them carried out, all or none; what nft says is in the error. Doesn't wait for anybody. */
int rules_apply(const char *commands, Error *error);

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

/* A base chain of somebody else's that drops what it doesn't know: "ip filter FORWARD". What such
 * a chain drops can't be accepted from outside. hook: NF_INET_FORWARD and its like. NULL: there is
 * none. */
char *rules_find_dropping(unsigned hook);

/* Whether there is a table of this name, of any family. */
bool rules_has_table(const char *name);
