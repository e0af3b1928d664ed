/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of someone else's: redirected USB devices, smartcards. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* ---- redirected usb devices ---- */

/* "9.4" and "9.40" are 0x0940, "9.04" is 0x0904. */
static unsigned version_number(const char *text) {
        char *end;
        unsigned long major = strtoul(text, &end, 16);
        unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 16) : 0;

        if (*end == '.' && strlen(end + 1) == 1)
                minor <<= 4;
        return (major & 0xff) << 8 | (minor & 0xff);
}

static bool is_any(const char *text) {
        return !text || text_is(text, "-1");
}

static void add_number(Option *filter, const char *text, int digits) {
        if (is_any(text))
                option_add(filter, "-1:");
        else
                option_add(filter, "0x%0*lX:", digits, strtoul(text, NULL, 0));
}

static void add_rule(Option *filter, const RedirFilter *rule) {
        add_number(filter, rule->class, 2);
        add_number(filter, rule->vendor, 4);
        add_number(filter, rule->product, 4);
        if (is_any(rule->version))
                option_add(filter, "-1:");
        else
                option_add(filter, "0x%04X:", version_number(rule->version));
        option_add(filter, text_is(rule->allow, "yes") ? "1" : "0");
}

static void put_filter(Builder *builder, json_object *object) {
        const DomainConf *conf = builder->conf;
        _cleanup_(option_clear) Option filter = { builder, NULL };

        for (size_t i = 0; i < conf->redirfilters.n; i++) {
                if (i > 0)
                        option_add(&filter, "|");
                add_rule(&filter, conf->redirfilters.items[i]);
        }
        json_put_text(builder, object, "filter", filter.text);
}

int build_redirdev(Builder *builder, const Device *device, size_t index) {
        const DomainRedirdev *redirdev = (const DomainRedirdev *) device;
        json_object *object;
        int r;

        if (redirdev->bus && !text_is(redirdev->bus, "usb"))
                return unsupported(builder, "devices/redirdev/@bus '%s'", redirdev->bus);
        if ((r = add_char_device(builder, &redirdev->port, "usb-redir", "usbredir",
                                 "devices/redirdev", &object)) < 0)
                return r;
        put_filter(builder, object);
        json_put_some(builder, object, "bootindex", device->boot_order);
        device_end(builder, object);
        return 0;
}

/* ---- smartcards ---- */

static const char *const nss_folder = "/etc/pki/nssdb";

static void put_certificates(Builder *builder, const DomainSmartcard *card, json_object *object) {
        json_put_text(builder, object, "backend", "certificates");
        for (size_t i = 0; i < card->certificates.n; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "cert%zu", i + 1);
                json_put_text(builder, object, name, card->certificates.items[i]->text);
        }
        json_put_text(builder, object, "db", card->database ?: nss_folder);
}

int build_smartcard(Builder *builder, const Device *device, size_t index) {
        const DomainSmartcard *card = (const DomainSmartcard *) device;
        bool passed = card->mode == SMARTCARD_PASSTHROUGH;
        json_object *object;
        int r;

        if (passed)
                r = add_char_device(builder, &card->port, "ccid-card-passthru", "smartcard",
                                    "devices/smartcard", &object);
        else
                r = device_begin(builder, "ccid-card-emulated", device, &object,
                                 "devices/smartcard/@mode");
        if (r < 0)
                return r;
        if (card->mode == SMARTCARD_HOST)
                json_put_text(builder, object, "backend", "nss-emulated");
        else if (card->mode == SMARTCARD_HOST_CERTIFICATES)
                put_certificates(builder, card, object);
        device_end(builder, object);
        return 0;
}
