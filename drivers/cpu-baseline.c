/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What several processors have in common, as a <cpu> for guests: the model of their vendor that
 * differs from it in the fewest features, and these. */
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/host-cpu.h"
#include "drivers/host.h"
#include "drivers/cpu.h"
#include "drivers/xml-out.h"

/* Of a guest that has them it isn't known whether it can go to another host. */
static const char *const stays[] = { "invtsc" };

typedef struct Baseline {
        const CpuModels *more;
        CpuSet common, best; /* best: what the model has */
        const char *model, *vendor;
        bool all_of_model, all_tell_vendor; /* every one was of that model, told its vendor */
        size_t differences;
} Baseline;

static void baseline_clear(Baseline *baseline) {
        cpu_set_clear(&baseline->common);
        cpu_set_clear(&baseline->best);
}

/* ---- what they have in common ---- */

static void keep_only(CpuSet *set, const CpuSet *others) {
        size_t n = 0;

        for (size_t i = 0; i < set->n; i++)
                if (cpu_set_has(others, set->items[i]))
                        set->items[n++] = set->items[i];
                else
                        free(set->items[i]);
        set->n = n;
}

static void take_out(CpuSet *set, const char *name) {
        CpuSet others = {};

        if (!cpu_set_has(set, name))
                return;
        for (size_t i = 0; i < set->n; i++)
                if (strcmp(set->items[i], name) != 0)
                        cpu_set_add(&others, set->items[i]);
        others.failed = others.failed || set->failed;
        cpu_set_clear(set);
        *set = others;
}

static int note_vendor(Baseline *baseline, const CpuConf *conf, const char *of_model, bool first,
                       Error *error) {
        const char *vendor = conf->cpu.vendor ?: of_model;
        int r = cpu_check_vendor(conf->cpu.vendor, error);

        if (r < 0)
                return r;
        if (vendor && strcmp(vendor, "unknown") == 0)
                vendor = NULL;
        baseline->all_tell_vendor = (first || baseline->all_tell_vendor) && conf->cpu.vendor;
        if (!first && vendor && baseline->vendor && strcmp(vendor, baseline->vendor) != 0)
                return fail(error, ERROR_OPERATION_FAILED, "CPU vendors do not match: %s, %s",
                            baseline->vendor, vendor);
        baseline->vendor = vendor ?: baseline->vendor;
        return 0;
}

static int add_cpu(Baseline *baseline, const CpuConf *conf, bool first, Error *error) {
        CpuSet features = {}, off = {}, unused = {};
        const char *of_model = NULL;
        int r = cpu_conf_features(conf, "require", baseline->more, &features, error);

        if (r >= 0)
                r = cpu_conf_features(conf, "disable", baseline->more, &off, error);
        for (size_t i = 0; i < off.n; i++)
                take_out(&features, off.items[i]);
        if (r >= 0)
                r = cpu_model_features(conf->cpu.model, baseline->more, &unused, &of_model, error);
        if (r >= 0)
                r = note_vendor(baseline, conf, of_model, first, error);
        if (r >= 0 && !first)
                keep_only(&baseline->common, &features);
        if (r >= 0 && first) {
                baseline->common = features;
                features = (CpuSet) {};
        }
        cpu_set_clear(&features);
        cpu_set_clear(&off);
        cpu_set_clear(&unused);
        return r < 0 || !baseline->common.failed ? r : fail_memory(error);
}

static int find_common(Baseline *baseline, CpuConf *const *confs, size_t n, Error *error) {
        baseline->all_of_model = true;
        for (size_t i = 0; i < n; i++) {
                int r = add_cpu(baseline, confs[i], i == 0, error);

                if (r < 0)
                        return r;
                if (strcmp(confs[i]->cpu.model, confs[0]->cpu.model) != 0)
                        baseline->all_of_model = false;
        }
        if (baseline->common.n == 0)
                return fail(error, ERROR_OPERATION_FAILED, "CPUs are incompatible");
        return 0;
}

/* ---- its model ---- */

/* What has to be switched off counts twice: such a model is of a later processor. */
static size_t count_differences(const CpuSet *model, const CpuSet *common) {
        size_t n = 0;

        for (size_t i = 0; i < model->n; i++)
                n += cpu_set_has(common, model->items[i]) ? 0 : 2;
        for (size_t i = 0; i < common->n; i++)
                n += !cpu_set_has(model, common->items[i]);
        return n;
}

static int try_model(Baseline *baseline, const char *name, Error *error) {
        const char *vendor = NULL;
        CpuSet features = {};
        size_t differences;
        int r = cpu_model_features(name, baseline->more, &features, &vendor, error);

        differences = count_differences(&features, &baseline->common);
        if (r >= 0 && (!baseline->vendor || !vendor || strcmp(vendor, baseline->vendor) == 0) &&
            (!baseline->model || differences < baseline->differences)) {
                cpu_set_clear(&baseline->best);
                baseline->best = features;
                features = (CpuSet) {};
                baseline->model = name;
                baseline->differences = differences;
        }
        cpu_set_clear(&features);
        return r;
}

static int choose_model(Baseline *baseline, const char *only, Error *error) {
        const CpuModels *more = baseline->more;
        const char *name;
        int r = 0;

        if (only)
                return try_model(baseline, only, error);
        for (unsigned i = 0; (name = host_cpu_model(i)) && r >= 0; i++)
                r = try_model(baseline, name, error);
        for (size_t i = 0; more && r >= 0 && (name = more->name(more->data, i)); i++)
                r = try_model(baseline, name, error);
        if (r >= 0 && !baseline->model)
                return fail(error, ERROR_OPERATION_FAILED,
                            "no CPU model describes what these have in common");
        return r;
}

