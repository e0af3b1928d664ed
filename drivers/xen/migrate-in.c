/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest is expected from another host: a port that only takes who knows the token, a builder that
 * reads what comes, and a guest that runs when the other side says that it sent all. Until then it
 * has another name in Xen, isn't shown as active, and ends with the caller that announced it. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/xen/device.h"
#include "drivers/xen/join.h"
#include "drivers/xen/migrate.h"

#define STREAM_VERSION 2

struct XenIncoming {
        int listener, stream;
        sd_event_source *accepting, *reading;
        char token[XEN_TOKEN_SIZE + 1], said[XEN_TOKEN_SIZE];
        size_t n_said;
        char *name;
        bool arrived, persist;
};

static void stream_close(XenIncoming *incoming) {
        incoming->reading = sd_event_source_disable_unref(incoming->reading);
        closep(&incoming->stream);
        incoming->stream = -1;
        incoming->n_said = 0;
}

static void listener_close(XenIncoming *incoming) {
        incoming->accepting = sd_event_source_disable_unref(incoming->accepting);
        closep(&incoming->listener);
        incoming->listener = -1;
}

XenIncoming *xen_incoming_free(XenIncoming *incoming) {
        if (!incoming)
                return NULL;
        stream_close(incoming);
        listener_close(incoming);
        free(incoming->name);
        free(incoming);
        return NULL;
}

const char *xen_incoming_name(const XenIncoming *incoming) {
        return incoming->name;
}

/* ---- it is there ---- */

static int define(Domain *domain, Error *error) {
        _cleanup_(conf_freep) DomainConf *live = NULL, *conf = NULL;
        _cleanup_(freep) char *xml = NULL;
        Domain *same;
        int r = domain_conf(domain, DOMAIN_LIVE, &live, error);

        if (r < 0)
                return r;
        live->id = (MaybeU32) {};
        r = conf_print(live, MAP_LIVE, &xml, error);
        if (r >= 0)
                r = xen_conf_parse(xml, 0, &conf, error);
        return r < 0 ? r : domain_define(domain->resource.connection, conf, &same, error);
}

/* It has been sent whole, and nobody else runs it: from now on it is ours. */
static int arrive(XenGuest *guest, Error *error) {
        Domain *domain = guest->domain;
        bool persist = guest->incoming->persist;
        XenLines lines = {};
        int rc = XEN_CALL(guest->core, libxl_domain_rename(guest->core->ctx, guest->domid, NULL,
                                                           domain->resource.name));
        int r = rc != 0 ? xen_fail(error, rc, &lines, "cannot give the guest its name") : 0;

        if (r >= 0 && persist)
                r = define(domain, error);
        if (r < 0)
                return r;
        guest->incoming = xen_incoming_free(guest->incoming);
        return xen_guest_go(guest, error);
}

int xen_incoming_built(XenGuest *guest, Error *error) {
        guest->incoming->arrived = true;
        return guest->starting ? arrive(guest, error) : 0;
}

int xen_migrate_finish(Connection *connection, const char *uuid, uint32_t flags, Job *job,
                       Error *error) {
        Resource *resource = NULL;
        XenGuest *guest;
        Uuid parsed;
        int r;

        if (uuid_parse(uuid, &parsed) >= 0)
                resource = resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], parsed);
        guest = resource ? xen_guest_of(domain_of(resource)) : NULL;
        if (!guest || !guest->incoming || guest->stopping)
                return fail(error, ERROR_NO_DOMAIN, "no domain with uuid '%s' is expected", uuid);
        if (guest->starting)
                return fail(error, ERROR_RESOURCE_BUSY, "that was said already");
        if (!guest->child && !guest->incoming->arrived)
                return fail(error, ERROR_OPERATION_INVALID, "nothing of it was sent yet");
        guest->incoming->persist = flags & MIGRATE_PERSIST_DEST;
        guest->starting = job;
        if (!guest->incoming->arrived)
                return PENDING;
        _cleanup_(error_clear) Error failed = {};
        r = arrive(guest, &failed);
        if (r < 0)
                xen_start_undo(guest, r, &failed);
        return PENDING;
}

/* ---- it comes ---- */

static int token_read(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        XenGuest *guest = userdata;
        XenIncoming *incoming = guest->incoming;
        ssize_t n = recv(fd, incoming->said + incoming->n_said, XEN_TOKEN_SIZE - incoming->n_said,
                         MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                incoming->n_said += n;
        if (n > 0 && incoming->n_said < XEN_TOKEN_SIZE)
                return 0;
        if (n <= 0 || memcmp(incoming->said, incoming->token, XEN_TOKEN_SIZE) != 0) {
                log_resource(LOG_WARNING, &guest->domain->resource,
                             "somebody connected who doesn't know the token");
                stream_close(incoming);
                return 0;
        }
        _cleanup_(closep) int stream = TAKE_FD(incoming->stream);
        stream_close(incoming);
        listener_close(incoming);
        (void) fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) & ~O_NONBLOCK);
        xen_guest_build_from(guest, &(XenStream) { .fd = stream, .version = STREAM_VERSION,
                                                   .origin = XEN_MIGRATED });
        return 0;
}

