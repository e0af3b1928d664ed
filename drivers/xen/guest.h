/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of Xen: what a domain has while it runs or is being built. */
#pragma once

#include "drivers/console-port.h"
#include "drivers/xen/child.h"
#include "drivers/xen/driver.h"

typedef struct XenAway XenAway;
typedef struct XenIncoming XenIncoming;

/* Where a guest's memory comes from when it starts. */
typedef enum XenOrigin { XEN_BOOTED, XEN_RESTORED, XEN_MIGRATED } XenOrigin;

typedef struct XenStream {
        int fd; /* at the beginning of libxl's stream */
        uint32_t version;
        XenOrigin origin;
} XenStream;

typedef struct XenGuest {
        Domain *domain; /* borrowed: guest and domain end together */
        XenCore *core;
        uint32_t domid;  /* XEN_NO_DOMAIN while it isn't known */
        bool foreign;    /* somebody else made it, and looks after it */
        bool learnt;     /* libxl said what it is */
        bool restarting; /* ended, and is being built anew: active, without a domid */
        bool stopping;   /* is being destroyed */
        bool joined;     /* its interfaces are in their networks */
        int stop_reason, stop_detail;
        bool early; /* it shut down before its start was over */
        unsigned early_reason;
        libxl_evgen_domain_death *death;
        XenChild *child;           /* builds it, or destroys it */
        LifecycleAction after; /* what follows its end; ACTION_DESTROY: nothing */
        Job *starting, *ending;
        struct XenPlug *plug;   /* a device on its way */
        ConsolePort *consoles;  /* that somebody holds */
        XenAway *away; /* it is being saved, dumped or sent (away.h) */
        bool cut_short; /* the service that did that died, and it may suspend itself yet */
        XenIncoming *incoming; /* it is expected from another host (migrate-in.c) */
        XenOrigin origin;
        Error failure; /* of the start, while what was built is being removed */
        uint32_t flags; /* of the start */
        unsigned unheard; /* of XEN_RECORDED: what xenstore says by itself */
        sd_event_source *model; /* its device model's process; or, after that ended, a moment */
        XenChild *learner; /* asks libxl for its configuration */
        bool learn_again;
} XenGuest;

static inline XenGuest *xen_guest_of(const Domain *domain) {
        return domain->data;
}

static inline bool xen_is_domain_zero(const Domain *domain) {
        return domain->id == DOMAIN_ID_ZERO;
}

/* The guest and its core, or ERROR_OPERATION_INVALID: not running, between two lives, Domain-0. */
int xen_guest_get(Domain *domain, XenGuest **ret, Error *error);

/* 0, or ERROR_OPERATION_UNSUPPORTED: somebody else made it, so that it can't be built anew. */
int xen_need_own(const XenGuest *guest, Error *error);

/* ---- guest.c ---- */

XenGuest *xen_guest_new(XenCore *core, Domain *domain);
XenGuest *xen_guest_free(XenGuest *guest); /* stops watching; it runs on */

/* From now on its end is noticed. */
int xen_guest_watch(XenGuest *guest, Error *error);

/* The same after it was suspended and resumed: libxl tells of one shutdown only. */
int xen_guest_watch_again(XenGuest *guest, Error *error);

/* Whether it lies there, suspended by its own kernel. */
bool xen_is_suspended(XenCore *core, uint32_t domid);

/* The guest, or ERROR_OPERATION_INVALID: it doesn't run, or what it is isn't known. */
int xen_need_suspendable(Domain *domain, XenGuest **ret, Error *error);

/* Its domid is known: the live definition and the Id say so. */
int xen_guest_has_domid(XenGuest *guest, uint32_t domid, Error *error);

void xen_guest_end(XenGuest *guest, int reason, int detail);
void xen_guest_over(XenGuest *guest, int reason, int detail);
/* Xen has nothing of it any more: over, when its devices went back to the host. */
void xen_guest_gone(XenGuest *guest, int reason, int detail);

/* It ends and is built anew, still active; job is done when it runs again. */
void xen_guest_reset(XenGuest *guest, Job *job);

