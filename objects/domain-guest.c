/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to the guest inside a domain: keys, signals, its clock, its users; and where its
 * addresses are known from. */
#include "objects/domain.h"

#include <inttypes.h>

#define NANOSECONDS 1000000000u

int domain_send_key(Request *request, Error *error) {
        int (*send)(Domain *, uint32_t, uint32_t, const uint32_t *, size_t, uint32_t, Job *,
                    Error *);
        uint32_t codeset, hold;
        const void *codes;
        size_t size;
        int r = request_read_first(request, error, "uu", &codeset, &hold);

        send = request_operation(request);
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(request->message, 'u', &codes, &size);
        if (r < 0)
                return fail(error, ERROR_INVALID_ARG, "cannot read the keycodes");
        r = need_some(request, "keycodes", size, error);
        if (r >= 0 && size / sizeof(uint32_t) > SEND_KEY_MAX)
                r = fail(error, ERROR_INVALID_ARG, "more than %d keycodes in %s", SEND_KEY_MAX,
                         request->method->api);
        if (r >= 0 && codeset >= _KEYCODE_MAX)
                r = fail(error, ERROR_INVALID_ARG, "there is no codeset %u", codeset);
        if (r < 0)
                return r;
        return send(request_domain(request), codeset, hold, codes, size / sizeof(uint32_t),
                    request->flags, &request->job, error);
}

int domain_send_signal(Request *request, Error *error) {
        int (*send)(Domain *, int64_t, uint32_t, uint32_t, Job *, Error *);
        uint32_t number;
        int64_t pid;
        int r = request_read(request, error, &pid, &number, NULL);

        send = request_operation(request);
        if (r >= 0 && pid == 0)
                r = fail(error, ERROR_INVALID_ARG, "pidValue in %s must not be zero",
                         request->method->api);
        if (r >= 0 && number > PROCESS_SIGNAL_MAX)
                r = fail(error, ERROR_INVALID_ARG, "there is no signal %u", number);
        if (r < 0)
                return r;
        return send(request_domain(request), pid, number, request->flags, &request->job, error);
}

int domain_trim(Request *request, Error *error) {
        int (*trim)(Domain *, const char *, uint64_t, uint32_t, Job *, Error *);
        const char *mountpoint;
        uint64_t minimum;
        int r = request_read(request, error, &mountpoint, &minimum, NULL);

        trim = request_operation(request);
        if (r < 0)
                return r;
        return trim(request_domain(request), given(mountpoint), minimum, request->flags,
                    &request->job, error);
}

/* What is in the message isn't left in memory. */
int domain_set_password(Request *request, Error *error) {
        int (*set)(Domain *, const char *, const char *, uint32_t, Job *, Error *);
        const char *user, *password;
        int r = sd_bus_message_sensitive(request->message);

        set = request_operation(request);
        if (r >= 0)
                r = request_read(request, error, &user, &password, NULL);
        if (r >= 0)
                r = need_text(request, "user", user, error);
        if (r < 0)
                return r;
        return set(request_domain(request), user, password, request->flags, &request->job, error);
}

int domain_set_time(Request *request, Error *error) {
        int (*set)(Domain *, int64_t, uint32_t, uint32_t, Job *, Error *);
        uint32_t nanoseconds;
        uint64_t seconds;
        int r = request_read(request, error, &seconds, &nanoseconds, NULL);

        set = request_operation(request);
        if (r >= 0 && (seconds > INT64_MAX || nanoseconds >= NANOSECONDS))
                r = fail(error, ERROR_INVALID_ARG, "%" PRIu64 " s and %u ns are no time", seconds,
                         nanoseconds);
        if (r < 0)
                return r;
        return set(request_domain(request), seconds, nanoseconds, request->flags, &request->job,
                   error);
}

int domain_set_memory_period(Request *request, Error *error) {
        int (*set)(Domain *, int32_t, uint32_t, Job *, Error *) = request_operation(request);
        int32_t period;
        int r = request_read(request, error, &period, NULL);

        if (r >= 0 && period < 0)
                r = fail(error, ERROR_INVALID_ARG, "period in %s must not be negative",
                         request->method->api);
        if (r < 0)
                return r;
        return set(request_domain(request), period, request->flags, &request->job, error);
}

int domain_interface_addresses(Request *request, Error *error) {
        uint32_t source;
        int r = request_read(request, error, &source, NULL);

        if (r < 0)
                return r;
        if (source != ADDRESSES_SRC_LEASE && source != DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT &&
            source != ADDRESSES_SRC_ARP)
                return fail(error, ERROR_INVALID_ARG, "there is no source %u of addresses", source);
        r = sd_bus_message_rewind(request->message, true);
        return r < 0 ? r : domain_call_number(request, error);
}
