/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the threads of a guest may run, and how they are scheduled: what <cputune> says of it.
 *
 * QEMU's first thread gets the emulator's processors before it runs, so that every other begins
 * there; those of processors and I/O then get their own. */
#pragma once

#include <json-c/json.h>
#include <sys/types.h>

#include "conf/domain.h"

/* Before the process is let go. */
int qemu_threads_begin(const DomainConf *conf, pid_t pid, Error *error);

/* Whether anything is said of processors, of I/O threads. */
bool qemu_threads_want_vcpus(const DomainConf *conf);
bool qemu_threads_want_iothreads(const DomainConf *conf);

/* With the answers of query-cpus-fast and query-iothreads. The first also gives the emulator its
 * scheduler. */
int qemu_threads_place_vcpus(const DomainConf *conf, pid_t pid, json_object *answer, Error *error);
int qemu_threads_place_iothreads(const DomainConf *conf, json_object *answer, Error *error);
