/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxl on our loop.
 *
 * libxl asks for descriptors and timeouts through hooks; each becomes an event source. It may
 * register one descriptor several times, which epoll doesn't take: the second is a copy. Nor does
 * epoll take a regular file (a guest is saved into one): that is always ready, so a source that
 * always fires stands for it. Timeouts are only ever changed to "now". SIGCHLD is ours and handed
 * on: libxl looks for its own children.
 *
 * libxl may call back inside the call that starts something. Nobody could write code around that,
 * so what it tells (a call that ended, an event) is put in a row and heard from the loop, in
 * order. */
#include "drivers/xen/core.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drivers/log.h"

/* ---- descriptors ---- */

typedef struct Watched {
        XenCore *core;
        sd_event_source *source;
        void *for_libxl;
        int fd, copy; /* copy -1: there is none */
        bool always;  /* a regular file */
        short events; /* of that */
} Watched;

static int fd_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Watched *watched = userdata;
        XenCore *core = watched->core;
        uint64_t began = xen_clock();

        if (core->dead) /* libxl leaves a broken descriptor as it is, which is always ready */
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        /* It may be deregistered in there. The bits of poll() and epoll are the same. */
        libxl_osevent_occurred_fd(core->ctx, watched->for_libxl, watched->fd, 0, (short) events);
        xen_times_add(&core->times, "libxl_osevent_occurred_fd", began);
        return 0;
}

static int file_ready(sd_event_source *source, void *userdata) {
        Watched *watched = userdata;

        return fd_ready(source, watched->fd, watched->events, watched);
}

