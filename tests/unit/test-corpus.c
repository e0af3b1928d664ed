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
#include "tests/unit/compare.h"
#include "tests/unit/domain-changes.h"

/* Refused of the invalid documents: those left need to know the machine or the host. */
#define REFUSED_MIN 0.9

#define MUTATIONS 12 /* per document */

typedef struct Tally {
        size_t valid, accepted, fixed, whole, values, lost;
        size_t invalid, refused;
        bool verbose;
} Tally;

/* ---- one document ---- */

static void check_whole(const char *file, const char *text, const char *printed, Tally *tally) {
        _cleanup_(xml_doc_freep) xmlDoc *in = NULL, *out = NULL;
        Loss loss = { .may_change = domain_may_change, .size = &map_kib };

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
