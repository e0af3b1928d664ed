/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that libvirt's schemas of networks and their ports allow. Documents of ours hold each
 * element, each attribute and each word that the schemas list, which this test counts by walking
 * the schemas; each document is accepted, keeps all it says and is right by the schema before
 * and afterwards.
 *
 *         test-schema tests/data/network-schema /usr/share/libvirt/schemas
 *
 * Without the schemas the documents are judged all the same. */
#include <dirent.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <unistd.h>

#include "conf/network.h"
#include "conf/xml.h"
#include "tests/unit/compare.h"

#define DEPTH_MAX 200 /* of a schema's patterns in one another */

/* What a schema allows and libvirt refuses all the same: only a guest's interface has a floor. */
static const char *const refused[] = {
        "/network/bandwidth/inbound/@floor",
        "/network/bandwidth/outbound/@floor",
        "/network/portgroup/bandwidth/inbound/@floor",
        "/network/portgroup/bandwidth/outbound/@floor",
        "/networkport/bandwidth/outbound/@floor",
};

static const struct {
        const char *name;
        const DocumentKind *kind;
} kinds[] = {
        { "network", &network_kind },
        { "networkport", &networkport_kind },
};

/* ---- sets of paths ---- */

/* "/network/forward/@mode=nat"; of what isn't a list of words the path alone. */
typedef struct Paths {
        char **items;
        size_t n;
} Paths;

static bool paths_have(const Paths *paths, const char *path) {
        for (size_t i = 0; i < paths->n; i++)
                if (strcmp(paths->items[i], path) == 0)
                        return true;
        return false;
}

static void paths_add(Paths *paths, const char *path, const char *value) {
        char *text = NULL;

        CHECK(asprintf(&text, "%s%s%s", path, value ? "=" : "", value ?: "") > 0);
        if (paths_have(paths, text)) {
                free(text);
                return;
        }
        CHECK((paths->items = reallocarray(paths->items, paths->n + 1, sizeof(*paths->items))));
        paths->items[paths->n++] = text;
}

static void paths_clear(Paths *paths) {
        for (size_t i = 0; i < paths->n; i++)
                free(paths->items[i]);
        free(paths->items);
        *paths = (Paths) {};
}

static char *below(const char *path, const char *prefix, const char *name) {
        char *text = NULL;

        CHECK(asprintf(&text, "%s/%s%s", path, prefix, name) > 0);
        return text;
}

/* ---- what a schema allows ---- */

typedef struct Grammar {
        xmlDoc *files[8];
        size_t n;
        Paths paths;
} Grammar;

