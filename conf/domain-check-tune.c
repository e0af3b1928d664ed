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

static int read_set(const xmlNode *node, const char *text, Set *ret, Error *error) {
        *ret = (Set) {};
        if (text && set_parse(text, ret) < 0)
                return fail_at(error, ERROR_XML, node,
                               "'%s' is no list of numbers like 0-3,^2,8", text);
        if (text && set_end(ret) == 0)
                return fail_at(error, ERROR_XML, node, "'%s' leaves nothing", text);
        return 0;
}

/* ---- <cputune> ---- */

/* present: which ids there are; NULL: pins of others wait for them. */
static int check_pins(CpuPin *const *pins, size_t n, const char *what, const Set *present,
                      Error *error) {
        Set all = {}, cpus;

        for (size_t i = 0; i < n; i++) {
                const xmlNode *node = pins[i]->item.node;
                int r = read_set(node, pins[i]->cpuset, &cpus, error);

                if (r < 0)
                        return r;
                if (set_has(&all, pins[i]->id.value))
                        return fail_at(error, ERROR_XML, node, "duplicate pin of %s %" PRIu32,
                                       what, pins[i]->id.value);
                if (present && !set_has(present, pins[i]->id.value))
                        return fail_at(error, ERROR_XML, node, "Cannot find %s %" PRIu32, what,
                                       pins[i]->id.value);
                if (pins[i]->id.value < SET_MAX)
                        set_put(&all, pins[i]->id.value, true);
        }
        return 0;
}

/* Each thread is in one schedule at most. */
static int check_schedules(CpuSchedule *const *schedules, size_t n, const Set *present,
                           Error *error) {
        Set all = {}, ids;

        for (size_t i = 0; i < n; i++) {
                const CpuSchedule *schedule = schedules[i];
                const xmlNode *node = schedule->item.node;
                bool real_time = is_one_of(schedule->scheduler, WORDS("fifo", "rr"));
                int r = read_set(node, schedule->ids, &ids, error);

                if (r < 0)
                        return r;
                if (real_time && !schedule->priority.set)
                        return fail_at(error, ERROR_XML, node, "Missing scheduler priority");
                if (set_overlaps(&all, &ids))
                        return fail_at(error, ERROR_XML, node,
                                       "'%s' must not overlap those of another <%s>",
                                       schedule->ids, (const char *) node->name);
                if (!set_within(&ids, present))
                        return fail_at(error, ERROR_XML, node,
                                       "one of %s '%s' is not present in the domain",
                                       (const char *) node->name, schedule->ids);
                set_add(&all, &ids);
        }
        return 0;
}

/* Of one cache, either all is allocated at once, or code and data apart. */
static int check_allocations(const ResourceGroup *group, Error *error) {
        for (size_t i = 0; i < group->caches.n; i++)
                for (size_t k = 0; k < i; k++) {
                        const CacheShare *a = group->caches.items[k], *b = group->caches.items[i];

                        if (a->id.value == b->id.value && a->level.value == b->level.value &&
                            (is_text(a->type, "both") || is_text(b->type, "both") ||
                             is_text(a->type, b->type)))
                                return fail_at(error, ERROR_XML, b->item.node,
                                               "colliding cache allocations for cache type '%s'",
                                               b->type);
                }
        for (size_t i = 0; i < group->nodes.n; i++) {
                const BandwidthShare *own = group->nodes.items[i];
                bool twice = false;

                for (size_t k = 0; k < i; k++)
                        twice = twice || group->nodes.items[k]->id.value == own->id.value;
                if (twice || own->bandwidth.value > 100)
                        return fail_at(error, ERROR_XML, own->item.node,
                                       "the memory bandwidth of a node is given once, and 100 at "
                                       "most");
        }
        return 0;
}

