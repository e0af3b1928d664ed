/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML text in and out: a parser that trusts nobody, and a printer that writes as libvirt does.
 *
 * What the printer writes is read back as the same tree, so printing again changes no byte.
 * Three things see to that: characters a parser would normalise are written as references; an
 * element that holds text is written without added blanks, with all that is below it; and a
 * blank text that the parser would take for indentation starts with a reference. */
#include "conf/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>
#include <stdio.h>
#include <string.h>

#if LIBXML_VERSION >= 21200
typedef const xmlError ParseError;
#else
typedef xmlError ParseError;
#endif

/* ---- reading ---- */

/* Why a document is refused: the first reason counts, what follows are its echoes. */
typedef struct Refusal {
        char *reason;
        int line;
} Refusal;

static void refuse(xmlParserCtxt *parser, int line, const char *reason) {
        Refusal *refusal = parser->_private;

        if (!refusal->reason) {
                refusal->reason = strdup(reason);
                refusal->line = line;
        }
}

static void refuse_and_stop(xmlParserCtxt *parser, const char *reason) {
        refuse(parser, xmlSAX2GetLineNumber(parser), reason);
        parser->wellFormed = 0;
        xmlStopParser(parser);
}

/* Prefixes nobody declared are only errors, not fatal; libvirt lets them pass, and so do we. */
static void on_error(void *userdata, ParseError *error) {
        if (error->level == XML_ERR_FATAL)
                refuse(userdata, error->line, error->message ?: "it is not well-formed");
}

static void on_dtd(void *userdata, const xmlChar *name, const xmlChar *id, const xmlChar *system) {
        refuse_and_stop(userdata, "a document type declaration is not allowed");
}

#define _TEXT(x) #x
#define TEXT(x) _TEXT(x)

static void on_element(void *userdata, const xmlChar *name, const xmlChar *prefix,
                       const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
                       int n_attributes, int n_defaulted, const xmlChar **attributes) {
        xmlParserCtxt *parser = userdata;

        if (parser->nodeNr < XML_DEPTH_MAX)
                xmlSAX2StartElementNs(parser, name, prefix, uri, n_namespaces, namespaces,
                                      n_attributes, n_defaulted, attributes);
        else
                refuse_and_stop(parser,
                                "elements are nested more than " TEXT(XML_DEPTH_MAX) " deep");
}

/* Checked here because libxml2 would follow an encoding declaration away from UTF-8. */
static int check_text(const char *text, size_t length, Error *error) {
        if (length > XML_SIZE_MAX)
                return fail(error, ERROR_XML, "the document is larger than %u bytes", XML_SIZE_MAX);
        if (text[strspn(text, " \t\r\n")] == 0)
                return fail(error, ERROR_XML, "the document is empty");
        if (xmlCheckUTF8((const xmlChar *) text))
                return 0;

        int line = 1;
        for (size_t i = 0; i < length;) {
                int n = MIN(length - i, 4);

                if (xmlGetUTF8Char((const xmlChar *) text + i, &n) < 0 || n <= 0)
                        break;
                line += text[i] == '\n';
                i += n;
        }
        return fail(error, ERROR_XML, "line %d: the text is not valid UTF-8", line);
}

static int fail_parse(const Refusal *refusal, Error *error) {
        const char *reason = refusal->reason ?: "it is not well-formed";
        int n = strlen(reason);

        while (n > 0 && (reason[n - 1] == '\n' || reason[n - 1] == ' '))
                n--;
        for (char *c = refusal->reason; c && *c; c++)
                if (*c == '\n')
                        *c = ' ';
        return fail(error, ERROR_XML, "line %d: %.*s", MAX(refusal->line, 1), n, reason);
}

