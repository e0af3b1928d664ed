/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial and parallel ports, consoles and channels: a character device, and what the guest sees of
 * it. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

static const char *const guest_agent = "org.qemu.guest_agent.0";
static const char *const spice_agent = "com.redhat.spice.0";

/* ---- character devices ---- */

static const CharSource *source_of_mode(const DomainChar *chr, const char *mode) {
        for (size_t i = 0; i < chr->sources.n; i++)
                if (text_is(chr->sources.items[i]->mode, mode))
                        return chr->sources.items[i];
        return NULL;
}

static const CharSource *first_source(const DomainChar *chr) {
        static const CharSource none;

        return chr->sources.n > 0 ? chr->sources.items[0] : &none;
}

static void put_server(Option *option, const CharSource *source, bool bind) {
        if (bind)
                option_add(option, ",server=on,wait=off");
        else if (source->reconnect == TRISTATE_YES && source->reconnect_timeout.set)
                option_add(option, ",reconnect=%u", source->reconnect_timeout.value);
}

static int path_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);

        if (!source->path)
                return unsupported(builder, "%s: source/@path is missing", chr->device.alias);
        option_add_text(option, "path", source->path);
        if (chr->type == CHAR_FILE)
                option_add_state(option, "append", source->append);
        return 0;
}

static int unix_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);

        if (!source->path)
                return unsupported(builder, "%s: source/@path is missing", chr->device.alias);
        option_add_text(option, "path", source->path);
        put_server(option, source, !text_is(source->mode, "connect"));
        return 0;
}

static int tcp_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);

        if (text_is(source->tls, "yes"))
                return unsupported(builder, "%s: source/@tls is not supported yet",
                                   chr->device.alias);
        option_add_text(option, "host", source->host ?: "");
        option_add_text(option, "port", source->service ?: "");
        if (text_is(chr->protocol, "telnet"))
                option_add(option, ",telnet=on");
        else if (chr->protocol && !text_is(chr->protocol, "raw"))
                return unsupported(builder, "%s: protocol/@type '%s' is not supported yet",
                                   chr->device.alias, chr->protocol);
        put_server(option, source, text_is(source->mode, "bind"));
        return 0;
}

static int udp_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *to = source_of_mode(chr, "connect"), *from = source_of_mode(chr, "bind");

        if (!to)
                return unsupported(builder, "%s: udp takes a source with mode 'connect'",
                                   chr->device.alias);
        option_add_text(option, "host", to->host ?: "");
        option_add_text(option, "port", to->service);
        if (from) {
                option_add_text(option, "localaddr", from->host ?: "");
                option_add_text(option, "localport", from->service ?: "0");
        }
        return 0;
}

static int spice_source(Builder *builder, const DomainChar *chr, Option *option) {
        option_add(option, ",name=vdagent");
        return 0;
}

static int spiceport_source(Builder *builder, const DomainChar *chr, Option *option) {
        option_add_text(option, "name", first_source(chr)->channel);
        return 0;
}

static int vdagent_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);
        const xmlNode *node = source->item.node;

        option_add(option, ",name=vdagent");
        if (node_attribute_is(node_child(node, "clipboard"), "copypaste", "yes"))
                option_add(option, ",clipboard=on");
        if (node_attribute_is(node_child(node, "mouse"), "mode", "client"))
                option_add(option, ",mouse=on");
        else if (node_attribute_is(node_child(node, "mouse"), "mode", "server"))
                option_add(option, ",mouse=off");
        return 0;
}

