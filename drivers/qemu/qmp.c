/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation with QEMU over QMP, on a non-blocking socket of the loop.
 *
 * Commands stand in one list from the moment they are made until they are answered. QEMU answers
 * in order, and all have the same patience, so the head of the list is both the command whose
 * answer comes next and the one whose deadline is the earliest: one timer does. "unsent" points
 * at the first command that the socket hasn't taken whole; what stands before it waits for an
 * answer. Nothing is sent before the greeting came and the capabilities were agreed on.
 *
 * A command that runs out of time is answered and forgotten, and the conversation goes on: what
 * was never sent never will be, an answer that comes later finds no command of its id and is
 * dropped. Only one that the socket took in part stays, without a voice, until its last byte is
 * out.
 *
 * Replies and handlers may do anything, qmp_free() included. So a Qmp is held while one of them
 * runs, and after each the state says whether there is somebody to go on for. The closed state is
 * final: socket, sources and commands are gone, and only the memory waits for its owner. Nothing
 * is called back from within qmp_call(): a socket that fails there is found failing by the loop. */
#include "drivers/qemu/qmp.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define READ_SIZE (32u << 10)
#define DEPTH_MAX 512 /* a chain of backing files nests one level per file */
#define HEAD_SIZE 48  /* bytes of a message that are shown when it is garbage */

typedef enum QmpState {
        QMP_GREETING, /* nothing came yet */
        QMP_AGREEING, /* qmp_capabilities is on its way, as the first in the list */
        QMP_READY,
        QMP_CLOSED,
} QmpState;

typedef struct Command {
        struct Command *next;
        uint64_t id, deadline;
        char *name, *text;
        size_t size, sent;
        int fd; /* our own duplicate, or -1 */
        bool forgotten;
        QmpReply reply;
        void *userdata;
} Command;

struct Qmp {
        QmpState state;
        unsigned held;
        bool freed;
        sd_event *event;
        sd_event_source *io, *timer;
        int socket;
        char *name;
        uint64_t patience, greeting_deadline, last_id;
        QmpHandlers handlers;
        void *userdata;
        Command *first, *last, *unsent;
        json_tokener *tokener; /* only within a message: a quiet guest costs no buffer */
        size_t size;           /* of this message until now */
        char head[HEAD_SIZE];
};

static Command *command_free(Command *command) {
        if (command->fd >= 0)
                close(command->fd);
        free(command->name);
        free(command->text);
        free(command);
        return NULL;
}

static void command_unlink(Qmp *qmp, Command *command) {
        Command *before = NULL;

        for (Command *i = qmp->first; i != command; i = i->next)
                before = i;
        if (before)
                before->next = command->next;
        else
                qmp->first = command->next;
        if (qmp->last == command)
                qmp->last = before;
        if (qmp->unsent == command)
                qmp->unsent = command->next;
        command->next = NULL;
}

/* After this nothing comes from the loop any more. */
static void disconnect(Qmp *qmp) {
        qmp->state = QMP_CLOSED;
        qmp->io = sd_event_source_disable_unref(qmp->io);
        qmp->timer = sd_event_source_disable_unref(qmp->timer);
        if (qmp->socket >= 0)
                close(TAKE_FD(qmp->socket));
        if (qmp->tokener)
                json_tokener_free(TAKE(qmp->tokener));
}

static void hold(Qmp *qmp) {
        qmp->held++;
}

static void release(Qmp *qmp) {
        if (--qmp->held > 0 || !qmp->freed)
                return;
        sd_event_unref(qmp->event);
        free(qmp->name);
        free(qmp);
}

Qmp *qmp_free(Qmp *qmp) {
        if (!qmp)
                return NULL;
        hold(qmp);
        qmp->freed = true;
        disconnect(qmp);
        while (qmp->first) {
                Command *command = qmp->first;

                command_unlink(qmp, command);
                command_free(command);
        }
        release(qmp);
        return NULL;
}

/* Gives a command its answer, after which it is no more. */
static void answer(Qmp *qmp, Command *command, json_object *value, Error *error) {
        command_unlink(qmp, command);
        if (command->reply)
                command->reply(qmp, value, error, command->userdata);
        command_free(command);
}

/* The end that wasn't asked for. Each command gets a copy: a reply may take its error away. */
static void finish(Qmp *qmp, Error *error) {
        Command *command;

        hold(qmp);
        disconnect(qmp);
        while ((command = qmp->first)) {
                Error copy = {};

                (void) fail(&copy, error->code, "%s", error->message ?: "");
                copy.origin = error->origin;
                copy.object = strdup(qmp->name);
                answer(qmp, command, NULL, &copy);
                error_clear(&copy);
        }
        if (!qmp->freed && qmp->handlers.closed)
                qmp->handlers.closed(qmp, error, qmp->userdata);
        release(qmp);
}