static int check_monitors(const ResourceGroup *group, const Set *vcpus, Error *error) {
        for (size_t i = 0; i < group->monitors.n; i++) {
                const ResourceMonitor *monitor = group->monitors.items[i];
                const xmlNode *node = monitor->item.node;
                Set own, other;
                int r = read_set(node, monitor->vcpus, &own, error);

                if (r < 0)
                        return r;
                if (!set_within(&own, vcpus))
                        return fail_at(error, ERROR_XML, node,
                                       "monitor has vcpus that its allocation lacks");
                for (size_t k = 0; k < i; k++) {
                        (void) set_parse(group->monitors.items[k]->vcpus, &other);
                        if (set_equal(&own, &other))
                                return fail_at(error, ERROR_XML, node,
                                               "identical vcpus in two monitors");
                        if (set_overlaps(&own, &other) && !set_equal(&own, vcpus) &&
                            !set_equal(&other, vcpus))
                                return fail_at(error, ERROR_XML, node, "vcpus overlap in monitors");
                }
        }
        return 0;
}

/* Cache and memory bandwidth may be given for the same processors, but not for some of them. */
static int check_overlap(const ResourceGroup *group, ResourceGroup *const *others, size_t n,
                         bool same_kind, Error *error) {
        Set own, other;

        (void) set_parse(group->vcpus, &own);
        for (size_t i = 0; i < n; i++) {
                if (set_parse(others[i]->vcpus, &other) < 0 || !set_overlaps(&own, &other))
                        continue;
                if (same_kind || !set_equal(&own, &other))
                        return fail_at(error, ERROR_XML, group->item.node,
                                       "vcpus overlap those of another <%s>",
                                       (const char *) others[i]->item.node->name);
        }
        return 0;
}

static int check_group(const ResourceGroup *group, Error *error) {
        Set vcpus;
        int r;

        if ((r = read_set(group->item.node, group->vcpus, &vcpus, error)) < 0 ||
            (r = check_allocations(group, error)) < 0)
                return r;
        return check_monitors(group, &vcpus, error);
}

static int check_groups(const CpuTune *tune, Error *error) {
        int r = 0;

        for (size_t i = 0; i < tune->caches.n && r >= 0; i++)
                if ((r = check_group(tune->caches.items[i], error)) >= 0)
                        r = check_overlap(tune->caches.items[i], tune->caches.items, i, true,
                                          error);
        for (size_t i = 0; i < tune->memories.n && r >= 0; i++) {
                const ResourceGroup *group = tune->memories.items[i];

                if ((r = check_group(group, error)) >= 0 &&
                    (r = check_overlap(group, tune->memories.items, i, true, error)) >= 0)
                        r = check_overlap(group, tune->caches.items, tune->caches.n, false, error);
        }
        return r;
}

/* Those with ids of their own, and others up to the number of all. */
static Set iothreads_of(const DomainConf *conf) {
        size_t left = conf->iothreads > conf->iothread_ids.n
                              ? conf->iothreads - conf->iothread_ids.n
                              : 0;
        Set ids = {};

        for (size_t i = 0; i < conf->iothread_ids.n; i++)
                if (conf->iothread_ids.items[i]->id.value < SET_MAX)
                        set_put(&ids, conf->iothread_ids.items[i]->id.value, true);
        for (size_t id = 1; left > 0 && id < SET_MAX; id++)
                if (!set_has(&ids, id)) {
                        set_put(&ids, id, true);
                        left--;
                }
        return ids;
}

static int check_cputune(const DomainConf *conf, const xmlNode *root, Error *error) {
        const CpuTune *tune = &conf->cputune;
        const xmlNode *pin = child_of(child_of(root, "cputune"), "emulatorpin");
        Set vcpus = {}, threads = iothreads_of(conf), cpus;
        int r;

        for (size_t i = 0; i < conf->vcpus && i < SET_MAX; i++)
                set_put(&vcpus, i, true);
        if ((r = read_set(root, conf->vcpu_cpuset, &cpus, error)) < 0 ||
            (r = read_set(root, tune->emulator_cpuset, &cpus, error)) < 0 ||
            (r = check_pins(tune->vcpus.items, tune->vcpus.n, "vcpu", NULL, error)) < 0 ||
            (r = check_pins(tune->iothreads.items, tune->iothreads.n, "iothread", &threads,
                            error)) < 0 ||
            (r = check_schedules(tune->vcpu_schedules.items, tune->vcpu_schedules.n, &vcpus,
                                 error)) < 0 ||
            (r = check_schedules(tune->iothread_schedules.items, tune->iothread_schedules.n,
                                 &threads, error)) < 0)
                return r;
        while (pin && (pin = pin->next))
                if (is_named(pin, "emulatorpin"))
                        return fail_at(error, ERROR_XML, pin, "only one emulatorpin is supported");
        return check_groups(tune, error);
}

