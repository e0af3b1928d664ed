/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection says of its hypervisor and of this host. */
#include "objects/connect.h"

#include "objects/wire.h"

/* ---- the hypervisor ---- */

int connect_get_capabilities(Request *request, Error *error) {
        Connection *connection = request->object.connection;

        return connection->driver->hypervisor->capabilities(connection, &request->job, error);
}

int connect_get_domain_capabilities(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *emulator, *arch, *machine, *type;
        int r;

        r = request_read(request, error, &emulator, &arch, &machine, &type, NULL);
        if (r < 0)
                return r;
        return connection->driver->hypervisor->domain_capabilities(
                connection, given(emulator), given(arch), given(machine), given(type),
                request->flags, &request->job, error);
}

static int reply_lines(Request *request, sd_bus_message *reply) {
        return append_lines(reply, request->job.result.text);
}

int connect_get_cpu_models(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *arch;
        int r;

        r = request_read(request, error, &arch, NULL);
        if (r < 0)
                return r;
        request->reply = reply_lines;
        return connection->driver->hypervisor->cpu_models(connection, arch, request->flags,
                                                          &request->job, error);
}

/* xmls flags */
int connect_baseline_cpu(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *const *xmls;
        size_t n;
        int r = request_read_strings(request, &xmls, &n, error);

        if (r >= 0)
                r = need_some(request, "xmlCPUs", n, error);
        if (r < 0)
                return r;
        return connection->driver->hypervisor->baseline_cpu(connection, xmls, n, request->flags,
                                                            &request->job, error);
}

/* ---- the host ---- */

int connect_get_cpu_map(Request *request, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Connection *connection = request->object.connection;
        _cleanup_(freep) bool *online = NULL;
        size_t n = 0;
        int r;

        r = connection->driver->node->cpu_map(connection, &online, &n, error);
        if (r >= 0)
                r = request_reply_begin(request, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "b");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(reply, "b", online[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

typedef struct Number {
        const char *name;
        uint64_t value;
} Number;

static int reply_numbers(Request *request, const Number *numbers, size_t n) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = request_reply_begin(request, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{st}");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(reply, "{st}", numbers[i].name, numbers[i].value);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : request_reply_send(request, reply);
}

int connect_get_cpu_stats(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        NodeCpuTimes times = {};
        int32_t cpu;
        int r;

        r = request_read(request, error, &cpu, NULL);
        if (r >= 0)
                r = connection->driver->node->cpu_times(connection, cpu, &times, error);
        if (r < 0)
                return r;
        const Number numbers[] = {
                { "kernel", times.kernel },
                { "user", times.user },
                { "idle", times.idle },
                { "iowait", times.iowait },
        };
        return reply_numbers(request, numbers, ELEMENTS(numbers));
}

int connect_get_free_memory(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        NodeMemory memory = {};
        int r = connection->driver->node->memory(connection, -1, &memory, error);

        return r < 0 ? r : request_reply(request, memory.free * 1024);
}

int connect_get_memory_stats(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        NodeMemory memory = {};
        int32_t cell;
        int r;

        r = request_read(request, error, &cell, NULL);
        if (r >= 0)
                r = connection->driver->node->memory(connection, cell, &memory, error);
        if (r < 0)
                return r;
        const Number numbers[] = {
                { "total", memory.total },
                { "free", memory.free },
                { "buffers", memory.buffers },
                { "cached", memory.cached },
        };
        return reply_numbers(request, numbers, ELEMENTS(numbers));
}

int connect_get_memory_parameters(Request *request, Error *error) {
        Connection *connection = request->object.connection;

        return connection->driver->node->memory_parameters(connection, &request->job.result.values,
                                                           error);
}

int connect_set_memory_parameters(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        int r = request_read_parameters(request, error);

        if (r >= 0)
                r = need_some(request, "params", request->parameters.n, error);
        if (r < 0)
                return r;
        return connection->driver->node->set_memory_parameters(connection, &request->parameters,
                                                               error);
}

int connect_get_security_model(Request *request, Error *error) {
        Connection *connection = request->object.connection;
        const char *model = "", *doi = "";
        int r = connection->driver->node->security_model(connection, &model, &doi, error);

        return r < 0 ? r : request_reply(request, model, doi);
}

int connect_get_sysinfo(Request *request, Error *error) {
        Connection *connection = request->object.connection;

        return connection->driver->node->sysinfo(connection, &request->job.result.text, error);
}

/* ---- properties ---- */

/* The bus is a local socket: nothing on it needs encryption, and it is as secure as the machine. */
int connect_get_encrypted(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", false);
}

int connect_get_secure(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "b", true);
}

int connect_get_hostname(const Object *object, sd_bus_message *reply) {
        const NodeOps *node = object->connection->driver->node;
        _cleanup_(freep) char *name = node ? node->hostname(object->connection) : NULL;

        return sd_bus_message_append(reply, "s", name ?: "");
}

int connect_get_lib_version(const Object *object, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", API_LEVEL);
}

int connect_get_version(const Object *object, sd_bus_message *reply) {
        uint64_t version = object->connection->driver->hypervisor->version(object->connection);

        return sd_bus_message_append(reply, "t", version);
}
