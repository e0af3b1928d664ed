/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walks over a table that read or take away: load, clear, strip, has, unknown; and lists.
 *
 * A row's path is followed anew for each row. That sounds wasteful and isn't: a sieve tells most
 * rows that there is nothing for them, a comparison fails at the first letter, and text is
 * compared and parsed where it stands in the document. Only strings, list items and optional
 * structs are allocated. */
#include "conf/map-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"

bool map_is_active(const MapField *f, const void *object) {
        if (f->when == 0)
                return true;

        int choice = *(const int *) ((const char *) object + f->when_offset);
        return choice >= 0 && choice < 64 && (f->when >> choice & 1);
}

/* ---- what went wrong ---- */

static int fail_missing(const MapField *f, const xmlNode *node, Error *error) {
        _cleanup_(freep) char *path = xml_node_path(node);

        if (!path)
                return fail_memory(error);
        return fail(error, ERROR_XML, "line %ld: %s lacks %s", xmlGetLineNo(node), path, f->path);
}

static char *list_names(const char *const *names) {
        size_t length = 1;

        for (int i = 0; i == 0 || names[i]; i++)
                length += names[i] ? strlen(names[i]) + 2 : 0;

        char *text = malloc(length), *end = text;
        if (!text)
                return NULL;
        *end = 0;
        for (int i = 0; i == 0 || names[i]; i++)
                if (names[i])
                        end = stpcpy(stpcpy(end, end > text ? ", " : ""), names[i]);
        return text;
}

static int fail_value(const MapField *f, const xmlNode *root, const char *text, int r,
                      Error *error) {
        const xmlNode *node = map_find(root, f->path);
        _cleanup_(freep) char *path = xml_node_path(node);
        _cleanup_(freep) char *names = f->arg ? list_names(f->arg) : strdup(""); /* a value's arg */
        long line = xmlGetLineNo(node->type == XML_ATTRIBUTE_NODE ? node->parent : node);
        int n = xml_clip(text);

        if (r == -ENOMEM || !path || !names)
                return fail_memory(error);
        if (f->arg)
                return fail(error, ERROR_XML,
                            "line %ld: %s: unknown value '%.*s', expected one of %s", line, path, n,
                            text, names);
        if (r == -ERANGE)
                return fail(error, ERROR_XML, "line %ld: %s: value '%.*s' is out of range", line,
                            path, n, text);
        return fail(error, ERROR_XML, "line %ld: %s: invalid value '%.*s', expected %s", line,
                    path, n, text, f->type->name);
}

/* ---- load ---- */

static int load_list(const MapField *f, xmlNode *node, MapAnyList *list, Error *error) {
        const char *name;
        xmlNode *parent = map_find_parent(node, f->path, &name);

        for (xmlNode *c = parent ? parent->children : NULL; c; c = c->next) {
                if (!map_match(name, c))
                        continue;

                MapItem *item = map_list_add(f->arg, list);
                if (!item)
                        return fail_memory(error);
                item->node = c;

                int r = map_load(f->arg, c, item, error);
                if (r < 0)
                        return r;
        }
        return list->n > 0;
}

/* For the three types that have rows of their own: 1 loaded, 0 not there. */
static int load_inner(const MapField *f, xmlNode *node, void *value, Error *error) {
        const MapElement *element = f->arg;

        if (f->type == &map_list)
                return load_list(f, node, value, error);

        xmlNode *inner = map_find(node, f->path);
        if (!inner)
                return 0;
        if (f->type == &map_optional) {
                void **object = value;

                if (!*object && !(*object = calloc(1, element->size)))
                        return fail_memory(error);
                value = *object;
        }

        int r = map_load(element, inner, value, error);
        return r < 0 ? r : 1;
}

static int load_value(const MapField *f, xmlNode *node, void *value, Error *error) {
        _cleanup_(map_text_clear) MapText text;
        int r = map_text(f, node, &text);

        if (r < 0)
                return fail_memory(error);
        if (r == 0)
                return 0;
        r = f->type->parse(f, text.text, value);
        return r < 0 ? fail_value(f, node, text.text, r, error) : 1;
}

static int load_row(const MapField *f, xmlNode *node, void *object, Error *error) {
        void *value = map_member(object, f);

        if (map_is_presence(f))
                return *(bool *) value = map_find(node, f->path) != NULL;
        if (f->type->parse)
                return load_value(f, node, value, error);
        return load_inner(f, node, value, error);
}