static int read_document(const char *text, size_t length, xmlDoc **ret, Error *error) {
        Refusal refusal = {};
        xmlParserCtxt *parser = xmlNewParserCtxt();

        if (!parser)
                return fail_memory(error);
        parser->_private = &refusal;
        parser->sax->serror = on_error;
        parser->sax->internalSubset = on_dtd;
        parser->sax->startElementNs = on_element;

        xmlDoc *doc = xmlCtxtReadMemory(parser, text, length, NULL, NULL,
                                        XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR |
                                        XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC |
                                        XML_PARSE_BIG_LINES);
        bool memory = parser->errNo == XML_ERR_NO_MEMORY;
        int r = 0;

        if (!doc || refusal.reason)
                r = memory ? fail_memory(error) : fail_parse(&refusal, error);
        if (r < 0)
                xml_doc_freep(&doc);
        free(refusal.reason);
        xmlFreeParserCtxt(parser);
        if (r >= 0)
                *ret = doc;
        return r;
}

static int check_root(const xmlDoc *doc, const char *name, Error *error) {
        xmlNode *root = xmlDocGetRootElement(doc);

        if (!root)
                return fail(error, ERROR_XML, "the document has no root element");
        if (!name || strcmp((const char *) root->name, name) == 0)
                return 0;

        _cleanup_(freep) char *path = xml_node_path(root);
        if (!path)
                return fail_memory(error);
        return fail(error, ERROR_XML, "line %ld: expected root element <%s>, found <%.*s>",
                    xmlGetLineNo(root), name, xml_clip(path + 1), path + 1);
}

int xml_parse(const char *text, const char *root_name, xmlDoc **ret, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *doc = NULL;
        size_t length = strnlen(text, XML_SIZE_MAX + 1);
        bool clean = error && error->code == ERROR_NONE;

        int r = check_text(text, length, error);
        if (r >= 0)
                r = read_document(text, length, &doc, error);
        if (r >= 0)
                r = check_root(doc, root_name, error);
        if (r < 0 && clean)
                error->origin = ORIGIN_XML;
        if (r < 0)
                return r;
        *ret = TAKE(doc);
        return 0;
}

/* ---- a text that grows ---- */

typedef struct Buffer {
        char *text;
        size_t length, size;
        bool failed;
} Buffer;

static void put(Buffer *b, const char *text, size_t length) {
        if (b->size - b->length <= length) {
                size_t size = MAX(2 * b->size, b->length + length + 1024);
                char *grown = b->failed ? NULL : realloc(b->text, size);

                if (!grown) {
                        b->failed = true;
                        return;
                }
                b->text = grown;
                b->size = size;
        }
        memcpy(b->text + b->length, text, length);
        b->length += length;
}

static void put_text(Buffer *b, const void *text) {
        put(b, text, strlen(text));
}

static int take_text(Buffer *b, char **ret) {
        put(b, "", 1);
        if (b->failed) {
                free(b->text);
                return -ENOMEM;
        }
        *ret = b->text;
        return 0;
}

static void put_name(Buffer *b, const xmlNs *ns, const xmlChar *name) {
        if (ns && ns->prefix) {
                put_text(b, ns->prefix);
                put(b, ":", 1);
        }
        put_text(b, name);
}

/* ---- writing ---- */

static const char *reference(char c, bool attribute) {
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '\r':
                return "&#13;";
        case '\'':
                return attribute ? "&apos;" : NULL;
        case '\n':
                return attribute ? "&#10;" : NULL;
        case '\t':
                return attribute ? "&#9;" : NULL;
        }
        return NULL;
}

static void put_escaped(Buffer *b, const xmlChar *content, bool attribute) {
        const char *text = (const char *) content, *start = text;

        for (; text && *text; text++) {
                const char *instead = *text <= '>' ? reference(*text, attribute) : NULL;

                if (instead) {
                        put(b, start, text - start);
                        put_text(b, instead);
                        start = text + 1;
                }
        }
        put(b, start, text - start);
}

