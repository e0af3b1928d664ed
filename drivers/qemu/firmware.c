/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads QEMU's firmware descriptors (docs/interop/firmware.json there).
 *
 * Packages put them into /usr/share/qemu/firmware, the administrator into /etc/qemu/firmware.
 * They are taken in the order of their file names, whose number is their priority; a file of the
 * administrator hides the package's of the same name, and an empty one does so without putting
 * anything there. */
#include "drivers/qemu/firmware.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "drivers/log.h"
#include "drivers/qemu/arch.h"
#include "drivers/qemu/findings.h"

#define DESCRIPTOR_MAX (1u << 20)

static const char *const folders[] = { "/etc/qemu/firmware", "/usr/share/qemu/firmware" };

static void firmware_clear(QemuFirmware *firmware) {
        free(firmware->descriptor);
        free(firmware->executable);
        free(firmware->executable_format);
        free(firmware->nvram_template);
        free(firmware->nvram_format);
        *firmware = (QemuFirmware) {};
}

void qemu_firmwares_clear(QemuFirmwares *firmwares) {
        for (size_t i = 0; i < firmwares->n; i++)
                firmware_clear(&firmwares->items[i]);
        free(firmwares->items);
        *firmwares = (QemuFirmwares) {};
}

/* ---- one descriptor ---- */

static bool contains(json_object *array, const char *text) {
        for (size_t i = 0; i < json_length(array); i++) {
                const char *item = json_object_get_string(json_object_array_get_idx(array, i));

                if (item && strcmp(item, text) == 0)
                        return true;
        }
        return false;
}

static bool is_for(json_object *descriptor, const QemuArch *arch, const char *machine) {
        json_object *targets = json_member(descriptor, "targets");

        for (size_t i = 0; i < json_length(targets); i++) {
                json_object *target = json_object_array_get_idx(targets, i);
                json_object *machines = json_member(target, "machines");
                const char *of = json_text(target, "architecture");

                if (!of || strcmp(of, arch->binary) != 0)
                        continue;
                for (size_t j = 0; j < json_length(machines); j++)
                        if (fnmatch(json_object_get_string(json_object_array_get_idx(machines, j)),
                                    machine, 0) == 0)
                                return true;
        }
        return false;
}

static int copy(char **ret, const char *text) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

static int firmware_load(json_object *descriptor, const char *path, QemuFirmware *ret) {
        json_object *kinds = json_member(descriptor, "interface-types");
        json_object *features = json_member(descriptor, "features");
        json_object *mapping = json_member(descriptor, "mapping");
        json_object *executable = json_member(mapping, "executable");
        json_object *template = json_member(mapping, "nvram-template");
        const char *device = json_text(mapping, "device");
        QemuFirmware firmware = {
                .bios = contains(kinds, "bios"),
                .uefi = contains(kinds, "uefi"),
                .flash = device && strcmp(device, "flash") == 0,
                .secure_boot = contains(features, "secure-boot"),
                .enrolled_keys = contains(features, "enrolled-keys"),
                .requires_smm = contains(features, "requires-smm"),
        };
        const char *file = json_text(firmware.flash ? executable : mapping, "filename");

        if (!device || !file)
                return -EBADMSG;
        if (copy(&firmware.descriptor, path) < 0 || copy(&firmware.executable, file) < 0 ||
            copy(&firmware.executable_format, json_text(executable, "format")) < 0 ||
            copy(&firmware.nvram_template, json_text(template, "filename")) < 0 ||
            copy(&firmware.nvram_format, json_text(template, "format")) < 0) {
                firmware_clear(&firmware);
                return -ENOMEM;
        }
        *ret = firmware;
        return 0;
}

static json_object *read_json(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_(freep) char *text = malloc(DESCRIPTOR_MAX + 1);
        ssize_t n = fd >= 0 && text ? read(fd, text, DESCRIPTOR_MAX) : -1;

        if (n < 0)
                return NULL;
        text[n] = '\0';
        return json_tokener_parse(text);
}

