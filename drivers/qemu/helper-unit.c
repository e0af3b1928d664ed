/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers in units of their own: what a plan is, and how it is carried out.
 *
 * The service's sandbox lets nobody make namespaces or send raw commands to disks, which virtiofsd,
 * passt and qemu-pr-helper need. So the host's manager of units runs them, outside of that sandbox
 * and in one that fits each. It can be asked only once the guest has its unit, because theirs end
 * with it; by then the runtime file names them, without a pid. A life of the service that finds it
 * so stops the unit by name, whether it came to be or not.
 *
 * Where the manager refuses, a helper becomes a held child after all, and may then say itself what
 * it lacks. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/qemu/guest.h"

struct HelperPlan {
        Arguments arguments;
        int fd, log;
        bool listens;
        const UnitSandbox *sandbox;
        char *writable;
        UnitRequest *request; /* while its answer is awaited */
};

static UnitManager *units_of(const Domain *domain) {
        return domain->resource.connection->settings->units;
}

static UnitProgram program_of(const Domain *domain, pid_t guest, const char *name) {
        return (UnitProgram) {
                .driver = domain->resource.connection->driver->id,
                .name = domain->resource.name,
                .helper = name,
                .guest = guest,
        };
}

/* ---- plans ---- */

bool qemu_helper_plans(const QemuGuest *guest, const HelperSpec *spec) {
        UnitManager *units = units_of(guest->domain);

        return spec->sandbox && units && units->can_run(units);
}

int qemu_helper_plan(QemuHelper *helper, const HelperSpec *spec, int log, Error *error) {
        struct HelperPlan *plan = calloc(1, sizeof(*plan));

        if (!plan)
                return fail_memory(error);
        helper->plan = plan;
        helper->unit = true;
        for (size_t i = 0; spec->argv[i]; i++)
                arguments_add(&plan->arguments, "%s", spec->argv[i]);
        plan->fd = fcntl(spec->fds[0], F_DUPFD_CLOEXEC, 3);
        plan->log = fcntl(log, F_DUPFD_CLOEXEC, 3);
        plan->listens = spec->listens;
        plan->sandbox = spec->sandbox;
        plan->writable = spec->writable ? strdup(spec->writable) : NULL;
        if (plan->fd < 0 || plan->log < 0)
                return fail_errno(error, -errno, "cannot keep its descriptors");
        if (plan->arguments.failed || (spec->writable && !plan->writable))
                return fail_memory(error);
        return 0;
}

bool qemu_helper_is_awaited(const QemuHelper *helper) {
        return helper->plan && helper->plan->request;
}

void qemu_helper_forget_plan(QemuHelper *helper) {
        struct HelperPlan *plan = TAKE(helper->plan);

        if (!plan)
                return;
        if (plan->request)
                units_of(helper->guest->domain)->forget(units_of(helper->guest->domain),
                                                        plan->request);
        arguments_clear(&plan->arguments);
        closep(&plan->fd);
        closep(&plan->log);
        free(plan->writable);
        free(plan);
}

void qemu_helper_stop_unit(Domain *domain, pid_t guest, const char *name) {
        const UnitProgram program = program_of(domain, guest, name);

        if (units_of(domain))
                units_of(domain)->stop(units_of(domain), &program);
}

/* ---- carried out ---- */

/* cause: why it has no unit. */
static int fall_back(QemuHelper *helper, const Error *cause, Error *error) {
        const struct HelperPlan *plan = helper->plan;
        const HelperSpec spec = {
                .argv = (const char *const *) plan->arguments.items,
                .fds = &plan->fd,
                .n_fds = 1,
                .listens = plan->listens,
        };
        int r;

        log_resource(LOG_WARNING, &helper->guest->domain->resource,
                     "%s runs within the limits of the service, which may be too narrow: %s",
                     helper->name, cause->message ?: "there is no manager of units after all");
        r = qemu_helper_launch(helper, &spec, plan->log, error);
        if (r < 0)
                error_prefix(error, "%s", helper->name);
        helper->unit = false;
        qemu_helper_forget_plan(helper);
        return r;
}

static void unit_ran(int result, pid_t pid, Error *cause, void *userdata);

static int ask(QemuHelper *helper, Error *error) {
        Domain *domain = helper->guest->domain;
        struct HelperPlan *plan = helper->plan;
        UnitProgram program = program_of(domain, process_pid(helper->guest->process),
                                         helper->name);
        _cleanup_(error_clear) Error cause = {};

        program.argv = (const char *const *) plan->arguments.items;
        program.fd = plan->fd;
        program.out = plan->log;
        program.listens = plan->listens;
        program.sandbox = plan->sandbox;
        program.writable = plan->writable;
        if (units_of(domain)->run(units_of(domain), &program, unit_ran, helper, &plan->request,
                                  &cause) == PENDING)
                return PENDING;
        return fall_back(helper, &cause, error);
}

int qemu_helpers_run(QemuGuest *guest, HelpersRan ran, void *userdata, Error *error) {
        QemuHelpers *helpers = &guest->helpers;
        bool planned = false;
        int r = 0;

        helpers->ran = ran;
        helpers->userdata = userdata;
        for (size_t i = 0; r >= 0 && i < helpers->n; i++) {
                if (!helpers->items[i]->plan)
                        continue;
                planned = true;
                r = ask(helpers->items[i], error);
                helpers->coming += r == PENDING;
        }
        if (r < 0 && helpers->coming > 0)
                error_move(&helpers->error, error);
        if (helpers->coming > 0)
                return PENDING;
        if (r >= 0 && planned)
                r = qemu_status_save(guest, error);
        return r < 0 ? r : DONE;
}

/* What became of one: result as UnitRan has it. */
static int settle(QemuHelper *helper, int result, pid_t pid, const Error *cause, Error *error) {
        QemuGuest *guest = helper->guest;
        int r;

        if (result <= 0 && guest->helpers.ending)
                return -ECANCELED;
        if (result <= 0)
                return fall_back(helper, cause, error);
        qemu_helper_forget_plan(helper);
        r = pid > 0 ? qemu_helper_watch(helper, pid, PROCESS_ANY_START, error) : -ESRCH;
        if (r >= 0)
                return r;
        qemu_helper_stop_unit(guest->domain, process_pid(guest->process), helper->name);
        if (r != -ESRCH)
                return r;

        _cleanup_(freep) char *words =
                qemu_log_tail(guest->domain, helper->name, helper->log_start);
        return fail(error, ERROR_INTERNAL, "%s ended while the guest was being started: %s",
                    helper->name, words ?: "it said nothing");
}

static void unit_ran(int result, pid_t pid, Error *cause, void *userdata) {
        QemuHelper *helper = userdata;
        QemuGuest *guest = helper->guest;
        QemuHelpers *helpers = &guest->helpers;
        _cleanup_(error_clear) Error error = {};
        bool ending = helpers->ending;
        int r;

        helper->plan->request = NULL;
        helpers->coming--;
        r = settle(helper, result, pid, cause, &error);
        qemu_helper_came(helper, r >= 0);
        if (ending)
                return; /* the guest may be gone */
        if (helpers->error.code == ERROR_NONE)
                error_move(&helpers->error, &error);
        if (helpers->coming > 0)
                return;
        error_clear(&error);
        error_move(&error, &helpers->error);
        if (error.code == ERROR_NONE)
                (void) qemu_status_save(guest, &error);
        helpers->ran(&error, helpers->userdata);
}
