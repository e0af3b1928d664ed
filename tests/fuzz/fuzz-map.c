/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text, through parser, table and printer. What must hold for every document that loads:
 *
 * - storing what was loaded changes no byte, and neither does printing, parsing and printing again;
 * - a clone (a copy of the document, loaded) says the same;
 * - whatever is changed in the struct is loaded back, from the tree and from its text;
 * - nothing that was stripped is left, and canonical spelling means the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/map.h"
#include "conf/xml.h"

#define MUST(condition)                                                                  \
        do {                                                                             \
                if (!(condition)) {                                                      \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                         \
                }                                                                        \
        } while (0)

/* ---- a table with every kind of row ---- */

typedef enum PartType { PART_FILE, PART_BLOCK, PART_NET } PartType;
static const char *const part_types[] = { "file", "block", "net", NULL };
static const char *const colours[] = { NULL, "red", "green", NULL };

typedef struct Host {
        MapItem item;
        char *name;
        uint32_t port;
} Host;

typedef struct Address {
        uint32_t bus, slot, function;
        MaybeU32 unit;
} Address;

typedef struct Common {
        char *alias;
        uint32_t order;
} Common;

typedef struct Part {
        MapItem item;
        PartType type;
        Common common;
        char *source, *text;
        MAP_LIST(Host) hosts;
        Address address, *backing;
        bool readonly;
} Part;

typedef struct Extra {
        MapItem item;
        char *value;
} Extra;

typedef struct Whole {
        char *name, *title, *passwd;
        Uuid uuid;
        MacAddress mac;
        uint64_t memory, size;
        int64_t offset;
        uint32_t count;
        int colour;
        bool acpi, apic, opaque;
        Tristate eoi, boot;
        Address *cpu;
        MAP_LIST(Part) parts;
        MAP_LIST(Extra) extras;
} Whole;

static const MapElement host_element = { "host", sizeof(Host), (const MapField[]) {
        STRING("@name", Host, name),
        U32   ("@port", Host, port, EXPLICIT),
        {}
} };

static const MapElement address_element = { "address", sizeof(Address), (const MapField[]) {
        HEX  ("@bus",      Address, bus),
        HEX4 ("@slot",     Address, slot, EXPLICIT),
        HEX1 ("@function", Address, function),
        MAYBE("@unit",     Address, unit),
        {}
} };

static const MapElement common_element = { "common", sizeof(Common), (const MapField[]) {
        STRING("alias/@name", Common, alias, LIVE),
        U32   ("boot/@order", Common, order),
        {}
} };

static const MapElement part_element = { "part", sizeof(Part), (const MapField[]) {
        ENUM    ("@type",        Part, type, part_types, REQUIRED),
        STRUCT  (".",            Part, common, Common, &common_element),
        STRING  ("source/@file", Part, source, WHEN(Part, type, BIT(PART_FILE))),
        STRING  ("source/@dev",  Part, source, WHEN(Part, type, BIT(PART_BLOCK))),
        LIST    ("source/host",  Part, hosts, Host, &host_element, WHEN(Part, type, BIT(PART_NET))),
        FLAG    ("readonly",     Part, readonly),
        STRUCT  ("address",      Part, address, Address, &address_element),
        OPTIONAL("backing/chain", Part, backing, Address, &address_element),
        STRING  (".",            Part, text),
        {}
} };

static const MapElement extra_element = { "arg", sizeof(Extra), (const MapField[]) {
        STRING("@value", Extra, value, FLAGS(MAP_REQUIRED)),
        {}
} };

static const MapElement whole_element = { "domain", sizeof(Whole), (const MapField[]) {
        STRING  ("name",               Whole, name, REQUIRED),
        UUID    ("uuid",               Whole, uuid, FLAGS(MAP_CANONICAL)),
        STRING  ("title",              Whole, title),
        OPAQUE  ("metadata",           Whole, opaque),
        KIB     ("memory",             Whole, memory, FLAGS(MAP_EXPLICIT | MAP_CANONICAL)),
        U64     ("tune/size",          Whole, size),
        I64     ("tune/offset",        Whole, offset),
        U32     ("tune/@count",        Whole, count, FLAGS(MAP_LIVE | MAP_CANONICAL)),
        ENUM    ("tune/colour/@name",  Whole, colour, colours),
        FLAG    ("features/acpi",      Whole, acpi),
        FLAG    ("features/apic",      Whole, apic),
        ON_OFF  ("features/apic/@eoi", Whole, eoi),
        YES_NO  ("os/bootmenu/@enable", Whole, boot),
        STRING  ("auth/passwd",        Whole, passwd, SECRET),
        OPTIONAL("cpu",                Whole, cpu, Address, &address_element),
        MAC     ("devices/mac/@address", Whole, mac),
        LIST    ("devices/part",       Whole, parts, Part, &part_element),
        LIST    ("qemu:commandline/qemu:arg", Whole, extras, Extra, &extra_element),
        {}
} };

