/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few words of C that every room uses: cleanup by attribute, handing over, sizes. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (UINT64_C(1) << (n))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* The struct that embeds a member. */
#define container_of(pointer, type, member) \
        ((type *) ((char *) (pointer) - offsetof(type, member)))

/* Hands a pointer over: the variable is NULL afterwards, so its cleanup does nothing. */
#define TAKE(pointer)                              \
        ({                                         \
                __typeof__(pointer) _p = (pointer); \
                (pointer) = NULL;                  \
                _p;                                \
        })

/* The same for a file descriptor, which becomes -1. */
#define TAKE_FD(fd)            \
        ({                     \
                int _f = (fd); \
                (fd) = -1;     \
                _f;            \
        })

/* Defines x_freep() for the cleanup attribute from x_free(), for a pointer type T. */
#define DEFINE_CLEANUP(T, free_function)                       \
        static inline void free_function##p(T *p) {            \
                if (*p)                                        \
                        free_function(*p);                     \
        }                                                      \
        struct _needs_semicolon

static inline void freep(void *p) {
        free(*(void **) p);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}
