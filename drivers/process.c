/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child processes and others, watched through a pidfd.
 *
 * Between us and a new child there is a socket, the line. The child's end is closed by exec: end of
 * file is how we learn that the program runs; what comes instead is the errno of the step that
 * failed. A child that is held waits for one byte on the line before exec; when it reads end of
 * file instead, whoever wanted to write down its pid is gone, and it goes too.
 *
 * In the child every descriptor that is not passed on is closed before the wait, so a held child
 * keeps nothing of ours open, not even the line of another held child.
 *
 * A child that outlives its Process, or takes too long to die of SIGKILL, is left to a watch of its
 * own on the loop, so no zombie remains. */
#include "drivers/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define DEATH_PATIENCE 2000 /* ms a killed process may take to die before we stop waiting for it */

struct Process {
        pid_t pid;
        int pidfd;
        uint64_t start;
        int line; /* of a held child, else -1 */
        char *program;
        bool mine;     /* our child, so ours to kill and reap */
        bool outlives;
        bool over;     /* and reaped */
        sd_event_source *source;
        ProcessExited exited;
        void *userdata;
};

/* What a child says when it can't start. */
typedef enum Step { STEP_SET_UP, STEP_FOLDER, STEP_EXEC } Step;

typedef struct Report {
        Step step;
        int error;
} Report;

/* What the child needs, made ready before the fork: it only calls the kernel. */
typedef struct Launch {
        const ProcessSpec *spec;
        char **environ;
        int *copies; /* room for its descriptors */
        char listen_pid[32]; /* in environ, where it is asked for; its number is the child's own */
        int line;    /* the child's end */
        pid_t parent;
} Launch;

/* ---- before the fork ---- */

/* Whether a and b, as "NAME=value", are about the same name. */
static bool same_variable(const char *a, const char *b) {
        size_t n = strcspn(a, "=");

        return strncmp(a, b, n) == 0 && b[n] == '=';
}

/* Our environment with the additions; only the array is new. */
static char **environ_with(const char *const *additions) {
        size_t n = 0, n_additions = 0;

        while (environ && environ[n])
                n++;
        while (additions && additions[n_additions])
                n_additions++;
        char **all = calloc(n + n_additions + 1, sizeof(*all));
        if (!all)
                return NULL;

        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
                bool replaced = false;
                for (size_t j = 0; j < n_additions && !replaced; j++)
                        replaced = same_variable(additions[j], environ[i]);
                if (!replaced)
                        all[k++] = environ[i];
        }
        for (size_t j = 0; j < n_additions; j++)
                all[k++] = (char *) additions[j];
        return all;
}

/* ---- in the child ---- */

static void child_fail(int line, Step step) {
        Report report = { step, errno };

        (void) !send(line, &report, sizeof(report), MSG_NOSIGNAL);
        _exit(127);
}

/* The n-th descriptor of the child, as a number of ours; -1: /dev/null. */
static int child_source(const ProcessSpec *spec, size_t n) {
        const int standard[] = { spec->in, spec->out, spec->err };

        if (n >= ELEMENTS(standard))
                return spec->fds[n - ELEMENTS(standard)];
        return standard[n] > 0 ? standard[n] : -1;
}

/* Puts every descriptor where it belongs and the line behind the last, and closes the rest. All are
 * copied above the last number first, so none is overwritten before its turn. */
static int child_arrange(Launch *launch) {
        int n = 3 + launch->spec->n_fds;
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        int line = fcntl(launch->line, F_DUPFD_CLOEXEC, n + 1);

        if (null < 0 || line < 0)
                return -1;
        launch->line = line;
        for (int i = 0; i < n; i++) {
                int source = child_source(launch->spec, i);

                launch->copies[i] = fcntl(source < 0 ? null : source, F_DUPFD_CLOEXEC, n + 1);
                if (launch->copies[i] < 0)
                        return -1;
        }
        for (int i = 0; i < n; i++)
                if (dup2(launch->copies[i], i) < 0)
                        return -1;
        launch->line = dup3(line, n, O_CLOEXEC);
        return launch->line < 0 ? -1 : close_range(n + 1, ~0U, 0);
}

/* As a fresh program expects them. All are still blocked: no handler of ours runs in the child. */
static void child_reset_signals(void) {
        const struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int signal = 1; signal < NSIG; signal++)
                (void) sigaction(signal, &action, NULL);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_wait_for_release(int line) {
        char byte;
        ssize_t n;

        do
                n = recv(line, &byte, 1, 0);
        while (n < 0 && errno == EINTR);
        if (n != 1)
                _exit(127);
}

