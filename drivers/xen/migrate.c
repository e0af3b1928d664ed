/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest is sent to another host.
 *
 *     begin     its definition as it runs, without what is of this host
 *     prepare   the other service is asked over its bus to expect it, and answers
 *               tcp://ADDRESS:PORT/TOKEN
 *     perform   we connect, say the token, and libxl sends its stream; the guest is suspended then
 *     finish    the other service is told that this was all: it lets the guest run and answers
 *     confirm   ours goes
 *
 * What fails before finish is called off by closing the connection to the other bus, with which all
 * that was prepared ends, and resuming the guest. A refusal of finish is the same. When finish is
 * asked and nothing is answered, nobody knows on which side it runs: ours stays suspended, and who
 * looks decides: Resume or Destroy. There are never two that run. */
#include "drivers/xen/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/xen/image.h"

struct XenJourney {
        PeerManager *peers;
        Peer *peer;
        sd_event_source *connecting;
        char *host;  /* where it goes, or NULL */
        char *where; /* the caller's migrate_uri, or NULL */
        char token[XEN_TOKEN_SIZE + 1];
        bool renamed;
};

XenJourney *xen_journey_free(XenJourney *journey) {
        if (!journey)
                return NULL;
        sd_event_source_disable_unref(journey->connecting);
        if (journey->peer)
                journey->peers->close(journey->peers, journey->peer);
        free(journey->host);
        free(journey->where);
        free(journey);
        return NULL;
}

/* ---- addresses ---- */

int xen_tcp_parse(const char *uri, struct sockaddr_storage *ret, socklen_t *ret_size,
                  const char **ret_rest, Error *error) {
        const struct addrinfo hints = {
                .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM,
        };
        char host[64] = "", port[8] = "";
        struct addrinfo *found;
        int n = 0;

        if (sscanf(uri, "tcp://[%63[^]]]:%7[0-9]%n", host, port, &n) != 2 &&
            sscanf(uri, "tcp://%63[^:/[]:%7[0-9]%n", host, port, &n) != 2)
                return fail(error, ERROR_INVALID_ARG,
                            "'%s' isn't tcp://ADDRESS:PORT", uri);
        if (getaddrinfo(host, port, &hints, &found) != 0)
                return fail(error, ERROR_ARG_UNSUPPORTED,
                            "'%s': the address has to be a number", uri);
        memcpy(ret, found->ai_addr, found->ai_addrlen);
        *ret_size = found->ai_addrlen;
        *ret_rest = uri + n;
        freeaddrinfo(found);
        return 0;
}

/* Where the other side is to listen: what the caller says, or where its URI leads. */
static int where_to_listen(const XenJourney *journey, char **ret, Error *error) {
        const char *host = journey->host, *rest;
        struct sockaddr_storage address;
        socklen_t size;

        if (journey->where)
                *ret = strdup(journey->where);
        else if (asprintf(ret, host && strchr(host, ':') ? "tcp://[%s]:0" : "tcp://%s:0",
                          host ?: "127.0.0.1") < 0)
                *ret = NULL;
        if (!*ret)
                return fail_memory(error);
        int r = xen_tcp_parse(*ret, &address, &size, &rest, error);
        if (r < 0 && !journey->where)
                error_prefix(error, "say with migrate_uri where the other host is to listen");
        return r;
}

/* ---- confirm ---- */

/* Back in its own name, if it has another. */
static void name_back(XenAway *away) {
        const char *name = away->domain->resource.name;

        if (!away->journey->renamed)
                return;
        away->journey->renamed = false;
        if (XEN_CALL(away->core, libxl_domain_rename(away->core->ctx, away->domid, NULL, name)) !=
            0)
                log_resource(LOG_WARNING, &away->domain->resource,
                             "keeps the name %s" XEN_NAME_AWAY " in Xen", name);
}

static void stays_suspended(XenAway *away, int r, Error *error) {
        XenGuest *guest = xen_away_guest(away);

        log_resource(LOG_ERR, &away->domain->resource,
                     "nobody knows whether it runs on the other host: it stays suspended");
        if (guest)
                xen_guest_paused(guest, DOMAIN_PAUSED_MIGRATION, SUSPENDED_MIGRATED);
        error_prefix(error, "nobody knows whether the guest runs there; here it stays suspended");
        xen_away_leave(away, r, error);
}

static void finished(int result, const char *text, Error *error, void *userdata) {
        XenAway *away = userdata;
        XenGuest *guest = xen_away_guest(away);
        _cleanup_(error_clear) Error failed = {};

        if (result < 0 && guest)
                name_back(away);
        if (result == -ENOTCONN)
                stays_suspended(away, result, error);
        else if (result < 0) {
                away->kind = XEN_AWAY_SENDING;
                error_prefix(error, "the guest runs on here");
                xen_away_fail(away, result, error);
        } else if (!guest)
                xen_away_done(away); /* it is there, and gone from here */
        else {
                if ((away->flags & MIGRATE_UNDEFINE_SOURCE) &&
                    domain_is_persistent(away->domain) &&
                    domain_undefine(away->domain, DOMAIN_UNDEFINE_MANAGED_SAVE |
                                    DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, &failed) < 0)
                        log_resource(LOG_ERR, &away->domain->resource, "stays defined: %s",
                                     failed.message ?: "out of memory");
                xen_away_end(away, ACTION_DESTROY, DOMAIN_SHUTOFF_MIGRATED, STOPPED_MIGRATED);
        }
}