/* ---- whether two structs say the same ---- */

static bool same_rows(const MapElement *element, const void *a, const void *b);

static bool same_value(const MapField *f, const void *a, const void *b) {
        char *x = NULL, *y = NULL;

        MUST(f->type->format(f, a, &x) >= 0 && f->type->format(f, b, &y) >= 0);
        bool same = strcmp(x ?: "", y ?: "") == 0 && (!x == !y || !strchr(f->path, '@'));
        free(x);
        free(y);
        return same;
}

static bool same_row(const MapField *f, const void *a, const void *b) {
        if (f->type == &map_list) {
                const MapAnyList *x = a, *y = b;

                if (x->n != y->n)
                        return false;
                for (size_t i = 0; i < x->n; i++)
                        if (!same_rows(f->arg, x->items[i], y->items[i]))
                                return false;
                return true;
        }
        if (f->type == &map_struct)
                return same_rows(f->arg, a, b);
        if (f->type == &map_optional) {
                const void *x = *(void *const *) a, *y = *(void *const *) b;

                return x && y ? same_rows(f->arg, x, y) : x == y;
        }
        return same_value(f, a, b);
}

static bool same_rows(const MapElement *element, const void *a, const void *b) {
        for (const MapField *f = element->fields; f->path; f++) {
                int choice = *(const int *) ((const char *) a + f->when_offset);

                if (f->when && !(f->when >> choice & 1))
                        continue;
                if (!same_row(f, (const char *) a + f->offset, (const char *) b + f->offset)) {
                        fprintf(stderr, "differs: <%s> %s\n", element->name, f->path);
                        return false;
                }
        }
        return true;
}

/* ---- changes, drawn from the input ---- */

static uint64_t seed;

static uint32_t draw(uint32_t n) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t) (seed >> 33) % n;
}

static void draw_text(char **text) {
        static const char *const texts[] = {
                NULL, "", " ", "\n", "a", " a b ", "<&>'\"", "a\tb\r\n", "]]>", "\xc3\xa4", "--",
        };
        const char *chosen = texts[draw(ELEMENTS(texts))];

        free(*text);
        *text = chosen ? strdup(chosen) : NULL;
}

static void change_address(Address *address) {
        address->bus = draw(3);
        address->slot = draw(3) * 1000000;
        address->function = draw(2);
        address->unit = (MaybeU32) { draw(2), draw(3) };
}

static void change_optional(Address **address) {
        if (draw(2)) {
                free(*address);
                *address = NULL;
        } else if (!*address)
                *address = calloc(1, sizeof(Address));
        if (*address && draw(2))
                change_address(*address);
}

static void change_part(Part *part) {
        part->type = draw(3);
        if (draw(2))
                draw_text(&part->source);
        if (draw(3) == 0)
                draw_text(&part->text);
        if (draw(2))
                draw_text(&part->common.alias);
        part->common.order = draw(2);
        part->readonly = draw(2);
        if (draw(2))
                change_address(&part->address);
        if (draw(2))
                memset(&part->address, 0, sizeof(Address));
        change_optional(&part->backing);
        if (draw(2)) {
                Host *host = map_list_add(&host_element, &part->hosts);

                draw_text(&host->name);
        } else if (part->hosts.n > 0)
                map_list_remove(&host_element, &part->hosts, draw(part->hosts.n));
}

static void change_lists(Whole *whole) {
        if (whole->parts.n > 0 && draw(2))
                map_list_remove(&part_element, &whole->parts, draw(whole->parts.n));
        if (draw(2))
                change_part(map_list_add(&part_element, &whole->parts));
        for (size_t i = 0; i < whole->parts.n; i++)
                if (draw(2))
                        change_part(whole->parts.items[i]);
        if (whole->parts.n > 1 && draw(2)) {
                size_t other = draw(whole->parts.n);
                Part *first = whole->parts.items[0];

                whole->parts.items[0] = whole->parts.items[other];
                whole->parts.items[other] = first;
        }
        if (draw(2)) {
                Extra *extra = map_list_add(&extra_element, &whole->extras);

                extra->value = strdup("-x");
        } else if (whole->extras.n > 0)
                map_list_remove(&extra_element, &whole->extras, draw(whole->extras.n));
}

