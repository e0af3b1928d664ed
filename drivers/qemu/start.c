/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of a guest, in the order in which it happens:
 *
 *   capabilities (may have to be asked for) -> live definition -> files, ports, taps, command line
 *   -> process, held before its exec -> runtime file -> let go -> what QEMU alone knows (pty names)
 *   and is told (passwords, balloon, links), asked all at once -> cont -> events -> the job ends
 *
 * Until there is a process, a failure is undone at once. From then on it is noted, the process is
 * killed, and qemu_start_exited() ends the job: the guest is gone when the caller hears of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "drivers/log.h"
#include "drivers/qemu/command.h"
#include "drivers/qemu/firmware.h"
#include "drivers/qemu/guest.h"

#define EXIT_PATIENCE (500 * UINT64_C(1000)) /* us for a QEMU that hung up to end by itself */

struct QemuStart {
        QemuGuest *guest;
        Job *job;
        uint32_t flags;
        DomainConf *conf; /* becomes the live definition */
        Error error;      /* why it is given up */
        unsigned answers; /* that are still to come */
};

QemuStart *qemu_start_free(QemuStart *start) {
        if (!start)
                return NULL;
        conf_free(start->conf);
        error_clear(&start->error);
        free(start);
        return NULL;
}

/* Back to before, while there is no process. */
static void start_undo(QemuStart *start) {
        Domain *domain = start->guest->domain;

        resource_ref(&domain->resource);
        qemu_guest_free(start->guest);
        qemu_status_remove(domain);
        domain_stopped(domain, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        resource_unref(&domain->resource);
}

/* Gives up once there is a process: the rest follows when it is over. */
static void start_give_up(QemuStart *start, Error *error) {
        error_move(&start->error, error);
        if (start->guest->process)
                qemu_guest_kill(start->guest);
}

/* ---- the live definition and the process ---- */

static int start_listen(int folder, Error *error) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) unlinkat(folder, "monitor", 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/monitor", folder);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            listen(fd, 1) < 0)
                return fail_errno(error, -errno, "cannot make the monitor's socket");
        return TAKE_FD(fd);
}

/* Descriptors that the process gets, in order from 3 on. */
typedef struct FdList {
        int *items;
        size_t n;
} FdList;

static void fd_list_clear(FdList *list) {
        free(list->items); /* they belong to others */
}

static int fd_list_add(FdList *list, int fd) {
        list->items[list->n++] = fd;
        return 2 + list->n;
}

/* Numbers in places are those in the process. */
static int start_list_fds(int monitor, const QemuTaps *taps, QemuTap *numbers, QemuPlaces *places,
                          FdList *ret) {
        ret->items = calloc(1 + 2 * taps->n, sizeof(int));
        if (!ret->items)
                return -ENOMEM;
        places->monitor_fd = fd_list_add(ret, monitor);
        for (size_t i = 0; i < taps->n; i++) {
                const QemuTap *tap = &taps->items[i];

                numbers[i].fd = tap->fd >= 0 ? fd_list_add(ret, tap->fd) : -1;
                numbers[i].vhost_fd = tap->vhost_fd >= 0 ? fd_list_add(ret, tap->vhost_fd) : -1;
        }
        places->taps = numbers;
        places->n_taps = taps->n;
        return 0;
}

/* The held process; its log begins with the command line. */
static int start_spawn(QemuStart *start, const QemuCommand *command, const FdList *fds,
                       Error *error) {
        QemuGuest *guest = start->guest;
        _cleanup_(closep) int log = qemu_log_open(guest->domain, error);
        _cleanup_(freep) char *text = qemu_command_text(command);

        if (log < 0)
                return log;
        if (text)
                (void) !dprintf(log, "%s\n", text);
        guest->log_start = lseek(log, 0, SEEK_END);

        const ProcessSpec spec = {
                .argv = (const char *const *) command->argv,
                .out = log,
                .err = log,
                .fds = fds->items,
                .n_fds = fds->n,
                .hold = true,
                .outlives = true,
        };
        return process_new(guest->domain->resource.connection->event, &spec, qemu_guest_exited,
                           guest, &guest->process, error);
}

