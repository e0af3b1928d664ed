/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a guest, made but held: sockets and taps first, the helpers at their other ends,
 * QEMU last, since its command line names them all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/filesystem.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/passt.h"
#include "drivers/qemu/reservations.h"
#include "drivers/qemu/secrets.h"
#include "drivers/qemu/start-private.h"
#include "drivers/qemu/tpm.h"

/* Descriptors that the process gets, in order from 3 on. */
typedef struct FdList {
        int *items;
        size_t n;
} FdList;

static void fd_list_clear(FdList *list) {
        free(list->items); /* they belong to others */
}

/* The number in the process, or -1 without memory. */
static int fd_list_add(FdList *list, int fd) {
        int *items = reallocarray(list->items, list->n + 1, sizeof(*items));

        if (!items)
                return -1;
        list->items = items;
        items[list->n++] = fd;
        return 2 + list->n;
}

/* All that one spawn holds; what the processes need of it is copied to them. */
typedef struct Spawn {
        QemuStart *start;
        char *name, *folder, *state; /* of the guest in STORE_RUNTIME; its path; STORE_STATE's */
        int parent, monitor, vsock;
        QemuTaps taps;
        QemuTap *numbers; /* of the taps in QEMU */
        char **hostdevs;  /* ends with NULL */
        FdList fds;
        int *secrets; /* opened for QEMU */
        size_t n_secrets;
        QemuPlaces places;
        QemuCommand command;
} Spawn;

static void spawn_clear(Spawn *spawn) {
        free(spawn->name);
        free(spawn->folder);
        free(spawn->state);
        closep(&spawn->parent);
        closep(&spawn->monitor);
        closep(&spawn->vsock);
        for (size_t i = 0; spawn->numbers && i < spawn->taps.n; i++)
                free(spawn->numbers[i].further);
        free(spawn->numbers);
        qemu_taps_clear(&spawn->taps);
        for (size_t i = 0; spawn->hostdevs && i < spawn->start->conf->hostdevs.n; i++)
                free(spawn->hostdevs[i]);
        free(spawn->hostdevs);
        fd_list_clear(&spawn->fds);
        for (size_t i = 0; i < spawn->n_secrets; i++)
                close(spawn->secrets[i]);
        free(spawn->secrets);
        qemu_command_clear(&spawn->command);
}

static int spawn_places(Spawn *spawn, Error *error) {
        Domain *domain = spawn->start->guest->domain;
        Store *store = domain->resource.connection->store;

        spawn->name = qemu_guest_folder(domain);
        spawn->folder = spawn->name ? store_path(store, STORE_RUNTIME, spawn->name) : NULL;
        spawn->state = store_path(store, STORE_STATE, domain->resource.connection->driver->id);
        if (!spawn->folder || !spawn->state)
                return fail_memory(error);
        spawn->places.folder = spawn->folder;
        spawn->places.state_folder = spawn->state;
        spawn->parent = store_open_folder(store, STORE_RUNTIME, spawn->name, error);
        if (spawn->parent < 0)
                return spawn->parent;
        spawn->monitor = qemu_helper_listen(spawn->parent, "monitor", error);
        return spawn->monitor;
}

static int spawn_hostdevs(Spawn *spawn, Error *error) {
        const DomainConf *conf = spawn->start->conf;

        spawn->hostdevs = calloc(conf->hostdevs.n + 1, sizeof(char *));
        if (!spawn->hostdevs)
                return fail_memory(error);
        for (size_t i = 0; i < conf->hostdevs.n; i++) {
                const DomainHostdev *hostdev = conf->hostdevs.items[i];
                int r = 0;

                if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_SCSI &&
                    !hostdev->protocol)
                        r = qemu_scsi_generic(hostdev, QEMU_SYSFS, &spawn->hostdevs[i], error);
                if (r < 0)
                        return r;
        }
        spawn->places.hostdevs = (const char *const *) spawn->hostdevs;
        return 0;
}

static int spawn_helpers(Spawn *spawn, Error *error) {
        QemuGuest *guest = spawn->start->guest;
        const DomainConf *conf = spawn->start->conf;
        int r = qemu_tpm_spawn(guest, conf, spawn->parent, error);

        if (r >= 0)
                r = qemu_filesystems_spawn(guest, conf, spawn->parent, error);
        if (r >= 0)
                r = qemu_reservations_spawn(guest, conf, spawn->parent, error);
        if (r >= 0)
                r = qemu_bus_spawn(guest, conf, spawn->parent, error);
        return r < 0 ? r : qemu_passt_spawn(guest, conf, &spawn->taps, error);
}

