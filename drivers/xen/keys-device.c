/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of xl.cfg(5) that no document has words for, each item "word=value,word=value": a table
 * says which word is which member of libxl's structure, and is read both ways. A sound card is a
 * list of such items, of the card, its devices and their streams. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/uuid.h"
#include "conf/xml.h"
#include "drivers/xen/keys.h"

typedef enum WordKind {
        WORD_TEXT,
        WORD_BOOL,
        WORD_NUMBER,
        WORD_UUID,
        WORD_BACKEND, /* who serves a keyboard */
        WORD_STREAM,  /* which way it goes */
        WORD_NUMBERS, /* "1;2;3" */
        WORD_FORMATS,
        WORD_CONNECTORS, /* "id:1920x1080;..." */
} WordKind;

typedef struct Word {
        const char *name;
        WordKind kind;
        size_t offset, n; /* of a member, and of how many there are */
} Word;

typedef struct WordDevice {
        const char *key;
        size_t size, items, n, devid; /* offsets, the first two in libxl's configuration */
        void (*init)(void *item);
        void (*dispose)(void *item);
        bool alone; /* what the document itself asks for is said again by the key */
        const Word *words;
} WordDevice;

/* ---- one word ---- */

static int add_number(XlList *list, const Word *word, char *item, const char *text) {
        uint32_t *number = xl_list_add(list, item + word->offset, (int *) (item + word->n),
                                       sizeof(*number));

        if (!number)
                return -ENOMEM;
        *number = (uint32_t) strtoul(text, NULL, 0);
        return *number > 0 ? 0 : xl_list_refuse(list, "has what is no number");
}

static int add_format(XlList *list, const Word *word, char *item, const char *text) {
        libxl_vsnd_pcm_format *format = xl_list_add(list, item + word->offset,
                                                    (int *) (item + word->n), sizeof(*format));

        if (!format)
                return -ENOMEM;
        return libxl_vsnd_pcm_format_from_string(text, format) == 0
                       ? 0 : xl_list_refuse(list, "has what is no format of samples");
}

static int add_connector(XlList *list, const Word *word, char *item, const char *text) {
        libxl_connector_param *connector = xl_list_add(list, item + word->offset,
                                                       (int *) (item + word->n),
                                                       sizeof(*connector));
        const char *colon = strrchr(text, ':');

        if (!connector)
                return -ENOMEM;
        if (!colon || sscanf(colon, ":%" SCNu32 "x%" SCNu32, &connector->width,
                             &connector->height) != 2)
                return xl_list_refuse(list, "has what is no connector ('id:WIDTHxHEIGHT')");
        connector->unique_id = strndup(text, colon - text);
        return connector->unique_id ? 0 : fail_memory(list->error);
}

static int add_each(XlList *list, const Word *word, char *item, const char *text) {
        _cleanup_(freep) char *copy = strdup(text);
        char *rest = NULL;
        int r = copy ? 0 : fail_memory(list->error);

        for (char *one = copy ? strtok_r(copy, ";", &rest) : NULL; one && r >= 0;
             one = strtok_r(NULL, ";", &rest))
                r = word->kind == WORD_NUMBERS   ? add_number(list, word, item, one)
                    : word->kind == WORD_FORMATS ? add_format(list, word, item, one)
                                                 : add_connector(list, word, item, one);
        return r;
}

static int set_word(XlList *list, const Word *word, char *item, const char *text) {
        char *member = item + word->offset, *end;
        unsigned long number;
        Uuid uuid;

        switch (word->kind) {
        case WORD_TEXT:
                free(*(char **) member);
                *(char **) member = strdup(text);
                return *(char **) member ? 0 : fail_memory(list->error);
        case WORD_BOOL:
        case WORD_NUMBER:
                number = strtoul(text, &end, 0);
                if (!*text || *end || number > UINT32_MAX)
                        return xl_list_refuse(list, "has what is no number");
                if (word->kind == WORD_BOOL)
                        *(bool *) member = number != 0;
                else
                        *(uint32_t *) member = (uint32_t) number;
                return 0;
        case WORD_UUID:
                if (uuid_parse(text, &uuid) < 0)
                        return xl_list_refuse(list, "has what is no uuid");
                memcpy(member, uuid.bytes, sizeof(uuid.bytes));
                return 0;
        case WORD_BACKEND:
                return libxl_vkb_backend_from_string(text, (libxl_vkb_backend *) member) == 0
                               ? 0 : xl_list_refuse(list, "has what is no type of backend");
        case WORD_STREAM:
                return libxl_vsnd_stream_type_from_string(text,
                                                          (libxl_vsnd_stream_type *) member) == 0
                               ? 0 : xl_list_refuse(list, "has what is no type of stream");
        case WORD_NUMBERS:
        case WORD_FORMATS:
        case WORD_CONNECTORS:
                break;
        }
        return add_each(list, word, item, text);
}

