/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dnsmasq of a network.
 *
 * It stays in the foreground, so that the process we made is the one that serves, and writes into
 * a log file of its own, where its word that it started is waited for. That it failed is known when
 * it ends, and its last words say why.
 *
 * With systemd it is a transient service, virtbus-network-NAME.service, in a sandbox that leaves it
 * what DHCP, DNS and TFTP take. It is asked for when everything else is made; the runtime file says
 * so before, without a pid, and a life of the service that finds it so stops the unit by its name.
 * From when its pid is known it is watched and ended like a child. Its log is passed on to the
 * journal.
 *
 * It gives up root by itself, as far as it can: in the system it becomes the user "dnsmasq", or
 * "nobody" where there is no such user. In a session its files belong to the session's user, so it
 * stays that. It logs no leases: guests could fill the disk with them.
 *
 * When it dies while its network is active, it is started again, each time in a row after a longer
 * while, and after DEATHS_MAX no more: then something is wrong that only a person can put right. */
#include "drivers/network/dnsmasq.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "drivers/log.h"
#include "drivers/network/host.h"

#define READY_PATIENCE (20 * UINT64_C(1000000)) /* us */
#define END_PATIENCE (6 * UINT64_C(1000000))    /* us to end when asked */
#define LONG_LIFE (60 * UINT64_C(1000000))      /* us: what died before belongs to a row */
#define DEATHS_MAX 6
#define WORDS_MAX 8192 /* bytes of its log that are looked at */

static sd_event *event_of(const HostNetwork *host) {
        return host_connection(host)->event;
}

static const Resource *resource_of(const HostNetwork *host) {
        return &host->network->defined.resource;
}

static UnitManager *units_of(const HostNetwork *host) {
        return host_connection(host)->settings->units;
}

static uint64_t now_of(const HostNetwork *host) {
        uint64_t now = 0;

        (void) sd_event_now(event_of(host), CLOCK_MONOTONIC, &now);
        return now;
}

/* ---- its words ---- */

