/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document of virConnectGetCapabilities. Which guests there can be, Xen says in words such as
 * "hvm-3.0-x86_32p"; a word is a kind of guest, an interface and a processor. The host is described
 * as any other, but for its CPUs and cells: dom0's kernel sees only those that it was given. */
#include "drivers/xen/capabilities.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "drivers/host.h"
#include "drivers/xen/tuning.h"
#include "drivers/xml-out.h"

/* ---- kinds of guests ---- */

static const struct {
        const char *word, *arch;
        unsigned wordsize;
        bool pae, nonpae;
} processors[] = {
        { "x86_64",  "x86_64",  64 },
        { "x86_32p", "i686",    32, .pae = true },
        { "x86_32",  "i686",    32, .nonpae = true },
        { "aarch64", "aarch64", 64 },
        { "armv7l",  "armv7l",  32 },
};

static XenKind *find_kind(XenKind *kinds, size_t n, const char *os_type, const char *arch) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(kinds[i].os_type, os_type) == 0 && strcmp(kinds[i].arch, arch) == 0)
                        return &kinds[i];
        return NULL;
}

/* Two words may be one kind: with and without large addresses. */
static size_t add_kind(XenKind *kinds, size_t n, const char *os_type, const char *machine,
                       size_t processor) {
        const char *arch = processors[processor].arch;
        XenKind *kind = find_kind(kinds, n, os_type, arch);

        if (!kind && n == XEN_KINDS_MAX)
                return n;
        if (!kind) {
                kind = &kinds[n++];
                *kind = (XenKind) {
                        .os_type = os_type, .machine = machine, .arch = arch,
                        .wordsize = processors[processor].wordsize,
                };
        }
        kind->pae = kind->pae || processors[processor].pae;
        kind->nonpae = kind->nonpae || processors[processor].nonpae;
        return n;
}

/* What runs with hardware runs without its devices, too. */
static size_t add_word(XenKind *kinds, size_t n, const char *word, size_t length) {
        const char *end = word + length, *processor = end;

        while (processor > word && processor[-1] != '-')
                processor--;
        for (size_t i = 0; i < ELEMENTS(processors); i++) {
                if (strlen(processors[i].word) != (size_t) (end - processor) ||
                    strncmp(processors[i].word, processor, (size_t) (end - processor)) != 0)
                        continue;
                if (strncmp(word, "xen-", 4) == 0)
                        return add_kind(kinds, n, "xen", "xenpv", i);
                if (strncmp(word, "hvm-", 4) != 0)
                        return n;
                n = add_kind(kinds, n, "hvm", "xenfv", i);
                return add_kind(kinds, n, "xenpvh", "xenpvh", i);
        }
        return n;
}

size_t xen_kinds(const XenHost *host, XenKind ret[static XEN_KINDS_MAX]) {
        const char *at = host->words ?: "";
        size_t n = 0;

        while (*(at += strspn(at, " "))) {
                size_t length = strcspn(at, " ");

                n = add_word(ret, n, at, length);
                at += length;
        }
        return n;
}

const char *xen_emulator(void) {
        static const char *const paths[] = {
                "/usr/libexec/xen-qemu-system-i386", "/usr/lib/xen/bin/qemu-system-i386",
                "/usr/libexec/xen/bin/qemu-system-i386", "/usr/local/lib/xen/bin/qemu-system-i386",
                "/usr/bin/qemu-system-i386", "/usr/bin/qemu-system-x86_64",
        };

        for (size_t i = 0; i < ELEMENTS(paths); i++)
                if (access(paths[i], X_OK) == 0)
                        return paths[i];
        return NULL;
}

