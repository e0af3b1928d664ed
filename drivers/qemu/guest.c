/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest from its process to its end. */
#include "drivers/qemu/guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "drivers/log.h"
#include "drivers/qemu/hotplug.h"
#include "drivers/qemu/join.h"
#include "drivers/qemu/tpm.h"

#define LAST_WORDS         (50 * UINT64_C(1000))   /* us */
#define TERMINATE_PATIENCE (5 * UINT64_C(1000000)) /* us between SIGTERM and SIGKILL */

QemuGuest *qemu_guest_new(Domain *domain) {
        QemuGuest *guest = calloc(1, sizeof(*guest));

        if (!guest)
                return NULL;
        guest->domain = domain;
        resource_ref(&domain->resource);
        domain->data = guest;
        return guest;
}

QemuGuest *qemu_guest_free(QemuGuest *guest) {
        if (!guest)
                return NULL;
        guest->domain->data = NULL;
        qemu_start_free(guest->start);
        guest->agent = agent_free(guest->agent);
        console_ports_close(&guest->consoles);
        guest->qmp = qmp_free(guest->qmp);
        guest->process = process_free(guest->process);
        guest->log = log_follow_free(guest->log);
        qemu_helpers_clear(&guest->helpers);
        qemu_bindings_clear(&guest->bindings);
        qemu_unplugs_free(guest->unplugs);
        free(guest->coming);
        free(guest->left);
        sd_event_source_disable_unref(guest->farewell);
        sd_event_source_disable_unref(guest->escalation);
        resource_unref(&guest->domain->resource);
        free(guest);
        return NULL;
}

/* ---- the conversation ---- */

static void guest_closed(Qmp *qmp, Error *error, void *userdata) {
        QemuGuest *guest = userdata;
        Domain *domain = guest->domain;

        guest->qmp = qmp_free(guest->qmp);
        if (guest->start) {
                qemu_start_closed(guest, error);
                return;
        }
        if (guest->stopping)
                return; /* that is how it ends */

        /* Its process may follow at once; if it doesn't, the guest goes on unmanaged rather than
         * lost. */
        _cleanup_(freep) char *text = error_text(error);
        log_resource(LOG_WARNING, &domain->resource, "its monitor is gone: %s",
                     text ?: "out of memory");
        event_report(&domain->resource.connection->hub,
                     &(Event) { .kind = EVENT_CONTROL_ERROR, .resource = &domain->resource });
}

int qemu_guest_connect(QemuGuest *guest, Error *error) {
        static const QmpHandlers handlers = { .event = qemu_guest_event, .closed = guest_closed };
        Connection *connection = guest->domain->resource.connection;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(freep) char *name = qemu_guest_folder(guest->domain);
        _cleanup_(closep) int folder = -1, fd = -1;

        if (!name)
                return fail_memory(error);
        folder = store_open_folder(connection->store, STORE_RUNTIME, name, error);
        if (folder < 0)
                return folder;
        /* by descriptor: the folder's path may be longer than an address can hold */
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/monitor", folder);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return fail_errno(error, -errno, "cannot connect to the monitor of '%s'",
                                  guest->domain->resource.name);
        int r = qmp_new(connection->event, fd, guest->domain->resource.name,
                        connection->settings->patience, &handlers, guest, &guest->qmp, error);
        if (r >= 0)
                (void) TAKE_FD(fd);
        return r;
}

int qemu_guest_qmp(Domain *domain, Qmp **ret, Error *error) {
        QemuGuest *guest = qemu_guest_of(domain);
        int r = domain_need_active(domain, error);

        if (r < 0)
                return r;
        if (!guest->qmp)
                return fail(error, ERROR_OPERATION_FAILED,
                            "domain '%s' runs, but its QEMU monitor is gone; destroy still works",
                            domain->resource.name);
        *ret = guest->qmp;
        return 0;
}

/* ---- its end ---- */

/* Who asked for a graceful end is told that it doesn't come, and may ask for another. */
static void guest_end_late(QemuGuest *guest) {
        _cleanup_(error_clear) Error error = {};
        Job *ending = TAKE(guest->ending);
        int r = fail(&error, ERROR_OPERATION_TIMEOUT,
                     "domain '%s' was asked to end and doesn't; without the flag %d it is killed",
                     guest->domain->resource.name, DOMAIN_DESTROY_GRACEFUL);

        guest->escalation = sd_event_source_disable_unref(guest->escalation);
        if (ending)
                job_done(ending, r, &error);
}

static int guest_escalate(sd_event_source *source, uint64_t usec, void *userdata) {
        QemuGuest *guest = userdata;

        if (guest->graceful) {
                guest_end_late(guest);
                return 0;
        }
        log_resource(LOG_WARNING, &guest->domain->resource, "doesn't end when asked, killed");
        qemu_guest_kill(guest);
        return 0;
}

void qemu_guest_kill(QemuGuest *guest) {
        guest->escalation = sd_event_source_disable_unref(guest->escalation);
        if (guest->process)
                (void) process_signal(guest->process, SIGKILL);
}

