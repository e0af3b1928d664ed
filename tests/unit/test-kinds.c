/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kind of document besides the domain against libvirt's own samples: what is valid is
 * accepted, printing is a fixed point, nothing of the input is lost, the result means what
 * libvirt's result means, what libvirt refuses is refused. And, over the same documents changed at
 * random: no crash, no leak (with sanitizers).
 *
 *         test-kinds ../shared/corpus [-v]
 *
 * Without the samples it exits with 77, which meson reports as skipped. */
#include <libxml/parser.h>

#include "conf/interface.h"
#include "conf/network.h"
#include "conf/node-device.h"
#include "conf/nwfilter.h"
#include "conf/pool.h"
#include "conf/secret.h"
#include "conf/snapshot.h"
#include "conf/volume.h"
#include "conf/xml.h"
#include "tests/unit/compare.h"

#define MUTATIONS 60 /* per document */

static const struct {
        const char *name; /* in the manifest */
        const DocumentKind *kind;
} kinds[] = {
        { "network", &network_kind },
        { "networkport", &networkport_kind },
        { "pool", &pool_kind },
        { "volume", &volume_kind },
        { "snapshot", &snapshot_kind },
        { "checkpoint", &checkpoint_kind },
        { "backup", &backup_kind },
        { "secret", &secret_kind },
        { "nwfilter", &nwfilter_kind },
        { "nwfilterbinding", &nwfilterbinding_kind },
        { "interface", &interface_kind },
        { "nodedev", &node_device_kind },
};

typedef struct Tally {
        size_t valid, accepted, fixed, whole, expected, same;
        size_t invalid, refused;
        bool verbose;
} Tally;

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

/* Paths without indexes; "*" at the start stands for anything before. */
typedef struct Difference {
        const char *path, *reason;
} Difference;

/* What libvirt drops or rewrites, and we with it. */
static const Difference dropped[] = {
        { "/pool/capacity", "what the driver finds" },
        { "/pool/allocation", "what the driver finds" },
        { "/pool/available", "what the driver finds" },
        { "/pool/source/device/freeExtent", "what the driver finds" },
        { "/pool/source/dir/@path", "slashes" },
        { "/pool/target/path", "slashes, or made of the source's name" },
        { "*/@srcipmask", "a prefix" },
        { "*/@dstipmask", "a prefix" },
        { "*/@srcportstart", "$A[@0] is $A" },
};

/* What libvirt adds and we don't. */
static const Difference missing[] = {
        { "/domainsnapshot/name", "the time" },
        { "/domainsnapshot/creationTime", "the time" },
        { "/domainsnapshot/domain", "libvirt's tests know one" },
        { "/domaincheckpoint/name", "the time" },
        { "/domaincheckpoint/creationTime", "the time" },
        { "/domaincheckpoint/parent", "libvirt's tests know one" },
        { "/domaincheckpoint/disks/disk/@bitmap", "the time" },
        { "/domainbackup/disks", "from the domain's disks" },
        { "/domainbackup/disks/disk", "from the domain's disks" },
        { "/volume/target/format", "from the type of the pool" },
        { "/pool/source", "an empty element" },
};

/* What libvirt drops and we keep, for nothing of the user's is lost. */
static const Difference kept[] = {
        { "/domainsnapshot/name", "the time" },
        { "/domainsnapshot/creationTime", "the time" },
        { "/domainsnapshot/disks/disk/driver", "an empty element" },
        { "/domaincheckpoint/name", "the time" },
        { "/domaincheckpoint/creationTime", "the time" },
        { "/domaincheckpoint/disks/disk/@bitmap", "the time" },
        { "/pool/target/permissions/owner", "-1 means nothing" },
        { "/pool/target/permissions/group", "-1 means nothing" },
        { "/volume/source", "an empty element" },
        { "/volume/target/timestamps", "of what was there" },
        { "/volume/target/nocow", "dropped by libvirt" },
};

static bool is_listed(const char *path, const Difference *list, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *p = list[i].path;

                if (*p == '*' ? ends_with(path, p + 1) : strcmp(path, p) == 0)
                        return true;
        }
        return false;
}

