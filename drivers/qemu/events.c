/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU tells us, and what follows from it: QMP events become states, facts and lifecycle
 * rules.
 *
 * QEMU runs with -no-shutdown: when the guest powers off, it stops and waits. What happens then
 * is our choice (on_poweroff, on_reboot, on_crash); a reset within the same QEMU is how it
 * restarts. */
#include <errno.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/join.h"

#define RESET_PAUSE (200 * UINT64_C(1000)) /* us; resets that follow faster belong together */

static void guest_save(QemuGuest *guest) {
        _cleanup_(error_clear) Error error = {};

        if (qemu_status_save(guest, &error) < 0) {
                _cleanup_(freep) char *text = error_text(&error);

                log_resource(LOG_ERR, &guest->domain->resource, "cannot save its state: %s",
                             text ?: "out of memory");
        }
}

static void guest_report(QemuGuest *guest, Event event) {
        event.resource = &guest->domain->resource;
        event_report(&guest->domain->resource.connection->hub, &event);
}

/* ---- running and not ---- */

void qemu_guest_paused(QemuGuest *guest, int reason, int detail) {
        Domain *domain = guest->domain;

        if (domain->state == DOMAIN_PAUSED && domain->reason == reason)
                return;
        domain_set_state(domain, DOMAIN_PAUSED, reason);
        guest_save(guest);
        domain_report(domain, DOMAIN_EVENT_SUSPENDED, detail);
}

void qemu_guest_running(QemuGuest *guest, int reason) {
        Domain *domain = guest->domain;

        if (domain->state == DOMAIN_RUNNING)
                return;
        domain_set_state(domain, DOMAIN_RUNNING, reason);
        guest_save(guest);
        domain_report(domain, DOMAIN_EVENT_RESUMED, RESUMED_UNPAUSED);
}

/* QEMU also stops on its way down and before it tells why it stopped; those have their own
 * events. */
static void on_stop(QemuGuest *guest, json_object *data) {
        if (guest->domain->state == DOMAIN_RUNNING && !guest->stopping && !guest->off)
                qemu_guest_paused(guest, DOMAIN_PAUSED_USER, SUSPENDED_PAUSED);
}

static void on_resume(QemuGuest *guest, json_object *data) {
        guest->off = false;
        if (guest->domain->state != DOMAIN_SHUTDOWN)
                qemu_guest_running(guest, DOMAIN_RUNNING_UNPAUSED);
}

/* ---- power off, reboot, crash ---- */

static uint64_t guest_now(QemuGuest *guest) {
        uint64_t now = 0;

        (void) sd_event_now(guest->domain->resource.connection->event, CLOCK_MONOTONIC, &now);
        return now;
}

static bool guest_was_just_reset(QemuGuest *guest) {
        return guest_now(guest) < guest->last_reset + RESET_PAUSE;
}

/* Where a reset by the guest is to end it, QEMU was told to make every reset a shutdown: not
 * this one. */
int qemu_guest_reset(QemuGuest *guest, QmpReply reply, void *userdata, Error *error) {
        bool exempt = guest->on_reboot != ACTION_RESTART;
        int r = 0;

        if (exempt)
                r = qmp_call(guest->qmp, "set-action", qmp_arguments("s", "reboot", "reset", NULL),
                             NULL, NULL, error);
        if (r >= 0)
                r = qmp_call(guest->qmp, "system_reset", NULL, reply, userdata, error);
        if (r >= 0 && exempt)
                (void) qmp_call(guest->qmp, "set-action",
                                qmp_arguments("s", "reboot", "shutdown", NULL), NULL, NULL, NULL);
        guest->rebooting = false;
        return r;
}

/* In the same QEMU: reset, then run. Answers are not waited for; their failure shows as its
 * state. */
static void guest_reboot(QemuGuest *guest) {
        if (guest->qmp && qemu_guest_reset(guest, NULL, NULL, NULL) >= 0)
                (void) qmp_call(guest->qmp, "cont", NULL, NULL, NULL, NULL);
}

