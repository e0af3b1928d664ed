/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules about sets of processors and memory nodes: <cputune>, <numatune>, huge pages, guest NUMA.
 */
#include "conf/domain-rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- sets of numbers: "0-3,^2,8" ---- */

#define SET_MAX 16384

typedef struct Set {
        uint64_t bits[SET_MAX / 64];
} Set;

static bool set_has(const Set *set, size_t n) {
        return n < SET_MAX && set->bits[n / 64] >> (n % 64) & 1;
}

static void set_put(Set *set, size_t n, bool value) {
        if (value)
                set->bits[n / 64] |= UINT64_C(1) << (n % 64);
        else
                set->bits[n / 64] &= ~(UINT64_C(1) << (n % 64));
}

static bool set_overlaps(const Set *a, const Set *b) {
        for (size_t i = 0; i < ELEMENTS(a->bits); i++)
                if (a->bits[i] & b->bits[i])
                        return true;
        return false;
}

static bool set_equal(const Set *a, const Set *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

static bool set_within(const Set *a, const Set *b) {
        for (size_t i = 0; i < ELEMENTS(a->bits); i++)
                if (a->bits[i] & ~b->bits[i])
                        return false;
        return true;
}

/* The highest number in it and one; 0 for an empty set. */
static size_t set_end(const Set *set) {
        for (size_t n = SET_MAX; n > 0; n--)
                if (set_has(set, n - 1))
                        return n;
        return 0;
}

static void set_add(Set *set, const Set *other) {
        for (size_t i = 0; i < ELEMENTS(set->bits); i++)
                set->bits[i] |= other->bits[i];
}

static int read_index(const char **text, size_t *ret) {
        char *end;

        if (**text < '0' || **text > '9')
                return -EINVAL;
        unsigned long n = strtoul(*text, &end, 10);
        if (n >= SET_MAX)
                return -ERANGE;
        *text = end;
        *ret = n;
        return 0;
}

static int set_parse(const char *text, Set *ret) {
        *ret = (Set) {};
        for (;;) {
                size_t from, to;

                text += strspn(text, " \t\n");
                bool value = *text != '^';
                text += !value;
                if (read_index(&text, &from) < 0)
                        return -EINVAL;
                to = from;
                if (*text == '-' && text++ && read_index(&text, &to) < 0)
                        return -EINVAL;
                if (to < from)
                        return -EINVAL;
                for (size_t n = from; n <= to; n++)
                        set_put(ret, n, value);
                text += strspn(text, " \t\n");
                if (!*text)
                        return 0;
                if (*text++ != ',')
                        return -EINVAL;
        }
}

static int read_set(const xmlNode *node, const char *attribute, Set *ret, Error *error) {
        _cleanup_(freep) char *text = attribute_of(node, attribute);

        *ret = (Set) {};
        if (!text)
                return fail_at(error, ERROR_XML, node, "missing attribute '%s'", attribute);
        if (set_parse(text, ret) < 0)
                return fail_at(error, ERROR_XML, node,
                               "'%s' of attribute '%s' is no list of numbers like "
                               "0-3,^2,8",
                               text, attribute);
        return 0;
}

/* ---- <cputune> ---- */

/* No number may be in two elements of a name. */
static int check_disjoint(const xmlNode *parent, const char *name, const char *attribute,
                          Error *error) {
        Set all = {};

        for (const xmlNode *node = parent->children; node; node = node->next) {
                Set set;
                int r;

                if (!is_named(node, name))
                        continue;
                if ((r = read_set(node, attribute, &set, error)) < 0)
                        return r;
                if (set_overlaps(&all, &set))
                        return fail_at(error, ERROR_XML, node,
                                       "'%s' attributes '%s' must not overlap", name, attribute);
                set_add(&all, &set);
        }
        return 0;
}

static int check_priorities(const xmlNode *tune, Error *error) {
        for (const xmlNode *node = tune->children; node; node = node->next) {
                if (!is_named(node, "vcpusched") && !is_named(node, "iothreadsched"))
                        continue;

                _cleanup_(freep) char *scheduler = attribute_of(node, "scheduler");
                _cleanup_(freep) char *priority = attribute_of(node, "priority");
                if ((is_text(scheduler, "fifo") || is_text(scheduler, "rr")) && !priority)
                        return fail_at(error, ERROR_XML, node, "Missing scheduler priority");
        }
        return 0;
}

static bool same_attribute(const xmlNode *a, const xmlNode *b, const char *name) {
        _cleanup_(freep) char *x = attribute_of(a, name), *y = attribute_of(b, name);

        return x && y && strcmp(x, y) == 0;
}

/* Of one cache, either all is allocated at once, or code and data apart. */
static int check_caches(const xmlNode *tune, Error *error) {
        for (const xmlNode *a = tune->children; a; a = a->next) {
                if (!is_named(a, "cache"))
                        continue;

                _cleanup_(freep) char *type_a = attribute_of(a, "type");
                for (const xmlNode *b = a->next; b; b = b->next) {
                        if (!is_named(b, "cache") || !same_attribute(a, b, "id") ||
                            !same_attribute(a, b, "level"))
                                continue;

                        _cleanup_(freep) char *type_b = attribute_of(b, "type");
                        if (is_text(type_a, "both") || is_text(type_b, "both") ||
                            same_attribute(a, b, "type"))
                                return fail_at(error, ERROR_XML, b,
                                               "colliding cache allocations for cache "
                                               "type '%s'",
                                               type_b ?: "");
                }
        }
        return 0;
}

static int check_monitors(const xmlNode *tune, const Set *vcpus, Error *error) {
        for (const xmlNode *a = tune->children; a; a = a->next) {
                Set of_a, of_b;
                int r;

                if (!is_named(a, "monitor"))
                        continue;
                if ((r = read_set(a, "vcpus", &of_a, error)) < 0)
                        return r;
                if (!set_within(&of_a, vcpus))
                        return fail_at(error, ERROR_XML, a,
                                       "monitor has vcpus that its allocation lacks");
                for (const xmlNode *b = tune->children; b != a; b = b->next) {
                        if (!is_named(b, "monitor"))
                                continue;
                        if ((r = read_set(b, "vcpus", &of_b, error)) < 0)
                                return r;
                        if (set_equal(&of_a, &of_b))
                                return fail_at(error, ERROR_XML, a,
                                               "identical vcpus in two monitors");
                        if (set_overlaps(&of_a, &of_b) && !set_equal(&of_a, vcpus) &&
                            !set_equal(&of_b, vcpus))
                                return fail_at(error, ERROR_XML, a, "vcpus overlap in monitors");
                }
        }
        return 0;
}

static bool is_allocation(const xmlNode *node) {
        return is_named(node, "cachetune") || is_named(node, "memorytune");
}

/* Cache and memory bandwidth may be given for the same processors, but not for some of them. */
static int check_allocations(const xmlNode *tune, Error *error) {
        for (const xmlNode *a = tune->children; a; a = a->next) {
                Set of_a, of_b;
                int r;

                if (!is_allocation(a))
                        continue;
                if ((r = read_set(a, "vcpus", &of_a, error)) < 0 ||
                    (r = check_caches(a, error)) < 0 || (r = check_monitors(a, &of_a, error)) < 0)
                        return r;
                for (const xmlNode *b = tune->children; b != a; b = b->next) {
                        if (!is_allocation(b))
                                continue;
                        if ((r = read_set(b, "vcpus", &of_b, error)) < 0)
                                return r;
                        if (!set_overlaps(&of_a, &of_b))
                                continue;
                        if (xmlStrEqual(a->name, b->name) || !set_equal(&of_a, &of_b))
                                return fail_at(error, ERROR_XML, a,
                                               "vcpus overlap those of another <%s>",
                                               (const char *) b->name);
                }
        }
        return 0;
}

int cputune_check(const DomainConf *conf, const xmlNode *node, Error *error) {
        int r;

        if ((r = check_disjoint(node, "vcpupin", "vcpu", error)) < 0 ||
            (r = check_disjoint(node, "vcpusched", "vcpus", error)) < 0 ||
            (r = check_disjoint(node, "iothreadsched", "iothreads", error)) < 0 ||
            (r = check_disjoint(node, "iothreadpin", "iothread", error)) < 0 ||
            (r = check_priorities(node, error)) < 0)
                return r;
        return check_allocations(node, error);
}

/* ---- NUMA ---- */

static size_t count_cells(const DomainConf *conf) {
        return conf->cpu ? conf->cpu->cells.n : 0;
}

int numatune_check(const DomainConf *conf, const xmlNode *node, Error *error) {
        const xmlNode *memory = child_of(node, "memory");
        _cleanup_(freep) char *mode = attribute_of(memory, "mode");
        Set all = {};
        int r;

        for (const xmlNode *memnode = node->children; memnode; memnode = memnode->next) {
                Set cell, nodes;

                if (!is_named(memnode, "memnode"))
                        continue;

                _cleanup_(freep) char *own = attribute_of(memnode, "mode");
                if (count_cells(conf) == 0)
                        return fail_at(error, ERROR_XML, memnode,
                                       "Element 'memnode' is invalid without any guest "
                                       "NUMA cells");
                if (mode && own && is_text(mode, "restrictive") != is_text(own, "restrictive"))
                        return fail_at(error, ERROR_XML, memnode,
                                       "'restrictive' mode is required in memnode "
                                       "and memory elements alike");
                if ((r = read_set(memnode, "cellid", &cell, error)) < 0 ||
                    (r = read_set(memnode, "nodeset", &nodes, error)) < 0)
                        return r;
                if (set_end(&cell) > count_cells(conf))
                        return fail_at(error, ERROR_XML, memnode,
                                       "Argument 'cellid' in memnode element must "
                                       "correspond to existing guest's NUMA cell");
                if (set_overlaps(&all, &cell))
                        return fail_at(error, ERROR_XML, memnode,
                                       "Multiple 'memnode' elements with one 'cellid'");
                set_add(&all, &cell);
        }
        if (memory && xmlHasProp((xmlNode *) memory, (const xmlChar *) "nodeset"))
                return read_set(memory, "nodeset", &all, error);
        return 0;
}

int cells_check(const DomainConf *conf, const xmlNode *root, Error *error) {
        Set ids = {}, cpus = {};

        for (size_t i = 0; i < count_cells(conf); i++) {
                const NumaCell *cell = conf->cpu->cells.items[i];
                const xmlNode *node = cell->item.node;
                Set own = {};

                if (cell->id.set &&
                    (cell->id.value >= count_cells(conf) || set_has(&ids, cell->id.value)))
                        return fail_at(error, ERROR_XML, node,
                                       "NUMA cells must be numbered from 0 without gaps");
                if (cell->id.set)
                        set_put(&ids, cell->id.value, true);
                if (cell->cpus && set_parse(cell->cpus, &own) < 0)
                        return fail_at(error, ERROR_XML, node, "cpus '%s' are no list of numbers",
                                       cell->cpus);
                if (set_overlaps(&cpus, &own))
                        return fail_at(error, ERROR_XML, node,
                                       "NUMA cells have overlapping vCPU ids");
                set_add(&cpus, &own);
        }
        if (set_end(&cpus) > conf->vcpus)
                return fail_at(error, ERROR_XML, root,
                               "Number of CPUs in <numa> exceeds the <vcpu> count");
        return 0;
}

/* ---- huge pages ---- */

/* Pages without nodes are for all nodes, and so is node 0 of a guest that has no NUMA cells. */
static bool is_master(const DomainConf *conf, const xmlNode *page) {
        return count_cells(conf) == 0 || !xmlHasProp((xmlNode *) page, (const xmlChar *) "nodeset");
}

int hugepages_check(const DomainConf *conf, const xmlNode *node, Error *error) {
        const xmlNode *pages = child_of(node, "hugepages");
        const xmlNode *master = NULL;
        Set all = {};

        for (const xmlNode *page = pages ? pages->children : NULL; page; page = page->next) {
                Set nodes = {};
                int r;

                if (!is_named(page, "page"))
                        continue;
                if (is_master(conf, page) && master)
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, page,
                                       "two master hugepages detected");
                if (is_master(conf, page))
                        master = page;
                if (!xmlHasProp((xmlNode *) page, (const xmlChar *) "nodeset"))
                        continue;
                if ((r = read_set(page, "nodeset", &nodes, error)) < 0)
                        return r;
                if (set_end(&nodes) > MAX(count_cells(conf), 1))
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, page,
                                       "hugepages: node %zu not found", set_end(&nodes) - 1);
                if (set_overlaps(&all, &nodes))
                        return fail_at(error, ERROR_CONFIG_UNSUPPORTED, page,
                                       "a node has two sizes of hugepages");
                set_add(&all, &nodes);
        }
        return 0;
}
