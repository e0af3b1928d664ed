/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is one question to a guest's agent: file systems at rest, its name, its clock, passwords. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/addresses.h"
#include "drivers/qemu/addresses.h"
#include "drivers/qemu/guest.h"

#define SECOND INT64_C(1000000000) /* ns, as agents count time */

static int strange(const char *what, Error *error) {
        return fail(error, ERROR_AGENT_UNRESPONSIVE, "the guest agent's answer has no %s", what);
}

/* An answer that is one number; -1: it isn't. */
static int64_t number_of(json_object *value) {
        return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

/* ---- file systems ---- */

/* How many. */
static int take_count(Domain *domain, json_object *value, Job *job, Error *error) {
        int64_t n = number_of(value);

        if (n < 0 || n > INT32_MAX)
                return strange("number of file systems", error);
        values_uint(&job->result.values, n);
        return DONE;
}

static int freeze(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags,
                  Job *job, Error *error) {
        json_object *list = n > 0 ? json_object_new_array() : NULL;

        for (size_t i = 0; list && i < n; i++) {
                json_object *name = json_object_new_string(mountpoints[i]);

                if (!name || json_object_array_add(list, name) < 0) {
                        json_object_put(name);
                        json_object_put(list);
                        return fail_memory(error);
                }
        }
        if (n > 0 && !list)
                return fail_memory(error);
        return qemu_agent_ask(domain,
                              n > 0 ? "guest-fsfreeze-freeze-list" : "guest-fsfreeze-freeze",
                              n > 0 ? qmp_arguments("o", "mountpoints", list, NULL) : NULL,
                              AGENT_TAKES_LONG, take_count, job, error);
}

static int thaw(Domain *domain, const char *const *mountpoints, size_t n, uint32_t flags, Job *job,
                Error *error) {
        if (n > 0)
                return fail(error, ERROR_ARG_UNSUPPORTED,
                            "a guest agent thaws all file systems at once: no mount points can be "
                            "named");
        return qemu_agent_ask(domain, "guest-fsfreeze-thaw", NULL, AGENT_TAKES_LONG, take_count,
                              job, error);
}

static int trim(Domain *domain, const char *mountpoint, uint64_t minimum, uint32_t flags, Job *job,
                Error *error) {
        if (mountpoint)
                return fail(error, ERROR_ARG_UNSUPPORTED,
                            "a guest agent trims all file systems at once: no mount point can be "
                            "named");
        if (minimum > INT64_MAX)
                return fail(error, ERROR_INVALID_ARG, "there is no piece of %" PRIu64 " bytes",
                            minimum);
        return qemu_agent_ask(domain, "guest-fstrim",
                              qmp_arguments("i", "minimum", (int64_t) minimum, NULL),
                              AGENT_TAKES_LONG, NULL, job, error);
}

/* ---- its name ---- */

static int take_hostname(Domain *domain, json_object *value, Job *job, Error *error) {
        const char *name = agent_text(value, "host-name");

        if (!name)
                return strange("host name", error);
        job->result.text = strdup(name);
        return job->result.text ? DONE : fail_memory(error);
}

static int hostname(Domain *domain, uint32_t flags, Job *job, Error *error) {
        if (flags & GET_HOSTNAME_LEASE)
                return addresses_lease_hostname(domain, job, error);
        return qemu_agent_ask(domain, "guest-get-host-name", NULL, AGENT_ANSWERS, take_hostname,
                              job, error);
}

/* ---- passwords ---- */

static char *base64(const char *text) {
        static const char letters[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = strlen(text), at = 0;
        char *made = malloc((n + 2) / 3 * 4 + 1);

        for (size_t i = 0; made && i < n; i += 3) {
                uint32_t bits = (uint32_t) (unsigned char) text[i] << 16;

                bits |= i + 1 < n ? (uint32_t) (unsigned char) text[i + 1] << 8 : 0;
                bits |= i + 2 < n ? (unsigned char) text[i + 2] : 0;
                made[at++] = letters[bits >> 18];
                made[at++] = letters[bits >> 12 & 63];
                made[at++] = i + 1 < n ? letters[bits >> 6 & 63] : '=';
                made[at++] = i + 2 < n ? letters[bits & 63] : '=';
        }
        if (made)
                made[at] = '\0';
        return made;
}

static int set_password(Domain *domain, const char *user, const char *password, uint32_t flags,
                        Job *job, Error *error) {
        bool encrypted = flags & DOMAIN_PASSWORD_ENCRYPTED;
        char *coded = base64(password);
        json_object *arguments;

        if (!coded)
                return fail_memory(error);
        arguments = qmp_arguments("b", "crypted", (int) encrypted, "s", "username", user, "s",
                                  "password", coded, NULL);
        explicit_bzero(coded, strlen(coded));
        free(coded);
        return qemu_agent_ask(domain, "guest-set-user-password", arguments, AGENT_ANSWERS, NULL,
                              job, error);
}

/* ---- its clock ---- */

static int take_time(Domain *domain, json_object *value, Job *job, Error *error) {
        int64_t time = number_of(value);

        if (time < 0)
                return strange("time", error);
        values_ullong(&job->result.values, time / SECOND);
        values_uint(&job->result.values, time % SECOND);
        return DONE;
}

static int get_time(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return qemu_agent_ask(domain, "guest-get-time", NULL, AGENT_ANSWERS, take_time, job,
                              error);
}

/* Ticks that QEMU still wants to make up for would now be too many. Machines without such a clock
 * have no such command. */
static int reinject(Domain *domain, json_object *value, Job *job, Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);

        if (guest && guest->qmp)
                (void) qmp_call(guest->qmp, "rtc-reset-reinjection", NULL, NULL, NULL, NULL);
        return DONE;
}

static int set_time(Domain *domain, int64_t seconds, uint32_t nanoseconds, uint32_t flags, Job *job,
                    Error *error) {
        json_object *arguments = NULL;

        if (flags & DOMAIN_TIME_SYNC) /* from its hardware's clock */
                return qemu_agent_ask(domain, "guest-set-time", NULL, AGENT_ANSWERS, reinject, job,
                                      error);
        if (seconds > (INT64_MAX - nanoseconds) / SECOND)
                return fail(error, ERROR_INVALID_ARG,
                            "Time '%" PRId64 "' is too big for guest agent", seconds);
        arguments = qmp_arguments("i", "time", seconds * SECOND + nanoseconds, NULL);
        return qemu_agent_ask(domain, "guest-set-time", arguments, AGENT_ANSWERS, reinject, job,
                              error);
}

const DomainAgent qemu_agent = {
        .freeze = freeze,
        .thaw = thaw,
        .trim = trim,
        .file_systems = qemu_agent_file_systems,
        .get_vcpus = qemu_agent_get_vcpus,
        .set_vcpus = qemu_agent_set_vcpus,
        .hostname = hostname,
        .set_password = set_password,
        .get_time = get_time,
        .set_time = set_time,
};
