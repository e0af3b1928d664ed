/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running guest: its process, its conversation, and what must be undone when it ends.
 *
 * RUNTIME/qemu/<uuid>.xml is its runtime file (status.c): state, pid and its start time, and the
 * live definition. It is written before QEMU is let go and after every change, so that a service
 * which was killed at any moment finds its guests again (reconnect.c). RUNTIME/qemu/<uuid>/
 * holds its sockets.
 *
 * A guest ends in one place: qemu_guest_exited(), when its process is over, and qemu_guest_over()
 * behind it, when its helpers are, too. Whoever wants it to end notes why and signals the process;
 * what QEMU said before it died has been read by then, because the process is watched with a lower
 * priority than the conversation. */
#pragma once

#include "drivers/console-port.h"
#include "drivers/domain.h"
#include "drivers/driver.h"
#include "drivers/log-follow.h"
#include "drivers/process.h"
#include "drivers/qemu/agent.h"
#include "drivers/qemu/caps.h"
#include "drivers/qemu/command.h"
#include "drivers/qemu/helper.h"
#include "drivers/qemu/hostdev.h"
#include "drivers/qemu/qmp.h"

typedef struct QemuDriver {
        Connection *connection;
        QemuCapsCache *caps;
        uint64_t version; /* of the host's own QEMU, once it was probed */
        sd_event_source *probe;
        struct Errands *errands; /* for interfaces of guests */
        struct LinkWatch *links; /* once there was a tap */
        EventWatch *networks;    /* those that are started */
} QemuDriver;

typedef struct QemuStart QemuStart;

/* What comes after the process. */
typedef enum QemuAfter {
        AFTER_NOTHING,
        AFTER_RESTART,        /* the same domain again */
        AFTER_RENAME_RESTART, /* under a new name */
} QemuAfter;

typedef struct QemuGuest {
        Domain *domain; /* a reference */
        Process *process;
        int exit_code, exit_status;   /* of the process, once it is over */
        QemuHelpers helpers;
        QemuBindings bindings;        /* devices of the host that were taken from it */
        bool joined;                  /* its interfaces have joined their networks */
        struct QemuUnplug *unplugs;   /* devices that were told to go */
        char *coming;                 /* the XML of a device that QEMU is being told of, or NULL */
        char *left;                   /* the same of an earlier life of the service, until QEMU has
                                       * said what became of it */
        Qmp *qmp;                     /* NULL: none, or it ended */
        Agent *agent;                 /* NULL: it wasn't asked yet */
        QemuStart *start;             /* while it is being started */
        ConsolePort *consoles;        /* the open ones */
        Job *ending;                  /* waits for the process to be over */
        sd_event_source *farewell;    /* it is off, and its last words are on the way */
        sd_event_source *escalation;  /* asking wasn't enough: SIGKILL */
        bool off;                     /* powered off, QEMU waits: what it stops now isn't a pause */
        uint64_t last_reset;          /* us on CLOCK_MONOTONIC, when it was told */
        bool rebooting; /* the power button was pressed for a reboot: off means reset */
        bool stopping;                /* stop_reason and stop_detail are decided */
        bool graceful;                /* asking is all that may be done */
        int stop_reason, stop_detail; /* for domain_stopped() */
        QemuAfter after;
        off_t log_start; /* where this run's lines begin in the log file */
        LogFollow *log;  /* on their way to the journal; NULL: there is none */
        LifecycleAction on_poweroff, on_reboot, on_crash;
} QemuGuest;

static inline QemuDriver *qemu_driver_of(Connection *connection) {
        return connection->data;
}

static inline QemuGuest *qemu_guest_of(Domain *domain) {
        return domain->data;
}

/* ---- guest.c: from its process to its end ---- */

QemuGuest *qemu_guest_new(Domain *domain); /* sets domain->data; NULL without memory */
QemuGuest *qemu_guest_free(QemuGuest *guest); /* leaves the process alone */

/* Opens the conversation on the guest's socket; commands may be sent at once. */
int qemu_guest_connect(QemuGuest *guest, Error *error);

/* ProcessExited of every guest: ends its helpers, undoes everything, reports, ends jobs, starts
 * again if the rules say so. */
void qemu_guest_exited(Process *process, int code, int status, void *userdata);
void qemu_guest_over(QemuGuest *guest); /* and of its helpers the last: the guest is freed */

/* Ends the process, and notes why unless that was decided before. SIGTERM, and when it takes too
 * long SIGKILL; graceful: then the job that waits for it ends with an error. */
void qemu_guest_end(QemuGuest *guest, int reason, int detail, bool graceful);
/* The same for one that is off. What it wrote last takes a moment through a pty, and is lost when
 * QEMU closes its end before it was read: who holds a console gets that moment. */
void qemu_guest_end_heard(QemuGuest *guest, int reason, int detail);
void qemu_guest_kill(QemuGuest *guest); /* at once */

