/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of a native configuration, whatever its dialect. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"

/* ---- values ---- */

NativeValue *native_value_free(NativeValue *value) {
        if (!value)
                return NULL;
        for (size_t i = 0; i < value->n; i++)
                native_value_free(value->items[i]);
        free(value->items);
        free(value->text);
        free(value);
        return NULL;
}

NativeValue *native_value_new(const char *text, bool number) {
        _cleanup_(native_value_freep) NativeValue *value = calloc(1, sizeof(*value));

        if (!value || (text && !(value->text = strdup(text))))
                return NULL;
        value->number = number;
        return TAKE(value);
}

int native_value_append(NativeValue *list, NativeValue *item) {
        _cleanup_(native_value_freep) NativeValue *owned = item;
        NativeValue **items;

        if (!item)
                return -ENOMEM;
        if (!(items = reallocarray(list->items, list->n + 1, sizeof(*items))))
                return -ENOMEM;
        list->items = items;
        items[list->n++] = TAKE(owned);
        return 0;
}

bool native_value_equal(const NativeValue *a, const NativeValue *b) {
        if (!a || !b)
                return a == b;
        if (!a->text != !b->text || a->n != b->n)
                return false;
        if (a->text && strcmp(a->text, b->text) != 0)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (!native_value_equal(a->items[i], b->items[i]))
                        return false;
        return true;
}

/* FNV-1a, with marks between the texts. */
static uint64_t hash_byte(uint64_t hash, uint8_t byte) {
        return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t hash_value(uint64_t hash, const NativeValue *value) {
        if (value->text) {
                for (const char *p = value->text; *p; p++)
                        hash = hash_byte(hash, *p);
                return hash_byte(hash, 0);
        }
        hash = hash_byte(hash, 1);
        for (size_t i = 0; i < value->n; i++)
                hash = hash_value(hash, value->items[i]);
        return hash_byte(hash, 2);
}

uint64_t native_value_hash(const NativeValue *value) {
        return hash_value(UINT64_C(0xcbf29ce484222325), value);
}

/* ---- keys ---- */

void native_config_clear(NativeConfig *config) {
        for (size_t i = 0; i < config->n; i++) {
                free(config->entries[i].name);
                native_value_free(config->entries[i].value);
        }
        free(config->entries);
        *config = (NativeConfig) {};
}

NativeConfig *native_config_free(NativeConfig *config) {
        if (config)
                native_config_clear(config);
        free(config);
        return NULL;
}

const NativeEntry *native_entry(const NativeConfig *config, const char *name) {
        for (size_t i = 0; i < config->n; i++)
                if (strcmp(config->entries[i].name, name) == 0)
                        return &config->entries[i];
        return NULL;
}

const NativeValue *native_get(const NativeConfig *config, const char *name) {
        const NativeEntry *entry = native_entry(config, name);

        return entry ? entry->value : NULL;
}

void native_set(NativeConfig *config, const char *name, NativeValue *value) {
        NativeEntry *entry = (NativeEntry *) native_entry(config, name), *entries;

        if (value && entry) {
                native_value_free(entry->value);
                entry->value = value;
                return;
        }
        _cleanup_(freep) char *copy = value ? strdup(name) : NULL;
        entries = copy ? reallocarray(config->entries, config->n + 1, sizeof(*entries)) : NULL;
        if (!entries) {
                native_value_free(value);
                config->failed = true;
                return;
        }
        config->entries = entries;
        entries[config->n++] = (NativeEntry) { .name = TAKE(copy), .value = value };
}

void native_remove(NativeConfig *config, const char *name) {
        NativeEntry *entry = (NativeEntry *) native_entry(config, name);

        if (!entry)
                return;
        free(entry->name);
        native_value_free(entry->value);
        memmove(entry, entry + 1, (config->entries + config->n - entry - 1) * sizeof(*entry));
        config->n--;
}

const char *native_text(const NativeConfig *config, const char *name) {
        const NativeValue *value = native_get(config, name);

        return value && value->text && *value->text ? value->text : NULL;
}

bool native_number(const NativeConfig *config, const char *name, long long *ret) {
        const char *text = native_text(config, name);
        char *end;

        if (!text)
                return false;
        errno = 0;
        long long number = strtoll(text, &end, 0);
        if (errno != 0 || *end)
                return false;
        *ret = number;
        return true;
}

bool native_true(const NativeConfig *config, const char *name, bool fallback) {
        long long number;

        return native_number(config, name, &number) ? number != 0 : fallback;
}

size_t native_count(const NativeConfig *config, const char *name) {
        const NativeValue *value = native_get(config, name);

        if (!value)
                return 0;
        return value->text ? *value->text != 0 : value->n;
}

const char *native_item(const NativeConfig *config, const char *name, size_t i) {
        const NativeValue *value = native_get(config, name);

        if (!value || (!value->text && i >= value->n))
                return NULL;
        return value->text ?: value->items[i]->text;
}

void native_set_text(NativeConfig *config, const char *name, const char *text) {
        if (text)
                native_set(config, name, native_value_new(text, false));
}

void native_set_number(NativeConfig *config, const char *name, long long number) {
        char text[24];

        snprintf(text, sizeof(text), "%lld", number);
        native_set(config, name, native_value_new(text, true));
}

void native_add_item(NativeConfig *config, const char *name, const char *text) {
        const NativeValue *list = native_get(config, name);

        if (!list)
                native_set(config, name, native_value_new(NULL, false));
        if (!(list = native_get(config, name)) ||
            native_value_append((NativeValue *) list, native_value_new(text, false)) < 0)
                config->failed = true;
}

/* ---- specifications: texts of their own in a list ---- */

void spec_add(NativeSpec *spec, const char *format, ...) {
        _cleanup_(freep) char *word = NULL;
        char *longer;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(&word, format, arguments);
        va_end(arguments);
        if (r < 0)
                word = NULL;
        if (!word || asprintf(&longer, "%s%s%s", spec->text ?: "", spec->text ? "," : "",
                              word) < 0) {
                spec->failed = true;
                return;
        }
        free(spec->text);
        spec->text = longer;
}

void spec_finish(NativeSpec *spec, NativeConfig *config, const char *key) {
        if (spec->failed)
                config->failed = true;
        else
                native_add_item(config, key, spec->text ?: "");
        free(TAKE(spec->text));
}

char *spec_value(const char *text, const char *key) {
        size_t n = strlen(key);

        while (text) {
                text += strspn(text, " \t");
                if (strncmp(text, key, n) == 0) {
                        const char *p = text + n + strspn(text + n, " \t");

                        if (*p == '=') {
                                p += 1 + strspn(p + 1, " \t");
                                size_t length = strcspn(p, ",");

                                while (length > 0 && strchr(" \t", p[length - 1]))
                                        length--;
                                return strndup(p, length);
                        }
                }
                text = strchr(text, ',');
                text = text ? text + 1 : NULL;
        }
        return NULL;
}
