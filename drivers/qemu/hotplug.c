/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device comes to a running guest: planned, opened, told to QEMU, written down, announced. */
#include "drivers/qemu/hotplug.h"

#include <errno.h>
#include <string.h>

#include "conf/xml.h"
#include "drivers/device-edit.h"
#include "drivers/host.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/command-private.h"

/* ---- what all changes have in common ---- */

QemuPlug *qemu_plug_free(QemuPlug *plug) {
        if (!plug)
                return NULL;
        for (size_t i = 0; plug->numbers && i < plug->places.n_taps; i++)
                free(plug->numbers[i].further);
        free(plug->numbers);
        free((char *) plug->places.fd_prefix);
        free((char *) plug->places.folder);
        free((char *) plug->places.state_folder);
        qemu_settling_free(plug->settling);
        qemu_tap_close(&plug->tap);
        qemu_borrow_free(plug->borrow);
        qemu_steps_clear(&plug->steps);
        edit_done(&plug->edit);
        conf_free(plug->before);
        qemu_caps_unref(plug->caps);
        free(plug->xml);
        free(plug->alias);
        free(plug);
        return NULL;
}

DEFINE_CLEANUP(QemuPlug *, qemu_plug_free);

void qemu_plug_end(QemuPlug *plug, int r, Error *error) {
        Job *job = plug->job;

        qemu_plug_free(plug);
        job_done(job, r, error);
}

static void plug_with_caps(QemuCaps *caps, Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        _cleanup_(error_clear) Error cause = {};
        int r;

        if (caps)
                plug->caps = qemu_caps_ref(caps);
        else
                error_move(&cause, error);
        r = caps ? plug->begin(plug, &cause) : -error_number(cause.code);
        if (r != PENDING)
                qemu_plug_end(plug, r, &cause);
}

/* A definition needs no QEMU: what isn't there is assumed, as when it was defined. */
static int plug_assume(QemuPlug *plug, const DomainConf *conf, Error *error) {
        const QemuArch *arch = qemu_arch(conf->os.arch ?: host_arch());

        if (!arch || !conf->emulator)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "no QEMU is for architecture '%s'",
                            conf->os.arch ?: "");
        plug->caps = qemu_caps_assume(arch, conf->emulator);
        return plug->caps ? plug->begin(plug, error) : fail_memory(error);
}

static int plug_find_caps(QemuPlug *plug, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(freep) char *emulator = NULL;
        QemuDriver *driver = qemu_driver_of(plug->domain->resource.connection);
        QemuCaps *caps;
        int r = domain_conf(plug->domain, DOMAIN_CURRENT, &conf, error);

        if (r >= 0)
                r = qemu_emulator_of(conf, &emulator, error);
        if (r < 0)
                return r;
        if (!domain_is_active(plug->domain) && access(emulator, F_OK) < 0)
                return plug_assume(plug, conf, error);
        r = qemu_caps_get(driver->caps, emulator, plug_with_caps, plug, &caps, error);
        if (r != DONE)
                return r;
        plug->caps = qemu_caps_ref(caps);
        return plug->begin(plug, error);
}

int qemu_plug_start(Domain *domain, const char *xml, uint32_t flags,
                    int (*begin)(QemuPlug *plug, Error *error), Job *job, Error *error) {
        _cleanup_(qemu_plug_freep) QemuPlug *plug = calloc(1, sizeof(*plug));
        int r;

        if (!plug)
                return fail_memory(error);
        *plug = (QemuPlug) {
                .domain = domain, .job = job, .flags = flags, .begin = begin,
                .tap = { .fd = -1, .vhost_fd = -1 }, .xml = strdup(xml),
        };
        if (!plug->xml)
                return fail_memory(error);
        r = plug_find_caps(plug, error);
        if (r == PENDING)
                TAKE(plug);
        return r;
}

/* ---- the plan ---- */

/* What the guest is made of stays: a place must be free among its controllers. */
static int plan_live(QemuPlug *plug, DomainConf *conf, Device *device, Error *error) {
        size_t n = conf->controllers.n;
        int r = qemu_complete(conf, plug->caps, error);

        if (r >= 0)
                r = qemu_assign_addresses(conf, plug->caps, error);
        if (r >= 0 && conf->controllers.n > n)
                r = fail(error, ERROR_OPERATION_FAILED,
                         "no place is free for the device: it would need another controller (%s "
                         "%u), which a guest gets when it starts",
                         map_enum_name(controller_types, conf->controllers.items[n]->type) ?: "",
                         conf->controllers.items[n]->index.value);
        if (r >= 0)
                r = qemu_assign_aliases(conf, error);
        if (r < 0)
                return r;
        free(plug->alias);
        plug->alias = strdup(device->alias ?: "");
        plug->device = device;
        return plug->alias ? 0 : fail_memory(error);
}

