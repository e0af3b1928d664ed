/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The measuring half of bench/run: medians of calls to a running service, next to Peer.Ping on the
 * same connection, so that the bus and the machine drop out of the ratio. Each mode prints one line
 * per measurement: name, value, what it is compared to (both in us unless said otherwise).
 *
 *   bench calls PATH UUID           calls about one domain, and lists
 *   bench stats                     GetAllDomainStats of the test driver
 *   bench pair FILE                 DomainDefineXML of FILE and Undefine
 *   bench clients PATH N            calls/s of N clients: GetState, Ping
 *   bench exec PROGRAM ARGUMENT ... from exec to the answer of the first ListDomains
 *   bench guest PATH FD -- ARGV ... Create and Destroy of a domain, and the same QEMU with no
 *                                   service; FD: the number of its monitor's listening socket */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <systemd/sd-bus.h>

#include "conf/macro.h"

#define SERVICE "org.libvirt"
#define ROOT "/org/libvirt/QEMU"
#define CONNECT "org.libvirt.Connect"
#define DOMAIN "org.libvirt.Domain"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define PATIENCE (60 * UINT64_C(1000000))

extern char **environ;

_Noreturn static void die(const char *what, int r) {
        fprintf(stderr, "bench: %s: %s\n", what, strerror(-r));
        exit(1);
}

static double now(void) { /* us */
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
        qsort(values, n, sizeof(*values), compare);
        return values[n / 2];
}

static sd_bus *connect_bus(void) {
        sd_bus *bus;
        int r = sd_bus_open_user(&bus);

        if (r < 0)
                die("cannot reach the bus", r);
        return bus;
}

/* ---- calls ---- */

typedef struct Call {
        const char *name, *path, *interface, *member, *signature;
        const char *texts[2];
        uint32_t numbers[2];
} Call;

static sd_bus_message *call_make(sd_bus *bus, const Call *call) {
        sd_bus_message *message;
        size_t text = 0, number = 0;
        int r = sd_bus_message_new_method_call(bus, &message, SERVICE, call->path, call->interface,
                                               call->member);

        for (const char *letter = call->signature; r >= 0 && *letter; letter++)
                r = sd_bus_message_append_basic(
                        message, *letter,
                        *letter == 'u' ? (const void *) &call->numbers[number++]
                                       : call->texts[text++]);
        if (r < 0)
                die(call->name, r);
        return message;
}

/* us from sending to the answer */
static double call_time(sd_bus *bus, const Call *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = call_make(bus, call);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        double began = now();
        int r = sd_bus_call(bus, message, PATIENCE, &error, &reply);
        double took = now() - began;

        if (r < 0) {
                fprintf(stderr, "bench: %s: %s\n", call->name, error.message ?: strerror(-r));
                exit(1);
        }
        return took;
}

static const Call ping = { "Ping", ROOT, "org.freedesktop.DBus.Peer", "Ping", "" };

static void measure(sd_bus *bus, const Call *call, size_t n) {
        double *mine = calloc(n, sizeof(double)), *pings = calloc(n, sizeof(double));

        for (size_t i = 0; i < n / 10 + 1; i++)
                (void) call_time(bus, call);
        for (size_t i = 0; i < n; i++) {
                pings[i] = call_time(bus, &ping);
                mine[i] = call_time(bus, call);
        }
        printf("%s %.1f %.1f\n", call->name, median(mine, n), median(pings, n));
        free(mine);
        free(pings);
}

