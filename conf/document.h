/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From text to struct and back, for every kind of document.
 *
 * A kind is a table of rows, how what is missing is filled in, and rules across fields. Its struct
 * begins with `xmlDoc *document`, which it owns; struct and document agree after parsing and
 * after document_sync(). DECLARE_CONF() gives each kind functions of its own type. */
#pragma once

#include "conf/map.h"

typedef enum ConfFlags {
        CONF_LIVE = 1 << 0,     /* keep rows that are LIVE; otherwise they are dropped on reading */
        CONF_VALIDATE = 1 << 1, /* refuse content that no row knows (libvirt's DEFINE_VALIDATE) */
        CONF_TRUSTED = 1 << 2,  /* our own file: no rules are checked, nothing is completed */
} ConfFlags;

typedef struct DocumentKind {
        const MapElement *element; /* its name is the root element's */
        /* Fills in what libvirt fills in; may be NULL. */
        int (*complete)(void *conf, Error *error);
        /* ERROR_XML or ERROR_CONFIG_UNSUPPORTED, naming path and line; may be NULL. */
        int (*check)(const void *conf, Error *error);
        /* What else goes from a document that is about to be shown; may be NULL. */
        void (*strip)(xmlNode *root, MapFlags unwanted);
        /* What CONF_VALIDATE refuses though the rows know it, or NULL; may be NULL. */
        xmlNode *(*find_unknown)(const void *conf);
} DocumentKind;

/* Parses, loads, completes, checks and writes in the standard form. */
int document_parse(const DocumentKind *kind, const char *text, ConfFlags flags, void **ret,
                   Error *error);

/* Writes changes of the struct into its document; who changed it calls document_check() before. */
int document_sync(const DocumentKind *kind, void *conf, Error *error);
int document_check(const DocumentKind *kind, const void *conf, Error *error);

/* document_sync() and then the text; without: rows to leave out (MAP_LIVE, MAP_SECRET). */
int document_print(const DocumentKind *kind, void *conf, MapFlags without, char **ret,
                   Error *error);

/* A struct and document of its own that say the same. */
int document_clone(const DocumentKind *kind, void *conf, void **ret, Error *error);

void *document_free(const DocumentKind *kind, void *conf); /* NULL */

#define DECLARE_CONF(T, stem)                                                                   \
        extern const DocumentKind stem##_kind;                                                  \
        static inline int stem##_conf_parse(const char *text, ConfFlags flags, T **ret,         \
                                            Error *error) {                                     \
                return document_parse(&stem##_kind, text, flags, (void **) ret, error);         \
        }                                                                                       \
        static inline int stem##_conf_sync(T *conf, Error *error) {                             \
                return document_sync(&stem##_kind, conf, error);                                \
        }                                                                                       \
        static inline int stem##_conf_check(const T *conf, Error *error) {                      \
                return document_check(&stem##_kind, conf, error);                               \
        }                                                                                       \
        static inline int stem##_conf_print(T *conf, MapFlags without, char **ret,              \
                                            Error *error) {                                     \
                return document_print(&stem##_kind, conf, without, ret, error);                 \
        }                                                                                       \
        static inline int stem##_conf_clone(T *conf, T **ret, Error *error) {                   \
                return document_clone(&stem##_kind, conf, (void **) ret, error);                \
        }                                                                                       \
        static inline T *stem##_conf_free(T *conf) {                                            \
                return document_free(&stem##_kind, conf);                                       \
        }                                                                                       \
        DEFINE_CLEANUP(T *, stem##_conf_free)
