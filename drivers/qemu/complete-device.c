/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices every guest has although nobody wrote them down, and models where only a kind was given.
 */
#include "drivers/qemu/command-private.h"

#include <errno.h>
#include <string.h>

/* ---- disks, interfaces, ports ---- */

static int complete_disks(DomainConf *conf) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                DomainDisk *disk = conf->disks.items[i];

                if (disk->type == DISK_VOLUME && !disk->pool)
                        disk->type = DISK_FILE; /* an empty drive */
                if (text_default(&disk->driver_name, "qemu") < 0 ||
                    (disk->type != DISK_VOLUME && text_default(&disk->format, "raw") < 0))
                        return -ENOMEM;
        }
        return 0;
}

/* The platform's card if this QEMU has it, else the next common one. */
static const char *net_model(const DomainConf *conf, const QemuCaps *caps) {
        const char *model = qemu_platform_info(conf)->net;

        if (!text_is(model, "rtl8139") || qemu_caps_has_type(caps, "rtl8139"))
                return model;
        return qemu_caps_has_type(caps, "e1000") ? "e1000" : "virtio";
}

static int complete_nets(DomainConf *conf, const QemuCaps *caps) {
        for (size_t i = 0; i < conf->nets.n; i++)
                if (conf->nets.items[i]->type != NET_HOSTDEV &&
                    text_default(&conf->nets.items[i]->model, net_model(conf, caps)) < 0)
                        return -ENOMEM;
        return 0;
}

/* The model that goes with a target of a serial port; NULL: no default. */
static const char *serial_model(const DomainConf *conf, const char *target) {
        static const struct {
                const char *target, *model;
        } models[] = {
                { "isa-serial", "isa-serial" },   { "usb-serial", "usb-serial" },
                { "pci-serial", "pci-serial" },   { "spapr-vio-serial", "spapr-vty" },
                { "sclp-serial", "sclpconsole" }, { "isa-debug", "isa-debugcon" },
        };

        for (size_t i = 0; i < ELEMENTS(models); i++)
                if (text_is(models[i].target, target))
                        return models[i].model;
        if (!text_is(target, "system-serial"))
                return NULL;
        return text_starts(conf->os.arch, "riscv") ? "16550a" : "pl011";
}

static const char *serial_target(const DomainConf *conf, const DeviceAddress *at) {
        return at->type == ADDRESS_USB ? "usb-serial" :
               at->type == ADDRESS_PCI || at->type == ADDRESS_PCI_ANY ? "pci-serial" :
               qemu_platform_info(conf)->serial_target;
}

static int complete_serials(DomainConf *conf) {
        for (size_t i = 0; i < conf->serials.n; i++) {
                DomainChar *serial = conf->serials.items[i];

                if (text_default(&serial->target_type,
                                 serial_target(conf, &serial->device.address)) < 0 ||
                    text_default(&serial->target_model, serial_model(conf, serial->target_type)) <
                            0)
                        return -ENOMEM;
        }
        return 0;
}

/* A socket without a path gets one at each start; nothing of it is worth keeping. */
static void complete_channels(DomainConf *conf) {
        for (size_t i = 0; i < conf->channels.n; i++) {
                DomainChar *channel = conf->channels.items[i];

                if (channel->type == CHAR_UNIX && channel->sources.n == 1 &&
                    !channel->sources.items[0]->path &&
                    !text_is(channel->sources.items[0]->mode, "connect"))
                        map_list_remove(char_source_element(), &channel->sources, 0);
        }
}

/* ---- video ---- */

/* Memory in KiB that a card gets when nothing is said. */
static const struct {
        const char *model;
        uint32_t ram, vram, vgamem;
} card_memory[] = {
        { "vga",    0,     16384, 0 },
        { "cirrus", 0,     16384, 0 },
        { "vmvga",  0,     16384, 0 },
        { "bochs",  0,     16384, 0 },
        { "qxl",    65536, 65536, 16384 },
};

static const char *video_model(const DomainConf *conf, const QemuCaps *caps) {
        const char *model = qemu_platform_info(conf)->video;

        if (text_is(model, "cirrus") && !qemu_caps_has_type(caps, "cirrus-vga"))
                return qemu_caps_has_type(caps, "VGA") ? "vga" : "none";
        return model;
}

static uint32_t power_of_two(uint32_t value) {
        uint32_t power = 1;

        while (power < value && power < UINT32_C(1) << 31)
                power *= 2;
        return value ? power : 0;
}

static void complete_card(DomainVideo *video) {
        for (size_t i = 0; i < ELEMENTS(card_memory); i++)
                if (text_is(video->model, card_memory[i].model)) {
                        video->ram = video->ram ?: card_memory[i].ram;
                        video->vram = video->vram ?: card_memory[i].vram;
                        video->vgamem = video->vgamem ?: card_memory[i].vgamem;
                }
        if (text_is(video->model, "qxl")) {
                video->ram = power_of_two(video->ram);
                video->vram = power_of_two(video->vram);
                video->vram64 = power_of_two(video->vram64);
                video->vgamem = power_of_two(video->vgamem);
        }
        if (!text_is(video->model, "none"))
                video->heads = video->heads ?: 1;
}

