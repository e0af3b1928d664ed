/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtiofsd: one for each <filesystem> of its kind. */
#include "drivers/qemu/filesystem.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "drivers/qemu/vhost-user.h"

static bool is_text(const char *text, const char *expected) {
        return text && strcmp(text, expected) == 0;
}

bool qemu_filesystem_has_daemon(const DomainFilesystem *filesystem) {
        return is_text(filesystem->driver, "virtiofs") && !filesystem->socket;
}

char *qemu_filesystem_socket(const DomainFilesystem *filesystem) {
        char *name;

        return asprintf(&name, "%s-fs", filesystem->device.alias) < 0 ? NULL : name;
}

static int find_program(const DomainFilesystem *filesystem, char **ret, Error *error) {
        if (!filesystem->binary)
                return qemu_vhost_user_find("fs", ret, error);
        *ret = strdup(filesystem->binary);
        return *ret ? 0 : fail_memory(error);
}

/* "on" and "off" become ",name" and ",no_name". */
static int format_switch(char *at, size_t size, const char *state, const char *name) {
        if (!state)
                return 0;
        return snprintf(at, size, ",%s%s", is_text(state, "on") ? "" : "no_", name);
}

static void add_arguments(Arguments *arguments, const DomainFilesystem *filesystem,
                          const char *program) {
        const struct {
                const char *state, *name;
        } switches[] = {
                { filesystem->xattr, "xattr" },
                { filesystem->flock, "flock" },
                { filesystem->posix_locks, "posix_lock" },
        };
        char more[128] = "";
        size_t n = 0;

        arguments_add(arguments, "%s", program);
        arguments_add(arguments, "--fd=3");
        arguments_add(arguments, "-o");
        if (filesystem->cache)
                n += snprintf(more, sizeof(more), ",cache=%s", filesystem->cache);
        if (filesystem->sandbox)
                n += snprintf(more + n, sizeof(more) - n, ",sandbox=%s", filesystem->sandbox);
        for (size_t i = 0; i < ELEMENTS(switches); i++)
                n += format_switch(more + n, sizeof(more) - n, switches[i].state, switches[i].name);
        arguments_add(arguments, "source=%s%s", filesystem->source, more);
        if (filesystem->thread_pool.set)
                arguments_add(arguments, "--thread-pool-size=%u", filesystem->thread_pool.value);
}

/* It acts for the users of the guest, so it needs what makes files theirs, inside a namespace that
 * holds the shared folder alone. */
static const UnitSandbox sandbox = {
        .capabilities = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) |
                        BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_MKNOD) |
                        BIT(CAP_SETFCAP) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) |
                        BIT(CAP_SETUID) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_CHROOT),
        .namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET,
        .any_mode = true,
        .families = (const char *const[]) { "AF_UNIX", NULL },
        .calls = (const char *const[]) { "@mount", "open_by_handle_at", NULL },
        .devices = (const char *const[]) { "char-*", "m", "block-*", "m", NULL },
};

static int spawn(QemuGuest *guest, const DomainFilesystem *filesystem, int folder, Error *error) {
        _cleanup_(freep) char *socket = qemu_filesystem_socket(filesystem), *program = NULL;
        _cleanup_(arguments_clear) Arguments arguments = {};
        _cleanup_(closep) int listening = -1;
        int r = find_program(filesystem, &program, error);

        if (r < 0)
                return r;
        if (access(filesystem->source, F_OK) < 0)
                return fail_errno(error, -errno, "cannot access the folder '%s' of a filesystem",
                                  filesystem->source);
        listening = socket ? qemu_helper_listen(folder, socket, error) : fail_memory(error);
        if (listening < 0)
                return listening;
        add_arguments(&arguments, filesystem, program);
        if (arguments.failed)
                return fail_memory(error);

        const HelperSpec spec = {
                .device = filesystem->device.alias,
                .kind = "virtiofsd",
                .argv = (const char *const *) arguments.items,
                .fds = &listening,
                .n_fds = 1,
                .sandbox = &sandbox,
                .writable = filesystem->source,
        };
        return qemu_helper_spawn(guest, &spec, error);
}

int qemu_filesystems_spawn(QemuGuest *guest, const DomainConf *conf, int folder, Error *error) {
        for (size_t i = 0; i < conf->filesystems.n; i++) {
                const DomainFilesystem *filesystem = conf->filesystems.items[i];
                int r = qemu_filesystem_has_daemon(filesystem) && filesystem->source
                                ? spawn(guest, filesystem, folder, error)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
