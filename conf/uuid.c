/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs: text in and out, and new ones from the kernel's random numbers. */
#include "conf/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -EINVAL;
}

int uuid_parse(const char *text, Uuid *ret) {
        Uuid uuid;

        while (isspace((unsigned char) *text))
                text++;
        for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
                while (*text == '-')
                        text++;

                int high = hex_digit(text[0]), low = high < 0 ? high : hex_digit(text[1]);
                if (low < 0)
                        return -EINVAL;
                uuid.bytes[i] = high << 4 | low;
                text += 2;
        }
        while (isspace((unsigned char) *text))
                text++;
        if (*text)
                return -EINVAL;
        *ret = uuid;
        return 0;
}

char *uuid_format(Uuid uuid, char text[static UUID_TEXT_MAX]) {
        static const char digits[] = "0123456789abcdef";
        char *out = text;

        for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *out++ = '-';
                *out++ = digits[uuid.bytes[i] >> 4];
                *out++ = digits[uuid.bytes[i] & 15];
        }
        *out = 0;
        return text;
}

int uuid_generate(Uuid *ret) {
        Uuid uuid;

        /* Up to 256 bytes come whole or not at all, and only before the pool is ready do they
         * block. */
        if (getrandom(uuid.bytes, sizeof(uuid.bytes), 0) != sizeof(uuid.bytes))
                return errno > 0 ? -errno : -EIO;
        uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x40; /* RFC 4122: version 4, random ... */
        uuid.bytes[8] = (uuid.bytes[8] & 0x3f) | 0x80; /* ... and the variant */
        *ret = uuid;
        return 0;
}

bool uuid_is_null(Uuid uuid) {
        return uuid_equal(uuid, (Uuid) {});
}

bool uuid_equal(Uuid a, Uuid b) {
        return uuid_compare(a, b) == 0;
}

int uuid_compare(Uuid a, Uuid b) {
        return memcmp(a.bytes, b.bytes, sizeof(a.bytes));
}
