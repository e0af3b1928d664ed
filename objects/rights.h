/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which permissions a message needs: from its path and member, by the rows. */
#pragma once

#include "objects/tree.h"

#define NEEDED_MAX 32

typedef struct Needed {
        const char *names[NEEDED_MAX]; /* "domain:start"; each once */
        size_t n;
        Object object; /* borrowed; what they are needed on */
} Needed;

/* Of a call's arguments only the number that a permission depends on is read, and the names of
 * interface and property of Get, Set and GetAll. GetManagedObjects needs what all that it shows
 * needs, and Introspect, which shows what there is, the right to search. What no row knows needs
 * nothing: nothing will come of it. */
void message_needs(Tree *tree, sd_bus_message *message, Needed *ret);
