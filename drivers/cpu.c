/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in a processor: sets of features, models, this host. */
#include "drivers/cpu.h"

#include <stdio.h>
#include <string.h>

#include "drivers/host-cpu.h"
#include "drivers/host.h"

/* ---- sets ---- */

/* Where a name is or would be. */
static size_t place_of(const CpuSet *set, const char *name) {
        size_t low = 0, high = set->n;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (strcmp(set->items[middle], name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool cpu_set_has(const CpuSet *set, const char *name) {
        size_t at = place_of(set, name);

        return at < set->n && strcmp(set->items[at], name) == 0;
}

void cpu_set_add(CpuSet *set, const char *name) {
        size_t at = place_of(set, name);
        char *copy, **items;

        if (at < set->n && strcmp(set->items[at], name) == 0)
                return;
        copy = strdup(name);
        items = copy ? reallocarray(set->items, set->n + 1, sizeof(*items)) : NULL;
        if (!items) {
                free(copy);
                set->failed = true;
                return;
        }
        memmove(items + at + 1, items + at, (set->n++ - at) * sizeof(*items));
        items[at] = copy;
        set->items = items;
}

void cpu_set_clear(CpuSet *set) {
        for (size_t i = 0; i < set->n; i++)
                free(set->items[i]);
        free(set->items);
        *set = (CpuSet) {};
}

/* ---- models ---- */

static int add_lines(CpuSet *set, const char *lines, Error *error) {
        char name[128];

        for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
                snprintf(name, sizeof(name), "%.*s", (int) (end - lines), lines);
                cpu_set_add(set, name);
        }
        return set->failed ? fail_memory(error) : 0;
}

int cpu_model_features(const char *model, const CpuModels *more, CpuSet *set,
                       const char **ret_vendor, Error *error) {
        _cleanup_(freep) const char **names = host_cpu_model_features(model, ret_vendor);
        const char *lines = !names && more ? more->features(more->data, model, ret_vendor) : NULL;

        for (size_t i = 0; names && names[i]; i++)
                cpu_set_add(set, names[i]);
        if (names)
                return set->failed ? fail_memory(error) : 0;
        if (!lines)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "unknown CPU model '%s'", model);
        return add_lines(set, lines, error);
}

/* ---- documents ---- */

bool cpu_feature_is_hidden(const char *name) {
        return strcmp(name, "osxsave") == 0 || strcmp(name, "svme-addr-chk") == 0;
}

static bool knows_feature(const CpuModels *more, const char *name) {
        return host_cpu_feature_rank(name) >= 0 || cpu_feature_is_hidden(name) ||
               (more && more->knows(more->data, name));
}

int cpu_conf_features(const CpuConf *conf, const char *policy, const CpuModels *more, CpuSet *set,
                      Error *error) {
        const char *vendor;
        int r = 0;

        if (conf->cpu.model && strcmp(policy, "require") == 0)
                r = cpu_model_features(conf->cpu.model, more, set, &vendor, error);
        for (size_t i = 0; i < conf->cpu.features.n && r >= 0; i++) {
                const CpuFeature *feature = conf->cpu.features.items[i];

                if (!knows_feature(more, feature->name))
                        return fail(error, ERROR_CONFIG_UNSUPPORTED, "unknown CPU feature '%s'",
                                    feature->name);
                if (strcmp(feature->policy ?: "require", policy) == 0)
                        cpu_set_add(set, feature->name);
        }
        return r < 0 ? r : set->failed ? fail_memory(error) : 0;
}

int cpu_check_vendor(const char *vendor, Error *error) {
        static const char *const vendors[] = { "AMD", "Hygon", "Intel" };

        for (size_t i = 0; vendor && i < ELEMENTS(vendors); i++)
                if (strcmp(vendors[i], vendor) == 0)
                        return 0;
        if (!vendor)
                return 0;
        return fail(error, ERROR_CONFIG_UNSUPPORTED, "unknown CPU vendor '%s'", vendor);
}

bool cpu_arch_is_x86(const char *arch) {
        return strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
}

/* ---- hosts ---- */

static int copy_text(const char *text, char **ret, Error *error) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? fail_memory(error) : 0;
}

int cpu_host(const CpuModels *more, CpuHost *ret, Error *error) {
        const char *vendor;
        _cleanup_(freep) const char **names = host_cpu_features(&vendor);

        *ret = (CpuHost) {};
        if (!names || copy_text(host_arch(), &ret->arch, error) < 0 ||
            copy_text(vendor, &ret->vendor, error) < 0 ||
            copy_text(more ? more->host_model : NULL, &ret->model, error) < 0)
                return fail_memory(error);
        for (size_t i = 0; names[i]; i++)
                cpu_set_add(&ret->features, names[i]);
        return ret->features.failed ? fail_memory(error) : 0;
}

int cpu_host_of(const CpuConf *conf, const CpuModels *more, CpuHost *ret, Error *error) {
        int r;

        *ret = (CpuHost) {};
        r = copy_text(conf->arch, &ret->arch, error);
        if (r >= 0)
                r = copy_text(conf->cpu.vendor, &ret->vendor, error);
        if (r >= 0)
                r = copy_text(conf->cpu.model, &ret->model, error);
        if (r < 0 || !cpu_arch_is_x86(conf->arch ?: host_arch()))
                return r;
        return cpu_conf_features(conf, "require", more, &ret->features, error);
}

void cpu_host_clear(CpuHost *host) {
        free(host->arch);
        free(host->model);
        free(host->vendor);
        cpu_set_clear(&host->features);
        *host = (CpuHost) {};
}
