/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The <host> element of capabilities documents, from what the kernel says now: CPUs come and go. */
#include "drivers/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "conf/uuid.h"
#include "conf/xml.h"
#include "drivers/host-private.h"

/* Stands for "the id of a host in libvirt's sense"; chosen once, at random, never to be changed. */
#define HOST_ID SD_ID128_MAKE(e4,44,f8,4f,f2,58,46,ff,b3,3f,07,ca,81,1d,ac,b7)

/* ---- writing ---- */

/* A failed allocation is remembered, and looked at once when all is written. */
typedef struct Writer {
        bool failed;
} Writer;

static xmlNode *add(Writer *writer, xmlNode *parent, const char *name) {
        xmlNode *node = parent ? xmlNewChild(parent, NULL, BAD_CAST name, NULL) : NULL;

        writer->failed = writer->failed || !node;
        return node;
}

_printf_(4, 5) static void set(Writer *writer, xmlNode *node, const char *name, const char *format,
                               ...) {
        char value[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(value, sizeof(value), format, ap);
        va_end(ap);
        if (!node || !xmlNewProp(node, BAD_CAST name, BAD_CAST value))
                writer->failed = true;
}

static xmlNode *add_text(Writer *writer, xmlNode *parent, const char *name, const char *text) {
        xmlNode *node = add(writer, parent, name);
        xmlNode *content = node ? xmlNewText(BAD_CAST text) : NULL;

        if (!content || !xmlAddChild(node, content))
                writer->failed = true;
        return node;
}

static void add_memory(Writer *writer, xmlNode *parent, const char *name, uint64_t kib) {
        char text[32];

        snprintf(text, sizeof(text), "%" PRIu64, kib);
        set(writer, add_text(writer, parent, name, text), "unit", "KiB");
}

/* ---- looking ---- */

typedef struct Cpu {
        uint64_t id, cell, socket, die, core;
} Cpu;

typedef struct Host {
        HostCpu cpu;
        Cpu *cpus; /* that are online, in the order of their cells, then of their numbers */
        size_t n_cpus;
        uint64_t *cells; /* none: a kernel without NUMA, which is a host with one cell, 0 */
        size_t n_cells;
        uint64_t *huge_pages; /* KiB */
        size_t n_huge_pages;
} Host;

static void host_done(Host *host) {
        host_cpu_done(&host->cpu);
        free(host->cpus);
        free(host->cells);
        free(host->huge_pages);
}

/* -1, which is "not known", and what can't be read count as 0. */
static uint64_t read_id(uint64_t cpu, const char *name) {
        uint64_t id;
        int r = host_read_number(&id, "/sys/devices/system/cpu/cpu%" PRIu64 "/topology/%s", cpu,
                                 name);

        return r < 0 || id > INT32_MAX ? 0 : id;
}

static int read_cell_of_cpus(Host *host, uint64_t cell) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) bool *set = NULL;
        size_t n;

        int r = host_read(&text, "/sys/devices/system/node/node%" PRIu64 "/cpulist", cell);
        if (r >= 0)
                r = host_parse_list(text, &set, &n);
        for (size_t i = 0; r >= 0 && i < host->n_cpus; i++)
                if (host->cpus[i].id < n && set[host->cpus[i].id])
                        host->cpus[i].cell = cell;
        return r;
}

static int compare_cells(const void *a, const void *b) {
        const Cpu *x = a, *y = b;

        if (x->cell != y->cell)
                return x->cell < y->cell ? -1 : 1;
        return (x->id > y->id) - (x->id < y->id);
}

static int read_cpus(Host *host) {
        _cleanup_(freep) bool *online = NULL;
        size_t n;

        int r = host_node.cpu_map(NULL, &online, &n, NULL);
        if (r < 0)
                return r;
        host->cpus = calloc(n + 1, sizeof(*host->cpus));
        if (!host->cpus)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (online[i])
                        host->cpus[host->n_cpus++] = (Cpu) {
                                .id = i,
                                .socket = read_id(i, "physical_package_id"),
                                .die = read_id(i, "die_id"),
                                .core = read_id(i, "core_id"),
                        };
        for (size_t i = 0; r >= 0 && i < host->n_cells; i++)
                r = read_cell_of_cpus(host, host->cells[i]);
        qsort(host->cpus, host->n_cpus, sizeof(*host->cpus), compare_cells);
        return r;
}

