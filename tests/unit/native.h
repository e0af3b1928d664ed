/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of native configurations share: reading one, and those that nobody would write. */
#pragma once

#include "drivers/xen/native.h"
#include "tests/unit/compare.h"

#define MUTATIONS 40 /* of each configuration */

/* libxlutil forgets what it had read of a value that it then refuses. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libxlutil";
}

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
