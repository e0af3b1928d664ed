/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations of xm, which ran them as Python: assignments of literals (strings in all their
 * quotes, numbers, True, False, None, lists, tuples). What is a program is refused, by its line. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/native.h"

typedef struct Python {
        const char *at;
        int line, depth;
        Error *error;
} Python;

static int refuse(Python *python, const char *what) {
        size_t n = strcspn(python->at, "\r\n");
        char near[24];

        snprintf(near, sizeof(near), "%.*s", (int) MIN(n, sizeof(near) - 1), python->at);
        return fail(python->error, ERROR_INVALID_ARG, "line %d: %s near '%.*s'", python->line,
                    what, xml_clip(near), near);
}

/* Blanks, comments, continued lines; ends of lines too where they mean nothing. */
static void skip_blanks(Python *python, bool lines) {
        for (;; python->at++) {
                if (*python->at == '#')
                        python->at += strcspn(python->at, "\n");
                if (*python->at == '\\' && python->at[1] == '\n')
                        python->at++;
                else if (*python->at == '\n' && !lines)
                        return;
                if (!*python->at || !strchr(" \t\r\n\f", *python->at))
                        return;
                python->line += *python->at == '\n';
        }
}

/* ---- strings ---- */

static int unescape(Python *python, FILE *out) {
        static const char names[] = "abfnrtv\\'\"\n", values[] = "\a\b\f\n\r\t\v\\'\"";
        const char *found = *python->at ? strchr(names, *python->at) : NULL;
        unsigned code;
        int n;

        if (found) {
                python->line += *found == '\n';
                if (*found != '\n')
                        fputc(values[found - names], out);
                python->at++;
                return 0;
        }
        if (*python->at == 'x' && isxdigit((unsigned char) python->at[1]) &&
            isxdigit((unsigned char) python->at[2]) && sscanf(python->at + 1, "%2x", &code) == 1) {
                python->at += 3;
        } else if (*python->at >= '0' && *python->at <= '7' &&
                   sscanf(python->at, "%3o%n", &code, &n) == 1) {
                python->at += n;
        } else {
                fputc('\\', out); /* as Python does with what is no escape */
                return 0;
        }
        if (code == 0 || code > 255)
                return refuse(python, "a character that no text can hold");
        fputc((int) code, out);
        return 0;
}

static int read_quoted(Python *python, bool raw, FILE *out) {
        char quote = *python->at;
        bool three = python->at[1] == quote && python->at[2] == quote;
        int r = 0;

        python->at += three ? 3 : 1;
        for (; r >= 0; ) {
                if (!*python->at || (*python->at == '\n' && !three))
                        return refuse(python, "a string without an end");
                if (*python->at == quote &&
                    (!three || (python->at[1] == quote && python->at[2] == quote))) {
                        python->at += three ? 3 : 1;
                        return 0;
                }
                if (*python->at == '\\' && !raw) {
                        python->at++;
                        r = unescape(python, out);
                        continue;
                }
                if (*python->at == '\\' && python->at[1])
                        fputc(*python->at++, out);
                python->line += *python->at == '\n';
                fputc(*python->at++, out);
        }
        return r;
}

static bool is_string(const char *at) {
        if (strchr("rRuUbB", *at) && *at)
                at++;
        return *at == '\'' || *at == '"';
}

/* Strings that follow one another are one. */
static int read_string(Python *python, NativeValue **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        int r = 0;

        if (!out)
                return fail_memory(python->error);
        do {
                bool raw = *python->at == 'r' || *python->at == 'R';

                python->at += *python->at != '\'' && *python->at != '"';
                r = read_quoted(python, raw, out);
                if (r >= 0)
                        skip_blanks(python, python->depth > 0);
        } while (r >= 0 && is_string(python->at));
        if (fclose(out) != 0)
                return fail_memory(python->error);
        if (r >= 0 && !(*ret = native_value_new(text, false)))
                return fail_memory(python->error);
        return r;
}

/* ---- other values ---- */

static int read_value(Python *python, NativeValue **ret);

