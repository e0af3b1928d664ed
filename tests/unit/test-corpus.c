/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain model against libvirt's own sample documents: what is valid is accepted, printing is a
 * fixed point, nothing of the input is lost, what libvirt refuses to define is refused. And, over
 * the same documents cut short and changed at random: no crash, no leak (with sanitizers).
 *
 *         test-corpus ../shared/corpus [-v]
 *
 * Without the samples it exits with 77, which meson reports as skipped. */
#include <ctype.h>
#include <libxml/parser.h>

#include "conf/domain.h"
#include "conf/xml.h"
#include "tests/unit/check.h"

/* Refused of the invalid documents: those left need to know the machine or the host. */
#define REFUSED_MIN 0.9

#define MUTATIONS 12 /* per document */

/* What libvirt drops or rewrites, and we with it; compared with the path without indexes. */
static const struct {
        const char *path;
        const char *reason;
} rewritten[] = {
        { "/domain/@id", "live" },
        { "/domain/devices/*/alias", "generated, unless it starts with ua-" },
        { "/domain/devices/disk/source/@index", "live" },
        { "/domain/devices/disk/backingStore/@index", "live" },
        { "/domain/devices/disk/mirror", "live" },
        { "/domain/devices/interface/target", "generated" },
        { "/domain/devices/interface/target/@dev", "generated" },
        { "/domain/devices/interface/source/@portid", "live" },
        { "/domain/devices/channel/target/@state", "live" },
        { "/domain/devices/console/@tty", "live" },
        { "/domain/devices/graphics/@port", "-1 with autoport" },
        { "/domain/devices/graphics/@tlsPort", "dropped with autoport" },
        { "/domain/devices/graphics/@listen", "follows the first listen element" },
        { "/domain/devices/graphics/@socket", "follows the first listen element" },
        { "/domain/devices/graphics/@autoport", "yes without a port" },
        { "/domain/devices/graphics/listen/@type", "a socket attribute makes it a socket" },
        { "/domain/devices/graphics/listen/@address", "a socket attribute makes it a socket" },
        { "/domain/seclabel/imagelabel", "live" },
        { "/domain/vcpu/@placement", "auto where numatune says so" },
        { "/domain/currentMemory", "not more than memory" },
        { "/domain/genid", "made where it is empty" },
};

typedef struct Tally {
        size_t valid, accepted, fixed, whole, values, lost;
        size_t invalid, refused;
        bool verbose;
} Tally;

/* ---- nothing lost ---- */

static bool same_words(const char *a, const char *b) {
        while (*a && *b) {
                if (tolower((unsigned char) *a) == tolower((unsigned char) *b))
                        a++, b++;
                else if (*a == '-' || isspace((unsigned char) *a))
                        a++;
                else if (*b == '-' || isspace((unsigned char) *b))
                        b++;
                else
                        return false;
        }
        while (isspace((unsigned char) *a))
                a++;
        while (isspace((unsigned char) *b))
                b++;
        return !*a && !*b;
}

/* The same number, the same uuid, the same text. */
static bool same_value(const char *a, const char *b) {
        char *end_a, *end_b;
        unsigned long long x = strtoull(a, &end_a, 0), y = strtoull(b, &end_b, 0);

        if (*a && *b && !*end_a && !*end_b)
                return x == y;
        return same_words(a, b);
}

static char *own_text(const xmlNode *node) {
        char *text = strdup("");

        for (const xmlNode *child = node->children; child; child = child->next) {
                if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE)
                        continue;
                char *longer = NULL;
                CHECK(asprintf(&longer, "%s%s", text, (const char *) child->content) >= 0);
                free(text);
                text = longer;
        }
        return text;
}

static char *attribute(const xmlNode *node, const char *name) {
        return (char *) xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name);
}

