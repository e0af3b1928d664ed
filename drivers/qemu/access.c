/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into a guest: its consoles and its screens, as descriptors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/qemu/guest.h"

/* ---- consoles ---- */

static int qemu_open_console(Domain *domain, const char *alias, uint32_t flags, Job *job,
                             Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);

        return console_port_open(domain, guest ? &guest->consoles : NULL, alias, flags, job,
                                 error);
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
