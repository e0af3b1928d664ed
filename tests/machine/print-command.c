/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the command line of each definition that is named on standard input, a line each: a JSON
 * object with "argv", or with "error" and whether the refusal is one of "not supported". Nothing is
 * opened: descriptors have numbers that whoever starts the line replaces. Behind a definition there
 * may be types of devices, after a tab each: the line is one for a QEMU without them. */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>

#include "drivers/ports.h"
#include "drivers/qemu/firmware.h"
#include "tests/unit/qemu.h"

enum { MONITOR_FD = 3, FREE_FD = 50, TAP_FD = 100, VHOST_FD = 101, MAX_NETS = 64 };

static TestQemu qemu; /* x86_64, for i686, too: the samples assume so */

/* As the driver does, but in no folder that there is. */
static int choose_nvram(DomainConf *conf) {
        DomainOs *os = &conf->os;

        if (os->nvram || !os->loader_type || strcmp(os->loader_type, "pflash") != 0 ||
            os->loader_stateless == TRISTATE_YES || os->loader_readonly == TRISTATE_NO)
                return 0;
        os->nvram = strdup("/state/nvram/guest_VARS.fd");
        return os->nvram ? 0 : -ENOMEM;
}

/* The same QEMU without some types; names borrowed, types->types is the caller's. */
static void hide_types(char *names, QemuCaps *ret) {
        char **types = calloc(qemu.caps->n_types + 1, sizeof(char *));
        char *save = NULL;

        CHECK(types);
        memcpy(types, qemu.caps->types, qemu.caps->n_types * sizeof(char *));
        *ret = *qemu.caps;
        ret->types = types;
        for (char *name = strtok_r(names, "\t", &save); name; name = strtok_r(NULL, "\t", &save))
                for (size_t i = 0; i < ret->n_types; i++)
                        if (strcmp(types[i], name) == 0) {
                                memmove(&types[i], &types[i + 1],
                                        (ret->n_types - i) * sizeof(char *));
                                ret->n_types--;
                                break;
                        }
}

static int build(const char *text, const QemuCaps *caps, QemuCommand *ret, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        QemuTap taps[MAX_NETS];
        const char *units[MAX_NETS];
        QemuPlaces places = {
                .monitor_fd = MONITOR_FD, .folder = "/runtime", .state_folder = "/state",
                .taps = taps, .n_taps = MAX_NETS, .free_fd = FREE_FD,
                .hostdevs = units,
        };
        int r;

        if ((r = conf_parse(text, 0, &conf, error)) < 0)
                return r;
        for (size_t i = 0; i < MAX_NETS; i++) {
                bool vhost = i < conf->nets.n && qemu_net_wants_vhost(conf, conf->nets.items[i]);

                taps[i] = (QemuTap) { TAP_FD, vhost ? VHOST_FD : -1 };
                units[i] = "/dev/sg0";
        }
        if ((r = qemu_complete(conf, caps, error)) < 0 ||
            (r = qemu_assign_addresses(conf, caps, error)) < 0 ||
            (r = qemu_firmware_choose(&conf->os, conf->os.machine, error)) < 0 ||
            (r = choose_nvram(conf)) < 0 ||
            (r = qemu_assign_aliases(conf, error)) < 0 ||
            (r = display_choose_ports(conf, error)) < 0 ||
            (r = qemu_choose_paths(conf, &places, error)) < 0)
                return r;
        return qemu_command_build(conf, caps, &places, ret, error);
}

static void put(json_object *object, const char *name, json_object *value) {
        CHECK(json_object_object_add(object, name, value) == 0);
}

static void print(const char *path, char *hidden) {
        _cleanup_(freep) char *text = test_read(path);
        QemuCaps caps;
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        json_object *object = json_object_new_object();
        Error error = {};

        CHECK(text);
        hide_types(hidden, &caps);
        int r = build(text, &caps, &command, &error);
        free(caps.types);
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
                char *hidden = line + strcspn(line, "\t");
                char none[1] = "";

                if (*hidden)
                        *hidden++ = '\0';
                print(line, *hidden ? hidden : none);
        }
        free(line);
        test_qemu_close(&qemu);
        return 0;
}
