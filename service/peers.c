/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services of other hosts, over their buses.
 *
 *         xen+ssh://[USER@]HOST[:PORT]/system      ssh, and systemd-stdio-bridge there
 *         xen+unix:///system?socket=PATH           a bus whose socket is on this host
 *
 * A peer is one connection of our own to that bus. What the other side prepared for it ends with
 * it, so that closing it is how everything is called off. */
#include "service/peers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define PEER_NAME "org.libvirt"
#define PEER_INTERFACE "org.virtbus.Connect"
#define PREPARE_TIMEOUT UINT64_C(60000000)  /* us: also what connecting takes */
#define FINISH_TIMEOUT UINT64_C(300000000) /* the guest's devices are connected meanwhile */

typedef struct Peers {
        PeerManager manager;
        sd_event *event;
} Peers;

struct Peer {
        sd_bus *bus;
        sd_bus_slot *slot; /* of the question that waits */
        char *path;
        PeerAnswered answered;
        void *userdata;
};

/* ---- addresses ---- */

/* As D-Bus wants values in addresses. */
static int append_escaped(FILE *to, const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                unsigned char c = text[i];

                if (isalnum(c) || strchr("-_/.@", c))
                        (void) fputc(c, to);
                else
                        (void) fprintf(to, "%%%02x", c);
        }
        return 0;
}

static int unix_address(const char *rest, FILE *to, Error *error) {
        const char *socket = strstr(rest, "?socket=");

        if (!socket || socket[8] != '/')
                return fail(error, ERROR_INVALID_ARG,
                            "a URI of unix sockets ends with ?socket=PATH: the bus of this very "
                            "host is where the domain is already");
        (void) fputs("unix:path=", to);
        return append_escaped(to, socket + 8, strcspn(socket + 8, "&"));
}

/* A name that begins with '-' would be an option of ssh. */
static int ssh_address(const char *rest, FILE *to, char **ret_host, Error *error) {
        size_t n = strcspn(rest, "/?"), at = strcspn(rest, "@");
        const char *host = at < n ? rest + at + 1 : rest, *colon;
        size_t size = rest + n - host;

        colon = memchr(host, ':', size);
        if (colon)
                size = colon - host;
        if (size == 0 || *rest == '-' || *host == '-')
                return fail(error, ERROR_INVALID_ARG, "the URI names no host");
        *ret_host = strndup(host, size);
        if (!*ret_host)
                return fail_memory(error);
        /* nobody is there to be asked for a password */
        (void) fputs("unixexec:path=ssh,argv1=-xT,argv2=-oBatchMode%3dyes,"
                     "argv3=-oConnectTimeout%3d30,argv4=-oServerAliveInterval%3d10", to);
        int argument = 5;
        if (colon) {
                (void) fprintf(to, ",argv5=-p,argv6=");
                append_escaped(to, colon + 1, rest + n - colon - 1);
                argument = 7;
        }
        (void) fprintf(to, ",argv%d=--,argv%d=", argument, argument + 1);
        append_escaped(to, rest, host + size - rest);
        (void) fprintf(to, ",argv%d=systemd-stdio-bridge", argument + 2);
        return 0;
}

int peer_address(const char *uri, char **ret_address, char **ret_host, Error *error) {
        _cleanup_(freep) char *address = NULL, *host = NULL;
        const char *transport = strchr(uri, '+'), *rest = strstr(uri, "://");
        size_t size = 0;
        FILE *to;
        int r;

        if (!rest || !transport || transport > rest)
                return fail(error, ERROR_ARG_UNSUPPORTED,
                            "'%s': xen+ssh://[USER@]HOST[:PORT]/system and "
                            "xen+unix:///system?socket=PATH are known", uri);
        to = open_memstream(&address, &size);
        if (!to)
                return fail_memory(error);
        if (strncmp(transport, "+unix:", 6) == 0)
                r = unix_address(rest + 3, to, error);
        else if (strncmp(transport, "+ssh:", 5) == 0)
                r = ssh_address(rest + 3, to, &host, error);
        else
                r = fail(error, ERROR_ARG_UNSUPPORTED,
                         "'%s': only ssh and unix lead to another host's bus", uri);
        if (fclose(to) != 0 && r >= 0)
                r = fail_memory(error);
        if (r < 0)
                return r;
        *ret_address = TAKE(address);
        *ret_host = TAKE(host);
        return 0;
}

/* ---- life ---- */

static void peer_close(PeerManager *manager, Peer *peer) {
        if (!peer)
                return;
        sd_bus_slot_unref(peer->slot);
        if (peer->bus)
                sd_bus_detach_event(peer->bus);
        sd_bus_close_unref(peer->bus);
        free(peer->path);
        free(peer);
}

