/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tables of all kinds share beyond conf/map.h, and the little that functions beside the
 * tables need to read a document. Nobody outside conf/ includes it. */
#pragma once

#include "conf/map.h"

extern const MapType map_maybe_int; /* MaybeU32 that holds an int32_t: -1 is a value */
extern const MapType map_maybe_hex; /* MaybeU32, written 0x%x */
extern const MapType map_word;      /* char *, one of the names in arg */

extern const MapElement label_element; /* SecurityLabel, of domains and of images of others */

#define MAYBE_I32(p, S, m, ...) \
        _MAP_ROW(p, map_maybe_int, _MAP_AT(S, m, MaybeU32), ##__VA_ARGS__)
#define WORD(p, S, m, names, ...) \
        _MAP_ROW(p, map_word, _MAP_AT(S, m, char *), .arg = names, ##__VA_ARGS__)

#define WORDS(...) (const char *const[]) { __VA_ARGS__, NULL }

extern const char *const on_off_words[], *const yes_no_words[];

/* Elements outside the table are known to libvirt and kept whole: there or not. */
#define KEPT(path, S, m, ...) OPAQUE(path, S, m, ##__VA_ARGS__)

/* Always there, and always in the same words. */
#define WRITTEN .flags = MAP_EXPLICIT | MAP_CANONICAL
#define CANONICAL .flags = MAP_CANONICAL

bool is_text(const char *text, const char *expected); /* false for NULL */
bool is_named(const xmlNode *node, const char *name); /* an element of libvirt's own */
xmlNode *child_of(const xmlNode *node, const char *name); /* the first; node may be NULL */

char *attribute_of(const xmlNode *node, const char *name); /* a copy or NULL; node may be NULL */

/* Refuses two items of a list that have the same text at an offset; what: "disk". Takes no longer
 * than sorting does, however long the list. */
int check_unique(const void *list, size_t offset, const char *what, Error *error);
#define CHECK_UNIQUE(list, T, m, what, error) check_unique(list, offsetof(T, m), what, error)

/* Sets a string: -ENOMEM when there is no memory. */
int set_string(char **string, const char *text);

/* fail() with ERROR_XML or ERROR_CONFIG_UNSUPPORTED, and path and line of the node after the
 * message. */
int fail_at(Error *error, ErrorCode code, const xmlNode *node, const char *format, ...)
        _printf_(4, 5);
