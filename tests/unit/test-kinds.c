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
#include <libxml/relaxng.h>
#include <unistd.h>

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
        const char *schema; /* libvirt's, where it is installed */
} kinds[] = {
        { "network", &network_kind, "network" },
        { "networkport", &networkport_kind, "networkport" },
        { "pool", &pool_kind, "storagepool" },
        { "volume", &volume_kind, "storagevol" },
        { "snapshot", &snapshot_kind, "domainsnapshot" },
        { "checkpoint", &checkpoint_kind, "domaincheckpoint" },
        { "backup", &backup_kind, "domainbackup" },
        { "secret", &secret_kind, "secret" },
        { "nwfilter", &nwfilter_kind, "nwfilter" },
        { "nwfilterbinding", &nwfilterbinding_kind, "nwfilterbinding" },
        { "interface", &interface_kind, "interface" },
        { "nodedev", &node_device_kind, "nodedev" },
};

typedef struct Tally {
        size_t valid, accepted, fixed, whole, expected, same;
        size_t invalid, refused;
        size_t updates, right;
        size_t by_schema, still_by_schema;
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

/* ---- libvirt's own schemas ---- */

#define SCHEMAS "/usr/share/libvirt/schemas"

static void ignore(void *userdata, const char *format, ...) {
}

static xmlRelaxNGValidCtxt *schemas[ELEMENTS(kinds)];
static xmlRelaxNG *grammars[ELEMENTS(kinds)];

static xmlRelaxNGValidCtxt *open_schema(size_t kind) {
        char path[128];

        snprintf(path, sizeof(path), SCHEMAS "/%s.rng", kinds[kind].schema);
        if (schemas[kind] || access(path, R_OK) < 0)
                return schemas[kind];

        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
        CHECK(parser && (grammars[kind] = xmlRelaxNGParse(parser)));
        xmlRelaxNGFreeParserCtxt(parser);
        schemas[kind] = xmlRelaxNGNewValidCtxt(grammars[kind]);
        xmlRelaxNGSetValidErrors(schemas[kind], ignore, ignore, NULL);
        return schemas[kind];
}

static void close_schemas(void) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                xmlRelaxNGFreeValidCtxt(schemas[i]);
                xmlRelaxNGFree(grammars[i]);
        }
        xmlRelaxNGCleanupTypes();
}

static bool is_by_schema(size_t kind, const char *text) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;

        CHECK(xml_parse(text, kinds[kind].kind->element->name, &document, NULL) >= 0);
        return xmlRelaxNGValidateDoc(schemas[kind], document) == 0;
}

/* What was right by the schema before is so afterwards. */
static void judge_schema(const char *file, size_t kind, const char *text, const char *printed,
                         Tally *tally) {
        if (!open_schema(kind) || !is_by_schema(kind, text))
                return;
        tally->by_schema++;
        if (is_by_schema(kind, printed))
                tally->still_by_schema++;
        else
                printf("%s: no longer what %s.rng says\n", file, kinds[kind].schema);
}

/* ---- changes to a part of a network ---- */

static const struct {
        const char *prefix; /* of the fragment's name */
        NetworkUpdateSection section;
} fragments[] = {
        { "dhcp-range", SECTION_IP_DHCP_RANGE },
        { "dns-host", SECTION_DNS_HOST },
        { "unparsable-dns-host", SECTION_DNS_HOST },
        { "dns-txt", SECTION_DNS_TXT },
        { "srv", SECTION_DNS_SRV },
        { "interface", SECTION_FORWARD_INTERFACE },
        { "portgroup", SECTION_PORTGROUP },
        { "", SECTION_IP_DHCP_HOST },
};

static const char *const commands[] = { "none", "modify", "delete", "add-last", "add-first", NULL };

static bool read_optional(const char *folder, const char *below, const char *name, char **ret) {
        _cleanup_(freep) char *file = NULL, *path = NULL;

        CHECK(asprintf(&file, "%s/%s.xml", below, name) >= 0);
        CHECK(asprintf(&path, "%s/%s", folder, file) >= 0);
        if (access(path, R_OK) < 0)
                return false;
        *ret = read_text(folder, file);
        return true;
}

