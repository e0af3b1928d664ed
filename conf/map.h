/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table maps an XML element to a C struct: it loads, stores, clears, strips and validates.
 *
 * The document is the truth, the struct a view of it. Storing touches a node only where its
 * meaning changed; elements, attributes and comments that no row knows stay where they were.
 *
 * A row is written with one of the macros below, which check the member's type at compile time:
 *
 *         static const MapElement disk_element = { "disk", sizeof(DomainDisk), (const MapField[]) {
 *                 ENUM  ("@type",        DomainDisk, type, disk_types, REQUIRED),
 *                 STRING("source/@file", DomainDisk, source, WHEN(DomainDisk, type,
 * BIT(DISK_FILE))), STRING("alias/@name",  DomainDisk, alias, LIVE),
 *                 {}
 *         } }; */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/error.h"
#include "conf/macro.h"
#include "conf/uuid.h"

typedef struct MapElement MapElement;
typedef struct MapField MapField;
typedef struct MapType MapType;

typedef enum MapFlags {
        MAP_REQUIRED  = 1 << 0, /* loading fails without it */
        MAP_LIVE      = 1 << 1, /* belongs to a running object only */
        MAP_SECRET    = 1 << 2, /* shown only to callers who may read secrets */
        MAP_EXPLICIT  = 1 << 3, /* written even when zero */
        MAP_CANONICAL = 1 << 4, /* map_canonicalize() rewrites it in its standard form */
} MapFlags;

/* How one kind of value is read from text, written as text, and released. */
struct MapType {
        const char *name;    /* for the manual: "number", "size in KiB" */
        bool has_unit;       /* text is "<number> <unit>", the unit kept in @unit */
        size_t size; /* of the member, MAP_VALUE_MAX at most; 0: given by the row's MapElement */
        /* -EINVAL or -ERANGE when the text is no such value. *value is zeroed before or holds an
         * old one. */
        int (*parse)(const MapField *field, const char *text, void *value);
        int (*format)(const MapField *field, const void *value, char **ret); /* NULL text: unset */
        void (*clear)(const MapField *field, void *value);                   /* may be NULL */
        bool (*equal)(const void *a,
                      const void *b); /* NULL: what format() makes of them is compared */
};

#define MAP_VALUE_MAX 64

struct MapField {
        const char *path; /* "memory", "os/type", "source/@file", "qemu:arg/@value"; "." is the
                             element */
        const MapType *type;
        size_t offset;
        MapFlags flags;
        const void *arg;    /* the names of an enum; the MapElement of a struct or list */
        size_t when_offset; /* an enum in the same struct ... */
        uint64_t when;      /* ... whose value must be one of these bits; 0 means always */
};

struct MapElement {
        const char *name;
        size_t size;
        const MapField *fields; /* ends with a NULL path */
};

/* A list member. Every item struct starts with a MapItem: the node it came from. */
#define MAP_LIST(T)      \
        struct {         \
                T **items; \
                size_t n; \
        }

typedef struct MapItem {
        xmlNode *node; /* NULL: made by us, its node comes with the next map_store() */
} MapItem;

typedef MAP_LIST(MapItem) MapAnyList;

/* A number that may be absent. */
typedef struct MaybeU32 {
        bool set;
        uint32_t value;
} MaybeU32;

/* yes/no, on/off where absence means "as the hypervisor likes". */
typedef enum Tristate { TRISTATE_UNSET, TRISTATE_YES, TRISTATE_NO } Tristate;

/* ---- the walks over a table ---- */

/* Document to struct. *object must be zeroed; on failure it is in a state that map_clear() takes.
 * ERROR_XML names the path, the line and, for an enum, the values there are. */
int map_load(const MapElement *element, xmlNode *node, void *object, Error *error);

/* Struct to document, in place. New nodes come in the order of the rows: behind what earlier
 * rows name. A node without anything in it counts as new and gets its EXPLICIT rows; an item
 * whose node isn't in this document gets a new one. -EINVAL for text that XML can't hold, and
 * for an enum out of range; what was stored before stays stored. */