static const struct {
        const char *backend; /* NULL: QEMU has none */
        int (*put)(Builder *builder, const DomainChar *chr, Option *option);
        const char *type;    /* as QEMU's introspection calls it, where it may be missing */
} backends[] = {
        [CHAR_NULL]         = { "null" },
        [CHAR_VC]           = { "vc" },
        [CHAR_PTY]          = { "pty" },
        [CHAR_DEV]          = { "serial", path_source },
        [CHAR_FILE]         = { "file", path_source },
        [CHAR_PIPE]         = { "pipe", path_source },
        [CHAR_STDIO]        = { "stdio" },
        [CHAR_UDP]          = { "udp", udp_source },
        [CHAR_TCP]          = { "socket", tcp_source },
        [CHAR_UNIX]         = { "socket", unix_source },
        [CHAR_SPICEVMC]     = { "spicevmc", spice_source, "chardev-spicevmc" },
        [CHAR_SPICEPORT]    = { "spiceport", spiceport_source, "chardev-spiceport" },
        [CHAR_NMDM]         = {},
        [CHAR_QEMU_VDAGENT] = { "qemu-vdagent", vdagent_source, "chardev-qemu-vdagent" },
        [CHAR_DBUS]         = { "dbus", spiceport_source, "chardev-dbus" },
};

int build_chardev(Builder *builder, const DomainChar *chr, const char *id) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        const char *backend =
                (size_t) chr->type < ELEMENTS(backends) ? backends[chr->type].backend : NULL;
        bool parallel =
                chr->type == CHAR_DEV && text_starts(first_source(chr)->path, "/dev/parport");
        int r;

        if (!backend || (backends[chr->type].type &&
                         !qemu_caps_has_type(builder->caps, backends[chr->type].type)))
                return unsupported(builder, "%s: @type '%s' is not supported by %s", id,
                                   map_enum_name(char_types, chr->type) ?: "",
                                   builder->caps->binary);
        option_add(&option, "%s,id=%s", parallel ? "parallel" : backend, id);
        if (backends[chr->type].put && (r = backends[chr->type].put(builder, chr, &option)) < 0)
                return r;
        if (chr->log_file) {
                option_add_text(&option, "logfile", chr->log_file);
                option_add_state(&option, "logappend",
                                 chr->log_append == TRISTATE_UNSET ? TRISTATE_NO : chr->log_append);
        }
        option_done(&option, "chardev");
        return 0;
}

/* "charserial0", and its chardev. */
static int add_chardev(Builder *builder, const DomainChar *chr, char **ret) {
        _cleanup_(freep) char *id = NULL;
        int r;

        if (asprintf(&id, "char%s", chr->device.alias) < 0) {
                id = NULL;
                return fail_memory(builder->error);
        }
        if ((r = build_chardev(builder, chr, id)) < 0)
                return r;
        *ret = TAKE(id);
        return 0;
}

static int add_device(Builder *builder, const DomainChar *chr, const char *driver,
                      const char *element, json_object **ret) {
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, &id);

        if (r >= 0)
                r = device_begin(builder, driver, &chr->device, ret, "%s", element);
        if (r >= 0)
                json_put_text(builder, *ret, "chardev", id);
        return r;
}

/* ---- ports ---- */

/* A port that is part of the board: taken from a list in the order in which it is given. */
static int board_serial(Builder *builder, const DomainChar *chr) {
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, &id);

        if (r >= 0)
                argument(builder, "serial", "chardev:%s", id);
        return r;
}

int build_serial(Builder *builder, const Device *device, size_t index) {
        static const struct {
                const char *target, *driver; /* NULL: on the board */
        } guests[] = {
                { "isa-serial", "isa-serial" }, { "usb-serial", "usb-serial" },
                { "pci-serial", "pci-serial" }, { "spapr-vio-serial", "spapr-vty" },
                { "sclp-serial", "sclpconsole" }, { "isa-debug", "isa-debugcon" },
                { "system-serial", NULL },
        };
        const DomainChar *chr = (const DomainChar *) device;
        json_object *object = NULL;

        for (size_t i = 0; i < ELEMENTS(guests); i++) {
                if (!text_is(chr->target_type, guests[i].target))
                        continue;
                if (!guests[i].driver)
                        return board_serial(builder, chr);
                const char *driver = text_is(chr->target_model, "sclplmconsole") ? "sclplmconsole" :
                                                                                   guests[i].driver;
                int r = add_device(builder, chr, driver, "devices/serial", &object);
                if (r < 0)
                        return r;
                if (text_is(driver, "isa-serial") && device->address.type != ADDRESS_ISA)
                        json_put_number(builder, object, "index", chr->target_port.value);
                device_end(builder, object);
                return 0;
        }
        return unsupported(builder, "devices/serial: target/@type '%s'", chr->target_type ?: "");
}