static char *trim(char *text) {
        size_t n;

        while (isspace((unsigned char) *text))
                text++;
        for (n = strlen(text); n > 0 && isspace((unsigned char) text[n - 1]); n--)
                text[n - 1] = 0;
        return text;
}

static int set_words(XlList *list, const Word *words, void *item, char *text) {
        char *rest = NULL;

        for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
                char *equals = strchr(one, '=');
                const Word *word = words;
                int r;

                if (equals)
                        *equals = 0;
                one = trim(one);
                while (word->name && strcmp(word->name, one) != 0)
                        word++;
                if (!equals || !word->name)
                        return fail(list->error, ERROR_CONFIG_UNSUPPORTED,
                                    "the key '%s' of xl: '%.*s' isn't one of its words",
                                    list->name, xml_clip(one), one);
                if ((r = set_word(list, word, item, trim(equals + 1))) < 0)
                        return r;
        }
        return 0;
}

/* ---- and back ---- */

static void get_each(const Word *word, const char *item, NativeSpec *spec) {
        int n = *(const int *) (item + word->n);
        NativeSpec all = {};

        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *before = TAKE(all.text);
                const char *mark = before ? ";" : "";

                if (word->kind == WORD_NUMBERS)
                        spec_add(&all, "%s%s%" PRIu32, before ?: "", mark,
                                 (*(uint32_t *const *) (item + word->offset))[i]);
                else if (word->kind == WORD_FORMATS)
                        spec_add(&all, "%s%s%s", before ?: "", mark,
                                 libxl_vsnd_pcm_format_to_string((*(libxl_vsnd_pcm_format *const *)
                                                                  (item + word->offset))[i]));
                else {
                        const libxl_connector_param *connector =
                                &(*(libxl_connector_param *const *) (item + word->offset))[i];

                        spec_add(&all, "%s%s%s:%" PRIu32 "x%" PRIu32, before ?: "", mark,
                                 connector->unique_id ?: "", connector->width, connector->height);
                }
        }
        if (all.text)
                spec_add(spec, "%s=%s", word->name, all.text);
        spec->failed = spec->failed || all.failed;
        free(all.text);
}

static void get_word(const Word *word, const char *item, NativeSpec *spec) {
        const char *member = item + word->offset;
        char text[UUID_TEXT_MAX];
        Uuid uuid;

        switch (word->kind) {
        case WORD_TEXT:
                if (*(char *const *) member)
                        spec_add(spec, "%s=%s", word->name, *(char *const *) member);
                return;
        case WORD_BOOL:
                if (*(const bool *) member)
                        spec_add(spec, "%s=1", word->name);
                return;
        case WORD_NUMBER:
                if (*(const uint32_t *) member > 0)
                        spec_add(spec, "%s=%" PRIu32, word->name, *(const uint32_t *) member);
                return;
        case WORD_UUID:
                memcpy(uuid.bytes, member, sizeof(uuid.bytes));
                spec_add(spec, "%s=%s", word->name, uuid_format(uuid, text));
                return;
        case WORD_BACKEND:
                if (*(const libxl_vkb_backend *) member > LIBXL_VKB_BACKEND_UNKNOWN)
                        spec_add(spec, "%s=%s", word->name,
                                 libxl_vkb_backend_to_string(*(const libxl_vkb_backend *) member));
                return;
        case WORD_STREAM:
                if (*(const int *) member > 0)
                        spec_add(spec, "%s=%s", word->name,
                                 libxl_vsnd_stream_type_to_string(
                                         *(const libxl_vsnd_stream_type *) member));
                return;
        case WORD_NUMBERS:
        case WORD_FORMATS:
        case WORD_CONNECTORS:
                get_each(word, item, spec);
                return;
        }
}

/* ---- which there are ---- */

#define WORD(name, kind, type, member) { name, kind, offsetof(libxl_device_##type, member), 0 }
#define BACKEND(type) WORD("backend", WORD_TEXT, type, backend_domname)

static const Word p9_words[] = {
        WORD("tag", WORD_TEXT, p9, tag),
        WORD("security_model", WORD_TEXT, p9, security_model),
        WORD("path", WORD_TEXT, p9, path),
        BACKEND(p9),
        {}
};

static const Word vtpm_words[] = { BACKEND(vtpm), WORD("uuid", WORD_UUID, vtpm, uuid), {} };

static const Word pvcalls_words[] = { BACKEND(pvcallsif), {} };