/* It shut down by itself; reason as Xen has it (SHUTDOWN_*). Then its rules are followed. */
void xen_guest_shut_down(XenGuest *guest, unsigned reason);
void xen_guest_save(XenGuest *guest); /* its runtime file; what fails is logged */
void xen_guest_paused(XenGuest *guest, int reason, int detail);
void xen_guest_running(XenGuest *guest, int reason);

/* ---- model.c ---- */

void xen_model_watch(XenGuest *guest);
void xen_model_unwatch(XenGuest *guest);

/* ---- learn.c ---- */

/* Watches in xenstore upon which it is asked anew; each speaks once when it begins. */
#define XEN_RECORDED 2

/* Asks libxl what the guest is, and takes it over when it answers. */
void xen_learn(XenGuest *guest);

/* Others may have paused it, or let it run: Xen tells nobody. One quick call, and an event if it is
 * otherwise than was known. */
void xen_look(Domain *domain);

/* ---- host-devices.c ---- */

/* The definition of a guest that has PCI devices which are to go back to the host's drivers when it
 * is over, with one that is on its way; NULL: none are. */
DomainConf *xen_pci_taken(XenGuest *guest);

/* A child removes it from Xen (XEN_NO_DOMAIN: it isn't there any more), then what was taken for it
 * goes back. */
int xen_guest_remove(XenGuest *guest, uint32_t domid, DomainConf *taken, XenWorked worked,
                     Error *error);

/* ERROR_OPERATION_INVALID: another guest has one of these devices of the host. */
int xen_hostdevs_need_free(const Domain *domain, const DomainConf *conf, Error *error);

/* ---- lifecycle.c ---- */

/* One call of libxl, as an operation. what: for the error; then: after success, or NULL. */
typedef int (*XenQuestion)(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how);

int xen_ask(Domain *domain, XenQuestion question, const char *what,
            void (*then)(XenGuest *guest), Job *job, Error *error);

/* ---- control.c ---- */

/* 0, or ERROR_OPERATION_UNSUPPORTED, "only HVM guests WHAT". */
int xen_need_hvm(Domain *domain, const char *what, Error *error);

/* ---- start.c ---- */

int xen_start_conf(Domain *domain, DomainConf *conf, uint32_t flags, Job *job, Error *error);

/* The same from a stream, whose descriptor is borrowed. */
int xen_start_from(Domain *domain, DomainConf *conf, const XenStream *stream, uint32_t flags,
                   Job *job, Error *error);

/* What was built runs, or stays paused, as its flags say. */
int xen_guest_go(XenGuest *guest, Error *error);

/* The start failed: what was built goes, and who waits for it gets error, which is moved. */
void xen_start_undo(XenGuest *guest, int r, Error *error);

/* It is built from a stream that has begun to come; what fails ends the guest. */
void xen_guest_build_from(XenGuest *guest, const XenStream *stream);

/* The guest's domain is gone, or never was finished: it is built again from its live definition. */
void xen_guest_build_again(XenGuest *guest);

/* ---- status.c ---- */

typedef struct XenStatus {
        uint32_t domid, state, reason, stop_reason, stop_detail;
        Tristate starting, restarting, stopping, foreign, autodestroy, incoming;
        char *device_way; /* of a device on its way: "comes", "goes", "changes" */
        char *device;     /* its element; both for free() */
        uint32_t away; /* XenAwayKind */
        char *image;   /* the file that it is about */
} XenStatus;

int xen_status_save(XenGuest *guest, Error *error);
int xen_status_load(Connection *connection, const char *uuid, XenStatus *ret,
                    DomainConf **ret_conf, Error *error);
void xen_status_done(XenStatus *status);
/* A device that was on its way goes on, or back. */
void xen_status_device(XenGuest *guest, const XenStatus *status);
void xen_status_remove(Domain *domain);

/* ---- found.c ---- */

/* A domain that nobody told us of. */
void xen_found(XenCore *core, const libxl_dominfo *info, bool at_start);

/* Of a domid's list entry: whether it has ended, and only its shell is left. */
static inline bool xen_is_going(const libxl_dominfo *info) {
        return info->dying;
}

Uuid xen_uuid_of(const libxl_dominfo *info);
