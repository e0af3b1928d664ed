/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the QEMU driver makes of libvirt's own samples, for every architecture: whether a valid
 * definition is accepted, nothing of it is lost, and what is kept means the same as what libvirt
 * keeps; whether an invalid one is refused. And, over the same documents cut short and changed at
 * random: no crash, no leak (with sanitizers). Where libvirt's schema is installed, what we keep of
 * a document that conforms to it must conform too.
 *
 *         test-define ../shared/corpus [-v]
 *
 * No binary of the architecture is needed, as none is for a definition. What libvirt wrote for an
 * older QEMU is compared with what we write for one that isn't installed; what it wrote for a
 * current QEMU, with what we write for the one that is. */
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdarg.h>

#include "conf/xml.h"
#include "drivers/host.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/command-private.h"
#include "tests/unit/compare.h"
#include "tests/unit/domain-changes.h"
#include "tests/unit/qemu.h"

enum { MUTATIONS = 6 };

static TestQemu qemu;
static bool verbose;

/* ---- as the driver does it ---- */

/* Of the QEMU that a sample was made for. Of the old ones it had some features or none. */
typedef enum Age { CURRENT, OLD, BARE } Age;

/* The installed QEMU where a current one is wanted and runs the guest, else what is taken for
 * granted. */
static QemuCaps *caps_for(const DomainConf *conf, Age age) {
        const QemuArch *arch = qemu_arch(conf->os.arch ?: host_arch());
        char path[64];

        if (!arch)
                return NULL;
        if (age == CURRENT && qemu.caps && qemu_arch_runs_on(arch, qemu.caps->arch))
                return qemu_caps_ref(qemu.caps);
        snprintf(path, sizeof(path), "/usr/bin/qemu-system-%s", arch->binary);
        QemuCaps *caps = qemu_caps_assume(arch, path);
        CHECK(caps);
        if (age > CURRENT && caps->n_machines > 0)
                free(TAKE(caps->machines->default_cpu)); /* no QEMU told in those days */
        if (age == BARE)
                caps->n_types = 2; /* video cards */
        return caps;
}

static DomainConf *define(const char *text, Age age, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(qemu_caps_unrefp) QemuCaps *caps = NULL;

        if (conf_parse(text, 0, &conf, error) < 0)
                return NULL;
        if (!(caps = caps_for(conf, age))) {
                (void) fail(error, ERROR_CONFIG_UNSUPPORTED, "unknown architecture");
                return NULL;
        }
        if (qemu_complete(conf, caps, error) < 0 || conf_sync(conf, error) < 0)
                return NULL;
        return TAKE(conf);
}

/* ---- the same as libvirt's ---- */

/* Lines of a document without regard to the order of devices. */
typedef struct Lines {
        char **items;
        size_t n;
} Lines;

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void add_line(Lines *lines, char *text) {
        lines->items = reallocarray(lines->items, lines->n + 1, sizeof(*lines->items));
        CHECK(lines->items && text);
        lines->items[lines->n++] = text;
}

static void sort_lines(Lines *lines) {
        if (lines->n > 0)
                qsort(lines->items, lines->n, sizeof(char *), compare_lines);
}

static void clear_lines(Lines *lines) {
        for (size_t i = 0; i < lines->n; i++)
                free(lines->items[i]);
        free(lines->items);
}

static void write_lines(Lines *lines, FILE *out) {
        sort_lines(lines);
        for (size_t i = 0; i < lines->n; i++)
                fputs(lines->items[i], out);
        clear_lines(lines);
}

/* An older QEMU may have had no USB controller, which libvirt tells by leaving out the model. */
static bool passes_over(const xmlNode *node, const xmlAttr *attribute, bool old) {
        return old && xmlStrEqual(node->name, (const xmlChar *) "controller") &&
               node_attribute_is(node, "type", "usb") &&
               xmlStrEqual(attribute->name, (const xmlChar *) "model");
}