static bool is_text(const xmlNode *node) {
        return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

/* Whether a parser that drops blanks between elements would drop this text. It keeps what comes
 * after text, and all blanks of an element that starts with text; a CDATA section is no text in
 * its eyes. Texts that became neighbours when something between them was removed will be read as
 * one. */
static bool is_droppable(const xmlNode *node) {
        const xmlNode *next = node;

        for (; next && next->type == XML_TEXT_NODE; next = next->next) {
                const char *text = (const char *) next->content ?: "";

                if (text[strspn(text, " \t\r\n")])
                        return false;
        }
        if (!node->content || !*node->content || (!node->prev && !next))
                return false;
        if (node->prev && (node->prev->type == XML_TEXT_NODE ||
                           node->parent->children->type == XML_TEXT_NODE))
                return false;
        return xmlNodeGetSpacePreserve(node->parent) != 1;
}

static void put_character_data(Buffer *b, const xmlNode *node) {
        const xmlChar *content = node->content ?: (const xmlChar *) "";

        if (is_droppable(node)) {
                char first[16];

                put(b, first, snprintf(first, sizeof(first), "&#%d;", *content));
                content++;
        }
        put_escaped(b, content, false);
}

/* "]]>" can't stand in one section: adjacent ones are read as one. */
static void put_cdata(Buffer *b, const xmlNode *node) {
        const char *text = (const char *) node->content ?: "", *end;

        put_text(b, "<![CDATA[");
        while ((end = strstr(text, "]]>"))) {
                put(b, text, end + 2 - text);
                put_text(b, "]]><![CDATA[");
                text = end + 2;
        }
        put_text(b, text);
        put_text(b, "]]>");
}

static void put_namespace(Buffer *b, const xmlNs *ns) {
        put_text(b, ns->prefix ? " xmlns:" : " xmlns");
        if (ns->prefix)
                put_text(b, ns->prefix);
        put(b, "='", 2);
        put_escaped(b, ns->href, true);
        put(b, "'", 1);
}

/* libvirt writes the namespaces of a root behind its attributes, and hands all others to
 * libxml2, which writes them first. */
static void put_attributes(Buffer *b, const xmlNode *node) {
        bool is_root = node->parent && node->parent->type != XML_ELEMENT_NODE;

        for (const xmlNs *ns = is_root ? NULL : node->nsDef; ns; ns = ns->next)
                put_namespace(b, ns);
        for (const xmlAttr *a = node->properties; a; a = a->next) {
                put(b, " ", 1);
                put_name(b, a->ns, a->name);
                put(b, "='", 2);
                for (const xmlNode *t = a->children; t; t = t->next)
                        put_escaped(b, t->content, true);
                put(b, "'", 1);
        }
        for (const xmlNs *ns = is_root ? node->nsDef : NULL; ns; ns = ns->next)
                put_namespace(b, ns);
}

static bool uses_namespace(const xmlNode *node, const xmlNs *ns) {
        if (node->type != XML_ELEMENT_NODE)
                return false;
        if (node->ns == ns)
                return true;
        for (const xmlAttr *a = node->properties; a; a = a->next)
                if (a->ns == ns)
                        return true;
        for (const xmlNode *c = node->children; c; c = c->next)
                if (uses_namespace(c, ns))
                        return true;
        return false;
}

/* What is declared above a node that is printed alone, and used in it. */
static void put_inherited(Buffer *b, const xmlNode *node) {
        for (const xmlNode *p = node->parent; p && p->type == XML_ELEMENT_NODE; p = p->parent)
                for (const xmlNs *ns = p->nsDef; ns; ns = ns->next)
                        if (uses_namespace(node, ns))
                                put_namespace(b, ns);
}

static void put_indent(Buffer *b, int depth) {
        static const char blanks[] = "                                ";

        for (int n = 2 * depth; n > 0; n -= sizeof(blanks) - 1)
                put(b, blanks, MIN(n, (int) sizeof(blanks) - 1));
}

static void put_node(Buffer *b, const xmlNode *node, const xmlNode *top, int depth);

/* A negative depth says that we are within text: no blanks may be added. */
static void put_children(Buffer *b, const xmlNode *node, const xmlNode *top, int depth) {
        int inner = depth < 0 ? -1 : depth + 1;

        for (const xmlNode *c = node->children; c && inner >= 0; c = c->next)
                if (is_text(c) || c->type == XML_ENTITY_REF_NODE)
                        inner = -1;
        if (inner >= 0)
                put(b, "\n", 1);
        for (const xmlNode *c = node->children; c; c = c->next) {
                if (inner >= 0)
                        put_indent(b, inner);
                put_node(b, c, top, inner);
                if (inner >= 0)
                        put(b, "\n", 1);
        }
        if (inner >= 0)
                put_indent(b, depth);
}

static void put_element(Buffer *b, const xmlNode *node, const xmlNode *top, int depth) {
        put(b, "<", 1);
        put_name(b, node->ns, node->name);
        put_attributes(b, node);
        if (node == top)
                put_inherited(b, node);
        if (!node->children) {
                put(b, "/>", 2);
                return;
        }
        put(b, ">", 1);
        put_children(b, node, top, depth);
        put(b, "</", 2);
        put_name(b, node->ns, node->name);
        put(b, ">", 1);
}

static void put_instruction(Buffer *b, const xmlNode *node) {
        put(b, "<?", 2);
        put_text(b, node->name);
        if (node->content && *node->content) {
                put(b, " ", 1);
                put_text(b, node->content);
        }
        put(b, "?>", 2);
}

static void put_node(Buffer *b, const xmlNode *node, const xmlNode *top, int depth) {
        if (node->type == XML_ELEMENT_NODE)
                put_element(b, node, top, depth);
        else if (node->type == XML_TEXT_NODE)
                put_character_data(b, node);
        else if (node->type == XML_CDATA_SECTION_NODE)
                put_cdata(b, node);
        else if (node->type == XML_PI_NODE)
                put_instruction(b, node);
        else if (node->type == XML_COMMENT_NODE) {
                put_text(b, "<!--");
                put_text(b, node->content ?: (const xmlChar *) "");
                put_text(b, "-->");
        }
}

int xml_print(const xmlNode *node, char **ret) {
        Buffer b = {};

        put_node(&b, node, node, 0);
        put(&b, "\n", 1);
        return take_text(&b, ret);
}

int xml_print_doc(const xmlDoc *doc, char **ret) {
        Buffer b = {};

        for (const xmlNode *c = doc->children; c; c = c->next) {
                put_node(&b, c, NULL, 0);
                put(&b, "\n", 1);
        }
        return take_text(&b, ret);
}

/* ---- where a node is ---- */

static bool same_name(const xmlNode *a, const xmlNode *b) {
        return a->type == b->type && a->ns == b->ns && xmlStrEqual(a->name, b->name);
}

static void put_path(Buffer *b, const xmlNode *node) {
        int before = 0, after = 0;

        if (node->parent && node->parent->type == XML_ELEMENT_NODE)
                put_path(b, node->parent);
        put_text(b, node->type == XML_ATTRIBUTE_NODE ? "/@" : "/");
        put_name(b, node->ns, node->name);
        for (const xmlNode *s = node->prev; s; s = s->prev)
                before += same_name(s, node);
        for (const xmlNode *s = node->next; s && !after; s = s->next)
                after += same_name(s, node);
        if (before + after > 0) {
                char index[16];

                put(b, index, snprintf(index, sizeof(index), "[%d]", before + 1));
        }
}

char *xml_node_path(const xmlNode *node) {
        Buffer b = {};
        char *path;

        put_path(&b, node);
        return take_text(&b, &path) < 0 ? NULL : path;
}

int xml_clip(const char *text) {
        int n = strnlen(text, XML_CLIP_MAX);

        if (n == XML_CLIP_MAX)
                while (n > 0 && (text[n] & 0xc0) == 0x80)
                        n--;
        return n;
}
