/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of secrets: in memory, in files, and gone. Every copy that is made on the way is
 * wiped. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/secret.h"

/* ---- base64 ---- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)

static void encode(const uint8_t *data, size_t size, char *text) {
        for (size_t i = 0; i < size; i += 3) {
                size_t n = MIN(size - i, 3u);
                uint32_t group = data[i] << 16 | (n > 1 ? data[i + 1] : 0) << 8 |
                                 (n > 2 ? data[i + 2] : 0);

                *text++ = letters[group >> 18];
                *text++ = letters[group >> 12 & 63];
                *text++ = n > 1 ? letters[group >> 6 & 63] : '=';
                *text++ = n > 2 ? letters[group & 63] : '=';
        }
        *text = 0;
}

/* Into at least strlen(text) bytes; blanks are passed over. -EINVAL. */
static int decode(const char *text, uint8_t *data, size_t *ret_size) {
        uint32_t group = 0;
        size_t n = 0, size = 0;

        for (; *text && *text != '='; text++) {
                const char *letter = strchr(letters, *text);

                if (strchr(" \t\r\n", *text))
                        continue;
                if (!letter)
                        return -EINVAL;
                group = group << 6 | (letter - letters);
                if (++n % 4 == 0) {
                        data[size++] = group >> 16;
                        data[size++] = group >> 8;
                        data[size++] = group;
                }
        }
        if (text[strspn(text, "= \t\r\n")] || n % 4 == 1)
                return -EINVAL;
        if (n % 4 >= 2)
                data[size++] = n % 4 == 2 ? group >> 4 : group >> 10;
        if (n % 4 == 3)
                data[size++] = group >> 2;
        *ret_size = size;
        return 0;
}

static void wipep(char **text) {
        if (*text)
                explicit_bzero(*text, strlen(*text));
        free(*text);
}

/* ---- files ---- */

static bool keeps_files(const Secret *secret) {
        return secret->defined.resource.connection->driver->keeps_files;
}

static int write_value(Secret *secret, const void *value, size_t size, Error *error) {
        _cleanup_(freep) char *file = defined_file(&secret->defined, "", ".base64");
        _cleanup_(wipep) char *text = malloc(BASE64_SIZE(size) + 1);

        if (!file || !text) {
                freep(&text);
                text = NULL;
                return fail_memory(error);
        }
        encode(value, size, text);
        return store_write(secret->defined.resource.connection->store, STORE_CONFIG, file, text,
                           error);
}

int secret_save_value(Secret *secret, Error *error) {
        return secret->value && keeps_files(secret)
                       ? write_value(secret, secret->value, secret->size, error)
                       : 0;
}

void secret_remove_value(Secret *secret) {
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *file = defined_file(&secret->defined, "", ".base64"), *told = NULL;
        Connection *connection = secret->defined.resource.connection;

        if (!keeps_files(secret) || !file ||
            store_remove(connection->store, STORE_CONFIG, file, &error) >= 0)
                return;
        told = error_text(&error);
        log_resource(LOG_ERR, &secret->defined.resource, "its value stays: %s",
                     told ?: "out of memory");
}

/* ---- memory ---- */

/* Takes value. */
static void replace_value(Secret *secret, void *value, size_t size) {
        if (secret->value)
                explicit_bzero(secret->value, secret->size);
        free(secret->value);
        secret->value = value;
        secret->size = size;
}

int secret_set_value(Secret *secret, const void *value, size_t size, Error *error) {
        void *copy;
        int r;

        if (size > SECRET_VALUE_MAX)
                return fail(error, ERROR_INVALID_ARG, "a secret's value has at most %d bytes",
                            SECRET_VALUE_MAX);
        copy = malloc(size + 1);
        if (!copy)
                return fail_memory(error);
        if (size > 0)
                memcpy(copy, value, size);
        r = keeps_files(secret) && !secret->ephemeral ? write_value(secret, copy, size, error) : 0;
        if (r < 0) {
                explicit_bzero(copy, size);
                free(copy);
                return r;
        }
        replace_value(secret, copy, size);
        return 0;
}

/* ---- reading back ---- */

static int read_value(Secret *secret, Error *error) {
        _cleanup_(freep) char *file = defined_file(&secret->defined, "", ".base64");
        _cleanup_(wipep) char *text = NULL;
        uint8_t *value;
        size_t size;
        int r;

        if (!file)
                return fail_memory(error);
        r = store_read(secret->defined.resource.connection->store, STORE_CONFIG, file,
                       2 * SECRET_VALUE_MAX, &text, error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        value = malloc(strlen(text) + 1);
        if (!value)
                return fail_memory(error);
        if (decode(text, value, &size) < 0) {
                explicit_bzero(value, strlen(text));
                free(value);
                return fail(error, ERROR_INTERNAL, "%s is not base64", file);
        }
        replace_value(secret, value, size);
        return 0;
}

/* A value whose definition is there but can't be read stays: somebody may repair it. */
static int sweep_value(const char *name, void *userdata) {
        Connection *connection = userdata;
        _cleanup_(freep) char *definition = connection_file(connection, "secrets/%s.xml", name);
        _cleanup_(freep) char *value = connection_file(connection, "secrets/%s.base64", name);

        if (definition && value && !store_exists(connection->store, STORE_CONFIG, definition))
                (void) store_remove(connection->store, STORE_CONFIG, value, NULL);
        return 0;
}

int secrets_load(Connection *connection, Error *error) {
        const ResourceSet *set = connection_set(connection, RESOURCE_SECRET);
        _cleanup_(freep) char *folder = connection_file(connection, "secrets");
        int r = folder ? defined_load_all(connection, &secret_kind_defined, error)
                       : fail_memory(error);

        if (r < 0)
                return r;
        for (size_t i = 0; i < set->n; i++) {
                _cleanup_(error_clear) Error cause = {};
                _cleanup_(freep) char *told = NULL;

                if (read_value(secret_of(set->items[i]), &cause) >= 0)
                        continue;
                told = error_text(&cause);
                log_resource(LOG_ERR, set->items[i], "its value was left alone: %s",
                             told ?: "out of memory");
        }
        return store_list(connection->store, STORE_CONFIG, folder, ".base64", sweep_value,
                          connection, error);
}
