/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running guest that come, go and change.
 *
 * What is asked for is planned in both definitions first. Then a child tells libxl, since adding an
 * interface keeps whoever calls waiting for up to a second, whatever is asked for, and a backend or
 * its script may take much longer; the child can be killed. What is to be there stands in the
 * runtime file before, beside the live definition, and what goes stays in the live definition until
 * Xen has none of it. Live and persistent definition change together, when libxl has done its part,
 * or not at all.
 *
 * libxl leaves behind what it couldn't finish, so an addition that fails is undone by its child. A
 * guest that ends takes its devices along: who waits for one is told. */
#include "drivers/xen/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/api-domain.h"
#include "conf/xml.h"
#include "drivers/device-edit.h"
#include "drivers/host-usb.h"
#include "drivers/log.h"
#include "drivers/xen/join.h"

/* libxl gives scripts 40 s, backends and guests 10 s each. */
#define PATIENCE (150 * UINT64_C(1000000)) /* us */

/* ---- what all changes have in common ---- */

XenPlug *xen_plug_free(XenPlug *plug) {
        if (!plug)
                return NULL;
        sd_event_source_disable_unref(plug->deadline);
        xen_child_free(plug->child);
        if (plug->kind)
                plug->kind->dispose(&plug->libxl);
        edit_done(&plug->edit);
        conf_free(plug->before);
        error_clear(&plug->failure);
        free(plug->alias);
        free(plug->text);
        free(plug);
        return NULL;
}

DEFINE_CLEANUP(XenPlug *, xen_plug_free);

static XenPlug *plug_new(Domain *domain, const char *xml, uint32_t flags, Job *job) {
        XenPlug *plug = calloc(1, sizeof(*plug));

        if (plug)
                *plug = (XenPlug) { .domain = domain, .xml = xml, .flags = flags, .job = job };
        return plug;
}

void xen_plug_abort(XenPlug *plug) {
        _cleanup_(error_clear) Error error = {};
        Job *job;
        int r;

        if (!plug)
                return;
        job = plug->job;
        r = fail(&error, ERROR_OPERATION_FAILED, "the guest ended before device '%s' %s",
                 plug->alias, plug->removes ? "was gone" : "was there");
        xen_plug_free(plug);
        if (job)
                job_done(job, r, &error);
}

static void plug_report(const XenPlug *plug, EventKind kind) {
        event_report(&plug->domain->resource.connection->hub,
                     &(Event) { .kind = kind, .resource = &plug->domain->resource,
                                .text = { plug->alias } });
}

/* It isn't on its way any more; who waits is told. */
static void plug_end(XenPlug *plug, int r, Error *error) {
        XenGuest *guest = xen_guest_of(plug->domain);
        Job *job = plug->job;

        guest->plug = NULL;
        if (plug->text)
                xen_guest_save(guest);
        if (r < 0 && !job) {
                _cleanup_(freep) char *text = error_text(error);

                log_resource(LOG_ERR, &plug->domain->resource, "device '%s': %s", plug->alias,
                             text ?: "out of memory");
        }
        xen_plug_free(plug);
        if (job)
                job_done(job, r, error);
}

/* ---- libxl is told ---- */

static int tell(libxl_ctx *ctx, uint32_t *domid, void *argument) {
        XenPlug *plug = argument;
        int rc;

        if (plug->changes)
                return plug->kind->change(ctx, *domid, &plug->libxl);
        if (plug->removes)
                return plug->kind->remove(ctx, *domid, &plug->libxl,
                                          plug->flags & DOMAIN_DEVICE_MODIFY_FORCE);
        rc = plug->kind->add(ctx, *domid, &plug->libxl);
        if (rc != 0)
                (void) plug->kind->remove(ctx, *domid, &plug->libxl, true);
        return rc;
}

static int out_of_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        XenPlug *plug = userdata;

        xen_child_kill(plug->child);
        return 0;
}

