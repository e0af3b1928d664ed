/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU prints: kept in a file for each guest, so that the last words of one that failed can be
 * told to who wanted it started. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/qemu/guest.h"

#define TAIL_MAX 1024 /* bytes of last words */
#define LOG_MAX (8 << 20) /* bytes; a larger file is begun anew at the next start */

static char *log_file(Domain *domain, const char *helper) {
        return connection_file(domain->resource.connection, "log/%s%s%s.log",
                               domain->resource.name, helper ? "-" : "", helper ?: "");
}

int qemu_log_open(Domain *domain, const char *helper, Error *error) {
        Store *store = domain->resource.connection->store;
        _cleanup_(freep) char *folder = connection_file(domain->resource.connection, "log");
        _cleanup_(freep) char *file = log_file(domain, helper);
        _cleanup_(closep) int parent = -1;
        struct stat st;

        if (!folder || !file)
                return fail_memory(error);
        parent = store_open_folder(store, STORE_STATE, folder, error);
        if (parent < 0)
                return parent;
        int fd = openat(parent, strrchr(file, '/') + 1,
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
                return fail_errno(error, -errno, "cannot open the log file %s", file);
        if (fstat(fd, &st) >= 0 && st.st_size > LOG_MAX)
                (void) !ftruncate(fd, 0);
        return fd;
}

static void remove_log(Domain *domain, const char *helper) {
        _cleanup_(freep) char *file = log_file(domain, helper);

        if (file)
                (void) store_remove(domain->resource.connection->store, STORE_STATE, file, NULL);
}

void qemu_log_remove(Domain *domain) {
        QemuGuest *guest = qemu_guest_of(domain);

        remove_log(domain, NULL);
        for (size_t i = 0; guest && i < guest->helpers.n; i++)
                remove_log(domain, guest->helpers.items[i]->name);
}

/* One line, for a message: what isn't printable becomes a blank. */
static void flatten(char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++)
                if (iscntrl((unsigned char) text[i]))
                        text[i] = ' ';
        while (n > 0 && text[n - 1] == ' ')
                text[--n] = 0;
}

char *qemu_log_tail(Domain *domain, const char *helper, off_t from) {
        _cleanup_(freep) char *file = log_file(domain, helper);
        _cleanup_(freep) char *path =
                file ? store_path(domain->resource.connection->store, STORE_STATE, file) : NULL;
        _cleanup_(freep) char *text = calloc(1, TAIL_MAX + 1);
        _cleanup_(closep) int fd =
                path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
        struct stat st;

        if (fd < 0 || !text || fstat(fd, &st) < 0)
                return NULL;
        if (st.st_size - from > TAIL_MAX)
                from = st.st_size - TAIL_MAX;
        if (pread(fd, text, TAIL_MAX, from) <= 0)
                return NULL;
        flatten(text);
        return *text ? TAKE(text) : NULL;
}

void qemu_log_follow(QemuGuest *guest, off_t from) {
        const Resource *resource = &guest->domain->resource;
        _cleanup_(freep) char *file = log_file(guest->domain, NULL);
        _cleanup_(freep) char *path =
                file ? store_path(resource->connection->store, STORE_STATE, file) : NULL;

        if (path)
                guest->log = log_follow_new(resource->connection->event, resource, path, from,
                                            process_pid(guest->process));
}
