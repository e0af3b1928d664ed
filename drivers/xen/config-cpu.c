/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's memory and processors as libxl is asked for them: how much, where on the host, what
 * they can do, and which is near to which. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define MIB 1024 /* KiB */
#define CELLS_MAX 64

/* ---- how much ---- */

static uint64_t whole_mib(uint64_t kib) {
        return (kib + MIB - 1) / MIB * MIB;
}

int config_memory(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainConf *conf = xen->conf;

        if (conf->max_memory > 0)
                return config_refuse(xen, "maxMemory: Xen's guests have no slots for memory");
        if (conf->backing.huge_pages)
                return config_refuse(xen, "memoryBacking/hugepages: Xen chooses its own");
        if (config_is(conf->backing.access, "shared"))
                return config_refuse(xen, "memoryBacking/access: Xen's guests share by grants");
        build->max_memkb = whole_mib(conf->memory);
        build->target_memkb = whole_mib(conf->current_memory ?: conf->memory);
        build->shadow_memkb = libxl_get_required_shadow_memory(build->max_memkb, conf->vcpus);
        return 0;
}

/* ---- how many, and how much of the host's they get ---- */

/* Percent of one processor, for all of the guest together. */
static int cap_of(XenConfig *xen, int *ret) {
        const CpuTune *tune = &xen->conf->cputune;
        double cap = 0;

        if (tune->quota > 0 && tune->period > 0)
                cap = 100.0 * (double) tune->quota / (double) tune->period * xen->conf->vcpus;
        if (tune->global_quota > 0 && tune->global_period > 0)
                cap = 100.0 * (double) tune->global_quota / (double) tune->global_period;
        if (cap > UINT16_MAX)
                return config_refuse(xen, "cputune/quota: more than Xen can count");
        *ret = (int) cap;
        return 0;
}

static int config_share(XenConfig *xen) {
        libxl_domain_sched_params *params = &xen->config->b_info.sched_params;
        const CpuTune *tune = &xen->conf->cputune;
        int cap = 0, r = cap_of(xen, &cap);

        if (r < 0)
                return r;
        if (tune->shares > UINT16_MAX)
                return config_refuse(xen, "cputune/shares: more than Xen's 65535");
        if (tune->shares > 0)
                params->weight = (int) tune->shares;
        if (cap > 0)
                params->cap = cap;
        if (tune->emulator_cpuset)
                return config_refuse(xen, "cputune/emulatorpin: Xen's device models run in dom0");
        if (tune->vcpu_schedules.n > 0 || tune->emulator_schedules.n > 0)
                return config_refuse(xen, "cputune/vcpusched: Xen has one scheduler for a pool");
        if (tune->caches.n > 0 || tune->memories.n > 0)
                return config_refuse(xen, "cputune/cachetune: libxl has none");
        return 0;
}

static size_t host_cpus(XenConfig *xen) {
        return (size_t) MAX(xen->ctx ? libxl_get_max_cpus(xen->ctx) : 1, 1);
}

/* One set for each: its own, or that of all; those without any may run everywhere. */
static int config_pins(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainConf *conf = xen->conf;
        int r = 0;

        if (!conf->vcpu_cpuset && conf->cputune.vcpus.n == 0)
                return 0;
        for (uint32_t i = 0; r >= 0 && i < conf->vcpus; i++) {
                libxl_bitmap *set = config_add(xen, &build->vcpu_hard_affinity,
                                               &build->num_vcpu_hard_affinity, sizeof(*set));
                const char *text = conf->vcpu_cpuset, *path = "vcpu/@cpuset";

                for (size_t k = 0; k < conf->cputune.vcpus.n; k++)
                        if (conf->cputune.vcpus.items[k]->id.value == i) {
                                text = conf->cputune.vcpus.items[k]->cpuset;
                                path = "cputune/vcpupin/@cpuset";
                        }
                if (set && text)
                        r = config_cpuset(xen, set, text, path);
                else if (set && config_bitmap(xen, set, host_cpus(xen)))
                        libxl_bitmap_set_any(set);
        }
        /* libxl refuses to choose nodes for a guest whose processors are pinned */
        libxl_defbool_set(&build->numa_placement, false);
        return r;
}

