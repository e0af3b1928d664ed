/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A start, told in the order in which it happens: the runtime file says that a guest of this uuid
 * is being built, a child builds it, its end is watched for, it is let run, and told of. Whatever
 * dies on the way, what was built goes: Xen knows the uuid of every domain. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/xen/config.h"
#include "drivers/xen/device.h"
#include "drivers/xen/join.h"
#include "drivers/xen/migrate.h"

Uuid xen_uuid_of(const libxl_dominfo *info) {
        Uuid uuid;

        static_assert(sizeof(uuid) == sizeof(info->uuid), "a uuid is 16 bytes");
        memcpy(&uuid, &info->uuid, sizeof(uuid));
        return uuid;
}

/* The domid under which Xen has a uuid. */
static uint32_t find_domid(XenCore *core, Uuid uuid) {
        uint32_t domid = XEN_NO_DOMAIN;
        int n = 0;
        libxl_dominfo *list = XEN_CALL(core, libxl_list_domain(core->ctx, &n));

        for (int i = 0; list && i < n; i++)
                if (list[i].domid != 0 && !xen_is_going(&list[i]) &&
                    uuid_equal(xen_uuid_of(&list[i]), uuid))
                        domid = list[i].domid;
        if (list)
                libxl_dominfo_list_free(list, n);
        return domid;
}

/* One that comes from this very host has its uuid twice. */
static uint32_t find_by_name(XenCore *core, const char *name) {
        uint32_t domid = XEN_NO_DOMAIN;

        return XEN_CALL(core, libxl_name_to_domid(core->ctx, name, &domid)) == 0 ? domid
                                                                                 : XEN_NO_DOMAIN;
}

/* ---- how it fails ---- */

/* Nothing of it is left: the callers are told. */
static void start_failed(XenGuest *guest, int r, Error *error) {
        Domain *domain = guest->domain;
        Job *starting = TAKE(guest->starting), *ending = TAKE(guest->ending);

        if (guest->restarting) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, &domain->resource, "cannot start it again: %s",
                             text ?: "out of memory");
        }
        resource_ref(&domain->resource);
        xen_nets_leave(guest);
        xen_guest_free(guest);
        xen_status_remove(domain);
        domain_stopped(domain, DOMAIN_SHUTOFF_FAILED, STOPPED_FAILED);
        if (ending)
                job_done(ending, 0, NULL);
        if (starting)
                job_done(starting, r, error);
        resource_unref(&domain->resource);
}

static void undone(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenGuest *guest = userdata;
        Error error = guest->failure;

        guest->child = NULL;
        guest->failure = (Error) {};
        if (rc != 0)
                log_resource(LOG_ERR, &guest->domain->resource,
                             "cannot remove what was built of it: %s", lines->text);
        start_failed(guest, -error_number(error.code), &error);
        error_clear(&error);
}

/* libxl removes what it couldn't finish by itself, unless its process was killed. */
void xen_start_undo(XenGuest *guest, int r, Error *error) {
        _cleanup_(conf_freep) DomainConf *taken = xen_pci_taken(guest);
        XenCore *core = guest->core;
        uint32_t domid = guest->domid;

        guest->stopping = true; /* its death is no news */
        if (domid == XEN_NO_DOMAIN)
                domid = guest->incoming ? find_by_name(core, xen_incoming_name(guest->incoming))
                                        : find_domid(core, guest->domain->resource.uuid);
        if ((domid == XEN_NO_DOMAIN && !taken) ||
            xen_guest_remove(guest, domid, taken, undone, NULL) < 0)
                start_failed(guest, r, error);
        else
                error_move(&guest->failure, error);
}

/* ---- it is there ---- */

/* What is told of a start, by where it began. */
static const struct {
        int running, started, suspended;
} beginnings[] = {
        [XEN_BOOTED] = { DOMAIN_RUNNING_BOOTED, STARTED_BOOTED, SUSPENDED_PAUSED },
        [XEN_MIGRATED] = { DOMAIN_RUNNING_MIGRATED, STARTED_MIGRATED, SUSPENDED_MIGRATED },
        [XEN_RESTORED] = { DOMAIN_RUNNING_RESTORED, STARTED_RESTORED, SUSPENDED_RESTORED },
};

