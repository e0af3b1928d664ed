/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP against a scripted peer at the other end of a socket pair. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "drivers/qemu/qmp.h"
#include "tests/unit/check.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"

typedef struct Talk {
        sd_event *event;
        Qmp *qmp;
        int peer;
        int ready, closed;
        char last_event[64], closed_text[512];
        int replies, failures;
        char reply_text[512]; /* of the last: its value or its error */
        ErrorCode code;
        bool free_in_reply, free_in_event;
        char heard[1 << 20]; /* what the peer read */
        size_t n_heard;
} Talk;

static void on_ready(Qmp *qmp, void *userdata) {
        Talk *t = userdata;

        t->ready++;
}

static void on_event(Qmp *qmp, const char *name, json_object *data, void *userdata) {
        Talk *t = userdata;

        snprintf(t->last_event, sizeof(t->last_event), "%s %s", name,
                 data ? json_object_to_json_string(data) : "-");
        if (t->free_in_event)
                t->qmp = qmp_free(t->qmp);
}

static void on_closed(Qmp *qmp, Error *error, void *userdata) {
        Talk *t = userdata;
        char *text = error_text(error);

        t->closed++;
        snprintf(t->closed_text, sizeof(t->closed_text), "%s", text);
        free(text);
        CHECK(qmp_call(qmp, "too-late", qmp_arguments("s", "a", "b", NULL), NULL, NULL, NULL) < 0);
        t->qmp = qmp_free(t->qmp);
}

static const QmpHandlers handlers = { on_ready, on_event, on_closed };