static bool same_size(const xmlNode *a, const xmlNode *b, const char *text_a, const char *text_b) {
        _cleanup_(freep) char *unit_a = attribute(a, "unit"), *unit_b = attribute(b, "unit");
        _cleanup_(freep) char *whole_a = NULL, *whole_b = NULL;
        uint64_t x = 0, y = 0;

        if (!unit_a && !unit_b)
                return false;
        CHECK(asprintf(&whole_a, "%s %s", text_a, unit_a ?: "KiB") >= 0);
        CHECK(asprintf(&whole_b, "%s %s", text_b, unit_b ?: "KiB") >= 0);
        return map_kib.parse(NULL, whole_a, &x) >= 0 && map_kib.parse(NULL, whole_b, &y) >= 0 &&
               x == y;
}

static bool may_change(const char *path) {
        static const char devices[] = "/domain/devices/";

        for (size_t i = 0; i < ELEMENTS(rewritten); i++) {
                const char *p = rewritten[i].path, *q = path;
                const char *star = strchr(p, '*');

                if (!star ? strcmp(p, q) == 0 : false)
                        return true;
                if (star && strncmp(q, devices, sizeof(devices) - 1) == 0 &&
                    (q = strchr(q + sizeof(devices), '/')) && strcmp(q, star + 1) == 0)
                        return true;
        }
        return strstr(path, "/backingStore/@index");
}

typedef struct Loss {
        size_t values, lost;
        char *first;
} Loss;

static void lose(Loss *loss, const char *path) {
        if (may_change(path))
                return;
        loss->lost++;
        if (!loss->first)
                loss->first = strdup(path);
}

static void compare(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss);

static bool same_name(const xmlNode *a, const xmlNode *b) {
        return a->type == XML_ELEMENT_NODE && b->type == XML_ELEMENT_NODE &&
               xmlStrEqual(a->name, b->name) && !a->ns == !b->ns;
}

static size_t count_values(const xmlNode *node) {
        size_t n = 1;

        for (const xmlAttr *a = node->properties; a; a = a->next)
                n++;
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        n += count_values(child);
        return n;
}

/* The child that keeps most of another and adds least; each is taken once. */
static const xmlNode *counterpart(const xmlNode *child, const xmlNode *out, const char *path,
                                  const xmlNode **taken, size_t n_taken) {
        const xmlNode *best = NULL;
        size_t least = SIZE_MAX;

        for (const xmlNode *c = out->children; c; c = c->next) {
                bool free_ = same_name(child, c);
                Loss loss = {};

                for (size_t i = 0; i < n_taken && free_; i++)
                        free_ = taken[i] != c;
                if (!free_)
                        continue;
                compare(child, c, path, &loss);
                free(loss.first);
                if (loss.lost * 1000 + count_values(c) < least) {
                        least = loss.lost * 1000 + count_values(c);
                        best = c;
                }
        }
        return best;
}

static void compare_children(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss) {
        const xmlNode *taken[2048];
        size_t n = 0;

        for (const xmlNode *child = in->children; child; child = child->next) {
                _cleanup_(freep) char *below = NULL;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                CHECK(asprintf(&below, "%s/%s", path, (const char *) child->name) >= 0);
                loss->values++;
                const xmlNode *other = counterpart(child, out, below, taken, n);
                if (!other) {
                        lose(loss, below);
                        continue;
                }
                CHECK(n < ELEMENTS(taken));
                taken[n++] = other;
                compare(child, other, below, loss);
        }
}

static void compare(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss) {
        _cleanup_(freep) char *text_in = own_text(in), *text_out = own_text(out);
        bool sized = same_size(in, out, text_in, text_out);

        for (const xmlAttr *a = in->properties; a; a = a->next) {
                _cleanup_(freep) char *was = attribute(in, (const char *) a->name);
                _cleanup_(freep) char *is = attribute(out, (const char *) a->name), *below = NULL;

                loss->values++;
                if (sized && strcmp((const char *) a->name, "unit") == 0)
                        continue;
                CHECK(asprintf(&below, "%s/@%s", path, (const char *) a->name) >= 0);
                if (a->ns ? !xmlHasNsProp((xmlNode *) out, a->name, a->ns->href)
                          : !is || !same_value(was, is))
                        lose(loss, below);
        }
        loss->values++;
        if (!sized && !same_value(text_in, text_out))
                lose(loss, path);
        compare_children(in, out, path, loss);
}