static void start_finished(XenGuest *guest) {
        const __typeof__(beginnings[0]) *beginning = &beginnings[guest->origin];
        Domain *domain = guest->domain;
        Connection *connection = domain->resource.connection;
        Job *starting = TAKE(guest->starting);
        bool paused = guest->flags & DOMAIN_START_PAUSED, again = guest->restarting;
        bool was_paused = domain->state == DOMAIN_PAUSED;

        resource_ref(&domain->resource);
        guest->restarting = false;
        guest->after = ACTION_DESTROY;
        domain_set_state(domain, paused ? DOMAIN_PAUSED : DOMAIN_RUNNING,
                         paused ? DOMAIN_PAUSED_USER : beginning->running);
        domain->starting = false;
        xen_guest_save(guest);
        if (domain->managed_save) /* it runs now, or its memory begins anew */
                xen_managed_remove(domain);
        if (again) {
                domain_changed(domain, PROPERTY_ID);
                event_report(&connection->hub,
                             &(Event) { .kind = EVENT_REBOOT, .resource = &domain->resource });
                if (was_paused && !paused)
                        domain_report(domain, DOMAIN_EVENT_RESUMED, RESUMED_UNPAUSED);
        } else {
                domain_started(domain, beginning->started);
                if (paused)
                        domain_report(domain, DOMAIN_EVENT_SUSPENDED, beginning->suspended);
        }
        if (starting)
                job_done(starting, 0, NULL);
        guest = xen_guest_of(domain);
        if (guest && guest->early) {
                guest->early = false;
                xen_guest_shut_down(guest, guest->early_reason);
        }
        resource_unref(&domain->resource);
}

/* Destroyed, by whomever, while it was being let run. */
static void let_run(XenCall *call, int rc, void *userdata) {
        Domain *domain = userdata;
        XenGuest *guest = xen_guest_of(domain);
        _cleanup_(error_clear) Error error = {};

        if (guest && guest->domid == call->domid && !guest->stopping) {
                if (rc == 0)
                        start_finished(guest);
                else
                        xen_start_undo(guest, xen_fail(&error, rc, &call->lines,
                                                   "cannot let the guest run"), &error);
        }
        resource_unref(&domain->resource);
}

static int guest_unpause(XenGuest *guest, Error *error) {
        XenCall *call = xen_call_new(guest->core, guest->domid, let_run, guest->domain);
        int rc;

        if (!call)
                return fail_memory(error);
        resource_ref(&guest->domain->resource);
        rc = XEN_CALL(guest->core, libxl_domain_unpause(guest->core->ctx, guest->domid,
                                                        &call->how));
        if (rc == 0)
                return 0;
        int r = xen_fail(error, rc, &call->lines, "cannot let the guest run");
        xen_call_drop(call);
        resource_unref(&guest->domain->resource);
        return r;
}

int xen_guest_go(XenGuest *guest, Error *error) {
        if (!(guest->flags & DOMAIN_START_PAUSED))
                return guest_unpause(guest, error);
        start_finished(guest);
        return 0;
}

/* ---- the builder ---- */

static int built_well(XenGuest *guest, uint32_t domid, Error *error) {
        int r = xen_guest_has_domid(guest, domid, error);

        if (r >= 0)
                r = xen_status_save(guest, error);
        if (r >= 0)
                r = xen_nets_join(guest, error);
        if (r >= 0)
                r = xen_guest_watch(guest, error);
        if (r < 0)
                return r;
        return guest->incoming ? xen_incoming_built(guest, error) : xen_guest_go(guest, error);
}

static void built(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenGuest *guest = userdata;
        _cleanup_(error_clear) Error error = {};
        int r;

        guest->child = NULL;
        if (guest->ending)
                r = fail(&error, ERROR_OPERATION_ABORTED, "the domain was destroyed meanwhile");
        else if (rc == XEN_CHILD_LOST)
                r = fail(&error, ERROR_OPERATION_FAILED,
                         "the process that builds the guest died");
        else if (rc != 0) {
                r = xen_fail(&error, rc, lines, "cannot build the guest");
                xen_fail_output(&error, lines, guest->domain->resource.name);
        } else
                r = built_well(guest, domid, &error);
        if (r < 0)
                xen_start_undo(guest, r, &error);
}

