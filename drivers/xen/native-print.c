/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations as text that xl, or xm's Python, reads back as they are. */
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"

/* Characters that neither takes as they are. xl's own parser gets numbers wrong, octal and
 * hexadecimal; but what an XML document can hold has no need for them. */
static void print_escaped(FILE *out, const char *text) {
        for (; *text; text++) {
                unsigned char c = *text;

                if (c == '\\' || c == '"')
                        fprintf(out, "\\%c", c);
                else if (c == '\n')
                        fputs("\\n", out);
                else if (c == '\t')
                        fputs("\\t", out);
                else if (c == '\r')
                        fputs("\\r", out);
                else
                        fputc(c, out);
        }
}

/* xm's files were read by more than Python, and those know no escapes: so there are none where
 * other quotes do. */
static void print_string(FILE *out, const char *text, NativeDialect dialect) {
        bool plain = dialect == NATIVE_XM && !strpbrk(text, "\\\n\t\r");
        size_t n = strlen(text);

        if (plain && strchr(text, '"') && !strchr(text, '\''))
                fprintf(out, "'%s'", text);
        else if (plain && strchr(text, '"') && !strstr(text, "\"\"\"") && text[n - 1] != '"')
                fprintf(out, "\"\"\"%s\"\"\"", text);
        else {
                fputc('"', out);
                print_escaped(out, text);
                fputc('"', out);
        }
}

/* What is written without quotes: xl's lexer knows no sign, and to Python 010 is another number or
 * none. A value that only claims to be a number, in a document from anywhere, is a text. */
static bool is_number(const NativeValue *value, NativeDialect dialect) {
        const char *text = value->text;

        if (dialect == NATIVE_XM && *text == '-')
                text++;
        return value->number && *text && strlen(text) < 19 &&
               text[strspn(text, "0123456789")] == 0 && (*text != '0' || !text[1]);
}

static void print_value(FILE *out, const NativeValue *value, NativeDialect dialect) {
        if (value->text && is_number(value, dialect))
                fputs(value->text, out);
        else if (value->text)
                print_string(out, value->text, dialect);
        else if (value->n == 0)
                fputs("[ ]", out);
        else {
                for (size_t i = 0; i < value->n; i++) {
                        fputs(i == 0 ? "[ " : ", ", out);
                        print_value(out, value->items[i], dialect);
                }
                fputs(" ]", out);
        }
}

int native_print(const NativeConfig *config, NativeDialect dialect, char **ret, Error *error) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return fail_memory(error);
        for (size_t i = 0; i < config->n; i++) {
                fprintf(out, "%s = ", config->entries[i].name);
                print_value(out, config->entries[i].value, dialect);
                fputc('\n', out);
        }
        if (fclose(out) != 0 || config->failed)
                return fail_memory(error);
        *ret = TAKE(text);
        return 0;
}
