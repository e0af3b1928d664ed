/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory and what it is made of: one backend for each cell, or one for the whole guest. */
#include "drivers/qemu/command-private.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define MIB 1024u /* in KiB */

uint64_t memory_round(uint64_t kib) {
        return (kib + MIB - 1) / MIB * MIB;
}

/* What the guest starts with: modules that are plugged into it come on top. */
uint64_t memory_initial(const DomainConf *conf) {
        uint64_t size = 0, modules = 0;

        for (size_t i = 0; conf->cpu && i < conf->cpu->cells.n; i++)
                size += memory_round(conf->cpu->cells.items[i]->memory);
        if (size > 0)
                return size;
        for (size_t i = 0; i < conf->memories.n; i++)
                modules += conf->memories.items[i]->size;
        return memory_round(conf->memory > modules ? conf->memory - modules : 0);
}

/* ---- sets of nodes: "0-3,^2,7" ---- */

bool nodeset_has(const char *set, unsigned node) {
        bool has = false;

        while (set && *set) {
                bool without = *set == '^';
                char *end;
                unsigned long first = strtoul(set + without, &end, 10), last = first;

                if (*end == '-')
                        last = strtoul(end + 1, &end, 10);
                if (node >= first && node <= last)
                        has = !without;
                set = end + strcspn(end, ",");
                set += *set == ',';
        }
        return has;
}

static json_object *nodeset_array(Builder *builder, const char *set) {
        json_object *array = json_object_new_array();

        for (unsigned node = 0; array && node < 1024; node++)
                if (nodeset_has(set, node) &&
                    json_object_array_add(array, json_object_new_int(node)) < 0)
                        builder->no_memory = true;
        return array;
}

/* ---- one backend ---- */

/* Pages for a cell: those that name it, else those that name none. 0: the host's usual ones. */
static uint64_t huge_page_size(const MemoryBacking *backing, const Ram *ram, bool *ret_huge) {
        const HugePage *found = NULL;
        uint64_t size = ram->page, usual = (uint64_t) sysconf(_SC_PAGESIZE) / 1024;

        *ret_huge = false;
        if (size == 0 && backing->huge_pages) {
                for (size_t i = 0; i < backing->pages.n; i++) {
                        const HugePage *page = backing->pages.items[i];

                        if (page->nodeset && nodeset_has(page->nodeset, MAX(ram->cell, 0)))
                                found = page;
                        else if (!page->nodeset && !found)
                                found = page;
                }
                *ret_huge = found || backing->pages.n == 0;
                size = found ? found->size : 0;
        } else
                *ret_huge = size > 0;
        if (size == usual)
                *ret_huge = false;
        return *ret_huge ? size : 0;
}

/* Which nodes of the host: the module's own, else those of the cell, else those of the domain. */
static const char *host_nodes(const DomainConf *conf, const Ram *ram, const char **ret_mode) {
        const NumaTune *tune = &conf->numatune;

        *ret_mode = tune->mode ?: "strict";
        for (size_t i = 0; ram->cell >= 0 && i < tune->nodes.n; i++) {
                const NumaNode *node = tune->nodes.items[i];

                if (node->cell.value != (uint32_t) ram->cell)
                        continue;
                *ret_mode = node->mode ?: *ret_mode;
                return ram->nodes ?: node->nodeset;
        }
        return ram->nodes ?: tune->nodeset;
}

static const char *host_policy(const char *mode) {
        static const struct {
                const char *mode, *policy;
        } policies[] = {
                { "strict", "bind" }, { "preferred", "preferred" }, { "interleave", "interleave" },
        };

        for (size_t i = 0; i < ELEMENTS(policies); i++)
                if (text_is(mode, policies[i].mode))
                        return policies[i].policy;
        return NULL; /* "restrictive" is for control groups */
}

static const char *backend_type(const MemoryBacking *backing, const Ram *ram, bool huge) {
        if (ram->type)
                return ram->type;
        if (ram->path)
                return "memory-backend-file";
        if (huge || text_is(backing->source, "memfd"))
                return "memory-backend-memfd";
        if (text_is(backing->source, "file"))
                return "memory-backend-file";
        return ram->access || backing->access ? "memory-backend-memfd" : "memory-backend-ram";
}

/* Preallocation is done by threads near the memory, where QEMU can have such threads. */
static void put_context(Builder *builder, json_object *object, const Ram *ram, const char *type,
                        const char *nodes) {
        char feature[64];

        (void) snprintf(feature, sizeof(feature), "%s.prealloc-context", type);
        if (!qemu_caps_has_type(builder->caps, "thread-context") ||
            (qemu_caps_has(builder->caps, "memory-backend-memfd.prealloc-threads") &&
             !qemu_caps_has(builder->caps, feature)))
                return;
        json_object *context = json_new(builder);

        json_put_text(builder, context, "qom-type", "thread-context");
        json_putf(builder, context, "id", "tc-%s", ram->id);
        json_put(builder, context, "node-affinity", nodeset_array(builder, nodes));
        argument_json(builder, "object", context);
        json_putf(builder, object, "prealloc-context", "tc-%s", ram->id);
}

static void put_nodes(Builder *builder, json_object *object, const Ram *ram, const char *type,
                      bool prealloc) {
        const char *mode, *nodes = host_nodes(builder->conf, ram, &mode);

        if (!nodes || !host_policy(mode))
                return;
        json_put(builder, object, "host-nodes", nodeset_array(builder, nodes));
        json_put_text(builder, object, "policy", host_policy(mode));
        if (prealloc)
                put_context(builder, object, ram, type, nodes);
}

