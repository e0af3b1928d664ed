/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's processes become a transient scope.
 *
 * In the system, systemd-machined is asked: it makes the scope, with our properties, and knows the
 * machine by name and uuid from then on. Where it isn't, and in a session, the manager of units is
 * asked for the scope itself. Where neither is, or the host wasn't booted with systemd, guests are
 * plain children; which of these it is shows at each start anew.
 *
 * Both answer when the processes are in their unit, or say why they can't be.
 *
 * A program beside a guest becomes a transient service, of the system's manager alone: only that
 * can give it rights which we don't have. It runs when the manager's job has ended; its pid is a
 * second question. */
#include "service/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "drivers/job.h"
#include "drivers/log.h"
#include "service/unit-messages.h"

#define TRIES 100                 /* of a unit whose name is still another's */
#define PAUSE (100 * UINT64_C(1000)) /* us between them */

typedef struct Units {
        UnitManager manager;
        sd_bus *bus;
        bool session;
        char **strays; /* units to end once there is a bus */
        size_t n_strays;
} Units;

/* One guest on its way into its unit, or one program. */
struct UnitRequest {
        Units *units;
        char *name;      /* of the machine: "qemu-3-web" */
        char *unit;      /* "virtbus-qemu-3-web.scope" */
        sd_bus_message *start; /* asks the manager of units; of a guest if machined isn't there */
        char *job;       /* path of the job whose end is awaited */
        sd_bus_slot *call, *jobs;
        sd_event_source *again;
        unsigned tries;  /* left, while the unit's name is still another's */
        UnitPlaced placed; /* of a guest */
        UnitRan ran;       /* of a program */
        void *userdata;
};

static void request_free(UnitRequest *request) {
        sd_bus_slot_unref(request->call);
        sd_bus_slot_unref(request->jobs);
        sd_event_source_disable_unref(request->again);
        sd_bus_message_unref(request->start);
        free(request->name);
        free(request->unit);
        free(request->job);
        free(request);
}

DEFINE_CLEANUP(UnitRequest *, request_free);

/* Its names; of a guest, or of a program beside one. */
static UnitRequest *request_new(Units *units, const char *suffix, char *name) {
        UnitRequest *request = calloc(1, sizeof(*request));

        if (!request || !name ||
            asprintf(&request->unit, "virtbus-%s.%s", name, suffix) < 0) {
                free(request);
                free(name);
                return NULL;
        }
        request->units = units;
        request->name = name;
        return request;
}

/* ---- answers, in the order in which they come ---- */

static void request_end(UnitRequest *request, int result, pid_t pid, Error *error) {
        UnitPlaced placed = request->placed;
        UnitRan ran = request->ran;
        void *userdata = request->userdata;

        request_free(request);
        if (placed)
                placed(result, error, userdata);
        else
                ran(result, pid, error, userdata);
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

        request_end(request, r, 0, &error);
}

static void request_broken(UnitRequest *request, const char *why) {
        const sd_bus_error refusal = SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_FAILED, why);

        request_refused(request, &refusal);
}

/* No such unit any more, or no such process: it has ended. */
static int pid_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        UnitRequest *request = userdata;
        uint32_t pid = 0;

        request->call = sd_bus_slot_unref(request->call);
        if (!sd_bus_message_get_error(reply) && sd_bus_message_read(reply, "v", "u", &pid) <= 0)
                pid = 0;
        request_end(request, 1, pid, NULL);
        return 0;
}

static int ask_for_pid(UnitRequest *request) {
        _cleanup_(freep) char *path = NULL;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", request->unit, &path);

        if (r < 0)
                return r;
        return sd_bus_call_method_async(request->units->bus, &request->call,
                                        "org.freedesktop.systemd1", path,
                                        "org.freedesktop.DBus.Properties", "Get", pid_answered,
                                        request, "ss", "org.freedesktop.systemd1.Service",
                                        "MainPID");
}

/* The reply to StartTransientUnit names a job; its end comes as a signal. */
static int job_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused) {
        UnitRequest *request = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) <= 0 ||
            !request->job || strcmp(job, request->job) != 0)
                return 0;
        if (strcmp(result, "done") != 0)
                request_broken(request, result);
        else if (request->placed)
                request_end(request, 1, 0, NULL);
        else if (ask_for_pid(request) < 0)
                request_broken(request, "the bus is gone");
        return 0;
}

static int unit_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused);

/* The one before may have ended without systemd having noticed. */
static int ask_again(sd_event_source *source, uint64_t usec, void *userdata) {
        UnitRequest *request = userdata;

        request->again = sd_event_source_disable_unref(request->again);
        if (sd_bus_call_async(request->units->bus, &request->call, request->start, unit_answered,
                              request, 0) < 0)
                request_broken(request, "the bus is gone");
        return 0;
}

static bool is_tried_again(UnitRequest *request, const sd_bus_error *error) {
        if (request->tries == 0 ||
            !sd_bus_error_has_name(error, "org.freedesktop.systemd1.UnitExists"))
                return false;
        request->tries--;
        return sd_event_add_time_relative(sd_bus_get_event(request->units->bus), &request->again,
                                          CLOCK_MONOTONIC, PAUSE, 0, ask_again, request) >= 0;
}