/* Who connects later takes the place of one that hasn't said the token. */
static int accept_one(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        XenGuest *guest = userdata;
        XenIncoming *incoming = guest->incoming;
        int stream = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (stream < 0)
                return 0;
        xen_tcp_watch(stream);
        stream_close(incoming);
        incoming->stream = stream;
        if (sd_event_add_io(guest->core->event, &incoming->reading, stream, EPOLLIN, token_read,
                            guest) < 0)
                stream_close(incoming);
        return 0;
}

/* ---- it is announced ---- */

static int make_token(char *ret, Error *error) {
        uint8_t bytes[XEN_TOKEN_SIZE / 2];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return fail_errno(error, -errno, "cannot make a token");
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

static int print_address(int fd, const char *token, char **ret, Error *error) {
        struct sockaddr_storage address;
        socklen_t size = sizeof(address);
        char host[64], port[8];

        if (getsockname(fd, (struct sockaddr *) &address, &size) < 0 ||
            getnameinfo((struct sockaddr *) &address, size, host, sizeof(host), port,
                        sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
                return fail(error, ERROR_OPERATION_FAILED, "cannot tell where we listen");
        if (asprintf(ret, address.ss_family == AF_INET6 ? "tcp://[%s]:%s/%s" : "tcp://%s:%s/%s",
                     host, port, token) < 0) {
                *ret = NULL;
                return fail_memory(error);
        }
        return 0;
}

static int listen_at(XenGuest *guest, const char *where, char **ret, Error *error) {
        XenIncoming *incoming = guest->incoming;
        struct sockaddr_storage address;
        const char *rest;
        const int one = 1;
        socklen_t size;
        int r = xen_tcp_parse(where, &address, &size, &rest, error);

        if (r >= 0)
                r = make_token(incoming->token, error);
        if (r < 0)
                return r;
        incoming->listener = socket(address.ss_family,
                                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (incoming->listener < 0 ||
            setsockopt(incoming->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
            bind(incoming->listener, (struct sockaddr *) &address, size) < 0 ||
            listen(incoming->listener, 4) < 0)
                return fail_errno(error, -errno, "cannot listen at '%s'", where);
        r = sd_event_add_io(guest->core->event, &incoming->accepting, incoming->listener, EPOLLIN,
                            accept_one, guest);
        if (r < 0)
                return fail_errno(error, r, "cannot watch a socket");
        return print_address(incoming->listener, incoming->token, ret, error);
}

/* On the host that it comes from, it is there already, as a guest of somebody else. */
static void make_room(Connection *connection, Uuid uuid) {
        Resource *same = resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], uuid);
        XenGuest *guest = same ? xen_guest_of(domain_of(same)) : NULL;

        if (guest && guest->foreign && !guest->stopping)
                xen_guest_over(guest, DOMAIN_SHUTOFF_MIGRATED, STOPPED_MIGRATED);
}

static int expect(XenGuest *guest, const DomainConf *conf, const char *listen, uint32_t flags,
                  Job *job, Error *error) {
        XenIncoming *incoming = calloc(1, sizeof(*incoming));

        if (!incoming)
                return fail_memory(error);
        *incoming = (XenIncoming) { .listener = -1, .stream = -1 };
        guest->incoming = incoming;
        guest->flags = flags & DOMAIN_START_PAUSED;
        if (asprintf(&incoming->name, "%s" XEN_NAME_INCOMING, conf->name) < 0) {
                incoming->name = NULL;
                return fail_memory(error);
        }
        return listen_at(guest, listen, &job->result.text, error);
}

int xen_migrate_prepare(Connection *connection, const char *xml, const char *listen,
                        uint32_t flags, Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        XenGuest *guest;
        Domain *domain;
        int r = xen_need(connection, error);

        if (r >= 0)
                r = xen_conf_parse(xml, 0, &conf, error);
        if (r < 0)
                return r;
        make_room(connection, conf->uuid);
        r = domain_create(connection, conf, &domain, error);
        if (r >= 0)
                r = domain_need_inactive(domain, error);
        if (r < 0)
                return r;
        guest = xen_guest_new(xen_driver_of(connection)->core, domain);
        if (!guest)
                return fail_memory(error);
        domain_starting(domain, 0);
        r = xen_live_prepare(connection, conf, false, error);
        if (r >= 0)
                r = xen_nets_plan(domain, conf, error);
        if (r >= 0)
                r = domain_set_live(domain, conf, error);
        if (r >= 0)
                r = expect(guest, conf, listen, flags, job, error);
        if (r >= 0)
                r = xen_status_save(guest, error);
        if (r >= 0) {
                job->result.resource = resource_ref(&domain->resource);
                return DONE;
        }
        xen_guest_over(guest, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        return r;
}
