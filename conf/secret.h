/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a secret is: libvirt's <secret>. Its value never stands in the document. */
#pragma once

#include "conf/document.h"

/* virSecretUsageType */
typedef enum SecretUsage {
        SECRET_NONE,
        SECRET_VOLUME,
        SECRET_CEPH,
        SECRET_ISCSI,
        SECRET_TLS,
        SECRET_VTPM,
} SecretUsage;

extern const char *const secret_usages[];

typedef struct SecretConf {
        xmlDoc *document;
        Tristate ephemeral, is_private; /* absent: no */
        Uuid uuid;
        char *description;
        SecretUsage usage;
        char *usage_id; /* path of the volume, name, iSCSI target; NULL for SECRET_NONE */
} SecretConf;

DECLARE_CONF(SecretConf, secret);
