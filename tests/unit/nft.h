/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of rules for nftables share: their files, and what is in force in the kernel. */
#pragma once

#include <unistd.h>

#include "tests/unit/check.h"

static char *slurp(const char *path) {
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (!file)
                return NULL;
        if (getdelim(&text, &size, '\0', file) < 0) {
                free(text);
                text = strdup("");
        }
        (void) fclose(file);
        return text;
}

static void spit(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* The rules as a text and as steps of the kernel, in which flags show. */
static char *listed(void) {
        char path[] = "/tmp/virtbus-test-XXXXXX", command[256];
        int fd = mkstemp(path);

        CHECK(fd >= 0);
        close(fd);
        (void) snprintf(command, sizeof(command),
                        "PATH=$PATH:/usr/sbin; { nft -s list ruleset; nft --debug=netlink list "
                        "ruleset 2>&1 | grep '^ *\\['; } > %s", path);
        CHECK(system(command) == 0);
        char *text = slurp(path);
        CHECK(text && unlink(path) == 0);
        return text;
}
