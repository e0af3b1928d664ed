/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations of xend, (domain (name guest) (image (hvm ...)) (device (vif ...))), said again in
 * the keys of xm: most have the same names there, being what xm sent to xend. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"
#include "drivers/xen/sexp.h"

/* What was true of a guest when it ran, and what is taken apart by itself. */
static const char *const passed_over[] = {
        "domid", "image", "device", "vcpus", "vcpu_avail", "cpus", "state", "status", "cpu_time",
        "start_time", "online_vcpus", "store_mfn", "console_mfn", "store_ref", "ssidref",
        "security", "console", "notes", "device_model_pid",
};

static const struct {
        const char *sxpr, *xm;
} renamed[] = {
        { "args", "extra" },
        { "bootloader_args", "bootargs" },
        { "loader", "kernel" },
        { "device_model", "device_model_override" },
};

/* ---- keys that have one text ---- */

static bool is_key(const char *name) {
        if (!isalpha((unsigned char) *name) && *name != '_')
                return false;
        while (isalnum((unsigned char) *name) || *name == '_')
                name++;
        return !*name;
}

static bool is_number(const char *text) {
        return *text && text[strspn(text, "0123456789")] == 0 && strlen(text) < 16;
}

static void take_key(NativeConfig *config, const Sexp *sexp) {
        const char *name = sexp->text ? NULL : sexp_name(sexp), *text;

        if (!name || sexp->n != 2 || !(text = sexp->items[1]->text) || !is_key(name))
                return;
        for (size_t i = 0; i < ELEMENTS(passed_over); i++)
                if (strcmp(name, passed_over[i]) == 0)
                        return;
        for (size_t i = 0; i < ELEMENTS(renamed); i++)
                if (strcmp(name, renamed[i].sxpr) == 0)
                        name = renamed[i].xm;
        if (!native_get(config, name))
                native_set(config, name, native_value_new(text, is_number(text)));
}

static void take_keys(NativeConfig *config, const Sexp *list) {
        for (size_t i = 1; list && i < list->n; i++)
                take_key(config, list->items[i]);
}

/* ---- processors ---- */

/* All of them, and a mask of those there are at the start. */
static void take_vcpus(NativeConfig *config, const Sexp *domain) {
        const char *text = sexp_text(domain, "vcpus"), *mask = sexp_text(domain, "vcpu_avail");
        const char *cpus = sexp_text(domain, "cpus");
        int all = text ? atoi(text) : 1;
        int some = mask ? __builtin_popcountll(strtoull(mask, NULL, 0)) : all;

        if (some > 0 && some < all)
                native_set_number(config, "maxvcpus", all);
        native_set_number(config, "vcpus", some > 0 && some < all ? some : all);
        native_set_text(config, "cpus", cpus);
}

/* ---- devices ---- */

static int take_disk(NativeConfig *config, const Sexp *device, Error *error) {
        const char *target = sexp_text(device, "dev"), *mode = sexp_text(device, "mode");
        const char *source = sexp_text(device, "uname");
        NativeSpec spec = {};

        if (!target)
                return fail(error, ERROR_INVALID_ARG, "a (%s ...) has no (dev ...)",
                            sexp_name(device));
        spec_add(&spec, "%s", source ?: "");
        spec_add(&spec, "%s", target);
        spec_add(&spec, "%s", mode ?: "w");
        spec_finish(&spec, config, "disk");
        return 0;
}

/* A specification of words that have the same names in both. The script's folder is xend's own. */
static void take_words(NativeConfig *config, const Sexp *device, const char *key,
                       const char *const *words) {
        NativeSpec spec = {};

        for (; *words; words++) {
                const char *text = sexp_text(device, *words);
                const char *slash = text && strcmp(*words, "script") == 0 ? strrchr(text, '/')
                                                                          : NULL;

                if (text && !strchr(text, ','))
                        spec_add(&spec, "%s=%s", *words, slash ? slash + 1 : text);
        }
        spec_finish(&spec, config, key);
}

static int take_net(NativeConfig *config, const Sexp *device, Error *error) {
        static const char *const words[] = {
                "mac", "bridge", "ip", "script", "type", "model", "vifname", "rate", "backend",
                NULL,
        };

        take_words(config, device, "vif", words);
        return 0;
}

