/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* S-expressions as xend wrote them: (name value value ...), values being texts or expressions. */
#pragma once

#include <stddef.h>

#include "conf/error.h"

typedef struct Sexp {
        char *text; /* NULL: a list, with a name if its first item is a text */
        struct Sexp **items;
        size_t n;
} Sexp;

int sexp_parse(const char *text, Sexp **ret, Error *error); /* where and why it is none */
Sexp *sexp_free(Sexp *sexp);
DEFINE_CLEANUP(Sexp *, sexp_free);

const char *sexp_name(const Sexp *sexp);                       /* or NULL */
const Sexp *sexp_child(const Sexp *list, const char *name);    /* the first, or NULL */
const char *sexp_text(const Sexp *list, const char *name);     /* of (name text), or NULL */
