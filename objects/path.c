/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in object paths: uuids, and the encoding of everything else. */
#include "objects/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

static void exchange(char *text, char from, char to) {
        for (; *text; text++)
                if (*text == from)
                        *text = to;
}

int path_uuid_format(Uuid uuid, char *to, size_t size) {
        char text[UUID_TEXT_MAX];

        exchange(uuid_format(uuid, text), '-', '_');
        return snprintf(to, size, "_%s", text);
}

int path_uuid_parse(const char *leaf, Uuid *ret, const char **ret_rest) {
        char text[UUID_TEXT_MAX + 1], again[UUID_TEXT_MAX + 1];
        size_t length = sizeof(text) - 1; /* with the '_' that it begins with */
        Uuid uuid;

        if (*leaf != '_' || strnlen(leaf, length) < length)
                return -EINVAL;
        memcpy(text, leaf, length);
        text[length] = 0;
        exchange(text + 1, '_', '-');
        if (uuid_parse(text + 1, &uuid) < 0)
                return -EINVAL;
        path_uuid_format(uuid, again, sizeof(again));
        if (strncmp(again, leaf, length) != 0)
                return -EINVAL;
        *ret = uuid;
        *ret_rest = leaf + length;
        return 0;
}

static bool is_plain(unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int path_encode(const char *name, char *to, size_t size) {
        size_t n = 0;

        for (const unsigned char *c = (const unsigned char *) name; *c; c++) {
                size_t length = is_plain(*c) ? 1 : 3;

                if (n + length < size) {
                        to[n] = length == 1 ? *c : '_';
                        if (length == 3) {
                                to[n + 1] = digits[*c >> 4];
                                to[n + 2] = digits[*c & 15];
                        }
                        to[n + length] = 0;
                }
                n += length;
        }
        if (n == 0 && size > 0)
                *to = 0;
        return n;
}

/* -1 for anything else, the end included. */
static int digit(char c) {
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? found - digits : -1;
}

char *path_decode(const char *leaf) {
        _cleanup_(freep) char *text = malloc(strlen(leaf) + 1);
        char *to = text;

        for (const char *c = leaf; text && *c; c++) {
                if (*c != '_') {
                        if (!is_plain(*c))
                                return NULL;
                        *to++ = *c;
                        continue;
                }
                int high = digit(c[1]), low = high < 0 ? -1 : digit(c[2]);
                unsigned char byte = low < 0 ? 0 : high << 4 | low;
                if (byte == 0 || is_plain(byte))
                        return NULL;
                *to++ = byte;
                c += 2;
        }
        if (text)
                *to = 0;
        return TAKE(text);
}

/* ---- resources ---- */

Resource *find_by_uuid(Connection *connection, ResourceKind kind, const char *leaf) {
        const char *rest;
        Uuid uuid;

        if (path_uuid_parse(leaf, &uuid, &rest) < 0 || *rest)
                return NULL;
        return resource_set_by_uuid(connection_set(connection, kind), uuid);
}

Resource *find_by_name(Connection *connection, ResourceKind kind, const char *leaf) {
        _cleanup_(freep) char *name = path_decode(leaf);

        return name ? resource_set_by_name(connection_set(connection, kind), name) : NULL;
}

Resource *find_by_key(Connection *connection, ResourceKind kind, const char *leaf) {
        _cleanup_(freep) char *key = path_decode(leaf);

        return key ? resource_set_by_key(connection_set(connection, kind), key) : NULL;
}

int leaf_of_uuid(const Resource *resource, char *to, size_t size) {
        return path_uuid_format(resource->uuid, to, size);
}

int leaf_of_name(const Resource *resource, char *to, size_t size) {
        return path_encode(resource->name, to, size);
}

int leaf_of_key(const Resource *resource, char *to, size_t size) {
        return path_encode(resource->key, to, size);
}
