/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others do to the domains of this host, as xenstore tells it: a domain was introduced, or got
 * another name. Ends are told by libxl, guest by guest. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "drivers/log.h"
#include "drivers/xen/guest.h"

#define INTRODUCED "@introduceDomain"

/* ---- names ---- */

static void name_path(uint32_t domid, char path[static 48]) {
        (void) snprintf(path, 48, "/local/domain/%" PRIu32 "/name", domid);
}

void xen_watch_name(XenCore *core, uint32_t domid, bool on) {
        char path[48];

        name_path(domid, path);
        if (!core->store)
                return;
        if (on ? XEN_CALL(core, xs_watch(core->store, path, "name"))
               : XEN_CALL(core, xs_unwatch(core->store, path, "name")))
                return;
        log_message(LOG_WARNING, "cannot watch the name of domain %" PRIu32 ": %s", domid,
                    strerror(errno));
}

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
        if (name && *name && xen_guest_of(domain) && strcmp(name, domain->resource.name) != 0)
                renamed(domain, name);
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

static int store_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        XenCore *core = userdata;
        bool look = false;
        char **told;

        if (events & (EPOLLERR | EPOLLHUP)) {
                log_message(LOG_ERR, "xenstored is gone: what others do isn't seen any more");
                core->watch = sd_event_source_disable_unref(core->watch);
                return 0;
        }
        while ((told = xs_check_watch(core->store))) {
                if (strcmp(told[XS_WATCH_TOKEN], "name") == 0)
                        name_changed(core, told[XS_WATCH_PATH]);
                else
                        look = true;
                free(told);
        }
        if (look)
                introduced(core);
        return 0;
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
        return r < 0 ? fail_errno(error, r, "cannot watch xenstore") : 0;
}