static int plug_tell(XenPlug *plug, XenWorked worked, Error *error) {
        XenGuest *guest = xen_guest_of(plug->domain);
        int r;

        plug->deadline = sd_event_source_disable_unref(plug->deadline);
        r = sd_event_add_time_relative(guest->core->event, &plug->deadline, CLOCK_MONOTONIC,
                                       PATIENCE, 0, out_of_patience, plug);
        if (r < 0)
                return fail_errno(error, r, "cannot wait for libxl");
        return xen_child_new(guest->core, guest->domid, tell, plug, worked, plug, &plug->child,
                             error);
}

/* In the runtime file, then in Xen. */
static int plug_begin(XenPlug *plug, XenWorked worked, Error *error) {
        XenGuest *guest;
        int r = xen_guest_get(plug->domain, &guest, error);

        if (r < 0)
                return r;
        if (guest->plug)
                return fail(error, ERROR_RESOURCE_BUSY, "device '%s' is on its way",
                            guest->plug->alias);
        r = conf_sync(plug->edit.live, error);
        if (r >= 0 && plug->device && xml_print(plug->device->item.node, &plug->text) < 0)
                r = fail_memory(error);
        if (r < 0)
                return r;
        guest->plug = plug;
        r = xen_status_save(guest, error);
        if (r >= 0)
                r = plug_tell(plug, worked, error);
        if (r >= 0)
                return PENDING;
        guest->plug = NULL;
        xen_guest_save(guest);
        return r;
}

static int fail_told(const XenPlug *plug, int rc, const XenLines *lines, Error *error) {
        _cleanup_(freep) char *what = NULL;

        if (asprintf(&what, "cannot %s device '%s'",
                     plug->changes ? "change" : plug->removes ? "detach" : "attach",
                     plug->alias) < 0)
                what = NULL;
        if (rc == XEN_CHILD_LOST)
                return fail(error, ERROR_OPERATION_TIMEOUT,
                            "%s: libxl didn't come to an end", what ?: "");
        if (plug->removes && rc == ERROR_TIMEDOUT)
                return fail(error, ERROR_OPERATION_TIMEOUT,
                            plug->flags & DOMAIN_DEVICE_MODIFY_FORCE
                                    ? "%s: the guest doesn't let go of it"
                                    : "%s: the guest doesn't let go of it; flag %d takes it away "
                                      "all the same", what ?: "", DOMAIN_DEVICE_MODIFY_FORCE);
        return xen_fail(error, rc, lines, what ?: "");
}

static int fail_kind(DeviceKind kind, const char *what, Error *error) {
        return fail(error, ERROR_OPERATION_UNSUPPORTED,
                    "<%s> can't be %s while a Xen guest runs; flag %d alone does it for the next "
                    "start", device_kinds[kind].name, what, DOMAIN_AFFECT_CONFIG);
}

static int note_alias(XenPlug *plug, const Device *device, Error *error) {
        free(plug->alias);
        plug->alias = strdup(device->alias ?: "");
        return plug->alias ? 0 : fail_memory(error);
}

/* How libxl is to be told of it. */
static int note_kind(XenPlug *plug, const Device *device, const char *what, Error *error) {
        plug->kind = xen_device_kind(plug->of, device);
        return plug->kind ? 0 : fail_kind(plug->of, what, error);
}

/* The interface that comes; NULL: something else does. */
static const DomainNet *plug_net(const XenPlug *plug) {
        return plug->of == DEVICE_NET && plug->device ? (const DomainNet *) plug->device : NULL;
}

/* How a device comes, goes or changes. */
typedef struct Way {
        DomainChange plan;
        XenWorked worked;
        bool removes, changes;
} Way;