/* ---- one document ---- */

static char *read_text(const char *folder, const char *file) {
        _cleanup_(freep) char *path = NULL;
        char *text = NULL;
        size_t room = 0;

        CHECK(asprintf(&path, "%s/%s", folder, file) >= 0);
        FILE *f = fopen(path, "re");
        CHECK(f);
        ssize_t n = getdelim(&text, &room, 0, f);
        fclose(f);
        CHECK(n > 0);
        return text;
}

static void check_whole(const char *file, const char *text, const char *printed, Tally *tally) {
        _cleanup_(xml_doc_freep) xmlDoc *in = NULL, *out = NULL;
        Loss loss = {};

        CHECK(xml_parse(text, "domain", &in, NULL) >= 0 &&
              xml_parse(printed, "domain", &out, NULL) >= 0);
        compare(xmlDocGetRootElement(in), xmlDocGetRootElement(out), "/domain", &loss);
        tally->values += loss.values;
        tally->lost += loss.lost;
        tally->whole += loss.lost == 0;
        if (loss.lost > 0)
                printf("%s: %zu lost, first %s\n", file, loss.lost, loss.first);
        free(loss.first);
}

static void judge_valid(const char *file, const char *text, Tally *tally) {
        _cleanup_(conf_freep) DomainConf *conf = NULL, *again = NULL, *trusted = NULL;
        _cleanup_(freep) char *printed = NULL, *reprinted = NULL, *kept = NULL;
        Error error = {};

        tally->valid++;
        if (conf_parse(text, 0, &conf, &error) < 0) {
                printf("%s: refused: %s\n", file, error.message);
                error_clear(&error);
                return;
        }
        tally->accepted++;
        CHECK(conf_print(conf, 0, &printed, &error) >= 0);
        CHECK(conf_parse(printed, 0, &again, &error) >= 0);
        CHECK(conf_print(again, 0, &reprinted, &error) >= 0);
        CHECK(conf_parse(printed, CONF_TRUSTED, &trusted, &error) >= 0);
        CHECK(conf_print(trusted, 0, &kept, &error) >= 0);
        if (strcmp(printed, reprinted) == 0 && strcmp(printed, kept) == 0)
                tally->fixed++;
        else
                printf("%s: printing is no fixed point\n", file);
        check_whole(file, text, printed, tally);
}

static void judge_invalid(const char *file, const char *text, const char *note, Tally *tally) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Error error = {};

        tally->invalid++;
        if (conf_parse(text, 0, &conf, &error) < 0) {
                CHECK(error.code == ERROR_XML || error.code == ERROR_CONFIG_UNSUPPORTED);
                tally->refused++;
                if (tally->verbose)
                        printf("%s: %s\n", file, error.message);
        } else if (tally->verbose)
                printf("%s: accepted, libvirt says %s\n", file, note);
        error_clear(&error);
}

/* ---- documents that nobody wrote ---- */

static uint32_t random_state = 1;

static uint32_t next_random(void) {
        random_state = random_state * 1664525 + 1013904223;
        return random_state >> 8;
}

/* Puts the first letter of one attribute into another (most often, as it stays well formed),
 * changes a byte, drops a stretch, or cuts the end off. */
static void mutate(char *text) {
        size_t n = strlen(text), at = next_random() % n, to = next_random() % n;

        switch (MIN(next_random() % 8, 3)) {
        case 0:
                text[at] = 0;
                break;
        case 1:
                text[at] = "0<>'\"/&x-9"[next_random() % 10];
                break;
        case 2:
                if (at < to)
                        memmove(text + at, text + to, n - to + 1);
                break;
        case 3: {
                char *quote = strchr(text + at, '\''), *other = strchr(text + to, '\'');
                if (quote && other && quote[1] && other[1] && isalnum((unsigned char) quote[1]) &&
                    isalnum((unsigned char) other[1]))
                        quote[1] = other[1];
                break;
        }
        }
}