int map_store(const MapElement *element, xmlNode *node, const void *object);

/* Rewrites rows that are MAP_CANONICAL as their type writes them (<memory unit='KiB'>), and writes
 * those that have a value but no text yet (a zero counts if the row is EXPLICIT). Comes after
 * map_store(): list items and optional structs without a node are passed over. */
int map_canonicalize(const MapElement *element, xmlNode *node, const void *object);

/* Removes rows with any of these flags from a document that is about to be shown: wherever their
 * path leads, in whatever arm of a union. */
void map_strip(const MapElement *element, xmlNode *node, MapFlags unwanted);

/* Whether the document holds text for any row with these flags. */
bool map_has(const MapElement *element, xmlNode *node, MapFlags wanted);

/* Releases every value; all members that have a row are zeroed. */
void map_clear(const MapElement *element, void *object);

/* Reports what no row knows (elements and attributes outside <metadata> and foreign namespaces) and
 * returns how many there were. report may be NULL. */
size_t map_unknown(const MapElement *element, xmlNode *node,
                   void (*report)(xmlNode *node, void *userdata), void *userdata);

/* A new zeroed item at the end of a list, or NULL without memory. */
void *map_list_add(const MapElement *element, void *list);

/* Takes an item out of its list and frees it; its node goes with the next map_store(). */
void map_list_remove(const MapElement *element, void *list, size_t index);

/* The name of an enum value, or NULL when it is out of range or means "unset". */
const char *map_enum_name(const char *const *names, int value);
/* -EINVAL when there is no such name. */
int map_enum_value(const char *const *names, const char *text);

/* ---- types: X(member type) in comments ---- */

/* An element without text means the same as none; so "" is a value of attributes only. */
extern const MapType map_string; /* char *: any text */
extern const MapType map_u32;    /* uint32_t, 0 is unset */
extern const MapType map_u64;    /* uint64_t, 0 is unset */
extern const MapType map_i64;    /* int64_t, 0 is unset */
extern const MapType map_maybe;  /* MaybeU32; decimal or 0x on input, decimal on output */
extern const MapType map_hex;    /* uint32_t; written 0x%02x */
extern const MapType map_hex4;   /* uint32_t; written 0x%04x */
extern const MapType map_hex1;   /* uint32_t; written 0x%x */
extern const MapType map_kib;    /* uint64_t in KiB, with @unit; rounded up */
extern const MapType map_bytes;  /* uint64_t in bytes, with @unit; bytes without one */
extern const MapType map_enum; /* an enum; arg: names, NULL past the end; a NULL name 0 is unset */
extern const MapType map_flag;   /* bool: the element is there */
extern const MapType map_yes_no; /* Tristate */
extern const MapType map_on_off; /* Tristate */
extern const MapType map_uuid;   /* Uuid, all zero is unset */
extern const MapType map_mac;    /* MacAddress */
extern const MapType map_opaque; /* bool: there or not; what is inside belongs to the user */
extern const MapType map_struct; /* a struct in the struct; its rows are relative to its path */
extern const MapType map_optional; /* T *: the same on the heap, NULL when the element is absent */
extern const MapType map_list;   /* MAP_LIST(T), one item for each element of that name */

typedef struct MacAddress {
        uint8_t bytes[6]; /* all zero: not set */
} MacAddress;

#define MAC_TEXT_MAX 18
char *mac_format(MacAddress mac, char text[static MAC_TEXT_MAX]);
int mac_parse(const char *text, MacAddress *ret); /* -EINVAL */
bool mac_is_null(MacAddress mac);

/* ---- rows ---- */

#define _MAP_AT(S, m, T)                                                                       \
        (offsetof(S, m) +                                                                      \
         0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((S *) 0)->m), T) ? 1 : -1]))
#define _MAP_AT_SIZE(S, m, size_)                                                              \
        (offsetof(S, m) + 0 * sizeof(char[sizeof(((S *) 0)->m) == (size_) ? 1 : -1]))
