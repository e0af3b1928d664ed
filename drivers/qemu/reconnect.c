/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a restart of the service: every runtime file names a guest. One whose process is still
 * there is taken over with its id, state and definition; one that was being started when we died
 * is ended, since nobody was told of it; of one that is gone the traces are removed. */
#include <errno.h>
#include <string.h>

#include "drivers/device-edit.h"
#include "drivers/log.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/status.h"

/* ---- the state it is in by now ---- */

/* QEMU's RunState in our words. */
static void reconnected(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuGuest *guest = userdata;
        const char *status = value ? json_text(value, "status") ?: "" : "";

        if (strcmp(status, "running") == 0)
                qemu_guest_running(guest, DOMAIN_RUNNING_UNPAUSED);
        else if (strcmp(status, "shutdown") == 0)
                qemu_guest_powered_off(guest, true, false);
        else if (strcmp(status, "guest-panicked") == 0 && guest->domain->state != DOMAIN_CRASHED)
                qemu_guest_crashed(guest);
        else if (strcmp(status, "io-error") == 0)
                qemu_guest_paused(guest, DOMAIN_PAUSED_IOERROR, SUSPENDED_IOERROR);
        else if (strcmp(status, "paused") == 0 && guest->domain->state == DOMAIN_RUNNING)
                qemu_guest_paused(guest, DOMAIN_PAUSED_UNKNOWN, SUSPENDED_PAUSED);
}

/* Which of its channels were opened and closed meanwhile. */
static void channels_found(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuGuest *guest = userdata;
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (!value || domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) < 0 ||
            !qemu_agent_note_channels(conf, value))
                return;
        if (domain_set_live(guest->domain, conf, NULL) >= 0)
                (void) qemu_status_save(guest, NULL); /* the next life asks again */
}

/* ---- taking over ---- */

/* What it takes over of status leaves it. */
static int adopt(Domain *domain, QemuStatus *status, DomainConf *conf, Error *error) {
        QemuGuest *guest = qemu_guest_new(domain);
        int r;

        if (!guest)
                return fail_memory(error);
        guest->on_poweroff = conf->on_poweroff;
        guest->on_reboot = conf->on_reboot;
        guest->on_crash = conf->on_crash;
        guest->rebooting = status->rebooting == TRISTATE_YES;
        guest->log_start = status->log_start;
        r = process_adopt(domain->resource.connection->event, status->pid, status->start,
                          qemu_guest_exited, guest, &guest->process, error);
        if (r >= 0)
                r = domain_set_live(domain, conf, error);
        if (r < 0) {
                qemu_guest_free(guest);
                return r;
        }
        qemu_log_follow(guest, -1);
        domain_starting(domain, status->id);
        domain_found(domain);
        domain->state =
                status->state < _DOMAIN_STATE_MAX ? (DomainState) status->state : DOMAIN_NOSTATE;
        domain->reason = status->reason;
        domain->autodestroy = status->autodestroy == TRISTATE_YES;
        for (size_t i = 0; i < status->helpers.n; i++)
                qemu_helper_adopt(guest, status->helpers.items[i]);
        guest->bindings = status->bindings;
        status->bindings = (QemuBindings) {};
        guest->left = TAKE(status->coming);
        guest->joined = true;
        for (size_t i = 0; i < conf->nets.n; i++)
                qemu_net_found(domain, conf->nets.items[i]);
        return 0;
}

/* Its QEMU is gone: so go its helpers, and what was taken from the host goes back. */
static void clean_up(Domain *domain, const QemuStatus *status, DomainConf *conf) {
        _cleanup_(device_spec_done) DeviceSpec coming = {};

        for (size_t i = 0; i < status->helpers.n; i++)
                qemu_helper_kill_stray(domain, status->pid, status->helpers.items[i]);
        qemu_bindings_undo(&status->bindings, &domain->resource);
        if (status->coming && device_parse(conf, status->coming, &coming, NULL) >= 0 &&
            coming.kind == DEVICE_NET)
                qemu_net_leave(domain, (DomainNet *) coming.device);
        qemu_nets_leave(domain, conf);
        qemu_status_remove(domain);
}