/* An element in one line, attributes and what is below it sorted. */
static char *flatten(xmlNode *node, bool old) {
        Lines attributes = {}, children = {};
        char *line = NULL, *one;
        size_t size;
        FILE *out = open_memstream(&line, &size);

        CHECK(out);
        fprintf(out, "<%s", (const char *) node->name);
        for (xmlAttr *a = node->properties; a; a = a->next) {
                _cleanup_(freep) char *value = attribute(node, (const char *) a->name);

                if (passes_over(node, a, old))
                        continue;
                CHECK(asprintf(&one, " %s='%s'", (const char *) a->name, value ?: "") > 0);
                add_line(&attributes, one);
        }
        write_lines(&attributes, out);
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child))
                        fprintf(out, " %s", (const char *) child->content);
                else if (child->type == XML_ELEMENT_NODE)
                        add_line(&children, flatten(child, old));
        write_lines(&children, out);
        CHECK(fclose(out) == 0);
        return line;
}

/* What the emulator is called and which version of a machine is meant differs between hosts; a
 * card without an address got a random one. */
static bool depends_on_host(const xmlNode *node) {
        static const char *const names[] = { "os", "emulator", "metadata" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (xmlStrEqual(node->name, (const xmlChar *) names[i]))
                        return true;
        return node->type != XML_ELEMENT_NODE;
}

static void collect(xmlDoc *document, bool old, Lines *ret) {
        xmlNode *root = xmlDocGetRootElement(document), *devices = node_child(root, "devices");

        for (xmlNode *node = root->children; node; node = node->next)
                if (node != devices && !depends_on_host(node))
                        add_line(ret, flatten(node, old));
        for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
                if (!depends_on_host(node))
                        add_line(ret, flatten(node, old));
        sort_lines(ret);
}

static size_t differences(const char *name, const Lines *ours, const Lines *theirs) {
        size_t i = 0, j = 0, wrong = 0;

        while (i < ours->n || j < theirs->n) {
                int order = i == ours->n     ? 1
                            : j == theirs->n ? -1
                                             : strcmp(ours->items[i], theirs->items[j]);

                if (order != 0 && name)
                        printf("%s %c %s\n", name, order < 0 ? '+' : '-',
                               order < 0 ? ours->items[i] : theirs->items[j]);
                wrong += order != 0;
                i += order <= 0;
                j += order >= 0;
        }
        return wrong;
}

/* ---- libvirt's schema ---- */

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

static xmlRelaxNG *schema;

static void ignore(void *userdata, const char *message, ...) {}

_printf_(2, 3) static void tell(void *userdata, const char *message, ...) {
        va_list ap;

        printf("%s: ", (const char *) userdata);
        va_start(ap, message);
        (void) vprintf(message, ap);
        va_end(ap);
}

/* name: what to call it when its faults are told; NULL: they aren't. */
static bool conforms(xmlDoc *document, const char *name) {
        xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);

        CHECK(context);
        xmlRelaxNGSetValidErrors(context, name ? tell : ignore, name ? tell : ignore,
                                 (void *) name);
        int r = xmlRelaxNGValidateDoc(context, document);
        xmlRelaxNGFreeValidCtxt(context);
        return r == 0;
}

static void open_schema(void) {
        xmlRelaxNGParserCtxt *parser =
                access(SCHEMA, R_OK) == 0 ? xmlRelaxNGNewParserCtxt(SCHEMA) : NULL;

        if (!parser) {
                printf("SKIPPED: no schema at %s: nothing is compared with it\n", SCHEMA);
                return;
        }
        CHECK((schema = xmlRelaxNGParse(parser)));
        xmlRelaxNGFreeParserCtxt(parser);

        _cleanup_(xml_doc_freep) xmlDoc *nothing = NULL;
        CHECK(xml_parse("<domain/>", "domain", &nothing, NULL) >= 0 && !conforms(nothing, NULL));
}

/* ---- one document ---- */

typedef struct Score {
        char arch[16];
        size_t valid, accepted, whole, stable, pairs, equal, invalid, refused, conform, conformed;
} Score;

