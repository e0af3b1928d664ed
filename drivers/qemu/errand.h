/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are run for an interface of the host when it joins or leaves: scripts, ovs-vsctl.
 *
 * Those for one interface run one after the other, in the order in which they were asked for, so
 * that what a guest leaves is gone before another one joins under the same name. Those for
 * different interfaces don't wait for each other. */
#pragma once

#include "drivers/process.h"

typedef struct Errands Errands; /* all of them, of a connection */
typedef struct Errand Errand;

/* Once, from the loop; then the errand is gone. r: 0 when the program ended with status 0. */
typedef void (*ErrandDone)(Errand *errand, int r, Error *error, void *userdata);

Errands *errands_new(sd_event *event); /* NULL without memory */
/* What waits is run now; who waits is told that the service ends (ERROR_OPERATION_ABORTED), and
 * asks for nothing more. */
Errands *errands_free(Errands *errands);

typedef struct ErrandSpec {
        const char *interface;
        const char *what;          /* "script '/etc/up'", for messages */
        const char *const *argv;   /* copied, as the rest */
} ErrandSpec;

/* done NULL: nobody waits, a failure is logged. *ret, which may be NULL, is borrowed. */
int errand_new(Errands *errands, const ErrandSpec *spec, ErrandDone done, void *userdata,
               Errand **ret, Error *error);
/* It goes on, but done() isn't called. */
void errand_forget(Errand *errand);
