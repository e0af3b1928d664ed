/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations of xl, by its own parser; so what is a string or a list is what xl takes for one.
 *
 * xlu_cfg_*() answers for a key by name and can't say which keys there are. A scanner beside it
 * finds them: it need only tell strings and comments from the rest, since it looks at texts that
 * the real parser took. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/native.h"
#include "drivers/xen/xlu.h"

/* ---- what libxlutil says ---- */

int xlu_begin(Xlu *xlu, Error *error) {
        *xlu = (Xlu) {};
        if (!(xlu->report = open_memstream(&xlu->said, &xlu->size)) ||
            !(xlu->config = xlu_cfg_init(xlu->report, "config")))
                return fail_memory(error);
        return 0;
}

void xlu_end(Xlu *xlu) {
        if (xlu->config)
                xlu_cfg_destroy(xlu->config);
        if (xlu->report)
                fclose(xlu->report);
        free(xlu->said);
        *xlu = (Xlu) {};
}

/* "config:2: config parsing error near `x': syntax error, ...". A newline counts for the line
 * before it there. */
const char *xlu_reason(Xlu *xlu, int *ret_line) {
        int line = 0, n = 0;

        fflush(xlu->report);
        if (!xlu->said || !*xlu->said) {
                *ret_line = 0;
                return "no reason given";
        }
        xlu->said[strcspn(xlu->said, "\n")] = 0;
        if (sscanf(xlu->said, "config:%d: %n", &line, &n) < 1 || n == 0)
                n = strncmp(xlu->said, "config: ", 8) == 0 ? 8 : 0;
        else if (strstr(xlu->said, "near <newline>"))
                line++;

        const char *reason = xlu->said + n;
        static const char prefix[] = "config parsing error ";

        if (strncmp(reason, prefix, strlen(prefix)) == 0)
                reason += strlen(prefix);
        *ret_line = line;
        return reason;
}

/* ---- which keys there are ---- */

typedef struct Scan {
        const char *at;
        int line, depth;
} Scan;

static void skip_string(Scan *scan) {
        char quote = *scan->at++;

        while (*scan->at && *scan->at != quote && *scan->at != '\n') {
                if (*scan->at == '\\' && scan->at[1] && scan->at[1] != '\n')
                        scan->at++;
                scan->at++;
        }
        if (*scan->at == quote)
                scan->at++;
}

/* Of a key or number, which may hold letters, too. */
static size_t word_length(const char *text) {
        size_t n = 0;

        while (isalnum((unsigned char) text[n]) || text[n] == '_')
                n++;
        return n;
}

/* One token; outside of lists and strings a word can only be a key. */
static int scan_token(Scan *scan, NativeConfig *config, Error *error) {
        size_t n = word_length(scan->at);

        if (n > 0 && scan->depth == 0 && !isdigit((unsigned char) *scan->at)) {
                _cleanup_(freep) char *name = strndup(scan->at, n);

                if (!name)
                        return fail_memory(error);
                native_set(config, name, native_value_new("", false));
                if (config->failed)
                        return fail_memory(error);
                ((NativeEntry *) native_entry(config, name))->line = scan->line;
        }
        if (n > 0) {
                scan->at += n;
                return 0;
        }
        if (*scan->at == '\'' || *scan->at == '"') {
                skip_string(scan);
                return 0;
        }
        if (*scan->at == '#') {
                scan->at += strcspn(scan->at, "\n");
                return 0;
        }
        if (*scan->at == '[' && ++scan->depth > NATIVE_DEPTH_MAX)
                return fail(error, ERROR_INVALID_ARG, "line %d: lists in lists deeper than %d",
                            scan->line, NATIVE_DEPTH_MAX);
        scan->depth -= *scan->at == ']';
        scan->line += *scan->at == '\n';
        scan->at++;
        return 0;
}

static int scan_keys(const char *text, NativeConfig *config, Error *error) {
        Scan scan = { .at = text, .line = 1 };
        int r = 0;

        while (r >= 0 && *scan.at)
                r = scan_token(&scan, config, error);
        return r;
}

/* ---- their values ---- */

static NativeValue *take_list(Xlu *xlu, XLU_ConfigList *list, int n) {
        _cleanup_(native_value_freep) NativeValue *value = native_value_new(NULL, false);

        for (int i = 0; value && i < n; i++) {
                XLU_ConfigValue *item = xlu_cfg_get_listitem2(list, i);
                NativeValue *taken = NULL;

                if (xlu_cfg_value_type(item) == XLU_STRING) {
                        char *text;

                        if (xlu_cfg_value_get_string(xlu->config, item, &text, 1) == 0)
                                taken = native_value_new(text, false);
                } else {
                        XLU_ConfigList *inner;
                        int m = 0;

                        if (xlu_cfg_value_get_list(xlu->config, item, &inner, 1) == 0) {
                                while (xlu_cfg_get_listitem2(inner, m))
                                        m++;
                                taken = take_list(xlu, inner, m);
                        }
                }
                if (native_value_append(value, taken) < 0)
                        return NULL;
        }
        return TAKE(value);
}

static int take_value(Xlu *xlu, const char *name, NativeValue **ret, Error *error) {
        XLU_ConfigList *list;
        const char *text;
        int n;

        if (xlu_cfg_get_string(xlu->config, name, &text, 1) == 0)
                *ret = native_value_new(text, false);
        else if (xlu_cfg_get_list(xlu->config, name, &list, &n, 1) == 0)
                *ret = take_list(xlu, list, n);
        else
                return fail(error, ERROR_INTERNAL, "xl's parser has no value for '%s'", name);
        return *ret ? 0 : fail_memory(error);
}

static int take_values(Xlu *xlu, NativeConfig *config, Error *error) {
        for (size_t i = 0; i < config->n; i++) {
                NativeValue *value = NULL;
                int r = take_value(xlu, config->entries[i].name, &value, error);

                if (r < 0)
                        return r;
                native_value_free(config->entries[i].value);
                config->entries[i].value = value;
        }
        return 0;
}

int native_parse_xl(const char *text, NativeConfig **ret, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *config = calloc(1, sizeof(*config));
        _cleanup_(freep) char *ended = NULL;
        _cleanup_xlu_ Xlu xlu = {};
        int r;

        /* A comment is none for it without a newline behind it. */
        if (!config || asprintf(&ended, "%s\n", text) < 0) {
                ended = NULL;
                return fail_memory(error);
        }
        if ((r = scan_keys(ended, config, error)) < 0 || (r = xlu_begin(&xlu, error)) < 0)
                return r;
        if (xlu_cfg_readdata(xlu.config, ended, (int) strlen(ended)) != 0) {
                int line;
                const char *reason = xlu_reason(&xlu, &line);

                return fail(error, ERROR_INVALID_ARG, "line %d: %.*s", line, xml_clip(reason),
                            reason);
        }
        if ((r = take_values(&xlu, config, error)) < 0)
                return r;
        *ret = TAKE(config);
        return 0;
}
