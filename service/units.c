/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's processes become a transient scope.
 *
 * In the system, systemd-machined is asked: it makes the scope, with our properties, and knows the
 * machine by name and uuid from then on. Where it isn't, and in a session, the manager of units is
 * asked for the scope itself. Where neither is, or the host wasn't booted with systemd, guests are
 * plain children; which of these it is shows at each start anew.
 *
 * Both answer when the processes are in their unit, or say why they can't be. */
#include "service/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "drivers/job.h"
#include "drivers/log.h"

#define SLICE "machine-virtbus.slice"
#define TASKS_MAX 32768 /* of a guest that says nothing else: each I/O request may be a thread */

typedef struct Units {
        UnitManager manager;
        sd_bus *bus;
        bool session;
} Units;

/* One guest on its way into its unit. */
struct UnitRequest {
        Units *units;
        char *name;      /* of the machine: "qemu-3-web" */
        char *unit;      /* "virtbus-qemu-3-web.scope" */
        sd_bus_message *retry; /* asks the manager of units, if machined isn't there; or NULL */
        char *job;       /* path of the job whose end is awaited */
        sd_bus_slot *call, *jobs;
        UnitPlaced placed;
        void *userdata;
};

static void request_free(UnitRequest *request) {
        sd_bus_slot_unref(request->call);
        sd_bus_slot_unref(request->jobs);
        sd_bus_message_unref(request->retry);
        free(request->name);
        free(request->unit);
        free(request->job);
        free(request);
}

DEFINE_CLEANUP(UnitRequest *, request_free);

/* ---- names ---- */

/* Letters, digits and single dashes, which is what both a machine's and a unit's name may hold. */
static void make_plain(char *text) {
        char *to = text;

        for (const char *from = text; *from; from++) {
                bool plain = (*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z') ||
                             (*from >= '0' && *from <= '9');

                if (plain)
                        *to++ = *from;
                else if (to > text && to[-1] != '-')
                        *to++ = '-';
        }
        while (to > text && to[-1] == '-')
                to--;
        *to = 0;
}

static int request_name(UnitRequest *request, const UnitSpec *spec) {
        /* A machine's name has 64 bytes at most. */
        if (asprintf(&request->name, "%s-%u-%.40s", spec->driver, spec->id, spec->name) < 0) {
                request->name = NULL;
                return -ENOMEM;
        }
        make_plain(request->name);
        if (asprintf(&request->unit, "virtbus-%s.scope", request->name) < 0) {
                request->unit = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* ---- properties ---- */

/* Limits that are numbers, where they stand and how systemd calls them. */
static const struct {
        const char *name;
        size_t offset;
} limits[] = {
        { "CPUWeight", offsetof(UnitSpec, cpu_weight) },
        { "CPUQuotaPerSecUSec", offsetof(UnitSpec, cpu_quota) },
        { "CPUQuotaPeriodUSec", offsetof(UnitSpec, cpu_period) },
        { "MemoryMax", offsetof(UnitSpec, memory_max) },
        { "MemoryHigh", offsetof(UnitSpec, memory_high) },
        { "MemoryMin", offsetof(UnitSpec, memory_min) },
        { "MemorySwapMax", offsetof(UnitSpec, swap_max) },
        { "IOWeight", offsetof(UnitSpec, io_weight) },
};

static int append_pids(sd_bus_message *call, const UnitSpec *spec) {
        int r = sd_bus_message_open_container(call, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", "PIDs");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "au");
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'u', spec->pids,
                                                spec->n_pids * sizeof(uint32_t));
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

/* a(sv): machined adds the leader to PIDs itself, and the description. */
static int append_properties(sd_bus_message *call, const UnitSpec *spec, bool machine) {
        char uuid[UUID_TEXT_MAX], text[320];
        int r = sd_bus_message_open_container(call, 'a', "(sv)");

        if (r >= 0)
                r = sd_bus_message_append(call, "(sv)(sv)(sv)", "Slice", "s", spec->slice ?: SLICE,
                                          "CollectMode", "s", "inactive-or-failed", "TasksMax", "t",
                                          spec->tasks_max ?: TASKS_MAX);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(limits); i++) {
                uint64_t value = *(const uint64_t *) ((const char *) spec + limits[i].offset);

                if (value != UNIT_UNSET)
                        r = sd_bus_message_append(call, "(sv)", limits[i].name, "t", value);
        }
        if (r >= 0 && (!machine || spec->n_pids > 1))
                r = append_pids(call, spec);
        if (r >= 0 && !machine) {
                snprintf(text, sizeof(text), "Virtual machine %.200s (%s)", spec->name,
                         uuid_format(spec->uuid, uuid));
                r = sd_bus_message_append(call, "(sv)", "Description", "s", text);
        }
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int new_scope_call(UnitRequest *request, const UnitSpec *spec, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(request->units->bus, &call,
                                               "org.freedesktop.systemd1",
                                               "/org/freedesktop/systemd1",
                                               "org.freedesktop.systemd1.Manager",
                                               "StartTransientUnit");

        if (r >= 0)
                r = sd_bus_message_append(call, "ss", request->unit, "fail");
        if (r >= 0)
                r = append_properties(call, spec, false);
        if (r >= 0)
                r = sd_bus_message_append(call, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE(call);
        return r;
}

static int new_machine_call(UnitRequest *request, const UnitSpec *spec, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(request->units->bus, &call,
                                               "org.freedesktop.machine1",
                                               "/org/freedesktop/machine1",
                                               "org.freedesktop.machine1.Manager", "CreateMachine");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", request->name);
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', spec->uuid.bytes,
                                                sizeof(spec->uuid.bytes));
        if (r >= 0)
                r = sd_bus_message_append(call, "ssus", "virtbus", "vm", (uint32_t) spec->pids[0],
                                          "");
        if (r >= 0)
                r = append_properties(call, spec, true);
        if (r >= 0)
                *ret = TAKE(call);
        return r;
}

/* ---- answers, in the order in which they come ---- */

static void request_end(UnitRequest *request, int result, Error *error) {
        UnitPlaced placed = request->placed;
        void *userdata = request->userdata;

        request_free(request);
        placed(result, error, userdata);
}

/* Nobody of that name, or nobody who could be started. */
static bool is_absent(const sd_bus_error *error) {
        static const char *const names[] = {
                SD_BUS_ERROR_SERVICE_UNKNOWN,
                SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                "org.freedesktop.systemd1.NoSuchUnit",
                "org.freedesktop.systemd1.UnitMasked",
                "org.freedesktop.DBus.Error.Spawn.ExecFailed",
                "org.freedesktop.DBus.Error.Spawn.ChildExited",
                "org.freedesktop.DBus.Error.Spawn.Failed",
        };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (sd_bus_error_has_name(error, names[i]))
                        return true;
        return false;
}

static void request_refused(UnitRequest *request, const sd_bus_error *refusal) {
        _cleanup_(error_clear) Error error = {};
        int r = fail(&error, ERROR_OPERATION_FAILED, "systemd cannot make the unit of '%s': %s",
                     request->name, refusal->message ?: refusal->name);

        request_end(request, r, &error);
}

/* The reply to StartTransientUnit names a job; its end comes as a signal. */
static int job_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        UnitRequest *request = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) <= 0 ||
            !request->job || strcmp(job, request->job) != 0)
                return 0;
        if (strcmp(result, "done") == 0) {
                request_end(request, 1, NULL);
                return 0;
        }
        const sd_bus_error refusal = SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_FAILED, result);
        request_refused(request, &refusal);
        return 0;
}