#define _MAP_ROW(path_, type_, offset_, ...) \
        { .path = path_, .type = &type_, .offset = offset_, ##__VA_ARGS__ }

#define STRING(p, S, m, ...)  _MAP_ROW(p, map_string, _MAP_AT(S, m, char *), ##__VA_ARGS__)
#define U32(p, S, m, ...)     _MAP_ROW(p, map_u32, _MAP_AT(S, m, uint32_t), ##__VA_ARGS__)
#define U64(p, S, m, ...)     _MAP_ROW(p, map_u64, _MAP_AT(S, m, uint64_t), ##__VA_ARGS__)
#define I64(p, S, m, ...)     _MAP_ROW(p, map_i64, _MAP_AT(S, m, int64_t), ##__VA_ARGS__)
#define MAYBE(p, S, m, ...)   _MAP_ROW(p, map_maybe, _MAP_AT(S, m, MaybeU32), ##__VA_ARGS__)
#define HEX(p, S, m, ...)     _MAP_ROW(p, map_hex, _MAP_AT(S, m, uint32_t), ##__VA_ARGS__)
#define HEX4(p, S, m, ...)    _MAP_ROW(p, map_hex4, _MAP_AT(S, m, uint32_t), ##__VA_ARGS__)
#define HEX1(p, S, m, ...)    _MAP_ROW(p, map_hex1, _MAP_AT(S, m, uint32_t), ##__VA_ARGS__)
#define KIB(p, S, m, ...)     _MAP_ROW(p, map_kib, _MAP_AT(S, m, uint64_t), ##__VA_ARGS__)
#define BYTES(p, S, m, ...)   _MAP_ROW(p, map_bytes, _MAP_AT(S, m, uint64_t), ##__VA_ARGS__)
#define FLAG(p, S, m, ...)    _MAP_ROW(p, map_flag, _MAP_AT(S, m, bool), ##__VA_ARGS__)
#define OPAQUE(p, S, m, ...)  _MAP_ROW(p, map_opaque, _MAP_AT(S, m, bool), ##__VA_ARGS__)
#define YES_NO(p, S, m, ...)  _MAP_ROW(p, map_yes_no, _MAP_AT(S, m, Tristate), ##__VA_ARGS__)
#define ON_OFF(p, S, m, ...)  _MAP_ROW(p, map_on_off, _MAP_AT(S, m, Tristate), ##__VA_ARGS__)
#define UUID(p, S, m, ...)    _MAP_ROW(p, map_uuid, _MAP_AT(S, m, Uuid), ##__VA_ARGS__)
#define MAC(p, S, m, ...)     _MAP_ROW(p, map_mac, _MAP_AT(S, m, MacAddress), ##__VA_ARGS__)
#define ENUM(p, S, m, names, ...) \
        _MAP_ROW(p, map_enum, _MAP_AT_SIZE(S, m, sizeof(int)), .arg = names, ##__VA_ARGS__)
#define STRUCT(p, S, m, T, element, ...) \
        _MAP_ROW(p, map_struct, _MAP_AT(S, m, T), .arg = element, ##__VA_ARGS__)
#define OPTIONAL(p, S, m, T, element, ...) \
        _MAP_ROW(p, map_optional, _MAP_AT(S, m, T *), .arg = element, ##__VA_ARGS__)
#define LIST(p, S, m, T, element, ...) \
        _MAP_ROW(p, map_list, _MAP_AT_SIZE(S, m, sizeof(MapAnyList)), .arg = element, ##__VA_ARGS__)

/* What may follow the fixed part of a row. */
#define REQUIRED .flags = MAP_REQUIRED
#define LIVE     .flags = MAP_LIVE
#define SECRET   .flags = MAP_SECRET
#define EXPLICIT .flags = MAP_EXPLICIT
#define FLAGS(f) .flags = (f)
#define WHEN(S, m, bits) .when_offset = _MAP_AT_SIZE(S, m, sizeof(int)), .when = (bits)
