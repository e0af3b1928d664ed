/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running guest: its process, its conversation, and what must be undone when it ends.
 *
 * RUNTIME/qemu/<uuid>.xml is its runtime file (status.c): state, pid and its start time, and the live
 * definition. It is written before QEMU is let go and after every change, so that a service which was
 * killed at any moment finds its guests again (reconnect.c). RUNTIME/qemu/<uuid>/ holds its sockets. */
#pragma once

#include "drivers/console.h"
#include "drivers/domain.h"
#include "drivers/driver.h"
#include "drivers/process.h"
#include "drivers/qemu/caps.h"
#include "drivers/qemu/qmp.h"

typedef struct QemuDriver {
        Connection *connection;
        QemuCapsCache *caps;
        uint64_t version; /* of the host's own QEMU, once it was probed */
} QemuDriver;

typedef struct QemuConsole {
        char *alias;
        Console *console;
        struct QemuGuest *guest;
        struct QemuConsole *next;
} QemuConsole;

/* What a guest's next SHUTDOWN, RESET or exit means. */
typedef enum QemuIntent {
        INTENT_NONE,    /* the guest's own doing */
        INTENT_REBOOT,  /* we pressed the power button for a reboot: reset instead of off */
        INTENT_DESTROY, /* destroy was asked for */
        INTENT_FAILED,  /* a start went wrong */
} QemuIntent;

typedef struct QemuGuest {
        Domain *domain; /* a reference */
        Process *process;
        Qmp *qmp;
        QemuIntent intent;
        int stop_reason, stop_detail; /* for domain_stopped(), decided before the process ends */
        QemuConsole *consoles;
        Job *ending;                  /* waits for the process to be over */
        sd_event_source *escalation;  /* SIGTERM wasn't enough: SIGKILL */
        struct QemuStart *start;      /* while it is being started */
        off_t log_start;              /* where this run's lines begin in the log file */
        /* what the lifecycle rules need, taken from the live definition */
        LifecycleAction on_poweroff, on_reboot, on_crash;
} QemuGuest;

static inline QemuDriver *qemu_driver_of(Connection *connection) {
        return connection->data;
}

static inline QemuGuest *qemu_guest_of(Domain *domain) {
        return domain->data;
}

/* guest.c: a guest from its process to its end. */
QemuGuest *qemu_guest_new(Domain *domain); /* sets domain->data; NULL without memory */
QemuGuest *qemu_guest_free(QemuGuest *guest);
/* Opens the conversation on the guest's socket. */
int qemu_guest_connect(QemuGuest *guest, Error *error);
/* ProcessExited of every guest: undoes everything, reports, ends jobs, starts again if the rules say so. */
void qemu_guest_exited(Process *process, int code, int status, void *userdata);
/* Ends the process: SIGTERM, and SIGKILL after a while unless graceful. */
int qemu_guest_terminate(QemuGuest *guest, bool graceful, Error *error);
/* Its QMP, or ERROR_OPERATION_INVALID / ERROR_OPERATION_FAILED when it has none. */
int qemu_guest_qmp(Domain *domain, Qmp **ret, Error *error);

/* start.c */
int qemu_start(Domain *domain, uint32_t flags, Job *job, Error *error);
/* events.c: what QEMU tells us. */
void qemu_guest_event(Qmp *qmp, const char *name, json_object *data, void *userdata);
/* status.c: the runtime file. */
int qemu_status_save(QemuGuest *guest, Error *error);
void qemu_status_remove(Domain *domain);
/* reconnect.c: finds what an earlier life left running. */
int qemu_reconnect_all(Connection *connection, Error *error);
/* log: last words of QEMU in STATE/qemu/log/NAME.log after an offset; newly allocated or NULL. */
char *qemu_log_tail(Domain *domain, off_t from);
int qemu_log_open(Domain *domain, off_t *ret_end, Error *error);

extern const DomainDefinitions qemu_definitions; /* define.c */
extern const DomainLifecycle qemu_lifecycle;     /* lifecycle.c */
extern const DomainAccess qemu_access;           /* access.c */
extern const Driver qemu_driver;                 /* driver.c */
