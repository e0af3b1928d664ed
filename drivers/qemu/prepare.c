/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that must be there before QEMU runs. QEMU would complain as well, but late, and in words
 * about its options rather than about the definition. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "drivers/qemu/guest.h"

char *qemu_nvram_path(Connection *connection, Uuid uuid) {
        char text[UUID_TEXT_MAX];
        _cleanup_(freep) char *file =
                connection_file(connection, "nvram/%s_VARS.fd", uuid_format(uuid, text));

        return file ? store_path(connection->store, STORE_STATE, file) : NULL;
}

static int need_file(const char *what, const char *path, int mode, Error *error) {
        if (!path || access(path, mode) >= 0)
                return 0;
        return fail_errno(error, -errno, "cannot access %s '%s'", what, path);
}

/* <source startupPolicy='optional'>: a guest starts without what isn't there. A drive is empty
 * then, a disk is left out. */
static void drop_optional(DomainConf *conf) {
        for (size_t i = conf->disks.n; i-- > 0;) {
                DomainDisk *disk = conf->disks.items[i];
                const char *policy = disk->startup_policy;

                if (!policy || strcmp(policy, "optional") != 0 || !disk->source ||
                    (disk->type != DISK_FILE && disk->type != DISK_BLOCK) ||
                    access(disk->source, F_OK) >= 0)
                        continue;
                if (disk->kind == DISK_DEVICE_CDROM || disk->kind == DISK_DEVICE_FLOPPY) {
                        free(TAKE(disk->source));
                        free(TAKE(disk->startup_policy));
                } else
                        map_list_remove(device_kinds[DEVICE_DISK].element, &conf->disks, i);
        }
}

/* Images behind others are only read. */
static int need_image(const DomainDisk *disk, const DomainDisk *image, Error *error) {
        bool writes = disk == image && !disk->readonly && !disk->transient;
        int r;

        if (!image->source || (image->type != DISK_FILE && image->type != DISK_BLOCK))
                return 0;
        r = need_file("storage", image->source, writes ? R_OK | W_OK : R_OK, error);
        if (r < 0)
                error_prefix(error, "disk %s", disk->target);
        return r;
}

int qemu_prepare_disk(const DomainDisk *disk, Error *error) {
        for (const DomainDisk *image = disk; image; image = image->backing) {
                int r = need_image(disk, image, error);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int need_disks(const DomainConf *conf, Error *error) {
        for (size_t i = 0; i < conf->disks.n; i++) {
                int r = qemu_prepare_disk(conf->disks.items[i], error);

                if ((r = error_pass(error, r)) < 0)
                        return r;
        }
        return 0;
}

/* ---- nvram: the guest's own copy of the firmware's variables ---- */

/* Firmware packages ship pairs: OVMF_CODE_4M.fd goes with OVMF_VARS_4M.fd. */
static char *template_of(const DomainOs *os) {
        const char *base, *code;
        char *path;

        if (os->nvram_template)
                return strdup(os->nvram_template);
        if (!os->loader)
                return NULL;
        base = strrchr(os->loader, '/');
        code = base ? strstr(base, "CODE") : NULL;
        path = code ? strdup(os->loader) : NULL;
        if (path)
                memcpy(path + (code - os->loader), "VARS", 4);
        return path;
}

int qemu_choose_nvram(Connection *connection, DomainConf *conf, Error *error) {
        DomainOs *os = &conf->os;

        if (os->nvram || !os->loader_type || strcmp(os->loader_type, "pflash") != 0)
                return 0;
        if (os->loader_stateless == TRISTATE_YES || os->loader_readonly == TRISTATE_NO)
                return 0; /* there are no variables, or they are beside the code */
        os->nvram = qemu_nvram_path(connection, conf->uuid);
        return os->nvram ? 0 : fail_memory(error);
}

/* NULL: the guest has variables of its own, or needs none. */
static int find_template(const DomainOs *os, char **ret, Error *error) {
        *ret = NULL;
        if (!os->nvram || access(os->nvram, F_OK) >= 0)
                return 0;
        *ret = template_of(os);
        if (!*ret)
                return fail(error, ERROR_CONFIG_UNSUPPORTED,
                            "nvram '%s' isn't there, and no template says what to fill it with",
                            os->nvram);
        return 0;
}

static int need_template(const DomainOs *os, Error *error) {
        _cleanup_(freep) char *template = NULL;
        int r = find_template(os, &template, error);

        return r < 0 ? r : need_file("nvram template", template, R_OK, error);
}

static int copy_file(const char *from, int folder, const char *name, Error *error) {
        _cleanup_(closep) int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
        const char *temporary = ".new";
        ssize_t n = 1;

        if (in < 0)
                return fail_errno(error, -errno, "cannot read the nvram template '%s'", from);
        out = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                     0600);
        while (out >= 0 && n > 0)
                n = sendfile(out, in, NULL, 1 << 20);
        if (out < 0 || n < 0 || fsync(out) < 0 || renameat(folder, temporary, folder, name) < 0) {
                int r = -errno;

                (void) unlinkat(folder, temporary, 0);
                return fail_errno(error, r, "cannot make nvram '%s'", name);
        }
        return 0;
}

static int prepare_nvram(Connection *connection, DomainOs *os, Error *error) {
        _cleanup_(freep) char *template = NULL, *folder_name = NULL;
        _cleanup_(closep) int folder = -1;
        char *slash;

        int r = find_template(os, &template, error);
        if (r < 0 || !template)
                return r;

        _cleanup_(freep) char *ours = connection_file(connection, "nvram");
        folder = ours ? store_open_folder(connection->store, STORE_STATE, ours, error) : -ENOMEM;
        if (folder < 0)
                return folder == -ENOMEM ? fail_memory(error) : folder;
        folder_name = strdup(os->nvram);
        if (!folder_name)
                return fail_memory(error);
        slash = strrchr(folder_name, '/');
        if (!slash)
                return fail(error, ERROR_CONFIG_UNSUPPORTED, "nvram '%s' must be an absolute path",
                            os->nvram);
        *slash = 0;

        _cleanup_(closep) int parent = open(*folder_name ? folder_name : "/",
                                            O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return fail_errno(error, -errno, "cannot open the folder of nvram '%s'", os->nvram);
        return copy_file(template, parent, slash + 1, error);
}

int qemu_need_files(DomainConf *conf, Error *error) {
        const struct {
                const char *what, *path;
        } files[] = {
                { "kernel", conf->os.kernel },
                { "initrd", conf->os.initrd },
                { "dtb", conf->os.dtb },
                { "loader", conf->os.loader },
        };

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                int r = need_file(files[i].what, files[i].path, R_OK, error);

                if ((r = error_pass(error, r)) < 0)
                        return r;
        }
        drop_optional(conf);
        int r = need_disks(conf, error);
        return r < 0 ? r : error_pass(error, need_template(&conf->os, error));
}

int qemu_prepare_files(Domain *domain, DomainConf *conf, Error *error) {
        int r = qemu_need_files(conf, error);

        return r < 0 ? r : prepare_nvram(domain->resource.connection, &conf->os, error);
}