static int read_list(Python *python, NativeValue **ret) {
        _cleanup_(native_value_freep) NativeValue *list = native_value_new(NULL, false);
        char end = *python->at == '[' ? ']' : ')';
        int r;

        if (!list)
                return fail_memory(python->error);
        if (++python->depth > NATIVE_DEPTH_MAX)
                return refuse(python, "lists in too many lists");
        python->at++;
        for (;;) {
                NativeValue *item = NULL;

                skip_blanks(python, true);
                if (*python->at == end)
                        break;
                if ((r = read_value(python, &item)) < 0)
                        return r;
                if (item && native_value_append(list, item) < 0)
                        return fail_memory(python->error);
                skip_blanks(python, true);
                if (*python->at != ',' && *python->at != end)
                        return refuse(python, "',' or the end of a list expected");
                python->at += *python->at == ',';
        }
        python->at++;
        python->depth--;
        *ret = TAKE(list);
        return 0;
}

static int read_number(Python *python, NativeValue **ret) {
        char *end, text[24];

        errno = 0;
        long long number = strtoll(python->at, &end, 0);
        if (errno != 0 || isalnum((unsigned char) *end) || *end == '_' || *end == '.')
                return refuse(python, "a number that is none");
        python->at = end;
        snprintf(text, sizeof(text), "%lld", number);
        *ret = native_value_new(text, true);
        return *ret ? 0 : fail_memory(python->error);
}

static bool read_word(Python *python, const char *word) {
        size_t n = strlen(word);

        if (strncmp(python->at, word, n) != 0 || isalnum((unsigned char) python->at[n]) ||
            python->at[n] == '_')
                return false;
        python->at += n;
        return true;
}

/* None leaves *ret NULL. */
static int read_value(Python *python, NativeValue **ret) {
        *ret = NULL;
        if (is_string(python->at))
                return read_string(python, ret);
        if (*python->at == '[' || *python->at == '(')
                return read_list(python, ret);
        if (isdigit((unsigned char) *python->at) || *python->at == '-' || *python->at == '+')
                return read_number(python, ret);
        if (read_word(python, "None"))
                return 0;
        bool yes = read_word(python, "True");
        if (!yes && !read_word(python, "False"))
                return refuse(python, "a string, number or list expected");
        *ret = native_value_new(yes ? "1" : "0", true);
        return *ret ? 0 : fail_memory(python->error);
}

static int read_assignment(Python *python, NativeConfig *config) {
        _cleanup_(freep) char *name = NULL;
        NativeValue *value;
        size_t n = 0;
        int line = python->line, r;

        while (isalnum((unsigned char) python->at[n]) || python->at[n] == '_')
                n++;
        if (n == 0 || isdigit((unsigned char) *python->at))
                return refuse(python, "the name of a key expected");
        if (!(name = strndup(python->at, n)))
                return fail_memory(python->error);
        python->at += n;
        skip_blanks(python, false);
        if (*python->at != '=' || python->at[1] == '=')
                return refuse(python, "'=' expected: only assignments are understood,");
        python->at++;
        skip_blanks(python, false);
        if ((r = read_value(python, &value)) < 0)
                return r;
        native_remove(config, name);
        if (value) {
                native_set(config, name, value);
                if (config->failed)
                        return fail_memory(python->error);
                config->entries[config->n - 1].line = line;
        }
        skip_blanks(python, false);
        if (*python->at && *python->at != '\n' && *python->at != ';')
                return refuse(python, "the end of the line expected");
        python->at += *python->at == ';';
        return 0;
}

int native_parse_xm(const char *text, NativeConfig **ret, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *config = calloc(1, sizeof(*config));
        Python python = { .at = text, .line = 1, .error = error };
        int r = 0;

        if (!config)
                return fail_memory(error);
        for (;;) {
                skip_blanks(&python, true);
                if (!*python.at)
                        break;
                if ((r = read_assignment(&python, config)) < 0)
                        return r;
        }
        *ret = TAKE(config);
        return 0;
}
