/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors compared for Xen: with the one that dom0 sees, which capabilities tell of, too. Guests
 * get what the host has, so there are no models but those that hosts are described with. */
#include <stdio.h>

#include "drivers/cpu.h"
#include "drivers/host-cpu.h"
#include "drivers/xen/tuning.h"

int xen_compare_cpu(Connection *connection, const char *xml, uint32_t flags, Job *job,
                    Error *error) {
        _cleanup_(cpu_call_freep) CpuCall *call = NULL;
        int r = xen_need(connection, error);

        if (r >= 0)
                r = cpu_call_compare(xml, flags, job, &call, error);
        return r < 0 ? r : call->judge(call, NULL, error);
}

int xen_baseline_cpu(Connection *connection, const char *const *xmls, size_t n, uint32_t flags,
                     Job *job, Error *error) {
        _cleanup_(cpu_call_freep) CpuCall *call = NULL;
        int r = cpu_call_baseline(xmls, n, flags, job, &call, error);

        return r < 0 ? r : call->judge(call, NULL, error);
}

int xen_cpu_models(Connection *connection, const char *arch, uint32_t flags, Job *job,
                   Error *error) {
        _cleanup_(freep) char *text = NULL;
        const char *name;
        size_t size;
        FILE *out;

        if (!arch || !cpu_arch_is_x86(arch))
                return fail(error, ERROR_INVALID_ARG, "no models are known of architecture '%s'",
                            arch ?: "");
        if (!(out = open_memstream(&text, &size)))
                return fail_memory(error);
        for (unsigned i = 0; (name = host_cpu_model(i)); i++)
                fprintf(out, "%s\n", name);
        if (fclose(out) != 0)
                return fail_memory(error);
        job->result.text = TAKE(text);
        return DONE;
}
