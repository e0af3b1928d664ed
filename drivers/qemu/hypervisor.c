/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the connection says of QEMU and of this host: questions to capabilities that may have to be
 * probed first. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/host.h"
#include "drivers/log.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/hypervisor.h"

static uint64_t version(Connection *connection) {
        return qemu_driver_of(connection)->version;
}

/* ---- capabilities: of all architectures, each binary once ---- */

typedef struct Survey {
        Job *job;
        QemuCaps **caps; /* references */
        size_t n, waiting;
} Survey;

static void survey_free(Survey *survey) {
        for (size_t i = 0; i < survey->n; i++)
                qemu_caps_unref(survey->caps[i]);
        free(survey->caps);
        free(survey);
}

static int survey_finish(Survey *survey, Error *error) {
        int r = qemu_capabilities_xml(survey->caps, survey->n, &survey->job->result.text, error);

        survey_free(survey);
        return r;
}

static void survey_add(Survey *survey, QemuCaps *caps) {
        for (size_t i = 0; i < survey->n; i++)
                if (survey->caps[i] == caps)
                        return;
        survey->caps[survey->n++] = qemu_caps_ref(caps);
}

/* A binary that doesn't answer costs its architecture, not the whole answer. */
static void survey_miss(Error *error) {
        if (error->code != ERROR_OPERATION_ABORTED)
                log_message(LOG_WARNING, "%s", error->message ?: "out of memory");
}

static void on_surveyed(QemuCaps *caps, Error *error, void *userdata) {
        Survey *survey = userdata;
        Job *job = survey->job;
        Error failure = {};

        if (caps)
                survey_add(survey, caps);
        else
                survey_miss(error);
        if (--survey->waiting > 0)
                return;
        int r = survey_finish(survey, &failure);
        job_done(job, r, &failure);
        error_clear(&failure);
}

static void survey_arch(Survey *survey, QemuCapsCache *cache, const char *arch) {
        _cleanup_(freep) char *binary = NULL;
        Error error = {};
        QemuCaps *caps;
        int r = qemu_find_binary(arch, &binary, &error);

        if (r >= 0)
                r = qemu_caps_get(cache, binary, on_surveyed, survey, &caps, &error);
        if (r == PENDING)
                survey->waiting++;
        else if (r == DONE)
                survey_add(survey, caps);
        else
                survey_miss(&error);
        error_clear(&error);
}

static int capabilities(Connection *connection, Job *job, Error *error) {
        char **archs = qemu_installed_archs();
        Survey *survey = calloc(1, sizeof(Survey));
        size_t n = 0;

        while (archs && archs[n])
                n++;
        if (!archs || !survey || !(survey->caps = calloc(n + 1, sizeof(QemuCaps *)))) {
                for (size_t i = 0; i < n; i++)
                        free(archs[i]);
                free(archs);
                free(survey);
                return fail_memory(error);
        }
        survey->job = job;
        for (size_t i = 0; i < n; i++) {
                survey_arch(survey, qemu_driver_of(connection)->caps, archs[i]);
                free(archs[i]);
        }
        free(archs);
        return survey->waiting > 0 ? PENDING : survey_finish(survey, error);
}

/* ---- questions to one binary ---- */

typedef struct Inquiry {
        Job *job;
        char *arch, *machine; /* NULL: any */
        VirtType type;
        int (*answer)(const struct Inquiry *inquiry, QemuCaps *caps, char **ret, Error *error);
} Inquiry;

static Inquiry *inquiry_free(Inquiry *inquiry) {
        free(inquiry->arch);
        free(inquiry->machine);
        free(inquiry);
        return NULL;
}
DEFINE_CLEANUP(Inquiry *, inquiry_free);

static int inquiry_new(Job *job, const char *arch, const char *machine, Inquiry **ret) {
        _cleanup_(inquiry_freep) Inquiry *inquiry = calloc(1, sizeof(Inquiry));

        if (!inquiry || (arch && !(inquiry->arch = strdup(arch))) ||
            (machine && !(inquiry->machine = strdup(machine))))
                return -ENOMEM;
        inquiry->job = job;
        *ret = TAKE(inquiry);
        return 0;
}

