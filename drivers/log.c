/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for the journal when stderr leads there, with fields, and for stderr everywhere else. */
#include "drivers/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION /* it would be this file, always */
#include <systemd/sd-journal.h>

#include "drivers/driver.h"

#define FIELDS_MAX 5

typedef struct Fields {
        struct iovec items[FIELDS_MAX];
        int n;
} Fields;

/* systemd names the device and inode of the stderr it gave us; ours may be another by now. */
bool log_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        uintmax_t device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%ju:%ju", &device, &inode) != 2)
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* Takes text over; NULL (no memory) leaves the field out. */
static void fields_add(Fields *fields, char *text) {
        if (text)
                fields->items[fields->n++] = (struct iovec) { text, strlen(text) };
}

_printf_(2, 3) static void fields_format(Fields *fields, const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        fields_add(fields, text);
}

static void fields_clear(Fields *fields) {
        for (int i = 0; i < fields->n; i++)
                free(fields->items[i].iov_base);
}

static int write_journal(int priority, const Resource *resource, pid_t pid, const char *message) {
        Fields fields = {};

        fields_format(&fields, "MESSAGE=%s", message);
        fields_format(&fields, "PRIORITY=%d", priority);
        if (resource) {
                fields_format(&fields, "OBJECT=%s", resource->name ?: "");
                if (resource->connection)
                        fields_format(&fields, "DRIVER=%s", resource->connection->driver->name);
        }
        if (pid > 0)
                fields_format(&fields, "OBJECT_PID=%d", (int) pid);
        int r = sd_journal_sendv(fields.items, fields.n);
        fields_clear(&fields);
        return r;
}

/* Whatever a guest's name or a program's output holds, it stays one line. */
static void make_one_line(char *message) {
        for (char *c = message; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 127)
                        *c = ' ';
}

_printf_(3, 0) static void log_line(int priority, const Resource *resource, const char *format,
                                    va_list ap) {
        _cleanup_(freep) char *text = NULL, *message = NULL;

        if (vasprintf(&text, format, ap) < 0)
                return;
        const char *name = resource ? resource->name : NULL;
        if (asprintf(&message, "%s%s%s", name ?: "", name ? ": " : "", text) < 0)
                return;
        make_one_line(message);
        if (!log_is_journal() || write_journal(priority, resource, 0, message) < 0)
                fprintf(stderr, "%s\n", message);
}

void log_resource(int priority, const Resource *resource, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_line(priority, resource, format, ap);
        va_end(ap);
}

void log_message(int priority, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_line(priority, NULL, format, ap);
        va_end(ap);
}

void log_process(int priority, const Resource *resource, pid_t pid, const char *line) {
        _cleanup_(freep) char *message = NULL;

        if (asprintf(&message, "%s: %s", resource->name, line) < 0) {
                message = NULL;
                return;
        }
        make_one_line(message);
        if (log_is_journal())
                (void) write_journal(priority, resource, pid, message);
}
