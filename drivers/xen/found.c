/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that are there: after a restart of the service those that runtime files name, with their
 * definitions and rules; and those that others made, with what Xen says of them. What a service
 * that died had half done is finished: a guest that was being built is removed, since nobody was
 * told of it; one that was being destroyed, or built again, goes on. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/log.h"
#include "drivers/xen/join.h"
#include "drivers/xen/migrate.h"

/* ---- the state it is in ---- */

static void take_state(Domain *domain, const libxl_dominfo *info) {
        if (info->shutdown && info->shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND)
                return; /* it is being saved, or was: that will be found out */
        if (info->shutdown) {
                bool crash = info->shutdown_reason == LIBXL_SHUTDOWN_REASON_CRASH;

                domain->state = crash ? DOMAIN_CRASHED : DOMAIN_SHUTDOWN;
                domain->reason = 0;
        } else if (info->paused) {
                if (domain->state != DOMAIN_PAUSED)
                        domain->reason = DOMAIN_PAUSED_UNKNOWN;
                domain->state = DOMAIN_PAUSED;
        } else if (domain->state != DOMAIN_RUNNING) {
                domain->state = DOMAIN_RUNNING;
                domain->reason = DOMAIN_RUNNING_UNKNOWN;
        }
}

/* ---- guests of others ---- */

static const char *os_type_of(const libxl_dominfo *info) {
        if (info->domid == 0)
                return "linux";
        switch (info->domain_type) {
        case LIBXL_DOMAIN_TYPE_HVM:
                return "hvm";
        case LIBXL_DOMAIN_TYPE_PVH:
                return "xenpvh";
        case LIBXL_DOMAIN_TYPE_PV:
        case LIBXL_DOMAIN_TYPE_INVALID:
                break;
        }
        return "linux";
}

/* Memory that is "unlimited" is shown as what is in use. */
static uint64_t memory_of(const libxl_dominfo *info) {
        uint64_t most = info->max_memkb, now = info->current_memkb + info->outstanding_memkb;

        return MAX(1, most < now || most > UINT64_C(1) << 40 ? now : most);
}

static int conf_of(const libxl_dominfo *info, const char *name, DomainConf **ret, Error *error) {
        _cleanup_(freep) char *text = NULL, *quoted = NULL;
        char uuid[UUID_TEXT_MAX];
        int r;

        quoted = (char *) xmlEncodeSpecialChars(NULL, (const xmlChar *) name);
        if (!quoted ||
            asprintf(&text,
                     "<domain type='xen' id='%" PRIu32 "'><name>%s</name><uuid>%s</uuid>"
                     "<memory>%" PRIu64 "</memory><currentMemory>%" PRIu64 "</currentMemory>"
                     "<vcpu current='%d'>%d</vcpu><os><type>%s</type></os></domain>",
                     info->domid, quoted, uuid_format(xen_uuid_of(info), uuid), memory_of(info),
                     MIN(memory_of(info), MAX(1, info->current_memkb)),
                     MAX(1, (int) info->vcpu_online), (int) info->vcpu_max_id + 1,
                     os_type_of(info)) < 0) {
                text = NULL;
                return fail_memory(error);
        }
        r = conf_parse(text, CONF_TRUSTED | CONF_LIVE, ret, error);
        if (r >= 0)
                (*ret)->uuid = xen_uuid_of(info); /* Domain-0's is all zeroes, as nobody else's */
        return r;
}

static int adopt(XenCore *core, const libxl_dominfo *info, const char *name, bool at_start,
                 Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        XenGuest *guest = NULL;
        Domain *domain;
        int r = conf_of(info, name, &conf, error);

        if (r >= 0)
                r = domain_create(core->connection, conf, &domain, error);
        if (r >= 0)
                r = domain_set_live(domain, conf, error);
        if (r < 0)
                return r;
        domain->id = info->domid == 0 ? DOMAIN_ID_ZERO : info->domid;
        take_state(domain, info);
        if (info->domid != 0) {
                guest = xen_guest_new(core, domain);
                if (!guest)
                        return fail_memory(error);
                guest->domid = info->domid;
                guest->foreign = true;
                xen_guest_save(guest);
                r = xen_guest_watch(guest, error);
                if (r >= 0)
                        xen_learn(guest);
        }
        if (at_start)
                domain_found(domain);
        else
                domain_started(domain, STARTED_BOOTED);
        return r;
}

static bool is_known(XenCore *core, const libxl_dominfo *info) {
        const ResourceSet *set = &core->connection->sets[RESOURCE_DOMAIN];
        Resource *same = resource_set_by_uuid(set, xen_uuid_of(info));

        return same && domain_of(same)->id > 0; /* it runs, or is being built by us */
}

void xen_found(XenCore *core, const libxl_dominfo *info, bool at_start) {
        _cleanup_(freep) char *name = NULL;
        _cleanup_(error_clear) Error error = {};

        if (is_known(core, info))
                return;
        name = XEN_CALL(core, libxl_domid_to_name(core->ctx, info->domid));
        if (!name && info->domid != 0)
                return; /* it is being made, or going */
        if (adopt(core, info, name ?: "Domain-0", at_start, &error) >= 0)
                return;
        _cleanup_(freep) char *text = error_text(&error);
        log_message(LOG_ERR, "cannot show domain %" PRIu32 " '%s' of Xen: %s", info->domid,
                    name ?: "", text ?: "out of memory");
}

/* ---- guests of ours ---- */

typedef struct Search {
        XenCore *core;
        const libxl_dominfo *list;
        int n;
} Search;

