/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Free ports for displays. The only way to know that a port is free is to bind it; it is let go
 * again at once, because who serves the display binds its own. Ports of one definition are never
 * given out twice. */
#include "drivers/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
} Address;

/* What a display of this kind is numbered from, and where numbers end. */
enum { DISPLAY_FIRST = 5900, WEBSOCKET_FIRST = 5700, PORT_LAST = 65535 };

static socklen_t fill(Address *ret, const char *text, unsigned port) {
        *ret = (Address) {};
        if (inet_pton(AF_INET6, text, &ret->six.sin6_addr) == 1) {
                ret->six.sin6_family = AF_INET6;
                ret->six.sin6_port = htons(port);
                return sizeof(ret->six);
        }
        ret->four.sin_family = AF_INET;
        ret->four.sin_port = htons(port);
        if (inet_pton(AF_INET, text, &ret->four.sin_addr) != 1)
                ret->four.sin_addr.s_addr =
                        htonl(INADDR_ANY); /* a name: any address will do for the test */
        return sizeof(ret->four);
}

static bool is_free(const char *address, unsigned port) {
        Address at;
        socklen_t n = fill(&at, address, port);
        _cleanup_(closep) int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int yes = 1;

        if (fd < 0)
                return errno == EAFNOSUPPORT;
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (at.any.sa_family == AF_INET6)
                (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
        return bind(fd, &at.any, n) >= 0 || errno == EADDRNOTAVAIL;
}

static bool is_ours(const DomainConf *conf, unsigned port) {
        for (size_t i = 0; i < conf->graphics.n; i++) {
                const DomainGraphics *graphics = conf->graphics.items[i];

                if (graphics->port == port || graphics->tls_port == port ||
                    graphics->websocket == port)
                        return true;
        }
        return false;
}

static int choose(DomainConf *conf, const char *address, unsigned first, int64_t *ret,
                  Error *error) {
        for (unsigned port = first; port <= PORT_LAST; port++)
                if (!is_ours(conf, port) && is_free(address, port)) {
                        *ret = port;
                        return 0;
                }
        return fail(error, ERROR_INTERNAL, "no free port for a display on %s from %u to %u",
                    address, first, PORT_LAST);
}

static bool text_is(const char *text, const char *value) {
        return text && strcmp(text, value) == 0;
}

static bool has_ports(const DomainGraphics *graphics) {
        const char *type = graphics->listens.n > 0 ? graphics->listens.items[0]->type : NULL;

        return (graphics->type == GRAPHICS_VNC || graphics->type == GRAPHICS_SPICE) &&
               !graphics->socket && !text_is(type, "socket") && !text_is(type, "none");
}

const char *display_address(const DomainGraphics *graphics) {
        const char *address = graphics->listens.n > 0 ? graphics->listens.items[0]->address : NULL;

        return address ?: graphics->listen ?: "127.0.0.1";
}

/* A running guest's definition says where its display is, also where the choice was ours. */
static int note_address(DomainGraphics *graphics, const char *address, Error *error) {
        char **places[] = {
                &graphics->listen,
                graphics->listens.n > 0 ? &graphics->listens.items[0]->address : &graphics->listen,
        };

        for (size_t i = 0; i < ELEMENTS(places); i++)
                if (!*places[i] && !(*places[i] = strdup(address)))
                        return fail_memory(error);
        return 0;
}

static int choose_ports(DomainConf *live, DomainGraphics *graphics, Error *error) {
        const char *address = display_address(graphics);
        int r = 0;

        if (!has_ports(graphics))
                return 0;
        if (graphics->port <= 0 || graphics->autoport == TRISTATE_YES)
                r = choose(live, address, DISPLAY_FIRST, &graphics->port, error);
        if (r >= 0 && graphics->websocket < 0)
                r = choose(live, address, WEBSOCKET_FIRST, &graphics->websocket, error);
        return r < 0 ? r : note_address(graphics, address, error);
}

int display_choose_ports(DomainConf *live, Error *error) {
        for (size_t i = 0; i < live->graphics.n; i++) {
                int r = choose_ports(live, live->graphics.items[i], error);

                if (r < 0)
                        return r;
        }
        return 0;
}
