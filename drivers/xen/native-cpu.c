/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's processors can do and to which memory they are near: cpuid, nestedhvm, vnuma,
 * passthrough. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"

#define NODES_MAX 64
#define NEAR 10
#define FAR 20

/* ---- IOMMU ---- */

static const char *const passthrough_modes[] = { "sync_pt", "share_pt" };

int native_read_passthrough(NativeRead *read) {
        const char *text = read->dialect == NATIVE_XL ? native_text(read->config, "passthrough")
                                                      : NULL;
        bool off = text && (strcmp(text, "disabled") == 0 || strcmp(text, "0") == 0);
        bool on = text && (strcmp(text, "enabled") == 0 || strcmp(text, "1") == 0);

        for (size_t i = 0; text && i < ELEMENTS(passthrough_modes); i++)
                if (strcmp(text, passthrough_modes[i]) == 0) {
                        native_put(read, read->root, "features/xen/passthrough/@mode", "%s", text);
                        on = true;
                }
        if (on || off)
                native_put(read, read->root, "features/xen/passthrough/@state", "%s",
                           on ? "on" : "off");
        return 0;
}

int native_write_passthrough(NativeWrite *write) {
        const DomainFeatures *features = &write->conf->features;

        if (write->dialect != NATIVE_XL)
                return 0;
        if (features->xen_passthrough == TRISTATE_YES)
                native_set_text(write->config, "passthrough",
                                features->xen_passthrough_mode ?: "enabled");
        else if (features->xen_passthrough == TRISTATE_NO)
                native_set_text(write->config, "passthrough", "disabled");
        return 0;
}

/* ---- features ---- */

/* Names of features that libxl spells in its own way. */
static const struct {
        const char *word, *xl;
} spellings[] = {
        { "cx16", "cmpxchg16" },    { "cid", "cntxid" },       { "ds_cpl", "dscpl" },
        { "pclmuldq", "pclmulqdq" }, { "pni", "sse3" },        { "ht", "htt" },
        { "pn", "psn" },            { "clflush", "clfsh" },    { "sep", "sysenter" },
        { "cx8", "cmpxchg8" },      { "nodeid_msr", "nodeid" }, { "cr8legacy", "altmovcr8" },
        { "lahf_lm", "lahfsahf" },  { "cmp_legacy", "cmplegacy" }, { "fxsr_opt", "ffxsr" },
        { "pdpe1gb", "page1gb" },   { "spec-ctrl", "ibrsb" },  { "sha-ni", "sha" },
        { "arch-capabilities", "arch-caps" },                 { "intel-pt", "proc-trace" },
        { "core-capability", "core-caps" },                   { "avx512ifma", "avx512-ifma" },
        { "npt", "svm_npt" },       { "lbrv", "svm_lbrv" },    { "nrip-save", "svm_nrips" },
        { "tsc-scale", "svm_tscrate" },                       { "vmcb-clean", "svm_vmcbclean" },
        { "decodeassists", "svm_decode" },                    { "pause-filter", "svm_pausefilt" },
};

static const struct {
        const char *policy;
        char letter;
} policies[] = {
        { "force", '1' }, { "require", '1' }, { "disable", '0' }, { "forbid", '0' },
        { "optional", 'x' },
};

const char *native_cpu_feature(const char *word) {
        for (size_t i = 0; word && i < ELEMENTS(spellings); i++)
                if (strcmp(spellings[i].word, word) == 0)
                        return spellings[i].xl;
        return word ?: "";
}

char native_cpu_policy(const char *policy) {
        for (size_t i = 0; i < ELEMENTS(policies); i++)
                if (strcmp(policies[i].policy, policy ?: "require") == 0)
                        return policies[i].letter;
        return 'x';
}

