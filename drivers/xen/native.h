/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Native configurations of Xen guests, both ways.
 *
 * Every format is read into a NativeConfig, keys with texts and lists, and every format but
 * xend's S-expressions is written from one; so what differs between xl and xm is how the text is
 * taken apart, and the form of a few values. native_keys, one table, says what a key is in
 * libvirt's document, in the order in which libvirt writes that.
 *
 * What the document has no word for is found by going back: what was read is written again, and
 * keys that don't come out as they went in are kept whole in the document
 * (drivers/xen/native-keep.c). */
#pragma once

#include "conf/domain.h"
#include "drivers/driver.h"

#define NATIVE_SIZE_MAX (1u << 20) /* bytes of a configuration */
#define NATIVE_DEPTH_MAX 16        /* of lists in lists, and of S-expressions */

typedef enum NativeDialect { NATIVE_XL, NATIVE_XM, NATIVE_SXPR } NativeDialect;

/* ---- keys and values ---- */

typedef struct NativeValue {
        char *text; /* NULL: a list */
        bool number;
        struct NativeValue **items;
        size_t n;
} NativeValue;

typedef struct NativeEntry {
        char *name;
        NativeValue *value;
        int line; /* 0: unknown */
} NativeEntry;

typedef struct NativeConfig {
        NativeEntry *entries;
        size_t n;
        bool failed; /* something was left out for lack of memory; whoever is done looks */
} NativeConfig;

void native_config_clear(NativeConfig *config);
NativeConfig *native_config_free(NativeConfig *config);
DEFINE_CLEANUP(NativeConfig *, native_config_free);
NativeValue *native_value_free(NativeValue *value);
DEFINE_CLEANUP(NativeValue *, native_value_free);

NativeValue *native_value_new(const char *text, bool number); /* text NULL: an empty list */
int native_value_append(NativeValue *list, NativeValue *item); /* takes the item, even failing */
bool native_value_equal(const NativeValue *a, const NativeValue *b); /* either may be NULL */
uint64_t native_value_hash(const NativeValue *value);

const NativeEntry *native_entry(const NativeConfig *config, const char *name); /* or NULL */
const NativeValue *native_get(const NativeConfig *config, const char *name);
void native_set(NativeConfig *config, const char *name, NativeValue *value); /* takes value */
void native_remove(NativeConfig *config, const char *name);

/* Text of a key, "" and lists being none; number of a key, which other texts are not. */
const char *native_text(const NativeConfig *config, const char *name);
bool native_number(const NativeConfig *config, const char *name, long long *ret);
bool native_true(const NativeConfig *config, const char *name, bool fallback);

/* The items of a list, or a single text as the only one. */
size_t native_count(const NativeConfig *config, const char *name);
const char *native_item(const NativeConfig *config, const char *name, size_t i); /* or NULL */

void native_set_text(NativeConfig *config, const char *name, const char *text); /* NULL: not */
void native_set_number(NativeConfig *config, const char *name, long long number);
void native_add_item(NativeConfig *config, const char *name, const char *text);

/* ---- "key=value,key=value" ---- */

typedef struct NativeSpec {
        char *text;
        bool failed;
} NativeSpec;

void spec_add(NativeSpec *spec, const char *format, ...) _printf_(2, 3);
void spec_finish(NativeSpec *spec, NativeConfig *config, const char *key); /* as a list's item */
char *spec_value(const char *text, const char *key); /* a copy or NULL */

/* ---- text ---- */

int native_parse_xl(const char *text, NativeConfig **ret, Error *error);
int native_parse_xm(const char *text, NativeConfig **ret, Error *error);
int native_parse_sxpr(const char *text, NativeConfig **ret, Error *error); /* as keys of xm */
int native_print(const NativeConfig *config, NativeDialect dialect, char **ret, Error *error);

/* ---- to and from documents ---- */

typedef enum Guest { GUEST_PV = 1 << 0, GUEST_HVM = 1 << 1, GUEST_PVH = 1 << 2 } Guest;

typedef struct NativeRead {
        const NativeConfig *config;
        NativeDialect dialect;
        Guest guest;
        xmlDoc *document; /* what is being made */
        xmlNode *root;
        bool failed; /* as in NativeConfig */
        Error *error;
} NativeRead;

typedef struct NativeWrite {
        DomainConf *conf;
        NativeConfig *config; /* what is being made */
        NativeDialect dialect;
        Guest guest;
        Error *error;
} NativeWrite;