static int unit_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        UnitRequest *request = userdata;
        const char *job;

        request->call = sd_bus_slot_unref(request->call);
        if (error && is_tried_again(request, error))
                return 0;
        if (error && is_absent(error)) {
                request_end(request, 0, 0, NULL);
        } else if (error || sd_bus_message_read(reply, "o", &job) <= 0 ||
                   !(request->job = strdup(job))) {
                if (error)
                        request_refused(request, error);
                else
                        request_broken(request, "its answer makes no sense");
        }
        return 0;
}

static int ask_for_unit(UnitRequest *request) {
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
                r = sd_bus_call_async(bus, &request->call, request->start, unit_answered, request,
                                      0);
        return r;
}

static int machine_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        UnitRequest *request = userdata;

        request->call = sd_bus_slot_unref(request->call);
        if (!error) {
                request_end(request, 1, 0, NULL);
                return 0;
        }
        if (!is_absent(error)) {
                request_refused(request, error);
                return 0;
        }
        if (ask_for_unit(request) < 0)
                request_broken(request, "the bus is gone");
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
        request = request_new(units, "scope",
                              unit_name(spec->driver, spec->id, spec->name, NULL));
        if (!request)
                return fail_memory(error);
        request->placed = placed;
        request->userdata = userdata;
        r = unit_scope_message(units->bus, request->unit, spec, &request->start);
        if (r >= 0 && units->session)
                r = ask_for_unit(request);
        else if (r >= 0)
                r = unit_machine_message(units->bus, request->name, spec, &call);
        if (r >= 0 && call)
                r = sd_bus_call_async(units->bus, &request->call, call, machine_answered, request,
                                      0);
        if (r < 0)
                return fail_errno(error, r, "cannot ask systemd for a unit");
        *ret = TAKE(request);
        return PENDING;
}

static bool units_can_run(UnitManager *manager) {
        const Units *units = container_of(manager, Units, manager);

        return units->bus && !units->session && sd_booted() > 0;
}

static char *program_name(const UnitProgram *program) {
        if (program->unit)
                return unit_escape(program->unit);
        return unit_name(program->driver, program->guest, program->name, program->helper);
}

static int units_run(UnitManager *manager, const UnitProgram *program, UnitRan ran,
                     void *userdata, UnitRequest **ret, Error *error) {
        Units *units = container_of(manager, Units, manager);
        _cleanup_(request_freep) UnitRequest *request = NULL;
        int r;

        if (!units_can_run(manager))
                return DONE;
        request = request_new(units, "service", program_name(program));
        if (!request)
                return fail_memory(error);
        request->tries = program->unit ? TRIES : 0;
        request->ran = ran;
        request->userdata = userdata;
        r = unit_service_message(units->bus, request->unit, program, &request->start);
        if (r >= 0)
                r = ask_for_unit(request);
        if (r < 0)
                return fail_errno(error, r, "cannot ask systemd for a unit");
        *ret = TAKE(request);
        return PENDING;
}

/* That there is none is as good. */
static void stop_unit(Units *units, const char *unit) {
        (void) sd_bus_call_method_async(units->bus, NULL, "org.freedesktop.systemd1",
                                        "/org/freedesktop/systemd1",
                                        "org.freedesktop.systemd1.Manager", "StopUnit", NULL, NULL,
                                        "ss", unit, "replace");
}

static void units_stop(UnitManager *manager, const UnitProgram *program) {
        Units *units = container_of(manager, Units, manager);
        _cleanup_(request_freep) UnitRequest *request =
                request_new(units, "service", program_name(program));
        char **strays;

        if (!request || units->session || sd_booted() <= 0)
                return;
        if (units->bus) {
                stop_unit(units, request->unit);
                return;
        }
        strays = reallocarray(units->strays, units->n_strays + 1, sizeof(*strays));
        if (!strays)
                return;
        units->strays = strays;
        strays[units->n_strays++] = TAKE(request->unit);
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
                .manager = {
                        .place = units_place,
                        .can_run = units_can_run,
                        .run = units_run,
                        .stop = units_stop,
                        .forget = units_forget,
                },
                .session = session,
        };
        *ret = &units->manager;
        return 0;
}

static void clear_strays(Units *units) {
        for (size_t i = 0; i < units->n_strays; i++)
                free(units->strays[i]);
        free(TAKE(units->strays));
        units->n_strays = 0;
}

void units_set_bus(UnitManager *manager, sd_bus *bus) {
        Units *units = container_of(manager, Units, manager);

        units->bus = bus;
        if (!bus)
                return;
        for (size_t i = 0; i < units->n_strays; i++)
                stop_unit(units, units->strays[i]);
        clear_strays(units);
}

UnitManager *units_free(UnitManager *manager) {
        Units *units = manager ? container_of(manager, Units, manager) : NULL;

        if (!units)
                return NULL;
        clear_strays(units);
        free(units);
        return NULL;
}
