/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial ports, consoles and channels of a running guest, as descriptors: found in its live
 * definition, held by one client each. */
#include "drivers/console-port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/api-domain.h"
#include "drivers/console.h"

struct ConsolePort {
        char *alias;
        Console *console;
        ConsolePort **list; /* that it is in */
        ConsolePort *next;
};

static void port_close(ConsolePort *console) {
        ConsolePort **link = console->list;

        while (*link != console)
                link = &(*link)->next;
        *link = console->next;
        console_free(console->console);
        free(console->alias);
        free(console);
}

void console_ports_close(ConsolePort **ports) {
        while (*ports)
                port_close(*ports);
}

static void console_closed(Console *console, void *userdata) {
        port_close(userdata);
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
static int port_make(Domain *domain, ConsolePort **ports, const char *alias, int device,
                     int *ret_fd, Error *error) {
        ConsolePort *console = calloc(1, sizeof(*console));
        int r = -ENOMEM;

        if (console)
                console->alias = strdup(alias);
        if (console && console->alias)
                r = console_new(domain->resource.connection->event, device, console_closed,
                                console, ret_fd, &console->console, error);
        if (r < 0) {
                close(device);
                if (console)
                        free(console->alias);
                free(console);
                return r == -ENOMEM ? fail_memory(error) : r;
        }
        console->list = ports;
        console->next = *ports;
        *ports = console;
        return 0;
}

int console_port_open(Domain *domain, ConsolePort **ports, const char *alias, uint32_t flags,
                      Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        const DomainChar *port = NULL;
        ConsolePort *holder;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r >= 0)
                r = find_port(conf, alias, &port, error);
        if (r < 0)
                return r;

        for (holder = *ports; holder; holder = holder->next)
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
                port_close(holder);
        return port_make(domain, ports, port->device.alias, r, &job->result.fd, error);
}