/* reason, detail: of STOPPED, if the guest is to end. */
static void guest_follow(QemuGuest *guest, LifecycleAction action, int reason, int detail) {
        switch (action) {
        case ACTION_RESTART:
        case ACTION_COREDUMP_RESTART:
                guest_reboot(guest);
                return;
        case ACTION_PRESERVE:
                return;
        case ACTION_RENAME_RESTART:
                guest->after = AFTER_RENAME_RESTART;
                break;
        case ACTION_UNSET:
        case ACTION_DESTROY:
        case ACTION_COREDUMP_DESTROY:
                break;
        }
        qemu_guest_end_heard(guest, reason, detail);
}

void qemu_guest_powered_off(QemuGuest *guest, bool by_guest, bool reset) {
        LifecycleAction action = reset ? guest->on_reboot : guest->on_poweroff;
        Domain *domain = guest->domain;

        guest->off = true;
        if (guest->rebooting)
                action = guest->on_reboot;
        if (reset && guest_was_just_reset(guest)) /* the firmware's, not the guest's */
                action = ACTION_RESTART;
        if (action == ACTION_RESTART && by_guest && !guest->stopping) {
                guest_reboot(guest);
                return;
        }
        domain_set_state(domain, DOMAIN_SHUTDOWN, DOMAIN_SHUTDOWN_UNKNOWN);
        guest_save(guest);
        domain_report(domain, DOMAIN_EVENT_SHUTDOWN, by_guest ? SHUTDOWN_GUEST : SHUTDOWN_HOST);
        if (by_guest && !guest->stopping)
                guest_follow(guest, action, DOMAIN_SHUTOFF_SHUTDOWN, STOPPED_SHUTDOWN);
        else if (!guest->stopping) { /* a signal from outside: QEMU ends by itself */
                guest->stopping = true;
                guest->stop_reason = DOMAIN_SHUTOFF_SHUTDOWN;
                guest->stop_detail = STOPPED_SHUTDOWN;
        }
}

static void on_shutdown(QemuGuest *guest, json_object *data) {
        const char *reason = json_text(data, "reason") ?: "";

        if (guest->off || guest->domain->state == DOMAIN_CRASHED)
                return; /* was told before; now it is QEMU that ends */
        qemu_guest_powered_off(guest, json_truth(data, "guest"),
                               strcmp(reason, "guest-reset") == 0);
}

/* A reset that reaches SeaBIOS warm makes it reset the machine once or twice more: one reboot. */
static void on_reset(QemuGuest *guest, json_object *data) {
        Domain *domain = guest->domain;

        guest->off = false;
        if (!guest_was_just_reset(guest))
                guest_report(guest, (Event) { .kind = EVENT_REBOOT });
        guest->last_reset = guest_now(guest);
        if (domain->state == DOMAIN_SHUTDOWN || domain->state == DOMAIN_CRASHED) {
                domain_set_state(domain, DOMAIN_PAUSED, DOMAIN_PAUSED_UNKNOWN);
                guest_save(guest);
        }
}

void qemu_guest_crashed(QemuGuest *guest) {
        Domain *domain = guest->domain;

        domain_set_state(domain, DOMAIN_CRASHED, DOMAIN_CRASHED_PANICKED);
        guest_save(guest);
        domain_report(domain, DOMAIN_EVENT_CRASHED, CRASHED_PANICKED);
        if (guest->on_crash == ACTION_COREDUMP_DESTROY ||
            guest->on_crash == ACTION_COREDUMP_RESTART)
                log_resource(LOG_WARNING, &domain->resource, "it crashed; no core dump is taken");
        guest_follow(guest, guest->on_crash, DOMAIN_SHUTOFF_CRASHED, STOPPED_CRASHED);
}

static void on_panicked(QemuGuest *guest, json_object *data) {
        if (guest->domain->state != DOMAIN_CRASHED)
                qemu_guest_crashed(guest);
}

static void on_crash_loaded(QemuGuest *guest, json_object *data) {
        domain_report(guest->domain, DOMAIN_EVENT_CRASHED, CRASHED_CRASHLOADED);
}

/* ---- power management ---- */

