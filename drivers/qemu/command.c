/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of a guest, section by section; and the words every section is written with. */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- arguments ---- */

static bool command_add(QemuCommand *command, char *text) {
        char **argv = text ? reallocarray(command->argv, command->n + 2, sizeof(*argv)) : NULL;

        if (!argv) {
                free(text);
                return false;
        }
        command->argv = argv;
        command->argv[command->n++] = text;
        command->argv[command->n] = NULL;
        return true;
}

static void builder_add(Builder *builder, char *text) {
        if (!command_add(builder->command, text))
                builder->no_memory = true;
}

static void add_option(Builder *builder, const char *option) {
        char *text;

        builder_add(builder, asprintf(&text, "-%s", option) < 0 ? NULL : text);
}

void argument(Builder *builder, const char *option, const char *format, ...) {
        char *text = NULL;
        va_list ap;

        add_option(builder, option);
        if (!format)
                return;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        builder_add(builder, text);
}

void argument_bare(Builder *builder, const char *text) {
        builder_add(builder, strdup(text));
}

/* "NAME=VALUE" for the process; VALUE may be NULL. */
void environment(Builder *builder, const char *name, const char *value) {
        QemuCommand *command = builder->command;
        char **list = reallocarray(command->environment, command->n_environment + 2, sizeof(*list));
        char *text;

        if (list)
                command->environment = list;
        if (!list || asprintf(&text, "%s=%s", name, value ?: "") < 0) {
                builder->no_memory = true;
                return;
        }
        list[command->n_environment++] = text;
        list[command->n_environment] = NULL;
}

void argument_json(Builder *builder, const char *option, json_object *value) {
        const char *text =
                value ? json_object_to_json_string_ext(
                                value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                      : NULL;

        if (text)
                argument(builder, option, "%s", text);
        else
                builder->no_memory = true;
        json_object_put(value);
}

/* ---- options ---- */

void option_add(Option *option, const char *format, ...) {
        _cleanup_(freep) char *more = NULL;
        char *whole;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&more, format, ap);
        va_end(ap);
        if (n < 0 || asprintf(&whole, "%s%s", option->text ?: "", more) < 0) {
                if (n < 0)
                        more = NULL;
                option->builder->no_memory = true;
                return;
        }
        free(option->text);
        option->text = whole;
}

void option_add_escaped(Option *option, const char *value) {
        for (const char *part = value; *part;) {
                size_t n = strcspn(part, ",");

                option_add(option, "%.*s%s", (int) n, part, part[n] ? ",," : "");
                part += n + (part[n] != '\0');
        }
}

void option_add_text(Option *option, const char *name, const char *value) {
        if (!value)
                return;
        option_add(option, ",%s=", name);
        option_add_escaped(option, value);
}

void option_add_state(Option *option, const char *name, Tristate state) {
        if (state != TRISTATE_UNSET)
                option_add(option, ",%s=%s", name, state == TRISTATE_YES ? "on" : "off");
}

void option_done(Option *option, const char *name) {
        add_option(option->builder, name);
        builder_add(option->builder, TAKE(option->text));
}

void option_clear(Option *option) {
        free(option->text);
        option->text = NULL;
}

/* ---- json ---- */

json_object *json_new(Builder *builder) {
        json_object *object = json_object_new_object();

        if (!object)
                builder->no_memory = true;
        return object;
}

void json_put(Builder *builder, json_object *object, const char *name, json_object *value) {
        if (!object || !value || json_object_object_add(object, name, value) < 0) {
                builder->no_memory = true;
                json_object_put(value);
        }
}

void json_put_text(Builder *builder, json_object *object, const char *name, const char *value) {
        if (value)
                json_put(builder, object, name, json_object_new_string(value));
}

void json_put_number(Builder *builder, json_object *object, const char *name, int64_t value) {
        json_put(builder, object, name, json_object_new_int64(value));
}

void json_put_bool(Builder *builder, json_object *object, const char *name, bool value) {
        json_put(builder, object, name, json_object_new_boolean(value));
}

void json_put_state(Builder *builder, json_object *object, const char *name, Tristate state) {
        if (state != TRISTATE_UNSET)
                json_put_bool(builder, object, name, state == TRISTATE_YES);
}

void json_put_some(Builder *builder, json_object *object, const char *name, int64_t value) {
        if (value != 0)
                json_put_number(builder, object, name, value);
}

