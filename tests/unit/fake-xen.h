/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of Xen as libxl needs to give out a context, whose JSON functions then work: the device
 * of hypercalls opens and answers none, and somebody takes connections to xenstored.
 *
 * The definitions here stand before those of the C library for libxl, too: that is what makes them
 * visible. Include it in one file of a test. */
#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/xen/libxl-api.h"

/* Named for the linker alone, since the compiler may have the C library's under other names
 * (_FILE_OFFSET_BITS). */
#define FAKE(type, f, ...)                                                       \
        __attribute__((visibility("default"), used)) type fake_##f(__VA_ARGS__) \
                __asm__(#f);                                                     \
        type fake_##f(__VA_ARGS__)
#define NEXT(f) ((__typeof__(&fake_##f)) dlsym(RTLD_NEXT, #f))

static bool fake_device(const char *path) {
        return path && strcmp(path, "/dev/xen/privcmd") == 0;
}

static bool fake_socket(const char *path) {
        return path && strstr(path, "xenstored/socket");
}

FAKE(int, open, const char *path, int flags, ...) {
        va_list ap;

        va_start(ap, flags);
        mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
        va_end(ap);
        return NEXT(open)(fake_device(path) ? "/dev/null" : path, flags, mode);
}

FAKE(int, open64, const char *path, int flags, ...) {
        va_list ap;

        va_start(ap, flags);
        mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
        va_end(ap);
        return NEXT(open64)(fake_device(path) ? "/dev/null" : path, flags, mode);
}

static bool fake_stat_socket(const char *path, struct stat *ret) {
        if (!fake_socket(path))
                return false;
        *ret = (struct stat) { .st_mode = S_IFSOCK | 0600 };
        return true;
}

FAKE(int, stat, const char *path, struct stat *ret) {
        return fake_stat_socket(path, ret) ? 0 : NEXT(stat)(path, ret);
}

FAKE(int, stat64, const char *path, struct stat *ret) {
        return fake_stat_socket(path, ret) ? 0 : NEXT(stat64)(path, ret);
}

/* The other end is never read. */
FAKE(int, connect, int fd, const struct sockaddr *address, socklen_t size) {
        int ends[2];

        if (address->sa_family != AF_UNIX ||
            !fake_socket(((const struct sockaddr_un *) address)->sun_path))
                return NEXT(connect)(fd, address, size);
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || dup2(ends[0], fd) < 0)
                return -1;
        close(ends[0]);
        return 0;
}

/* ---- what the host of libvirt's samples answered ---- */

static uint32_t fake_nodes = 1;

__attribute__((visibility("default")))
int libxl_get_physinfo(libxl_ctx *ctx, libxl_physinfo *ret) {
        ret->nr_nodes = fake_nodes;
        return 0;
}

__attribute__((visibility("default")))
unsigned long libxl_get_required_shadow_memory(unsigned long kib, unsigned int vcpus) {
        return 1234;
}

/* Maps of processors and nodes are as large as the host. */
__attribute__((visibility("default")))
int libxl_get_max_cpus(libxl_ctx *ctx) {
        return 16;
}

__attribute__((visibility("default")))
int libxl_get_max_nodes(libxl_ctx *ctx) {
        return 1;
}