static void add_features(XmlOut *out, xmlNode *guest, const XenHost *host, const XenKind *kind) {
        const struct {
                const char *name, *initial, *toggle; /* NULL: it has no such attributes */
                bool has;
        } features[] = {
                { "pae", NULL, NULL, kind->pae },
                { "nonpae", NULL, NULL, kind->nonpae },
                { "acpi", "on", "yes", strcmp(kind->os_type, "hvm") == 0 },
                { "apic", "on", "no", strcmp(kind->os_type, "hvm") == 0 },
                { "hap", "on", "yes", host->hap && strcmp(kind->os_type, "xen") != 0 },
        };
        xmlNode *parent = out_element(out, guest, "features", NULL);

        for (size_t i = 0; i < ELEMENTS(features); i++) {
                if (!features[i].has)
                        continue;
                xmlNode *node = out_element(out, parent, features[i].name, NULL);
                if (!features[i].initial)
                        continue;
                out_attribute(out, node, "default", features[i].initial);
                out_attribute(out, node, "toggle", features[i].toggle);
        }
}

static void add_guest(XmlOut *out, xmlNode *root, const XenHost *host, const XenKind *kind) {
        xmlNode *guest = out_element(out, root, "guest", NULL), *node, *domain;
        char wordsize[12];

        snprintf(wordsize, sizeof(wordsize), "%u", kind->wordsize);
        (void) out_element(out, guest, "os_type", kind->os_type);
        node = out_element(out, guest, "arch", NULL);
        out_attribute(out, node, "name", kind->arch);
        (void) out_element(out, node, "wordsize", wordsize);
        if (xen_emulator())
                (void) out_element(out, node, "emulator", xen_emulator());
        if (strcmp(kind->os_type, "hvm") == 0)
                (void) out_element(out, node, "loader", XEN_FIRMWARE_DIR "/hvmloader");
        (void) out_element(out, node, "machine", kind->machine);
        domain = out_element(out, node, "domain", NULL);
        out_attribute(out, domain, "type", "xen");
        add_features(out, guest, host, kind);
}

/* ---- CPUs and cells of the host ---- */

static bool is_online(const libxl_cputopology *cpu) {
        return cpu->core != LIBXL_CPUTOPOLOGY_INVALID_ENTRY;
}

static int count_cpus(const XenHost *host, int cell) {
        int n = 0;

        for (int i = 0; i < host->n_cpus; i++)
                n += is_online(&host->cpus[i]) &&
                     (cell < 0 || host->cpus[i].node == (uint32_t) cell);
        return n;
}

/* A host where they differ from place to place is one socket full of cores. */
static void set_topology(XmlOut *out, xmlNode *topology, const XenHost *host) {
        unsigned long n = (unsigned long) MAX(count_cpus(host, -1), 1);
        unsigned long cells = (unsigned long) MAX(host->n_cells, 1);
        unsigned long cores = MAX(host->cores, 1u), threads = MAX(host->threads, 1u);
        unsigned long sockets = n / (cells * cores * threads);

        if (sockets * cells * cores * threads != n) {
                sockets = 1;
                cores = n;
                threads = 1;
        }
        out_number(out, topology, "sockets", sockets);
        out_number(out, topology, "dies", 1);
        out_number(out, topology, "cores", cores);
        out_number(out, topology, "threads", threads);
}

static void add_cell_cpu(XmlOut *out, xmlNode *parent, const XenHost *host, int i) {
        const libxl_cputopology *cpu = &host->cpus[i];
        xmlNode *node = out_element(out, parent, "cpu", NULL);
        char *text = NULL;
        size_t size;
        FILE *siblings = open_memstream(&text, &size);

        out_number(out, node, "id", (unsigned long) i);
        out_number(out, node, "socket_id", cpu->socket);
        out_number(out, node, "die_id", 0);
        out_number(out, node, "core_id", cpu->core);
        for (int k = 0; siblings && k < host->n_cpus; k++)
                if (host->cpus[k].core == cpu->core && host->cpus[k].socket == cpu->socket &&
                    host->cpus[k].node == cpu->node)
                        fprintf(siblings, "%s%d", ftell(siblings) > 0 ? "," : "", k);
        if (!siblings || fclose(siblings) != 0)
                out->failed = true;
        else
                out_attribute(out, node, "siblings", text);
        free(text);
}

