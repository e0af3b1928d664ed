/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A start in progress, between its files: start.c (the order of things), start-spawn.c (the
 * processes), start-talk.c (what QEMU is told and asked). */
#pragma once

#include "drivers/qemu/borrow.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/setup.h"

struct QemuStart {
        QemuGuest *guest;
        Job *job;
        uint32_t flags;
        QemuCaps *caps;    /* a reference, once they are known */
        QemuSetup *setup;  /* while it runs */
        struct QemuSettling *settling; /* while its interfaces are taken in */
        QemuBorrow *borrow; /* taps of the system */
        UnitRequest *unit; /* while its processes are on their way into their unit */
        DomainConf *conf;  /* becomes the live definition */
        Error error;       /* why it is given up */
        bool allotted;     /* interfaces have functions of pools, joined or not */
        unsigned answers;  /* that are still to come */
};

/* ---- start.c ---- */

/* Gives up once there is a process: the rest follows when it is over. */
void start_give_up(QemuStart *start, Error *error);
void start_finish(QemuStart *start);

/* ---- start-spawn.c ---- */

/* Sockets, taps, helpers, command line, and QEMU; all processes are held. */
int start_spawn_all(QemuStart *start, Error *error);

/* ---- start-talk.c ---- */

/* Connects, asks and tells everything at once; the last answer lets the guest run, and then
 * start_finish() is called. */
int start_conversation(QemuStart *start, Error *error);
