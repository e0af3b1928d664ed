/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virConnectCompareCPU and virConnectBaselineCPU: before processors are judged (drivers/cpu.h) QEMU
 * is asked what is in models. */
#include <stdio.h>
#include <string.h>

#include "drivers/cpu.h"
#include "drivers/host.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/hypervisor.h"

/* ---- what it says ---- */

static const char *features_of(const void *data, const char *model, const char **ret_vendor) {
        const QemuCaps *caps = data;

        for (size_t i = 0; i < caps->n_cpus_tcg; i++) {
                const QemuCpuModel *known = &caps->cpus_tcg[i];

                if (strcmp(known->name, model) != 0 || !*known->features)
                        continue;
                *ret_vendor = known->vendor;
                return known->features;
        }
        return NULL;
}

/* Those with features. */
static const char *name_of(const void *data, size_t i) {
        const QemuCaps *caps = data;

        for (size_t k = 0; k < caps->n_cpus_tcg; k++)
                if (*caps->cpus_tcg[k].features && i-- == 0)
                        return caps->cpus_tcg[k].name;
        return NULL;
}

/* QEMU has the features of libvirt under names of its own. */
static bool knows_feature(const void *data, const char *name) {
        const QemuCaps *caps = data;
        char text[160], *at;

        snprintf(text, sizeof(text), "max-%s-cpu.%s",
                 strcmp(caps->arch, "i686") == 0 ? "i386" : caps->arch, name);
        if (qemu_caps_has(caps, text))
                return true;
        for (at = strchr(text, '.'); (at = strchr(at, '_'));)
                *at = '-';
        return qemu_caps_has(caps, text);
}

CpuModels qemu_cpu_models(const QemuCaps *caps) {
        return (CpuModels) { caps, features_of, name_of, knows_feature, caps->host_model };
}

/* ---- and what comes of it ---- */

static int judge(const CpuCall *call, const QemuCaps *caps, Error *error) {
        if (!caps) /* there is no QEMU of this host */
                return call->judge(call, NULL, error);
        const CpuModels models = qemu_cpu_models(caps);

        return call->judge(call, &models, error);
}

/* A QEMU that doesn't answer costs the models that only it knows. */
static void on_caps(QemuCaps *caps, Error *cause, void *userdata) {
        _cleanup_(cpu_call_freep) CpuCall *call = userdata;
        _cleanup_(error_clear) Error error = {};
        Job *job = call->job;
        int r;

        if (caps || cause->code != ERROR_OPERATION_ABORTED)
                r = judge(call, caps, &error);
        else {
                r = -error_number(cause->code);
                error_move(&error, cause);
        }
        job_done(job, r, &error);
}

/* Takes the call where its answer comes later. */
static int judge_soon(Connection *connection, CpuCall **call, Error *error) {
        _cleanup_(error_clear) Error missing = {};
        _cleanup_(freep) char *binary = NULL;
        QemuCaps *caps = NULL;
        int r = qemu_find_binary(host_arch(), &binary, &missing);

        if (r >= 0)
                r = qemu_caps_get(qemu_driver_of(connection)->caps, binary, on_caps, *call, &caps,
                                  &missing);
        if (r == PENDING) {
                (void) TAKE(*call); /* until it is told */
                return PENDING;
        }
        return judge(*call, r < 0 ? NULL : caps, error);
}

int qemu_compare_cpu(Connection *connection, const char *xml, uint32_t flags, Job *job,
                     Error *error) {
        _cleanup_(cpu_call_freep) CpuCall *call = NULL;
        int r = cpu_call_compare(xml, flags, job, &call, error);

        return r < 0 ? r : judge_soon(connection, &call, error);
}

int qemu_baseline_cpu(Connection *connection, const char *const *xmls, size_t n, uint32_t flags,
                      Job *job, Error *error) {
        _cleanup_(cpu_call_freep) CpuCall *call = NULL;
        int r = cpu_call_baseline(xmls, n, flags, job, &call, error);

        return r < 0 ? r : judge_soon(connection, &call, error);
}