static void read_feature(NativeRead *read, xmlNode *cpu, const char *text, size_t n) {
        const char *equals = memchr(text, '=', n);
        size_t length = equals ? (size_t) (equals - text) : n;

        if (!equals || equals + 2 != text + n || length == 0)
                return; /* "family=0x6" and the like */
        for (size_t i = 0; i < ELEMENTS(policies); i++) {
                if (policies[i].letter != equals[1])
                        continue;
                xmlNode *feature = native_add(read, cpu, "feature");

                native_put(read, feature, "@policy", "%s", policies[i].policy);
                for (size_t k = 0; k < ELEMENTS(spellings); k++)
                        if (strlen(spellings[k].xl) == length &&
                            memcmp(spellings[k].xl, text, length) == 0) {
                                native_put(read, feature, "@name", "%s", spellings[k].word);
                                return;
                        }
                native_put(read, feature, "@name", "%.*s", (int) length, text);
                return;
        }
}

/* "host,tm=0,sse3=1". The other form, lists of registers, no document has a word for. */
static void read_cpuid(NativeRead *read, xmlNode *cpu, const char *text) {
        for (text += strcspn(text, ","); *text;) {
                size_t n = strcspn(++text, ",");

                read_feature(read, cpu, text, n);
                text += n;
        }
}

/* A guest has what its host has, but virtualization only if that is said. */
static xmlNode *read_features(NativeRead *read) {
        const char *cpuid = read->dialect == NATIVE_XL ? native_text(read->config, "cpuid") : NULL;
        long long nested = 0;
        bool given = read->guest == GUEST_HVM &&
                     native_number(read->config, "nestedhvm", &nested);

        if (cpuid && strncmp(cpuid, "host", 4) != 0)
                cpuid = NULL;
        if (!given && !cpuid)
                return NULL;
        xmlNode *cpu = native_add(read, read->root, "cpu");

        native_put(read, cpu, "@mode", "host-passthrough");
        if (cpuid)
                read_cpuid(read, cpu, cpuid);
        if (!nested && read->guest != GUEST_PV) {
                xmlNode *feature = native_add(read, cpu, "feature");

                native_put(read, feature, "@policy", "disable");
                native_put(read, feature, "@name", "vmx");
        }
        return cpu;
}

static bool is_virtualization(const char *feature) {
        return feature && (strcmp(feature, "vmx") == 0 || strcmp(feature, "svm") == 0);
}

static void write_features(NativeWrite *write) {
        const DomainCpu *cpu = write->conf->cpu;
        _cleanup_(freep) char *text = NULL;
        NativeSpec spec = {};
        bool nested = true, any = false;

        spec_add(&spec, "host");
        for (size_t i = 0; i < cpu->features.n; i++) {
                const char *name = cpu->features.items[i]->name;
                char letter = native_cpu_policy(cpu->features.items[i]->policy);

                if (is_virtualization(name)) {
                        nested = nested && letter != '0';
                        continue;
                }
                spec_add(&spec, "%s=%c", native_cpu_feature(name), letter);
                any = true;
        }
        text = TAKE(spec.text);
        write->config->failed = write->config->failed || spec.failed;
        if (write->guest == GUEST_HVM)
                native_set_number(write->config, "nestedhvm", nested);
        if (any && write->dialect == NATIVE_XL)
                native_set_text(write->config, "cpuid", text);
}

/* ---- virtual NUMA ---- */

/* What follows "size=" among the texts of a node. */
static const char *node_value(const NativeValue *node, const char *key) {
        size_t n = strlen(key);

        for (size_t i = 0; i < node->n; i++) {
                const char *text = node->items[i]->text;

                if (text && strncmp(text, key, n) == 0 && text[n] == '=')
                        return text + n + 1;
        }
        return NULL;
}

static void read_distances(NativeRead *read, xmlNode *cell, const char *text) {
        for (unsigned id = 0; *text; id++) {
                size_t n = strcspn(text, ",");
                xmlNode *sibling = native_add(read, cell, "distances/sibling");

                native_put(read, sibling, "@id", "%u", id);
                native_put(read, sibling, "@value", "%.*s", (int) n, text);
                text += n + (text[n] == ',');
        }
}

