/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs on disks of the test driver's guests: there is never one, and that can be told. */
#include <errno.h>

#include "drivers/device-edit.h"
#include "drivers/test/driver.h"

static int find_disk(Domain *domain, const char *disk, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r < 0)
                return r;
        return device_find_disk(conf, disk)
                       ? 0
                       : fail(error, ERROR_INVALID_ARG, "disk '%s' was not found in the domain",
                              disk);
}

static int info(Domain *domain, const char *disk, uint32_t flags, Job *job, Error *error) {
        int r = find_disk(domain, disk, error);

        if (r < 0)
                return r;
        values_int(&job->result.values, 0);
        for (int i = 0; i < 3; i++)
                values_ullong(&job->result.values, 0);
        return DONE;
}

static int fail_idle(Domain *domain, const char *disk, Error *error) {
        int r = find_disk(domain, disk, error);

        return r < 0 ? r
                     : fail(error, ERROR_OPERATION_INVALID,
                            "disk %s does not have an active block job", disk);
}

static int abort_job(Domain *domain, const char *disk, uint32_t flags, Job *job, Error *error) {
        return fail_idle(domain, disk, error);
}

static int set_speed(Domain *domain, const char *disk, uint64_t bandwidth, uint32_t flags, Job *job,
                     Error *error) {
        return fail_idle(domain, disk, error);
}

const DomainBlocks test_blocks = {
        .abort = abort_job,
        .set_speed = set_speed,
        .info = info,
};
