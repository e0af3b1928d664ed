/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags, dictionaries, lists and typed parameters. */
#include "objects/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PARAMETERS_MAX 1024 /* of a call: more than any API has */

/* ---- signatures ---- */

size_t type_length(const char *type) {
        size_t n = 0, depth = 0;

        while (type[n] == 'a')
                n++;
        do {
                if (type[n] == '(' || type[n] == '{')
                        depth++;
                if (type[n] == ')' || type[n] == '}')
                        depth--;
                n++;
        } while (depth > 0);
        return n;
}

const char *type_copy(const char *type, size_t length, char to[static TYPE_MAX]) {
        assert(length < TYPE_MAX);
        memcpy(to, type, length);
        to[length] = 0;
        return to;
}

/* ---- what goes out ---- */

int flags_check(uint32_t flags, uint32_t known, const char *api, Error *error) {
        if (!(flags & ~known))
                return 0;
        return fail(error, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function %s",
                    flags & ~known, api);
}

int flags_exclude(uint32_t flags, uint32_t exclusive, const char *api, Error *error) {
        flags &= exclusive;
        if (!(flags & (flags - 1)))
                return 0;
        return fail(error, ERROR_INVALID_ARG, "flags 0x%x in function %s are mutually exclusive",
                    flags, api);
}

