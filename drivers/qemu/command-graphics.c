/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person sees and hears: displays, video cards, sound cards and where sound goes. Passwords
 * are set over QMP once the guest is there; the command line only says that there will be one. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

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

/* The audio device a display carries: its own, else the first there is. */
static void audio_id(Builder *builder, MaybeU32 chosen, char text[static 24]) {
        const xmlNode *devices = devices_node(builder->conf);
        const xmlNode *audio = node_child(devices, "audio");
        _cleanup_(xml_freep) xmlChar *id = audio ? node_attribute(audio, "id") : NULL;
        unsigned number = chosen.set ? chosen.value : id ? strtoul((const char *) id, NULL, 10) : 1;

        (void) snprintf(text, 24, "audio%u", number);
}

/* ---- vnc ---- */

static int vnc_place(Builder *builder, const DomainGraphics *graphics, Option *option) {
        const char *socket = socket_of(graphics), *address = qemu_listen_address(graphics);

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
        if (graphics->audio.set || !listens_not(graphics)) {
                audio_id(builder, graphics->audio, audio);
                option_add(&option, ",audiodev=%s", audio);
        }
        option_done(&option, "vnc");
        if (graphics->keymap)
                argument(builder, "k", "%s", graphics->keymap);
        return 0;
}

/* ---- spice ---- */

/* Elements of <graphics type='spice'> that are kept in the document, and QEMU's words for them. */
static const struct {
        const char *element, *attribute, *option, *value,
                *as; /* value: only this one, then written as "as" */
} spice_elements[] = {
        { "image",        "compression", "image-compression" },
        { "jpeg",         "compression", "jpeg-wan-compression" },
        { "zlib",         "compression", "zlib-glz-wan-compression" },
        { "playback",     "compression", "playback-compression" },
        { "streaming",    "mode",        "streaming-video" },
        { "mouse",        "mode",        "agent-mouse", "server", "off" },
        { "mouse",        "mode",        "agent-mouse", "client", "on" },
        { "clipboard",    "copypaste",   "disable-copy-paste", "no", "on" },
        { "filetransfer", "enable",      "disable-agent-file-xfer", "no", "on" },
};

static void spice_extras(const DomainGraphics *graphics, Option *option) {
        for (size_t i = 0; i < ELEMENTS(spice_elements); i++) {
                const xmlNode *node =
                        node_child(graphics->device.item.node, spice_elements[i].element);
                _cleanup_(xml_freep) xmlChar *text =
                        node ? node_attribute(node, spice_elements[i].attribute) : NULL;

                if (!text)
                        continue;
                if (!spice_elements[i].value)
                        option_add_text(option, spice_elements[i].option, (const char *) text);
                else if (text_is((const char *) text, spice_elements[i].value))
                        option_add_text(option, spice_elements[i].option, spice_elements[i].as);
        }
        if (graphics->gl == TRISTATE_YES) {
                option_add(option, ",gl=on");
                option_add_text(option, "rendernode", graphics->rendernode);
        }
}

