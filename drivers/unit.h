/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place for a guest's processes in the host's manager of units (systemd), with limits, and under
 * a name that other tools know (machinectl). Where there is none, guests are plain children.
 *
 * Who makes units is the service's business, because that takes a bus; a driver sees only this.
 * A unit is over when its last process is: nobody needs to end it.
 *
 * What must do more than the service itself may can't be its child: the manager runs it for us, in
 * a unit whose sandbox is cut for that program. */
#pragma once

#include <sys/types.h>

#include "conf/error.h"
#include "conf/uuid.h"

#define UNIT_UNSET 0 /* no limit of this kind */

typedef struct UnitSpec {
        const char *driver;  /* "qemu" */
        const char *name;    /* of the domain */
        Uuid uuid;
        uint32_t id;         /* of the domain: makes the unit's name unique */
        const char *slice;   /* a slice's name; NULL: the one of all guests */
        const pid_t *pids;   /* the first is the guest itself; n > 0 */
        size_t n_pids;
        uint64_t cpu_weight;       /* 1 to 10000, 100 is everybody's */
        uint64_t cpu_quota;        /* us of CPU time per second */
        uint64_t cpu_period;       /* us in which that is measured */
        uint64_t memory_max, memory_high, memory_min, swap_max; /* bytes */
        uint64_t io_weight;        /* 1 to 10000 */
        uint64_t tasks_max;
} UnitSpec;

/* What a program may do. It sees the host's files, but changes nothing besides what is named. */
typedef struct UnitSandbox {
        uint64_t capabilities; /* 1 << CAP_..., all that it can ever have */
        uint64_t namespaces;   /* CLONE_NEW..., that it may make */
        bool network;          /* the host's; else it has none but the socket that it is given */
        bool any_mode;         /* it may make files that run as their owner */
        const char *const *families; /* of sockets: "AF_UNIX"; all lists end with NULL */
        const char *const *calls;    /* of the system, beside what any service does: "@mount" */
        const char *const *devices;  /* pairs: "char-*", "m"; beside /dev/null and its like */
} UnitSandbox;

/* A program beside a guest, or one of its own. The first four make its unit's name: whoever knows
 * them finds it, and no two starts have the same. Where `unit` is the name, a start waits for the
 * end of the one before. */
typedef struct UnitProgram {
        const char *driver, *name; /* as above; of the domain */
        const char *helper;        /* "fs0-virtiofsd" */
        pid_t guest;               /* placed before: it ends with that unit, and is in its slice */
        const char *const *argv;   /* argv[0] is a path; ends with NULL */
        int fd, out;               /* 3 there; 1 and 2; borrowed */
        bool listens;              /* as in ProcessSpec */
        const UnitSandbox *sandbox;
        const char *writable;      /* a file or folder that it may change; or NULL */

        /* Of a program beside no guest; driver, name, helper, guest, fd and listens aren't used. */
        const char *unit;          /* all of its unit's name: "network-NAME", any characters */
        const char *description;
} UnitProgram;

/* Called once, from the loop. result: 1 placed, 0 there is no manager after all, so they stay where
 * they are; negative, with error set: it refused. */
typedef void (*UnitPlaced)(int result, Error *error, void *userdata);

/* The same for a program: 1 it runs, as pid, which is 0 when it has ended already. */
typedef void (*UnitRan)(int result, pid_t pid, Error *error, void *userdata);

typedef struct UnitManager UnitManager;
typedef struct UnitRequest UnitRequest;

struct UnitManager {
        /* Moves the processes into a new unit. DONE: there is no manager, so they stay where they
         * are; PENDING: placed() follows; or an error. */
        int (*place)(UnitManager *manager, const UnitSpec *spec, UnitPlaced placed, void *userdata,
                     UnitRequest **ret, Error *error);
        /* Whether it runs programs: only where it could give them what we don't have. */
        bool (*can_run)(UnitManager *manager);
        /* As place(), with ran(). */
        int (*run)(UnitManager *manager, const UnitProgram *program, UnitRan ran, void *userdata,
                   UnitRequest **ret, Error *error);
        /* Ends the unit of a program that an earlier life of the service may have started; of the
         * program, the names are enough. May be called before there is a bus. */
        void (*stop)(UnitManager *manager, const UnitProgram *program);
        /* placed() or ran() isn't called any more; the unit may still come to be. NULL does
         * nothing. */
        void (*forget)(UnitManager *manager, UnitRequest *request);
};
