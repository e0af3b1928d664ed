/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbus-console: the terminal becomes a guest's serial console.
 *
 * The service hands out a socket with the bytes of the port (org.virtbus.Domain.OpenConsole); from
 * then on there are two copies to make, and the bus is not needed. Without a terminal it copies
 * standard input and output, so that it serves scripts too. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include <systemd/sd-bus.h>

#include "conf/macro.h"
#include "config.h"

#define SERVICE "org.libvirt"
#define CONNECTION "/org/libvirt/QEMU"
#define END_KEY 0x1d /* Ctrl-] */
#define FORCE 1u

typedef struct Options {
        bool session;
        uint32_t flags;
        const char *domain, *alias;
} Options;

static const char usage[] =
        "virtbus-console [OPTION ...] DOMAIN [ALIAS]\n"
        "Connects the terminal with a guest's serial console; Ctrl-] ends it.\n\n"
        "DOMAIN is a name or a UUID; ALIAS says which port, as in the running guest's definition\n"
        "(serial0, console1 ...); without it, it is the first console.\n\n"
        "  --session   the service of this user instead of the system's\n"
        "  --force     take the console over from whoever holds it\n"
        "  --help      this text\n"
        "  --version   the version\n";

/* 0: go on; 1: all is said; negative: wrong. */
static int options_parse(Options *options, int argc, char *argv[]) {
        static const struct option known[] = {
                { "session", no_argument, NULL, 's' }, { "system", no_argument, NULL, 'S' },
                { "force", no_argument, NULL, 'f' },   { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' }, {},
        };
        int letter;

        while ((letter = getopt_long(argc, argv, "hf", known, NULL)) >= 0) {
                switch (letter) {
                case 's':
                case 'S':
                        options->session = letter == 's';
                        break;
                case 'f':
                        options->flags |= FORCE;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 1;
                case 'v':
                        puts("virtbus " VERSION);
                        return 1;
                default:
                        return -EINVAL;
                }
        }
        if (argc - optind < 1 || argc - optind > 2) {
                fputs(usage, stderr);
                return -EINVAL;
        }
        options->domain = argv[optind];
        options->alias = argc - optind == 2 ? argv[optind + 1] : "";
        return 0;
}

/* ---- the bus ---- */

static int complain(const char *what, const sd_bus_error *error, int r) {
        fprintf(stderr, "%s: %s\n", what, error && error->message ? error->message : strerror(-r));
        return r;
}

static int look_up(sd_bus *bus, const char *domain, char **ret_path) {
        static const char *const members[] = { "DomainLookupByName", "DomainLookupByUUID" };
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(members); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                const char *path;
                sd_bus_error *report = i == 0 ? &error : NULL; /* who gave a name reads of a name */

                r = sd_bus_call_method(bus, SERVICE, CONNECTION, "org.libvirt.Connect", members[i],
                                       report, &reply, "s", domain);
                if (r >= 0)
                        r = sd_bus_message_read(reply, "o", &path);
                if (r < 0)
                        continue;
                *ret_path = strdup(path);
                return *ret_path ? 0 : -ENOMEM;
        }
        return complain(domain, &error, r);
}

static int open_console(sd_bus *bus, const Options *options) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *path = NULL;
        int fd = -1, r = look_up(bus, options->domain, &path);

        if (r < 0)
                return r;
        r = sd_bus_call_method(bus, SERVICE, path, "org.virtbus.Domain", "OpenConsole", &error,
                               &reply, "su", options->alias, options->flags);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return complain(options->domain, &error, r);
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message closes its own */
        return fd < 0 ? complain(options->domain, NULL, -errno) : fd;
}

/* ---- copying ---- */

static int write_all(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t k = write(fd, data, n);

                if (k < 0 && errno == EAGAIN) {
                        (void) poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
                        continue;
                }
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                data += k;
                n -= k;
        }
        return 0;
}

/* 1: some was copied; 0: from is at its end; negative: to has gone. With ret_key the key is looked
 * for. */
static int copy(int from, int to, bool *ret_key) {
        char data[4096], *key = NULL;
        ssize_t n = read(from, data, sizeof(data));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 1;
        if (n <= 0)
                return 0;
        if (ret_key) {
                key = memchr(data, END_KEY, n);
                *ret_key = key;
        }
        int r = write_all(to, data, key ? key - data : n);
        return r < 0 ? r : 1;
}

/* Until the guest's side ends or the key is pressed. The end of our input is no end: a script may
 * only want to read. */
static void connect_both(int console) {
        struct pollfd ends[] = { { .fd = console, .events = POLLIN },
                                 { .fd = STDIN_FILENO, .events = POLLIN } };
        bool key = false;

        while (!key) {
                if (poll(ends, ELEMENTS(ends), -1) < 0 && errno != EINTR)
                        return;
                if (ends[1].revents && copy(STDIN_FILENO, console, &key) <= 0)
                        ends[1].fd = -1;
                if (ends[0].revents && copy(console, STDOUT_FILENO, NULL) <= 0)
                        return;
        }
}

int main(int argc, char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(closep) int console = -1;
        struct termios before, raw;
        Options options = {};
        int r = options_parse(&options, argc, argv);

        if (r != 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        r = options.session ? sd_bus_open_user(&bus) : sd_bus_open_system(&bus);
        if (r < 0) {
                complain("cannot reach the bus", NULL, r);
                return EXIT_FAILURE;
        }
        console = open_console(bus, &options);
        if (console < 0)
                return EXIT_FAILURE;

        bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
        fprintf(stderr, "Connected to %s, Ctrl-] ends.\r\n", options.domain);
        if (terminal) {
                raw = before;
                cfmakeraw(&raw);
                (void) tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        }
        connect_both(console);
        if (terminal)
                (void) tcsetattr(STDIN_FILENO, TCSANOW, &before);
        return EXIT_SUCCESS;
}