static int plan_attach(DomainConf **conf, bool live, void *userdata, Error *error) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        QemuPlug *plug = userdata;
        Device *device = NULL;
        int r = device_parse(*conf, plug->xml, &spec, error);

        if (r >= 0)
                r = device_check_new(*conf, &spec, error);
        if (r < 0)
                return r;
        plug->kind = spec.kind;
        if (live && !qemu_plug_kind(spec.kind)->comes)
                return fail(error, ERROR_OPERATION_UNSUPPORTED,
                            "<%s> can't be attached while a QEMU guest runs; flag %d alone "
                            "attaches it for the next start",
                            device_kinds[spec.kind].name, DOMAIN_AFFECT_CONFIG);
        r = device_insert(conf, &spec, live, &device, error);
        if (r < 0 || !device)
                return r;
        if (plug->kind == DEVICE_NET)
                device_one_mac((DomainNet *) device, live, &plug->mac);
        return live ? plan_live(plug, *conf, device, error)
                    : qemu_complete(*conf, plug->caps, error);
}

/* ---- what it needs ---- */

static int give(QemuPlug *plug, int fd, unsigned *number, int *ret, Error *error) {
        _cleanup_(freep) char *name = NULL;

        *ret = -1;
        if (fd < 0)
                return 0;
        *ret = (int) (*number)++;
        if (asprintf(&name, "%s%d", plug->places.fd_prefix, *ret) < 0) {
                name = NULL;
                return fail_memory(error);
        }
        return qemu_steps_add(&plug->steps,
                              (QemuStep) { .command = "getfd", .undo = "closefd",
                                           .name = "fdname", .id = name, .fd = fd,
                                           .arguments = qmp_arguments("s", "fdname", name, NULL) },
                              error);
}

int qemu_plug_give_tap(QemuPlug *plug, size_t index, Error *error) {
        const QemuTap *tap = &plug->tap;
        QemuTap *to = &plug->numbers[index];
        unsigned number = 0;
        int r = give(plug, tap->fd, &number, &to->fd, error);

        if (r >= 0)
                r = give(plug, tap->vhost_fd, &number, &to->vhost_fd, error);
        if (r >= 0 && !(to->further = calloc(tap->n_further + 1, sizeof(*to->further))))
                return fail_memory(error);
        for (size_t i = 0; r >= 0 && i < tap->n_further; i++) {
                QemuQueue *queue = &to->further[to->n_further++];

                r = give(plug, tap->further[i].fd, &number, &queue->fd, error);
                if (r >= 0)
                        r = give(plug, tap->further[i].vhost_fd, &number, &queue->vhost_fd, error);
        }
        return r;
}

/* Names of descriptors say whose they are: no other device has this one's alias. */
int qemu_plug_places(QemuPlug *plug, Error *error) {
        Store *store = plug->domain->resource.connection->store;
        const char *driver = plug->domain->resource.connection->driver->id;
        _cleanup_(freep) char *folder = qemu_guest_folder(plug->domain);
        size_t n = plug->edit.live->nets.n;
        char *prefix;

        if (asprintf(&prefix, "virtbus-%s-", plug->alias) < 0)
                return fail_memory(error);
        plug->places.fd_prefix = prefix;
        plug->places.folder = folder ? store_path(store, STORE_RUNTIME, folder) : NULL;
        plug->places.state_folder = store_path(store, STORE_STATE, driver);
        plug->numbers = calloc(n + 1, sizeof(*plug->numbers));
        plug->places.taps = plug->numbers;
        if (!plug->places.folder || !plug->places.state_folder || !plug->numbers)
                return fail_memory(error);
        for (; plug->places.n_taps < n; plug->places.n_taps++)
                plug->numbers[plug->places.n_taps] = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        return 0;
}

/* ---- on its way ---- */

/* In the runtime file while QEMU is told. */
static int attach_note(QemuPlug *plug, bool on, Error *error) {
        QemuGuest *guest = qemu_guest_of(plug->domain);
        char *text = NULL;
        int r = on ? conf_sync(plug->edit.live, error) : 0;

        if (r >= 0 && on && xml_print(plug->device->item.node, &text) < 0)
                r = fail_memory(error);
        if (r < 0 || !guest)
                return r;
        free(guest->coming);
        guest->coming = text;
        return qemu_status_save(guest, error);
}

