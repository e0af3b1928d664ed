/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML text in and out. Input is hostile: no network, no DTD, no entities, capped in size and
 * depth. */
#pragma once

#include <libxml/tree.h>

#include "conf/error.h"

#define XML_SIZE_MAX (4u << 20) /* bytes of one document */
#define XML_DEPTH_MAX 128

/* Parses a document and checks the name of its root element. Errors (ERROR_XML) name the line
 * and the reason. Blanks between elements are dropped; comments, CDATA, processing instructions
 * are kept. */
int xml_parse(const char *text, const char *root_name, xmlDoc **ret, Error *error);

/* Prints a node and what is below it as libvirt does: single quotes, two spaces, no declaration, a
 * newline at the end. An element with text in it is printed without added blanks. */
int xml_print(const xmlNode *node, char **ret);

/* The same for a whole document, with the comments around its root. */
int xml_print_doc(const xmlDoc *doc, char **ret);

/* "/domain/devices/disk[2]" for messages; newly allocated, NULL without memory. */
char *xml_node_path(const xmlNode *node);

/* How many bytes of a text from outside a message quotes; never cuts a character in two:
 *         fail(error, ERROR_XML, "unknown value '%.*s'", xml_clip(text), text); */
int xml_clip(const char *text);
#define XML_CLIP_MAX 80

static inline void xml_doc_freep(xmlDoc **doc) {
        if (*doc)
                xmlFreeDoc(*doc);
}

static inline void xml_freep(xmlChar **text) {
        if (*text)
                xmlFree(*text);
}
