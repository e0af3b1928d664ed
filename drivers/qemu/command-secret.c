/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets on a command line: objects that QEMU fills from a descriptor when it starts, and a list
 * of what is to be in these descriptors. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

static QemuCommandSecret *add_secret(Builder *builder, const char *id) {
        QemuCommand *command = builder->command;
        QemuCommandSecret *secrets =
                reallocarray(command->secrets, command->n_secrets + 1, sizeof(*secrets));
        json_object *object;

        if (!secrets) {
                builder->no_memory = true;
                return NULL;
        }
        command->secrets = secrets;
        secrets[command->n_secrets] = (QemuCommandSecret) {};

        object = json_new(builder);
        json_put_text(builder, object, "qom-type", "secret");
        json_put_text(builder, object, "id", id);
        json_putf(builder, object, "file", "/proc/self/fd/%d",
                  builder->places->free_fd + (int) command->n_secrets);
        argument_json(builder, "object", object);
        return &secrets[command->n_secrets++];
}

static char *copy(Builder *builder, const char *text) {
        char *copied = text ? strdup(text) : NULL;

        if (text && !copied)
                builder->no_memory = true;
        return copied;
}

int secret_object(Builder *builder, const SecretRef *ref, const char *usage_type, const char *id) {
        QemuCommandSecret *secret;

        if (!ref->uuid && !ref->usage)
                return unsupported(builder, "<secret> needs a @uuid or a @usage");
        secret = add_secret(builder, id);
        if (secret)
                secret->ref = (SecretRef) {
                        .type = copy(builder, usage_type ?: ref->type),
                        .uuid = copy(builder, ref->uuid),
                        .usage = copy(builder, ref->usage),
                };
        return 0;
}

void secret_object_text(Builder *builder, const char *text, const char *id) {
        QemuCommandSecret *secret = add_secret(builder, id);

        if (secret)
                secret->text = copy(builder, text);
}

void secrets_clear(QemuCommand *command) {
        for (size_t i = 0; i < command->n_secrets; i++) {
                QemuCommandSecret *secret = &command->secrets[i];

                if (secret->text)
                        explicit_bzero(secret->text, strlen(secret->text));
                free(secret->text);
                free(secret->ref.type);
                free(secret->ref.uuid);
                free(secret->ref.usage);
        }
        free(command->secrets);
}