static void attach_undo(QemuPlug *plug) {
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        QemuGuest *guest = qemu_guest_of(plug->domain);

        if (kind->close)
                kind->close(plug->domain, plug->device);
        if (guest && guest->coming)
                (void) attach_note(plug, false, NULL);
}

/* QEMU has it. Others may have changed the live definition meanwhile, so it is put into that. */
static int attach_commit(QemuPlug *plug, Error *error) {
        QemuGuest *guest = qemu_guest_of(plug->domain);
        _cleanup_(freep) char *text = guest ? TAKE(guest->coming) : NULL;
        int r = text ? edit_keep_device(plug->domain, text, &plug->edit.persistent, error)
                     : fail(error, ERROR_OPERATION_INVALID, "domain is not running");

        if (r < 0) {
                if (guest)
                        qemu_steps_undo(&plug->steps, guest->qmp, plug->steps.n, true);
                return r;
        }
        event_report(&plug->domain->resource.connection->hub,
                     &(Event) { .kind = EVENT_DEVICE_ADDED, .resource = &plug->domain->resource,
                                .text = { plug->alias } });
        return 0;
}

static void attach_told(int r, Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        _cleanup_(error_clear) Error cause = {};

        if (r >= 0)
                r = attach_commit(plug, &cause);
        else
                error_move(&cause, error);
        if (r < 0)
                attach_undo(plug);
        qemu_plug_end(plug, r, &cause);
}

static int attach_run(QemuPlug *plug, Error *error) {
        Qmp *qmp;
        int r = qemu_guest_qmp(plug->domain, &qmp, error);

        if (r >= 0)
                r = qemu_steps_run(&plug->steps, qmp, attach_told, plug, error);
        return r < 0 ? r : PENDING;
}

static void attach_settled(int r, Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        _cleanup_(error_clear) Error cause = {};

        error_move(&cause, error); /* it is the settling's */
        plug->settling = qemu_settling_free(plug->settling);
        if (r >= 0)
                r = attach_run(plug, &cause);
        if (r == PENDING)
                return;
        if (cause.code != ERROR_OPERATION_ABORTED) /* else the next life of the service does it */
                attach_undo(plug);
        qemu_plug_end(plug, r, &cause);
}

static int attach_tell(QemuPlug *plug, Error *error) {
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        int r = qemu_steps_of_device(&plug->steps, plug->edit.live, plug->caps, &plug->places,
                                     plug->kind, plug->device, error);

        if (r >= 0 && kind->finish)
                r = kind->finish(plug, error);
        if (r >= 0)
                r = attach_note(plug, true, error);
        if (r >= 0 && kind->settle)
                r = kind->settle(plug, NULL, plug->device, attach_settled, error);
        return r == DONE ? attach_run(plug, error) : r;
}

static int attach_open(QemuPlug *plug, Error *error) {
        const QemuPlugKind *kind = qemu_plug_kind(plug->kind);
        int r = qemu_plug_places(plug, error);

        if (r >= 0 && kind->open)
                r = kind->open(plug, plug->caps, error);
        if (r < 0)
                return r;
        r = attach_tell(plug, error);
        if (r < 0)
                attach_undo(plug);
        return r;
}

static void attach_borrowed(Error *error, void *userdata) {
        QemuPlug *plug = userdata;
        _cleanup_(error_clear) Error cause = {};
        int r = -error_number(error->code);

        if (error->code != ERROR_NONE)
                error_move(&cause, error);
        else
                r = domain_need_active(plug->domain, &cause);
        if (r >= 0)
                r = attach_open(plug, &cause);
        if (r != PENDING)
                qemu_plug_end(plug, r, &cause);
}

/* Of an interface whose tap is the system's. As an operation. */
static int attach_borrow(QemuPlug *plug, Error *error) {
        return qemu_borrow(plug->domain, plug->edit.live, (DomainNet *) plug->device,
                           plug->job->interactive, attach_borrowed, plug, &plug->borrow, error);
}

static int attach(QemuPlug *plug, Error *error) {
        int r = edit_plan(plug->domain, plug->flags, plan_attach, plug, &plug->edit, error);

        if (r < 0 || !plug->edit.live)
                return r < 0 ? r : edit_commit(&plug->edit, error);
        if (plug->kind == DEVICE_NET)
                r = attach_borrow(plug, error);
        return r == DONE ? attach_open(plug, error) : r;
}

int qemu_attach(Domain *domain, const char *xml, uint32_t flags, Job *job, Error *error) {
        return qemu_plug_start(domain, xml, flags, attach, job, error);
}