static int build_spice(Builder *builder, const DomainGraphics *graphics) {
        _cleanup_(option_clear) Option option = { builder, NULL };
        const char *socket = socket_of(graphics);

        if (!qemu_caps_has_type(builder->caps, "chardev-spicevmc"))
                return unsupported(builder,
                                   "devices/graphics[@type='spice'] is not supported by %s",
                                   builder->caps->binary);
        if (graphics->tls_port > 0)
                return unsupported(builder,
                                   "devices/graphics[@type='spice']/@tlsPort is not supported yet");
        if (listens_not(graphics))
                option_add(&option, "port=0");
        else if (socket) {
                option_add(&option, "unix=on");
                option_add_text(&option, "addr", socket);
        } else
                option_add(&option, "port=%lld,addr=%s", (long long) MAX(graphics->port, 0),
                           qemu_listen_address(graphics));
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

/* NULL: a window on the host, which a service has not. */
static int (*const displays[])(Builder *builder, const DomainGraphics *graphics) = {
        [GRAPHICS_SDL] = NULL,
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

/* ---- video ---- */

/* The first card is the one firmware writes to; some models have another device for that. */
static const struct {
        const char *model, *first, *further;
        bool ram, heads; /* which of the options it knows */
} cards[] = {
        { "vga",    "VGA",           NULL,         true,  false },
        { "cirrus", "cirrus-vga",    NULL,         true,  false },
        { "vmvga",  "vmware-svga",   NULL,         true,  false },
        { "qxl",    "qxl-vga",       "qxl",        false, true },
        { "virtio", "virtio-vga",    "virtio-gpu", false, true },
        { "bochs",  "bochs-display", "bochs-display", false, false },
        { "ramfb",  "ramfb",         NULL,         false, false },
};

static char *card_driver(Builder *builder, const DomainVideo *video, size_t card, size_t index) {
        const char *name =
                index == 0 || !cards[card].further ? cards[card].first : cards[card].further;
        bool gl = video->accel3d == TRISTATE_YES;
        char *text;

        if (!text_is(video->model, "virtio"))
                return strdup(name);
        if (index == 0 && qemu_is_x86(builder->conf))
                return strdup(gl ? "virtio-vga-gl" : "virtio-vga");
        if (gl)
                return strdup("virtio-gpu-gl-pci");
        text = virtio_driver("virtio-gpu", &video->device);
        return text;
}

static void put_qxl(Builder *builder, const DomainVideo *video, json_object *object) {
        json_put_some(builder, object, "ram_size", (int64_t) video->ram * 1024);
        json_put_some(builder, object, "vram_size", (int64_t) video->vram * 1024);
        json_put_some(builder, object, "vram64_size_mb", video->vram64 / 1024);
        json_put_some(builder, object, "vgamem_mb", video->vgamem / 1024);
}

int build_video(Builder *builder, const Device *device, size_t index) {
        const DomainVideo *video = (const DomainVideo *) device;
        json_object *object;
        size_t card = 0;

        if (text_is(video->model, "none"))
                return 0;
        if (video->driver_name && !text_is(video->driver_name, "qemu"))
                return unsupported(builder, "devices/video/driver/@name '%s' is not supported yet",
                                   video->driver_name);
        while (card < ELEMENTS(cards) && !text_is(cards[card].model, video->model))
                card++;
        if (card == ELEMENTS(cards))
                return unsupported(
                        builder, "devices/video/model/@type '%s' is not supported for QEMU guests",
                        video->model ?: "");
        _cleanup_(freep) char *driver = card_driver(builder, video, card, index);
        int r = device_begin(builder, driver, device, &object, "devices/video model '%s'",
                             video->model);
        if (r < 0)
                return r;
        if (cards[card].ram)
                json_put_some(builder, object, "vgamem_mb", video->vram / 1024);
        if (text_is(video->model, "qxl"))
                put_qxl(builder, video, object);
        if (text_is(video->model, "bochs"))
                json_put_some(builder, object, "vgamem", (int64_t) video->vram * 1024);
        if (cards[card].heads)
                json_put_some(builder, object, "max_outputs", video->heads);
        json_put_state(builder, object, "blob", video->blob);
        json_put_state(builder, object, "edid", video->edid);
        json_put_some(builder, object, "xres", video->x);
        json_put_some(builder, object, "yres", video->y);
        device_end(builder, object);
        return 0;
}

/* ---- sound ---- */

static int add_audio(Builder *builder, const char *id, const char *type) {
        static const struct {
                const char *type, *driver;
        } backends[] = {
                { "none", "none" }, { "alsa", "alsa" }, { "dbus", "dbus" }, { "jack", "jack" },
                { "oss", "oss" }, { "pulseaudio", "pa" }, { "sdl", "sdl" }, { "spice", "spice" },
                { "file", "wav" },
        };

        for (size_t i = 0; i < ELEMENTS(backends); i++) {
                if (!text_is(type, backends[i].type))
                        continue;
                argument(builder, "audiodev", "{\"id\":\"audio%s\",\"driver\":\"%s\"}", id,
                         backends[i].driver);
                return 0;
        }
        return unsupported(builder, "devices/audio/@type '%s' is not supported for QEMU guests",
                           type);
}

int build_audio(Builder *builder) {
        const xmlNode *devices = devices_node(builder->conf);
        const xmlNode *audio = node_child(devices, "audio");

        if (!audio)
                return add_audio(builder, "1", "none");
        for (; audio; audio = node_next(audio)) {
                _cleanup_(xml_freep) xmlChar *id = node_attribute(audio, "id");
                _cleanup_(xml_freep) xmlChar *type = node_attribute(audio, "type");
                char number[16];

                (void) snprintf(number, sizeof(number), "%lu",
                                id ? strtoul((char *) id, NULL, 10) & 0xffff : 1);
                int r = add_audio(builder, number, type ? (const char *) type : "none");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A codec of an Intel HDA card. */
static int add_codec(Builder *builder, const DomainSound *sound, const char *type, unsigned cad) {
        _cleanup_(freep) char *id = NULL, *driver = NULL;
        json_object *object;
        char audio[24];

        if (asprintf(&id, "%s-codec%u", sound->device.alias, cad) < 0)
                id = NULL;
        if (asprintf(&driver, "hda-%s", type) < 0)
                driver = NULL;
        if (!id)
                return fail_memory(builder->error);
        int r = device_begin_bare(builder, driver, id, &object, "devices/sound/codec/@type '%s'",
                                  type);
        if (r < 0)
                return r;
        audio_id(builder, sound->audio, audio);
        json_putf(builder, object, "bus", "%s.0", sound->device.alias);
        json_put_number(builder, object, "cad", cad);
        json_put_text(builder, object, "audiodev", audio);
        device_end(builder, object);
        return 0;
}

static int add_codecs(Builder *builder, const DomainSound *sound) {
        const xmlNode *codec = node_child(sound->device.item.node, "codec");
        int r = 0;

        if (!codec)
                return add_codec(builder, sound, "duplex", 0);
        for (unsigned cad = 0; codec && r >= 0; codec = node_next(codec), cad++) {
                _cleanup_(xml_freep) xmlChar *type = node_attribute(codec, "type");

                r = add_codec(builder, sound, type ? (const char *) type : "duplex", cad);
        }
        return r;
}

int build_sound(Builder *builder, const Device *device, size_t index) {
        static const struct {
                const char *model, *driver;
                bool hda;
        } backends[] = {
                { "ac97", "AC97" },
                { "es1370", "ES1370" },
                { "sb16", "sb16" },
                { "usb", "usb-audio" },
                { "ich6", "intel-hda", true },
                { "ich9", "ich9-intel-hda", true },
        };
        const DomainSound *sound = (const DomainSound *) device;
        json_object *object;
        char audio[24];

        for (size_t i = 0; i < ELEMENTS(backends); i++) {
                if (!text_is(sound->model, backends[i].model))
                        continue;
                int r = device_begin(builder, backends[i].driver, device, &object,
                                     "devices/sound model '%s'", sound->model);
                if (r < 0)
                        return r;
                if (!backends[i].hda) {
                        audio_id(builder, sound->audio, audio);
                        json_put_text(builder, object, "audiodev", audio);
                }
                if (text_is(sound->model, "usb"))
                        json_put_state(builder, object, "multi", sound->multichannel);
                device_end(builder, object);
                return backends[i].hda ? add_codecs(builder, sound) : 0;
        }
        return unsupported(builder, "devices/sound/@model '%s' is not supported for QEMU guests",
                           sound->model ?: "");
}
