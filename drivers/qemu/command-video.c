/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Video cards. */
#include "drivers/qemu/command-private.h"

#include <string.h>

/* The primary card is the one firmware writes to; some models have another device for that. */
static const struct {
        const char *model, *first, *further;
        const char *memory; /* the property of its memory, in MiB or bytes */
        bool bytes, heads;  /* which of the options it knows */
} cards[] = {
        { "vga",    "VGA",           NULL,            "vgamem_mb", false, false },
        { "cirrus", "cirrus-vga",    NULL,            NULL,        false, false },
        { "vmvga",  "vmware-svga",   NULL,            "vgamem_mb", false, false },
        { "qxl",    "qxl-vga",       "qxl",           NULL,        false, true },
        { "virtio", "virtio-vga",    "virtio-gpu",    NULL,        false, true },
        { "bochs",  "bochs-display", "bochs-display", "vgamem",    true,  false },
        { "ramfb",  "ramfb",         NULL,            NULL,        false, false },
};

static bool is_primary(const DomainConf *conf, const DomainVideo *video) {
        for (size_t i = 0; i < conf->videos.n; i++)
                if (conf->videos.items[i]->primary == TRISTATE_YES)
                        return conf->videos.items[i] == video;
        return conf->videos.items[0] == video;
}

/* A card that draws with the host's GPU has a name of its own; older QEMUs have a property. */
static char *virtio_card(Builder *builder, const DomainVideo *video, bool primary,
                         bool *ret_virgl) {
        bool vga = primary && qemu_is_x86(builder->conf) &&
                   qemu_caps_has_type(builder->caps, "virtio-vga");
        const char *gl = vga ? "virtio-vga-gl" : "virtio-gpu-gl-pci";

        *ret_virgl = false;
        if (video->accel3d == TRISTATE_YES && qemu_caps_has_type(builder->caps, gl))
                return strdup(gl);
        *ret_virgl = video->accel3d == TRISTATE_YES;
        return vga ? strdup("virtio-vga") : virtio_driver("virtio-gpu", &video->device);
}

static void put_qxl(Builder *builder, const DomainVideo *video, json_object *object) {
        json_put_some(builder, object, "ram_size", (int64_t) video->ram * 1024);
        json_put_some(builder, object, "vram_size", (int64_t) video->vram * 1024);
        json_put_number(builder, object, "vram64_size_mb", video->vram64 / 1024);
        json_put_some(builder, object, "vgamem_mb", video->vgamem / 1024);
}

static int check_virgl(Builder *builder, const char *driver, bool virgl) {
        char feature[64];

        (void) snprintf(feature, sizeof(feature), "%s.virgl", driver);
        if (!virgl || qemu_caps_has(builder->caps, feature))
                return 0;
        return unsupported(builder, "devices/video/model/acceleration/@accel3d: %s has no '%s' "
                           "that draws in three dimensions", builder->caps->binary, driver);
}

static void put_card(Builder *builder, const DomainVideo *video, size_t card,
                     json_object *object) {
        if (cards[card].memory)
                json_put_some(builder, object, cards[card].memory,
                              cards[card].bytes ? (int64_t) video->vram * 1024
                                                : video->vram / 1024);
        if (text_is(video->model, "qxl"))
                put_qxl(builder, video, object);
        if (cards[card].heads)
                json_put_some(builder, object, "max_outputs", video->heads);
        json_put_state(builder, object, "blob", video->blob);
        json_put_state(builder, object, "edid", video->edid);
        json_put_some(builder, object, "xres", video->x);
        json_put_some(builder, object, "yres", video->y);
}

int build_video(Builder *builder, const Device *device, size_t index) {
        const DomainVideo *video = (const DomainVideo *) device;
        bool primary = is_primary(builder->conf, video), virgl = false;
        json_object *object;
        size_t card = 0;
        int r;

        if (text_is(video->model, "none"))
                return 0;
        if (video->driver_name && !text_is(video->driver_name, "qemu"))
                return unsupported(builder, "devices/video/driver/@name '%s': cards of processes "
                                   "beside QEMU are not started", video->driver_name);
        while (card < ELEMENTS(cards) && !text_is(cards[card].model, video->model))
                card++;
        if (card == ELEMENTS(cards))
                return unsupported(builder, "devices/video/model/@type '%s' is not one of QEMU's",
                                   video->model ?: "");
        _cleanup_(freep) char *driver =
                text_is(video->model, "virtio")
                        ? virtio_card(builder, video, primary, &virgl)
                        : strdup(primary || !cards[card].further ? cards[card].first
                                                                 : cards[card].further);
        if ((r = device_begin(builder, driver, device, &object, "devices/video model '%s'",
                              video->model)) < 0)
                return r;
        if ((r = check_virgl(builder, driver, virgl)) < 0) {
                json_object_put(object);
                return r;
        }
        if (virgl)
                json_put_bool(builder, object, "virgl", true);
        put_card(builder, video, card, object);
        device_end(builder, object);
        return 0;
}