static bool is_equal(const char *text, const char *golden, const char *name, Age age) {
        _cleanup_(freep) char *printed = NULL;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(xml_doc_freep) xmlDoc *ours = NULL, *theirs = NULL;
        Lines a = {}, b = {};
        Error error = {};

        if (!(conf = define(text, age, &error))) {
                error_clear(&error);
                return false;
        }
        CHECK(conf_print(conf, 0, &printed, &error) >= 0);
        CHECK(xml_parse(printed, "domain", &ours, &error) >= 0 &&
              xml_parse(golden, "domain", &theirs, &error) >= 0);
        collect(ours, age > CURRENT, &a);
        collect(theirs, age > CURRENT, &b);
        size_t wrong = differences(name, &a, &b);
        clear_lines(&a);
        clear_lines(&b);
        return wrong == 0;
}

static void judge_pair(const char *corpus, const char *text, const char *pair, Score *score) {
        _cleanup_(freep) char *golden = read_text(corpus, pair);
        const char *name = strrchr(pair, '/') + 1;
        bool current = strstr(pair, "-latest");
        bool equal = is_equal(text, golden, NULL, current ? CURRENT : OLD) ||
                     (!current && is_equal(text, golden, NULL, BARE));

        score->pairs++;
        score->equal += equal;
        if (!equal && verbose)
                (void) is_equal(text, golden, name, current ? CURRENT : OLD);
}

static void judge_pairs(const char *corpus, const char *text, char *pairs, Score *score) {
        for (char *pair; (pair = strsep(&pairs, ","));)
                if (strncmp(pair, "qemuxml2xmlout", 14) == 0 && !strstr(pair, "-active."))
                        judge_pair(corpus, text, pair, score);
}

static void judge_valid(const char *file, const char *text, Score *score) {
        _cleanup_(conf_freep) DomainConf *conf = NULL, *again = NULL;
        _cleanup_(freep) char *printed = NULL, *reprinted = NULL;
        _cleanup_(xml_doc_freep) xmlDoc *in = NULL, *out = NULL;
        Loss loss = { .may_change = domain_may_change, .size = &map_kib };
        Error error = {};

        score->valid++;
        if (!(conf = define(text, CURRENT, &error))) {
                printf("%s: refused: %s\n", file, error.message);
                error_clear(&error);
                return;
        }
        score->accepted++;
        CHECK(conf_print(conf, 0, &printed, &error) >= 0);
        if ((again = define(printed, CURRENT, &error)))
                CHECK(conf_print(again, 0, &reprinted, &error) >= 0);
        if (reprinted && strcmp(printed, reprinted) == 0)
                score->stable++;
        else
                printf("%s: defined again it changes: %s\n", file, error.message ?: "");
        error_clear(&error);
        CHECK(xml_parse(text, "domain", &in, NULL) >= 0 &&
              xml_parse(printed, "domain", &out, NULL) >= 0);
        compare(xmlDocGetRootElement(in), xmlDocGetRootElement(out), "/domain", &loss);
        if (schema && conforms(in, NULL)) {
                score->conform++;
                score->conformed += conforms(out, file);
        }
        score->whole += loss.lost == 0;
        if (loss.lost > 0)
                printf("%s: %zu lost, first %s\n", file, loss.lost, loss.first);
        free(loss.first);
}

static void judge_invalid(const char *file, const char *text, const char *note, Score *score) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Error error = {};

        score->invalid++;
        if (!(conf = define(text, CURRENT, &error)))
                score->refused++;
        else if (verbose)
                printf("%s: accepted, libvirt says %s\n", file, note);
        error_clear(&error);
}

static void torture(const char *text) {
        for (int i = 0; i < MUTATIONS; i++) {
                _cleanup_(freep) char *copy = strdup(text);
                _cleanup_(conf_freep) DomainConf *conf = NULL;
                Error error = {};

                CHECK(copy);
                for (int k = i / 3; k >= 0 && *copy; k--)
                        mutate(copy);
                conf = define(copy, i % (BARE + 1), &error);
                CHECK(conf || error.code != ERROR_NONE);
                error_clear(&error);
        }
}