static bool is_pattern(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

static void grammar_read(Grammar *grammar, const char *folder, const char *file) {
        _cleanup_(freep) char *path = below(folder, "", file);

        CHECK(grammar->n < ELEMENTS(grammar->files));
        xmlDoc *document = grammar->files[grammar->n++] = xmlReadFile(path, NULL, XML_PARSE_NONET);
        CHECK(document);
        for (xmlNode *c = xmlDocGetRootElement(document)->children; c; c = c->next) {
                _cleanup_(freep) char *href = is_pattern(c, "include") ? attribute(c, "href")
                                                                       : NULL;

                if (href)
                        grammar_read(grammar, folder, href);
        }
}

static const xmlNode *grammar_find(const Grammar *grammar, const char *name) {
        for (size_t i = 0; i < grammar->n; i++) {
                const xmlNode *c = xmlDocGetRootElement(grammar->files[i])->children;

                for (; c; c = c->next) {
                        _cleanup_(freep) char *is = is_pattern(c, "define") ? attribute(c, "name")
                                                                            : NULL;

                        if (is && strcmp(is, name) == 0)
                                return c;
                }
        }
        return NULL;
}

static void walk_patterns(Grammar *grammar, const xmlNode *parent, const char *path, int depth);

static void walk_pattern(Grammar *grammar, const xmlNode *node, const char *path, int depth) {
        _cleanup_(freep) char *name = attribute(node, "name"), *text = NULL, *inner = NULL;
        bool is_attribute = is_pattern(node, "attribute");

        CHECK(depth < DEPTH_MAX);
        if (is_attribute || is_pattern(node, "element")) {
                if (!name)
                        return; /* any name: what is the user's */
                inner = below(path, is_attribute ? "@" : "", name);
                paths_add(&grammar->paths, inner, NULL);
                walk_patterns(grammar, node, inner, depth);
        } else if (is_pattern(node, "value")) {
                text = (char *) xmlNodeGetContent(node);
                paths_add(&grammar->paths, path, text);
        } else if (is_pattern(node, "ref")) {
                const xmlNode *define = grammar_find(grammar, name);

                CHECK(define);
                if (strcmp(name, "customElement") != 0)
                        walk_patterns(grammar, define, path, depth);
        } else if (!is_pattern(node, "except"))
                walk_patterns(grammar, node, path, depth);
}

static void walk_patterns(Grammar *grammar, const xmlNode *parent, const char *path, int depth) {
        for (const xmlNode *c = parent->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE)
                        walk_pattern(grammar, c, path, depth + 1);
}

static void grammar_clear(Grammar *grammar) {
        for (size_t i = 0; i < grammar->n; i++)
                xmlFreeDoc(grammar->files[i]);
        paths_clear(&grammar->paths);
        *grammar = (Grammar) {};
}

/* ---- what documents hold ---- */

static void note_node(Paths *paths, const xmlNode *node, const char *path) {
        _cleanup_(freep) char *own = below(path, "", (const char *) node->name);

        paths_add(paths, own, NULL);
        for (const xmlAttr *a = node->properties; a; a = a->next) {
                _cleanup_(freep) char *name = below(own, "@", (const char *) a->name);
                _cleanup_(freep) char *value = attribute(node, (const char *) a->name);

                paths_add(paths, name, NULL);
                if (value)
                        paths_add(paths, name, value);
        }
        for (const xmlNode *c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE)
                        note_node(paths, c, own);
}

static bool nothing_may_change(const char *path) {
        return false;
}

static bool is_whole(const char *file, const char *name, const char *text, const char *printed) {
        _cleanup_(xml_doc_freep) xmlDoc *in = NULL, *out = NULL;
        Loss loss = { .may_change = nothing_may_change, .size = &map_bytes };

        CHECK(xml_parse(text, name, &in, NULL) >= 0 && xml_parse(printed, name, &out, NULL) >= 0);
        compare(xmlDocGetRootElement(in), xmlDocGetRootElement(out), "", &loss);
        if (loss.lost > 0)
                printf("%s: %zu lost, first %s\n", file, loss.lost, loss.first);
        free(loss.first);
        return loss.lost == 0;
}

static bool is_right(xmlRelaxNGValidCtxt *schema, const char *name, const char *text) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;

        if (!schema)
                return true;
        CHECK(xml_parse(text, name, &document, NULL) >= 0);
        return xmlRelaxNGValidateDoc(schema, document) == 0;
}

/* As a definition, as a running network says it, and from a file. */
static bool judge_as(const char *file, const DocumentKind *kind, const char *text, ConfFlags how,
                     xmlRelaxNGValidCtxt *schema) {
        _cleanup_(freep) char *printed = NULL, *reprinted = NULL;
        const char *name = kind->element->name;
        _cleanup_(error_clear) Error error = {};
        void *conf = NULL, *again = NULL;
        bool fine;

        if (document_parse(kind, text, how, &conf, &error) < 0) {
                printf("%s: refused: %s\n", file, error.message);
                return false;
        }
        CHECK(document_print(kind, conf, 0, &printed, &error) >= 0);
        CHECK(document_parse(kind, printed, how, &again, &error) >= 0);
        CHECK(document_print(kind, again, 0, &reprinted, &error) >= 0);
        document_free(kind, conf);
        document_free(kind, again);
        CHECK_TEXT(reprinted, printed);
        fine = is_right(schema, name, text) && is_right(schema, name, printed);
        if (!fine)
                printf("%s: not what the schema says:\n%s", file, printed);
        return is_whole(file, name, text, printed) && fine;
}

static bool judge(const char *folder, const char *file, const DocumentKind *kind,
                  xmlRelaxNGValidCtxt *schema, Paths *seen) {
        _cleanup_(freep) char *text = read_text(folder, file);
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        bool fine = judge_as(file, kind, text, CONF_LIVE | CONF_VALIDATE, schema);

        CHECK(xml_parse(text, kind->element->name, &document, NULL) >= 0);
        note_node(seen, xmlDocGetRootElement(document), "");
        return judge_as(file, kind, text, CONF_LIVE | CONF_TRUSTED, schema) && fine;
}

/* ---- what libvirt's documentation excludes, though its schema may not ---- */

#define IP "<ip address='10.1.2.1' prefix='24'>"
#define IP6 "<ip family='ipv6' address='fd00::1' prefix='64'>"
#define DHCP IP "<dhcp>"
#define ROUTE IP "</ip><route address='10.9.0.0' prefix='16' gateway='10.1.2.9' "

