/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions as they come from users: read, completed for the QEMU they name, kept or started. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/domain-ops.h"
#include "drivers/host.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/define.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/tpm.h"

typedef struct Definition {
        Connection *connection;
        Job *job;
        DomainConf *conf;
        uint32_t flags;
        /* What is done with it when it is complete; returns as an operation does. */
        int (*then)(struct Definition *definition, Error *error);
        Domain *domain; /* for the start */
} Definition;

static Definition *definition_free(Definition *definition) {
        if (!definition)
                return NULL;
        conf_free(definition->conf);
        free(definition);
        return NULL;
}

DEFINE_CLEANUP(Definition *, definition_free);

static int definition_complete(Definition *definition, const QemuCaps *caps, Error *error) {
        int r = qemu_complete(definition->conf, caps, error);

        if (r >= 0)
                r = qemu_choose_nvram(definition->connection, definition->conf, error);
        if (r >= 0)
                r = conf_sync(definition->conf, error);
        return r < 0 ? r : definition->then(definition, error);
}

static void definition_with_caps(QemuCaps *caps, Error *error, void *userdata) {
        _cleanup_(definition_freep) Definition *definition = userdata;
        _cleanup_(error_clear) Error cause = {};
        Job *job = definition->job;
        int r;

        if (!caps)
                error_move(&cause, error);
        r = caps ? definition_complete(definition, caps, &cause) : -error_number(cause.code);
        if (r != PENDING)
                job_done(job, r, &cause);
}

/* A definition needs no QEMU: one that isn't installed is asked for when the guest starts. */
bool qemu_is_missing(const char *emulator, int r) {
        return r == -ENOENT || (r >= 0 && access(emulator, F_OK) < 0);
}

int qemu_assume(const DomainConf *conf, const char *emulator, QemuCaps **ret, Error *error) {
        const QemuArch *arch = qemu_arch(conf->os.arch ?: host_arch());
        _cleanup_(freep) char *path = NULL;

        if (!arch)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "no QEMU is for architecture '%s'",
                            conf->os.arch ?: "");
        if (asprintf(&path, "/usr/bin/qemu-system-%s", arch->binary) < 0) {
                path = NULL;
                return fail_memory(error);
        }
        *ret = qemu_caps_assume(arch, emulator ?: path);
        return *ret ? 0 : fail_memory(error);
}

static int definition_assume(Definition *definition, const char *emulator, Error *error) {
        _cleanup_(qemu_caps_unrefp) QemuCaps *caps = NULL;
        int r = qemu_assume(definition->conf, emulator, &caps, error);

        return r < 0 ? r : definition_complete(definition, caps, error);
}

static int definition_take(Connection *connection, const char *xml, bool validate, uint32_t flags,
                           int (*then)(Definition *definition, Error *error), Job *job,
                           Error *error) {
        _cleanup_(definition_freep) Definition *definition = calloc(1, sizeof(*definition));
        _cleanup_(freep) char *emulator = NULL;
        _cleanup_(error_clear) Error missing = {};
        QemuCaps *caps;
        int r;

        if (!definition)
                return fail_memory(error);
        *definition =
                (Definition) { .connection = connection, .job = job, .flags = flags, .then = then };
        if ((r = conf_parse(xml, validate ? CONF_VALIDATE : 0, &definition->conf, error)) < 0)
                return r;
        r = qemu_emulator_of(definition->conf, &emulator, &missing);
        if (qemu_is_missing(emulator, r))
                return definition_assume(definition, emulator, error);
        if (r < 0)
                error_move(error, &missing);
        if (r >= 0)
                r = qemu_caps_get(qemu_driver_of(connection)->caps, emulator, definition_with_caps,
                                  definition, &caps, error);
        if (r == DONE)
                r = definition_complete(definition, caps, error);
        else if (r == PENDING)
                TAKE(definition);
        return r;
}

/* ---- define ---- */

static int keep(Definition *definition, Error *error) {
        return domain_op_define(definition->connection, definition->conf, definition->job, error);
}

static int qemu_define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                       Error *error) {
        return definition_take(connection, xml, flags & DOMAIN_DEFINE_VALIDATE, flags, keep, job,
                               error);
}

/* ---- create ---- */

static int run(Definition *definition, Error *error) {
        return domain_op_create(definition->connection, TAKE(definition->conf), definition->flags,
                                qemu_start_conf, definition->job, error);
}

static int qemu_create(Connection *connection, const char *xml, uint32_t flags, Job *job,
                       Error *error) {
        return definition_take(connection, xml, flags & DOMAIN_START_VALIDATE, flags, run, job,
                               error);
}

/* ---- undefine, rename ---- */

static int remove_nvram(Domain *domain, uint32_t flags, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);

        if (r < 0)
                return r;
        if (!conf->os.nvram) /* with firmware='efi' it was chosen at the start */
                conf->os.nvram =
                        qemu_nvram_path(domain->resource.connection, domain->resource.uuid);
        if (!conf->os.nvram)
                return fail_memory(error);
        if (access(conf->os.nvram, F_OK) < 0 || (flags & DOMAIN_UNDEFINE_KEEP_NVRAM))
                return 0;
        if (!(flags & DOMAIN_UNDEFINE_NVRAM))
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot undefine domain with nvram: say whether '%s' is to be removed "
                            "(flag %d) "
                            "or kept (flag %d)",
                            conf->os.nvram, DOMAIN_UNDEFINE_NVRAM, DOMAIN_UNDEFINE_KEEP_NVRAM);
        if (unlink(conf->os.nvram) < 0)
                return fail_errno(error, -errno, "cannot remove nvram '%s'", conf->os.nvram);
        return 0;
}

/* Of a guest that runs, its end decides. */
static int forget_tpm(Domain *domain, uint32_t flags, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);

        if (r >= 0)
                qemu_tpm_forget(domain, conf, flags);
        return r;
}

static int qemu_undefine(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r;

        if ((flags & DOMAIN_UNDEFINE_NVRAM) && (flags & DOMAIN_UNDEFINE_KEEP_NVRAM))
                return fail(error, ERROR_INVALID_ARG, "nvram cannot be both removed and kept");
        if ((flags & DOMAIN_UNDEFINE_TPM) && (flags & DOMAIN_UNDEFINE_KEEP_TPM))
                return fail(error, ERROR_INVALID_ARG,
                            "the state of a TPM cannot be both removed and kept");
        if (!domain_is_persistent(domain))
                return domain_undefine(domain, flags, error);
        r = remove_nvram(domain, flags, error);
        if (r >= 0 && domain->id == 0)
                r = forget_tpm(domain, flags, error);
        return r < 0 ? r : domain_undefine(domain, flags, error);
}

static int qemu_rename(Domain *domain, const char *name, Job *job, Error *error) {
        if (domain->id > 0)
                return fail(error, ERROR_OPERATION_INVALID, "cannot rename active domain");
        if (!domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID, "cannot rename a transient domain");
        return domain_rename(domain, name, error);
}

const DomainDefinitions qemu_definitions = {
        .define = qemu_define,
        .create = qemu_create,
        .undefine = qemu_undefine,
        .rename = qemu_rename,
};