static int fd_enable(Watched *watched, short events) {
        watched->events = events;
        return sd_event_source_set_enabled(watched->source, events ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int fd_register(void *user, int fd, void **ret, short events, void *for_libxl) {
        XenCore *core = user;
        Watched *watched = calloc(1, sizeof(*watched));
        int r;

        if (!watched)
                return ERROR_OSEVENT_REG_FAIL;
        *watched = (Watched) { .core = core, .for_libxl = for_libxl, .fd = fd, .copy = -1 };
        r = sd_event_add_io(core->event, &watched->source, fd, events, fd_ready, watched);
        if (r == -EEXIST) {
                watched->copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                r = watched->copy < 0 ? -errno
                                      : sd_event_add_io(core->event, &watched->source,
                                                        watched->copy, events, fd_ready, watched);
        }
        if (r == -EPERM) {
                watched->always = true;
                r = sd_event_add_defer(core->event, &watched->source, file_ready, watched);
        }
        if (r >= 0)
                r = fd_enable(watched, events);
        if (r < 0) {
                sd_event_source_disable_unref(watched->source);
                closep(&watched->copy);
                free(watched);
                return ERROR_OSEVENT_REG_FAIL;
        }
        *ret = watched;
        return 0;
}

static int fd_modify(void *user, int fd, void **update, short events) {
        Watched *watched = *update;
        int r = watched->always ? 0 : sd_event_source_set_io_events(watched->source, events);

        if (r >= 0)
                r = fd_enable(watched, events);
        return r < 0 ? ERROR_OSEVENT_REG_FAIL : 0;
}

static void fd_deregister(void *user, int fd, void *registered) {
        Watched *watched = registered;

        sd_event_source_disable_unref(watched->source);
        closep(&watched->copy);
        free(watched);
}

/* ---- timeouts ---- */

static int timeout_over(sd_event_source *source, uint64_t time, void *userdata) {
        Watched *watched = userdata;
        XenCore *core = watched->core;
        void *for_libxl = watched->for_libxl;
        uint64_t began = xen_clock();

        sd_event_source_disable_unref(watched->source);
        free(watched);
        libxl_osevent_occurred_timeout(core->ctx, for_libxl);
        xen_times_add(&core->times, "libxl_osevent_occurred_timeout", began);
        return 0;
}

static uint64_t usec_of(struct timeval time) {
        return time.tv_sec * UINT64_C(1000000) + time.tv_usec;
}

static int timeout_register(void *user, void **ret, struct timeval time, void *for_libxl) {
        XenCore *core = user;
        Watched *watched = calloc(1, sizeof(*watched));

        if (!watched)
                return ERROR_OSEVENT_REG_FAIL;
        *watched = (Watched) { .core = core, .for_libxl = for_libxl, .fd = -1, .copy = -1 };
        if (sd_event_add_time(core->event, &watched->source, CLOCK_REALTIME, usec_of(time), 1,
                              timeout_over, watched) < 0) {
                free(watched);
                return ERROR_OSEVENT_REG_FAIL;
        }
        *ret = watched;
        return 0;
}

static int timeout_modify(void *user, void **update, struct timeval time) {
        Watched *watched = *update;

        return sd_event_source_set_time(watched->source, usec_of(time)) < 0
                       ? ERROR_OSEVENT_REG_FAIL : 0;
}

/* libxl never calls it: it changes a timeout to "now" instead. */
static void timeout_deregister(void *user, void *registered) {
        fd_deregister(user, -1, registered);
}

static const libxl_osevent_hooks loop_hooks = {
        .fd_register = fd_register,
        .fd_modify = fd_modify,
        .fd_deregister = fd_deregister,
        .timeout_register = timeout_register,
        .timeout_modify = timeout_modify,
        .timeout_deregister = timeout_deregister,
};

/* ---- children ---- */

static int child_ended(sd_event_source *source, const struct signalfd_siginfo *info,
                       void *userdata) {
        XenCore *core = userdata;
        uint64_t began = xen_clock();

        libxl_childproc_sigchld_occurred(core->ctx);
        xen_times_add(&core->times, "libxl_childproc_sigchld_occurred", began);
        return 0;
}

static const libxl_childproc_hooks child_hooks = { .chldowner = libxl_sigchld_owner_mainloop };

/* ---- what libxl tells, in order ---- */

typedef struct XenHappened {
        XenCall *call;      /* that ended, or */
        libxl_event *event; /* that occurred */
        struct XenHappened *next;
} XenHappened;

static int hear(sd_event_source *source, void *userdata) {
        XenCore *core = userdata;
        XenHappened *happened;

        while ((happened = core->first)) {
                XenCall *call = happened->call;
                libxl_event *event = happened->event;
                uint64_t began = xen_clock();

                core->first = happened->next;
                if (!core->first)
                        core->last = NULL;
                free(happened);
                if (call)
                        call->done(call, call->rc, call->userdata);
                free(call);
                if (event) {
                        xen_event(core, event);
                        libxl_event_free(core->ctx, event);
                }
                xen_times_add(&core->times, call ? "ends of calls" : "events", began);
        }
        return 0;
}

static void tell(XenCore *core, XenCall *call, libxl_event *event) {
        XenHappened *happened = calloc(1, sizeof(*happened));

        if (!happened || sd_event_source_set_enabled(core->hear, SD_EVENT_ONESHOT) < 0) {
                log_message(LOG_CRIT, "out of memory: what libxl told is lost");
                free(happened);
                return;
        }
        *happened = (XenHappened) { .call = call, .event = event };
        if (core->last)
                core->last->next = happened;
        else
                core->first = happened;
        core->last = happened;
}

static void event_occurs(void *user, libxl_event *event) {
        tell(user, NULL, event);
}

static void disaster(void *user, libxl_event_type type, const char *message, int number) {
        XenCore *core = user;

        if (core->dead)
                return;
        core->dead = true;
        log_message(LOG_CRIT, "libxl can't go on: %s: %s", message, strerror(number));
}

static const libxl_event_hooks event_hooks = {
        .event_occurs_mask = LIBXL_EVENTMASK_ALL,
        .event_occurs = event_occurs,
        .disaster = disaster,
};

/* ---- calls ---- */

static void call_unlink(XenCall *call) {
        XenCall **link = &call->core->calls;

        while (*link && *link != call)
                link = &(*link)->next;
        if (*link)
                *link = call->next;
}

static void call_ended(libxl_ctx *ctx, int rc, void *userdata) {
        XenCall *call = userdata;

        call_unlink(call);
        call->rc = rc;
        tell(call->core, call, NULL);
}

XenCall *xen_call_new(XenCore *core, uint32_t domid, XenCalled done, void *userdata) {
        XenCall *call = calloc(1, sizeof(*call));

        if (!call)
                return NULL;
        *call = (XenCall) {
                .core = core, .domid = domid, .done = done, .userdata = userdata,
                .how = { .callback = call_ended, .u.for_callback = call }, .next = core->calls,
        };
        core->calls = call;
        return call;
}

void xen_call_drop(XenCall *call) {
        call_unlink(call);
        free(call);
}

/* "Domain 5:..." is of the calls about that domain; what names none, of all. */
static void heard(const char *line, void *userdata) {
        XenCore *core = userdata;
        unsigned domid;
        bool named = sscanf(line, "Domain %u:", &domid) == 1;

        log_message(LOG_NOTICE, "libxl: %s", line);
        for (XenCall *call = core->calls; call; call = call->next)
                if (!named || domid == call->domid)
                        xen_lines_add(&call->lines, line);
}

/* ---- the whole ---- */

/* libxenstore goes to the kernel's device where the socket doesn't answer, which is right for a
 * xenstored in a domain of its own and waits for ever for one that died here. */
int xen_store_connect(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = xs_daemon_socket();
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (!path || strlen(path) >= sizeof(address.sun_path))
                return -ENOENT;
        memcpy(address.sun_path, path, strlen(path));
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

bool xen_store_is_gone(void) {
        _cleanup_(closep) int fd = xen_store_connect();

        return fd == -ECONNREFUSED;
}

static int core_open(XenCore *core, Error *error) {
        sigset_t set;
        int rc, r;

        if (xen_store_is_gone())
                return fail(error, ERROR_OPERATION_FAILED, "cannot talk to Xen: " XEN_STORE_GONE);
        rc = XEN_CALL(core, libxl_ctx_alloc(&core->ctx, LIBXL_VERSION, 0, &core->say.logger));
        if (rc != 0)
                return xen_fail(error, rc, NULL, "cannot talk to Xen");
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return fail_errno(error, -errno, "cannot block SIGCHLD");
        libxl_childproc_setmode(core->ctx, &child_hooks, NULL);
        libxl_osevent_register_hooks(core->ctx, &loop_hooks, core);
        libxl_event_register_callbacks(core->ctx, &event_hooks, core);
        r = sd_event_add_signal(core->event, &core->sigchld, SIGCHLD, child_ended, core);
        if (r >= 0)
                r = sd_event_add_defer(core->event, &core->hear, hear, core);
        if (r >= 0)
                r = sd_event_source_set_enabled(core->hear, SD_EVENT_OFF);
        return r < 0 ? fail_errno(error, r, "cannot put libxl on the loop") : 0;
}

int xen_core_new(Connection *connection, XenCore **ret, Error *error) {
        XenCore *core = calloc(1, sizeof(*core));
        int r;

        if (!core)
                return fail_memory(error);
        core->connection = connection;
        core->event = connection->event;
        xen_say_init(&core->say, heard, core);
        r = core_open(core, error);
        if (r < 0) {
                xen_core_free(core);
                return r;
        }
        *ret = core;
        return 0;
}

/* A context that still works for us can't be freed. */
XenCore *xen_core_free(XenCore *core) {
        bool busy;

        if (!core)
                return NULL;
        busy = core->calls;
        for (XenHappened *happened; (happened = core->first);) {
                core->first = happened->next;
                free(happened->call);
                if (happened->event)
                        libxl_event_free(core->ctx, happened->event);
                free(happened);
        }
        sd_event_source_disable_unref(core->watch);
        sd_event_source_disable_unref(core->records);
        sd_event_source_disable_unref(core->alive);
        if (core->store)
                xs_close(core->store);
        sd_event_source_disable_unref(core->sigchld);
        sd_event_source_disable_unref(core->hear);
        xen_times_log(&core->times);
        if (busy)
                return NULL;
        if (core->ctx)
                libxl_ctx_free(core->ctx);
        free(core);
        return NULL;
}