void json_putf(Builder *builder, json_object *object, const char *name, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                builder->no_memory = true;
                return;
        }
        json_put_text(builder, object, name, text);
}

/* ---- refusals ---- */

int unsupported(Builder *builder, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return fail_memory(builder->error);
        }
        return fail(builder->error, ERROR_CONFIG_UNSUPPORTED, "%s", text);
}

/* ---- the sections ---- */

static int build_name(Builder *builder) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        option_add(&option, "guest=");
        option_add_escaped(&option, builder->conf->name);
        option_add(&option, ",debug-threads=on");
        option_done(&option, "name");
        argument(builder, "S", NULL);
        return 0;
}

static int build_uuid(Builder *builder) {
        char text[UUID_TEXT_MAX];

        argument(builder, "uuid", "%s", uuid_format(builder->conf->uuid, text));
        argument(builder, "display", "none");
        argument(builder, "no-user-config", NULL);
        argument(builder, "nodefaults", NULL);
        return 0;
}

/* What QEMU needs only for helpers and other users' rights, which nobody here asks it for. */
static int build_sandbox(Builder *builder) {
        if (qemu_caps_has(builder->caps, "sandbox.spawn"))
                argument(builder, "sandbox",
                         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        argument(builder, "msg", "timestamp=on");
        return 0;
}

static int (*const sections[])(Builder *builder) = {
        build_name, build_machine, build_cpu, build_memory, build_numa, build_uuid, build_sysinfo,
        build_monitor, build_clock, build_firmware, build_devices, build_sandbox, build_extras,
};

int qemu_command_build(const DomainConf *live, const QemuCaps *caps, const QemuPlaces *places,
                       QemuCommand *ret, Error *error) {
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        Builder builder = {
                .conf = live, .caps = caps, .places = places, .command = &command, .error = error,
                .machine = qemu_caps_machine(caps, live->os.machine),
        };

        if (!builder.machine)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/type/@machine: %s has no machine '%s'", caps->binary,
                            live->os.machine ?: "");
        builder_add(&builder, strdup(live->emulator ?: caps->binary));
        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                int r = error_pass(error, sections[i](&builder));

                if (r < 0)
                        return r;
        }
        if (builder.no_memory)
                return fail_memory(error);
        int r = error_gate(error);
        if (r < 0)
                return r;
        *ret = command;
        command = (QemuCommand) {};
        return 0;
}

int qemu_command_build_device(const DomainConf *live, const QemuCaps *caps,
                              const QemuPlaces *places, DeviceKind kind, const Device *device,
                              QemuCommand *ret, Error *error) {
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        Builder builder = {
                .conf = live, .caps = caps, .places = places, .command = &command, .error = error,
                .machine = qemu_caps_machine(caps, live->os.machine),
        };
        int r = build_device(&builder, kind, device);

        if (r < 0 || (r = builder.failed) < 0)
                return r;
        if (builder.no_memory)
                return fail_memory(error);
        *ret = command;
        command = (QemuCommand) {};
        return 0;
}

void qemu_command_clear(QemuCommand *command) {
        for (size_t i = 0; i < command->n; i++)
                free(command->argv[i]);
        free(command->argv);
        for (size_t i = 0; i < command->n_environment; i++)
                free(command->environment[i]);
        free(command->environment);
        secrets_clear(command);
        *command = (QemuCommand) {};
}

/* ---- for the log ---- */

static size_t quoted_size(const char *text) {
        size_t n = 3; /* quotes and a blank */

        for (; *text; text++)
                n += *text == '\'' ? 4 : 1;
        return n;
}

static char *quote(char *at, const char *text) {
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.,:/@+%";

        if (*text && text[strspn(text, plain)] == '\0')
                return stpcpy(at, text);
        *at++ = '\'';
        for (; *text; text++) {
                if (*text == '\'')
                        at = stpcpy(at, "'\\''");
                else
                        *at++ = *text;
        }
        *at++ = '\'';
        return at;
}

char *qemu_command_text(const QemuCommand *command) {
        size_t size = 1;

        for (size_t i = 0; i < command->n; i++)
                size += quoted_size(command->argv[i]);
        char *text = malloc(size);
        char *at = text;
        for (size_t i = 0; text && i < command->n; i++) {
                if (i > 0)
                        *at++ = ' ';
                at = quote(at, command->argv[i]);
        }
        if (text)
                *at = '\0';
        return text;
}
