/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where processors run and would rather run: "cpus" and "cpus_soft", each a text for all of them or
 * a list with one for each, in words that sets of a document don't have: "all,^node:1". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/xen/keys.h"

static const char host_is_silent[] = "names processors, and the host doesn't tell of any";

/* ---- one set ---- */

/* "3" or "3-5"; the end of the text behind it. */
static bool read_range(const char *text, int *ret_first, int *ret_last) {
        char *end;
        long first = strtol(text, &end, 10), last = first;

        if (end == text)
                return false;
        if (*end == '-') {
                const char *from = end + 1;

                last = strtol(from, &end, 10);
                if (end == from)
                        return false;
        }
        if (*end || first < 0 || last < first || last > INT16_MAX)
                return false;
        *ret_first = (int) first;
        *ret_last = (int) last;
        return true;
}

static int find_nodes(XlList *list, int first, int last, libxl_bitmap *ret) {
        libxl_bitmap nodes;
        int rc;

        libxl_bitmap_init(&nodes);
        if (libxl_node_bitmap_alloc(list->ctx, &nodes, 0) != 0)
                return xl_list_refuse(list, host_is_silent);
        for (int i = first; i <= last; i++)
                if (libxl_bitmap_cpu_valid(&nodes, i))
                        libxl_bitmap_set(&nodes, i);
        rc = libxl_nodemap_to_cpumap(list->ctx, &nodes, ret);
        libxl_bitmap_dispose(&nodes);
        return rc == 0 ? 0 : xl_list_refuse(list, "names cells of the host that it hasn't");
}

/* The processors that one word means, without its "^". */
static int find_word(XlList *list, const char *word, libxl_bitmap *ret) {
        bool nodes = strncmp(word, "node:", 5) == 0 || strncmp(word, "nodes:", 6) == 0;
        int first, last;

        if (strcmp(word, "all") == 0) {
                libxl_bitmap_set_any(ret);
                return 0;
        }
        if (!read_range(nodes ? strchr(word, ':') + 1 : word, &first, &last))
                return xl_list_refuse(list, "has what is no set of processors");
        if (nodes)
                return find_nodes(list, first, last, ret);
        for (int i = first; i <= last; i++)
                if (libxl_bitmap_cpu_valid(ret, i))
                        libxl_bitmap_set(ret, i);
        return 0;
}

static int add_word(XlList *list, const char *word, libxl_bitmap *ret) {
        bool without = *word == '^';
        libxl_bitmap found;
        int r, i;

        libxl_bitmap_init(&found);
        if (libxl_cpu_bitmap_alloc(list->ctx, &found, 0) != 0)
                return xl_list_refuse(list, host_is_silent);
        r = find_word(list, word + without, &found);
        libxl_for_each_set_bit(i, found) {
                if (r < 0)
                        break;
                if (without)
                        libxl_bitmap_reset(ret, i);
                else
                        libxl_bitmap_set(ret, i);
        }
        libxl_bitmap_dispose(&found);
        return r;
}

static int read_set(XlList *list, const char *text, libxl_bitmap *ret) {
        _cleanup_(freep) char *copy = strdup(text);
        char *rest = NULL;
        int r = 0;

        libxl_bitmap_dispose(ret);
        libxl_bitmap_init(ret);
        if (!copy)
                return fail_memory(list->error);
        if (libxl_cpu_bitmap_alloc(list->ctx, ret, 0) != 0)
                return xl_list_refuse(list, host_is_silent);
        for (char *word = strtok_r(copy, ", ", &rest); word && r >= 0;
             word = strtok_r(NULL, ", ", &rest))
                r = add_word(list, word, ret);
        if (r >= 0 && libxl_bitmap_is_empty(ret))
                return xl_list_refuse(list, "names no processor of this host");
        return r;
}

/* ---- for each ---- */

int xl_set_cpus(XlList *list) {
        libxl_domain_build_info *build = &list->config->b_info;
        bool soft = strcmp(list->name, "cpus_soft") == 0;
        libxl_bitmap **maps = soft ? &build->vcpu_soft_affinity : &build->vcpu_hard_affinity;
        int *n = soft ? &build->num_vcpu_soft_affinity : &build->num_vcpu_hard_affinity, r = 0;
        size_t vcpus = MAX(build->max_vcpus, 1), all = list->value->text ? vcpus
                                                       : MIN(list->value->n, vcpus);

        if (!list->ctx)
                return 0;
        while (*n > 0)
                libxl_bitmap_dispose(&(*maps)[--*n]);
        for (size_t i = 0; r >= 0 && i < all; i++) {
                libxl_bitmap *map = xl_list_add(list, maps, n, sizeof(*map));

                if (!map)
                        return -ENOMEM;
                libxl_bitmap_init(map);
                r = read_set(list, xl_list_item(list, i), map);
        }
        libxl_defbool_set(&build->numa_placement, false);
        return r;
}

/* ---- and back ---- */

static void get_set(const libxl_bitmap *map, NativeConfig *ret, const char *key) {
        NativeSpec spec = {};
        int n = (int) map->size * 8;

        for (int i = 0; i < n; i++) {
                int last = i;

                if (!libxl_bitmap_test(map, i))
                        continue;
                while (last + 1 < n && libxl_bitmap_test(map, last + 1))
                        last++;
                if (last > i)
                        spec_add(&spec, "%d-%d", i, last);
                else
                        spec_add(&spec, "%d", i);
                i = last;
        }
        spec_finish(&spec, ret, key);
}

void xl_get_cpus(const libxl_domain_config *config, NativeConfig *ret) {
        const libxl_domain_build_info *build = &config->b_info;

        for (int i = 0; i < build->num_vcpu_hard_affinity; i++)
                get_set(&build->vcpu_hard_affinity[i], ret, "cpus");
        for (int i = 0; i < build->num_vcpu_soft_affinity; i++)
                get_set(&build->vcpu_soft_affinity[i], ret, "cpus_soft");
}