/* The log as a text, or NULL. */
static char *read_log(const HostNetwork *host) {
        _cleanup_(freep) char *path = host_file(host->network, ".log");
        _cleanup_(freep) char *text = calloc(1, WORDS_MAX + 1);
        _cleanup_(closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        return fd >= 0 && text && read(fd, text, WORDS_MAX) >= 0 ? TAKE(text) : NULL;
}

/* Its last line, which is the reason when it failed. */
static char *last_words(const HostNetwork *host) {
        _cleanup_(freep) char *text = read_log(host);
        size_t n = text ? strlen(text) : 0;
        char *line;

        while (n > 0 && text[n - 1] == '\n')
                text[--n] = 0;
        if (n == 0)
                return NULL;
        line = strrchr(text, '\n');
        line = line ? line + 1 : text;
        return strdup(strncmp(line, "dnsmasq: ", 9) == 0 ? line + 9 : line);
}

static void stop_waiting(Dnsmasq *dnsmasq) {
        dnsmasq->words = sd_event_source_disable_unref(dnsmasq->words);
        dnsmasq->deadline = sd_event_source_disable_unref(dnsmasq->deadline);
}

/* What is said before its pid is known is looked at then. */
static void look_for_word(HostNetwork *host) {
        _cleanup_(freep) char *text = host->dnsmasq.process ? read_log(host) : NULL;

        if (!text || !strstr(text, "started, version"))
                return;
        stop_waiting(&host->dnsmasq);
        host->dnsmasq.ready = true;
        host_served(host, NULL);
}

static int said_something(sd_event_source *source, const struct inotify_event *what,
                          void *userdata) {
        look_for_word(userdata);
        return 0;
}

static void follow_log(HostNetwork *host, off_t from) {
        _cleanup_(freep) char *path = host_file(host->network, ".log");
        Dnsmasq *dnsmasq = &host->dnsmasq;

        dnsmasq->follow = log_follow_free(dnsmasq->follow);
        if (path)
                dnsmasq->follow = log_follow_new(event_of(host), resource_of(host), path, from,
                                                 process_pid(dnsmasq->process));
}

/* ---- starting ---- */

/* Its own package puts it where the PATH of users doesn't lead. */
static const char *program(void) {
        static const char *const places[] = { "/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq" };

        for (size_t i = 0; i < ELEMENTS(places); i++)
                if (access(places[i], X_OK) >= 0)
                        return places[i];
        return "dnsmasq";
}

/* The user's own name stands in the file of users; other sources might have to be waited for. */
static char *user_option(const HostNetwork *host) {
        bool session = host_connection(host)->settings->session;
        FILE *users = fopen("/etc/passwd", "re");
        const struct passwd *user;
        char *option = NULL;

        while (users && !option && (user = fgetpwent(users)))
                if ((session ? user->pw_uid == geteuid() : strcmp(user->pw_name, "dnsmasq") == 0) &&
                    asprintf(&option, "--user=%s", user->pw_name) < 0)
                        option = NULL;
        if (users)
                (void) fclose(users);
        return option;
}

typedef struct Command {
        char *conf, *leases, *user;
        const char *argv[12];
} Command;

static void command_clear(Command *command) {
        free(command->conf);
        free(command->leases);
        free(command->user);
}

static int make_command(const HostNetwork *host, Command *ret, Error *error) {
        _cleanup_(freep) char *conf = host_file(host->network, ".conf");
        _cleanup_(freep) char *leases = host_file(host->network, ".leases");

        *ret = (Command) { .user = user_option(host) };
        if (!conf || asprintf(&ret->conf, "--conf-file=%s", conf) < 0)
                ret->conf = NULL;
        if (!leases || asprintf(&ret->leases, "--dhcp-leasefile=%s", leases) < 0)
                ret->leases = NULL;
        if (!ret->conf || !ret->leases)
                return fail_memory(error);
        const char *const argv[ELEMENTS(ret->argv)] = {
                program(), ret->conf, ret->leases, "--keep-in-foreground", "--log-facility=-",
                "--pid-file=", "--quiet-dhcp", "--quiet-dhcp6", "--quiet-ra", ret->user, NULL,
        };
        memcpy(ret->argv, argv, sizeof(argv));
        return 0;
}

static void close_log(Dnsmasq *dnsmasq) {
        if (dnsmasq->log > 0)
                close(dnsmasq->log);
        dnsmasq->log = 0;
}

static void dnsmasq_exited(Process *process, int code, int status, void *userdata);

static int spawn_child(HostNetwork *host, Error *error) {
        static const char *const environment[] = { "LC_ALL=C", NULL };
        _cleanup_(command_clear) Command command = {};
        Dnsmasq *dnsmasq = &host->dnsmasq;
        int r = make_command(host, &command, error);

        dnsmasq->unit = false;
        if (r >= 0) {
                const ProcessSpec spec = {
                        .argv = command.argv, .environ = environment, .out = dnsmasq->log,
                        .err = dnsmasq->log, .hold = true, .outlives = true,
                };
                r = process_new(event_of(host), &spec, dnsmasq_exited, host, &dnsmasq->process,
                                error);
        }
        close_log(dnsmasq);
        return r;
}

int dnsmasq_spawn(HostNetwork *host, Error *error) {
        _cleanup_(freep) char *path = host_file(host->network, ".log");
        Dnsmasq *dnsmasq = &host->dnsmasq;

        if (!path)
                return fail_memory(error);
        close_log(dnsmasq);
        int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                       0600);
        if (log < 0)
                return fail_errno(error, -errno, "cannot open %s", path);
        dnsmasq->log = log;
        dnsmasq->ready = dnsmasq->ending = false;
        dnsmasq->unit = units_of(host) && units_of(host)->can_run(units_of(host));
        return dnsmasq->unit ? 0 : spawn_child(host, error);
}

/* ---- its unit ---- */

static const UnitSandbox sandbox = {
        .capabilities = BIT(CAP_NET_ADMIN) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_NET_RAW) |
                        BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE),
        .network = true,
        .families = (const char *const[]) { "AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK",
                                            "AF_PACKET", NULL },
};

/* Its names need freeing. */
static int unit_program(const HostNetwork *host, UnitProgram *ret) {
        const char *name = resource_of(host)->name;
        char *unit = NULL, *description = NULL;

        if (asprintf(&unit, "network-%s", name) < 0)
                return -ENOMEM;
        if (asprintf(&description, "DHCP and DNS of virtual network %s", name) < 0) {
                free(unit);
                return -ENOMEM;
        }
        *ret = (UnitProgram) { .unit = unit, .description = description, .sandbox = &sandbox };
        return 0;
}

static void unit_program_clear(UnitProgram *program) {
        free((char *) program->unit);
        free((char *) program->description);
}

void dnsmasq_stop_unit(const HostNetwork *host) {
        _cleanup_(unit_program_clear) UnitProgram program = {};

        if (units_of(host) && unit_program(host, &program) >= 0)
                units_of(host)->stop(units_of(host), &program);
}

static void forget_unit(HostNetwork *host) {
        UnitRequest *request = TAKE(host->dnsmasq.request);

        if (!request)
                return;
        units_of(host)->forget(units_of(host), request);
        dnsmasq_stop_unit(host);
}

/* cause: why it has no unit, if there was a reason. */
static int fall_back(HostNetwork *host, const Error *cause, Error *error) {
        int r;

        if (cause && cause->code != ERROR_NONE)
                log_resource(LOG_WARNING, resource_of(host), "its dnsmasq has no unit of its own: "
                             "%s", cause->message ?: "out of memory");
        r = spawn_child(host, error);
        if (r >= 0)
                r = host_save(host, error);
        return r < 0 ? r : process_release(host->dnsmasq.process, error);
}

