/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Native configurations of Xen against libvirt's pairs: each in the directions in which it holds.
 * Documents must say the same, whatever the order of unlike elements; configurations are compared
 * key by key. And there and back keeps every key and value.
 *
 *         test-native CORPUS [-v]
 *
 * What the samples don't say is in tables here. Without the samples only those are tried, and it
 * exits with 77, which meson reports as skipped. */
#include "conf/xml.h"
#include "drivers/xen/native.h"
#include "tests/unit/compare.h"

#define EQUAL_MIN 0.95
#define MUTATIONS 40 /* per configuration */

enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };

typedef struct Tally {
        const char *folder;
        size_t directions, equal, trips, whole;
        bool verbose;
} Tally;

/* ---- comparisons ---- */

static NativeConfig *parse(const char *format, const char *text) {
        NativeConfig *config = NULL;
        Error error = {};
        int r = strcmp(format, "xen-xl") == 0 ? native_parse_xl(text, &config, &error)
                                              : native_parse_xm(text, &config, &error);

        if (r < 0)
                printf("%s\n%s\n", error.message, text);
        CHECK(r >= 0);
        return config;
}

/* Keys of a that b doesn't have, or otherwise. */
static size_t count_lost(const NativeConfig *a, const NativeConfig *b, const char *file,
                         const char *what) {
        size_t lost = 0;

        for (size_t i = 0; i < a->n; i++) {
                const char *name = a->entries[i].name;

                if (native_value_equal(a->entries[i].value, native_get(b, name)))
                        continue;
                lost++;
                printf("%s: %s %s\n", file, what, name);
        }
        return lost;
}

static void drop_ours(xmlNode *root) {
        for (xmlNode *node = root->children, *next; node; node = next) {
                next = node->next;
                if (node->ns && strstr((const char *) node->ns->href, "virtbus")) {
                        xmlUnlinkNode(node);
                        xmlFreeNode(node);
                }
        }
}

static bool never(const char *path) {
        return false;
}

static size_t count_different(const char *expected, const char *actual, const char *file) {
        _cleanup_(xml_doc_freep) xmlDoc *a = NULL, *b = NULL;
        Loss lost = { .may_change = never, .size = &map_kib }, added = lost;

        CHECK(xml_parse(expected, "domain", &a, NULL) >= 0);
        CHECK(xml_parse(actual, "domain", &b, NULL) >= 0);
        drop_ours(xmlDocGetRootElement(b));
        compare(xmlDocGetRootElement(a), xmlDocGetRootElement(b), "/domain", &lost);
        compare(xmlDocGetRootElement(b), xmlDocGetRootElement(a), "/domain", &added);
        if (lost.lost > 0)
                printf("%s: %zu missing, first %s\n", file, lost.lost, lost.first);
        if (added.lost > 0)
                printf("%s: %zu too much, first %s\n", file, added.lost, added.first);
        free(lost.first);
        free(added.first);
        return lost.lost + added.lost;
}

/* ---- directions ---- */

static char *must_read(const char *format, const char *text, const char *file) {
        Error error = {};
        char *xml = NULL;

        if (native_to_xml(format, text, &xml, &error) < 0)
                printf("%s: %s\n", file, error.message);
        error_clear(&error);
        return xml;
}

static char *must_write(const char *format, const char *xml, const char *file) {
        Error error = {};
        char *text = NULL;

        if (native_from_xml(format, xml, &text, &error) < 0)
                printf("%s: %s\n", file, error.message);
        error_clear(&error);
        return text;
}

static void judge_reading(Tally *tally, const char *format, const char *text, const char *expected,
                          const char *file) {
        _cleanup_(freep) char *xml = must_read(format, text, file);

        tally->directions++;
        if (xml && count_different(expected, xml, file) == 0)
                tally->equal++;
        if (tally->verbose && xml)
                printf("%s\n", xml);
}

static void judge_writing(Tally *tally, const char *format, const char *xml, const char *expected,
                          const char *file) {
        _cleanup_(native_config_freep) NativeConfig *a = NULL, *b = NULL;
        _cleanup_(freep) char *text = must_write(format, xml, file);

        tally->directions++;
        if (!text)
                return;
        a = parse(format, expected);
        b = parse(format, text);
        if (count_lost(a, b, file, "lacks or has otherwise") +
                    count_lost(b, a, file, "has besides or otherwise") == 0)
                tally->equal++;
        else if (tally->verbose)
                printf("%s\n", text);
}