/* Planned in both definitions; what runs is told, and both are committed when it is done. */
static int plug_run(Domain *domain, const char *xml, uint32_t flags, const Way *way, Job *job,
                    Error *error) {
        _cleanup_(xen_plug_freep) XenPlug *plug = plug_new(domain, xml, flags, job);
        int r = plug ? edit_plan(domain, flags, way->plan, plug, &plug->edit, error)
                     : fail_memory(error);
        const DomainNet *comes;

        if (r < 0 || !plug->edit.live)
                return r < 0 ? r : edit_commit(&plug->edit, error);
        if (way->changes && plug->of == DEVICE_NET)
                return xen_change_net(plug, error);
        plug->removes = way->removes;
        plug->changes = way->changes;
        comes = way->removes ? NULL : plug_net(plug);
        if (comes)
                r = xen_net_guard(domain->resource.connection, comes, error);
        if (r >= 0)
                r = plug_begin(plug, way->worked, error);
        if (r == PENDING)
                TAKE(plug);
        else if (comes)
                xen_net_unguard(comes);
        return r;
}

/* ---- attach ---- */

/* A USB device that is known by what it is gets the place where it is now. */
static int plan_usb(XenPlug *plug, const DeviceSpec *spec, Device *device, Error *error) {
        DomainHostdev *hostdev = (DomainHostdev *) device;
        int r;

        if (plug->of != DEVICE_HOSTDEV || hostdev->type != HOSTDEV_USB || !hostdev->vendor.set)
                return 0;
        r = host_usb_find(spec->alone, HOST_SYSFS, error);
        if (r < 0)
                return r;
        if (spec->alone->hostdevs.n == 0)
                return fail(error, ERROR_OPERATION_FAILED, "the host has no such USB device");
        hostdev->source.bus = spec->alone->hostdevs.items[0]->source.bus;
        hostdev->source.device = spec->alone->hostdevs.items[0]->source.device;
        hostdev->has_address = true;
        return 0;
}

static int plan_live(XenPlug *plug, DomainConf *conf, const DeviceSpec *spec, Device *device,
                     Error *error) {
        XenCore *core = xen_driver_of(plug->domain->resource.connection)->core;
        uint32_t domid = plug->domain->id;
        DomainNet *net = plug->of == DEVICE_NET ? (DomainNet *) device : NULL;
        int r = plan_usb(plug, spec, device, error);

        if (r >= 0 && net)
                r = xen_net_plan(plug->domain, net, error);
        if (r >= 0)
                r = xen_live_aliases(conf, error);
        if (r >= 0)
                r = note_alias(plug, device, error);
        if (r >= 0)
                r = xen_hostdevs_need_free(plug->domain, conf, error);
        if (r >= 0 && plug->kind->check)
                r = plug->kind->check(conf, device, error);
        if (r >= 0)
                r = plug->kind->make(conf, device, &plug->libxl, error);
        if (r < 0)
                return r;
        plug->device = device;
        if (!net || net->type == NET_HOSTDEV)
                return 0;
        plug->libxl.nic.devid = xen_live_next_vif(core, domid);
        if (!net->target && asprintf(&net->target, "vif%u.%d", domid, plug->libxl.nic.devid) < 0)
                return fail_memory(error);
        return 0;
}

static int plan_attach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        XenPlug *plug = userdata;
        Device *device = NULL;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_check_new(*conf, &spec, error);
        if (r < 0)
                return r;
        plug->of = spec.kind;
        if (live)
                r = note_kind(plug, spec.device, "attached", error);
        if (r >= 0)
                r = device_insert(conf, &spec, live, &device, error);
        if (r < 0 || !device)
                return r;
        if (plug->of == DEVICE_NET)
                device_one_mac((DomainNet *) device, live, &plug->mac);
        r = xen_complete(*conf, error);
        return r >= 0 && live ? plan_live(plug, *conf, &spec, device, error) : r;
}

static void undone(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenPlug *plug = userdata;
        Error error = plug->failure;

        plug->child = NULL;
        plug->failure = (Error) {};
        plug->removes = false;
        if (plug_net(plug))
                xen_net_unguard(plug_net(plug));
        if (rc != 0)
                log_resource(LOG_ERR, &plug->domain->resource, "device '%s' may still be there: %s",
                             plug->alias, lines->text);
        plug_end(plug, -error_number(error.code), &error);
        error_clear(&error);
}

