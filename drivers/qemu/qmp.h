/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One conversation with one QEMU over QMP: commands answered in order, events as they come, every
 * command with a deadline. Never waits; a QEMU that is stopped costs its own callers only. */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "conf/error.h"

#define QMP_ANSWER_MAX                                                                             \
        (64u << 20) /* bytes of one message; more is garbage and ends the conversation */

typedef struct Qmp Qmp;

typedef struct QmpHandlers {
        /* The greeting came and qmp_capabilities was agreed on. May be NULL. */
        void (*ready)(Qmp *qmp, void *userdata);
        /* data: borrowed, NULL when the event has none. */
        void (*event)(Qmp *qmp, const char *name, json_object *data, void *userdata);
        /* Told once: end of file, garbage, or nothing at all within the deadline of the
         * greeting. Every waiting command has been answered with the same error before. May call
         * qmp_free(). */
        void (*closed)(Qmp *qmp, Error *error, void *userdata);
} QmpHandlers;

/* value: QEMU's "return", borrowed; NULL on failure, then error says what QEMU said
 * (ERROR_MONITOR_FAILED: "unable to execute QEMU command 'x': " and its desc), or that it didn't
 * answer in time (ERROR_OPERATION_TIMEOUT: the conversation stays open, a late answer is
 * dropped). */
typedef void (*QmpReply)(Qmp *qmp, json_object *value, Error *error, void *userdata);

/* Takes a connected stream socket, on success. name: of the guest, for messages, copied.
 * patience: us for the greeting and for each answer. */
int qmp_new(sd_event *event, int socket, const char *name, uint64_t patience,
            const QmpHandlers *handlers, void *userdata, Qmp **ret, Error *error);

/* Sends a command; arguments are taken (also on failure) and may be NULL. reply may be NULL.
 * Before the conversation is ready a command waits; its reply never comes before this returns. */
int qmp_call(Qmp *qmp, const char *command, json_object *arguments, QmpReply reply, void *userdata,
             Error *error);

/* The same with a descriptor sent along (getfd, add-fd, add_client), which stays the caller's. */
int qmp_call_fd(Qmp *qmp, const char *command, json_object *arguments, int fd, QmpReply reply,
                void *userdata, Error *error);

/* Ends the conversation. Waiting commands are forgotten: their replies don't come. */
Qmp *qmp_free(Qmp *qmp);
DEFINE_CLEANUP(Qmp *, qmp_free);

/* {"name": value, ...}: pairs of name and a format letter, ended by NULL: "s" const char *, "i"
 * int64_t, "b" int, "o" json_object * (taken); NULL for "s" and "o" leaves the member out.
 *         qmp_arguments("s", "id", "ide0", "b", "force", 1, NULL) */
json_object *qmp_arguments(const char *letter, ...);

/* Reading answers: the member or a default. */
const char *json_text(json_object *object, const char *name);                   /* NULL */
int64_t json_number(json_object *object, const char *name, int64_t otherwise);
bool json_truth(json_object *object, const char *name);                         /* false */
json_object *json_member(json_object *object, const char *name); /* borrowed or NULL */
