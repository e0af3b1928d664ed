/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What unit tests are written with: a failed check prints where and what, and ends the test. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                \
        do {                                                                            \
                if (!(condition)) {                                                     \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        exit(1);                                                        \
                }                                                                       \
        } while (0)

#define CHECK_TEXT(actual, expected)                                                             \
        do {                                                                                     \
                const char *_a = (actual), *_e = (expected);                                     \
                if (!_a || strcmp(_a, _e) != 0) {                                                \
                        fprintf(stderr, "%s:%d: %s is\n%s\nand not\n%s\n", __FILE__, __LINE__,   \
                                #actual, _a ? _a : "NULL", _e);                                  \
                        exit(1);                                                                 \
                }                                                                                \
        } while (0)
