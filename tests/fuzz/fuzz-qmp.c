/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a QEMU that was taken over may send: any bytes, in any pieces, with commands waiting.
 *
 * The first byte of the input is the size of the pieces, and bits of it say what the callbacks
 * do. */
#include <string.h>
#include <sys/socket.h>

#include "drivers/qemu/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Run {
        Qmp *qmp;
        uint8_t what;
        unsigned replies;
} Run;

static void on_reply(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Run *run = userdata;

        if (!value && error->code == ERROR_NONE)
                abort(); /* a failure without a cause */
        if ((run->what & 0x40) && ++run->replies < 8)
                (void) qmp_call(qmp, "again", NULL, on_reply, run, NULL);
        if (run->what & 0x80)
                run->qmp = qmp_free(run->qmp);
}

static void on_event(Qmp *qmp, const char *name, json_object *data, void *userdata) {
        Run *run = userdata;

        if ((run->what & 0x20) && strcmp(name, "STOP") == 0)
                run->qmp = qmp_free(run->qmp);
}

static void on_closed(Qmp *qmp, Error *error, void *userdata) {
        Run *run = userdata;

        if (error->code == ERROR_NONE)
                abort();
        run->qmp = qmp_free(run->qmp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const QmpHandlers handlers = { .event = on_event, .closed = on_closed };
        static sd_event *event;
        Run run = {};
        int fds[2];

        if (size < 2 || size > 65536)
                return 0;
        if ((!event && sd_event_new(&event) < 0) ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                abort();
        run.what = *data++;
        size--;
        if (qmp_new(event, fds[0], "fuzz", 1000000000, &handlers, &run, &run.qmp, NULL) < 0)
                abort();
        for (int i = 0; i < 3; i++)
                (void) qmp_call(run.qmp, "query", NULL, on_reply, &run, NULL);
        for (size_t piece = 1 + (run.what & 0x1f) * 8; size > 0 && run.qmp;) {
                size_t n = MIN(piece, size);

                if (send(fds[1], data, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t) n)
                        break;
                data += n;
                size -= n;
                while (sd_event_run(event, 0) > 0)
                        ;
        }
        close(fds[1]);
        while (sd_event_run(event, 0) > 0)
                ;
        if (run.qmp)
                abort(); /* the end of the socket was not told */
        return 0;
}