static void torture(const char *text) {
        static const ConfFlags flags[] = { 0, CONF_LIVE, CONF_TRUSTED, CONF_VALIDATE };

        for (int i = 0; i < MUTATIONS; i++) {
                _cleanup_(freep) char *copy = strdup(text), *printed = NULL, *reprinted = NULL;
                _cleanup_(conf_freep) DomainConf *conf = NULL, *again = NULL;
                ConfFlags how = flags[i % ELEMENTS(flags)];
                Error error = {};

                CHECK(copy);
                for (int k = i / 4; k >= 0 && *copy; k--)
                        mutate(copy);
                if (*copy && conf_parse(copy, how, &conf, &error) >= 0) {
                        CHECK(conf_print(conf, i & 1 ? MAP_LIVE | MAP_SECRET : 0, &printed,
                                         &error) >= 0);
                        if (!(how & CONF_TRUSTED) && !(i & 1)) {
                                CHECK(conf_parse(printed, how, &again, &error) >= 0);
                                CHECK(conf_print(again, 0, &reprinted, &error) >= 0);
                                CHECK_TEXT(reprinted, printed);
                        }
                } else if (*copy)
                        CHECK(error.code != ERROR_NONE);
                error_clear(&error);
        }
}

/* ---- all of them ---- */

enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };

static bool is_ours(char *const columns[]) {
        return strcmp(columns[KIND], "domain") == 0 && strcmp(columns[ROLE], "input") == 0 &&
               (strncmp(columns[FILE_NAME], "qemuxml2argvdata/", 17) == 0 ||
                strncmp(columns[FILE_NAME], "genericxml2xmlindata/", 21) == 0) &&
               (strcmp(columns[ARCH], "x86_64") == 0 || strcmp(columns[ARCH], "i686") == 0);
}

static void judge_line(const char *folder, char *line, Tally *tally) {
        char *columns[COLUMNS];

        for (int i = 0; i < COLUMNS; i++)
                if (!(columns[i] = strsep(&line, "\t\n")))
                        return;
        if (!is_ours(columns))
                return;

        _cleanup_(freep) char *text = read_text(folder, columns[FILE_NAME]);
        if (strcmp(columns[CLASS], "valid") == 0)
                judge_valid(columns[FILE_NAME], text, tally);
        else if (strcmp(columns[CLASS], "invalid") == 0)
                judge_invalid(columns[FILE_NAME], text, columns[NOTE], tally);
        torture(text);
}

int main(int argc, char **argv) {
        _cleanup_(freep) char *manifest = NULL, *line = NULL;
        const char *folder = argc > 1 ? argv[1] : "../shared/corpus";
        Tally tally = { .verbose = argc > 2 };
        size_t room = 0;

        CHECK(asprintf(&manifest, "%s/MANIFEST.tsv", folder) >= 0);
        FILE *f = fopen(manifest, "re");
        if (!f) {
                printf("SKIPPED: no sample documents at %s\n", manifest);
                return 77;
        }
        while (getline(&line, &room, f) > 0)
                judge_line(folder, line, &tally);
        fclose(f);

        printf("valid documents: %zu, accepted %zu, fixed point %zu, whole %zu (%zu of %zu values "
               "lost)\n",
               tally.valid, tally.accepted, tally.fixed, tally.whole, tally.lost, tally.values);
        printf("invalid documents: %zu, refused %zu\n", tally.invalid, tally.refused);
        CHECK(tally.valid > 0 && tally.accepted == tally.valid);
        CHECK(tally.fixed == tally.valid);
        CHECK(tally.lost == 0);
        CHECK((double) tally.refused >= REFUSED_MIN * (double) tally.invalid);
        xmlCleanupParser();
        return 0;
}
