/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets are found among the connection's, by uuid or by what they are for. */
#include "drivers/qemu/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "drivers/secret.h"

static Secret *find_by_usage(Connection *connection, const SecretRef *ref) {
        int usage = ref->type ? map_enum_value(secret_usages, ref->type) : -EINVAL;
        const ResourceSet *set = &connection->sets[RESOURCE_SECRET];

        for (size_t i = 0; usage >= 0 && i < set->n; i++) {
                Secret *secret = secret_of(set->items[i]);

                if (secret->usage_type == usage && secret->usage_id &&
                    strcmp(secret->usage_id, ref->usage) == 0)
                        return secret;
        }
        return NULL;
}

int qemu_secret_find(Connection *connection, const SecretRef *ref, const void **ret,
                     size_t *ret_size, Error *error) {
        Secret *secret = NULL;
        Uuid uuid;

        if (ref->uuid && uuid_parse(ref->uuid, &uuid) >= 0) {
                Resource *resource =
                        resource_set_by_uuid(&connection->sets[RESOURCE_SECRET], uuid);

                secret = resource ? secret_of(resource) : NULL;
        } else if (ref->usage)
                secret = find_by_usage(connection, ref);
        if (!secret && ref->uuid)
                return fail(error, ERROR_NO_SECRET, "no secret with matching uuid '%s'", ref->uuid);
        if (!secret)
                return fail(error, ERROR_NO_SECRET, "no secret with matching usage '%s' of type %s",
                            ref->usage ?: "", ref->type ?: "none");
        if (!secret->value)
                return fail(error, ERROR_NO_SECRET, "secret '%s' does not have a value",
                            ref->uuid ?: ref->usage);
        *ret = secret->value;
        *ret_size = secret->size;
        return 0;
}

static int open_value(const void *value, size_t size, Error *error) {
        _cleanup_(closep) int fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        size_t done = 0;

        if (fd < 0)
                return fail_errno(error, -errno, "cannot hand a secret over");
        while (done < size) {
                ssize_t n = write(fd, (const char *) value + done, size - done);

                if (n < 0)
                        return fail_errno(error, -errno, "cannot hand a secret over");
                done += n;
        }
        if (lseek(fd, 0, SEEK_SET) < 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return fail_errno(error, -errno, "cannot hand a secret over");
        return TAKE_FD(fd);
}

int qemu_secret_open(Connection *connection, const SecretRef *ref, Error *error) {
        const void *value;
        size_t size;
        int r = qemu_secret_find(connection, ref, &value, &size, error);

        return r < 0 ? r : open_value(value, size, error);
}

int qemu_command_secret_open(Connection *connection, const QemuCommandSecret *secret,
                             Error *error) {
        if (secret->text)
                return open_value(secret->text, strlen(secret->text), error);
        return qemu_secret_open(connection, &secret->ref, error);
}