_Noreturn static void child_run(Launch *launch) {
        const ProcessSpec *spec = launch->spec;

        child_reset_signals();
        if (spec->outlives)
                (void) setsid();
        else if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != launch->parent)
                _exit(127);
        if (child_arrange(launch) < 0)
                child_fail(launch->line, STEP_SET_UP);
        if (chdir(spec->folder ?: "/") < 0)
                child_fail(launch->line, STEP_FOLDER);
        if (spec->hold)
                child_wait_for_release(launch->line);
        if (spec->listens)
                (void) snprintf(launch->listen_pid, sizeof(launch->listen_pid), "LISTEN_PID=%d",
                                (int) getpid());
        execvpe(spec->argv[0], (char *const *) spec->argv, launch->environ);
        child_fail(launch->line, STEP_EXEC);
        _exit(127);
}

/* ---- starting ---- */

/* Signals are blocked around the fork, so that none meets the child with our handlers. */
static int launch_fork(Launch *launch, pid_t *ret_pid) {
        sigset_t all, before;

        launch->parent = getpid();
        sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        pid_t pid = fork();
        if (pid == 0)
                child_run(launch);
        int r = pid < 0 ? -errno : 0;
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        *ret_pid = pid;
        return r;
}

static int process_launch(Process *process, const ProcessSpec *spec) {
        Launch launch = { .spec = spec };
        const char *const listening[] = { "LISTEN_FDS=1", "LISTEN_PID=", NULL };
        _cleanup_(freep) char **all = environ_with(spec->listens ? listening : spec->environ);
        _cleanup_(freep) int *copies = calloc(3 + spec->n_fds, sizeof(*copies));
        int ends[2];

        if (!all || !copies)
                return -ENOMEM;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        process->line = ends[0];
        launch.environ = all;
        launch.copies = copies;
        launch.line = ends[1];
        if (spec->listens) /* the additions are the last */
                for (char **variable = all; *variable; variable++)
                        if (!variable[1])
                                *variable = launch.listen_pid;
        int r = launch_fork(&launch, &process->pid);
        close(ends[1]);
        if (r < 0)
                return r;
        process->mine = true;
        process->pidfd = pidfd_open(process->pid, 0);
        return process->pidfd < 0 ? -errno : 0;
}

/* Field 22 of /proc/PID/stat. The second, the program's name in brackets, may hold anything. */
static int read_start(pid_t pid, uint64_t *ret) {
        char path[32], text[1024];

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = 0;

        const char *field = strrchr(text, ')');
        for (int i = 2; field && i < 22; i++)
                field = strchr(field + 1, ' ');
        return field && sscanf(field, " %" SCNu64, ret) == 1 ? 0 : -EIO;
}

static int process_over(sd_event_source *source, int fd, uint32_t events, void *userdata);

static int process_watch(Process *process, sd_event *event) {
        int r = sd_event_add_io(event, &process->source, process->pidfd, EPOLLIN, process_over,
                                process);

        return r < 0 ? r : sd_event_source_set_priority(process->source, PROCESS_PRIORITY);
}

static Process *process_alloc(const char *program, ProcessExited exited, void *userdata) {
        Process *process = calloc(1, sizeof(*process));

        if (!process)
                return NULL;
        *process = (Process) {
                .pidfd = -1, .line = -1, .exited = exited, .userdata = userdata,
                .program = strdup(program),
        };
        if (process->program)
                return process;
        free(process);
        return NULL;
}

/* Waits for exec, or for the reason why there is none. A child that was killed on the way looks as
 * if it ran: its end is told by the loop, like any. */
static int process_await_exec(Process *process, Error *error) {
        static const char *const words[] = {
                [STEP_SET_UP] = "cannot prepare to run",
                [STEP_FOLDER] = "cannot enter the folder to run",
                [STEP_EXEC]   = "cannot run",
        };
        Report report;
        ssize_t n;

        do
                n = recv(process->line, &report, sizeof(report), 0);
        while (n < 0 && errno == EINTR);
        close(TAKE_FD(process->line));
        if (n != sizeof(report))
                return 0;
        return fail_errno(error, -report.error, "%s '%s'", words[report.step], process->program);
}

int process_new(sd_event *event, const ProcessSpec *spec, ProcessExited exited, void *userdata,
                Process **ret, Error *error) {
        _cleanup_(process_freep) Process *process = process_alloc(spec->argv[0], exited, userdata);

        if (!process)
                return fail_memory(error);
        int r = process_launch(process, spec);
        if (r >= 0)
                r = read_start(process->pid, &process->start);
        if (r >= 0)
                r = process_watch(process, event);
        if (r < 0)
                return fail_errno(error, r, "cannot start a process for '%s'", spec->argv[0]);
        if (!spec->hold) {
                r = process_await_exec(process, error);
                if (r < 0)
                        return r;
        }
        process->outlives = spec->outlives;
        *ret = TAKE(process);
        return 0;
}

static void process_end(Process *process);

bool process_is_held(const Process *process) {
        return process->line >= 0;
}