static void add_memory(XmlOut *out, xmlNode *cell, uint64_t kib) {
        unsigned long page = (unsigned long) sysconf(_SC_PAGESIZE) / 1024;
        char text[24];
        xmlNode *node;

        snprintf(text, sizeof(text), "%" PRIu64, kib);
        node = out_element(out, cell, "memory", text);
        out_attribute(out, node, "unit", "KiB");
        snprintf(text, sizeof(text), "%" PRIu64, kib / page);
        node = out_element(out, cell, "pages", text);
        out_attribute(out, node, "unit", "KiB");
        out_number(out, node, "size", page);
}

static void add_distances(XmlOut *out, xmlNode *cell, const libxl_numainfo *info) {
        xmlNode *node = info->num_dists > 0 ? out_element(out, cell, "distances", NULL) : NULL;

        for (int i = 0; i < info->num_dists; i++) {
                xmlNode *sibling = out_element(out, node, "sibling", NULL);

                out_number(out, sibling, "id", (unsigned long) i);
                out_number(out, sibling, "value", info->dists[i]);
        }
}

static void add_cells(XmlOut *out, xmlNode *topology, const XenHost *host) {
        xmlNode *cells = out_element(out, topology, "cells", NULL);
        unsigned long n = 0;

        for (int i = 0; i < host->n_cells; i++) {
                if (host->cells[i].size == LIBXL_NUMAINFO_INVALID_ENTRY)
                        continue;
                xmlNode *cell = out_element(out, cells, "cell", NULL);
                out_number(out, cell, "id", (unsigned long) i);
                add_memory(out, cell, host->cells[i].size / 1024);
                add_distances(out, cell, &host->cells[i]);
                xmlNode *cpus = out_element(out, cell, "cpus", NULL);
                out_number(out, cpus, "num", (unsigned long) count_cpus(host, i));
                for (int k = 0; k < host->n_cpus; k++)
                        if (is_online(&host->cpus[k]) && host->cpus[k].node == (uint32_t) i)
                                add_cell_cpu(out, cpus, host, k);
                n++;
        }
        out_number(out, cells, "num", n);
}

/* ---- the host ---- */

static xmlNode *child(xmlNode *node, const char *name) {
        for (xmlNode *at = node ? xmlFirstElementChild(node) : NULL; at;
             at = xmlNextElementSibling(at))
                if (strcmp((const char *) at->name, name) == 0)
                        return at;
        return NULL;
}

/* Puts an empty element of the same name in the place of one; NULL when there is none. */
static xmlNode *renew(XmlOut *out, xmlNode *parent, const char *name) {
        xmlNode *old = child(parent, name), *made;

        if (!old)
                return NULL;
        made = xmlNewDocNode(out->document, NULL, (const xmlChar *) name, NULL);
        out->failed = out->failed || !made;
        if (made)
                xmlReplaceNode(old, made);
        xmlFreeNode(made ? old : NULL);
        return made;
}

static bool runs(const XenHost *host, const char *os_type) {
        XenKind kinds[XEN_KINDS_MAX];
        size_t n = xen_kinds(host, kinds);

        for (size_t i = 0; i < n; i++)
                if (strcmp(kinds[i].os_type, os_type) == 0)
                        return true;
        return false;
}

static bool says(xmlNode *node, const char *value) {
        return node && node->children && node->children->content &&
               strcmp((const char *) node->children->content, value) == 0;
}

/* What dom0's kernel doesn't see: Xen keeps virtualization to itself. */
static void add_cpu_features(XmlOut *out, xmlNode *cpu, const XenHost *host) {
        xmlNode *arch = child(cpu, "arch"), *vendor = child(cpu, "vendor"), *node;
        const char *name = says(vendor, "Intel") ? "vmx"
                           : says(vendor, "AMD") || says(vendor, "Hygon") ? "svm" : NULL;

        if (!says(arch, "x86_64") && !says(arch, "i686"))
                return;
        node = out_element(out, cpu, "features", NULL);
        if (node)
                xmlAddNextSibling(arch, node);
        (void) out_element(out, node, "pae", NULL);
        if (name && runs(host, "hvm"))
                (void) out_element(out, node, name, NULL);
}

