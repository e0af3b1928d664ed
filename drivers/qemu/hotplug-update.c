/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of a running guest becomes another, without the guest's help: its link, its medium, its
 * password. */
#include <errno.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/device-edit.h"
#include "drivers/qemu/hotplug.h"

static int plan_live(QemuPlug *plug, DomainConf *conf, Device *device, Error *error) {
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        int r = qemu_complete(conf, plug->caps, error);

        if (r >= 0)
                r = qemu_assign_aliases(conf, error);
        if (r < 0)
                return r;
        plug->device = device;
        if (!kind->change)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "<%s> can't be changed while a QEMU guest runs",
                            device_kinds[plug->kind].name);
        r = qemu_plug_places(plug, error);
        return r < 0 ? r : kind->change(plug, plug->old, device, error);
}

/* The same device in the definition that is in force: that one is about to be replaced. */
static int note_old(QemuPlug *plug, const Device *device, Error *error) {
        int r = domain_conf(plug->domain, DOMAIN_LIVE, &plug->before, error);

        if (r < 0)
                return r;
        plug->alias = strdup(device->alias ?: "");
        if (!plug->alias)
                return fail_memory(error);
        plug->old = conf_find_alias(plug->before, plug->alias, NULL);
        return plug->old ? 0 : fail(error, ERROR_DEVICE_MISSING, "the device has no alias");
}

/* Graphics have no alias: there is one of a type. */
static int note_graphics(QemuPlug *plug, const DomainConf *conf, const Device *device,
                         Error *error) {
        int r = domain_conf(plug->domain, DOMAIN_LIVE, &plug->before, error);

        plug->alias = strdup("graphics");
        if (r >= 0 && !plug->alias)
                r = fail_memory(error);
        for (size_t i = 0; r >= 0 && i < conf->graphics.n; i++)
                if (&conf->graphics.items[i]->device == device)
                        plug->old = &plug->before->graphics.items[i]->device;
        return r;
}

static int plan_update(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        QemuPlug *plug = userdata;
        Device *device = NULL;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r < 0)
                return r;
        plug->kind = spec.kind;
        plug->has_mac = spec.kind == DEVICE_NET &&
                        !mac_is_null(((DomainNet *) spec.device)->mac);
        if (live)
                r = spec.kind == DEVICE_GRAPHICS ? note_graphics(plug, *conf, device, error)
                                                 : note_old(plug, device, error);
        if (r >= 0 && plug->kind == DEVICE_NET && !plug->has_mac)
                plug->mac = ((DomainNet *) device)->mac;
        if (r >= 0)
                r = device_replace(conf, device, &spec, live, &device, error);
        if (r < 0)
                return r;
        if (plug->kind == DEVICE_NET && !plug->has_mac)
                ((DomainNet *) device)->mac = plug->mac;
        return live ? plan_live(plug, *conf, device, error)
                    : qemu_complete(*conf, plug->caps, error);
}

/* Others may have changed the live definition meanwhile. */
static int update_commit(QemuPlug *plug, Error *error) {
        _cleanup_(freep) char *text = NULL;
        int r;

        if (plug->kind == DEVICE_GRAPHICS) /* nothing else tells which one it is */
                return edit_commit(&plug->edit, error);
        r = conf_sync(plug->edit.live, error);
        if (r >= 0 && xml_print(plug->device->item.node, &text) < 0)
                r = fail_memory(error);
        return r < 0 ? r : edit_keep_device(plug->domain, text, &plug->edit.persistent, error);
}

static void update_settled(int r, Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        _cleanup_(error_clear) Error cause = {};

        error_move(&cause, error); /* it is the settling's */
        plug->settling = qemu_settling_free(plug->settling);
        if (r < 0 && qemu_guest_of(plug->domain) && kind->unsettled)
                kind->unsettled(plug, plug->old);
        else if (r >= 0 && !qemu_guest_of(plug->domain))
                r = fail(&cause, ERROR_OPERATION_INVALID, "domain is not running");
        else if (r >= 0)
                r = update_commit(plug, &cause);
        qemu_plug_end(plug, r, &cause);
}

/* QEMU did its part. As an operation. */
static int update_host(QemuPlug *plug, Error *error) {
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        int r = kind->changed ? kind->changed(plug, plug->old, plug->device, error) : 0;

        if (r >= 0 && kind->settle)
                r = kind->settle(plug, plug->old, plug->device, update_settled, error);
        return r == DONE ? update_commit(plug, error) : r;
}

static void update_told(int r, Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        _cleanup_(error_clear) Error cause = {};

        if (r >= 0 && !qemu_guest_of(plug->domain))
                r = fail(&cause, ERROR_OPERATION_INVALID, "domain is not running");
        else if (r >= 0)
                r = update_host(plug, &cause);
        else
                error_move(&cause, error);
        if (r != PENDING)
                qemu_plug_end(plug, r, &cause);
}

static int update(QemuPlug *plug, Error *error) {
        int r = edit_plan(plug->domain, plug->flags, plan_update, plug, &plug->edit, error);
        Qmp *qmp;

        if (r < 0)
                return r;
        if (!plug->edit.live)
                return edit_commit(&plug->edit, error);
        if (plug->steps.n == 0)
                return update_host(plug, error);
        r = qemu_guest_qmp(plug->domain, &qmp, error);
        if (r >= 0)
                r = qemu_steps_run(&plug->steps, qmp, update_told, plug, error);
        return r < 0 ? r : PENDING;
}

int qemu_update(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return qemu_plug_start(domain, xml, flags, update, job, error);
}
