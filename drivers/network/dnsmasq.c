/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dnsmasq of a network.
 *
 * It stays in the foreground, so that the process we made is the one that serves, and writes into
 * a log file of its own, where its word that it started is waited for. That it failed is known when
 * it ends, and its last words say why.
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

static int said_something(sd_event_source *source, const struct inotify_event *what,
                          void *userdata) {
        HostNetwork *host = userdata;
        _cleanup_(freep) char *text = read_log(host);

        if (!text || !strstr(text, "started, version"))
                return 0;
        stop_waiting(&host->dnsmasq);
        host->dnsmasq.ready = true;
        host_served(host, NULL);
        return 0;
}

static int took_too_long(sd_event_source *source, uint64_t usec, void *userdata) {
        HostNetwork *host = userdata;

        stop_waiting(&host->dnsmasq);
        (void) process_signal(host->dnsmasq.process, SIGKILL);
        return 0;
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

static void dnsmasq_exited(Process *process, int code, int status, void *userdata);

static int launch(HostNetwork *host, const char *conf_path, const char *lease_path, int log,
                  Error *error) {
        _cleanup_(freep) char *conf = NULL, *leases = NULL, *user = user_option(host);
        static const char *const environment[] = { "LC_ALL=C", NULL };

        if (asprintf(&conf, "--conf-file=%s", conf_path) < 0)
                conf = NULL;
        if (asprintf(&leases, "--dhcp-leasefile=%s", lease_path) < 0)
                leases = NULL;
        if (!conf || !leases)
                return fail_memory(error);
        const char *const argv[] = {
                program(), conf, leases, "--keep-in-foreground", "--log-facility=-", "--pid-file=",
                "--quiet-dhcp", "--quiet-dhcp6", "--quiet-ra", user, NULL,
        };
        const ProcessSpec spec = {
                .argv = argv, .environ = environment, .out = log, .err = log,
                .hold = true, .outlives = true,
        };
        return process_new(event_of(host), &spec, dnsmasq_exited, host, &host->dnsmasq.process,
                           error);
}

int dnsmasq_spawn(HostNetwork *host, Error *error) {
        _cleanup_(freep) char *conf = host_file(host->network, ".conf");
        _cleanup_(freep) char *leases = host_file(host->network, ".leases");
        _cleanup_(freep) char *log_path = host_file(host->network, ".log");
        _cleanup_(closep) int log = -1;

        if (!conf || !leases || !log_path)
                return fail_memory(error);
        log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                   0600);
        if (log < 0)
                return fail_errno(error, -errno, "cannot open %s", log_path);
        host->dnsmasq.ready = host->dnsmasq.ending = false;
        return launch(host, conf, leases, log, error);
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
                r = process_release(dnsmasq->process, error);
        if (r >= 0) {
                dnsmasq->since = now_of(host);
                return r;
        }
        error_prefix(error, "DHCP and DNS of a network need dnsmasq (dnsmasq-base)");
        stop_waiting(dnsmasq);
        dnsmasq->process = process_free(dnsmasq->process);
        return r;
}

int dnsmasq_adopt(HostNetwork *host, pid_t pid, uint64_t start, Error *error) {
        int r = process_adopt(event_of(host), pid, start, dnsmasq_exited, host,
                              &host->dnsmasq.process, error);

        if (r >= 0) {
                host->dnsmasq.ready = true;
                host->dnsmasq.since = now_of(host);
        }
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
        dnsmasq->process = process_free(process);
        dnsmasq->ready = dnsmasq->ending = false;
        if (ending)
                host_unserved(host);
        else if (!ready)
                fail_start(host, code, status);
        else {
                _cleanup_(freep) char *words = last_words(host);

                log_resource(LOG_WARNING, resource_of(host), "its dnsmasq ended (%s %d): %s",
                             code == CLD_EXITED ? "exit status" : "signal", status,
                             words ?: "it said nothing");
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

void dnsmasq_clear(Dnsmasq *dnsmasq) {
        stop_waiting(dnsmasq);
        dnsmasq->again = sd_event_source_disable_unref(dnsmasq->again);
        dnsmasq->process = process_free(dnsmasq->process);
        *dnsmasq = (Dnsmasq) {};
}
