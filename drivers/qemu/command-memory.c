/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory, the cells it is in, and what it is made of. */
#include "drivers/qemu/command-private.h"

#include <inttypes.h>
#include <string.h>

#define MIB 1024u /* in KiB */

/* What <memoryBacking> says; its content is kept in the document only. */
typedef struct Backing {
        bool huge, locked, merge, shared, prealloc, discard;
        const char *type; /* of QEMU's object */
        uint64_t page;    /* KiB; 0: the host's default size */
} Backing;

static uint64_t round_up(uint64_t size) {
        return (size + MIB - 1) / MIB * MIB;
}

static int read_page(Builder *builder, const xmlNode *node, Backing *backing) {
        const xmlNode *page = node_child(node, "page");
        _cleanup_(xml_freep) xmlChar *size = page ? node_attribute(page, "size") : NULL;
        _cleanup_(xml_freep) xmlChar *unit = page ? node_attribute(page, "unit") : NULL;
        static const struct {
                const char *unit;
                uint64_t kib;
        } units[] = { { "KiB", 1 }, { "K", 1 }, { "MiB", 1024 }, { "M", 1024 }, { "GiB", 1 << 20 },
                      { "G", 1 << 20 } };

        backing->huge = true;
        if (!page)
                return 0;
        if (page->next && node_child(node, "page") != node_last(node, "page"))
                return unsupported(builder, "memoryBacking/hugepages: pages of several sizes");
        for (size_t i = 0; size && i < ELEMENTS(units); i++)
                if (!unit || text_is((const char *) unit, units[i].unit)) {
                        backing->page = strtoull((const char *) size, NULL, 10) * units[i].kib;
                        return 0;
                }
        return size ? unsupported(builder, "memoryBacking/hugepages/page/@unit '%s'", unit) : 0;
}

static int read_backing(Builder *builder, Backing *ret) {
        const xmlNode *node =
                node_child(xmlDocGetRootElement(builder->conf->document), "memoryBacking");
        const xmlNode *huge = node ? node_child(node, "hugepages") : NULL;
        int r;

        *ret = (Backing) { .merge = true };
        if (!node)
                return 0;
        ret->locked = node_child(node, "locked");
        ret->merge = !node_child(node, "nosharepages");
        ret->shared = node_attribute_is(node_child(node, "access"), "mode", "shared");
        ret->prealloc = node_attribute_is(node_child(node, "allocation"), "mode", "immediate");
        ret->discard = node_child(node, "discard");
        if (node_attribute_is(node_child(node, "source"), "type", "memfd"))
                ret->type = "memory-backend-memfd";
        else if (node_attribute_is(node_child(node, "source"), "type", "file"))
                return unsupported(builder,
                                   "memoryBacking/source/@type 'file' is not supported yet");
        if (huge) {
                if ((r = read_page(builder, huge, ret)) < 0)
                        return r;
                ret->type = "memory-backend-memfd";
                ret->prealloc = true;
        }
        return 0;
}

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

int add_memory_options(Builder *builder, Option *option) {
        Backing backing;
        int r = read_backing(builder, &backing);

        if (r < 0)
                return r;
        if (!backing.merge)
                option_add(option, ",mem-merge=off");
        bool cells = builder->conf->cpu && builder->conf->cpu->cells.n > 0;
        if (!cells && ram_name(builder))
                option_add(option, ",memory-backend=%s", ram_name(builder));
        return 0;
}

static int add_backend(Builder *builder, const Backing *backing, const char *id, uint64_t kib,
                       bool shared) {
        bool share = shared || backing->shared;
        const char *type = backing->type ?: (share ? "memory-backend-memfd" : "memory-backend-ram");
        json_object *object;

        if (!qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "memoryBacking: %s has no '%s'", builder->caps->binary,
                                   type);
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", type);
        json_put_text(builder, object, "id", id);
        if (backing->huge)
                json_put_bool(builder, object, "hugetlb", true);
        json_put_some(builder, object, "hugetlbsize", (int64_t) backing->page * 1024);
        if (share)
                json_put_bool(builder, object, "share", true);
        if (backing->prealloc)
                json_put_bool(builder, object, "prealloc", true);
        json_put_number(builder, object, "size", (int64_t) kib * 1024);
        argument_json(builder, "object", object);
        return 0;
}

static int add_cell(Builder *builder, const Backing *backing, const NumaCell *cell, unsigned id) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        char name[32];
        int r;

        if (cell->distances.n > 0 || cell->caches.n > 0)
                return unsupported(builder,
                                   "cpu/numa/cell: distances and caches are not supported yet");
        (void) snprintf(name, sizeof(name), "ram-node%u", id);
        r = add_backend(builder, backing, name, round_up(cell->memory),
                        text_is(cell->mem_access, "shared"));
        if (r < 0)
                return r;
        option_add(&option, "node,nodeid=%u", id);
        for (const char *part = cell->cpus; part && *part;) {
                size_t n = strcspn(part, ",");

                option_add(&option, ",cpus=%.*s", (int) n, part);
                part += n + (part[n] != '\0');
        }
        option_add(&option, ",memdev=%s", name);
        option_done(&option, "numa");
        return 0;
}

static int add_cells(Builder *builder, const Backing *backing) {
        const DomainCpu *cpu = builder->conf->cpu;

        if (cpu->latencies.n > 0 || cpu->bandwidths.n > 0)
                return unsupported(builder, "cpu/numa/interconnects is not supported yet");
        for (size_t i = 0; i < cpu->cells.n; i++) {
                const NumaCell *cell = cpu->cells.items[i];
                int r = add_cell(builder, backing, cell, cell->id.set ? cell->id.value : i);

                if (r < 0)
                        return r;
        }
        return 0;
}

int build_memory(Builder *builder) {
        const DomainConf *conf = builder->conf;
        bool cells = conf->cpu && conf->cpu->cells.n > 0;
        uint64_t size = round_up(conf->memory);
        Backing backing;
        int r = read_backing(builder, &backing);

        if (r < 0)
                return r;
        if (conf->memories.n > 0)
                return unsupported(builder, "devices/memory is not supported yet");
        if (conf->max_memory > conf->memory)
                argument(builder, "m", "size=%" PRIu64 "k,slots=%u,maxmem=%" PRIu64 "k", size,
                         conf->memory_slots.value, round_up(conf->max_memory));
        else
                argument(builder, "m", "size=%" PRIu64 "k", size);
        if (!cells && ram_name(builder))
                r = add_backend(builder, &backing, ram_name(builder), size, false);
        if (r >= 0 && cells)
                r = add_cells(builder, &backing);
        if (r >= 0)
                argument(builder, "overcommit", "mem-lock=%s", backing.locked ? "on" : "off");
        return r;
}