static void reconnect_monitor(Domain *domain) {
        QemuGuest *guest = qemu_guest_of(domain);
        _cleanup_(error_clear) Error error = {};

        if (qemu_guest_connect(guest, &error) >= 0 &&
            qmp_call(guest->qmp, "query-status", NULL, reconnected, guest, &error) >= 0 &&
            qmp_call(guest->qmp, "query-chardev", NULL, channels_found, guest, &error) >= 0) {
                qemu_devices_find(guest);
                qemu_net_filters_ask(guest);
                return;
        }
        _cleanup_(freep) char *text = error_text(&error);
        log_resource(LOG_ERR, &domain->resource, "runs, but: %s", text ?: "out of memory");
}

/* What was only half there, was told to end, or was tied to a client that lost us. */
static void end_unwanted(Domain *domain, const QemuStatus *status) {
        QemuGuest *guest = qemu_guest_of(domain);

        if (status->starting == TRISTATE_YES) {
                domain->starting = true;
                guest->stopping = true;
                guest->stop_reason = DOMAIN_SHUTOFF_FAILED;
                qemu_guest_kill(guest);
        } else if (status->stopping == TRISTATE_YES)
                qemu_guest_end(guest, status->stop_reason, status->stop_detail, false);
        else if (domain->autodestroy)
                qemu_guest_end(guest, DOMAIN_SHUTOFF_DESTROYED, STOPPED_DESTROYED, false);
}

static int reconnect(Connection *connection, const char *uuid, Error *error) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(qemu_status_clear) QemuStatus status = {};
        Domain *domain;
        int r = qemu_status_load(connection, uuid, &status, &conf, error);

        if (r >= 0)
                r = domain_create(connection, conf, &domain, error);
        if (r < 0)
                return r;
        r = adopt(domain, &status, conf, error);
        if (r < 0) { /* most often it is gone: a transient domain goes with it */
                resource_ref(&domain->resource);
                clean_up(domain, &status, conf);
                domain_stopped(domain, DOMAIN_SHUTOFF_UNKNOWN, STOPPED_FAILED);
                resource_unref(&domain->resource);
                return r;
        }
        reconnect_monitor(domain);
        end_unwanted(domain, &status);
        return 0;
}

static int found(const char *name, void *userdata) {
        _cleanup_(error_clear) Error error = {};
        int r = reconnect(userdata, name, &error);

        if (r == -ESRCH)
                log_message(LOG_NOTICE, "guest %s ended while the service was away", name);
        else if (r < 0) {
                _cleanup_(freep) char *text = error_text(&error);

                log_message(LOG_ERR, "cannot take over guest %s: %s", name,
                            text ?: "out of memory");
        }
        return 0;
}

/* A start makes its folder before its runtime file: a folder without a file never had a guest. */
static int found_folder(const char *name, void *userdata) {
        Connection *connection = userdata;
        _cleanup_(freep) char *folder = connection_file(connection, "%s", name);
        _cleanup_(freep) char *file = connection_file(connection, "%s.xml", name);
        Uuid uuid;

        if (uuid_parse(name, &uuid) >= 0 && folder && file &&
            !store_exists(connection->store, STORE_RUNTIME, file))
                (void) store_remove_tree(connection->store, STORE_RUNTIME, folder, NULL);
        return 0;
}

int qemu_reconnect_all(Connection *connection, Error *error) {
        const char *folder = connection->driver->id;
        int r = store_list(connection->store, STORE_RUNTIME, folder, ".xml", found, connection,
                           error);

        return r < 0 ? r : store_list(connection->store, STORE_RUNTIME, folder, "/", found_folder,
                                      connection, error);
}