/* Sets text at a path of elements, and an attribute, below a node, making what is missing. */
xmlNode *native_put(NativeRead *read, xmlNode *parent, const char *path, const char *format, ...)
        _printf_(4, 5);
/* A new element at the end of a path; NULL when there is no memory, which native_put() takes. */
xmlNode *native_add(NativeRead *read, xmlNode *parent, const char *path);
/* Text at a path of the document: newly allocated or NULL. */
char *native_find(const DomainConf *conf, const char *path);

/* fail() that names a key and where it stands; always returns a negative errno. */
int native_fail(NativeRead *read, const char *key, const char *format, ...) _printf_(3, 4);

/* A subject of several keys, or one with a form of its own. */
typedef int (*NativeReader)(NativeRead *read);
typedef int (*NativeWriter)(NativeWrite *write);

int native_read_memory(NativeRead *read);
int native_write_memory(NativeWrite *write);
int native_read_vcpus(NativeRead *read);
int native_write_vcpus(NativeWrite *write);
int native_read_passthrough(NativeRead *read);
int native_write_passthrough(NativeWrite *write);
int native_read_cpu(NativeRead *read);
int native_write_cpu(NativeWrite *write);
int native_read_os(NativeRead *read);
int native_write_os(NativeWrite *write);
int native_read_clock(NativeRead *read);
int native_write_clock(NativeWrite *write);
int native_read_disks(NativeRead *read);
int native_write_disks(NativeWrite *write);
int native_read_filesystems(NativeRead *read);
int native_write_filesystems(NativeWrite *write);
int native_read_controllers(NativeRead *read);
int native_write_controllers(NativeWrite *write);
int native_read_nets(NativeRead *read);
int native_write_nets(NativeWrite *write);
int native_read_chars(NativeRead *read);
int native_write_chars(NativeWrite *write);
int native_read_channels(NativeRead *read);
int native_write_channels(NativeWrite *write);
int native_read_inputs(NativeRead *read);
int native_write_inputs(NativeWrite *write);
int native_read_graphics(NativeRead *read);
int native_write_graphics(NativeWrite *write);
int native_read_video(NativeRead *read);
int native_write_video(NativeWrite *write);
int native_read_sounds(NativeRead *read);
int native_write_sounds(NativeWrite *write);
int native_read_hostdevs(NativeRead *read);
int native_write_hostdevs(NativeWrite *write);
int native_read_arguments(NativeRead *read);
int native_write_arguments(NativeWrite *write);

int native_read_all(NativeRead *read);   /* by the table */
int native_write_all(NativeWrite *write);

/* ---- words that libxl itself takes, too ---- */

const char *native_cpu_feature(const char *word); /* a feature as Xen spells it */
char native_cpu_policy(const char *policy);       /* '1', '0' or 'x' */
uint32_t native_distance(const DomainCpu *cpu, size_t from, size_t to); /* of NUMA cells */
char *native_disk_plain(const char *text, bool *ret_shared); /* without "!", or NULL */
/* A port as QEMU's -serial has it. Negative without memory, 0 if there are no words for it. */
int native_format_port(const DomainChar *port, char **ret);

/* ---- what the document has no word for ---- */

/* Puts into the document what written, made from it, doesn't say as config did. */
int native_keep(DomainConf *conf, const NativeConfig *config, const NativeConfig *written,
                NativeDialect dialect, Error *error);
/* Puts it back into a configuration made from the document. */
int native_restore(const DomainConf *conf, NativeConfig *written, NativeDialect dialect,
                   Error *error);

/* What is kept and still holds, for whoever starts the guest; whether there is any. */
int native_kept(const DomainConf *conf, const NativeConfig *written, NativeDialect dialect,
                NativeConfig *ret, Error *error);
bool native_keeps(const DomainConf *conf, NativeDialect dialect);

/* A document's configuration, and the document of one: without what is kept. */
int native_write(DomainConf *conf, NativeDialect dialect, NativeConfig **ret, Error *error);
int native_read(const NativeConfig *config, NativeDialect dialect, char **ret, Error *error);

/* ---- the two operations, without a connection ---- */

int native_to_xml(const char *format, const char *text, char **ret, Error *error);
int native_from_xml(const char *format, const char *xml, char **ret, Error *error);

extern const NativeOps xen_native;