/* ---- <vcpus>, <iothreadids> ---- */

static int check_threads(const DomainConf *conf, const xmlNode *root, Error *error) {
        Set ids = {}, vcpus = {}, orders = {};
        size_t online = 0, ordered = 0;
        int r = 0;

        for (size_t i = 0; i < conf->iothread_ids.n && r >= 0; i++) {
                const IoThread *thread = conf->iothread_ids.items[i];

                r = RULES(thread->item.node, error,
                          { thread->id.value == 0, "invalid iothread 'id' value '0'" },
                          { set_has(&ids, thread->id.value), "duplicate iothread id found" },
                          { thread->pool_min.set && thread->pool_max.set &&
                                    thread->pool_min.value > thread->pool_max.value,
                            "thread_pool_min is more than thread_pool_max" });
                if (thread->id.value < SET_MAX)
                        set_put(&ids, thread->id.value, true);
        }
        for (size_t i = 0; i < conf->vcpu_states.n && r >= 0; i++) {
                const VcpuState *vcpu = conf->vcpu_states.items[i];
                bool off = vcpu->enabled == TRISTATE_NO;

                r = RULES(vcpu->item.node, error,
                          { vcpu->id.value >= conf->vcpus, "no such vcpu in the domain" },
                          { vcpu->order.set && vcpu->order.value == 0,
                            "vcpu order begins with 1" },
                          { vcpu->order.set && vcpu->order.value > conf->vcpus,
                            "vcpu order exceeds vcpu count" },
                          { set_has(&vcpus, vcpu->id.value) ||
                                    (vcpu->order.set && set_has(&orders, vcpu->order.value)),
                            "a vcpu or vcpu order is there twice" },
                          { off && vcpu->hotpluggable == TRISTATE_NO,
                            "a vcpu is both offline and not hotpluggable" });
                if (r >= 0)
                        set_put(&vcpus, vcpu->id.value, true);
                if (r >= 0 && vcpu->order.set)
                        set_put(&orders, vcpu->order.value, true);
                online += !off;
                ordered += !off && vcpu->order.set;
        }
        if (r >= 0 && ordered > 0 && ordered < online)
                return fail_at(error, ERROR_XML, root,
                               "all vcpus must have either set or unset order");
        return r;
}

/* ---- NUMA ---- */

static size_t count_cells(const DomainConf *conf) {
        return conf->cpu ? conf->cpu->cells.n : 0;
}

static int check_numatune(const DomainConf *conf, const xmlNode *root, Error *error) {
        const NumaTune *tune = &conf->numatune;
        Set all = {}, nodes;
        int r = read_set(root, tune->nodeset, &nodes, error);

        for (size_t i = 0; i < tune->nodes.n && r >= 0; i++) {
                const NumaNode *own = tune->nodes.items[i];
                const xmlNode *node = own->item.node;
                bool mixed = tune->mode && own->mode &&
                             is_text(tune->mode, "restrictive") !=
                                     is_text(own->mode, "restrictive");

                if ((r = read_set(node, own->nodeset, &nodes, error)) < 0)
                        return r;
                r = RULES(node, error,
                          { is_text(tune->placement, "auto"),
                            "Per-node binding is not compatible with automatic NUMA placement" },
                          { count_cells(conf) == 0, "Element 'memnode' is invalid without any "
                                                    "guest NUMA cells" },
                          { mixed, "'restrictive' mode is required in memnode and memory elements "
                                   "alike" },
                          { own->cell.value >= count_cells(conf),
                            "Argument 'cellid' in memnode element must correspond to existing "
                            "guest's NUMA cell" },
                          { set_has(&all, own->cell.value),
                            "Multiple 'memnode' elements with one 'cellid'" });
                if (r >= 0)
                        set_put(&all, own->cell.value, true);
        }
        return r;
}

