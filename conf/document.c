/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From text to struct and back, for every kind of document. */
#include "conf/document.h"

#include <errno.h>
#include <string.h>

#include "conf/map-private.h"
#include "conf/rows.h"
#include "conf/xml.h"

static xmlDoc **document_of(void *conf) {
        return conf;
}

static xmlNode *root_of(const void *conf) {
        return xmlDocGetRootElement(*(xmlDoc *const *) conf);
}

/* ---- from text ---- */

static void report_unknown(xmlNode *node, void *userdata) {
        bool attribute = node->type == XML_ATTRIBUTE_NODE;
        _cleanup_(freep) char *path = xml_node_path(attribute ? node->parent : node);

        if (attribute)
                (void) fail(userdata, ERROR_XML, "unknown attribute '%s' of %s (line %ld)",
                            (const char *) node->name, path, xmlGetLineNo(node->parent));
        else
                (void) fail(userdata, ERROR_XML, "unknown element %s (line %ld)", path,
                            xmlGetLineNo(node));
}

/* ---- for the rules of a kind ---- */

typedef struct Named {
        const char *name;
        const MapItem *item;
        size_t index;
} Named;

static int compare_named(const void *a, const void *b) {
        const Named *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order ?: (x->index > y->index) - (x->index < y->index);
}

int check_unique(const void *list, size_t offset, const char *what, Error *error) {
        const MapAnyList *items = list;
        _cleanup_(freep) Named *sorted = calloc(items->n ?: 1, sizeof(*sorted));
        size_t n = 0;

        if (!sorted)
                return fail_memory(error);
        for (size_t i = 0; i < items->n; i++) {
                const char *name = *(char **) ((char *) items->items[i] + offset);

                if (name)
                        sorted[n++] = (Named) { name, items->items[i], i };
        }
        qsort(sorted, n, sizeof(*sorted), compare_named);
        for (size_t i = 1; i < n; i++)
                if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
                        return fail_at(error, ERROR_XML, sorted[i].item->node,
                                       "%s '%s' is there twice", what, sorted[i].name);
        return 0;
}

/* ---- what only CONF_VALIDATE refuses ---- */

/* Follows a row's path as long as there is one element for each step; a second one is refused,
 * unless it is an item of the row's list or belongs to the user. */
static xmlNode *find_second(const MapField *f, xmlNode *node) {
        const char *path = f->path, *rest = NULL;
        bool repeats = f->type == &map_list || f->type == &map_opaque;

        for (; node && !map_path_ends(path) && *path != '@'; path = rest) {
                xmlNode *first = NULL;

                for (xmlNode *c = node->children; c; c = c->next) {
                        const char *below = map_match(path, c);

                        if (below && first && !(repeats && map_path_ends(below)))
                                return c;
                        if (below && !first) {
                                first = c;
                                rest = below;
                        }
                }
                node = first;
        }
        return NULL;
}

static xmlNode *find_double(const MapElement *element, xmlNode *node) {
        xmlNode *found = NULL;

        for (const MapField *f = element->fields; f->path && !found; f++) {
                const char *name = NULL;
                xmlNode *inner = f->type->parse         ? NULL
                                 : f->type == &map_list ? map_find_parent(node, f->path, &name)
                                                        : map_find(node, f->path);

                found = find_second(f, node);
                if (inner && !name && !found)
                        found = find_double(f->arg, inner);
                for (xmlNode *c = inner && name ? inner->children : NULL; c && !found; c = c->next)
                        if (map_match(name, c))
                                found = find_double(f->arg, c);
        }
        return found;
}

static int validate(const DocumentKind *kind, const void *conf, Error *error) {
        xmlNode *root = root_of(conf);
        xmlNode *found = kind->find_unknown ? kind->find_unknown(conf) : NULL;

        if (found)
                report_unknown(found, error);
        if (found || map_unknown(kind->element, root, report_unknown, error) > 0)
                return fail(error, ERROR_XML, "unknown content");
        if ((found = find_double(kind->element, root)))
                return fail_at(error, ERROR_XML, found, "there are two <%s>",
                               (const char *) found->name);
        return 0;
}

static void strip(const DocumentKind *kind, xmlNode *root, MapFlags unwanted) {
        map_strip(kind->element, root, unwanted);
        if (kind->strip)
                kind->strip(root, unwanted);
}

static int write_document(const DocumentKind *kind, void *conf, Error *error) {
        int r = map_store(kind->element, root_of(conf), conf);

        if (r >= 0)
                r = map_canonicalize(kind->element, root_of(conf), conf);
        if (r == -EINVAL)
                return fail(error, ERROR_XML, "<%s> holds a value that XML can't hold",
                            kind->element->name);
        return r < 0 ? fail_memory(error) : 0;
}

static int settle(const DocumentKind *kind, void *conf, Error *error) {
        int r = kind->complete ? kind->complete(conf, error) : 0;

        if (r < 0)
                return r;
        r = document_check(kind, conf, error);
        return r < 0 ? r : write_document(kind, conf, error);
}

static int load(const DocumentKind *kind, void *conf, ConfFlags flags, Error *error) {
        xmlNode *root = root_of(conf);
        int r;

        if (!(flags & (CONF_LIVE | CONF_TRUSTED)))
                strip(kind, root, MAP_LIVE);
        if ((r = map_load(kind->element, root, conf, error)) < 0)
                return r;
        if (flags & CONF_VALIDATE && (r = validate(kind, conf, error)) < 0)
                return r;
        if (flags & CONF_TRUSTED)
                return 0;
        return settle(kind, conf, error);
}

int document_parse(const DocumentKind *kind, const char *text, ConfFlags flags, void **ret,
                   Error *error) {
        void *conf = calloc(1, kind->element->size);
        int r;

        if (!conf)
                return fail_memory(error);
        if ((r = xml_parse(text, kind->element->name, document_of(conf), error)) < 0 ||
            (r = load(kind, conf, flags, error)) < 0) {
                document_free(kind, conf);
                return r;
        }
        *ret = conf;
        return 0;
}

/* ---- to text ---- */

int document_check(const DocumentKind *kind, const void *conf, Error *error) {
        return kind->check ? kind->check(conf, error) : 0;
}

int document_sync(const DocumentKind *kind, void *conf, Error *error) {
        return write_document(kind, conf, error);
}

int document_print(const DocumentKind *kind, void *conf, MapFlags without, char **ret,
                   Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *copy = NULL;
        int r = document_sync(kind, conf, error);

        if (r < 0)
                return r;
        if (without) {
                if (!(copy = xmlCopyDoc(*document_of(conf), 1)))
                        return fail_memory(error);
                strip(kind, xmlDocGetRootElement(copy), without);
        }
        return xml_print_doc(copy ?: *document_of(conf), ret) < 0 ? fail_memory(error) : 0;
}

int document_clone(const DocumentKind *kind, void *conf, void **ret, Error *error) {
        int r = document_sync(kind, conf, error);

        if (r < 0)
                return r;

        void *copy = calloc(1, kind->element->size);
        if (!copy || !(*document_of(copy) = xmlCopyDoc(*document_of(conf), 1))) {
                free(copy);
                return fail_memory(error);
        }
        if ((r = map_load(kind->element, root_of(copy), copy, error)) < 0) {
                document_free(kind, copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void *document_free(const DocumentKind *kind, void *conf) {
        if (!conf)
                return NULL;

        xmlDoc *document = TAKE(*document_of(conf));
        map_clear(kind->element, conf);
        if (document)
                xmlFreeDoc(document);
        free(conf);
        return NULL;
}