_printf_(3, 4) static void finish_with(Qmp *qmp, ErrorCode code, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        Error error = { .origin = ORIGIN_QEMU };
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        (void) fail(&error, code, "%s: %s", qmp->name, text ?: "out of memory");
        error.object = strdup(qmp->name);
        finish(qmp, &error);
        error_clear(&error);
}

static void finish_garbage(Qmp *qmp, const char *what) {
        char shown[HEAD_SIZE * 4 + 1];
        size_t n = 0;

        for (size_t i = 0; i < MIN(qmp->size, HEAD_SIZE); i++) {
                unsigned char c = qmp->head[i];

                if (c < 0x80 && isprint(c) && c != '\\')
                        shown[n++] = c;
                else
                        n += sprintf(shown + n, "\\x%02x", c);
        }
        shown[n] = '\0';
        finish_with(qmp, ERROR_OPERATION_FAILED, "QEMU's monitor sent %s: \"%s\"%s", what, shown,
                    qmp->size > HEAD_SIZE ? " ..." : "");
}

/* ---- sending ---- */

static ssize_t send_some(Qmp *qmp, Command *command) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec text = { command->text + command->sent, command->size - command->sent };
        struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1 };

        /* A descriptor travels with the first byte of its command. */
        if (command->fd >= 0) {
                message.msg_control = &control;
                message.msg_controllen = sizeof(control.space);
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(&control.header), &command->fd, sizeof(int));
        }
        ssize_t n = sendmsg(qmp->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0 && command->fd >= 0)
                close(TAKE_FD(command->fd));
        return n < 0 ? -errno : n;
}

static bool may_send(const Qmp *qmp, const Command *command) {
        return command && (qmp->state == QMP_READY ||
                           (qmp->state == QMP_AGREEING && command == qmp->first));
}

