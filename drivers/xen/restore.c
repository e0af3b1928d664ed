/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest comes back from its image: the same start as any, but that the builder reads a stream. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/xen/away.h"
#include "drivers/xen/image.h"

static int check_flags(uint32_t flags, Error *error) {
        if (flags & DOMAIN_SAVE_BYPASS_CACHE)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "libxl reads through the host's cache: flag %d (bypass-cache) can't "
                            "be honoured", DOMAIN_SAVE_BYPASS_CACHE);
        return 0;
}

static void choose_state(XenImage *image, uint32_t flags) {
        if (flags & DOMAIN_SAVE_RUNNING)
                image->paused = false;
        if (flags & DOMAIN_SAVE_PAUSED)
                image->paused = true;
}

/* ---- from a file that the caller names ---- */

/* What waits with the job for its turn in the domain's queue. */
typedef struct Restoration {
        XenImage image;
} Restoration;

static void restoration_free(void *baggage) {
        Restoration *restoration = baggage;

        xen_image_done(&restoration->image);
        free(restoration);
}

static int start_from(Domain *domain, XenImage *image, uint32_t flags, Job *job, Error *error) {
        const XenStream stream = {
                .fd = image->fd, .version = image->stream, .origin = XEN_RESTORED,
        };

        if (image->paused)
                flags |= DOMAIN_START_PAUSED;
        return xen_start_from(domain, TAKE(image->conf), &stream, flags, job, error);
}

static int restore_now(Job *job, Error *error) {
        Restoration *restoration = job->result.baggage;
        Domain *domain = domain_of(job->result.resource);
        int r = domain_need_inactive(domain, error);

        return r < 0 ? r : start_from(domain, &restoration->image, 0, job, error);
}

int xen_restore(Connection *connection, const char *from, const char *xml, uint32_t flags,
                Job *job, Error *error) {
        Restoration *restoration = calloc(1, sizeof(*restoration));
        Domain *domain;
        int r;

        if (!restoration)
                return fail_memory(error);
        restoration->image.fd = -1;
        job->result.baggage = restoration;
        job->result.baggage_free = restoration_free;
        r = check_flags(flags, error);
        if (r >= 0)
                r = xen_need(connection, error);
        if (r >= 0)
                r = xen_image_open(from, false, &restoration->image, error);
        if (r >= 0 && xml)
                r = xen_image_replace(&restoration->image, xml, error);
        if (r >= 0)
                r = domain_create(connection, restoration->image.conf, &domain, error);
        if (r < 0)
                return r;
        choose_state(&restoration->image, flags);
        job->result.resource = resource_ref(&domain->resource);
        job_start(&domain->resource.queue, job, "restore", restore_now);
        return PENDING;
}

/* ---- from the managed one ---- */

/* A domain may have been renamed since. */
static int take_name(const Domain *domain, DomainConf *conf, Error *error) {
        if (strcmp(conf->name, domain->resource.name) == 0)
                return 0;
        free(conf->name);
        conf->name = strdup(domain->resource.name);
        return conf->name ? conf_sync(conf, error) : fail_memory(error);
}

int xen_start_saved(Domain *domain, uint32_t flags, Job *job, Error *error) {
        _cleanup_(freep) char *path = xen_managed_path(domain);
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        int r;

        if (flags & DOMAIN_START_BYPASS_CACHE)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "libxl reads through the host's cache: flag %d (bypass-cache) can't "
                            "be honoured", DOMAIN_START_BYPASS_CACHE);
        r = path ? xen_image_open(path, false, &image, error) : fail_memory(error);
        if (r >= 0 && !uuid_equal(image.conf->uuid, domain->resource.uuid))
                r = fail(error, ERROR_OPERATION_FAILED,
                         "domain image '%s' is of another domain", path);
        if (r >= 0)
                r = take_name(domain, image.conf, error);
        return r < 0 ? r : start_from(domain, &image, flags, job, error);
}

/* ---- what an image says ---- */

int xen_image_xml(Connection *connection, const char *file, uint32_t flags, Job *job,
                  Error *error) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        int r = xen_image_open(file, false, &image, error);

        if (r < 0)
                return r;
        return conf_print(image.conf, flags & DOMAIN_SAVE_IMAGE_XML_SECURE ? 0 : MAP_SECRET,
                          &job->result.text, error);
}

int xen_image_define(Connection *connection, const char *file, const char *xml, uint32_t flags,
                     Job *job, Error *error) {
        _cleanup_(xen_image_done) XenImage image = { .fd = -1 };
        int r = xen_image_open(file, true, &image, error);

        if (r >= 0)
                r = xen_image_replace(&image, xml, error);
        if (r < 0)
                return r;
        choose_state(&image, flags);
        return xen_image_store(&image, error);
}
