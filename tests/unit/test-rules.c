/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused when it is defined, and what is accepted beside it, by a table of cases: see the
 * first lines of tests/data/rules/domain. No QEMU is needed.
 *
 *         test-rules tests/data/rules/domain [-v] */
#include <libxml/parser.h>
#include <stdio.h>

#include "drivers/qemu/arch.h"
#include "drivers/qemu/command-private.h"
#include "drivers/qemu/define.h"
#include "tests/unit/check.h"

typedef struct Case {
        char text[256];            /* its first line */
        char arch[32], machine[32];
        char system[4096], devices[4096];
        bool open;
} Case;

typedef struct Tally {
        size_t cases, wrong;
        bool verbose;
} Tally;

static int define(const char *text, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(qemu_caps_unrefp) QemuCaps *caps = NULL;
        int r = conf_parse(text, 0, &conf, error);

        if (r < 0 || (r = qemu_assume(conf, NULL, &caps, error)) < 0)
                return r;
        return qemu_complete(conf, caps, error);
}

static void judge(Case *given, Tally *tally) {
        const char *part = strncmp(given->text, "refused ", 8) == 0 ? given->text + 8 : NULL;
        _cleanup_(freep) char *text = NULL, *os = NULL;
        Error error = {};

        if (!given->open)
                return;
        CHECK(part || strcmp(given->text, "accepted") == 0);
        CHECK(asprintf(&os, "<os><type arch='%s' machine='%s'>hvm</type></os>", given->arch,
                       given->machine) >= 0);
        CHECK(asprintf(&text,
                       "<domain type='kvm'><name>a</name><memory>1048576</memory>%s%s%s"
                       "<devices>%s</devices></domain>",
                       strstr(given->system, "</vcpu>") ? "" : "<vcpu>4</vcpu>",
                       strstr(given->system, "<os") ? "" : os, given->system,
                       given->devices) >= 0);
        int r = define(text, &error);
        bool right = part ? r < 0 && strcasestr(error.message, part) : r >= 0;
        tally->cases++;
        tally->wrong += !right;
        if (!right || tally->verbose)
                printf("%s: %s: %s\n%s%s", right ? "right" : "WRONG", given->text,
                       r < 0 ? error.message : "accepted", given->system, given->devices);
        error_clear(&error);
        given->open = false;
        given->system[0] = given->devices[0] = 0;
}

static void read_line(char *line, Case *given, Tally *tally) {
        size_t n = strlen(line);

        if (*line == '<' || *line == '+') {
                char *to = *line == '+' ? given->system : given->devices;

                CHECK(given->open && strlen(to) + n < sizeof(given->system));
                strcat(to, line + (*line == '+'));
                return;
        }
        judge(given, tally);
        if (n > 0 && line[n - 1] == '\n')
                line[n - 1] = 0;
        if (sscanf(line, "machine %31s %31s", given->arch, given->machine) == 2 || !*line ||
            *line == '#')
                return;
        given->open = true;
        (void) snprintf(given->text, sizeof(given->text), "%s", line);
}

int main(int argc, char **argv) {
        _cleanup_(freep) char *line = NULL;
        Tally tally = { .verbose = argc > 2 };
        Case given = {};
        size_t room = 0;

        CHECK(argc > 1);
        FILE *f = fopen(argv[1], "re");
        CHECK(f);
        while (getline(&line, &room, f) > 0)
                read_line(line, &given, &tally);
        judge(&given, &tally);
        fclose(f);
        printf("%zu cases, %zu wrong\n", tally.cases, tally.wrong);
        CHECK(tally.cases > 0 && tally.wrong == 0);
        xmlCleanupParser();
        return 0;
}