static void guest_slept(QemuGuest *guest, int detail, EventKind kind) {
        domain_set_state(guest->domain, DOMAIN_PMSUSPENDED, DOMAIN_PMSUSPENDED_UNKNOWN);
        guest_save(guest);
        domain_report(guest->domain, DOMAIN_EVENT_PMSUSPENDED, detail);
        guest_report(guest, (Event) { .kind = kind });
}

static void on_suspend(QemuGuest *guest, json_object *data) {
        guest_slept(guest, PMSUSPENDED_MEMORY, EVENT_PM_SUSPEND);
}

static void on_suspend_disk(QemuGuest *guest, json_object *data) {
        guest_slept(guest, PMSUSPENDED_DISK, EVENT_PM_SUSPEND_DISK);
}

static void on_wakeup(QemuGuest *guest, json_object *data) {
        domain_set_state(guest->domain, DOMAIN_RUNNING, DOMAIN_RUNNING_WAKEUP);
        guest_save(guest);
        domain_report(guest->domain, DOMAIN_EVENT_STARTED, STARTED_WAKEUP);
        guest_report(guest, (Event) { .kind = EVENT_PM_WAKEUP });
}

/* ---- devices ---- */

/* The place of a name in a list, or otherwise: libvirt's numbers for QEMU's words. */
static int word(const char *name, const char *const *words, size_t n, int otherwise) {
        for (size_t i = 0; name && i < n; i++)
                if (words[i] && strcmp(name, words[i]) == 0)
                        return i;
        return otherwise;
}

static void on_watchdog(QemuGuest *guest, json_object *data) {
        static const char *const actions[] = { /* virDomainEventWatchdogAction */
                "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi",
        };
        int action = word(json_text(data, "action"), actions, ELEMENTS(actions), 0);

        guest_report(guest, (Event) { .kind = EVENT_WATCHDOG, .type = action });
        if (action == 1)
                qemu_guest_paused(guest, DOMAIN_PAUSED_WATCHDOG, SUSPENDED_WATCHDOG);
}

static DomainDisk *disk_of_node(DomainConf *conf, const char *device) {
        for (size_t i = 0; device && conf && i < conf->disks.n; i++)
                if (conf->disks.items[i]->device.alias &&
                    strstr(device, conf->disks.items[i]->device.alias))
                        return conf->disks.items[i];
        return NULL;
}

static void on_io_error(QemuGuest *guest, json_object *data) {
        static const char *const actions[] = { "ignore", "stop", "report" }; /* ...IOErrorAction */
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        int action = word(json_text(data, "action"), actions, ELEMENTS(actions), 0);

        (void) domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL);
        const DomainDisk *disk =
                disk_of_node(conf, json_text(data, "qom-path") ?: json_text(data, "device"));
        guest_report(guest, (Event) {
                .kind = EVENT_IO_ERROR,
                .type = action,
                .text = { disk && disk->source ? disk->source : "", disk ? disk->device.alias : "",
                          json_truth(data, "nospace") ? "enospc" : "" },
        });
        if (action == 1)
                qemu_guest_paused(guest, DOMAIN_PAUSED_IOERROR, SUSPENDED_IOERROR);
}

static void on_rtc(QemuGuest *guest, json_object *data) {
        guest_report(guest, (Event) { .kind = EVENT_RTC_CHANGE,
                                      .number = json_number(data, "offset", 0) });
}

static void on_balloon(QemuGuest *guest, json_object *data) {
        guest_report(guest, (Event) { .kind = EVENT_BALLOON,
                                      .number = json_number(data, "actual", 0) / 1024 });
}

static void on_tray(QemuGuest *guest, json_object *data) {
        guest_report(
                guest,
                (Event) { .kind = EVENT_TRAY,
                          .type = json_truth(data, "tray-open") ? 0 : 1, /* ...TrayChangeReason */
                          .text = { json_text(data, "id") ?: "" } });
}

