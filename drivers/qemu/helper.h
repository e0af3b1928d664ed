/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that a guest needs beside its QEMU: swtpm, virtiofsd, passt, qemu-pr-helper.
 *
 * They live exactly as long as the guest. A start makes them held, like QEMU itself, names them in
 * the runtime file, lets them go, and then QEMU; whatever happens in between, none is left that
 * nobody knows of. Each is given its socket as a descriptor: a listening one, or one end of a
 * pair, so that QEMU's connection succeeds whether the helper is up yet or not, and nobody polls.
 *
 * When QEMU is over they are asked to end, then told to, and only when the last is gone is the
 * guest: what it leaves behind (a TPM's state, say) is in nobody's use when it starts again. */
#pragma once

#include "drivers/process.h"

typedef struct QemuGuest QemuGuest;

typedef struct QemuHelper {
        QemuGuest *guest;
        char *name; /* "fs0-virtiofsd"; its log is <domain>-<name>.log */
        Process *process;
        off_t log_start;
} QemuHelper;

typedef struct QemuHelpers {
        QemuHelper **items; /* those that live */
        size_t n;
        sd_event_source *escalation; /* they were asked to end, and that wasn't enough */
        bool ending;
} QemuHelpers;

typedef struct HelperSpec {
        const char *device, *kind; /* "fs0" and "virtiofsd"; device NULL: of the whole guest */
        const char *const *argv;   /* ends with NULL */
        const int *fds;            /* 3, 4 ... there; borrowed */
        size_t n_fds;
        bool listens;              /* the first is a socket, told to it as systemd does */
} HelperSpec;

/* Starts one, held. */
int qemu_helper_spawn(QemuGuest *guest, const HelperSpec *spec, Error *error);

/* Lets all of them go. On failure some may run: qemu_helpers_end(). */
int qemu_helpers_release(QemuGuest *guest, Error *error);

/* One that an earlier life of the service started. Its absence is only worth a warning. */
void qemu_helper_adopt(QemuGuest *guest, const char *name, pid_t pid, uint64_t start);

/* Asks all to end. True: qemu_guest_over() is called once they have; false: there are none. */
bool qemu_helpers_end(QemuGuest *guest);

/* Ends one whose guest is gone already, at once. */
void qemu_helper_kill_stray(sd_event *event, pid_t pid, uint64_t start);

/* Stops watching. Held ones end, the others run on. */
void qemu_helpers_clear(QemuHelpers *helpers);

/* A listening stream socket in an open folder; replaces one of that name. -1 and *error, or its
 * descriptor. */
int qemu_helper_listen(int folder, const char *name, Error *error);

/* Arguments of a program: they grow one by one; whether memory was short is asked at the end. */
typedef struct Arguments {
        char **items; /* ends with NULL once there is one */
        size_t n;
        bool failed;
} Arguments;

void arguments_add(Arguments *arguments, const char *format, ...) _printf_(2, 3);
void arguments_clear(Arguments *arguments);

/* The program of a helper: an absolute path, or what PATH leads to; its name when it isn't there,
 * which running it will tell. Newly allocated; NULL without memory. */
char *qemu_helper_find(const char *program);
