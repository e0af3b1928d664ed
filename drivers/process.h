/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process, or one that an earlier life of the service started, watched through its
 * pidfd. */
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "conf/error.h"

/* Later than everything else that became ready with it: what a process said is read before its
 * end is told. */
#define PROCESS_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

#define PROCESS_ANY_START UINT64_MAX

typedef struct Process Process;

/* Called once, from the loop, when it is over and reaped. code, status: as waitid() has them
 * (CLD_EXITED and the exit code, CLD_KILLED and the signal); code 0 when it wasn't our child and
 * nobody knows. */
typedef void (*ProcessExited)(Process *process, int code, int status, void *userdata);

typedef struct ProcessSpec {
        const char *const *argv;     /* argv[0] is a path or is looked up in PATH */
        const char *const
                *environ; /* "NAME=value" to set besides our own environment; may be NULL */
        const char *folder;          /* working directory; NULL: "/" */
        int in, out, err;            /* descriptors for 0, 1, 2; 0 or -1: /dev/null */
        const int *fds;              /* passed on as 3, 4, 5 ... in this order */
        size_t n_fds;
        bool listens; /* the first of fds is a listening socket, and LISTEN_FDS and LISTEN_PID say
                       * so; environ must be NULL */
        bool hold; /* stop before exec until process_release(): its pid can be written down first,
                    * and when we die before that, it ends without having started */
        bool outlives; /* own session; process_free() leaves it running, once it is released */
} ProcessSpec;

/* Everything else of ours is closed in the child, its signals are reset; unless it outlives us,
 * it is killed when we die. A program that isn't there is an error here, not an exit. With hold,
 * that error comes from process_release(), after which the process is over and exited() isn't
 * called. */
int process_new(sd_event *event, const ProcessSpec *spec, ProcessExited exited, void *userdata,
                Process **ret, Error *error);
int process_release(Process *process, Error *error);
bool process_is_held(const Process *process); /* and waits for that */

/* Takes over a process that runs already, and outlives us as before. -ESRCH, which leaves error
 * alone, when pid is gone or was reused since (start differs). PROCESS_ANY_START: who has the pid
 * now is who is meant. */
int process_adopt(sd_event *event, pid_t pid, uint64_t start, ProcessExited exited, void *userdata,
                  Process **ret, Error *error);

pid_t process_pid(const Process *process);
uint64_t process_start(const Process *process); /* clock ticks since boot, from /proc/PID/stat */
int process_signal(Process *process, int signal); /* -ESRCH when it is over */

/* Stops watching; kills and reaps unless the spec said outlives. Allowed inside exited(). */
Process *process_free(Process *process);
DEFINE_CLEANUP(Process *, process_free);