static const char *const excluded[] = {
        "<forward mode='hostdev'><address type='pci' bus='1'/><address type='pci' bus='1'/>"
        "</forward>",
        "<forward mode='passthrough'><interface dev='a'/><interface dev='a'/></forward>",
        "<forward mode='hostdev'><interface dev='a'/><address type='pci' bus='1'/></forward>",
        "<forward mode='bridge'/><bridge name='a' zone='public'/>",
        "<forward mode='vepa'/><bridge name='a'/>",
        "<forward mode='bridge'/><bridge name='a'/><mtu size='9000'/>",
        "<forward mode='bridge'/><bridge name='a'/><vlan><tag id='1'/></vlan>",
        "<forward mode='bridge'/><bridge name='a'/>" IP "</ip>",
        "<forward mode='hostdev'/><bandwidth><inbound average='1'/></bandwidth>",
        "<forward mode='hostdev'/><vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>",
        "<forward mode='hostdev'/><vlan trunk='no'><tag id='1' nativeMode='tagged'/></vlan>",
        "<forward mode='hostdev'/><vlan><tag id='4096'/></vlan>",
        "<forward mode='nat'/>",
        "<forward mode='nat'><nat><address start='10.0.0.9' end='10.0.0.1'/></nat></forward>" IP
        "</ip>",
        "<forward mode='nat'><nat><port start='0' end='9'/></nat></forward>" IP "</ip>",
        "<forward mode='route'><nat ipv6='yes'/></forward>" IP "</ip>",
        "<forward dev='a' mode='nat'><interface dev='b'/></forward>" IP "</ip>",
        "<forward mode='open'><interface dev='a'/></forward>" IP "</ip>",
        IP6 "<tftp root='/srv'/></ip>",
        IP6 "<dhcp><bootp file='a'/></dhcp></ip>",
        IP "<tftp root='/a'/></ip><ip address='10.1.3.1' prefix='24'><tftp root='/b'/></ip>",
        "<ip address='fd00::1' prefix='64'/>",
        "<ip family='ipv6' address='10.1.2.1' prefix='24'/>",
        "<ip address='10.1.2.1' prefix='33'/>",
        "<ip address='10.1.2.1' netmask='255.0.255.0'/>",
        DHCP "<range start='10.1.2.9' end='10.1.2.2'/></dhcp></ip>",
        DHCP "<range start='10.1.2.9' end='10.1.3.2'/></dhcp></ip>",
        DHCP "<range start='10.1.2.0' end='10.1.2.2'/></dhcp></ip>",
        DHCP "<range start='10.1.2.2' end='10.1.2.9'><lease expiry='1'/></range></dhcp></ip>",
        DHCP "<host mac='52:54:00:00:00:01'/></dhcp></ip>",
        DHCP "<host ip='10.1.2.9'/></dhcp></ip>",
        DHCP "<host mac='53:54:00:00:00:01' ip='10.1.2.9'/></dhcp></ip>",
        DHCP "<host name='1st' ip='10.1.2.9'/></dhcp></ip>",
        IP6 "<dhcp><host mac='52:54:00:00:00:01' ip='fd00::9'/></dhcp></ip>",
        IP6 "<dhcp><host id='0:1:x' ip='fd00::9'/></dhcp></ip>",
        DHCP "<host name='a' ip='10.1.2.9'/></dhcp></ip><ip address='10.1.3.1' prefix='24'><dhcp>"
        "<host name='a' ip='10.1.3.9'/></dhcp></ip>",
        ROUTE "metric='0'/>",
        IP "</ip><route address='10.9.0.0' prefix='16' gateway='10.1.3.9'/>",
        IP "</ip><route address='10.9.0.1' prefix='16' gateway='10.1.2.9'/>",
        "<dns><txt name='two words' value='a'/></dns>",
        "<dns><txt name='a,b' value='a'/></dns>",
        "<dns><txt name='a'/></dns>",
        "<dns><forwarder/></dns>",
        "<dns><srv service='a' protocol='sctp'/></dns>",
        "<dns><srv service='a' protocol='tcp' port='1'/></dns>",
        "<dns><srv service='a' protocol='tcp' target='b' weight='65536'/></dns>",
        "<dns><host ip='10.1.2.9'/></dns>",
        "<dns enable='no'><host ip='10.1.2.9'><hostname>a</hostname></host></dns>",
        "<bandwidth><inbound peak='1'/></bandwidth>",
        "<bandwidth><inbound average='1' floor='1'/></bandwidth>",
        "<mac address='53:54:00:00:00:01'/>",
        "<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>",
};