static void guest_decide(QemuGuest *guest, int reason, int detail) {
        if (guest->stopping)
                return;
        guest->stopping = true;
        guest->stop_reason = reason;
        guest->stop_detail = detail;
        (void) qemu_status_save(guest, NULL); /* it ends, written down or not */
}

void qemu_guest_end(QemuGuest *guest, int reason, int detail, bool graceful) {
        sd_event *event = guest->domain->resource.connection->event;

        guest->graceful = graceful;
        guest->farewell = sd_event_source_disable_unref(guest->farewell);
        guest_decide(guest, reason, detail);
        (void) process_signal(guest->process, SIGTERM);
        if (!guest->escalation &&
            sd_event_add_time_relative(event, &guest->escalation, CLOCK_MONOTONIC,
                                       TERMINATE_PATIENCE, 0, guest_escalate, guest) < 0)
                qemu_guest_kill(guest);
}

static int guest_heard_out(sd_event_source *source, uint64_t usec, void *userdata) {
        QemuGuest *guest = userdata;

        qemu_guest_end(guest, guest->stop_reason, guest->stop_detail, false);
        return 0;
}

void qemu_guest_end_heard(QemuGuest *guest, int reason, int detail) {
        sd_event *event = guest->domain->resource.connection->event;

        guest_decide(guest, reason, detail);
        if (!guest->consoles ||
            (!guest->farewell &&
             sd_event_add_time_relative(event, &guest->farewell, CLOCK_MONOTONIC, LAST_WORDS, 0,
                                        guest_heard_out, guest) < 0))
                qemu_guest_end(guest, reason, detail, false);
}

/* The definition to go on with when a transient domain is to live again: it has no other. */
static DomainConf *guest_definition(Domain *domain) {
        _cleanup_(freep) char *text = NULL;
        const char *xml;
        DomainConf *conf = NULL;

        if (domain_is_persistent(domain))
                return NULL;
        if (domain_xml(domain, DOMAIN_XML_INACTIVE | DOMAIN_XML_SECURE, &xml, &text, NULL) < 0 ||
            conf_parse(xml, CONF_TRUSTED, &conf, NULL) < 0)
                log_resource(LOG_ERR, &domain->resource,
                             "cannot keep its definition to start it again");
        return conf;
}

void qemu_guest_exited(Process *process, int code, int status, void *userdata) {
        QemuGuest *guest = userdata;

        guest->exit_code = code;
        guest->exit_status = status;
        if (!qemu_helpers_end(guest))
                qemu_guest_over(guest);
}

static void guest_note_crash(QemuGuest *guest) {
        Domain *domain = guest->domain;
        _cleanup_(freep) char *words = qemu_log_tail(domain, NULL, guest->log_start);

        guest->stop_reason = DOMAIN_SHUTOFF_CRASHED;
        guest->stop_detail = STOPPED_FAILED;
        log_resource(LOG_ERR, &domain->resource, "QEMU ended unexpectedly (%s %d)%s%s",
                     guest->exit_code == CLD_EXITED ? "status" : "signal", guest->exit_status,
                     words ? ": " : "", words ?: "");
}

/* What only a definition can want again goes with a domain that has none. */
static void guest_forget(Domain *domain) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (!domain_is_persistent(domain) && qemu_tpm_exists(domain) &&
            domain_conf(domain, DOMAIN_CURRENT, &conf, NULL) >= 0)
                qemu_tpm_forget(domain, conf, 0);
}

/* A guest that is being started leaves its networks as it undoes the rest. */
static void guest_leave(QemuGuest *guest) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (guest->joined && domain_conf(guest->domain, DOMAIN_LIVE, &conf, NULL) >= 0)
                qemu_nets_leave(guest->domain, conf);
}

void qemu_guest_over(QemuGuest *guest) {
        Domain *domain = guest->domain;
        Connection *connection = domain->resource.connection;
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        QemuAfter after = guest->after;
        QemuUnplug *unplugs;
        Agent *agent;
        Job *ending;

        qemu_bindings_undo(&guest->bindings, &domain->resource);
        if (guest->start) {
                qemu_start_exited(guest, guest->exit_code, guest->exit_status);
                return;
        }
        guest_leave(guest);
        ending = TAKE(guest->ending);
        unplugs = TAKE(guest->unplugs);
        agent = TAKE(guest->agent);
        if (!guest->stopping) /* nobody asked for it and QEMU didn't say why */
                guest_note_crash(guest);
        if (after != AFTER_NOTHING)
                conf = guest_definition(domain);

        if (after == AFTER_NOTHING)
                guest_forget(domain);
        int reason = guest->stop_reason, detail = guest->stop_detail;
        resource_ref(&domain->resource);
        qemu_guest_free(guest);
        qemu_status_remove(domain);
        domain_stopped(domain, reason, detail);
        qemu_unplugs_end(unplugs);
        agent_free(agent);
        if (ending)
                job_done(ending, 0, NULL);
        if (after != AFTER_NOTHING)
                qemu_start_again(connection, domain, TAKE(conf), after);
        resource_unref(&domain->resource);
}
