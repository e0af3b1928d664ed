/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads QEMU's descriptors of vhost-user backends (docs/interop/vhost-user.json there).
 *
 * Packages put them into /usr/share/qemu/vhost-user, the administrator into /etc/qemu/vhost-user,
 * a user below his configuration. They are taken in the order of their file names, whose number is
 * their priority; a file in an earlier folder hides those of the same name in later ones. */
#include "drivers/qemu/vhost-user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/qmp.h"

#define DESCRIPTOR_MAX (1u << 20)

enum { N_FOLDERS = 3, FOLDER_MAX = 1024 };

/* The user's, the administrator's, the packages'. */
static void list_folders(char folders[static N_FOLDERS][FOLDER_MAX]) {
        const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

        folders[0][0] = '\0';
        if (getuid() != 0 && config)
                (void) snprintf(folders[0], FOLDER_MAX, "%s/qemu/vhost-user", config);
        else if (getuid() != 0 && home)
                (void) snprintf(folders[0], FOLDER_MAX, "%s/.config/qemu/vhost-user", home);
        (void) snprintf(folders[1], FOLDER_MAX, "/etc/qemu/vhost-user");
        (void) snprintf(folders[2], FOLDER_MAX, "/usr/share/qemu/vhost-user");
}

static int is_descriptor(const struct dirent *entry) {
        const char *dot = strrchr(entry->d_name, '.');

        return dot && entry->d_name[0] != '.' && strcmp(dot, ".json") == 0;
}

static char *binary_of(const char *path, const char *type) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_(freep) char *text = malloc(DESCRIPTOR_MAX + 1);
        ssize_t n = fd >= 0 && text ? read(fd, text, DESCRIPTOR_MAX) : -1;
        char *binary = NULL;

        if (n < 0)
                return NULL;
        text[n] = '\0';
        json_object *descriptor = json_tokener_parse(text);
        const char *of = descriptor ? json_text(descriptor, "type") : NULL;
        const char *program = descriptor ? json_text(descriptor, "binary") : NULL;
        if (of && program && strcmp(of, type) == 0)
                binary = strdup(program);
        json_object_put(descriptor);
        return binary;
}

/* The name that comes first of those in all folders; its file is in the first that has it. */
typedef struct Best {
        char name[NAME_MAX + 1];
        char *binary;
} Best;

/* A file of this name in one of the first n folders. */
static bool is_hidden(char folders[static N_FOLDERS][FOLDER_MAX], size_t n, const char *name) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (folders[i][0] && asprintf(&path, "%s/%s", folders[i], name) < 0)
                        path = NULL;
                if (path && access(path, F_OK) >= 0)
                        return true;
        }
        return false;
}

static void consider(const char *folder, const char *name, const char *type, Best *best) {
        _cleanup_(freep) char *path = NULL;
        char *binary;

        if (asprintf(&path, "%s/%s", folder, name) < 0) {
                path = NULL;
                return;
        }
        binary = binary_of(path, type);
        if (!binary)
                return;
        free(best->binary);
        best->binary = binary;
        (void) snprintf(best->name, sizeof(best->name), "%s", name);
}

static void search(char folders[static N_FOLDERS][FOLDER_MAX], size_t at, const char *type,
                   Best *best) {
        struct dirent **entries;
        int n = folders[at][0] ? scandir(folders[at], &entries, is_descriptor, alphasort) : -1;

        for (int i = 0; i < n; i++) {
                const char *name = entries[i]->d_name;

                if ((!best->binary || strcmp(name, best->name) < 0) &&
                    !is_hidden(folders, at, name))
                        consider(folders[at], name, type, best);
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
}

int qemu_vhost_user_find(const char *type, char **ret, Error *error) {
        char folders[N_FOLDERS][FOLDER_MAX];
        Best best = {};

        list_folders(folders);
        for (size_t i = 0; i < N_FOLDERS; i++)
                search(folders, i, type, &best);
        if (!best.binary)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "no vhost-user backend of type '%s' is installed: none of the "
                            "descriptors in %s and %s names one",
                            type, folders[1], folders[2]);
        *ret = best.binary;
        return 0;
}
