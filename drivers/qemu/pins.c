/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On which CPUs of the host the processors of a guest run: read, and changed while it runs by the
 * threads that QEMU names. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "drivers/edit.h"
#include "drivers/processors.h"
#include "drivers/qemu/live.h"
#include "drivers/qemu/threads.h"

static size_t host_cpus(void) {
        long n = sysconf(_SC_NPROCESSORS_CONF);

        return n > 0 ? (size_t) n : 1;
}

static int get_pins(Domain *domain, uint32_t flags, Job *job,
                    int (*append)(const DomainConf *, size_t, Values *, Error *), Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = edit_read(domain, flags, &conf, NULL, error);

        if (r >= 0)
                r = append(conf, host_cpus(), &job->result.values, error);
        return MIN(r, DONE);
}

int qemu_get_vcpu_pins(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, vcpu_pins, error);
}

int qemu_get_emulator_pin(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, emulator_pins, error);
}

int qemu_get_iothreads(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return get_pins(domain, flags, job, iothread_pins, error);
}

/* ---- changing ---- */

typedef struct Pin {
        Domain *domain; /* borrowed, as map: the job's caller holds it */
        Job *job;
        const bool *map;
        size_t n;
        uint32_t vcpu, flags;
} Pin;

static int change(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Pin *pin = userdata;

        return vcpu_pin(*conf, pin->vcpu, pin->map, MIN(pin->n, host_cpus()), live, error);
}

/* Planned anew, since the definition may have changed while QEMU was asked. */
static int place(Pin *pin, json_object *threads, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = pin->domain };
        const QemuGuest *guest = qemu_guest_of(pin->domain);
        int r = edit_plan(pin->domain, pin->flags, change, pin, &edit, error);

        if (r >= 0 && (!guest || !guest->process || !edit.live))
                r = fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        if (r >= 0)
                r = qemu_threads_place_vcpus(edit.live, process_pid(guest->process), threads,
                                             error);
        return r < 0 ? r : edit_commit(&edit, error);
}

static void found_threads(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Pin pin = *(Pin *) userdata;
        _cleanup_(error_clear) Error cause = {};
        int r;

        free(userdata);
        if (!value) {
                job_done(pin.job, -error_number(error->code), error);
                return;
        }
        r = place(&pin, value, &cause);
        job_done(pin.job, MIN(r, DONE), &cause);
}

int qemu_pin_vcpu(Domain *domain, uint32_t vcpu, const bool *map, size_t n, uint32_t flags,
                  Job *job, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = domain };
        Pin pin = { .domain = domain, .job = job, .map = map, .n = n, .vcpu = vcpu,
                    .flags = flags };
        Pin *kept;
        Qmp *qmp;
        int r = edit_plan(domain, flags, change, &pin, &edit, error);

        if (r < 0)
                return r;
        if (!edit.live)
                return MIN(edit_commit(&edit, error), DONE);
        r = qemu_guest_qmp(domain, &qmp, error);
        if (r < 0)
                return r;
        kept = malloc(sizeof(*kept));
        if (!kept)
                return fail_memory(error);
        *kept = pin;
        r = qmp_call(qmp, "query-cpus-fast", NULL, found_threads, kept, error);
        if (r < 0)
                free(kept);
        return r < 0 ? r : PENDING;
}