/* ---- all of them ---- */

enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };
enum { ARCHS_MAX = 24 };

static bool is_ours(char *const columns[]) {
        return strcmp(columns[KIND], "domain") == 0 && strcmp(columns[ROLE], "input") == 0 &&
               (strcmp(columns[TYPE], "qemu") == 0 || strcmp(columns[TYPE], "kvm") == 0);
}

static Score *score_of(Score *scores, const char *arch) {
        while (*scores->arch && strcmp(scores->arch, arch) != 0)
                scores++;
        snprintf(scores->arch, sizeof(scores->arch), "%s", arch);
        return scores;
}

static void judge_line(const char *corpus, char *line, Score *scores) {
        char *columns[COLUMNS];

        for (int i = 0; i < COLUMNS; i++)
                if (!(columns[i] = strsep(&line, "\t\n")))
                        return;
        if (!is_ours(columns))
                return;

        _cleanup_(freep) char *text = read_text(corpus, columns[FILE_NAME]);
        Score *score = score_of(scores, columns[ARCH]);
        if (strcmp(columns[CLASS], "invalid") == 0)
                judge_invalid(columns[FILE_NAME], text, columns[NOTE], score);
        else if (strcmp(columns[CLASS], "depends") != 0)
                judge_valid(columns[FILE_NAME], text, score);
        if (strcmp(columns[CLASS], "valid") == 0)
                judge_pairs(corpus, text, columns[PAIR], score);
        torture(text);
}

static void add_score(Score *sum, const Score *score) {
        sum->valid += score->valid, sum->accepted += score->accepted, sum->whole += score->whole;
        sum->stable += score->stable, sum->pairs += score->pairs, sum->equal += score->equal;
        sum->invalid += score->invalid, sum->refused += score->refused;
        sum->conform += score->conform, sum->conformed += score->conformed;
}

static void print_score(const Score *s) {
        printf("%-8s valid %3zu: accepted %3zu, nothing lost %3zu, stable %3zu; "
               "as libvirt's %3zu of %3zu; in its schema %3zu of %3zu; "
               "invalid refused %zu of %zu\n",
               s->arch, s->valid, s->accepted, s->whole, s->stable, s->equal, s->pairs,
               s->conformed, s->conform, s->refused, s->invalid);
}

int main(int argc, char **argv) {
        _cleanup_(freep) char *manifest = NULL, *line = NULL;
        const char *corpus = argc > 1 ? argv[1] : "../shared/corpus";
        Score scores[ARCHS_MAX] = {}, all = { .arch = "all" };
        size_t room = 0;

        verbose = argc > 2;
        CHECK(asprintf(&manifest, "%s/MANIFEST.tsv", corpus) >= 0);
        FILE *f = fopen(manifest, "re");
        if (!f) {
                printf("SKIPPED: no sample documents at %s\n", manifest);
                return 77;
        }
        (void) test_qemu_open(&qemu);
        open_schema();
        while (getline(&line, &room, f) > 0)
                judge_line(corpus, line, scores);
        fclose(f);
        test_qemu_close(&qemu);
        for (const Score *score = scores; *score->arch; score++) {
                add_score(&all, score);
                print_score(score);
        }
        print_score(&all);
        CHECK(all.valid > 0 && all.accepted * 100 >= all.valid * 99);
        CHECK(all.whole * 100 >= all.valid * 96 && all.stable * 100 >= all.valid * 96);
        CHECK(all.refused * 100 >= all.invalid * 95);
        CHECK(all.equal * 100 >= all.pairs * 87); /* what was reached; others ask for old QEMUs */
        CHECK(all.conformed * 100 >= all.conform * 99);
        xmlRelaxNGFree(schema);
        xmlCleanupParser();
        return 0;
}
