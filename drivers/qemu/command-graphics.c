/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays. Passwords are set over QMP once the guest is there; the command line only says that
 * there will be one. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

#include "drivers/ports.h"

/* ---- where a display listens ---- */

static const GraphicsListen *first_listen(const DomainGraphics *graphics) {
        return graphics->listens.n > 0 ? graphics->listens.items[0] : NULL;
}

static const char *socket_of(const DomainGraphics *graphics) {
        const GraphicsListen *listen = first_listen(graphics);

        return listen && text_is(listen->type, "socket") ? listen->socket ?: graphics->socket :
                                                           graphics->socket;
}

static bool listens_not(const DomainGraphics *graphics) {
        const GraphicsListen *listen = first_listen(graphics);

        return listen && text_is(listen->type, "none");
}

/* ---- vnc ---- */

static int vnc_place(Builder *builder, const DomainGraphics *graphics, Option *option) {
        const char *socket = socket_of(graphics), *address = display_address(graphics);

        if (listens_not(graphics)) {
                option_add(option, "vnc=none");
                return 0;
        }
        if (socket) {
                option_add(option, "vnc=unix:");
                option_add_escaped(option, socket);
                return 0;
        }
        if (graphics->port < 5900)
                return unsupported(builder,
                                   "devices/graphics[@type='vnc']/@port %lld: vnc starts at 5900",
                                   (long long) graphics->port);
        option_add(option, strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address,
                   (long long) graphics->port - 5900);
        return 0;
}

static int build_vnc(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        char audio[24];
        int r = vnc_place(builder, graphics, &option);

        if (r < 0)
                return r;
        if (graphics->websocket > 0)
                option_add(&option, ",websocket=%lld", (long long) graphics->websocket);
        if (graphics->share_policy)
                option_add_text(&option, "share", graphics->share_policy);
        if (graphics->passwd)
                option_add(&option, ",password=on");
        if (text_is(graphics->power_control, "yes"))
                option_add(&option, ",power-control=on");
        audio_id(builder, graphics->audio, audio);
        option_add(&option, ",audiodev=%s", audio);
        option_done(&option, "vnc");
        if (graphics->keymap)
                argument(builder, "k", "%s", graphics->keymap);
        return 0;
}

/* ---- spice ---- */

/* "secure" and "insecure" of a channel, or of those that no element names. */
static void add_channel(Option *option, const char *name, const char *mode) {
        if (text_is(mode, "secure"))
                option_add_text(option, "tls-channel", name);
        else if (text_is(mode, "insecure"))
                option_add_text(option, "plaintext-channel", name);
}

static void spice_extras(const DomainGraphics *graphics, Option *option) {
        const struct {
                const char *name, *value;
        } texts[] = {
                { "image-compression", graphics->image },
                { "jpeg-wan-compression", graphics->jpeg },
                { "zlib-glz-wan-compression", graphics->zlib },
                { "playback-compression", graphics->playback },
                { "streaming-video", graphics->streaming },
        };

        add_channel(option, "default", graphics->default_mode);
        for (size_t i = 0; i < graphics->channels.n; i++)
                add_channel(option, graphics->channels.items[i]->name,
                            graphics->channels.items[i]->mode);
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                option_add_text(option, texts[i].name, texts[i].value);
        if (graphics->mouse)
                option_add(option, ",agent-mouse=%s", text_is(graphics->mouse, "server") ? "off"
                                                                                         : "on");
        if (text_is(graphics->clipboard, "no"))
                option_add(option, ",disable-copy-paste=on");
        if (text_is(graphics->filetransfer, "no"))
                option_add(option, ",disable-agent-file-xfer=on");
        if (graphics->gl == TRISTATE_YES) {
                option_add(option, ",gl=on");
                option_add_text(option, "rendernode", graphics->rendernode);
        }
}

static void spice_ports(const DomainGraphics *graphics, Option *option) {
        char folder[TLS_FOLDER_MAX];
        bool plain = graphics->port > 0 || graphics->tls_port <= 0;

        if (plain)
                option_add(option, "port=%lld", (long long) MAX(graphics->port, 0));
        if (graphics->tls_port > 0)
                option_add(option, "%stls-port=%lld", plain ? "," : "",
                           (long long) graphics->tls_port);
        option_add_text(option, "addr", display_address(graphics));
        if (graphics->tls_port > 0)
                option_add_text(option, "x509-dir", tls_folder("spice", folder));
}

static int build_spice(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        const char *socket = socket_of(graphics);

        if (!qemu_caps_has_type(builder->caps, "chardev-spicevmc"))
                return unsupported(builder,
                                   "devices/graphics[@type='spice'] is not supported by %s",
                                   builder->caps->binary);
        if (listens_not(graphics))
                option_add(&option, "port=0");
        else if (socket) {
                option_add(&option, "unix=on");
                option_add_text(&option, "addr", socket);
        } else
                spice_ports(graphics, &option);
        if (!graphics->passwd)
                option_add(&option, ",disable-ticketing=on");
        spice_extras(graphics, &option);
        option_add(&option, ",seamless-migration=on");
        option_done(&option, "spice");
        if (graphics->keymap)
                argument(builder, "k", "%s", graphics->keymap);
        return 0;
}

/* ---- the others ---- */

static int build_headless(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        option_add(&option, "egl-headless");
        option_add_text(&option, "rendernode", graphics->rendernode);
        option_done(&option, "display");
        return 0;
}

static int build_dbus(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        char audio[24];

        option_add(&option, "dbus");
        if (text_is(graphics->p2p, "yes"))
                option_add(&option, ",p2p=on");
        else
                option_add_text(&option, "addr", graphics->bus_address);
        option_add_state(&option, "gl", graphics->gl);
        option_add_text(&option, "rendernode", graphics->rendernode);
        if (graphics->audio.set) {
                audio_id(builder, graphics->audio, audio);
                option_add(&option, ",audiodev=%s", audio);
        }
        option_done(&option, "display");
        return 0;
}

/* A window on a display of the host, which the definition must name. */
static int build_sdl(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };

        if (!qemu_caps_has(builder->caps, "query-display-options/type=sdl"))
                return unsupported(builder, "devices/graphics[@type='sdl'] is not supported by %s",
                                   builder->caps->binary);
        option_add(&option, "sdl");
        option_add_state(&option, "gl", graphics->gl);
        option_done(&option, "display");
        if (graphics->fullscreen == TRISTATE_YES)
                argument(builder, "full-screen", NULL);
        if (graphics->display)
                environment(builder, "DISPLAY", graphics->display);
        if (graphics->xauth)
                environment(builder, "XAUTHORITY", graphics->xauth);
        return 0;
}

/* NULL: QEMU has no such display. */
static int (*const displays[])(Builder *builder, const DomainGraphics *graphics) = {
        [GRAPHICS_SDL] = build_sdl,
        [GRAPHICS_VNC] = build_vnc,
        [GRAPHICS_RDP] = NULL,
        [GRAPHICS_DESKTOP] = NULL,
        [GRAPHICS_SPICE] = build_spice,
        [GRAPHICS_EGL_HEADLESS] = build_headless,
        [GRAPHICS_DBUS] = build_dbus,
};

int build_graphics(Builder *builder, const Device *device, size_t index) {
        const DomainGraphics *graphics = (const DomainGraphics *) device;

        if ((size_t) graphics->type >= ELEMENTS(displays) || !displays[graphics->type])
                return unsupported(builder,
                                   "devices/graphics/@type '%s' is not supported for QEMU guests",
                                   map_enum_name(graphics_types, graphics->type) ?: "");
        return displays[graphics->type](builder, graphics);
}
