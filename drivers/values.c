/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values in a row; see values.h. */
#include "drivers/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void value_clear(Value *value) {
        free(value->name);
        if (value->type == VALUE_STRING)
                free(value->s);
        if (value->type == VALUE_BYTES) {
                if (value->bytes.data) /* it may be a secret */
                        explicit_bzero(value->bytes.data, value->bytes.size);
                free(value->bytes.data);
        }
}

void values_reset(Values *values) {
        for (size_t i = 0; i < values->n; i++)
                value_clear(&values->items[i]);
        values->n = 0;
        values->failed = false;
}

void values_clear(Values *values) {
        values_reset(values);
        free(values->items);
        *values = (Values) {};
}

/* Takes the value, also when it fails. */
static void push(Values *values, Value value) {
        size_t wanted = MAX(values->allocated * 2, 16u);
        Value *items = values->items;

        if (values->n == values->allocated) {
                items = reallocarray(items, wanted, sizeof(*items));
                if (!items) {
                        value_clear(&value);
                        values->failed = true;
                        return;
                }
                values->items = items;
                values->allocated = wanted;
        }
        values->items[values->n++] = value;
}

void values_int(Values *values, int32_t value) {
        push(values, NAMED_INT(value));
}

void values_uint(Values *values, uint32_t value) {
        push(values, NAMED_UINT(value));
}

void values_llong(Values *values, int64_t value) {
        push(values, NAMED_LLONG(value));
}

void values_ullong(Values *values, uint64_t value) {
        push(values, NAMED_ULLONG(value));
}

void values_double(Values *values, double value) {
        push(values, NAMED_DOUBLE(value));
}

void values_boolean(Values *values, bool value) {
        push(values, NAMED_BOOLEAN(value));
}

void values_string(Values *values, const char *value) {
        char *copy = strdup(value ?: "");

        if (copy)
                push(values, NAMED_STRING(copy));
        else
                values->failed = true;
}

void values_bytes(Values *values, const void *data, size_t size) {
        Value value = { .type = VALUE_BYTES, .bytes = { malloc(size + 1), size } };

        if (!value.bytes.data) {
                values->failed = true;
                return;
        }
        if (size > 0)
                memcpy(value.bytes.data, data, size);
        push(values, value);
}

/* A name in its own memory; nearly all of them fit into what is at hand. */
_printf_(1, 0) static char *name_print(const char *format, va_list ap) {
        char buffer[64], *name;
        va_list again;

        if (!strchr(format, '%'))
                return strdup(format);
        va_copy(again, ap);
        int n = vsnprintf(buffer, sizeof(buffer), format, ap);
        if (n >= 0 && (size_t) n < sizeof(buffer))
                name = strdup(buffer);
        else if (vasprintf(&name, format, again) < 0)
                name = NULL;
        va_end(again);
        return name;
}

void values_named(Values *values, size_t head, Value value, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        value.name = name_print(format, ap);
        va_end(ap);
        if (value.type == VALUE_STRING)
                value.s = strdup(value.s ?: "");
        if (!value.name || (value.type == VALUE_STRING && !value.s)) {
                value_clear(&value);
                values->failed = true;
                return;
        }
        values_element(values, head);
        push(values, value);
}

size_t values_array(Values *values) {
        push(values, (Value) { .type = VALUE_ARRAY });
        return values->n - 1;
}

void values_element(Values *values, size_t head) {
        if (!values->failed)
                values->items[head].n++;
}

void values_booleans(Values *values, const bool *bits, size_t n) {
        size_t head = values_array(values);

        for (size_t i = 0; i < n; i++) {
                values_element(values, head);
                values_boolean(values, bits[i]);
        }
}

/* ---- parameters ---- */

void values_parameter(Values *values, const char *name, Value value) {
        value.name = strdup(name);
        if (value.type == VALUE_STRING)
                value.s = strdup(value.s ?: "");
        if (value.name && (value.type != VALUE_STRING || value.s)) {
                push(values, value);
                return;
        }
        value_clear(&value);
        values->failed = true;
}

const Value *values_find(const Values *values, const char *name) {
        for (size_t i = 0; i < values->n; i++)
                if (values->items[i].name && strcmp(values->items[i].name, name) == 0)
                        return &values->items[i];
        return NULL;
}

/* Any integer as the widest of its sign; false: it is none. */
static bool as_integer(const Value *value, bool *ret_negative, uint64_t *ret) {
        int64_t x = value->type == VALUE_INT ? value->i : value->x;

        *ret_negative = false;
        switch (value->type) {
        case VALUE_UINT:
                *ret = value->u;
                return true;
        case VALUE_ULLONG:
                *ret = value->t;
                return true;
        case VALUE_INT:
        case VALUE_LLONG:
                *ret_negative = x < 0;
                *ret = x;
                return true;
        case VALUE_BOOLEAN:
                *ret = value->b;
                return true;
        case VALUE_DOUBLE:
        case VALUE_STRING:
        case VALUE_BYTES:
        case VALUE_ARRAY:
                break;
        }
        return false;
}

/* A number of one type as another, where it has the same meaning there. */
static bool convert(Value *value, ValueType type) {
        bool negative;
        uint64_t number;

        if (value->type == type)
                return true;
        if (!as_integer(value, &negative, &number))
                return false;
        switch (type) {
        case VALUE_INT:
                if (negative ? (int64_t) number < INT32_MIN : number > INT32_MAX)
                        return false;
                value->i = number;
                break;
        case VALUE_UINT:
                if (negative || number > UINT32_MAX)
                        return false;
                value->u = number;
                break;
        case VALUE_LLONG:
                if (!negative && number > INT64_MAX)
                        return false;
                value->x = number;
                break;
        case VALUE_ULLONG:
                if (negative)
                        return false;
                value->t = number;
                break;
        case VALUE_BOOLEAN:
                if (negative || number > 1)
                        return false;
                value->b = number;
                break;
        case VALUE_DOUBLE:
        case VALUE_STRING:
        case VALUE_BYTES:
        case VALUE_ARRAY:
                return false;
        }
        value->type = type;
        return true;
}

int values_check(Values *values, const Parameter *known, Error *error) {
        for (size_t i = 0; i < values->n; i++) {
                Value *value = &values->items[i];
                const Parameter *parameter = known;

                while (parameter->name && strcmp(parameter->name, value->name) != 0)
                        parameter++;
                if (!parameter->name)
                        return fail(error, ERROR_INVALID_ARG, "parameter '%s' not supported",
                                    value->name);
                if (values_find(values, value->name) != value)
                        return fail(error, ERROR_INVALID_ARG, "parameter '%s' occurs twice",
                                    value->name);
                if (!convert(value, parameter->type))
                        return fail(error, ERROR_INVALID_ARG,
                                    "invalid type '%c' or range for parameter '%s', expected '%c'",
                                    value->type, value->name, parameter->type);
        }
        return 0;
}
