/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest is saved: libxl suspends it and writes it into a file, a child puts that on the disk, and
 * the guest goes. Managed images are files of ours, one a domain, and belong to its next start. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/log.h"
#include "drivers/xen/away.h"
#include "drivers/xen/image.h"

#define MANAGED_FOLDER "save"
#define MANAGED_SUFFIX ".save"

/* ---- what can be saved ---- */

static int check_flags(uint32_t flags, Error *error) {
        if (flags & DOMAIN_SAVE_BYPASS_CACHE)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "libxl writes through the host's cache: flag %d (bypass-cache) can't "
                            "be honoured", DOMAIN_SAVE_BYPASS_CACHE);
        if ((flags & DOMAIN_SAVE_RUNNING) && (flags & DOMAIN_SAVE_PAUSED))
                return fail(error, ERROR_INVALID_ARG,
                            "running (flag %d) and paused (flag %d) are mutually exclusive",
                            DOMAIN_SAVE_RUNNING, DOMAIN_SAVE_PAUSED);
        return 0;
}

int xen_need_suspendable(Domain *domain, XenGuest **ret, Error *error) {
        int r = xen_guest_get(domain, ret, error);

        if (r < 0)
                return r;
        xen_look(domain);
        if ((*ret)->foreign && !(*ret)->learnt)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain '%s' was made by another tool, and libxl doesn't say what it "
                            "is", domain->resource.name);
        if (domain->state == DOMAIN_PAUSED && domain->reason == DOMAIN_PAUSED_MIGRATION)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain '%s' was sent to another host, and may run there",
                            domain->resource.name);
        if (domain->state != DOMAIN_RUNNING && domain->state != DOMAIN_PAUSED)
                return fail(error, ERROR_OPERATION_INVALID,
                            "domain '%s' neither runs nor is paused", domain->resource.name);
        return 0;
}

/* ---- save, in the order in which it happens ---- */

static void settled(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenAway *away = userdata;
        XenGuest *guest = xen_away_guest(away);
        _cleanup_(error_clear) Error error = {};
        int r;

        away->child = NULL;
        if (rc == 0 && guest) {
                if (away->managed)
                        domain_set_managed_save(away->domain, true, NULL);
                xen_away_end(away, ACTION_DESTROY, DOMAIN_SHUTOFF_SAVED, STOPPED_SAVED);
                return;
        }
        away->kind = XEN_AWAY_SAVING;
        if (rc == 0) /* it was destroyed meanwhile, and so is its image */
                (void) unlink(away->path);
        r = xen_away_why(away, rc, lines, "cannot put the image on the disk", &error);
        xen_away_fail(away, r, &error);
}

static int settle(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        return xen_away_settle(argument, XEN_CHILD_FD);
}

static void written(XenCall *call, int rc, void *userdata) {
        XenAway *away = userdata;
        _cleanup_(error_clear) Error error = {};
        XenGuest *guest;
        int r = 0;

        if (!away)
                return;
        away->call = NULL;
        guest = xen_away_guest(away);
        if (rc != 0 || away->aborted || !guest)
                r = xen_away_why(away, rc, &call->lines, "cannot save the guest", &error);
        if (r >= 0)
                r = xen_image_end(away->fd, &error);
        if (r >= 0) {
                away->kind = XEN_AWAY_SAVED;
                r = xen_status_save(guest, &error);
        }
        if (r >= 0)
                r = xen_child_new_with(away->core, away->domid, away->fd, settle, away, settled,
                                       away, &away->child, &error);
        if (r >= 0)
                return;
        away->kind = XEN_AWAY_SAVING;
        xen_away_fail(away, r, &error);
}

static int begin(XenAway *away, DomainConf *conf, const char *to, bool paused, Error *error) {
        int r = xen_away_open(away, to, error);

        if (r >= 0)
                r = xen_image_begin(away->fd, conf, paused, error);
        return r < 0 ? r : xen_away_suspend(away, 0, written, error);
}

/* As it is, unless the caller chose. */
static bool is_saved_paused(const Domain *domain, uint32_t flags) {
        if (flags & (DOMAIN_SAVE_PAUSED | DOMAIN_SAVE_RUNNING))
                return flags & DOMAIN_SAVE_PAUSED;
        return domain->state == DOMAIN_PAUSED;
}

