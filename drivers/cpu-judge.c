/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virConnectCompareCPU and virConnectBaselineCPU, as far as they are no hypervisor's: processors of
 * the call are read first, then its driver may ask what is in models, then they are judged. */
#include <stdlib.h>

#include "conf/api-domain.h"
#include "drivers/cpu.h"

CpuCall *cpu_call_free(CpuCall *call) {
        if (!call)
                return NULL;
        for (size_t i = 0; i < call->n; i++)
                cpu_conf_free(call->confs[i]);
        free(call->confs);
        free(call);
        return NULL;
}

static int call_new(const char *const *xmls, size_t n, bool validate, CpuCall **ret,
                    Error *error) {
        _cleanup_(cpu_call_freep) CpuCall *call = calloc(1, sizeof(*call));

        if (!call || !(call->confs = calloc(n, sizeof(*call->confs))))
                return fail_memory(error);
        for (; call->n < n; call->n++) {
                int r = cpu_conf_parse(xmls[call->n], validate ? CONF_VALIDATE : 0,
                                       &call->confs[call->n], error);

                if (r < 0)
                        return r;
        }
        *ret = TAKE(call);
        return 0;
}

static int judge_host(const CpuCall *call, const CpuModels *more, Error *error) {
        _cleanup_(cpu_host_clear) CpuHost host = {};
        _cleanup_(freep) char *why = NULL;
        CpuRelation relation;
        int r = cpu_host(more, &host, error);

        if (r >= 0)
                r = cpu_compare(&host, call->confs[0], more, &relation, &why, error);
        if (r < 0)
                return r;
        if (relation == CPU_INCOMPATIBLE && call->flags & COMPARE_CPU_FAIL_INCOMPATIBLE)
                return fail(error, ERROR_CPU_INCOMPATIBLE, "%s", why ?: "");
        values_int(&call->job->result.values, relation);
        return call->job->result.values.failed ? fail_memory(error) : DONE;
}

int cpu_call_compare(const char *xml, uint32_t flags, Job *job, CpuCall **ret, Error *error) {
        int r = call_new(&xml, 1, flags & COMPARE_CPU_VALIDATE_XML, ret, error);

        if (r < 0)
                return r;
        (*ret)->job = job;
        (*ret)->flags = flags;
        (*ret)->judge = judge_host;
        return 0;
}

static int find_baseline(const CpuCall *call, const CpuModels *more, Error *error) {
        return cpu_baseline(call->confs, call->n, more, call->flags, &call->job->result.text,
                            error);
}

int cpu_call_baseline(const char *const *xmls, size_t n, uint32_t flags, Job *job, CpuCall **ret,
                      Error *error) {
        int r = call_new(xmls, n, false, ret, error);

        if (r < 0)
                return r;
        (*ret)->job = job;
        (*ret)->flags = flags;
        (*ret)->judge = find_baseline;
        return 0;
}
