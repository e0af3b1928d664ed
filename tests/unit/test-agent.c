/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation with a guest's agent, against a scripted peer at the other end of a socket
 * pair. */
#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "drivers/qemu/agent.h"
#include "tests/unit/check.h"

#define PATIENCE 200000 /* us, of those that wait in vain */
#define LONG UINT64_C(100000000)

typedef struct Talk {
        sd_event *event;
        Agent *agent;
        int peer; /* of the connection that was made last */
        int opened, replies;
        bool fail_open, free_in_reply, ask_in_reply;
        ErrorCode code;
        char reply[256];
        char heard[65536];
} Talk;

static int open_peer(void *userdata, Error *error) {
        Talk *t = userdata;
        int fds[2];

        if (t->fail_open)
                return fail(error, ERROR_AGENT_UNRESPONSIVE, "nobody there");
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        if (t->peer >= 0)
                close(t->peer);
        t->peer = fds[1];
        t->opened++;
        return fds[0];
}

static void on_reply(json_object *value, Error *error, void *userdata) {
        Talk *t = userdata;

        t->replies++;
        t->code = error->code;
        CHECK((value == NULL) == (error->code != ERROR_NONE));
        snprintf(t->reply, sizeof(t->reply), "%.200s",
                 value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN)
                       : error->message);
        if (t->ask_in_reply && t->replies < 3)
                CHECK(agent_call(t->agent, "again", NULL, AGENT_ANSWERS, on_reply, t, NULL) == 0);
        if (t->free_in_reply)
                t->agent = agent_free(t->agent);
}

static void settle(Talk *t) {
        while (sd_event_run(t->event, 0) > 0)
                ;
}

/* Runs until there are so many replies. */
static void until(Talk *t, int replies) {
        while (t->replies < replies)
                CHECK(sd_event_run(t->event, UINT64_MAX) >= 0);
}

static const char *hear(Talk *t) {
        ssize_t n = recv(t->peer, t->heard, sizeof(t->heard) - 1, MSG_DONTWAIT);

        t->heard[n > 0 ? n : 0] = '\0';
        return t->heard;
}

static void say_n(Talk *t, const char *text, size_t n) {
        while (n > 0) {
                ssize_t sent = send(t->peer, text, n, MSG_NOSIGNAL);

                settle(t);
                CHECK(sent > 0 || errno == EAGAIN);
                text += MAX(sent, 0);
                n -= MAX(sent, 0);
        }
}

static void say(Talk *t, const char *text) {
        say_n(t, text, strlen(text));
        settle(t);
}

/* Reads the question that comes first and returns its number. */
static int64_t hear_sync(Talk *t) {
        int64_t id = 0;

        hear(t);
        CHECK(sscanf(t->heard,
                     "\xff{\"execute\":\"guest-sync-delimited\","
                     "\"arguments\":{\"id\":%" SCNd64 "}}", &id) == 1);
        return id;
}

static void say_sync(Talk *t, int64_t id) {
        char text[64];

        snprintf(text, sizeof(text), "\xff{\"return\": %" PRId64 "}\n", id);
        say(t, text);
}

static Talk *talk_new(uint64_t patience) {
        Talk *t = calloc(1, sizeof(Talk));

        CHECK(t && sd_event_new(&t->event) >= 0);
        t->peer = -1;
        CHECK(agent_new(t->event, "guest1", patience, open_peer, t, &t->agent, NULL) == 0);
        return t;
}

static void talk_free(Talk *t) {
        agent_free(t->agent);
        if (t->peer >= 0)
                close(t->peer);
        sd_event_unref(t->event);
        free(t);
}

static void ask(Talk *t, const char *command, AgentManner manner) {
        CHECK(agent_call(t->agent, command, NULL, manner, on_reply, t, NULL) == 0);
        settle(t);
}

/* Up to the question itself. */
static void ask_synced(Talk *t, const char *command, AgentManner manner) {
        char wanted[128];

        ask(t, command, manner);
        say_sync(t, hear_sync(t));
        snprintf(wanted, sizeof(wanted), "{\"execute\":\"%s\"}\n", command);
        CHECK_TEXT(hear(t), wanted);
}

