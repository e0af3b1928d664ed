/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Child processes: what they get from us, how their end is told, and that nothing of them stays. */
#include "drivers/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/check.h"

#define ARGV(...) (const char *const[]) { __VA_ARGS__, NULL }

static sd_event *loop;

typedef struct End {
        int calls, code, status;
        bool free;
} End;

static void ended(Process *process, int code, int status, void *userdata) {
        End *end = userdata;

        end->calls++;
        end->code = code;
        end->status = status;
        CHECK(process_signal(process, 0) == -ESRCH);
        if (end->free)
                process_free(process);
}

static void wait_for(const End *end) {
        while (end->calls == 0)
                CHECK(sd_event_run(loop, 10 * 1000 * 1000) > 0);
}

static size_t count_descriptors(void) {
        DIR *dir = opendir("/proc/self/fd");
        size_t n = 0;

        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

static bool have_children(void) {
        return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

/* Runs a shell script and returns what it wrote. */
static char *output_of(const char *script, ProcessSpec spec) {
        static char text[4096];
        End end = { .free = true };
        Error error = {};
        Process *process;
        int ends[2];
        size_t n = 0;
        ssize_t k;

        CHECK(pipe2(ends, O_CLOEXEC) == 0);
        spec.argv = ARGV("sh", "-c", script);
        spec.out = ends[1];
        CHECK(process_new(loop, &spec, ended, &end, &process, &error) == 0);
        close(ends[1]);
        while ((k = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0)
                n += k;
        text[n] = 0;
        close(ends[0]);
        wait_for(&end);
        return text;
}

static void test_ends(void) {
        static const struct {
                const char *script;
                int code, status;
        } cases[] = {
                { "exit 0", CLD_EXITED, 0 },
                { "exit 42", CLD_EXITED, 42 },
                { "kill -9 $$", CLD_KILLED, SIGKILL },
                { "kill $$", CLD_KILLED, SIGTERM },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                const ProcessSpec spec = { .argv = ARGV("sh", "-c", cases[i].script) };
                End end = { .free = i % 2 };
                Process *process;

                CHECK(process_new(loop, &spec, ended, &end, &process, NULL) == 0);
                wait_for(&end);
                CHECK(end.calls == 1 && end.code == cases[i].code && end.status == cases[i].status);
                if (!end.free)
                        process_free(process);
        }
        CHECK(!have_children());
}

static void test_failures(void) {
        const ProcessSpec missing = { .argv = ARGV("/no/such/program") };
        const ProcessSpec in_path = { .argv = ARGV("no-such-program-anywhere") };
        const ProcessSpec folder = { .argv = ARGV("true"), .folder = "/no/such/folder" };
        const ProcessSpec descriptor = { .argv = ARGV("true"), .fds = (int[]) { 999 }, .n_fds = 1 };
        const ProcessSpec *const specs[] = { &missing, &in_path, &folder, &descriptor };
        const int numbers[] = { -ENOENT, -ENOENT, -ENOENT, -EBADF };
        size_t before = count_descriptors();

        for (size_t i = 0; i < ELEMENTS(specs); i++) {
                Error error = {};
                Process *process = NULL;
                End end = {};

                CHECK(process_new(loop, specs[i], ended, &end, &process, &error) == numbers[i]);
                CHECK(!process && error.message && strstr(error.message, specs[i]->argv[0]));
                CHECK(sd_event_run(loop, 0) == 0 && end.calls == 0);
                error_clear(&error);
        }
        CHECK(!have_children());
        CHECK(count_descriptors() == before);
}

static void test_environment(void) {
        setenv("KEPT", "old", 1);
        setenv("CHANGED", "old", 1);
        ProcessSpec spec = {
                .environ = (const char *const[]) { "CHANGED=new", "CHANGE=x", "ADDED=a=b", NULL },
                .folder = "/proc",
        };
        CHECK_TEXT(output_of("echo $KEPT $CHANGED $ADDED $CHANGE; pwd", spec),
                   "old new a=b x\n/proc\n");
        const char *script = "pwd; readlink /proc/self/fd/0; readlink /proc/self/fd/2";
        CHECK_TEXT(output_of(script, (ProcessSpec) {}), "/\n/dev/null\n/dev/null\n");
}

static void test_signals(void) {
        sigset_t blocked;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        const char *script = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
        CHECK_TEXT(output_of(script, (ProcessSpec) {}),
                   "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
        signal(SIGPIPE, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        CHECK(sigprocmask(SIG_UNBLOCK, &blocked, NULL) == 0);
}

/* A descriptor with something of its own to read. */
static int descriptor_of(const char *text, int number) {
        int ends[2];

        CHECK(pipe2(ends, O_CLOEXEC) == 0);
        CHECK(write(ends[1], text, strlen(text)) == (ssize_t) strlen(text));
        close(ends[1]);
        CHECK(dup2(ends[0], number) == number);
        if (ends[0] != number)
                close(ends[0]);
        return number;
}

/* Numbers that are each other's targets, and one that is passed twice. In a process of its own,
 * where nothing else has these numbers. */
static void check_descriptors(void) {
        close_range(3, ~0U, 0);
        int high = descriptor_of("a\n", 40);
        for (int i = 3; i <= 5; i++)
                CHECK(dup3(high, i, O_CLOEXEC) == i);
        CHECK(sd_event_new(&loop) >= 0);
        int fds[] = { descriptor_of("five\n", 5), descriptor_of("three\n", 3),
                      descriptor_of("four\n", 4), 3 };
        ProcessSpec spec = { .in = high, .fds = fds, .n_fds = ELEMENTS(fds) };
        const char *script = "cat; cat <&3; cat <&4; cat <&5; cat <&6; "
                             "i=0; while [ $i -lt 64 ]; do "
                             "[ -e /proc/$$/fd/$i ] && echo $i; i=$((i + 1)); done";
        CHECK_TEXT(output_of(script, spec), "a\nfive\nthree\nfour\n0\n1\n2\n3\n4\n5\n6\n");
        sd_event_unref(loop);
}

static void test_descriptors(void) {
        int status;

        pid_t pid = fork();
        if (pid == 0) {
                check_descriptors();
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_hold(void) {
        char name[] = "/tmp/test-process-XXXXXX";
        int fd = mkstemp(name);
        const ProcessSpec spec = { .argv = ARGV("sh", "-c", "echo ran >&3"), .fds = &fd, .n_fds = 1,
                                   .hold = true, .outlives = true };
        const ProcessSpec missing = { .argv = ARGV("/no/such/program"), .hold = true,
                                      .outlives = true };
        End end = {}, never = {};
        Process *process, *other, *bad;
        Error error = {};

        CHECK(process_new(loop, &spec, ended, &end, &process, NULL) == 0);
        CHECK(process_new(loop, &spec, ended, &never, &other, NULL) == 0);
        CHECK(process_new(loop, &missing, ended, &never, &bad, NULL) == 0);
        CHECK(process_pid(process) > 0 && process_start(process) > 0);
        CHECK(sd_event_run(loop, 100 * 1000) == 0);
        CHECK(lseek(fd, 0, SEEK_END) == 0);

        CHECK(process_release(process, NULL) == 0);
        CHECK(process_release(process, &error) < 0); /* only once */
        error_clear(&error);
        wait_for(&end);
        CHECK(end.code == CLD_EXITED && end.status == 0);
        CHECK(lseek(fd, 0, SEEK_END) == 4);

        CHECK(process_release(bad, &error) == -ENOENT);
        CHECK(strstr(error.message, "/no/such/program"));
        error_clear(&error);
        CHECK(sd_event_run(loop, 0) == 0 && never.calls == 0);

        process_free(process);
        process_free(other); /* never began, so it has nothing to outlive us with */
        process_free(bad);
        CHECK(!have_children());
        CHECK(lseek(fd, 0, SEEK_END) == 4);

        CHECK(process_new(loop, &spec, ended, &never, &process, NULL) == 0);
        CHECK(process_signal(process, SIGKILL) == 0);
        siginfo_t over;
        CHECK(waitid(P_PID, process_pid(process), &over, WEXITED | WNOWAIT) == 0);
        CHECK(process_release(process, &error) == -ESRCH);
        error_clear(&error);
        process_free(process);
        CHECK(!have_children());
        close(fd);
        unlink(name);
}

/* A loop isn't usable after a fork. */
static pid_t fork_with_loop(void) {
        pid_t pid = fork();

        if (pid == 0)
                CHECK(sd_event_new(&loop) >= 0);
        return pid;
}

static void wait_for_kill(pid_t pid) {
        int status;

        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Holds children in a process of its own that is killed before it releases them. */
static void test_death_while_held(void) {
        int ends[2];
        char byte;

        CHECK(pipe(ends) == 0);
        pid_t pid = fork_with_loop();
        if (pid == 0) {
                const ProcessSpec spec = { .argv = ARGV("sleep", "1000"), .out = ends[1],
                                           .hold = true, .outlives = true };
                Process *first, *second;
                End end = {};

                CHECK(process_new(loop, &spec, ended, &end, &first, NULL) == 0);
                CHECK(process_new(loop, &spec, ended, &end, &second, NULL) == 0);
                raise(SIGKILL);
        }
        close(ends[1]);
        wait_for_kill(pid);
        CHECK(read(ends[0], &byte, 1) == 0); /* end of file: both are gone */
        close(ends[0]);
}

/* The same for a child that runs and isn't meant to outlive us, and for one that is. */
static void test_death_while_running(bool outlives) {
        int ends[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        pid_t pid = fork_with_loop();
        if (pid == 0) {
                const ProcessSpec spec = { .argv = ARGV("sh", "-c", "read x; echo alive >&0"),
                                           .in = ends[1], .outlives = outlives };
                End end = {};
                Process *process;

                CHECK(process_new(loop, &spec, ended, &end, &process, NULL) == 0);
                raise(SIGKILL);
        }
        close(ends[1]);
        wait_for_kill(pid);
        (void) !send(ends[0], "\n", 1, MSG_NOSIGNAL);
        char text[8] = {};
        ssize_t n = read(ends[0], text, sizeof(text));
        CHECK(outlives ? n == 6 : n <= 0);
        close(ends[0]);
}

static void test_free(void) {
        const ProcessSpec plain = { .argv = ARGV("sleep", "1000") };
        const ProcessSpec outliving = { .argv = ARGV("sleep", "1000"), .outlives = true };
        End end = {};
        Process *process;

        CHECK(process_new(loop, &plain, ended, &end, &process, NULL) == 0);
        pid_t pid = process_pid(process);
        process_free(process);
        CHECK(kill(pid, 0) < 0 && errno == ESRCH && !have_children());

        CHECK(process_new(loop, &outliving, ended, &end, &process, NULL) == 0);
        pid = process_pid(process);
        CHECK(getsid(pid) == pid);
        process_free(process);
        CHECK(kill(pid, SIGKILL) == 0);
        while (kill(pid, 0) == 0) /* the loop reaps it */
                CHECK(sd_event_run(loop, 10 * 1000 * 1000) > 0);
        CHECK(!have_children() && end.calls == 0);
        process_free(NULL);
}

/* A process that somebody else started: our grandchild. */
static pid_t start_stranger(void) {
        const char *script = "sleep 1000 >/dev/null & echo $!";
        int pid;

        CHECK(sscanf(output_of(script, (ProcessSpec) {}), "%d", &pid) == 1);
        return pid;
}

static uint64_t start_of(pid_t pid) {
        char script[64];
        unsigned long long ticks;

        snprintf(script, sizeof(script), "sed 's/.*) //' /proc/%d/stat | cut -d ' ' -f 20", pid);
        CHECK(sscanf(output_of(script, (ProcessSpec) {}), "%llu", &ticks) == 1);
        return ticks;
}

static void test_adopt(void) {
        End first_end = {}, second_end = {};
        Process *first, *second, *none = NULL;
        Error error = {};
        pid_t pid = start_stranger();

        CHECK(process_adopt(loop, pid, 1, ended, &first_end, &none, &error) == -ESRCH);
        CHECK(process_adopt(loop, 0, 1, ended, &first_end, &none, &error) == -ESRCH);
        CHECK(process_adopt(loop, 4194304, 1, ended, &first_end, &none, &error) == -ESRCH);
        CHECK(!none && error.code == ERROR_NONE);

        const ProcessSpec spec = { .argv = ARGV("sleep", "1000"), .outlives = true };
        CHECK(process_new(loop, &spec, ended, &second_end, &second, NULL) == 0);
        uint64_t start = process_start(second);
        pid_t own = process_pid(second);
        process_free(second);
        CHECK(process_adopt(loop, own, start + 1, ended, &second_end, &second, &error) == -ESRCH);
        kill(own, SIGKILL);
        CHECK(sd_event_run(loop, 10 * 1000 * 1000) > 0);
        CHECK(process_adopt(loop, own, start, ended, &second_end, &second, &error) == -ESRCH);

        uint64_t ticks = start_of(pid);
        CHECK(process_adopt(loop, pid, ticks, ended, &second_end, &second, &error) == 0);
        process_free(second);
        CHECK(process_adopt(loop, pid, ticks, ended, &first_end, &first, &error) == 0);
        CHECK(process_pid(first) == pid && process_start(first) == ticks);
        CHECK(process_signal(first, SIGKILL) == 0);
        wait_for(&first_end);
        CHECK(first_end.code == 0 && second_end.calls == 0);
        process_free(first);
}

static void test_latency(void) {
        const ProcessSpec spec = { .argv = ARGV("/bin/true") };
        struct timespec from, to;
        const int rounds = 100;
        double ms = 0;

        for (int i = 0; i < rounds; i++) {
                End end = { .free = true };
                Process *process;

                clock_gettime(CLOCK_MONOTONIC, &from);
                CHECK(process_new(loop, &spec, ended, &end, &process, NULL) == 0);
                clock_gettime(CLOCK_MONOTONIC, &to);
                ms += (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
                wait_for(&end);
        }
        printf("process_new takes %.3f ms on average\n", ms / rounds);
}

int main(void) {
        CHECK(sd_event_default(&loop) >= 0);
        size_t before = count_descriptors();
        test_ends();
        test_failures();
        test_environment();
        test_signals();
        test_descriptors();
        test_hold();
        test_death_while_held();
        test_death_while_running(false);
        test_death_while_running(true);
        test_free();
        test_adopt();
        test_latency();
        CHECK(count_descriptors() == before);
        sd_event_unref(loop);
        return 0;
}
