/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dry run for people: what would be refused of a definition, and what QEMU would be called with.
 *
 * It goes the way of define.c and start.c, in stages, and notes problems instead of ending at the
 * first: what is not understood; what a definition is refused for; what its start is. A stage that
 * needs what the one before would have made of it isn't reached. Nothing is kept, written, opened
 * for the guest or started: where a start has descriptors, the command line has their numbers, and
 * secrets are only looked up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/host-usb.h"
#include "drivers/ports.h"
#include "drivers/qemu/check-host.h"
#include "drivers/qemu/define.h"
#include "drivers/qemu/firmware.h"
#include "drivers/qemu/guest.h"
#include "drivers/qemu/hypervisor.h"
#include "drivers/qemu/passt.h"

enum { FD_FIRST = 3, CID_FIRST = 3 };

typedef struct Check {
        Connection *connection;
        Job *job;
        DomainConf *conf;
        Problems problems;
        Error error; /* of the step that is being tried; its problems are above */
        QemuCommand command;
} Check;

static Check *check_free(Check *check) {
        if (!check)
                return NULL;
        conf_free(check->conf);
        error_clear(&check->error);
        problems_clear(&check->problems);
        qemu_command_clear(&check->command);
        free(check);
        return NULL;
}

DEFINE_CLEANUP(Check *, check_free);

/* True: go on. */
static bool tried(Check *check, int r) {
        return error_pass(&check->error, r) >= 0 && !check->problems.met;
}

static void put_texts(Values *values, char *const *texts, size_t n) {
        size_t head = values_array(values);

        for (size_t i = 0; i < n; i++) {
                values_element(values, head);
                values_string(values, texts[i]);
        }
}

/* An error that is left is none of the definition's: memory. */
static int check_answer(Check *check, Error *error) {
        Values *values = &check->job->result.values;

        if (check->error.code != ERROR_NONE) {
                int r = -error_number(check->error.code);

                error_move(error, &check->error);
                return r;
        }
        put_texts(values, check->problems.items, check->problems.n);
        put_texts(values, check->command.argv, check->command.n);
        if (values->failed || check->problems.failed)
                return fail_memory(error);
        return DONE;
}

/* ---- where a start would have put things ---- */

typedef struct Places {
        QemuPlaces places;
        char *name, *folder, *state;
        QemuTap *taps;
        char **hostdevs;
        size_t n_nets, n_hostdevs;
        int next; /* descriptor */
} Places;

static void places_clear(Places *places) {
        for (size_t i = 0; places->taps && i < places->n_nets; i++)
                free(places->taps[i].further);
        for (size_t i = 0; places->hostdevs && i < places->n_hostdevs; i++)
                free(places->hostdevs[i]);
        free(places->taps);
        free(places->hostdevs);
        free(places->name);
        free(places->folder);
        free(places->state);
}

static int number_tap(Places *places, const DomainConf *conf, const DomainNet *net, QemuTap *tap) {
        bool is_tap = qemu_net_needs_tap(net), vhost = is_tap && qemu_net_wants_vhost(conf, net);

        *tap = (QemuTap) { .fd = -1, .vhost_fd = -1 };
        if (!is_tap && !qemu_net_is_passt(net))
                return 0;
        tap->fd = places->next++;
        if (vhost)
                tap->vhost_fd = places->next++;
        if (net->queues <= 1 || !is_tap)
                return 0;
        tap->further = calloc(net->queues - 1, sizeof(*tap->further));
        if (!tap->further)
                return -ENOMEM;
        for (; tap->n_further < net->queues - 1; tap->n_further++) {
                QemuQueue *queue = &tap->further[tap->n_further];

                queue->fd = places->next++;
                queue->vhost_fd = vhost ? places->next++ : -1;
        }
        return 0;
}

