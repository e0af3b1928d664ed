/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxl on our loop: one context, its calls and its events, and xenstore's watches. */
#pragma once

#include "drivers/xen/libxl-api.h"

#include <libxl_event.h>
#include <systemd/sd-event.h>
#include <xenstore.h>

#include "drivers/domain.h"
#include "drivers/driver.h"

#define XEN_NO_DOMAIN INVALID_DOMID

typedef struct XenCore XenCore;

/* ---- what libxl says (say.c) ---- */

/* A logger that keeps warnings and errors, one a line. */
typedef struct XenSay {
        xentoollog_logger logger; /* what libxl knows of it: comes first */
        void (*line)(const char *line, void *userdata);
        void *userdata;
} XenSay;

void xen_say_init(XenSay *say, void (*line)(const char *line, void *userdata), void *userdata);

/* Some lines, joined by "; ", no longer than an error should be. */
typedef struct XenLines {
        char text[2048];
} XenLines;

void xen_lines_add(XenLines *lines, const char *line);

/* Fails with what was tried, libxl's word for rc, and its lines. */
int xen_fail(Error *error, int rc, const XenLines *lines, const char *what);

/* A start failed: what the bootloader or the device model said, if it was theirs to fail, goes into
 * the error, its last line into the message. */
void xen_fail_output(Error *error, const XenLines *lines, const char *name);

/* ---- time that passes in libxl while the loop waits (say.c) ---- */

typedef struct XenTime {
        const char *call; /* the source text of the call */
        unsigned n;
        uint64_t total, longest; /* us */
} XenTime;

typedef struct XenTimes {
        XenTime items[40];
        size_t n;
} XenTimes;

uint64_t xen_clock(void); /* us */
void xen_times_add(XenTimes *times, const char *call, uint64_t began);
void xen_times_log(const XenTimes *times);

/* A call into libxl or xenstore from the loop, with its time noted. */
#define XEN_CALL(core, call)                                      \
        ({                                                        \
                XenCore *_core = (core);                          \
                uint64_t _began = xen_clock();                    \
                __typeof__(call) _result = (call);                \
                xen_times_add(&_core->times, #call, _began);      \
                _result;                                          \
        })

/* ---- an asynchronous call of libxl (core.c) ---- */

typedef struct XenCall XenCall;

/* Called once, from the loop, never inside the call that started it. rc as libxl has it. The call
 * is freed behind it; userdata's owner keeps itself alive. */
typedef void (*XenCalled)(XenCall *call, int rc, void *userdata);

struct XenCall {
        XenCore *core;
        uint32_t domid;
        libxl_asyncop_how how; /* for libxl */
        XenLines lines;        /* what it said of this domain meanwhile */
        XenCalled done;
        void *userdata;
        XenCall *next;
        int rc;
};

/* Made before libxl is called with &call->how; when that returns at once with an error, done()
 * isn't called: xen_call_drop(). NULL without memory. */
XenCall *xen_call_new(XenCore *core, uint32_t domid, XenCalled done, void *userdata);
void xen_call_drop(XenCall *call);

/* ---- the whole ---- */

struct XenCore {
        Connection *connection;
        sd_event *event; /* borrowed */
        libxl_ctx *ctx;
        XenSay say;
        XenTimes times;
        XenCall *calls; /* libxl has them */
        struct XenHappened *first, *last; /* what libxl told and nobody heard yet */
        sd_event_source *sigchld, *hear;
        struct xs_handle *store;
        sd_event_source *watch, *records, *alive;
        bool dead; /* libxl or xenstore can't go on */
};

/* A connection with xenstored that is only held, or -errno. */
int xen_store_connect(void);
/* It died, so that a new context would wait for it for ever. */
bool xen_store_is_gone(void);
#define XEN_STORE_GONE "xenstored is gone"

/* ERROR_OPERATION_FAILED with what libxl said when there is no Xen to talk to. */
int xen_core_new(Connection *connection, XenCore **ret, Error *error);

/* Guests go first. */
XenCore *xen_core_free(XenCore *core);

/* Of a libxl event; in guest.c. */
void xen_event(XenCore *core, const libxl_event *event);

/* Finds all guests again, ours and others', and watches for new ones; in found.c and watch.c. */
int xen_find_all(XenCore *core, Error *error);
int xen_watch(XenCore *core, Error *error);
void xen_watch_domain(XenCore *core, uint32_t domid, bool on);