/* While a guest moves within this host, there are two with its uuid. */
static bool is_incoming(const Search *search, uint32_t domid) {
        _cleanup_(freep) char *name =
                XEN_CALL(search->core, libxl_domid_to_name(search->core->ctx, domid));
        size_t size = name ? strlen(name) : 0, suffix = strlen(XEN_NAME_INCOMING);

        return size > suffix && strcmp(name + size - suffix, XEN_NAME_INCOMING) == 0;
}

static const libxl_dominfo *find(const Search *search, Uuid uuid, bool incoming) {
        for (int i = 0; i < search->n; i++) {
                const libxl_dominfo *info = &search->list[i];

                if (info->domid != 0 && !xen_is_going(info) &&
                    uuid_equal(xen_uuid_of(info), uuid) &&
                    is_incoming(search, info->domid) == incoming)
                        return info;
        }
        return NULL;
}

/* What comes of it: xen_guest_over() or a guest that goes on. */
static int take_over(XenGuest *guest, const XenStatus *status, const libxl_dominfo *info,
                     Error *error) {
        Domain *domain = guest->domain;
        int r;

        guest->foreign = status->foreign == TRISTATE_YES;
        domain->state =
                status->state < _DOMAIN_STATE_MAX ? (DomainState) status->state : DOMAIN_NOSTATE;
        domain->reason = status->reason;
        domain->autodestroy = status->autodestroy == TRISTATE_YES;
        domain_starting(domain, info ? info->domid : 0);
        domain_found(domain);
        if (!info) { /* it was between two lives */
                guest->restarting = true;
                xen_guest_build_again(guest);
                return 0;
        }
        r = xen_guest_has_domid(guest, info->domid, error);
        if (r >= 0 && !guest->foreign)
                xen_nets_found(guest);
        if (r >= 0)
                r = xen_guest_watch(guest, error);
        if (r < 0)
                return r;
        if (status->restarting != TRISTATE_YES) /* else it says how it is to be built anew */
                take_state(domain, info);
        if (status->restarting == TRISTATE_YES) {
                guest->after = ACTION_RESTART;
                xen_guest_end(guest, DOMAIN_SHUTOFF_SHUTDOWN, STOPPED_SHUTDOWN);
        } else if (status->starting == TRISTATE_YES) {
                domain->starting = true;
                xen_guest_end(guest, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        } else if (status->stopping == TRISTATE_YES)
                xen_guest_end(guest, status->stop_reason, status->stop_detail);
        else if (domain->autodestroy)
                xen_guest_end(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED);
        else {
                if (domain->managed_save && status->away == XEN_AWAY_NOT)
                        xen_managed_remove(domain); /* it was started from it */
                xen_status_device(guest, status);
                xen_learn(guest); /* others may have changed it meanwhile */
                xen_away_recover(guest, status, info);
        }
        return 0;
}

/* It is there until the host has its devices again. */
static bool gives_back(XenGuest *guest, const XenStatus *status) {
        _cleanup_(conf_freep) DomainConf *taken = NULL;

        guest->foreign = status->foreign == TRISTATE_YES;
        taken = xen_pci_taken(guest);
        if (!taken)
                return false;
        domain_starting(guest->domain, 0);
        domain_found(guest->domain);
        xen_nets_found(guest);
        xen_guest_gone(guest, DOMAIN_SHUTOFF_UNKNOWN, STOPPED_FAILED);
        return true;
}

static int reconnect(Search *search, const char *name, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        Connection *connection = search->core->connection;
        const libxl_dominfo *info;
        _cleanup_(xen_status_done) XenStatus status = {};
        XenGuest *guest;
        Domain *domain;
        int r = xen_status_load(connection, name, &status, &conf, error);

        if (r >= 0)
                r = domain_create(connection, conf, &domain, error);
        if (r < 0)
                return r;
        info = find(search, conf->uuid, status.incoming == TRISTATE_YES);
        guest = xen_guest_new(search->core, domain);
        r = guest ? domain_set_live(domain, conf, error) : fail_memory(error);
        if (r >= 0 && (info || status.restarting == TRISTATE_YES))
                return take_over(guest, &status, info, error);

        if (r >= 0)
                xen_away_recover(guest, &status, NULL);
        if (r >= 0)
                log_message(LOG_NOTICE, "guest %s ended while the service was away", name);
        if (r >= 0 && gives_back(guest, &status))
                return 0;
        resource_ref(&domain->resource); /* a transient domain goes with it */
        if (guest) {
                xen_nets_found(guest);
                xen_nets_leave(guest);
        }
        xen_guest_free(guest);
        xen_status_remove(domain);
        domain_stopped(domain, DOMAIN_SHUTOFF_UNKNOWN, STOPPED_FAILED);
        resource_unref(&domain->resource);
        return r;
}

static int found_file(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};

        if (reconnect(userdata, name, &error) < 0) {
                _cleanup_(freep) char *text = error_text(&error);

                log_message(LOG_ERR, "cannot take over guest %s: %s", name,
                            text ?: "out of memory");
        }
        return 0;
}

int xen_find_all(XenCore *core, Error *error) {
        Connection *connection = core->connection;
        Search search = { .core = core };
        libxl_dominfo *list = XEN_CALL(core, libxl_list_domain(core->ctx, &search.n));
        int r;

        if (!list)
                return fail(error, ERROR_OPERATION_FAILED, "cannot list the domains of Xen");
        search.list = list;
        r = store_list(connection->store, STORE_RUNTIME, connection->driver->id, ".xml",
                       found_file, &search, error);
        for (int i = 0; r >= 0 && i < search.n; i++)
                if (!xen_is_going(&list[i]))
                        xen_found(core, &list[i], true);
        libxl_dominfo_list_free(list, search.n);
        return r;
}
