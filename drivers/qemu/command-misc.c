/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller devices: input, hubs, watchdog, balloon, random numbers, panic. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* ---- input ---- */

static const struct {
        const char *bus, *type, *driver; /* of virtio devices without the bus at the end */
} inputs[] = {
        { "usb",    "mouse",       "usb-mouse" },
        { "usb",    "tablet",      "usb-tablet" },
        { "usb",    "keyboard",    "usb-kbd" },
        { "virtio", "mouse",       "virtio-mouse" },
        { "virtio", "tablet",      "virtio-tablet" },
        { "virtio", "keyboard",    "virtio-keyboard" },
        { "virtio", "passthrough", "virtio-input-host" },
};

static void build_evdev(Builder *builder, const DomainInput *input) {
        json_object *object = json_new(builder);

        json_put_text(builder, object, "qom-type", "input-linux");
        json_put_text(builder, object, "id", input->device.alias);
        json_put_text(builder, object, "evdev", input->source);
        if (input->repeat)
                json_put_bool(builder, object, "repeat", text_is(input->repeat, "on"));
        if (text_is(input->grab, "all"))
                json_put_bool(builder, object, "grab_all", true);
        json_put_text(builder, object, "grab-toggle", input->grab_toggle);
        argument_json(builder, "object", object);
}

int build_input(Builder *builder, const Device *device, size_t index) {
        const DomainInput *input = (const DomainInput *) device;

        if (text_is(input->bus, "ps2") && qemu_is_x86(builder->conf))
                return 0;
        if (text_is(input->type, "evdev")) {
                build_evdev(builder, input);
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(inputs); i++) {
                if (!text_is(input->bus, inputs[i].bus) || !text_is(input->type, inputs[i].type))
                        continue;
                json_object *object;
                _cleanup_(freep) char *driver = text_is(input->bus, "virtio") ?
                        virtio_driver_of_model(inputs[i].driver, input->model, device) :
                        strdup(inputs[i].driver);
                int r = device_begin(builder, driver, device, &object,
                                     "devices/input type '%s' bus '%s'", input->type, input->bus);
                if (r < 0)
                        return r;
                json_put_text(builder, object, "evdev", input->evdev);
                device_end(builder, object);
                return 0;
        }
        return unsupported(builder,
                           "devices/input: type '%s' on bus '%s' is not supported for QEMU guests",
                           input->type ?: "", input->bus ?: "");
}

/* ---- hubs ---- */

int build_hub(Builder *builder, const Device *device, size_t index) {
        json_object *object;
        int r = device_begin(builder, "usb-hub", device, &object, "devices/hub");

        if (r >= 0)
                device_end(builder, object);
        return r;
}

/* ---- watchdog ---- */

/* "dump" is done by the service when QEMU has paused the guest. */
static const char *watchdog_action(const char *action) {
        return !action ? "reset" : text_is(action, "dump") ? "pause" : action;
}

int build_watchdog(Builder *builder, const Device *device, size_t index) {
        const DomainWatchdog *watchdog = (const DomainWatchdog *) device;
        json_object *object;

        if (text_is(watchdog->model, "itco")) {
                if (qemu_platform(builder->conf) != PLATFORM_Q35)
                        return unsupported(
                                builder,
                                "devices/watchdog/@model 'itco' is part of q35 machines only");
                argument(builder, "global", "ICH9-LPC.noreboot=off");
        } else {
                int r = device_begin(builder, watchdog->model ?: "i6300esb", device, &object,
                                     "devices/watchdog/@model '%s'", watchdog->model ?: "");
                if (r < 0)
                        return r;
                device_end(builder, object);
        }
        if (index == 0)
                argument(builder, "watchdog-action", "%s", watchdog_action(watchdog->action));
        return 0;
}

/* ---- balloon and random numbers ---- */

int build_balloon(Builder *builder, const Device *device, size_t index) {
        const DomainMemballoon *balloon = (const DomainMemballoon *) device;
        json_object *object;

        if (text_is(balloon->model, "none"))
                return 0;
        if (!text_starts(balloon->model, "virtio"))
                return unsupported(
                        builder, "devices/memballoon/@model '%s' is not supported for QEMU guests",
                        balloon->model ?: "");
        _cleanup_(freep) char *driver =
                virtio_driver_of_model("virtio-balloon", balloon->model, device);
        int r = device_begin(builder, driver, device, &object, "devices/memballoon");
        if (r < 0)
                return r;
        json_put_state(builder, object, "deflate-on-oom", balloon->autodeflate);
        json_put_state(builder, object, "free-page-reporting", balloon->free_page_reporting);
        device_end(builder, object);
        return 0;
}

static int add_rng_source(Builder *builder, const DomainRng *rng) {
        bool egd = text_is(rng->backend_model, "egd"),
             builtin = text_is(rng->backend_model, "builtin");
        const char *type = egd ? "rng-egd" : builtin ? "rng-builtin" : "rng-random";
        _cleanup_(freep) char *chardev = NULL;
        json_object *object;
        int r;

        if (!qemu_caps_has_type(builder->caps, type))
                return unsupported(builder, "devices/rng/backend: %s has no '%s'",
                                   builder->caps->binary, type);
        if (egd) {
                if (asprintf(&chardev, "char%s", rng->device.alias) < 0) {
                        chardev = NULL;
                        return fail_memory(builder->error);
                }
                if ((r = build_chardev(builder, &rng->egd, chardev, NULL)) < 0)
                        return r;
        }
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", type);
        json_putf(builder, object, "id", "obj%s", rng->device.alias);
        json_put_text(builder, object, "chardev", chardev);
        if (!egd && !builtin)
                json_put_text(builder, object, "filename", rng->backend ?: "/dev/random");
        argument_json(builder, "object", object);
        return 0;
}

int build_rng(Builder *builder, const Device *device, size_t index) {
        const DomainRng *rng = (const DomainRng *) device;
        _cleanup_(freep) char *driver = virtio_driver_of_model("virtio-rng", rng->model, device);
        json_object *object;
        int r;

        if ((r = add_rng_source(builder, rng)) < 0 ||
            (r = device_begin(builder, driver, device, &object, "devices/rng")) < 0)
                return r;
        json_putf(builder, object, "rng", "obj%s", device->alias);
        if (rng->rate_bytes) {
                json_put_number(builder, object, "max-bytes", rng->rate_bytes);
                json_put_number(builder, object, "period", rng->rate_period ?: 1000);
        }
        device_end(builder, object);
        return 0;
}

/* ---- panic ---- */

int build_panic(Builder *builder, const Device *device, size_t index) {
        const DomainPanic *panic = (const DomainPanic *) device;
        bool pci = text_is(panic->model, "pvpanic");
        json_object *object;

        if (text_is(panic->model, "hyperv") || text_is(panic->model, "pseries") ||
            text_is(panic->model, "s390"))
                return 0; /* of the processor or the machine */
        if (panic->model && !pci && !text_is(panic->model, "isa"))
                return unsupported(builder,
                                   "devices/panic/@model '%s' is not supported for QEMU guests",
                                   panic->model);
        int r = pci ? device_begin(builder, "pvpanic-pci", device, &object, "devices/panic")
                    : device_begin_bare(builder, "pvpanic", NULL, &object,
                                        "devices/panic");
        if (r < 0)
                return r;
        if (!pci)
                json_put_number(builder, object, "ioport",
                                device->address.type == ADDRESS_ISA && device->address.iobase ?
                                device->address.iobase : 0x505);
        device_end(builder, object);
        return 0;
}