static void change(Whole *whole) {
        static const char *const names[] = { "n", " a<b ", "\r" };

        free(whole->name);
        whole->name = strdup(names[draw(3)]);
        if (draw(2))
                draw_text(&whole->title);
        if (draw(2))
                draw_text(&whole->passwd);
        memset(&whole->uuid, draw(3), sizeof(Uuid));
        memset(&whole->mac, draw(3), sizeof(MacAddress));
        if (draw(2))
                whole->memory = draw(3);
        whole->size = draw(2) * UINT64_MAX;
        whole->offset = draw(3) ? 0 : INT64_MIN;
        whole->count = draw(2);
        whole->colour = draw(3);
        whole->acpi = draw(2);
        whole->apic = draw(2);
        whole->opaque = draw(2);
        whole->eoi = whole->apic ? draw(3) : TRISTATE_UNSET;
        whole->boot = draw(3);
        change_optional(&whole->cpu);
        change_lists(whole);
}

/* ---- the target ---- */

static char *print(xmlDoc *doc) {
        char *text;

        MUST(xml_print_doc(doc, &text) >= 0);
        return text;
}

static xmlDoc *reparse(const char *text) {
        xmlDoc *doc;

        MUST(xml_parse(text, "domain", &doc, NULL) >= 0);
        return doc;
}

static void must_say(xmlDoc *doc, const Whole *whole) {
        Whole again = {};

        MUST(map_load(&whole_element, xmlDocGetRootElement(doc), &again, NULL) >= 0);
        MUST(same_rows(&whole_element, whole, &again));
        map_clear(&whole_element, &again);
}

/* The tree, a copy of it, and its text read again all say what the struct says, in the same
 * bytes. */
static void must_agree(xmlDoc *doc, const Whole *whole) {
        char *text = print(doc);
        xmlDoc *copy = xmlCopyDoc(doc, 1), *other = reparse(text);
        char *copied = print(copy), *again = print(other);

        must_say(doc, whole);
        must_say(copy, whole);
        must_say(other, whole);
        MUST(strcmp(text, copied) == 0);
        MUST(strcmp(text, again) == 0);
        free(text);
        free(copied);
        free(again);
        xmlFreeDoc(copy);
        xmlFreeDoc(other);
}

static void must_store_nothing(xmlDoc *doc, const Whole *whole) {
        char *before = print(doc);

        MUST(map_store(&whole_element, xmlDocGetRootElement(doc), whole) >= 0);
        char *after = print(doc);
        MUST(strcmp(before, after) == 0);
        free(before);
        free(after);
}

static void must_strip(xmlDoc *doc, MapFlags flags) {
        xmlNode *root = xmlDocGetRootElement(doc);

        map_strip(&whole_element, root, flags);
        MUST(!map_has(&whole_element, root, flags));
        char *text = print(doc);
        xmlDoc *again = reparse(text);
        MUST(!map_has(&whole_element, xmlDocGetRootElement(again), flags));
        free(text);
        xmlFreeDoc(again);
}

static void check(xmlDoc *doc) {
        xmlNode *root = xmlDocGetRootElement(doc);
        Whole whole = {};
        Error error = {};

        (void) map_unknown(&whole_element, root, NULL, NULL);
        if (map_load(&whole_element, root, &whole, &error) >= 0) {
                must_store_nothing(doc, &whole);
                must_agree(doc, &whole);
                for (int i = 0; i < 4; i++) {
                        change(&whole);
                        MUST(map_store(&whole_element, root, &whole) >= 0);
                        must_store_nothing(doc, &whole);
                        must_agree(doc, &whole);
                }
                MUST(map_canonicalize(&whole_element, root, &whole) >= 0);
                must_agree(doc, &whole);
                must_store_nothing(doc, &whole);
                must_strip(doc, MAP_LIVE);
                must_strip(doc, MAP_SECRET);
        } else
                MUST(error.code != ERROR_NONE && error.message);
        map_clear(&whole_element, &whole);
        error_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *) data, size);
        Error error = {};
        xmlDoc *doc;

        seed = 1;
        for (size_t i = 0; i < size; i++)
                seed = (seed ^ data[i]) * 1099511628211u;
        if (xml_parse(text, "domain", &doc, &error) >= 0) {
                char *first = print(doc);
                xmlDoc *again = reparse(first);
                char *second = print(again);

                MUST(strcmp(first, second) == 0);
                free(first);
                free(second);
                xmlFreeDoc(again);
                check(doc);
                xmlFreeDoc(doc);
        } else
                MUST(error.code == ERROR_XML && error.message);
        error_clear(&error);
        free(text);
        return 0;
}
