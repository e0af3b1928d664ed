/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound: where it goes on the host, and the cards that the guest sees. */
#include "drivers/qemu/command-private.h"

#include <stdio.h>
#include <string.h>

/* The audio device of a card or display: its own, else the first there is. */
void audio_id(Builder *builder, MaybeU32 chosen, char text[static 24]) {
        const DomainConf *conf = builder->conf;
        unsigned first = conf->audios.n > 0 ? conf->audios.items[0]->id : 1;

        (void) snprintf(text, 24, "audio%u", chosen.set ? chosen.value : first);
}

/* ---- backends ---- */

static void put_settings(Builder *builder, json_object *object, const AudioSide *side) {
        json_put_state(builder, object, "mixing-engine", side->mixing_engine);
        json_put_state(builder, object, "fixed-settings", side->fixed_settings);
        json_put_some(builder, object, "voices", side->voices);
        json_put_some(builder, object, "buffer-length", side->buffer_length);
        json_put_some(builder, object, "frequency", side->frequency);
        json_put_some(builder, object, "channels", side->channels);
        json_put_text(builder, object, "format", side->format);
}

/* QEMU knows each of these with some backends; the others have no such attribute to begin with. */
static void put_side(Builder *builder, json_object *audio, const char *name,
                     const AudioSide *side) {
        json_object *object = json_new(builder);

        put_settings(builder, object, side);
        json_put_text(builder, object, "dev", side->device);
        json_put_some(builder, object, "buffer-count", side->buffer_count);
        json_put_state(builder, object, "try-poll", side->try_poll);
        json_put_text(builder, object, "name", side->name);
        json_put_text(builder, object, "stream-name", side->stream);
        json_put_some(builder, object, "latency", side->latency);
        json_put_text(builder, object, "server-name", side->server);
        json_put_text(builder, object, "client-name", side->client);
        json_put_text(builder, object, "connect-ports", side->connect);
        json_put_state(builder, object, "exact-name", side->exact_name);
        if (object && json_object_object_length(object) > 0)
                json_put(builder, audio, name, object);
        else
                json_object_put(object);
}

static const struct {
        const char *type, *driver;
} backends[] = {
        { "none", "none" }, { "alsa", "alsa" }, { "dbus", "dbus" }, { "jack", "jack" },
        { "oss", "oss" }, { "pulseaudio", "pa" }, { "sdl", "sdl" }, { "spice", "spice" },
        { "file", "wav" }, { "pipewire", "pipewire" },
};

/* What a backend takes from its environment. */
static void put_environment(Builder *builder, const DomainAudio *audio) {
        if (text_is(audio->type, "sdl") && audio->driver)
                environment(builder, "SDL_AUDIODRIVER",
                            text_is(audio->driver, "pulseaudio") ? "pulse" : audio->driver);
        if (text_is(audio->type, "pipewire") && audio->runtime_dir)
                environment(builder, "PIPEWIRE_RUNTIME_DIR", audio->runtime_dir);
}

static int add_audio(Builder *builder, const DomainAudio *audio) {
        const char *driver = NULL;
        json_object *object;

        for (size_t i = 0; i < ELEMENTS(backends); i++)
                if (text_is(audio->type, backends[i].type))
                        driver = backends[i].driver;
        if (!driver)
                return unsupported(builder, "devices/audio/@type '%s' is not there on this host",
                                   audio->type ?: "");
        object = json_new(builder);
        json_putf(builder, object, "id", "audio%u", audio->id);
        json_put_text(builder, object, "driver", driver);
        json_put_some(builder, object, "timer-period", audio->timer_period);
        json_put_text(builder, object, "server", audio->server);
        json_put_text(builder, object, "path", audio->path);
        json_put_state(builder, object, "exclusive", audio->exclusive);
        json_put_state(builder, object, "try-mmap", audio->try_mmap);
        if (audio->dsp_policy.set)
                json_put_number(builder, object, "dsp-policy", audio->dsp_policy.value);
        put_side(builder, object, "in", &audio->input);
        put_side(builder, object, "out", &audio->output);
        argument_json(builder, "audiodev", object);
        put_environment(builder, audio);
        return 0;
}

int build_audio(Builder *builder) {
        static const DomainAudio silence = { .id = 1, .type = (char *) "none" };
        const DomainConf *conf = builder->conf;
        int r = 0;

        if (conf->audios.n == 0)
                return add_audio(builder, &silence);
        for (size_t i = 0; i < conf->audios.n && r >= 0; i++)
                r = add_audio(builder, conf->audios.items[i]);
        return r;
}

/* ---- cards ---- */

/* A codec of an Intel HDA card. */
static int add_codec(Builder *builder, const DomainSound *sound, const char *type, unsigned cad) {
        _cleanup_(freep) char *id = NULL, *driver = NULL;
        json_object *object;
        char audio[24];

        if (asprintf(&id, "%s-codec%u", sound->device.alias, cad) < 0)
                id = NULL;
        if (asprintf(&driver, "hda-%s", type) < 0)
                driver = NULL;
        if (!id || !driver)
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
        int r = 0;

        if (sound->codecs.n == 0)
                return add_codec(builder, sound, "duplex", 0);
        for (size_t i = 0; i < sound->codecs.n && r >= 0; i++)
                r = add_codec(builder, sound, sound->codecs.items[i]->type ?: "duplex", i);
        return r;
}

int build_sound(Builder *builder, const Device *device, size_t index) {
        static const struct {
                const char *model, *driver;
                bool hda;
        } cards[] = {
                { "ac97", "AC97" },
                { "es1370", "ES1370" },
                { "sb16", "sb16" },
                { "usb", "usb-audio" },
                { "virtio", "virtio-sound-pci" },
                { "ich6", "intel-hda", true },
                { "ich9", "ich9-intel-hda", true },
        };
        const DomainSound *sound = (const DomainSound *) device;
        json_object *object;
        char audio[24];

        if (text_is(sound->model, "pcspk") && qemu_is_x86(builder->conf)) /* part of the machine */
                return 0;
        for (size_t i = 0; i < ELEMENTS(cards); i++) {
                if (!text_is(sound->model, cards[i].model))
                        continue;
                int r = device_begin(builder, cards[i].driver, device, &object,
                                     "devices/sound model '%s'", sound->model);
                if (r < 0)
                        return r;
                if (!cards[i].hda) {
                        audio_id(builder, sound->audio, audio);
                        json_put_text(builder, object, "audiodev", audio);
                }
                if (text_is(sound->model, "usb"))
                        json_put_state(builder, object, "multi", sound->multichannel);
                if (text_is(sound->model, "virtio") && sound->streams)
                        json_put_number(builder, object, "streams", atoi(sound->streams));
                device_end(builder, object);
                return cards[i].hda ? add_codecs(builder, sound) : 0;
        }
        return unsupported(builder, "devices/sound/@model '%s' is not one of QEMU's",
                           sound->model ?: "");
}