static void bench_calls(char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = connect_bus();
        const char *path = argv[0], *uuid = argv[1];
        const struct {
                Call call;
                size_t n;
        } rows[] = {
                { { "GetState", path, DOMAIN, "GetState", "u" }, 2000 },
                { { "Get(Name)", path, PROPERTIES, "Get", "ss", { DOMAIN, "Name" } }, 2000 },
                { { "LookupByUUID", ROOT, CONNECT, "DomainLookupByUUID", "s", { uuid } }, 2000 },
                { { "GetXMLDesc", path, DOMAIN, "GetXMLDesc", "u" }, 2000 },
                { { "GetAll(Domain)", path, PROPERTIES, "GetAll", "s", { DOMAIN } }, 2000 },
                { { "ListDomains", ROOT, CONNECT, "ListDomains", "u" }, 300 },
                { { "GetManagedObjects", "/org/libvirt", "org.freedesktop.DBus.ObjectManager",
                    "GetManagedObjects", "" }, 100 },
                { { "Introspect", path, "org.freedesktop.DBus.Introspectable", "Introspect", "" },
                  500 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                measure(bus, &rows[i].call, rows[i].n);
}

#define TEST_DRIVER "/org/libvirt/Test"

static void bench_stats(char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = connect_bus();
        static const Call calls[] = {
                { "Stats", TEST_DRIVER, CONNECT, "GetAllDomainStats", "uu" },
                { "Stats(45)", TEST_DRIVER, CONNECT, "GetAllDomainStats", "uu",
                  .numbers = { 45 } },
        };

        for (size_t i = 0; i < ELEMENTS(calls); i++)
                measure(bus, &calls[i], 100);
}

/* ---- define and undefine ---- */

static char *read_file(const char *name) {
        static char text[1 << 20];
        _cleanup_(closep) int fd = open(name, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

        if (n < 0)
                die(name, -errno);
        text[n] = 0;
        return text;
}

static double pair_time(sd_bus *bus, const char *xml) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        double began = now();
        int r = sd_bus_call_method(bus, SERVICE, ROOT, CONNECT, "DomainDefineXML", NULL, &reply,
                                   "s", xml);

        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = sd_bus_call_method(bus, SERVICE, path, DOMAIN, "Undefine", NULL, NULL, "u", 0);
        if (r < 0)
                die("define and undefine", r);
        return now() - began;
}

static void bench_pair(char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = connect_bus();
        const char *xml = read_file(argv[0]);
        double mine[200], pings[200];

        for (size_t i = 0; i < ELEMENTS(mine); i++) {
                pings[i] = call_time(bus, &ping);
                mine[i] = pair_time(bus, xml);
        }
        printf("Define+Undefine %.1f %.1f\n", median(mine, ELEMENTS(mine)),
               median(pings, ELEMENTS(pings)));
}

/* ---- many clients ---- */

#define SECONDS 2.0

/* A client by itself: waits for the others at the gate, then calls until the time is over. */
static void client_run(const Call *call, int gate, int answer) {
        sd_bus *bus = connect_bus();
        uint64_t n = 0;
        char byte;

        (void) call_time(bus, call);
        (void) !read(gate, &byte, 1); /* end of file: go */
        for (double end = now() + SECONDS * 1e6; now() < end; n++)
                (void) call_time(bus, call);
        (void) !write(answer, &n, sizeof(n));
        _exit(0);
}

static double clients_rate(const Call *call, unsigned clients) {
        int gate[2], answers[2];
        uint64_t n, all = 0;

        if (pipe(gate) < 0 || pipe(answers) < 0)
                die("pipe", -errno);
        for (unsigned i = 0; i < clients; i++)
                if (fork() == 0) {
                        close(gate[1]);
                        client_run(call, gate[0], answers[1]);
                }
        close(gate[0]);
        close(answers[1]);
        nanosleep(&(struct timespec) { .tv_nsec = 300000000 }, NULL);
        close(gate[1]);
        while (read(answers[0], &n, sizeof(n)) == sizeof(n))
                all += n;
        close(answers[0]);
        while (wait(NULL) > 0)
                ;
        return all / SECONDS;
}

static void bench_clients(char *argv[]) {
        const Call state = { "GetState", argv[0], DOMAIN, "GetState", "u" };
        unsigned clients = atoi(argv[1]);
        double mine[3], pings[3];

        for (size_t i = 0; i < ELEMENTS(mine); i++) {
                pings[i] = clients_rate(&ping, clients);
                mine[i] = clients_rate(&state, clients);
        }
        printf("clients %.0f %.0f\n", median(mine, ELEMENTS(mine)), median(pings, ELEMENTS(pings)));
}

/* ---- start of the service ---- */

static int owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;

        if (sd_bus_message_read(message, "sss", &name, &before, &after) >= 0 &&
            strcmp(name, SERVICE) == 0 && *after)
                *(bool *) userdata = true;
        return 0;
}

static pid_t run(char *argv[], const posix_spawn_file_actions_t *actions) {
        pid_t pid;
        int r = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);

        if (r != 0)
                die(argv[0], -r);
        return pid;
}

/* What it says is of no interest, and our caller waits until nobody holds our output. */
static void make_silent(posix_spawn_file_actions_t *actions) {
        posix_spawn_file_actions_init(actions);
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(actions, 1, 2);
}