typedef struct Build {
        libxl_domain_config config;
        uint32_t version; /* of the stream; 0: there is none */
} Build;

static int build(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        Build *build = argument;
        libxl_domain_restore_params params;
        int rc;

        if (build->version == 0)
                return libxl_domain_create_new(ctx, &build->config, domid, NULL, NULL);
        libxl_domain_restore_params_init(&params);
        params.stream_version = build->version;
        rc = libxl_domain_create_restore(ctx, &build->config, domid, XEN_CHILD_FD, -1, &params,
                                         NULL, NULL);
        libxl_domain_restore_params_dispose(&params);
        return rc;
}

static int guest_build(XenGuest *guest, const DomainConf *conf, const XenStream *stream,
                       Error *error) {
        Build what = { .version = stream ? stream->version : 0 };
        int r = XEN_CALL(guest->core,
                         xen_config_build(conf, guest->core->ctx, &what.config, error));

        guest->origin = stream ? stream->origin : XEN_BOOTED;
        if (r >= 0 && guest->incoming) {
                free(what.config.c_info.name);
                what.config.c_info.name = strdup(xen_incoming_name(guest->incoming));
                r = what.config.c_info.name ? 0 : fail_memory(error);
        }
        if (r >= 0)
                xen_pci_seize(conf, &what.config);
        if (r >= 0)
                r = xen_child_new_with(guest->core, XEN_NO_DOMAIN, stream ? stream->fd : -1, build,
                                       &what, built, guest, &guest->child, error);
        libxl_domain_config_dispose(&what.config);
        return r;
}

int xen_start_from(Domain *domain, DomainConf *conf, const XenStream *stream, uint32_t flags,
                   Job *job, Error *error) {
        _cleanup_(conf_freep) DomainConf *owned = conf;
        XenCore *core = xen_driver_of(domain->resource.connection)->core;
        XenGuest *guest;
        int r = xen_need(domain->resource.connection, error);

        if (r < 0)
                return r;
        guest = xen_guest_new(core, domain);
        if (!guest)
                return fail_memory(error);
        guest->flags = flags;
        domain_starting(domain, 0);
        domain->autodestroy = flags & DOMAIN_START_AUTODESTROY;
        r = xen_live_prepare(domain->resource.connection, owned, false, error);
        if (r >= 0)
                r = xen_hostdevs_need_free(domain, owned, error);
        if (r >= 0)
                r = xen_nets_plan(domain, owned, error);
        if (r >= 0)
                r = domain_set_live(domain, owned, error);
        if (r >= 0)
                r = xen_status_save(guest, error);
        if (r >= 0)
                r = guest_build(guest, owned, stream, error);
        if (r < 0) {
                start_failed(guest, r, error);
                return r;
        }
        guest->starting = job;
        return PENDING;
}

int xen_start_conf(Domain *domain, DomainConf *conf, uint32_t flags, Job *job, Error *error) {
        return xen_start_from(domain, conf, NULL, flags, job, error);
}

static void build_now(XenGuest *guest, const XenStream *stream) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &conf, &error);

        if (r >= 0)
                r = xen_live_prepare(guest->core->connection, conf, true, &error);
        if (r >= 0)
                r = xen_nets_plan(guest->domain, conf, &error);
        if (r >= 0)
                r = domain_set_live(guest->domain, conf, &error);
        if (r >= 0)
                r = guest_build(guest, conf, stream, &error);
        if (r < 0)
                start_failed(guest, r, &error);
}

void xen_guest_build_from(XenGuest *guest, const XenStream *stream) {
        build_now(guest, stream);
}

/* One that was paused, but for a dump, stays paused. */
void xen_guest_build_again(XenGuest *guest) {
        const Domain *domain = guest->domain;
        bool paused = domain->state == DOMAIN_PAUSED && domain->reason != DOMAIN_PAUSED_DUMP;

        guest->flags = paused ? DOMAIN_START_PAUSED : 0;
        build_now(guest, NULL);
}