static int number_descriptors(Places *places, DomainConf *live, Error *error) {
        places->next = FD_FIRST;
        places->places.monitor_fd = places->next++;
        places->taps = calloc(live->nets.n + 1, sizeof(*places->taps));
        if (!places->taps)
                return fail_memory(error);
        places->n_nets = live->nets.n;
        for (size_t i = 0; i < live->nets.n; i++)
                if (number_tap(places, live, live->nets.items[i], &places->taps[i]) < 0)
                        return fail_memory(error);
        if (live->vsocks.n > 0) {
                DomainVsock *vsock = live->vsocks.items[0];

                places->places.vsock_fd = places->next++;
                if (vsock->auto_cid == TRISTATE_YES || !vsock->cid.set)
                        vsock->cid = (MaybeU32) { true, CID_FIRST };
        }
        places->places.taps = places->taps;
        places->places.n_taps = places->n_nets;
        places->places.free_fd = places->next;
        return 0;
}

static int find_hostdevs(Places *places, const DomainConf *live, Error *error) {
        places->hostdevs = calloc(live->hostdevs.n + 1, sizeof(char *));
        if (!places->hostdevs)
                return fail_memory(error);
        places->n_hostdevs = live->hostdevs.n;
        for (size_t i = 0; i < live->hostdevs.n; i++) {
                const DomainHostdev *hostdev = live->hostdevs.items[i];
                int r = 0;

                if (hostdev->mode == HOSTDEV_SUBSYSTEM && hostdev->type == HOSTDEV_SCSI &&
                    !hostdev->protocol)
                        r = qemu_scsi_generic(hostdev, QEMU_SYSFS, &places->hostdevs[i], error);
                if ((r = error_pass(error, r)) < 0)
                        return r;
        }
        places->places.hostdevs = (const char *const *) places->hostdevs;
        return 0;
}

static int find_places(Connection *connection, DomainConf *live, Places *places, Error *error) {
        char uuid[UUID_TEXT_MAX];
        int r;

        places->name = connection_file(connection, "%s", uuid_format(live->uuid, uuid));
        places->folder =
                places->name ? store_path(connection->store, STORE_RUNTIME, places->name) : NULL;
        places->state = store_path(connection->store, STORE_STATE, connection->driver->id);
        if (!places->folder || !places->state)
                return fail_memory(error);
        places->places.folder = places->folder;
        places->places.state_folder = places->state;
        r = number_descriptors(places, live, error);
        if (r >= 0)
                r = find_hostdevs(places, live, error);
        return r < 0 ? r : qemu_choose_paths(live, &places->places, error);
}

/* ---- its start ---- */

static int check_bindings(const DomainConf *live, Error *error) {
        QemuBindings bindings = {};
        int r = qemu_bindings_plan(live, QEMU_SYSFS, &bindings, error);

        qemu_bindings_clear(&bindings);
        return r;
}

static int check_needs(Check *check, const QemuCaps *caps) {
        const HostCheck host = { check->connection, &check->error };
        DomainConf *live = check->conf;
        Error *error = &check->error;
        int r = error_pass(error, qemu_assign_addresses(live, caps, error));

        if (r >= 0)
                r = qemu_settle_cpu(live, caps, error);
        if (r >= 0)
                r = error_pass(error, qemu_firmware_choose(&live->os, live->os.machine, error));
        if (r >= 0)
                r = error_pass(error, qemu_choose_nvram(check->connection, live, error));
        if (r >= 0)
                r = qemu_need_files(live, error);
        if (r >= 0)
                r = error_pass(error, host_usb_find(live, HOST_SYSFS, error));
        if (r >= 0)
                r = error_pass(error, check_bindings(live, error));
        return r < 0 ? r : qemu_check_host(&host, live);
}

static int check_command(Check *check, const QemuCaps *caps) {
        const HostCheck host = { check->connection, &check->error };
        _cleanup_(places_clear) Places places = {};
        DomainConf *live = check->conf;
        Error *error = &check->error;
        int r = qemu_assign_aliases(live, error);

        if (r >= 0)
                r = display_choose_ports(live, error);
        if (r >= 0)
                r = find_places(check->connection, live, &places, error);
        if (r >= 0)
                r = qemu_command_build(live, caps, &places.places, &check->command, error);
        return r < 0 ? r : qemu_check_secrets(&host, &check->command);
}

