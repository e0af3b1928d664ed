/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values in a row: what an operation answers when that is more than a text, and typed parameters
 * (virTypedParameter), which are values with names.
 *
 * An answer is written in the order of its row's D-Bus signature, and objects/wire.c reads it by
 * that signature. Basic values and the members of a struct stand one after the other; an array is
 * its head, made by values_array(), and then its elements, each begun by values_element(). An
 * element of a{sv} is one value with a name.
 *
 * A lack of memory is remembered in failed, and asked for once, at the end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/error.h"

/* The letters are D-Bus's and, but for bytes and arrays, those of virTypedParameterType. */
typedef enum ValueType {
        VALUE_INT = 'i',
        VALUE_UINT = 'u',
        VALUE_LLONG = 'x',
        VALUE_ULLONG = 't',
        VALUE_DOUBLE = 'd',
        VALUE_BOOLEAN = 'b',
        VALUE_STRING = 's',
        VALUE_BYTES = 'y', /* "ay" as a whole */
        VALUE_ARRAY = 'a', /* the head of an array */
} ValueType;

typedef struct Value {
        char *name; /* NULL: none */
        ValueType type;
        union {
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                bool b;
                char *s;
                struct {
                        void *data;
                        size_t size;
                } bytes;
                size_t n; /* elements of an array */
        };
} Value;

typedef struct Values {
        Value *items;
        size_t n, allocated;
        bool failed; /* some value is missing: out of memory */
} Values;

void values_clear(Values *values);
void values_reset(Values *values); /* empty again, and keeps its room */

/* One value each; strings are copied, NULL is "". */
void values_int(Values *values, int32_t value);
void values_uint(Values *values, uint32_t value);
void values_llong(Values *values, int64_t value);
void values_ullong(Values *values, uint64_t value);
void values_double(Values *values, double value);
void values_boolean(Values *values, bool value);
void values_string(Values *values, const char *value);
void values_bytes(Values *values, const void *data, size_t size); /* copied */

/* The same with a name, as an element of the array that was begun at head. */
void values_named(Values *values, size_t head, Value value, const char *format, ...)
        _printf_(4, 5); /* value.s is copied */
#define NAMED_INT(value) ((Value) { .type = VALUE_INT, .i = (value) })
#define NAMED_UINT(value) ((Value) { .type = VALUE_UINT, .u = (value) })
#define NAMED_LLONG(value) ((Value) { .type = VALUE_LLONG, .x = (value) })
#define NAMED_ULLONG(value) ((Value) { .type = VALUE_ULLONG, .t = (value) })
#define NAMED_DOUBLE(value) ((Value) { .type = VALUE_DOUBLE, .d = (value) })
#define NAMED_BOOLEAN(value) ((Value) { .type = VALUE_BOOLEAN, .b = (value) })
#define NAMED_STRING(value) ((Value) { .type = VALUE_STRING, .s = (char *) (value) })

/* Begins an array; what is returned is for values_element() and values_named(). */
size_t values_array(Values *values);
void values_element(Values *values, size_t head); /* one more element follows */

/* "ab": one element for each of n. */
void values_booleans(Values *values, const bool *bits, size_t n);

/* ---- parameters that a caller gave ---- */

/* One more that was given; parameters are no array, and have no head. value.s is copied. */
void values_parameter(Values *values, const char *name, Value value);

/* One that may be given: its name and type. Lists end with a NULL name. */
typedef struct Parameter {
        const char *name;
        ValueType type;
} Parameter;

/* ERROR_INVALID_ARG naming the parameter that isn't known, has another type, or is there twice.
 * What arrives as another kind of number is converted where it fits. */
int values_check(Values *values, const Parameter *known, Error *error);

const Value *values_find(const Values *values, const char *name); /* NULL: not given */
