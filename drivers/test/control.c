/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input and memory of the test driver's guests: what can be known to be wrong is refused, and the
 * rest has no effect. */
#include <errno.h>

#include "conf/api-domain.h"
#include "drivers/test/driver.h"

#define PEEK_MAX (4u << 20) /* bytes, of libvirt's protocol */

/* The highest number of each set, or 0: no such set. */
static uint32_t keycode_max(uint32_t codeset) {
        switch (codeset) {
        case KEYCODE_LINUX:
                return 0x2ff;
        case KEYCODE_XT:
        case KEYCODE_ATSET1:
        case KEYCODE_ATSET2:
        case KEYCODE_ATSET3:
                return 0xffff; /* with a prefix of 0xe0 or 0xe1 */
        case KEYCODE_OSX:
        case KEYCODE_XT_KBD:
        case KEYCODE_USB:
        case KEYCODE_WIN32:
        case KEYCODE_QNUM:
                return 0xff;
        }
        return 0;
}

static int send_key(Domain *domain, uint32_t codeset, uint32_t hold, const uint32_t *codes,
                    size_t n, uint32_t flags, Job *job, Error *error) {
        uint32_t most = keycode_max(codeset);

        if (most == 0)
                return fail(error, ERROR_INVALID_ARG, "there is no codeset %u", codeset);
        if (n == 0 || n > SEND_KEY_MAX)
                return fail(error, ERROR_INVALID_ARG, "1 to %d keys can be pressed, not %zu",
                            SEND_KEY_MAX, n);
        int r = domain_need_active(domain, error);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (codes[i] > most)
                        r = fail(error, ERROR_INVALID_ARG, "invalid keycode %u of codeset %u",
                                 codes[i], codeset);
        return r;
}

static int send_signal(Domain *domain, int64_t pid, uint32_t signal, uint32_t flags, Job *job,
                       Error *error) {
        if (pid != 1)
                return fail(error, ERROR_INVALID_ARG,
                            "only sending a signal to pid 1 is supported");
        if (signal > PROCESS_SIGNAL_MAX)
                return fail(error, ERROR_INVALID_ARG, "signum value %u is out of range", signal);
        return domain_need_active(domain, error);
}

static int inject_nmi(Domain *domain, uint32_t flags, Job *job, Error *error) {
        return domain_need_active(domain, error);
}

static int pm_wakeup(Domain *domain, uint32_t flags, Job *job, Error *error) {
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (domain->state != DOMAIN_PMSUSPENDED)
                return fail(error, ERROR_OPERATION_INVALID,
                            "Unable to wake up domain not in pmsuspended state");
        domain_set_state(domain, DOMAIN_RUNNING, DOMAIN_RUNNING_WAKEUP);
        domain_report(domain, DOMAIN_EVENT_STARTED, STARTED_WAKEUP);
        return DONE;
}

/* Each byte of memory holds the lowest byte of its address. */
static int peek_memory(Domain *domain, uint64_t start, uint64_t size, uint32_t flags, Job *job,
                       Error *error) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        int r;

        if (flags != MEMORY_VIRTUAL && flags != MEMORY_PHYSICAL)
                return fail(error, ERROR_INVALID_ARG,
                            "flags parameter must be %d (virtual) or %d (physical)", MEMORY_VIRTUAL,
                            MEMORY_PHYSICAL);
        if (size > PEEK_MAX)
                return fail(error, ERROR_INVALID_ARG, "no more than %u bytes can be read at once",
                            PEEK_MAX);
        r = domain_need_active(domain, error);
        if (r < 0)
                return r;
        bytes = malloc(size + 1);
        if (!bytes)
                return fail_memory(error);
        for (uint64_t i = 0; i < size; i++)
                bytes[i] = start + i;
        values_bytes(&job->result.values, bytes, size);
        return DONE;
}

const DomainControl test_control = {
        .send_key = send_key,
        .send_signal = send_signal,
        .inject_nmi = inject_nmi,
        .pm_wakeup = pm_wakeup,
        .peek_memory = peek_memory,
};