static void put_contents(Builder *builder, json_object *object, const Ram *ram, const char *type,
                         bool huge, uint64_t page) {
        const MemoryBacking *backing = &builder->conf->backing;
        const char *access = ram->access ?: backing->access;
        bool file = text_is(type, "memory-backend-file");

        if (file) /* QEMU makes a nameless file in a folder */
                json_put_text(builder, object, "mem-path",
                              ram->path ?: builder->places->state_folder);
        if (file && (ram->discard ? text_is(ram->discard, "yes") : backing->discard))
                json_put_bool(builder, object, "discard-data", true);
        if (huge)
                json_put_bool(builder, object, "hugetlb", true);
        json_put_some(builder, object, "hugetlbsize", (int64_t) page * 1024);
        if (access)
                json_put_bool(builder, object, "share", text_is(access, "shared"));
        else if (huge) /* a memfd is shared unless it is told not to be */
                json_put_bool(builder, object, "share", false);
        if (ram->main && !text_is(type, "memory-backend-ram"))
                json_put_bool(builder, object, "x-use-canonical-path-for-ramblock-id", false);
}

int add_ram(Builder *builder, const Ram *ram) {
        const MemoryBacking *backing = &builder->conf->backing;
        bool huge, ondemand = text_is(backing->allocation, "ondemand");
        uint64_t page = huge_page_size(backing, ram, &huge);
        const char *type = backend_type(backing, ram, huge);
        bool prealloc = !ram->sparse && (ram->prealloc || (huge && !ondemand) ||
                                         text_is(backing->allocation, "immediate"));
        json_object *object;

        if (!qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "memoryBacking: %s has no '%s'", builder->caps->binary,
                                   type);
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", type);
        json_put_text(builder, object, "id", ram->id);
        put_contents(builder, object, ram, type, huge, page);
        if (prealloc)
                json_put_bool(builder, object, "prealloc", true);
        if (prealloc)
                json_put_some(builder, object, "prealloc-threads", backing->threads);
        if (ram->sparse)
                json_put_bool(builder, object, "reserve", false);
        json_put_number(builder, object, "size", (int64_t) ram->kib * 1024);
        json_put_some(builder, object, "align", (int64_t) ram->align * 1024);
        if (ram->pmem)
                json_put_bool(builder, object, "pmem", true);
        put_nodes(builder, object, ram, type, prealloc);
        argument_json(builder, "object", object);
        return 0;
}

/* ---- the machine's share ---- */

static const char *ram_name(const Builder *builder) {
        switch (qemu_platform(builder->conf)) {
        case PLATFORM_I440FX: case PLATFORM_Q35: case PLATFORM_ISAPC:
                return "pc.ram";
        case PLATFORM_MICROVM:
                return "microvm.ram";
        case PLATFORM_VIRT:
                return text_starts(builder->conf->os.arch, "riscv") ? "riscv_virt_board.ram"
                                                                    : "mach-virt.ram";
        case PLATFORM_S390:
                return "s390.ram";
        case PLATFORM_PSERIES:
                return "ppc_spapr.ram";
        case PLATFORM_OTHER:
                return NULL;
        }
        return NULL;
}

static bool has_cells(const DomainConf *conf) {
        return conf->cpu && conf->cpu->cells.n > 0;
}

int add_memory_options(Builder *builder, Option *option) {
        const DomainConf *conf = builder->conf;
        unsigned epc = 0;

        if (conf->backing.no_share_pages)
                option_add(option, ",mem-merge=off");
        if (!has_cells(conf) && ram_name(builder))
                option_add(option, ",memory-backend=%s", ram_name(builder));
        for (size_t i = 0; i < conf->memories.n; i++)
                if (text_is(conf->memories.items[i]->model, "nvdimm")) {
                        option_add(option, ",nvdimm=on");
                        break;
                }
        if (has_cells(conf) && numa_is_hmat(conf->cpu))
                option_add(option, ",hmat=on");
        for (size_t i = 0; i < conf->memories.n; i++) {
                const MemoryDevice *memory = conf->memories.items[i];

                if (!text_is(memory->model, "sgx-epc"))
                        continue;
                option_add(option, ",sgx-epc.%u.memdev=mem%s", epc, memory->device.alias);
                option_add(option, ",sgx-epc.%u.node=%u", epc++, memory->node.value);
        }
        return 0;
}

int build_memory(Builder *builder) {
        const DomainConf *conf = builder->conf;
        uint64_t size = memory_initial(conf);
        int r = 0;

        if (conf->max_memory > conf->memory || conf->memory_slots.set)
                argument(builder, "m", "size=%" PRIu64 "k,slots=%u,maxmem=%" PRIu64 "k", size,
                         conf->memory_slots.value, memory_round(conf->max_memory));
        else
                argument(builder, "m", "size=%" PRIu64 "k", size);
        if (!has_cells(conf) && ram_name(builder)) {
                const Ram ram = { .id = ram_name(builder), .kib = size, .cell = -1, .main = true };

                r = add_ram(builder, &ram);
        }
        if (r >= 0)
                argument(builder, "overcommit", "mem-lock=%s",
                         conf->backing.locked ? "on" : "off");
        return r;
}
