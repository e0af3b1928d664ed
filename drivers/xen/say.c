/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libxl says while it works, and how long it keeps the loop waiting. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "drivers/log.h"
#include "drivers/xen/core.h"

#define LOG_FOLDER "/var/log/xen" /* libxl's, as it was built */
#define LOG_TAIL 1024              /* bytes of a log that go into an error */
#define LONG_CALL 50000 /* us: longer on the loop than that is worth a line */

/* ---- the logger ---- */

/* "libxl_dom.c:123:build_pv:Domain 5:no kernel" says where in libxl; that is of no use here. */
static const char *without_place(const char *text) {
        const char *place = strstr(text, ".c:"), *rest = place ? strchr(place + 3, ':') : NULL;

        if (!rest || strcspn(text, " ") < (size_t) (place - text))
                return text;
        rest++;
        size_t n = strcspn(rest, ": ");
        if (rest[n] == ':')
                rest += n + 1;
        return rest + strspn(rest, " ");
}

__attribute__((format(printf, 5, 0)))
static void vmessage(xentoollog_logger *logger, xentoollog_level level, int number,
                     const char *context, const char *format, va_list ap) {
        XenSay *say = container_of(logger, XenSay, logger);
        _cleanup_(freep) char *text = NULL, *line = NULL;

        if (level < XTL_WARN)
                return;
        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                return;
        }
        if (asprintf(&line, "%s%s%s", without_place(text), number > 0 ? ": " : "",
                     number > 0 ? strerror(number) : "") < 0) {
                line = NULL;
                return;
        }
        say->line(line, say->userdata);
}

void xen_say_init(XenSay *say, void (*line)(const char *line, void *userdata), void *userdata) {
        *say = (XenSay) { .logger.vmessage = vmessage, .line = line, .userdata = userdata };
}

void xen_lines_add(XenLines *lines, const char *line) {
        size_t n = strlen(lines->text), size = strcspn(line, "\n");

        if (strstr(lines->text, line) || n + size + 3 > sizeof(lines->text))
                return;
        (void) snprintf(lines->text + n, sizeof(lines->text) - n, "%s%.*s", n > 0 ? "; " : "",
                        (int) size, line);
}

/* ---- failures ---- */

static ErrorCode code_of(int rc) {
        switch (rc) {
        case ERROR_NOMEM:
                return ERROR_NO_MEMORY;
        case ERROR_TIMEDOUT:
                return ERROR_OPERATION_TIMEOUT;
        case ERROR_ABORTED:
                return ERROR_OPERATION_ABORTED;
        case ERROR_NOPARAVIRT:
                return ERROR_OPERATION_UNSUPPORTED;
        case ERROR_DOMAIN_NOTFOUND:
                return ERROR_OPERATION_INVALID;
        }
        return ERROR_OPERATION_FAILED;
}

int xen_fail(Error *error, int rc, const XenLines *lines, const char *what) {
        const char *word = libxl_error_to_string(rc) ?: "unknown";
        bool said = lines && lines->text[0];

        return fail(error, code_of(rc), "%s: libxl failed (%s)%s%s", what, word, said ? ": " : "",
                    said ? lines->text : "");
}

/* ---- what the programs that libxl runs said ---- */

/* Text for an error, which is UTF-8: what isn't printable ASCII becomes a blank. */
static void make_text(char *text) {
        for (char *p = text; *p; p++)
                if ((*p < ' ' || *p > '~') && *p != '\n')
                        *p = ' ';
        for (size_t n = strlen(text); n > 0 && strchr(" \n", text[n - 1]); n--)
                text[n - 1] = 0;
}

/* The last lines of a log; NULL: there are none. */
static char *log_tail(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        _cleanup_(freep) char *text = calloc(1, LOG_TAIL + 1);
        struct stat st;

        if (fd < 0 || !text || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return NULL;
        if (pread(fd, text, LOG_TAIL, MAX(st.st_size - LOG_TAIL, 0)) <= 0)
                return NULL;
        make_text(text);
        return *text ? TAKE(text) : NULL;
}

/* Paths are made here rather than taken from a message, which may have a guest's own words. */
static char *log_path(const XenLines *lines, const char *name) {
        static const char consult[] = "consult logfile " LOG_FOLDER "/bootloader.";
        const char *told = strstr(lines->text, consult);
        unsigned domid;
        char *path = NULL;
        int r = -1;

        if (told && sscanf(told + strlen(consult), "%u.log", &domid) == 1)
                r = asprintf(&path, LOG_FOLDER "/bootloader.%u.log", domid);
        else if (strstr(lines->text, "device model did not start") && !strchr(name, '/'))
                r = asprintf(&path, LOG_FOLDER "/qemu-dm-%s.log", name);
        return r < 0 ? NULL : path;
}

void xen_fail_output(Error *error, const XenLines *lines, const char *name) {
        _cleanup_(freep) char *path = log_path(lines, name);
        const char *last;
        char *whole;

        if (!path || error->output)
                return;
        error->output = log_tail(path);
        if (!error->output || !error->message)
                return;
        last = strrchr(error->output, '\n');
        if (asprintf(&whole, "%s; it said: %s", error->message,
                     last ? last + 1 : error->output) < 0)
                return;
        free(error->message);
        error->message = whole;
}

/* ---- times ---- */

uint64_t xen_clock(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

void xen_times_add(XenTimes *times, const char *call, uint64_t began) {
        uint64_t took = xen_clock() - began;
        size_t i = 0;

        if (took > LONG_CALL)
                log_message(LOG_NOTICE, "%.*s kept the loop waiting for %" PRIu64 " ms",
                            (int) strcspn(call, "("), call, took / 1000);
        while (i < times->n && times->items[i].call != call)
                i++;
        if (i == ELEMENTS(times->items))
                return;
        if (i == times->n)
                times->items[times->n++] = (XenTime) { .call = call };
        times->items[i].n++;
        times->items[i].total += took;
        times->items[i].longest = MAX(times->items[i].longest, took);
}

void xen_times_log(const XenTimes *times) {
        for (size_t i = 0; i < times->n; i++) {
                const XenTime *time = &times->items[i];

                log_message(LOG_DEBUG,
                            "on the loop: %.*s: %u times, %" PRIu64 " us in all, %" PRIu64
                            " us the longest", (int) strcspn(time->call, "("), time->call, time->n,
                            time->total, time->longest);
        }
}
