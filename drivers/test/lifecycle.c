/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lives of the test driver's guests: states, reasons and events as libvirt's has them. */
#include <errno.h>

#include "drivers/test/driver.h"

#define CLOCK_AT_START 627319920 /* s: 1989-11-17, as libvirt's guests have it */

/* ---- transitions ---- */

static int guest_begin(Domain *domain, DomainConf *conf, Error *error) {
        TestGuest *guest = calloc(1, sizeof(*guest));
        int r;

        if (!guest)
                return fail_memory(error);
        domain_starting(domain, 0);
        conf->id = (MaybeU32) { true, domain->id };
        r = domain_set_live(domain, conf, error);
        if (r < 0) {
                free(guest);
                domain_stopped(domain, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
                return r;
        }
        guest->seconds = CLOCK_AT_START;
        domain->data = guest;
        return 0;
}

int test_guest_start(Domain *domain, DomainConf *conf, int reason, int detail, Error *error) {
        int r;

        resource_ref(&domain->resource);
        r = guest_begin(domain, conf, error);
        if (r >= 0) {
                domain_set_state(domain, DOMAIN_RUNNING, reason);
                domain_started(domain, detail);
        }
        resource_unref(&domain->resource);
        return r;
}

void test_guest_stop(Domain *domain, int reason, int detail) {
        resource_ref(&domain->resource);
        free(TAKE(domain->data));
        domain_stopped(domain, reason, detail);
        resource_unref(&domain->resource);
}

void test_guest_pause(Domain *domain, int reason, int detail) {
        domain_set_state(domain, DOMAIN_PAUSED, reason);
        domain_report(domain, DOMAIN_EVENT_SUSPENDED, detail);
}

void test_guest_resume(Domain *domain, int reason, int detail) {
        domain_set_state(domain, DOMAIN_RUNNING, reason);
        domain_report(domain, DOMAIN_EVENT_RESUMED, detail);
}

/* ---- start, destroy ---- */

static int boot(Domain *domain, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_conf(domain, DOMAIN_PERSISTENT, &conf, error);

        if (r >= 0)
                r = test_guest_start(domain, conf, DOMAIN_RUNNING_BOOTED, STARTED_BOOTED, error);
        return r;
}

static int test_start(Domain *domain, uint32_t flags, Job *job, Error *error) {
        bool saved = domain->managed_save && !(flags & DOMAIN_START_FORCE_BOOT);
        int r = domain_need_inactive(domain, error);

        if (r >= 0)
                r = saved ? test_start_saved(domain, error) : boot(domain, error);
        if (r < 0)
                return r;
        domain_set_managed_save(domain, false, NULL);
        if ((flags & DOMAIN_START_PAUSED) && domain->state != DOMAIN_PAUSED)
                test_guest_pause(domain, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
        return DONE;
}

static int test_start_with_files(Domain *domain, const int *files, size_t n_files, uint32_t flags,
                                 Job *job, Error *error) {
        return test_start(domain, flags, job, error);
}

static int test_destroy(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r >= 0)
                test_guest_stop(domain, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        return r;
}

/* ---- shutdown, reboot: the guest obeys at once ---- */

static void obey(Domain *domain, LifecycleAction action) {
        switch (action) {
        case ACTION_RESTART:
        case ACTION_RENAME_RESTART:
                domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_BOOTED);
                return;
        case ACTION_UNSET:
        case ACTION_DESTROY:
        case ACTION_PRESERVE:
        case ACTION_COREDUMP_DESTROY:
        case ACTION_COREDUMP_RESTART:
                test_guest_stop(domain, DOMAIN_SHUTOFF_SHUTDOWN, STOPPED_SHUTDOWN);
                return;
        }
}

static int test_shutdown(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r >= 0)
                obey(domain, conf->on_poweroff);
        return r;
}

static int test_reboot(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int r = domain_need_active(domain, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &conf, error);
        if (r >= 0)
                obey(domain, conf->on_reboot);
        return r;
}

static int test_reset_guest(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return domain_need_active(domain, error);
}

/* ---- suspend, resume ---- */

static int test_suspend(Domain *domain, Job *job, Error *error) {
        if (!domain_is_active(domain) || domain->state == DOMAIN_PAUSED)
                return fail(error, ERROR_OPERATION_INVALID, "domain '%s' not running",
                            domain->resource.name);
        test_guest_pause(domain, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
        return DONE;
}

static int test_resume(Domain *domain, Job *job, Error *error) {
        if (domain->state != DOMAIN_PAUSED)
                return fail(error, ERROR_OPERATION_INVALID, "domain '%s' not paused",
                            domain->resource.name);
        test_guest_resume(domain, DOMAIN_RUNNING_UNPAUSED, RESUMED_UNPAUSED);
        return DONE;
}

const DomainLifecycle test_lifecycle = {
        .start = test_start,
        .destroy = test_destroy,
        .shutdown = test_shutdown,
        .reboot = test_reboot,
        .reset = test_reset_guest,
        .suspend = test_suspend,
        .resume = test_resume,
        .start_with_files = test_start_with_files,
};