static int host_look(Host *host) {
        int r = host_cpu_read(&host->cpu);

        if (r >= 0)
                r = host_list_numbers("/sys/devices/system/node", "node", "", &host->cells,
                                      &host->n_cells);
        if (r >= 0)
                r = host_list_numbers("/sys/kernel/mm/hugepages", "hugepages-", "kB",
                                      &host->huge_pages, &host->n_huge_pages);
        return r < 0 ? r : read_cpus(host);
}

/* ---- the CPU ---- */

/* What libvirt means by these: sockets of one cell, cores of one socket (of all its dies), threads
 * of one core. A host where they differ from place to place is one socket full of cores. */
typedef struct Topology {
        size_t sockets, cores, threads;
} Topology;

static int compare_places(const void *a, const void *b) {
        const Cpu *x = a, *y = b;

        if (x->cell != y->cell)
                return x->cell < y->cell ? -1 : 1;
        if (x->socket != y->socket)
                return x->socket < y->socket ? -1 : 1;
        if (x->die != y->die)
                return x->die < y->die ? -1 : 1;
        return (x->core > y->core) - (x->core < y->core);
}

/* Counts along the CPUs in the order of their places. */
static Topology count_places(const Cpu *cpus, size_t n) {
        Topology now = {}, most = {};
        size_t cells = 0;

        for (size_t i = 0; i < n; i++) {
                const Cpu *cpu = &cpus[i], *last = i > 0 ? &cpus[i - 1] : NULL;
                bool new_cell = !last || cpu->cell != last->cell;
                bool new_socket = new_cell || cpu->socket != last->socket;
                bool new_core = new_socket || cpu->die != last->die || cpu->core != last->core;

                cells += new_cell;
                now.sockets = new_cell ? 1 : now.sockets + new_socket;
                now.cores = new_socket ? 1 : now.cores + new_core;
                now.threads = new_core ? 1 : now.threads + 1;
                most.sockets = MAX(most.sockets, now.sockets);
                most.cores = MAX(most.cores, now.cores);
                most.threads = MAX(most.threads, now.threads);
        }
        if (cells * most.sockets * most.cores * most.threads != n)
                return (Topology) { 1, MAX(n, 1u), 1 };
        return most;
}

static int write_cpu_topology(Writer *writer, const Host *host, xmlNode *cpu) {
        _cleanup_(freep) Cpu *cpus = calloc(host->n_cpus + 1, sizeof(*cpus));

        if (!cpus)
                return -ENOMEM;
        memcpy(cpus, host->cpus, host->n_cpus * sizeof(*cpus));
        qsort(cpus, host->n_cpus, sizeof(*cpus), compare_places);
        Topology topology = count_places(cpus, host->n_cpus);

        xmlNode *node = add(writer, cpu, "topology");
        set(writer, node, "sockets", "%zu", topology.sockets);
        set(writer, node, "dies", "1");
        set(writer, node, "cores", "%zu", topology.cores);
        set(writer, node, "threads", "%zu", topology.threads);
        return 0;
}

static void write_cpu_identity(Writer *writer, const HostCpu *known, xmlNode *cpu) {
        if (known->model)
                add_text(writer, cpu, "model", known->model);
        if (known->vendor)
                add_text(writer, cpu, "vendor", known->vendor);
        if (known->microcode > 0)
                set(writer, add(writer, cpu, "microcode"), "version", "%" PRIu64, known->microcode);
        if (known->family > 0) {
                xmlNode *signature = add(writer, cpu, "signature");
                set(writer, signature, "family", "%" PRIu64, known->family);
                set(writer, signature, "model", "%" PRIu64, known->number);
                set(writer, signature, "stepping", "%" PRIu64, known->stepping);
        }
}

static void write_page_size(Writer *writer, xmlNode *cpu, uint64_t kib) {
        xmlNode *pages = add(writer, cpu, "pages");

        set(writer, pages, "unit", "KiB");
        set(writer, pages, "size", "%" PRIu64, kib);
}

