/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dnsmasq of a network: a process that outlives us, started again when it dies. Where there is
 * systemd, it is in a unit of its own, else a child, held before its exec until its pid is written
 * down. */
#pragma once

#include "drivers/log-follow.h"
#include "drivers/process.h"
#include "drivers/unit.h"

typedef struct HostNetwork HostNetwork;

typedef struct Dnsmasq {
        Process *process;
        bool unit;                 /* it is in one, or will be asked for */
        UnitRequest *request;      /* while that is under way */
        LogFollow *follow;
        int log;                   /* until it has it; 0: none */
        sd_event_source *words;    /* watches its log for the word that it is ready */
        sd_event_source *deadline; /* for that, or for its end */
        sd_event_source *again;    /* when it is started again */
        uint64_t since;            /* us, monotonic */
        unsigned deaths;           /* in a row */
        bool ready, ending;
} Dnsmasq;

/* Makes ready what runs by the network's files: a process that is held, or what a unit needs. */
int dnsmasq_spawn(HostNetwork *host, Error *error);

/* Lets it go; host_served() follows unless this fails. */
int dnsmasq_release(HostNetwork *host, Error *error);

/* Takes over one that an earlier life of the service let go; unit: it was to be in one, which is
 * ended if nobody knows its pid any more. -ESRCH leaves error alone. */
int dnsmasq_adopt(HostNetwork *host, pid_t pid, uint64_t start, bool unit, Error *error);
void dnsmasq_stop_unit(const HostNetwork *host);

/* Has it read the files of hosts again. */
void dnsmasq_reload(HostNetwork *host);

/* Ends it; host_unserved() follows, unless there is none: then false. */
bool dnsmasq_end(HostNetwork *host);

/* One that died is started again after a while; for who found it gone too. */
void dnsmasq_revive(HostNetwork *host);

/* Stops watching; one that wasn't released ends. */
void dnsmasq_clear(HostNetwork *host);