int map_load(const MapElement *element, xmlNode *node, void *object, Error *error) {
        MapSieve sieve = map_sieve(node);

        for (const MapField *f = element->fields; f->path; f++) {
                if (!map_is_active(f, object))
                        continue;

                int r = map_sieve_passes(&sieve, f->path) ? load_row(f, node, object, error) : 0;
                if (r == 0 && (f->flags & MAP_REQUIRED))
                        r = fail_missing(f, node, error);
                if ((r = error_pass(error, r)) < 0)
                        return r;
        }
        return 0;
}

/* ---- clear ---- */

static void clear_list(const MapElement *element, MapAnyList *list) {
        for (size_t i = 0; i < list->n; i++) {
                map_clear(element, list->items[i]);
                free(list->items[i]);
        }
        free(list->items);
        *list = (MapAnyList) {};
}

void map_clear(const MapElement *element, void *object) {
        for (const MapField *f = element->fields; f->path; f++) {
                void *value = map_member(object, f);

                if (f->type == &map_list)
                        clear_list(f->arg, value);
                else if (f->type == &map_struct)
                        map_clear(f->arg, value);
                else if (f->type == &map_optional) {
                        void **inner = value;

                        if (*inner)
                                map_clear(f->arg, *inner);
                        free(TAKE(*inner));
                } else {
                        if (f->type->clear)
                                f->type->clear(f, value);
                        memset(value, 0, f->type->size);
                }
        }
}

/* ---- strip, has ---- */

/* One of these walks: each node that a path may lead to, not only the first of each name, so that a
 * secret can't hide in an element that loading passes over. */
typedef struct Visit {
        const MapElement *table;
        const MapField *field;
        xmlNode *root;
        MapFlags flags;
        bool all;
        bool (*node)(const struct Visit *visit, xmlNode *node); /* true ends the walk */
} Visit;

static bool visit_path(const Visit *visit, xmlNode *node, const char *path) {
        xmlNode *c = *path == '@' ? (xmlNode *) node->properties : node->children;

        if (map_path_ends(path))
                return visit->node(visit, node);
        for (xmlNode *next; c; c = next) {
                const char *rest = map_match(path, c);

                next = c->next;
                if (rest && visit_path(visit, c, rest))
                        return true;
        }
        return false;
}

static bool visit_rows(Visit *visit) {
        for (const MapField *f = visit->table->fields; f->path; f++) {
                bool wanted = visit->all || (f->flags & visit->flags);

                visit->field = f;
                if ((wanted || !f->type->parse) && visit_path(visit, visit->root, f->path))
                        return true;
        }
        return false;
}

static bool remove_node(const Visit *visit, xmlNode *node) {
        const MapField *f = visit->field;
        bool all = visit->all || (f->flags & visit->flags);
        bool within = *f->path == '.' || (f->type == &map_struct && !(f->flags & visit->flags));
        bool empty = !node->properties && !node->children;
        xmlNode *left = node->parent;

        if (f->type->parse && !map_is_presence(f))
                left = map_unset_text(f, node);
        else if (f->type->parse || (all && !within))
                map_delete(node);
        else {
                map_remove_rows(f->arg, node, visit->flags, all);
                left = f->type == &map_struct && !empty ? node : NULL;
        }
        map_prune(visit->table, left, visit->root);
        return false;
}

void map_remove_rows(const MapElement *element, xmlNode *node, MapFlags unwanted, bool all) {
        Visit visit = { element, NULL, node, unwanted, all, remove_node };

        (void) visit_rows(&visit);
}

void map_strip(const MapElement *element, xmlNode *node, MapFlags unwanted) {
        map_remove_rows(element, node, unwanted, false);
}