static int save_to(Domain *domain, const char *to, const char *xml, uint32_t flags, bool managed,
                   Job *job, Error *error) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        XenGuest *guest;
        XenAway *away;
        int r = check_flags(flags, error);

        if (r >= 0)
                r = xen_need_suspendable(domain, &guest, error);
        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &image.conf, error);
        if (r >= 0 && xml)
                r = xen_image_replace(&image, xml, error);
        if (r >= 0)
                r = xen_away_new(guest, XEN_AWAY_SAVING, job, &away, error);
        if (r < 0)
                return r;
        away->managed = managed;
        r = begin(away, image.conf, to, is_saved_paused(domain, flags), error);
        if (r >= 0)
                return PENDING;
        xen_away_drop(away);
        xen_guest_save(guest);
        return r;
}

static int xen_save(Domain *domain, const char *to, const char *xml, uint32_t flags, Job *job,
                    Error *error) {
        return save_to(domain, to, xml, flags, false, job, error);
}

/* ---- managed images ---- */

static char *managed_file(const Domain *domain) {
        char uuid[UUID_TEXT_MAX];

        return connection_file(domain->resource.connection, MANAGED_FOLDER "/%s" MANAGED_SUFFIX,
                               uuid_format(domain->resource.uuid, uuid));
}

char *xen_managed_path(const Domain *domain) {
        _cleanup_(freep) char *file = managed_file(domain);

        return file ? store_path(domain->resource.connection->store, STORE_STATE, file) : NULL;
}

void xen_managed_remove(Domain *domain) {
        _cleanup_(freep) char *file = managed_file(domain);
        _cleanup_(error_clear) Error error = {};
        int r = file ? store_remove(domain->resource.connection->store, STORE_STATE, file, &error)
                     : fail_memory(&error);

        if (r < 0) {
                log_resource(LOG_ERR, &domain->resource, "cannot remove its managed image: %s",
                             error.message ?: "out of memory");
                return;
        }
        domain_set_managed_save(domain, false, NULL);
}

static int xen_managed_save(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(freep) char *path = xen_managed_path(domain), *folder = NULL;
        Connection *connection = domain->resource.connection;
        _cleanup_(closep) int fd = -1;
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (!domain_is_persistent(domain))
                return fail(error, ERROR_OPERATION_INVALID,
                            "cannot do managed save for transient domain");
        folder = connection_file(connection, MANAGED_FOLDER);
        if (!path || !folder)
                return fail_memory(error);
        r = fd = store_open_folder(connection->store, STORE_STATE, folder, error);
        return r < 0 ? r : save_to(domain, path, NULL, flags, true, job, error);
}

static int xen_managed_save_remove(Domain *domain, uint32_t flags, Job *job, Error *error) {
        if (!domain->managed_save)
                return DONE;
        xen_managed_remove(domain);
        if (domain->managed_save)
                return fail(error, ERROR_OPERATION_FAILED, "cannot remove the managed image");
        return DONE;
}

static bool xen_has_managed_save(const Domain *domain) {
        return domain->managed_save;
}

/* One whose domain isn't there is left alone: its definition may come back. */
static int found_image(const char *name, void *userdata) {
        Connection *connection = userdata;
        Resource *resource;
        Uuid uuid;

        if (uuid_parse(name, &uuid) < 0)
                return 0;
        resource = resource_set_by_uuid(&connection->sets[RESOURCE_DOMAIN], uuid);
        if (resource)
                domain_set_managed_save(domain_of(resource), true, NULL);
        return 0;
}

int xen_managed_find(Connection *connection, Error *error) {
        _cleanup_(freep) char *folder = connection_file(connection, MANAGED_FOLDER);

        return folder ? store_list(connection->store, STORE_STATE, folder, MANAGED_SUFFIX,
                                   found_image, connection, error)
                      : fail_memory(error);
}

const DomainSaving xen_saving = {
        .save = xen_save,
        .restore = xen_restore,
        .image_xml = xen_image_xml,
        .image_define = xen_image_define,
        .managed_save = xen_managed_save,
        .managed_save_remove = xen_managed_save_remove,
        .has_managed_save = xen_has_managed_save,
        .core_dump = xen_core_dump,
};
