/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units as systemd wants them described. */
#include "service/unit-messages.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "conf/macro.h"

#define SLICE "machine-virtbus.slice"
#define TASKS_MAX 32768 /* of a guest that says nothing else: each I/O request may be a thread */
#define FILES_MAX 1048576 /* of a program: virtiofsd has one open for each that its guest knows */
#define STOP_PATIENCE (5 * UINT64_C(1000000)) /* us between SIGTERM and SIGKILL */

/* ---- names ---- */

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

char *unit_name(const char *driver, uint32_t number, const char *name, const char *helper) {
        char *text;

        if (asprintf(&text, "%s-%u-%.40s%s%s", driver, number, name, helper ? "-" : "",
                     helper ?: "") < 0)
                return NULL;
        make_plain(text);
        return text;
}

char *unit_escape(const char *text) {
        char *escaped = malloc(4 * strlen(text) + 1), *to = escaped;

        for (; escaped && *text; text++) {
                bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                             (*text >= '0' && *text <= '9') || strchr("-_.:", *text);

                if (plain)
                        *to++ = *text;
                else
                        to += sprintf(to, "\\x%02x", (unsigned char) *text);
        }
        if (escaped)
                *to = 0;
        return escaped;
}

/* ---- of a guest ---- */

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

static int new_start(sd_bus *bus, const char *unit, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(bus, ret, "org.freedesktop.systemd1",
                                               "/org/freedesktop/systemd1",
                                               "org.freedesktop.systemd1.Manager",
                                               "StartTransientUnit");

        return r < 0 ? r : sd_bus_message_append(*ret, "ss", unit, "fail");
}

int unit_scope_message(sd_bus *bus, const char *unit, const UnitSpec *spec, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_start(bus, unit, &call);

        if (r >= 0)
                r = append_properties(call, spec, false);
        if (r >= 0)
                r = sd_bus_message_append(call, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE(call);
        return r;
}

int unit_machine_message(sd_bus *bus, const char *name, const UnitSpec *spec,
                         sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(bus, &call,
                                               "org.freedesktop.machine1",
                                               "/org/freedesktop/machine1",
                                               "org.freedesktop.machine1.Manager", "CreateMachine");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
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

/* ---- of a program ---- */

/* What no such program needs, and what all want alike. */
static const char *const yes[] = {
        "NoNewPrivileges", "LockPersonality", "MemoryDenyWriteExecute", "RestrictRealtime",
        "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
        "ProtectKernelModules", "ProtectKernelTunables",
};
static const char *const texts[][2] = {
        { "CollectMode", "inactive-or-failed" },
        { "Type", "exec" },
        { "ProtectSystem", "strict" },
        { "DevicePolicy", "closed" },
        { "KeyringMode", "private" },
};

/* A unit is given descriptors as its standard ones alone; what runs beside a guest has its socket
 * as 3, as a child of ours. */
static const char script[] = "exec 3<&0 </dev/null; exec \"$@\"";
static const char listening_script[] =
        "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";

static int append_command(sd_bus_message *call, const UnitProgram *program) {
        const char *const shell[] = { "/bin/sh", "-c",
                                      program->listens ? listening_script : script, "sh" };
        size_t n_shell = program->unit ? 0 : ELEMENTS(shell);
        int r = sd_bus_message_open_container(call, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", "ExecStartEx");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "a(sasas)");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "(sasas)");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'r', "sasas");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", n_shell > 0 ? shell[0] : program->argv[0]);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "s");
        for (size_t i = 0; r >= 0 && i < n_shell; i++)
                r = sd_bus_message_append(call, "s", shell[i]);
        for (size_t i = 0; r >= 0 && program->argv[i]; i++)
                r = sd_bus_message_append(call, "s", program->argv[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "as", 1, "no-env-expand");
        for (int i = 0; r >= 0 && i < 4; i++)
                r = sd_bus_message_close_container(call);
        return r;
}

/* A list of what is allowed: nothing else is. */
static int append_allowed(sd_bus_message *call, const char *property, const char *const *list,
                          const char *const *more) {
        int r = sd_bus_message_open_container(call, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", property);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "(bas)");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'r', "bas");
        if (r >= 0)
                r = sd_bus_message_append(call, "b", true);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "s");
        for (size_t i = 0; r >= 0 && list && list[i]; i++)
                r = sd_bus_message_append(call, "s", list[i]);
        for (size_t i = 0; r >= 0 && more && more[i]; i++)
                r = sd_bus_message_append(call, "s", more[i]);
        for (int i = 0; r >= 0 && i < 4; i++)
                r = sd_bus_message_close_container(call);
        return r;
}

static int append_sandbox(sd_bus_message *call, const UnitProgram *program) {
        static const char *const service[] = { "@system-service", "seccomp", NULL };
        const UnitSandbox *sandbox = program->sandbox;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(yes); i++)
                r = sd_bus_message_append(call, "(sv)", yes[i], "b", true);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(texts); i++)
                r = sd_bus_message_append(call, "(sv)", texts[i][0], "s", texts[i][1]);
        if (r >= 0)
                r = sd_bus_message_append(
                        call, "(sv)(sv)(sv)(sv)(sv)(sv)",
                        "CapabilityBoundingSet", "t", sandbox->capabilities,
                        "RestrictNamespaces", "t", sandbox->namespaces,
                        "PrivateNetwork", "b", !sandbox->network,
                        "RestrictSUIDSGID", "b", !sandbox->any_mode,
                        "SystemCallArchitectures", "as", 1, "native",
                        "SystemCallErrorNumber", "i", EPERM);
        if (r >= 0)
                r = append_allowed(call, "RestrictAddressFamilies", sandbox->families, NULL);
        if (r >= 0)
                r = append_allowed(call, "SystemCallFilter", service, sandbox->calls);
        for (size_t i = 0; r >= 0 && sandbox->devices && sandbox->devices[i]; i += 2)
                r = sd_bus_message_append(call, "(sv)", "DeviceAllow", "a(ss)", 1,
                                          sandbox->devices[i], sandbox->devices[i + 1]);
        if (r >= 0 && program->writable)
                r = sd_bus_message_append(call, "(sv)", "ReadWritePaths", "as", 1,
                                          program->writable);
        return r;
}