static int start_command(QemuStart *start, const QemuCaps *caps, Error *error) {
        Domain *domain = start->guest->domain;
        Store *store = domain->resource.connection->store;
        _cleanup_(freep) char *name = qemu_guest_folder(domain), *folder = NULL, *state = NULL;
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        _cleanup_(qemu_taps_clear) QemuTaps taps = {};
        _cleanup_(closep) int parent = -1, monitor = -1;
        _cleanup_(fd_list_clear) FdList fds = {};
        _cleanup_(freep) QemuTap *numbers = NULL;
        QemuPlaces places = {};
        int r;

        folder = name ? store_path(store, STORE_RUNTIME, name) : NULL;
        state = store_path(store, STORE_STATE, domain->resource.connection->driver->id);
        if (!folder || !state)
                return fail_memory(error);
        places.folder = folder;
        places.state_folder = state;
        parent = store_open_folder(store, STORE_RUNTIME, name, error);
        if (parent < 0)
                return parent;
        monitor = start_listen(parent, error);
        if (monitor < 0)
                return monitor;
        r = qemu_taps_open(start->conf, &taps, error);
        if (r < 0)
                return r;
        numbers = calloc(taps.n + 1, sizeof(*numbers));
        if (!numbers || start_list_fds(monitor, &taps, numbers, &places, &fds) < 0)
                return fail_memory(error);
        r = qemu_choose_paths(start->conf, &places, error);
        if (r >= 0)
                r = qemu_command_build(start->conf, caps, &places, &command, error);
        return r < 0 ? r : start_spawn(start, &command, &fds, error);
}

static int start_live_definition(QemuStart *start, const QemuCaps *caps, Error *error) {
        DomainConf *conf = start->conf;
        int r = qemu_complete(conf, caps, error);

        if (r >= 0)
                r = qemu_assign_addresses(conf, caps, error);
        if (r >= 0)
                r = qemu_firmware_choose(&conf->os, conf->os.machine, error);
        if (r >= 0)
                r = qemu_choose_nvram(start->guest->domain->resource.connection, conf, error);
        if (r >= 0)
                r = qemu_prepare_files(start->guest->domain, conf, error);
        if (r >= 0)
                r = qemu_assign_aliases(conf, error);
        if (r >= 0)
                r = qemu_choose_ports(conf, error);
        conf->id = (MaybeU32) { .set = true, .value = start->guest->domain->id };
        return r;
}

/* ---- talking to it ---- */

static void start_finish(QemuStart *start);

static void start_continued(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuStart *start = userdata;

        if (value)
                start_finish(start);
        else
                start_give_up(start, error);
}

/* When the last answer is in: the guest may run. */
static void start_answered(QemuStart *start) {
        _cleanup_(error_clear) Error error = {};

        if (--start->answers > 0 || start->error.code != ERROR_NONE)
                return;
        if (start->flags & DOMAIN_START_PAUSED)
                start_finish(start);
        else if (qmp_call(start->guest->qmp, "cont", NULL, start_continued, start, &error) < 0)
                start_give_up(start, &error);
}

static void start_told(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuStart *start = userdata;

        if (!value)
                start_give_up(start, error);
        start_answered(start);
}

typedef struct Pty {
        const char *label, *path;
} Pty;

/* The first serial port and its twin among the consoles have the same alias, and so the same
 * pty. */
static int note_pty(DomainConf *conf, DeviceKind kind, Device *device, void *userdata) {
        DomainChar *port = (DomainChar *) device;
        const Pty *pty = userdata;
        int r;

        if (kind != DEVICE_SERIAL && kind != DEVICE_PARALLEL && kind != DEVICE_CONSOLE &&
            kind != DEVICE_CHANNEL)
                return 0;
        if (port->type != CHAR_PTY || !device->alias || strncmp(pty->label, "char", 4) != 0 ||
            strcmp(pty->label + 4, device->alias) != 0)
                return 0;
        r = char_set_path(port, pty->path);
        if (r < 0 || kind != DEVICE_CONSOLE)
                return r;
        free(port->tty); /* where old clients look for it */
        port->tty = strdup(pty->path);
        return port->tty ? 0 : -ENOMEM;
}

/* [{"label": "charserial0", "filename": "pty:/dev/pts/3", ...}] */
static void start_chardevs(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuStart *start = userdata;
        DomainConf *conf = start->conf;
        int r = 0;

        if (!value)
                start_give_up(start, error);
        for (size_t i = 0; value && r >= 0 && i < json_object_array_length(value); i++) {
                json_object *chardev = json_object_array_get_idx(value, i);
                const char *file = json_text(chardev, "filename");
                Pty pty = { json_text(chardev, "label") };

                if (!pty.label || !file || strncmp(file, "pty:", 4) != 0)
                        continue;
                pty.path = file + 4;
                r = conf_visit_devices(conf, note_pty, &pty);
        }
        if (r < 0) {
                _cleanup_(error_clear) Error memory = {};

                (void) fail_memory(&memory);
                start_give_up(start, &memory);
        }
        start_answered(start);
}

