/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overlays of transient disks: STATE/qemu/transient/<uuid>/<target>, on a disk rather than in /run
 * since a guest may write as much as it likes. QEMU opens the images below them for reading only,
 * so several guests can share one. */
#include "drivers/qemu/transient.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool qemu_disk_is_transient(const DomainDisk *disk) {
        return disk->transient && !disk->readonly && disk->kind == DISK_DEVICE_DISK;
}

static char *folder_of(Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, "transient/%s",
                               uuid_format(domain->resource.uuid, uuid));
}

char *qemu_transient_path(const char *state_folder, const DomainConf *conf,
                          const DomainDisk *disk) {
        char uuid[UUID_TEXT_MAX], *path;

        return asprintf(&path, "%s/transient/%s/%s", state_folder, uuid_format(conf->uuid, uuid),
                        disk->target) < 0 ? NULL : path;
}

static int set_up(const char *state, const DomainConf *conf, const DomainDisk *disk,
                  QemuSetup *setup, Error *error) {
        _cleanup_(freep) char *path = qemu_transient_path(state, conf, disk);

        if (!path)
                return fail_memory(error);
        if ((disk->type != DISK_FILE && disk->type != DISK_BLOCK) || disk->encryption ||
            disk->source_encryption)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "devices/disk '%s': <transient/> is supported for plain files and "
                            "block devices",
                            disk->target);

        const char *const argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", "-F",
                                     disk->format ?: "raw", "-b", disk->source, path, NULL };
        const SetupSpec spec = { .kind = "qemu-img", .argv = argv, .fd = -1 };
        return qemu_setup_add(setup, &spec, error);
}

int qemu_transient_set_up(Domain *domain, const DomainConf *conf, QemuSetup *setup, Error *error) {
        Connection *connection = domain->resource.connection;
        _cleanup_(freep) char *folder = folder_of(domain);
        _cleanup_(freep) char *state =
                store_path(connection->store, STORE_STATE, connection->driver->id);

        if (!folder || !state)
                return fail_memory(error);
        for (size_t i = 0; i < conf->disks.n; i++) {
                const DomainDisk *disk = conf->disks.items[i];
                int r;

                if (!qemu_disk_is_transient(disk))
                        continue;

                _cleanup_(closep) int fd =
                        store_open_folder(connection->store, STORE_STATE, folder, error);
                r = fd < 0 ? fd : set_up(state, conf, disk, setup, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

void qemu_transient_remove(Domain *domain) {
        _cleanup_(freep) char *folder = folder_of(domain);

        if (folder)
                (void) store_remove_tree(domain->resource.connection->store, STORE_STATE, folder,
                                         NULL);
}
