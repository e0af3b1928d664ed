/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others do to the domains of this host, as xenstore tells it: a domain was introduced, got
 * another name, memory, processors or devices. Ends are told by libxl, guest by guest. Pauses are
 * told by nobody: xl pause is one hypercall that leaves no trace in xenstore and raises no event,
 * so that Xen is asked whenever the state is (xen_look()). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "drivers/log.h"
#include "drivers/xen/device.h"
#include "drivers/xen/tuning.h"

#define RECORDS "/var/lib/xen" /* libxl's, as it was built */
#define INTRODUCED "@introduceDomain"
#define PATH_MAX_DOMAIN 64

/* ---- what is watched of a domain: the token is the key ---- */

static void name_changed(XenCore *core, const char *path);
static void tty_changed(XenCore *core, const char *path);
static void recorded_change(XenCore *core, const char *path);

static const struct {
        const char *folder, *key;
        void (*changed)(XenCore *core, const char *path);
} watched[] = {
        { "/local/domain", "name", name_changed },
        { "/local/domain", "memory/target", xen_memory_changed },
        { "/local/domain", "console/tty", tty_changed },
        { "/local/domain", "console/vnc-port", tty_changed },
        { "/local/domain", "serial", tty_changed },         /* the ports of its device model */
        { "/local/domain", "device/console", tty_changed }, /* its channels */
        { "/local/domain", "cpu", recorded_change }, /* xl vcpu-set */
        { "/libxl", "device", recorded_change },     /* xl block-attach ... */
};

static void watch_key(XenCore *core, uint32_t domid, size_t i, bool on) {
        const char *key = watched[i].key;
        char path[PATH_MAX_DOMAIN];

        (void) snprintf(path, sizeof(path), "%s/%" PRIu32 "/%s", watched[i].folder, domid,
                        key);
        if (on ? XEN_CALL(core, xs_watch(core->store, path, key))
               : XEN_CALL(core, xs_unwatch(core->store, path, key)))
                return;
        log_message(LOG_WARNING, "cannot watch the %s of domain %" PRIu32 ": %s", key, domid,
                    strerror(errno));
}

void xen_watch_domain(XenCore *core, uint32_t domid, bool on) {
        for (size_t i = 0; core->store && i < ELEMENTS(watched); i++)
                watch_key(core, domid, i, on);
}

/* ---- changes ---- */

/* Each watch speaks once by itself. Devices of our own guests are known. */
static void recorded_change(XenCore *core, const char *path) {
        bool device = strncmp(path, "/libxl/", 7) == 0;
        XenGuest *guest;
        Domain *domain;
        uint32_t domid;

        if (sscanf(path, device ? "/libxl/%" SCNu32 : "/local/domain/%" SCNu32, &domid) != 1)
                return;
        domain = connection_domain_by_id(core->connection, domid);
        guest = domain ? xen_guest_of(domain) : NULL;
        if (guest && guest->unheard > 0)
                guest->unheard--;
        else if (guest && (guest->foreign || !device))
                xen_learn(guest);
}

/* libxl writes its record of a guest when that is all made, which xenstore doesn't tell. */
static int record_written(sd_event_source *source, const struct inotify_event *event,
                          void *userdata) {
        XenCore *core = userdata;
        Domain *domain;
        uint32_t domid;

        if (event->len == 0 || sscanf(event->name, "userdata-d.%" SCNu32 ".", &domid) != 1 ||
            !strstr(event->name, ".libxl-json"))
                return 0;
        domain = connection_domain_by_id(core->connection, domid);
        if (domain && xen_guest_of(domain) && xen_guest_of(domain)->foreign)
                xen_learn(xen_guest_of(domain));
        return 0;
}

/* ---- names ---- */

static int rename_text(Domain *domain, DomainWhich which, const char *name, DomainText *text,
                       Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        DomainText made = {};
        int r = domain_conf(domain, which, &conf, error);

        if (r < 0)
                return r;
        free(conf->name);
        conf->name = strdup(name);
        r = conf->name ? domain_text_from(conf, 0, &made, error) : fail_memory(error);
        if (r >= 0 && which == DOMAIN_PERSISTENT)
                r = domain_save(domain, made.xml, error);
        if (r < 0) {
                domain_text_clear(&made);
                return r;
        }
        domain_text_clear(text);
        *text = made;
        return 0;
}

/* `xl rename` of a running guest: its definition, if it has one, follows. */
static void renamed(Domain *domain, const char *name) {
        ResourceSet *domains = &domain->resource.connection->sets[RESOURCE_DOMAIN];
        _cleanup_(error_clear) Error error = {};
        int r = resource_set_rename(domains, &domain->resource, name);

        if (r < 0) {
                log_resource(LOG_WARNING, &domain->resource,
                             "was renamed to '%s' in Xen, which is the name of another here", name);
                return;
        }
        r = rename_text(domain, DOMAIN_LIVE, name, &domain->live, &error);
        if (r >= 0 && domain_is_persistent(domain))
                r = rename_text(domain, DOMAIN_PERSISTENT, name, &domain->persistent, &error);
        if (r < 0)
                log_resource(LOG_ERR, &domain->resource, "its definition keeps its old name: %s",
                             error.message ?: "out of memory");
        xen_guest_save(xen_guest_of(domain));
        domain_report(domain, DOMAIN_EVENT_UNDEFINED, UNDEFINED_RENAMED);
        domain_report(domain, DOMAIN_EVENT_DEFINED, DEFINED_RENAMED);
        domain_changed(domain, PROPERTY_NAME);
}