/* It came, or may have, and can't stay: what was said of that is told when it is gone. */
static bool attach_undo(XenPlug *plug, Error *error) {
        plug->removes = true;
        plug->flags |= DOMAIN_DEVICE_MODIFY_FORCE;
        if (plug_tell(plug, undone, NULL) < 0) {
                plug->removes = false;
                return false;
        }
        error_move(&plug->failure, error);
        return true;
}

/* In its network, and in the live definition, where it isn't on its way any more. */
static int attach_commit(XenPlug *plug, Error *error) {
        const DomainNet *net = plug_net(plug);
        int r = net ? xen_net_join(plug->domain, net, error) : 0;
        char *text;

        if (r < 0)
                return r;
        text = TAKE(plug->text);
        r = edit_keep_device(plug->domain, text, &plug->edit.persistent, error);
        if (r < 0) {
                plug->text = text;
                if (net)
                        xen_net_leave(plug->domain, net);
                return r;
        }
        free(text);
        if (!plug->changes)
                plug_report(plug, EVENT_DEVICE_ADDED);
        return 0;
}

/* libxl has it. */
static void attached(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenPlug *plug = userdata;
        _cleanup_(error_clear) Error error = {};
        bool there = rc == 0 || rc == XEN_CHILD_LOST;
        int r;

        plug->child = NULL;
        r = rc != 0 ? fail_told(plug, rc, lines, &error) : attach_commit(plug, &error);
        if (r < 0 && there && !plug->changes && attach_undo(plug, &error))
                return;
        if (r < 0 && plug_net(plug))
                xen_net_unguard(plug_net(plug));
        plug_end(plug, r, &error);
}

int xen_attach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return plug_run(domain, xml, flags, &(Way) { plan_attach, attached }, job, error);
}

/* ---- detach ---- */

static int plan_detach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        XenPlug *plug = userdata;
        Device *device;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r < 0)
                return r;
        plug->of = spec.kind;
        if (!live)
                return device_remove(conf, device, live, error);
        r = note_kind(plug, device, "detached", error);
        if (r >= 0)
                r = note_alias(plug, device, error);
        if (r >= 0 && plug->kind->check)
                r = plug->kind->check(*conf, device, error);
        if (r >= 0)
                r = plug->kind->make(*conf, device, &plug->libxl, error);
        plug->device = device;
        return r;
}

static int detach_commit(XenPlug *plug, Error *error) {
        Device *device;
        int r;

        conf_free(TAKE(plug->edit.live));
        r = domain_conf(plug->domain, DOMAIN_LIVE, &plug->edit.live, error);
        if (r < 0)
                return r;
        device = conf_find_alias(plug->edit.live, plug->alias, NULL);
        if (device && plug->of == DEVICE_NET)
                xen_net_leave(plug->domain, (DomainNet *) device);
        if (device)
                r = device_remove(&plug->edit.live, device, true, error);
        free(TAKE(plug->text)); /* it isn't on its way any more */
        if (r >= 0)
                r = edit_commit(&plug->edit, error);
        if (r >= 0)
                return 0;
        conf_free(TAKE(plug->edit.persistent)); /* that can't be written, and it is gone */
        (void) edit_commit(&plug->edit, NULL);
        return r;
}

static void detached(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenPlug *plug = userdata;
        _cleanup_(error_clear) Error error = {};
        int r;

        plug->child = NULL;
        r = rc != 0 ? fail_told(plug, rc, lines, &error) : detach_commit(plug, &error);
        plug_report(plug, rc == 0 ? EVENT_DEVICE_REMOVED : EVENT_DEVICE_REMOVAL_FAILED);
        plug_end(plug, r, &error);
}

int xen_detach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return plug_run(domain, xml, flags, &(Way) { plan_detach, detached, .removes = true }, job,
                        error);
}

/* ---- update: another medium, or what this host does with an interface ---- */

