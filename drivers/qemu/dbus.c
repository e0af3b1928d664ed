/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bus of a guest's own, for <graphics type='dbus'> that names none: QEMU shows the display on it.
 * It ends with the guest. */
#include <string.h>

#include "drivers/qemu/command.h"
#include "drivers/qemu/guest.h"

bool qemu_display_has_bus(const DomainGraphics *graphics) {
        return graphics->type == GRAPHICS_DBUS && !graphics->bus_address &&
               !(graphics->p2p && strcmp(graphics->p2p, "yes") == 0);
}

int qemu_bus_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error) {
        static const char *const argv[] = {
                "dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
                "--address=systemd:", NULL,
        };
        _cleanup_(closep) int listening = -1;
        bool wanted = false;

        for (size_t i = 0; i < conf->graphics.n; i++)
                wanted = wanted || qemu_display_has_bus(conf->graphics.items[i]);
        if (!wanted)
                return 0;
        listening = qemu_helper_listen(folder, QEMU_BUS_SOCKET, error);
        if (listening < 0)
                return listening;

        const HelperSpec spec = {
                .kind = "dbus-daemon", .argv = argv, .fds = &listening, .n_fds = 1,
                .listens = true,
        };
        return qemu_helper_spawn(guest, &spec, error);
}
