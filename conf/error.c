/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place that relates errno, libvirt's numbers, D-Bus names and the words people know. */
#include "conf/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LIBVIRT "org.libvirt.Error"
#define DBUS(name) "org.freedesktop.DBus.Error." name

static const struct {
        int number;
        int api;
        const char *bus_name;
        const char *prefix;
} codes[_ERROR_MAX] = {
        [ERROR_NONE]                  = { 0,            0,  LIBVIRT, "no error" },
        [ERROR_INTERNAL]              = { EIO,          1,  LIBVIRT, "internal error" },
        [ERROR_NO_MEMORY]             = { ENOMEM,       2,  LIBVIRT, "out of memory" },
        [ERROR_NO_SUPPORT]            = { EOPNOTSUPP,   3,  LIBVIRT,
                                        "this function is not supported by the connection driver" },
        [ERROR_INVALID_ARG]           = { EINVAL,       8,  LIBVIRT, "invalid argument" },
        [ERROR_ARG_UNSUPPORTED]       = { EOPNOTSUPP,   74, LIBVIRT, "argument unsupported" },
        [ERROR_OPERATION_FAILED]      = { EIO,          9,  LIBVIRT, "operation failed" },
        [ERROR_OPERATION_INVALID]     = { EBUSY,        55, LIBVIRT,
                                        "Requested operation is not valid" },
        [ERROR_OPERATION_UNSUPPORTED] = { EOPNOTSUPP,   84, LIBVIRT, "Operation not supported" },
        [ERROR_OPERATION_TIMEOUT]     = { ETIMEDOUT,    68, LIBVIRT, "Timed out during operation" },
        [ERROR_OPERATION_ABORTED]     = { ECANCELED,    78, LIBVIRT, "operation aborted" },
        [ERROR_CONFIG_UNSUPPORTED]    = { EOPNOTSUPP,   67, LIBVIRT, "unsupported configuration" },
        [ERROR_XML]                   = { EBADMSG,      27, LIBVIRT, "XML error" },
        [ERROR_SYSTEM]                = { EIO,          38, LIBVIRT,
                                        "Cannot complete a system call" },
        [ERROR_ACCESS_DENIED]         = { EACCES,       88, DBUS("AccessDenied"), "access denied" },
        [ERROR_AUTH_NEEDED]           = { EACCES,       88,
                                        DBUS("InteractiveAuthorizationRequired"),
                                        "authentication required" },
        [ERROR_RESOURCE_BUSY]         = { EBUSY,        87, LIBVIRT, "Resource busy" },
        [ERROR_NO_DOMAIN]             = { ENOENT,       42, LIBVIRT, "Domain not found" },
        [ERROR_NO_NETWORK]            = { ENOENT,       43, LIBVIRT, "Network not found" },
        [ERROR_NO_POOL]               = { ENOENT,       49, LIBVIRT, "Storage pool not found" },
        [ERROR_NO_VOLUME]             = { ENOENT,       50, LIBVIRT, "Storage volume not found" },
        [ERROR_NO_NODE_DEVICE]        = { ENOENT,       53, LIBVIRT, "Node device not found" },
        [ERROR_NO_INTERFACE]          = { ENOENT,       57, LIBVIRT, "Interface not found" },
        [ERROR_NO_NWFILTER]           = { ENOENT,       62, LIBVIRT, "Network filter not found" },
        [ERROR_NO_SECRET]             = { ENOENT,       66, LIBVIRT, "Secret not found" },
        [ERROR_NO_SNAPSHOT]           = { ENOENT,       72, LIBVIRT, "Domain snapshot not found" },
        [ERROR_DOMAIN_EXISTS]         = { EEXIST,       28, LIBVIRT, "domain already exists" },
        [ERROR_VOLUME_EXISTS]         = { EEXIST,       90, LIBVIRT,
                                        "storage volume already exists" },
        [ERROR_SNAPSHOT_RISKY]        = { EBUSY,        77, LIBVIRT, "revert requires force" },
        [ERROR_DEVICE_MISSING]        = { ENOENT,       99, LIBVIRT, "device not found" },
        [ERROR_NO_METADATA]           = { ENOENT,       80, LIBVIRT, "metadata not found" },
        [ERROR_AGENT_UNRESPONSIVE]    = { ETIMEDOUT,    86, LIBVIRT,
                                        "Guest agent is not responding" },
        [ERROR_MONITOR_FAILED]        = { EIO,          1,  LIBVIRT, "internal error" },
        [ERROR_INVALID_SECRET]        = { EACCES,       65, LIBVIRT, "Invalid secret" },
        [ERROR_MULTIPLE_INTERFACES]   = { ENOTUNIQ,     59, LIBVIRT,
                                        "multiple matching interfaces found" },
        [ERROR_CPU_INCOMPATIBLE]      = { ENOTSUP,      91, LIBVIRT,
                                        "the CPU is incompatible with host CPU" },
        [ERROR_LIMIT]                 = { EDQUOT,       9,  DBUS("LimitsExceeded"),
                                        "too much at once" },
};

