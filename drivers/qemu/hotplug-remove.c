/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device goes: QEMU is asked, the guest lets go of it when it likes, and what held it is taken
 * away then. Who asked is answered when it is gone, or a while after: a guest may take its time, or
 * never answer, and says what became of it by an event. */
#include <errno.h>
#include <string.h>

#include "conf/api-domain.h"
#include "drivers/device-edit.h"
#include "drivers/log.h"
#include "drivers/qemu/hotplug.h"

#define GUEST_PATIENCE (5 * UINT64_C(1000000)) /* us, as libvirt */

/* One for each device that was told to go and for which somebody waits. */
struct QemuUnplug {
        QemuUnplug *next;
        QemuPlug *plug;
        sd_event_source *patience;
        bool asked, gone;
};

static QemuUnplug *unplug_free(QemuUnplug *unplug) {
        sd_event_source_disable_unref(unplug->patience);
        qemu_plug_free(unplug->plug);
        free(unplug);
        return NULL;
}

void qemu_unplugs_free(QemuUnplug *unplugs) {
        while (unplugs) {
                QemuUnplug *next = unplugs->next;

                unplug_free(unplugs);
                unplugs = next;
        }
}

void qemu_unplugs_end(QemuUnplug *unplugs) {
        while (unplugs) {
                _cleanup_(error_clear) Error error = {};
                QemuUnplug *next = unplugs->next;
                Job *job = unplugs->plug->job;
                int r = fail(&error, ERROR_OPERATION_FAILED,
                             "the guest ended before it let go of device '%s'",
                             unplugs->plug->alias);

                unplug_free(unplugs);
                job_done(job, r, &error);
                unplugs = next;
        }
}

static QemuUnplug *find(QemuGuest *guest, const char *alias) {
        QemuUnplug *unplug = guest->unplugs;

        while (unplug && strcmp(unplug->plug->alias, alias) != 0)
                unplug = unplug->next;
        return unplug;
}

/* Nobody waits any more. */
static void unplug_end(QemuGuest *guest, QemuUnplug *unplug, int r, Error *error) {
        QemuUnplug **at = &guest->unplugs;
        Job *job = unplug->plug->job;

        while (*at != unplug)
                at = &(*at)->next;
        *at = unplug->next;
        unplug_free(unplug);
        job_done(job, r, error);
}

/* ---- asked ---- */

static int plan_detach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        QemuPlug *plug = userdata;
        Device *device;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_find(*conf, &spec, &device, error);
        if (r < 0)
                return r;
        plug->kind = spec.kind;
        if (live && !qemu_plug_kind(spec.kind)->goes)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "<%s> can't be detached while a QEMU guest runs; flag %d alone "
                            "detaches it for the next start",
                            device_kinds[spec.kind].name, DOMAIN_AFFECT_CONFIG);
        if (live) {
                free(plug->alias);
                plug->alias = strdup(device->alias ?: "");
                if (!plug->alias)
                        return fail_memory(error);
        }
        return device_remove(conf, device, live, error);
}

static int out_of_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        QemuUnplug *unplug = userdata;

        unplug_end(qemu_guest_of(unplug->plug->domain), unplug, 0, NULL);
        return 0;
}

/* The definition for the next start changes now, the live one when the guest let go. */
static void asked(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuUnplug *unplug = userdata;
        QemuPlug *plug = unplug->plug;
        QemuGuest *guest = qemu_guest_of(plug->domain);
        _cleanup_(error_clear) Error cause = {};
        int r = value ? 0 : -error_number(error->code);

        if (!value)
                error_move(&cause, error);
        unplug->asked = true;
        conf_free(TAKE(plug->edit.live));
        if (r >= 0)
                r = edit_commit(&plug->edit, &cause);
        if (r >= 0 && !unplug->gone)
                r = sd_event_add_time_relative(plug->domain->resource.connection->event,
                                               &unplug->patience, CLOCK_MONOTONIC, GUEST_PATIENCE,
                                               0, out_of_patience, unplug);
        if (r < 0 || unplug->gone)
                unplug_end(guest, unplug, r, &cause);
}

static int ask(QemuPlug *plug, Error *error) {
        QemuGuest *guest = qemu_guest_of(plug->domain);
        QemuUnplug *unplug;
        Qmp *qmp;
        int r = qemu_guest_qmp(plug->domain, &qmp, error);

        if (r < 0)
                return r;
        if (find(guest, plug->alias))
                return fail(error, ERROR_RESOURCE_BUSY, "device '%s' is being detached already",
                            plug->alias);
        unplug = calloc(1, sizeof(*unplug));
        if (!unplug)
                return fail_memory(error);
        r = qmp_call(qmp, "device_del", qmp_arguments("s", "id", plug->alias, NULL), asked, unplug,
                     error);
        if (r < 0) {
                free(unplug);
                return r;
        }
        unplug->plug = plug;
        unplug->next = guest->unplugs;
        guest->unplugs = unplug;
        return PENDING;
}

static int detach(QemuPlug *plug, Error *error) {
        int r = edit_plan(plug->domain, plug->flags, plan_detach, plug, &plug->edit, error);

        if (r < 0)
                return r;
        return plug->edit.live ? ask(plug, error) : edit_commit(&plug->edit, error);
}

