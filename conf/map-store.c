/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Struct to document: store and canonicalize.
 *
 * A node is touched only where the document doesn't say already, in whatever words, what the
 * struct says. "Says" is decided by the row's own type: the text is parsed and the values are
 * compared. What is absent says the same as a zeroed value.
 *
 * A union is written as rows with a condition (WHEN) on an enum beside them. Rows whose
 * condition doesn't hold are left alone, for what they find in the document isn't theirs; only
 * when the object has left their arm, which the enum's text in the document tells, they take
 * away what they had written. That happens before anything is stored, as another arm may use the
 * same path. */
#include "conf/map-private.h"

#include <errno.h>
#include <string.h>

/* What a walk carries along. */
typedef struct Store {
        const MapElement *table; /* whose rows give the order of new nodes; spans structs at "." */
        xmlNode *root;
        bool fresh; /* root was made for this object: what must stand there isn't written yet */
} Store;

static int store_rows(const Store *store, const MapElement *element, const void *object);

/* ---- one value ---- */

static bool is_zero(const void *value, size_t size) {
        const char *bytes = value;

        return size == 0 || (*bytes == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* An element without text and one that isn't there mean the same, so an empty string is unset
 * there. */
static bool is_unset(const MapField *f, const void *value) {
        if (f->type == &map_string) {
                const char *s = *(char *const *) value;

                return !s || (!*s && !strchr(f->path, '@'));
        }
        return is_zero(value, f->type->size);
}

static bool format_same(const MapField *f, const void *a, const void *b) {
        _cleanup_(freep) char *first = NULL, *second = NULL;

        if (f->type->format(f, a, &first) < 0 || f->type->format(f, b, &second) < 0)
                return false;
        return first && second && strcmp(first, second) == 0;
}

static bool says_same(const MapField *f, const char *text, const void *value) {
        _Alignas(max_align_t) char parsed[MAP_VALUE_MAX] = {};

        if (f->type == &map_string) {
                const char *s = *(char *const *) value;

                return s && strcmp(text, s) == 0;
        }

        int r = f->type->parse(f, text, parsed);
        bool same = r >= 0 && (f->type->equal ? f->type->equal(parsed, value)
                                              : format_same(f, parsed, value));
        if (f->type->clear)
                f->type->clear(f, parsed);
        return same;
}

static int store_presence(const Store *store, const MapField *f, bool wanted) {
        if (!wanted) {
                map_delete_all(store->table, f->path, store->root);
                return 0;
        }
        return map_make(store->table, store->root, f->path) ? 0 : -ENOMEM;
}

static int store_value(const Store *store, const MapField *f, const void *value) {
        _cleanup_(map_text_clear) MapText text;
        _cleanup_(freep) char *now = NULL;
        bool unset = is_unset(f, value);
        bool wanted = f->flags & (MAP_REQUIRED | (store->fresh ? MAP_EXPLICIT : 0));
        int r = map_text(f, store->root, &text);

        if (r < 0)
                return r;
        if (r == 0 ? unset && !wanted : says_same(f, text.text, value))
                return 0;
        if (!unset || (f->flags & (MAP_REQUIRED | MAP_EXPLICIT))) {
                int failed = f->type->format(f, value, &now);

                if (failed < 0)
                        return failed;
        }
        if (now)
                return map_set_text(store->table, f, store->root, now);
        if (r > 0) {
                xmlNode *element = map_unset_text(f, map_find(store->root, f->path));

                map_prune(store->table, element, store->root);
        }
        return 0;
}

/* ---- structs ---- */

static int store_struct(const Store *store, const MapField *f, const void *value) {
        const MapElement *element = f->arg;
        xmlNode *inner = map_find(store->root, f->path);
        bool wanted = store->fresh && (f->flags & (MAP_REQUIRED | MAP_EXPLICIT));
        bool empty = !inner || (!inner->properties && !inner->children);
        bool made = !inner;

        if (inner == store->root)
                return store_rows(store, element, value);
        if (made && !wanted && is_zero(value, element->size))
                return 0;
        if (made && !(inner = map_make(store->table, store->root, f->path)))
                return -ENOMEM;

        Store below = { element, inner, made };
        int r = store_rows(&below, element, value);
        if ((made && !wanted) || !empty)
                map_prune(store->table, inner, store->root);
        return r;
}

static int store_optional(const Store *store, const MapField *f, const void *object) {
        xmlNode *inner = map_find(store->root, f->path);
        bool made = !inner;

        if (!object) {
                map_delete_all(store->table, f->path, store->root);
                return 0;
        }
        if (made && !(inner = map_make(store->table, store->root, f->path)))
                return -ENOMEM;

        Store below = { f->arg, inner, made };
        return store_rows(&below, f->arg, object);
}

/* ---- lists ---- */

static xmlNode *next_item(const char *name, xmlNode *node) {
        while (node && !map_match(name, node))
                node = node->next;
        return node;
}

/* Removes the nodes whose items are gone. Items mostly come in the order of their nodes, so the
 * search starts behind the one found last. */
static void delete_items(const char *name, xmlNode *parent, const MapAnyList *list) {
        xmlNode *next;
        size_t hint = 0;

        for (xmlNode *c = next_item(name, parent->children); c; c = next) {
                bool kept = false;

                next = next_item(name, c->next);
                for (size_t i = 0; i < list->n && !kept; i++) {
                        size_t at = (hint + i) % list->n;

                        if ((kept = list->items[at]->node == c))
                                hint = at + 1;
                }
                if (!kept)
                        map_delete(c);
        }
}

/* The node of an item, at its place behind previous (NULL: the first of its list). An item's
 * node is believed only if it is found here: an item taken over from another document has none. */
static int place_item(const Store *store, const MapField *f, const char *name, xmlNode *parent,
                      xmlNode *previous, MapItem *item, bool *ret_made) {
        xmlNode *here = next_item(name, previous ? previous->next : parent->children);
        xmlNode *node = parent->children;

        *ret_made = false;
        if (here && here == item->node)
                return 0;
        while ((node = next_item(name, node)) && node != item->node)
                node = node->next;
        if (!node) {
                node = map_new_child(parent, name);
                if (!node)
                        return -ENOMEM;
                *ret_made = true;
                if (!previous && !here)
                        map_place(store->table, f->path, name, parent, node);
        }
        if (previous)
                (void) xmlAddNextSibling(previous, node);
        else if (here)
                (void) xmlAddPrevSibling(here, node);
        item->node = node;
        return 0;
}

static int store_list(const Store *store, const MapField *f, const MapAnyList *list) {
        xmlNode *parent, *previous = NULL;
        const char *name;

        parent = list->n > 0 ? map_make_parent(store->table, store->root, f->path, &name)
                             : map_find_parent(store->root, f->path, &name);
        if (!parent)
                return list->n > 0 ? -ENOMEM : 0;

        bool empty = !parent->children;
        delete_items(name, parent, list);
        for (size_t i = 0; i < list->n; i++) {
                bool made;
                int r = place_item(store, f, name, parent, previous, list->items[i], &made);

                if (r < 0)
                        return r;
                previous = list->items[i]->node;

                Store below = { f->arg, previous, made };
                r = store_rows(&below, f->arg, list->items[i]);
                if (r < 0)
                        return r;
        }
        if (!empty)
                map_prune(store->table, parent, store->root);
        return 0;
}

/* ---- unions ---- */

/* Whether a row was in force as the document has it, before the struct is stored over it. */
static bool was_active(const MapElement *element, const MapField *f, const xmlNode *node) {
        int choice = -1;

        for (const MapField *g = element->fields; g->path; g++) {
                _cleanup_(map_text_clear) MapText text = {};

                if (g->type != &map_enum || g->offset != f->when_offset)
                        continue;
                choice = 0;
                if (map_text(g, node, &text) > 0 && g->type->parse(g, text.text, &choice) >= 0)
                        break;
        }
        return choice >= 0 && choice < 64 && (f->when >> choice & 1);
}

static bool is_taken_over(const MapElement *element, const MapField *f, const void *object) {
        for (const MapField *g = element->fields; g->path; g++)
                if (strcmp(g->path, f->path) == 0 && map_is_active(g, object))
                        return true;
        return false;
}

/* Takes away what a row of an arm that was left had written. Elements that become empty stay
 * until the new arm had its chance to fill them. */
static void leave_arm(const MapField *f, xmlNode *root, bool taken_over) {
        xmlNode *node = map_find(root, f->path);

        if (f->type->parse && taken_over)
                return;
        if (f->type->parse && !map_is_presence(f))
                (void) map_unset_text(f, node);
        else if (f->type == &map_struct || (f->type == &map_optional && taken_over))
                map_remove_rows(f->arg, node, 0, true);
        else if (!taken_over)
                for (; node; node = map_find(root, f->path))
                        map_delete(node);
}

static bool leave_arms(const MapElement *element, xmlNode *root, const MapSieve *sieve,
                       const void *object) {
        bool left = false;

        for (const MapField *f = element->fields; f->path; f++)
                if (!map_is_active(f, object) && map_sieve_passes(sieve, f->path) &&
                    map_find(root, f->path) && was_active(element, f, root)) {
                        leave_arm(f, root, is_taken_over(element, f, object));
                        left = true;
                }
        return left;
}

/* The deepest element there is on the way of a path. */
static xmlNode *find_deepest(xmlNode *root, const char *path) {
        xmlNode *node = root, *next;

        while (!map_path_ends(path) && *path != '@' && (next = map_child(node, path))) {
                path = map_match(path, next);
                node = next;
        }
        return node;
}

/* ---- the walk ---- */

static int store_row(const Store *store, const MapField *f, const void *object) {
        void *value = map_member(object, f);

        if (f->type == &map_list)
                return store_list(store, f, value);
        if (f->type == &map_struct)
                return store_struct(store, f, value);
        if (f->type == &map_optional)
                return store_optional(store, f, *(void **) value);
        if (map_is_presence(f))
                return store_presence(store, f, *(bool *) value);
        return store_value(store, f, value);
}

static size_t member_size(const MapField *f) {
        if (f->type == &map_list)
                return sizeof(MapAnyList);
        if (f->type == &map_optional)
                return sizeof(void *);
        return f->type->size ?: ((const MapElement *) f->arg)->size;
}

/* Whether neither document nor struct has anything for this row. */
static bool is_absent(const Store *store, const MapField *f, const MapSieve *sieve,
                      const void *object) {
        if (map_sieve_passes(sieve, f->path) || (f->flags & MAP_REQUIRED))
                return false;
        if (store->fresh && (f->flags & MAP_EXPLICIT))
                return false;
        return is_zero(map_member(object, f), member_size(f));
}

static int store_rows(const Store *store, const MapElement *element, const void *object) {
        MapSieve sieve = map_sieve(store->root);
        bool left = leave_arms(element, store->root, &sieve, object);

        for (const MapField *f = element->fields; f->path; f++) {
                if (!map_is_active(f, object) || is_absent(store, f, &sieve, object))
                        continue;

                int r = store_row(store, f, object);
                if (r < 0)
                        return r;
        }
        for (const MapField *f = element->fields; f->path && left; f++)
                if (!map_is_active(f, object))
                        map_prune(store->table, find_deepest(store->root, f->path), store->root);
        return 0;
}

int map_store(const MapElement *element, xmlNode *node, const void *object) {
        Store store = { element, node, !node->properties && !node->children };

        return store_rows(&store, element, object);
}

/* ---- canonicalize ---- */

static int canonicalize_rows(const Store *store, const MapElement *element, const void *object);

static int canonicalize_value(const Store *store, const MapField *f, const void *value) {
        _cleanup_(freep) char *standard = NULL;
        _cleanup_(map_text_clear) MapText text = {};
        int r;

        if (!(f->flags & MAP_CANONICAL) || map_is_presence(f))
                return 0;
        if (is_unset(f, value) && !(f->flags & (MAP_REQUIRED | MAP_EXPLICIT)))
                return 0;
        r = map_text(f, store->root, &text);
        if (r >= 0 && f->type->format(f, value, &standard) < 0)
                r = -EINVAL;
        if (r < 0 || !standard || (r > 0 && strcmp(text.text, standard) == 0))
                return MIN(r, 0);
        return map_set_text(store->table, f, store->root, standard);
}

static int canonicalize_struct(const Store *store, const MapField *f, const void *value) {
        const MapElement *element = f->arg;
        xmlNode *inner = map_find(store->root, f->path);
        bool made = !inner;

        if (inner == store->root)
                return canonicalize_rows(store, element, value);
        if (made && is_zero(value, element->size))
                return 0;
        if (made && !(inner = map_make(store->table, store->root, f->path)))
                return -ENOMEM;

        Store below = { element, inner, false };
        int r = canonicalize_rows(&below, element, value);
        if (made)
                map_prune(store->table, inner, store->root);
        return r;
}

/* List items and optional structs that have no node yet get theirs from map_store(). */
static int canonicalize_row(const Store *store, const MapField *f, const void *object) {
        void *value = map_member(object, f);
        int r = 0;

        if (f->type == &map_struct)
                return canonicalize_struct(store, f, value);
        if (f->type == &map_optional) {
                Store below = { f->arg, map_find(store->root, f->path), false };
                void *inner = *(void **) value;

                return inner && below.root ? canonicalize_rows(&below, f->arg, inner) : 0;
        }
        if (f->type != &map_list)
                return canonicalize_value(store, f, value);

        const MapAnyList *list = value;
        for (size_t i = 0; i < list->n && r >= 0; i++) {
                Store below = { f->arg, list->items[i]->node, false };

                if (below.root)
                        r = canonicalize_rows(&below, f->arg, list->items[i]);
        }
        return r;
}

static int canonicalize_rows(const Store *store, const MapElement *element, const void *object) {
        for (const MapField *f = element->fields; f->path; f++) {
                int r = map_is_active(f, object) ? canonicalize_row(store, f, object) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int map_canonicalize(const MapElement *element, xmlNode *node, const void *object) {
        Store store = { element, node, false };

        return canonicalize_rows(&store, element, object);
}