static bool may_be_dropped(const char *path) {
        return is_listed(path, dropped, ELEMENTS(dropped));
}

static bool may_be_missing(const char *path) {
        return is_listed(path, missing, ELEMENTS(missing));
}

static bool may_be_kept(const char *path) {
        return is_listed(path, kept, ELEMENTS(kept));
}

/* ---- one document ---- */

/* How many values of a document the other lacks. */
static size_t count_lost(const char *file, const char *what, const char *from, const char *in,
                         const DocumentKind *kind, bool (*may_change)(const char *path)) {
        _cleanup_(xml_doc_freep) xmlDoc *a = NULL, *b = NULL;
        const char *name = kind->element->name;
        _cleanup_(freep) char *root = NULL;
        Loss loss = { .may_change = may_change, .size = &map_bytes };

        CHECK(asprintf(&root, "/%s", name) >= 0);
        CHECK(xml_parse(from, name, &a, NULL) >= 0 && xml_parse(in, name, &b, NULL) >= 0);
        compare(xmlDocGetRootElement(a), xmlDocGetRootElement(b), root, &loss);
        if (loss.lost > 0)
                printf("%s: %zu %s, first %s\n", file, loss.lost, what, loss.first);
        free(loss.first);
        return loss.lost;
}

static void judge_expected(const char *file, const char *folder, const char *pair,
                           const DocumentKind *kind, const char *printed, Tally *tally) {
        _cleanup_(freep) char *expected = read_text(folder, pair);

        tally->expected++;
        tally->same += count_lost(file, "missing", expected, printed, kind, may_be_missing) +
                               count_lost(file, "added", printed, expected, kind, may_be_kept) ==
                       0;
}

static char *judge_valid(const char *file, const char *text, const DocumentKind *kind,
                         Tally *tally) {
        void *conf = NULL, *again = NULL, *trusted = NULL, *clone = NULL;
        char *printed = NULL, *reprinted = NULL, *from_file = NULL, *cloned = NULL;
        Error error = {};

        tally->valid++;
        if (document_parse(kind, text, CONF_LIVE | CONF_VALIDATE, &conf, &error) < 0) {
                printf("%s: refused: %s\n", file, error.message);
                error_clear(&error);
                return NULL;
        }
        tally->accepted++;
        CHECK(document_print(kind, conf, 0, &printed, &error) >= 0);
        if (document_parse(kind, printed, CONF_LIVE, &again, &error) < 0) {
                printf("%s: own text refused: %s\n%s", file, error.message, printed);
                exit(1);
        }
        CHECK(document_print(kind, again, 0, &reprinted, &error) >= 0);
        CHECK(document_parse(kind, printed, CONF_TRUSTED, &trusted, &error) >= 0);
        CHECK(document_print(kind, trusted, 0, &from_file, &error) >= 0);
        CHECK(document_clone(kind, conf, &clone, &error) >= 0);
        CHECK(document_print(kind, clone, 0, &cloned, &error) >= 0);
        if (strcmp(printed, reprinted) == 0 && strcmp(printed, from_file) == 0 &&
            strcmp(printed, cloned) == 0)
                tally->fixed++;
        else
                printf("%s: printing is no fixed point\n", file);
        tally->whole += count_lost(file, "lost", text, printed, kind, may_be_dropped) == 0;
        document_free(kind, conf);
        document_free(kind, again);
        document_free(kind, trusted);
        document_free(kind, clone);
        free(reprinted);
        free(from_file);
        free(cloned);
        return printed;
}

static void judge_invalid(const char *file, const char *text, const DocumentKind *kind,
                          const char *note, Tally *tally) {
        void *conf = NULL;
        Error error = {};

        tally->invalid++;
        if (document_parse(kind, text, 0, &conf, &error) < 0) {
                CHECK(error.code == ERROR_XML || error.code == ERROR_CONFIG_UNSUPPORTED);
                tally->refused++;
                if (tally->verbose)
                        printf("%s: %s\n", file, error.message);
        } else
                printf("%s: accepted, libvirt says %s\n", file, note);
        document_free(kind, conf);
        error_clear(&error);
}

