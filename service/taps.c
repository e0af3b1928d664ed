/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the system's service for taps: NetworkLookupByName, then org.virtbus.Network.OpenTap.
 *
 * We are a client there like any other: polkit is asked about the user that we run as, and may ask
 * somebody for a password if who asked us allowed that. The connection is made with the first
 * question and again when it was lost; nothing of ours depends on it in between, since a tap lives
 * by its descriptor alone. */
#include "service/taps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "drivers/job.h"
#include "service/bus.h"

#define ROOT "/org/libvirt/QEMU"
#define PATIENCE (25 * UINT64_C(1000000))
#define PERSON_PATIENCE (120 * UINT64_C(1000000)) /* us to read a dialog and type a password */

typedef struct Taps {
        TapBroker broker;
        sd_event *event;
        sd_bus *bus; /* NULL: not connected yet */
        TapRequest *requests;
} Taps;

struct TapRequest {
        Taps *taps;
        TapRequest *next;
        char *network, *portgroup;
        MacAddress mac;
        bool headers, interactive;
        sd_bus_slot *call;
        TapOpened opened;
        void *userdata;
};

static void request_free(TapRequest *request) {
        TapRequest **at = &request->taps->requests;

        while (*at && *at != request)
                at = &(*at)->next;
        if (*at)
                *at = request->next;
        sd_bus_slot_unref(request->call);
        free(request->network);
        free(request->portgroup);
        free(request);
}

DEFINE_CLEANUP(TapRequest *, request_free);

/* ---- answers, in the order in which they come ---- */

/* What the other service says begins with the words of its error already. */
static int explain(const TapRequest *request, const sd_bus_error *refusal, bool found,
                   Error *error) {
        const char *name = request->network, *words = refusal->message ?: refusal->name;

        if (sd_bus_error_has_name(refusal, "org.freedesktop.DBus.Error.AccessDenied"))
                return fail(error, ERROR_ACCESS_DENIED,
                            "the system's service gives this user no tap on network '%s': %s", name,
                            words);
        if (sd_bus_error_has_name(refusal,
                                  "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"))
                return fail(error, ERROR_AUTH_NEEDED,
                            "the system's service gives a tap on network '%s' after an "
                            "authorization only: %s", name, words);
        if (!found)
                return fail(error, ERROR_NO_NETWORK,
                            "no network with matching name '%s' in this session, nor of the "
                            "system: %s", name, words);
        return fail(error, ERROR_OPERATION_FAILED,
                    "the system's service gives no tap on network '%s': %s", name, words);
}

/* fd is handed over. */
static void request_end(TapRequest *request, int fd, Error *error) {
        TapOpened opened = request->opened;
        void *userdata = request->userdata;

        request_free(request);
        opened(fd, error, userdata);
}

static void request_refused(TapRequest *request, const sd_bus_error *refusal, bool found) {
        _cleanup_(error_clear) Error error = {};

        (void) explain(request, refusal, found, &error);
        request_end(request, -1, &error);
}

static void request_broken(TapRequest *request, int r, bool found) {
        _cleanup_(sd_bus_error_free) sd_bus_error refusal = SD_BUS_ERROR_NULL;

        (void) sd_bus_error_set_errno(&refusal, r);
        request_refused(request, &refusal, found);
}

static int tap_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        TapRequest *request = userdata;
        int fd = -1, own, r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                request_refused(request, sd_bus_message_get_error(reply), true);
                return 0;
        }
        r = sd_bus_message_read(reply, "h", &fd);
        own = r < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3); /* that of the message goes with it */
        if (own < 0)
                request_broken(request, r < 0 ? r : -errno, true);
        else
                request_end(request, own, &(Error) {});
        return 0;
}

static int append_option(sd_bus_message *call, const char *name, const char *text) {
        return text ? sd_bus_message_append(call, "{sv}", name, "s", text) : 0;
}