static void on_reply(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        Talk *t = userdata;

        t->replies++;
        if (value) {
                snprintf(t->reply_text, sizeof(t->reply_text), "%.500s",
                         json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
                t->code = ERROR_NONE;
        } else {
                t->failures++;
                t->code = error->code;
                snprintf(t->reply_text, sizeof(t->reply_text), "%s", error->message);
                CHECK_TEXT(error->object, "guest1");
        }
        if (t->free_in_reply)
                t->qmp = qmp_free(t->qmp);
}

static void on_reply_ask(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        on_reply(qmp, value, error, userdata);
        if (value)
                CHECK(qmp_call(qmp, "second", NULL, on_reply, userdata, NULL) == 0);
        else
                CHECK(qmp_call(qmp, "second", NULL, on_reply, userdata, NULL) < 0);
}

static void say(Talk *t, const char *text) {
        CHECK(send(t->peer, text, strlen(text), MSG_NOSIGNAL) == (ssize_t) strlen(text));
}

/* Lets the loop run until it has nothing to do. */
static void settle(Talk *t) {
        while (sd_event_run(t->event, 0) > 0)
                ;
}

static void settle_for(Talk *t, unsigned ms) {
        for (uint64_t now, end = 0;;) {
                (void) sd_event_run(t->event, 10000);
                CHECK(sd_event_now(t->event, CLOCK_MONOTONIC, &now) >= 0);
                end = end ?: now + ms * 1000;
                if (now >= end)
                        return;
        }
}

static const char *hear(Talk *t) {
        ssize_t n;

        t->n_heard = 0;
        while ((n = recv(t->peer, t->heard + t->n_heard, sizeof(t->heard) - 1 - t->n_heard,
                         MSG_DONTWAIT)) > 0)
                t->n_heard += n;
        t->heard[t->n_heard] = '\0';
        return t->heard;
}

static Talk *talk_new(uint64_t patience) {
        Talk *t = calloc(1, sizeof(Talk));
        int fds[2];

        CHECK(t && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(sd_event_new(&t->event) == 0);
        t->peer = fds[1];
        CHECK(qmp_new(t->event, fds[0], "guest1", patience, &handlers, t, &t->qmp, NULL) == 0);
        return t;
}

static Talk *talk_ready(uint64_t patience) {
        Talk *t = talk_new(patience);

        say(t, GREETING);
        settle(t);
        CHECK_TEXT(hear(t), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
        say(t, "{\"return\": {}, \"id\": 1}\r\n");
        settle(t);
        CHECK(t->ready == 1);
        return t;
}

static void talk_free(Talk *t) {
        qmp_free(t->qmp);
        if (t->peer >= 0)
                close(t->peer);
        sd_event_unref(t->event);
        free(t);
}

static int ask(Talk *t, const char *command) {
        return qmp_call(t->qmp, command, NULL, on_reply, t, NULL);
}

static void test_arguments(void) {
        json_object *o = qmp_arguments("s", "id", "ide0", "s", "no", NULL, "b", "force", 1,
                                       "i", "n", INT64_C(-5), "o", "list", json_object_new_array(),
                                       NULL);

        CHECK_TEXT(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                   "{\"id\":\"ide0\",\"force\":true,\"n\":-5,\"list\":[]}");
        CHECK_TEXT(json_text(o, "id"), "ide0");
        CHECK(json_text(o, "n") == NULL && json_text(NULL, "n") == NULL);
        CHECK(json_number(o, "n", 7) == -5 && json_number(o, "id", 7) == 7);
        CHECK(json_truth(o, "force") && !json_truth(o, "n"));
        CHECK(json_member(o, "list") && !json_member(o, "nothing"));
        json_object_put(o);
}

/* Commands made before the greeting wait for the end of the handshake. */
static void test_early_command(void) {
        Talk *t = talk_new(1000000);

        CHECK(ask(t, "early") == 0);
        settle(t);
        CHECK_TEXT(hear(t), "");
        say(t, GREETING);
        settle(t);
        CHECK_TEXT(hear(t), "{\"execute\":\"qmp_capabilities\",\"id\":2}\n");
        say(t, "{\"return\": {}, \"id\": 2}");
        settle(t);
        CHECK_TEXT(hear(t), "{\"execute\":\"early\",\"id\":1}\n");
        say(t, "{\"return\": {\"a\": 1}, \"id\": 1}");
        settle(t);
        CHECK(t->replies == 1);
        CHECK_TEXT(t->reply_text, "{\"a\":1}");
        talk_free(t);
}

/* Every split of a stream of messages gives the same. */
static void test_split(void) {
        static const char stream[] =
                "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 12, \"microseconds\": 34}}\r\n"
                "{\"return\": {\"n\": -17, \"f\": 1.25e2, \"t\": [true, false, null, "
                "\"\\u00e9\\n\"]}, \"id\": 2}\r\n"
                "{\"event\": \"RESUME\", \"data\": {\"x\": 4711}}\r\n  ";

        for (size_t at = 1; at < sizeof(stream) - 1; at++) {
                Talk *t = talk_ready(1000000);

                CHECK(ask(t, "x") == 0);
                CHECK(send(t->peer, stream, at, 0) == (ssize_t) at);
                settle(t);
                CHECK(send(t->peer, stream + at, sizeof(stream) - 1 - at, 0) > 0);
                settle(t);
                CHECK(t->replies == 1 && t->failures == 0 && t->closed == 0);
                CHECK_TEXT(t->reply_text,
                           "{\"n\":-17,\"f\":1.25e2,\"t\":[true,false,null,\"é\\n\"]}");
                CHECK_TEXT(t->last_event, "RESUME { \"x\": 4711 }");
                talk_free(t);
        }
}

static void test_error_answer(void) {
        Talk *t = talk_ready(1000000);

        CHECK(ask(t, "device_del") == 0 && ask(t, "other") == 0);
        say(t, "{\"id\": 2, \"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no x\"}}");
        settle(t);
        CHECK(t->failures == 1 && t->code == ERROR_MONITOR_FAILED);
        CHECK_TEXT(t->reply_text, "unable to execute QEMU command 'device_del': no x");
        say(t, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}");
        settle(t);
        CHECK(t->failures == 2);
        CHECK_TEXT(t->reply_text, "unable to execute QEMU command 'other': JSON parse error");
        say(t, "{\"error\": {\"desc\": \"for nobody\"}}{\"return\": {}, \"id\": 99}");
        settle(t);
        CHECK(t->replies == 2 && t->closed == 0);
        talk_free(t);
}

static void test_garbage(void) {
        static const struct {
                const char *said, *shown;
        } cases[] = {
                { "hello", "QEMU's monitor sent garbage: \"hello\"" },
                { "\x1b[31m\\", "QEMU's monitor sent garbage: \"\\x1b[31m\\x5c\"" },
                { "{\"return\": tru}", "QEMU's monitor sent garbage: \"{\"return\": tru}\"" },
                { "[1, 2]", "QEMU's monitor sent garbage: \"[1, 2]\"" },
                { "{\"a\": 'b'}", "QEMU's monitor sent garbage: \"{\"a\": 'b'}\"" },
                { "{}", "QEMU's monitor sent what is no message of QMP: \"{}\"" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Talk *t = talk_ready(1000000);
                char whole[512];

                CHECK(ask(t, "one") == 0 && ask(t, "two") == 0);
                say(t, cases[i].said);
                settle(t);
                CHECK(t->failures == 2 && t->closed == 1 && !t->qmp);
                snprintf(whole, sizeof(whole), "guest1: %s", cases[i].shown);
                CHECK_TEXT(t->reply_text, whole);
                CHECK(strstr(t->closed_text, whole));
                talk_free(t);
        }
}

static void test_garbage_with_nul(void) {
        Talk *t = talk_ready(1000000);

        CHECK(send(t->peer, "{\"a\"\0: 1}", 9, 0) == 9);
        settle(t);
        CHECK(t->closed == 1);
        CHECK(strstr(t->closed_text, "{\"a\"\\x00"));
        talk_free(t);
}

static void test_oversize(void) {
        Talk *t = talk_ready(10000000);
        static char block[1 << 16];

        memset(block, 'a', sizeof(block));
        say(t, "{\"event\": \"");
        CHECK(fcntl(t->peer, F_SETFL, O_NONBLOCK) == 0);
        for (size_t sent = 0; sent <= QMP_ANSWER_MAX + 2 * sizeof(block) && !t->closed;) {
                ssize_t n = send(t->peer, block, sizeof(block), MSG_NOSIGNAL);

                sent += n > 0 ? n : 0;
                (void) sd_event_run(t->event, 0);
        }
        settle(t);
        CHECK(t->closed == 1);
        CHECK(strstr(t->closed_text, "a message without end: \"{\"event\": \"aaaa"));
        talk_free(t);
}

/* A large answer costs time in proportion to its size. */
static void test_large(void) {
        Talk *t = talk_ready(10000000);
        static char text[8 << 20];
        size_t n = sprintf(text, "{\"return\": [");

        while (n < sizeof(text) - 200)
                n += sprintf(text + n, "{\"name\": \"%zu\", \"meta-type\": \"object\"}, ", n);
        n += sprintf(text + n, "{}], \"id\": 2}");
        CHECK(ask(t, "query-qmp-schema") == 0);
        CHECK(fcntl(t->peer, F_SETFL, O_NONBLOCK) == 0);
        for (size_t sent = 0; sent < n;) {
                ssize_t done = send(t->peer, text + sent, n - sent, MSG_NOSIGNAL);

                sent += done > 0 ? done : 0;
                (void) sd_event_run(t->event, 0);
        }
        settle(t);
        CHECK(t->replies == 1 && t->failures == 0);
        talk_free(t);
}

static void test_timeout(void) {
        Talk *t = talk_ready(50000);

        CHECK(ask(t, "slow") == 0);
        settle_for(t, 450);
        CHECK(t->failures == 1 && t->code == ERROR_OPERATION_TIMEOUT && t->closed == 0);
        CHECK_TEXT(t->reply_text, "guest1: QEMU did not answer slow within 0.05 s");
        CHECK(ask(t, "next") == 0);
        say(t, "{\"return\": {\"late\": 1}, \"id\": 2}{\"return\": {\"mine\": 1}, \"id\": 3}");
        settle(t);
        CHECK(t->replies == 2);
        CHECK_TEXT(t->reply_text, "{\"mine\":1}");
        talk_free(t);
}

static void test_silent_greeting(void) {
        Talk *t = talk_new(50000);

        CHECK(ask(t, "x") == 0);
        settle_for(t, 450);
        CHECK(t->failures == 1 && t->closed == 1 && t->code == ERROR_OPERATION_TIMEOUT);
        CHECK_TEXT(t->closed_text, "Timed out during operation: guest1: "
                                   "QEMU's monitor said nothing within 0.05 s");
        talk_free(t);
}

static void test_end_of_file(void) {
        Talk *t = talk_ready(1000000);

        CHECK(qmp_call(t->qmp, "quit", NULL, on_reply_ask, t, NULL) == 0);
        close(TAKE_FD(t->peer));
        settle(t);
        CHECK(t->failures == 1 && t->closed == 1);
        CHECK_TEXT(t->reply_text, "guest1: QEMU closed its monitor");
        talk_free(t);
}

static void test_call_in_reply(void) {
        Talk *t = talk_ready(1000000);

        CHECK(qmp_call(t->qmp, "first", NULL, on_reply_ask, t, NULL) == 0);
        say(t, "{\"return\": {}, \"id\": 2}{\"return\": {\"b\": 2}, \"id\": 3}");
        settle(t);
        CHECK(t->replies == 2 && t->failures == 0);
        CHECK_TEXT(t->reply_text, "{\"b\":2}");
        talk_free(t);
}

static void test_free_inside(void) {
        Talk *t = talk_ready(1000000);

        t->free_in_reply = true;
        CHECK(ask(t, "a") == 0 && ask(t, "b") == 0);
        say(t, "{\"return\": {}, \"id\": 2}{\"return\": {}, \"id\": 3}{\"event\": \"X\"}");
        settle(t);
        CHECK(t->replies == 1 && t->closed == 0 && !t->qmp);
        CHECK_TEXT(t->last_event, "");
        talk_free(t);

        t = talk_ready(1000000);
        t->free_in_event = true;
        CHECK(ask(t, "a") == 0);
        say(t, "{\"event\": \"X\"}{\"return\": {}, \"id\": 2}");
        settle(t);
        CHECK(t->replies == 0 && t->closed == 0 && !t->qmp);
        talk_free(t);

        t = talk_ready(50000); /* inside a timed out reply, with another that timed out too */
        t->free_in_reply = true;
        CHECK(ask(t, "a") == 0 && ask(t, "b") == 0);
        settle_for(t, 450);
        CHECK(t->failures == 1 && !t->qmp);
        talk_free(t);

        t = talk_ready(1000000); /* inside the failure of all */
        t->free_in_reply = true;
        CHECK(ask(t, "a") == 0 && ask(t, "b") == 0);
        close(TAKE_FD(t->peer));
        settle(t);
        CHECK(t->failures == 1 && t->closed == 0 && !t->qmp);
        talk_free(t);
}

/* A socket that is full: everything comes in order once the peer reads again; what timed out in the
 * meantime and had not begun never comes. */
static void test_full_socket(void) {
        Talk *t = talk_ready(100000);
        static char big[200001], all[8 << 20];
        size_t n = 0, lines = 0;

        memset(big, 'x', sizeof(big) - 1);
        for (int i = 0; i < 20; i++)
                CHECK(qmp_call(t->qmp, "big", qmp_arguments("s", "text", big, NULL), on_reply, t,
                               NULL) == 0);
        settle_for(t, 500);
        CHECK(t->failures == 20 && t->closed == 0);
        CHECK(ask(t, "after") == 0);
        for (int idle = 0; idle < 20;) {
                (void) sd_event_run(t->event, 1000);
                size_t got = strlen(hear(t));

                idle = got > 0 ? 0 : idle + 1;
                memcpy(all + n, t->heard, got);
                n += got;
        }
        all[n] = '\0';
        for (char *end, *line = all; (end = strchr(line, '\n')); line = end + 1) {
                json_object *o;

                *end = '\0';
                o = json_tokener_parse(line);
                CHECK(o && json_text(o, "execute"));
                json_object_put(o);
                lines++;
        }
        CHECK(lines >= 2 && lines < 21);
        say(t, "{\"return\": {\"end\": 1}, \"id\": 22}");
        settle(t);
        CHECK(t->replies == 21 && t->failures == 20);
        talk_free(t);
}

static void test_fd(void) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        char text[256] = {};
        struct iovec iov = { text, sizeof(text) - 1 };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                                  .msg_controllen = sizeof(control) };
        Talk *t = talk_ready(1000000);
        int got, ends[2];

        CHECK(pipe2(ends, O_CLOEXEC) == 0);
        CHECK(qmp_call_fd(t->qmp, "getfd", qmp_arguments("s", "fdname", "f", NULL), ends[1],
                          on_reply, t, NULL) == 0);
        close(ends[1]);
        settle(t);
        CHECK(recvmsg(t->peer, &message, MSG_CMSG_CLOEXEC) > 0);
        CHECK_TEXT(text, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"f\"},\"id\":2}\n");
        CHECK(control.header.cmsg_type == SCM_RIGHTS);
        memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
        CHECK(write(got, "!", 1) == 1 && read(ends[0], text, 1) == 1 && text[0] == '!');
        close(got);
        CHECK(read(ends[0], text, 1) == 0); /* nobody else holds it */
        close(ends[0]);
        CHECK(qmp_call_fd(t->qmp, "getfd", NULL, 9999, NULL, NULL, NULL) == -EBADF);
        talk_free(t);
}

int main(void) {
        test_arguments();
        test_early_command();
        test_split();
        test_error_answer();
        test_garbage();
        test_garbage_with_nul();
        test_oversize();
        test_large();
        test_timeout();
        test_silent_greeting();
        test_end_of_file();
        test_call_in_reply();
        test_free_inside();
        test_full_socket();
        test_fd();
        return 0;
}