static int write_cpu(Writer *writer, const Host *host, xmlNode *parent) {
        const HostCpu *known = &host->cpu;
        xmlNode *cpu = add(writer, parent, "cpu");

        add_text(writer, cpu, "arch", host_arch());
        write_cpu_identity(writer, known, cpu);
        int r = write_cpu_topology(writer, host, cpu);
        if (r < 0)
                return r;
        if (known->address_bits > 0) {
                xmlNode *bits = add(writer, cpu, "maxphysaddr");
                set(writer, bits, "mode", "emulate");
                set(writer, bits, "bits", "%" PRIu64, known->address_bits);
        }
        for (size_t i = 0; known->features && known->features[i]; i++)
                set(writer, add(writer, cpu, "feature"), "name", "%s", known->features[i]);
        write_page_size(writer, cpu, sysconf(_SC_PAGESIZE) / 1024);
        for (size_t i = 0; i < host->n_huge_pages; i++)
                write_page_size(writer, cpu, host->huge_pages[i]);
        return 0;
}

/* ---- the cells ---- */

static uint64_t count_huge_pages(const Host *host, uint64_t cell, uint64_t kib) {
        uint64_t n = 0;
        int r;

        if (host->n_cells > 0)
                r = host_read_number(&n, "/sys/devices/system/node/node%" PRIu64
                                     "/hugepages/hugepages-%" PRIu64 "kB/nr_hugepages", cell, kib);
        else
                r = host_read_number(&n, "/sys/kernel/mm/hugepages/hugepages-%" PRIu64
                                     "kB/nr_hugepages", kib);
        return r < 0 ? 0 : n;
}

static void write_pages(Writer *writer, xmlNode *cell, uint64_t kib, uint64_t n) {
        char text[32];

        snprintf(text, sizeof(text), "%" PRIu64, n);
        xmlNode *pages = add_text(writer, cell, "pages", text);
        set(writer, pages, "unit", "KiB");
        set(writer, pages, "size", "%" PRIu64, kib);
}

/* Memory set aside for huge pages isn't there for small ones. */
static void write_cell_memory(Writer *writer, const Host *host, uint64_t id, xmlNode *cell) {
        uint64_t page = sysconf(_SC_PAGESIZE) / 1024, huge = 0;
        NodeMemory memory = {};

        (void) host_node.memory(NULL, id, &memory, NULL);
        add_memory(writer, cell, "memory", memory.total);
        for (size_t i = 0; i < host->n_huge_pages; i++)
                huge += host->huge_pages[i] * count_huge_pages(host, id, host->huge_pages[i]);
        write_pages(writer, cell, page, memory.total > huge ? (memory.total - huge) / page : 0);
        for (size_t i = 0; i < host->n_huge_pages; i++)
                write_pages(writer, cell, host->huge_pages[i],
                            count_huge_pages(host, id, host->huge_pages[i]));
}

/* The kernel's line has a number for each cell, in their order. */
static void write_distances(Writer *writer, const Host *host, uint64_t id, xmlNode *cell) {
        _cleanup_(freep) char *text = NULL;

        if (host_read(&text, "/sys/devices/system/node/node%" PRIu64 "/distance", id) < 0 || !*text)
                return;
        xmlNode *distances = add(writer, cell, "distances");
        char *at = text;
        for (size_t i = 0; i < host->n_cells && *at; i++) {
                uint64_t value = strtoull(at, &at, 10);
                xmlNode *sibling = add(writer, distances, "sibling");
                set(writer, sibling, "id", "%" PRIu64, host->cells[i]);
                set(writer, sibling, "value", "%" PRIu64, value);
        }
}

static void write_cell_cpus(Writer *writer, const Host *host, uint64_t id, xmlNode *cell) {
        xmlNode *cpus = add(writer, cell, "cpus");
        size_t n = 0;

        for (size_t i = 0; i < host->n_cpus; i++)
                n += host->cpus[i].cell == id;
        set(writer, cpus, "num", "%zu", n);
        for (size_t i = 0; i < host->n_cpus; i++) {
                const Cpu *cpu = &host->cpus[i];
                _cleanup_(freep) char *siblings = NULL;

                if (cpu->cell != id)
                        continue;
                xmlNode *node = add(writer, cpus, "cpu");
                set(writer, node, "id", "%" PRIu64, cpu->id);
                if (host_read(&siblings, "/sys/devices/system/cpu/cpu%" PRIu64
                              "/topology/thread_siblings_list", cpu->id) < 0)
                        continue;
                set(writer, node, "socket_id", "%" PRIu64, cpu->socket);
                set(writer, node, "die_id", "%" PRIu64, cpu->die);
                set(writer, node, "core_id", "%" PRIu64, cpu->core);
                set(writer, node, "siblings", "%s", siblings);
        }
}

