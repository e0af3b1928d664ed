/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays and cards as libxl is asked for them: virtual framebuffers, and for guests with hardware
 * the same again as displays of their device model. */
#include "drivers/xen/config-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define VNC_PORT 5900

static int refuse_display(XenConfig *xen, const DomainGraphics *graphics, const char *what) {
        return config_refuse(xen, "devices/graphics '%s': %s", graphics_types[graphics->type],
                             what);
}

/* ---- of either guest ---- */

static int check_display(XenConfig *xen, const DomainGraphics *graphics) {
        bool spice = graphics->type == GRAPHICS_SPICE;
        bool known = spice || graphics->type == GRAPHICS_VNC || graphics->type == GRAPHICS_SDL;
        bool open = graphics->port <= 0 || graphics->autoport == TRISTATE_YES;
        const struct {
                bool there;
                const char *what;
        } rules[] = {
                { !known, "Xen has vnc, sdl and spice" },
                { spice && xen->guest != GUEST_HVM, "only for hvm guests" },
                { graphics->socket != NULL, "Xen's listen on addresses, not on sockets" },
                { graphics->type == GRAPHICS_VNC && !open && graphics->port < VNC_PORT,
                  "ports begin at 5900" },
                { graphics->port > UINT16_MAX, "no such port" },
                { graphics->websocket != 0, "Xen has no websocket" },
                { graphics->passwd_valid_to != NULL, "passwords have no end (passwdValidTo)" },
                { graphics->channels.n > 0, "libxl has no channels of spice" },
                { graphics->jpeg || graphics->zlib || graphics->playback,
                  "libxl sets image and streaming, but no other compression" },
                { spice && graphics->gl == TRISTATE_YES, "libxl has no gl for spice" },
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++)
                if (rules[i].there)
                        return refuse_display(xen, graphics, rules[i].what);
        for (size_t i = 0; i < graphics->listens.n; i++)
                if (config_is(graphics->listens.items[i]->type, "socket"))
                        return refuse_display(xen, graphics, "Xen's listen on addresses, not on "
                                              "sockets");
        return 0;
}

/* The port is the caller's choice, so libxl looks for none. */
static void set_vnc(XenConfig *xen, const DomainGraphics *graphics, libxl_vnc_info *ret) {
        libxl_defbool_set(&ret->enable, true);
        libxl_defbool_set(&ret->findunused, false);
        ret->display = graphics->port >= VNC_PORT ? (int) (graphics->port - VNC_PORT) : 0;
        config_text(xen, &ret->listen, config_listen(graphics));
        config_text(xen, &ret->passwd, graphics->passwd);
}

static void set_sdl(XenConfig *xen, const DomainGraphics *graphics, libxl_sdl_info *ret) {
        libxl_defbool_set(&ret->enable, true);
        libxl_defbool_set(&ret->opengl, graphics->gl == TRISTATE_YES);
        config_text(xen, &ret->display, graphics->display);
        config_text(xen, &ret->xauthority, graphics->xauth);
}

/* Each has a keyboard and mouse with it. */
static void add_framebuffer(XenConfig *xen, const DomainGraphics *graphics) {
        libxl_domain_config *config = xen->config;
        libxl_device_vfb *vfb = config_add(xen, &config->vfbs, &config->num_vfbs, sizeof(*vfb));
        libxl_device_vkb *vkb = config_add(xen, &config->vkbs, &config->num_vkbs, sizeof(*vkb));
        bool vnc = graphics->type == GRAPHICS_VNC;

        if (vkb)
                libxl_device_vkb_init(vkb);
        if (!vfb)
                return;
        libxl_device_vfb_init(vfb);
        libxl_defbool_set(&vfb->vnc.enable, vnc);
        libxl_defbool_set(&vfb->sdl.enable, !vnc);
        if (vnc)
                set_vnc(xen, graphics, &vfb->vnc);
        else
                set_sdl(xen, graphics, &vfb->sdl);
        config_text(xen, &vfb->keymap, graphics->keymap);
}

/* ---- of a device model ---- */

static int set_spice(XenConfig *xen, const DomainGraphics *graphics, libxl_spice_info *ret) {
        bool client = config_is(graphics->mouse, "client");
        bool paste = config_is(graphics->clipboard, "yes");

        if (graphics->port <= 0 && graphics->tls_port <= 0)
                return refuse_display(xen, graphics, "no port was chosen");
        libxl_defbool_set(&ret->enable, true);
        ret->port = graphics->port > 0 ? (int) graphics->port : 0;
        ret->tls_port = graphics->tls_port > 0 ? (int) graphics->tls_port : 0;
        config_text(xen, &ret->host, config_listen(graphics));
        libxl_defbool_set(&ret->disable_ticketing, !graphics->passwd);
        config_text(xen, &ret->passwd, graphics->passwd);
        if (graphics->mouse)
                libxl_defbool_set(&ret->agent_mouse, client);
        libxl_defbool_set(&ret->vdagent, client || paste);
        libxl_defbool_set(&ret->clipboard_sharing, paste);
        config_text(xen, &ret->image_compression, graphics->image);
        config_text(xen, &ret->streaming_video, graphics->streaming);
        return 0;
}

