/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into a guest: its consoles and its screens, as descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drivers/qemu/guest.h"

/* ---- consoles ---- */

struct QemuConsole {
        char *alias;
        Console *console;
        QemuGuest *guest;
        QemuConsole *next;
};

static void qemu_console_close(QemuConsole *console) {
        QemuConsole **link = &console->guest->consoles;

        while (*link != console)
                link = &(*link)->next;
        *link = console->next;
        console_free(console->console);
        free(console->alias);
        free(console);
}

void qemu_consoles_close(QemuGuest *guest) {
        while (guest->consoles)
                qemu_console_close(guest->consoles);
}

static void console_closed(Console *console, void *userdata) {
        qemu_console_close(userdata);
}

static bool is_port(DeviceKind kind) {
        return kind == DEVICE_SERIAL || kind == DEVICE_PARALLEL || kind == DEVICE_CONSOLE ||
               kind == DEVICE_CHANNEL;
}

/* The port that is meant, or the first console and else the first serial port. */
static int find_port(DomainConf *conf, const char *alias, const DomainChar **ret, Error *error) {
        DeviceKind kind;
        Device *device;

        if (alias && *alias) {
                device = conf_find_alias(conf, alias, &kind);
                if (!device || !is_port(kind))
                        return fail(error, ERROR_INVALID_ARG,
                                    "no serial port, console or channel has the alias '%s'", alias);
                *ret = (DomainChar *) device;
                return 0;
        }
        if (conf->consoles.n > 0)
                *ret = conf->consoles.items[0];
        else if (conf->serials.n > 0)
                *ret = conf->serials.items[0];
        else
                return fail(error, ERROR_OPERATION_INVALID, "the domain has no console");
        return 0;
}

static int open_port(const DomainChar *port, Error *error) {
        const char *path = port->sources.n > 0 ? port->sources.items[0]->path : NULL;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        if (!path || (port->type != CHAR_PTY && port->type != CHAR_UNIX))
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "only ports of type pty and unix can be opened, '%s' is of type %s",
                            port->device.alias, char_types[port->type]);
        if (port->type == CHAR_PTY)
                fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        else {
                if (strlen(path) >= sizeof(address.sun_path))
                        return fail(error, ERROR_OPERATION_FAILED, "socket path '%s' is too long",
                                    path);
                snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
                fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                        close(TAKE_FD(fd));
        }
        return fd < 0 ? fail_errno(error, -errno, "cannot open '%s'", path) : fd;
}

/* device is taken over, also on failure. */
static int console_make(QemuGuest *guest, const char *alias, int device, int *ret_fd,
                        Error *error) {
        QemuConsole *console = calloc(1, sizeof(*console));
        int r = -ENOMEM;

        if (console)
                console->alias = strdup(alias);
        if (console && console->alias)
                r = console_new(guest->domain->resource.connection->event, device, console_closed,
                                console, ret_fd, &console->console, error);
        if (r < 0) {
                close(device);
                if (console)
                        free(console->alias);
                free(console);
                return r == -ENOMEM ? fail_memory(error) : r;
        }
        console->guest = guest;
        console->next = guest->consoles;
        guest->consoles = console;
        return 0;
}

static int qemu_open_console(Domain *domain, const char *alias, uint32_t flags, Job *job,
                             Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        QemuConsole *holder;
        const DomainChar *port = NULL;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r >= 0)
                r = find_port(conf, alias, &port, error);
        if (r < 0)
                return r;

        for (holder = guest->consoles; holder; holder = holder->next)
                if (strcmp(holder->alias, port->device.alias) == 0)
                        break;
        if (holder && !(flags & DOMAIN_CONSOLE_FORCE))
                return fail(error, ERROR_OPERATION_FAILED,
                            "Active console session exists for this domain: '%s' is held, flag %d "
                            "takes it over",
                            port->device.alias, DOMAIN_CONSOLE_FORCE);
        r = open_port(port, error);
        if (r < 0)
                return r;
        if (holder)
                qemu_console_close(holder);
        return console_make(guest, port->device.alias, r, &job->result.fd, error);
}

/* ---- screens ---- */

typedef struct Screen {
        Job *job;
        char name[32]; /* of the descriptor in QEMU */
        const char *protocol;
        bool skip_auth;
        int ours;
} Screen;

static void screen_free(Screen *screen) {
        closep(&screen->ours);
        free(screen);
}

static void screen_added(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Screen *screen = userdata;
        Job *job = screen->job;

        if (value)
                job->result.fd = TAKE_FD(screen->ours);
        screen_free(screen);
        job_done(job, value ? 0 : -error_number(error->code), error);
}

static void screen_passed(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Screen *screen = userdata;
        Job *job = screen->job;
        int r;

        if (!value) {
                screen_added(qmp, NULL, error, screen);
                return;
        }
        Error cause = {};
        r = qmp_call(qmp, "add_client",
                     qmp_arguments("s", "protocol", screen->protocol, "s", "fdname", screen->name,
                                   "b", "skipauth", (int) screen->skip_auth, NULL),
                     screen_added, screen, &cause);
        if (r < 0) {
                screen_free(screen);
                job_done(job, r, &cause);
        }
        error_clear(&cause);
}

static int find_screen(Domain *domain, uint32_t idx, const char **ret_protocol, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_LIVE, &conf, error);

        if (r < 0)
                return r;
        if (idx >= conf->graphics.n)
                return fail(error, ERROR_INVALID_ARG,
                            "the domain has no graphics %u, but %zu in all", idx, conf->graphics.n);
        if (conf->graphics.items[idx]->type == GRAPHICS_VNC)
                *ret_protocol = "vnc";
        else if (conf->graphics.items[idx]->type == GRAPHICS_SPICE)
                *ret_protocol = "spice";
        else
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "graphics %u is neither vnc nor spice", idx);
        return 0;
}

static int qemu_open_graphics(Domain *domain, uint32_t idx, uint32_t flags, Job *job,
                              Error *error) {
        static unsigned serial;
        const char *protocol = NULL;
        int pair[2];
        Qmp *qmp;
        int r = qemu_guest_qmp(domain, &qmp, error);

        if (r >= 0)
                r = find_screen(domain, idx, &protocol, error);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return fail_errno(error, -errno, "cannot make a socket pair");
        _cleanup_(closep) int theirs = pair[1];
        Screen *screen = calloc(1, sizeof(*screen));
        if (!screen) {
                close(pair[0]);
                return fail_memory(error);
        }
        *screen = (Screen) { .job = job, .protocol = protocol, .ours = pair[0],
                             .skip_auth = flags & DOMAIN_OPEN_GRAPHICS_SKIPAUTH };
        snprintf(screen->name, sizeof(screen->name), "graphics%u", serial++);
        r = qmp_call_fd(qmp, "getfd", qmp_arguments("s", "fdname", screen->name, NULL), theirs,
                        screen_passed, screen, error);
        if (r < 0) {
                screen_free(screen);
                return r;
        }
        return PENDING;
}

const DomainAccess qemu_access = {
        .open_console = qemu_open_console,
        .open_graphics = qemu_open_graphics,
};
