/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into a guest of Xen: the ptys of its ports, the port of its display. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/api-domain.h"
#include "drivers/ports.h"
#include "drivers/xen/device.h"

/* ---- consoles ---- */

static int open_console(Domain *domain, const char *alias, uint32_t flags, Job *job,
                        Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r < 0)
                return r;
        return console_port_open(domain, &guest->consoles, alias, flags, job, error);
}

/* ---- displays ---- */

static int find_display(DomainConf *conf, uint32_t idx, const DomainGraphics **ret,
                        Error *error) {
        if (idx >= conf->graphics.n)
                return fail(error, ERROR_INVALID_ARG,
                            "the domain has no graphics %u, but %zu in all", idx,
                            conf->graphics.n);
        *ret = conf->graphics.items[idx];
        if (((*ret)->type != GRAPHICS_VNC && (*ret)->type != GRAPHICS_SPICE) || (*ret)->port <= 0)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "graphics %u is neither vnc nor spice with a port", idx);
        return 0;
}

/* Any address is reached by the host's own. The port is on this host, so nobody waits; a name that
 * isn't an address would have to be looked up. */
static int reach(const DomainGraphics *display, struct sockaddr_storage *ret, socklen_t *ret_size,
                 Error *error) {
        const char *text = display_address(display);
        struct sockaddr_in *four = (struct sockaddr_in *) ret;
        struct sockaddr_in6 *six = (struct sockaddr_in6 *) ret;

        *ret = (struct sockaddr_storage) {};
        if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
                if (four->sin_addr.s_addr == htonl(INADDR_ANY))
                        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                four->sin_family = AF_INET;
                four->sin_port = htons((uint16_t) display->port);
                *ret_size = sizeof(*four);
                return 0;
        }
        if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
                return fail(error, ERROR_OPERATION_UNSUPPORTED, "'%s' is no address", text);
        if (IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
                six->sin6_addr = in6addr_loopback;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t) display->port);
        *ret_size = sizeof(*six);
        return 0;
}

static int connect_display(const DomainGraphics *display, int *ret, Error *error) {
        struct sockaddr_storage at;
        _cleanup_(closep) int fd = -1;
        socklen_t size = 0;
        int r = reach(display, &at, &size, error);

        if (r < 0)
                return r;
        fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || (connect(fd, (struct sockaddr *) &at, size) < 0 && errno != EINPROGRESS) ||
            fcntl(fd, F_SETFL, 0) < 0)
                return fail_errno(error, -errno, "cannot connect to the display on port %lld",
                                  (long long) display->port);
        *ret = TAKE_FD(fd);
        return 0;
}

/* libxl hands no descriptor to a device model, so it is a connection as any other. */
static int open_graphics(Domain *domain, uint32_t idx, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        const DomainGraphics *display = NULL;
        XenGuest *guest;
        int r = xen_guest_get(domain, &guest, error);

        if (r >= 0 && (flags & DOMAIN_OPEN_GRAPHICS_SKIPAUTH))
                r = fail(error, ERROR_OPERATION_UNSUPPORTED,
                         "displays of Xen guests ask for their password in any case (flag %d)",
                         DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r >= 0)
                r = find_display(conf, idx, &display, error);
        return r < 0 ? r : connect_display(display, &job->result.fd, error);
}

const DomainAccess xen_access = { .open_console = open_console, .open_graphics = open_graphics };