static int read_vnuma(NativeRead *read, xmlNode *cpu) {
        const NativeValue *nodes = native_get(read->config, "vnuma");

        if (!nodes || nodes->n == 0)
                return 0;
        if (nodes->n > NODES_MAX)
                return native_fail(read, "vnuma", "more than %d nodes", NODES_MAX);
        if (!cpu)
                cpu = native_add(read, read->root, "cpu");
        for (size_t i = 0; i < nodes->n; i++) {
                const char *size = node_value(nodes->items[i], "size");
                const char *vcpus = node_value(nodes->items[i], "vcpus");
                const char *distances = node_value(nodes->items[i], "vdistances");
                long long mib = size ? atoll(size) : 0;

                if (mib <= 0 || mib > (1ll << 40) || !vcpus)
                        return native_fail(read, "vnuma", "node %zu has no size or no vcpus", i);
                xmlNode *cell = native_add(read, cpu, "numa/cell");

                native_put(read, cell, "@id", "%zu", i);
                native_put(read, cell, "@cpus", "%s", vcpus);
                native_put(read, cell, "@memory", "%lld", mib * 1024);
                native_put(read, cell, "@unit", "KiB");
                if (distances)
                        read_distances(read, cell, distances);
        }
        return 0;
}

int native_read_cpu(NativeRead *read) {
        xmlNode *cpu = read_features(read);

        return read->dialect == NATIVE_XL ? read_vnuma(read, cpu) : 0;
}

/* What one node says, or else what the other says of it, or else a neighbour's. */
static uint32_t said_distance(const NumaCell *from, uint32_t to) {
        for (size_t i = 0; i < from->distances.n; i++)
                if (from->distances.items[i]->cell.value == to)
                        return from->distances.items[i]->distance.value;
        return 0;
}

uint32_t native_distance(const DomainCpu *cpu, size_t from, size_t to) {
        return said_distance(cpu->cells.items[from], to)
                       ?: said_distance(cpu->cells.items[to], from)
                       ?: (from == to ? NEAR : FAR);
}

static void add_word(NativeWrite *write, NativeValue *list, const char *key, const char *value) {
        _cleanup_(freep) char *text = NULL;

        if (asprintf(&text, "%s=%s", key, value) < 0)
                text = NULL;
        if (!text || native_value_append(list, native_value_new(text, false)) < 0)
                write->config->failed = true;
}

static NativeValue *write_node(NativeWrite *write, size_t i) {
        const DomainCpu *cpu = write->conf->cpu;
        const NumaCell *cell = cpu->cells.items[i];
        NativeValue *node = native_value_new(NULL, false);
        NativeSpec distances = {};
        char number[24];

        if (!node)
                return NULL;
        snprintf(number, sizeof(number), "%zu", i);
        add_word(write, node, "pnode", number);
        snprintf(number, sizeof(number), "%llu", (unsigned long long) cell->memory / 1024);
        add_word(write, node, "size", number);
        if (cell->cpus)
                add_word(write, node, "vcpus", cell->cpus);
        for (size_t k = 0; k < cpu->cells.n; k++)
                spec_add(&distances, "%u", native_distance(cpu, i, k));
        add_word(write, node, "vdistances", distances.text ?: "");
        write->config->failed = write->config->failed || distances.failed;
        free(distances.text);
        return node;
}

static int write_vnuma(NativeWrite *write) {
        const DomainCpu *cpu = write->conf->cpu;
        _cleanup_(native_value_freep) NativeValue *nodes = native_value_new(NULL, false);

        if (cpu->cells.n > NODES_MAX)
                return fail(write->error, ERROR_CONFIG_UNSUPPORTED, "more than %d NUMA cells",
                            NODES_MAX);
        for (size_t i = 0; nodes && i < cpu->cells.n; i++)
                if (native_value_append(nodes, write_node(write, i)) < 0)
                        write->config->failed = true;
        native_set(write->config, "vnuma", TAKE(nodes));
        return 0;
}

int native_write_cpu(NativeWrite *write) {
        const DomainCpu *cpu = write->conf->cpu;

        if (!cpu)
                return 0;
        if (cpu->mode && strcmp(cpu->mode, "host-passthrough") == 0)
                write_features(write);
        if (cpu->cells.n > 0 && write->dialect == NATIVE_XL)
                return write_vnuma(write);
        return 0;
}
