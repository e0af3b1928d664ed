/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last words of a guest that crashed: xenconsoled, told to, writes down what its guests say on
 * their consoles. Other logs of a guest don't know why it died. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/log.h"
#include "drivers/xen/tuning.h"

#define FOLDER "/var/log/xen/console"

enum { TAIL = 1024, LINES = 8 };

/* The end of a file, ended with a NUL; what isn't a plain file is left alone. */
static int read_tail(const char *path, char ret[static TAIL + 1]) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
        struct stat status;
        ssize_t n;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        n = pread(fd, ret, TAIL, MAX(status.st_size - TAIL, (off_t) 0));
        if (n < 0)
                return -errno;
        ret[n] = 0;
        for (ssize_t i = 0; i < n; i++)
                if ((unsigned char) ret[i] < ' ' && ret[i] != '\n')
                        ret[i] = ' ';
        return 0;
}

/* Where the last of its lines begin. */
static char *last_lines(char *text) {
        char *at = text + strlen(text);

        while (at > text && at[-1] == '\n')
                *--at = 0;
        for (int lines = 0; at > text; at--)
                if (at[-1] == '\n' && ++lines == LINES)
                        break;
        return at;
}

void xen_console_log(const Domain *domain) {
        _cleanup_(freep) char *path = NULL;
        char text[TAIL + 1], *line, *rest;

        if (asprintf(&path, FOLDER "/guest-%s.log", domain->resource.name) < 0) {
                path = NULL;
                return;
        }
        if (read_tail(path, text) < 0)
                return;
        for (line = strtok_r(last_lines(text), "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
                log_resource(LOG_NOTICE, &domain->resource, "its console: %s", line);
}
