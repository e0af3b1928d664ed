/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which key of a native configuration is what in libvirt's document. */
#include "conf/xml.h"
#include "drivers/xen/native.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef enum KeyKind {
        KEY_TEXT,
        KEY_NUMBER,
        KEY_ACTION,  /* one of lifecycle_actions */
        KEY_ELEMENT, /* 1: the element is there */
        KEY_ON_OFF,
        KEY_YES_NO,
} KeyKind;

/* A row is a key of its own with a path, or a subject with functions. missing: what it stands for
 * when it isn't there, in xl and in xm. always: written even if the document doesn't say it. */
typedef struct NativeKey {
        const char *xl, *xm, *path;
        KeyKind kind;
        unsigned guests;
        const char *missing_xl, *missing_xm;
        bool always;
        const char *older_xm; /* what it was called before */
        NativeReader read;
        NativeWriter write;
} NativeKey;

#define ANY (GUEST_PV | GUEST_HVM | GUEST_PVH)
#define SUBJECT(name) { .guests = ANY, .read = native_read_##name, .write = native_write_##name }
#define SAME(key, path_, kind_, guests_, ...) \
        { .xl = key, .xm = key, .path = path_, .kind = kind_, .guests = guests_, ##__VA_ARGS__ }
#define IN_BOTH(text) .missing_xl = text, .missing_xm = text

/* In the order of libvirt's document. */
static const NativeKey native_keys[] = {
        SAME("name", "name", KEY_TEXT, ANY),
        SAME("uuid", "uuid", KEY_TEXT, ANY),
        SUBJECT(memory),
        SUBJECT(vcpus),
        SAME("cpu_weight", "cputune/shares", KEY_NUMBER, ANY),
        SAME("bootloader", "bootloader", KEY_TEXT, ANY),
        { "bootloader_args", "bootargs", "bootloader_args", KEY_TEXT, ANY },
        SUBJECT(os),
        SAME("acpi", "features/acpi", KEY_ELEMENT, GUEST_HVM, IN_BOTH("1"), .always = true),
        SAME("apic", "features/apic", KEY_ELEMENT, GUEST_HVM, IN_BOTH("1"), .always = true),
        SAME("hap", "features/hap/@state", KEY_ON_OFF, GUEST_HVM),
        SAME("pae", "features/pae", KEY_ELEMENT, GUEST_HVM, IN_BOTH("1"), .always = true),
        SAME("viridian", "features/viridian", KEY_ELEMENT, GUEST_HVM, .always = true),
        SAME("e820_host", "features/xen/e820_host/@state", KEY_ON_OFF, ANY),
        SUBJECT(passthrough),
        SUBJECT(cpu),
        SUBJECT(clock),
        SAME("on_poweroff", "on_poweroff", KEY_ACTION, ANY, IN_BOTH("destroy"), .always = true),
        SAME("on_reboot", "on_reboot", KEY_ACTION, ANY, IN_BOTH("restart"), .always = true),
        SAME("on_crash", "on_crash", KEY_ACTION, ANY, .missing_xl = "destroy",
             .missing_xm = "restart", .always = true),
        { "acpi_s3", NULL, "pm/suspend-to-mem/@enabled", KEY_YES_NO, GUEST_HVM },
        { "acpi_s4", NULL, "pm/suspend-to-disk/@enabled", KEY_YES_NO, GUEST_HVM },
        SAME("device_model_override", "devices/emulator", KEY_TEXT, ANY,
             .older_xm = "device_model"),
        SUBJECT(disks),
        SUBJECT(controllers),
        SUBJECT(filesystems),
        SUBJECT(nets),
        SUBJECT(chars),
        SUBJECT(channels),
        SUBJECT(inputs),
        SUBJECT(graphics),
        SUBJECT(sounds),
        SUBJECT(video),
        SUBJECT(hostdevs),
        SUBJECT(arguments),
};

/* ---- paths ---- */

static xmlNode *child_named(xmlNode *parent, const char *name, size_t n) {
        xmlNode *last = NULL;

        for (xmlNode *child = parent->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && strlen((const char *) child->name) == n &&
                    memcmp(child->name, name, n) == 0)
                        last = child;
        return last;
}

static xmlNode *new_element(NativeRead *read, xmlNode *parent, const char *name, size_t n) {
        _cleanup_(freep) char *copy = strndup(name, n);
        xmlNode *node = copy && parent ? xmlNewChild(parent, NULL, (const xmlChar *) copy, NULL)
                                       : NULL;

        read->failed = read->failed || !node;
        return node;
}

xmlNode *native_add(NativeRead *read, xmlNode *parent, const char *path) {
        for (const char *slash; parent && (slash = strchr(path, '/')); path = slash + 1) {
                size_t n = slash - path;
                xmlNode *child = child_named(parent, path, n);

                parent = child ?: new_element(read, parent, path, n);
        }
        return parent ? new_element(read, parent, path, strlen(path)) : NULL;
}

static int set_value(xmlNode *node, const char *attribute, const char *value) {
        if (attribute)
                return xmlSetProp(node, (const xmlChar *) attribute, (const xmlChar *) value)
                               ? 0 : -ENOMEM;
        if (!*value)
                return 0;
        xmlNode *text = xmlNewDocText(node->doc, (const xmlChar *) value);
        return text && xmlAddChild(node, text) ? 0 : -ENOMEM;
}

xmlNode *native_put(NativeRead *read, xmlNode *parent, const char *path, const char *format, ...) {
        _cleanup_(freep) char *value = NULL;
        const char *attribute = strchr(path, '@');
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(&value, format, arguments);
        va_end(arguments);
        if (r < 0)
                value = NULL;
        while (parent && *path && *path != '@') {
                size_t n = strcspn(path, "/");
                xmlNode *child = child_named(parent, path, n);

                parent = child ?: new_element(read, parent, path, n);
                path += n + (path[n] == '/');
        }
        if (!value || !parent || set_value(parent, attribute ? attribute + 1 : NULL, value) < 0)
                read->failed = true;
        return parent;
}

char *native_find(const DomainConf *conf, const char *path) {
        xmlNode *node = xmlDocGetRootElement(conf->document);
        const char *attribute = strchr(path, '@');

        while (node && *path && *path != '@') {
                size_t n = strcspn(path, "/");

                node = child_named(node, path, n);
                path += n + (path[n] == '/');
        }
        if (!node)
                return NULL;
        return (char *) (attribute ? xmlGetNoNsProp(node, (const xmlChar *) attribute + 1)
                                   : xmlNodeGetContent(node));
}

int native_fail(NativeRead *read, const char *key, const char *format, ...) {
        const NativeEntry *entry = native_entry(read->config, key);
        _cleanup_(freep) char *message = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(&message, format, arguments);
        va_end(arguments);
        if (r < 0) {
                message = NULL;
                return fail_memory(read->error);
        }
        if (entry && entry->line > 0)
                return fail(read->error, ERROR_INVALID_ARG, "line %d: %s: %.*s", entry->line, key,
                            xml_clip(message) * 2, message);
        return fail(read->error, ERROR_INVALID_ARG, "%s: %.*s", key, xml_clip(message) * 2,
                    message);
}

/* ---- rows that are keys ---- */

static void read_key(NativeRead *read, const NativeKey *row) {
        const char *key = read->dialect == NATIVE_XL ? row->xl : row->xm;

        if (key && read->dialect != NATIVE_XL && row->older_xm && !native_text(read->config, key))
                key = row->older_xm;
        const char *missing = read->dialect == NATIVE_XL ? row->missing_xl : row->missing_xm;
        const char *text = key ? native_text(read->config, key) : NULL;
        const NativeValue *value = key ? native_get(read->config, key) : NULL;
        long long number = 0;

        if (row->kind == KEY_ELEMENT && value && value->n > 0) { /* viridian: which parts of it */
                native_add(read, read->root, row->path);
                return;
        }

        if (!(text = text ?: missing))
                return;
        bool numeric = native_number(read->config, key, &number) || text == missing;

        number = text == missing ? atoi(text) : number;
        switch (row->kind) {
        case KEY_TEXT:
                native_put(read, read->root, row->path, "%s", text);
                return;
        case KEY_NUMBER:
                if (numeric && number > 0)
                        native_put(read, read->root, row->path, "%lld", number);
                return;
        case KEY_ACTION:
                if (map_enum_value(lifecycle_actions, text) > ACTION_UNSET)
                        native_put(read, read->root, row->path, "%s", text);
                return;
        case KEY_ELEMENT:
                if (numeric && number)
                        native_add(read, read->root, row->path);
                return;
        case KEY_ON_OFF:
                /* On is what a guest has anyway, but where that is said in its own words. */
                if (numeric && (!number || strcmp(key, "hap") != 0))
                        native_put(read, read->root, row->path, "%s", number ? "on" : "off");
                return;
        case KEY_YES_NO:
                if (numeric)
                        native_put(read, read->root, row->path, "%s", number ? "yes" : "no");
                return;
        }
}

static void write_key(NativeWrite *write, const NativeKey *row) {
        const char *key = write->dialect == NATIVE_XL ? row->xl : row->xm;
        _cleanup_(freep) char *text = key ? native_find(write->conf, row->path) : NULL;

        if (!key || (!text && !row->always))
                return;
        switch (row->kind) {
        case KEY_TEXT:
        case KEY_ACTION:
                native_set_text(write->config, key, text);
                return;
        case KEY_NUMBER:
                native_set_number(write->config, key, atoll(text));
                return;
        case KEY_ELEMENT:
                native_set_number(write->config, key, text != NULL);
                return;
        case KEY_ON_OFF:
                native_set_number(write->config, key, strcmp(text, "on") == 0);
                return;
        case KEY_YES_NO:
                native_set_number(write->config, key, strcmp(text, "yes") == 0);
                return;
        }
}

/* ---- the whole table ---- */

int native_read_all(NativeRead *read) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(native_keys); i++) {
                const NativeKey *row = &native_keys[i];

                if (!(row->guests & read->guest))
                        continue;
                if (row->read)
                        r = row->read(read);
                else
                        read_key(read, row);
        }
        if (r >= 0 && read->failed)
                return fail_memory(read->error);
        return r;
}

int native_write_all(NativeWrite *write) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(native_keys); i++) {
                const NativeKey *row = &native_keys[i];

                if (!(row->guests & write->guest))
                        continue;
                if (row->write)
                        r = row->write(write);
                else
                        write_key(write, row);
        }
        if (r >= 0 && write->config->failed)
                return fail_memory(write->error);
        return r;
}