static const Word vkb_words[] = {
        WORD("unique-id", WORD_TEXT, vkb, unique_id),
        BACKEND(vkb),
        WORD("backend-type", WORD_BACKEND, vkb, backend_type),
        WORD("feature-disable-keyboard", WORD_BOOL, vkb, feature_disable_keyboard),
        WORD("feature-disable-pointer", WORD_BOOL, vkb, feature_disable_pointer),
        WORD("feature-abs-pointer", WORD_BOOL, vkb, feature_abs_pointer),
        WORD("feature-raw-pointer", WORD_BOOL, vkb, feature_raw_pointer),
        WORD("feature-multi-touch", WORD_BOOL, vkb, feature_multi_touch),
        WORD("multi-touch-width", WORD_NUMBER, vkb, multi_touch_width),
        WORD("multi-touch-height", WORD_NUMBER, vkb, multi_touch_height),
        WORD("multi-touch-num-contacts", WORD_NUMBER, vkb, multi_touch_num_contacts),
        WORD("width", WORD_NUMBER, vkb, width),
        WORD("height", WORD_NUMBER, vkb, height),
        {}
};

static const Word vdispl_words[] = {
        BACKEND(vdispl),
        WORD("be-alloc", WORD_BOOL, vdispl, be_alloc),
        { "connectors", WORD_CONNECTORS, offsetof(libxl_device_vdispl, connectors),
          offsetof(libxl_device_vdispl, num_connectors) },
        {}
};

#define CALLS(type)                                          \
        static void init_##type(void *item) {                \
                libxl_device_##type##_init(item);            \
        }                                                    \
        static void dispose_##type(void *item) {             \
                libxl_device_##type##_dispose(item);         \
        }