_printf_(3, 0) static int record(Error *error, ErrorCode code, const char *format, va_list ap) {
        if (error && error->code == ERROR_NONE) {
                error->code = code;
                if (format && vasprintf(&error->message, format, ap) < 0)
                        error->message = NULL;
        }
        return -codes[code].number;
}

int fail(Error *error, ErrorCode code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = record(error, code, format, ap);
        va_end(ap);
        return r;
}

int fail_errno(Error *error, int r, const char *format, ...) {
        va_list ap;
        int code = r == -ENOMEM ? ERROR_NO_MEMORY : ERROR_SYSTEM;

        if (!error || error->code != ERROR_NONE)
                return r;
        va_start(ap, format);
        (void) record(error, code, format, ap);
        va_end(ap);
        error->number = -r;

        char *whole = NULL;
        if (error->message && asprintf(&whole, "%s: %s", error->message, strerror(-r)) >= 0) {
                free(error->message);
                error->message = whole;
        }
        return r;
}

int fail_memory(Error *error) {
        if (error && error->code == ERROR_NONE)
                error->code = ERROR_NO_MEMORY;
        return -ENOMEM;
}

void error_prefix(Error *error, const char *format, ...) {
        _cleanup_(freep) char *prefix = NULL;
        char *whole = NULL;
        va_list ap;

        if (!error || error->code == ERROR_NONE)
                return;
        va_start(ap, format);
        int n = vasprintf(&prefix, format, ap);
        va_end(ap);
        if (n < 0) {
                prefix = NULL;
                return;
        }
        if (asprintf(&whole, "%s: %s", prefix, error->message ?: codes[error->code].prefix) < 0)
                return;
        free(error->message);
        error->message = whole;
}

void error_move(Error *to, Error *from) {
        Problems *problems = from->problems;

        if (to && to->code == ERROR_NONE) {
                from->problems = to->problems;
                *to = *from;
        } else
                error_clear(from);
        *from = (Error) { .problems = problems };
}

void error_clear(Error *error) {
        free(error->message);
        free(error->object);
        free(error->output);
        *error = (Error) { .problems = error->problems };
}

/* ---- all problems ---- */

void problems_begin(Problems *problems, const char *stage) {
        problems->stage = stage;
        problems->met = false;
}

void problems_clear(Problems *problems) {
        for (size_t i = 0; i < problems->n; i++)
                free(problems->items[i]);
        free(problems->items);
        *problems = (Problems) {};
}

static void problems_add(Problems *problems, const Error *error) {
        _cleanup_(freep) char *words = error_text(error);
        char **items = reallocarray(problems->items, problems->n + 1, sizeof(*items));
        char *text = NULL;

        if (items)
                problems->items = items;
        if (!items || !words || asprintf(&text, "%s: %s", problems->stage, words) < 0) {
                problems->failed = true;
                return;
        }
        for (size_t i = 0; i < problems->n; i++)
                if (strcmp(items[i], text) == 0) {
                        free(text);
                        return;
                }
        items[problems->n++] = text;
}

int error_pass(Error *error, int r) {
        Problems *problems = error ? error->problems : NULL;

        if (r >= 0 || !problems || error->code == ERROR_NO_MEMORY)
                return r;
        if (error->code == ERROR_NONE) /* the echo of one that is noted */
                return problems->met ? 0 : r;
        problems->met = true;
        problems_add(problems, error);
        error_clear(error);
        return 0;
}

int error_gate(const Error *error) {
        return error && error->problems && error->problems->met ? -EINVAL : 0;
}

int error_number(ErrorCode code) {
        return codes[code].number;
}

int error_api_number(ErrorCode code) {
        return codes[code].api;
}

const char *error_bus_name(ErrorCode code) {
        return codes[code].bus_name;
}

const char *error_words(ErrorCode code) {
        return codes[code].prefix;
}

char *error_text(const Error *error) {
        char *text;

        if (!error->message)
                return strdup(codes[error->code].prefix);
        return asprintf(&text, "%s: %s", codes[error->code].prefix, error->message) < 0 ? NULL
                                                                                        : text;
}