/* virDomainEventGraphicsPhase: connected, authenticated, gone */
static void graphics(QemuGuest *guest, json_object *data, int phase) {
        json_object *server = json_member(data, "server"), *client = json_member(data, "client");

        guest_report(guest, (Event) {
                .kind = EVENT_GRAPHICS,
                .type = phase,
                .text = { json_text(server, "host") ?: "", json_text(server, "service") ?: "",
                          json_text(client, "host") ?: "", json_text(client, "service") ?: "",
                          json_text(server, "auth") ?: "" },
        });
}

static void on_graphics_connected(QemuGuest *guest, json_object *data) {
        graphics(guest, data, 0);
}

static void on_graphics_initialized(QemuGuest *guest, json_object *data) {
        graphics(guest, data, 1);
}

static void on_graphics_disconnected(QemuGuest *guest, json_object *data) {
        graphics(guest, data, 2);
}

static void on_agent(QemuGuest *guest, json_object *data) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        const char *id = json_text(data, "id");
        Device *device = NULL;
        DeviceKind kind;

        if (id && domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) >= 0)
                device = conf_find_alias(conf, id, &kind);
        if (!device || kind != DEVICE_CHANNEL)
                return;
        DomainChar *channel = (DomainChar *) device;
        bool open = json_truth(data, "open");

        free(channel->target_state);
        channel->target_state = strdup(open ? "connected" : "disconnected");
        if (domain_set_live(guest->domain, conf, NULL) >= 0)
                guest_save(guest);
        if (!channel->target_name || strcmp(channel->target_name, AGENT_CHANNEL) != 0)
                return;
        guest_report(guest, (Event) { .kind = EVENT_AGENT, .type = open ? 1 : 2, .detail = 2 });
        if (!open && guest->agent)
                agent_gone(guest->agent);
}

static void on_filter(QemuGuest *guest, json_object *data) {
        const char *alias = json_text(data, "name");

        if (alias)
                qemu_net_filter_changed(guest, alias);
}

static void on_device_deleted(QemuGuest *guest, json_object *data) {
        const char *alias = json_text(data, "device");

        if (alias)
                qemu_device_gone(guest, alias);
}

static void on_unplug_error(QemuGuest *guest, json_object *data) {
        const char *alias = json_text(data, "device");

        if (alias)
                qemu_device_stays(guest, alias);
}

static const struct {
        const char *name;
        void (*handle)(QemuGuest *guest, json_object *data);
} handlers[] = {
        { "BALLOON_CHANGE",     on_balloon },
        { "BLOCK_IO_ERROR",     on_io_error },
        { "NIC_RX_FILTER_CHANGED", on_filter },
        { "DEVICE_DELETED",     on_device_deleted },
        { "DEVICE_TRAY_MOVED",  on_tray },
        { "DEVICE_UNPLUG_GUEST_ERROR", on_unplug_error },
        { "MEM_UNPLUG_ERROR",   on_unplug_error },
        { "GUEST_CRASHLOADED",  on_crash_loaded },
        { "GUEST_PANICKED",     on_panicked },
        { "RESET",              on_reset },
        { "RESUME",             on_resume },
        { "RTC_CHANGE",         on_rtc },
        { "SHUTDOWN",           on_shutdown },
        { "SPICE_CONNECTED",    on_graphics_connected },
        { "SPICE_DISCONNECTED", on_graphics_disconnected },
        { "SPICE_INITIALIZED",  on_graphics_initialized },
        { "STOP",               on_stop },
        { "SUSPEND",            on_suspend },
        { "SUSPEND_DISK",       on_suspend_disk },
        { "VNC_CONNECTED",      on_graphics_connected },
        { "VNC_DISCONNECTED",   on_graphics_disconnected },
        { "VNC_INITIALIZED",    on_graphics_initialized },
        { "VSERPORT_CHANGE",    on_agent },
        { "WAKEUP",             on_wakeup },
        { "WATCHDOG",           on_watchdog },
};

void qemu_guest_event(Qmp *qmp, const char *name, json_object *data, void *userdata) {
        QemuGuest *guest = userdata;

        if (guest->start) /* its story isn't told before it has started */
                return;
        for (size_t i = 0; i < ELEMENTS(handlers); i++)
                if (strcmp(handlers[i].name, name) == 0) {
                        handlers[i].handle(guest, data);
                        return;
                }
}
