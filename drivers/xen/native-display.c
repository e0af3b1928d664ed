/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays of native configurations: keys of their own for guests with hardware, a list of virtual
 * framebuffers ("vfb") for the others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/xen/native.h"

#define VNC_PORT 5900
#define VRAM_PV 4096    /* KiB */
#define VRAM_CIRRUS 8192

/* ---- from keys, or from the words of a vfb ---- */

/* A copy of what is said: among the words of spec, or as a key. */
static char *said(const NativeRead *read, const char *spec, const char *key) {
        if (spec)
                return spec_value(spec, key);
        const char *text = native_text(read->config, key);

        return text ? strdup(text) : NULL;
}

static bool said_true(const NativeRead *read, const char *spec, const char *key, bool fallback) {
        _cleanup_(freep) char *text = said(read, spec, key);

        return text ? strcmp(text, "0") != 0 : fallback;
}

static void put_said(NativeRead *read, const char *spec, const char *key, xmlNode *node,
                     const char *path) {
        _cleanup_(freep) char *text = said(read, spec, key);

        if (text && *text)
                native_put(read, node, path, "%s", text);
}

/* "address[:display]" is cut to the address; returns the display or -1. */
static long take_display(char *listen) {
        char *colon = listen ? strrchr(listen, ':') : NULL;

        if (!colon || strchr(listen, ':') != colon)
                return -1;
        *colon = 0;
        return atol(colon + 1);
}

static void put_listen(NativeRead *read, xmlNode *node, const char *listen) {
        if (!listen || !*listen)
                return;
        native_put(read, node, "@listen", "%s", listen);
        native_put(read, node, "listen/@type", "address");
        native_put(read, node, "listen/@address", "%s", listen);
}

static void put_vnc(NativeRead *read, const char *spec) {
        _cleanup_(freep) char *listen = said(read, spec, "vnclisten");
        _cleanup_(freep) char *number = said(read, spec, "vncdisplay");
        xmlNode *node = native_add(read, read->root, "devices/graphics");
        long display = take_display(listen);

        if (number)
                display = atol(number);
        bool chosen = said_true(read, spec, "vncunused", display < 0);

        chosen = chosen || display < 0 || display > UINT16_MAX - VNC_PORT;
        native_put(read, node, "@type", "vnc");
        native_put(read, node, "@port", "%ld", chosen ? -1 : display + VNC_PORT);
        native_put(read, node, "@autoport", "%s", chosen ? "yes" : "no");
        put_listen(read, node, listen);
        put_said(read, spec, "keymap", node, "@keymap");
        put_said(read, spec, "vncpasswd", node, "@passwd");
}

static void put_sdl(NativeRead *read, const char *spec) {
        xmlNode *node = native_add(read, read->root, "devices/graphics");

        native_put(read, node, "@type", "sdl");
        put_said(read, spec, "display", node, "@display");
        put_said(read, spec, "xauthority", node, "@xauth");
}

static void put_spice(NativeRead *read) {
        const NativeConfig *config = read->config;
        xmlNode *node = native_add(read, read->root, "devices/graphics");
        const char *host = native_text(config, "spicehost");
        long long port = 0, tls = 0;
        bool fixed = native_number(config, "spiceport", &port);

        fixed = native_number(config, "spicetls_port", &tls) || fixed;
        native_put(read, node, "@type", "spice");
        if (port > 0)
                native_put(read, node, "@port", "%lld", port);
        if (tls > 0)
                native_put(read, node, "@tlsPort", "%lld", tls);
        native_put(read, node, "@autoport", "%s", fixed ? "no" : "yes");
        put_listen(read, node, host);
        if (!native_true(config, "spicedisable_ticketing", false))
                put_said(read, NULL, "spicepasswd", node, "@passwd");
        native_put(read, node, "mouse/@mode", "%s",
                   native_true(config, "spiceagent_mouse", false) ? "client" : "server");
        native_put(read, node, "clipboard/@copypaste", "%s",
                   native_true(config, "spice_clipboard_sharing", false) ? "yes" : "no");
}