int entry_open(sd_bus_message *message, const char *name, const char *type, bool nested) {
        int r = sd_bus_message_open_container(message, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', name);
        if (r >= 0 && nested)
                r = sd_bus_message_open_container(message, 'v', "v");
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', type);
        return r;
}

int entry_close(sd_bus_message *message, bool nested) {
        int r = sd_bus_message_close_container(message);

        if (r >= 0 && nested)
                r = sd_bus_message_close_container(message);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r;
}

int entry_append(sd_bus_message *message, const char *name, char type, const void *value) {
        const char signature[] = { type, 0 };
        int r = entry_open(message, name, signature, false);

        if (r >= 0)
                r = sd_bus_message_append_basic(message, type, value);
        return r < 0 ? r : entry_close(message, false);
}

int append_lines(sd_bus_message *message, const char *text) {
        _cleanup_(freep) char *copy = strdup(text ?: "");
        char *rest = copy, *line;
        int r;

        if (!copy)
                return -ENOMEM;
        r = sd_bus_message_open_container(message, 'a', "s");
        while (r >= 0 && (line = strsep(&rest, "\n")))
                if (*line)
                        r = sd_bus_message_append_basic(message, 's', line);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* ---- values by a signature ---- */

typedef struct Cursor {
        const Value *next, *end;
} Cursor;

static const Value *cursor_take(Cursor *cursor) {
        return cursor->next < cursor->end ? cursor->next++ : NULL;
}

static int append_value(sd_bus_message *message, const Value *value) {
        int truth;

        switch (value->type) {
        case VALUE_STRING:
                return sd_bus_message_append_basic(message, 's', value->s);
        case VALUE_BOOLEAN:
                truth = value->b;
                return sd_bus_message_append_basic(message, 'b', &truth);
        case VALUE_BYTES:
                return sd_bus_message_append_array(message, 'y', value->bytes.data,
                                                   value->bytes.size);
        case VALUE_INT:
        case VALUE_UINT:
        case VALUE_LLONG:
        case VALUE_ULLONG:
        case VALUE_DOUBLE:
                return sd_bus_message_append_basic(message, value->type, &value->i);
        case VALUE_ARRAY:
                break;
        }
        return -EPROTO;
}

int append_parameter(sd_bus_message *message, const Value *value) {
        const char type[] = { value->type, 0 };
        int r;

        if (!value->name || value->type == VALUE_ARRAY)
                return -EPROTO;
        r = entry_open(message, value->name, value->type == VALUE_BYTES ? "ay" : type, true);
        if (r >= 0)
                r = append_value(message, value);
        return r < 0 ? r : entry_close(message, true);
}

static int append_types(sd_bus_message *message, const char *type, const char *end, Cursor *cursor);

/* type: of the elements */
static int append_array(sd_bus_message *message, const char *type, Cursor *cursor) {
        const Value *head = cursor_take(cursor), *entry;
        size_t length = type_length(type);
        char contents[TYPE_MAX];
        int r;

        if (head && head->type == VALUE_BYTES && *type == VALUE_BYTES)
                return append_value(message, head);
        if (!head || head->type != VALUE_ARRAY)
                return -EPROTO;
        type_copy(type, length, contents);
        bool parameters = strcmp(contents, "{sv}") == 0;
        r = sd_bus_message_open_container(message, 'a', contents);
        for (size_t i = 0; r >= 0 && i < head->n; i++) {
                if (!parameters) {
                        r = append_types(message, type, type + length, cursor);
                        continue;
                }
                entry = cursor_take(cursor);
                r = entry ? append_parameter(message, entry) : -EPROTO;
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* type: with its brackets */
static int append_struct(sd_bus_message *message, const char *type, size_t length, Cursor *cursor) {
        char contents[TYPE_MAX];
        int r = sd_bus_message_open_container(message, *type == '(' ? 'r' : 'e',
                                              type_copy(type + 1, length - 2, contents));

        if (r >= 0)
                r = append_types(message, type + 1, type + length - 1, cursor);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_types(sd_bus_message *message, const char *type, const char *end,
                        Cursor *cursor) {
        const Value *value;
        int r = 0;

        for (size_t length; r >= 0 && type < end; type += length) {
                length = type_length(type);
                if (*type == 'a') {
                        r = append_array(message, type + 1, cursor);
                } else if (*type == '(' || *type == '{') {
                        r = append_struct(message, type, length, cursor);
                } else {
                        value = cursor_take(cursor);
                        r = value && (char) value->type == *type ? append_value(message, value)
                                                                 : -EPROTO;
                }
        }
        return r;
}

int append_values(sd_bus_message *message, const Values *values, const char *signature) {
        Cursor cursor = { values->items, values->items + values->n };
        int r;

        if (values->failed)
                return -ENOMEM;
        r = append_types(message, signature, signature + strlen(signature), &cursor);
        return r >= 0 && cursor.next < cursor.end ? -EPROTO : r;
}

/* ---- what comes in ---- */

/* Enters the variant, and the one in it if there is one; how many, and the type in the last. */
static int enter_variants(sd_bus_message *message, unsigned *ret_depth, const char **ret_type) {
        const char *contents;
        int r = 0;

        for (*ret_depth = 0; *ret_depth < 2; ++*ret_depth) {
                r = sd_bus_message_peek_type(message, NULL, &contents);
                if (r > 0)
                        r = sd_bus_message_enter_container(message, 'v', contents);
                if (r <= 0)
                        return r < 0 ? r : -EBADMSG;
                *ret_type = contents;
                if (strcmp(contents, "v") != 0) {
                        ++*ret_depth;
                        return 0;
                }
        }
        return 0;
}

static int read_value(sd_bus_message *message, const char *name, Values *values, Error *error) {
        const char *type = "";
        unsigned depth = 0;
        Value value = {};
        int truth, r = enter_variants(message, &depth, &type);

        if (r < 0)
                return r;
        if (strlen(type) != 1 || !strchr("iuxtdbs", *type))
                return fail(error, ERROR_INVALID_ARG,
                            "parameter '%s' is of type '%s', which no parameter has", name, type);
        value.type = *type;
        r = sd_bus_message_read_basic(message, *type,
                                      *type == VALUE_BOOLEAN ? (void *) &truth : &value.i);
        if (r > 0 && *type == VALUE_BOOLEAN)
                value.b = truth;
        if (r > 0)
                values_parameter(values, name, value);
        while (r >= 0 && depth-- > 0)
                r = sd_bus_message_exit_container(message);
        return r;
}

int read_parameters(sd_bus_message *message, Values *ret, Error *error) {
        _cleanup_(values_clear) Values values = {};
        const char *name;
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                if (values.n == PARAMETERS_MAX)
                        return fail(error, ERROR_INVALID_ARG, "more than %d parameters",
                                    PARAMETERS_MAX);
                r = sd_bus_message_read_basic(message, 's', &name);
                if (r >= 0)
                        r = read_value(message, name, &values, error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return fail(error, ERROR_INVALID_ARG, "cannot read the parameters");
        if (values.failed)
                return fail_memory(error);
        *ret = values;
        values = (Values) {};
        return 0;
}

/* An array whose elements are read one by one into size bytes each. */
static int read_array(sd_bus_message *message, char type, size_t size, void **ret, size_t *ret_n) {
        _cleanup_(freep) char *items = calloc(16, size);
        const char contents[] = { type, 0 };
        size_t n = 0, allocated = 16;
        int r = items ? sd_bus_message_enter_container(message, 'a', contents) : -ENOMEM;

        while (r >= 0 && (r = sd_bus_message_read_basic(message, type, items + n * size)) > 0) {
                if (++n < allocated)
                        continue;
                char *more = reallocarray(items, allocated *= 2, size);
                if (!more)
                        return -ENOMEM;
                items = more;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        *ret = TAKE(items);
        *ret_n = n;
        return 0;
}

int read_strings(sd_bus_message *message, const char ***ret, size_t *ret_n) {
        return read_array(message, 's', sizeof(char *), (void **) ret, ret_n);
}

int read_descriptors(sd_bus_message *message, int **ret, size_t *ret_n) {
        return read_array(message, 'h', sizeof(int), (void **) ret, ret_n);
}

int read_booleans(sd_bus_message *message, bool **ret, size_t *ret_n) {
        _cleanup_(freep) int *numbers = NULL;
        int r = read_array(message, 'b', sizeof(int), (void **) &numbers, ret_n);

        if (r < 0)
                return r;
        *ret = calloc(*ret_n + 1, sizeof(bool));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < *ret_n; i++)
                (*ret)[i] = numbers[i];
        return 0;
}
