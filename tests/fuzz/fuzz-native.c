/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a native configuration of Xen: the first byte says which format. What must hold if it
 * is taken:
 *
 * - its document is read again and written back, in a form that is read again;
 * - every key and value is there after that (xl and xm). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/xen/native.h"

#define MUST(condition)                                                                  \
        do {                                                                             \
                if (!(condition)) {                                                      \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                         \
                }                                                                        \
        } while (0)

static const struct {
        const char *format;
        int (*parse)(const char *text, NativeConfig **ret, Error *error);
} formats[] = {
        { "xen-xl", native_parse_xl },
        { "xen-xm", native_parse_xm },
        { "xen-sxpr", native_parse_sxpr },
};

/* Everything but what the domain can do without: a document has no room for none. */
static void must_be_kept(const NativeConfig *before, const NativeConfig *after) {
        for (size_t i = 0; i < before->n; i++)
                MUST(native_value_equal(before->entries[i].value,
                                        native_get(after, before->entries[i].name)));
}

static void check_back(size_t at, const char *text, const char *xml) {
        size_t out = at == 2 ? 1 : at;
        NativeConfig *before = NULL, *after = NULL;
        char *again = NULL;
        Error error = {};

        if (native_from_xml(formats[out].format, xml, &again, &error) < 0) {
                MUST(error.code == ERROR_CONFIG_UNSUPPORTED);
                error_clear(&error);
                return;
        }
        MUST(formats[at].parse(text, &before, NULL) >= 0);
        MUST(formats[out].parse(again, &after, NULL) >= 0);
        must_be_kept(before, after);
        native_config_free(before);
        native_config_free(after);
        free(again);
}

/* libxlutil 4.17 forgets the value before the token that is wrong. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:xlu__cfg";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t at = size > 0 ? data[0] % ELEMENTS(formats) : 0;
        char *text = strndup(size > 0 ? (const char *) data + 1 : "", size > 0 ? size - 1 : 0);
        char *xml = NULL;
        Error error = {};

        if (native_to_xml(formats[at].format, text, &xml, &error) >= 0)
                check_back(at, text, xml);
        else
                MUST(error.code != ERROR_NONE && error.message);
        error_clear(&error);
        free(xml);
        free(text);
        return 0;
}
