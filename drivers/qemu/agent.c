/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation with an agent in a guest: JSON by lines, one question at a time.
 *
 * The channel has no beginning: what lies in it may be the end of an answer that somebody gave up
 * on long ago, and a question that nobody reads is still there when an agent starts later. So each
 * question is preceded by guest-sync-delimited with a number of its own, sent behind a byte that
 * makes the agent's parser begin anew; everything up to the answer with that number is passed over.
 * Only then, when somebody is known to listen, the question itself is sent: a shutdown that timed
 * out must not be carried out a day later.
 *
 * The first call in the list is the one that is on its way. Replies may do anything, agent_free()
 * included, so an Agent is held while one of them runs, and looked at again afterwards. */
#include "drivers/qemu/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "drivers/qemu/qmp.h"

#define READ_SIZE (32u << 10)
#define SYNC_PATIENCE (5 * UINT64_C(1000000)) /* us; an agent that listens answers at once */
#define SYNC_MAX 128                          /* bytes of its answer to that */
#define SKIP_MAX (2 * AGENT_ANSWER_MAX)       /* bytes that are passed over to find it */
#define DEPTH_MAX 32
#define DELIMITER 0xff /* is in no text of JSON */

typedef enum Phase {
        WAITING, /* for its turn */
        SYNCING,
        ASKING,
} Phase;

typedef struct Call {
        struct Call *next;
        Phase phase;
        char *name, *text;
        AgentManner manner;
        uint64_t deadline, sync_deadline;
        AgentReply reply;
        void *userdata;
} Call;

struct Agent {
        unsigned held;
        bool freed;
        sd_event *event;
        sd_event_source *io, *timer;
        int socket; /* -1: none yet */
        char *name;
        uint64_t patience;
        AgentOpen open;
        void *userdata;
        Call *first;
        int64_t sync;        /* the number of the last one */
        char *out;           /* what is sent */
        size_t out_size, sent;
        char *line;          /* what came of a line */
        size_t size, allocated;
        size_t skipped;      /* bytes that were none of this call's */
        bool delimited;      /* a byte came that begins an answer to a sync */
};

static Call *call_free(Call *call) {
        if (!call)
                return NULL;
        free(call->name);
        if (call->text) /* it may be a password */
                explicit_bzero(call->text, strlen(call->text));
        free(call->text);
        free(call);
        return NULL;
}
DEFINE_CLEANUP(Call *, call_free);

static void hold(Agent *agent) {
        agent->held++;
}

static void release(Agent *agent) {
        if (--agent->held > 0 || !agent->freed)
                return;
        sd_event_source_disable_unref(agent->timer);
        sd_event_unref(agent->event);
        free(agent->name);
        free(agent);
}

static void out_clear(Agent *agent) {
        if (agent->out)
                explicit_bzero(agent->out, agent->out_size);
        free(TAKE(agent->out));
        agent->out_size = agent->sent = 0;
}

static void disconnect(Agent *agent) {
        agent->io = sd_event_source_disable_unref(agent->io);
        if (agent->socket >= 0)
                close(TAKE_FD(agent->socket));
}

/* ---- the end of a call ---- */

/* What was left of it in either direction is of no use to the next. */
static void call_end(Agent *agent, Call *call, json_object *value, Error *error) {
        Call **at = &agent->first;

        while (*at != call)
                at = &(*at)->next;
        *at = call->next;
        if (call->phase != WAITING) {
                out_clear(agent);
                free(TAKE(agent->line));
                agent->size = agent->allocated = 0;
                if (agent->io)
                        (void) sd_event_source_set_enabled(agent->io, SD_EVENT_OFF);
        }
        call->reply(value, error, call->userdata);
        call_free(call);
}

/* It said nothing, which of some is a yes. */
_printf_(3, 4) static void call_fail(Agent *agent, Call *call, const char *format, ...) {
        bool consent = call->manner == AGENT_SILENT && call->phase == ASKING;
        json_object *nothing = consent ? json_object_new_object() : NULL;
        _cleanup_(freep) char *text = NULL;
        Error error = { .origin = ORIGIN_QEMU };
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!nothing) {
                (void) fail(&error, ERROR_AGENT_UNRESPONSIVE, "%s", text ?: "out of memory");
                error.object = strdup(agent->name);
        }
        call_end(agent, call, nothing, &error);
        json_object_put(nothing);
        error_clear(&error);
}