static void test_answers(void) {
        Talk *t = talk_new(LONG);

        CHECK(t->opened == 0); /* not before there is a question */
        ask_synced(t, "guest-ping", AGENT_ANSWERS);
        CHECK(t->replies == 0);
        say(t, "{\"return\": {\"a\": [1,");
        say(t, "2]}}\n");
        CHECK(t->replies == 1 && t->code == ERROR_NONE);
        CHECK_TEXT(t->reply, "{\"a\":[1,2]}");
        ask_synced(t, "unknown", AGENT_ANSWERS);
        say(t, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no such thing\"}}\n");
        CHECK(t->replies == 2 && t->code == ERROR_OPERATION_UNSUPPORTED);
        CHECK_TEXT(t->reply, "unable to execute QEMU agent command 'unknown': no such thing");
        ask_synced(t, "other", AGENT_ANSWERS);
        say(t, "{\"error\": {\"class\": \"GenericError\"}}\n");
        CHECK(t->replies == 3 && t->code == ERROR_INTERNAL);
        CHECK(t->opened == 1);
        talk_free(t);
}

/* What an earlier question left in the channel is passed over, whatever it is. */
static void test_old_answers(void) {
        static const char rubbish[] =
                "{\"return\": 1}\n\xff\xff{]\n\xff{\"return\": 4711}\nxyz\xff";
        Talk *t = talk_new(LONG);
        int64_t id;

        ask(t, "x", AGENT_ANSWERS);
        id = hear_sync(t);
        say(t, rubbish);
        CHECK_TEXT(hear(t), "");
        for (int i = 0; i < 100; i++)
                say(t, "{\"return\": \"a line that is longer than what is waited for by far\", "
                       "\"and\": \"still longer, so that it can't be what was asked for\"}\n");
        say_sync(t, id);
        CHECK_TEXT(hear(t), "{\"execute\":\"x\"}\n");
        say(t, "{\"return\": 5}\nleft over");
        CHECK(t->replies == 1);
        CHECK_TEXT(t->reply, "5");
        ask_synced(t, "y", AGENT_ANSWERS);
        say(t, "\n{\"return\": 6}\n");
        CHECK_TEXT(t->reply, "6");
        talk_free(t);
}

/* Nobody listens: then the question is never sent. */
static void test_silence(void) {
        Talk *t = talk_new(PATIENCE);
        int64_t id;

        ask(t, "guest-shutdown", AGENT_SILENT);
        ask(t, "next", AGENT_ANSWERS); /* waits behind it, and its time runs */
        id = hear_sync(t);
        until(t, 2);
        CHECK(t->code == ERROR_AGENT_UNRESPONSIVE);
        hear(t);
        say_sync(t, id); /* too late */
        CHECK_TEXT(hear(t), "");
        ask(t, "x", AGENT_ANSWERS);
        CHECK(hear_sync(t) != id);
        until(t, 3);
        CHECK(t->code == ERROR_AGENT_UNRESPONSIVE);
        talk_free(t);
}

