/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* S-expressions, read with a stack of our own, so that depth costs no stack of the process. */
#include "drivers/xen/sexp.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/xen/native.h"

#define ITEMS_MAX 100000

typedef struct Reader {
        const char *text, *at;
        Sexp *stack[NATIVE_DEPTH_MAX];
        int depth;
        size_t items;
        Error *error;
} Reader;

Sexp *sexp_free(Sexp *sexp) {
        if (!sexp)
                return NULL;
        for (size_t i = 0; i < sexp->n; i++)
                sexp_free(sexp->items[i]);
        free(sexp->items);
        free(sexp->text);
        free(sexp);
        return NULL;
}

static int refuse(const Reader *reader, const char *why) {
        int line = 1;
        const char *begin = reader->text;

        for (const char *p = reader->text; p < reader->at; p++)
                if (*p == '\n') {
                        line++;
                        begin = p + 1;
                }
        return fail(reader->error, ERROR_INVALID_ARG, "line %d, column %zu: %s", line,
                    (size_t) (reader->at - begin) + 1, why);
}

/* Takes item, even failing. */
static int append(Reader *reader, Sexp *list, Sexp *item) {
        _cleanup_(sexp_freep) Sexp *owned = item;
        Sexp **items;

        if (!item || !(items = reallocarray(list->items, list->n + 1, sizeof(*items))))
                return fail_memory(reader->error);
        if (++reader->items > ITEMS_MAX)
                return refuse(reader, "too many values");
        list->items = items;
        items[list->n++] = TAKE(owned);
        return 0;
}

/* A word, or a text in quotes in which \ stands before what is meant as it is. */
static int read_text(Reader *reader, Sexp *list) {
        char quote = *reader->at == '\'' || *reader->at == '"' ? *reader->at : 0;
        size_t room = quote ? strlen(reader->at) : strcspn(reader->at, " \t\r\n()'\"");
        _cleanup_(sexp_freep) Sexp *item = calloc(1, sizeof(*item));
        size_t n = 0;

        if (quote) {
                const char *end = reader->at + 1;

                while (*end && *end != quote)
                        end += *end == '\\' && end[1] ? 2 : 1;
                if (!*end)
                        return refuse(reader, "a text without an end");
                room = end - reader->at;
        }
        if (!item || !(item->text = malloc(room + 1)))
                return fail_memory(reader->error);
        for (reader->at += quote != 0, room -= quote != 0; room > 0; room--) {
                if (quote && *reader->at == '\\' && room > 1) {
                        reader->at++;
                        room--;
                }
                item->text[n++] = *reader->at++;
        }
        item->text[n] = 0;
        reader->at += quote != 0;
        return append(reader, list, TAKE(item));
}

static int read_item(Reader *reader) {
        Sexp *list = reader->depth > 0 ? reader->stack[reader->depth - 1] : NULL, *item;
        int r;

        if (*reader->at == '(') {
                if (reader->depth == NATIVE_DEPTH_MAX)
                        return refuse(reader, "expressions too deep in one another");
                item = calloc(1, sizeof(*item));
                if ((r = append(reader, list, item)) < 0)
                        return r;
                reader->stack[reader->depth++] = item;
                reader->at++;
                return 0;
        }
        if (*reader->at == ')') {
                if (reader->depth == 1)
                        return refuse(reader, "a ')' without its '('");
                reader->depth--;
                reader->at++;
                return 0;
        }
        return read_text(reader, list);
}

int sexp_parse(const char *text, Sexp **ret, Error *error) {
        _cleanup_(sexp_freep) Sexp *top = calloc(1, sizeof(*top));
        Reader reader = { .text = text, .at = text, .stack = { top }, .depth = 1, .error = error };
        int r;

        if (!top)
                return fail_memory(error);
        for (;;) {
                reader.at += strspn(reader.at, " \t\r\n");
                if (!*reader.at)
                        break;
                if ((r = read_item(&reader)) < 0)
                        return r;
        }
        if (reader.depth > 1)
                return refuse(&reader, "the end, with expressions still open");
        if (top->n != 1 || top->items[0]->text)
                return fail(error, ERROR_INVALID_ARG, "one expression '(domain ...)' expected");
        *ret = TAKE(top->items[0]);
        return 0;
}

const char *sexp_name(const Sexp *sexp) {
        return sexp->n > 0 ? sexp->items[0]->text : NULL;
}

const Sexp *sexp_child(const Sexp *list, const char *name) {
        for (size_t i = 0; list && i < list->n; i++) {
                const char *found = list->items[i]->text ? NULL : sexp_name(list->items[i]);

                if (found && strcmp(found, name) == 0)
                        return list->items[i];
        }
        return NULL;
}

const char *sexp_text(const Sexp *list, const char *name) {
        const Sexp *child = sexp_child(list, name);

        return child && child->n > 1 && child->items[1]->text && *child->items[1]->text
                       ? child->items[1]->text : NULL;
}