static void fail_start(HostNetwork *host, int code, int status);

static int settle(HostNetwork *host, int result, pid_t pid, const Error *cause, Error *error) {
        int r;

        if (result <= 0)
                return fall_back(host, cause, error);
        close_log(&host->dnsmasq);
        if (pid <= 0)
                return -ESRCH;
        r = process_adopt(event_of(host), pid, PROCESS_ANY_START, dnsmasq_exited, host,
                          &host->dnsmasq.process, error);
        if (r >= 0)
                r = host_save(host, error);
        if (r < 0)
                dnsmasq_stop_unit(host);
        return r;
}

static void unit_ran(int result, pid_t pid, Error *cause, void *userdata) {
        HostNetwork *host = userdata;
        Dnsmasq *dnsmasq = &host->dnsmasq;
        _cleanup_(error_clear) Error error = {};
        int r;

        dnsmasq->request = NULL;
        r = settle(host, result, pid, cause, &error);
        if (r >= 0) {
                follow_log(host, 0);
                look_for_word(host);
                return;
        }
        stop_waiting(dnsmasq);
        dnsmasq->process = process_free(dnsmasq->process);
        if (error.code == ERROR_NONE)
                fail_start(host, 0, 0);
        else
                host_served(host, &error);
}

static int ask_for_unit(HostNetwork *host, Error *error) {
        _cleanup_(unit_program_clear) UnitProgram program = {};
        _cleanup_(freep) char *folder = host_file(host->network, "");
        _cleanup_(command_clear) Command command = {};
        _cleanup_(error_clear) Error cause = {};
        int r = make_command(host, &command, error);

        if (r < 0)
                return r;
        if (!folder || unit_program(host, &program) < 0)
                return fail_memory(error);
        *strrchr(folder, '/') = 0;
        program.argv = command.argv;
        program.out = host->dnsmasq.log;
        program.writable = folder;
        r = units_of(host)->run(units_of(host), &program, unit_ran, host, &host->dnsmasq.request,
                                &cause);
        return r == PENDING ? 0 : fall_back(host, &cause, error);
}

/* ---- it is let go ---- */

static int took_too_long(sd_event_source *source, uint64_t usec, void *userdata) {
        HostNetwork *host = userdata;
        _cleanup_(error_clear) Error error = {};

        stop_waiting(&host->dnsmasq);
        if (host->dnsmasq.process) {
                (void) process_signal(host->dnsmasq.process, SIGKILL);
                return 0;
        }
        forget_unit(host);
        (void) fail(&error, ERROR_OPERATION_TIMEOUT, "systemd doesn't say if dnsmasq runs");
        host_served(host, &error);
        return 0;
}

int dnsmasq_release(HostNetwork *host, Error *error) {
        _cleanup_(freep) char *log = host_file(host->network, ".log");
        Dnsmasq *dnsmasq = &host->dnsmasq;
        int r = log ? sd_event_add_inotify(event_of(host), &dnsmasq->words, log, IN_MODIFY,
                                           said_something, host)
                    : -ENOMEM;

        if (r >= 0)
                r = sd_event_add_time_relative(event_of(host), &dnsmasq->deadline, CLOCK_MONOTONIC,
                                               READY_PATIENCE, 0, took_too_long, host);
        if (r < 0)
                r = fail_errno(error, r, "cannot wait for dnsmasq");
        else
                r = dnsmasq->unit ? ask_for_unit(host, error)
                                  : process_release(dnsmasq->process, error);
        if (r >= 0) {
                dnsmasq->since = now_of(host);
                if (dnsmasq->process)
                        follow_log(host, 0);
                return r;
        }
        error_prefix(error, "DHCP and DNS of a network need dnsmasq (dnsmasq-base)");
        stop_waiting(dnsmasq);
        dnsmasq->process = process_free(dnsmasq->process);
        return r;
}

int dnsmasq_adopt(HostNetwork *host, pid_t pid, uint64_t start, bool unit, Error *error) {
        int r = pid > 0 ? process_adopt(event_of(host), pid, start, dnsmasq_exited, host,
                                        &host->dnsmasq.process, error)
                        : -ESRCH;

        if (r < 0 && unit)
                dnsmasq_stop_unit(host);
        if (r < 0)
                return r;
        host->dnsmasq.unit = unit;
        host->dnsmasq.ready = true;
        host->dnsmasq.since = now_of(host);
        follow_log(host, -1);
        return r;
}

void dnsmasq_reload(HostNetwork *host) {
        if (host->dnsmasq.process)
                (void) process_signal(host->dnsmasq.process, SIGHUP);
}