static void on_inquired(QemuCaps *caps, Error *error, void *userdata) {
        Inquiry *inquiry = userdata;
        Job *job = inquiry->job;
        Error failure = {};
        int r;

        if (caps)
                r = inquiry->answer(inquiry, caps, &job->result.text, &failure);
        else {
                r = -error_number(error->code);
                error_move(&failure, error);
        }
        inquiry_free(inquiry);
        job_done(job, r, &failure);
        error_clear(&failure);
}

static int inquire(Connection *connection, const char *emulator, Inquiry **inquiry, Error *error) {
        _cleanup_(freep) char *binary = NULL;
        QemuCaps *caps;
        int r = emulator ? 0 : qemu_find_binary((*inquiry)->arch ?: host_arch(), &binary, error);

        if (r >= 0)
                r = qemu_caps_get(qemu_driver_of(connection)->caps, emulator ?: binary, on_inquired,
                                  *inquiry, &caps, error);
        if (r == PENDING)
                (void) TAKE(*inquiry); /* until it is told */
        else if (r == DONE)
                r = (*inquiry)->answer(*inquiry, caps, &(*inquiry)->job->result.text, error);
        return r;
}

static int answer_domain_capabilities(const Inquiry *inquiry, QemuCaps *caps, char **ret,
                                      Error *error) {
        return qemu_domain_capabilities_xml(caps, inquiry->arch, inquiry->machine, inquiry->type,
                                            ret, error);
}

static int domain_capabilities(Connection *connection, const char *emulator, const char *arch,
                               const char *machine, const char *type, uint32_t flags, Job *job,
                               Error *error) {
        _cleanup_(inquiry_freep) Inquiry *inquiry = NULL;
        int virt = type ? map_enum_value(virt_types, type) : VIRT_UNSET;

        if (virt < 0)
                return fail(error, ERROR_INVALID_ARG, "unknown virttype: %s", type);
        if (arch && !qemu_arch(arch))
                return fail(error, ERROR_INVALID_ARG, "unknown architecture: %s", arch);
        if (inquiry_new(job, arch, machine, &inquiry) < 0)
                return fail_memory(error);
        inquiry->type = virt;
        inquiry->answer = answer_domain_capabilities;
        return inquire(connection, emulator, &inquiry, error);
}

/* ---- names of CPU models ---- */

static int answer_models(const Inquiry *inquiry, QemuCaps *caps, char **ret, Error *error) {
        const QemuCpuModel *models = caps->kvm ? caps->cpus_kvm : caps->cpus_tcg;
        size_t n = caps->kvm ? caps->n_cpus_kvm : caps->n_cpus_tcg, size = 1;

        for (size_t i = 0; i < n; i++)
                size += strlen(models[i].name) + 1;
        char *text = malloc(size), *at = text;
        if (!text)
                return fail_memory(error);
        *at = '\0';
        for (size_t i = 0; i < n; i++)
                if (qemu_cpu_is_named(models[i].name))
                        at += sprintf(at, "%s\n", models[i].name);
        *ret = text;
        return 0;
}

static int cpu_models(Connection *connection, const char *arch, uint32_t flags, Job *job,
                      Error *error) {
        _cleanup_(inquiry_freep) Inquiry *inquiry = NULL;

        if (!arch || !qemu_arch(arch))
                return fail(error, ERROR_INVALID_ARG, "unknown architecture: %s", arch ?: "");
        if (inquiry_new(job, arch, NULL, &inquiry) < 0)
                return fail_memory(error);
        inquiry->answer = answer_models;
        return inquire(connection, NULL, &inquiry, error);
}

const HypervisorOps qemu_hypervisor = {
        .version = version,
        .capabilities = capabilities,
        .domain_capabilities = domain_capabilities,
        .cpu_models = cpu_models,
        .compare_cpu = qemu_compare_cpu,
        .baseline_cpu = qemu_baseline_cpu,
        .check_xml = qemu_check_xml,
};
