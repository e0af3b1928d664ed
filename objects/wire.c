/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags, dictionaries, lists, and names in paths. */
#include "objects/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int flags_check(uint32_t flags, uint32_t known, const char *api, Error *error) {
        if (!(flags & ~known))
                return 0;
        return fail(error, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function %s",
                    flags & ~known, api);
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

/* ---- paths ---- */

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

int path_uuid_parse(const char *leaf, Uuid *ret) {
        char text[UUID_TEXT_MAX], again[UUID_TEXT_MAX];
        Uuid uuid;

        if (*leaf++ != '_' || strlen(leaf) != sizeof(text) - 1)
                return -EINVAL;
        memcpy(text, leaf, sizeof(text));
        exchange(text, '_', '-');
        if (uuid_parse(text, &uuid) < 0 || strcmp(uuid_format(uuid, again), text) != 0)
                return -EINVAL;
        *ret = uuid;
        return 0;
}

static bool is_plain(unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char *path_encode(const char *name) {
        static const char digits[] = "0123456789abcdef";
        char *text = malloc(strlen(name) * 3 + 1), *to = text;

        if (!text)
                return NULL;
        for (const unsigned char *c = (const unsigned char *) name; *c; c++) {
                if (is_plain(*c)) {
                        *to++ = *c;
                        continue;
                }
                *to++ = '_';
                *to++ = digits[*c >> 4];
                *to++ = digits[*c & 15];
        }
        *to = 0;
        return text;
}

char *path_decode(const char *leaf) {
        static const char digits[] = "0123456789abcdef";
        _cleanup_(freep) char *text = malloc(strlen(leaf) + 1);
        char *to = text;

        for (const char *c = leaf; text && *c; c++) {
                if (*c != '_') {
                        if (!is_plain(*c))
                                return NULL;
                        *to++ = *c;
                        continue;
                }
                const char *high = c[1] ? strchr(digits, c[1]) : NULL;
                const char *low = high && c[2] ? strchr(digits, c[2]) : NULL;
                unsigned char byte = low ? (high - digits) << 4 | (low - digits) : 0;
                if (byte == 0 || is_plain(byte))
                        return NULL;
                *to++ = byte;
                c += 2;
        }
        if (text)
                *to = 0;
        return TAKE(text);
}