static void name_changed(XenCore *core, const char *path) {
        Domain *domain;
        uint32_t domid;

        if (sscanf(path, "/local/domain/%" SCNu32 "/name", &domid) != 1)
                return;
        domain = connection_domain_by_id(core->connection, domid);
        _cleanup_(freep) char *name =
                domain ? XEN_CALL(core, xs_read(core->store, XBT_NULL, path, NULL)) : NULL;
        XenGuest *guest = domain ? xen_guest_of(domain) : NULL;
        if (guest && (guest->away || guest->incoming))
                return; /* its name is ours to change */
        if (name && *name && guest && strcmp(name, domain->resource.name) != 0)
                renamed(domain, name);
}

/* ---- ptys, and the ports of displays ---- */

/* The first word of a watch comes at once, and about its own path. */
static void tty_changed(XenCore *core, const char *path) {
        const char *name = strrchr(path, '/');
        Domain *domain;
        uint32_t domid;

        if (!name || (strcmp(name, "/tty") != 0 && strcmp(name, "/vnc-port") != 0) ||
            sscanf(path, "/local/domain/%" SCNu32 "/", &domid) != 1)
                return;
        domain = connection_domain_by_id(core->connection, domid);
        if (domain && xen_guest_of(domain))
                xen_live_ttys(xen_guest_of(domain));
}

/* ---- introductions ---- */

/* Which, isn't said: all are looked at, which is one call. */
static void introduced(XenCore *core) {
        int n = 0;
        libxl_dominfo *list = XEN_CALL(core, libxl_list_domain(core->ctx, &n));

        for (int i = 0; list && i < n; i++)
                if (!xen_is_going(&list[i]))
                        xen_found(core, &list[i], false);
        if (list)
                libxl_dominfo_list_free(list, n);
}

/* False: it is no key of a domain's. */
static bool key_changed(XenCore *core, const char *token, const char *path) {
        for (size_t i = 0; i < ELEMENTS(watched); i++)
                if (strcmp(token, watched[i].key) == 0) {
                        watched[i].changed(core, path);
                        return true;
                }
        return false;
}

static void store_gone(XenCore *core) {
        if (!core->dead)
                log_message(LOG_ERR, XEN_STORE_GONE ": guests run on, out of reach");
        core->dead = true;
        core->watch = sd_event_source_disable_unref(core->watch);
        core->alive = sd_event_source_disable_unref(core->alive);
}

static int store_hung_up(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        store_gone(userdata);
        return 0;
}

static int store_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        XenCore *core = userdata;
        bool look = false;
        char **told;

        while ((told = xs_check_watch(core->store))) {
                look = !key_changed(core, told[XS_WATCH_TOKEN], told[XS_WATCH_PATH]) || look;
                free(told);
        }
        if (errno != EAGAIN || (events & (EPOLLERR | EPOLLHUP))) {
                store_gone(core);
                return 0;
        }
        if (look)
                introduced(core);
        return 0;
}

/* libxenstore reads in a thread of its own, which ends without a word when xenstored does: a
 * connection that nothing is said over tells. */
static int watch_store(XenCore *core) {
        int fd = xen_store_connect(), r;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd; /* it is in a domain of its own */
        r = sd_event_add_io(core->event, &core->alive, fd, EPOLLIN, store_hung_up, core);
        if (r < 0)
                close(fd);
        else
                (void) sd_event_source_set_io_fd_own(core->alive, true);
        return r;
}

int xen_watch(XenCore *core, Error *error) {
        int r;

        core->store = XEN_CALL(core, xs_open(XS_UNWATCH_FILTER));
        if (!core->store)
                return fail_errno(error, -errno, "cannot talk to xenstored");
        if (!XEN_CALL(core, xs_watch(core->store, INTRODUCED, "introduced")))
                return fail_errno(error, -errno, "cannot watch for domains of others");
        r = sd_event_add_io(core->event, &core->watch, xs_fileno(core->store), EPOLLIN,
                            store_ready, core);
        if (r < 0)
                return fail_errno(error, r, "cannot watch xenstore");
        r = watch_store(core);
        if (r < 0)
                log_message(LOG_WARNING, "cannot watch xenstored: %s", strerror(-r));
        r = sd_event_add_inotify(core->event, &core->records, RECORDS, IN_MOVED_TO | IN_ONLYDIR,
                                 record_written, core);
        if (r < 0)
                log_message(LOG_WARNING, "cannot watch " RECORDS ": what guests of others are "
                            "is seen late: %s", strerror(-r));
        return 0;
}
