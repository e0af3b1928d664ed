/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking into elements that no struct describes. */
#include "drivers/qemu/command-private.h"

static bool is_named(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && !node->ns &&
               text_is((const char *) node->name, name);
}

xmlNode *node_child(const xmlNode *node, const char *name) {
        for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
                if (is_named(child, name))
                        return child;
        return NULL;
}

xmlNode *node_last(const xmlNode *node, const char *name) {
        for (xmlNode *child = node ? node->last : NULL; child; child = child->prev)
                if (is_named(child, name))
                        return child;
        return NULL;
}

xmlNode *node_next(const xmlNode *node) {
        for (xmlNode *next = node->next; next; next = next->next)
                if (is_named(next, (const char *) node->name))
                        return next;
        return NULL;
}

xmlChar *node_attribute(const xmlNode *node, const char *name) {
        return xmlGetNoNsProp(node, (const xmlChar *) name);
}

bool node_attribute_is(const xmlNode *node, const char *name, const char *value) {
        _cleanup_(xml_freep) xmlChar *text = node ? node_attribute(node, name) : NULL;

        return text && text_is((const char *) text, value);
}

xmlNode *devices_node(const DomainConf *conf) {
        return node_child(xmlDocGetRootElement(conf->document), "devices");
}