static void read_vfb(NativeRead *read, const char *spec) {
        _cleanup_(freep) char *type = spec_value(spec, "type");
        bool sdl = said_true(read, spec, "sdl", type && strcmp(type, "sdl") == 0);
        bool vnc = said_true(read, spec, "vnc", type ? strcmp(type, "vnc") == 0 : !sdl);

        if (vnc)
                put_vnc(read, spec);
        if (sdl)
                put_sdl(read, spec);
}

/* xl shows a guest with hardware by VNC unless it is told not to. */
int native_read_graphics(NativeRead *read) {
        const NativeConfig *config = read->config;
        bool spice = native_true(config, "spice", false), sdl = native_true(config, "sdl", false);
        bool shown = read->dialect == NATIVE_XL && read->guest == GUEST_HVM && !spice && !sdl &&
                     !native_true(config, "nographic", false);

        for (size_t i = 0; i < native_count(config, "vfb"); i++)
                if (native_item(config, "vfb", i))
                        read_vfb(read, native_item(config, "vfb", i));
        if (native_count(config, "vfb") > 0 && read->guest != GUEST_HVM)
                return 0;
        if (native_true(config, "vnc", shown))
                put_vnc(read, NULL);
        if (sdl)
                put_sdl(read, NULL);
        if (spice && read->dialect == NATIVE_XL)
                put_spice(read);
        return 0;
}

/* ---- the card ---- */

static const struct {
        const char *xl, *model;
} cards[] = { { "stdvga", "vga" }, { "cirrus", "cirrus" }, { "qxl", "qxl" }, { "none", "none" } };

static void put_video(NativeRead *read, const char *model, long long vram) {
        xmlNode *node = native_add(read, read->root, "devices/video");

        native_put(read, node, "model/@type", "%s", model);
        if (strcmp(model, "none") == 0)
                return;
        if (vram > 0)
                native_put(read, node, "model/@vram", "%lld", vram);
        native_put(read, node, "model/@heads", "1");
        native_put(read, node, "model/@primary", "yes");
}

static bool has_graphics(const NativeRead *read) {
        for (xmlNode *node = read->root->children; node; node = node->next)
                for (xmlNode *child = node->children; child; child = child->next)
                        if (xmlStrEqual(child->name, (const xmlChar *) "graphics"))
                                return true;
        return false;
}

int native_read_video(NativeRead *read) {
        const char *vga = native_text(read->config, "vga"), *model = NULL;
        long long mib = 0;

        if (read->guest != GUEST_HVM) {
                if (has_graphics(read))
                        put_video(read, "xen", VRAM_PV);
                return 0;
        }
        for (size_t i = 0; vga && i < ELEMENTS(cards); i++)
                if (strcmp(vga, cards[i].xl) == 0)
                        model = cards[i].model;
        if (!model && native_true(read->config, "stdvga", false))
                model = "vga";
        if (!native_number(read->config, "videoram", &mib) || mib < 0 || mib > UINT16_MAX)
                mib = 0;
        if (model || mib > 0 || has_graphics(read))
                put_video(read, model ?: "cirrus",
                          mib > 0 ? mib * 1024 : !model || strcmp(model, "cirrus") == 0
                                                         ? VRAM_CIRRUS : 0);
        return 0;
}

int native_write_video(NativeWrite *write) {
        const DomainVideo *video = write->conf->videos.n > 0 ? write->conf->videos.items[0] : NULL;

        if (!video || !video->model || write->guest != GUEST_HVM)
                return 0;
        bool cirrus = strcmp(video->model, "cirrus") == 0;

        for (size_t i = 0; i < ELEMENTS(cards); i++)
                if (!cirrus && strcmp(video->model, cards[i].model) == 0)
                        native_set_text(write->config, "vga", cards[i].xl);
        if (video->vram >= 1024 && !(cirrus && video->vram == VRAM_CIRRUS))
                native_set_number(write->config, "videoram", video->vram / 1024);
        return 0;
}

/* ---- back ---- */

static const char *listen_of(const DomainGraphics *graphics) {
        if (graphics->listen)
                return graphics->listen;
        for (size_t i = 0; i < graphics->listens.n; i++)
                if (graphics->listens.items[i]->address)
                        return graphics->listens.items[i]->address;
        return NULL;
}