#define DEVICE(key, type, list_, ...)                                                       \
        { key, sizeof(libxl_device_##type), offsetof(libxl_domain_config, type##s),         \
          offsetof(libxl_domain_config, num_##type##s), offsetof(libxl_device_##type, devid), \
          init_##type, dispose_##type, .words = list_, ##__VA_ARGS__ }

CALLS(p9)
CALLS(vtpm)
CALLS(pvcallsif)
CALLS(vkb)
CALLS(vdispl)

static const WordDevice devices[] = {
        DEVICE("p9", p9, p9_words, .alone = true),
        DEVICE("vtpm", vtpm, vtpm_words),
        DEVICE("pvcalls", pvcallsif, pvcalls_words),
        DEVICE("vkb", vkb, vkb_words),
        DEVICE("vdispl", vdispl, vdispl_words),
};

static int set_device(XlList *list, const WordDevice *device, const char *text) {
        char *config = (char *) list->config, *item;
        _cleanup_(freep) char *copy = strdup(text);
        int *n = (int *) (config + device->n);

        if (!copy)
                return fail_memory(list->error);
        if (!(item = xl_list_add(list, config + device->items, n, device->size)))
                return -ENOMEM;
        device->init(item);
        *(libxl_devid *) (item + device->devid) = *n - 1;
        return set_words(list, device->words, item, copy);
}

int xl_set_devices(XlList *list) {
        const WordDevice *device = devices;
        int r = 0;

        while (strcmp(device->key, list->name) != 0)
                device++;
        char **items = (char **) ((char *) list->config + device->items);
        int *n = (int *) ((char *) list->config + device->n);

        while (device->alone && *n > 0)
                device->dispose(*items + device->size * --*n);
        for (size_t i = 0; r >= 0 && i < xl_list_count(list); i++)
                r = set_device(list, device, xl_list_item(list, i));
        return r;
}

/* ---- sound cards ---- */

#define PARAMS(type)                                                                       \
        { "sample-rates", WORD_NUMBERS, offsetof(type, params.sample_rates),               \
          offsetof(type, params.num_sample_rates) },                                       \
        { "sample-formats", WORD_FORMATS, offsetof(type, params.sample_formats),           \
          offsetof(type, params.num_sample_formats) },                                     \
        { "channels-min", WORD_NUMBER, offsetof(type, params.channels_min), 0 },           \
        { "channels-max", WORD_NUMBER, offsetof(type, params.channels_max), 0 },           \
        { "buffer-size", WORD_NUMBER, offsetof(type, params.buffer_size), 0 }

static const Word card_words[] = {
        BACKEND(vsnd),
        WORD("short-name", WORD_TEXT, vsnd, short_name),
        WORD("long-name", WORD_TEXT, vsnd, long_name),
        PARAMS(libxl_device_vsnd),
        {}
};

static const Word pcm_words[] = {
        { "name", WORD_TEXT, offsetof(libxl_vsnd_pcm, name), 0 }, PARAMS(libxl_vsnd_pcm), {}
};

static const Word stream_words[] = {
        { "unique-id", WORD_TEXT, offsetof(libxl_vsnd_stream, unique_id), 0 },
        { "type", WORD_STREAM, offsetof(libxl_vsnd_stream, type), 0 },
        PARAMS(libxl_vsnd_stream),
        {}
};

/* What an item describes: the card itself, or one more of what it or its last device has. */
static int set_part(XlList *list, libxl_device_vsnd *card, char *text) {
        char *words = text + strcspn(text, ",");
        libxl_vsnd_pcm *pcm = card->num_vsnd_pcms > 0 ? &card->pcms[card->num_vsnd_pcms - 1] : NULL;

        if (*words)
                *words++ = 0;
        text = trim(text);
        if (strcasecmp(text, "card") == 0)
                return set_words(list, card_words, card, words);
        if (strcasecmp(text, "pcm") == 0) {
                if (!(pcm = xl_list_add(list, &card->pcms, &card->num_vsnd_pcms, sizeof(*pcm))))
                        return -ENOMEM;
                libxl_vsnd_pcm_init(pcm);
                return set_words(list, pcm_words, pcm, words);
        }
        if (strcasecmp(text, "stream") != 0 || !pcm)
                return xl_list_refuse(list, "has what is no CARD, PCM or STREAM of a PCM");
        libxl_vsnd_stream *stream = xl_list_add(list, &pcm->streams, &pcm->num_vsnd_streams,
                                                sizeof(*stream));

        if (!stream)
                return -ENOMEM;
        libxl_vsnd_stream_init(stream);
        return set_words(list, stream_words, stream, words);
}

int xl_set_sound(XlList *list) {
        libxl_domain_config *config = list->config;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < list->value->n; i++) {
                const NativeValue *parts = list->value->items[i];
                libxl_device_vsnd *card = xl_list_add(list, &config->vsnds, &config->num_vsnds,
                                                      sizeof(*card));

                if (!card)
                        return -ENOMEM;
                libxl_device_vsnd_init(card);
                card->devid = config->num_vsnds - 1;
                for (size_t k = 0; r >= 0 && k < parts->n; k++) {
                        _cleanup_(freep) char *copy = strdup(parts->items[k]->text ?: "");

                        r = copy ? set_part(list, card, copy) : fail_memory(list->error);
                }
        }
        return r;
}

/* ---- and back ---- */

static void get_part(NativeValue *card, const char *what, const Word *words, const void *item,
                     bool *ret_failed) {
        NativeSpec spec = {};

        spec_add(&spec, "%s", what);
        for (; words->name; words++)
                get_word(words, item, &spec);
        if (spec.failed || native_value_append(card, native_value_new(spec.text, false)) < 0)
                *ret_failed = true;
        free(spec.text);
}

static NativeValue *get_card(const libxl_device_vsnd *vsnd, bool *ret_failed) {
        NativeValue *card = native_value_new(NULL, false);

        if (!card)
                return NULL;
        get_part(card, "CARD", card_words, vsnd, ret_failed);
        for (int i = 0; i < vsnd->num_vsnd_pcms; i++) {
                const libxl_vsnd_pcm *pcm = &vsnd->pcms[i];

                get_part(card, "PCM", pcm_words, pcm, ret_failed);
                for (int k = 0; k < pcm->num_vsnd_streams; k++)
                        get_part(card, "STREAM", stream_words, &pcm->streams[k], ret_failed);
        }
        return card;
}

static void get_sound(const libxl_domain_config *config, NativeConfig *ret) {
        NativeValue *cards = config->num_vsnds > 0 ? native_value_new(NULL, false) : NULL;

        for (int i = 0; cards && i < config->num_vsnds; i++)
                if (native_value_append(cards, get_card(&config->vsnds[i], &ret->failed)) < 0)
                        ret->failed = true;
        if (config->num_vsnds > 0)
                native_set(ret, "vsnd", cards);
}

/* A keyboard with nothing said of it belongs to a display. */
void xl_get_devices(const libxl_domain_config *config, NativeConfig *ret) {
        for (size_t i = 0; i < ELEMENTS(devices); i++) {
                const WordDevice *device = &devices[i];
                const char *items = *(char *const *) ((const char *) config + device->items);
                int n = *(const int *) ((const char *) config + device->n);

                for (int k = 0; k < n; k++) {
                        NativeSpec spec = {};

                        for (const Word *word = device->words; word->name; word++)
                                get_word(word, items + device->size * k, &spec);
                        if (spec.text || spec.failed || device->words == pvcalls_words)
                                spec_finish(&spec, ret, device->key);
                }
        }
        get_sound(config, ret);
}
