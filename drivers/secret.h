/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A secret as a live resource. Its value is kept apart from its definition, is never part of any
 * XML, and is wiped when it is released. */
#pragma once

#include "conf/secret.h"
#include "drivers/defined.h"

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

static inline Secret *secret_of(Resource *resource) {
        return container_of(resource, Secret, defined.resource);
}

/* Borrowed or NULL. */
Secret *secret_by_usage(Connection *connection, int usage_type, const char *usage_id);

int secret_xml(const Secret *secret, uint32_t flags, char **ret, Error *error);

/* Replaces the value, saves it (mode 0600) where the driver keeps files. */
int secret_set_value(Secret *secret, const void *value, size_t size, Error *error);
