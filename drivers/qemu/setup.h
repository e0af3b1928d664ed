/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that must have run before a guest can start: one after the other, each to its end. */
#pragma once

#include "drivers/process.h"

typedef struct Domain Domain;
typedef struct QemuSetup QemuSetup;

/* Once, from the loop: r 0 when all went well. May free the setup. */
typedef void (*QemuSetupDone)(QemuSetup *setup, int r, Error *error, void *userdata);

/* Output goes to the domain's log of that name. NULL without memory. */
QemuSetup *qemu_setup_new(Domain *domain, QemuSetupDone done, void *userdata);
QemuSetup *qemu_setup_free(QemuSetup *setup); /* kills what runs; done() isn't called */

typedef struct SetupSpec {
        const char *kind;          /* "swtpm_setup": its log is <domain>-<kind>.log */
        const char *const *argv;   /* copied */
        int fd;                    /* 3 there; taken; -1: none */
        const char *from, *to;     /* when it went well, this is renamed so; NULL: nothing is */
} SetupSpec;

/* Also on failure the descriptor is taken. */
int qemu_setup_add(QemuSetup *setup, const SetupSpec *spec, Error *error);

/* DONE: there is nothing to do, done() isn't called; PENDING, or negative. */
int qemu_setup_run(QemuSetup *setup, Error *error);
/* done() comes soon, with an error. */
void qemu_setup_stop(QemuSetup *setup);
