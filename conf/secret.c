/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <secret>: its rows, what is filled in, and its rules. */
#include "conf/secret.h"

#include "conf/rows.h"

const char *const secret_usages[] = { "none", "volume", "ceph", "iscsi", "tls", "vtpm", NULL };

#define USAGE(usages) WHEN(SecretConf, usage, usages)

static const MapElement secret_element = { "secret", sizeof(SecretConf), (const MapField[]) {
        YES_NO("@ephemeral",   SecretConf, ephemeral, WRITTEN),
        YES_NO("@private",     SecretConf, is_private, WRITTEN),
        UUID  ("uuid",         SecretConf, uuid, CANONICAL),
        STRING("description",  SecretConf, description),
        ENUM  ("usage/@type",  SecretConf, usage, secret_usages),
        STRING("usage/volume", SecretConf, usage_id, USAGE(BIT(SECRET_VOLUME))),
        STRING("usage/name",   SecretConf, usage_id,
               USAGE(BIT(SECRET_CEPH) | BIT(SECRET_TLS) | BIT(SECRET_VTPM))),
        STRING("usage/target", SecretConf, usage_id, USAGE(BIT(SECRET_ISCSI))),
        {}
} };

static int complete(void *object, Error *error) {
        SecretConf *conf = object;

        if (conf->ephemeral == TRISTATE_UNSET)
                conf->ephemeral = TRISTATE_NO;
        if (conf->is_private == TRISTATE_UNSET)
                conf->is_private = TRISTATE_NO;
        if (uuid_is_null(conf->uuid) && uuid_generate(&conf->uuid) < 0)
                return fail(error, ERROR_INTERNAL, "no random numbers for a UUID");
        return 0;
}

static int check(const void *object, Error *error) {
        const SecretConf *conf = object;
        const xmlNode *usage = child_of(xmlDocGetRootElement(conf->document), "usage");
        _cleanup_(freep) char *type = attribute_of(usage, "type");

        if (usage && !type)
                return fail_at(error, ERROR_XML, usage, "a secret's usage lacks its type");
        if (conf->usage != SECRET_NONE && !conf->usage_id)
                return fail_at(error, ERROR_XML, usage, "usage '%s' doesn't say what it is for",
                               secret_usages[conf->usage]);
        return 0;
}

const DocumentKind secret_kind = { &secret_element, complete, check, NULL };