static int check_distances(const DomainConf *conf, const NumaCell *cell, size_t id, Error *error) {
        Set ids = {};
        int r = 0;

        for (size_t i = 0; i < cell->distances.n && r >= 0; i++) {
                const NumaDistance *to = cell->distances.items[i];
                uint32_t distance = to->distance.value;

                r = RULES(to->item.node, error,
                          { to->cell.value >= count_cells(conf),
                            "a distance is to a cell that isn't there" },
                          { set_has(&ids, to->cell.value), "a distance to a cell is there twice" },
                          { distance < 10 || distance > 255,
                            "a distance must be in the range of 10 to 255" },
                          { to->cell.value == id && distance != 10,
                            "the distance of a cell to itself must be 10" });
                if (r >= 0)
                        set_put(&ids, to->cell.value, true);
        }
        return r;
}

/* Rows name cells by number, and may leave the numbers out. */
static bool has_cache(const DomainConf *conf, const NumaLink *link) {
        bool found = link->cache.value == 0;

        for (size_t i = 0; i < count_cells(conf) && !found; i++) {
                const NumaCell *cell = conf->cpu->cells.items[i];

                for (size_t k = 0; k < cell->caches.n; k++)
                        found = found || ((cell->id.set ? cell->id.value : i) ==
                                                  link->target.value &&
                                          cell->caches.items[k]->level.value == link->cache.value);
        }
        return found;
}

static int check_links(const DomainConf *conf, NumaLink *const *links, size_t n, Error *error) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = RULES(links[i]->item.node, error,
                          { links[i]->initiator.value >= count_cells(conf) ||
                                    links[i]->target.value >= count_cells(conf),
                            "'initiator' or 'target' refers to a non-existent NUMA node" },
                          { !has_cache(conf, links[i]),
                            "'cache' refers to a non-existent NUMA node cache" },
                          { links[i]->value == 0, "'value' must not be 0" });
        return r;
}

static int check_cells(const DomainConf *conf, const xmlNode *root, Error *error) {
        Set ids, cpus;

        if (!conf->cpu)
                return 0;
        ids = cpus = (Set) {};
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
                int r = check_distances(conf, cell, cell->id.set ? cell->id.value : i, error);
                if (r < 0)
                        return r;
        }
        if (set_end(&cpus) > conf->vcpus)
                return fail_at(error, ERROR_XML, root,
                               "Number of CPUs in <numa> exceeds the <vcpu> count");
        int r = check_links(conf, conf->cpu->latencies.items, conf->cpu->latencies.n, error);
        return r < 0 ? r : check_links(conf, conf->cpu->bandwidths.items, conf->cpu->bandwidths.n,
                                       error);
}

/* ---- huge pages ---- */

/* Pages without nodes are for all nodes, and so is node 0 of a guest that has no NUMA cells. */
static int check_hugepages(const DomainConf *conf, const xmlNode *root, Error *error) {
        const HugePage *master = NULL;
        Set all = {};
        int r = 0;

        for (size_t i = 0; i < conf->backing.pages.n && r >= 0; i++) {
                const HugePage *page = conf->backing.pages.items[i];
                bool for_all = count_cells(conf) == 0 || !page->nodeset;
                Set nodes = {};

                if ((r = read_set(page->item.node, page->nodeset, &nodes, error)) < 0)
                        return r;
                r = RULES(page->item.node, error,
                          { for_all && master, "two master hugepages detected" },
                          { set_end(&nodes) > MAX(count_cells(conf), 1),
                            "hugepages: node not found" },
                          { set_overlaps(&all, &nodes), "a node has two sizes of hugepages" });
                if (for_all)
                        master = page;
                set_add(&all, &nodes);
        }
        return r;
}

int domain_tune_check(const DomainConf *conf, const xmlNode *root, Error *error) {
        static int (*const rules[])(const DomainConf *, const xmlNode *, Error *) = {
                check_threads, check_cells, check_cputune, check_numatune, check_hugepages,
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(rules) && r >= 0; i++)
                r = rules[i](conf, root, error);
        return r;
}
