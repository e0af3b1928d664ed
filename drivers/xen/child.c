/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of libxl that block, in a process of their own.
 *
 * libxl_domain_create_new() builds the guest before it returns, whatever is asked for: reading a
 * kernel and unpacking it takes seconds. So the service forks, the child makes a context of its own
 * and calls synchronously, and what comes of it (rc, domid, what libxl said) comes back through a
 * socket as one message. A process rather than a thread: it can be killed when the guest is no
 * longer wanted, and libxl's own children are its, not ours.
 *
 * The child has nothing of ours open but that socket, and a descriptor if it is given one. It dies
 * with the service, so that a later life finds no builder at work, only what the runtime file says
 * was being built. */
#include "drivers/xen/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct XenChild {
        pid_t pid;
        int line;
        sd_event_source *source;
        XenWorked worked;
        void *userdata;
        uint32_t domid;
        char *text; /* that it answered */
};

typedef struct Report {
        int rc;
        uint32_t domid;
        XenLines lines;
} Report;

/* ---- in the child ---- */

static char *answer; /* of the one work that this process does */

bool xen_child_answer(char *text) {
        free(answer);
        answer = text;
        return answer;
}

static XenLines *lines; /* likewise */

void xen_child_say(const char *line) {
        xen_lines_add(lines, line);
}

static void said(const char *line, void *userdata) {
        xen_child_say(line);
}

static void reset_signals(void) {
        const struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int signal = 1; signal < NSIG; signal++)
                (void) sigaction(signal, &action, NULL);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard error stays: the scripts and programs that libxl runs write there. The old context gives
 * back its descriptors first, since libxl remembers their numbers. Both are copied above all that
 * may have their places before they take them. */
static int leave_parent(XenCore *core, int *line, int fd) {
        int null, high_line, high_fd = -1;

        libxl_postfork_child_noexec(core->ctx);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
                return -errno;
        high_line = fcntl(*line, F_DUPFD_CLOEXEC, XEN_CHILD_FD + 1);
        if (fd >= 0)
                high_fd = fcntl(fd, F_DUPFD_CLOEXEC, XEN_CHILD_FD + 1);
        if (high_line < 0 || dup3(high_line, 3, O_CLOEXEC) < 0 ||
            (fd >= 0 && (high_fd < 0 || dup3(high_fd, XEN_CHILD_FD, O_CLOEXEC) < 0)))
                return -errno;
        *line = 3;
        return close_range(fd >= 0 ? XEN_CHILD_FD + 1 : XEN_CHILD_FD, ~0U, 0) < 0 ? -errno : 0;
}

_Noreturn static void child_run(XenCore *core, pid_t parent, int line, int fd, uint32_t domid,
                                XenWork work, void *argument) {
        Report report = { .rc = ERROR_FAIL, .domid = domid };
        libxl_ctx *ctx = NULL;
        XenSay say;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
            leave_parent(core, &line, fd) < 0)
                _exit(127);
        reset_signals();
        lines = &report.lines;
        xen_say_init(&say, said, NULL);
        report.rc = libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, &say.logger);
        if (report.rc == 0)
                report.rc = work(ctx, &report.domid, argument);
        ssize_t n = send(line, &report, sizeof(report), MSG_NOSIGNAL);
        if (answer && report.rc == 0)
                (void) send(line, answer, strlen(answer), MSG_NOSIGNAL);
        _exit(n == sizeof(report) ? 0 : 127);
}

/* ---- in the service ---- */

const char *xen_child_text(const XenChild *child) {
        return child->text;
}

/* A message of its own behind the report. */
static void take_answer(XenChild *child) {
        ssize_t n = recv(child->line, NULL, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);

        if (n <= 0 || !(child->text = calloc(1, n + 1)))
                return;
        if (recv(child->line, child->text, n, MSG_DONTWAIT) != n)
                child->text[0] = 0;
}

static int ended(sd_event_source *source, const siginfo_t *info, void *userdata) {
        XenChild *child = userdata;
        Report report = {};
        ssize_t n = recv(child->line, &report, sizeof(report), MSG_DONTWAIT);

        if (n != sizeof(report))
                report = (Report) { .rc = XEN_CHILD_LOST, .domid = child->domid };
        else
                take_answer(child);
        child->pid = 0; /* reaped by the loop behind us */
        child->worked(report.rc, report.domid, &report.lines, child->userdata);
        xen_child_free(child);
        return 0;
}

static int child_fork(XenCore *core, XenChild *child, int line, int fd, XenWork work,
                      void *argument) {
        pid_t parent = getpid();
        sigset_t all, before;

        sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        child->pid = fork();
        if (child->pid == 0)
                child_run(core, parent, line, fd, child->domid, work, argument);
        int r = child->pid < 0 ? -errno : 0;
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}

int xen_child_new_with(XenCore *core, uint32_t domid, int fd, XenWork work, void *argument,
                       XenWorked worked, void *userdata, XenChild **ret, Error *error) {
        XenChild *child;
        int ends[2], r;

        if (xen_store_is_gone())
                return fail(error, ERROR_OPERATION_FAILED, XEN_STORE_GONE);
        child = calloc(1, sizeof(*child));
        if (!child)
                return fail_memory(error);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
                free(child);
                return fail_errno(error, -errno, "cannot make a socket");
        }
        *child = (XenChild) {
                .line = ends[0], .worked = worked, .userdata = userdata, .domid = domid,
        };
        r = XEN_CALL(core, child_fork(core, child, ends[1], fd, work, argument));
        close(ends[1]);
        if (r >= 0)
                r = sd_event_add_child(core->event, &child->source, child->pid, WEXITED, ended,
                                       child);
        if (r < 0) {
                xen_child_free(child);
                return fail_errno(error, r, "cannot start a process for libxl");
        }
        *ret = child;
        return 0;
}

int xen_child_new(XenCore *core, uint32_t domid, XenWork work, void *argument, XenWorked worked,
                  void *userdata, XenChild **ret, Error *error) {
        return xen_child_new_with(core, domid, -1, work, argument, worked, userdata, ret, error);
}

void xen_child_kill(XenChild *child) {
        if (child->pid > 0)
                (void) kill(child->pid, SIGKILL);
}

XenChild *xen_child_free(XenChild *child) {
        if (!child)
                return NULL;
        if (child->pid > 0) {
                (void) kill(child->pid, SIGKILL);
                if (child->source)
                        child->source = sd_event_source_disable_unref(child->source);
                (void) waitpid(child->pid, NULL, 0);
        } else
                sd_event_source_disable_unref(child->source);
        close(child->line);
        free(child->text);
        free(child);
        return NULL;
}
