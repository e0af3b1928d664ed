/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusd: its command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "service/manager.h"

#define PATIENCE_DEFAULT 30 /* s */
#define SECONDS_MAX 86400

static const char help[] =
        "virtbusd [OPTION...]\n"
        "Drives virtual machines and offers them on D-Bus as org.libvirt.\n\n"
        "  --system           on the system bus (the default)\n"
        "  --session          on the session bus, for the calling user\n"
        "  --bus-address=ADDRESS\n"
        "                     on the bus at this address\n"
        "  --timeout=SECONDS  how long to wait for a hypervisor's answer, and a change\n"
        "                     for its turn (30)\n"
        "  --idle-exit=SECONDS\n"
        "                     end when there was nothing to do for so long (never)\n"
        "  --ask-always     ask polkit also for what everybody may do by default\n"
        "  --root=FOLDER      keep all files below this folder instead of /\n"
        "  --version          print the version\n"
        "  --help             print this\n";

static int parse_seconds(const char *option, const char *text, uint64_t *ret) {
        unsigned long seconds;
        char *end;

        errno = 0;
        seconds = strtoul(text, &end, 10);
        if (errno != 0 || end == text || *end || seconds < 1 || seconds > SECONDS_MAX) {
                fprintf(stderr, "virtbusd: --%s takes seconds, 1 to %d, and not '%s'\n", option,
                        SECONDS_MAX, text);
                return -EINVAL;
        }
        *ret = seconds * UINT64_C(1000000);
        return 0;
}

/* 1: go on, 0: done, negative: wrong. */
static int parse(int argc, char **argv, Options *ret) {
        enum { SYSTEM = 256, SESSION, ADDRESS, TIMEOUT, IDLE, ASK, ROOT, VERSION_, HELP };
        static const struct option options[] = {
                { "system", no_argument, NULL, SYSTEM },
                { "session", no_argument, NULL, SESSION },
                { "bus-address", required_argument, NULL, ADDRESS },
                { "timeout", required_argument, NULL, TIMEOUT },
                { "idle-exit", required_argument, NULL, IDLE },
                { "ask-always", no_argument, NULL, ASK },
                { "root", required_argument, NULL, ROOT },
                { "version", no_argument, NULL, VERSION_ },
                { "help", no_argument, NULL, HELP },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case SYSTEM:
                case SESSION:
                        ret->settings.session = c == SESSION;
                        break;
                case ADDRESS:
                        ret->address = optarg;
                        break;
                case TIMEOUT:
                        if (parse_seconds("timeout", optarg, &ret->settings.patience) < 0)
                                return -EINVAL;
                        break;
                case IDLE:
                        if (parse_seconds("idle-exit", optarg, &ret->idle_exit) < 0)
                                return -EINVAL;
                        break;
                case ASK:
                        ret->ask_always = true;
                        break;
                case ROOT:
                        ret->root = optarg;
                        break;
                case VERSION_:
                        puts("virtbusd " VERSION);
                        return 0;
                case HELP:
                        fputs(help, stdout);
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "virtbusd: '%s' is no option\n", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

int main(int argc, char **argv) {
        Options options = { .settings.patience = PATIENCE_DEFAULT * UINT64_C(1000000), .root = "" };
        int r = parse(argc, argv, &options);

        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        return manager_run(&options);
}