int qemu_detach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        if (flags & DOMAIN_DEVICE_MODIFY_FORCE)
                return edit_fail_force(error);
        return qemu_plug_start(domain, xml, flags, detach, job, error);
}

/* ---- gone ---- */

/* What is found out about the guest's QEMU first. */
typedef struct Removal {
        Domain *domain; /* a reference */
        uint32_t id;    /* of the domain: another one is another guest */
        char *alias;
} Removal;

static Removal *removal_free(Removal *removal) {
        resource_unref(&removal->domain->resource);
        free(removal->alias);
        free(removal);
        return NULL;
}

DEFINE_CLEANUP(Removal *, removal_free);

/* Names are all that is wanted of the options, so any descriptor will do. */
static int undo_steps(QemuGuest *guest, const DomainConf *conf, const QemuCaps *caps,
                      DeviceKind kind, const Device *device, Error *error) {
        _cleanup_(freep) QemuTap *taps = calloc(conf->nets.n + 1, sizeof(*taps));
        _cleanup_(qemu_steps_clear) QemuSteps steps = {};
        const QemuPlaces places = { .folder = "", .state_folder = "", .taps = taps,
                                    .n_taps = conf->nets.n };
        int r = taps ? qemu_steps_of_device(&steps, conf, caps, &places, kind, device, error)
                     : fail_memory(error);

        if (r >= 0)
                qemu_steps_undo(&steps, guest->qmp, steps.n, false);
        return r;
}

static int remove_now(QemuGuest *guest, const QemuCaps *caps, const char *alias, Error *error) {
        _cleanup_(edit_done) DomainEdit edit = { .domain = guest->domain };
        DeviceKind kind;
        int r = domain_conf(guest->domain, DOMAIN_LIVE, &edit.live, error);
        Device *device = r >= 0 ? conf_find_alias(edit.live, alias, &kind) : NULL;

        if (!device)
                return r; /* a part of another, or one that never came */
        (void) undo_steps(guest, edit.live, caps, kind, device, NULL);
        if (qemu_plug_kind(kind)->close)
                qemu_plug_kind(kind)->close(guest->domain, device);
        r = device_remove(&edit.live, device, true, error);
        if (r >= 0)
                r = edit_commit(&edit, error);
        if (r >= 0)
                event_report(&guest->domain->resource.connection->hub,
                             &(Event) { .kind = EVENT_DEVICE_REMOVED,
                                        .resource = &guest->domain->resource,
                                        .text = { alias } });
        return r;
}

static void remove_with_caps(QemuCaps *caps, Error *error, void *userdata) {
        _cleanup_(removal_freep) Removal *removal = userdata;
        QemuGuest *guest = qemu_guest_of(removal->domain);
        _cleanup_(error_clear) Error cause = {};
        QemuUnplug *unplug;
        int r;

        if (!guest || removal->domain->id != removal->id || !removal->domain->resource.attached)
                return;
        if (!caps)
                error_move(&cause, error);
        r = caps ? remove_now(guest, caps, removal->alias, &cause) : -error_number(cause.code);
        if (r < 0) {
                _cleanup_(freep) char *text = error_text(&cause);

                log_resource(LOG_ERR, &removal->domain->resource,
                             "device '%s' is gone, but: %s", removal->alias,
                             text ?: "out of memory");
        }
        unplug = find(guest, removal->alias);
        if (unplug)
                unplug->gone = true;
        if (unplug && unplug->asked)
                unplug_end(guest, unplug, r, &cause);
}

void qemu_device_gone(QemuGuest *guest, const char *alias) {
        Removal *removal = calloc(1, sizeof(*removal));
        const DomainConf *conf = domain_view(guest->domain);
        QemuDriver *driver = qemu_driver_of(guest->domain->resource.connection);
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *emulator = NULL;
        QemuCaps *caps = NULL;
        int r;

        if (!removal || !(removal->alias = strdup(alias))) {
                free(removal);
                return;
        }
        removal->domain = domain_of(resource_ref(&guest->domain->resource));
        removal->id = guest->domain->id;
        r = conf ? qemu_emulator_of(conf, &emulator, &error) : fail_memory(&error);
        if (r >= 0)
                r = qemu_caps_get(driver->caps, emulator, remove_with_caps, removal, &caps, &error);
        if (r != PENDING)
                remove_with_caps(caps, &error, removal);
}

void qemu_device_stays(QemuGuest *guest, const char *alias) {
        QemuUnplug *unplug = find(guest, alias);
        _cleanup_(error_clear) Error error = {};

        event_report(&guest->domain->resource.connection->hub,
                     &(Event) { .kind = EVENT_DEVICE_REMOVAL_FAILED,
                                .resource = &guest->domain->resource, .text = { alias } });
        if (!unplug)
                return;
        int r = fail(&error, ERROR_OPERATION_FAILED,
                     "unplug of device was rejected by the guest: '%s'", alias);
        if (unplug->asked)
                unplug_end(guest, unplug, r, &error);
}