static int complete_videos(DomainConf *conf, const QemuCaps *caps) {
        if (conf->graphics.n > 0 && conf->videos.n == 0 && !conf_add_device(conf, DEVICE_VIDEO))
                return -ENOMEM;
        for (size_t i = 0; i < conf->videos.n; i++) {
                DomainVideo *video = conf->videos.items[i];

                if (!video->model && text_set(&video->model, video_model(conf, caps)) < 0)
                        return -ENOMEM;
                if (i == 0 && !text_is(video->model, "none"))
                        video->primary = TRISTATE_YES;
                complete_card(video);
        }
        return 0;
}

/* ---- input ---- */

static int need_input(DomainConf *conf, const char *type, const char *bus) {
        DomainInput *input;

        for (size_t i = 0; i < conf->inputs.n; i++)
                if (text_is(conf->inputs.items[i]->type, type) &&
                    text_is(conf->inputs.items[i]->bus, bus))
                        return 0;
        if (!(input = conf_add_device(conf, DEVICE_INPUT)))
                return -ENOMEM;
        return text_set(&input->type, type) < 0 || text_set(&input->bus, bus) < 0 ? -ENOMEM : 0;
}

static int complete_inputs(DomainConf *conf) {
        int r;

        if (!qemu_platform_info(conf)->ps2 || conf->features.ps2 == TRISTATE_NO)
                return 0;
        r = need_input(conf, "mouse", "ps2");
        return r < 0 ? r : need_input(conf, "keyboard", "ps2");
}

/* ---- the others ---- */

static int complete_balloon(DomainConf *conf) {
        DomainMemballoon *balloon;

        bool arm = text_is(conf->os.arch, "aarch64") || text_starts(conf->os.arch, "armv");

        if (conf->memballoons.n > 0 || !qemu_platform_info(conf)->balloon || arm)
                return 0;
        balloon = conf_add_device(conf, DEVICE_MEMBALLOON);
        return balloon ? text_set(&balloon->model, "virtio") : -ENOMEM;
}

static int complete_panics(DomainConf *conf) {
        Platform platform = qemu_platform(conf);
        const char *model = platform == PLATFORM_PSERIES ? "pseries"
                            : platform == PLATFORM_S390  ? "s390"
                            : qemu_is_x86(conf)          ? "isa"
                                                         : NULL;

        if (conf->panics.n == 0 && (platform == PLATFORM_PSERIES || platform == PLATFORM_S390) &&
            !conf_add_device(conf, DEVICE_PANIC))
                return -ENOMEM;
        for (size_t i = 0; i < conf->panics.n; i++)
                if (text_default(&conf->panics.items[i]->model, model) < 0)
                        return -ENOMEM;
        return 0;
}

static int complete_watchdogs(DomainConf *conf) {
        for (size_t i = 0; i < conf->watchdogs.n; i++)
                if (text_default(&conf->watchdogs.items[i]->action, "reset") < 0)
                        return -ENOMEM;
        return 0;
}

/* Where sound goes follows from who looks at the guest; NULL: those who look elsewhere say it
 * themselves. */
static const char *audio_type(const DomainConf *conf) {
        if (conf->graphics.n == 0)
                return "none";
        switch (conf->graphics.items[0]->type) {
        case GRAPHICS_SPICE:
                return "spice";
        case GRAPHICS_VNC: case GRAPHICS_RDP:
                return "none";
        case GRAPHICS_SDL: case GRAPHICS_DESKTOP: case GRAPHICS_EGL_HEADLESS: case GRAPHICS_DBUS:
                return NULL;
        }
        return "none";
}

static const MapElement *audio_element(void) {
        for (const MapField *field = domain_element.fields; field->path; field++)
                if (text_is(field->path, "devices/audio"))
                        return field->arg;
        return NULL;
}

static int complete_audio(DomainConf *conf) {
        DomainAudio *audio;

        if (!audio_type(conf) || conf->audios.n > 0)
                return 0;
        if (!(audio = map_list_add(audio_element(), &conf->audios)))
                return -ENOMEM;
        audio->id = 1;
        return text_set(&audio->type, audio_type(conf));
}

int qemu_complete_devices(DomainConf *conf, const QemuCaps *caps, Error *error) {
        if (complete_disks(conf) < 0 || complete_nets(conf, caps) < 0 ||
            complete_serials(conf) < 0 || complete_videos(conf, caps) < 0 ||
            complete_inputs(conf) < 0 || complete_balloon(conf) < 0 || complete_panics(conf) < 0 ||
            complete_watchdogs(conf) < 0 || complete_audio(conf) < 0 ||
            qemu_complete_kept(conf) < 0)
                return fail_memory(error);
        complete_channels(conf);
        return 0;
}
