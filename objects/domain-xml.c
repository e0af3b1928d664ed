/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's definition on the bus: the document, and single parts of it. */
#include <string.h>

#include "conf/xml.h"
#include "objects/domain.h"

int domain_get_xml(Request *request, Error *error) {
        _cleanup_(freep) char *made = NULL;
        const char *text;
        int r;

        r = domain_xml(request_domain(request), request->flags, &text, &made, error);
        return r < 0 ? r : request_reply(request, text);
}

/* Which definition a call is about whose flags are virDomainModificationImpact. */
static int which_definition(uint32_t flags, DomainWhich *ret, Error *error) {
        switch (flags) {
        case DOMAIN_AFFECT_CURRENT:
                *ret = DOMAIN_CURRENT;
                return 0;
        case DOMAIN_AFFECT_LIVE:
                *ret = DOMAIN_LIVE;
                return 0;
        case DOMAIN_AFFECT_CONFIG:
                *ret = DOMAIN_PERSISTENT;
                return 0;
        }
        return fail(error, ERROR_INVALID_ARG,
                    "reading is from the live or the persistent definition, not from both");
}

static const xmlNode *find_child(const xmlNode *parent, const char *name, const char *namespace) {
        for (const xmlNode *child = parent ? parent->children : NULL; child; child = child->next) {
                if (child->type != XML_ELEMENT_NODE)
                        continue;
                if (name && strcmp((const char *) child->name, name) != 0)
                        continue;
                if (!namespace || (child->ns && child->ns->href &&
                                   strcmp((const char *) child->ns->href, namespace) == 0))
                        return child;
        }
        return NULL;
}

static void chomp(char *text) {
        size_t n = strlen(text);

        if (n > 0 && text[n - 1] == '\n')
                text[n - 1] = 0;
}

/* The text of <description>, <title>, or of the element of <metadata> with this namespace. */
static int find_metadata(const DomainConf *conf, int type, const char *uri, char **ret,
                         Error *error) {
        const char *text = NULL;
        const xmlNode *node;

        switch ((DomainMetadataType) type) {
        case DOMAIN_METADATA_DESCRIPTION:
                text = conf->description;
                break;
        case DOMAIN_METADATA_TITLE:
                text = conf->title;
                break;
        case DOMAIN_METADATA_ELEMENT:
                node = find_child(xmlDocGetRootElement(conf->document), "metadata", NULL);
                node = find_child(node, NULL, uri);
                if (!node)
                        break;
                if (xml_print(node, ret) < 0)
                        return fail_memory(error);
                chomp(*ret);
                return 0;
        }
        if (!text)
                return fail(error, ERROR_NO_METADATA, "Requested metadata element is not present");
        *ret = strdup(text);
        return *ret ? 0 : fail_memory(error);
}

/* What a type needs: only an element has a namespace, which names it. */
static int check_metadata(const Request *request, int type, const char *uri, Error *error) {
        if (type < DOMAIN_METADATA_DESCRIPTION || type > DOMAIN_METADATA_ELEMENT)
                return fail(error, ERROR_INVALID_ARG, "there is no metadata type %d", type);
        if (type == DOMAIN_METADATA_ELEMENT)
                return need_text(request, "uri", uri, error);
        return 0;
}

int domain_set_metadata(Request *request, Error *error) {
        int (*set)(Domain *, int, const char *, const char *, const char *, uint32_t, Job *,
                   Error *);
        const char *metadata, *key, *uri;
        int32_t type;
        int r;

        set = request_operation(request);
        r = request_read(request, error, &type, &metadata, &key, &uri, NULL);
        if (r >= 0)
                r = check_metadata(request, type, uri, error);
        if (r >= 0 && type == DOMAIN_METADATA_ELEMENT && *metadata)
                r = need_text(request, "key", key, error);
        if (r >= 0 && type != DOMAIN_METADATA_ELEMENT && (*key || *uri))
                r = fail(error, ERROR_INVALID_ARG,
                         "a title or a description has neither key nor uri");
        if (r >= 0 && type == DOMAIN_METADATA_TITLE && strchr(metadata, '\n'))
                r = fail(error, ERROR_INVALID_ARG, "metadata title can't contain newlines");
        if (r < 0)
                return r;
        return set(request_domain(request), type, metadata, key, uri, request->flags, &request->job,
                   error);
}

int domain_get_metadata(Request *request, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(freep) char *text = NULL;
        DomainWhich which = DOMAIN_CURRENT;
        const char *uri;
        int32_t type;
        int r;

        r = request_read(request, error, &type, &uri, NULL);
        if (r < 0)
                return r;
        r = check_metadata(request, type, uri, error);
        if (r < 0)
                return r;
        r = which_definition(request->flags, &which, error);
        if (r >= 0)
                r = domain_conf(request_domain(request), which, &conf, error);
        if (r >= 0)
                r = find_metadata(conf, type, uri, &text, error);
        return r < 0 ? r : request_reply(request, text);
}
