/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is a matter of the definition alone: metadata, and for the next start processors and memory.
 * Limits are answered as the definition has them. */
#include <errno.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/metadata.h"
#include "drivers/processors.h"
#include "drivers/qemu/addresses.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/live.h"
#include "drivers/tune.h"

int qemu_keep_live(Domain *domain, Error *error) {
        return qemu_status_save(qemu_guest_of(domain), error);
}

/* ---- metadata ---- */

static const char *given(const char *text) {
        return text && *text ? text : NULL;
}

static int set_metadata(Domain *domain, int type, const char *metadata, const char *key,
                        const char *uri, uint32_t flags, Job *job, Error *error) {
        return metadata_change(domain, type, given(metadata), given(key), given(uri), flags, error);
}

const DomainDevices qemu_devices = {
        .attach = qemu_attach,
        .detach = qemu_detach,
        .update = qemu_update,
        .interface_addresses = qemu_interface_addresses,
        .set_metadata = set_metadata,
};

/* ---- processors and memory ---- */

static int need_config(const Domain *domain, uint32_t flags, Error *error) {
        bool live, persistent;
        int r = edit_affects(domain, flags, &live, &persistent, error);

        if (r >= 0 && live)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "this isn't changed while a guest runs: flag %d alone changes it for "
                            "the next start",
                            DOMAIN_AFFECT_CONFIG);
        return r;
}

static int get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r;

        if ((flags & DOMAIN_VCPU_GUEST) && (flags & (DOMAIN_AFFECT_CONFIG | DOMAIN_VCPU_MAXIMUM)))
                return fail(error, ERROR_INVALID_ARG,
                            "what a guest uses (flag %d) is neither kept nor a maximum",
                            DOMAIN_VCPU_GUEST);
        if (flags & DOMAIN_VCPU_GUEST)
                return qemu_agent_count_vcpus(domain, job, error);
        r = edit_read(domain, flags, &conf, NULL, error);
        if (r >= 0)
                values_uint(&job->result.values, vcpus_count(conf, flags));
        return MIN(r, DONE);
}

typedef struct Wish {
        uint64_t number;
        uint32_t flags;
} Wish;

static int change_vcpus(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Wish *wish = userdata;

        return vcpus_set(*conf, wish->number, wish->flags, error);
}

static int set_vcpus(Domain *domain, uint32_t n, uint32_t flags, Job *job, Error *error) {
        Wish wish = { n, flags };
        int r = vcpus_check(n, flags, error);

        if (r >= 0 && (flags & DOMAIN_VCPU_GUEST))
                return qemu_agent_use_vcpus(domain, n, job, error);
        if (r >= 0)
                r = need_config(domain, flags, error);
        return r < 0 ? r : domain_edit(domain, flags, change_vcpus, &wish, error);
}

const DomainProcessors qemu_processors = {
        .get_vcpus = get_vcpus,
        .set_vcpus = set_vcpus,
        .get_vcpu_pins = qemu_get_vcpu_pins,
        .pin_vcpu = qemu_pin_vcpu,
        .get_emulator_pin = qemu_get_emulator_pin,
        .get_iothreads = qemu_get_iothreads,
        .set_memory = qemu_set_memory,
};

/* ---- limits ---- */

#define GET(kind, table)                                                                         \
        static int get_##kind(Domain *domain, const char *device, uint32_t flags, Job *job,      \
                              Error *error) {                                                    \
                return domain_get_tune(&table, domain, device, flags, &job->result.values, error); \
        }

GET(blkio, tune_blkio)
GET(iotune, tune_iotune)
GET(interface, tune_interface)
GET(memory, tune_memory)
GET(numa, tune_numa)
GET(perf, tune_perf)
GET(scheduler, tune_scheduler)

static const char *scheduler_type(Domain *domain, int *ret_n) {
        *ret_n = tune_count(&tune_scheduler);
        return "posix";
}

const DomainTuning qemu_tuning = {
        .scheduler_type = scheduler_type,
        .get_blkio = get_blkio,
        .get_iotune = get_iotune,
        .get_interface = get_interface,
        .get_memory = get_memory,
        .get_numa = get_numa,
        .get_perf = get_perf,
        .get_scheduler = get_scheduler,
        .set_iotune = qemu_set_iotune,
};