/* The command line is told whenever there is one, also when a file that it names is missing. */
static void check_start(Check *check, const QemuCaps *caps) {
        problems_begin(&check->problems, "start");
        if (error_pass(&check->error, check_needs(check, caps)) < 0)
                return;
        problems_begin(&check->problems, "start");
        (void) error_pass(&check->error, check_command(check, caps));
}

/* ---- its definition ---- */

static int check_name(const Check *check, Error *error) {
        Domain *domain;

        return domain_match(check->connection, check->conf, &domain, error);
}

static void check_with(Check *check, const QemuCaps *caps) {
        Error *error = &check->error;

        if (error_pass(error, check_name(check, error)) < 0 ||
            error_pass(error, qemu_complete(check->conf, caps, error)) < 0 || check->problems.met)
                return;
        if (!tried(check, qemu_choose_nvram(check->connection, check->conf, error)) ||
            !tried(check, conf_sync(check->conf, error)))
                return;
        if (!caps->assumed)
                check_start(check, caps);
}

static void on_caps(QemuCaps *caps, Error *cause, void *userdata) {
        _cleanup_(check_freep) Check *check = userdata;
        _cleanup_(error_clear) Error error = {};
        Job *job = check->job;
        int r;

        if (caps)
                check_with(check, caps);
        else {
                problems_begin(&check->problems, "start");
                error_move(&check->error, cause);
                (void) tried(check, -EINVAL);
        }
        r = check_answer(check, &error);
        job_done(job, r, &error);
}

/* No QEMU of this architecture is here: the definition alone, and the files. */
static int check_without(Check *check, const char *emulator, Error *missing) {
        _cleanup_(qemu_caps_unrefp) QemuCaps *caps = NULL;
        Error *error = &check->error;

        if (tried(check, qemu_assume(check->conf, emulator, &caps, error)))
                check_with(check, caps);
        problems_begin(&check->problems, "start");
        if (missing->code != ERROR_NONE)
                error_move(error, missing);
        else
                (void) fail(error, ERROR_CONFIG_UNSUPPORTED, "there is no emulator '%s'", emulator);
        if (error_pass(error, -ENOENT) >= 0 && caps)
                (void) qemu_need_files(check->conf, error);
        return DONE;
}

static int check_emulator(Check *check, Error *error) {
        _cleanup_(freep) char *emulator = NULL;
        _cleanup_(error_clear) Error missing = {};
        QemuCaps *caps;
        int r = qemu_emulator_of(check->conf, &emulator, &missing);

        if (qemu_is_missing(emulator, r))
                return check_without(check, emulator, &missing);
        if (r < 0)
                error_move(error, &missing);
        if (r >= 0)
                r = qemu_caps_get(qemu_driver_of(check->connection)->caps, emulator, on_caps, check,
                                  &caps, error);
        if (r == DONE)
                check_with(check, caps);
        return r;
}

int qemu_check_xml(Connection *connection, const char *xml, uint32_t flags, Job *job,
                   Error *error) {
        _cleanup_(check_freep) Check *check = calloc(1, sizeof(*check));
        int r = DONE;

        if (!check)
                return fail_memory(error);
        *check = (Check) { .connection = connection, .job = job };
        check->error.problems = &check->problems;
        problems_begin(&check->problems, "not understood");
        (void) conf_validate(xml, &check->error);
        if (check->error.code == ERROR_NONE) {
                problems_begin(&check->problems, "define");
                if (tried(check, conf_parse(xml, 0, &check->conf, &check->error)))
                        r = check_emulator(check, &check->error);
        } else
                problems_begin(&check->problems, "define");
        if (r == PENDING) {
                TAKE(check);
                return PENDING;
        }
        (void) error_pass(&check->error, r < 0 || check->error.code ? -EINVAL : 0);
        return check_answer(check, error);
}