static int add_file(QemuFirmwares *list, const char *path, const QemuArch *arch,
                    const char *machine) {
        json_object *descriptor = read_json(path);
        QemuFirmware *items;
        int r = 0;

        if (!descriptor)
                log_message(LOG_WARNING, "cannot read firmware descriptor %s as JSON", path);
        if (descriptor && is_for(descriptor, arch, machine)) {
                items = reallocarray(list->items, list->n + 1, sizeof(QemuFirmware));
                if (items)
                        list->items = items;
                r = items ? firmware_load(descriptor, path, &items[list->n]) : -ENOMEM;
                if (r >= 0)
                        list->n++;
                else if (r == -EBADMSG)
                        log_message(LOG_WARNING, "firmware descriptor %s names no file", path);
        }
        json_object_put(descriptor);
        return r == -ENOMEM ? r : 0;
}

/* ---- all of them ---- */

static int is_descriptor(const struct dirent *entry) {
        const char *end = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && end && strcmp(end, ".json") == 0;
}

static int add_names(Names *names, const char *folder) {
        DIR *dir = opendir(folder);
        int r = 0;

        for (struct dirent *entry; dir && r >= 0 && (entry = readdir(dir));)
                if (is_descriptor(entry))
                        r = names_add(names, "%s", entry->d_name);
        if (dir)
                closedir(dir);
        return r;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The first folder that has a file of this name has the say. */
static int add_named(QemuFirmwares *list, const char *name, const QemuArch *arch,
                     const char *machine) {
        for (size_t i = 0; i < ELEMENTS(folders); i++) {
                _cleanup_(freep) char *path = NULL;
                _cleanup_(closep) int fd = -1;

                if (asprintf(&path, "%s/%s", folders[i], name) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
                if (fd < 0)
                        continue;
                return lseek(fd, 0, SEEK_END) > 0 ? add_file(list, path, arch, machine) : 0;
        }
        return 0;
}

int qemu_firmware_list(const char *arch_name, const char *machine, QemuFirmwares *ret,
                       Error *error) {
        const QemuArch *arch = qemu_arch(arch_name);
        QemuFirmwares list = {};
        Names names = {};
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(folders) && r >= 0; i++)
                r = add_names(&names, folders[i]);
        if (names.n > 1)
                qsort(names.items, names.n, sizeof(char *), compare);
        for (size_t i = 0; arch && i < names.n && r >= 0; i++)
                if (i == 0 || strcmp(names.items[i - 1], names.items[i]) != 0)
                        r = add_named(&list, names.items[i], arch, machine);
        names_clear(&names);
        if (r < 0) {
                qemu_firmwares_clear(&list);
                return fail_memory(error);
        }
        *ret = list;
        return 0;
}

/* ---- choosing ---- */

/* Secure boot needs a guest with SMM, so it isn't given to who didn't ask. */
static bool suits(const QemuFirmware *firmware, const DomainOs *os) {
        bool secure = os->loader_secure == TRISTATE_YES;

        return firmware->uefi && firmware->flash && firmware->nvram_template &&
               firmware->requires_smm == secure && (!secure || firmware->secure_boot) &&
               access(firmware->executable, R_OK) == 0;
}

static int take(DomainOs *os, QemuFirmware *firmware) {
        os->loader = TAKE(firmware->executable);
        os->loader_format = os->loader_format ?: TAKE(firmware->executable_format);
        os->loader_readonly = TRISTATE_YES;
        if (!os->nvram_template) {
                os->nvram_template = TAKE(firmware->nvram_template);
                if (!os->nvram_template_format)
                        os->nvram_template_format = TAKE(firmware->nvram_format);
        }
        free(os->loader_type);
        os->loader_type = strdup("pflash");
        return os->loader_type ? 0 : -ENOMEM;
}

int qemu_firmware_choose(DomainOs *os, const char *machine, Error *error) {
        QemuFirmwares all = {};
        bool found = false;

        if (!os->firmware || os->loader || strcmp(os->firmware, "efi") != 0)
                return 0;
        int r = qemu_firmware_list(os->arch, machine, &all, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < all.n && !found; i++)
                if ((found = suits(&all.items[i], os)) && (r = take(os, &all.items[i])) < 0)
                        fail_memory(error);
        qemu_firmwares_clear(&all);
        if (!found)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "os/@firmware 'efi': no installed firmware suits machine '%s' of %s%s",
                            machine, os->arch,
                            os->loader_secure == TRISTATE_YES ? " with secure boot" : "");
        return r;
}