int config_vcpus(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainConf *conf = xen->conf;
        uint32_t online = conf->current_vcpus > 0 ? conf->current_vcpus : conf->vcpus;
        int r;

        if (conf->vcpus > INT_MAX / 2)
                return config_refuse(xen, "vcpu: more than Xen can count");
        if (conf->iothreads > 0 || conf->iothread_ids.n > 0)
                return config_refuse(xen, "iothreads: Xen has none");
        build->max_vcpus = (int) conf->vcpus;
        if (!config_bitmap(xen, &build->avail_vcpus, conf->vcpus))
                return fail_memory(xen->error);
        for (uint32_t i = 0; i < conf->vcpus; i++) {
                bool on = i < online;

                for (size_t k = 0; k < conf->vcpu_states.n; k++)
                        if (conf->vcpu_states.items[k]->id.value == i)
                                on = conf->vcpu_states.items[k]->enabled != TRISTATE_NO;
                if (on)
                        libxl_bitmap_set(&build->avail_vcpus, (int) i);
        }
        r = config_share(xen);
        return r < 0 ? r : config_pins(xen);
}

/* ---- what they can do ---- */

static bool is_virtualization(const char *feature) {
        return config_is(feature, "vmx") || config_is(feature, "svm");
}

/* Names that libxl doesn't know, and numbers that it reads otherwise, it answers with no more than
 * a number. */
static int config_feature(XenConfig *xen, const CpuFeature *feature, char letter) {
        _cleanup_(freep) char *text = NULL;

        config_format(xen, &text, "%s=%c", native_cpu_feature(feature->name), letter);
        if (text && libxl_cpuid_parse_config(&xen->config->b_info.cpuid, text) != 0)
                return config_refuse(xen, "cpu/feature '%s': unknown to Xen", feature->name);
        return 0;
}

/* A guest can have guests of its own when it has all of the host's processor, unless its
 * definition takes that away; else only if it says so. */
static int config_cpu_features(XenConfig *xen) {
        const DomainCpu *cpu = xen->conf->cpu;
        Tristate nested = config_is(cpu->mode, "host-passthrough") ? TRISTATE_YES : TRISTATE_UNSET;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < cpu->features.n; i++) {
                const CpuFeature *feature = cpu->features.items[i];
                char letter = native_cpu_policy(feature->policy);

                if (is_virtualization(feature->name))
                        nested = letter != '0' ? nested ?: TRISTATE_YES : TRISTATE_NO;
                else
                        r = config_feature(xen, feature, letter);
        }
        if (xen->guest != GUEST_PV)
                config_bool(&xen->config->b_info.nested_hvm, nested);
        return r;
}

int config_cpu(XenConfig *xen) {
        const DomainCpu *cpu = xen->conf->cpu;

        if (!cpu)
                return 0;
        if (cpu->model || config_is(cpu->mode, "maximum"))
                return config_refuse(xen, "cpu: Xen's guests have the host's processor, no '%s'",
                                     cpu->model ?: cpu->mode);
        if (cpu->sockets > 0 && cpu->sockets * MAX(cpu->cores, 1u) * MAX(cpu->threads, 1u) !=
                                        xen->conf->vcpus)
                return config_refuse(xen, "cpu/topology: isn't that of the guest's %u processors",
                                     xen->conf->vcpus);
        if (cpu->cache_mode)
                return config_refuse(xen, "cpu/cache: libxl has no word for it");
        return config_cpu_features(xen);
}

/* ---- nodes ---- */

static uint32_t host_nodes(XenConfig *xen) {
        libxl_physinfo info;
        uint32_t n = 1;

        if (!xen->ctx)
                return n;
        libxl_physinfo_init(&info);
        if (libxl_get_physinfo(xen->ctx, &info) == 0)
                n = MAX(info.nr_nodes, 1u);
        libxl_physinfo_dispose(&info);
        return n;
}

