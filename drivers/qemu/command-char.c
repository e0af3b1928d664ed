/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial and parallel ports, consoles and channels: a character device, and what the guest sees of
 * it. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void put_reconnect(Option *option, unsigned seconds) {
        if (qemu_caps_has(option->builder->caps, "chardev.reconnect-ms") &&
            !qemu_caps_has(option->builder->caps, "chardev.reconnect"))
                option_add(option, ",reconnect-ms=%u000", seconds);
        else
                option_add(option, ",reconnect=%u", seconds);
}

static void put_server(Option *option, const CharSource *source, bool bind) {
        if (bind)
                option_add(option, ",server=on,wait=off");
        else if (source->reconnect == TRISTATE_YES && source->reconnect_timeout.set)
                put_reconnect(option, source->reconnect_timeout.value);
        else if (source->reconnect == TRISTATE_NO)
                put_reconnect(option, 0);
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

/* Where certificates are: in the folder of this use, else in the common one. */
const char *tls_folder(const char *use, char path[static TLS_FOLDER_MAX]) {
        (void) snprintf(path, TLS_FOLDER_MAX, "/etc/pki/libvirt-%s", use);
        return access(path, X_OK) == 0 ? path : "/etc/pki/qemu";
}

/* Credentials for one side of a connection; id is of the chardev. */
static int add_credentials(Builder *builder, const char *id, bool server, Option *option) {
        json_object *object;
        char folder[TLS_FOLDER_MAX];

        if (!qemu_caps_has_type(builder->caps, "tls-creds-x509"))
                return unsupported(builder, "%s: source/@tls: %s has no 'tls-creds-x509'", id,
                                   builder->caps->binary);
        object = json_new(builder);
        json_put_text(builder, object, "qom-type", "tls-creds-x509");
        json_putf(builder, object, "id", "obj%s_tls0", id);
        json_put_text(builder, object, "dir", tls_folder("chardev", folder));
        json_put_text(builder, object, "endpoint", server ? "server" : "client");
        json_put_bool(builder, object, "verify-peer", true);
        argument_json(builder, "object", object);
        option_add(option, ",tls-creds=obj%s_tls0", id);
        return 0;
}

static int tcp_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);
        bool bind = text_is(source->mode, "bind");
        bool secure = text_is(source->tls, "yes") || text_is(chr->protocol, "tls") ||
                      text_is(chr->protocol, "telnets");
        _cleanup_(freep) char *id = NULL;

        option_add_text(option, "host", source->host ?: "");
        option_add_text(option, "port", source->service ?: "");
        if (text_starts(chr->protocol, "telnet"))
                option_add(option, ",telnet=on");
        put_server(option, source, bind);
        if (!secure)
                return 0;
        if (asprintf(&id, "char%s", chr->device.alias) < 0) {
                id = NULL;
                return fail_memory(builder->error);
        }
        return add_credentials(builder, id, bind, option);
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

static int spiceport_source(Builder *builder, const DomainChar *chr, Option *option) {
        option_add_text(option, "name", first_source(chr)->channel);
        return 0;
}

static int vdagent_source(Builder *builder, const DomainChar *chr, Option *option) {
        const CharSource *source = first_source(chr);

        option_add(option, ",name=vdagent");
        if (source->clipboard)
                option_add(option, ",clipboard=%s",
                           text_is(source->clipboard, "yes") ? "on" : "off");
        if (source->mouse)
                option_add(option, ",mouse=%s", text_is(source->mouse, "client") ? "on" : "off");
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
        [CHAR_SPICEVMC]     = { "spicevmc", NULL, "chardev-spicevmc" },
        [CHAR_SPICEPORT]    = { "spiceport", spiceport_source, "chardev-spiceport" },
        [CHAR_NMDM]         = {},
        [CHAR_QEMU_VDAGENT] = { "qemu-vdagent", vdagent_source, "chardev-qemu-vdagent" },
        [CHAR_DBUS]         = { "dbus", spiceport_source, "chardev-dbus" },
};

int build_chardev(Builder *builder, const DomainChar *chr, const char *id, const char *spice) {
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
        if (chr->type == CHAR_SPICEVMC)
                option_add_text(&option, "name", spice ?: "vdagent");
        else if (chr->type == CHAR_DBUS && !first_source(chr)->channel && spice)
                option_add(&option, ",name=org.qemu.%s", spice);
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
static int add_chardev(Builder *builder, const DomainChar *chr, const char *spice, char **ret) {
        _cleanup_(freep) char *id = NULL;
        int r;

        if (asprintf(&id, "char%s", chr->device.alias) < 0) {
                id = NULL;
                return fail_memory(builder->error);
        }
        if ((r = build_chardev(builder, chr, id, spice)) < 0)
                return r;
        *ret = TAKE(id);
        return 0;
}

int add_char_device(Builder *builder, const DomainChar *chr, const char *driver, const char *spice,
                    const char *element, json_object **ret) {
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, spice, &id);

        if (r >= 0)
                r = device_begin(builder, driver, &chr->device, ret, "%s", element);
        if (r >= 0)
                json_put_text(builder, *ret, "chardev", id);
        return r;
}

static int add_device(Builder *builder, const DomainChar *chr, const char *driver,
                      const char *element, json_object **ret) {
        return add_char_device(builder, chr, driver, NULL, element, ret);
}

/* ---- ports ---- */

/* A port that is part of the board: taken from a list in the order in which it is given. */
static int board_serial(Builder *builder, const DomainChar *chr) {
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, NULL, &id);

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
        json_object *netdev, *forwards, *forward;
        _cleanup_(freep) char *id = NULL;
        int r = add_chardev(builder, chr, NULL, &id);

        if (r < 0)
                return r;
        netdev = json_new(builder);
        forward = json_new(builder);
        forwards = json_object_new_array();
        json_put_text(builder, netdev, "type", "user");
        json_putf(builder, forward, "str", "tcp:%s:%u-chardev:%s", chr->target_address ?: "",
                  chr->target_port.value, id);
        if (!forwards || json_object_array_add(forwards, forward) < 0)
                builder->no_memory = true;
        json_put(builder, netdev, "guestfwd", forwards);
        json_put_text(builder, netdev, "id", chr->device.alias);
        argument_json(builder, "netdev", netdev);
        return 0;
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

/* A display that listens on a socket without a name. */
static int choose_display(DomainGraphics *graphics, const char *folder, Error *error) {
        GraphicsListen *listen = graphics->listens.n > 0 ? graphics->listens.items[0] : NULL;
        const char *name = map_enum_name(graphics_types, graphics->type);

        if (qemu_display_has_bus(graphics) &&
            asprintf(&graphics->bus_address, "unix:path=%s/" QEMU_BUS_SOCKET, folder) < 0) {
                graphics->bus_address = NULL;
                return fail_memory(error);
        }
        if (!listen || !text_is(listen->type, "socket") || listen->socket || graphics->socket)
                return 0;
        if (asprintf(&listen->socket, "%s/%s.sock", folder, name ?: "display") < 0) {
                listen->socket = NULL;
                return fail_memory(error);
        }
        return text_set(&listen->auto_generated, "yes") < 0 ? fail_memory(error) : 0;
}

int qemu_choose_paths(DomainConf *live, const QemuPlaces *places, Error *error) {
        for (size_t i = 0; i < live->graphics.n; i++) {
                int r = choose_display(live->graphics.items[i], places->folder, error);

                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < live->channels.n; i++) {
                DomainChar *chr = live->channels.items[i];
                int r = chr->type == CHAR_UNIX ? choose_path(chr, places->folder, error) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