/* What a drive is stays; what is in it changes. */
static int check_change(XenPlug *plug, const Device *old, const DeviceSpec *spec, Error *error) {
        const DomainDisk *was = (const DomainDisk *) old;
        const DomainDisk *is = (const DomainDisk *) spec->device;

        plug->kind = xen_device_kind(plug->of, old);
        if (!plug->kind || !plug->kind->change)
                return fail_kind(plug->of, "changed", error);
        if (was->kind != DISK_DEVICE_CDROM || is->kind != DISK_DEVICE_CDROM)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of disk '%s' of a running Xen guest nothing can be changed; of a "
                            "cdrom its medium can", was->target ?: "");
        if (is->bus != DISK_BUS_UNSET && is->bus != was->bus)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "of cdrom '%s' of a running guest the bus can't be changed",
                            was->target ?: "");
        return 0;
}

static int plan_update(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        XenPlug *plug = userdata;
        Device *device = NULL;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r < 0)
                return r;
        plug->of = spec.kind;
        if (plug->of == DEVICE_NET)
                return xen_plan_net(plug, conf, live, device, &spec, error);
        if (live)
                r = check_change(plug, device, &spec, error);
        if (r >= 0)
                r = device_replace(conf, device, &spec, live, &device, error);
        if (r >= 0)
                r = xen_complete(*conf, error);
        if (r < 0 || !live)
                return r;
        r = note_alias(plug, device, error);
        if (r >= 0)
                r = plug->kind->make(*conf, device, &plug->libxl, error);
        plug->device = device;
        return r;
}

int xen_update(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return plug_run(domain, xml, flags, &(Way) { plan_update, attached, .changes = true }, job,
                        error);
}

/* ---- after a restart of the service ---- */

static void put_back(int rc, uint32_t domid, const XenLines *lines, void *userdata) {
        XenPlug *plug = userdata;
        _cleanup_(error_clear) Error error = {};

        plug->child = NULL;
        plug_end(plug, rc != 0 ? fail_told(plug, rc, lines, &error) : 0, &error);
}

/* A medium that was being changed is again what the live definition says; the rest is as it was
 * when the service died. */
static int find_plug(XenPlug *plug, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        Device *device;
        int r = domain_conf(plug->domain, DOMAIN_LIVE, &plug->edit.live, error);

        if (r >= 0)
                r = device_parse(plug->edit.live, plug->text, &spec, error);
        if (r < 0)
                return r;
        device = plug->changes ? conf_find_alias(plug->edit.live, spec.device->alias ?: "", NULL)
                               : spec.device;
        if (!device)
                return fail(error, ERROR_DEVICE_MISSING, "it has no alias");
        plug->of = spec.kind;
        if (plug->of == DEVICE_NET && (plug->flags & DOMAIN_DEVICE_MODIFY_FORCE))
                xen_net_unguard((DomainNet *) device); /* it goes again */
        r = note_alias(plug, device, error);
        if (r >= 0)
                r = note_kind(plug, device, "changed", error);
        return r < 0 ? r : plug->kind->make(plug->edit.live, device, &plug->libxl, error);
}

static int find(XenPlug *plug, XenWay way, Error *error) {
        int r;

        plug->changes = way == XEN_CHANGES;
        plug->removes = !plug->changes;
        if (way == XEN_COMES)
                plug->flags = DOMAIN_DEVICE_MODIFY_FORCE;
        r = plug->text ? find_plug(plug, error) : fail_memory(error);
        if (r < 0)
                return r;
        xen_guest_of(plug->domain)->plug = plug;
        return plug_tell(plug, way == XEN_GOES ? detached : put_back, error);
}

void xen_plug_found(XenGuest *guest, const char *text, XenWay way) {
        _cleanup_(xen_plug_freep) XenPlug *plug = plug_new(guest->domain, NULL, 0, NULL);
        _cleanup_(error_clear) Error error = {};

        if (!plug)
                return;
        plug->text = strdup(text);
        if (find(plug, way, &error) >= 0) {
                TAKE(plug);
                return;
        }
        _cleanup_(freep) char *reason = error_text(&error);
        guest->plug = NULL;
        log_resource(LOG_ERR, &guest->domain->resource, "a device that was on its way: %s",
                     reason ?: "out of memory");
}
