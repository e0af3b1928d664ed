/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent in the test driver's guests would do: each has two file systems, a clock that
 * stands still, and processors that it may switch off. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/processors.h"
#include "drivers/test/driver.h"

static const char *const mount_points[] = { "/", "/boot" };

static int live_conf(Domain *domain, DomainConf **ret, Error *error) {
        int r = domain_need_active(domain, error);

        return r < 0 ? r : domain_conf(domain, DOMAIN_LIVE, ret, error);
}

/* ---- file systems ---- */

static int find_mount_point(const char *name, Error *error) {
        for (size_t i = 0; i < ELEMENTS(mount_points); i++)
                if (strcmp(name, mount_points[i]) == 0)
                        return i;
        return fail(error, ERROR_OPERATION_INVALID, "mount point not found: %s", name);
}

static int set_frozen(Domain *domain, const char *const *names, size_t n, bool frozen, Job *job,
                      Error *error) {
        bool meant[ELEMENTS(mount_points)] = {};
        TestGuest *guest = test_guest_of(domain);
        uint32_t changed = 0;
        int r = domain_need_active(domain, error);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = find_mount_point(names[i], error);
                if (r >= 0)
                        meant[r] = true;
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(mount_points); i++) {
                if ((n > 0 && !meant[i]) || guest->frozen[i] == frozen)
                        continue;
                guest->frozen[i] = frozen;
                changed++;
        }
        values_uint(&job->result.values, changed);
        return DONE;
}

static int freeze(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags,
                  Job *job, Error *error) {
        return set_frozen(domain, mountpoints, n, true, job, error);
}

static int thaw(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags, Job *job,
                Error *error) {
        return set_frozen(domain, mountpoints, n, false, job, error);
}

static int trim(Domain *domain, const char *mountpoint, uint64_t minimum, uint32_t flags, Job *job,
                Error *error) {
        int r = domain_need_active(domain, error);

        if (r >= 0 && mountpoint)
                r = find_mount_point(mountpoint, error);
        return MIN(r, DONE);
}

/* Both are on the first disk that is one. */
static int file_systems(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Values *values = &job->result.values;
        size_t head, disk = 0;
        int r = live_conf(domain, &conf, error);

        if (r < 0)
                return r;
        head = values_array(values);
        while (disk < conf->disks.n && conf->disks.items[disk]->kind != DISK_DEVICE_DISK)
                disk++;
        for (size_t i = 0; disk < conf->disks.n && i < ELEMENTS(mount_points); i++) {
                const char *target = conf->disks.items[disk]->target;
                _cleanup_(freep) char *name = NULL;
                size_t targets;

                if (asprintf(&name, "%s%zu", target, i + 1) < 0) {
                        name = NULL;
                        return fail_memory(error);
                }
                values_element(values, head);
                values_string(values, mount_points[i]);
                values_string(values, name);
                values_string(values, "ext4");
                targets = values_array(values);
                values_element(values, targets);
                values_string(values, target);
        }
        return DONE;
}

/* ---- processors ---- */

static bool is_used(const TestGuest *guest, const DomainConf *conf, uint32_t vcpu) {
        return vcpu_is_online(conf, vcpu) && !(guest->offline & BIT(vcpu));
}

uint32_t test_guest_vcpus(Domain *domain, const DomainConf *conf) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < MIN(conf->vcpus, (uint32_t) TEST_VCPUS_MAX); i++)
                n += is_used(test_guest_of(domain), conf, i);
        return n;
}

int test_guest_use_vcpus(Domain *domain, uint32_t n, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        TestGuest *guest = test_guest_of(domain);
        int r = live_conf(domain, &conf, error);

        if (r < 0)
                return r;
        if (n > vcpus_count(conf, 0))
                return fail(error, ERROR_INVALID_ARG,
                            "requested vcpu count is greater than the count of enabled vcpus in "
                            "the domain: %u > %u",
                            n, vcpus_count(conf, 0));
        guest->offline = 0;
        for (uint32_t i = MIN(conf->vcpus, (uint32_t) TEST_VCPUS_MAX); i > 0; i--)
                if (test_guest_vcpus(domain, conf) > n && is_used(guest, conf, i - 1))
                        guest->offline |= BIT(i - 1);
        return 0;
}

static void put_set(Values *values, size_t head, const char *name, const bool *map) {
        _cleanup_(freep) char *set = cpuset_format(map, TEST_VCPUS_MAX);

        if (set)
                values_named(values, head, NAMED_STRING(set), "%s", name);
        else
                values->failed = true;
}

static int get_vcpus(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        bool there[TEST_VCPUS_MAX] = {}, used[TEST_VCPUS_MAX] = {}, may[TEST_VCPUS_MAX] = {};
        Values *values = &job->result.values;
        size_t head;
        int r = live_conf(domain, &conf, error);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < MIN(conf->vcpus, (uint32_t) TEST_VCPUS_MAX); i++) {
                there[i] = vcpu_is_online(conf, i);
                used[i] = is_used(test_guest_of(domain), conf, i);
                may[i] = there[i] && i > 0; /* the first one runs the others' start */
        }
        head = values_array(values);
        put_set(values, head, "vcpus", there);
        put_set(values, head, "online", used);
        put_set(values, head, "offlinable", may);
        return DONE;
}

static int set_vcpus(Domain *domain, const bool *map, size_t n, int32_t state, uint32_t flags,
                     Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        uint64_t meant = 0;
        int r;

        if (state != 0 && state != 1)
                return fail(error, ERROR_INVALID_ARG, "unsupported cpu state value %d", state);
        r = live_conf(domain, &conf, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (!map[i])
                        continue;
                if (i >= TEST_VCPUS_MAX || !vcpu_is_online(conf, i))
                        return fail(error, ERROR_INVALID_ARG,
                                    "vcpu '%zu' is not present in the guest", i);
                if (i == 0 && state == 0)
                        return fail(error, ERROR_INVALID_ARG, "vcpu '0' can't be offlined");
                meant |= BIT(i);
        }
        if (meant == 0)
                return fail(error, ERROR_INVALID_ARG, "No vcpus selected for modification");
        if (state == 0)
                test_guest_of(domain)->offline |= meant;
        else
                test_guest_of(domain)->offline &= ~meant;
        return DONE;
}

/* ---- the rest ---- */

static int hostname(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (asprintf(&job->result.text, "%shost", domain->resource.name) < 0) {
                job->result.text = NULL;
                return fail_memory(error);
        }
        return DONE;
}

static int set_password(Domain *domain, const char *user, const char *password, uint32_t flags,
                        Job *job, Error *error) {
        return domain_need_active(domain, error);
}

static int get_time(Domain *domain, uint32_t flags, Job *job, Error *error) {
        if (domain->state != DOMAIN_RUNNING)
                return fail(error, ERROR_OPERATION_INVALID, "domain is not running");
        values_ullong(&job->result.values, test_guest_of(domain)->seconds);
        values_uint(&job->result.values, test_guest_of(domain)->nanoseconds);
        return DONE;
}

static int set_time(Domain *domain, int64_t seconds, uint32_t nanoseconds, uint32_t flags, Job *job,
                    Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        test_guest_of(domain)->seconds = seconds;
        test_guest_of(domain)->nanoseconds = nanoseconds;
        return DONE;
}

const DomainAgent test_agent = {
        .freeze = freeze,
        .thaw = thaw,
        .trim = trim,
        .file_systems = file_systems,
        .get_vcpus = get_vcpus,
        .set_vcpus = set_vcpus,
        .hostname = hostname,
        .set_password = set_password,
        .get_time = get_time,
        .set_time = set_time,
};