static uint64_t now_of(Agent *agent) {
        uint64_t now = 0;

        (void) sd_event_now(agent->event, CLOCK_MONOTONIC, &now);
        return now;
}

static uint64_t call_deadline(const Call *call) {
        return call->phase == SYNCING ? MIN(call->deadline, call->sync_deadline) : call->deadline;
}

static void set_timer(Agent *agent) {
        uint64_t first = UINT64_MAX;

        for (const Call *call = agent->first; call; call = call->next)
                first = MIN(first, call_deadline(call));
        if (first < UINT64_MAX)
                (void) sd_event_source_set_time(agent->timer, first);
        (void) sd_event_source_set_enabled(agent->timer,
                                           first < UINT64_MAX ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* ---- sending ---- */

static void flush(Agent *agent) {
        while (agent->sent < agent->out_size) {
                ssize_t n = send(agent->socket, agent->out + agent->sent,
                                 agent->out_size - agent->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break; /* another error is found by the loop, as the end of the socket */
                agent->sent += n;
        }
        (void) sd_event_source_set_io_events(
                agent->io, EPOLLIN | (agent->sent < agent->out_size ? EPOLLOUT : 0));
        (void) sd_event_source_set_enabled(agent->io, SD_EVENT_ON);
}

/* Takes text. */
static int send_text(Agent *agent, char *text) {
        if (!text)
                return -ENOMEM;
        out_clear(agent);
        agent->out = text;
        agent->out_size = strlen(text);
        flush(agent);
        return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static int connect_now(Agent *agent, Error *error) {
        int fd = agent->socket >= 0 ? agent->socket : agent->open(agent->userdata, error);
        int r;

        if (fd < 0 || agent->socket >= 0)
                return MIN(fd, 0);
        r = sd_event_add_io(agent->event, &agent->io, fd, EPOLLIN, on_io, agent);
        if (r < 0) {
                close(fd);
                return fail_errno(error, r, "cannot listen to the guest agent");
        }
        agent->socket = fd;
        return 0;
}

static int begin(Agent *agent, Call *call, Error *error) {
        char *text = NULL;
        int r = connect_now(agent, error);

        if (r < 0)
                return r;
        agent->skipped = 0;
        agent->delimited = false;
        if (asprintf(&text, "%c{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%" PRId64
                     "}}\n", DELIMITER, ++agent->sync) < 0)
                return fail_memory(error);
        call->phase = SYNCING;
        call->sync_deadline = now_of(agent) + SYNC_PATIENCE;
        return send_text(agent, text);
}

/* The next one's turn; one that can't even begin ends. */
static void go_on(Agent *agent) {
        while (!agent->freed && agent->first && agent->first->phase == WAITING) {
                Call *call = agent->first;
                Error error = { .origin = ORIGIN_QEMU };

                if (begin(agent, call, &error) < 0)
                        call_end(agent, call, NULL, &error);
                error_clear(&error);
        }
        if (!agent->freed)
                set_timer(agent);
}

/* ---- what comes ---- */

static json_object *parse(const char *text, size_t size) {
        json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
        json_object *value = NULL;

        if (!tokener)
                return NULL;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
                                                JSON_TOKENER_VALIDATE_UTF8);
        value = json_tokener_parse_ex(tokener, text, (int) size);
        if (json_tokener_get_error(tokener) != json_tokener_success) {
                json_object_put(value);
                value = NULL;
        }
        json_tokener_free(tokener);
        return value;
}

/* JSON may say what no message of D-Bus may hold: codes that are set aside as no characters. */
static bool is_plain(const char *text) {
        for (const unsigned char *c = (const unsigned char *) text; c[0]; c++) {
                bool last = (c[0] == 0xef || (c[0] & 0xcf) == 0x8f) && c[1] == 0xbf &&
                            (c[2] == 0xbe || c[2] == 0xbf);

                if (last || (c[0] == 0xef && c[1] == 0xb7 && c[2] >= 0x90 && c[2] <= 0xaf))
                        return false;
        }
        return true;
}

const char *agent_text(json_object *object, const char *name) {
        const char *text = json_text(object, name);

        return text && is_plain(text) ? text : NULL;
}

/* Somebody listens: now the question. */
static void synced(Agent *agent, Call *call, json_object *message) {
        if (!json_object_is_type(json_member(message, "return"), json_type_int) ||
            json_number(message, "return", 0) != agent->sync)
                return;
        call->phase = ASKING;
        if (call->manner == AGENT_SILENT)
                call->deadline = MIN(call->deadline, now_of(agent) + SYNC_PATIENCE);
        if (send_text(agent, TAKE(call->text)) < 0)
                call_fail(agent, call, "out of memory");
}

static void refused(Agent *agent, Call *call, json_object *failure) {
        const char *kind = json_text(failure, "class");
        bool unknown = kind && strcmp(kind, "CommandNotFound") == 0;
        Error error = { .origin = ORIGIN_QEMU };

        (void) fail(&error, unknown ? ERROR_OPERATION_UNSUPPORTED : ERROR_INTERNAL,
                    "unable to execute QEMU agent command '%s': %s", call->name,
                    agent_text(failure, "desc") ?: "no reason given");
        error.object = strdup(agent->name);
        call_end(agent, call, NULL, &error);
        error_clear(&error);
}

static void answered(Agent *agent, Call *call, json_object *message) {
        json_object *value = json_member(message, "return");
        json_object *failure = json_member(message, "error");

        if (value)
                call_end(agent, call, value, &(Error) {});
        else if (failure)
                refused(agent, call, failure);
        else
                call_fail(agent, call, "guest agent of '%s' sent garbage for an answer to %s",
                          agent->name, call->name);
}

static void take_line(Agent *agent, Call *call) {
        bool wanted = call->phase == ASKING ? agent->size > 0 : agent->delimited;
        json_object *message = wanted ? parse(agent->line, agent->size) : NULL;

        agent->size = 0;
        agent->delimited = false;
        if (wanted && call->phase == SYNCING)
                synced(agent, call, message);
        else if (wanted)
                answered(agent, call, message);
        json_object_put(message);
}

static int append(Agent *agent, const char *bytes, size_t n) {
        if (agent->size + n > agent->allocated) {
                size_t wanted = MAX(agent->size + n, MAX(2 * agent->allocated, (size_t) 512));
                char *bigger = realloc(agent->line, wanted);

                if (!bigger)
                        return -ENOMEM;
                agent->line = bigger;
                agent->allocated = wanted;
        }
        memcpy(agent->line + agent->size, bytes, n);
        agent->size += n;
        return 0;
}

/* Takes a run of bytes without the two that mean something. Before the answer to a sync all is
 * passed over. */
static void take_bytes(Agent *agent, Call *call, const char *bytes, size_t n) {
        size_t most = call->phase == SYNCING ? SYNC_MAX : AGENT_ANSWER_MAX;
        bool wanted = call->phase == ASKING || agent->delimited;

        if (wanted && n <= most - agent->size) {
                if (append(agent, bytes, n) < 0)
                        call_fail(agent, call, "out of memory");
                return;
        }
        agent->delimited = false;
        agent->skipped += agent->size + n;
        agent->size = 0;
        if (call->phase == ASKING || agent->skipped > SKIP_MAX) {
                call_fail(agent, call, "guest agent of '%s' sends more than an answer has",
                          agent->name);
                disconnect(agent);
        }
}

static size_t run_of(const char *bytes, size_t n) {
        size_t i = 0;

        while (i < n && bytes[i] != '\n' && (unsigned char) bytes[i] != DELIMITER)
                i++;
        return i;
}

/* What follows the end of the call is nobody's; the next one begins later. */
static void feed(Agent *agent, const char *bytes, size_t n) {
        while (n > 0 && !agent->freed && agent->first && agent->first->phase != WAITING) {
                Call *call = agent->first;
                size_t run = run_of(bytes, n);

                if (run > 0)
                        take_bytes(agent, call, bytes, run);
                else if (*bytes == '\n')
                        take_line(agent, call);
                else {
                        agent->size = 0;
                        agent->delimited = true;
                }
                bytes += MAX(run, (size_t) 1);
                n -= MAX(run, (size_t) 1);
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char bytes[READ_SIZE];
        Agent *agent = userdata;

        hold(agent);
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n > 0)
                feed(agent, bytes, n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                disconnect(agent);
                if (agent->first)
                        call_fail(agent, agent->first, "the channel to the guest agent of '%s' "
                                  "was closed", agent->name);
        }
        if (!agent->freed && agent->socket >= 0 && agent->first && agent->first->phase != WAITING)
                flush(agent);
        go_on(agent);
        release(agent);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Agent *agent = userdata;
        Call *next;

        hold(agent);
        for (Call *call = agent->first; call && !agent->freed; call = next) {
                next = call->next;
                if (call_deadline(call) > usec)
                        continue;
                call_fail(agent, call, "guest agent of '%s' didn't answer %s in time", agent->name,
                          call->name);
                next = agent->freed ? NULL : agent->first; /* a reply may have asked again */
        }
        go_on(agent);
        release(agent);
        return 0;
}

/* ---- life ---- */

static int call_new(const char *command, json_object *arguments, Call **ret) {
        _cleanup_(call_freep) Call *call = calloc(1, sizeof(*call));
        json_object *object = qmp_arguments("s", "execute", command, "o", "arguments", arguments,
                                            NULL);
        const char *text = json_object_to_json_string_ext(
                object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

        if (call && text && asprintf(&call->text, "%s\n", text) < 0)
                call->text = NULL;
        if (text)
                explicit_bzero((char *) text, strlen(text));
        json_object_put(object);
        if (!call || !call->text || !(call->name = strdup(command)))
                return -ENOMEM;
        *ret = TAKE(call);
        return 0;
}

int agent_call(Agent *agent, const char *command, json_object *arguments, AgentManner manner,
               AgentReply reply, void *userdata, Error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Call **at = &agent->first;
        int r = 0;

        if (call_new(command, arguments, &call) < 0)
                return fail_memory(error);
        if (agent->freed)
                return fail(error, ERROR_AGENT_UNRESPONSIVE,
                            "the guest agent of '%s' is no longer there", agent->name);
        call->manner = manner;
        call->deadline = now_of(agent) +
                         agent->patience * (manner == AGENT_TAKES_LONG ? AGENT_LONG : 1);
        call->reply = reply;
        call->userdata = userdata;
        if (!agent->first && agent->held == 0)
                r = begin(agent, call, error);
        if (r < 0)
                return r;
        while (*at)
                at = &(*at)->next;
        *at = TAKE(call);
        set_timer(agent);
        return 0;
}

void agent_gone(Agent *agent) {
        hold(agent);
        disconnect(agent); /* what lies in the channel is of the past */
        for (Call *call = agent->first; call && !agent->freed; call = agent->first)
                call_fail(agent, call, "guest agent of '%s' disappeared while executing %s",
                          agent->name, call->name);
        if (!agent->freed)
                set_timer(agent);
        release(agent);
}

Agent *agent_free(Agent *agent) {
        if (!agent || agent->freed)
                return NULL;
        hold(agent);
        agent->freed = true;
        disconnect(agent);
        while (agent->first)
                call_fail(agent, agent->first, "the guest agent of '%s' is no longer there",
                          agent->name);
        release(agent);
        return NULL;
}

int agent_new(sd_event *event, const char *name, uint64_t patience, AgentOpen open, void *userdata,
              Agent **ret, Error *error) {
        Agent *agent = calloc(1, sizeof(*agent));
        struct timespec now = {};
        int r = 0;

        if (!agent)
                return fail_memory(error);
        (void) clock_gettime(CLOCK_REALTIME, &now); /* no number of an earlier life */
        *agent = (Agent) { .event = sd_event_ref(event), .socket = -1, .patience = patience,
                           .open = open, .userdata = userdata, .name = strdup(name),
                           .sync = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 };
        r = agent->name ? sd_event_add_time(event, &agent->timer, CLOCK_MONOTONIC, UINT64_MAX, 0,
                                            on_timer, agent)
                        : -ENOMEM;
        if (r >= 0)
                r = sd_event_source_set_enabled(agent->timer, SD_EVENT_OFF);
        if (r < 0) {
                agent_free(agent);
                return fail_errno(error, r, "cannot talk to the guest agent");
        }
        *ret = agent;
        return 0;
}
