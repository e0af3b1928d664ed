/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first words with a new QEMU: what it alone knows, and what can't stand on its command line.
 * All is sent at once; when the last answer is in, the guest may run. */
#include <errno.h>
#include <string.h>

#include "drivers/qemu/live.h"
#include "drivers/qemu/start-private.h"
#include "drivers/qemu/threads.h"

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
        else
                (void) qemu_agent_note_channels(conf, value);
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

static void start_vcpus(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuStart *start = userdata;
        pid_t pid = start->guest->process ? process_pid(start->guest->process) : 0;
        _cleanup_(error_clear) Error cause = {};

        if (!value)
                start_give_up(start, error);
        else if (qemu_threads_place_vcpus(start->conf, pid, value, &cause) < 0)
                start_give_up(start, &cause);
        start_answered(start);
}

static void start_iothreads(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuStart *start = userdata;
        _cleanup_(error_clear) Error cause = {};

        if (!value)
                start_give_up(start, error);
        else if (qemu_threads_place_iothreads(start->conf, value, &cause) < 0)
                start_give_up(start, &cause);
        start_answered(start);
}

static int start_threads(QemuStart *start, Error *error) {
        int r = 0;

        if (qemu_threads_want_vcpus(start->conf))
                r = start_ask(start, "query-cpus-fast", NULL, start_vcpus, error);
        if (r >= 0 && qemu_threads_want_iothreads(start->conf))
                r = start_ask(start, "query-iothreads", NULL, start_iothreads, error);
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

static int start_limits(QemuStart *start, Error *error) {
        const DomainConf *conf = start->conf;

        for (size_t i = 0; i < conf->disks.n; i++) {
                const DomainDisk *disk = conf->disks.items[i];
                _cleanup_(freep) char *path = disk->iotune ? qemu_drive_path(disk) : NULL;
                int r;

                if (!disk->iotune || !disk->source_index.set)
                        continue; /* nothing to limit: an empty drive */
                if (!path)
                        return fail_memory(error);
                r = start_ask(start, "block_set_io_throttle", qemu_drive_limits(disk, path),
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

int start_conversation(QemuStart *start, Error *error) {
        int r = qemu_guest_connect(start->guest, error);

        if (r >= 0)
                r = start_ask(start, "query-chardev", NULL, start_chardevs, error);
        if (r >= 0)
                r = start_threads(start, error);
        if (r >= 0)
                r = start_passwords(start, error);
        if (r >= 0)
                r = start_links(start, error);
        if (r >= 0)
                r = start_limits(start, error);
        return r < 0 ? r : start_balloon(start, error);
}
