/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place for a guest's processes in the host's manager of units (systemd), with limits, and under
 * a name that other tools know (machinectl). Where there is none, guests are plain children.
 *
 * Who makes units is the service's business, because that takes a bus; a driver sees only this.
 * A unit is over when its last process is: nobody needs to end it. */
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

/* Called once, from the loop. result: 1 placed, 0 there is no manager after all, so they stay where
 * they are; negative, with error set: it refused. */
typedef void (*UnitPlaced)(int result, Error *error, void *userdata);

typedef struct UnitManager UnitManager;
typedef struct UnitRequest UnitRequest;

struct UnitManager {
        /* Moves the processes into a new unit. DONE: there is no manager, so they stay where they
         * are; PENDING: placed() follows; or an error. */
        int (*place)(UnitManager *manager, const UnitSpec *spec, UnitPlaced placed, void *userdata,
                     UnitRequest **ret, Error *error);
        /* placed() isn't called any more; the unit may still come to be. NULL does nothing. */
        void (*forget)(UnitManager *manager, UnitRequest *request);
};
