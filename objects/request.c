/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From dispatch to reply.
 *
 * A request holds its message and its resource, and is a job: whatever the driver does with it,
 * the end is request_done(), once, and there the answer goes out. By then the driver has saved
 * and reported, so that on the wire signals stand before the reply they belong to. */
#include "objects/request.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "objects/autodestroy.h"
#include "objects/wire.h"

static void request_free(Request *request) {
        autodestroy_free(request->autodestroy);
        job_result_clear(&request->job.result);
        resource_unref(request->object.resource);
        sd_bus_message_unref(request->message);
        free(request);
}

/* ---- errors ---- */

static int append_details(sd_bus_message *reply, const Error *error, const char *text) {
        int32_t code = error_api_number(error->code), domain = error->origin, level = 2;
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = entry_append(reply, "code", 'i', &code);
        if (r >= 0)
                r = entry_append(reply, "domain", 'i', &domain);
        if (r >= 0)
                r = entry_append(reply, "level", 'i', &level);
        if (r >= 0)
                r = entry_append(reply, "message", 's', text);
        if (r >= 0 && error->object)
                r = entry_append(reply, "object", 's', error->object);
        if (r >= 0 && error->message)
                r = entry_append(reply, "str1", 's', error->message);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* A failure without words gets those of its errno. */
static void complete(Error *error, int r, const Error *given) {
        if (given->code != ERROR_NONE)
                *error = (Error) { given->code, given->origin, given->message, given->object };
        else
                error->code = r == -ENOMEM ? ERROR_NO_MEMORY : ERROR_INTERNAL;
}

int reply_error(Tree *tree, sd_bus_message *call, int r, const Error *given) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *text = NULL;
        Error error = {}; /* borrows */
        Client *client;

        complete(&error, r, given);
        text = error_text(&error);
        const sd_bus_error bus_error = SD_BUS_ERROR_MAKE_CONST(error_bus_name(error.code),
                                                               text ?: "out of memory");

        if (!error.message && error.code == ERROR_INTERNAL)
                return sd_bus_reply_method_errorf(call, error_bus_name(error.code), "%s: %s", text,
                                                  strerror(-r));
        client = tree->clients ? client_known(tree->clients, call) : NULL;
        if (!client || !client->details)
                return sd_bus_reply_method_error(call, &bus_error);

        r = sd_bus_message_new_method_error(call, &reply, &bus_error);
        if (r >= 0)
                r = append_details(reply, &error, bus_error.message);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- arguments and replies ---- */

int request_read(Request *request, Error *error, ...) {
        va_list ap;

        va_start(ap, error);
        int r = sd_bus_message_readv(request->message, request->method->in, ap);
        va_end(ap);
        if (r < 0)
                return fail(error, ERROR_INVALID_ARG, "cannot read the arguments of %s",
                            request->method->name);
        return 0;
}

int request_reply_begin(Request *request, sd_bus_message **ret) {
        return sd_bus_message_new_method_return(request->message, ret);
}

int request_reply_send(Request *request, sd_bus_message *reply) {
        int r = sd_bus_send(NULL, reply, NULL);

        request->replied = r >= 0;
        return r < 0 ? r : DONE;
}

int request_reply(Request *request, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        va_list ap;
        int r = request_reply_begin(request, &reply);

        if (r < 0)
                return r;
        va_start(ap, request);
        r = sd_bus_message_appendv(reply, request->method->out, ap);
        va_end(ap);
        return r < 0 ? r : request_reply_send(request, reply);
}

void *request_operation(const Request *request) {
        const Operation *operation = &request->method->operation;
        const char *driver = (const char *) request->object.connection->driver;
        const char *group;

        memcpy(&group, driver + operation->group, sizeof(group));
        return group ? *(void *const *) (group + operation->member) : NULL;
}

/* ---- the end ---- */

/* What a job brought back, by the type that the row promises. */
static int append_result(Request *request, sd_bus_message *reply) {
        const JobResult *result = &request->job.result;
        const char *out = request->method->out;
        char path[OBJECT_PATH_MAX];

        if (strcmp(out, "") == 0)
                return 0;
        if (strcmp(out, "o") == 0 && result->resource)
                return sd_bus_message_append_basic(reply, 'o',
                                                   object_path(result->resource->connection,
                                                               result->resource, path));
        if (strcmp(out, "s") == 0)
                return sd_bus_message_append_basic(reply, 's', result->text ?: "");
        if (strcmp(out, "h") == 0 && result->fd > 0)
                return sd_bus_message_append_basic(reply, 'h', &result->fd);
        return -EPROTO; /* the operation broke its word */
}

static int reply_result(Request *request) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = request_reply_begin(request, &reply);

        if (r >= 0)
                r = (request->reply ?: append_result)(request, reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

/* The domain that a row with STARTS was about. */
static Domain *started(const Request *request) {
        return domain_of(request->job.result.resource ?: request->object.resource);
}

static void request_done(Job *job, int result, Error *error) {
        Request *request = container_of(job, Request, job);
        Resource *resource = request->object.resource;

        if (result >= 0 && request->autodestroy)
                autodestroy_bind(TAKE(request->autodestroy), started(request));
        if (result >= 0 && !request->replied)
                result = reply_result(request);
        if (result < 0 && !request->replied) {
                if (!error->object && error->code != ERROR_NONE && resource)
                        error->object = strdup(resource->name);
                (void) reply_error(request->object.tree, request->message, result, error);
        }
        request_free(request);
}

/* ---- the beginning ---- */

static int request_act(Job *job, Error *error) {
        Request *request = container_of(job, Request, job);
        Resource *resource = request->object.resource;

        if (resource && !resource->attached)
                return fail(error, ERROR_NO_DOMAIN, "'%s' went away meanwhile", resource->name);
        return request->method->call(request, error);
}

/* Whether a row needs more than the permission to look. */
static bool changes(const Method *method) {
        static const char *const looks[] = { "getattr", "read", "search_", NULL };

        for (const Permission *permission = method->permissions; permission->name; permission++) {
                const char *verb = strchr(permission->name, ':') + 1;
                const char *const *look = looks;

                while (*look && strncmp(verb, *look, strlen(*look)) != 0)
                        look++;
                if (!*look)
                        return true;
        }
        return false;
}

/* A driver that is told to be slow or to fail is so before anything of the call is looked at. */
static int request_run(Job *job, Error *error) {
        Request *request = container_of(job, Request, job);
        Connection *connection = request->object.connection;
        const FaultOps *faults = connection->driver->faults;

        if (!faults || !request->method->operation.set)
                return request_act(job, error);
        return faults->pass(connection, job, changes(request->method), request_act, error);
}

static int request_check(Request *request, Error *error) {
        const Method *method = request->method;
        int r;

        if (!method->call || (method->operation.set && !request_operation(request)))
                return fail(error, ERROR_NO_SUPPORT, "%s", method->api);
        r = method_number(method, request->message, "flags", &request->flags);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return fail(error, ERROR_INVALID_ARG, "cannot read the flags of %s", method->name);
        return flags_check(request->flags, method->flags, method->api, error);
}

/* The caller is watched from the moment of its call on, while that may still wait in a queue. */
static int request_prepare(Request *request, Error *error) {
        Client *client;

        if (!(request->method->attributes & STARTS) || !(request->flags & DOMAIN_START_AUTODESTROY))
                return 0;
        client = client_of(request->object.tree->clients, request->message);
        request->autodestroy = client ? autodestroy_new(client) : NULL;
        return request->autodestroy ? 0 : fail_memory(error);
}

int request_dispatch(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        const Row *row = userdata;
        _cleanup_(error_clear) Error error = {};
        Request *request;
        Object object;
        JobQueue *queue;
        int r;

        if (!tree_find(row->tree, sd_bus_message_get_path(message), &object))
                return 0;
        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;
        *request = (Request) { .job.done = request_done, .object = object, .method = row->method,
                               .message = sd_bus_message_ref(message) };
        if (object.resource)
                resource_ref(object.resource);

        r = request_check(request, &error);
        if (r >= 0)
                r = request_prepare(request, &error);
        if (r < 0) {
                request_done(&request->job, r, &error);
                return 1;
        }
        queue = object.resource ? &object.resource->queue : NULL;
        job_start(row->method->attributes & CHANGES ? queue : NULL, &request->job,
                  row->method->name, request_run);
        return 1;
}
