/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NUMA cells of the guest and how far they are from one another; memory modules that sit in them.
 */
#include "drivers/qemu/command-private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- cells ---- */

static unsigned cell_id(const DomainCpu *cpu, size_t index) {
        const NumaCell *cell = cpu->cells.items[index];

        return cell->id.set ? cell->id.value : index;
}

bool numa_is_hmat(const DomainCpu *cpu) {
        if (cpu->latencies.n > 0 || cpu->bandwidths.n > 0)
                return true;
        for (size_t i = 0; i < cpu->cells.n; i++)
                if (cpu->cells.items[i]->caches.n > 0)
                        return true;
        return false;
}

static bool has_cpus(const NumaCell *cell) {
        return cell->cpus && *cell->cpus;
}

static bool is_about(const NumaLink *link, unsigned target) {
        return link->target.value == target && link->cache.value == 0;
}

/* The cell whose processors are nearest to a memory: its own, else the one with the widest way to
 * it, else the one with the shortest, else the first with processors. */
static unsigned initiator(const DomainCpu *cpu, size_t index) {
        unsigned id = cell_id(cpu, index), found = id;
        uint64_t widest = 0, shortest = UINT64_MAX;

        if (has_cpus(cpu->cells.items[index]))
                return id;
        for (size_t i = cpu->cells.n; i-- > 0;)
                if (has_cpus(cpu->cells.items[i]))
                        found = cell_id(cpu, i);
        for (size_t i = 0; i < cpu->latencies.n; i++) {
                const NumaLink *link = cpu->latencies.items[i];

                if (is_about(link, id) && link->value < shortest) {
                        shortest = link->value;
                        found = link->initiator.value;
                }
        }
        for (size_t i = 0; i < cpu->bandwidths.n; i++) {
                const NumaLink *link = cpu->bandwidths.items[i];

                if (is_about(link, id) && link->value > widest) {
                        widest = link->value;
                        found = link->initiator.value;
                }
        }
        return found;
}

static int add_cell(Builder *builder, const DomainCpu *cpu, size_t index, bool hmat) {
        const NumaCell *cell = cpu->cells.items[index];
        unsigned id = cell_id(cpu, index), first = 0;
        _cleanup_(option_clear) Option option = { builder, NULL };
        char name[32];
        int r;

        (void) snprintf(name, sizeof(name), "ram-node%u", id);
        const Ram ram = { .id = name, .kib = memory_round(cell->memory), .cell = (int) id,
                          .access = cell->mem_access, .discard = cell->discard };
        if (ram.kib > 0 && (r = add_ram(builder, &ram)) < 0)
                return r;
        option_add(&option, "node,nodeid=%u", id);
        /* QEMU takes ranges; "^3" isn't one. */
        for (unsigned n = 0, last = builder->conf->vcpus; cell->cpus && n <= last; n++) {
                bool in = n < last && nodeset_has(cell->cpus, n);
                bool before = n > 0 && nodeset_has(cell->cpus, n - 1);

                if (in && !before)
                        first = n;
                if (!in && before)
                        option_add(&option, n - 1 > first ? ",cpus=%u-%u" : ",cpus=%u", first,
                                   n - 1);
        }
        if (hmat)
                option_add(&option, ",initiator=%u", initiator(cpu, index));
        if (ram.kib > 0)
                option_add(&option, ",memdev=%s", name);
        option_done(&option, "numa");
        return 0;
}

/* ---- distances ---- */

static unsigned distance_given(const NumaCell *cell, unsigned to) {
        for (size_t i = 0; i < cell->distances.n; i++)
                if (cell->distances.items[i]->cell.value == to)
                        return cell->distances.items[i]->distance.value;
        return 0;
}

/* Those of one direction count for the other, too; then it is as near as anything is. */
static unsigned distance(const DomainCpu *cpu, size_t from, size_t to) {
        unsigned given = distance_given(cpu->cells.items[from], cell_id(cpu, to));

        return given ? given : distance_given(cpu->cells.items[to], cell_id(cpu, from))
                ?: from == to ? 10 : 20;
}

static void add_distances(Builder *builder, const DomainCpu *cpu) {
        bool any = false;

        for (size_t i = 0; i < cpu->cells.n; i++)
                any = any || cpu->cells.items[i]->distances.n > 0;
        for (size_t i = 0; any && i < cpu->cells.n; i++)
                for (size_t j = 0; j < cpu->cells.n; j++)
                        argument(builder, "numa", "dist,src=%u,dst=%u,val=%u", cell_id(cpu, i),
                                 cell_id(cpu, j), distance(cpu, i, j));
}

/* ---- the heterogeneous memory table ---- */

static void add_link(Builder *builder, const NumaLink *link, const char *what, const char *unit) {
        static const char *const levels[] = {
                "memory", "first-level", "second-level", "third-level",
        };

        argument(builder, "numa",
                 "hmat-lb,initiator=%u,target=%u,hierarchy=%s,data-type=%s-%s,%s=%" PRIu64 "%s",
                 link->initiator.value, link->target.value, levels[link->cache.value % 4],
                 link->type ?: "access", what, what, link->value, unit);
}

static void add_cache(Builder *builder, const NumaCache *cache, unsigned node) {
        const char *near = text_is(cache->associativity, "full") ? "complex"
                                                                 : cache->associativity ?: "none";
        const char *policy = text_is(cache->policy, "writeback")      ? "write-back"
                             : text_is(cache->policy, "writethrough") ? "write-through" : "none";

        argument(builder, "numa",
                 "hmat-cache,node-id=%u,size=%" PRIu64 "K,level=%u,associativity=%s,policy=%s,"
                 "line=%" PRIu64,
                 node, cache->size, cache->level.value, near, policy, cache->line);
}