static int start_ask(QemuStart *start, const char *command, json_object *arguments, QmpReply reply,
                     Error *error) {
        int r = qmp_call(start->guest->qmp, command, arguments, reply, start, error);

        if (r >= 0)
                start->answers++;
        return r;
}

static int start_passwords(QemuStart *start, Error *error) {
        const DomainConf *conf = start->conf;

        for (size_t i = 0; i < conf->graphics.n; i++) {
                const DomainGraphics *graphics = conf->graphics.items[i];
                int r;

                if (!graphics->passwd ||
                    (graphics->type != GRAPHICS_VNC && graphics->type != GRAPHICS_SPICE))
                        continue;
                r = start_ask(start, "set_password",
                              qmp_arguments("s", "protocol", graphics_types[graphics->type], "s",
                                            "password", graphics->passwd, NULL),
                              start_told, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int start_links(QemuStart *start, Error *error) {
        const DomainConf *conf = start->conf;

        for (size_t i = 0; i < conf->nets.n; i++) {
                const DomainNet *net = conf->nets.items[i];
                int r = 0;

                if (net->link && strcmp(net->link, "down") == 0)
                        r = start_ask(
                                start, "set_link",
                                qmp_arguments("s", "name", net->device.alias, "b", "up", 0, NULL),
                                start_told, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int start_balloon(QemuStart *start, Error *error) {
        const DomainConf *conf = start->conf;
        const char *model = conf->memballoons.n > 0 ? conf->memballoons.items[0]->model : NULL;

        if (!model || strcmp(model, "none") == 0 || conf->current_memory >= conf->memory)
                return 0;
        return start_ask(start, "balloon",
                         qmp_arguments("i", "value", (int64_t) conf->current_memory * 1024, NULL),
                         start_told, error);
}

static int start_conversation(QemuStart *start, Error *error) {
        int r = qemu_guest_connect(start->guest, error);

        if (r >= 0)
                r = start_ask(start, "query-chardev", NULL, start_chardevs, error);
        if (r >= 0)
                r = start_passwords(start, error);
        if (r >= 0)
                r = start_links(start, error);
        return r < 0 ? r : start_balloon(start, error);
}

/* ---- from capabilities to the running process ---- */

/* Everything that happens at once. A failure before there is a process is returned; a later one is
 * noted and 0 returned. */
static int start_launch(QemuStart *start, const QemuCaps *caps, Error *error) {
        Domain *domain = start->guest->domain;
        QemuGuest *guest = start->guest;
        int r = start_live_definition(start, caps, error);

        if (r >= 0)
                r = start_command(start, caps, error);
        if (r < 0)
                return r;

        r = domain_set_live(domain, start->conf, error);
        if (r >= 0)
                r = qemu_status_save(guest, error);
        if (r >= 0)
                r = process_release(guest->process, error);
        if (r < 0) { /* it never ran; let go of, its hold breaks */
                guest->process = process_free(guest->process);
                return r;
        }
        if (start_conversation(start, &start->error) < 0)
                qemu_guest_kill(guest);
        return 0;
}

static void start_with_caps(QemuCaps *caps, Error *error, void *userdata) {
        QemuStart *start = userdata;
        Error cause = {};
        Job *job = start->job;
        int r;

        if (start->error.code != ERROR_NONE) /* given up meanwhile */
                error_move(&cause, &start->error);
        else if (!caps)
                error_move(&cause, error);
        r = cause.code == ERROR_NONE ? start_launch(start, caps, &cause)
                                     : -error_number(cause.code);
        if (r < 0) {
                start_undo(start);
                job_done(job, r, &cause);
        }
        error_clear(&cause);
}

static void start_note_rules(QemuGuest *guest, const DomainConf *conf, uint32_t flags) {
        guest->on_poweroff = conf->on_poweroff;
        guest->on_reboot = conf->on_reboot;
        guest->on_crash = conf->on_crash;
        guest->domain->autodestroy = flags & DOMAIN_START_AUTODESTROY;
}

int qemu_start_conf(Domain *domain, DomainConf *conf, uint32_t flags, Job *job, Error *error) {
        QemuDriver *driver = qemu_driver_of(domain->resource.connection);
        QemuStart *start = calloc(1, sizeof(*start));
        QemuGuest *guest = start ? qemu_guest_new(domain) : NULL;
        QemuCaps *caps;
        int r;

        if (!guest) {
                free(start);
                conf_free(conf);
                return fail_memory(error);
        }
        *start = (QemuStart) { .guest = guest, .job = job, .flags = flags, .conf = conf };
        guest->start = start;
        start_note_rules(guest, conf, flags);
        domain_starting(domain, 0);

        _cleanup_(freep) char *emulator = NULL;
        r = qemu_emulator_of(conf, &emulator, error);
        if (r >= 0)
                r = qemu_caps_get(driver->caps, emulator, start_with_caps, start, &caps, error);
        if (r == DONE)
                r = start_launch(start, caps, error);
        if (r < 0) {
                start_undo(start);
                return r;
        }
        return PENDING;
}

int qemu_start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        DomainConf *conf = NULL;
        int r = domain_need_inactive(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);
        return r < 0 ? r : qemu_start_conf(domain, conf, flags, job, error);
}

/* ---- its end, good or bad ---- */

/* State and file first, then events in libvirt's order, then the reply. */
static void start_finish(QemuStart *start) {
        bool paused = start->flags & DOMAIN_START_PAUSED;
        QemuGuest *guest = start->guest;
        Domain *domain = guest->domain;
        _cleanup_(error_clear) Error error = {};
        Job *job = start->job;
        int r = domain_set_live(domain, start->conf, &error);

        domain->starting = false;
        if (paused)
                domain_set_state(domain, DOMAIN_PAUSED, DOMAIN_PAUSED_USER);
        else
                domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
        if (r >= 0)
                r = qemu_status_save(guest, &error);
        if (r < 0) {
                domain->starting = true;
                domain->state = DOMAIN_SHUTOFF;
                start_give_up(start, &error);
                return;
        }

        guest->start = qemu_start_free(start);
        if (!paused)
                domain_report(domain, DOMAIN_EVENT_RESUMED, RESUMED_UNPAUSED);
        domain_started(domain, STARTED_BOOTED);
        if (paused)
                domain_report(domain, DOMAIN_EVENT_SUSPENDED, SUSPENDED_PAUSED);
        job_done(job, 0, NULL);
}

static int start_waited(sd_event_source *source, uint64_t usec, void *userdata) {
        qemu_guest_kill(userdata);
        return 0;
}

/* Usually the process ends as well and its own words say more; so that is waited for, but not
 * long. */
void qemu_start_closed(QemuGuest *guest, Error *error) {
        sd_event *event = guest->domain->resource.connection->event;

        error_move(&guest->start->error, error);
        if (guest->escalation)
                return;
        if (sd_event_add_time_relative(event, &guest->escalation, CLOCK_MONOTONIC, EXIT_PATIENCE, 0,
                                       start_waited, guest) < 0)
                qemu_guest_kill(guest);
}

void qemu_start_abort(QemuGuest *guest, ErrorCode code, const char *why) {
        _cleanup_(error_clear) Error error = {};

        (void) fail(&error, code, "%s", why);
        start_give_up(guest->start, &error);
}

void qemu_start_exited(QemuGuest *guest, int code, int status) {
        QemuStart *start = guest->start;
        _cleanup_(freep) char *words = qemu_log_tail(guest->domain, guest->log_start);
        _cleanup_(error_clear) Error error = {};
        Job *ending = TAKE(guest->ending), *job = start->job;
        bool killed_by_us =
                code == CLD_KILLED && status == SIGKILL && start->error.code != ERROR_NONE;
        int r;

        if (killed_by_us)
                error_move(&error, &start->error);
        if (killed_by_us && words)
                error_prefix(&error, "QEMU said '%s'", words);
        if (!killed_by_us)
                (void) fail(&error, ERROR_INTERNAL,
                            "QEMU ended while it was being started (%s %d): %s",
                            code == CLD_EXITED ? "exit status" : "signal", status,
                            words ?: "it said nothing");
        r = -error_number(error.code);
        start_undo(start);
        if (ending)
                job_done(ending, 0, NULL);
        job_done(job, r, &error);
}
