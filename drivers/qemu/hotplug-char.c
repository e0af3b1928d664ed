/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "-chardev" said over QMP: its text has the form of a list of options there, and of nested objects
 * here. What isn't in the table below can't be made while a guest runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/qemu/hotplug.h"

typedef enum Place { DATA, ADDRESS, DROPPED } Place;

static const struct {
        const char *backend, *option;
        const char *name; /* in QMP */
        char letter;      /* of its value: a text, a truth */
        Place place;
} rows[] = {
        { "socket", "path",      "path",   's', ADDRESS },
        { "socket", "host",      "host",   's', ADDRESS },
        { "socket", "port",      "port",   's', ADDRESS },
        { "socket", "server",    "server", 'b', DATA },
        { "socket", "wait",      "wait",   'b', DATA },
        { "socket", "telnet",    "telnet", 'b', DATA },
        { "file",   "path",      "out",    's', DATA },
        { "file",   "append",    "append", 'b', DATA },
        { "spicevmc", "name",    "type",   's', DATA },
        { NULL,     "logfile",   "logfile",   's', DATA },
        { NULL,     "logappend", "logappend", 'b', DATA },
        { NULL,     "id",        NULL,     's', DROPPED },
};

static const char *const backends[] = { "null", "socket", "file", "spicevmc" };

/* Cuts off the next option of a list, in place: commas are doubled within one. */
static char *cut(char **at) {
        char *begin = *at, *to = begin, *from = begin;

        if (!*from)
                return NULL;
        for (; *from && (from[0] != ',' || from[1] == ','); from++) {
                if (*from == ',')
                        from++;
                *to++ = *from;
        }
        *at = *from ? from + 1 : from;
        *to = '\0';
        return begin;
}

static int refuse(const char *what, Error *error) {
        return fail(error, ERROR_CONFIG_UNSUPPORTED,
                    "a character device with '%s' can't be made while a guest runs", what);
}

static int put(const char *backend, char *option, json_object *data, json_object *address,
               Error *error) {
        char *value = strchr(option, '=');

        if (!value)
                return refuse(option, error);
        *value++ = '\0';
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strcmp(rows[i].option, option) != 0 ||
                    (rows[i].backend && strcmp(rows[i].backend, backend) != 0))
                        continue;
                if (rows[i].place == DROPPED)
                        return 0;
                json_object *made = rows[i].letter == 's'
                                            ? json_object_new_string(value)
                                            : json_object_new_boolean(strcmp(value, "on") == 0);
                if (made && json_object_object_add(rows[i].place == DATA ? data : address,
                                                   rows[i].name, made) == 0)
                        return 0;
                json_object_put(made);
                return fail_memory(error);
        }
        return refuse(option, error);
}

/* Takes data and address. A socket connects unless it says otherwise, which in QMP is the other way
 * round. */
static json_object *whole(const char *id, const char *backend, json_object *data,
                          json_object *address) {
        bool is_unix = json_member(address, "path");

        if (strcmp(backend, "socket") == 0) {
                json_object *at = qmp_arguments("s", "type", is_unix ? "unix" : "inet", "o", "data",
                                                address, NULL);
                if (!at || json_object_object_add(data, "addr", at) < 0)
                        json_object_put(at);
                if (!json_member(data, "server"))
                        json_object_object_add(data, "server", json_object_new_boolean(false));
        } else
                json_object_put(address);
        return qmp_arguments("s", "id", id, "o", "backend",
                             qmp_arguments("s", "type", backend, "o", "data", data, NULL), NULL);
}

static bool is_known(const char *backend) {
        for (size_t i = 0; i < ELEMENTS(backends); i++)
                if (strcmp(backends[i], backend) == 0)
                        return true;
        return false;
}

static char *id_of(const char *text) {
        const char *id = strstr(text, ",id=");

        return id ? strndup(id + 4, strcspn(id + 4, ",")) : strdup("");
}

int qemu_steps_add_chardev(QemuSteps *steps, const char *text, Error *error) {
        _cleanup_(freep) char *copy = strdup(text), *id = id_of(text);
        json_object *data = json_object_new_object(), *address = json_object_new_object();
        char *at = copy, *backend = copy ? cut(&at) : NULL, *option;
        int r = backend && id && data && address ? 0 : fail_memory(error);

        if (r >= 0 && !is_known(backend))
                r = refuse(backend, error);
        while (r >= 0 && (option = cut(&at)))
                r = put(backend, option, data, address, error);
        if (r < 0) {
                json_object_put(data);
                json_object_put(address);
                return r;
        }
        return qemu_steps_add(steps,
                              (QemuStep) { .command = "chardev-add", .undo = "chardev-remove",
                                           .name = "id", .id = id, .fd = -1,
                                           .arguments = whole(id, backend, data, address) },
                              error);
}