/* ---- finish ---- */

static int finish(XenAway *away, XenGuest *guest, Error *error) {
        XenJourney *journey = away->journey;
        char uuid[UUID_TEXT_MAX];
        _cleanup_(freep) char *name = NULL;
        XenLines lines = {};
        int rc, r;

        if (asprintf(&name, "%s" XEN_NAME_AWAY, away->domain->resource.name) < 0) {
                name = NULL;
                return fail_memory(error);
        }
        away->kind = XEN_AWAY_SENT;
        r = xen_status_save(guest, error);
        if (r < 0)
                return r;
        rc = XEN_CALL(away->core, libxl_domain_rename(away->core->ctx, away->domid, NULL, name));
        if (rc != 0)
                return xen_fail(error, rc, &lines, "cannot make room for its name");
        journey->renamed = true;
        return journey->peers->finish(journey->peer,
                                      uuid_format(away->domain->resource.uuid, uuid),
                                      away->flags & MIGRATE_PERSIST_DEST, finished, away, error);
}

static void sent(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest;
        int r = 0;

        if (!away)
                return;
        away->call = NULL;
        guest = xen_away_guest(away);
        closep(&away->fd);
        away->fd = -1;
        if (rc != 0 || away->aborted || !guest)
                r = xen_away_why(away, rc, &call->lines, "cannot send the guest", &error);
        if (r >= 0)
                r = finish(away, guest, &error);
        if (r >= 0)
                return;
        if (guest)
                name_back(away);
        away->kind = XEN_AWAY_SENDING;
        away->journey = xen_journey_free(away->journey); /* the other side removes what it has */
        xen_away_fail(away, r, &error);
}

void xen_tcp_watch(int fd) {
        static const struct {
                int level, name, value;
        } options[] = {
                { SOL_SOCKET, SO_KEEPALIVE, 1 },
                { IPPROTO_TCP, TCP_KEEPIDLE, 20 },
                { IPPROTO_TCP, TCP_KEEPINTVL, 10 },
                { IPPROTO_TCP, TCP_KEEPCNT, 4 },
                { IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
        };

        for (size_t i = 0; i < ELEMENTS(options); i++)
                if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                               sizeof(options[i].value)) < 0)
                        log_message(LOG_WARNING, "a dead line will be noticed late: %s",
                                    strerror(errno));
}

/* ---- perform ---- */