int build_parallel(Builder *builder, const Device *device, size_t index) {
        json_object *object = NULL;
        int r = add_device(builder, (const DomainChar *) device, "isa-parallel", "devices/parallel",
                           &object);

        if (r >= 0)
                device_end(builder, object);
        return r;
}

int build_console(Builder *builder, const Device *device, size_t index) {
        static const struct {
                const char *target, *driver;
        } guests[] = { { "virtio", "virtconsole" }, { "sclp", "sclpconsole" },
                        { "sclplm", "sclplmconsole" } };
        const DomainChar *chr = (const DomainChar *) device;
        json_object *object = NULL;

        if (qemu_console_is_serial(builder->conf, index))
                return 0;
        for (size_t i = 0; i < ELEMENTS(guests); i++) {
                if (!text_is(chr->target_type, guests[i].target))
                        continue;
                int r = add_device(builder, chr, guests[i].driver, "devices/console", &object);
                if (r >= 0)
                        device_end(builder, object);
                return r;
        }
        return unsupported(
                builder,
                "devices/console: target/@type '%s' is not supported for a further console",
                chr->target_type ?: "");
}

/* ---- channels ---- */

static int virtio_channel(Builder *builder, const DomainChar *chr) {
        json_object *object = NULL;
        int r = add_device(builder, chr, "virtserialport", "devices/channel", &object);

        if (r < 0)
                return r;
        json_put_text(builder, object, "name",
                      chr->target_name
                              ?: chr->type == CHAR_SPICEVMC || chr->type == CHAR_QEMU_VDAGENT
                                 ? spice_agent
                                 : NULL);
        device_end(builder, object);
        return 0;
}

static int forward_channel(Builder *builder, const DomainChar *chr) {
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, &id);

        if (r >= 0)
                argument(builder, "netdev", "user,guestfwd=tcp:%s:%u-chardev:%s,id=%s",
                         chr->target_address ?: "", chr->target_port.value, id, chr->device.alias);
        return r;
}

int build_channel(Builder *builder, const Device *device, size_t index) {
        const DomainChar *chr = (const DomainChar *) device;

        if (text_is(chr->target_type, "virtio"))
                return virtio_channel(builder, chr);
        if (text_is(chr->target_type, "guestfwd"))
                return forward_channel(builder, chr);
        return unsupported(builder,
                           "devices/channel: target/@type '%s' is not supported for QEMU guests",
                           chr->target_type ?: "");
}

/* ---- sockets ---- */

/* The element of a channel's <source>, which its table knows. */
const MapElement *char_source_element(void) {
        for (const MapField *field = device_kinds[DEVICE_CHANNEL].element->fields; field->path;
             field++)
                if (text_is(field->path, "source"))
                        return field->arg;
        return NULL;
}

static int choose_path(DomainChar *chr, const char *folder, Error *error) {
        const char *name = chr->target_name ?: chr->device.alias ?: guest_agent;
        CharSource *source = chr->sources.n > 0 ? chr->sources.items[0] : NULL;

        if (source && source->path)
                return 0;
        if (strchr(name, '/'))
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "devices/channel: target/@name '%s' can't name a "
                            "socket; give it a source/@path",
                            name);
        if (!source && !(source = map_list_add(char_source_element(), &chr->sources)))
                return fail_memory(error);
        if (text_default(&source->mode, "bind") < 0)
                return fail_memory(error);
        if (asprintf(&source->path, "%s/%s", folder, name) < 0) {
                source->path = NULL;
                return fail_memory(error);
        }
        return 0;
}

int qemu_choose_paths(DomainConf *live, const QemuPlaces *places, Error *error) {
        for (size_t i = 0; i < live->channels.n; i++) {
                DomainChar *chr = live->channels.items[i];
                int r = chr->type == CHAR_UNIX ? choose_path(chr, places->folder, error) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