/* Its conversation, for an operation; ERROR_OPERATION_INVALID when it isn't running and
 * ERROR_OPERATION_FAILED when its monitor is gone. */
int qemu_guest_qmp(Domain *domain, Qmp **ret, Error *error);

/* ---- start.c ---- */

/* Starts with this definition, which is taken. As the operation of the same name. */
int qemu_start_conf(Domain *domain, DomainConf *conf, uint32_t flags, Job *job, Error *error);
int qemu_start(Domain *domain, uint32_t flags, Job *job, Error *error);
void qemu_start_closed(QemuGuest *guest, Error *error);                 /* its conversation ended */
void qemu_start_exited(QemuGuest *guest, int code,
                       int status); /* its process is over: the job ends */
void qemu_start_abort(QemuGuest *guest, ErrorCode code,
                      const char *why); /* somebody wants it to end */
QemuStart *qemu_start_free(QemuStart *start);

/* ---- prepare.c, join.c: what must be there before QEMU runs ---- */

/* Kernel, disks ... exist; nvram is copied from its template. */
int qemu_prepare_files(Domain *domain, DomainConf *conf, Error *error);
/* The first half of it: they exist, and nothing is made. */
int qemu_need_files(DomainConf *conf, Error *error);
int qemu_prepare_disk(const DomainDisk *disk, Error *error); /* its images exist */
/* A place for the variables of a firmware in flash, unless the definition names one. */
int qemu_choose_nvram(Connection *connection, DomainConf *conf, Error *error);
char *qemu_nvram_path(Connection *connection, Uuid uuid); /* of our making; NULL without memory */

/* Taps for conf->nets, descriptors -1 for those that need none. Their names are written into
 * target. */
typedef struct QemuTaps {
        QemuTap *items;
        size_t n;
} QemuTaps;

void qemu_tap_close(QemuTap *tap);
void qemu_taps_clear(QemuTaps *taps);

/* The host's end of <vsock>, with an address that is noted in live; *ret stays as it is where there
 * is no such device. */
int qemu_vsock_open(DomainConf *live, int *ret, Error *error);

/* The bus of a display that names none, held; folder is the guest's. */
int qemu_bus_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error);

/* ---- events.c: what QEMU tells us ---- */

void qemu_guest_event(Qmp *qmp, const char *name, json_object *data, void *userdata);
/* What the guest did, for events and for what is found after a restart of the service. */
void qemu_guest_paused(QemuGuest *guest, int reason, int detail);
void qemu_guest_running(QemuGuest *guest, int reason);
void qemu_guest_powered_off(QemuGuest *guest, bool by_guest, bool reset);
void qemu_guest_crashed(QemuGuest *guest);
/* Presses the reset button; as qmp_call(). */
int qemu_guest_reset(QemuGuest *guest, QmpReply reply, void *userdata, Error *error);

/* ---- restart.c: rename-restart and its like ---- */

/* Starts a domain again after its guest has ended; conf, taken, is its definition when it was
 * transient, else NULL. */
void qemu_start_again(Connection *connection, Domain *domain, DomainConf *conf, QemuAfter after);

/* ---- status.c: the runtime file and the folder ---- */

int qemu_status_save(QemuGuest *guest, Error *error);
void qemu_status_remove(Domain *domain); /* file, folder, and overlays */
char *qemu_guest_folder(Domain *domain); /* "qemu/<uuid>", in STORE_RUNTIME; NULL without memory */

/* ---- reconnect.c: finds what an earlier life left running ---- */

int qemu_reconnect_all(Connection *connection, Error *error);

/* ---- log.c: STATE/qemu/log/<name>.log, and <name>-<helper>.log, for all runs of a guest ---- */

/* A descriptor to append to; helper NULL: QEMU's own. */
int qemu_log_open(Domain *domain, const char *helper, Error *error);
/* Newly allocated, one line; NULL: nothing there. */
char *qemu_log_tail(Domain *domain, const char *helper, off_t from);
void qemu_log_remove(Domain *domain);

void qemu_log_follow(QemuGuest *guest, off_t from); /* as log_follow_new() */

/* ---- unit.c ---- */

/* Into a unit of its own, with the limits of its definition: as UnitManager.place(). */
int qemu_unit_place(QemuGuest *guest, const DomainConf *conf, UnitPlaced placed, void *userdata,
                    UnitRequest **ret, Error *error);
/* There is no manager of units: says so, if there are limits that nobody keeps. */
void qemu_unit_missing(const QemuGuest *guest, const DomainConf *conf);

/* ---- access.c ---- */


extern const DomainDefinitions qemu_definitions; /* define.c */
extern const DomainLifecycle qemu_lifecycle;     /* lifecycle.c */
extern const DomainAccess qemu_access;           /* access.c */
extern const DomainDevices qemu_devices;         /* edit.c */
extern const DomainProcessors qemu_processors;
extern const DomainTuning qemu_tuning;

/* Driver.keep_live */
int qemu_keep_live(Domain *domain, Error *error);
