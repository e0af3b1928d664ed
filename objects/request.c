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
        request->object.tree->requests--;
        autodestroy_free(request->autodestroy);
        job_result_clear(&request->job.result);
        values_clear(&request->parameters);
        free(request->list);
        resource_unref(request->object.resource);
        sd_bus_message_unref(request->message);
        free(request);
}

/* ---- errors ---- */

#define LEVEL_ERROR 2 /* virErrorLevel */

/* The fields of virError: str1 is the pattern of the message, str2 what was put into it, str3 what
 * a program said that failed; int1 is the errno of a system call. What has nothing to say is "" and
 * -1. */
static int append_details(sd_bus_message *reply, const Error *error, const char *text) {
        _cleanup_(freep) char *pattern = NULL;
        const char *words = error_words(error->code);
        int32_t number;
        int r;

        if (asprintf(&pattern, "%s%s", words, error->message ? ": %s" : "") < 0)
                return -ENOMEM;
        const struct {
                const char *name, *text;
                int32_t number;
        } fields[] = {
                { "code", .number = error_api_number(error->code) },
                { "domain", .number = error->origin },
                { "level", .number = LEVEL_ERROR },
                { "message", text },
                { "object", error->object ?: "" },
                { "str1", pattern },
                { "str2", error->message ?: "" },
                { "str3", error->output ?: "" },
                { "int1", .number = error->number ?: -1 },
                { "int2", .number = -1 },
        };
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < ELEMENTS(fields); i++) {
                number = fields[i].number;
                if (fields[i].text)
                        r = entry_append(reply, fields[i].name, 's', fields[i].text);
                else
                        r = entry_append(reply, fields[i].name, 'i', &number);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* A failure without words gets those of its errno. The texts are borrowed. */
static void complete(Tree *tree, sd_bus_message *call, Error *error, int r, const Error *given) {
        const Connection *connection;

        *error = *given;
        if (given->code == ERROR_NONE) {
                error->code = r == -ENOMEM ? ERROR_NO_MEMORY : ERROR_INTERNAL;
                error->message = r == -ENOMEM ? NULL : strerror(-r);
        }
        if (error->origin != ORIGIN_NONE)
                return;
        if (error->code == ERROR_ACCESS_DENIED || error->code == ERROR_AUTH_NEEDED)
                error->origin = ORIGIN_ACCESS;
        else if ((connection = tree_connection(tree, sd_bus_message_get_path(call))))
                error->origin = connection->driver->origin;
}

int reply_error(Tree *tree, sd_bus_message *call, int r, const Error *given) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *text = NULL;
        Error error = {}; /* borrows */
        Client *client;

        complete(tree, call, &error, r, given);
        text = error_text(&error);
        const sd_bus_error bus_error = SD_BUS_ERROR_MAKE_CONST(error_bus_name(error.code),
                                                               text ?: "out of memory");

        client = tree->clients ? client_known(tree->clients, call) : NULL;
        if (!client || !client->details)
                return sd_bus_reply_method_error(call, &bus_error);

        r = sd_bus_message_new_method_error(call, &reply, &bus_error);
        if (r >= 0)
                r = append_details(reply, &error, bus_error.message);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ---- arguments and replies ---- */

static int read_result(const Request *request, int r, Error *error) {
        if (r >= 0)
                return 0;
        if (r == -ENOMEM)
                return fail_memory(error);
        return fail(error, ERROR_INVALID_ARG, "cannot read the arguments of %s",
                    request->method->name);
}

int request_read(Request *request, Error *error, ...) {
        va_list ap;

        va_start(ap, error);
        int r = sd_bus_message_readv(request->message, request->method->in, ap);
        va_end(ap);
        return read_result(request, r, error);
}

int request_read_first(Request *request, Error *error, const char *types, ...) {
        va_list ap;

        va_start(ap, types);
        int r = sd_bus_message_readv(request->message, types, ap);
        va_end(ap);
        return read_result(request, r, error);
}

int request_read_parameters(Request *request, Error *error) {
        return read_parameters(request->message, &request->parameters, error);
}

int request_read_booleans(Request *request, const bool **ret, size_t *ret_n, Error *error) {
        bool *list = NULL;
        int r = read_booleans(request->message, &list, ret_n);

        *ret = request->list = list;
        return read_result(request, r, error);
}

int request_read_strings(Request *request, const char *const **ret, size_t *ret_n, Error *error) {
        const char **list = NULL;
        int r = read_strings(request->message, &list, ret_n);

        request->list = list;
        *ret = list;
        return read_result(request, r, error);
}

int request_read_descriptors(Request *request, const int **ret, size_t *ret_n, Error *error) {
        int *list = NULL;
        int r = read_descriptors(request->message, &list, ret_n);

        *ret = request->list = list;
        return read_result(request, r, error);
}

int need_text(const Request *request, const char *argument, const char *text, Error *error) {
        if (*text)
                return 0;
        return fail(error, ERROR_INVALID_ARG, "string %s in %s must not be empty", argument,
                    request->method->api);
}

int need_some(const Request *request, const char *argument, size_t n, Error *error) {
        if (n > 0)
                return 0;
        return fail(error, ERROR_INVALID_ARG, "%s in %s must not be empty", argument,
                    request->method->api);
}

int need_positive(const Request *request, const char *argument, uint64_t number, Error *error) {
        if (number > 0 || !(request->method->attributes & POSITIVE))
                return 0;
        return fail(error, ERROR_INVALID_ARG, "%s in %s must be greater than zero", argument,
                    request->method->api);
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

        if (strcmp(out, "o") == 0 && result->resource)
                return sd_bus_message_append_basic(reply, 'o',
                                                   object_path(request->object.through,
                                                               result->resource, path));
        if (strcmp(out, "s") == 0 && result->text)
                return sd_bus_message_append_basic(reply, 's', result->text);
        if (strcmp(out, "h") == 0 && result->fd > 0)
                return sd_bus_message_append_basic(reply, 'h', &result->fd);
        return append_values(reply, &result->values, out);
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
                return fail(error, resource_missing(resource->kind), "'%s' went away meanwhile",
                            resource->name);
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
        r = flags_check(request->flags, method->flags, method->api, error);
        return r < 0 ? r : flags_exclude(request->flags, method->exclusive, method->api, error);
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
        int r;

        if (!tree_find(row->tree, sd_bus_message_get_path(message), &object))
                return 0;
        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;
        if (!object.resource)
                object.connection =
                        operation_connection(object.through, &row->method->operation);
        *request = (Request) { .job.done = request_done, .object = object, .method = row->method,
                               .message = sd_bus_message_ref(message) };
        request->job.caller = sd_bus_message_get_sender(message);
        request->job.interactive = sd_bus_message_get_allow_interactive_authorization(message) > 0;
        row->tree->requests++;
        if (object.resource)
                resource_ref(object.resource);

        r = request_check(request, &error);
        if (r >= 0)
                r = request_prepare(request, &error);
        if (r < 0) {
                request_done(&request->job, r, &error);
                return 1;
        }
        job_start(row->method->attributes & CHANGES ? object_queue(&object) : NULL, &request->job,
                  row->method->name, request_run);
        return 1;
}