static double exec_time(sd_bus *bus, bool *there, char *argv[]) {
        const Call list = { "ListDomains", ROOT, CONNECT, "ListDomains", "u" };
        posix_spawn_file_actions_t actions;
        int r = 0;

        make_silent(&actions);
        double began = now();
        pid_t pid = run(argv, &actions);

        while (!*there && r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, PATIENCE);
        }
        if (r < 0)
                die("waiting for the service", r);
        (void) call_time(bus, &list);
        double took = now() - began;

        (void) kill(pid, SIGTERM);
        (void) waitpid(pid, NULL, 0);
        posix_spawn_file_actions_destroy(&actions);
        while (sd_bus_process(bus, NULL) > 0)
                ;
        *there = false;
        return took;
}

static void bench_exec(char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = connect_bus();
        bool there = false;
        double times[15];
        int r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus", NULL, "org.freedesktop.DBus",
                                    "NameOwnerChanged", owner_changed, &there);

        if (r < 0)
                die("match", r);
        for (size_t i = 0; i < ELEMENTS(times); i++)
                times[i] = exec_time(bus, &there, argv);
        printf("exec %.1f 1000.0\n", median(times, ELEMENTS(times)));
}

/* ---- guests ---- */

typedef struct Bare {
        double start, stop; /* us */
} Bare;

static int listen_at(struct sockaddr_un *address) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
        snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "virtbus-bench-%d",
                 getpid());
        if (fd < 0 || bind(fd, (struct sockaddr *) address, sizeof(*address)) < 0 ||
            listen(fd, 1) < 0)
                die("listen", -errno);
        return fd;
}

/* Reads lines until one that holds the word. */
static void expect(FILE *monitor, const char *word) {
        char line[65536];

        while (fgets(line, sizeof(line), monitor))
                if (strstr(line, word))
                        return;
        die("QEMU hung up", -EPIPE);
}

static void order(FILE *monitor, const char *command) {
        fprintf(monitor, "{\"execute\": \"%s\"}\n", command);
        fflush(monitor);
        expect(monitor, "\"return\"");
}

static Bare bare_time(int number, char *argv[]) {
        struct sockaddr_un address;
        int server = listen_at(&address), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        posix_spawn_file_actions_t actions;
        Bare took;

        make_silent(&actions);
        posix_spawn_file_actions_adddup2(&actions, server, number);

        double began = now();
        pid_t pid = run(argv, &actions);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                die("connect", -errno);
        FILE *monitor = fdopen(fd, "r+");
        expect(monitor, "\"QMP\"");
        order(monitor, "qmp_capabilities");
        order(monitor, "cont");
        took.start = now() - began;

        began = now();
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        took.stop = now() - began;
        fclose(monitor);
        close(server);
        posix_spawn_file_actions_destroy(&actions);
        return took;
}

static void bench_guest(char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = connect_bus();
        const Call create = { "Create", argv[0], DOMAIN, "Create", "u" };
        const Call destroy = { "Destroy", argv[0], DOMAIN, "Destroy", "u" };
        double starts[25], stops[25], bare_starts[25], bare_stops[25];

        for (size_t i = 0; i < ELEMENTS(starts); i++) {
                starts[i] = call_time(bus, &create);
                stops[i] = call_time(bus, &destroy);
                Bare bare = bare_time(atoi(argv[1]), argv + 3);
                bare_starts[i] = bare.start;
                bare_stops[i] = bare.stop;
        }
        printf("Create %.1f %.1f\n", median(starts, ELEMENTS(starts)),
               median(bare_starts, ELEMENTS(starts)));
        printf("Destroy %.1f %.1f\n", median(stops, ELEMENTS(stops)),
               median(bare_stops, ELEMENTS(stops)));
}

int main(int argc, char *argv[]) {
        static const struct {
                const char *name;
                int arguments;
                void (*run)(char *argv[]);
        } modes[] = {
                { "calls", 2, bench_calls },     { "stats", 0, bench_stats },
                { "pair", 1, bench_pair },
                { "clients", 2, bench_clients }, { "exec", 1, bench_exec },
                { "guest", 4, bench_guest },
        };

        for (size_t i = 0; argc > 1 && i < ELEMENTS(modes); i++)
                if (strcmp(argv[1], modes[i].name) == 0 && argc - 2 >= modes[i].arguments) {
                        modes[i].run(argv + 2);
                        return 0;
                }
        fputs("see the top of bench/bench.c; bench/run calls it\n", stderr);
        return 2;
}
