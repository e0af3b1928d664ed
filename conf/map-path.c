/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths of rows in a document: finding nodes, making them in the right place, removing them.
 *
 * Where an element occurs twice and a row expects one, the first is meant. So nothing may be
 * removed that would let the second come to the fore: map_prune() keeps an empty first one. */
#include "conf/map-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A document may use other prefixes than the rows do; the URI is what counts. */
static const struct {
        const char *prefix, *uri;
} namespaces[] = {
        { "qemu",    "http://libvirt.org/schemas/domain/qemu/1.0" },
        { "xen",     "http://libvirt.org/schemas/domain/xen/1.0" },
        { "dnsmasq", "http://libvirt.org/schemas/network/dnsmasq/1.0" },
        { "fs",      "http://libvirt.org/schemas/storagepool/fs/1.0" },
        { "rbd",     "http://libvirt.org/schemas/storagepool/rbd/1.0" },
        { "virtbus", "https://virtbus.org/xen/1.0" },
};

/* ---- steps ---- */

static void resolve_prefix(MapStep *step, size_t length) {
        for (size_t i = 0; i < ELEMENTS(namespaces); i++)
                if (strlen(namespaces[i].prefix) == length &&
                    memcmp(namespaces[i].prefix, step->name, length) == 0) {
                        step->uri = namespaces[i].uri;
                        step->name += length + 1;
                        return;
                }
}

MapStep map_step(const char *path) {
        bool attribute = *path == '@';
        const char *name = path + attribute, *end = strchrnul(name, '/');
        const char *colon = memchr(name, ':', end - name);
        MapStep step = { .name = name, .attribute = attribute, .rest = *end ? end + 1 : end };

        if (colon)
                resolve_prefix(&step, colon - name);
        step.length = end - step.name;
        return step;
}

/* A path is compared as it stands: only for a node that has a namespace a step is taken apart. */
const char *map_match_fully(const char *path, const xmlNode *node) {
        const char *name = (const char *) node->name;
        bool attribute = *path == '@';

        if (node->type != (attribute ? XML_ATTRIBUTE_NODE : XML_ELEMENT_NODE))
                return NULL;
        if (node->ns) {
                MapStep step = map_step(path);

                if (!step.uri || strcmp(step.uri, (const char *) node->ns->href) != 0)
                        return NULL;
                if (strncmp(name, step.name, step.length) != 0 || name[step.length])
                        return NULL;
                return step.rest;
        }
        for (path += attribute; *name && *name == *path && *name != ':'; name++)
                path++;
        if (*name || (*path && *path != '/'))
                return NULL;
        return path + (*path == '/');
}

/* Prefixes differ between rows and documents, so a name in a namespace lets everything pass. */
MapSieve map_sieve(const xmlNode *node) {
        MapSieve sieve = {};

        for (const xmlAttr *a = node->properties; a; a = a->next)
                sieve.attributes |= a->ns ? UINT64_MAX : map_sieve_bit((const char *) a->name);
        for (const xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE && c->ns)
                        sieve.elements = UINT64_MAX;
                else if (c->type == XML_ELEMENT_NODE)
                        sieve.elements |= map_sieve_bit((const char *) c->name);
        return sieve;
}

const char *map_path_below(const char *path, const char *prefix, size_t length) {
        if (length == 0)
                return path;
        if (*path != *prefix || strncmp(path, prefix, length) != 0 || path[length] != '/')
                return NULL;
        return path + length + 1;
}

static xmlNode *find_child(const xmlNode *parent, const char *path, const char **ret_rest) {
        xmlNode *c = *path == '@' ? (xmlNode *) parent->properties : parent->children;

        for (; c; c = c->next)
                if ((*ret_rest = map_match(path, c)))
                        return c;
        return NULL;
}

xmlNode *map_child(const xmlNode *parent, const char *path) {
        const char *rest;

        return find_child(parent, path, &rest);
}

xmlNode *map_find(const xmlNode *root, const char *path) {
        const xmlNode *node = root;

        while (node && !map_path_ends(path))
                node = find_child(node, path, &path);
        return (xmlNode *) node;
}

xmlNode *map_find_parent(const xmlNode *root, const char *path, const char **ret_last) {
        const xmlNode *node = root;
        const char *last = strrchr(path, '/');

        *ret_last = last ? last + 1 : path;
        while (node && path < *ret_last)
                node = find_child(node, path, &path);
        return (xmlNode *) node;
}

/* ---- making ---- */

/* Which row first names this child of the element at prefix; -1: none. Rows of structs at "." stand
 * among their parent's. */
static int rank(const MapElement *table, const char *prefix, size_t length, const xmlNode *child,
                int *count) {
        for (const MapField *f = table->fields; f->path; f++, ++*count) {
                const char *below = map_path_below(f->path, prefix, length);

                if (below && map_match(below, child))
                        return *count;
                if (f->type == &map_struct && *f->path == '.') {
                        int r = rank(f->arg, prefix, length, child, count);
                        if (r >= 0)
                                return r;
                }
        }
        return -1;
}