/* ---- its document ---- */

static void print_feature(XmlOut *out, xmlNode *cpu, const char *policy, const char *name) {
        xmlNode *node = out_element(out, cpu, "feature", NULL);

        out_attribute(out, node, "policy", policy);
        out_attribute(out, node, "name", name);
}

/* In the order in which features are always told; those without a place in it come last. */
static void print_in_order(XmlOut *out, xmlNode *cpu, const char *policy, const CpuSet *set) {
        int rank = -1, next = -1;

        do {
                next = -1;
                for (size_t i = 0; i < set->n; i++) {
                        int of = host_cpu_feature_rank(set->items[i]);

                        if (of > rank && (next < 0 || of < next))
                                next = of;
                }
                for (size_t i = 0; next >= 0 && i < set->n; i++)
                        if (host_cpu_feature_rank(set->items[i]) == next)
                                print_feature(out, cpu, policy, set->items[i]);
                rank = next;
        } while (next >= 0);
        for (size_t i = 0; i < set->n; i++)
                if (host_cpu_feature_rank(set->items[i]) < 0)
                        print_feature(out, cpu, policy, set->items[i]);
}

static void print_differences(XmlOut *out, xmlNode *cpu, const Baseline *baseline) {
        CpuSet more = {}, less = {};

        for (size_t i = 0; i < baseline->common.n; i++)
                if (!cpu_set_has(&baseline->best, baseline->common.items[i]))
                        cpu_set_add(&more, baseline->common.items[i]);
        for (size_t i = 0; i < baseline->best.n; i++)
                if (!cpu_set_has(&baseline->common, baseline->best.items[i]))
                        cpu_set_add(&less, baseline->best.items[i]);
        print_in_order(out, cpu, "require", &more);
        print_in_order(out, cpu, "disable", &less);
        out->failed = out->failed || more.failed || less.failed;
        cpu_set_clear(&more);
        cpu_set_clear(&less);
}

static int print(const Baseline *baseline, uint32_t flags, char **ret, Error *error) {
        XmlOut out = {};
        xmlNode *cpu = out_begin(&out, "cpu"), *model;
        int r;

        out_attribute(&out, cpu, "mode", "custom");
        out_attribute(&out, cpu, "match", "exact");
        model = out_element(&out, cpu, "model", baseline->model);
        out_attribute(&out, model, "fallback", baseline->all_of_model ? "forbid" : "allow");
        if (baseline->all_tell_vendor && baseline->vendor)
                (void) out_element(&out, cpu, "vendor", baseline->vendor);
        if (flags & BASELINE_CPU_EXPAND_FEATURES) {
                for (size_t i = 0; i < baseline->common.n; i++)
                        print_feature(&out, cpu, "require", baseline->common.items[i]);
                for (size_t i = 0; i < baseline->best.n; i++)
                        if (!cpu_set_has(&baseline->common, baseline->best.items[i]))
                                print_feature(&out, cpu, "disable", baseline->best.items[i]);
        } else
                print_differences(&out, cpu, baseline);
        r = out_print(&out, ret, error);
        out_done(&out);
        return r;
}

/* ---- all of it ---- */

/* Processors without features that we know are the same or aren't. */
static int same_model(Baseline *baseline, CpuConf *const *confs, size_t n, Error *error) {
        const char *model = confs[0]->cpu.model, *vendor = confs[0]->cpu.vendor;

        for (size_t i = 1; i < n; i++) {
                const char *other = confs[i]->cpu.vendor;

                if (vendor && other && strcmp(vendor, other) != 0)
                        return fail(error, ERROR_OPERATION_FAILED, "CPU vendors do not match");
                if (strcmp(confs[i]->cpu.model, model) != 0)
                        return fail(error, ERROR_OPERATION_FAILED,
                                    "CPUs are incompatible: %s, %s", model, confs[i]->cpu.model);
        }
        baseline->model = model;
        baseline->all_of_model = true;
        return 0;
}

static int check_all(CpuConf *const *confs, size_t n, Error *error) {
        for (size_t i = 0; i < n; i++) {
                if (!confs[i]->cpu.model)
                        return fail(error, ERROR_INVALID_ARG, "CPU %zu names no model", i);
                if (strcmp(confs[i]->arch ?: host_arch(), confs[0]->arch ?: host_arch()) != 0)
                        return fail(error, ERROR_INVALID_ARG,
                                    "CPUs of different architectures have nothing in common");
        }
        return 0;
}

int cpu_baseline(CpuConf *const *confs, size_t n, const CpuModels *more, uint32_t flags,
                      char **ret, Error *error) {
        _cleanup_(baseline_clear) Baseline baseline = { .more = more };
        int r = check_all(confs, n, error);

        if (r < 0)
                return r;
        if (!cpu_arch_is_x86(confs[0]->arch ?: host_arch())) {
                r = same_model(&baseline, confs, n, error);
                return r < 0 ? r : print(&baseline, flags, ret, error);
        }
        if ((r = find_common(&baseline, confs, n, error)) < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(stays) && flags & BASELINE_CPU_MIGRATABLE; i++)
                take_out(&baseline.common, stays[i]);
        r = choose_model(&baseline, baseline.all_of_model ? confs[0]->cpu.model : NULL, error);
        return r < 0 ? r : print(&baseline, flags, ret, error);
}