/* What dom0's kernel can't know, or knows of itself alone. */
static void correct(XmlOut *out, xmlNode *node, const XenHost *host) {
        xmlNode *cpu = child(node, "cpu"), *made;

        if (cpu)
                add_cpu_features(out, cpu, host);
        if ((made = renew(out, cpu, "topology")))
                set_topology(out, made, host);
        if ((made = renew(out, node, "iommu")))
                out_attribute(out, made, "support", host->iommu ? "yes" : "no");
        if ((made = renew(out, node, "topology")))
                add_cells(out, made, host);
        if ((made = renew(out, node, "secmodel"))) {
                (void) out_element(out, made, "model", "none");
                (void) out_element(out, made, "doi", "0");
        }
}

static int add_host(XmlOut *out, xmlNode *root, const XenHost *host, Error *error) {
        _cleanup_(xml_doc_freep) xmlDoc *document = NULL;
        _cleanup_(freep) char *text = NULL;
        xmlNode *node;
        int r = host_capabilities(&text, error);

        if (r >= 0)
                r = xml_parse(text, "host", &document, error);
        if (r < 0)
                return r;
        node = xmlDocCopyNode(xmlDocGetRootElement(document), out->document, 1);
        if (!root || !node)
                return fail_memory(error);
        xmlAddChild(root, node);
        correct(out, node, host);
        return 0;
}

int xen_capabilities_xml(const XenHost *host, char **ret, Error *error) {
        _cleanup_(out_done) XmlOut out = {};
        xmlNode *root = out_begin(&out, "capabilities");
        XenKind kinds[XEN_KINDS_MAX];
        size_t n = xen_kinds(host, kinds);
        int r = add_host(&out, root, host, error);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                add_guest(&out, root, host, &kinds[i]);
        return out_print(&out, ret, error);
}

/* ---- asking Xen ---- */

int xen_host_read(XenCore *core, XenHost *ret, Error *error) {
        const libxl_version_info *version = XEN_CALL(core, libxl_get_version_info(core->ctx));
        libxl_physinfo info;
        int rc;

        *ret = (XenHost) { .words = version ? version->capabilities : NULL };
        libxl_physinfo_init(&info);
        rc = XEN_CALL(core, libxl_get_physinfo(core->ctx, &info));
        ret->cores = info.cores_per_socket;
        ret->threads = info.threads_per_core;
        ret->hap = info.cap_hap;
        ret->iommu = info.cap_hvm_directio;
        libxl_physinfo_dispose(&info);
        if (rc != 0 || !version)
                return xen_fail(error, rc ?: ERROR_FAIL, NULL, "cannot ask Xen for its host");
        ret->cpus = XEN_CALL(core, libxl_get_cpu_topology(core->ctx, &ret->n_cpus));
        ret->cells = XEN_CALL(core, libxl_get_numainfo(core->ctx, &ret->n_cells));
        if (ret->cpus && ret->cells)
                return 0;
        xen_host_done(ret);
        return fail(error, ERROR_OPERATION_FAILED, "cannot ask Xen for the host's CPUs and cells");
}

void xen_host_done(XenHost *host) {
        if (host->cpus)
                libxl_cputopology_list_free((libxl_cputopology *) host->cpus, host->n_cpus);
        if (host->cells)
                libxl_numainfo_list_free((libxl_numainfo *) host->cells, host->n_cells);
        *host = (XenHost) {};
}

int xen_capabilities(Connection *connection, Job *job, Error *error) {
        _cleanup_(xen_host_done) XenHost host = {};
        int r = xen_need(connection, error);

        if (r >= 0)
                r = xen_host_read(xen_driver_of(connection)->core, &host, error);
        return r < 0 ? r : xen_capabilities_xml(&host, &job->result.text, error);
}
