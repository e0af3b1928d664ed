/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is being done with the whole of a guest: it is saved, dumped, or sent to another host. */
#pragma once

#include "drivers/xen/guest.h"

/* In the runtime file, so that a later life of the service knows what was half done. */
typedef enum XenAwayKind {
        XEN_AWAY_NOT,
        XEN_AWAY_SAVING, /* into a file, which isn't whole yet */
        XEN_AWAY_SAVED,  /* the file is whole, the guest goes */
        XEN_AWAY_DUMPING,
        XEN_AWAY_SENDING, /* to another host */
        XEN_AWAY_SENT,    /* that was told to let it run */
        _XEN_AWAY_MAX,
} XenAwayKind;

typedef struct XenJourney XenJourney; /* migrate.c */

struct XenAway {
        Domain *domain; /* a reference: the guest may end first */
        XenCore *core;
        uint32_t domid;
        XenAwayKind kind;
        Job *job;
        XenCall *call;   /* one of them at a time */
        XenChild *child;
        XenJourney *journey;
        char *path, *partial; /* the file in the end, and until then; or NULL */
        int fd;               /* of the file, or to the other host; -1 */
        bool managed, aborted, stopped; /* stopped: paused for the dump */
        bool woken;        /* was paused, and runs so that its kernel suspends it */
        LifecycleAction then; /* it crashed: what follows the dump; else ACTION_UNSET */
        XenCalled written; /* what follows libxl's stream */
        int how;           /* LIBXL_SUSPEND_* */
        uint32_t flags;
        uint64_t began; /* us */
        int result;
        Error failure; /* while the guest is let run again */
};

/* The guest's from then on. job is ended by one of the functions below. */
int xen_away_new(XenGuest *guest, XenAwayKind kind, Job *job, XenAway **ret, Error *error);

/* The job wasn't begun after all: nothing is left of it. */
XenAway *xen_away_drop(XenAway *away);
DEFINE_CLEANUP(XenAway *, xen_away_drop);

/* The service ends: what is under way is left to the next. */
void xen_away_close(XenAway *away);

/* NULL: it ended meanwhile, or is being destroyed. */
XenGuest *xen_away_guest(const XenAway *away);

/* Opens the file until then: away->fd. path isn't there, or a regular file. */
int xen_away_open(XenAway *away, const char *path, Error *error);

/* In a child: puts the file (fd) on the disk and in its place. */
int xen_away_settle(const XenAway *away, int fd);

/* Of a call or a child that failed: what, and why. */
int xen_away_why(const XenAway *away, int rc, const XenLines *lines, const char *what,
                 Error *error);

/* libxl suspends the guest and writes it to away->fd, and then written is called, as away->call. A
 * paused guest is let run until then; on the bus it stays paused. */
int xen_away_suspend(XenAway *away, int how, XenCalled written, Error *error);

/* It goes on as it did; what was made is removed, and the job ends with error, which is moved. */
void xen_away_fail(XenAway *away, int r, Error *error);

/* The job ends with error, and the guest is left as it is. */
void xen_away_leave(XenAway *away, int r, Error *error);

/* The job is done, and the guest stays. */
void xen_away_done(XenAway *away);

/* The job is done when the guest is gone, or (ACTION_RESTART) runs anew. */
void xen_away_end(XenAway *away, LifecycleAction then, int reason, int detail);

/* The guest is being destroyed, or nobody wants it any more. false: it is too late. */
bool xen_away_abort(XenAway *away);

/* After a death of the service: what the runtime file says was half done is finished or undone.
 * info NULL, and no domid: the guest is gone from Xen. */
void xen_away_recover(XenGuest *guest, const XenStatus *status, const libxl_dominfo *info);

/* It suspended itself. If it was asked to by a service that died since, it goes on. */
void xen_away_suspended(XenGuest *guest);

/* DomainStatistics */
int xen_job_info(Domain *domain, Job *job, Error *error);
int xen_job_stats(Domain *domain, uint32_t flags, Job *job, Error *error);
int xen_abort_job(Domain *domain, Job *job, Error *error);

/* save.c: managed images, by uuid. */
char *xen_managed_path(const Domain *domain); /* absolute; NULL without memory */
void xen_managed_remove(Domain *domain);
int xen_managed_find(Connection *connection, Error *error); /* when the connection is opened */

/* restore.c */
int xen_start_saved(Domain *domain, uint32_t flags, Job *job, Error *error);
int xen_restore(Connection *connection, const char *from, const char *xml, uint32_t flags,
                Job *job, Error *error);
int xen_image_xml(Connection *connection, const char *file, uint32_t flags, Job *job,
                  Error *error);
int xen_image_define(Connection *connection, const char *file, const char *xml, uint32_t flags,
                     Job *job, Error *error);

/* dump.c */
void xen_dump_recover(XenGuest *guest); /* it was paused for a dump that was cut short */

/* It crashed: STATE/xen/dump/NAME-TIME.core, and then it ends, or (ACTION_RESTART) begins anew.
 * That is so as well when there is no dump, which is logged. */
void xen_dump_crashed(XenGuest *guest, LifecycleAction then, int reason, int detail);
int xen_core_dump(Domain *domain, const char *to, uint32_t format, uint32_t flags, Job *job,
                  Error *error);
