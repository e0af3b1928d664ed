/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu-pr-helper beside QEMU. It takes a socket that listens already as systemd would pass it. */
#include "drivers/qemu/reservations.h"

#include <linux/capability.h>
#include <string.h>

const Reservations *qemu_disk_reservations(const DomainDisk *disk) {
        return disk->reservations;
}

bool qemu_reservations_managed(const Reservations *reservations) {
        return reservations && reservations->managed && strcmp(reservations->managed, "yes") == 0;
}

static bool are_wanted(const DomainConf *conf) {
        for (size_t i = 0; i < conf->disks.n; i++)
                for (const DomainDisk *image = conf->disks.items[i]; image; image = image->backing)
                        if (qemu_reservations_managed(qemu_disk_reservations(image)))
                                return true;
        return false;
}

/* Disks come to it opened, by QEMU. Of those with many paths it finds the others itself, and asks
 * multipathd. What it has no use for it drops, which takes rights, too. */
static const UnitSandbox sandbox = {
        .capabilities = BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SETUID) | BIT(CAP_SYS_ADMIN) |
                        BIT(CAP_SYS_RAWIO),
        .network = true, /* multipathd's socket has an abstract name */
        .families = (const char *const[]) { "AF_UNIX", "AF_NETLINK", NULL },
        .devices = (const char *const[]) { "/dev/mapper/control", "rw", "block-device-mapper", "rw",
                                           "block-sd", "rw", NULL },
};

int qemu_reservations_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error) {
        _cleanup_(freep) char *program = NULL;
        _cleanup_(closep) int listening = -1;

        if (!are_wanted(conf))
                return 0;
        listening = qemu_helper_listen(folder, QEMU_PR_SOCKET, error);
        if (listening < 0)
                return listening;
        program = qemu_helper_find("qemu-pr-helper");
        if (!program)
                return fail_memory(error);

        const char *const argv[] = { program, NULL };
        const HelperSpec spec = {
                .kind = "pr-helper",
                .argv = argv,
                .fds = &listening,
                .n_fds = 1,
                .listens = true,
                .sandbox = &sandbox,
        };
        return qemu_helper_spawn(guest, &spec, error);
}