/* <numatune><memnode>, or else one by one where the host has enough; on a smaller host all cells
 * are of one node, which the guest can't tell. */
static int node_of(XenConfig *xen, size_t cell, uint32_t nodes, uint32_t *ret) {
        const NumaTune *tune = &xen->conf->numatune;
        libxl_bitmap set = {};
        int r;

        *ret = xen->conf->cpu->cells.n <= nodes ? (uint32_t) cell : 0;
        for (size_t i = 0; i < tune->nodes.n; i++) {
                if (tune->nodes.items[i]->cell.value != cell || !tune->nodes.items[i]->nodeset)
                        continue;
                r = config_cpuset(xen, &set, tune->nodes.items[i]->nodeset,
                                  "numatune/memnode/@nodeset");
                int n = r < 0 ? 0 : libxl_bitmap_count_set(&set);

                *ret = n == 1 ? (uint32_t) set.size * 8 - 1 : 0;
                while (n == 1 && !libxl_bitmap_test(&set, (int) *ret))
                        (*ret)--;
                free(set.map);
                if (r < 0)
                        return r;
                if (n != 1)
                        return config_refuse(xen, "numatune/memnode: a cell of the guest is of "
                                             "one node");
        }
        return 0;
}

static int config_cell(XenConfig *xen, size_t i, uint32_t nodes, libxl_vnode_info *ret) {
        const DomainCpu *cpu = xen->conf->cpu;
        const NumaCell *cell = cpu->cells.items[i];
        int r = node_of(xen, i, nodes, &ret->pnode);

        if (r < 0)
                return r;
        if (!cell->cpus)
                return config_refuse(xen, "cpu/numa/cell %zu: has no processors", i);
        if (cell->caches.n > 0)
                return config_refuse(xen, "cpu/numa/cell %zu/cache: libxl has no word for it", i);
        ret->memkb = cell->memory;
        for (size_t k = 0; k < cpu->cells.n; k++) {
                uint32_t *distance = config_add(xen, &ret->distances, &ret->num_distances,
                                                sizeof(*distance));

                if (distance)
                        *distance = native_distance(cpu, i, k);
        }
        return config_cpuset(xen, &ret->vcpus, cell->cpus, "cpu/numa/cell/@cpus");
}

static int config_cells(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainCpu *cpu = xen->conf->cpu;
        uint32_t nodes;
        int r = 0;

        if (!cpu || cpu->cells.n == 0)
                return 0;
        if (cpu->cells.n > CELLS_MAX)
                return config_refuse(xen, "cpu/numa: more than %d cells", CELLS_MAX);
        if (cpu->latencies.n > 0 || cpu->bandwidths.n > 0)
                return config_refuse(xen, "cpu/numa/interconnects: libxl has no word for them");
        nodes = host_nodes(xen);
        for (size_t i = 0; r >= 0 && i < cpu->cells.n; i++) {
                libxl_vnode_info *node = config_add(xen, &build->vnuma_nodes,
                                                    &build->num_vnuma_nodes, sizeof(*node));

                r = node ? config_cell(xen, i, nodes, node) : fail_memory(xen->error);
        }
        return r;
}

/* Memory comes from the nodes that are named, and from others only when those are full. */
int config_numa(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const NumaTune *tune = &xen->conf->numatune;
        int r;

        if (config_is(tune->mode, "interleave") || config_is(tune->mode, "restrictive"))
                return config_refuse(xen, "numatune/memory/@mode: Xen has no '%s'", tune->mode);
        if (tune->nodeset) {
                if ((r = config_cpuset(xen, &build->nodemap, tune->nodeset,
                                       "numatune/memory/@nodeset")) < 0)
                        return r;
                libxl_defbool_set(&build->numa_placement, false);
        }
        return config_cells(xen);
}