/* ---- documents that nobody wrote ---- */

static void torture_one(const DocumentKind *kind, const char *text, ConfFlags how, bool strip) {
        void *conf = NULL, *again = NULL;
        char *printed = NULL, *reprinted = NULL;
        Error error = {};

        if (document_parse(kind, text, how, &conf, &error) >= 0) {
                CHECK(document_print(kind, conf, strip ? MAP_LIVE | MAP_SECRET : 0, &printed,
                                     &error) >= 0);
                if (!strip && !(how & CONF_TRUSTED)) {
                        CHECK(document_parse(kind, printed, how, &again, &error) >= 0);
                        CHECK(document_print(kind, again, 0, &reprinted, &error) >= 0);
                        CHECK_TEXT(reprinted, printed);
                }
        } else
                CHECK(error.code != ERROR_NONE && error.message);
        document_free(kind, conf);
        document_free(kind, again);
        free(printed);
        free(reprinted);
        error_clear(&error);
}

static void torture(const char *text, const DocumentKind *kind) {
        static const ConfFlags flags[] = { 0, CONF_LIVE, CONF_TRUSTED, CONF_VALIDATE };

        for (int i = 0; i < MUTATIONS; i++) {
                _cleanup_(freep) char *copy = strdup(text);

                CHECK(copy);
                for (int k = i / 15; k >= 0 && *copy; k--)
                        mutate(copy);
                if (*copy)
                        torture_one(kind, copy, flags[i % ELEMENTS(flags)], i % 3 == 0);
        }
}

/* ---- all of them ---- */

static const DocumentKind *find_kind(const char *name) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return kinds[i].kind;
        return NULL;
}

enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };

/* The result among the partners of an input: it lies in a folder of results. Documents that go with
 * files of other kinds have a namesake there that isn't their result. */
static char *find_result(const char *file, char *pairs) {
        if (strstr(file, "confdata/") || strstr(file, "firewalldata/"))
                return NULL;
        for (char *pair; (pair = strsep(&pairs, ","));)
                if (ends_with(pair, ".xml") && strstr(pair, "xml2xmlout/"))
                        return pair;
        return NULL;
}

static void judge_line(const char *folder, char *line, Tally *tally) {
        char *columns[COLUMNS];
        const DocumentKind *kind;

        for (int i = 0; i < COLUMNS; i++)
                if (!(columns[i] = strsep(&line, "\t\n")))
                        return;
        if (!(kind = find_kind(columns[KIND])) || !ends_with(columns[FILE_NAME], ".xml") ||
            strstr(columns[FILE_NAME], "updateout/")) /* not all of them can be defined */
                return;

        _cleanup_(freep) char *text = read_text(folder, columns[FILE_NAME]), *printed = NULL;
        if (strcmp(columns[CLASS], "invalid") == 0)
                judge_invalid(columns[FILE_NAME], text, kind, columns[NOTE], tally);
        else if ((printed = judge_valid(columns[FILE_NAME], text, kind, tally))) {
                char *result = find_result(columns[FILE_NAME], columns[PAIR]);

                if (strcmp(columns[ROLE], "input") == 0 && result)
                        judge_expected(columns[FILE_NAME], folder, result, kind, printed, tally);
        }
        torture(text, kind);
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

        printf("valid documents: %zu, accepted %zu, fixed point %zu, whole %zu\n", tally.valid,
               tally.accepted, tally.fixed, tally.whole);
        printf("results of libvirt: %zu, the same %zu\n", tally.expected, tally.same);
        printf("invalid documents: %zu, refused %zu\n", tally.invalid, tally.refused);
        CHECK(tally.valid > 0 && tally.accepted == tally.valid);
        CHECK(tally.fixed == tally.valid && tally.whole == tally.valid);
        CHECK(tally.expected > 0 && tally.same == tally.expected);
        CHECK(tally.refused == tally.invalid);
        xmlCleanupParser();
        return 0;
}