static bool has_node(const Visit *visit, xmlNode *node) {
        const MapField *f = visit->field;

        if (!f->type->parse)
                return (f->flags & visit->flags) || map_has(f->arg, node, visit->flags);
        if (map_is_presence(f) || node->type == XML_ATTRIBUTE_NODE)
                return true;
        for (const xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
                        return true;
        return false;
}

bool map_has(const MapElement *element, xmlNode *node, MapFlags wanted) {
        Visit visit = { element, NULL, node, wanted, false, has_node };

        return visit_rows(&visit);
}

/* ---- unknown ---- */

/* A place in a table: the rows below a prefix. One element of the document may be in two at
 * once, where rows lead through a path at which a struct stands too. */
typedef struct Scope {
        const MapElement *element;
        const char *prefix; /* the first length bytes of it */
        size_t length;
} Scope;

#define SCOPES_MAX 8

typedef struct Scopes {
        Scope at[SCOPES_MAX];
        size_t n;
        bool known, opaque;
} Scopes;

typedef struct Report {
        void (*function)(xmlNode *node, void *userdata);
        void *userdata;
        size_t n;
} Report;

static void add_scope(Scopes *scopes, const MapElement *element, const char *prefix,
                      size_t length) {
        for (size_t i = 0; i < scopes->n; i++) {
                const Scope *s = &scopes->at[i];

                if (s->element == element && s->length == length &&
                    strncmp(s->prefix, prefix, length) == 0)
                        return;
        }
        if (scopes->n < SCOPES_MAX)
                scopes->at[scopes->n++] = (Scope) { element, prefix, length };
}

/* Whether the value of this row stands at the place itself, and its unit with it. */
static bool has_unit_here(const Scope *scope, const MapField *f) {
        const char *below = map_path_below(f->path, scope->prefix, scope->length);

        if (below)
                return *below == '@' || *below == '.';
        return strncmp(f->path, scope->prefix, scope->length) == 0 && !f->path[scope->length];
}

/* Whether this row, seen from a place, knows a child element or attribute; adds the places below
 * it. */
static void scope_row(const Scope *scope, const MapField *f, const xmlNode *child, Scopes *ret) {
        const char *below = map_path_below(f->path, scope->prefix, scope->length);
        const char *rest = below ? map_match(below, child) : NULL;

        if (f->type->has_unit && map_match("@unit", child) && has_unit_here(scope, f))
                ret->known = true;
        if (!rest)
                return;
        ret->known = true;
        if (*rest || f->type->parse)
                add_scope(ret, scope->element, f->path, rest - (*rest != 0) - f->path);
        else
                add_scope(ret, f->arg, "", 0);
        ret->opaque |= f->type == &map_opaque && !*rest;
}

static void scope_child(const Scope *scope, const xmlNode *child, Scopes *ret) {
        for (const MapField *f = scope->element->fields; f->path; f++)
                if (f->type == &map_struct && *f->path == '.') {
                        Scope inner = { f->arg, scope->prefix, scope->length };

                        scope_child(&inner, child, ret);
                } else
                        scope_row(scope, f, child, ret);
}

static void unknown_below(const Scopes *scopes, xmlNode *node, Report *report);

static void unknown_child(const Scopes *scopes, xmlNode *child, Report *report) {
        Scopes inner = {};

        for (size_t i = 0; i < scopes->n; i++)
                scope_child(&scopes->at[i], child, &inner);
        if (!inner.known && !child->ns) {
                report->n++;
                if (report->function)
                        report->function(child, report->userdata);
        } else if (inner.known && !inner.opaque && child->type == XML_ELEMENT_NODE)
                unknown_below(&inner, child, report);
}

static void unknown_below(const Scopes *scopes, xmlNode *node, Report *report) {
        for (xmlAttr *a = node->properties; a; a = a->next)
                unknown_child(scopes, (xmlNode *) a, report);
        for (xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE)
                        unknown_child(scopes, c, report);
}

size_t map_unknown(const MapElement *element, xmlNode *node,
                   void (*report)(xmlNode *node, void *userdata), void *userdata) {
        Scopes scopes = { .at = { { element, "", 0 } }, .n = 1 };
        Report all = { report, userdata, 0 };

        unknown_below(&scopes, node, &all);
        return all.n;
}

/* ---- lists ---- */

void *map_list_add(const MapElement *element, void *list) {
        MapAnyList *l = list;
        void *item = calloc(1, element->size);
        MapItem **grown = item ? realloc(l->items, (l->n + 1) * sizeof(*l->items)) : NULL;

        if (!grown) {
                free(item);
                return NULL;
        }
        l->items = grown;
        l->items[l->n++] = item;
        return item;
}

void map_list_remove(const MapElement *element, void *list, size_t index) {
        MapAnyList *l = list;
        MapItem *item = l->items[index];

        l->n--;
        memmove(l->items + index, l->items + index + 1, (l->n - index) * sizeof(*l->items));
        map_clear(element, item);
        free(item);
}
