/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory a guest has.
 *
 * Xen keeps two numbers for a running guest. What it may have at most is a matter of the
 * hypervisor, and changes at once. What it is asked to have is a wish in xenstore, which the
 * guest's balloon driver follows as fast as it can, or not at all; the definition says the wish,
 * statistics say what the guest has. */
#include <inttypes.h>
#include <stdio.h>

#include "conf/api-domain.h"
#include "drivers/edit.h"
#include "drivers/log.h"
#include "drivers/processors.h"
#include "drivers/xen/tuning.h"

/* ---- whom it is about ---- */

int xen_target(Domain *domain, XenTarget *ret, Error *error) {
        XenGuest *guest;
        int r = xen_need(domain->resource.connection, error);

        if (r < 0)
                return r;
        if (xen_is_domain_zero(domain)) {
                *ret = (XenTarget) { xen_driver_of(domain->resource.connection)->core, 0 };
                return 0;
        }
        r = xen_guest_get(domain, &guest, error);
        if (r < 0)
                return r;
        *ret = (XenTarget) { guest->core, guest->domid };
        return 0;
}

bool xen_target_is(Domain *domain, const XenTarget *target) {
        const XenGuest *guest = xen_guest_of(domain);

        if (xen_is_domain_zero(domain))
                return target->domid == 0;
        return guest && guest->domid == target->domid && !guest->stopping;
}

int xen_need_config(const Domain *domain, uint32_t flags, const char *what, Error *error) {
        bool live, persistent;
        int r = edit_affects(domain, flags, &live, &persistent, error);

        if (r < 0 || !live)
                return r;
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "%s of a running guest of Xen can't be changed: flag %d alone changes it for "
                    "the next start", what, DOMAIN_AFFECT_CONFIG);
}

/* ---- change ---- */

typedef struct Wish {
        uint64_t size; /* KiB */
        uint32_t flags;
} Wish;

/* Elsewhere the maximum of a running guest can't be changed. */
static int change(DomainConf **conf, bool live, void *userdata, Error *error) {
        const Wish *wish = userdata;

        if (live && (wish->flags & DOMAIN_MEM_MAXIMUM) && wish->size < (*conf)->current_memory)
                return fail(error, ERROR_INVALID_ARG,
                            "cannot set max memory lower than current memory");
        return memory_set(*conf, wish->size, wish->flags, false, error);
}

static int apply(const XenTarget *target, uint64_t size, uint32_t flags, Error *error) {
        XenCall *call = xen_call_new(target->core, target->domid, NULL, NULL);
        libxl_ctx *ctx = target->core->ctx;

        if (!call)
                return fail_memory(error);
        if (flags & DOMAIN_MEM_MAXIMUM)
                return xen_call_over(call, XEN_CALL(target->core, libxl_domain_setmaxmem(
                                             ctx, target->domid, size)),
                                     "cannot set the maximum memory of the guest", error);
        return xen_call_over(call, XEN_CALL(target->core, libxl_set_memory_target(
                                     ctx, target->domid, (int64_t) size, 0, 1)),
                             "cannot set the memory of the guest", error);
}

static void tell_size(Domain *domain, uint64_t size) {
        event_report(&domain->resource.connection->hub,
                     &(Event) { .kind = EVENT_BALLOON, .resource = &domain->resource,
                                .number = size });
}

/* What was in force is so again when the definitions can't be written. */
static int set_live(DomainEdit *edit, const Wish *wish, Error *error) {
        Domain *domain = edit->domain;
        _cleanup_(conf_freep) DomainConf *before = NULL;
        XenTarget target;
        int r = xen_target(domain, &target, error);

        if (r >= 0)
                r = domain_conf(domain, DOMAIN_LIVE, &before, error);
        if (r >= 0)
                r = apply(&target, wish->size, wish->flags, error);
        if (r < 0)
                return r;
        r = edit_commit(edit, error);
        if (r >= 0 && !(wish->flags & DOMAIN_MEM_MAXIMUM))
                tell_size(domain, wish->size);
        else if (r < 0)
                (void) apply(&target, wish->flags & DOMAIN_MEM_MAXIMUM ? before->memory
                                                                       : before->current_memory,
                             wish->flags, NULL);
        return r;
}

int xen_set_memory(Domain *domain, uint64_t size, uint32_t flags, Job *job, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = {};
        Wish wish = { MIN(size, (uint64_t) INT64_MAX), flags };
        int r = edit_plan(domain, flags, change, &wish, &edit, error);

        if (r < 0)
                return r;
        return edit.live ? set_live(&edit, &wish, error) : edit_commit(&edit, error);
}

/* ---- what others wish ---- */

static uint64_t read_size(XenCore *core, uint32_t domid, const char *key) {
        _cleanup_(freep) char *text = NULL;
        char path[64];
        uint64_t size;

        (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/%s", domid, key);
        text = XEN_CALL(core, xs_read(core->store, XBT_NULL, path, NULL));
        return text && sscanf(text, "%" SCNu64, &size) == 1 && size <= INT64_MAX ? size : 0;
}

static int change_size(DomainConf **conf, bool live, void *userdata, Error *error) {
        (*conf)->current_memory = MIN(*(const uint64_t *) userdata, (*conf)->memory);
        return 0;
}

/* Video memory is part of the size that a guest is built with, but not always of the wish. */
void xen_memory_changed(XenCore *core, const char *path) {
        _cleanup_(error_clear) Error error = {};
        Domain *domain;
        uint32_t domid;
        uint64_t size;

        if (sscanf(path, "/local/domain/%" SCNu32 "/", &domid) != 1)
                return;
        domain = connection_domain_by_id(core->connection, domid);
        const DomainConf *now = domain && domain_is_active(domain) && xen_guest_of(domain)
                                        ? domain_view(domain) : NULL;
        size = now ? read_size(core, domid, "target") : 0;
        if (size == 0 || size == now->current_memory ||
            size + read_size(core, domid, "videoram") == now->current_memory)
                return;
        if (domain_edit(domain, DOMAIN_AFFECT_LIVE, change_size, &size, &error) >= 0)
                tell_size(domain, size);
        else
                log_resource(LOG_ERR, &domain->resource,
                             "its definition keeps its old memory: %s",
                             error.message ?: "out of memory");
}
