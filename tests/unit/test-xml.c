/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing XML: what is refused and why, and that what is written reads the same. */
#include "conf/xml.h"

#include <dirent.h>
#include <libxml/parser.h>

#include "tests/unit/check.h"

static xmlDoc *parse(const char *text) {
        Error error = {};
        xmlDoc *doc = NULL;

        if (xml_parse(text, NULL, &doc, &error) < 0)
                fprintf(stderr, "%s\n", error.message);
        CHECK(doc);
        return doc;
}

static void check_refused(const char *text, const char *root, const char *message) {
        Error error = {};
        xmlDoc *doc = NULL;

        CHECK(xml_parse(text, root, &doc, &error) < 0);
        CHECK(!doc);
        CHECK(error.code == ERROR_XML);
        CHECK(error.origin == ORIGIN_XML);
        CHECK_TEXT(error.message, message);
        CHECK(!strchr(error.message, '\n'));
        error_clear(&error);
        CHECK(xml_parse(text, root, &doc, NULL) < 0);
}

/* Prints as expected, and the same again after another round. */
static void check_printed(const char *text, const char *expected) {
        char *first, *second;
        xmlDoc *doc = parse(text);

        CHECK(xml_print_doc(doc, &first) >= 0);
        CHECK_TEXT(first, expected);
        xmlFreeDoc(doc);

        doc = parse(first);
        CHECK(xml_print_doc(doc, &second) >= 0);
        CHECK_TEXT(second, first);
        xmlFreeDoc(doc);
        free(first);
        free(second);
}

static void test_refusals(void) {
        check_refused("", NULL, "the document is empty");
        check_refused(" \n\t", NULL, "the document is empty");
        check_refused("x", NULL, "line 1: Start tag expected, '<' not found");
        check_refused("<a>\n<b>\n</a>", NULL,
                      "line 3: Opening and ending tag mismatch: b line 2 and a");
        check_refused("<a>\n<b></b>", NULL, "line 2: Premature end of data in tag a line 1");
        check_refused("<a x='1' x='2'/>", NULL, "line 1: Attribute x redefined");
        check_refused("<a/><b/>", NULL, "line 1: Extra content at the end of the document");
        check_refused("<a>\x01</a>", NULL, "line 1: PCDATA invalid Char value 1");
        check_refused("<a>\n&x;</a>", NULL, "line 2: Entity 'x' not defined");
        check_refused("<a>\n\n\xff</a>", NULL, "line 3: the text is not valid UTF-8");
        check_refused("<a>\xc3", NULL, "line 1: the text is not valid UTF-8");
        check_refused("<b/>", "a", "line 1: expected root element <a>, found <b>");
        check_refused("\n<!-- a -->\n<x:b xmlns:x='u'/>", "a",
                      "line 3: expected root element <a>, found <x:b>");
}

static void test_document_types(void) {
        static const char refused[] = "line 1: a document type declaration is not allowed";

        check_refused("<!DOCTYPE a><a/>", "a", refused);
        check_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "a", refused);
        check_refused("<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1/x.dtd'><a/>", "a", refused);
        check_refused("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;</a>", "a", refused);
        check_refused("<!DOCTYPE a [", "a", refused);
}

static char *repeat(const char *head, const char *unit, size_t n, const char *tail) {
        char *text = malloc(strlen(head) + n * strlen(unit) + strlen(tail) + 1), *end;

        CHECK(text);
        end = stpcpy(text, head);
        for (size_t i = 0; i < n; i++)
                end = stpcpy(end, unit);
        strcpy(end, tail);
        return text;
}

static void test_limits(void) {
        static const char deep[] = "line 1: elements are nested more than 128 deep";
        char *open = repeat("", "<a>", XML_DEPTH_MAX, "");
        char *whole = repeat(open, "</a>", XML_DEPTH_MAX, "");
        xmlFreeDoc(parse(whole));
        free(whole);

        char *deeper = repeat(open, "<b/>", 1, "");
        check_refused(deeper, NULL, deep);
        free(deeper);
        free(open);

        char *wide = repeat("<w>", "<a/>", 10000, "");
        open = repeat(wide, "<a>", XML_DEPTH_MAX, "");
        check_refused(open, NULL, deep);
        free(open);
        free(wide);

        char *large = repeat("<a>", "x", XML_SIZE_MAX - 7, "</a>");
        xmlFreeDoc(parse(large));
        free(large);
        large = repeat("<a>", "x", XML_SIZE_MAX - 6, "</a>");
        check_refused(large, NULL, "the document is larger than 4194304 bytes");
        free(large);

        char *lines = repeat("<a>", "\n", 70000, "<b></a>");
        check_refused(lines, NULL,
                      "line 70001: Opening and ending tag mismatch: b line 70001 and a");
        free(lines);
}

static void test_form(void) {
        check_printed("<a/>", "<a/>\n");
        check_printed("<a></a>", "<a/>\n");
        check_printed("<?xml version=\"1.0\" encoding='latin1'?><a b=\"c\"><d/>\n<e>f</e></a>",
                      "<a b='c'>\n  <d/>\n  <e>f</e>\n</a>\n");
        check_printed("<!-- x --><a><!-- y\n z --><?p i?><?q?></a><!-- end -->",
                      "<!-- x -->\n<a>\n  <!-- y\n z -->\n  <?p i?>\n  <?q?>\n</a>\n<!-- end -->"
                      "\n");
        check_printed("<a><b><c/></b></a>", "<a>\n  <b>\n    <c/>\n  </b>\n</a>\n");
        check_printed("<a>\xc3\xa4</a>", "<a>\xc3\xa4</a>\n");
}

