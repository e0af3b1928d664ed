/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody in a guest may send instead of an agent: any bytes, in any pieces, with questions
 * waiting.
 *
 * The first byte of the input is the size of the pieces, and bits of it say what replies do. "@" is
 * replaced by the number that is waited for, so that the way in is found. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/qemu/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Run {
        Agent *agent;
        int peer;
        uint8_t what;
        unsigned asked, replies;
        char number[32];
} Run;

static int open_peer(void *userdata, Error *error) {
        Run *run = userdata;
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                abort();
        if (run->peer >= 0)
                close(run->peer);
        run->peer = fds[1];
        return fds[0];
}

static void on_reply(json_object *value, Error *error, void *userdata) {
        Run *run = userdata;

        run->replies++;
        if (!value == (error->code == ERROR_NONE))
                abort(); /* a failure without a cause, or a success with one */
        (void) agent_text(value, "a");
        if ((run->what & 0x40) && run->replies < 8 && run->agent &&
            agent_call(run->agent, "again", NULL, AGENT_ANSWERS, on_reply, run, NULL) >= 0)
                run->asked++;
        if ((run->what & 0x80) && run->replies == 2)
                run->agent = agent_free(run->agent);
}

/* What is asked at the moment. */
static void listen_to(Run *run) {
        char text[4096];
        ssize_t n = recv(run->peer, text, sizeof(text) - 1, MSG_DONTWAIT);
        const char *id;
        int64_t number;

        if (n <= 0)
                return;
        text[n] = '\0';
        id = strstr(text, "{\"id\":");
        if (id && sscanf(id, "{\"id\":%" SCNd64, &number) == 1)
                (void) snprintf(run->number, sizeof(run->number), "%" PRId64, number);
}

static void say(Run *run, const uint8_t *data, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const void *piece = data[i] == '@' ? (const void *) run->number : data + i;
                size_t length = data[i] == '@' ? strlen(run->number) : 1;

                (void) send(run->peer, piece, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static sd_event *event;
        Run run = { .peer = -1 };

        if (size < 2 || size > 65536)
                return 0;
        if (!event && sd_event_new(&event) < 0)
                abort();
        run.what = *data++;
        size--;
        if (agent_new(event, "fuzz", 1000000000, open_peer, &run, &run.agent, NULL) < 0)
                abort();
        for (int i = 0; i < 3; i++)
                if (agent_call(run.agent, "ask", NULL, i == 1 ? AGENT_SILENT : AGENT_ANSWERS,
                               on_reply, &run, NULL) >= 0)
                        run.asked++;
        for (size_t piece = 1 + (run.what & 0x1f) * 8; size > 0 && run.agent;) {
                size_t n = MIN(piece, size);

                listen_to(&run);
                say(&run, data, n);
                data += n;
                size -= n;
                while (sd_event_run(event, 0) > 0)
                        ;
        }
        run.agent = agent_free(run.agent);
        if (run.asked != run.replies)
                abort(); /* somebody waits for ever */
        close(run.peer);
        return 0;
}
