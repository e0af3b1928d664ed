/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single devices of the sample documents: each is found by its own XML, taken out, and put in
 * again; devices that are to be plugged in are found where they were put.
 *
 * Without the samples it exits with 77, which meson reports as skipped. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "conf/xml.h"
#include "drivers/device-edit.h"

enum { FILE_NAME, KIND, ROLE, PAIR, CLASS, ARCH, MACHINE, TYPE, NOTE, COLUMNS };

static size_t devices, found, others, returned, refused, plugged;
static bool verbose;

static char *read_text(const char *corpus, const char *name) {
        char *path, *text = NULL;
        size_t room = 0;

        CHECK(asprintf(&path, "%s/%s", corpus, name) >= 0);
        FILE *f = fopen(path, "re");
        if (f && getdelim(&text, &room, 0, f) < 0)
                *text = 0;
        if (f)
                fclose(f);
        free(path);
        return text;
}

static void tell(const char *file, DeviceKind kind, size_t i, const char *what,
                 const Error *error) {
        if (verbose)
                printf("%s: %s %zu %s%s%s\n", file, device_kinds[kind].name, i, what,
                       error && error->message ? ": " : "",
                       error && error->message ? error->message : "");
}

static bool same_element(const Device *a, const Device *b) {
        _cleanup_(freep) char *x = NULL, *y = NULL;

        CHECK(xml_print(a->item.node, &x) >= 0 && xml_print(b->item.node, &y) >= 0);
        return strcmp(x, y) == 0;
}

/* Taken out and put in again: there are as many as before, and it is found again. */
static void judge_return(const char *file, DomainConf *conf, const DeviceSpec *spec, size_t i) {
        _cleanup_(conf_freep) DomainConf *copy = NULL;
        _cleanup_(error_clear) Error error = {};
        size_t n = conf_devices(conf, spec->kind)->n;
        Device *device;

        CHECK(conf_clone(conf, &copy, NULL) >= 0);
        if (device_find(copy, spec, &device, &error) < 0 ||
            device_remove(&copy, device, true, &error) < 0 ||
            device_insert(&copy, spec, true, &device, &error) < 0) {
                /* others may lean on it, and it alone may be what rules ask for */
                tell(file, spec->kind, i, "isn't taken", &error);
                refused++;
                return;
        }
        if (conf_devices(copy, spec->kind)->n == n && device &&
            device_find(copy, spec, &device, &error) >= 0)
                returned++;
        else
                tell(file, spec->kind, i, "isn't the same afterwards", &error);
}

static void judge_device(const char *file, DomainConf *conf, DeviceKind kind, size_t i) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        _cleanup_(error_clear) Error error = {};
        _cleanup_(freep) char *text = NULL;
        Device *device = (Device *) conf_devices(conf, kind)->items[i], *other;

        if (!device->item.node) /* what is filled in has no element yet */
                return;
        devices++;
        CHECK(xml_print(device->item.node, &text) >= 0);
        if (device_parse(conf, text, &spec, &error) < 0 || spec.kind != kind ||
            device_find(conf, &spec, &other, &error) < 0) {
                tell(file, kind, i, "isn't found", &error);
                return;
        }
        if (other == device || same_element(other, device))
                found++;
        else {
                others++;
                tell(file, kind, i, "is another", NULL);
        }
        judge_return(file, conf, &spec, i);
}

static void judge_domain(const char *file, const char *text) {
        _cleanup_(conf_freep) DomainConf *conf = NULL;

        if (conf_parse(text, CONF_LIVE, &conf, NULL) < 0)
                return;
        for (int kind = 0; kind < _DEVICE_KIND_MAX; kind++)
                for (size_t i = 0; i < conf_devices(conf, kind)->n; i++)
                        judge_device(file, conf, kind, i);
}

/* ---- devices that are plugged in ---- */

static void plug(const char *file, const char *base, const char *xml) {
        _cleanup_(device_spec_done) DeviceSpec spec = {};
        _cleanup_(conf_freep) DomainConf *conf = NULL;
        _cleanup_(error_clear) Error error = {};
        Device *device = NULL, *again;
        size_t n;

        if (conf_parse(base, CONF_LIVE, &conf, NULL) < 0)
                return;
        if (device_parse(conf, xml, &spec, &error) < 0) {
                tell(file, 0, 0, "can't be read", &error);
                return;
        }
        n = conf_devices(conf, spec.kind)->n;
        if (device_insert(&conf, &spec, true, &device, &error) < 0) {
                tell(file, spec.kind, n, "isn't put in", &error);
                return;
        }
        CHECK(device && conf_devices(conf, spec.kind)->n == n + 1);
        CHECK(device_find(conf, &spec, &again, NULL) >= 0);
        CHECK(device_remove(&conf, again, true, NULL) >= 0);
        CHECK(conf_devices(conf, spec.kind)->n == n);
        plugged++;
}

/* "attach BASE; detach BASE (refused)" */
static void judge_plug(const char *corpus, const char *file, const char *xml, const char *note) {
        _cleanup_(freep) char *name = NULL, *base = NULL;
        const char *words = "attach ";
        size_t n;

        if (strncmp(note, words, strlen(words)) != 0)
                return;
        note += strlen(words);
        n = strcspn(note, "; +");
        CHECK(asprintf(&name, "qemuhotplugtestdomains/qemuhotplug-%.*s.xml", (int) n, note) >= 0);
        base = read_text(corpus, name);
        if (base)
                plug(file, base, xml);
}

static void judge_line(const char *corpus, char *line) {
        char *columns[COLUMNS];
        _cleanup_(freep) char *text = NULL;

        for (int i = 0; i < COLUMNS; i++)
                if (!(columns[i] = strsep(&line, "\t\n")))
                        return;
        if (strcmp(columns[KIND], "domain") != 0 && strcmp(columns[KIND], "device") != 0)
                return;
        text = read_text(corpus, columns[FILE_NAME]);
        if (!text)
                return;
        if (strcmp(columns[KIND], "domain") == 0)
                judge_domain(columns[FILE_NAME], text);
        else
                judge_plug(corpus, columns[FILE_NAME], text, columns[NOTE]);
}

int main(int argc, char **argv) {
        const char *corpus = argc > 1 ? argv[1] : "../shared/corpus";
        _cleanup_(freep) char *manifest = NULL, *line = NULL;
        size_t room = 0;

        verbose = argc > 2;
        CHECK(asprintf(&manifest, "%s/MANIFEST.tsv", corpus) >= 0);
        FILE *f = fopen(manifest, "re");
        if (!f) {
                printf("SKIPPED: no sample documents at %s\n", manifest);
                return 77;
        }
        while (getline(&line, &room, f) > 0)
                judge_line(corpus, line);
        fclose(f);
        printf("%zu devices: %zu found, %zu took another's place; %zu put in again, %zu refused; "
               "%zu plugged in\n",
               devices, found, others, returned, refused, plugged);
        CHECK(devices > 0 && found * 100 >= devices * 99);
        CHECK((returned + refused) * 100 >= devices * 99 && plugged > 0);
        xmlCleanupParser();
        return 0;
}
