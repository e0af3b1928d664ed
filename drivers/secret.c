/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets: what is defined, by whom it is used, and who may do what with it. */
#include "drivers/secret.h"

#include <string.h>

#include "conf/api.h"

/* ---- one secret ---- */

static int identify(const char *text, DefinedIdentity *ret, char **ret_name, Error *error) {
        _cleanup_(secret_conf_freep) SecretConf *conf = NULL;
        int r = secret_conf_parse(text, 0, &conf, error);

        if (r < 0)
                return r;
        *ret_name = malloc(UUID_TEXT_MAX);
        if (!*ret_name)
                return fail_memory(error);
        *ret = (DefinedIdentity) { .name = uuid_format(conf->uuid, *ret_name),
                                   .uuid = conf->uuid };
        return 0;
}

static int note(Defined *defined, const char *text, Error *error) {
        Secret *secret = secret_of(&defined->resource);
        _cleanup_(secret_conf_freep) SecretConf *conf = NULL;
        int r = secret_conf_parse(text, CONF_TRUSTED, &conf, error);

        if (r < 0)
                return r;
        char *usage_id = strdup(conf->usage_id ?: "");
        if (!usage_id)
                return fail_memory(error);
        free(secret->usage_id);
        secret->usage_id = usage_id;
        secret->usage_type = conf->usage;
        secret->ephemeral = conf->ephemeral == TRISTATE_YES;
        secret->private = conf->is_private == TRISTATE_YES;
        return 0;
}

static bool is_kept(const Defined *defined) {
        return !container_of(defined, Secret, defined)->ephemeral;
}

static void forget(Defined *defined) {
        secret_remove_value(secret_of(&defined->resource));
}

static void done(Defined *defined) {
        Secret *secret = secret_of(&defined->resource);

        if (secret->value)
                explicit_bzero(secret->value, secret->size);
        free(secret->value);
        free(secret->usage_id);
}

const DefinedKind secret_kind_defined = {
        .kind = RESOURCE_SECRET, .noun = "secret", .folder = "secrets", .size = sizeof(Secret),
        .identify = identify, .note = note, .is_kept = is_kept, .forget = forget, .done = done,
};

Secret *secret_by_usage(Connection *connection, int usage_type, const char *usage_id) {
        const ResourceSet *set = connection_set(connection, RESOURCE_SECRET);

        for (size_t i = 0; usage_type != SECRET_NONE && i < set->n; i++) {
                Secret *secret = secret_of(set->items[i]);

                if (secret->usage_type == usage_type && strcmp(secret->usage_id, usage_id) == 0)
                        return secret;
        }
        return NULL;
}

int secret_xml(const Secret *secret, uint32_t flags, char **ret, Error *error) {
        *ret = strdup(secret->defined.persistent);
        return *ret ? 0 : fail_memory(error);
}

/* ---- the operations ---- */

/* What it is for is what it is known by, and who made it private did so for good. */
static int check_change(const Secret *secret, const SecretConf *conf, Error *error) {
        if (secret->usage_type != (int) conf->usage ||
            strcmp(secret->usage_id, conf->usage_id ?: "") != 0)
                return fail(error, ERROR_OPERATION_FAILED,
                            "a secret with UUID %s is already defined for use with '%s'",
                            secret->defined.resource.name, secret->usage_id);
        if (secret->private && conf->is_private != TRISTATE_YES)
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot change private flag on existing secret");
        return 0;
}

static int find_existing(Connection *connection, const SecretConf *conf, Secret **ret,
                         Error *error) {
        Resource *same =
                resource_set_by_uuid(connection_set(connection, RESOURCE_SECRET), conf->uuid);
        Secret *other = conf->usage_id
                                ? secret_by_usage(connection, conf->usage, conf->usage_id)
                                : NULL;

        *ret = same ? secret_of(same) : NULL;
        if (same)
                return check_change(*ret, conf, error);
        return other ? fail(error, ERROR_OPERATION_FAILED,
                            "a secret with UUID %s already defined for use with '%s'",
                            other->defined.resource.name, conf->usage_id)
                     : 0;
}

static int define_conf(Connection *connection, SecretConf *conf, Job *job, Error *error) {
        bool moves; /* from memory to files, and its value first: alone it does no harm */
        _cleanup_(freep) char *text = NULL;
        char uuid[UUID_TEXT_MAX];
        DefinedIdentity who = { .name = uuid_format(conf->uuid, uuid), .uuid = conf->uuid };
        Secret *existing = NULL;
        Defined *defined;
        int r = find_existing(connection, conf, &existing, error);

        if (r >= 0)
                r = secret_conf_print(conf, 0, &text, error);
        if (r < 0)
                return r;

        moves = existing && existing->ephemeral && conf->ephemeral != TRISTATE_YES;
        r = moves ? secret_save_value(existing, error) : 0;
        if (r < 0)
                return r;
        r = defined_define(connection, &secret_kind_defined, &who, text, &defined, error);
        if (r >= 0)
                job->result.resource = resource_ref(&defined->resource);
        else if (moves)
                secret_remove_value(existing);
        return r;
}

static int define(Connection *connection, const char *xml, uint32_t flags, Job *job,
                  Error *error) {
        _cleanup_(secret_conf_freep) SecretConf *conf = NULL;
        int r = secret_conf_parse(xml, flags & DEFINE_VALIDATE ? CONF_VALIDATE : 0, &conf, error);

        return r < 0 ? r : define_conf(connection, conf, job, error);
}

static int undefine(Secret *secret, Job *job, Error *error) {
        return defined_undefine(&secret->defined, error);
}

static int get_value(Secret *secret, uint32_t flags, Job *job, Error *error) {
        if (secret->private)
                return fail(error, ERROR_INVALID_SECRET, "secret is private");
        if (!secret->value)
                return fail(error, ERROR_NO_SECRET, "secret '%s' does not have a value",
                            secret->defined.resource.name);
        values_bytes(&job->result.values, secret->value, secret->size);
        return job->result.values.failed ? fail_memory(error) : 0;
}

static int set_value(Secret *secret, const void *value, size_t size, uint32_t flags, Job *job,
                     Error *error) {
        return secret_set_value(secret, value, size, error);
}

const SecretOps secret_ops = {
        .define = define, .undefine = undefine, .get_value = get_value, .set_value = set_value,
};
