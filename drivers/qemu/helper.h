/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that a guest needs beside its QEMU: swtpm, virtiofsd, passt, qemu-pr-helper.
 *
 * They live exactly as long as the guest. A start makes them held, like QEMU itself, names them in
 * the runtime file, lets them go, and then QEMU; whatever happens in between, none is left that
 * nobody knows of. Each is given its socket as a descriptor: a listening one, or one end of a
 * pair, so that QEMU's connection succeeds whether the helper is up yet or not, and nobody polls.
 *
 * Those that need rights which the system's service doesn't have (HelperSpec.sandbox) are run by
 * the host's manager of units where it can (helper-unit.c): spawned they are only a plan, which the
 * runtime file names, and qemu_helpers_run() carries it out. Elsewhere they are children like the
 * others, held until they are let go. Either way they are watched and ended alike.
 *
 * When QEMU is over they are asked to end, then told to, and only when the last is gone is the
 * guest: what it leaves behind (a TPM's state, say) is in nobody's use when it starts again. */
#pragma once

#include "conf/map.h"
#include "drivers/domain.h"
#include "drivers/process.h"
#include "drivers/unit.h"

typedef struct QemuGuest QemuGuest;

typedef struct QemuHelper {
        QemuGuest *guest;
        char *name; /* "fs0-virtiofsd"; its log is <domain>-<name>.log */
        Process *process;        /* NULL while it is a plan */
        bool unit;               /* in a unit of its own, or to be */
        bool leaving;            /* told to end while its guest goes on */
        struct HelperPlan *plan; /* what is to run there, until it does */
        off_t log_start;
} QemuHelper;

/* All that were planned run, or error says which doesn't. Not called when a start told them to end
 * meanwhile. */
typedef void (*HelpersRan)(Error *error, void *userdata);

typedef struct QemuHelpers {
        QemuHelper **items; /* those that live */
        size_t n;
        sd_event_source *escalation; /* they were asked to end, and that wasn't enough */
        bool ending;
        unsigned coming; /* of planned ones, those whose answer is still to come */
        HelpersRan ran;  /* called after the last */
        void *userdata;
        Error error;     /* what went wrong first */
} QemuHelpers;

typedef struct HelperSpec {
        const char *device, *kind; /* "fs0" and "virtiofsd"; device NULL: of the whole guest */
        const char *const *argv;   /* ends with NULL */
        const int *fds;            /* 3, 4 ... there; borrowed */
        size_t n_fds;
        bool listens;              /* the first is a socket, told to it as systemd does */
        const UnitSandbox *sandbox; /* not NULL: in a unit where there are any; then n_fds is 1 */
        const char *writable;       /* as in UnitProgram */
} HelperSpec;

/* Starts one, held, or plans it. */
int qemu_helper_spawn(QemuGuest *guest, const HelperSpec *spec, Error *error);

/* For the start of a guest, and for a device that comes to one that runs.
 *
 * Runs the planned ones, once the guest is in its unit and the runtime file names them; saves that
 * file again, with their pids. DONE: there are none, or each became a held child; PENDING: ran()
 * follows; or an error, when none runs. */
int qemu_helpers_run(QemuGuest *guest, HelpersRan ran, void *userdata, Error *error);

/* Lets go all that are held. On failure some may run: qemu_helpers_end(). */
int qemu_helpers_release(QemuGuest *guest, Error *error);

/* That of a device which goes, or didn't come, if it has any. */
void qemu_helper_leave(QemuGuest *guest, const char *device, const char *kind);

/* What the runtime file says of one. pid 0: a plan, of which nobody knows how far it came. */
typedef struct HelperStatus {
        MapItem item;
        char *name;
        uint32_t pid;
        uint64_t start;
        Tristate unit;
} HelperStatus;

/* One that an earlier life of the service started. Its absence is only worth a warning. */
void qemu_helper_adopt(QemuGuest *guest, const HelperStatus *status);

/* Asks all to end. True: qemu_guest_over() is called once they have; false: there are none. */
bool qemu_helpers_end(QemuGuest *guest);

/* Ends one whose guest, once process guest, is gone already; at once. */
void qemu_helper_kill_stray(Domain *domain, pid_t guest, const HelperStatus *status);

/* Stops watching. Held ones end, the others run on. */
void qemu_helpers_clear(QemuHelpers *helpers);

/* ---- between helper.c and helper-unit.c ---- */

bool qemu_helper_plans(const QemuGuest *guest, const HelperSpec *spec);
int qemu_helper_plan(QemuHelper *helper, const HelperSpec *spec, int log, Error *error);
bool qemu_helper_is_awaited(const QemuHelper *helper); /* its unit was asked for */
void qemu_helper_forget_plan(QemuHelper *helper);
void qemu_helper_stop_unit(Domain *domain, pid_t guest, const char *name);

int qemu_helper_launch(QemuHelper *helper, const HelperSpec *spec, int log, Error *error);
int qemu_helper_watch(QemuHelper *helper, pid_t pid, uint64_t start, Error *error);
/* One that was awaited runs, or doesn't and is freed. Who is ending is ended, the guest with the
 * last. */
void qemu_helper_came(QemuHelper *helper, bool runs);

/* ---- for those who make them ---- */

/* A listening stream socket in an open folder; replaces one of that name. -1 and *error, or its
 * descriptor. */
int qemu_helper_listen(int folder, const char *name, Error *error);

/* Arguments of a program: they grow one by one; whether memory was short is asked at the end. */
typedef struct Arguments {
        char **items; /* ends with NULL once there is one */
        size_t n;
        bool failed;
} Arguments;

void arguments_add(Arguments *arguments, const char *format, ...) _printf_(2, 3);
void arguments_clear(Arguments *arguments);

/* The program of a helper: an absolute path, or what PATH leads to; its name when it isn't there,
 * which running it will tell. Newly allocated; NULL without memory. */
char *qemu_helper_find(const char *program);
