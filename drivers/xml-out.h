/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A document that is written from nothing. Running out of memory is remembered and told at the
 * end. */
#pragma once

#include <errno.h>
#include <stdio.h>

#include "conf/xml.h"

typedef struct XmlOut {
        xmlDoc *document;
        bool failed;
} XmlOut;

static inline xmlNode *out_element(XmlOut *out, xmlNode *parent, const char *name,
                                   const char *text) {
        xmlNode *node = parent ? xmlNewTextChild(parent, NULL, (const xmlChar *) name,
                                                 (const xmlChar *) text) : NULL;

        out->failed = out->failed || !node;
        return node;
}

static inline void out_attribute(XmlOut *out, xmlNode *node, const char *name, const char *value) {
        out->failed = out->failed ||
                      !xmlNewProp(node, (const xmlChar *) name, (const xmlChar *) value);
}

static inline void out_number(XmlOut *out, xmlNode *node, const char *name, unsigned long value) {
        char text[24];

        snprintf(text, sizeof(text), "%lu", value);
        out_attribute(out, node, name, text);
}

static inline void out_supported(XmlOut *out, xmlNode *node, bool supported) {
        out_attribute(out, node, "supported", supported ? "yes" : "no");
}

static inline xmlNode *out_begin(XmlOut *out, const char *root) {
        out->document = xmlNewDoc((const xmlChar *) "1.0");
        xmlNode *node = out->document ? xmlNewDocNode(out->document, NULL, (const xmlChar *) root,
                                                      NULL) : NULL;

        if (node)
                xmlDocSetRootElement(out->document, node);
        out->failed = !node;
        return node;
}

/* Prints it. Call out_done() in every case. */
static inline int out_print(XmlOut *out, char **ret, Error *error) {
        int r = out->failed ? -ENOMEM : xml_print(xmlDocGetRootElement(out->document), ret);

        return r < 0 ? fail_memory(error) : 0;
}

static inline void out_done(XmlOut *out) {
        xml_doc_freep(&out->document);
}