/* ---- its end ---- */

static void fail_start(HostNetwork *host, int code, int status) {
        _cleanup_(freep) char *words = last_words(host);
        _cleanup_(error_clear) Error error = {};

        if (code == 0) /* it wasn't our child */
                (void) fail(&error, ERROR_OPERATION_FAILED, "dnsmasq ended: %s",
                            words ?: "it said nothing");
        else
                (void) fail(&error, ERROR_OPERATION_FAILED, "dnsmasq ended (%s %d): %s",
                            code == CLD_EXITED ? "exit status" : "signal", status,
                            words ?: "it said nothing");
        host_served(host, &error);
}

static void dnsmasq_exited(Process *process, int code, int status, void *userdata) {
        HostNetwork *host = userdata;
        Dnsmasq *dnsmasq = &host->dnsmasq;
        bool ready = dnsmasq->ready, ending = dnsmasq->ending;

        stop_waiting(dnsmasq);
        dnsmasq->follow = log_follow_free(dnsmasq->follow);
        dnsmasq->process = process_free(process);
        dnsmasq->ready = dnsmasq->ending = false;
        if (ending)
                host_unserved(host);
        else if (!ready)
                fail_start(host, code, status);
        else {
                _cleanup_(freep) char *words = last_words(host);

                log_resource(LOG_WARNING, resource_of(host), "its dnsmasq ended (%s %d): %s",
                             code == 0 ? "status" : code == CLD_EXITED ? "exit status" : "signal",
                             status, words ?: "it said nothing");
                dnsmasq_revive(host);
        }
}

static int ended_slowly(sd_event_source *source, uint64_t usec, void *userdata) {
        HostNetwork *host = userdata;

        log_resource(LOG_WARNING, resource_of(host), "its dnsmasq doesn't end when asked, killed");
        (void) process_signal(host->dnsmasq.process, SIGKILL);
        return 0;
}

bool dnsmasq_end(HostNetwork *host) {
        Dnsmasq *dnsmasq = &host->dnsmasq;

        dnsmasq->again = sd_event_source_disable_unref(dnsmasq->again);
        forget_unit(host);
        if (!dnsmasq->process)
                return false;
        stop_waiting(dnsmasq);
        dnsmasq->ending = true;
        (void) process_signal(dnsmasq->process, SIGTERM);
        if (sd_event_add_time_relative(event_of(host), &dnsmasq->deadline, CLOCK_MONOTONIC,
                                       END_PATIENCE, 0, ended_slowly, host) < 0)
                (void) process_signal(dnsmasq->process, SIGKILL);
        return true;
}

/* ---- again ---- */

static int start_again(sd_event_source *source, uint64_t usec, void *userdata) {
        HostNetwork *host = userdata;
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        int r;

        host->dnsmasq.again = sd_event_source_disable_unref(host->dnsmasq.again);
        r = dnsmasq_spawn(host, &error);
        if (r >= 0)
                r = host_save(host, &error);
        if (r >= 0)
                r = dnsmasq_release(host, &error);
        if (r >= 0)
                return 0;
        host->dnsmasq.process = process_free(host->dnsmasq.process);
        text = error_text(&error);
        log_resource(LOG_ERR, resource_of(host), "cannot start its dnsmasq again: %s",
                     text ?: "out of memory");
        dnsmasq_revive(host);
        return 0;
}

void dnsmasq_revive(HostNetwork *host) {
        Dnsmasq *dnsmasq = &host->dnsmasq;
        uint64_t pause;

        if (now_of(host) - dnsmasq->since > LONG_LIFE)
                dnsmasq->deaths = 0;
        if (++dnsmasq->deaths > DEATHS_MAX) {
                log_resource(LOG_ERR, resource_of(host), "its dnsmasq ended %d times in a row and "
                             "isn't started again: no DHCP and DNS till the network is restarted",
                             DEATHS_MAX);
                return;
        }
        pause = UINT64_C(10000) << 2 * (dnsmasq->deaths - 1); /* 10 ms ... 10 s */
        if (sd_event_add_time_relative(event_of(host), &dnsmasq->again, CLOCK_MONOTONIC, pause, 0,
                                       start_again, host) < 0)
                log_resource(LOG_ERR, resource_of(host), "out of memory: its dnsmasq is gone");
}

void dnsmasq_clear(HostNetwork *host) {
        Dnsmasq *dnsmasq = &host->dnsmasq;

        stop_waiting(dnsmasq);
        forget_unit(host);
        close_log(dnsmasq);
        dnsmasq->follow = log_follow_free(dnsmasq->follow);
        dnsmasq->again = sd_event_source_disable_unref(dnsmasq->again);
        dnsmasq->process = process_free(dnsmasq->process);
        *dnsmasq = (Dnsmasq) {};
}