static void test_escapes(void) {
        check_printed("<a>&lt;&gt;&amp;&quot;&apos;</a>", "<a>&lt;&gt;&amp;\"'</a>\n");
        check_printed("<a b=\"&lt;&gt;&amp;&quot;'&#10;&#9;&#13; \"/>",
                      "<a b='&lt;&gt;&amp;\"&apos;&#10;&#9;&#13; '/>\n");
        check_printed("<a>x&#13;\r\ny\tz</a>", "<a>x&#13;\ny\tz</a>\n");
        check_printed("<a><![CDATA[<&]]></a>", "<a><![CDATA[<&]]></a>\n");
        check_printed("<a><![CDATA[a]]]]><![CDATA[>b]]></a>", "<a><![CDATA[a]]]]><![CDATA[>b]]></a>"
                                                              "\n");
        check_printed("<a><![CDATA[]]></a>", "<a><![CDATA[]]></a>\n");
}

static void test_mixed(void) {
        check_printed("<a>x <b/> <c><d/></c>\n</a>", "<a>x <b/> <c><d/></c>\n</a>\n");
        check_printed("<a> </a>", "<a> </a>\n");
        check_printed("<a>&#32;<b/></a>", "<a>&#32;<b/></a>\n");
        check_printed("<a><b/>&#10; <c/></a>", "<a><b/>&#10; <c/></a>\n");
        check_printed("<a xml:space='preserve'> <b/> </a>", "<a xml:space='preserve'> <b/> </a>\n");
        check_printed("<a><b/><![CDATA[ ]]>&#32;<c/></a>", "<a><b/><![CDATA[ ]]>&#32;<c/></a>\n");
        check_printed("<a><![CDATA[x]]><b/>&#32;<c/></a>", "<a><![CDATA[x]]><b/>&#32;<c/></a>\n");
        check_printed("<a>x<b/>&#32;<c/></a>", "<a>x<b/> <c/></a>\n");
}

static void test_namespaces(void) {
        check_printed("<a xmlns:q='urn:q' b='c'><q:d q:e='f'/><g xmlns='urn:d'><h/></g></a>",
                      "<a b='c' xmlns:q='urn:q'>\n  <q:d q:e='f'/>\n  <g xmlns='urn:d'>\n    <h/>\n"
                      "  </g>\n</a>\n");
        check_printed("<a><u:n u:a='1'/></a>", "<a>\n  <u:n u:a='1'/>\n</a>\n");

        char *text;
        xmlDoc *doc = parse("<a xmlns:q='urn:q' xmlns:r='urn:r'><b><q:c q:d='1'/></b></a>");
        CHECK(xml_print(xmlDocGetRootElement(doc)->children, &text) >= 0);
        CHECK_TEXT(text, "<b xmlns:q='urn:q'>\n  <q:c q:d='1'/>\n</b>\n");
        free(text);
        xmlFreeDoc(doc);
}

static void test_paths(void) {
        xmlDoc *doc = parse("<a><b/><c><d e='1'/></c><b/><q:b xmlns:q='u'/></a>");
        xmlNode *a = xmlDocGetRootElement(doc), *b = a->children, *c = b->next;
        struct {
                const xmlNode *node;
                const char *path;
        } paths[] = {
                { a, "/a" },
                { b, "/a/b[1]" },
                { c->next, "/a/b[2]" },
                { c->next->next, "/a/q:b" },
                { c->children, "/a/c/d" },
                { (xmlNode *) c->children->properties, "/a/c/d/@e" },
        };

        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                char *path = xml_node_path(paths[i].node);

                CHECK_TEXT(path, paths[i].path);
                free(path);
        }
        xmlFreeDoc(doc);
}

static void test_clip(void) {
        char text[200];

        memset(text, 'x', sizeof(text) - 1);
        text[199] = 0;
        CHECK(xml_clip("") == 0);
        CHECK(xml_clip("abc") == 3);
        CHECK(xml_clip(text) == XML_CLIP_MAX);
        memcpy(text + XML_CLIP_MAX - 2, "\xe2\x82\xac", 3); /* one character across the limit */
        CHECK(xml_clip(text) == XML_CLIP_MAX - 2);
}

static char *read_whole(const char *path) {
        static char text[XML_SIZE_MAX];
        FILE *file = fopen(path, "r");

        CHECK(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
        return text;
}

/* Documents of all kinds: printing again changes nothing. */
static size_t check_folder(const char *folder) {
        size_t n = 0;
        DIR *dir = opendir(folder);

        for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
                char path[600], *first, *second;
                xmlDoc *doc;

                snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
                if (e->d_type == DT_DIR && e->d_name[0] != '.')
                        n += check_folder(path);
                if (!strstr(e->d_name, ".xml") || xml_parse(read_whole(path), NULL, &doc, NULL) < 0)
                        continue;
                CHECK(xml_print_doc(doc, &first) >= 0);
                xmlFreeDoc(doc);
                doc = parse(first);
                CHECK(xml_print_doc(doc, &second) >= 0);
                xmlFreeDoc(doc);
                CHECK_TEXT(second, first);
                free(first);
                free(second);
                n++;
        }
        if (dir)
                closedir(dir);
        return n;
}

static void test_corpus(const char *folder) {
        size_t n = check_folder(folder);
        if (n == 0)
                printf("SKIPPED: no sample documents in %s\n", folder);
        else
                printf("%zu sample documents print the same again\n", n);
}

int main(int argc, char **argv) {
        test_refusals();
        test_document_types();
        test_limits();
        test_form();
        test_escapes();
        test_mixed();
        test_namespaces();
        test_paths();
        test_clip();
        test_corpus(argc > 1 ? argv[1] : "../shared/corpus");
        xmlCleanupParser();
        return 0;
}
