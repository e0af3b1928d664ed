/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's CPUs and memory as /proc and /sys have them at this moment. */
#include "drivers/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "drivers/host-private.h"

#define CPUS_MAX 65536
#define FILE_MAX (16u << 20) /* /proc/stat and /proc/cpuinfo grow with the number of CPUs */

const char *host_root = "";

/* ---- reading ---- */

/* The files of /proc don't tell their size. */
static int read_all(int fd, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t n = 0, room = 0;

        while (true) {
                if (n + 1 >= room) {
                        room = MAX(room * 2, 4096u);
                        char *more = room > FILE_MAX ? NULL : realloc(text, room);
                        if (!more)
                                return room > FILE_MAX ? -EFBIG : -ENOMEM;
                        text = more;
                }
                ssize_t k = read(fd, text + n, room - n - 1);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += k;
        }
        while (n > 0 && strchr(" \t\n", text[n - 1]))
                n--;
        text[n] = 0;
        *ret = TAKE(text);
        return 0;
}

_printf_(2, 0) static int read_file(char **ret, const char *format, va_list ap) {
        char path[PATH_MAX];

        size_t n = snprintf(path, sizeof(path), "%s", host_root);
        if (n < sizeof(path))
                n += vsnprintf(path + n, sizeof(path) - n, format, ap);
        if (n >= sizeof(path))
                return -ENAMETOOLONG;
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : read_all(fd, ret);
}

int host_read(char **ret, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = read_file(ret, format, ap);
        va_end(ap);
        return r;
}