static int scope_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        UnitRequest *request = userdata;
        const char *job;

        request->call = sd_bus_slot_unref(request->call);
        if (error && is_absent(error)) {
                request_end(request, 0, NULL);
        } else if (error || sd_bus_message_read(reply, "o", &job) <= 0 ||
                   !(request->job = strdup(job))) {
                static const sd_bus_error nonsense =
                        SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_FAILED, "its answer makes no sense");
                request_refused(request, error ?: &nonsense);
        }
        return 0;
}

static int ask_for_scope(UnitRequest *request) {
        sd_bus *bus = request->units->bus;
        int r = sd_bus_match_signal_async(bus, &request->jobs, "org.freedesktop.systemd1",
                                          "/org/freedesktop/systemd1",
                                          "org.freedesktop.systemd1.Manager", "JobRemoved",
                                          job_removed, NULL, request);

        if (r >= 0) /* it tells of jobs only to who subscribed */
                r = sd_bus_call_method_async(bus, NULL, "org.freedesktop.systemd1",
                                             "/org/freedesktop/systemd1",
                                             "org.freedesktop.systemd1.Manager", "Subscribe", NULL,
                                             NULL, NULL);
        if (r >= 0)
                r = sd_bus_call_async(bus, &request->call, request->retry, scope_answered, request,
                                      0);
        return r;
}

static int machine_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        UnitRequest *request = userdata;

        request->call = sd_bus_slot_unref(request->call);
        if (!error) {
                request_end(request, 1, NULL);
                return 0;
        }
        if (!is_absent(error)) {
                request_refused(request, error);
                return 0;
        }
        if (ask_for_scope(request) < 0) {
                static const sd_bus_error lost =
                        SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_FAILED, "the bus is gone");
                request_refused(request, &lost);
        }
        return 0;
}

/* ---- the manager ---- */

static int units_place(UnitManager *manager, const UnitSpec *spec, UnitPlaced placed,
                       void *userdata, UnitRequest **ret, Error *error) {
        Units *units = container_of(manager, Units, manager);
        _cleanup_(request_freep) UnitRequest *request = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        if (!units->bus || sd_booted() <= 0)
                return DONE;
        request = calloc(1, sizeof(*request));
        if (!request)
                return fail_memory(error);
        *request = (UnitRequest) { .units = units, .placed = placed, .userdata = userdata };
        r = request_name(request, spec);
        if (r >= 0)
                r = new_scope_call(request, spec, &request->retry);
        if (r >= 0 && units->session)
                r = ask_for_scope(request);
        else if (r >= 0)
                r = new_machine_call(request, spec, &call);
        if (r >= 0 && call)
                r = sd_bus_call_async(units->bus, &request->call, call, machine_answered, request,
                                      0);
        if (r < 0)
                return fail_errno(error, r, "cannot ask systemd for a unit");
        *ret = TAKE(request);
        return PENDING;
}

static void units_forget(UnitManager *manager, UnitRequest *request) {
        if (request)
                request_free(request);
}

int units_new(bool session, UnitManager **ret) {
        Units *units = calloc(1, sizeof(*units));

        if (!units)
                return -ENOMEM;
        *units = (Units) {
                .manager = { .place = units_place, .forget = units_forget }, .session = session,
        };
        *ret = &units->manager;
        return 0;
}

void units_set_bus(UnitManager *manager, sd_bus *bus) {
        container_of(manager, Units, manager)->bus = bus;
}

UnitManager *units_free(UnitManager *manager) {
        if (manager)
                free(container_of(manager, Units, manager));
        return NULL;
}
