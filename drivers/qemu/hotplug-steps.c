/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command line says of a device, said over QMP. */
#include <errno.h>
#include <string.h>

#include "drivers/qemu/hotplug.h"

static const QemuStep words[] = {
        { .command = "object-add",   .undo = "object-del",   .name = "id" },
        { .command = "blockdev-add", .undo = "blockdev-del", .name = "node-name" },
        { .command = "netdev_add",   .undo = "netdev_del",   .name = "id" },
        { .command = "device_add",   .undo = "device_del",   .name = "id", .guests = true },
};

static const char *const options[] = { "-object", "-blockdev", "-netdev", "-device" };

void qemu_steps_clear(QemuSteps *steps) {
        for (size_t i = 0; i < steps->n; i++) {
                free(steps->items[i].id);
                json_object_put(steps->items[i].arguments);
        }
        free(steps->items);
        *steps = (QemuSteps) {};
}

int qemu_steps_add(QemuSteps *steps, QemuStep step, Error *error) {
        QemuStep *items = reallocarray(steps->items, steps->n + 1, sizeof(*items));
        char *id = step.id ? strdup(step.id) : NULL;

        if (items)
                steps->items = items;
        if (!items || !step.arguments || (step.id && !id)) {
                json_object_put(step.arguments);
                free(id);
                return fail_memory(error);
        }
        step.id = id;
        items[steps->n++] = step;
        return 0;
}

static int add_option(QemuSteps *steps, const char *option, const char *text, Error *error) {
        size_t row = 0;
        QemuStep step;

        if (strcmp(option, "-chardev") == 0 && text)
                return qemu_steps_add_chardev(steps, text, error);

        while (row < ELEMENTS(options) && strcmp(options[row], option) != 0)
                row++;
        if (row == ELEMENTS(options) || !text || text[0] != '{')
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "what it needs (%s) can't be made while a guest runs", option);
        step = words[row];
        step.fd = -1;
        step.arguments = json_tokener_parse(text);
        step.id = (char *) json_text(step.arguments, step.name);
        return qemu_steps_add(steps, step, error);
}

int qemu_steps_of_device(QemuSteps *steps, const DomainConf *live, const QemuCaps *caps,
                         const QemuPlaces *places, DeviceKind kind, const Device *device,
                         Error *error) {
        _cleanup_(qemu_command_clear) QemuCommand command = {};
        int r = qemu_command_build_device(live, caps, places, kind, device, &command, error);

        if (r >= 0 && command.n_secrets > 0)
                r = fail(error, ERROR_CONFIG_UNSUPPORTED,
                         "a <secret> can't be given to a guest that runs");
        if (r >= 0 && command.n_environment > 0)
                r = fail(error, ERROR_CONFIG_UNSUPPORTED,
                         "what it needs of QEMU's environment is set when a guest starts");
        for (size_t i = 0; r >= 0 && i < command.n; i += 2)
                r = add_option(steps, command.argv[i], command.argv[i + 1], error);
        return r;
}

/* ---- done and undone ---- */

void qemu_steps_undo(const QemuSteps *steps, Qmp *qmp, size_t n, bool with_device) {
        while (qmp && n-- > 0) {
                const QemuStep *step = &steps->items[n];

                if (step->undo && step->id && (with_device || !step->guests))
                        (void) qmp_call(qmp, step->undo,
                                        qmp_arguments("s", step->name, step->id, NULL), NULL, NULL,
                                        NULL);
        }
}

static int next(QemuSteps *steps, Error *error);

static void answered(Qmp *qmp, json_object *value, Error *error, void *userdata) {
        QemuSteps *steps = userdata;
        int r = value ? 0 : -error_number(error->code);

        if (r >= 0 && ++steps->done < steps->n)
                r = next(steps, error);
        else if (r >= 0) {
                steps->ended(0, NULL, steps->userdata);
                return;
        }
        if (r >= 0)
                return;
        qemu_steps_undo(steps, qmp, steps->done, true);
        steps->ended(r, error, steps->userdata);
}

static int next(QemuSteps *steps, Error *error) {
        const QemuStep *step = &steps->items[steps->done];

        return qmp_call_fd(steps->qmp, step->command, json_object_get(step->arguments), step->fd,
                           answered, steps, error);
}

int qemu_steps_run(QemuSteps *steps, Qmp *qmp, void (*ended)(int r, Error *error, void *userdata),
                   void *userdata, Error *error) {
        steps->qmp = qmp;
        steps->ended = ended;
        steps->userdata = userdata;
        return next(steps, error);
}