void map_place(const MapElement *table, const char *path, const char *last, xmlNode *parent,
               xmlNode *child) {
        size_t length = last > path ? last - path - 1 : 0;
        bool attribute = child->type == XML_ATTRIBUTE_NODE;
        xmlNode *before = NULL, *after = NULL;
        int own = rank(table, path, length, child, &(int) { 0 });

        xmlNode *s = attribute ? (xmlNode *) parent->properties : parent->children;

        for (; s; s = s->next) {
                int other = s == child ? -1 : rank(table, path, length, s, &(int) { 0 });

                if (other >= 0 && other <= own)
                        after = s;
                else if (other > own && !before)
                        before = s;
        }
        if (after)
                (void) xmlAddNextSibling(after, child);
        else if (before)
                (void) xmlAddPrevSibling(before, child);
        else if (!attribute)
                (void) xmlAddChild(parent, child);
}

/* libxml2 takes xmlns:a:b for a declaration of "a:b", by which no element can be named. */
static bool has_prefix(const xmlNs *ns) {
        return ns && ns->prefix && !xmlStrchr(ns->prefix, ':');
}

/* A namespace is declared where it is needed and not at the root, where it might catch elements
 * whose prefix nobody declared. */
static xmlNs *find_namespace(xmlNode *parent, xmlNode *child, const char *uri) {
        xmlNs *ns = xmlSearchNsByHref(parent->doc, parent, (const xmlChar *) uri);

        for (size_t i = 0; i < ELEMENTS(namespaces) && !has_prefix(ns); i++)
                if (strcmp(namespaces[i].uri, uri) == 0)
                        ns = xmlNewNs(child, (const xmlChar *) uri,
                                      (const xmlChar *) namespaces[i].prefix);
        return ns;
}

xmlNode *map_new_child(xmlNode *parent, const char *path) {
        MapStep step = map_step(path);
        _cleanup_(freep) char *copy = strndup(step.name, step.length);
        const xmlChar *name = (const xmlChar *) copy;

        if (!copy)
                return NULL;
        if (step.attribute) {
                xmlNs *ns = step.uri ? find_namespace(parent, parent, step.uri) : NULL;

                if (step.uri && !ns)
                        return NULL;
                return (xmlNode *) xmlNewNsProp(parent, ns, name, (const xmlChar *) "");
        }

        xmlNode *child = xmlNewDocNode(parent->doc, NULL, name, NULL);
        if (child && step.uri)
                xmlSetNs(child, find_namespace(parent, child, step.uri));
        return child;
}

static xmlNode *make_child(const MapElement *table, xmlNode *parent, const char *path,
                           const char *at) {
        xmlNode *child = map_child(parent, at);

        if (!child && (child = map_new_child(parent, at)))
                map_place(table, path, at, parent, child);
        return child;
}

xmlNode *map_make_parent(const MapElement *table, xmlNode *root, const char *path,
                         const char **ret_last) {
        const char *last = strrchr(path, '/');
        xmlNode *node = root;

        *ret_last = last ? last + 1 : path;
        for (const char *at = path; node && at < *ret_last; at = strchr(at, '/') + 1)
                node = make_child(table, node, path, at);
        return node;
}

xmlNode *map_make(const MapElement *table, xmlNode *root, const char *path) {
        const char *last;
        xmlNode *parent = map_make_parent(table, root, path, &last);

        return parent && !map_path_ends(last) ? make_child(table, parent, path, last) : parent;
}

/* ---- removing ---- */

void map_delete(xmlNode *node) {
        if (node->type == XML_ATTRIBUTE_NODE)
                (void) xmlRemoveProp((xmlAttr *) node);
        else {
                xmlUnlinkNode(node);
                xmlFreeNode(node);
        }
}

/* Whether a row takes the mere presence of this element for a value. */
static bool says_something(const MapElement *table, const xmlNode *node, const xmlNode *root) {
        for (const MapField *f = table->fields; f->path; f++) {
                bool presence = map_is_presence(f) || f->type == &map_optional;

                if (presence && map_find(root, f->path) == node)
                        return true;
                if (f->type == &map_struct && *f->path == '.' && says_something(f->arg, node, root))
                        return true;
        }
        return false;
}

static bool hides_another(const xmlNode *node) {
        for (const xmlNode *s = node->next; s; s = s->next)
                if (s->type == node->type && s->ns == node->ns && xmlStrEqual(s->name, node->name))
                        return true;
        return false;
}

void map_prune(const MapElement *table, xmlNode *node, xmlNode *root) {
        while (node && node != root && !node->properties && !node->children &&
               !hides_another(node) && !says_something(table, node, root)) {
                xmlNode *parent = node->parent;

                map_delete(node);
                node = parent;
        }
}

