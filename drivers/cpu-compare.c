/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host is to a processor that is asked for. */
#include <stdio.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/cpu.h"

enum { FORCE, REQUIRE, OPTIONAL, DISABLE, FORBID, N_POLICIES };

static const char *const policies[N_POLICIES] = {
        "force", "require", "optional", "disable", "forbid",
};

typedef struct Comparison {
        const CpuHost *host;
        CpuSet asked[N_POLICIES];
        char **ret_why;
} Comparison;

static void comparison_clear(Comparison *comparison) {
        for (size_t i = 0; i < N_POLICIES; i++)
                cpu_set_clear(&comparison->asked[i]);
}

/* Takes the names, a comma between them; n of them is none. */
static int refuse(char **ret_why, const char *what, const CpuSet *names, CpuRelation *ret,
                  Error *error) {
        _cleanup_(freep) char *list = NULL;
        size_t size = 1;

        for (size_t i = 0; names && i < names->n; i++)
                size += strlen(names->items[i]) + 2;
        char *at = list = malloc(size);
        if (!list)
                return fail_memory(error);
        *at = '\0';
        for (size_t i = 0; names && i < names->n; i++)
                at += sprintf(at, "%s%s", i > 0 ? ", " : "", names->items[i]);
        *ret = CPU_INCOMPATIBLE;
        if (asprintf(ret_why, "%s%s", what, list) < 0) {
                *ret_why = NULL;
                return fail_memory(error);
        }
        return 0;
}

static bool is_asked(const Comparison *comparison, const char *name) {
        for (size_t i = 0; i < N_POLICIES; i++)
                if (cpu_set_has(&comparison->asked[i], name))
                        return true;
        return cpu_feature_is_hidden(name);
}

/* What a model brings along is not required where the definition says otherwise. */
static bool is_required(const Comparison *comparison, const char *name) {
        const CpuSet *asked = comparison->asked;

        return !cpu_feature_is_hidden(name) && !cpu_set_has(&asked[FORCE], name) &&
               !cpu_set_has(&asked[OPTIONAL], name) && !cpu_set_has(&asked[DISABLE], name) &&
               !cpu_set_has(&asked[FORBID], name);
}

static int judge(const Comparison *comparison, bool strict, CpuRelation *ret, Error *error) {
        const CpuSet *host = &comparison->host->features, *asked = comparison->asked;
        CpuSet forbidden = {}, missing = {}, extra = {};
        int r = 0;

        for (size_t i = 0; i < asked[FORBID].n; i++)
                if (cpu_set_has(host, asked[FORBID].items[i]))
                        cpu_set_add(&forbidden, asked[FORBID].items[i]);
        for (size_t i = 0; i < asked[REQUIRE].n; i++)
                if (!cpu_set_has(host, asked[REQUIRE].items[i]) &&
                    is_required(comparison, asked[REQUIRE].items[i]))
                        cpu_set_add(&missing, asked[REQUIRE].items[i]);
        for (size_t i = 0; i < host->n; i++)
                if (!is_asked(comparison, host->items[i]))
                        cpu_set_add(&extra, host->items[i]);
        *ret = extra.n > 0 ? CPU_SUPERSET : CPU_IDENTICAL;
        if (forbidden.failed || missing.failed || extra.failed)
                r = fail_memory(error);
        else if (forbidden.n > 0)
                r = refuse(comparison->ret_why, "the host has forbidden features: ", &forbidden,
                           ret, error);
        else if (missing.n > 0)
                r = refuse(comparison->ret_why, "the host lacks required features: ", &missing,
                           ret, error);
        else if (extra.n > 0 && strict)
                r = refuse(comparison->ret_why, "the host has more features than asked for: ",
                           &extra, ret, error);
        cpu_set_clear(&forbidden);
        cpu_set_clear(&missing);
        cpu_set_clear(&extra);
        return r;
}

/* Without features to look at, the name is what there is. */
static int compare_names(const CpuHost *host, const CpuConf *conf, char **ret_why,
                         CpuRelation *ret, Error *error) {
        if (!host->model)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "nothing is known of the CPU of this host ('%s')", host->arch ?: "");
        *ret = CPU_IDENTICAL;
        if (!conf->cpu.model || strcmp(conf->cpu.model, host->model) == 0)
                return 0;
        return refuse(ret_why, "the host is of another model", NULL, ret, error);
}

static bool same_kind(const char *a, const char *b) {
        return strcmp(a, b) == 0 || (cpu_arch_is_x86(a) && cpu_arch_is_x86(b));
}

int cpu_compare(const CpuHost *host, const CpuConf *conf, const CpuModels *more,
                     CpuRelation *ret, char **ret_why, Error *error) {
        _cleanup_(comparison_clear) Comparison comparison = { .host = host, .ret_why = ret_why };
        const char *arch = host->arch ?: host_arch(), *vendor = conf->cpu.vendor;
        bool strict = conf->cpu.match && strcmp(conf->cpu.match, "strict") == 0;
        int r = 0;

        *ret_why = NULL;
        if (conf->arch && !same_kind(conf->arch, arch))
                return refuse(ret_why, "the host is of another architecture", NULL, ret, error);
        if (cpu_arch_is_x86(arch))
                r = cpu_check_vendor(vendor, error);
        for (size_t i = 0; i < N_POLICIES && r >= 0 && cpu_arch_is_x86(arch); i++)
                r = cpu_conf_features(conf, policies[i], more, &comparison.asked[i], error);
        if (r < 0)
                return r;
        if (vendor && (!host->vendor || strcmp(vendor, host->vendor) != 0))
                return refuse(ret_why, "the host is of another vendor", NULL, ret, error);
        if (!cpu_arch_is_x86(arch))
                return compare_names(host, conf, ret_why, ret, error);
        return judge(&comparison, strict, ret, error);
}