static int peer_connect(Peer *peer, sd_event *event, const char *address) {
        int r = sd_bus_new(&peer->bus);

        if (r >= 0)
                r = sd_bus_set_address(peer->bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(peer->bus, true);
        if (r >= 0)
                r = sd_bus_start(peer->bus);
        if (r >= 0)
                r = sd_bus_attach_event(peer->bus, event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

static int peer_open(PeerManager *manager, const char *uri, const char *driver, Peer **ret,
                     char **ret_host, Error *error) {
        _cleanup_(freep) char *address = NULL, *host = NULL;
        Peer *peer;
        int r = peer_address(uri, &address, &host, error);

        if (r < 0)
                return r;
        peer = calloc(1, sizeof(*peer));
        if (!peer || asprintf(&peer->path, "/org/libvirt/%s", driver) < 0) {
                free(peer);
                return fail_memory(error);
        }
        r = peer_connect(peer, container_of(manager, Peers, manager)->event, address);
        if (r < 0) {
                peer_close(manager, peer);
                return fail_errno(error, r, "cannot connect to '%s'", uri);
        }
        *ret = peer;
        *ret_host = TAKE(host);
        return 0;
}

/* ---- questions ---- */

/* What the service there refused, it said; what the bus says, nobody knows the worth of. */
static int failure_of(const sd_bus_error *failed, Error *error) {
        static const char *const answers[] = {
                "org.libvirt.Error", SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_UNKNOWN_METHOD,
                SD_BUS_ERROR_UNKNOWN_OBJECT, SD_BUS_ERROR_SERVICE_UNKNOWN,
        };

        for (size_t i = 0; i < ELEMENTS(answers); i++)
                if (sd_bus_error_has_name(failed, answers[i]))
                        return fail(error, ERROR_OPERATION_FAILED, "the other host says: %s",
                                    failed->message ?: failed->name);
        fail(error, ERROR_OPERATION_FAILED, "the other host doesn't answer: %s",
             failed->message ?: failed->name);
        return -ENOTCONN;
}

static int answered(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Peer *peer = userdata;
        const sd_bus_error *failed = sd_bus_message_get_error(reply);
        _cleanup_(error_clear) Error error = {};
        const char *text = "";
        int r = 0;

        if (failed)
                r = failure_of(failed, &error);
        else if (sd_bus_message_has_signature(reply, "s"))
                r = sd_bus_message_read(reply, "s", &text);
        sd_bus_message_ref(reply);
        peer->slot = sd_bus_slot_unref(peer->slot);
        peer->answered(MIN(r, 0), text, &error, peer->userdata); /* may close the peer */
        sd_bus_message_unref(reply);
        return 0;
}

static int ask(Peer *peer, sd_bus_message *call, uint64_t timeout, PeerAnswered handler,
               void *userdata, Error *error) {
        int r = sd_bus_call_async(peer->bus, &peer->slot, call, answered, peer, timeout);

        if (r < 0)
                return fail_errno(error, r, "cannot ask the other host");
        peer->answered = handler;
        peer->userdata = userdata;
        return 0;
}

static int peer_prepare(Peer *peer, const char *xml, const char *listen, uint32_t flags,
                        PeerAnswered handler, void *userdata, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(peer->bus, &call, PEER_NAME, peer->path,
                                               PEER_INTERFACE, "MigratePrepare");

        if (r >= 0)
                r = sd_bus_message_append(call, "ssu", xml, listen, flags);
        if (r < 0)
                return fail_errno(error, r, "cannot ask the other host");
        return ask(peer, call, PREPARE_TIMEOUT, handler, userdata, error);
}

static int peer_finish(Peer *peer, const char *uuid, uint32_t flags, PeerAnswered handler,
                       void *userdata, Error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(peer->bus, &call, PEER_NAME, peer->path,
                                               PEER_INTERFACE, "MigrateFinish");

        if (r >= 0)
                r = sd_bus_message_append(call, "su", uuid, flags);
        if (r < 0)
                return fail_errno(error, r, "cannot ask the other host");
        return ask(peer, call, FINISH_TIMEOUT, handler, userdata, error);
}

/* ---- the manager ---- */

int peers_new(sd_event *event, PeerManager **ret) {
        Peers *peers = calloc(1, sizeof(*peers));

        if (!peers)
                return -ENOMEM;
        *peers = (Peers) {
                .manager = { .open = peer_open, .prepare = peer_prepare, .finish = peer_finish,
                             .close = peer_close },
                .event = event,
        };
        *ret = &peers->manager;
        return 0;
}

PeerManager *peers_free(PeerManager *manager) {
        if (manager)
                free(container_of(manager, Peers, manager));
        return NULL;
}
