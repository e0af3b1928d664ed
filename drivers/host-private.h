/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about the host share: reading /proc and /sys, and the CPU by libvirt's names. */
#pragma once

#include "drivers/host.h"

/* A folder that stands for "/", for tests. */
extern const char *host_root;

/* A whole file, ended with a NUL; blanks at its end are cut off. Negative errno. */
int host_read(char **ret, const char *format, ...) _printf_(2, 3);
int host_read_number(uint64_t *ret, const char *format, ...) _printf_(2, 3);

/* The numbers in the names of a folder's entries ("hugepages-" and "kB": 2048, 1048576), ascending.
 * A folder that isn't there has none. */
int host_list_numbers(const char *folder, const char *prefix, const char *suffix, uint64_t **ret,
                      size_t *ret_n);

/* A list as the kernel writes it, "0-3,7": set[i] for 0 ... n-1, n one more than the highest. */
int host_parse_list(const char *text, bool **ret_set, size_t *ret_n);

/* "MemTotal:  123 kB" in the text of a meminfo file; 0 when it isn't there. */
uint64_t host_memory_line(const char *text, const char *name);

typedef struct HostCpu {
        const char *model, *vendor; /* NULL: unknown */
        const char *const *features; /* those the model doesn't have, ended by NULL */
        uint64_t microcode, family, number, stepping; /* number: of the model */
        uint64_t address_bits; /* physical; 0: unknown */
} HostCpu;

/* What /proc/cpuinfo says of the first CPU. Nothing is known of CPUs that aren't x86. */
int host_cpu_read(HostCpu *ret);
void host_cpu_done(HostCpu *cpu);
