/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call of a method, from dispatch to its reply. */
#pragma once

#include "objects/tree.h"

typedef struct Autodestroy Autodestroy;

/* Owns itself: it ends with its job, which is when it answers. */
struct Request {
        Job job;
        Object object; /* its resource: a reference */
        const Method *method;
        sd_bus_message *message;
        uint32_t flags; /* the argument of that name, checked; 0 for rows without one */
        bool replied;
        Values parameters; /* what request_read_parameters() read; lasts as the message does */
        void *list;        /* the same of the other request_read_*() */
        /* Fills the reply from job.result; NULL: as the row's out signature says. */
        int (*reply)(Request *request, sd_bus_message *reply);
        Autodestroy *autodestroy; /* is to be bound to the domain when the job succeeds */
};

/* sd-bus's way in: its userdata is the Row. */
int request_dispatch(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* Reads the arguments by the row's own signature; pointers as for sd_bus_message_read(). */
int request_read(Request *request, Error *error, ...);

/* The same in pieces, for rows with an array, in the order of the arguments: what stands before it
 * (types as far as it is to be read), and the array. */
int request_read_first(Request *request, Error *error, const char *types, ...);
int request_read_parameters(Request *request, Error *error);
int request_read_booleans(Request *request, const bool **ret, size_t *ret_n, Error *error);
int request_read_strings(Request *request, const char *const **ret, size_t *ret_n, Error *error);
int request_read_descriptors(Request *request, const int **ret, size_t *ret_n, Error *error);

/* Empty strings stand for NULL: as the driver likes. */
static inline const char *given(const char *text) {
        return *text ? text : NULL;
}

/* ERROR_INVALID_ARG when an argument of this name is empty, or is 0 in a row with POSITIVE. */
int need_text(const Request *request, const char *argument, const char *text, Error *error);
int need_some(const Request *request, const char *argument, size_t n, Error *error);
int need_positive(const Request *request, const char *argument, uint64_t number, Error *error);

/* Answers by the row's own signature; values as for sd_bus_message_append(). DONE or negative. */
int request_reply(Request *request, ...);

/* The same in pieces, for what varargs can't express. */
int request_reply_begin(Request *request, sd_bus_message **ret);
int request_reply_send(Request *request, sd_bus_message *reply);

/* The driver's function for the row: a pointer to be assigned to one of the right type. */
void *request_operation(const Request *request);

static inline Domain *request_domain(const Request *request) {
        return domain_of(request->object.resource);
}

/* Answers a call with an error: a sentence, and for clients that want it libvirt's error model as
 * data. Who spoke is, unless the error says so, the driver of the object that was called. */
int reply_error(Tree *tree, sd_bus_message *call, int r, const Error *error);