/* It ends with the guest's unit, also while nobody watches; and after it, so that a guest which is
 * ended in order has it till then. */
static int append_guest(sd_bus_message *call, const UnitProgram *program) {
        _cleanup_(freep) char *unit = NULL, *slice = NULL;
        const char *suffix = NULL;
        int r;

        if (program->unit)
                return 0;
        if (sd_pid_get_unit(program->guest, &unit) >= 0)
                suffix = strrchr(unit, '.');
        if (!suffix || strcmp(suffix, ".scope") != 0)
                return sd_bus_message_append(call, "(sv)", "Slice", "s", SLICE);
        r = sd_pid_get_slice(program->guest, &slice);
        if (r < 0)
                return r;
        return sd_bus_message_append(call, "(sv)(sv)(sv)", "Slice", "s", slice, "BindsTo", "as", 1,
                                     unit, "Before", "as", 1, unit);
}

int unit_service_message(sd_bus *bus, const char *unit, const UnitProgram *program,
                         sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        char text[320];
        int r = new_start(bus, unit, &call);

        if (program->unit)
                snprintf(text, sizeof(text), "%.300s", program->description);
        else
                snprintf(text, sizeof(text), "%.60s of virtual machine %.200s", program->helper,
                         program->name);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "(sv)");
        if (r >= 0)
                r = append_command(call, program);
        if (r >= 0)
                r = append_sandbox(call, program);
        if (r >= 0)
                r = append_guest(call, program);
        if (r >= 0 && !program->unit)
                r = sd_bus_message_append(call, "(sv)", "StandardInputFileDescriptor", "h",
                                          program->fd);
        if (r >= 0)
                r = sd_bus_message_append(call, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                          "Description", "s", text,
                                          "Environment", "as", 1, "LC_ALL=C",
                                          "StandardOutputFileDescriptor", "h", program->out,
                                          "StandardErrorFileDescriptor", "h", program->out,
                                          "LimitNOFILE", "t", (uint64_t) FILES_MAX,
                                          "TasksMax", "t", (uint64_t) TASKS_MAX,
                                          "TimeoutStopUSec", "t", STOP_PATIENCE);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE(call);
        return r;
}