static int config_hvm_display(XenConfig *xen, const DomainGraphics *graphics) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const libxl_defbool *enabled = graphics->type == GRAPHICS_VNC ? &build->u.hvm.vnc.enable
                                       : graphics->type == GRAPHICS_SDL
                                                ? &build->u.hvm.sdl.enable
                                                : &build->u.hvm.spice.enable;

        if (!libxl_defbool_is_default(*enabled) && libxl_defbool_val(*enabled))
                return refuse_display(xen, graphics, "one of a kind");
        config_text(xen, &build->u.hvm.keymap, graphics->keymap);
        if (graphics->type == GRAPHICS_SPICE)
                return set_spice(xen, graphics, &build->u.hvm.spice);
        if (graphics->type == GRAPHICS_VNC)
                set_vnc(xen, graphics, &build->u.hvm.vnc);
        else
                set_sdl(xen, graphics, &build->u.hvm.sdl);
        return 0;
}

/* ---- cards ---- */

/* As much memory as libxl asks of the device model of today, and of that of old. */
static const struct {
        const char *model;
        libxl_vga_interface_type kind;
        uint32_t least, least_of_old; /* KiB */
} cards[] = {
        { "cirrus", LIBXL_VGA_INTERFACE_TYPE_CIRRUS, 8192, 4096 },
        { "vga", LIBXL_VGA_INTERFACE_TYPE_STD, 16384, 8192 },
        { "xen", LIBXL_VGA_INTERFACE_TYPE_STD, 16384, 8192 },
        { "qxl", LIBXL_VGA_INTERFACE_TYPE_QXL, 131072, 131072 },
        { "none", LIBXL_VGA_INTERFACE_TYPE_NONE, 0, 0 },
};

static int config_card(XenConfig *xen, const DomainVideo *video) {
        libxl_domain_build_info *build = &xen->config->b_info;
        bool old = build->device_model_version ==
                   LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL;

        for (size_t i = 0; i < ELEMENTS(cards); i++) {
                uint32_t least = old ? cards[i].least_of_old : cards[i].least;

                if (!config_is(video->model, cards[i].model))
                        continue;
                if (video->vram > 0 && video->vram < least)
                        return config_refuse(xen, "devices/video/model/@vram: '%s' takes at least "
                                             "%u KiB", video->model, least);
                build->u.hvm.vga.kind = cards[i].kind;
                if (video->vram > 0 && least > 0)
                        build->video_memkb = video->vram;
                return 0;
        }
        return config_refuse(xen, "devices/video/model '%s': Xen has cirrus, vga, qxl and none",
                             video->model ?: "");
}

static int config_hvm_displays(XenConfig *xen) {
        libxl_domain_build_info *build = &xen->config->b_info;
        const DomainConf *conf = xen->conf;

        /* libxl would show a guest by VNC that nobody said that of */
        libxl_defbool_set(&build->u.hvm.vnc.enable, false);
        libxl_defbool_set(&build->u.hvm.sdl.enable, false);
        if (conf->videos.n > 1)
                return config_refuse(xen, "devices/video: Xen's guests have one card");
        if (conf->videos.n > 0)
                return config_card(xen, conf->videos.items[0]);
        if (conf->graphics.n == 0)
                libxl_defbool_set(&build->u.hvm.nographic, true);
        return 0;
}

int config_displays(XenConfig *xen) {
        const DomainConf *conf = xen->conf;
        int r = xen->guest == GUEST_HVM ? config_hvm_displays(xen) : 0;

        for (size_t i = 0; r >= 0 && i < conf->graphics.n; i++) {
                const DomainGraphics *graphics = conf->graphics.items[i];

                r = check_display(xen, graphics);
                if (r >= 0 && xen->guest == GUEST_HVM)
                        r = config_hvm_display(xen, graphics);
                if (r >= 0 && graphics->type != GRAPHICS_SPICE)
                        add_framebuffer(xen, graphics);
        }
        for (size_t i = 0; r >= 0 && i < conf->videos.n && xen->guest != GUEST_HVM; i++)
                if (!config_is(conf->videos.items[i]->model, "xen") &&
                    !config_is(conf->videos.items[i]->model, "none"))
                        r = config_refuse(xen, "devices/video/model '%s': guests without hardware "
                                          "have 'xen'", conf->videos.items[i]->model ?: "");
        return r;
}