/* "TITLE COMMAND to NETWORK -> RESULT", or "refused" for a result. */
static void judge_update(const char *folder, const char *file, const char *fragment, char *what,
                         Tally *tally) {
        const char *name = strrchr(file, '/') + 1;
        char *words[6];
        _cleanup_(freep) char *text = NULL, *expected = NULL, *printed = NULL, *before = NULL;
        _cleanup_(network_conf_freep) NetworkConf *conf = NULL;
        Error error = {};
        size_t n = 0, row = 0;

        while (n < ELEMENTS(words) && (words[n] = strsep(&what, " ")))
                n++;
        CHECK(n == ELEMENTS(words));
        if (!read_optional(folder, "networkxml2xmlin", words[3], &text))
                return;
        while (strncmp(name, fragments[row].prefix, strlen(fragments[row].prefix)) != 0)
                row++;
        CHECK(network_conf_parse(text, 0, &conf, &error) >= 0);
        CHECK(network_conf_print(conf, 0, &before, &error) >= 0);
        int r = network_conf_update(conf, map_enum_value(commands, words[1]),
                                    fragments[row].section, -1, fragment, &error);
        CHECK(network_conf_print(conf, 0, &printed, NULL) >= 0);
        tally->updates++;
        if (strcmp(words[5], "refused") == 0) {
                if (r < 0)
                        CHECK_TEXT(printed, before);
                if (tally->verbose && error.message)
                        printf("%s: %s: %s\n", file, words[0], error.message);
                tally->right += r < 0;
                if (r >= 0)
                        printf("%s: %s is not refused\n", file, words[0]);
        } else if (r >= 0 && read_optional(folder, "networkxml2xmlupdateout", words[5], &expected))
                tally->right += count_lost(file, "missing", expected, printed, &network_kind,
                                           may_be_missing) +
                                        count_lost(file, "added", printed, expected, &network_kind,
                                                   may_be_kept) ==
                                0;
        else
                printf("%s: %s is refused: %s\n", file, words[0], error.message);
        error_clear(&error);
}

static void judge_updates(const char *folder, const char *file, char *note, Tally *tally) {
        _cleanup_(freep) char *fragment = read_text(folder, file);

        for (char *what; (what = strsep(&note, ";"));)
                judge_update(folder, file, fragment, what + strspn(what, " "), tally);
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

static size_t find_kind(const char *name) {
        size_t i = 0;

        while (i < ELEMENTS(kinds) && strcmp(kinds[i].name, name) != 0)
                i++;
        return i;
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

        for (int i = 0; i < COLUMNS; i++)
                if (!(columns[i] = strsep(&line, "\t\n")))
                        return;
        if (strcmp(columns[KIND], "network-update") == 0)
                judge_updates(folder, columns[FILE_NAME], columns[NOTE], tally);

        size_t row = find_kind(columns[KIND]);
        if (row == ELEMENTS(kinds) || !ends_with(columns[FILE_NAME], ".xml") ||
            strstr(columns[FILE_NAME], "updateout/")) /* not all of them can be defined */
                return;

        const DocumentKind *kind = kinds[row].kind;
        _cleanup_(freep) char *text = read_text(folder, columns[FILE_NAME]), *printed = NULL;
        if (strcmp(columns[CLASS], "invalid") == 0)
                judge_invalid(columns[FILE_NAME], text, kind, columns[NOTE], tally);
        else if ((printed = judge_valid(columns[FILE_NAME], text, kind, tally))) {
                judge_schema(columns[FILE_NAME], row, text, printed, tally);

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
        printf("right by libvirt's schemas: %zu, afterwards %zu\n", tally.by_schema,
               tally.still_by_schema);
        CHECK(tally.still_by_schema == tally.by_schema);
        printf("updates of networks: %zu, right %zu\n", tally.updates, tally.right);
        CHECK(tally.updates > 0 && tally.right == tally.updates);
        CHECK(tally.valid > 0 && tally.accepted == tally.valid);
        CHECK(tally.fixed == tally.valid && tally.whole == tally.valid);
        CHECK(tally.expected > 0 && tally.same == tally.expected);
        CHECK(tally.refused == tally.invalid);
        close_schemas();
        xmlCleanupParser();
        return 0;
}