static int perform(XenAway *away, Error *error) {
        const char *token = away->journey->token;
        int flags = fcntl(away->fd, F_GETFL), failed = 0;
        socklen_t size = sizeof(failed);

        if (getsockopt(away->fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0)
                failed = errno;
        if (failed == 0 && (flags < 0 || fcntl(away->fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
                            send(away->fd, token, XEN_TOKEN_SIZE, MSG_NOSIGNAL) != XEN_TOKEN_SIZE))
                failed = errno;
        if (failed != 0)
                return fail_errno(error, -failed, "cannot connect to the other host");
        return xen_away_suspend(away, away->flags & MIGRATE_LIVE ? LIBXL_SUSPEND_LIVE : 0, sent,
                                error);
}

static int connected(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        int r;

        away->journey->connecting = sd_event_source_disable_unref(away->journey->connecting);
        r = perform(away, &error);
        if (r < 0)
                xen_away_fail(away, r, &error);
        return 0;
}

static int connect_to(XenAway *away, const char *uri, Error *error) {
        struct sockaddr_storage address;
        const char *token;
        socklen_t size;
        int r = xen_tcp_parse(uri, &address, &size, &token, error);

        if (r < 0)
                return r;
        if (*token != '/' || strlen(token + 1) != XEN_TOKEN_SIZE)
                return fail(error, ERROR_OPERATION_FAILED,
                            "the other host answers what isn't understood");
        memcpy(away->journey->token, token + 1, XEN_TOKEN_SIZE);
        away->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (away->fd < 0 || (connect(away->fd, (struct sockaddr *) &address, size) < 0 &&
                             errno != EINPROGRESS))
                return fail_errno(error, -errno, "cannot connect to the other host");
        xen_tcp_watch(away->fd);
        r = sd_event_add_io(away->core->event, &away->journey->connecting, away->fd, EPOLLOUT,
                            connected, away);
        return r < 0 ? fail_errno(error, r, "cannot watch a socket") : 0;
}

static void prepared(int result, const char *text, Error *error, void *userdata) {
        XenAway *away = userdata;
        int r = result;

        if (r >= 0)
                r = connect_to(away, text, error);
        if (r < 0)
                xen_away_fail(away, r, error);
}

/* ---- begin and prepare ---- */

static int print_definition(Domain *domain, const Values *values, char **ret, Error *error) {
        const Value *xml = values_find(values, "destination_xml");
        const Value *name = values_find(values, "destination_name");
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        int r = domain_conf(domain, DOMAIN_LIVE, &image.conf, error);

        if (r >= 0 && xml)
                r = xen_image_replace(&image, xml->s, error);
        if (r < 0)
                return r;
        image.conf->id = (MaybeU32) {};
        if (name) {
                free(image.conf->name);
                image.conf->name = strdup(name->s);
                if (!image.conf->name)
                        return fail_memory(error);
        }
        return conf_print(image.conf, MAP_LIVE, ret, error);
}

static int begin(XenAway *away, const char *uri, Values *values, Error *error) {
        const Value *where = values_find(values, "migrate_uri");
        const bool paused = (away->flags & MIGRATE_PAUSED) || away->domain->state == DOMAIN_PAUSED;
        const uint32_t flags = DOMAIN_START_AUTODESTROY | (paused ? DOMAIN_START_PAUSED : 0);
        _cleanup_(freep) char *xml = NULL, *listen = NULL;
        XenJourney *journey = calloc(1, sizeof(*journey));
        int r;

        if (!journey)
                return fail_memory(error);
        away->journey = journey;
        journey->peers = away->core->connection->settings->peers;
        if (where && !(journey->where = strdup(where->s)))
                return fail_memory(error);
        r = print_definition(away->domain, values, &xml, error);
        if (r >= 0)
                r = journey->peers->open(journey->peers, uri,
                                         away->core->connection->driver->name, &journey->peer,
                                         &journey->host, error);
        if (r >= 0)
                r = where_to_listen(journey, &listen, error);
        if (r >= 0)
                r = xen_status_save(xen_away_guest(away), error);
        return r < 0 ? r : journey->peers->prepare(journey->peer, xml, listen, flags, prepared,
                                                   away, error);
}

static int check_flags(uint32_t flags, Error *error) {
        const uint32_t known = MIGRATE_LIVE | MIGRATE_PEER2PEER | MIGRATE_PERSIST_DEST |
                               MIGRATE_UNDEFINE_SOURCE | MIGRATE_PAUSED |
                               MIGRATE_CHANGE_PROTECTION | MIGRATE_UNSAFE;

        if (flags & ~known)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "flags %u of a migration can't be honoured by libxl; %u can",
                            flags & ~known, known);
        return 0;
}

static int xen_migrate(Domain *domain, const char *uri, Values *values, uint32_t flags, Job *job,
                       Error *error) {
        static const Parameter known[] = {
                { "migrate_uri", VALUE_STRING }, { "destination_name", VALUE_STRING },
                { "destination_xml", VALUE_STRING }, {},
        };
        XenGuest *guest;
        XenAway *away;
        int r = check_flags(flags, error);

        if (r >= 0)
                r = values_check(values, known, error);
        if (r >= 0 && !uri)
                r = fail(error, ERROR_INVALID_ARG, "the URI of the other host's service is needed");
        if (r >= 0 && !domain->resource.connection->settings->peers)
                r = fail(error, ERROR_OPERATION_UNSUPPORTED, "there is no way to other hosts");
        if (r >= 0)
                r = xen_need_suspendable(domain, &guest, error);
        if (r >= 0)
                r = xen_away_new(guest, XEN_AWAY_SENDING, job, &away, error);
        if (r < 0)
                return r;
        away->flags = flags;
        r = begin(away, uri, values, error);
        if (r >= 0)
                return PENDING;
        xen_away_drop(away);
        xen_guest_save(guest);
        return r;
}

/* ---- called off, and after a death of the service ---- */

void xen_journey_abort(XenAway *away) {
        _cleanup_(error_clear) Error error = {};
        int r;

        away->journey = xen_journey_free(away->journey);
        r = fail(&error, ERROR_OPERATION_ABORTED, "the migration was aborted");
        xen_away_fail(away, r, &error);
}

void xen_journey_recover(XenGuest *guest, XenAwayKind kind, const libxl_dominfo *info) {
        Domain *domain = guest->domain;

        if (!info || !info->shutdown || kind != XEN_AWAY_SENT)
                return;
        domain->state = DOMAIN_PAUSED;
        domain->reason = DOMAIN_PAUSED_MIGRATION;
        if (XEN_CALL(guest->core, libxl_domain_rename(guest->core->ctx, guest->domid, NULL,
                                                      domain->resource.name)) != 0)
                log_resource(LOG_WARNING, &domain->resource, "has another name in Xen");
        log_resource(LOG_ERR, &domain->resource,
                     "nobody knows whether it runs on the other host: it stays suspended");
        xen_guest_save(guest);
}

const DomainMigration xen_migration = {
        .to_uri = xen_migrate,
        .prepare = xen_migrate_prepare,
        .finish = xen_migrate_finish,
};
