/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the walks over a table share: paths in a document, and the text of a value. */
#pragma once

#include "conf/map.h"

/* One step of a path: a child element or, at its end, an attribute. */
typedef struct MapStep {
        const char *name;
        size_t length;
        const char *uri; /* NULL: no namespace */
        bool attribute;
        const char *rest; /* the path behind it, "" at the end */
} MapStep;

/* Whether a path has come to its end, which "." is too. */
static inline bool map_path_ends(const char *path) {
        return *path == 0 || *path == '.';
}

/* Takes the first step of a path apart; it must have one. */
MapStep map_step(const char *path);

/* If the first step of a path leads from its parent to this node: the path behind it; otherwise
 * NULL. */
const char *map_match_fully(const char *path, const xmlNode *node);

/* All walks spend their time here, and most nodes differ in the first letter. */
static inline const char *map_match(const char *path, const xmlNode *node) {
        if (!node->name || (*node->name != (xmlChar) path[*path == '@'] && !node->ns))
                return NULL; /* CDATA has no name */
        return map_match_fully(path, node);
}

/* The first child element or the attribute that the first step of a path names, or NULL. */
xmlNode *map_child(const xmlNode *parent, const char *path);

/* Which names occur among the children and attributes of a node, roughly: most rows find
 * nothing, and this tells them so without a look at the document. */
typedef struct MapSieve {
        uint64_t elements, attributes;
} MapSieve;

MapSieve map_sieve(const xmlNode *node);

static inline uint64_t map_sieve_bit(const char *name) {
        unsigned second = *name && name[1] != '/' ? name[1] : 0;

        return BIT(((unsigned) *name * 7 + second) % 64);
}

/* false: a path surely leads nowhere. */
static inline bool map_sieve_passes(const MapSieve *sieve, const char *path) {
        if (*path == '@')
                return sieve->attributes & map_sieve_bit(path + 1);
        return *path == '.' || (sieve->elements & map_sieve_bit(path));
}

/* The part of a path below its first length bytes, which must be those of prefix; NULL if they
 * aren't. */
const char *map_path_below(const char *path, const char *prefix, size_t length);

/* The element or attribute a path leads to, each step taking the first that matches; NULL if
 * none. */
xmlNode *map_find(const xmlNode *root, const char *path);

/* The same without the last step, at which *ret_last points then. */
xmlNode *map_find_parent(const xmlNode *root, const char *path, const char **ret_last);

/* The same, making what is missing. table: whose rows give the order. NULL without memory. */
xmlNode *map_make(const MapElement *table, xmlNode *root, const char *path);
xmlNode *map_make_parent(const MapElement *table, xmlNode *root, const char *path,
                         const char **ret_last);

/* A new child for the first step of a path; an element is not yet in the tree. */
xmlNode *map_new_child(xmlNode *parent, const char *path);

/* Puts a child where its row wants it: behind what earlier rows name, before what later rows
 * name. The step that names it is at last, somewhere in path. */
void map_place(const MapElement *table, const char *path, const char *last, xmlNode *parent,
               xmlNode *child);

void map_delete(xmlNode *node); /* an element or attribute */

/* Removes elements that became empty, from node up to root, which stays. */
void map_prune(const MapElement *table, xmlNode *node, xmlNode *root);

/* ---- the text of a value ---- */

typedef struct MapText {
        const char *text; /* borrowed from the document, or one of: */
        char *heap, joined[64];
} MapText;

static inline void map_text_clear(MapText *text) {
        free(text->heap);
}

/* 1: *ret holds the text; 0: there is none, which an element without text means too; or -ENOMEM. */
int map_text(const MapField *field, const xmlNode *root, MapText *ret);

/* Writes text (with its unit, if the type has one). -EINVAL if XML can't hold it. */
int map_set_text(const MapElement *table, const MapField *field, xmlNode *root, char *text);

/* Removes text or attribute; what surrounds it stays. Returns the element that may be empty now. */
xmlNode *map_unset_text(const MapField *field, xmlNode *node);

/* Removes all elements of the path, with all they hold. */
void map_delete_all(const MapElement *table, const char *path, xmlNode *root);

/* ---- rows ---- */

static inline void *map_member(const void *object, const MapField *field) {
        return (char *) object + field->offset;
}

/* Whether a row is in force for this object. */
bool map_is_active(const MapField *field, const void *object);

/* Whether the element's being there is the value. */
static inline bool map_is_presence(const MapField *field) {
        return field->type == &map_flag || field->type == &map_opaque;
}

/* Removes what rows with any of these flags hold; with all, what any row holds. */
void map_remove_rows(const MapElement *element, xmlNode *node, MapFlags unwanted, bool all);
