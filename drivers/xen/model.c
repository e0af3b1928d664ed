/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device model (QEMU) that libxl runs beside a guest. When it dies, libxl doesn't notice, and
 * the guest waits for its devices for ever. So its process is watched. A guest with hardware is
 * over then, as with QEMU itself; one without loses some of its disks or its display, which is
 * told.
 *
 * Who destroys a guest ends its device model first, having paused the guest: that is waited for. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/log.h"
#include "drivers/xen/guest.h"

#define PATIENCE 1000000 /* us, until a guest that is being destroyed shows it */

static int look_after(sd_event_source *source, uint64_t time, void *userdata);

/* ---- it died ---- */

static void model_wait(XenGuest *guest) {
        guest->model = sd_event_source_disable_unref(guest->model);
        if (sd_event_add_time_relative(guest->core->event, &guest->model, CLOCK_MONOTONIC, PATIENCE,
                                       0, look_after, guest) < 0)
                log_resource(LOG_ERR, &guest->domain->resource, "its device model has ended");
}

static void model_lost(XenGuest *guest) {
        _cleanup_(error_clear) Error error = {};
        XenLines lines = { "device model did not start" };
        Domain *domain = guest->domain;
        const DomainConf *conf = domain_view(domain);
        bool hvm = conf && xen_guest_type(conf) == GUEST_HVM;

        (void) fail(&error, ERROR_OPERATION_FAILED, "its device model has ended");
        xen_fail_output(&error, &lines, domain->resource.name);
        log_resource(LOG_ERR, &domain->resource, "%s", error.message ?: "out of memory");
        event_report(&guest->core->connection->hub,
                     &(Event) { .kind = EVENT_CONTROL_ERROR, .resource = &domain->resource });
        if (hvm && !guest->foreign && xen_guest_of(domain) == guest)
                xen_guest_end(guest, DOMAIN_SHUTOFF_CRASHED, STOPPED_FAILED);
}

static int look_after(sd_event_source *source, uint64_t time, void *userdata) {
        XenGuest *guest = userdata;
        libxl_dominfo info;

        guest->model = sd_event_source_disable_unref(guest->model);
        if (guest->stopping)
                return 0;
        libxl_dominfo_init(&info);
        if (XEN_CALL(guest->core, libxl_domain_info(guest->core->ctx, &info, guest->domid)) != 0 ||
            info.dying || info.shutdown)
                ; /* its end is heard of */
        else if (info.paused && guest->domain->state == DOMAIN_RUNNING)
                model_wait(guest);
        else
                model_lost(guest);
        libxl_dominfo_dispose(&info);
        return 0;
}

static int model_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        model_wait(userdata);
        return 0;
}

/* ---- watching ---- */

/* By its pid, which libxl leaves in xenstore; guests may have no device model. */
void xen_model_watch(XenGuest *guest) {
        _cleanup_(freep) char *text = NULL;
        char path[64];
        int pid, fd;

        if (!guest->core->store)
                return;
        (void) snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/image/device-model-pid",
                        guest->domid);
        text = XEN_CALL(guest->core, xs_read(guest->core->store, XBT_NULL, path, NULL));
        if (!text || sscanf(text, "%d", &pid) != 1 || pid <= 0)
                return;
        fd = (int) syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0) {
                if (errno == ESRCH)
                        model_wait(guest);
                return;
        }
        if (sd_event_add_io(guest->core->event, &guest->model, fd, EPOLLIN, model_ended,
                            guest) < 0 ||
            sd_event_source_set_io_fd_own(guest->model, true) < 0)
                close(fd);
}

void xen_model_unwatch(XenGuest *guest) {
        guest->model = sd_event_source_disable_unref(guest->model);
}
