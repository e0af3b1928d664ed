/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virConnectCompareCPU and virConnectBaselineCPU: the processors of the call are read first, then
 * QEMU is asked what is in models, then they are judged. */
#include "conf/api-domain.h"
#include "drivers/host.h"
#include "drivers/qemu/cpu.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/hypervisor.h"

typedef struct Judgement {
        Job *job;
        uint32_t flags;
        CpuConf **confs;
        size_t n;
        /* caps NULL: there is no QEMU of this host */
        int (*judge)(struct Judgement *judgement, const QemuCaps *caps, Error *error);
} Judgement;

static Judgement *judgement_free(Judgement *judgement) {
        if (!judgement)
                return NULL;
        for (size_t i = 0; i < judgement->n; i++)
                cpu_conf_free(judgement->confs[i]);
        free(judgement->confs);
        free(judgement);
        return NULL;
}

DEFINE_CLEANUP(Judgement *, judgement_free);

static int judgement_new(const char *const *xmls, size_t n, bool validate, Judgement **ret,
                         Error *error) {
        _cleanup_(judgement_freep) Judgement *judgement = calloc(1, sizeof(*judgement));

        if (!judgement || !(judgement->confs = calloc(n, sizeof(*judgement->confs))))
                return fail_memory(error);
        for (; judgement->n < n; judgement->n++) {
                int r = cpu_conf_parse(xmls[judgement->n], validate ? CONF_VALIDATE : 0,
                                       &judgement->confs[judgement->n], error);

                if (r < 0)
                        return r;
        }
        *ret = TAKE(judgement);
        return 0;
}

/* A QEMU that doesn't answer costs the models that only it knows. */
static void on_caps(QemuCaps *caps, Error *cause, void *userdata) {
        _cleanup_(judgement_freep) Judgement *judgement = userdata;
        _cleanup_(error_clear) Error error = {};
        Job *job = judgement->job;
        int r;

        if (caps || cause->code != ERROR_OPERATION_ABORTED)
                r = judgement->judge(judgement, caps, &error);
        else {
                r = -error_number(cause->code);
                error_move(&error, cause);
        }
        job_done(job, r, &error);
}

static int judge_soon(Connection *connection, Judgement **judgement, Error *error) {
        _cleanup_(error_clear) Error missing = {};
        _cleanup_(freep) char *binary = NULL;
        QemuCaps *caps = NULL;
        int r = qemu_find_binary(host_arch(), &binary, &missing);

        if (r >= 0)
                r = qemu_caps_get(qemu_driver_of(connection)->caps, binary, on_caps, *judgement,
                                  &caps, &missing);
        if (r == PENDING) {
                (void) TAKE(*judgement); /* until it is told */
                return PENDING;
        }
        return (*judgement)->judge(*judgement, r < 0 ? NULL : caps, error);
}

/* ---- compare ---- */

static int compare(Judgement *judgement, const QemuCaps *caps, Error *error) {
        _cleanup_(qemu_cpu_host_clear) CpuHost host = {};
        _cleanup_(freep) char *why = NULL;
        CpuRelation relation;
        int r = qemu_cpu_host(caps, &host, error);

        if (r >= 0)
                r = qemu_cpu_compare(&host, judgement->confs[0], caps, &relation, &why, error);
        if (r < 0)
                return r;
        if (relation == CPU_INCOMPATIBLE && judgement->flags & COMPARE_CPU_FAIL_INCOMPATIBLE)
                return fail(error, ERROR_CPU_INCOMPATIBLE, "%s", why ?: "");
        values_int(&judgement->job->result.values, relation);
        return judgement->job->result.values.failed ? fail_memory(error) : DONE;
}

int qemu_compare_cpu(Connection *connection, const char *xml, uint32_t flags, Job *job,
                     Error *error) {
        _cleanup_(judgement_freep) Judgement *judgement = NULL;
        int r = judgement_new(&xml, 1, flags & COMPARE_CPU_VALIDATE_XML, &judgement, error);

        if (r < 0)
                return r;
        judgement->job = job;
        judgement->flags = flags;
        judgement->judge = compare;
        return judge_soon(connection, &judgement, error);
}

/* ---- baseline ---- */

static int baseline(Judgement *judgement, const QemuCaps *caps, Error *error) {
        return qemu_cpu_baseline(judgement->confs, judgement->n, caps, judgement->flags,
                                 &judgement->job->result.text, error);
}

int qemu_baseline_cpu(Connection *connection, const char *const *xmls, size_t n, uint32_t flags,
                      Job *job, Error *error) {
        _cleanup_(judgement_freep) Judgement *judgement = NULL;
        int r = judgement_new(xmls, n, false, &judgement, error);

        if (r < 0)
                return r;
        judgement->job = job;
        judgement->flags = flags;
        judgement->judge = baseline;
        return judge_soon(connection, &judgement, error);
}
