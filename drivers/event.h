/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: what happened to a resource. Drivers change it, save it, then report; whoever watches
 * the hub tells the world. Reporting calls the watchers at once, in the order in which they
 * came. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/resource.h"

typedef enum EventKind {
        EVENT_ATTACHED,  /* the resource exists from now on */
        EVENT_DETACHED,  /* it is gone; still readable */
        EVENT_CHANGED,   /* properties: number holds PROPERTY_* bits */
        EVENT_LIFECYCLE, /* type, detail: DomainEventType and its details, or a DefinedEvent */
        EVENT_REBOOT,
        EVENT_RTC_CHANGE,     /* number: offset in s, signed */
        EVENT_WATCHDOG,       /* type: virDomainEventWatchdogAction */
        EVENT_IO_ERROR,       /* text[0] path, text[1] alias, text[2] reason; type:
                                 virDomainEventIOErrorAction */
        EVENT_BALLOON,        /* number: KiB */
        EVENT_GRAPHICS,       /* type: phase; text: local node, local service, remote node, remote
                                 service, auth */
        EVENT_TRAY,           /* text[0] alias, type: virDomainEventTrayChangeReason */
        EVENT_DEVICE_ADDED,   /* text[0] alias */
        EVENT_DEVICE_REMOVED, /* text[0] alias */
        EVENT_DEVICE_REMOVAL_FAILED, /* text[0] alias */
        EVENT_AGENT,    /* type: state, detail: reason of virConnectDomainEventAgentLifecycle */
        EVENT_METADATA, /* type: DomainMetadataType, text[0] uri or NULL */
        EVENT_PM_SUSPEND,
        EVENT_PM_SUSPEND_DISK,
        EVENT_PM_WAKEUP,
        EVENT_CONTROL_ERROR, /* its monitor doesn't answer */
        EVENT_BLOCK_JOB,     /* text[0] disk, type, detail: status */
        EVENT_BLOCK_THRESHOLD, /* text[0] device, text[1] path, number: threshold, excess */
        EVENT_DISK_CHANGE,   /* text[0] old path, text[1] new path, text[2] alias, type: reason */
        EVENT_JOB_COMPLETED, /* values: a{sv} */
        EVENT_MIGRATION_ITERATION, /* type: which */
        EVENT_TUNABLE,       /* values: a{sv} */
        EVENT_REFRESH,       /* of a pool: its volumes were looked at anew */
        _EVENT_KIND_MAX,
} EventKind;

/* Which properties of a resource may have another value now. */
enum {
        PROPERTY_ACTIVE = 1 << 0,
        PROPERTY_AUTOSTART = 1 << 1,
        PROPERTY_ID = 1 << 2,
        PROPERTY_NAME = 1 << 3,
        PROPERTY_PERSISTENT = 1 << 4,
        PROPERTY_UPDATED = 1 << 5,
        PROPERTY_STATE = 1 << 6, /* of org.virtbus.Domain */
};

#define EVENT_TEXTS 5

typedef struct Event {
        EventKind kind;
        Resource *resource;
        int type, detail;
        int64_t number;
        uint64_t excess;
        const Values *values;
        const char *text[EVENT_TEXTS];
} Event;

typedef struct EventWatch EventWatch;
typedef void (*EventHandler)(const Event *event, void *userdata);

typedef struct EventHub {
        EventWatch *watches;
        unsigned reporting; /* depth: a watch that ends meanwhile is swept afterwards */
} EventHub;

int event_watch(EventHub *hub, EventHandler handler, void *userdata, EventWatch **ret);
void event_unwatch(EventHub *hub, EventWatch *watch);
void event_report(EventHub *hub, const Event *event);
void event_hub_done(EventHub *hub);