static void write_topology(Writer *writer, const Host *host, xmlNode *parent) {
        xmlNode *cells = add(writer, add(writer, parent, "topology"), "cells");
        size_t n = MAX(host->n_cells, 1u);

        set(writer, cells, "num", "%zu", n);
        for (size_t i = 0; i < n; i++) {
                uint64_t id = host->n_cells > 0 ? host->cells[i] : 0;
                xmlNode *cell = add(writer, cells, "cell");

                set(writer, cell, "id", "%" PRIu64, id);
                write_cell_memory(writer, host, id, cell);
                write_distances(writer, host, id, cell);
                write_cell_cpus(writer, host, id, cell);
        }
}

/* ---- the rest ---- */

/* The firmware's, if it says something; else one that is derived from the installation's id, which
 * is not itself for everybody to see. */
static void write_uuid(Writer *writer, xmlNode *parent) {
        _cleanup_(freep) char *text = NULL;
        char formatted[UUID_TEXT_MAX];
        sd_id128_t id;
        Uuid uuid;

        if (host_read(&text, "/sys/class/dmi/id/product_uuid") < 0 ||
            uuid_parse(text, &uuid) < 0 || uuid_is_null(uuid)) {
                if (sd_id128_get_machine_app_specific(HOST_ID, &id) < 0)
                        return;
                memcpy(uuid.bytes, id.bytes, sizeof(uuid.bytes));
        }
        add_text(writer, parent, "uuid", uuid_format(uuid, formatted));
}

static void write_power(Writer *writer, xmlNode *parent) {
        _cleanup_(freep) char *states = NULL, *ways = NULL;
        xmlNode *power = add(writer, parent, "power_management");

        if (host_read(&states, "/sys/power/state") < 0)
                return;
        if (strstr(states, "mem"))
                add(writer, power, "suspend_mem");
        if (!strstr(states, "disk"))
                return;
        add(writer, power, "suspend_disk");
        if (host_read(&ways, "/sys/power/disk") >= 0 && strstr(ways, "suspend"))
                add(writer, power, "suspend_hybrid");
}

static void write_migration(Writer *writer, xmlNode *parent) {
        xmlNode *migration = add(writer, parent, "migration_features");

        add(writer, migration, "live");
        add_text(writer, add(writer, migration, "uri_transports"), "uri_transport", "tcp");
}

/* Guests of the system's service are kept apart by who owns what; a user's are all the user's. */
static void write_security(Writer *writer, xmlNode *parent) {
        xmlNode *security = add(writer, parent, "secmodel");

        add_text(writer, security, "model", geteuid() == 0 ? "dac" : "none");
        add_text(writer, security, "doi", "0");
}

static int write_host(Writer *writer, const Host *host, xmlNode *node) {
        uint64_t *groups = NULL;
        size_t n_groups = 0;

        write_uuid(writer, node);
        int r = write_cpu(writer, host, node);
        if (r >= 0)
                r = host_list_numbers("/sys/kernel/iommu_groups", "", "", &groups, &n_groups);
        if (r < 0)
                return r;
        free(groups);
        write_power(writer, node);
        set(writer, add(writer, node, "iommu"), "support", n_groups > 0 ? "yes" : "no");
        write_migration(writer, node);
        write_topology(writer, host, node);
        write_security(writer, node);
        return writer->failed ? -ENOMEM : 0;
}

int host_capabilities(char **ret, Error *error) {
        _cleanup_(host_done) Host host = {};
        _cleanup_(xml_doc_freep) xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
        xmlNode *root = doc ? xmlNewDocNode(doc, NULL, BAD_CAST "host", NULL) : NULL;
        Writer writer = {};
        char *text;

        if (!root)
                return fail_memory(error);
        xmlDocSetRootElement(doc, root);
        int r = host_look(&host);
        if (r >= 0)
                r = write_host(&writer, &host, root);
        if (r >= 0)
                r = xml_print(root, &text);
        if (r < 0)
                return fail_errno(error, r, "cannot describe the host");
        size_t n = strlen(text);
        if (n > 0 && text[n - 1] == '\n')
                text[n - 1] = 0;
        *ret = text;
        return 0;
}