void map_delete_all(const MapElement *table, const char *path, xmlNode *root) {
        xmlNode *node, *parent = NULL;

        while ((node = map_find(root, path)) && node != root) {
                parent = node->parent;
                map_delete(node);
        }
        if (parent)
                map_prune(table, parent, root);
}

/* ---- text ---- */

static bool is_text(const xmlNode *node) {
        return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

/* The text right below a node, borrowed if it is in one piece. */
static int own_text(const xmlNode *node, MapText *ret) {
        size_t length = 0, n = 0;

        ret->text = "";
        for (const xmlNode *c = node->children; c; c = c->next)
                if (is_text(c) && c->content && *c->content) {
                        ret->text = (const char *) c->content;
                        length += strlen(ret->text);
                        n++;
                }
        if (n > 1) {
                char *end = ret->heap = malloc(length + 1);

                if (!end)
                        return -ENOMEM;
                for (const xmlNode *c = node->children; c; c = c->next)
                        if (is_text(c) && c->content)
                                end = stpcpy(end, (const char *) c->content);
                ret->text = ret->heap;
        }
        return length > 0 || node->type == XML_ATTRIBUTE_NODE;
}

static int join_unit(const xmlNode *element, MapText *text) {
        xmlNode *attribute = map_child(element, "@unit");
        _cleanup_(map_text_clear) MapText unit = {};
        char *whole;

        if (!attribute)
                return 1;
        if (own_text(attribute, &unit) < 0)
                return -ENOMEM;

        int n = snprintf(text->joined, sizeof(text->joined), "%s %s", text->text, unit.text);
        if (n < sizeof(text->joined)) {
                text->text = text->joined;
                return 1;
        }
        if (asprintf(&whole, "%s %s", text->text, unit.text) < 0)
                return -ENOMEM;
        free(text->heap);
        text->text = text->heap = whole;
        return 1;
}

int map_text(const MapField *field, const xmlNode *root, MapText *ret) {
        const xmlNode *node = map_find(root, field->path);

        ret->heap = NULL;
        if (!node)
                return 0;

        int r = own_text(node, ret);
        if (r > 0 && field->type->has_unit)
                r = join_unit(node->type == XML_ATTRIBUTE_NODE ? node->parent : node, ret);
        return r;
}

/* XML has no way to write most control characters. */
static bool is_valid(const char *text) {
        const xmlChar *c = (const xmlChar *) text;

        if (!xmlCheckUTF8(c))
                return false;
        for (; *c; c++)
                if ((*c < ' ' && *c != '\t' && *c != '\n' && *c != '\r') ||
                    (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)) /* U+FFFE, U+FFFF */
                        return false;
        return true;
}

static int replace_text(xmlNode *element, const char *text) {
        xmlNode *new = xmlNewDocText(element->doc, (const xmlChar *) text);
        xmlNode *old = element->children;

        if (!new)
                return -ENOMEM;
        while (old && !is_text(old))
                old = old->next;
        if (old)
                xmlFreeNode(xmlReplaceNode(old, new));
        else if (element->children)
                (void) xmlAddPrevSibling(element->children, new);
        else
                (void) xmlAddChild(element, new);
        for (xmlNode *c = element->children, *next; c; c = next) {
                next = c->next;
                if (c != new && is_text(c))
                        map_delete(c);
        }
        return 0;
}

int map_set_text(const MapElement *table, const MapField *field, xmlNode *root, char *text) {
        char *unit = field->type->has_unit ? strchr(text, ' ') : NULL;

        if (!is_valid(text))
                return -EINVAL;

        xmlNode *node = map_make(table, root, field->path);
        if (!node)
                return -ENOMEM;

        xmlNode *element = node->type == XML_ATTRIBUTE_NODE ? node->parent : node;
        if (unit) {
                *unit++ = 0;
                if (!xmlSetProp(element, (const xmlChar *) "unit", (const xmlChar *) unit))
                        return -ENOMEM;
        }
        if (node == element)
                return map_is_presence(field) ? 0 : replace_text(element, text);
        return xmlSetNsProp(element, node->ns, node->name, (const xmlChar *) text) ? 0 : -ENOMEM;
}

xmlNode *map_unset_text(const MapField *field, xmlNode *node) {
        xmlNode *element = node->type == XML_ATTRIBUTE_NODE ? node->parent : node;
        xmlNode *unit = field->type->has_unit ? map_child(element, "@unit") : NULL;

        if (unit)
                map_delete(unit);
        if (node != element)
                map_delete(node);
        for (xmlNode *c = node == element ? element->children : NULL, *next; c; c = next) {
                next = c->next;
                if (is_text(c))
                        map_delete(c);
        }
        return element;
}
