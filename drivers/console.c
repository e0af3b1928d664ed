/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pumping bytes between a character device and the socket of its holder.
 *
 * Two sides, each with a bounded buffer of what is still to be written to it. A side is read only
 * while the other's buffer has room, so whoever is slow slows the other down and nothing grows; it
 * waits to be writable only while there is something for it.
 *
 * A side that is gone ends the console, but what it said before is still delivered: the pump goes
 * on until the other side took it all, for LINGER at most. A holder that only shut down its sending
 * direction is not gone, it may wait for an answer. */
#include "drivers/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#define BUFFER_SIZE (16u << 10)
#define LINGER (1 * 1000 * 1000) /* us */

typedef struct Side {
        Console *console;
        struct Side *other;
        int fd;
        bool socket;
        sd_event_source *source;
        bool end;  /* nothing more comes from it */
        bool gone; /* nothing can be written to it, and the rest of what it said is on the way */
        size_t start, n;
        char buffer[BUFFER_SIZE]; /* n bytes from start on are to be written to it */
} Side;

struct Console {
        Side device, holder;
        sd_event *event;
        sd_event_source *linger;
        void (*closed)(Console *console, void *userdata);
        void *userdata;
};

/* ---- set up ---- */

/* Bytes pass unchanged, in both directions, and nothing is echoed. */
static int make_raw(int device) {
        struct termios attributes;

        if (tcgetattr(device, &attributes) < 0)
                return errno == ENOTTY ? 0 : -errno;
        cfmakeraw(&attributes);
        return tcsetattr(device, TCSANOW, &attributes) < 0 ? -errno : 0;
}

static int side_ready(sd_event_source *source, int fd, uint32_t events, void *userdata);

static int side_init(Side *side, Console *console, Side *other) {
        int flags = fcntl(side->fd, F_GETFL);
        struct stat st;

        side->console = console;
        side->other = other;
        if (flags < 0 || fcntl(side->fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        if (fstat(side->fd, &st) < 0)
                return -errno;
        side->socket = S_ISSOCK(st.st_mode);
        return sd_event_add_io(console->event, &side->source, side->fd, EPOLLIN, side_ready, side);
}

int console_new(sd_event *event, int device, void (*closed)(Console *console, void *userdata),
                void *userdata, int *ret_fd, Console **ret, Error *error) {
        int ends[2];

        Console *console = calloc(1, sizeof(*console));
        if (!console)
                return fail_memory(error);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
                free(console);
                return fail_errno(error, -errno, "cannot make a socket for a console");
        }
        console->event = sd_event_ref(event);
        console->closed = closed;
        console->userdata = userdata;
        console->device.fd = device;
        console->holder.fd = ends[0];

        int r = make_raw(device);
        if (r >= 0)
                r = side_init(&console->device, console, &console->holder);
        if (r >= 0)
                r = side_init(&console->holder, console, &console->device);
        if (r < 0) {
                close(ends[1]);
                console->device.fd = -1; /* still the caller's */
                console_free(console);
                return fail_errno(error, r, "cannot open a console");
        }
        *ret_fd = ends[1];
        *ret = console;
        return 0;
}

/* ---- pumping ---- */

/* Nothing more can be written to this side, so nothing for it is kept. */
static void side_gone(Side *side) {
        side->gone = true;
        side->n = 0;
}

/* Once per wakeup, so that both sides and the rest of the loop get their turn. */
static void side_read(Side *side) {
        Side *to = side->other;
        ssize_t k;

        if (side->end || to->gone || to->n == BUFFER_SIZE)
                return;
        if (to->start > 0)
                memmove(to->buffer, to->buffer + to->start, to->n);
        to->start = 0;
        do
                k = read(side->fd, to->buffer + to->n, BUFFER_SIZE - to->n);
        while (k < 0 && errno == EINTR);
        if (k > 0) {
                to->n += k;
                return;
        }
        if (k < 0 && errno == EAGAIN)
                return;
        side->end = true;
        if (k < 0 || !side->socket) /* EIO: the other side of a pty is closed */
                side_gone(side);
}

static void side_write(Side *side) {
        ssize_t k;

        if (side->n == 0)
                return;
        do
                k = side->socket ? send(side->fd, side->buffer + side->start, side->n, MSG_NOSIGNAL)
                                 : write(side->fd, side->buffer + side->start, side->n);
        while (k < 0 && errno == EINTR);
        if (k >= 0) {
                side->start += k;
                side->n -= k;
        } else if (errno != EAGAIN)
                side_gone(side);
}

static void console_update(Console *console);

static int side_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Side *side = userdata;

        if (events & (EPOLLHUP | EPOLLERR))
                side_gone(side);
        side_read(side);
        side_write(side->other);
        side_write(side);
        console_update(side->console);
        return 0;
}

/* A side that is gone reports that for ever; it is listened to only for something to read. */
static void side_listen(Side *side) {
        uint32_t events = 0;

        if (!side->end && !side->other->gone && side->other->n < BUFFER_SIZE)
                events |= EPOLLIN;
        if (side->n > 0)
                events |= EPOLLOUT;
        (void) sd_event_source_set_io_events(side->source, events);
        (void) sd_event_source_set_enabled(side->source,
                                           events == 0 && side->gone ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* ---- the end ---- */

static void console_close(Console *console) {
        (void) sd_event_source_set_enabled(console->device.source, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(console->holder.source, SD_EVENT_OFF);
        console->linger = sd_event_source_disable_unref(console->linger);
        console->closed(console, console->userdata); /* may have freed it */
}

/* Gone, and all it said has reached the other side, or never will. */
static bool side_is_over(const Side *side) {
        return side->gone && (side->other->gone || (side->end && side->other->n == 0));
}

static int linger_over(sd_event_source *source, uint64_t usec, void *userdata) {
        console_close(userdata);
        return 0;
}

static void console_update(Console *console) {
        if (side_is_over(&console->device) || side_is_over(&console->holder)) {
                console_close(console);
                return;
        }
        side_listen(&console->device);
        side_listen(&console->holder);
        if (console->linger || (!console->device.gone && !console->holder.gone))
                return;
        int r = sd_event_add_time_relative(console->event, &console->linger, CLOCK_MONOTONIC,
                                           LINGER, 0, linger_over, console);
        if (r < 0) /* then at once */
                console_close(console);
}

static void side_done(Side *side) {
        sd_event_source_disable_unref(side->source);
        if (side->fd >= 0)
                close(side->fd);
}

Console *console_free(Console *console) {
        if (!console)
                return NULL;
        sd_event_source_disable_unref(console->linger);
        side_done(&console->device);
        side_done(&console->holder);
        sd_event_unref(console->event);
        free(console);
        return NULL;
}
