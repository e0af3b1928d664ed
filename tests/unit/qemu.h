/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capabilities of the QEMU that is installed, for tests of what is made from them. */
#pragma once

#include <dirent.h>
#include <limits.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "drivers/qemu/command.h"
#include "tests/unit/check.h"

typedef struct TestQemu {
        char root[64], *binary;
        Connection connection;
        QemuCapsCache *cache;
        QemuCaps *caps; /* a reference */
        bool answered;
} TestQemu;

static inline void test_qemu_ready(QemuCaps *caps, Error *error, void *userdata) {
        TestQemu *qemu = userdata;

        qemu->answered = true;
        if (caps)
                qemu->caps = qemu_caps_ref(caps);
        else
                fprintf(stderr, "%s\n", error->message ? error->message : "no capabilities");
}

/* False: there is no such QEMU here, and why was printed. */
static inline bool test_qemu_open(TestQemu *qemu) {
        static const Settings settings = { .patience = 20000000 };
        Error error = {};
        QemuCaps *caps = NULL;

        *qemu = (TestQemu) { .root = "/tmp/virtbus-test-qemu-XXXXXX" };
        CHECK(mkdtemp(qemu->root));
        qemu->connection.settings = &settings;
        CHECK(sd_event_new(&qemu->connection.event) >= 0);
        CHECK(store_new(false, qemu->root, &qemu->connection.store, NULL) == 0);
        if (qemu_find_binary("x86_64", &qemu->binary, &error) >= 0) {
                CHECK((qemu->cache = qemu_caps_cache_new(&qemu->connection)));
                int r = qemu_caps_get(qemu->cache, qemu->binary, test_qemu_ready, qemu, &caps,
                                      &error);
                if (caps)
                        qemu->caps = qemu_caps_ref(caps);
                else if (r >= 0)
                        while (!qemu->answered)
                                CHECK(sd_event_run(qemu->connection.event, 60000000) > 0);
        }
        if (!qemu->caps)
                fprintf(stderr, "SKIPPED: %s\n", error.message ? error.message : "no capabilities");
        error_clear(&error);
        return qemu->caps;
}

static inline void test_qemu_close(TestQemu *qemu) {
        char command[128];

        qemu_caps_unref(qemu->caps);
        qemu_caps_cache_free(qemu->cache);
        store_free(qemu->connection.store);
        sd_event_unref(qemu->connection.event);
        free(qemu->binary);
        snprintf(command, sizeof(command), "rm -rf %s", qemu->root);
        CHECK(system(command) == 0);
}

static inline char *test_read(const char *path) {
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (!file || getdelim(&text, &size, '\0', file) < 0) {
                free(text);
                text = NULL;
        }
        if (file)
                fclose(file);
        return text;
}
