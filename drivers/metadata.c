/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Description, title, and elements of users' own namespaces. */
#include "drivers/metadata.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/edit.h"

/* ---- texts ---- */

static int replace_text(char **text, const char *metadata, Error *error) {
        char *copy = metadata ? strdup(metadata) : NULL;

        if (metadata && !copy)
                return fail_memory(error);
        free(*text);
        *text = copy;
        return 0;
}

/* ---- elements ---- */

static xmlNode *metadata_node(const DomainConf *conf) {
        xmlNode *child = xmlDocGetRootElement(conf->document)->children;

        while (child && (child->type != XML_ELEMENT_NODE || child->ns ||
                         strcmp((const char *) child->name, "metadata") != 0))
                child = child->next;
        return child;
}

static bool is_of(const xmlNode *node, const char *uri) {
        return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
               strcmp((const char *) node->ns->href, uri) == 0;
}

static void remove_element(DomainConf *conf, const char *uri) {
        xmlNode *metadata = metadata_node(conf);

        for (xmlNode *child = metadata ? metadata->children : NULL, *next; child; child = next) {
                next = child->next;
                if (is_of(child, uri)) {
                        xmlUnlinkNode(child);
                        xmlFreeNode(child);
                }
        }
        if (metadata && !metadata->children)
                conf->metadata = false;
}

/* What has no namespace of its own is in this one from now on. */
static void inject(xmlNode *node, xmlNs *namespace) {
        for (; node; node = node->next) {
                if (node->type != XML_ELEMENT_NODE)
                        continue;
                if (!node->ns)
                        xmlSetNs(node, namespace);
                inject(node->children, namespace);
        }
}

static int parse_element(DomainConf *conf, const char *metadata, const char *key, const char *uri,
                         xmlNode **ret, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        xmlNs *namespace;
        xmlNode *node;
        int r = xml_parse(metadata, NULL, &document, error);

        if (r < 0)
                return r;
        node = xmlDocGetRootElement(document);
        if (!is_of(node, uri)) {
                namespace = xmlNewNs(node, (const xmlChar *) uri, (const xmlChar *) key);
                if (!namespace)
                        return fail(error, ERROR_INVALID_ARG,
                                    "'%s' can't be the prefix of a namespace of this element", key);
                xmlSetNs(node, namespace);
                inject(node->children, namespace);
        }
        *ret = xmlDocCopyNode(node, conf->document, 1);
        return *ret ? 0 : fail_memory(error);
}

static int set_element(DomainConf *conf, const char *metadata, const char *key, const char *uri,
                       Error *error) {
        xmlNode *node = NULL;
        int r = metadata ? parse_element(conf, metadata, key, uri, &node, error) : 0;

        if (r < 0)
                return r;
        remove_element(conf, uri);
        if (!node)
                return conf_sync(conf, error);
        conf->metadata = true;
        r = conf_sync(conf, error); /* <metadata> is where it belongs now */
        if (r < 0) {
                xmlFreeNode(node);
                return r;
        }
        xmlAddChild(metadata_node(conf), node);
        return 0;
}

int metadata_set(DomainConf *conf, DomainMetadataType type, const char *metadata, const char *key,
                 const char *uri, Error *error) {
        switch (type) {
        case DOMAIN_METADATA_DESCRIPTION:
                return replace_text(&conf->description, metadata, error);
        case DOMAIN_METADATA_TITLE:
                return replace_text(&conf->title, metadata, error);
        case DOMAIN_METADATA_ELEMENT:
                return set_element(conf, metadata, key, uri, error);
        }
        return fail(error, ERROR_INVALID_ARG, "there is no metadata type %d", type);
}

/* ---- the whole ---- */

typedef struct Metadata {
        DomainMetadataType type;
        const char *metadata, *key, *uri;
} Metadata;

static int change(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Metadata *m = userdata;

        return metadata_set(*conf, m->type, m->metadata, m->key, m->uri, error);
}

static int check(const Metadata *m, Error *error) {
        switch (m->type) {
        case DOMAIN_METADATA_TITLE:
                if (m->metadata && strchr(m->metadata, '\n'))
                        return fail(error, ERROR_INVALID_ARG,
                                    "metadata title can't contain newlines");
                return 0;
        case DOMAIN_METADATA_DESCRIPTION:
                return 0;
        case DOMAIN_METADATA_ELEMENT:
                if (!m->uri)
                        return fail(error, ERROR_INVALID_ARG, "an element of metadata needs a uri");
                if (m->metadata && !m->key)
                        return fail(error, ERROR_INVALID_ARG, "an element of metadata needs a key");
                return 0;
        }
        return fail(error, ERROR_INVALID_ARG, "there is no metadata type %d", m->type);
}

int metadata_change(Domain *domain, DomainMetadataType type, const char *metadata,
                        const char *key, const char *uri, uint32_t flags, Error *error) {
        Metadata m = { type, metadata, key, uri };
        int r = check(&m, error);

        if (r >= 0)
                r = domain_edit(domain, flags, change, &m, error);
        if (r >= 0)
                event_report(&domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_METADATA, .resource = &domain->resource,
                                        .type = type, .text = { uri } });
        return r;
}