static int ask_for_tap(TapRequest *request, const char *path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        sd_bus *bus = request->taps->bus;
        char mac[MAC_TEXT_MAX];
        int r = sd_bus_message_new_method_call(bus, &call, BUS_NAME, path, "org.virtbus.Network",
                                               "OpenTap");

        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(call, request->interactive);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = append_option(call, "mac", mac_format(request->mac, mac));
        if (r >= 0)
                r = append_option(call, "portgroup", request->portgroup);
        if (r >= 0 && request->headers)
                r = sd_bus_message_append(call, "{sv}", "vnet-headers", "b", 1);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = sd_bus_message_append(call, "u", 0);
        request->call = sd_bus_slot_unref(request->call);
        return r < 0 ? r : sd_bus_call_async(bus, &request->call, call, tap_answered, request,
                                             request->interactive ? PERSON_PATIENCE : PATIENCE);
}

static int network_answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        TapRequest *request = userdata;
        const char *path;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                request_refused(request, sd_bus_message_get_error(reply), false);
                return 0;
        }
        r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = ask_for_tap(request, path);
        if (r < 0)
                request_broken(request, r, true);
        return 0;
}

static int ask_for_network(TapRequest *request) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        sd_bus *bus = request->taps->bus;
        int r = sd_bus_message_new_method_call(bus, &call, BUS_NAME, ROOT, "org.libvirt.Connect",
                                               "NetworkLookupByName");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", request->network);
        return r < 0 ? r : sd_bus_call_async(bus, &request->call, call, network_answered, request,
                                             PATIENCE);
}

/* ---- questions ---- */

static int connect_bus(Taps *taps) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (taps->bus && sd_bus_is_open(taps->bus) > 0)
                return 0;
        taps->bus = sd_bus_close_unref(taps->bus);
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, taps->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                taps->bus = TAKE(bus);
        return r;
}

static TapRequest *request_new(Taps *taps, const TapSpec *spec) {
        TapRequest *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        *request = (TapRequest) {
                .taps = taps, .network = strdup(spec->network), .mac = spec->mac,
                .portgroup = spec->portgroup ? strdup(spec->portgroup) : NULL,
                .headers = spec->headers, .interactive = spec->interactive,
        };
        if (request->network && (!spec->portgroup || request->portgroup))
                return request;
        request_free(request);
        return NULL;
}

static int taps_open(TapBroker *broker, const TapSpec *spec, TapOpened opened, void *userdata,
                     TapRequest **ret, Error *error) {
        Taps *taps = container_of(broker, Taps, broker);
        _cleanup_(request_freep) TapRequest *request = request_new(taps, spec);
        int r;

        if (!request)
                return fail_memory(error);
        request->opened = opened;
        request->userdata = userdata;
        r = connect_bus(taps);
        if (r >= 0)
                r = ask_for_network(request);
        if (r < 0)
                return fail(error, ERROR_NO_NETWORK,
                            "no network with matching name '%s' in this session, and the system's "
                            "service can't be asked: %s", spec->network, strerror(-r));
        request->next = taps->requests;
        taps->requests = request;
        *ret = TAKE(request);
        return PENDING;
}

static void taps_forget(TapBroker *broker, TapRequest *request) {
        if (request)
                request_free(request);
}

int taps_new(sd_event *event, TapBroker **ret) {
        Taps *taps = calloc(1, sizeof(*taps));

        if (!taps)
                return -ENOMEM;
        *taps = (Taps) { .broker = { .open = taps_open, .forget = taps_forget },
                         .event = sd_event_ref(event) };
        *ret = &taps->broker;
        return 0;
}

void taps_close(TapBroker *broker) {
        Taps *taps = broker ? container_of(broker, Taps, broker) : NULL;

        while (taps && taps->requests) {
                _cleanup_(error_clear) Error error = {};

                (void) fail(&error, ERROR_OPERATION_ABORTED, "the service ends");
                request_end(taps->requests, -1, &error);
        }
}

TapBroker *taps_free(TapBroker *broker) {
        Taps *taps = broker ? container_of(broker, Taps, broker) : NULL;

        if (!taps)
                return NULL;
        sd_bus_close_unref(taps->bus);
        sd_event_unref(taps->event);
        free(taps);
        return NULL;
}