/* What is close to them, and fine. */
static const char *const included[] = {
        "<forward mode='bridge'/><bridge name='a'/>",
        "<forward mode='hostdev'/><vlan trunk='no'><tag id='1'/></vlan>",
        "<forward mode='nat'><nat><address start='10.0.0.9' end='10.0.0.9'/></nat></forward>" IP
        "</ip>",
        IP "<tftp root='/a'/></ip><ip address='10.1.3.1' prefix='24'/>" IP6 "</ip>",
        DHCP "<range start='10.1.2.2' end='10.1.2.9'><lease expiry='2'/></range></dhcp></ip>",
        DHCP "<host name='a' ip='10.1.2.9'/></dhcp></ip>" IP6 "<dhcp><host name='a' ip='fd00::9'/>"
        "</dhcp></ip>",
        ROUTE "metric='1'/>",
        "<dns><txt name='a.b' value='a, b'/></dns>",
        "<dns><srv service='a' protocol='tcp' target='b' weight='65535'/></dns>",
        "<dns enable='no' forwardPlainNames='no'/>",
};

static bool is_accepted(const char *part, Error *error) {
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        _cleanup_(freep) char *xml = NULL;

        CHECK(asprintf(&xml, "<network><name>n</name>%s</network>", part) > 0);
        return network_conf_parse(xml, 0, &conf, error) >= 0;
}

static size_t judge_rules(void) {
        size_t wrong = 0;

        for (size_t i = 0; i < ELEMENTS(excluded); i++)
                if (is_accepted(excluded[i], NULL)) {
                        printf("not refused: %s\n", excluded[i]);
                        wrong++;
                }
        for (size_t i = 0; i < ELEMENTS(included); i++) {
                _cleanup_(error_clear) Error error = {};

                if (is_accepted(included[i], &error))
                        continue;
                printf("refused: %s: %s\n", included[i], error.message);
                wrong++;
        }
        printf("rules: %zu refused, %zu accepted, %zu wrong\n", ELEMENTS(excluded),
               ELEMENTS(included), wrong);
        return wrong;
}

/* ---- all of them ---- */

static void ignore(void *userdata, const char *format, ...) {
}

static xmlRelaxNGValidCtxt *open_schema(const char *folder, const char *name, Grammar *grammar,
                                        xmlRelaxNG **ret_schema) {
        _cleanup_(freep) char *file = NULL, *path = NULL;

        CHECK(asprintf(&file, "%s.rng", name) > 0);
        path = below(folder, "", file);
        if (access(path, R_OK) < 0)
                return NULL;
        grammar_read(grammar, folder, file);
        walk_patterns(grammar, grammar_find(grammar, name), "", 0);

        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
        CHECK(parser && (*ret_schema = xmlRelaxNGParse(parser)));
        xmlRelaxNGFreeParserCtxt(parser);
        xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(*ret_schema);
        xmlRelaxNGSetValidErrors(context, ignore, ignore, NULL);
        return context;
}

static bool is_of_kind(const char *file, const char *name) {
        size_t n = strlen(name);

        return strncmp(file, name, n) == 0 && file[n] == '-' && strstr(file, ".xml");
}

/* How many places of the schema no document has. */
static size_t count_unseen(const Paths *places, const Paths *seen) {
        Paths known = { .items = (char **) refused, .n = ELEMENTS(refused) };
        size_t n = 0;

        for (size_t i = 0; i < places->n; i++)
                if (!paths_have(seen, places->items[i]) && !paths_have(&known, places->items[i])) {
                        printf("%s is in no document\n", places->items[i]);
                        n++;
                }
        return n;
}

static size_t judge_kind(const char *folder, const char *schemas, size_t row) {
        xmlRelaxNG *schema = NULL;
        Grammar grammar = {};
        xmlRelaxNGValidCtxt *context = open_schema(schemas, kinds[row].name, &grammar, &schema);
        size_t n = 0, failed = 0, unseen;
        DIR *dir = opendir(folder);
        Paths seen = {};

        CHECK(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (!is_of_kind(entry->d_name, kinds[row].name))
                        continue;
                failed += !judge(folder, entry->d_name, kinds[row].kind, context, &seen);
                n++;
        }
        (void) closedir(dir);
        unseen = count_unseen(&grammar.paths, &seen);
        printf("%s: %zu documents, %zu failed; %zu places in the schema, %zu in no document\n",
               kinds[row].name, n, failed, grammar.paths.n, unseen);
        CHECK(n > 0);
        xmlRelaxNGFreeValidCtxt(context);
        xmlRelaxNGFree(schema);
        grammar_clear(&grammar);
        paths_clear(&seen);
        return failed + unseen;
}

int main(int argc, char **argv) {
        const char *folder = argc > 1 ? argv[1] : "tests/data/network-schema";
        const char *schemas = argc > 2 ? argv[2] : "/usr/share/libvirt/schemas";
        size_t wrong = 0;

        if (access(schemas, R_OK) < 0)
                printf("no schemas in %s: documents are judged without them\n", schemas);
        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                wrong += judge_kind(folder, schemas, i);
        wrong += judge_rules();
        CHECK(wrong == 0);
        xmlRelaxNGCleanupTypes();
        xmlCleanupParser();
        return 0;
}