int process_release(Process *process, Error *error) {
        int r = 0;

        if (process->line < 0)
                return fail(error, ERROR_INTERNAL, "'%s' is not held", process->program);
        if (send(process->line, "", 1, MSG_NOSIGNAL) < 0)
                r = fail_errno(error, -ESRCH, "cannot run '%s'", process->program);
        else
                r = process_await_exec(process, error);
        if (r < 0) {
                process->outlives = false;
                process_end(process);
        }
        return r;
}

int process_adopt(sd_event *event, pid_t pid, uint64_t start, ProcessExited exited, void *userdata,
                  Process **ret, Error *error) {
        char name[32];

        snprintf(name, sizeof(name), "%d", (int) pid);
        _cleanup_(process_freep) Process *process = process_alloc(name, exited, userdata);
        if (!process)
                return fail_memory(error);
        process->pid = pid;
        process->pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
        if (process->pidfd < 0) {
                /* EINVAL: the number is that of a thread now */
                bool gone = pid <= 0 || errno == ESRCH || errno == EINVAL;
                return gone ? -ESRCH : fail_errno(error, -errno, "cannot watch process %s", name);
        }
        /* Read after the descriptor was opened: what matches is what the descriptor stands for. */
        int r = read_start(pid, &process->start);
        if (r == -ESRCH || (r == 0 && start != PROCESS_ANY_START && process->start != start))
                return -ESRCH;
        if (r == 0)
                r = process_watch(process, event);
        if (r < 0)
                return fail_errno(error, r, "cannot watch process %s", name);
        *ret = TAKE(process);
        return 0;
}

/* ---- living ---- */

pid_t process_pid(const Process *process) {
        return process->pid;
}

uint64_t process_start(const Process *process) {
        return process->start;
}

int process_signal(Process *process, int signal) {
        if (process->over)
                return -ESRCH;
        return pidfd_send_signal(process->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

/* ---- ending ---- */

/* 1 when it is over and reaped, 0 when it lives. */
static int reap(int pidfd, int *ret_code, int *ret_status) {
        siginfo_t info = {};

        if (waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG) < 0) {
                *ret_code = *ret_status = 0;
                return errno == ECHILD ? 1 : -errno;
        }
        *ret_code = info.si_code;
        *ret_status = info.si_status;
        return info.si_pid != 0;
}

static int process_over(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Process *process = userdata;
        int code, status;

        if (reap(fd, &code, &status) == 0)
                return 0;
        process->over = true;
        process->source = sd_event_source_disable_unref(process->source);
        process->exited(process, code, status, process->userdata); /* may have freed it */
        return 0;
}

static int orphan_over(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        int code, status;

        if (reap(fd, &code, &status) != 0)
                (void) sd_event_source_set_floating(source, false); /* ends the source, closes fd */
        return 0;
}

/* Takes the descriptor over. */
static void leave_to_loop(sd_event *event, int pidfd) {
        sd_event_source *source = NULL;

        if (sd_event_add_io(event, &source, pidfd, EPOLLIN, orphan_over, NULL) < 0 ||
            sd_event_source_set_io_fd_own(source, true) < 0) {
                sd_event_source_unref(source);
                close(pidfd);
                return;
        }
        (void) sd_event_source_set_floating(source, true);
        sd_event_source_unref(source);
}

/* Kills a child and waits for its end, which is short unless it hangs in the kernel. */
static bool kill_and_reap(Process *process) {
        struct pollfd wait = { .fd = process->pidfd, .events = POLLIN };
        int code, status;

        if (process->pidfd < 0) { /* the process has not come so far as to have one */
                (void) kill(process->pid, SIGKILL);
                return waitpid(process->pid, NULL, 0) >= 0;
        }
        (void) pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
        while (poll(&wait, 1, DEATH_PATIENCE) < 0 && errno == EINTR)
                ;
        return reap(process->pidfd, &code, &status) != 0;
}

/* Stops watching. What has not started, or is not to outlive us, ends here. */
static void process_end(Process *process) {
        _cleanup_(sd_event_unrefp) sd_event *event =
                process->source ? sd_event_ref(sd_event_source_get_event(process->source)) : NULL;
        bool held = process->line >= 0;

        process->source = sd_event_source_disable_unref(process->source);
        if (held)
                close(TAKE_FD(process->line));
        if (!process->over && process->mine) {
                bool spared = process->outlives && !held;
                bool reaped = !spared && kill_and_reap(process);

                if (!reaped && event && process->pidfd >= 0)
                        leave_to_loop(event, TAKE_FD(process->pidfd));
        }
        process->over = true;
}

Process *process_free(Process *process) {
        if (!process)
                return NULL;
        process_end(process);
        if (process->pidfd >= 0)
                close(process->pidfd);
        free(process->program);
        free(process);
        return NULL;
}