/* A guest with hardware has no framebuffer but what its device model shows. */
static int take_display(NativeConfig *config, const Sexp *device, Error *error) {
        static const char *const words[] = {
                "type", "vnc", "sdl", "vncunused", "vncdisplay", "vnclisten", "vncpasswd", "keymap",
                "display", "xauthority", NULL,
        };
        const char *type = sexp_text(device, "type");

        if (!native_text(config, "builder")) {
                take_words(config, device, "vfb", words);
                return 0;
        }
        take_keys(config, device);
        native_remove(config, "type");
        if (type && is_key(type) && !native_get(config, type))
                native_set_number(config, type, 1);
        return 0;
}

static int take_pci(NativeConfig *config, const Sexp *device, Error *error) {
        for (size_t i = 1; i < device->n; i++) {
                const Sexp *dev = device->items[i];
                const char *names[] = { "domain", "bus", "slot", "func" };
                unsigned long numbers[ELEMENTS(names)];
                char text[24];

                if (dev->text || !sexp_name(dev) || strcmp(sexp_name(dev), "dev") != 0)
                        continue;
                for (size_t k = 0; k < ELEMENTS(names); k++) {
                        const char *number = sexp_text(dev, names[k]);

                        if (!number)
                                return fail(error, ERROR_INVALID_ARG,
                                            "a (dev ...) of (pci ...) has no (%s ...)", names[k]);
                        numbers[k] = strtoul(number, NULL, 0);
                }
                snprintf(text, sizeof(text), "%04lx:%02lx:%02lx.%lx", numbers[0] & 0xffff,
                         numbers[1] & 0xff, numbers[2] & 0x1f, numbers[3] & 7);
                native_add_item(config, "pci", text);
        }
        return 0;
}

static const struct {
        const char *name;
        int (*take)(NativeConfig *config, const Sexp *device, Error *error);
} devices[] = {
        { "vbd", take_disk },    { "tap", take_disk }, { "tap2", take_disk }, { "vif", take_net },
        { "vfb", take_display }, { "pci", take_pci },
};

static int take_devices(NativeConfig *config, const Sexp *domain, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < domain->n; i++) {
                const Sexp *item = domain->items[i];
                const char *name = item->text ? NULL : sexp_name(item);

                if (!name || strcmp(name, "device") != 0 || item->n < 2 || item->items[1]->text ||
                    !sexp_name(item->items[1]))
                        continue;
                for (size_t k = 0; r >= 0 && k < ELEMENTS(devices); k++)
                        if (strcmp(sexp_name(item->items[1]), devices[k].name) == 0)
                                r = devices[k].take(config, item->items[1], error);
        }
        return r;
}

/* ---- all of it ---- */

static int take_image(NativeConfig *config, const Sexp *domain, Error *error) {
        const Sexp *image = sexp_child(domain, "image");
        const Sexp *what = image && image->n > 1 && !image->items[1]->text ? image->items[1] : NULL;
        const char *kind = what ? sexp_name(what) : NULL;

        if (!what)
                return image ? fail(error, ERROR_INVALID_ARG, "(image ...) holds no expression")
                             : 0;
        if (kind && strcmp(kind, "hvm") == 0)
                native_set_text(config, "builder", "hvm");
        else if (!kind || strcmp(kind, "linux") != 0)
                return fail(error, ERROR_INVALID_ARG, "(image ...) is neither linux nor hvm");
        take_keys(config, what);
        return 0;
}

int native_parse_sxpr(const char *text, NativeConfig **ret, Error *error) {
        _cleanup_(native_config_freep) NativeConfig *config = calloc(1, sizeof(*config));
        _cleanup_(sexp_freep) Sexp *domain = NULL;
        int r;

        if (!config)
                return fail_memory(error);
        if ((r = sexp_parse(text, &domain, error)) < 0)
                return r;
        if (!sexp_name(domain) || (strcmp(sexp_name(domain), "domain") != 0 &&
                                   strcmp(sexp_name(domain), "vm") != 0))
                return fail(error, ERROR_INVALID_ARG, "the expression isn't '(domain ...)'");
        if ((r = take_image(config, domain, error)) < 0)
                return r;
        take_keys(config, domain);
        take_vcpus(config, domain);
        if ((r = take_devices(config, domain, error)) < 0)
                return r;
        if (config->failed)
                return fail_memory(error);
        *ret = TAKE(config);
        return 0;
}
