/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the command line of each definition that is named on standard input, a line each: a JSON
 * object with "argv", or with "error" and whether the refusal is one of "not supported". Nothing is
 * opened: descriptors have numbers that whoever starts the line replaces. */
#include <json-c/json.h>
#include <signal.h>

#include "tests/unit/qemu.h"

enum { MONITOR_FD = 3, TAP_FD = 100, MAX_NETS = 64 };

static TestQemu qemu; /* x86_64, for i686, too: the samples assume so */

static int build(const char *text, QemuCommand *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        QemuTap taps[MAX_NETS];
        const char *units[MAX_NETS];
        QemuPlaces places = {
                .monitor_fd = MONITOR_FD, .folder = "/runtime", .state_folder = "/state",
                .taps = taps, .n_taps = MAX_NETS,
                .hostdevs = units,
        };
        int r;

        for (size_t i = 0; i < MAX_NETS; i++) {
                taps[i] = (QemuTap) { TAP_FD, -1 };
                units[i] = "/dev/sg0";
        }
        if ((r = conf_parse(text, 0, &conf, error)) < 0)
                return r;
        if ((r = qemu_complete(conf, qemu.caps, error)) < 0 ||
            (r = qemu_assign_addresses(conf, qemu.caps, error)) < 0 ||
            (r = qemu_assign_aliases(conf, error)) < 0 ||
            (r = qemu_choose_ports(conf, error)) < 0 ||
            (r = qemu_choose_paths(conf, &places, error)) < 0)
                return r;
        return qemu_command_build(conf, qemu.caps, &places, ret, error);
}

static void put(json_object *object, const char *name, json_object *value) {
        CHECK(json_object_object_add(object, name, value) == 0);
}

static void print(const char *path) {
        _cleanup_(freep) char *text = test_read(path);
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        json_object *object = json_object_new_object();
        Error error = {};

        CHECK(text);
        int r = build(text, &command, &error);
        put(object, "file", json_object_new_string(path));
        if (r < 0) {
                put(object, "error", json_object_new_string(error.message ?: ""));
                put(object, "unsupported",
                    json_object_new_boolean(error.code == ERROR_CONFIG_UNSUPPORTED));
        } else {
                json_object *argv = json_object_new_array();

                for (size_t i = 0; i < command.n; i++)
                        CHECK(json_object_array_add(
                                      argv, json_object_new_string(command.argv[i])) == 0);
                put(object, "argv", argv);
        }
        puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
        json_object_put(object);
        error_clear(&error);
}

int main(void) {
        char *line = NULL;
        size_t size = 0;
        ssize_t n;

        signal(SIGPIPE, SIG_IGN);
        if (!test_qemu_open(&qemu)) {
                test_qemu_close(&qemu);
                return 77;
        }
        while ((n = getline(&line, &size, stdin)) > 0) {
                line[strcspn(line, "\n")] = '\0';
                print(line);
        }
        free(line);
        test_qemu_close(&qemu);
        return 0;
}
