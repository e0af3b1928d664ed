/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists, lookups and definitions: what the kinds of resources have in common there. A kind that the
 * driver hasn't answers "not supported", also when it is only looked for. */
#pragma once

#include "objects/request.h"

/* A group of a list's filter bits. What is listed has one of those that were asked for, if any
 * was. Lists of groups end with {}. */
typedef struct Filter {
        uint32_t yes, no;
        bool (*is)(const Resource *resource);       /* yes or no; or else: */
        uint32_t (*bits)(const Resource *resource); /* those of yes that it has */
} Filter;

bool filters_pass(const Filter *filters, const Resource *resource, uint32_t flags);

/* "ao": those of a kind below the connection, or of one parent, that pass; filters NULL: all. */
int reply_list(Request *request, const Kind *kind, const Resource *parent, const Filter *filters,
               Error *error);
int reply_paths(Request *request, Resource *const *resources, size_t n);

int reply_resource(Request *request, const Resource *resource); /* "o" */
/* The same; NULL: "no KIND with matching WHAT 'TEXT'". */
int reply_found(Request *request, const Kind *kind, const Resource *found, const char *what,
                const char *text, Error *error);

/* Lookups by the call's first argument. */
int reply_by_name(Request *request, const Kind *kind, const Resource *parent, Error *error);
int reply_by_uuid(Request *request, const Kind *kind, Error *error);
int reply_by_key(Request *request, const Kind *kind, Error *error);

/* ERROR_NO_SUPPORT unless the driver has this kind. */
int need_kind(const Request *request, const Kind *kind, Error *error);

int fail_missing(const Kind *kind, const char *what, const char *text, Error *error);