static void add_hmat(Builder *builder, const DomainCpu *cpu) {
        for (size_t i = 0; i < cpu->latencies.n; i++)
                add_link(builder, cpu->latencies.items[i], "latency", "");
        for (size_t i = 0; i < cpu->bandwidths.n; i++)
                add_link(builder, cpu->bandwidths.items[i], "bandwidth", "K");
        for (size_t i = 0; i < cpu->cells.n; i++)
                for (size_t j = 0; j < cpu->cells.items[i]->caches.n; j++)
                        add_cache(builder, cpu->cells.items[i]->caches.items[j],
                                  cell_id(cpu, i));
}

int build_numa(Builder *builder) {
        const DomainCpu *cpu = builder->conf->cpu;
        bool hmat = cpu && numa_is_hmat(cpu);
        int r;

        for (size_t i = 0; cpu && i < cpu->cells.n; i++)
                if ((r = add_cell(builder, cpu, i, hmat)) < 0)
                        return r;
        if (cpu)
                add_distances(builder, cpu);
        if (hmat)
                add_hmat(builder, cpu);
        return 0;
}

/* ---- modules ---- */

static const struct {
        const char *model, *driver, *backend;
        bool sparse, prealloc;
} modules[] = {
        { "dimm",        "pc-dimm",        NULL },
        { "nvdimm",      "nvdimm",         "memory-backend-file", .prealloc = true },
        { "virtio-pmem", "virtio-pmem-pci", "memory-backend-file" },
        { "virtio-mem",  "virtio-mem-pci", NULL, .sparse = true },
        { "sgx-epc",     NULL,             "memory-backend-epc", .prealloc = true },
};

static int add_module_ram(Builder *builder, const MemoryDevice *memory, size_t model) {
        _cleanup_(freep) char *id = NULL;

        if (asprintf(&id, "mem%s", memory->device.alias) < 0) {
                id = NULL;
                return fail_memory(builder->error);
        }
        const Ram ram = {
                .id = id, .kib = memory_round(memory->size), .type = modules[model].backend,
                .cell = memory->node.set ? (int) memory->node.value : -1,
                .access = text_is(memory->model, "virtio-pmem") ? "shared" : memory->access,
                .discard = memory->discard, .path = memory->path, .nodes = memory->nodemask,
                .page = memory->page_size, .align = memory->align_size, .pmem = memory->pmem,
                .prealloc = modules[model].prealloc, .sparse = modules[model].sparse,
        };

        return add_ram(builder, &ram);
}

static void put_module(Builder *builder, const MemoryDevice *memory, json_object *object) {
        const DeviceAddress *at = &memory->device.address;
        bool slotted = at->type == ADDRESS_DIMM, dynamic = text_is(memory->model, "virtio-mem");
        const char *base = at->base;

        if (memory->node.set && !text_is(memory->model, "virtio-pmem"))
                json_put_number(builder, object, "node", memory->node.value);
        json_put_some(builder, object, "label-size", (int64_t) memory->label * 1024);
        if (dynamic) {
                json_put_some(builder, object, "block-size", (int64_t) memory->block * 1024);
                json_put_number(builder, object, "requested-size",
                                (int64_t) memory->requested * 1024);
        }
        if (memory->readonly)
                json_put_bool(builder, object, "unarmed", true);
        json_putf(builder, object, "memdev", "mem%s", memory->device.alias);
        if (dynamic && (text_is(builder->conf->backing.allocation, "immediate") ||
                        builder->conf->backing.huge_pages))
                json_put_bool(builder, object, "prealloc", true);
        if (slotted && (text_is(memory->model, "dimm") || text_is(memory->model, "nvdimm"))) {
                json_put_number(builder, object, "slot", at->slot_number);
                if (base && strtoull(base, NULL, 0) > 0)
                        json_put_number(builder, object, "addr", strtoll(base, NULL, 0));
        }
}

int build_memory_device(Builder *builder, const Device *device, size_t index) {
        const MemoryDevice *memory = (const MemoryDevice *) device;
        json_object *object;
        size_t model = 0;
        int r;

        while (model < ELEMENTS(modules) && !text_is(memory->model, modules[model].model))
                model++;
        if (model == ELEMENTS(modules))
                return unsupported(builder, "devices/memory/@model '%s'", memory->model ?: "");
        if (!modules[model].driver) /* it is in the machine, and its backend was made there */
                return 0;
        if ((r = add_module_ram(builder, memory, model)) < 0 ||
            (r = device_begin(builder, modules[model].driver, device, &object,
                              "devices/memory/@model '%s'", memory->model)) < 0)
                return r;
        put_module(builder, memory, object);
        device_end(builder, object);
        return 0;
}

/* The backends that -machine names have to be there before it is read to its end. */
int build_enclave_memory(Builder *builder) {
        const DomainConf *conf = builder->conf;
        int r;

        for (size_t i = 0; i < conf->memories.n; i++)
                if (text_is(conf->memories.items[i]->model, "sgx-epc") &&
                    (r = add_module_ram(builder, conf->memories.items[i],
                                        ELEMENTS(modules) - 1)) < 0)
                        return r;
        return 0;
}
