/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spellings of the format's first years, as its first manuals have them: in a document from outside
 * they become today's, so that nobody else has to know them. */
#include "conf/domain-rows.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"

static const struct Spelling {
        const char *element, *type; /* type: only of elements with it, or NULL */
        const char *child;          /* whose attribute it is, or NULL for the element itself */
        const char *old, *now;
} spellings[] = {
        { "clock",     NULL,      NULL,     "sync", "offset"  },
        { "interface", "bridge",  "source", "dev",  "bridge"  },
        { "interface", "network", "source", "name", "network" },
};

static bool has_value(xmlNode *node, const char *attribute, const char *value) {
        _cleanup_(xml_freep) xmlChar *text = xmlGetNoNsProp(node, BAD_CAST attribute);

        return text && strcmp((char *) text, value) == 0;
}

static int rename_attribute(xmlNode *node, const char *old, const char *now) {
        xmlAttr *attribute = xmlHasNsProp(node, BAD_CAST old, NULL);

        if (!attribute || xmlHasNsProp(node, BAD_CAST now, NULL))
                return 0;
        _cleanup_(xml_freep) xmlChar *text = xmlGetNoNsProp(node, BAD_CAST old);
        if (!text || !xmlNewProp(node, BAD_CAST now, text))
                return -ENOMEM;
        (void) xmlRemoveProp(attribute);
        return 0;
}

static int renew_spelling(xmlNode *node, const struct Spelling *spelling) {
        if (strcmp((const char *) node->name, spelling->element) != 0 ||
            (spelling->type && !has_value(node, "type", spelling->type)))
                return 0;
        if (!spelling->child)
                return rename_attribute(node, spelling->old, spelling->now);
        node = child_of(node, spelling->child);
        return node ? rename_attribute(node, spelling->old, spelling->now) : 0;
}

/* <root>/dev/sda1</root> is a word of the kernel's command line. */
static int renew_root(xmlNode *os) {
        _cleanup_(xml_freep) xmlChar *root = NULL, *words = NULL, *line = NULL;
        xmlNode *old = child_of(os, "root"), *cmdline = child_of(os, "cmdline");

        if (!old)
                return 0;
        root = xmlNodeGetContent(old);
        words = cmdline ? xmlNodeGetContent(cmdline) : NULL;
        line = xmlStrncatNew(BAD_CAST "root=", root, -1);
        if (line && words)
                line = xmlStrcat(xmlStrcat(line, BAD_CAST " "), words);
        if (!root || !line || (cmdline && !words))
                return -ENOMEM;
        if (!cmdline && !(cmdline = xmlNewChild(os, NULL, BAD_CAST "cmdline", NULL)))
                return -ENOMEM;
        xmlNodeSetContent(cmdline, NULL);
        xmlNodeAddContent(cmdline, line);
        xmlUnlinkNode(old);
        xmlFreeNode(old);
        return 0;
}

static int renew_children(xmlNode *parent) {
        int r = 0;

        for (xmlNode *node = xmlFirstElementChild(parent); node && r >= 0;
             node = xmlNextElementSibling(node)) {
                if (node->ns)
                        continue; /* somebody else's */
                for (size_t i = 0; i < ELEMENTS(spellings) && r >= 0; i++)
                        r = renew_spelling(node, &spellings[i]);
                if (r >= 0 && strcmp((const char *) node->name, "os") == 0)
                        r = renew_root(node);
                if (r >= 0 && strcmp((const char *) node->name, "devices") == 0)
                        r = renew_children(node);
        }
        return r;
}

int domain_renew_spellings(xmlNode *root, Error *error) {
        return renew_children(root) < 0 ? fail_memory(error) : 0;
}
