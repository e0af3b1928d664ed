/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors compared and brought to what they have in common, as sets of features.
 *
 * What a model has is known from two sides. Documents that describe hosts are written with the
 * models of drivers/host-cpu.h, and are read with them; of all others a hypervisor has said what is
 * in them. Processors that aren't x86 are the same when their models have the same name. */
#pragma once

#include "conf/cpu.h"
#include "drivers/driver.h"

/* Names of features, owned and sorted, each once. */
typedef struct CpuSet {
        char **items;
        size_t n;
        bool failed; /* one is missing: out of memory */
} CpuSet;

void cpu_set_add(CpuSet *set, const char *name);
bool cpu_set_has(const CpuSet *set, const char *name);
void cpu_set_clear(CpuSet *set);

/* A processor that is there. */
typedef struct CpuHost {
        char *arch, *model, *vendor; /* NULL: unknown */
        CpuSet features;
} CpuHost;

/* What a hypervisor has said of models and features that no host is described with. */
typedef struct CpuModels {
        const void *data;
        /* What a model has, each name with a newline behind it; NULL: unknown. */
        const char *(*features)(const void *data, const char *model, const char **ret_vendor);
        const char *(*name)(const void *data, size_t i); /* of each such model; NULL: no more */
        bool (*knows)(const void *data, const char *feature);
        const char *host_model; /* NULL: unknown */
} CpuModels;

/* more may be NULL, here and below: there is no hypervisor to ask. */
int cpu_host(const CpuModels *more, CpuHost *ret, Error *error); /* of this machine */
int cpu_host_of(const CpuConf *conf, const CpuModels *more, CpuHost *ret, Error *error);
void cpu_host_clear(CpuHost *host);

/* virCPUCompareResult, of what a host is to what is asked for. */
typedef enum CpuRelation { CPU_INCOMPATIBLE = 0, CPU_IDENTICAL = 1, CPU_SUPERSET = 2 } CpuRelation;

/* *ret_why: of CPU_INCOMPATIBLE, newly allocated. An unknown model, vendor or feature is an
 * error. */
int cpu_compare(const CpuHost *host, const CpuConf *conf, const CpuModels *more,
                     CpuRelation *ret, char **ret_why, Error *error);

/* A <cpu> for guests that runs on all of these; flags: BASELINE_CPU_*. */
int cpu_baseline(CpuConf *const *confs, size_t n, const CpuModels *more, uint32_t flags,
                      char **ret, Error *error);

/* ---- cpu.c, for cpu-compare.c and cpu-baseline.c ---- */

/* Adds what a model has; *ret_vendor may be "unknown". ERROR_CONFIG_UNSUPPORTED: nobody knows it.
 */
int cpu_model_features(const char *model, const CpuModels *more, CpuSet *set,
                       const char **ret_vendor, Error *error);
/* Adds what the document has of these policies; one without is "require". */
int cpu_conf_features(const CpuConf *conf, const char *policy, const CpuModels *more, CpuSet *set,
                      Error *error);
int cpu_check_vendor(const char *vendor, Error *error);
bool cpu_arch_is_x86(const char *arch);
/* Whether a host has this feature can't be seen: the kernel keeps it to itself. */
bool cpu_feature_is_hidden(const char *name);

/* ---- the two operations, by drivers: cpu-judge.c ---- */

/* Processors of a call. */
typedef struct CpuCall {
        Job *job;
        uint32_t flags;
        CpuConf **confs;
        size_t n;
        int (*judge)(const struct CpuCall *call, const CpuModels *more, Error *error);
} CpuCall;

/* Reads what is to be judged, before anything is asked for that takes time. */
int cpu_call_compare(const char *xml, uint32_t flags, Job *job, CpuCall **ret, Error *error);
int cpu_call_baseline(const char *const *xmls, size_t n, uint32_t flags, Job *job, CpuCall **ret,
                      Error *error);
CpuCall *cpu_call_free(CpuCall *call);
DEFINE_CLEANUP(CpuCall *, cpu_call_free);
