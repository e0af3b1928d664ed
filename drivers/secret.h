/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A secret as a live resource. Its value is kept apart from its definition, is never part of any
 * XML, and is wiped when it is released.
 *
 * Where the driver keeps files, the value is CONFIG/<driver>/secrets/<uuid>.base64, mode 0600. It
 * is removed after the definition that it belongs to, so a value without one is what a killed
 * service left behind, and goes when secrets are read back. */
#pragma once

#include "conf/secret.h"
#include "drivers/defined.h"
#include "drivers/driver.h"

#define SECRET_VALUE_MAX 65536 /* bytes, as in libvirt */

typedef struct Secret {
        Defined defined; /* its name is its uuid */
        int usage_type;  /* virSecretUsageType */
        char *usage_id;  /* "": none */
        bool ephemeral;  /* neither definition nor value are kept as files */
        bool private;    /* the value is for the service itself: nobody may read it */
        void *value;     /* NULL: not set */
        size_t size;
} Secret;

extern const DefinedKind secret_kind_defined;

/* The same for every driver. */
extern const SecretOps secret_ops;

static inline Secret *secret_of(Resource *resource) {
        return container_of(resource, Secret, defined.resource);
}

/* Borrowed or NULL. */
Secret *secret_by_usage(Connection *connection, int usage_type, const char *usage_id);

/* The text that GetXMLDesc(flags) answers. Newly allocated. */
int secret_xml(const Secret *secret, uint32_t flags, char **ret, Error *error);

/* Replaces the value, saves it where the driver keeps files. */
int secret_set_value(Secret *secret, const void *value, size_t size, Error *error);

/* The file of the value, for a secret that moves between memory and files. */
int secret_save_value(Secret *secret, Error *error);
void secret_remove_value(Secret *secret);

/* Reads back definitions and values. */
int secrets_load(Connection *connection, Error *error);