/* Sends what the socket takes. One that fails is found failing when the loop reads from it. */
static void flush(Qmp *qmp) {
        ssize_t n = 0;

        while (n >= 0 && may_send(qmp, qmp->unsent)) {
                Command *command = qmp->unsent;

                n = send_some(qmp, command);
                command->sent += n > 0 ? n : 0;
                if (command->sent < command->size)
                        continue;
                qmp->unsent = command->next;
                free(TAKE(command->text));
                if (command->forgotten) {
                        command_unlink(qmp, command);
                        command_free(command);
                }
        }
        (void) sd_event_source_set_io_events(qmp->io,
                        may_send(qmp, qmp->unsent) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int command_print(Command *command, json_object *arguments) {
        json_object *object = json_object_new_object();
        json_object *execute = json_object_new_string(command->name);
        json_object *id = json_object_new_uint64(command->id);
        const char *text = NULL;

        /* Members are taken one by one; what wasn't is put again. */
        if (object && execute && id) {
                if (json_object_object_add(object, "execute", execute) == 0)
                        execute = NULL;
                if (!arguments || json_object_object_add(object, "arguments", arguments) == 0)
                        arguments = NULL;
                if (json_object_object_add(object, "id", id) == 0)
                        id = NULL;
                if (!execute && !arguments && !id)
                        text = json_object_to_json_string_length(object,
                                JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                &command->size);
        }
        if (text && (command->text = malloc(command->size + 1))) {
                memcpy(command->text, text, command->size);
                command->text[command->size++] = '\n';
        }
        json_object_put(execute);
        json_object_put(arguments);
        json_object_put(id);
        json_object_put(object);
        return command->text ? 0 : -ENOMEM;
}

static int command_new(Qmp *qmp, const char *name, json_object *arguments, QmpReply reply,
                       void *userdata, Command **ret, Error *error) {
        Command *command = calloc(1, sizeof(Command));

        if (!command) {
                json_object_put(arguments);
                return fail_memory(error);
        }
        command->fd = -1;
        command->id = ++qmp->last_id;
        command->reply = reply;
        command->userdata = userdata;
        command->name = strdup(name);
        if (command_print(command, arguments) < 0 || !command->name) {
                command_free(command);
                return fail_memory(error);
        }
        *ret = command;
        return 0;
}

static uint64_t deadline_from_now(Qmp *qmp) {
        uint64_t now = 0;

        (void) sd_event_now(qmp->event, CLOCK_MONOTONIC, &now);
        return now + qmp->patience;
}

/* Deadlines only move away: a timer that runs already is early at worst and sets itself anew. */
static void timer_start(Qmp *qmp, uint64_t deadline) {
        int enabled = SD_EVENT_ON;

        (void) sd_event_source_get_enabled(qmp->timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time(qmp->timer, deadline);
        (void) sd_event_source_set_enabled(qmp->timer, SD_EVENT_ONESHOT);
}

int qmp_call_fd(Qmp *qmp, const char *name, json_object *arguments, int fd, QmpReply reply,
                void *userdata, Error *error) {
        Command *command;

        if (qmp->state == QMP_CLOSED) {
                json_object_put(arguments);
                return fail(error, ERROR_OPERATION_FAILED,
                            "%s: cannot ask QEMU for %s: its monitor is closed", qmp->name, name);
        }
        int r = command_new(qmp, name, arguments, reply, userdata, &command, error);
        if (r < 0)
                return r;
        if (fd >= 0 && (command->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) {
                r = fail_errno(error, -errno, "%s: no descriptor to go with %s", qmp->name, name);
                command_free(command);
                return r;
        }
        command->deadline = deadline_from_now(qmp);
        if (qmp->last)
                qmp->last->next = command;
        else
                qmp->first = command;
        qmp->last = command;
        qmp->unsent = qmp->unsent ?: command;
        timer_start(qmp, command->deadline);
        flush(qmp);
        return 0;
}

int qmp_call(Qmp *qmp, const char *command, json_object *arguments, QmpReply reply, void *userdata,
             Error *error) {
        return qmp_call_fd(qmp, command, arguments, -1, reply, userdata, error);
}

/* ---- what comes ---- */

static void on_agreed(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        if (qmp->state != QMP_AGREEING)
                return;
        if (!value) {
                finish_with(qmp, ERROR_OPERATION_FAILED, "QEMU refused the monitor's handshake: %s",
                            error->message ?: "");
                return;
        }
        qmp->state = QMP_READY;
        for (Command *i = qmp->first; i; i = i->next)
                i->deadline = deadline_from_now(qmp);
        flush(qmp);
        if (qmp->handlers.ready)
                qmp->handlers.ready(qmp, qmp->userdata);
}

/* The handshake goes before all commands that wait already. */
static void on_greeting(Qmp *qmp) {
        Command *command;

        if (qmp->state != QMP_GREETING)
                return;
        if (command_new(qmp, "qmp_capabilities", NULL, on_agreed, NULL, &command, NULL) < 0) {
                finish_with(qmp, ERROR_NO_MEMORY, "cannot greet QEMU");
                return;
        }
        command->deadline = qmp->greeting_deadline;
        command->next = qmp->first;
        qmp->first = qmp->unsent = command;
        qmp->last = qmp->last ?: command;
        qmp->state = QMP_AGREEING;
        flush(qmp);
}

/* An error without an id is QEMU not understanding what it read: that was the command it is at. */
static Command *find_command(Qmp *qmp, json_object *message) {
        json_object *id = json_member(message, "id");

        if (!id)
                return qmp->first != qmp->unsent ? qmp->first : NULL;
        for (Command *i = qmp->first; i && i != qmp->unsent; i = i->next)
                if (i->id == (uint64_t) json_object_get_int64(id))
                        return i;
        return NULL;
}

static void on_answer(Qmp *qmp, json_object *message) {
        json_object *value = json_member(message, "return");
        json_object *failure = json_member(message, "error");
        Command *command = find_command(qmp, message);
        Error error = { .origin = ORIGIN_QEMU };

        if (!command)
                return;
        if (!value) {
                (void) fail(&error, ERROR_MONITOR_FAILED, "unable to execute QEMU command '%s': %s",
                            command->name, json_text(failure, "desc") ?: "no reason given");
                error.object = strdup(qmp->name);
        }
        answer(qmp, command, value, &error);
        error_clear(&error);
}

static void on_message(Qmp *qmp, json_object *message) {
        const char *event = json_text(message, "event");

        if (event && qmp->handlers.event)
                qmp->handlers.event(qmp, event, json_member(message, "data"), qmp->userdata);
        else if (event)
                return;
        else if (json_member(message, "return") || json_member(message, "error"))
                on_answer(qmp, message);
        else if (json_member(message, "QMP"))
                on_greeting(qmp);
        else
                finish_garbage(qmp, "what is no message of QMP");
}

/* Feeds bytes to the parser up to the end of a message at most. Returns how many it took; *ret is
 * set when a message is complete. */
static ssize_t parse_some(Qmp *qmp, const char *bytes, size_t n, json_object **ret) {
        size_t shown = MIN(qmp->size, HEAD_SIZE);

        if (!qmp->tokener && !(qmp->tokener = json_tokener_new_ex(DEPTH_MAX)))
                return -ENOMEM;
        json_tokener_set_flags(qmp->tokener,
                               JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
        memcpy(qmp->head + shown, bytes, MIN(n, HEAD_SIZE - shown));
        *ret = json_tokener_parse_ex(qmp->tokener, bytes, (int) n);

        enum json_tokener_error reason = json_tokener_get_error(qmp->tokener);
        bool whole = reason == json_tokener_success;
        size_t taken = whole ? json_tokener_get_parse_end(qmp->tokener) : n;
        qmp->size += taken;
        if (whole ? json_object_is_type(*ret, json_type_object) : reason == json_tokener_continue)
                return (ssize_t) taken;
        return -EBADMSG;
}

/* Takes apart what was read; each message may end the conversation. */
static void feed(Qmp *qmp, const char *bytes, size_t n) {
        while (qmp->state != QMP_CLOSED) {
                json_object *message = NULL;

                if (!qmp->tokener)
                        for (; n > 0 && isspace((unsigned char) *bytes); n--)
                                bytes++;
                if (n == 0)
                        return;
                ssize_t taken = parse_some(qmp, bytes, n, &message);
                if (taken > 0 && qmp->size <= QMP_ANSWER_MAX) {
                        bytes += taken;
                        n -= taken;
                        if (message) {
                                json_tokener_free(TAKE(qmp->tokener));
                                on_message(qmp, message);
                                qmp->size = 0;
                        }
                } else if (taken == -ENOMEM)
                        finish_with(qmp, ERROR_NO_MEMORY, "cannot read QEMU's answer");
                else
                        finish_garbage(qmp, taken > 0 ? "a message without end" : "garbage");
                json_object_put(message);
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char bytes[READ_SIZE];
        Qmp *qmp = userdata;

        hold(qmp);
        ssize_t n = recv(qmp->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
        int r = n < 0 ? -errno : 0;
        if (n > 0)
                feed(qmp, bytes, n);
        if (n == 0 || r == -ECONNRESET) /* the latter when it left something of ours unread */
                finish_with(qmp, ERROR_OPERATION_FAILED, "QEMU closed its monitor");
        else if (r < 0 && r != -EAGAIN && r != -EINTR)
                finish_with(qmp, ERROR_OPERATION_FAILED, "QEMU's monitor failed: %s", strerror(-r));
        else if (qmp->state != QMP_CLOSED)
                flush(qmp);
        release(qmp);
        return 0;
}

/* Answers a command whose time is over, and leaves of it what the socket has begun to take. */
static void expire(Qmp *qmp, Command *command) {
        QmpReply reply = TAKE(command->reply);
        void *userdata = command->userdata;
        Error error = { .origin = ORIGIN_QEMU };

        (void) fail(&error, ERROR_OPERATION_TIMEOUT, "%s: QEMU did not answer %s within %g s",
                    qmp->name, command->name, (double) qmp->patience / 1e6);
        error.object = strdup(qmp->name);
        command->forgotten = true;
        if (command != qmp->unsent || command->sent == 0) {
                command_unlink(qmp, command);
                command_free(command);
        }
        if (reply)
                reply(qmp, NULL, &error, userdata);
        error_clear(&error);
}

static Command *first_waiting(Qmp *qmp) {
        Command *command = qmp->first;

        while (command && command->forgotten)
                command = command->next;
        return command;
}

static int on_timer(sd_event_source *source, uint64_t now, void *userdata) {
        Qmp *qmp = userdata;
        Command *command;

        hold(qmp);
        if (qmp->state < QMP_READY && qmp->greeting_deadline <= now)
                finish_with(qmp, ERROR_OPERATION_TIMEOUT, "QEMU's monitor said nothing within %g s",
                            (double) qmp->patience / 1e6);
        if (qmp->state < QMP_READY)
                timer_start(qmp, qmp->greeting_deadline);
        while (qmp->state == QMP_READY && (command = first_waiting(qmp))) {
                if (command->deadline > now) {
                        timer_start(qmp, command->deadline);
                        break;
                }
                expire(qmp, command);
        }
        release(qmp);
        return 0;
}

int qmp_new(sd_event *event, int socket, const char *name, uint64_t patience,
            const QmpHandlers *handlers, void *userdata, Qmp **ret, Error *error) {
        Qmp *qmp = calloc(1, sizeof(Qmp));

        if (!qmp)
                return fail_memory(error);
        qmp->socket = -1; /* the caller's until all is well */
        qmp->event = sd_event_ref(event);
        qmp->patience = patience;
        qmp->userdata = userdata;
        if (handlers)
                qmp->handlers = *handlers;
        qmp->name = strdup(name);
        qmp->greeting_deadline = deadline_from_now(qmp);

        int r = qmp->name ? 0 : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_io(event, &qmp->io, socket, EPOLLIN, on_io, qmp);
        if (r >= 0)
                r = sd_event_add_time(event, &qmp->timer, CLOCK_MONOTONIC, qmp->greeting_deadline,
                                      0, on_timer, qmp);
        if (r < 0) {
                qmp_free(qmp);
                return fail_errno(error, r, "%s: cannot listen to QEMU's monitor", name);
        }
        qmp->socket = socket;
        *ret = qmp;
        return 0;
}