/* Keys and texts of one display, in the order in which a vfb has them. */
typedef struct Words {
        NativeWrite *write;
        NativeSpec *spec; /* NULL: they become keys */
} Words;

static void add_text(Words *words, const char *key, const char *text) {
        if (text && words->spec)
                spec_add(words->spec, "%s=%s", key, text);
        else
                native_set_text(words->write->config, key, text);
}

static void add_number(Words *words, const char *key, long long number) {
        if (words->spec)
                spec_add(words->spec, "%s=%lld", key, number);
        else
                native_set_number(words->write->config, key, number);
}

static void write_vnc(Words *words, const DomainGraphics *graphics) {
        bool chosen = graphics->autoport == TRISTATE_YES || graphics->port < VNC_PORT;

        add_number(words, "vncunused", chosen);
        if (!chosen)
                add_number(words, "vncdisplay", graphics->port - VNC_PORT);
        add_text(words, "vnclisten", listen_of(graphics));
        add_text(words, "vncpasswd", graphics->passwd);
        add_text(words, "keymap", graphics->keymap);
}

static void write_sdl(Words *words, const DomainGraphics *graphics) {
        add_text(words, "display", graphics->display);
        add_text(words, "xauthority", graphics->xauth);
}

static void write_spice(NativeWrite *write, const DomainGraphics *graphics) {
        NativeConfig *config = write->config;
        bool client = graphics->mouse && strcmp(graphics->mouse, "client") == 0;
        bool paste = graphics->clipboard && strcmp(graphics->clipboard, "yes") == 0;

        native_set_number(config, "spice", 1);
        native_set_text(config, "spicehost", listen_of(graphics));
        if (graphics->autoport != TRISTATE_YES && graphics->port > 0)
                native_set_number(config, "spiceport", graphics->port);
        if (graphics->autoport != TRISTATE_YES && graphics->tls_port > 0)
                native_set_number(config, "spicetls_port", graphics->tls_port);
        native_set_number(config, "spicedisable_ticketing", !graphics->passwd);
        native_set_text(config, "spicepasswd", graphics->passwd);
        if (graphics->mouse)
                native_set_number(config, "spiceagent_mouse", client);
        if (client || paste)
                native_set_number(config, "spicevdagent", 1);
        if (paste)
                native_set_number(config, "spice_clipboard_sharing", 1);
}

static int write_display(NativeWrite *write, const DomainGraphics *graphics) {
        bool vnc = graphics->type == GRAPHICS_VNC, sdl = graphics->type == GRAPHICS_SDL;
        bool spice = graphics->type == GRAPHICS_SPICE && write->guest == GUEST_HVM &&
                     write->dialect == NATIVE_XL;
        NativeSpec spec = {};
        Words words = { write, write->guest == GUEST_HVM ? NULL : &spec };

        if (!vnc && !sdl && !spice)
                return fail(write->error, ERROR_CONFIG_UNSUPPORTED,
                            "Xen has no display of type '%s' for such a guest",
                            graphics_types[graphics->type]);
        if (words.spec)
                spec_add(&spec, "type=%s", vnc ? "vnc" : "sdl");
        else if (!spice)
                native_set_number(write->config, vnc ? "vnc" : "sdl", 1);
        if (vnc)
                write_vnc(&words, graphics);
        else if (sdl)
                write_sdl(&words, graphics);
        else
                write_spice(write, graphics);
        if (words.spec)
                spec_finish(&spec, write->config, "vfb");
        return 0;
}

int native_write_graphics(NativeWrite *write) {
        const DomainConf *conf = write->conf;
        int r = 0;

        if (write->guest == GUEST_HVM && (conf->graphics.n > 0 || write->dialect == NATIVE_XL)) {
                native_set_number(write->config, "sdl", 0);
                native_set_number(write->config, "vnc", 0);
        }
        for (size_t i = 0; r >= 0 && i < conf->graphics.n; i++)
                r = write_display(write, conf->graphics.items[i]);
        return r;
}