static int spawn_list_fd(Spawn *spawn, int fd, int *ret) {
        *ret = fd >= 0 ? fd_list_add(&spawn->fds, fd) : -1;
        return fd >= 0 && *ret < 0 ? -1 : 0;
}

static int spawn_list_tap(Spawn *spawn, const QemuTap *tap, QemuTap *number) {
        if (spawn_list_fd(spawn, tap->fd, &number->fd) < 0 ||
            spawn_list_fd(spawn, tap->vhost_fd, &number->vhost_fd) < 0 ||
            !(number->further = calloc(tap->n_further + 1, sizeof(*number->further))))
                return -1;
        number->n_further = tap->n_further;
        for (size_t i = 0; i < tap->n_further; i++)
                if (spawn_list_fd(spawn, tap->further[i].fd, &number->further[i].fd) < 0 ||
                    spawn_list_fd(spawn, tap->further[i].vhost_fd,
                                  &number->further[i].vhost_fd) < 0)
                        return -1;
        return 0;
}

/* Numbers in places are those in the process. */
static int spawn_list_fds(Spawn *spawn, Error *error) {
        spawn->numbers = calloc(spawn->taps.n + 1, sizeof(*spawn->numbers));
        spawn->places.monitor_fd = fd_list_add(&spawn->fds, spawn->monitor);
        if (!spawn->numbers || spawn->places.monitor_fd < 0)
                return fail_memory(error);
        for (size_t i = 0; i < spawn->taps.n; i++)
                if (spawn_list_tap(spawn, &spawn->taps.items[i], &spawn->numbers[i]) < 0)
                        return fail_memory(error);
        if (spawn_list_fd(spawn, spawn->vsock, &spawn->places.vsock_fd) < 0)
                return fail_memory(error);
        spawn->places.taps = spawn->numbers;
        spawn->places.n_taps = spawn->taps.n;
        spawn->places.free_fd = 3 + spawn->fds.n;
        return 0;
}

static int spawn_secrets(Spawn *spawn, Error *error) {
        Connection *connection = spawn->start->guest->domain->resource.connection;
        const QemuCommand *command = &spawn->command;

        spawn->secrets = calloc(command->n_secrets + 1, sizeof(int));
        if (!spawn->secrets)
                return fail_memory(error);
        for (size_t i = 0; i < command->n_secrets; i++) {
                int fd = qemu_command_secret_open(connection, &command->secrets[i], error);

                if (fd < 0)
                        return fd;
                spawn->secrets[spawn->n_secrets++] = fd;
                if (fd_list_add(&spawn->fds, fd) < 0)
                        return fail_memory(error);
        }
        return 0;
}

/* The held process; its log begins with the command line. */
static int spawn_qemu(Spawn *spawn, Error *error) {
        QemuGuest *guest = spawn->start->guest;
        _cleanup_(closep) int log = qemu_log_open(guest->domain, NULL, error);
        _cleanup_(freep) char *text = qemu_command_text(&spawn->command);

        if (log < 0)
                return log;
        if (text)
                (void) !dprintf(log, "%s\n", text);
        guest->log_start = lseek(log, 0, SEEK_END);

        const ProcessSpec spec = {
                .argv = (const char *const *) spawn->command.argv,
                .environ = (const char *const *) spawn->command.environment,
                .out = log,
                .err = log,
                .fds = spawn->fds.items,
                .n_fds = spawn->fds.n,
                .hold = true,
                .outlives = true,
        };
        return process_new(guest->domain->resource.connection->event, &spec, qemu_guest_exited,
                           guest, &guest->process, error);
}

int start_spawn_all(QemuStart *start, Error *error) {
        _cleanup_(spawn_clear) Spawn spawn = {
                .start = start, .parent = -1, .monitor = -1, .vsock = -1,
        };
        int r = spawn_places(&spawn, error);

        if (r >= 0)
                r = qemu_nets_join(start->guest, start->conf, start->borrow, &spawn.taps,
                                   error);
        if (r >= 0)
                r = qemu_vsock_open(start->conf, &spawn.vsock, error);
        if (r >= 0)
                r = spawn_hostdevs(&spawn, error);
        if (r >= 0)
                r = spawn_helpers(&spawn, error);
        if (r >= 0)
                r = spawn_list_fds(&spawn, error);
        if (r >= 0)
                r = qemu_choose_paths(start->conf, &spawn.places, error);
        if (r >= 0)
                r = qemu_command_build(start->conf, start->caps, &spawn.places, &spawn.command,
                                       error);
        if (r >= 0)
                r = spawn_secrets(&spawn, error);
        return r < 0 ? r : spawn_qemu(&spawn, error);
}