static void judge_trip(Tally *tally, const char *format, const char *text, const char *file) {
        _cleanup_(native_config_freep) NativeConfig *before = NULL, *after = NULL;
        _cleanup_(freep) char *xml = must_read(format, text, file);
        _cleanup_(freep) char *again = xml ? must_write(format, xml, file) : NULL;

        tally->trips++;
        if (!again)
                return;
        before = parse(format, text);
        after = parse(format, again);
        if (count_lost(before, after, file, "after a round trip lacks or has otherwise") == 0)
                tally->whole++;
}

/* The firmware's folder has a name of its own in the samples. */
static char *read_sample(const char *folder, const char *file) {
        static const char mark[] = "/LIBXL_FIRMWARE_DIR", place[] = "/usr/lib/xen/boot";
        char *text = read_text(folder, file), *found;

        while ((found = strstr(text, mark))) {
                memcpy(found, place, sizeof(place) - 1);
                memmove(found + sizeof(place) - 1, found + sizeof(mark) - 1,
                        strlen(found + sizeof(mark) - 1) + 1);
        }
        return text;
}

/* What nobody would write: it is read or refused with a reason, never worse. */
static void torture(const char *format, const char *text) {
        for (int i = 0; i < MUTATIONS; i++) {
                _cleanup_(freep) char *copy = strdup(text), *xml = NULL, *again = NULL;
                Error error = {};

                CHECK(copy);
                for (int k = i / 4; k >= 0 && *copy; k--)
                        mutate(copy);
                if (native_to_xml(format, copy, &xml, &error) < 0)
                        CHECK(error.code != ERROR_NONE && error.message);
                else if (native_from_xml(format, xml, &again, &error) < 0)
                        CHECK(error.code == ERROR_CONFIG_UNSUPPORTED);
                error_clear(&error);
        }
}

static void judge_row(Tally *tally, char *const columns[]) {
        const char *file = columns[FILE_NAME], *format = columns[KIND];
        size_t n = strlen(file);

        if (strncmp(format, "xen-", 4) != 0 || n < 4 || strcmp(file + n - 4, ".cfg") != 0)
                return;
        _cleanup_(freep) char *text = read_sample(tally->folder, file);
        _cleanup_(freep) char *xml = read_sample(tally->folder, columns[PAIR]);

        if (strstr(columns[NOTE], "cfg->xml"))
                judge_reading(tally, format, text, xml, file);
        if (strstr(columns[NOTE], "xml->cfg"))
                judge_writing(tally, format, xml, text, columns[PAIR]);
        judge_trip(tally, format, text, file);
        torture(format, text);
}

static bool judge_samples(Tally *tally) {
        _cleanup_(freep) char *path = NULL, *line = NULL;
        size_t room = 0;

        CHECK(asprintf(&path, "%s/MANIFEST.tsv", tally->folder) >= 0);
        FILE *manifest = fopen(path, "re");
        if (!manifest)
                return false;
        while (getline(&line, &room, manifest) > 0) {
                char *columns[COLUMNS] = {}, *rest = line;

                line[strcspn(line, "\n")] = 0;
                for (int i = 0; i < COLUMNS && rest; i++)
                        columns[i] = strsep(&rest, "\t");
                if (columns[NOTE])
                        judge_row(tally, columns);
        }
        fclose(manifest);
        return true;
}

int main(int argc, char *argv[]) {
        Tally tally = { .folder = argc > 1 ? argv[1] : "../shared/corpus",
                        .verbose = argc > 2 };

        if (!judge_samples(&tally)) {
                printf("no samples in %s\n", tally.folder);
                return 77;
        }
        printf("%zu of %zu directions equal, %zu of %zu round trips whole\n", tally.equal,
               tally.directions, tally.whole, tally.trips);
        CHECK(tally.equal >= tally.directions * EQUAL_MIN);
        CHECK(tally.whole == tally.trips);
        return 0;
}