/* Who heard and says nothing agrees, where that is how it is. */
static void test_consent(void) {
        Talk *t = talk_new(PATIENCE);

        ask_synced(t, "guest-shutdown", AGENT_SILENT);
        until(t, 1);
        CHECK(t->code == ERROR_NONE);
        ask_synced(t, "guest-ping", AGENT_ANSWERS);
        until(t, 2);
        CHECK(t->code == ERROR_AGENT_UNRESPONSIVE);
        ask_synced(t, "guest-shutdown", AGENT_SILENT);
        agent_gone(t->agent);
        CHECK(t->replies == 3 && t->code == ERROR_NONE);
        ask(t, "guest-shutdown", AGENT_SILENT);
        agent_gone(t->agent);
        CHECK(t->replies == 4 && t->code == ERROR_AGENT_UNRESPONSIVE);
        CHECK(t->opened == 2);
        ask_synced(t, "guest-shutdown", AGENT_SILENT);
        say(t, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n");
        CHECK(t->replies == 5 && t->code == ERROR_INTERNAL);
        CHECK(t->opened == 3);
        talk_free(t);
}

static void test_garbage(void) {
        static const char *const answers[] = {
                "nonsense\n", "[1]\n", "{}\n", "17\n", "{\"return\": \"\xc3\x28\"}\n",
                "{\"return\"\n",
                "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
        };
        Talk *t = talk_new(LONG);

        for (size_t i = 0; i < ELEMENTS(answers); i++) {
                t->replies = 0;
                ask_synced(t, "x", AGENT_ANSWERS);
                say(t, answers[i]);
                CHECK(t->replies == 1);
                CHECK(t->code == ERROR_AGENT_UNRESPONSIVE);
        }
        ask_synced(t, "x", AGENT_ANSWERS);
        say(t, "{\"return\": \"still there\"}\n");
        CHECK_TEXT(t->reply, "\"still there\"");
        talk_free(t);
}

/* More than an answer has ends the call, and is never held in memory. */
static void test_flood(void) {
        static char flood[1 << 16];
        Talk *t = talk_new(LONG);

        memset(flood, '[', sizeof(flood));
        ask_synced(t, "x", AGENT_ANSWERS);
        for (size_t n = 0; n <= AGENT_ANSWER_MAX && t->replies == 0; n += sizeof(flood))
                say_n(t, flood, sizeof(flood));
        CHECK(t->replies == 1 && t->code == ERROR_AGENT_UNRESPONSIVE);
        ask(t, "y", AGENT_ANSWERS);
        CHECK(t->opened == 2);
        for (int i = 0; i < 200 && t->replies == 1; i++)
                say_n(t, flood, sizeof(flood));
        CHECK(t->replies == 2 && t->code == ERROR_AGENT_UNRESPONSIVE);
        ask_synced(t, "z", AGENT_ANSWERS);
        CHECK(t->opened == 3);
        say(t, "{\"return\": 1}\n");
        CHECK(t->replies == 3 && t->code == ERROR_NONE);
        talk_free(t);
}

/* While there is no question nothing is read. */
static void test_unasked(void) {
        static char flood[1 << 16];
        Talk *t = talk_new(LONG);
        ssize_t n;

        ask_synced(t, "x", AGENT_ANSWERS);
        say(t, "{\"return\": 1}\n");
        do {
                n = send(t->peer, flood, sizeof(flood), MSG_NOSIGNAL | MSG_DONTWAIT);
                settle(t);
        } while (n > 0);
        CHECK(errno == EAGAIN);
        CHECK(send(t->peer, flood, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
        talk_free(t);
}

static void test_ends(void) {
        Talk *t = talk_new(LONG);

        t->fail_open = true;
        CHECK(agent_call(t->agent, "x", NULL, AGENT_ANSWERS, on_reply, t, NULL) < 0);
        t->fail_open = false;
        ask(t, "x", AGENT_ANSWERS);
        ask(t, "y", AGENT_ANSWERS);
        close(TAKE_FD(t->peer)); /* the first ends, the second has a connection of its own */
        settle(t);
        CHECK(t->replies == 1 && t->opened == 2);
        t->ask_in_reply = true;
        say_sync(t, hear_sync(t));
        hear(t);
        say(t, "{\"return\": 1}\n");
        CHECK(t->replies == 2 && t->code == ERROR_NONE);
        t->ask_in_reply = false;
        t->free_in_reply = true;
        say_sync(t, hear_sync(t));
        hear(t);
        say(t, "{\"return\": 1}\n{\"return\": 2}\n");
        CHECK(t->replies == 3 && !t->agent);
        talk_free(t);

        t = talk_new(LONG);
        ask(t, "x", AGENT_ANSWERS);
        ask(t, "y", AGENT_ANSWERS);
        t->agent = agent_free(t->agent);
        CHECK(t->replies == 2 && t->code == ERROR_AGENT_UNRESPONSIVE);
        talk_free(t);
}

/* Texts that JSON can hold and D-Bus can't. */
static void test_texts(void) {
        static const struct {
                const char *json;
                bool good;
        } texts[] = {
                { "{\"a\": \"b\"}", true }, { "{\"a\": \"\xc3\xa9\"}", true },
                { "{\"a\": \"\\uffff\"}", false }, { "{\"a\": \"\\ufdd0\"}", false },
                { "{\"a\": \"\\uffee\"}", true }, { "{\"a\": \"\\ud83f\\udffe\"}", false },
                { "{\"a\": 1}", false }, { "[]", false },
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                json_object *value = json_tokener_parse(texts[i].json);

                CHECK((agent_text(value, "a") != NULL) == texts[i].good);
                json_object_put(value);
        }
}

int main(void) {
        test_answers();
        test_old_answers();
        test_silence();
        test_consent();
        test_garbage();
        test_flood();
        test_unasked();
        test_ends();
        test_texts();
        return 0;
}
