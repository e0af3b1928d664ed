/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests over the sample documents share: whether one document says all that another does,
 * and documents that nobody wrote. */
#pragma once

#include <ctype.h>

#include "conf/map.h"
#include "tests/unit/check.h"

/* ---- nothing lost ---- */

static bool same_words(const char *a, const char *b) {
        while (*a && *b) {
                if (tolower((unsigned char) *a) == tolower((unsigned char) *b))
                        a++, b++;
                else if (*a == '-' || isspace((unsigned char) *a))
                        a++;
                else if (*b == '-' || isspace((unsigned char) *b))
                        b++;
                else
                        return false;
        }
        while (isspace((unsigned char) *a))
                a++;
        while (isspace((unsigned char) *b))
                b++;
        return !*a && !*b;
}

static int base_of(const char *text) {
        return text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
}

/* The same number, the same MAC address, the same uuid, the same text. */
static bool same_value(const char *a, const char *b) {
        char *end_a, *end_b;
        unsigned long long x = strtoull(a, &end_a, base_of(a)), y = strtoull(b, &end_b, base_of(b));
        MacAddress mac_a, mac_b;

        if (*a && *b && !*end_a && !*end_b)
                return x == y;
        if (mac_parse(a, &mac_a) >= 0 && mac_parse(b, &mac_b) >= 0)
                return memcmp(&mac_a, &mac_b, sizeof(mac_a)) == 0;
        return same_words(a, b);
}

static char *own_text(const xmlNode *node) {
        char *text = strdup("");

        for (const xmlNode *child = node->children; child; child = child->next) {
                if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE)
                        continue;
                char *longer = NULL;
                CHECK(asprintf(&longer, "%s%s", text, (const char *) child->content) >= 0);
                free(text);
                text = longer;
        }
        return text;
}

static char *attribute(const xmlNode *node, const char *name) {
        return (char *) xmlGetNoNsProp((xmlNode *) node, (const xmlChar *) name);
}

static bool same_size(const MapType *size, const xmlNode *a, const xmlNode *b, const char *text_a,
                      const char *text_b) {
        _cleanup_(freep) char *unit_a = attribute(a, "unit"), *unit_b = attribute(b, "unit");
        _cleanup_(freep) char *whole_a = NULL, *whole_b = NULL;
        uint64_t x = 0, y = 0;

        if (!unit_a && !unit_b)
                return false;
        CHECK(asprintf(&whole_a, "%s %s", text_a, unit_a ?: "") >= 0);
        CHECK(asprintf(&whole_b, "%s %s", text_b, unit_b ?: "") >= 0);
        return size->parse(NULL, whole_a, &x) >= 0 && size->parse(NULL, whole_b, &y) >= 0 && x == y;
}

typedef struct Loss {
        bool (*may_change)(const char *path); /* what is no loss; the path without indexes */
        const MapType *size;                  /* of elements with a unit */
        size_t values, lost;
        char *first;
} Loss;

static void lose(Loss *loss, const char *path) {
        if (loss->may_change(path))
                return;
        loss->lost++;
        if (!loss->first)
                loss->first = strdup(path);
}

static void compare(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss);

static bool same_name(const xmlNode *a, const xmlNode *b) {
        return a->type == XML_ELEMENT_NODE && b->type == XML_ELEMENT_NODE &&
               xmlStrEqual(a->name, b->name) && !a->ns == !b->ns;
}

static size_t count_values(const xmlNode *node) {
        size_t n = 1;

        for (const xmlAttr *a = node->properties; a; a = a->next)
                n++;
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        n += count_values(child);
        return n;
}

/* The child that keeps most of another and adds least; each is taken once. */
static const xmlNode *counterpart(const xmlNode *child, const xmlNode *out, const char *path,
                                  const xmlNode **taken, size_t n_taken, const Loss *all) {
        const xmlNode *best = NULL;
        size_t least = SIZE_MAX;

        for (const xmlNode *c = out->children; c; c = c->next) {
                bool free_ = same_name(child, c);
                Loss loss = { .may_change = all->may_change, .size = all->size };

                for (size_t i = 0; i < n_taken && free_; i++)
                        free_ = taken[i] != c;
                if (!free_)
                        continue;
                compare(child, c, path, &loss);
                free(loss.first);
                if (loss.lost * 1000 + count_values(c) < least) {
                        least = loss.lost * 1000 + count_values(c);
                        best = c;
                }
        }
        return best;
}

static void compare_children(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss) {
        const xmlNode *taken[2048];
        size_t n = 0;

        for (const xmlNode *child = in->children; child; child = child->next) {
                _cleanup_(freep) char *below = NULL;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                CHECK(asprintf(&below, "%s/%s", path, (const char *) child->name) >= 0);
                loss->values++;
                const xmlNode *other = counterpart(child, out, below, taken, n, loss);
                if (!other) {
                        lose(loss, below);
                        continue;
                }
                CHECK(n < ELEMENTS(taken));
                taken[n++] = other;
                compare(child, other, below, loss);
        }
}

static void compare(const xmlNode *in, const xmlNode *out, const char *path, Loss *loss) {
        _cleanup_(freep) char *text_in = own_text(in), *text_out = own_text(out);
        bool sized = same_size(loss->size, in, out, text_in, text_out);

        for (const xmlAttr *a = in->properties; a; a = a->next) {
                _cleanup_(freep) char *was = attribute(in, (const char *) a->name);
                _cleanup_(freep) char *is = attribute(out, (const char *) a->name), *below = NULL;

                loss->values++;
                if (sized && strcmp((const char *) a->name, "unit") == 0)
                        continue;
                CHECK(asprintf(&below, "%s/@%s", path, (const char *) a->name) >= 0);
                if (a->ns ? !xmlHasNsProp((xmlNode *) out, a->name, a->ns->href)
                          : !is || !same_value(was, is))
                        lose(loss, below);
        }
        loss->values++;
        if (!sized && !same_value(text_in, text_out))
                lose(loss, path);
        compare_children(in, out, path, loss);
}

/* ---- files ---- */

/* Inlined, gcc 12 takes what getdelim() allocated for the variable that names it. */
__attribute__((noinline, unused)) static char *read_text(const char *folder, const char *file) {
        _cleanup_(freep) char *path = NULL;
        char *text = NULL;
        size_t room = 0;

        CHECK(asprintf(&path, "%s/%s", folder, file) >= 0);
        FILE *f = fopen(path, "re");
        CHECK(f);
        ssize_t n = getdelim(&text, &room, 0, f);
        fclose(f);
        CHECK(n > 0);
        return text;
}

/* ---- documents that nobody wrote ---- */

static uint32_t random_state = 1;

static uint32_t next_random(void) {
        random_state = random_state * 1664525 + 1013904223;
        return random_state >> 8;
}

/* Puts the first letter of one attribute into another (most often, as it stays well formed),
 * changes a byte, drops a stretch, or cuts the end off. */
static __attribute__((unused)) void mutate(char *text) {
        size_t n = strlen(text), at = next_random() % n, to = next_random() % n;

        switch (MIN(next_random() % 8, 3)) {
        case 0:
                text[at] = 0;
                break;
        case 1:
                text[at] = "0<>'\"/&x-9"[next_random() % 10];
                break;
        case 2:
                if (at < to)
                        memmove(text + at, text + to, n - to + 1);
                break;
        case 3: {
                char *quote = strchr(text + at, '\''), *other = strchr(text + to, '\'');
                if (quote && other && quote[1] && other[1] && isalnum((unsigned char) quote[1]) &&
                    isalnum((unsigned char) other[1]))
                        quote[1] = other[1];
                break;
        }
        }
}