int host_read_number(uint64_t *ret, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int r = read_file(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return r;
        return sscanf(text, "%" SCNu64, ret) == 1 ? 0 : -EINVAL;
}

static int compare_numbers(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static bool number_between(const char *name, const char *prefix, const char *suffix,
                           uint64_t *ret) {
        size_t n = strlen(prefix);
        char *end;

        if (strncmp(name, prefix, n) != 0 || name[n] < '0' || name[n] > '9')
                return false;
        *ret = strtoull(name + n, &end, 10);
        return strcmp(end, suffix) == 0;
}

int host_list_numbers(const char *folder, const char *prefix, const char *suffix, uint64_t **ret,
                      size_t *ret_n) {
        char path[PATH_MAX];
        uint64_t *numbers = NULL, number;
        struct dirent *entry;
        size_t n = 0;
        int r = 0;

        snprintf(path, sizeof(path), "%s%s", host_root, folder);
        DIR *dir = opendir(path);
        while (dir && r == 0 && (entry = readdir(dir))) {
                if (!number_between(entry->d_name, prefix, suffix, &number))
                        continue;
                uint64_t *more = reallocarray(numbers, n + 1, sizeof(*numbers));
                if (!more)
                        r = -ENOMEM;
                else {
                        numbers = more;
                        numbers[n++] = number;
                }
        }
        if (dir)
                closedir(dir);
        if (r < 0) {
                free(numbers);
                return r;
        }
        if (n > 0)
                qsort(numbers, n, sizeof(*numbers), compare_numbers);
        *ret = numbers;
        *ret_n = n;
        return 0;
}

int host_parse_list(const char *text, bool **ret_set, size_t *ret_n) {
        _cleanup_(freep) bool *set = NULL;
        size_t n = 0;

        while (*text) {
                char *end;
                unsigned long first = strtoul(text, &end, 10), last = first;

                if (end != text && *end == '-') {
                        text = end + 1;
                        last = strtoul(text, &end, 10);
                }
                if (end == text || last < first || last >= CPUS_MAX || (*end && *end != ','))
                        return -EINVAL;
                text = *end ? end + 1 : end;
                if (last >= n) {
                        bool *more = realloc(set, last + 1);
                        if (!more)
                                return -ENOMEM;
                        set = more;
                        memset(set + n, 0, last + 1 - n);
                        n = last + 1;
                }
                memset(set + first, true, last + 1 - first);
        }
        *ret_set = TAKE(set);
        *ret_n = n;
        return 0;
}

uint64_t host_memory_line(const char *text, const char *name) {
        size_t n = strlen(name);
        uint64_t value;

        for (const char *at = text; (at = strstr(at, name)); at += n) {
                bool whole = at == text || at[-1] == '\n' || at[-1] == ' ';
                if (whole && at[n] == ':' && sscanf(at + n + 1, "%" SCNu64, &value) == 1)
                        return value;
        }
        return 0;
}

/* ---- the operations of a node ---- */

static char *host_hostname(Connection *connection) {
        char name[HOST_NAME_MAX + 1] = "";

        if (gethostname(name, sizeof(name) - 1) < 0)
                return NULL;
        return strdup(name);
}

/* Numbers up to the highest CPU that is there; without hotplug in the kernel all are online. */
static int host_cpu_map(Connection *connection, bool **ret_online, size_t *ret_n, Error *error) {
        _cleanup_(freep) char *present_text = NULL, *online_text = NULL;
        _cleanup_(freep) bool *present = NULL, *online = NULL;
        size_t n, n_online;

        int r = host_read(&present_text, "/sys/devices/system/cpu/present");
        if (r >= 0)
                r = host_parse_list(present_text, &present, &n);
        if (r < 0)
                return fail_errno(error, r, "cannot read which CPUs are present");
        r = host_read(&online_text, "/sys/devices/system/cpu/online");
        if (r >= 0)
                r = host_parse_list(online_text, &online, &n_online);
        if (r < 0 && r != -ENOENT)
                return fail_errno(error, r, "cannot read which CPUs are online");
        for (size_t i = 0; r >= 0 && i < n; i++)
                present[i] = present[i] && i < n_online && online[i];
        *ret_online = TAKE(present);
        *ret_n = n;
        return 0;
}

static int host_cpu_times(Connection *connection, int cpu, NodeCpuTimes *ret, Error *error) {
        _cleanup_(freep) char *text = NULL;
        uint64_t user, nice, system, idle, iowait, irq, softirq;
        char name[16] = "cpu";

        int r = host_read(&text, "/proc/stat");
        if (r < 0)
                return fail_errno(error, r, "cannot read '/proc/stat'");
        if (cpu >= 0)
                snprintf(name, sizeof(name), "cpu%d", cpu);
        const char *line = text;
        size_t n = strlen(name);
        while (line && (strncmp(line, name, n) != 0 || line[n] != ' ')) {
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }
        if (!line)
                return fail(error, ERROR_INVALID_ARG, "CPU %d does not exist or is offline", cpu);
        if (sscanf(line + n, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                   " %" SCNu64, &user, &nice, &system, &idle, &iowait, &irq, &softirq) != 7)
                return fail(error, ERROR_INTERNAL, "cannot understand '/proc/stat'");

        uint64_t tick = UINT64_C(1000000000) / sysconf(_SC_CLK_TCK); /* ns */
        *ret = (NodeCpuTimes) {
                .kernel = (system + irq + softirq) * tick,
                .user = (user + nice) * tick,
                .idle = idle * tick,
                .iowait = iowait * tick,
        };
        return 0;
}

/* The kernel counts buffers and cache for the whole host only. */
static int host_memory(Connection *connection, int cell, NodeMemory *ret, Error *error) {
        _cleanup_(freep) char *text = NULL;

        int r = cell < 0 ? host_read(&text, "/proc/meminfo")
                         : host_read(&text, "/sys/devices/system/node/node%d/meminfo", cell);
        if (r == -ENOENT && cell == 0) /* a kernel without NUMA has one cell */
                r = host_read(&text, "/proc/meminfo");
        if (r == -ENOENT && cell > 0)
                return fail(error, ERROR_INVALID_ARG, "NUMA cell %d does not exist", cell);
        if (r < 0)
                return fail_errno(error, r, "cannot read how much memory there is");
        *ret = (NodeMemory) {
                .total = host_memory_line(text, "MemTotal"),
                .free = host_memory_line(text, "MemFree"),
        };
        if (cell < 0) {
                ret->buffers = host_memory_line(text, "Buffers");
                ret->cached = host_memory_line(text, "Cached");
        }
        return 0;
}

const NodeOps host_node = {
        .hostname = host_hostname,
        .cpu_map = host_cpu_map,
        .cpu_times = host_cpu_times,
        .memory = host_memory,
};

/* The kernel's words where they are not libvirt's. */
const char *host_arch(void) {
        static const struct {
                const char *kernel, *ours;
        } words[] = {
                { "arm64", "aarch64" }, { "i386", "i686" },   { "i486", "i686" },
                { "i586", "i686" },     { "amd64", "x86_64" }, { "armv8l", "armv7l" },
        };
        static struct utsname name;

        if (uname(&name) < 0)
                return "none";
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strcmp(words[i].kernel, name.machine) == 0)
                        return words[i].ours;
        return name.machine;
}
