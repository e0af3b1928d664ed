/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TPMs: the host's, or an emulator on the other side of a socket. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

#include "drivers/qemu/tpm.h"

/* Where commands of a device of the host are cancelled: QEMU's guess fails for some names. */
static void add_passthrough(Builder *builder, const DomainTpm *tpm) {
        _cleanup_(option_clear) Option option = { .builder = builder };
        const char *path = tpm->path ?: "/dev/tpm0", *name = strrchr(path, '/');

        option_add(&option, "passthrough,id=tpm-%s", tpm->device.alias);
        option_add_text(&option, "path", path);
        if (name)
                option_add(&option, ",cancel-path=/sys/class/tpm/%s/device/cancel", name + 1);
        option_done(&option, "tpmdev");
}

static void add_emulator(Builder *builder, const DomainTpm *tpm) {
        _cleanup_(option_clear) Option chardev = { .builder = builder };
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/" QEMU_TPM_SOCKET, builder->places->folder) < 0) {
                path = NULL;
                builder->no_memory = true;
        }
        option_add(&chardev, "socket,id=chrtpm");
        option_add_text(&chardev, "path", tpm->backend == TPM_EXTERNAL ? tpm->source_path : path);
        option_done(&chardev, "chardev");
        argument(builder, "tpmdev", "emulator,id=tpm-%s,chardev=chrtpm", tpm->device.alias);
}

static int add_backend(Builder *builder, const DomainTpm *tpm) {
        const char *type = tpm->backend == TPM_PASSTHROUGH ? "tpm-passthrough" : "tpm-emulator";

        if (!qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "devices/tpm/backend: %s has no '%s'",
                                   builder->caps->binary, type);
        if (tpm->backend == TPM_EXTERNAL && !tpm->source_path)
                return unsupported(builder, "devices/tpm: an external backend needs a <source path="
                                            "'...'>");
        if (tpm->backend == TPM_EXTERNAL && text_is(tpm->source_mode, "bind"))
                return unsupported(builder, "devices/tpm: QEMU connects to an external backend");
        if (tpm->backend == TPM_PASSTHROUGH)
                add_passthrough(builder, tpm);
        else
                add_emulator(builder, tpm);
        return 0;
}

/* Only hands on what the host's firmware holds; it has no backend of QEMU's. */
static int build_proxy(Builder *builder, const DomainTpm *tpm) {
        json_object *object = NULL;
        int r = device_begin(builder, "spapr-tpm-proxy", &tpm->device, &object,
                             "devices/tpm model 'spapr-tpm-proxy'");

        if (r < 0)
                return r;
        json_put_text(builder, object, "host-path", tpm->path);
        device_end(builder, object);
        return 0;
}

int build_tpm(Builder *builder, const Device *device, size_t index) {
        const DomainTpm *tpm = (const DomainTpm *) device;
        const char *driver = tpm->model ?: "tpm-tis";
        json_object *object = NULL;
        int r;

        if (text_is(driver, "spapr-tpm-proxy"))
                return build_proxy(builder, tpm);
        if (text_is(driver, "tpm-tis") && qemu_platform(builder->conf) == PLATFORM_VIRT)
                driver = "tpm-tis-device";
        r = add_backend(builder, tpm);
        if (r >= 0)
                r = device_begin(builder, driver, device, &object, "devices/tpm model '%s'",
                                 tpm->model ?: driver);
        if (r < 0)
                return r;
        json_putf(builder, object, "tpmdev", "tpm-%s", device->alias);
        device_end(builder, object);
        return 0;
}
